"""How many tokens a text is to a model, counted offline with the vocabularies bundled in data/tiktoken/.

tiktoken downloads a vocabulary when its cache lacks it. Nothing here ever does: an encoding is loaded from the
user's own TIKTOKEN_CACHE_DIR if that holds it, else from the bundled copy, and only bundled encodings are asked for.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

DEFAULT_ENCODING = "o200k_base"
BUNDLED = Path(__file__).parent / "data" / "tiktoken"

# o200k_harmony (gpt-oss) differs from o200k_base in its special tokens only; ordinary text counts the same.
_SAME_COUNT = {"o200k_base": "o200k_base", "o200k_harmony": "o200k_base", "cl100k_base": "cl100k_base"}
_FILE = {  # tiktoken's cache names a vocabulary by the SHA-1 of the address it is published at
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
}
_PROVIDER = re.compile(r"^(?:openai|azure|azure_openai)[:/]")
_loading = threading.Lock()


def encoding_for(model: str | None) -> tuple[Encoding, bool]:
    """Return the encoding to count `model`'s tokens with, and whether the count is exact for that model.

    `model` is a bare name ("gpt-4o") or one with its provider ("openai:gpt-4o", "openai/gpt-4o"). For models
    whose tokenizer is not public or not bundled, and for None, it is o200k_base and the count is an estimate.
    """
    name = _encoding_name(model.strip().lower()) if model else None
    return _load(name or DEFAULT_ENCODING), name is not None


def count(text: str, model: str | None = None) -> int:
    """Return the number of tokens of `text`; markers such as <|endoftext|> count as ordinary text."""
    encoding, _ = encoding_for(model)
    return len(encoding.encode_ordinary(text))


def count_many(texts: Sequence[str], model: str | None = None) -> list[int]:
    """Return the number of tokens of each text, in order. The encoding is looked up once."""
    encode = encoding_for(model)[0].encode_ordinary
    return [len(encode(text)) for text in texts]


@cache
def _encoding_name(model: str) -> str | None:
    from tiktoken.model import encoding_name_for_model

    try:
        return _SAME_COUNT.get(encoding_name_for_model(_PROVIDER.sub("", model)))
    except KeyError:
        return None


@cache
def _load(name: str) -> Encoding:
    """Load a bundled encoding. TIKTOKEN_CACHE_DIR stays as the user set it; unset, it is left pointing at ours."""
    import tiktoken

    own = os.environ.get("TIKTOKEN_CACHE_DIR")
    with _loading:
        if own is None or not (Path(own) / _FILE[name]).exists():
            os.environ["TIKTOKEN_CACHE_DIR"] = str(BUNDLED)
        try:
            return tiktoken.get_encoding(name)
        finally:
            if own is not None:
                os.environ["TIKTOKEN_CACHE_DIR"] = own

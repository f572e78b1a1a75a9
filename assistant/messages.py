"""The sentences that we write, by key and language, from `data/messages.toml`. Quotes never pass through here."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from assistant.types import Language

_FILE = Path(__file__).parent / "data" / "messages.toml"


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, dict[str, str]]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)


def say(key: str, language: Language, /, **values: object) -> str:
    """The message `key` in a language (`zh-Hant` is converted from the Simplified one), with its values put in.

    Only our own words are converted; values (names, quotes) stay as they are given.
    """
    entry = _catalogue()[key]
    template = entry["en"] if language == "en" else entry["zh"]
    if language == "zh-Hant":
        from assistant.language import written_in

        template = written_in(template, "zh-Hant")
    return template.format(**values) if values else template

"""Scripts and words: folding for finding, tokens for the keyword index, telling languages, conversion for writing.

Fold for finding only. Quotes stay in the report's own characters; text that we write is in the asker's script.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from assistant.types import Language

if TYPE_CHECKING:
    from collections.abc import Iterator

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007"
_CJK_CHAR = re.compile(f"[{CJK}]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xAD])
_UNTYPED: dict[int, str | None] = {**_INVISIBLE, 0x2010: "-"}  # NFKC makes a hyphen that doesn't break one of these
# A CJK run; or a Latin word, number, ticker or model name with its inner marks (gpt-5.4, 0700.hk, 1,037, q&a).
_TOKEN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:[.,&'\-/_][^\W_{CJK}]+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_EMPTY_WORDS = frozenset(
    ["the", "of", "in", "a", "an", "and", "to", "for", "is", "are", "was", "were", "by", "on", "at", "as", "with", "from"]
    + ["or", "that", "this", "its", "be"]
)
_PART = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?")


@lru_cache(maxsize=8)
def _converter(name: str) -> Any:
    import opencc

    return opencc.OpenCC(name)


def to_simplified(text: str) -> str:
    """Traditional characters as Simplified ones; the number of characters may change."""
    return str(_converter("t2s").convert(text))


def fold(text: str) -> str:
    """`text` as finding sees it: NFKC, lower case, Traditional as Simplified, invisible characters dropped."""
    if text.isascii():
        return text.lower()
    return to_simplified(unicodedata.normalize("NFKC", text).translate(_UNTYPED).lower())


def tokens(text: str) -> list[str]:
    """The search tokens of `text`, in order: CJK character pairs (a lone character as itself), Latin words as they
    are, numbers without thousands separators, compound names both whole and in parts, and each pair of neighbouring
    Latin words as "first_second", which is what tells one line item of English accounts from the next."""
    return list(folded_tokens(fold(text)))


def folded_tokens(folded: str) -> Iterator[str]:
    """`tokens` for a text that is folded already."""
    before = ""
    for match in _TOKEN.finditer(folded):
        run = match.group()
        if run[0] >= "\u3007" and _CJK_CHAR.match(run[0]):
            before = ""
            if len(run) == 1:
                yield run
            else:
                yield from map("".join, pairwise(run))
            continue
        own = _latin_tokens(run)
        yield from own
        if own[0] not in _EMPTY_WORDS:
            if before:
                yield f"{before}_{own[0]}"
            before = own[0]


@lru_cache(maxsize=65536)
def _latin_tokens(run: str) -> tuple[str, ...]:
    run = _THOUSANDS.sub("", run)
    if run.isalpha():
        return (run,)
    parts = _PART.findall(run)
    if len(parts) <= 1:
        return (run,)
    return (run, *(part for part in parts if len(part) > 1))


def script_of(text: str) -> Language:
    """The language of a text: "en" where words outnumber Chinese characters, else by the characters that only
    one script has; a Chinese text that could be either counts as Simplified."""
    han = "".join(_CJK_CHAR.findall(text))
    if len(han) < len(_LATIN_WORD.findall(text)) or not han:
        return "en"
    simplified = _differing(han, _converter("t2s").convert(han))
    traditional = _differing(han, _converter("s2t").convert(han))
    return "zh-Hant" if simplified > traditional else "zh-Hans"


def _differing(a: str, b: str) -> int:
    return sum(x != y for x, y in zip(a, b, strict=False))


def written_in(text: str, language: Language) -> str:
    """Chinese text that we write, in the script of `language`; anything for "en" is left alone. Never for quotes."""
    if language == "zh-Hans":
        return to_simplified(text)
    if language == "zh-Hant":
        return str(_converter("s2t").convert(text))
    return text

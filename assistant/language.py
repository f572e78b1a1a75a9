"""Scripts and words: folding for finding, tokens for the keyword index, telling languages, conversion for writing.

Fold for finding only. Quotes stay in the report's own characters; text that we write is in the asker's script.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from operator import add
from typing import Any

from assistant.types import Language

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007"
_CJK_CHAR = re.compile(f"[{CJK}]")
_CJK_RUN = re.compile(f"[{CJK}]+")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xAD])
_UNTYPED: dict[int, str | None] = {**_INVISIBLE, 0x2010: "-"}  # NFKC makes a hyphen that doesn't break one of these
# What NFKC may change: what is neither ASCII nor a common character, with the letter before that it may combine with.
_ODD = re.compile(r"[\x00-\x7f]?[^\x00-\x7f\u4e00-\u9fff]+")
# A CJK run; or a Latin word, number, ticker or model name with its inner marks (gpt-5.4, 0700.hk, 1,037, q&a).
_TOKEN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:[.,&'\-/_][^\W_{CJK}]+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_EMPTY_WORDS = frozenset(
    ["the", "of", "in", "a", "an", "and", "to", "for", "is", "are", "was", "were", "by", "on", "at", "as", "with"]
).union(["from", "or", "that", "this", "its", "be"])
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
    return to_simplified(_ODD.sub(lambda odd: _compatible(odd.group()), text).lower())


@lru_cache(maxsize=4096)
def _compatible(odd: str) -> str:
    return unicodedata.normalize("NFKC", odd).translate(_UNTYPED)


def tokens(text: str) -> list[str]:
    """The search tokens of `text`, in order: CJK character pairs (a lone character as itself), Latin words as they
    are, numbers without thousands separators, compound names both whole and in parts, and each pair of neighbouring
    Latin words as "first_second", which is what tells one line item of English accounts from the next."""
    return folded_tokens(fold(text))


def folded_tokens(folded: str) -> list[str]:
    """`tokens` for a text that is folded already."""
    found: list[str] = []
    before = ""
    for match in _TOKEN.finditer(folded):
        run = match.group()
        if run[0] >= "\u3007" and _CJK_CHAR.match(run[0]):
            before = ""
            found += map(add, run, run[1:]) if len(run) > 1 else run
            continue
        own = _latin_tokens(run)
        found += own
        if own[0] not in _EMPTY_WORDS:
            if before:
                found.append(f"{before}_{own[0]}")
            before = own[0]
    return found


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
    han = sum(map(len, _CJK_RUN.findall(text)))
    if han < len(_LATIN_WORD.findall(text)) or not han:
        return "en"
    traditional = len(_changed_by("t2s").findall(text))
    simplified = len(_changed_by("s2t").findall(text))
    return "zh-Hant" if traditional > simplified else "zh-Hans"


@lru_cache(maxsize=2)
def _changed_by(conversion: str) -> re.Pattern[str]:
    """Any character that a conversion changes where it stands alone: one that only one script has."""
    characters = [chr(point) for point in range(0x3400, 0xA000)]
    converted = _converter(conversion).convert("\n".join(characters)).split("\n")
    return re.compile(f"[{''.join(a for a, b in zip(characters, converted, strict=True) if a != b)}]")


def written_in(text: str, language: Language) -> str:
    """Chinese text that we write, in the script of `language`; anything for "en" is left alone. Never for quotes."""
    if language == "zh-Hans":
        return to_simplified(text)
    if language == "zh-Hant":
        return str(_converter("s2tw").convert(text))  # 為, not the 爲 of OpenCC's own standard
    return text

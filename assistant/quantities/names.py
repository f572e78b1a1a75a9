"""Digits that state no quantity: contacts, codes, captions, list numerals, ranks, model names and versions.

Their patterns, each with an example, are lines of data/digits_in_names.tsv.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from assistant.quantities.vocabulary import CURRENCY, SCALE, UNIT, data_rows, words

# How a match may begin; a look at one character spares most of the text the trial of every pattern.
_FIRST_LOOK = {
    "digit": r"(?=(?<!\d)\d|[(（+\[【])",
    "word": "(?=[hw邮郵電电传傳热熱總总编編注註执牌证證SIQ微股代沪滬标標中上恒纳納道罗羅日富科创創深国SNRFC图圖表"
    "fFtTeEcCsSaApPnNbBiIvVlLr规規条條第前#№下晚凌早一两二三四五六七八九十百])",
    "line": "^",
    "mail": "(?=[A-Za-z0-9])",
}
_LATIN_WORD = re.compile(r"(?<![A-Za-z0-9.])([A-Za-z][A-Za-z0-9.+&/'’-]*)[ ]\Z")
_EXCHANGE_RATE = re.compile("[A-Z]{3}/[A-Z]{3}")
_END_OF_NAME = re.compile(r"\d[ ][A-Z][a-z]+[ ]\Z")  # what follows "Gemini 3.1 Pro" is a figure


@cache
def _scans() -> dict[str, re.Pattern[str]]:
    """One pattern for each way a name may begin. "UNIT" in the data stands for any unit, scale or currency."""
    patterns: dict[str, list[str]] = {begins: [] for begins in _FIRST_LOOK}
    for row in data_rows("digits_in_names.tsv"):
        patterns[row["begins"]].append(row["pattern"].replace("UNIT", f"{UNIT}|{SCALE}|{CURRENCY}"))
    return {begins: re.compile(f"{_FIRST_LOOK[begins]}(?:{'|'.join(p)})", re.M) for begins, p in patterns.items()}


def name_spans(text: str) -> Iterator[tuple[int, int]]:
    """Half-open spans of `text` whose digits state no quantity, in no particular order."""
    for begins, scan in _scans().items():
        if begins != "mail" or "@" in text:
            for m in scan.finditer(text):
                yield m.span()


@cache
def _before_figures() -> frozenset[str]:
    return frozenset(words("may precede a figure"))


@cache
def _product() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(map(re.escape, words('product before its number')))})[ ]?\Z")


def follows_name(text: str, start: int) -> bool:
    """Whether the bare number at `start` belongs to the product's name before it: "Llama 3", "昇腾 910B"."""
    before = text[max(0, start - 24) : start]
    if _END_OF_NAME.search(before):
        return False
    word = _LATIN_WORD.search(before)
    if word and not _EXCHANGE_RATE.fullmatch(word[1]):
        return word[1] != word[1].lower() and word[1].lower().rstrip(".") not in _before_figures()
    return bool(_product().search(before))

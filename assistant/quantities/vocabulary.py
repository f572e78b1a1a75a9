"""Units, currencies and scale words, read from data/units.tsv, and the patterns made of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files

from assistant.quantities.numerals import chinese_scale

SPACE = "[ \xa0\u3000]?"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with its dimension; `factor` converts a value into the dimension's own unit."""

    name: str
    dimension: str
    factor: Decimal
    is_currency: bool


def _rows() -> list[dict[str, str]]:
    text = (files("assistant") / "data" / "units.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def _spellings(cell: str) -> list[str]:
    return [spelling for spelling in cell.split("|") if spelling]


def _alternatives(guarded: Iterable[tuple[str, str]]) -> str:
    """An alternation, longest first, of (spelling, what may not follow it)."""
    return "|".join(re.escape(spelling) + guard for spelling, guard in sorted(guarded, key=lambda x: -len(x[0])))


def _guard(spelling: str, unless: list[str]) -> str:
    """A Latin spelling ends where no letter or digit follows (23xPE is 23x); a Chinese one where no longer word goes on."""
    if spelling[-1].isascii() and spelling[-1].isalpha():
        return "(?![a-z0-9])" if spelling in "xX" else "(?![A-Za-z0-9])"
    words = [word for word in unless if not (len(spelling) > 1 and spelling[-1].isascii())]
    return f"(?!{'|'.join(map(re.escape, words))})" if words and len(spelling) == 1 else ""


_ROWS = _rows()
UNITS = {
    row["name"]: Unit(row["name"], row["dimension"], Decimal(row["factor"]), row["kind"] == "currency") for row in _ROWS
}
UNIT_NAMES = {spelling: row["name"] for row in _ROWS for spelling in _spellings(row["after"])}
CURRENCY_NAMES = {spelling.lower(): row["name"] for row in _ROWS for spelling in _spellings(row["before"])}

UNIT = _alternatives(
    (spelling, _guard(spelling, _spellings(row["unless"]))) for row in _ROWS for spelling in _spellings(row["after"])
)
CURRENCY = _alternatives((spelling, "") for row in _ROWS for spelling in _spellings(row["before"]))

LATIN_SCALES = {
    "k": 10**3, "thousand": 10**3, "m": 10**6, "mn": 10**6, "mln": 10**6, "million": 10**6,
    "b": 10**9, "bn": 10**9, "billion": 10**9, "t": 10**12, "tn": 10**12, "trn": 10**12, "trillion": 10**12,
}  # fmt: skip
CHINESE_SCALE = "[十百千]?[万萬](?:[亿億])?|[十百千]?[亿億](?!欧元区)|[百千]?兆(?![瓦字赫帕比位])|百(?![分度])|千(?![瓦克米帕卡赫])"
LATIN_SCALE = "(?i:thousand|million|billion|trillion|mln|mn|bn|trn|tn|k|m|b|t)(?![A-Za-z0-9])"
SCALE = f"{CHINESE_SCALE}|{LATIN_SCALE}"


def scale_of(word: str | None) -> Decimal:
    """The multiplier of a scale word in any script; 1 for none."""
    if not word:
        return Decimal(1)
    latin = LATIN_SCALES.get(word.lower())
    return Decimal(latin) if latin else chinese_scale(word)

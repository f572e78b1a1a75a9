"""Units, currencies, scale words and words of bound and trend: assistant/data/*.tsv made into patterns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
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


def data_rows(name: str) -> list[dict[str, str]]:
    """The lines of a tab-separated file of assistant/data, by column name."""
    text = (files("assistant") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


# ---------------------------------------------------------------- words


@cache
def _words() -> dict[str, list[str]]:
    return {row["kind"]: row["words"].split("|") for row in data_rows("quantity_words.tsv")}


def words(kind: str) -> list[str]:
    """The words of one kind in data/quantity_words.tsv."""
    return _words()[kind]


def kinds(prefix: str) -> dict[str, list[str]]:
    """The words of every kind that begins with `prefix`, by the rest of the kind's name."""
    return {kind[len(prefix) :]: spellings for kind, spellings in _words().items() if kind.startswith(prefix)}


def word_pattern(kind: str) -> str:
    """An alternation of those words; Latin ones in any case, and not as the end of a longer word."""
    latin = [re.escape(word) for word in words(kind) if word[0].isascii()]
    chinese = [re.escape(word) for word in words(kind) if not word[0].isascii()]
    return "|".join(chinese + ([f"(?<![A-Za-z])(?i:{'|'.join(latin)})"] if latin else []))


def last_letters(spellings: Iterable[str]) -> frozenset[str]:
    """How any of the words may end, in either case. A look at this spares most of the text a search for the words."""
    return frozenset(letter for word in spellings for letter in (word[-1].lower(), word[-1].upper()))


def letter_before(text: str, position: int) -> str:
    """The character before `position`, one space left out; "" at the beginning."""
    before = text[max(0, position - 2) : position]
    return before[-1:] if before[-1:] not in " \xa0\u3000" else before[:-1]


# ---------------------------------------------------------------- units and scales


def _spellings(cell: str) -> list[str]:
    return [spelling for spelling in cell.split("|") if spelling]


def _alternatives(guarded: Iterable[tuple[str, str]]) -> str:
    """An alternation, longest first, of (spelling, what may not follow it)."""
    return "|".join(re.escape(spelling) + guard for spelling, guard in sorted(guarded, key=lambda x: -len(x[0])))


def _guard(spelling: str, unless: list[str]) -> str:
    """What may not follow: a letter after a Latin spelling (but 23xPE is 23x), the rest of a longer Chinese word."""
    if spelling in "xX×":
        return "(?![a-z0-9]|[(][0-9])(?!(?<=[ ][xX×])[ ][0-9])"  # 23x 2026E, but not 3 x 5
    if spelling[-1].isascii() and spelling[-1].isalpha():
        return "(?![A-Za-z0-9])"
    return f"(?!{'|'.join(map(re.escape, unless))})" if unless and len(spelling) == 1 else ""


_ROWS = data_rows("units.tsv")
UNITS = {
    row["name"]: Unit(row["name"], row["dimension"], Decimal(row["factor"]), row["kind"] == "currency") for row in _ROWS
}
UNIT_NAMES = {spelling: row["name"] for row in _ROWS for spelling in _spellings(row["after"])}
CURRENCY_NAMES = {spelling.lower(): row["name"] for row in _ROWS for spelling in _spellings(row["before"])}

UNIT = _alternatives(
    (spelling, _guard(spelling, _spellings(row["unless"]))) for row in _ROWS for spelling in _spellings(row["after"])
)
CURRENCY = _alternatives((spelling, "") for row in _ROWS for spelling in _spellings(row["before"]))

PER_NAMES = {spelling: name for name, spellings in kinds("per ").items() for spelling in spellings}
PER = _alternatives((spelling, "(?![A-Za-z])" if spelling[-1].isascii() else "") for spelling in PER_NAMES)

LATIN_SCALES = {
    "k": 10**3, "thousand": 10**3, "m": 10**6, "mn": 10**6, "mln": 10**6, "million": 10**6,
    "b": 10**9, "bn": 10**9, "billion": 10**9, "t": 10**12, "tn": 10**12, "trn": 10**12, "trillion": 10**12,
}  # fmt: skip
CHINESE_SCALE = (
    "[十百千]?[万萬](?:[亿億])?|[十百千]?[亿億]"
    "|[百千]?兆(?![瓦字赫帕比位])|百(?![分度])|千(?![瓦克米帕卡赫])"  # 兆瓦, 百分点 and 千瓦 are units
)
LATIN_SCALE = "(?i:thousand|million|billion|trillion|mln|mn|bn|trn|tn|k|m|b|t)(?![A-Za-z0-9])"
SCALE = f"{CHINESE_SCALE}|{LATIN_SCALE}"


def scale_of(word: str | None) -> Decimal:
    """The multiplier of a scale word in any script; 1 for none."""
    if not word:
        return Decimal(1)
    latin = LATIN_SCALES.get(word.lower())
    return Decimal(latin) if latin else chinese_scale(word)

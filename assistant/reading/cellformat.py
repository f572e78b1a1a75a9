"""Spreadsheet values as their number formats show them (ECMA-376 part 1, 18.8.30/31), dates in ISO 8601."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, NamedTuple

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]')
_PLACES = re.compile(r"[#0?][#0?,]*(?:\.[#0?]*)?|\.[#0?]+")
_EXPONENT = re.compile(r"[eE][+-]0+")


class _Section(NamedTuple):
    """One part of a format: what stands before and after the digits, and how many there are."""

    before: str
    after: str
    digits: int
    least_decimals: int
    decimals: int
    grouped: bool
    divisor: int
    percent: bool
    exponent: bool
    general: bool
    empty: bool


def shown(value: Any, number_format: str | None) -> str:
    """A cell's value as its sheet shows it: 0.1234 under "0.0%" is "12.3%", -5 under "#,##0;(#,##0)" is "(5)".

    Dates are ISO, cut to what the format shows ("yyyy-mm" gives "2025-09"); None is "".
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime | date | time | timedelta):
        return _moment(value, number_format or "")
    if isinstance(value, int | float):
        return _number(value, number_format or "General")
    return str(value)


def _moment(value: datetime | date | time | timedelta, number_format: str) -> str:
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    plain = _LITERAL.sub("", number_format).lower()
    clock = isinstance(value, datetime) and (value.hour or value.minute or value.second)
    if clock and "h" in plain and isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    day = value.date() if isinstance(value, datetime) else value
    if "y" in plain and "d" not in plain:
        return day.isoformat()[: 7 if "m" in plain else 4]
    return day.isoformat()


def _number(value: float, number_format: str) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    exact = Decimal(repr(value))
    sections = _sections(number_format)
    section, negative = _chosen(sections, exact)
    if section.empty:
        return section.before
    if section.general:
        return f"{'-' if negative else ''}{section.before}{_general(abs(exact))}{section.after}"
    text = _digits(abs(exact), section)
    rounded_away = not any(c in "123456789" for c in text)
    return f"{'-' if negative and not rounded_away else ''}{section.before}{text}{section.after}"


def _chosen(sections: tuple[_Section, ...], value: Decimal) -> tuple[_Section, bool]:
    """The part of the format for this value, and whether a minus sign is still to be written."""
    if value < 0 and len(sections) > 1:
        return sections[1], False
    if value == 0 and len(sections) > 2:
        return sections[2], False
    return sections[0], value < 0


def _digits(value: Decimal, section: _Section) -> str:
    if section.exponent:
        return f"{float(value):.{section.decimals}E}"
    scaled = value * (100 if section.percent else 1) / section.divisor
    rounded = scaled.quantize(Decimal(1).scaleb(-section.decimals), ROUND_HALF_UP)
    text = f"{rounded:,f}" if section.grouped else f"{rounded:f}"
    whole, _, decimals = text.partition(".")
    while len(decimals) > section.least_decimals and decimals.endswith("0"):
        decimals = decimals[:-1]
    whole = "" if whole == "0" and section.digits == 0 and decimals else whole.zfill(section.digits)
    return whole + ("." + decimals if decimals else "")


def _general(value: Decimal) -> str:
    if value == value.to_integral_value() and value < Decimal("1e15"):
        return str(int(value))
    text = f"{float(value):.10g}"  # as many digits as a spreadsheet shows under General
    return f"{Decimal(text):f}" if Decimal("1e-7") < value < Decimal("1e15") else text


@lru_cache(maxsize=512)
def _sections(number_format: str) -> tuple[_Section, ...]:
    parts, part, quoted, escaped = [], "", False, False
    for char in number_format:
        if char == ";" and not quoted and not escaped:
            parts.append(part)
            part = ""
            continue
        quoted ^= char == '"' and not escaped
        escaped = char == "\\" and not escaped
        part += char
    parts.append(part)
    # A first part under a condition ("[>=1000]…") is beyond what reports use; its digits are shown all the same.
    return tuple(_section(part) for part in parts[:3])


def _section(part: str) -> _Section:
    if part.strip().lower() in ("general", "@", "general\\ "):
        return _Section("", "", 1, 0, 0, False, 1, False, False, True, False)
    literals: list[str] = []

    def kept(match: re.Match[str]) -> str:
        literals.append(match[1] or match[2] or match[3] or "")
        return "\x01" if literals[-1] else ""

    plain = _LITERAL.sub(kept, part)
    general = "general" in plain.lower()
    match = re.search("general", plain, re.I) if general else _PLACES.search(plain)
    texts = iter(literals_kept for literals_kept in literals if literals_kept)

    def written(text: str) -> str:
        return "".join(next(texts, "") if c == "\x01" else c for c in text)

    if match is None:
        return _Section(written(plain).strip(), "", 0, 0, 0, False, 1, False, False, False, True)
    before, places, rest = plain[: match.start()], match.group(), plain[match.end() :]
    exponent = bool(_EXPONENT.match(rest))
    rest = _EXPONENT.sub("", rest, count=1) if exponent else rest
    rest = re.sub(r"[#0?]*/[#0?\d]+", "", rest)  # fractions are shown as decimals
    whole, _, decimals = places.partition(".")
    tail = len(whole) - len(whole.rstrip(","))
    if decimals == "" and rest.startswith(","):
        tail += len(rest) - len(rest.lstrip(","))
    thousands = tail + (len(rest) - len(rest.lstrip(",")) if decimals else 0)
    return _Section(
        before=written(before).lstrip(),
        after=written(rest.lstrip(",")).rstrip(),
        digits=whole.count("0"),
        least_decimals=decimals.count("0"),
        decimals=len(decimals.rstrip(",")),
        grouped="," in whole.rstrip(","),
        divisor=1000**thousands,
        percent="%" in plain,
        exponent=exponent,
        general=general,
        empty=False,
    )

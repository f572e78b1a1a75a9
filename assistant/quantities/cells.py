"""One value: typed by a user, or printed in a table cell under its header's unit."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from assistant.errors import InputError
from assistant.quantities.periods import find_periods
from assistant.quantities.quantity import Period, Quantity
from assistant.quantities.amounts import is_simplified
from assistant.quantities.scanner import find_quantities, read_whole
from assistant.quantities.vocabulary import CURRENCY, CURRENCY_NAMES, SCALE, SPACE, UNIT, UNIT_NAMES, UNITS, scale_of

_EMPTY = frozenset({"", "-", "–", "—", "--", "/", "NA", "N/A", "n.a.", "n/a", "na", "nm", "NM", "n.m.", "不适用", "不適用", "無", "无", "…"})
_FOOTNOTE = re.compile(r"[*†‡#^¹²³]+$")
_WRAPPED = re.compile(r"[(（\[]([^()（）\[\]]+)[)）\]]")
_WORDS_OF_UNIT = {"百分比": "%", "百分點": "pp", "百分率": "%", "percent": "%", "percentage": "%", "倍数": "x", "倍數": "x"}
_HEADER_UNIT = re.compile(
    rf"(?:(?P<currency>(?i:{CURRENCY}))?{SPACE}(?P<scale>{SCALE}|十亿|十億)?{SPACE}(?P<unit>{UNIT})?(?:/.*)?)"
)


def read_quantity(text: str) -> Quantity:
    """The one value that `text` states, such as "1280亿", "264.18CNY", "26%", "US$1.2bn" or "约 3.4倍".

    Raises InputError with what was wrong if there is none, more than one, a range, or other words around it.
    """
    found = read_whole(text)
    if found is None or found.low is not None:
        raise InputError(_complaint(text, found))
    return found


def _complaint(text: str, found: Quantity | None) -> str:
    shown = text.strip() if len(text.strip()) <= 40 else text.strip()[:39] + "…"
    advice = "Write one number with its unit, such as 1280亿, 26% or US$1.2bn."
    if not shown:
        return f"The value is empty. {advice}"
    if found is not None:
        return f'"{shown}" is a range, where one value is needed. {advice}'
    if len(find_quantities(text)) > 1:
        return f'"{shown}" holds more than one value. {advice}'
    return f'"{shown}" is not a value that can be read. {advice}'


def read_cell(text: str, unit: str | None = None, column: str | None = None) -> Quantity | None:
    """The quantity of a table cell, or None if it holds none ("-", "/", "NA", words, a date, several values).

    `unit` is the unit that governs the cell (of its row, column or table: "百万人民币", "亿美元", "%"); `column` is the
    column's label, which may carry a unit of its own ("目標價 (台幣)", "25-YoY") and a period ("2025E"). What the cell
    itself prints comes first, then the column's unit, then `unit`. Offsets count characters of `text`.
    """
    bare = text.strip()
    if bare in _EMPTY:
        return None
    found = read_whole(_FOOTNOTE.sub("", text.rstrip()))
    if found is None:
        return None
    period = _column_period(column)
    header = _header_unit(column, wrapped=True) or _growth_unit(column, period) or _header_unit(unit, wrapped=False)
    return replace(_under(found, header, is_simplified(f"{unit}{column}")), period=period)


def _column_period(column: str | None) -> Period | None:
    periods = find_periods(column) if column else []
    return periods[0] if periods else None


def _growth_unit(column: str | None, period: Period | None) -> tuple[Decimal, str | None] | None:
    growth = (period and period.growth_of) or (column and re.search(r"(?i:YoY|QoQ|CAGR)|同比|环比|按年|按季|年增|季增", column))
    return (Decimal(1), "%") if growth else None


def _header_unit(label: str | None, *, wrapped: bool) -> tuple[Decimal, str | None] | None:
    """(multiplier, unit) of a header such as "百万人民币" or, where `wrapped`, of the parentheses in a column's label."""
    if not label:
        return None
    candidates = [m.group(1) for m in _WRAPPED.finditer(label)]
    if not wrapped:
        candidates.insert(0, label)
    for candidate in candidates:
        read = _unit_words(candidate.strip())
        if read:
            return read
    if label.rstrip().endswith(("%", "％")):
        return Decimal(1), "%"
    return _unit_words(re.split(r"[:：,，]", label)[-1].strip()) if not wrapped else None


def _unit_words(words: str) -> tuple[Decimal, str | None] | None:
    words = re.sub(r"^(?:单位|單位|unit|in)[:： ]*", "", words, flags=re.I)
    if words.lower() in _WORDS_OF_UNIT:
        return Decimal(1), _WORDS_OF_UNIT[words.lower()]
    m = _HEADER_UNIT.fullmatch(words) or _HEADER_UNIT.fullmatch(_swapped(words))
    if not m or not (m["currency"] or m["scale"] or m["unit"]):
        return None
    unit = UNIT_NAMES[m["unit"]] if m["unit"] else CURRENCY_NAMES[m["currency"].lower()] if m["currency"] else None
    return scale_of(m["scale"]), unit


def _swapped(words: str) -> str:
    """"人民币百万元" and "million US$" in the other order, so that one pattern reads both."""
    m = re.fullmatch(rf"(?P<scale>{SCALE}){SPACE}(?P<currency>(?i:{CURRENCY}))", words)
    return f"{m['currency']} {m['scale']}" if m else words


def _under(found: Quantity, header: tuple[Decimal, str | None] | None, simplified: bool | None) -> Quantity:
    """The cell's quantity with the header's scale and unit, where the cell prints no unit of its own."""
    if header is None:
        return found
    scale, unit = header
    unit = "CNY" if unit == "元" and simplified else unit
    same_money = found.currency is not None and unit in (found.currency, "元", None) and found.scale == 1
    if (found.unit is not None and not same_money) or found.scale != 1:
        return found
    unit = found.unit or unit
    return replace(
        found, value=found.value * scale, low=found.low * scale if found.low is not None else None,
        high=found.high * scale if found.high is not None else None, scale=scale, half_unit=found.half_unit * scale,
        unit=unit, currency=unit if unit and UNITS[unit].is_currency else None,
    )  # fmt: skip

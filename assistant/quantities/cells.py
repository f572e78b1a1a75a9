"""One value: typed by a user, or printed in a table cell under its header's unit."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from assistant.errors import InputError
from assistant.quantities.amounts import is_simplified
from assistant.quantities.periods import find_periods
from assistant.quantities.quantity import Period, Quantity
from assistant.quantities.scanner import find_quantities, read_whole
from assistant.quantities.vocabulary import (
    CURRENCY,
    CURRENCY_NAMES,
    SCALE,
    SPACE,
    UNIT,
    UNIT_NAMES,
    UNITS,
    scale_of,
    words,
)

_FOOTNOTE = re.compile(r"[*†‡#^¹²³]+\Z")
_IN_PARENTHESES = re.compile(r"[(（\[]([^()（）\[\]]+)[)）\]]")
_GROWTH = re.compile(r"(?i:YoY|QoQ|CAGR)|同比|环比|環比|按年|按季|年增|季增")
_HEADER_UNIT = re.compile(
    rf"(?:(?P<currency>(?i:{CURRENCY})))?{SPACE}(?P<scale>{SCALE})?{SPACE}(?P<unit>{UNIT})?(?:{SPACE}[/、,，].*)?"
)
_SCALE_FIRST = re.compile(rf"(?P<scale>{SCALE}){SPACE}(?P<currency>(?i:{CURRENCY}))")


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
    if not bare or bare in words("empty cell"):
        return None
    found = read_whole(_FOOTNOTE.sub("", text.rstrip()))
    if found is None:
        return None
    periods = find_periods(column) if column else []
    period = periods[0] if periods else None
    header = _column_unit(column, period) or _label_unit(unit)
    return replace(_under(found, header, is_simplified(f"{unit}{column}")), period=period)


HeaderUnit = tuple[Decimal, str | None]  # multiplier, unit


def _column_unit(column: str | None, period: Period | None) -> HeaderUnit | None:
    """The unit that a column's label carries: "目標價 (台幣)", "营收, 百万元", "本季%", "25-YoY"."""
    if not column:
        return None
    for words_of_unit in _IN_PARENTHESES.findall(column) + re.split("[,，:：]", column)[1:]:
        read = _unit_words(words_of_unit)
        if read:
            return read
    if column.rstrip().endswith(("%", "％")) or (period and period.growth_of) or _GROWTH.search(column):
        return Decimal(1), "%"
    return None


def _label_unit(label: str | None) -> HeaderUnit | None:
    """The unit of a label that is one ("百万人民币") or that carries one as a column's does."""
    return (_unit_words(label) or _column_unit(label, None)) if label else None


def _unit_words(words_of_unit: str) -> HeaderUnit | None:
    plain = re.sub(r"^(?:单位|單位|unit|in)[:： ]+", "", words_of_unit.strip(), flags=re.I)
    plain = re.sub(r"['’]000", " thousand", plain)
    plain = re.sub(r"(?i)\b(thousand|million|billion|trillion)s(?: of)?", r"\1", plain).strip()
    swapped = _SCALE_FIRST.fullmatch(plain)
    m = _HEADER_UNIT.fullmatch(f"{swapped['currency']} {swapped['scale']}" if swapped else plain)
    if not m or not (m["currency"] or m["scale"] or m["unit"]):
        return None
    unit = CURRENCY_NAMES[m["currency"].lower()] if m["currency"] else UNIT_NAMES[m["unit"]] if m["unit"] else None
    return scale_of(m["scale"]), unit


def _under(found: Quantity, header: HeaderUnit | None, simplified: bool | None) -> Quantity:
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

"""What a quantity and a period are: plain data, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Bound = Literal["about", "over", "under", "at_least", "at_most"]
Sign = Literal["", "+", "-", "±"]
PeriodKind = Literal[
    "day", "week", "month", "months", "quarter", "half", "year", "years",
    "fiscal-year", "fiscal-quarter", "fiscal-half", "as-of",
    "since", "year-to-date",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time as printed at `text[start:end]`.

    `first` and `last` are its ISO dates, both included, or None where the print doesn't settle them (no year; a
    fiscal year whose end is unknown). `estimate` is True for an "E" or "F" mark. `growth_of` names the comparison
    of a header such as "25-YoY" ("yoy", "qoq", "mom", "cagr"); the dates are those of the period that grew.
    """

    text: str
    start: int
    end: int
    kind: PeriodKind
    first: str | None = None
    last: str | None = None
    estimate: bool = False
    growth_of: str | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with all that its print says about it; `start` and `end` include currency, scale, unit and "<" or "+".

    `value` is fully multiplied out (4.9万亿 is 4900000000000), except that a percentage keeps its number with unit
    "%". A range has `low` and `high`, and `value` is `low`, the figure printed first; for "±10%" they are -10 and 10
    and `value` is 10. `unit` is a currency code, "%", "pp", "bp", "x", "tokens", "GW"…, or None where none is printed;
    "元" where 元 can't be told to be CNY. `per` is what the unit is taken by ("month" of 19.99 美元/月). `scale` is the
    multiplier (10^12 for 万亿), `digits` the decimals printed, `half_unit` half of the last printed digit after
    scaling. `is_growth` is True for 增长 3.4 倍, which ends at 4.4 times. `direction` is what the words before say
    (下降 5% is "down"); `sign` is printed: "+", "-" (also for a parenthesised negative), "±" or "".
    """

    text: str
    start: int
    end: int
    value: Decimal
    low: Decimal | None = None
    high: Decimal | None = None
    bound: Bound | None = None
    unit: str | None = None
    currency: str | None = None
    per: str | None = None
    scale: Decimal = Decimal(1)
    digits: int = 0
    half_unit: Decimal = Decimal("0.5")
    is_growth: bool = False
    direction: Literal["up", "down"] | None = None
    sign: Sign = ""
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """The outcome of `same_quantity`; `reason` is a clause for the reader, such as "the scale differs by 10000"."""

    kind: Literal["equal", "rounding", "different"]
    reason: str

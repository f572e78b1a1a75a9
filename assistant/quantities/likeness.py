"""Whether two quantities state the same thing, and if not, why not."""

from __future__ import annotations

from decimal import Decimal

from assistant.quantities.quantity import Likeness, Quantity
from assistant.quantities.vocabulary import UNITS

_PERCENT_LIKE = frozenset({"share", "points of share"})
_YUAN = frozenset({"CNY", "HKD", "TWD", "元"})  # what 元 alone may stand for
_SCALE_STEPS = tuple(Decimal(10) ** n for n in range(2, 16))


def same_quantity(a: Quantity, b: Quantity) -> Likeness:
    """Compare what two quantities state: value, sign, unit, currency and, where both are dated, period.

    "equal": the same number. "rounding": one is the other rounded to its own last printed digit (4.9万亿 of
    4.92万亿). "different": the reason says what differs: unit, currency, sign, scale, period, value, growth or range.
    A unit that only one side prints is no difference, except a percentage; neither is a bound, which `reason` tells.
    """
    mismatch = _unit_mismatch(a, b) or _period_mismatch(a, b)
    if mismatch:
        return Likeness("different", mismatch)
    if (a.low is None) != (b.low is None):
        return _range_and_figure(a, b) if a.low is not None else _range_and_figure(b, a)
    if a.low is not None and a.high is not None and b.low is not None and b.high is not None:
        return _both_ends(a, b)
    return _compare(a, _comparable(a, b), b, _comparable(b, a))


def _both_ends(a: Quantity, b: Quantity) -> Likeness:
    outcome = Likeness("equal", "the same range")
    for x, y in ((a.low, b.low), (a.high, b.high)):
        if x is None or y is None:
            continue
        end = _compare(a, _in_base(a, x), b, _in_base(b, y))
        if end.kind == "different":
            return end
        if end.kind == "rounding":
            outcome = end
    return outcome


def _range_and_figure(range_: Quantity, figure: Quantity) -> Likeness:
    value = _in_base(figure, figure.value)
    low, high = (_in_base(range_, end) for end in (range_.low, range_.high) if end is not None)
    if value in (low, high):
        return Likeness("different", "one is a range, the other only an end of it")
    where = " within it" if low < value < high else ""
    return Likeness("different", f"one is a range, the other a single figure{where}")


# ---------------------------------------------------------------- values


def _in_base(q: Quantity, value: Decimal) -> Decimal:
    return value * UNITS[q.unit].factor if q.unit else value


def _comparable(q: Quantity, other: Quantity) -> Decimal:
    """The value in its dimension's own unit, with the words' sign, and growth by 3.4 times as 340 % or to 4.4 times."""
    value = _in_base(q, q.value)
    if q.direction == "down" and q.sign != "-" and other.sign == "-":
        value = -value
    if q.unit == "x" and q.is_growth and other.unit == "%":
        return value * 100
    if q.unit == "x" and q.is_growth and other.unit == "x" and not other.is_growth:
        return value + 1
    return value


def _half(q: Quantity, other: Quantity) -> Decimal:
    half = _in_base(q, q.half_unit)
    return half * 100 if q.unit == "x" and q.is_growth and other.unit == "%" else half


def _compare(a: Quantity, x: Decimal, b: Quantity, y: Decimal) -> Likeness:
    if x == y:
        return Likeness("equal", _equal_reason(a, b))
    half_a, half_b = _half(a, b), _half(b, a)
    if abs(x - y) <= max(half_a, half_b) and x * y >= 0 and (x and y):
        coarse, fine = (a, b) if half_a >= half_b else (b, a)
        return Likeness("rounding", f"{coarse.text} is {fine.text} rounded")
    return Likeness("different", _value_reason(a, x, b, y))


def _equal_reason(a: Quantity, b: Quantity) -> str:
    notes = []
    if (a.unit is None) != (b.unit is None):
        notes.append("one prints no unit")
    if a.bound != b.bound:
        notes.append(f"one is stated as {a.bound or b.bound!s}".replace("_", " "))
    return "the same value" + (f"; {', '.join(notes)}" if notes else "")


def _value_reason(a: Quantity, x: Decimal, b: Quantity, y: Decimal) -> str:
    if a.unit == b.unit == "x" and a.is_growth != b.is_growth and a.value == b.value:
        return "growth: one grows by the multiple, the other is the multiple"
    if x and x == -y:
        return "the sign differs"
    if x and y and x * y > 0:
        larger, smaller = max(abs(x), abs(y)), min(abs(x), abs(y))
        step = next((s for s in _SCALE_STEPS if abs(larger / smaller / s - 1) < Decimal("0.005")), None)
        if step and a.scale != b.scale:
            return f"the scale differs by {step:f}"
    return f"the values differ: {a.text} and {b.text}"


# ---------------------------------------------------------------- units and periods


def _unit_mismatch(a: Quantity, b: Quantity) -> str | None:
    if a.unit == b.unit:
        return _per_mismatch(a, b)
    if a.unit is None or b.unit is None:
        printed = a.unit or b.unit or ""
        return f"the unit differs: one is in {printed}" if UNITS[printed].dimension in _PERCENT_LIKE else None
    if (a.currency or a.unit == "元") and (b.currency or b.unit == "元"):
        compatible = {a.unit, b.unit} <= _YUAN and "元" in (a.unit, b.unit)
        return _per_mismatch(a, b) if compatible else f"the currency differs: {a.unit} and {b.unit}"
    growth_and_percent = {a.unit, b.unit} == {"x", "%"} and (a.is_growth or b.is_growth)
    if UNITS[a.unit].dimension == UNITS[b.unit].dimension or growth_and_percent:
        return None
    return f"the unit differs: {a.unit} and {b.unit}"


def _per_mismatch(a: Quantity, b: Quantity) -> str | None:
    return f"the unit differs: per {a.per} and per {b.per}" if a.per and b.per and a.per != b.per else None


def _period_mismatch(a: Quantity, b: Quantity) -> str | None:
    """Periods differ only where both are dated and have no day in common."""
    if not (a.period and b.period):
        return None
    p, q = a.period, b.period
    if p.first and p.last and q.first and q.last and (p.last < q.first or q.last < p.first):
        return f"the period differs: {p.text} and {q.text}"
    return None

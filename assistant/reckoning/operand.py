"""Values that take part in a calculation, and which of them may stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assistant.evidence import Evidence
from assistant.quantities import Quantity
from assistant.reckoning.grammar import Rule, grammar

CLOSE = 0.9  # a place that covers this share of what the best one covers is its rival
NOT_OPERANDS = frozenset({"days", "months", "years", "hours", "weeks", "quarters", "minutes"})


@dataclass(frozen=True, slots=True)
class Operand:
    """A value that takes part: `high` is the upper end of a range; `place` is None for what the question gives."""

    value: Decimal | str
    unit: str | None = None
    high: Decimal | None = None
    place: Evidence | None = None
    header: Evidence | None = None
    given: bool = False  # a constant of the rule (12 months, 1,440 minutes), not from the question


Operands = Mapping[str, Operand]


def operand(quantity: Quantity, place: Evidence | None = None, header: Evidence | None = None) -> Operand:
    """A quantity as an operand: a fall is negative, and growth by 3.4 times is growth by 340 %."""
    value = quantity.low if quantity.low is not None else quantity.value
    high, unit = quantity.high, quantity.currency or quantity.unit
    if unit == "x" and quantity.is_growth:
        value, high, unit = value * 100, high * 100 if high is not None else None, "%"
    if quantity.direction == "down" and quantity.sign == "" and unit == "%":
        value = -value
    return Operand(value, unit, high, place, header)


def is_of(quantity: Quantity, wanted: str) -> bool:
    """Whether a quantity has the kind of unit that an operand needs."""
    units = grammar().units
    unit = quantity.unit or ""
    if quantity.sign == "±":
        return False
    if wanted == "money":
        return quantity.currency is not None or unit == "元"
    if wanted == "amount":  # of money, as a question may give it without its currency
        return quantity.currency is not None or unit in ("元", "")
    if wanted == "any":
        return unit not in NOT_OPERANDS
    if wanted == "size":  # an amount of anything: neither a rate nor a multiple nor a time
        return unit not in NOT_OPERANDS and unit not in units["rate"] and unit != "x"
    if wanted == "level":  # an amount or a rate, no growth
        return unit not in NOT_OPERANDS and not quantity.is_growth
    if wanted == "growth":
        return unit == "%" or (unit == "x" and quantity.is_growth)
    if wanted == "count":  # of things: cards, servers, users, orders
        return unit not in NOT_OPERANDS | units["rate"] | {"", "x"} and quantity.currency is None and unit != "元"
    return unit in units[wanted]


def go_together(rule: Rule, found: Operands) -> bool:
    """Whether the operands that a rule sets side by side are of one unit, or of the same unit where one prints none."""
    like: Sequence[str] = rule.settings.get("like", ())
    sides = found.values() if like == ["*"] else [found[name] for name in like if name in found]
    if rule.settings.get("only") == "percent" and any(side.unit != "%" for side in sides):
        return False
    rates = any(step.points for step in rule.steps) or any(s.get("unit") == "level" for s in rule.operands.values())
    if not rates and any(side.unit in grammar().units["rate"] for side in sides):
        return False  # growth of a growth rate, or a share of two percentages, is rarely what is meant
    return same_units(side.unit for side in sides)


def same_units(units: Iterable[str | None]) -> bool:
    """Whether values of these units may be set side by side."""
    found = set(units)
    return len(found) <= 1 or found <= {"元", "CNY"} or found in ({None, "tokens"}, {None, "users"})


def unrivalled(fitting: Sequence[tuple[float, dict[str, Operand]]]) -> list[Operands]:
    """The best of the readings, unless another that is about as good has other values."""
    best = max(fitting, key=lambda item: item[0], default=None)
    if best is None:
        return []
    for share, other in fitting:
        if share >= CLOSE * best[0] and _values(other) != _values(best[1]):
            return []
    return [best[1]]


def distinct(found: Operands) -> bool:
    """Whether no figure of a report is taken for two operands."""
    reported = [one for one in found.values() if one.place]
    return len({(one.value, one.unit) for one in reported}) == len(reported)


def _values(found: Operands) -> dict[str, Any]:
    return {name: (one.value, one.unit) for name, one in found.items()}

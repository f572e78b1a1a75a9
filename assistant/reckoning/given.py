"""Operands that the question itself gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from assistant.quantities import Quantity
from assistant.reckoning.grammar import Rule
from assistant.reckoning.ground import Ground, years_between
from assistant.reckoning.operand import NOT_OPERANDS, Operand, Operands, go_together, is_of, operand


def spans(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Operands that the question gives, each in the group of the wording that has its name."""
    found: dict[str, Operand] = {}
    for name, spec in rule.operands.items():
        start, end = match.span(name) if name in match.re.groupindex else (-1, -1)
        if start < 0:
            if spec.get("optional"):
                continue
            return []
        if spec.get("text"):
            found[name] = Operand(ground.question.text[start:end].strip())
            continue
        inside = [q for q in ground.given if q.start < end and start < q.end and is_of(q, spec["unit"])]
        if len(inside) != 1:
            return []
        found[name] = _in_unit(inside[0], spec)
    if rule.settings.get("years"):
        years = years_between(ground.periods) or _years_said(ground)
        if years is None:
            return []
        found["periods"] = years
    return [found] if go_together(rule, found) else []


def _in_unit(quantity: Quantity, spec: Mapping[str, Any]) -> Operand:
    """A quantity as an operand; tokens often go without their unit, which the rule then knows."""
    found = operand(quantity)
    return Operand(found.value, spec["as"], found.high) if spec.get("as") and found.unit is None else found


def _years_said(ground: Ground) -> Operand | None:
    """The one number of years that a question says: "用了 5 年", "over five years"."""
    years = [q.value for q in ground.given if q.unit == "years"]
    return Operand(years[0]) if len(set(years)) == 1 and years[0] > 0 and years[0] == int(years[0]) else None


def listed(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """All the figures of a question that lists nothing else, of one unit."""
    values = [q for q in ground.given if (q.unit or "") not in NOT_OPERANDS]
    values = [q for q in values if q.unit is not None or not _counts(q, ground)]
    if len(values) < 2 or len({q.currency or q.unit for q in values}) > 1 or ground.periods:
        return []
    return [{f"v{i}": operand(q) for i, q in enumerate(values, 1)}]


def _counts(quantity: Quantity, ground: Ground) -> bool:
    """Whether a number only says how many figures there are: "这三个数"."""
    after = ground.question.folded[quantity.end : quantity.end + 3]
    return bool(re.match(r"\s*(?:个|家|者|项)", after)) or quantity.value == Decimal(0)

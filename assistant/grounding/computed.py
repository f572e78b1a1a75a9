"""What a calculation states, and whether its operands are where it says they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from assistant.grounding.places import Place
from assistant.quantities import Period, Quantity, find_quantities
from assistant.types import Calculation


@dataclass(frozen=True, slots=True)
class Source:
    """A place under the name that a text cites it by ("[1]")."""

    name: str
    place: Place


def values(calculation: Calculation) -> Iterator[tuple[Decimal, str | None]]:
    """The results and operands of a calculation, with units where known."""
    yield from ((value, calculation.unit or None) for value in _decimals(calculation.result))
    for given in calculation.inputs.values():
        yield from operands(given)


def _decimals(result: Any) -> Iterator[Decimal]:
    if isinstance(result, Mapping):
        for value in result.values():
            yield from _decimals(value)
    elif isinstance(result, list | tuple):
        for value in result:
            yield from _decimals(value)
    elif result is not None and not isinstance(result, bool):
        try:
            yield Decimal(str(result))
        except InvalidOperation:
            yield from (q.value for q in find_quantities(str(result))[:1])


def operands(given: Any) -> Iterator[tuple[Decimal, str | None]]:
    """The amounts of an input: {"value", "unit"}, a list or a mapping of such, or a value as text."""
    if isinstance(given, Mapping) and "unit" in given and not isinstance(given.get("value"), Mapping):
        yield from ((number, given.get("unit")) for number in _decimals(given["value"]))
    elif isinstance(given, Mapping):
        for value in given.values():
            yield from operands(value)
    elif isinstance(given, list | tuple):
        for value in given:
            yield from operands(value)
    else:
        found = find_quantities(str(given))
        yield from [(found[0].value, found[0].unit)] if found else [(number, None) for number in _decimals(given)]


def _input(calculation: Calculation, name: str) -> Any:
    """An input by its name, also a variable of an expression."""
    variables = calculation.inputs.get("variables")
    return calculation.inputs.get(name, variables.get(name) if isinstance(variables, Mapping) else None)


def states(q: Quantity, value: Decimal, unit: str | None) -> bool:
    """Whether a figure states a computed value, rounded to its last printed digit at most."""
    if unit == "%" and q.unit not in ("%", "pp"):
        return False
    if q.unit == "%" and unit in (None, "", "x"):
        value = value * 100
    elif q.unit == "元" and unit in ("CNY", "HKD", "TWD"):
        pass  # 元 alone is of any of them
    elif (
        unit
        and q.unit
        and unit != q.unit
        and not (unit == "x" and q.unit is None)
        and unit in ("%", "x", "CNY", "USD", "HKD", "TWD")
    ):
        return False
    return abs(abs(q.value) - abs(value)) <= q.half_unit and (q.value * value >= 0 or q.direction is not None)


def holds(
    calculation: Calculation,
    others: Mapping[str, Calculation],
    sources: Mapping[int, Source],
    given: Sequence[Quantity],
    depth: int = 0,
) -> bool:
    """Whether every operand of a calculation that names its source is to be found there."""
    if depth > 8:
        return False
    for name, origin in calculation.input_sources.items():
        amounts = [value for value, _unit in operands(_input(calculation, name))]
        known: set[Decimal] = set()
        for one in origin.split():  # a list's operands may come from several places
            if one in others and not holds(others[one], others, sources, given, depth + 1):
                return False
            known.update(_known(one, others, sources, given))
        if not amounts or not all(any(near(value, other) for other in known) for value in amounts):
            return False
    return True


def _known(
    origin: str, others: Mapping[str, Calculation], sources: Mapping[int, Source], given: Sequence[Quantity]
) -> Iterator[Decimal]:
    """The numbers that an origin states: another calculation, the question (and the years between dates), a place."""
    if origin in others:
        yield from (value for value, _unit in values(others[origin]))
    elif origin == "question":
        yield from (q.value for q in given)
        yield from spans_of_years(given, (p for source in sources.values() for p in source.place.periods))
    elif re.fullmatch(r"\[\d+\]", origin) and int(origin[1:-1]) in sources:
        yield from (fact.said.quantity.value for fact in sources[int(origin[1:-1])].place.facts)


def spans_of_years(given: Iterable[Quantity], periods: Iterable[Period]) -> set[Decimal]:
    """The numbers of years between the dates of the question or of places, for periods of growth."""
    every = [*(q.period for q in given if q.period), *periods]
    years = {int(p.first[:4]) for p in every if p.first}
    return {Decimal(b - a) for a in years for b in years if b > a}


def near(a: Decimal, b: Decimal) -> bool:
    """Equal, or the same percentage written as a share."""
    return a == b or a * 100 == b or a == b * 100

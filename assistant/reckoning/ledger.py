"""The sums themselves: a rule's steps are run by the tools, and every operand keeps the place that it is from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from assistant import tools
from assistant.errors import InputError
from assistant.evidence import Evidence
from assistant.messages import say
from assistant.reckoning.grammar import Rule, Step
from assistant.reckoning.operand import Operand, Operands
from assistant.reckoning.wording import clause, spoken, value_of
from assistant.types import Calculation, Language

_MOST_PLACES = 6  # as many as an answer cites


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What was computed: one sentence with [c1] marks, the calculations, and the places their operands are from.

    The `input_sources` of the calculations count `places` from 1: "[1]" is the first.
    """

    lead: str
    calculations: tuple[Calculation, ...]
    places: tuple[Evidence, ...]


@dataclass(slots=True)
class Ledger:
    """The calculations of an answer as they are made, with the places that their operands are from."""

    language: Language
    calculations: list[Calculation] = field(default_factory=list)
    places: list[Evidence] = field(default_factory=list)
    clauses: list[str] = field(default_factory=list)

    def source(self, operand: Operand) -> str:
        """How input_sources name an operand's place; the place is cited from then on."""
        for place in (operand.place, operand.header):
            if place and not any(_same(place, other) for other in self.places):
                self.places.append(place)
        place = operand.place
        if place is None:
            return "question"
        return f"[{1 + next(i for i, other in enumerate(self.places) if _same(place, other))}]"

    def reckoning(self) -> Reckoning:
        """All that was computed, in one sentence."""
        lead = say("reckoned", self.language, sums=say("reckoned_joint", self.language).join(self.clauses))
        return Reckoning(lead, tuple(self.calculations), tuple(self.places))


def _same(a: Evidence, b: Evidence) -> bool:
    return (a.report.report_id, a.start, a.end) == (b.report.report_id, b.start, b.end)


def worked(rule: Rule, operands: Operands, ledger: Ledger) -> bool:
    """Run the steps of a rule; nothing is kept of it where a tool refuses one."""
    made: list[Operand] = []
    ids: list[str] = []
    trial = Ledger(ledger.language, list(ledger.calculations), list(ledger.places), list(ledger.clauses))
    for planned in rule.steps:
        step = _laid_out(planned, operands)
        if step.compare:
            if step.compare in operands and made:
                trial.clauses[-1] += _compared(made[-1], operands[step.compare], ledger.language, trial)
            continue
        if any(source[0] not in "#=" and source not in operands for source in step.arguments.values()):
            continue
        try:
            result, marks = _run(step, operands, made, ids, trial)
        except InputError:
            return False
        made.append(result)
        ids.append(marks[0])
        trial.clauses.append(clause(step, operands, made[:-1], result, marks, ledger.language))
    if "missing" in operands:
        trial.clauses.append(say("reckoned_missing", ledger.language, rows=operands["missing"].value))
    if len(trial.places) > _MOST_PLACES:
        return False
    ledger.calculations, ledger.places, ledger.clauses = trial.calculations, trial.places, trial.clauses
    return True


def _laid_out(step: Step, operands: Operands) -> Step:
    """A step over all the values there are, as a sum of them by name."""
    names = [name for name in operands if re.fullmatch(r"v\d+", name)]
    if not step.over:
        return step
    if step.over == "gap":
        ranked = sorted(names, key=lambda name: Decimal(operands[name].value))
        names = [ranked[-1], ranked[0]]
    total = (" - " if step.over == "gap" else " + ").join(names)
    expression = f"({total}) / {len(names)}" if step.over == "mean" else total
    return replace(step, expression=expression, arguments={name: name for name in names})


def _run(
    step: Step, operands: Operands, made: Sequence[Operand], ids: Sequence[str], ledger: Ledger
) -> tuple[Operand, list[str]]:
    """A step's result, a range where an operand is one, and the ids of its calculations."""
    taken = {argument: value_of(source, operands, made) for argument, source in step.arguments.items()}
    points = step.points and {operand.unit for operand in taken.values()} in ({"%"}, {"pp"})
    if points:
        taken = {argument: replace(operand, unit=None) for argument, operand in taken.items()}
    ends = (False, True) if any(operand.high is not None for operand in taken.values()) else (False,)
    results: list[Operand] = []
    marks: list[str] = []
    for high in ends:
        given = {name: _argument(operand, high) for name, operand in taken.items()}
        arguments = {"expression": step.expression, "variables": given} if step.expression else given
        calculation = tools.run(step.tool, arguments, f"c{len(ledger.calculations) + 1}")
        sources = {
            name: ids[int(step.arguments[name][1:])] if step.arguments[name].startswith("#") else ledger.source(operand)
            for name, operand in taken.items()
            if not operand.given
        }
        ledger.calculations.append(replace(calculation, input_sources=sources))
        marks.append(calculation.id)
        _, value, unit = tools.results(calculation)[0]
        results.append(Operand(value, _unit(step, unit, taken.values(), points)))
    values = sorted(one.value for one in results if isinstance(one.value, Decimal))
    return Operand(values[0], results[0].unit, values[1] if len(values) > 1 else None), marks


def _unit(step: Step, unit: str, taken: Iterable[Operand], points: bool) -> str | None:
    """The unit of a result; sums of what has no currency but is one sort of thing keep its unit."""
    if points:
        return "%" if step.over in ("sum", "mean") else "pp"
    units = {one.unit for one in taken}
    if step.over and not unit and len(units) == 1:
        return units.pop()
    return unit or None


def _argument(operand: Operand, high: bool) -> Any:
    if isinstance(operand.value, str):
        return operand.value
    value = operand.high if high and operand.high is not None else operand.value
    return {"value": str(value), "unit": None if operand.unit == "tokens" else operand.unit}


def _compared(result: Operand, printed: Operand, language: Language, ledger: Ledger) -> str:
    """Whether a computed figure rounds to the one that is printed."""
    if not isinstance(result.value, Decimal) or not isinstance(printed.value, Decimal):
        return ""
    ledger.source(printed)
    digits = max(0, -int(printed.value.as_tuple().exponent))
    scale = Decimal(1) if printed.unit == "%" else _scale_of(printed.value)
    agrees = abs(result.value - printed.value) <= Decimal(10) ** -digits * scale * Decimal("0.51") or abs(
        result.value / printed.value - 1
    ) < Decimal("0.002")
    return say("reckoned_agrees" if agrees else "reckoned_differs", language, printed=spoken(printed, language))


def _scale_of(value: Decimal) -> Decimal:
    return Decimal(10) ** max(0, value.adjusted() - 3)


# ---------------------------------------------------------------- wording

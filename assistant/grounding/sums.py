"""Figures that a sentence computes, or says it computes, from figures that are proven."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.grounding.computed import Source
from assistant.grounding.derivation import agrees, announced, is_constant, written
from assistant.grounding.finding import Finding, figure
from assistant.grounding.matching import compare
from assistant.grounding.wording import Said, Wording
from assistant.quantities import Quantity
from assistant.quantities.vocabulary import UNITS


def derived(wording: Wording, numbers: list[Finding], sources: Sequence[Source]) -> list[Finding]:
    """Figures that the sentence itself computes, or says it computes, from figures that are proven."""
    quantities = [said.quantity for said in wording.said]
    results = list(numbers)
    runs = written(wording.text, quantities)
    for _round in range(3):
        for run, value in runs:
            stated = [i for i, q in enumerate(quantities) if i not in run and agrees(q, value)]
            operands = {j: _operand(wording.said[j], wording, results[j], results, sources) for j in run}
            stated = [i for i in stated if _like_money(quantities[i], operands.values())]
            if stated and all(operands.values()):
                results = [operands.get(i) or finding for i, finding in enumerate(results)]
                for i in stated:
                    if results[i].verdict == "unverified":
                        results[i] = figure(wording.said[i], "derived", name=_names_of(results, run))
        results = _announced(wording, results)
    return results


def _like_money(result: Quantity, operands: Iterable[Finding | None]) -> bool:
    """Whether a result in a currency has no operand in another, by its own print or its source's."""
    units = {f.unit for f in operands if f} | {f.fact.said.quantity.unit for f in operands if f and f.fact}
    money = {unit for unit in units if unit in UNITS and UNITS[unit].is_currency}
    return not result.currency or not money or result.currency in money


def _operand(
    said: Said, wording: Wording, finding: Finding, others: Sequence[Finding], sources: Sequence[Source]
) -> Finding | None:
    """An operand of a sum that holds: proven, a constant of the calendar, or a figure printed without its scale."""
    if finding.verdict != "unverified":
        return finding
    q = said.quantity
    if finding.why == "unrelated" and finding.source:
        return replace(finding, verdict="quoted", name=finding.source.name, why="")
    if is_constant(q):
        return figure(said, "derived")
    grown = [
        f
        for s in sources
        for f in s.place.facts
        if f.said.quantity.unit == "%" and q.value == 1 + f.said.quantity.value / 100
    ]
    if grown and q.unit is None:
        return figure(said, "derived", name=next(s.name for s in sources if grown[0] in s.place.facts))
    if q.unit is None and q.scale == 1:
        for said_before, other in zip(wording.said, others, strict=True):
            theirs = said_before.quantity
            if other.verdict in ("quoted", "derived") and theirs.low is None and theirs.value == q.value * theirs.scale:
                return replace(other, text=q.text, start=q.start, end=q.end)
        for source in sources:
            for fact in source.place.facts:
                theirs = fact.said.quantity
                like = replace(said, quantity=replace(theirs, text=q.text, start=q.start, end=q.end, period=q.period))
                same = theirs.low is None and theirs.value == q.value * theirs.scale
                if same and compare(like, wording, fact, source.place).outcome == "quoted":
                    return figure(said, "quoted", name=source.name, source=source, fact=fact)
    return None


def _names_of(results: Sequence[Finding], run: Iterable[int]) -> str | None:
    return " ".join(dict.fromkeys(name for j in run if (name := results[j].name))) or None


def _announced(wording: Wording, results: list[Finding]) -> list[Finding]:
    made = list(results)
    for i, finding in enumerate(results):
        if finding.verdict != "unverified":
            continue
        proven = [wording.said[j].quantity for j, other in enumerate(made) if other.verdict != "unverified" and j != i]
        operands = announced(
            wording.said[i].quantity,
            wording.said[i].clause + _nearby(wording, i),
            _nearby(wording, i),
            proven,
            _years(wording),
        )
        if operands:
            made[i] = figure(
                wording.said[i],
                "derived",
                name=_names_of(made, [j for j, s in enumerate(wording.said) if s.quantity in operands]),
            )
    return made


def _nearby(wording: Wording, i: int) -> str:
    """The words right before and after a figure."""
    q = wording.said[i].quantity
    return wording.text[max(0, q.start - 16) : q.end + 12]


def _years(wording: Wording) -> int | None:
    years = sorted({int(p.first[:4]) for p in wording.periods if p.first})
    return years[-1] - years[0] if len(years) > 1 else None

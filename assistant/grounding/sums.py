"""Figures that a sentence computes, or says it computes, from figures that are proven."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from assistant.grounding.computed import Source
from assistant.grounding.cues import cue
from assistant.grounding.derivation import agrees, announced, expressions, is_constant, value_of
from assistant.grounding.finding import Finding, figure
from assistant.grounding.matching import compare
from assistant.grounding.places import Fact
from assistant.grounding.wording import Said, Wording, bare
from assistant.language import fold
from assistant.quantities import Quantity
from assistant.quantities.vocabulary import UNITS

_FREE = frozenset({None, "%", "pp", "x", "points", "years", "months", "quarters", "days", "hours", "minutes"})
_ROUNDS = 3  # a result may be an operand of the next one
_CONTEXT = 5  # letters before a figure that tell it is the one that a report prints there


def derived(wording: Wording, numbers: list[Finding], sources: Sequence[Source]) -> list[Finding]:
    """Figures that the sentence itself computes, or says it computes, from figures that are proven."""
    results = list(numbers)
    exact: dict[int, Decimal] = {}
    runs = expressions(wording.text, [said.quantity for said in wording.said])
    computed = {i for run in runs for i in [*run, *_stated_by(wording, run)]}
    for _round in range(_ROUNDS):
        for run in runs:
            results = _written(wording, run, results, sources, exact)
        results = _announced(wording, results, sources, exact, computed)
        results = [_restated(f, said, results, exact) for f, said in zip(results, wording.said, strict=True)]
    return results


# ---------------------------------------------------------------- expressions that are written out


def _written(
    wording: Wording, run: list[int], results: list[Finding], sources: Sequence[Source], exact: dict[int, Decimal]
) -> list[Finding]:
    """The findings after one expression: its operands and the figures that state its value."""
    operands = {j: _operand(wording.said[j], wording, results[j], results, sources) for j in run}
    proven = {j: finding for j, finding in operands.items() if finding}
    if len(proven) < len(run):
        return results
    printed = value_of(wording.text, [wording.said[j].quantity for j in run])
    in_full = [_in_full(wording.said[j].quantity, proven[j], exact.get(j)) for j in run]
    some = [
        wording.said[j].quantity if is_constant(wording.said[j].quantity) else q
        for j, q in zip(run, in_full, strict=True)
    ]
    wholes = [value_of(wording.text, operands) for operands in (in_full, some)]
    stated = [
        i
        for i, said in enumerate(wording.said)
        if i not in run and _states(wording, said, printed, wholes) and _has_unit(said.quantity, proven.values())
    ]
    for i in _stated_by(wording, run):
        if i not in stated and printed is not None:
            wrong = replace(results[i], verdict="unverified", name=None, why="value")
            return [*results[:i], wrong, *results[i + 1 :]]
    if not stated:
        return results
    made = [proven.get(i) or _related(finding, proven.values()) for i, finding in enumerate(results)]
    for i in stated:
        exact[i] = _as_shown(wording.said[i].quantity, printed, wholes)
        if made[i].verdict == "unverified":
            made[i] = figure(wording.said[i], "derived", name=_names_of(made, run))
    return made


def _stated_by(wording: Wording, run: list[int]) -> list[int]:
    """The figure behind the equals sign of an expression."""
    i = run[-1] + 1
    if i >= len(wording.said):
        return []
    between = wording.text[wording.said[run[-1]].quantity.end : wording.said[i].quantity.start]
    shown = wording.said[i].quantity.text
    return [i] if re.fullmatch(r"[)）\s²³⁴⁵⁶⁷⁸⁹]*[=≈]\s*[-−–]?", between + ("≈" if shown[:1] in "≈~" else "")) else []


def _states(wording: Wording, said: Said, printed: Decimal | None, wholes: Sequence[Decimal | None]) -> bool:
    """Whether a figure states an expression's value: in full, or bare as its operands are printed."""
    q = said.quantity
    signed = wording.text[max(0, q.start - 1) : q.start] in ("-", "−", "–")
    falls = signed or said.trend == "down" or bool(cue("falls").search(fold(said.clause)))
    if any(whole is not None and agrees(q, whole, falls) for whole in wholes):
        return True
    return printed is not None and q.unit is None and q.scale == 1 and agrees(q, printed, falls)


def _as_shown(q: Quantity, printed: Decimal | None, wholes: Sequence[Decimal | None]) -> Decimal:
    """The unrounded value of a figure that states an expression's value, in the figure's own unit."""
    value = next((whole for whole in wholes if whole is not None and agrees(q, whole, True)), printed)
    return q.value if value is None else value * 100 if q.unit in ("%", "pp") else value


def _in_full(q: Quantity, finding: Finding, exact: Decimal | None) -> Quantity:
    """An operand with the scale that its source, or the figure it repeats, prints for it, and unrounded."""
    if exact is not None:
        return replace(q, value=exact)
    theirs = finding.fact.said.quantity if finding.fact else None
    if theirs and q.unit is None and q.scale == 1 and theirs.low is None and theirs.value == q.value * theirs.scale:
        return replace(q, value=theirs.value)
    return replace(q, value=Decimal(finding.value)) if re.fullmatch(r"-?[\d.]+", finding.value) else q


def _related(finding: Finding, operands: Iterable[Finding]) -> Finding:
    """A figure of a place that an expression's operands come from speaks of what the sentence does."""
    places = {id(f.source.place) for f in operands if f.source}
    if finding.why == "unrelated" and finding.source and id(finding.source.place) in places:
        return replace(finding, verdict="quoted", name=finding.source.name, why="")
    return finding


def _has_unit(result: Quantity, operands: Iterable[Finding]) -> bool:
    """Whether a result in a unit has an operand in it, by its own print or its source's."""
    found = list(operands)
    units = {f.unit for f in found} | {f.fact.said.quantity.unit for f in found if f.fact}
    money = {unit for unit in units if unit in UNITS and UNITS[unit].is_currency}
    if result.currency:
        return result.currency in money
    if result.unit == "元":
        return bool(money)
    parts = {
        part for part in (result.unit or "").split("/") if not (part in UNITS and UNITS[part].dimension == "count")
    }
    return result.unit in _FREE or result.unit in units or parts <= units or not (units - _FREE)


# ---------------------------------------------------------------- operands


def _operand(
    said: Said, wording: Wording, finding: Finding, others: Sequence[Finding], sources: Sequence[Source]
) -> Finding | None:
    """An operand of a sum that holds: proven, a constant of the calendar, or a figure printed without its scale."""
    if finding.verdict != "unverified":
        return finding
    q = said.quantity
    if finding.why == "unrelated" and finding.source:
        return replace(finding, verdict="quoted", name=finding.source.name, why="")
    if is_constant(q) and not re.match("[ ]?[A-Z]{2}", wording.text[q.end :]):
        return figure(said, "derived")
    return _repeated(said, wording, others) or _printed_bare(said, wording, sources) or _part(said, sources)


def _repeated(said: Said, wording: Wording, others: Sequence[Finding]) -> Finding | None:
    """A bare operand that repeats a proven figure of the sentence without its scale."""
    q = said.quantity
    for before, other in zip(wording.said, others, strict=True):
        theirs = before.quantity
        if before is said or other.verdict not in ("quoted", "derived") or theirs.low is not None:
            continue
        if q.unit is None and q.scale == 1 and theirs.value == q.value * theirs.scale:
            return replace(other, text=q.text, start=q.start, end=q.end)
    return None


def _printed_bare(said: Said, wording: Wording, sources: Sequence[Source]) -> Finding | None:
    """A bare operand whose scale and unit its source prints."""
    q = said.quantity
    if q.unit is not None or q.scale != 1:
        return None
    for source, fact in _facts(sources):
        theirs = fact.said.quantity
        if theirs.low is None and theirs.value == q.value * theirs.scale:
            like = replace(said, quantity=replace(theirs, text=q.text, start=q.start, end=q.end, period=q.period))
            if compare(like, wording, fact, source.place).outcome == "quoted":
                return figure(said, "quoted", name=source.name, source=source, fact=fact)
    return None


def _part(said: Said, sources: Sequence[Source]) -> Finding | None:
    """An operand that is the end of a printed range, one plus a printed rate, or all that a sentence lists in sum."""
    q = said.quantity
    for source, fact in _facts(sources):
        theirs = fact.said.quantity
        grown = theirs.unit == "%" and q.unit is None and q.value == 1 + theirs.value / 100
        end = theirs.unit == q.unit and q.value in (theirs.low, theirs.high)
        if grown or end:
            return figure(said, "derived" if grown else "quoted", name=source.name, source=source)
        listed = [f.said.quantity for f in source.place.facts if f.sentence == fact.sentence and not f.label]
        alike = [each for each in listed if each.unit == theirs.unit and each.low is None]
        if 1 < len(alike) < 5 and theirs.unit not in ("%", "x") and sum(each.value for each in alike) == q.value:
            return figure(said, "derived", name=source.name, source=source)
    return None


def _facts(sources: Sequence[Source]) -> Iterator[tuple[Source, Fact]]:
    return ((source, fact) for source in sources for fact in source.place.facts)


def _names_of(results: Sequence[Finding], run: Iterable[int]) -> str | None:
    return " ".join(dict.fromkeys(name for j in run if (name := results[j].name))) or None


# ---------------------------------------------------------------- results that words announce


def _announced(
    wording: Wording,
    results: list[Finding],
    sources: Sequence[Source],
    exact: dict[int, Decimal],
    computed: set[int],
) -> list[Finding]:
    made = list(results)
    for i, (finding, said) in enumerate(zip(results, wording.said, strict=True)):
        if finding.verdict != "unverified" or i in computed:
            continue
        proven = {j: wording.said[j].quantity for j, f in enumerate(made) if f.verdict != "unverified" and j != i}
        if len(proven) < 2 or _is_misquoted(said, wording, sources):
            continue
        result = replace(said.quantity, direction=said.trend)
        unrounded = [replace(q, value=exact.get(j, q.value)) for j, q in proven.items()]
        for quantities in (list(proven.values()), unrounded):
            near = _nearby(wording, i)
            operands = announced(result, said.clause + near, near, quantities, _years(wording))
            used = [j for j, q in zip(proven, quantities, strict=True) if q in (operands or ())]
            if used and _has_unit(said.quantity, [made[j] for j in used]):
                made[i] = figure(said, "derived", name=_names_of(made, used))
                break
    return made


def _is_misquoted(said: Said, wording: Wording, sources: Sequence[Source]) -> bool:
    """Whether a place prints another figure behind the words that stand before this one."""
    q = said.quantity
    before = re.sub(r"\d", "", bare(wording.text[max(0, q.start - 2 * _CONTEXT) : q.start]))[-_CONTEXT:]
    if len(before) < _CONTEXT:
        return False
    return any(
        re.search(rf"{re.escape(before)}\d", one) and before + bare(q.text) not in one
        for one in {bare(fact.sentence) for _source, fact in _facts(sources) if not fact.label}
    )


def _restated(finding: Finding, said: Said, results: Sequence[Finding], exact: dict[int, Decimal]) -> Finding:
    """A result that the sentence states again, in another scale."""
    if finding.verdict != "unverified":
        return finding
    for i, value in exact.items():
        unit = said.quantity.unit
        same = unit == results[i].unit or (unit in UNITS and UNITS[unit].dimension == "count" and not results[i].unit)
        if same and unit not in ("%", "pp", "x", None) and agrees(said.quantity, value, False):
            return figure(said, "derived", name=results[i].name)
    return finding


def _nearby(wording: Wording, i: int) -> str:
    """The words right before and after a figure."""
    q = wording.said[i].quantity
    return wording.text[max(0, q.start - 16) : q.end + 12]


def _years(wording: Wording) -> int | None:
    years = sorted({int(p.first[:4]) for p in wording.periods if p.first})
    return years[-1] - years[0] if len(years) > 1 else None

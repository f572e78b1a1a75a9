"""Verdicts: each figure of a text against the places and calculations that its own sentence cites."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from assistant.grounding.computed import Source, holds, states, values
from assistant.grounding.derivation import agrees, announced, is_constant, written
from assistant.grounding.matching import Why, compare, related, same_period
from assistant.grounding.places import Fact, Place, Places
from assistant.grounding.sentences import Sentence, sentences
from assistant.grounding.wording import Said, Wording, bare, read_wording, vocabulary
from assistant.language import CJK, fold, script_of
from assistant.quantities import Period, Quantity, find_quantities, same_quantity
from assistant.quantities.vocabulary import UNITS
from assistant.types import Calculation, Citation, Language, Report, StatedFigure, Verdict

Kind = Literal["number", "date", "name", "quote"]
_SHARED = 0.25  # of the words of a sentence, in a passage that was searched for
_AROUND = 6  # characters on either side of a figure of a caption
_TELLING = 4  # significant digits that hardly agree by chance


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found on one figure (or date, name with digits, company, quotation) at `start:end` of the text.

    `source` and `fact` support it; where the verdict is "unverified", they are the nearest there is, and `why` names
    what differs.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: str
    unit: str | None
    verdict: Verdict
    name: str | None = None
    source: Source | None = None
    fact: Fact | None = None
    why: Why | Literal["nothing", "unrelated", "operand"] = ""


def ground(
    text: str,
    citations: Sequence[Citation],
    calculations: Sequence[Calculation],
    question: str,
    language: Language,
    reports: Mapping[str, Report],
    places: Places | None = None,
) -> tuple[StatedFigure, ...]:
    """Every figure of an answer's text with its verdict: "quoted" or "rounded" where a place cited by its own sentence
    prints it, "derived" from a calculation marked there, "given" by the question, else "unverified".

    `reports` are those that the citations are of, by id: table cells have their units from there.
    """
    reader = places or Places()
    sources = {
        c.n: Source(f"[{c.n}]", reader.read(reports[c.report_id], c.start, c.end))
        for c in citations
        if c.report_id in reports
    }
    own = lambda sentence: [sources[n] for n in sentence.citations if n in sources]  # noqa: E731
    found = examine(text, own, calculations, question, sources)
    return stated(found)


def stated(found: Iterable[Finding]) -> tuple[StatedFigure, ...]:
    """The numbers and dates among what was found, as the contract's figures."""
    return tuple(
        StatedFigure(f.text, f.value, f.unit, f.verdict, f.name) for f in found if f.kind in ("number", "date")
    )


def examine(
    text: str,
    sources_of: Callable[[Sentence], Sequence[Source]],
    calculations: Sequence[Calculation] = (),
    question: str = "",
    every: Mapping[int, Source] | None = None,
    searched: bool = False,
    marked: bool = False,
) -> list[Finding]:
    """What is found on each figure of a text, in order; dates, names and quotations are told where they fail (a day
    always). `sources_of` gives what a sentence may rest on; `every` the places by citation number.
    Places that were `searched` for, not cited, must speak of more of what the sentence says. With `marked` each
    sentence may rest on all calculations, else on those whose markers it carries."""
    given = find_quantities(question)
    asked = read_wording(question) if question else None
    computed = {c.id: c for c in calculations}
    found: list[Finding] = []
    whole = read_wording(text) if not searched else None
    for sentence in sentences(text):
        sources = list(sources_of(sentence))
        wording = read_wording(sentence.text)
        ids = computed if marked else [i for i in sentence.calculations if i in computed]
        results = [computed[i] for i in ids if holds(computed[i], computed, every or {}, given)]
        numbers = _numbers(wording, sources, results, given, whole)
        numbers = _derived(wording, numbers, sources)
        others = [
            *_names(wording, sources, asked),
            *_dates(wording, sources, asked),
            *_codes(wording, sources, question),
            *_quotes(wording, sources),
        ]
        local = sorted([*numbers, *others], key=lambda f: (f.start, f.end))
        found += [replace(f, start=f.start + sentence.start, end=f.end + sentence.start) for f in local]
    return found


# ---------------------------------------------------------------- numbers


def _finding(said: Said, verdict: Verdict, **more: Any) -> Finding:
    q = said.quantity
    value = f"{q.low:f}–{q.high:f}" if q.low is not None and q.high is not None else f"{q.value:f}"
    return Finding("number", q.text, q.start, q.end, value, q.unit, verdict, **more)


def _numbers(
    wording: Wording,
    sources: Sequence[Source],
    marked: Sequence[Calculation],
    given: Sequence[Quantity],
    whole: Wording | None,
) -> list[Finding]:
    pairs = [_read_alike(said, wording, sources) for said in wording.said]
    if not (whole or wording).periods and not any(q.period for q in given):
        pairs = [_of_the_newest(finding) for finding in pairs]
    strong = _strong(pairs) if whole else set()
    checked = [_with_support(f, whole or wording, strong, whole is None) for f in pairs]
    return [_computed_or_given(f, said, marked, given) for f, said in zip(checked, wording.said, strict=True)]


def _read_alike(said: Said, wording: Wording, sources: Sequence[Source]) -> Finding:
    """The best match of a figure; one printed bare may share the unit and scale of another one in its sentence
    (+16, +5 and +3 points), or be printed as a table cell prints it."""
    found = _best(said, wording, sources)
    q = said.quantity
    if found.verdict == "unverified" and q.value > 0 and _in_brackets(wording.text, q):
        negative = replace(q, value=-q.value, sign="-", direction=None)
        other = _best(replace(said, quantity=negative, trend=None), wording, sources)
        found = other if other.verdict == "quoted" else found
    if found.verdict == "unverified":
        source = next((source for source in sources if _in_heading(wording.text, q, source.place.heading)), None)
        if source:
            return _finding(said, "quoted", name=source.name, source=source)
    if found.verdict != "unverified" or q.unit is not None or q.scale != 1:
        return found
    others = {(o.quantity.unit, o.quantity.currency, o.quantity.scale) for o in wording.said if o is not said}
    listed = not re.match(
        rf"\s?[{CJK}%A-Za-z]", re.sub("^[ ]?(?:[和及與与对對比]|and |versus |vs )", "、", wording.text[q.end :])
    )
    for unit, currency, scale in sorted(others, key=str) if listed else ():
        if unit is None and scale == 1:
            continue
        borrowed = replace(
            q,
            unit=unit,
            currency=currency,
            scale=scale,
            value=q.value * scale,
            half_unit=q.half_unit * scale,
            low=q.low * scale if q.low is not None else None,
            high=q.high * scale if q.high is not None else None,
        )
        other = _best(replace(said, quantity=borrowed), wording, sources)
        if other.verdict == "quoted":
            return other
    for source in sources:
        for fact in source.place.facts:
            theirs = fact.said.quantity
            if (
                fact.label
                and theirs.unit not in ("%", "pp", "x")
                and theirs.low is None
                and q.value == theirs.value / theirs.scale
            ):
                bare_fact = replace(
                    fact,
                    said=replace(
                        fact.said, quantity=replace(theirs, value=q.value, scale=q.scale, unit=None, currency=None)
                    ),
                )
                if compare(said, wording, bare_fact, source.place).outcome == "quoted":
                    return _finding(said, "quoted", name=source.name, source=source, fact=fact)
    return found


def _of_the_newest(finding: Finding) -> Finding:
    """In a text without any date, a figure of a table's older column is not proven: an undated figure is today's."""
    if finding.verdict in ("quoted", "rounded") and finding.fact and not finding.fact.newest:
        return replace(finding, verdict="unverified", name=None, why="period")
    return finding


def _in_heading(text: str, q: Quantity, heading: str) -> bool:
    """Whether a figure stands with its neighbouring words in a caption, a header or a label."""
    for width in (_AROUND, _AROUND // 2):
        for around in (text[q.start : q.end + width], text[max(0, q.start - width) : q.end]):
            if len(bare(around)) > len(bare(q.text)) + 1 and bare(around) in heading:
                return True
    return False


def _in_brackets(text: str, q: Quantity) -> bool:
    """Whether a figure stands alone in brackets, as tables print negatives."""
    return text[q.start - 1 : q.start] in ("(", "（") and bool(
        re.match(r"[)）](?:\s*[,，]|\s*%|\s*$|\s*\S{0,4}元?[,，。])", text[q.end :])
    )


def _strong(pairs: Sequence[Finding]) -> set[tuple[str, int, int]]:
    """The places with which figures of so many digits agree that chance is ruled out."""
    digits: dict[tuple[str, int, int], dict[tuple[int, int], int]] = {}
    for f in pairs:
        if f.verdict == "quoted" and f.source and f.fact:
            place = f.source.place
            digits.setdefault((place.report.report_id, place.start, place.end), {})[(f.fact.start, f.fact.end)] = (
                _digits(f.fact.said.quantity)
            )
    return {
        key
        for key, each in digits.items()
        if max(each.values()) >= _TELLING or (len(each) > 1 and sum(each.values()) > _TELLING)
    }


def _best(said: Said, wording: Wording, sources: Sequence[Source]) -> Finding:
    """The figure of the sources that is the same; else the nearest and what differs."""
    best: tuple[int, int, Decimal] | None = None
    nearest = _finding(said, "unverified", why="nothing")
    elsewhere = {id(s): [p for other in sources if other is not s for p in other.place.periods] for s in sources}
    for source in sources:
        for fact in source.place.facts:
            match = compare(said, wording, fact, source.place, elsewhere[id(source)])
            shared = len(wording.words & fact.words)
            if match.outcome == "quoted" or match.outcome == "rounded":
                rank = (0 if match.outcome == "quoted" else 1, -shared, Decimal(0))
                made = _finding(said, match.outcome, name=source.name, source=source, fact=fact)
            else:
                rank = (
                    _distance(match.why, said.quantity, fact.said.quantity),
                    -shared,
                    abs(fact.said.quantity.value - said.quantity.value),
                )
                made = _finding(said, "unverified", source=source, fact=fact, why=match.why)
            if best is None or rank < best:
                best, nearest = rank, made
    return nearest


def _distance(why: Why, ours: Quantity, theirs: Quantity) -> int:
    """How far a figure is from one that differs: the same figure of something else is nearest, then the same digits,
    then another value of the unit."""
    if why in ("period", "company", "row", "measure", "bound", "precision"):
        return 2
    if ours.value / ours.scale == theirs.value / theirs.scale or why in ("sign", "scale"):
        return 3
    return 4 if ours.unit == theirs.unit else 5


def _digits(q: Quantity) -> int:
    return len(re.sub(r"\D", "", q.text).strip("0"))


def _with_support(finding: Finding, wording: Wording, strong: set[tuple[str, int, int]], searched: bool) -> Finding:
    """A figure that agrees is proven only if its sentence speaks of what the place speaks of."""
    if finding.verdict not in ("quoted", "rounded") or finding.source is None or finding.fact is None:
        return finding
    place = finding.source.place
    if (place.report.report_id, place.start, place.end) in strong or _speaks_of(wording, finding.fact, place, searched):
        return finding
    return replace(finding, verdict="unverified", name=None, why="unrelated")


def _speaks_of(wording: Wording, fact: Fact, place: Place, searched: bool) -> bool:
    shared = (wording.words & fact.words) - set(vocabulary()["common"])
    score = sum(2 if token.isascii() else 1 for token in shared)
    if score >= 2 and len(shared) >= searched * _SHARED * len(wording.words):
        return True
    if any(name.kind != "broker" and related(name.id, place.names) for name in wording.names):
        return True
    if fact.label and fact.label in wording.folded:
        return True
    if (script_of(wording.text) == "en") == (place.report.language == "en"):
        return False
    there = {m.id for m in read_wording(fact.sentence).measures} | fact.said.measures
    named = not searched and any(related(name.id, place.names) for name in wording.names)
    return named or any(m.id in there for m in wording.measures)


def _computed_or_given(
    finding: Finding, said: Said, marked: Sequence[Calculation], given: Sequence[Quantity]
) -> Finding:
    if finding.verdict != "unverified":
        return finding
    for calculation in marked:
        if any(states(said.quantity, value, unit) for value, unit in values(calculation)):
            return _finding(said, "derived", name=calculation.id)
    if marked and is_constant(said.quantity):
        return _finding(said, "derived", name=marked[0].id)
    if any(_is_given(said.quantity, q) for q in given):
        return _finding(said, "given", name="question")
    return finding


def _is_given(ours: Quantity, theirs: Quantity) -> bool:
    return ours.unit == theirs.unit and same_quantity(ours, theirs).kind == "equal"


# ---------------------------------------------------------------- arithmetic of the sentence itself


def _derived(wording: Wording, numbers: list[Finding], sources: Sequence[Source]) -> list[Finding]:
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
                        results[i] = _finding(wording.said[i], "derived", name=_names_of(results, run))
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
        return _finding(said, "derived")
    grown = [
        f
        for s in sources
        for f in s.place.facts
        if f.said.quantity.unit == "%" and q.value == 1 + f.said.quantity.value / 100
    ]
    if grown and q.unit is None:
        return _finding(said, "derived", name=next(s.name for s in sources if grown[0] in s.place.facts))
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
                    return _finding(said, "quoted", name=source.name, source=source, fact=fact)
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
            made[i] = _finding(
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


# ---------------------------------------------------------------- names, dates, codes, quotations


def _names(wording: Wording, sources: Sequence[Source], asked: Wording | None) -> Iterator[Finding]:
    """Companies and products that none of the places a sentence cites speaks of."""
    if not sources:
        return
    known = {name for source in sources for name in source.place.names}
    owners = {name for source in sources for name in source.place.owners}
    given = {name.id for name in asked.names} if asked else set()
    for name, code in pairwise(wording.names):
        gap = wording.text[name.end : code.start].strip()
        if gap in ("(", "（") and wording.text[code.start : code.end][:1].isdigit() and name.id != code.id:
            text = wording.text[name.start : code.end]
            yield Finding(
                "name", text, name.start, code.end, text, None, "unverified", source=sources[0], why="company"
            )
    for name in wording.names:
        if name.id in known or name.id in owners or name.owner in known or name.id in given:
            continue
        text = wording.text[name.start : name.end]
        if any(bare(text) in source.place.context for source in sources):
            continue
        yield Finding("name", text, name.start, name.end, text, None, "unverified", source=sources[0], why="company")


def _dates(wording: Wording, sources: Sequence[Source], asked: Wording | None) -> Iterator[Finding]:
    around = [(source, p) for source in sources for p in source.place.periods]
    for period in wording.periods:
        support = next((source for source, p in around if _covers(period, p)), None)
        value = (
            period.first
            if period.first == period.last and period.first
            else "/".join(filter(None, (period.first, period.last))) or period.text
        )
        if support and period.kind == "day":
            yield Finding("date", period.text, period.start, period.end, value, None, "quoted", support.name, support)
        elif not support and not (asked and any(_covers(period, p) for p in asked.periods)):
            yield Finding(
                "date",
                period.text,
                period.start,
                period.end,
                value,
                None,
                "unverified",
                source=sources[0] if sources else None,
                why="period",
            )


def _covers(ours: Period, theirs: Period) -> bool:
    """Whether a date of a text is told by one of a report: the same, or one that it holds or begins or ends."""
    if same_period(ours, theirs):
        return True
    if not (ours.last and theirs.last):
        return False
    return (
        ours.kind == "year"
        and bool(ours.first)
        and (ours.first or "") <= (theirs.first or theirs.last)
        and theirs.last <= ours.last
    )


def _codes(wording: Wording, sources: Sequence[Source], question: str) -> Iterator[Finding]:
    """Codes, model names and figure numbers whose digits no place prints."""
    shown = "".join([*(source.place.folded for source in sources), fold(question)])
    for start, end in wording.codes:
        text = wording.text[start:end]
        if not _printed(fold(text), shown):
            yield Finding(
                "name", text, start, end, text, None, "unverified", source=sources[0] if sources else None, why="value"
            )


def _printed(code: str, shown: str) -> bool:
    pieces = re.findall(r"[a-z]+|\d+(?:\.\d+)*", code)
    pattern = r"[^a-z0-9]{0,3}".join(map(re.escape, pieces))
    return bool(
        re.search(
            rf"(?<![\d.]){pattern}(?![\d]|\.\d)"
            if pieces and pieces[0][0].isdigit()
            else rf"(?<![a-z]){pattern}(?!\d|\.\d)",
            shown,
        )
    )


def _quotes(wording: Wording, sources: Sequence[Source]) -> Iterator[Finding]:
    """Quotations that no place prints."""
    shown = [source.place.context for source in sources]
    for start, end in wording.quotes:
        text = wording.text[start:end]
        parts = [bare(part) for part in re.split(r"…+|\.{3,}|⋯+", text)]
        if not all(any(part in one for one in shown) for part in parts if part):
            yield Finding(
                "quote", text, start, end, text, None, "unverified", source=sources[0] if sources else None, why="value"
            )

"""Each figure of a sentence against the figures of the places that it cites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from assistant.grounding.belonging import lists
from assistant.grounding.computed import Source, states, values
from assistant.grounding.cues import vocabulary
from assistant.grounding.dates import same_period
from assistant.grounding.derivation import is_constant
from assistant.grounding.finding import Finding, figure
from assistant.grounding.matching import Match, Why, compare, related
from assistant.grounding.places import Fact, Place
from assistant.grounding.wording import Said, Wording, bare, read_wording
from assistant.language import CJK, fold, script_of
from assistant.quantities import Quantity, same_quantity
from assistant.types import Calculation, Verdict

_SHARED = 0.25  # of the words of a sentence, in a passage that was searched for
_AROUND = 6  # characters on either side of a figure of a caption
_DAYS = ("day", "as-of")
_BESIDE = 3  # letters
_GAP = 8  # characters between the figures of a list
_FEW_WORDS = 3  # "约", "per GW": too few to say what is spoken of
_PLAIN = re.compile(rf"(?:(?![一二三四五六七八九十百千万萬亿億兆两兩])[{CJK}]){{12}}")  # no figure has so many
_TELLING = 4  # significant digits that hardly agree by chance


def numbers(
    wording: Wording,
    sources: Sequence[Source],
    marked: Sequence[Calculation],
    given: Sequence[Quantity],
    whole: Wording | None,
) -> list[Finding]:
    """What the places say to each figure; `whole` is the text that the sentence is of, None where the places were
    searched for."""
    pairs = [_read_alike(said, wording, sources) for said in wording.said]
    if not (whole or wording).periods and not any(q.period for q in given):
        pairs = [_of_the_newest(finding, pairs if whole else []) for finding in pairs]
    pairs = [_in_place(f, said, wording, sources) for f, said in zip(pairs, wording.said, strict=True)]
    pairs = _each_its_own(_in_order(pairs, wording), wording)
    strong = _strong(pairs) if whole else set()
    checked = [
        _with_support(f, said, whole or wording, strong, whole is None)
        for f, said in zip(pairs, wording.said, strict=True)
    ]
    return [_computed_or_given(f, said, marked, given) for f, said in zip(checked, wording.said, strict=True)]


def _read_alike(said: Said, wording: Wording, sources: Sequence[Source]) -> Finding:
    """The best match of a figure; one printed bare may share the unit and scale of another one in its sentence
    (+16, +5 and +3 points), or be printed as a table cell prints it."""
    found = _best(said, wording, sources)
    q = said.quantity
    if found.verdict == "unverified" and (source := _ticker(q, sources) or _counted(said, wording, sources)):
        return figure(said, "quoted", name=source.name, source=source)
    if found.why == "scale" and (
        source := next((s for s in sources if bare(wording.text) in bare(s.place.quote)), None)
    ):
        return figure(said, "quoted", name=source.name, source=source)  # a citation that ends before the scale
    if found.verdict == "unverified" and q.value > 0 and _in_brackets(wording.text, q):
        negative = replace(q, value=-q.value, sign="-", direction=None)
        other = _best(replace(said, quantity=negative, trend=None), wording, sources)
        found = other if other.verdict == "quoted" else found
    if found.verdict == "unverified" and found.why not in ("sign", "company"):
        source = next((source for source in sources if _in_heading(wording.text, q, source.place.heading)), None)
        if source:
            return figure(said, "quoted", name=source.name, source=source)
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
                    return figure(said, "quoted", name=source.name, source=source, fact=fact)
    return found


def _ticker(q: Quantity, sources: Sequence[Source]) -> Source | None:
    """The place that prints a bare number as a listed company's code."""
    if q.unit is not None or not re.fullmatch(r"\d{3,6}", q.text):
        return None
    code = re.compile(rf"(?<!\d)0?{q.text}[ .](?:hk|tt|tw|two|sz|sh|ss|ch|us|jp|ks)(?![a-z])")
    return next((source for source in sources if code.search(fold(source.place.quote))), None)


def _counted(said: Said, wording: Wording, sources: Sequence[Source]) -> Source | None:
    """The place whose table has as many years or quarters as a sentence says: "all four years"."""
    q = said.quantity
    if q.unit not in ("years", "quarters") or q.scale != 1 or q.low is not None:
        return None
    for source in sources:
        columns = {(fact.table, fact.column) for fact in source.place.facts if fact.said.quantity.period}
        if q.value == len(columns) and len(source.place.facts) == len(columns) > 1:
            return source
    return None


def _of_the_newest(finding: Finding, others: Sequence[Finding]) -> Finding:
    """In a text without any date, a figure of a table's older column is not proven (an undated figure is today's),
    unless others of the sentence stand under or beside it."""
    fact = finding.fact
    if finding.verdict not in ("quoted", "rounded") or fact is None or fact.newest:
        return finding
    if any(f is not finding and f.source and f.fact and _neighbours(finding, f) for f in others):
        return finding
    return replace(finding, verdict="unverified", name=None, why="period")


def _in_place(finding: Finding, said: Said, wording: Wording, sources: Sequence[Source]) -> Finding:
    """The finding, but unverified where a place prints another figure between the very words that this one stands
    between."""
    own = finding.fact
    ours = _words_beside(wording.text, said.quantity.start, said.quantity.end)
    if finding.verdict not in ("quoted", "rounded") or not ours:
        return finding
    if own and (own.label or (_beside(own) or ours)[0] == ours[0]):
        return finding
    if any(bare(wording.text) in bare(source.place.quote) for source in sources):
        return finding
    for source in sources:
        others = [fact for fact in source.place.facts if not fact.label and _beside(fact) == ours]
        if others and all(same_quantity(said.quantity, fact.said.quantity).kind == "different" for fact in others):
            return replace(finding, verdict="unverified", name=None, source=source, fact=others[0], why="value")
    return finding


def _beside(fact: Fact) -> tuple[str, str] | None:
    at = fact.sentence.find(fact.said.quantity.text)
    return _words_beside(fact.sentence, at, at + len(fact.said.quantity.text)) if at >= 0 else None


def _words_beside(text: str, start: int, end: int) -> tuple[str, str] | None:
    """The letters before and behind a figure; None where there are too few to know it by."""
    before, after = (re.sub(r"\d", "", bare(part)) for part in (text[max(0, start - 12) : start], text[end : end + 12]))
    return (before[-_BESIDE:], after[:_BESIDE]) if len(before) >= _BESIDE else None


def _in_order(pairs: list[Finding], wording: Wording) -> list[Finding]:
    """The findings, without those of a list of three and more figures of one row that stand in no order of its
    columns."""
    made = list(pairs)
    for run in lists(wording.text, [said.quantity for said in wording.said]):
        cells = [made[i] for i in run]
        rows = {(id(f.source.place), f.fact.label) for f in cells if f.source and f.fact and f.fact.column is not None}
        if len(run) < 3 or len(rows) != 1 or any(f.verdict != "quoted" or not f.fact for f in cells):
            continue
        broken = min((_broken(cells, way) for way in (1, -1)), key=len)
        for i, finding in zip(run, cells, strict=True):
            if finding in broken:
                made[i] = replace(finding, verdict="unverified", name=None, why="period")
    return made


def _each_its_own(pairs: list[Finding], wording: Wording) -> list[Finding]:
    """The findings, without those of a list through one row ("environment 78, social 92, governance 92") that are one
    and the same cell."""
    made = list(pairs)
    for run in _through_a_row(pairs, wording):
        cells = [fact.start for i in run if (fact := pairs[i].fact)]
        for i in run:
            fact = pairs[i].fact
            if fact and cells.count(fact.start) > 1:
                made[i] = replace(pairs[i], verdict="unverified", name=None, why="row")
    return made


def _through_a_row(pairs: Sequence[Finding], wording: Wording) -> Iterator[list[int]]:
    """Indices of three and more figures of one table row, with few words between each and the next."""
    run: list[int] = []
    for i, finding in enumerate(pairs):
        gap = wording.text[pairs[run[-1]].end : finding.start] if run else ""
        if run and not (_one_row(pairs[run[-1]], finding) and len(gap) <= _GAP and not re.search("[。；;]", gap)):
            if len(run) > 2:
                yield run
            run = []
        if finding.verdict == "quoted" and finding.fact and finding.fact.cell:
            run.append(i)
    if len(run) > 2:
        yield run


def _one_row(a: Finding, b: Finding) -> bool:
    """Whether two figures are cells of one table row."""
    if not (b.verdict == "quoted" and a.fact and b.fact and a.fact.cell and b.fact.cell):
        return False
    return (a.fact.cell[0], a.fact.cell[1].start) == (b.fact.cell[0], b.fact.cell[1].start)


def _broken(cells: Sequence[Finding], way: int) -> list[Finding]:
    """The figures of a list that no cell prints beyond the cell of the figure before."""
    last, missing = None, []
    for finding in cells:
        if not (finding.source and finding.fact):
            continue
        facts = (f for f in finding.source.place.facts if f.label == finding.fact.label and f.column is not None)
        equal = [
            f.column * way for f in facts if f.column and f.said.quantity.value == finding.fact.said.quantity.value
        ]
        later = [column for column in equal if last is None or column > last]
        if later:
            last = min(later)
        else:
            missing.append(finding)
    return missing


def _neighbours(a: Finding, b: Finding) -> bool:
    """Whether two figures are of one column, or side by side in one row."""
    if not (a.source and a.fact and b.source and b.fact and b.verdict in ("quoted", "rounded")):
        return False
    if a.fact.column is None or b.fact.column is None or a.source.place.report is not b.source.place.report:
        return False
    here, there = a.source.place, b.source.place
    if (here.start, here.end) == (there.start, there.end) and a.fact.label == b.fact.label:
        return abs(a.fact.column - b.fact.column) == 1
    return a.fact.header == b.fact.header


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
    compared: list[tuple[Source, Fact, Match]] = []
    for source in sources:
        around = lambda own=source: [p for other in sources if other is not own for p in other.place.periods]  # noqa: E731
        compared += [(source, fact, compare(said, wording, fact, source.place, around)) for fact in source.place.facts]
    same = [one for one in compared if one[2].outcome != "different"]
    if same:
        source, fact, match = min(same, key=lambda one: _rank(wording, one[1], one[2])) if len(same) > 1 else same[0]
        verdict: Verdict = "quoted" if match.outcome == "quoted" else "rounded"
        return figure(said, verdict, name=source.name, source=source, fact=fact)
    if compared:
        source, fact, match = min(compared, key=lambda one: _apart(said.quantity, wording, one[1], one[2]))
        return figure(said, "unverified", source=source, fact=fact, why=match.why)
    return figure(said, "unverified", why="nothing")


def _rank(wording: Wording, fact: Fact, match: Match) -> tuple[bool, int, bool]:
    """Of figures that agree, that one is meant which agrees exactly, shares most words, and is newest."""
    return match.outcome != "quoted", -len(wording.words & fact.words), not fact.newest


def _apart(ours: Quantity, wording: Wording, fact: Fact, match: Match) -> tuple[int, int, Decimal]:
    """Of figures that differ, that one is nearest that differs least in kind, shares most words, is closest."""
    theirs = fact.said.quantity
    return _distance(match.why, ours, theirs), -len(wording.words & fact.words), abs(theirs.value - ours.value)


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


def _with_support(
    finding: Finding, claim: Said, wording: Wording, strong: set[tuple[str, int, int]], searched: bool
) -> Finding:
    """A figure that agrees is proven only if its sentence speaks of what the place speaks of."""
    if finding.verdict not in ("quoted", "rounded") or finding.source is None or finding.fact is None:
        return finding
    place = finding.source.place
    if (place.report.report_id, place.start, place.end) in strong or _speaks_of(
        claim, wording, finding.fact, place, searched
    ):
        return finding
    return replace(finding, verdict="unverified", name=None, why="unrelated")


def _speaks_of(claim: Said, wording: Wording, fact: Fact, place: Place, searched: bool) -> bool:
    shared = (wording.words & fact.words) - set(vocabulary()["common"])
    score = sum(2 if token.isascii() else 1 for token in shared)
    if score >= 2 and len(shared) >= searched * _SHARED * len(wording.words):
        return True
    if any(name.kind != "broker" and related(name.id, place.names) for name in wording.names):
        return True
    if fact.label and fact.label in wording.folded:
        return True
    if not searched and not _says_anything(wording):
        return True
    day = claim.quantity.period
    days = [p for p in place.periods if p.kind in _DAYS]
    if day and day.kind in _DAYS and any(same_period(day, p) for p in days):
        return True
    if (script_of(wording.text) == "en") == (place.report.language == "en"):
        return False
    if not searched and _digits(fact.said.quantity) >= _TELLING - 1:
        return True
    there = {m.id for m in read_wording(fact.sentence).measures} | fact.said.measures
    named = not searched and any(related(name.id, place.names) for name in wording.names)
    return named or any(m.id in there for m in wording.measures)


def _says_anything(wording: Wording) -> bool:
    """Whether a text has words besides its figures, which could be of something else than its places."""
    if _PLAIN.search(wording.text):
        return True
    rest = wording.text
    for q in reversed(wording.quantities):
        rest = rest[: q.start] + " " + rest[q.end :]
    return len(re.findall(rf"[{CJK}]|[A-Za-z]{{2,}}", rest)) > _FEW_WORDS


def _computed_or_given(
    finding: Finding, said: Said, marked: Sequence[Calculation], given: Sequence[Quantity]
) -> Finding:
    if finding.verdict != "unverified":
        return finding
    for calculation in marked:
        if any(states(said.quantity, value, unit) for value, unit in values(calculation)):
            return figure(said, "derived", name=calculation.id)
    if marked and is_constant(said.quantity):
        return figure(said, "derived", name=marked[0].id)
    if any(_is_given(said.quantity, q) for q in given):
        return figure(said, "given", name="question")
    return finding


def _is_given(ours: Quantity, theirs: Quantity) -> bool:
    return ours.unit == theirs.unit and same_quantity(ours, theirs).kind == "equal"

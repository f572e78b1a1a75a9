"""Names, dates, codes and quotations of a sentence that none of its places prints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from assistant.grounding.computed import Source
from assistant.grounding.cues import cue
from assistant.grounding.dates import same_period
from assistant.grounding.finding import Finding
from assistant.grounding.wording import Wording, bare, read_wording
from assistant.language import fold
from assistant.lexicon import lexicon
from assistant.quantities import Period, find_quantities, same_quantity

_NEAR = 6  # characters before a version's number


def mentions(wording: Wording, sources: Sequence[Source], asked: Wording | None, question: str) -> Iterator[Finding]:
    """What is found on all of them; days that are told are findings too."""
    yield from _names(wording, sources, asked)
    yield from _dates(wording, sources, asked)
    yield from _codes(wording, sources, question)
    yield from _quotes(wording, sources)


def _names(wording: Wording, sources: Sequence[Source], asked: Wording | None) -> Iterator[Finding]:
    """Companies and products that none of the places a sentence cites speaks of."""
    if not sources or not wording.names:
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
    around = [(source, p) for source in sources for p in source.place.periods] if wording.periods else []
    for period in wording.periods:
        support = next((source for source, p in around if _covers(period, p)), None) or _spanned(period, around)
        value = (
            period.first
            if period.first == period.last and period.first
            else "/".join(filter(None, (period.first, period.last))) or period.text
        )
        if support and period.kind == "day":
            yield Finding("date", period.text, period.start, period.end, value, None, "quoted", support.name, support)
        elif not support and _is_this_year(period) and any(_says_this_year(source) for source in sources):
            continue
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


def _is_this_year(period: Period) -> bool:
    return period.kind == "year-to-date" and period.first is None


def _says_this_year(source: Source) -> bool:
    return bool(cue("this_year").search(source.place.folded))


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


def _spanned(ours: Period, around: Sequence[tuple[Source, Period]]) -> Source | None:
    """The place that names the first and the last year of a stretch of years."""
    if ours.kind != "years" or not (ours.first and ours.last):
        return None
    years = {period.first[:4]: source for source, period in around if period.first and period.kind == "year"}
    return years.get(ours.first[:4]) and years.get(ours.last[:4])


def _codes(wording: Wording, sources: Sequence[Source], question: str) -> Iterator[Finding]:
    """Codes, model names and figure numbers whose digits no place prints."""
    shown = "".join([*(source.place.folded for source in sources), fold(question)]) if wording.codes else ""
    for start, end in wording.codes:
        text = wording.text[start:end]
        if not _printed(fold(text), shown) and not _is_figure(text, sources) and not _is_translated(text, sources):
            yield Finding(
                "name", text, start, end, text, None, "unverified", source=sources[0] if sources else None, why="value"
            )


def _is_figure(text: str, sources: Sequence[Source]) -> bool:
    """Whether a company's name with a number behind it is a figure of that company: "Meta 59" of a table."""
    found = find_quantities(re.sub(r"^\D+", "", text))
    names = {name.id for name in read_wording(re.sub(r"[\d.]+$", "", text)).names}
    facts = (fact for source in sources for fact in source.place.facts)
    return bool(found and names) and any(
        fact.said.names & names and same_quantity(found[0], fact.said.quantity).kind == "equal" for fact in facts
    )


def _is_translated(text: str, sources: Sequence[Source]) -> bool:
    """Whether a version's number stands in a place behind the same concept in the other language: "Ads 3.0"."""
    word = re.fullmatch(r"([A-Za-z]+) (\d+\.\d+)", text)
    if not word:
        return False
    concepts = {mention.term.id for mention in lexicon().concepts_in(word[1])}
    for source in sources:
        for m in re.finditer(rf"(?<![\d.]){re.escape(word[2])}(?![\d.])", source.place.quote):
            before = source.place.quote[max(0, m.start() - _NEAR) : m.start()]
            if concepts & {mention.term.id for mention in lexicon().concepts_in(before)}:
                return True
    return False


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
    shown = [source.place.context for source in sources] if wording.quotes else []
    for start, end in wording.quotes:
        text = wording.text[start:end]
        parts = [bare(part) for part in re.split(r"…+|\.{3,}|⋯+", text)]
        if not all(any(part in one for one in shown) for part in parts if part):
            yield Finding(
                "quote", text, start, end, text, None, "unverified", source=sources[0] if sources else None, why="value"
            )

"""The check of anybody's text: a verdict on every figure, with the place that supports it or the nearest there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.errors import InputError
from assistant.grounding.computed import Source
from assistant.grounding.places import Places
from assistant.grounding.sentences import Sentence
from assistant.grounding.verdicts import Finding, Kind, examine
from assistant.language import script_of
from assistant.messages import say
from assistant.types import Language, Report, Verdict

if TYPE_CHECKING:
    from assistant.library import Library
    from assistant.retrieval import Retriever

_FOUND = 12  # passages looked at for a sentence


@dataclass(frozen=True, slots=True)
class Span:
    """A place that a text may rest on: a file name as ingested (or a report id) and characters of its text."""

    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Support:
    """A place in the library, `quote == report.text[start:end]`; `figure` is what it prints there for the figure."""

    report_id: str
    source: str
    start: int
    end: int
    quote: str
    figure: str | None


@dataclass(frozen=True, slots=True)
class CheckedFigure:
    """A figure (or date, name with digits, company, quotation) of a text at `start:end`, with its verdict.

    `source` supports it; for an unverified one `nearest` is the nearest figure there is, and `why` a sentence on what
    differs.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: str
    unit: str | None
    verdict: Verdict
    source: Support | None
    nearest: Support | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome for a text; `verified` is True when no figure is unverified."""

    language: Language
    figures: tuple[CheckedFigure, ...]
    verified: bool


def check_text(
    text: str,
    retriever: Retriever,
    library: Library,
    citations: Sequence[Span] | None = None,
    places: Places | None = None,
) -> Check:
    """A verdict on every figure of somebody's text. With `citations` it may rest on those alone; without, each
    sentence is looked up in the library.

    Raises InputError for a citation of a report that is not there or beyond its text.
    """
    reader = places or Places()
    language = script_of(text)
    if citations is None:
        found = examine(text, lambda sentence: _found(sentence, retriever, reader), searched=True)
    else:
        cited = [_cited(n, span, library, reader) for n, span in enumerate(citations, 1)]
        found = examine(text, lambda sentence: cited)
    figures = tuple(_checked(one, language) for one in found)
    return Check(language, figures, all(figure.verdict != "unverified" for figure in figures))


def _found(sentence: Sentence, retriever: Retriever, reader: Places) -> list[Source]:
    hits = retriever.search(sentence.text, _FOUND)
    return [Source("", reader.read(hit.report, hit.passage.start, hit.passage.end)) for hit in hits]


def _cited(n: int, span: Span, library: Library, reader: Places) -> Source:
    report = _report(span.source, library)
    if not 0 <= span.start < span.end <= len(report.text):
        raise InputError(f"{span.source} has no characters {span.start} to {span.end}; its text has {len(report.text)}")
    return Source(f"[{n}]", reader.read(report, span.start, span.end))


def _report(source: str, library: Library) -> Report:
    named = [info.report_id for info in library.infos() if source in (info.source, info.report_id)]
    return library.report(named[-1] if named else source)


def _checked(finding: Finding, language: Language) -> CheckedFigure:
    supported = finding.verdict in ("quoted", "rounded")
    place = _support(finding)
    return CheckedFigure(
        kind=finding.kind,
        text=finding.text,
        start=finding.start,
        end=finding.end,
        value=finding.value,
        unit=finding.unit,
        verdict=finding.verdict,
        source=place if supported else None,
        nearest=None if supported else place,
        why=reason_in_words(finding, language) if finding.verdict == "unverified" else None,
    )


def _support(finding: Finding) -> Support | None:
    if finding.source is None:
        return None
    place, fact = finding.source.place, finding.fact
    if finding.why == "nothing" or (finding.verdict == "unverified" and fact is None):
        return None
    start, end = (place.start, place.end)
    figure = place.report.text[fact.start : fact.end] if fact else None
    return Support(place.report.report_id, place.report.source, start, end, place.quote, figure)


def reason_in_words(finding: Finding, language: Language) -> str:
    """What an unverified finding lacks, for a reader of this language."""
    key = f"check_{finding.kind}" if finding.kind != "number" else f"check_why_{finding.why or 'nothing'}"
    theirs = (
        finding.source.place.report.text[finding.fact.start : finding.fact.end]
        if finding.source and finding.fact
        else ""
    )
    return say(key, language, ours=finding.text, theirs=theirs)

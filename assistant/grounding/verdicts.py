"""Verdicts: each figure of a text against the places and calculations that its own sentence cites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from assistant.grounding.computed import Source, holds
from assistant.grounding.figures import numbers
from assistant.grounding.finding import Finding, Kind
from assistant.grounding.mentions import mentions
from assistant.grounding.places import Places
from assistant.grounding.sentences import Sentence, sentences
from assistant.grounding.sums import derived
from assistant.grounding.wording import read_wording
from assistant.quantities import find_quantities
from assistant.tracing import span
from assistant.types import Calculation, Citation, Language, Report, StatedFigure

__all__ = ["Finding", "Kind", "examine", "ground", "stated"]


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
    with span("grounding"):
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
        checked = derived(wording, numbers(wording, sources, results, given, whole), sources)
        others = mentions(wording, sources, asked, question)
        local = sorted([*checked, *others], key=lambda f: (f.start, f.end))
        found += [replace(f, start=f.start + sentence.start, end=f.end + sentence.start) for f in local]
    return found

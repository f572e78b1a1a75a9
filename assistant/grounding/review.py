"""A draft's sentence under review: what in it lacks support and why, whether it needs evidence, and which supports it.

For whoever lets a model write and asks it to mend what failed. The signatures here are kept stable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.grounding.check import reason_in_words
from assistant.grounding.computed import Source
from assistant.grounding.cues import cue
from assistant.grounding.places import Place, Places
from assistant.grounding.verdicts import Finding, Kind, examine, stated
from assistant.grounding.wording import Wording, bare, read_wording
from assistant.language import fold, script_of
from assistant.types import Calculation, Citation, Language, Report, StatedFigure

Reason = Literal[
    "value", "scale", "sign", "unit", "currency", "period", "company", "metric", "citation", "precision", "bound",
    "operand", "date", "name", "quote",
]  # fmt: skip
_REASONS: Mapping[str, Reason] = {
    "value": "value", "scale": "scale", "sign": "sign", "unit": "unit", "currency": "currency", "period": "period",
    "company": "company", "row": "metric", "measure": "metric", "nothing": "citation", "unrelated": "citation",
    "precision": "precision", "bound": "bound", "operand": "operand",
}  # fmt: skip
_SHARED = 0.5  # of the words of a sentence without figures, in the passage that supports it
_FEWEST = 3  # words (or concepts, where the languages differ) that it shares with it


@dataclass(frozen=True, slots=True)
class Fault:
    """What a sentence states at `start:end` without support.

    `reason` is for programs: how a figure differs from the nearest one cited ("metric": it is of another row or
    measure; "citation": nothing like it is cited, or the place cited speaks of something else), or what is not there at
    all ("date", "name", "quote"). `said` tells it in the asker's language; `nearest` is the quote compared with.
    """

    kind: Kind
    text: str
    start: int
    end: int
    reason: Reason
    said: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """A sentence's figures with their verdicts, and its faults; it passes if it has none."""

    figures: tuple[StatedFigure, ...]
    faults: tuple[Fault, ...]

    @property
    def passes(self) -> bool:
        """Whether everything in the sentence is supported."""
        return not self.faults


def review(
    sentence: str,
    citations: Sequence[Citation],
    reports: Mapping[str, Report],
    calculations: Sequence[Calculation] = (),
    question: str = "",
    language: Language = "zh-Hans",
    places: Places | None = None,
    others: Sequence[Citation] = (),
) -> Review:
    """Reviews a sentence (or several) that rests on these citations and calculations, all of them, whatever markers it
    carries.

    `reports` are those of the citations, by id; `others` are citations of the answer that only the operands of
    `calculations` may name; `language` is the asker's. A citation of an unknown report supports nothing. Pass one
    `places` for all sentences of an answer: it remembers what was read.
    """
    reader = places or Places()
    own = _sources(citations, reports, reader)
    every = {**_sources(others, reports, reader), **own}
    found = examine(sentence, lambda _s: list(own.values()), calculations, question, every, marked=True)
    faults = tuple(_fault(f, language) for f in found if f.verdict == "unverified")
    return Review(stated(found), faults)


def claims(text: str) -> bool:
    """Whether a sentence states facts (figures, dates, names, quotations) and so needs evidence.

    A heading, a lead-in that ends with a colon, a question, and a sentence that says the reports don't say need none.
    """
    wording = read_wording(text)
    if any(said.quantity.unit for said in wording.said) or wording.quotes:
        return True
    line = text.strip()
    if re.match(r"#|\*\*[^*]+\*\*\W*\Z", line) or re.search(r"[:：?？]\W*\Z", line):
        return False
    if is_silent(text):
        return False
    return bool(wording.said or wording.names or wording.periods or wording.codes)


def is_silent(text: str) -> bool:
    """Whether a sentence says that the reports don't say."""
    return bool(cue("silent").search(fold(text)))


def supporting(
    sentence: str,
    evidence: Sequence[Citation],
    reports: Mapping[str, Report],
    question: str = "",
    places: Places | None = None,
) -> tuple[Citation, ...]:
    """The citations among `evidence` that support a sentence which cites none: one if one does, else the few that do
    together; () if they don't. With figures, each must be proven there; without, the sentence must be of the place's
    words and names.
    """
    reader = places or Places()
    wording = read_wording(sentence)
    sources = _sources(evidence, reports, reader)
    ranked = sorted(sources, key=lambda n: -len(wording.words & sources[n].place.words))
    for n in ranked:
        if _supports(sentence, wording, [sources[n]], question):
            return tuple(c for c in evidence if c.n == n)
    found = examine(sentence, lambda _s: list(sources.values()), (), question, searched=True)
    used = {f.source.name for f in found if f.verdict in ("quoted", "rounded") and f.source}
    together = [source for source in sources.values() if source.name in used]
    if len(together) > 1 and _supports(sentence, wording, together, question):
        return tuple(c for c in evidence if f"[{c.n}]" in used)
    return ()


def _sources(citations: Sequence[Citation], reports: Mapping[str, Report], reader: Places) -> dict[int, Source]:
    return {
        c.n: Source(f"[{c.n}]", reader.read(reports[c.report_id], c.start, c.end))
        for c in citations
        if c.report_id in reports
    }


def _supports(sentence: str, wording: Wording, sources: list[Source], question: str) -> bool:
    found = examine(sentence, lambda _s: sources, (), question)
    if any(f.verdict == "unverified" for f in found):
        return False
    if any(f.verdict in ("quoted", "rounded", "derived") and f.kind == "number" for f in found):
        return True
    return not wording.said and any(_says(wording, source.place) for source in sources)


def _says(wording: Wording, place: Place) -> bool:
    """Whether a place says what a sentence without figures says, as far as words tell."""
    if bare(wording.text) and bare(wording.text) in bare(place.quote):
        return True
    shared = wording.words & place.words
    if len(shared) >= max(_FEWEST, _SHARED * len(wording.words)):
        return True
    if (script_of(wording.text) == "en") == (place.report.language == "en"):
        return False
    ours = {m.id for m in (*wording.measures, *wording.names)}
    there = read_wording(place.quote)
    return len(ours & {m.id for m in (*there.measures, *there.names)}) >= _FEWEST


def _fault(finding: Finding, language: Language) -> Fault:
    reason: Reason = _REASONS[finding.why or "nothing"] if finding.kind == "number" else finding.kind
    nearest = finding.source.place.quote if finding.source and finding.fact else None
    said = reason_in_words(finding, language)
    return Fault(finding.kind, finding.text, finding.start, finding.end, reason, said, nearest)

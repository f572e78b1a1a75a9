"""An answer without a model: the few sentences, rows and cells that answer, quoted in their own characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.chunking import search_text
from assistant.evidence import Evidence, Judge, gather
from assistant.messages import say
from assistant.questions import Question
from assistant.retrieval import Retriever, printed_date
from assistant.types import Answer, Citation, Filters, Language

if TYPE_CHECKING:
    from assistant.library import Library

MOST_CITATIONS = 6
_FOUND = 30  # passages looked through for an answer


def answer(text: str, retriever: Retriever, library: Library, filters: Filters | None = None) -> Answer:
    """The answer of the reports' own words to a question, or "not_found" with the nearest thing there is."""
    question = retriever.understand(text)
    if not question.groups:
        return _nothing(question, say("empty_question" if not text.strip() else "not_found", question.language))
    judge = Judge(question, retriever)
    found = gather(question, retriever.hits(question, _FOUND, filters), judge)
    if not found:
        return _nothing(question, say("not_found", question.language))
    if not _answers(found[0], judge):
        return _compose(question, "not_found", say("not_found_nearest", question.language), found[:1])
    return _compose(question, "answered", say("found", question.language), chosen(found, judge))


def _answers(best: Evidence, judge: Judge) -> bool:
    return best.share >= 0.0


def chosen(found: Sequence[Evidence], judge: Judge) -> list[Evidence]:
    """The places that together cover the question: the best one, then each that adds what is not covered yet."""
    many = bool({"listing", "compare", "conflict", "common"} & judge.question.intents) or len(judge.question.issuers) > 1
    picked: list[Evidence] = []
    covered: dict[int, float] = {}
    pool = list(found[:40])
    while pool and len(picked) < MOST_CITATIONS:
        best = max(pool, key=lambda e: e.score + 1.2 * _gain(e, covered, judge))
        gain = _gain(best, covered, judge)
        if picked and gain < 0.12 and not (len(picked) < (4 if many else 2) and best.score > 0.85 * picked[0].score):
            break
        picked.append(best)
        for i, value in best.covers.items():
            covered[i] = max(covered.get(i, 0.0), value)
        pool = [e for e in pool if not _same_place(e, best)]
    return picked


def _gain(evidence: Evidence, covered: dict[int, float], judge: Judge) -> float:
    added = sum(judge.weights[i] * max(0.0, value - covered.get(i, 0.0)) for i, value in evidence.covers.items())
    return added / judge.total


def _same_place(a: Evidence, b: Evidence) -> bool:
    return a.report.report_id == b.report.report_id and a.start < b.end and b.start < a.end


def _nothing(question: Question, text: str) -> Answer:
    return Answer(question.text, question.language, "not_found", text)


def _compose(question: Question, status: str, lead: str, places: Sequence[Evidence]) -> Answer:
    citations = [citation(n, place) for n, place in enumerate(places, 1)]
    lines = [lead, "", *(f"- {shown(place)} [{c.n}]" for place, c in zip(places, citations, strict=True))]
    return Answer(
        question=question.text,
        language=question.language,
        status=status,  # type: ignore[arg-type]
        text="\n".join(lines),
        citations=tuple(citations),
        as_of=as_of(places),
    )


def citation(n: int, place: Evidence) -> Citation:
    """A place as the contract's citation."""
    report = place.report
    return Citation(n, report.report_id, report.source, report.title, report.issuer, printed_date(report), place.passage.page,
                    place.passage.section, place.passage.figure, place.kind, place.quote, place.start, place.end)


def as_of(places: Sequence[Evidence]) -> str | None:
    """The date of the newest report that an answer rests on."""
    return max((day for place in places if (day := printed_date(place.report))), default=None)


def shown(place: Evidence) -> str:
    """A quote as an answer prints it: on one line; a table row with the label of each column."""
    if place.table is not None and place.row is not None:
        return row_text(place)
    quote = search_text(place.quote)
    return re.sub(r"\s+", " ", quote).strip(" #")


def row_text(place: Evidence) -> str:
    """A table row as "caption · label: column value, column value"."""
    assert place.table is not None and place.row is not None
    row = place.table.rows[place.row]
    labels = {column.index: column.label for column in place.table.columns}
    cells = [(labels.get(cell.column, ""), re.sub(r"\s+", " ", search_text(cell.text))) for cell in row.cells]
    parts = [f"{label} {text}".strip() if label and label != text else text for label, text in cells[1:]]
    head = " · ".join(part for part in (place.table.caption, row.group, cells[0][1] if cells else row.label) if part)
    return f"{head}: {', '.join(part for part in parts if part)}"


def language_of(question: Question) -> Language:
    """The language an answer is written in."""
    return question.language

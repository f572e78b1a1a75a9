"""An answer without a model: the few sentences, rows and cells that answer, quoted in their own characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant import tabular
from assistant.chunking import search_text
from assistant.evidence import Evidence, Judge, gather
from assistant.messages import say
from assistant.questions import Question
from assistant.retrieval import Retriever, printed_date
from assistant.types import Answer, Citation, Filters, Hit, Language, Passage

if TYPE_CHECKING:
    from assistant.library import Library

MOST_CITATIONS = 6
_TABLES = 200  # tables looked at
_TABLE_MARGIN = 0.05
_FIGURE_MARGIN = 0.25
_LEAST_GAIN, _ALWAYS, _NEARLY, _FACET = 0.08, 3, 0.75, 0.12
_FOUND = 30  # passages looked through for an answer


def answer(text: str, retriever: Retriever, library: Library, filters: Filters | None = None) -> Answer:
    """The answer of the reports' own words to a question, or "not_found" with the nearest thing there is."""
    question = retriever.understand(text)
    if not question.groups:
        return _nothing(question, say("empty_question" if not text.strip() else "not_found", question.language))
    judge = Judge(question, retriever)
    hits = retriever.hits(question, _FOUND, filters)
    found = gather(question, hits, judge)
    if not found:
        return _nothing(question, say("not_found", question.language))
    if missing := _missing_figure(question, found):
        return _figure_answer(question, missing, found, judge)
    rows = table_places(question, judge, hits, found, retriever, library)
    if not rows and not _answers(found[0], judge):
        return _compose(question, "not_found", say("not_found_nearest", question.language), found[:1])
    return _compose(question, "answered", say("found", question.language), chosen(found, rows, judge))


def _answers(best: Evidence, judge: Judge) -> bool:
    return best.share >= 0.0


def _missing_figure(question: Question, found: Sequence[Evidence]) -> Evidence | None:
    """The caption of a figure without picture that the question is about: named by its number, or covering the
    question better than any sentence or row with a figure in it does."""
    captions = [e for e in found if e.kind == "figure" and not _pictured(e)]
    for number in question.figures:
        named = [e for e in captions if e.passage.figure == number]
        if named:
            return named[0]
    if not captions or not question.wants:
        return None
    best = max(captions, key=lambda e: e.share)
    rivals = (e.share * (1.0 if e.fits == 1.0 else 0.5) for e in found if e.kind in ("text", "table_row"))
    margin = -_FIGURE_MARGIN if "figure" in question.intents else 0.1 * _FIGURE_MARGIN
    return best if best.share >= max(rivals, default=0.0) + margin else None


def _pictured(place: Evidence) -> bool:
    return any(f.has_picture for f in place.report.figures if f.start == place.start)


def _figure_answer(question: Question, caption: Evidence, found: Sequence[Evidence], judge: Judge) -> Answer:
    """What can be said of a figure whose picture is absent: its caption, and what the text states beside it."""
    figure = next(f for f in caption.report.figures if f.start == caption.start)
    lead = say("figure_missing", question.language, figure=f"「{shown(caption)}」" if question.language != "en" else f"“{shown(caption)}”")
    if figure.number:
        lead = f"{say('figure_name', question.language, number=figure.number)}: {lead}"
    beside = [e for e in found if e.kind != "figure" and e.report is caption.report and e.share > 0.5 * caption.share][:1]
    return _compose(question, "answered", lead, [caption, *beside])


def table_places(question: Question, judge: Judge, hits: Sequence[Hit], found: Sequence[Evidence],
                 retriever: Retriever, library: Library) -> list[Evidence]:
    """The rows by which a table answers, as evidence, or nothing where running text covers the question better."""
    reports = {hit.report.report_id: hit.report for hit in hits}
    for report_id in retriever.asked_reports(question):
        reports.setdefault(report_id, library.report(report_id))
    asked = retriever.asked_reports(question)
    tables = [(report, table.index) for report in reports.values() for table in report.tables
              if not asked or report.report_id in asked][:_TABLES]
    selections = tabular.select(question, judge, tables)
    if not selections:
        return []
    best = selections[0]
    text = max((e.share for e in found if e.kind == "text"), default=0.0)
    if best.score < text + _TABLE_MARGIN:
        return []
    kept = selections if best.operation == "common" else [s for s in selections if s.score > 0.85 * best.score][:3]
    return [place for selection in kept for place in _row_places(selection)]


def _row_places(selection: tabular.Selection) -> list[Evidence]:
    one = selection.view
    places = []
    for r in selection.rows[: tabular.MOST_ROWS]:
        row = one.table.rows[r]
        passage = Passage(f"{one.report.report_id}-{row.start}-{row.end}", one.report.report_id, "table_row", row.start, row.end,
                          one.report.text[row.start : row.end], "", one.table.page, one.table.section,
                          one.table.number or one.table.caption, one.table.index, r)
        places.append(Evidence(one.report, passage, "table_row", row.start, min(row.end, row.start + 420), selection.score, 1.0, 1.0, {},
                               one.table, r))
    return places


def chosen(found: Sequence[Evidence], rows: Sequence[Evidence], judge: Judge) -> list[Evidence]:
    """The places that together cover the question: the best one, then each that adds what is not covered yet."""
    if len(rows) > 1:
        return list(rows)
    picked = list(rows)
    pool = [e for e in found[:50] if e.kind != "table" and not any(_same_place(e, row) for row in rows)]
    while pool and len(picked) < MOST_CITATIONS:
        best = max(pool, key=lambda e: e.score + 1.2 * _gain(e, picked, judge))
        if picked and _gain(best, picked, judge) < _LEAST_GAIN and not (len(picked) < _ALWAYS and best.score > _NEARLY * picked[0].score):
            break
        picked.append(best)
        pool = [e for e in pool if not _same_place(e, best)]
    return picked


def _gain(evidence: Evidence, picked: Sequence[Evidence], judge: Judge) -> float:
    """What a place adds to those picked: the share of the question newly covered, and a name or a broker asked about
    that none of them speaks of."""
    covered: dict[int, float] = {}
    for other in picked:
        for i, value in other.covers.items():
            covered[i] = max(covered.get(i, 0.0), value)
    added = sum(judge.weights[i] * max(0.0, value - covered.get(i, 0.0)) for i, value in evidence.covers.items()) / judge.total
    names = [i for i, group in enumerate(judge.groups) if group.kind == "name"]
    if len(names) > 1 and any(evidence.covers.get(i, 0.0) > 0.7 > covered.get(i, 0.0) for i in names):
        added += _FACET
    if len(judge.question.issuers) > 1 and all(evidence.report is not other.report for other in picked):
        added += 2 * _FACET
    return added


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

"""An answer without a model: the few sentences, rows and cells that answer, quoted in their own characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant import tabular
from assistant.evidence import Evidence, Judge, gather
from assistant.messages import say
from assistant.questions import Question, fixed_figures
from assistant.reckoning import Reckoning, reckon
from assistant.refusal import NAMED, said
from assistant.retrieval import Retriever, printed_date
from assistant.statements import MOST_CITATIONS, Statement, cited_rows, compose, pictured, quoted, shown
from assistant.types import Answer, Filters, Hit, Language

if TYPE_CHECKING:
    from assistant.library import Library

_FOUND = 30  # passages looked through for an answer
_TABLES = 200  # tables looked at
_TABLE_MARGIN, _MUCH_MORE = 0.05, 0.4  # how much better than text a table must be, how much less it may cover
_FIGURE_MARGIN = 0.25
_FEW_WORDS = 6  # beside a publication date
_LEAST_GAIN, _ALWAYS, _NEARLY, _FACET = 0.03, 5, 0.4, 0.12
_BESIDE_SUM = 2  # passages shown beside the operands of a sum


def answer(
    text: str, retriever: Retriever, library: Library, filters: Filters | None = None, language: Language | None = None
) -> Answer:
    """The answer of the reports' own words to a question, or "not_found" with the nearest thing there is.

    It is written in `language`, else in the question's own.
    """
    question = retriever.understand(text)
    question = replace(question, language=language or question.language)
    if not question.groups and not question.figures:
        return _nothing(question, say("empty_question" if not text.strip() else "not_found", question.language))
    if "published" in question.intents and (dated := _publication(question, retriever, library)):
        return dated
    judge = Judge(question, retriever)
    hits = retriever.hits(question, _FOUND, filters)
    found = gather(question, hits, judge)
    views = _views(question, hits, retriever, library)
    if reckoned := reckon(question, judge, found, views):
        return _computed(question, reckoned, found, judge)
    if missing := _missing_figure(question, judge, found):
        return _figure_answer(question, missing, found, judge)
    statements, settled = table_statements(question, judge, found, views)
    if not statements and not found:
        return _nothing(question, say("not_found", question.language))
    if not said(question, judge, [*found, *(s.place for s in statements)], settled):
        return compose(
            question,
            "not_found",
            say("not_found_nearest", question.language),
            [quoted(e, question.language) for e in found[:1]],
        )
    if not settled:
        taken = [s.place for s in statements]
        statements += [quoted(e, question.language) for e in chosen(found, judge, taken)]
    return compose(question, "answered", say("found", question.language), statements)


def _publication(question: Question, retriever: Retriever, library: Library) -> Answer | None:
    """When a report was published, where that is all that is asked of one broker: the printed date with its place,
    or that none is printed. None where more is asked, which the passages must answer."""
    asked = [library.report(one) for one in retriever.asked_reports(question)]
    rest = [g for g in question.groups if g.kind in ("concept", "word") and not (g.term and g.term.kind == "document")]
    if len(asked) != 1 or len(question.parts) > 1 or len(rest) > _FEW_WORDS or printed_date(asked[0]):
        return None
    report = asked[0]
    key = "date_not_printed" if report.date else "date_unknown"
    return _nothing(question, say(key, question.language, date=report.date))


def _missing_figure(question: Question, judge: Judge, found: Sequence[Evidence]) -> Evidence | None:
    """The caption of a figure without picture that the question is about: named by its number, or covering the
    question better than any sentence or row with a figure in it does."""
    captions = [e for e in found if e.kind == "figure" and not pictured(e)]
    told = [e for e in captions if _tells(e, judge)]
    for number in question.figures:
        numbered = [e for e in captions if e.passage.figure == number]
        if numbered:
            return numbered[0]
    drawn = "figure" in question.intents
    if not told or not question.wants or (not drawn and (question.parts or len(question.issuers) > 1)):
        return None
    best = max(told, key=lambda e: e.share)
    rivals = (e.share * (0.6 + 0.4 * e.fits) for e in found if e.kind in ("text", "table_row"))
    margin = -_FIGURE_MARGIN if drawn else 0.1 * _FIGURE_MARGIN
    return best if best.share >= max(rivals, default=0.0) + margin else None


def _tells(caption: Evidence, judge: Judge) -> bool:
    """Whether a caption names what is asked, not only whose it is: every figure of a fixed name, else some of it."""
    keys = fixed_figures(judge.question)
    if keys:
        return all(caption.covers.get(i, 0.0) >= NAMED for i in keys)
    return any(
        value >= NAMED and judge.groups[i].kind in ("concept", "word") and judge.weights[i] > 1
        for i, value in caption.covers.items()
    )


def _figure_answer(question: Question, caption: Evidence, found: Sequence[Evidence], judge: Judge) -> Answer:
    """What can be said of a figure whose picture is absent: its caption, and what the text states beside it."""
    figure = next(f for f in caption.report.figures if f.start == caption.start)
    lead = say(
        "figure_missing",
        question.language,
        figure=f"「{shown(caption)}」" if question.language != "en" else f"“{shown(caption)}”",
    )
    if figure.number:
        lead = f"{say('figure_name', question.language, number=figure.number)}: {lead}"
    beside = [e for e in found if e.kind != "figure" and e.report is caption.report and e.share > 0.5 * caption.share][
        :1
    ]
    return compose(question, "answered", lead, [quoted(e, question.language) for e in (caption, *beside)])


def _views(question: Question, hits: Sequence[Hit], retriever: Retriever, library: Library) -> list[tabular.View]:
    """The tables of the reports asked, or of those found."""
    asked = retriever.asked_reports(question) if question.scoped else set()
    reports = {hit.report.report_id: hit.report for hit in hits} | {one: library.report(one) for one in asked}
    tables = [
        (report, table.index)
        for report in reports.values()
        for table in report.tables
        if not asked or report.report_id in asked
    ]
    return [tabular.view(report, index) for report, index in tables[:_TABLES]]


def _computed(question: Question, reckoned: Reckoning, found: Sequence[Evidence], judge: Judge) -> Answer:
    """A computed answer: the sum, the places of its operands, and what the reports say beside them."""
    beside = chosen(found, judge, reckoned.places) if reckoned.places else []
    places = [*reckoned.places, *beside[:_BESIDE_SUM]]
    composed = compose(question, "answered", reckoned.lead, [quoted(e, question.language) for e in places])
    return replace(composed, calculations=reckoned.calculations)


def table_statements(
    question: Question, judge: Judge, found: Sequence[Evidence], views: Sequence[tabular.View]
) -> tuple[list[Statement], bool]:
    """What a table answers, row by row, or nothing where running text covers the question better; and whether that
    settles the question (its row and column, or an operation on the table), so that no text need be added."""
    if len(question.issuers) > 1 and "common" not in question.intents:
        return [], False
    selections = tabular.select(question, judge, views)
    if not selections:
        return [], False
    best = selections[0]
    text = max((e.share * (0.6 + 0.4 * e.fits) for e in found if e.kind == "text"), default=0.0)
    if best.score < text + _TABLE_MARGIN:
        return [], False
    if not (best.operation == "common" or _speaks_as_much(best, found, judge)):
        return [], False
    least = 0.55 if best.labelled and "conflict" in question.intents else 0.85
    kept = (
        selections
        if best.operation == "common"
        else [s for s in selections if s.score > least * best.score and s.labelled == best.labelled][:3]
    )
    listed = best.operation == "rows" and "listing" in question.intents
    named = best.labelled and bool(best.columns)
    settled = best.operation not in ("lookup", "rows") or listed or named or len(best.rows) > 2
    if "conflict" in question.intents:  # a table may be at odds with the text
        settled = False
    return cited_rows(question, judge, kept), settled


def _speaks_as_much(best: tabular.Selection, found: Sequence[Evidence], judge: Judge) -> bool:
    """Whether a table names about as much of what is asked (names and periods apart) as the best sentence does."""
    asked = {i: w for i, w in enumerate(judge.weights) if judge.groups[i].kind in ("concept", "word")}
    total = sum(asked.values()) or 1.0
    table = sum(w for i, w in asked.items() if i in best.covered)
    text = max(
        (sum(w for i, w in asked.items() if e.covers.get(i, 0.0) > 0.4) for e in found if e.kind == "text"), default=0.0
    )
    return (text - table) / total < _MUCH_MORE


def chosen(found: Sequence[Evidence], judge: Judge, taken: Sequence[Evidence] = ()) -> list[Evidence]:
    """The places that together cover the question, beside those `taken`: the best for each thing it asks, then each
    that adds what is not covered yet."""
    pool = [e for e in found[:50] if e.kind != "table" and not any(_same_place(e, other) for other in taken)]
    picked: list[Evidence] = []
    most = MOST_CITATIONS - len(taken)
    for part in judge.question.parts[:4]:
        best = max(pool, key=lambda e: judge.part_score(e, part), default=None)
        if best is not None and not any(_same_place(best, e) for e in picked):
            picked.append(best)
    for issuer in judge.question.issuers if len(judge.question.issuers) > 1 else ():
        own = [e for e in pool if e.report.issuer == issuer.name]
        if own and not any(e.report.issuer == issuer.name for e in picked):
            picked.append(own[0])
    pool = [e for e in pool if not any(_same_place(e, other) for other in picked)]
    while pool and len(picked) < most:
        best = max(pool, key=lambda e: e.score + 1.2 * _gain(e, picked, judge))
        near = len(picked) < _ALWAYS and picked and best.score > _NEARLY * picked[0].score
        if picked and not near and _gain(best, picked, judge) < _LEAST_GAIN:
            break
        picked.append(best)
        pool = [e for e in pool if not _same_place(e, best) and not _same_words(e, best)]
    return picked


def _same_words(a: Evidence, b: Evidence) -> bool:
    """A summary and the body often have the same sentence: one of them is enough."""
    return (
        a.folded == b.folded
        or (len(b.folded) > 20 and b.folded in a.folded)
        or (len(a.folded) > 20 and a.folded in b.folded)
    )


def _gain(evidence: Evidence, picked: Sequence[Evidence], judge: Judge) -> float:
    """What a place adds to those picked: the share of the question newly covered, and a name or a broker asked about
    that none of them speaks of."""
    covered: dict[int, float] = {}
    for other in picked:
        for i, value in other.covers.items():
            covered[i] = max(covered.get(i, 0.0), value)
    added = (
        sum(judge.weights[i] * max(0.0, value - covered.get(i, 0.0)) for i, value in evidence.covers.items())
        / judge.total
    )
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

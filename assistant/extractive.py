"""An answer without a model: the few sentences, rows and cells that answer, quoted in their own characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant import tabular
from assistant.chunking import search_text
from assistant.evidence import Evidence, Judge, gather, named
from assistant.language import fold
from assistant.lexicon import lexicon
from assistant.messages import say
from assistant.questions import Question, fixed_figures
from assistant.reading.labels import readable
from assistant.reading.tables import unit_of
from assistant.reckoning import Reckoning, reckon
from assistant.retrieval import Retriever, printed_date
from assistant.types import (
    Answer,
    Citation,
    CitationKind,
    Column,
    Filters,
    Hit,
    Language,
    Passage,
    Report,
    Row,
    Status,
    Table,
)

if TYPE_CHECKING:
    from assistant.library import Library

MOST_CITATIONS = 6
_TABLES = 200  # tables looked at
_TABLE_MARGIN = 0.05
_LONGEST_TABLE = 560  # characters of one citation of rows
_MUCH_MORE = 0.4
_LEAST_SHARE, _NAMED, _RARE, _FEW_WORDS = 0.1, 0.45, 4.0, 6
_WHAT = re.compile(r"\bwhat\b|是什么|为何(?=[?？])")
_EACH = re.compile(r"分别|各|respectively|\beach\b|\bboth\b")
_BLANKS = ("-", "–", "—", "/", "NA", "N/A", "n/a", "…")
_WIDE = 8  # columns
_FIGURE_MARGIN = 0.25
_LEAST_GAIN, _ALWAYS, _NEARLY, _FACET = 0.03, 5, 0.4, 0.12
_BESIDE_SUM = 2  # passages shown beside the operands of a sum
_FOUND = 30  # passages looked through for an answer


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of an answer and the place that it rests on."""

    text: str
    place: Evidence


def answer(text: str, retriever: Retriever, library: Library, filters: Filters | None = None) -> Answer:
    """The answer of the reports' own words to a question, or "not_found" with the nearest thing there is."""
    question = retriever.understand(text)
    if not question.groups:
        return _nothing(question, say("empty_question" if not text.strip() else "not_found", question.language))
    if "published" in question.intents and (dated := _publication(question, retriever, library)):
        return dated
    judge = Judge(question, retriever)
    hits = retriever.hits(question, _FOUND, filters)
    found = gather(question, hits, judge)
    views = [tabular.view(report, index) for report, index in _tables(question, hits, retriever, library)]
    if reckoned := reckon(question, judge, found, views):
        return _computed(question, reckoned, found, judge)
    if missing := _missing_figure(question, judge, found):
        return _figure_answer(question, missing, found, judge)
    statements, settled = table_statements(question, judge, hits, found, retriever, library)
    if not statements and not found:
        return _nothing(question, say("not_found", question.language))
    if not _says(question, judge, [*found, *(s.place for s in statements)], settled):
        return _compose(
            question,
            "not_found",
            say("not_found_nearest", question.language),
            [quoted(e, question.language) for e in found[:1]],
        )
    if not settled:
        taken = [s.place for s in statements]
        statements += [quoted(e, question.language) for e in chosen(found, judge, taken)]
    return _compose(question, "answered", say("found", question.language), statements)


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


def _says(question: Question, judge: Judge, found: Sequence[Evidence], settled: bool) -> bool:
    """Whether any place says what is asked. Figures that reports print under a fixed name must be named for the
    subject, and money must be money about it; a calculation may start from other figures."""
    if not settled and max((e.share for e in found), default=0.0) < _LEAST_SHARE:
        return False
    if not (question.wants or _WHAT.search(question.folded)) or "calculate" in question.intents:
        return True
    subject = _subject(judge)
    if not all(any(_names_figure(e, i, judge, subject) for e in found) for i in fixed_figures(question)):
        return False
    if "money" in question.intents and subject and not settled:
        return any(e.fits == 1.0 and _speaks_of(e, subject) for e in found)
    return True


def _subject(judge: Judge) -> list[int]:
    """The names that a figure must belong to: the most telling one, or any of several that are asked alike."""
    names = [i for i, group in enumerate(judge.groups) if group.kind == "name"]
    if not names:  # a name that the lexicon lacks: the rarest word
        words = [i for i, group in enumerate(judge.groups) if group.kind == "word" and judge.weights[i] >= _RARE]
        return sorted(words, key=lambda i: -judge.weights[i])[:1]
    alike = {"compare", "listing"} & judge.question.intents or _EACH.search(judge.question.folded)
    return names if alike else sorted(names, key=lambda i: -judge.weights[i])[:1]


def _speaks_of(place: Evidence, subject: Sequence[int]) -> bool:
    return not subject or not place.covers or max(place.covers.get(i, 0.0) for i in subject) >= _NAMED


def _names_figure(place: Evidence, key: int, judge: Judge, subject: Sequence[int]) -> bool:
    """Whether a place names a fixed figure, in its words or its table's head, for the subject, with a number."""
    term = judge.groups[key].term
    text = place.folded or fold(place.quote)
    if place.table is not None:
        text += fold(" ".join([place.table.caption or "", *(c.label for c in place.table.columns)]))
    own = term is not None and any(named(text, spelling) for spelling in term.folded)
    return own and _speaks_of(place, subject) and bool(re.search(r"\d", text))


def _missing_figure(question: Question, judge: Judge, found: Sequence[Evidence]) -> Evidence | None:
    """The caption of a figure without picture that the question is about: named by its number, or covering the
    question better than any sentence or row with a figure in it does."""
    captions = [e for e in found if e.kind == "figure" and not _pictured(e)]
    told = [e for e in captions if _tells(e, judge)]
    for number in question.figures:
        named = [e for e in captions if e.passage.figure == number]
        if named:
            return named[0]
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
        return all(caption.covers.get(i, 0.0) >= _NAMED for i in keys)
    return any(
        value >= _NAMED and judge.groups[i].kind in ("concept", "word") and judge.weights[i] > 1
        for i, value in caption.covers.items()
    )


def _pictured(place: Evidence) -> bool:
    return any(f.has_picture for f in place.report.figures if f.start == place.start)


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
    return _compose(question, "answered", lead, [quoted(e, question.language) for e in (caption, *beside)])


def _tables(
    question: Question, hits: Sequence[Hit], retriever: Retriever, library: Library
) -> list[tuple[Report, int]]:
    """The tables of the reports asked, or of those found."""
    asked = retriever.asked_reports(question) if question.scoped else set()
    reports = {hit.report.report_id: hit.report for hit in hits} | {one: library.report(one) for one in asked}
    return [
        (report, table.index)
        for report in reports.values()
        for table in report.tables
        if not asked or report.report_id in asked
    ][:_TABLES]


def _computed(question: Question, reckoned: Reckoning, found: Sequence[Evidence], judge: Judge) -> Answer:
    """A computed answer: the sum, the places of its operands, and what the reports say beside them."""
    beside = chosen(found, judge, reckoned.places) if reckoned.places else []
    places = [*reckoned.places, *beside[:_BESIDE_SUM]]
    composed = _compose(question, "answered", reckoned.lead, [quoted(e, question.language) for e in places])
    return replace(composed, calculations=reckoned.calculations)


def table_statements(
    question: Question,
    judge: Judge,
    hits: Sequence[Hit],
    found: Sequence[Evidence],
    retriever: Retriever,
    library: Library,
) -> tuple[list[Statement], bool]:
    """What a table answers, row by row, or nothing where running text covers the question better; and whether that
    settles the question (its row and column, or an operation on the table), so that no text need be added."""
    if len(question.issuers) > 1 and "common" not in question.intents:
        return [], False
    selections = tabular.select(question, judge, _tables(question, hits, retriever, library))
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
    settled = best.operation not in ("lookup", "rows") or (best.labelled and bool(best.columns)) or len(best.rows) > 2
    return cited_rows(question, kept), settled


def _speaks_as_much(best: tabular.Selection, found: Sequence[Evidence], judge: Judge) -> bool:
    """Whether a table names about as much of what is asked (names and periods apart) as the best sentence does."""
    asked = {i: w for i, w in enumerate(judge.weights) if judge.groups[i].kind in ("concept", "word")}
    total = sum(asked.values()) or 1.0
    table = sum(w for i, w in asked.items() if i in best.covered)
    text = max(
        (sum(w for i, w in asked.items() if e.covers.get(i, 0.0) > 0.4) for e in found if e.kind == "text"), default=0.0
    )
    return (text - table) / total < _MUCH_MORE


def cited_rows(question: Question, selections: Sequence[tabular.Selection]) -> list[Statement]:
    """The rows of selections as statements; rows that stand together in a report share a citation, and where the
    columns are periods the header that names them is cited too."""
    statements = []
    for selection in selections:
        one = selection.view
        rows = sorted(selection.rows[: tabular.MOST_ROWS], key=lambda r: one.table.rows[r].start)
        for first, last in _joined([one.table.rows[r] for r in rows], MOST_CITATIONS // len(selections) or 1):
            place = _table_place(one, first.start, last.end, "table_row" if first is last else "table", selection.score)
            for r in selection.rows[: tabular.MOST_ROWS]:
                if place.start <= one.table.rows[r].start < place.end:
                    statements.append(Statement(row_text(one, r, selection.columns, question.language), place))
        if head := _head_place(question, selection, len(selections) > 1 and selection.labelled):
            statements.append(Statement(_header_text(one), head))
    return statements


def _head_place(question: Question, selection: tabular.Selection, told_apart: bool) -> Evidence | None:
    """The header that names the columns read, where they are periods; with the caption where the question names it, or
    where only that tells the same row of two tables apart."""
    one, table = selection.view, selection.view.table
    named = told_apart or (table.number is not None and table.number in question.figures)
    if named and table.caption_end > table.caption_start:
        end = table.header_end if 0 <= table.header_end - table.caption_start <= _LONGEST_TABLE else table.caption_end
        return _table_place(one, table.caption_start, end, "table", selection.score)
    periods = any(c.period for c in table.columns if c.index in selection.columns)
    if periods and table.header_end > table.header_start:
        return _table_place(one, table.header_start, table.header_end, "table", selection.score)
    return None


def _joined(rows: Sequence[Row], most: int) -> list[tuple[Row, Row]]:
    """Rows as stretches (first, last): neighbours are joined, then, where there are too many stretches, near ones."""
    for gap in (2, 60, 150, 300, 500):
        stretches: list[tuple[Row, Row]] = []
        for row in rows:
            if (
                stretches
                and row.start - stretches[-1][1].end <= gap
                and row.end - stretches[-1][0].start <= _LONGEST_TABLE
            ):
                stretches[-1] = (stretches[-1][0], row)
            else:
                stretches.append((row, row))
        if len(stretches) <= most:
            break
    return stretches[:most] if len(stretches) > most else stretches


def _table_place(one: tabular.View, start: int, end: int, kind: CitationKind, score: float) -> Evidence:
    table, report = one.table, one.report
    end = min(end, start + _LONGEST_TABLE)
    passage = Passage(
        f"{report.report_id}-{start}-{end}",
        report.report_id,
        "table_row",
        start,
        end,
        report.text[start:end],
        "",
        table.page,
        table.section,
        table.number or table.caption,
        table.index,
    )
    return Evidence(report, passage, kind, start, end, score, 1.0, 1.0, {}, "", table)


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


def _compose(question: Question, status: Status, lead: str, statements: Sequence[Statement]) -> Answer:
    """An answer of statements under a lead; each place is cited once, in the order of first use."""
    places = list({(s.place.report.report_id, s.place.start, s.place.end): s.place for s in statements}.values())[
        :MOST_CITATIONS
    ]
    numbers = {(place.report.report_id, place.start, place.end): n for n, place in enumerate(places, 1)}
    several = len({place.report.report_id for place in places}) > 1
    lines = [
        f"- {_attributed(s, question.language) if several else s.text} [{numbers[key]}]"
        for s in statements
        if (key := (s.place.report.report_id, s.place.start, s.place.end)) in numbers
    ]
    return Answer(
        question=question.text,
        language=question.language,
        status=status,
        text="\n".join([lead, "", *lines]),
        citations=tuple(citation(n, place) for n, place in enumerate(places, 1)),
        as_of=as_of(places),
    )


def _attributed(statement: Statement, language: Language) -> str:
    """A statement led by who says it, and when, for an answer that draws on several reports."""
    report = statement.place.report
    issuer = lexicon().broker_name(report.issuer, language) or report.source
    day = printed_date(report)
    return f"{issuer}{f' ({day})' if day else ''}: {statement.text}"


def citation(n: int, place: Evidence) -> Citation:
    """A place as the contract's citation."""
    report = place.report
    return Citation(
        n,
        report.report_id,
        report.source,
        report.title,
        report.issuer,
        printed_date(report),
        place.passage.page,
        place.passage.section,
        place.passage.figure,
        place.kind,
        place.quote,
        place.start,
        place.end,
    )


def as_of(places: Sequence[Evidence]) -> str | None:
    """The date of the newest report that an answer rests on."""
    return max((day for place in places if (day := printed_date(place.report))), default=None)


def quoted(place: Evidence, language: Language) -> Statement:
    """A place as a statement in the report's own words; of a figure without its picture it is said that only the
    caption is there."""
    if place.kind == "figure" and not _pictured(place):
        return Statement(shown(place) + say("caption_only", language), place)
    return Statement(shown(place), place)


def shown(place: Evidence) -> str:
    """A quote as an answer prints it: on one line; a table row with the label of each column."""
    if place.table is not None and place.row is not None:
        return row_text(tabular.view(place.report, place.table.index), place.row, (), place.report.language)
    return re.sub(r"\s+", " ", search_text(place.quote)).strip(" #-•✓")


def row_text(one: tabular.View, r: int, columns: Sequence[int], language: Language) -> str:
    """A table row as "caption · block · label: column value, column value", values with the table's unit. Of a wide
    table only the columns asked about are shown."""
    row = one.table.rows[r]
    head = [_line(one.table.caption or ""), _line(row.group or "")]
    parts = []
    for cell in row.cells:
        column = tabular.column_at(one.table, cell.column)
        text = _line(readable(cell.text))
        label = _line(column.label) if column else ""
        if text and fold(text) == fold(readable(row.label)):
            head.append(text)
        elif columns and len(one.table.columns) > _WIDE and cell.column not in columns:
            continue
        elif text and text in _BLANKS and cell.column in columns:
            parts.append(say("cell_empty", language, column=label, printed=text))
        elif text:
            parts.append(f"{label} {_with_unit(text, column, row, one.table)}".strip())
        elif cell.column in columns:
            parts.append(say("cell_blank", language, column=label))
    return f"{' · '.join(part for part in head if part)}: {', '.join(parts)}"


def _with_unit(text: str, column: Column | None, row: Row, table: Table) -> str:
    """A bare number with the unit that its row, column or table gives it, unless a label shown has it already."""
    if column is None or not re.fullmatch(r"[<>~≈]?\(?[-+]?[\d,]+(?:\.\d+)?\)?", text):
        return text
    unit = unit_of(table, row, column)
    if not unit or unit in column.label or unit in row.label:
        return text
    return f"{text}{'' if unit == '%' else ' '}{unit}"


def _header_text(one: tabular.View) -> str:
    labels = ", ".join(_line(column.label) for column in one.table.columns if column.label)
    return f"{_line(one.table.caption or '')}: {labels}".strip(": ")


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", search_text(text)).strip()

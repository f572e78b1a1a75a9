"""What an answer says and shows: places as lines of text, rows with their labels and units, citations, the Answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant import tabular
from assistant.chunking import search_text
from assistant.evidence import Evidence, Judge, citation
from assistant.language import fold
from assistant.lexicon import lexicon
from assistant.messages import say
from assistant.questions import Question
from assistant.reading.labels import kind_of, readable
from assistant.reading.tables import unit_of
from assistant.retrieval import printed_date
from assistant.types import Answer, Cell, CitationKind, Column, Language, Row, Status, Table

MOST_CITATIONS = 6
_MOST_CELLS = 4  # that are cited one by one
_LONGEST_TABLE = 560  # characters of one citation of rows
_BLANKS = ("-", "–", "—", "/", "NA", "N/A", "n/a", "…")
_WIDE = 8  # columns of a table of which only those asked about are shown
_MARK = re.compile(r"\[(c?\d+)\]")  # a report's own "[1]" is no citation of ours


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of an answer and the place that it rests on."""

    text: str
    place: Evidence


def compose(question: Question, status: Status, lead: str, statements: Sequence[Statement]) -> Answer:
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


def as_of(places: Sequence[Evidence]) -> str | None:
    """The date of the newest report that an answer rests on."""
    return max((day for place in places if (day := printed_date(place.report))), default=None)


def quoted(place: Evidence, language: Language) -> Statement:
    """A place as a statement in the report's own words; of a figure without its picture it is said that only the
    caption is there."""
    if place.kind == "figure" and not pictured(place):
        return Statement(shown(place) + say("caption_only", language), place)
    return Statement(shown(place), place)


def shown(place: Evidence) -> str:
    """A quote as an answer prints it: on one line; a table row with the label of each column."""
    if place.table is not None and place.row is not None:
        return row_text(tabular.view(place.report, place.table.index), place.row, (), place.report.language)
    return _MARK.sub(r"(\1)", re.sub(r"\s+", " ", search_text(place.quote)).strip(" #-•✓"))


def cited_rows(question: Question, judge: Judge, selections: Sequence[tabular.Selection]) -> list[Statement]:
    """The rows of selections as statements; rows that stand together in a report share a citation, and where the
    columns are periods the header that names them is cited too."""
    statements = []
    headed = 2 * len(selections) <= MOST_CITATIONS  # of more tables, rows are worth more than headers
    for selection in selections:
        one = selection.view
        if "conflict" not in question.intents and (cells := _answering_cells(selection, judge)):
            statements += [_cell_statement(selection, r, cell, question.language) for r, cell in cells]
            statements += _head_statement(question, selection, len(selections) > 1)
            continue
        rows = sorted(selection.rows[: tabular.MOST_ROWS], key=lambda r: one.table.rows[r].start)
        for first, last in _joined([one.table.rows[r] for r in rows], MOST_CITATIONS // len(selections) or 1):
            place = _table_place(one, first.start, last.end, "table_row" if first is last else "table", selection.score)
            for r in selection.rows[: tabular.MOST_ROWS]:
                if place.start <= one.table.rows[r].start < place.end:
                    statements.append(Statement(row_text(one, r, selection.columns, question.language), place))
        if headed:
            statements += _head_statement(question, selection, len(selections) > 1 and selection.labelled)
    return statements


def _answering_cells(selection: tabular.Selection, judge: Judge) -> list[tuple[int, Cell]]:
    """The (row, cell) pairs that are the whole answer, where the question names the rows and columns, nothing more, and
    each cell of theirs says something; else nothing, and rows answer."""
    pairs = [(r, c) for r in selection.rows for c in selection.columns]
    if not 0 < len(pairs) <= _MOST_CELLS or len(selection.columns) < len(judge.question.parts):
        return []
    if not tabular.says_all(judge, selection):
        return []
    cells = [(r, tabular.cell_at(selection.view.table.rows[r], c)) for r, c in pairs]
    kinds = ("value", "text") if len(pairs) == 1 and not judge.question.parts else ("value",)
    filled = [(r, cell) for r, cell in cells if cell and kind_of(cell.text) in kinds]
    shown = " ".join(fold(row_text(selection.view, r, selection.columns, "en", alone=True)) for r in selection.rows)
    return filled if len(filled) == len(pairs) and judge.fits(shown) == 1 else []


def _cell_statement(selection: tabular.Selection, r: int, cell: Cell, language: Language) -> Statement:
    place = _table_place(selection.view, cell.start, cell.end, "table_cell", selection.score)
    return Statement(row_text(selection.view, r, (cell.column,), language, alone=True), place)


def _head_statement(question: Question, selection: tabular.Selection, told_apart: bool) -> list[Statement]:
    head = _head_place(question, selection, told_apart)
    return [Statement(_header_text(selection.view), head)] if head else []


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
    return tabular.place(one, start, min(end, start + _LONGEST_TABLE), kind, score)


def row_text(one: tabular.View, r: int, columns: Sequence[int], language: Language, *, alone: bool = False) -> str:
    """A table row as "caption · block · label: column value, column value", values with the table's unit. Of a wide
    table, or with `alone`, only the columns asked about are shown."""
    row = one.table.rows[r]
    head = [_line(one.table.caption or ""), _line(row.group or "")]
    parts = []
    for cell in row.cells:
        column = tabular.column_at(one.table, cell.column)
        text = _line(readable(cell.text))
        label = _line(column.label) if column else ""
        if text and fold(text) == fold(readable(row.label)):
            head.append(text)
        elif columns and (alone or len(one.table.columns) > _WIDE) and cell.column not in columns:
            continue
        elif text and text in _BLANKS and cell.column in columns:
            parts.append(say("cell_empty", language, column=label, printed=text))
        elif text:
            parts.append(f"{label} {_with_unit(text, column, row, one.table)}".strip())
        elif cell.column in columns:
            parts.append(say("cell_blank", language, column=label))
    return f"{' · '.join(part for part in head if part)}: {', '.join(parts)}"


def _with_unit(text: str, column: Column | None, row: Row, table: Table) -> str:
    """A bare number with the unit that its row, column or table gives it, unless its column's label has it."""
    if column is None or not re.fullmatch(r"[<>~≈]?\(?[-+]?[\d,]+(?:\.\d+)?\)?", text):
        return text
    unit = unit_of(table, row, column)
    if not unit or unit in column.label:
        return text
    return f"{text}{'' if unit == '%' else ' '}{unit}"


def _header_text(one: tabular.View) -> str:
    labels = ", ".join(_line(column.label) for column in one.table.columns if column.label)
    return f"{_line(one.table.caption or '')}: {labels}".strip(": ")


def _line(text: str) -> str:
    return _MARK.sub(r"(\1)", re.sub(r"\s+", " ", search_text(text)).strip())


def pictured(place: Evidence) -> bool:
    return any(f.has_picture for f in place.report.figures if f.start == place.start)

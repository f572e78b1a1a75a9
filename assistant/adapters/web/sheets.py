"""Tables of reports as nodes, with a cell marked; and the rows of them that an answer cites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import groupby

from assistant.adapters.web.nodes import Node, node, words
from assistant.quantities import Quantity, read_cell
from assistant.reading.tables import unit_of
from assistant.types import Answer, Cell, Citation, Report, Row, Table

Span = tuple[int, int]
_MOST_ROWS, _MOST_COLUMNS = 200, 40  # of a table shown at once
_KINDS = ("table_row", "table_cell")


@dataclass(frozen=True, slots=True)
class CitedRow:
    """A row that citation `n` is of."""

    n: int
    report: Report
    table: Table
    row: Row


def cited_rows(answer: Answer, report_of: Callable[[str], Report | None]) -> list[CitedRow]:
    """The table rows that an answer cites, each once, in the order of their citations."""
    found: dict[tuple[str, int, int], CitedRow] = {}
    for citation in answer.citations:
        report = report_of(citation.report_id) if citation.kind in _KINDS else None
        for cited in _rows_of(citation, report) if report else ():
            found.setdefault((report.report_id if report else "", cited.table.index, cited.row.index), cited)
    return list(found.values())


def _rows_of(citation: Citation, report: Report) -> Iterable[CitedRow]:
    table = table_at(report, citation.start)
    for row in table.rows if table else ():
        if table and row.start < citation.end and citation.start < row.end:
            yield CitedRow(citation.n, report, table, row)


def table_at(report: Report, position: int) -> Table | None:
    """The table that holds a character of the report, caption included."""
    for table in report.tables:
        if table.start <= position < table.end or table.caption_start <= position < table.caption_end:
            return table
    return None


def by_table(rows: Iterable[CitedRow]) -> list[list[CitedRow]]:
    """Cited rows, those of one table together."""
    keyed = sorted(rows, key=_table_key)
    return [list(group) for _, group in groupby(keyed, key=_table_key)]


def _table_key(cited: CitedRow) -> tuple[str, int]:
    return cited.report.report_id, cited.table.index


def amount(table: Table, row: Row, cell: Cell) -> Quantity | None:
    """What a cell says, with the unit that governs it; None for words and for nothing."""
    if cell.column >= len(table.columns):
        return None
    column = table.columns[cell.column]
    return read_cell(cell.text, unit_of(table, row, column), column.label)


def cell_stating(table: Table, span: Span, value: str) -> Span | None:
    """Where, in the rows within `span`, the only cell states `value` (a decimal string): in full, or as printed."""
    try:
        wanted = Decimal(value)
    except InvalidOperation:
        return None
    said = [
        (found, (cell.start, cell.end))
        for row in table.rows
        if row.start < span[1] and span[0] < row.end
        for cell in row.cells
        if (found := amount(table, row, cell))
    ]
    in_full = [place for found, place in said if found.value == wanted]
    as_printed = [place for found, place in said if found.value / found.scale == wanted]
    return next((places[0] for places in (in_full, as_printed) if len(places) == 1), None)


def name_of(table: Table) -> str:
    """What a table is called: its caption, else its section."""
    return words(table.caption or table.section or f"{table.index + 1}")


def as_nodes(table: Table, marked: Span | None = None, caption: bool = True) -> list[Node]:
    """The whole table as printed; cells within `marked` are marked."""
    columns = table.columns[:_MOST_COLUMNS]
    header = _overlap(marked, table.header_start, table.header_end)
    heads = [_marked(words(column.label), header) for column in columns]
    head = node("thead", node("tr", *(node("th", label, scope="col") for label in heads)))
    rows = _around(table.rows, marked)
    body = node("tbody", *(_row(row, len(columns), marked) for row in rows))
    name = _marked(name_of(table), _overlap(marked, table.caption_start, table.caption_end))
    title = node("caption", name, *([f" · {words(table.unit)}"] if table.unit else []))
    lines = [node("p", words(table.source_line), class_="muted")] if table.source_line else []
    left_out = len(table.rows) - len(rows)
    more = [node("p", f"… {left_out}", class_="muted")] if left_out else []
    shown = node("table", *([title] if caption else []), head, body, class_="sheet")
    box = node("div", shown, class_="scroller", tabindex="0", role="region", aria_label=name_of(table))
    return [box, *more, *lines]


def _around(rows: Sequence[Row], marked: Span | None) -> Sequence[Row]:
    """The rows to show: all, or of a long table those around the mark."""
    first = next((i for i, row in enumerate(rows) if marked and row.end > marked[0]), 0)
    begin = max(0, min(first - _MOST_ROWS // 2, len(rows) - _MOST_ROWS))
    return rows[begin : begin + _MOST_ROWS]


def _overlap(marked: Span | None, start: int, end: int) -> bool:
    return marked is not None and start < marked[1] and marked[0] < end


def _marked(text: str, inside: bool) -> Node:
    return node("mark", text, class_="here") if inside else text


def _row(row: Row, width: int, marked: Span | None) -> Node:
    cells = {cell.column: cell for cell in row.cells}
    first = min(cells, default=0)
    made = []
    for index in range(width):
        cell = cells.get(index)
        inside = cell is not None and _overlap(marked, cell.start, cell.end)
        content = _marked(words(cell.text) if cell else "", inside)
        made.append(node("th" if index == first else "td", content, scope="row" if index == first else None))
    return node("tr", *made)

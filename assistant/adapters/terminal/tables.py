"""Tables drawn for a terminal: rows of reports, and those in an answer's words; narrow terminals get lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table as Drawn
from rich.text import Text

from assistant.adapters.render import plain
from assistant.types import Answer, Cell, Citation, Report, Row, Table

_KINDS = ("table", "table_row", "table_cell")
_ROWS_FROM = 2  # rows of one table; a single one stands well enough in the words
_MOST_ROWS = 60  # of a table drawn at once
_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_RESPECTED = 8  # columns that a cell keeps at the least
_NUMBER = re.compile(r"[–—-]|\W{0,3}\d.{0,13}")

Grid = Sequence[Sequence[Text]]  # rows of cells, the header first


def of_answer(answer: Answer, report_of: Callable[[str], Report | None]) -> list[tuple[str, Grid]]:
    """The rows that an answer cites, of tables of which it cites several: the table's name, and its rows."""
    found: dict[tuple[str, int], tuple[Table, set[int]]] = {}
    for citation in answer.citations:
        report = report_of(citation.report_id)
        for table in report.tables if report and citation.kind in _KINDS else ():
            rows = {row.index for row in table.rows if _within(row, citation)}
            if rows:
                found.setdefault((citation.report_id, table.index), (table, set()))[1].update(rows)
    several = ((table, rows) for table, rows in found.values() if len(rows) >= _ROWS_FROM)
    return [(_name(table), _grid(table, [row for row in table.rows if row.index in rows])) for table, rows in several]


def of_citation(citation: Citation, report: Report | None) -> tuple[str, Grid] | None:
    """The rows of a table that a citation is of, the cited cell marked; None where it is of no row."""
    for table in report.tables if report and citation.kind in _KINDS else ():
        rows = [row for row in table.rows if _within(row, citation)]
        if rows:
            return _name(table), _grid(table, rows, citation if citation.kind == "table_cell" else None)
    return None


def of_markdown(text: str, styled: Callable[[str], Text]) -> Grid | None:
    """The table that Markdown writes, each cell through `styled`; None where it writes none."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not _RULE.fullmatch(lines[1]):
        return None
    return [[styled(cell.strip().replace("\\|", "|")) for cell in _cells(line)] for line in [lines[0], *lines[2:]]]


def _cells(line: str) -> list[str]:
    return _CELL.split(line.strip().removeprefix("|").removesuffix("|"))


def _within(row: Row, citation: Citation) -> bool:
    return row.start < citation.end and citation.start < row.end


def _name(table: Table) -> str:
    return _line(" · ".join(part for part in (table.caption or table.section, table.unit) if part))


def _line(text: str) -> str:
    return " ".join(plain(text).split())


def _grid(table: Table, rows: Sequence[Row], marked: Citation | None = None) -> Grid:
    head = [Text(_line(column.label)) for column in table.columns]
    return [head, *(_row(row, len(head), marked) for row in rows[:_MOST_ROWS])]


def _row(row: Row, width: int, marked: Citation | None) -> list[Text]:
    cells = {cell.column: _cell(cell, marked) for cell in row.cells}
    return [cells.get(column, Text()) for column in range(width)]


def _cell(cell: Cell, marked: Citation | None) -> Text:
    if marked and cell.start < marked.end and marked.start < cell.end:
        return Text(f"▸{_line(cell.text)}", "bold reverse")  # the arrow is for terminals without styles
    return Text(_line(cell.text))


# ---------------------------------------------------------------- drawing


def fits(grid: Grid, console: Console) -> bool:
    """Whether a table can be drawn as it is."""
    return _least(grid) <= console.width


def drawn(grid: Grid, console: Console) -> RenderableType:
    """A table as wide as the console takes: as it is, turned (columns downwards), else some columns after others."""
    for tried in (grid, _turned(grid)):
        if fits(tried, console):
            return _drawn(tried)
    return Group(*map(_drawn, _divided(_filled(grid), console)))


def _divided(grid: list[list[Text]], console: Console) -> Iterator[Grid]:
    """A table in tables of as many columns as fit, each with the first one; at least one more column each."""
    first, end = 1, 2
    while first < len(grid[0]):
        while end < len(grid[0]) and fits(_columns(grid, first, end + 1), console):
            end += 1
        yield _columns(grid, first, end)
        first, end = end, end + 1


def _columns(grid: list[list[Text]], first: int, end: int) -> Grid:
    return [[row[0], *row[first:end]] for row in grid]


def _least(grid: Grid) -> int:
    """Columns of the terminal that a table needs: long words may wrap, figures may not."""
    return sum(max(map(_needed, column)) + 2 for column in zip(*_filled(grid), strict=True))


def _needed(cell: Text) -> int:
    length = cell_len(cell.plain)
    return length if _NUMBER.fullmatch(cell.plain) else min(length, _RESPECTED)


def _filled(grid: Grid) -> list[list[Text]]:
    width = max(map(len, grid))
    return [[*row, *(Text() for _ in range(width - len(row)))] for row in grid]


def _turned(grid: Grid) -> Grid:
    return [list(column) for column in zip(*_filled(grid), strict=True)]


def _drawn(grid: Grid) -> Drawn:
    made = Drawn(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    head, *body = _filled(grid)
    for index, cell in enumerate(head):
        number = all(_NUMBER.fullmatch(row[index].plain) for row in body if row[index].plain)
        made.add_column(cell, justify="right" if number and index else "left", overflow="fold", no_wrap=number)
    for row in body:
        made.add_row(*row)
    return made


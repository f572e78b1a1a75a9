"""Tables for Slack: those in an answer's words, and the rows of reports that it cites; large ones as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from assistant.types import Answer, Report, Table

# Slack's limits of a table block: 100 rows, 20 columns, 10,000 characters; and of a message's blocks together.
_MOST_ROWS, _MOST_COLUMNS, _MOST_CHARACTERS, _MOST_JSON = 100, 20, 10_000, 9_000
_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_ROWS_FROM = 2  # rows of one table; a single one stands well enough in the words
_KINDS = ("table", "table_row", "table_cell")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to show: its name, and rows of texts, the header first."""

    name: str
    rows: tuple[tuple[str, ...], ...]

    @property
    def is_large(self) -> bool:
        """Whether Slack would refuse it as a block."""
        texts = [cell for row in self.rows for cell in row]
        wide = max(map(len, self.rows)) > _MOST_COLUMNS
        long = len(self.rows) > _MOST_ROWS or sum(map(len, texts)) > _MOST_CHARACTERS
        return wide or long or len(json.dumps(self.block(), ensure_ascii=False)) > _MOST_JSON

    def block(self) -> dict[str, object]:
        """The table as a block: texts as they are, no markup."""
        width = max(map(len, self.rows))
        filled = [[*row, *[""] * (width - len(row))] for row in self.rows]
        rows = [[{"type": "raw_text", "text": cell or " "} for cell in row] for row in filled]
        return {"type": "table", "rows": rows}

    def csv(self) -> str:
        """The table as CSV for spreadsheets, which need the mark at its beginning to read Chinese."""
        out = io.StringIO()
        csv.writer(out).writerows([[_harmless(cell) for cell in row] for row in self.rows])
        return "\ufeff" + out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; numbers with a sign stay numbers."""
    return f"'{cell}" if re.match(r"[=@\t\r]|[+-](?![\d.])", cell) else cell


def is_row(line: str) -> bool:
    """Whether a line of Markdown may belong to a table."""
    return line.lstrip().startswith("|")


def from_markdown(lines: list[str], name: str) -> Sheet | None:
    """The table that lines of Markdown write; None where they write none."""
    if len(lines) < 2 or not _RULE.fullmatch(lines[1].strip()):
        return None
    return Sheet(name, tuple(_cells(line) for line in [lines[0], *lines[2:]]))


def _cells(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return tuple(cell.strip().replace("\\|", "|") for cell in _CELL.split(inner))


def cited(answer: Answer, report_of: Callable[[str], Report | None]) -> list[Sheet]:
    """The rows that an answer cites, of tables of which it cites several, as printed, below their header."""
    found: dict[tuple[str, int], tuple[Table, set[int]]] = {}
    for citation in answer.citations:
        report = report_of(citation.report_id) if citation.kind in _KINDS else None
        for table in report.tables if report else ():
            rows = {row.index for row in table.rows if row.start < citation.end and citation.start < row.end}
            if rows:
                found.setdefault((citation.report_id, table.index), (table, set()))[1].update(rows)
    return [_sheet(table, rows) for table, rows in found.values() if len(rows) >= _ROWS_FROM]


def _sheet(table: Table, chosen: set[int]) -> Sheet:
    head = tuple(column.label for column in table.columns)
    body = []
    for row in table.rows:
        if row.index in chosen:
            cells = {cell.column: " ".join(cell.text.split()) for cell in row.cells}
            body.append(tuple(cells.get(column, "") for column in range(len(head))))
    name = " · ".join(part for part in (table.caption or table.section or "", table.unit or "") if part)
    return Sheet(" ".join(name.split()), (head, *body))

"""A `Source` while it is being written: line after line, with the offsets of headings, tables and pictures kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.errors import UnreadableFile
from assistant.reading.source import Grid, GridCell, Heading, Picture, Source
from assistant.types import Page

MOST_CELLS = 2_000_000  # about 0.5 GiB of cells; a report's largest sheet has thousands
_SPACE = re.compile(r"\s+")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Box:
    """A table cell before it is placed: its text and how many rows and columns it covers."""

    text: str
    rows: int = 1
    columns: int = 1


class Draft:
    """Collects the text of a file and what stands where. Every method appends; `source()` ends it."""

    def __init__(self) -> None:
        self.length = 0
        self.properties: dict[str, str] = {}
        self.warnings: list[str] = []
        self._parts: list[str] = []
        self._grids: list[Grid] = []
        self._pictures: list[Picture] = []
        self._headings: list[Heading] = []
        self._pages: list[Page] = []
        self._cells = 0

    def write(self, text: str) -> int:
        """Appends `text` as it is; returns where it starts."""
        start = self.length
        self._parts.append(text)
        self.length += len(text)
        return start

    def line(self, text: str) -> None:
        """Appends a line."""
        self.write(text)
        self.write("\n")

    def blank(self) -> None:
        """Appends a blank line, unless there is one or nothing stands before it."""
        if self._parts and not (self._parts[-1] == "\n" and (len(self._parts) < 2 or self._parts[-2] == "\n")):
            self.write("\n")

    def heading(self, text: str, level: int) -> None:
        """Appends a line that is a heading, set off by blank lines."""
        self.blank()
        start = self.write(text)
        self._headings.append(Heading(start, self.length, level))
        self.write("\n")

    def picture(self, page: int | None = None, box: tuple[float, float, float, float] | None = None) -> None:
        """Notes a picture that stands here."""
        self._pictures.append(Picture(self.length, page, box))

    def page(self, number: int, start: int, width: float = 0.0, height: float = 0.0) -> None:
        """Notes that the text from `start` to here is page `number`; width and height in points."""
        self._pages.append(Page(number, start, self.length, width, height))

    def table(
        self,
        rows: Iterable[Sequence[Box]],
        header_rows: int | None = None,
        caption: str | None = None,
        page: int | None = None,
    ) -> None:
        """Appends a table, one row a line and its cells tab-separated; merged cells are written once, at their
        upper left, and stand in the grid at each place they cover. Raises UnreadableFile beyond `MOST_CELLS`."""
        self.blank()
        caption_start = self.length
        if caption:
            self.line(caption)
        caption_end = caption_start + len(caption or "")
        start = self.length
        grid = [row for row in self._rows(rows) if row]
        width = max(map(len, grid), default=0)
        grid = [row + (None,) * (width - len(row)) for row in grid]
        if not any(cell is not None and cell.text for row in grid for cell in row):
            return
        end = self.length - 1
        self._grids.append(Grid(tuple(grid), start, end, page, header_rows, caption, caption_start, caption_end))
        self.blank()

    def _rows(self, rows: Iterable[Sequence[Box]]) -> Iterable[tuple[GridCell | None, ...]]:
        hanging: dict[int, tuple[GridCell, int]] = {}  # column -> a cell from above, rows that it still covers
        for boxes in rows:
            yield self._row(boxes, hanging)

    def _row(self, boxes: Sequence[Box], hanging: dict[int, tuple[GridCell, int]]) -> tuple[GridCell | None, ...]:
        cells: list[GridCell | None] = []
        waiting = iter(boxes)
        box = next(waiting, None)
        while box is not None or (hanging and any(column >= len(cells) for column in hanging)):
            column = len(cells)
            if column:
                self.write("\t")
            if column in hanging:
                cell, left = hanging.pop(column)
                cells.append(cell)
                if left > 1:
                    hanging[column] = (cell, left - 1)
            elif box is None:
                cells.append(None)
            else:
                width = self._place(box, cells, hanging)
                self.write("\t" * (width - 1))
                box = next(waiting, None)
            self._count(len(cells) - column)
        if cells:
            self.write("\n")
        return tuple(cells)

    def _place(self, box: Box, cells: list[GridCell | None], hanging: dict[int, tuple[GridCell, int]]) -> int:
        start = self.write(box.text)
        cell = GridCell(start, self.length, box.text)
        width = 1
        while width < box.columns and len(cells) + width not in hanging:
            width += 1
        for column in range(len(cells), len(cells) + width):
            if box.rows > 1:
                hanging[column] = (cell, box.rows - 1)
        cells.extend([cell] * width)
        return width

    def _count(self, cells: int) -> None:
        self._cells += cells
        if self._cells > MOST_CELLS:
            raise UnreadableFile(f"its tables have more than {MOST_CELLS:,} cells; cut it down to what matters")

    def source(self) -> Source:
        """The finished Source. Raises UnreadableFile where there is neither text nor picture."""
        text = "".join(self._parts).rstrip("\n")
        if not text.strip():
            raise UnreadableFile("the file has pictures but no text" if self._pictures else "the file has no text")
        end = len(text)
        return Source(
            text=text,
            grids=tuple(self._grids),
            pictures=tuple(Picture(min(p.start, end), p.page, p.box) for p in self._pictures),
            headings=tuple(self._headings),
            pages=tuple(Page(p.number, min(p.start, end), min(p.end, end), p.width, p.height) for p in self._pages),
            properties=self.properties or None,
            warnings=tuple(dict.fromkeys(self.warnings)),
        )


def tidy(text: str) -> str:
    """`text` on one line: white space collapsed, characters without a picture (zero-width, control) dropped."""
    if text.isalnum():
        return text
    return _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()


def attach(before: str, raised: str) -> str:
    """What joins superscript or subscript text to what stands before it: "^" between digits, so that a footnote
    mark never becomes part of a number ("1,234" with note 2 is no "1,2342"), else nothing."""
    return "^" if before[-1:].isdigit() and raised[:1].isdigit() else ""


def iso_date(text: str) -> str | None:
    """The first date in `text` as YYYY-MM-DD, from "2025-11-03T08:00Z", "2025/11/3", "2025年11月3日" or an RFC 2822
    date ("Mon, 3 Nov 2025 08:00 +0800"); None without a valid one."""
    from datetime import date
    from email.utils import parsedate

    if match := _DATE.search(text):
        year, month, day = (int(group) for group in match.groups())
    elif parsed := parsedate(text):
        year, month, day = parsed[:3]
    else:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None

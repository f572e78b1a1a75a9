"""What a format's reader hands on: a file's text with its grids, pictures and pages, before anything is understood.

A reader (text, html, pdf, office) knows its format and nothing of broker reports; sections, furniture, tables, figures
and metadata are then found in the `Source` in one way for all formats.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.types import Page


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell of a raw grid: where its text stands in `Source.text`. A cell merged over several places stands
    in each of them with the same offsets."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A rectangle of cells as the format gives it: `rows[i][j]`; None where a ragged row has no cell.

    `header_rows` is how many leading rows the format itself marks as header (None: not known).
    """

    rows: tuple[tuple[GridCell | None, ...], ...]
    start: int
    end: int
    page: int | None = None
    header_rows: int | None = None
    caption: str | None = None
    caption_start: int = 0
    caption_end: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the file carries, anchored at `start`; `box` is (left, bottom, right, top) in points."""

    start: int
    page: int | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that the format itself marks (Markdown `#`, `<h1>`, a Word style, a large PDF font)."""

    start: int
    end: int
    level: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text and what its format says about it; `properties`: title, author, date (ISO) where it has them."""

    text: str
    grids: tuple[Grid, ...] = ()
    pictures: tuple[Picture, ...] = ()
    headings: tuple[Heading, ...] = ()
    pages: tuple[Page, ...] = ()
    properties: dict[str, str] | None = None
    warnings: tuple[str, ...] = ()

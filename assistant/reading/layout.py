"""A printed page as text: from where its characters and lines stand to reading lines, paragraphs and tables.

Pure geometry; nothing here knows how a PDF is decoded. Coordinates are PDF points of the page as displayed, the
origin at the lower left. Text keeps the order in which the page draws it, which is the reading order in what office
programs, browsers and typesetting programs write; a table is laid out anew, one row a line, its cells tab-separated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.reading.aligned import aligned_tables, striped_tables
from assistant.reading.fragments import (
    CJK,
    Bounds,
    Fragment,
    Glyph,
    Ink,
    Rules,
    Shape,
    bounds_of,
    cell_ink,
    fragments_of,
    gap_between,
    is_within,
    same_line,
    wrapped_on,
)
from assistant.reading.ruled import ruled_tables

_LINE_ENDS = "。！？；：.!?;:"
_BULLET = re.compile(
    r"(?:[-•●■◆▪►➢*·–—]|\(?\d{1,2}[.)、](?!\d)|[（(][一二三四五六七八九十\d]+[)）]|[一二三四五六七八九十]+、)\s*"
)


@dataclass(frozen=True, slots=True)
class LaidCell:
    """A cell's extent in the page's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LaidTable:
    """A table in the page's text; `columns` are the horizontal extents of its columns in points."""

    rows: tuple[tuple[LaidCell | None, ...], ...]
    start: int
    end: int
    bounds: Bounds
    columns: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class LaidLine:
    """A paragraph or line in the page's text, with its font size and its first glyph's index."""

    start: int
    end: int
    size: float
    bounds: Bounds
    first: int
    lines: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A page's text; `origin[i]` is the glyph index of `text[i]`, or -1."""

    text: str
    origin: tuple[int, ...]
    tables: tuple[LaidTable, ...]
    lines: tuple[LaidLine, ...]


def lay_out(glyphs: Sequence[Glyph], rules: Rules, drawings: Sequence[Bounds] = ()) -> Layout:
    """The page as text. `drawings` are the regions of charts, whose labels are no tables."""
    fragments = list(fragments_of(glyphs))
    shapes = ruled_tables(fragments, rules)
    taken = {id(f) for shape in shapes for f in shape.fragments}
    # A fragment that a table's walls cut in pieces is taken where its pieces are.
    inside = {g.index for shape in shapes for f in shape.fragments for g in f.glyphs}
    free = [f for f in fragments if id(f) not in taken and f.glyphs[0].index not in inside]
    striped = striped_tables([f for f in free if f.upright], rules)
    inside |= {g.index for shape in striped for f in shape.fragments for g in f.glyphs}
    free = [f for f in free if f.glyphs[0].index not in inside]
    shapes += striped
    shapes += aligned_tables([f for f in free if f.upright and not any(is_within(f, box) for box in drawings)])
    inside |= {g.index for shape in shapes for f in shape.fragments for g in f.glyphs}
    return _written([f for f in free if f.glyphs[0].index not in inside], shapes)


# ---------------------------------------------------------------- writing it down


def _written(fragments: Sequence[Fragment], shapes: Sequence[Shape]) -> Layout:
    items: list[tuple[int, Shape | list[list[Fragment]]]] = [
        (min(f.order for f in shape.fragments), shape) for shape in shapes
    ]
    first = sorted(item[0] for item in items)
    margins = _margins(fragments)
    items += [(block[0][0].order, block) for block in _paragraphs(_lines(fragments, first), margins)]
    items.sort(key=lambda item: item[0])
    writer = _Writer()
    last: Shape | list[list[Fragment]] | None = None
    for _, item in items:
        if last is not None:
            writer.put("\n" if _is_close(last, item) else "\n\n")
        if isinstance(item, Shape):
            writer.table(item)
        else:
            writer.paragraph(item)
        last = item
    return Layout("".join(writer.chars), tuple(writer.origin), tuple(writer.tables), tuple(writer.lines))


def _lines(fragments: Sequence[Fragment], breaks: Sequence[int]) -> Iterator[list[Fragment]]:
    """Fragments drawn one after the other on one line; a table drawn between them ends a line."""
    from bisect import bisect

    line: list[Fragment] = []
    for fragment in fragments:
        follows = line and fragment.upright and line[-1].upright and same_line(line[-1], fragment)
        if follows and fragment.x0 > line[-1].x0 and bisect(breaks, line[-1].order) == bisect(breaks, fragment.order):
            line.append(fragment)
            continue
        if line:
            yield line
        line = [fragment]
    if line:
        yield line


def _margins(fragments: Sequence[Fragment]) -> dict[int, float]:
    """How far to the right text reaches that begins at about the same place, by that place in steps of 12 points."""
    furthest: dict[int, float] = {}
    for fragment in fragments:
        if fragment.upright:
            place = round(fragment.x0 / 12)
            furthest[place] = max(furthest.get(place, 0.0), fragment.x1)
    return furthest


def _paragraphs(lines: Iterable[list[Fragment]], margins: dict[int, float]) -> Iterator[list[list[Fragment]]]:
    """Lines in groups that run on: the same size and margin, one below the other, the upper one full."""
    block: list[list[Fragment]] = []
    for line in lines:
        if block and not _runs_on(block, line, margins):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _runs_on(block: list[list[Fragment]], line: list[Fragment], margins: dict[int, float]) -> bool:
    last = block[-1]
    if len(line) > 1 or len(last) > 1 or not (line[0].upright and last[0].upright):
        return False
    upper, lower = last[0], line[0]
    size = max(upper.size, lower.size)
    step = (upper.y0 + upper.y1 - lower.y0 - lower.y1) / 2
    if abs(upper.size - lower.size) > 0.8 or not 0 < step < 2.2 * size or upper.weight < 24:
        return False
    text = lower.ink.text
    room = _room(upper, margins)
    counted = text[0].isdigit() or text[0] in "(（"  # "(2)" may well begin a line of a sentence that counts
    goes_on = counted and room < size and upper.ink.text[-1] not in "。.：:"
    if (_BULLET.match(text) and not goes_on) or lower.x0 > upper.x0 + 0.8 * size:
        return False
    hanging = len(block) == 1 and lower.x0 < upper.x0 + 0.8 * size  # a first line may be indented, or be a bullet
    if not hanging and abs(lower.x0 - upper.x0) > 0.8 * size:
        return False
    if len(block) > 1 and step > 1.35 * _step(block):
        return False
    first_word = re.match(r"\S+", text)
    needed = size if CJK.match(text) else 0.5 * size * (len(first_word[0]) + 1 if first_word else 1)
    ended = upper.ink.text[-1] in _LINE_ENDS
    if room < max(needed, 1.6 * size):
        return not (ended and room > 0.9 * size)
    # Chinese typesetting moves a whole foreign name or number to the next line.
    chinese = sum(1 for g in upper.glyphs if CJK.match(g.char)) > 0.3 * len(upper.glyphs)
    return chinese and not ended and room < 0.25 * (upper.x1 - upper.x0)


def _room(fragment: Fragment, margins: dict[int, float]) -> float:
    """How much of its line a fragment leaves empty."""
    place = round(fragment.x0 / 12)
    return max(margins.get(near, 0.0) for near in range(place - 3, place + 4)) - fragment.x1


def _step(block: list[list[Fragment]]) -> float:
    return block[0][0].y0 - block[1][0].y0


def _is_close(a: Shape | list[list[Fragment]], b: Shape | list[list[Fragment]]) -> bool:
    """Whether two blocks follow each other as lines of one list, with no blank line between."""
    if isinstance(a, Shape) or isinstance(b, Shape):
        return False
    upper, lower = a[-1][0], b[0][0]
    step = (upper.y0 + upper.y1 - lower.y0 - lower.y1) / 2
    return abs(upper.size - lower.size) < 0.8 and -0.5 * upper.size < step < 1.8 * max(upper.size, lower.size)


class _Writer:
    """The page's text and the glyph behind each character, as they grow."""

    def __init__(self) -> None:
        self.chars: list[str] = []
        self.origin: list[int] = []
        self.tables: list[LaidTable] = []
        self.lines: list[LaidLine] = []

    def put(self, text: str) -> None:
        self.chars.extend(text)
        self.origin.extend([-1] * len(text))

    def ink(self, ink: Ink) -> LaidCell:
        start = len(self.chars)
        self.chars.extend(ink.text)
        self.origin.extend(ink.origin)
        return LaidCell(start, len(self.chars))

    def paragraph(self, block: list[list[Fragment]]) -> None:
        ink = Ink()
        for line in block:
            ink = wrapped_on(ink, _line_ink(line), line[0].glyphs[0].typed)
        place = self.ink(ink)
        pieces = [f for line in block for f in line]
        size = max(f.size for f in pieces)
        first = pieces[0].glyphs[0].index
        self.lines.append(LaidLine(place.start, place.end, size, bounds_of(pieces), first, len(block)))

    def table(self, shape: Shape) -> None:
        start = len(self.chars)
        written: dict[int, LaidCell] = {}
        rows = []
        for number, row in enumerate(shape.places):
            if number:
                self.put("\n")
            cells: list[LaidCell | None] = []
            for j, k in enumerate(row):
                if j:
                    self.put("\t")
                if k is None:
                    cells.append(None)
                    continue
                if k not in written:
                    written[k] = self.ink(cell_ink(shape.cells[k]))
                cells.append(written[k])
            rows.append(tuple(cells))
        self.tables.append(LaidTable(tuple(rows), start, len(self.chars), shape.bounds, tuple(shape.columns)))


def _line_ink(line: list[Fragment]) -> Ink:
    ink = line[0].ink
    for last, fragment in pairwise(line):
        wide = fragment.x0 - last.x1 > 2 * fragment.size
        gap = "\t" if wide else gap_between(last.glyphs[-1], fragment.glyphs[0])
        ink += Ink(gap, (-1,) * len(gap)) + fragment.ink
    return ink

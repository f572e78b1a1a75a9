"""A printed page as text: from where its characters and lines stand to reading lines, paragraphs and tables.

Pure geometry; nothing here knows how a PDF is decoded. Coordinates are PDF points of the page as displayed, the
origin at the lower left. Text keeps the order in which the page draws it, which is the reading order in what office
programs, browsers and typesetting programs write; a table is laid out anew, one row a line, its cells tab-separated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from statistics import median

from assistant.reading.draft import attach

Bounds = tuple[float, float, float, float]  # left, bottom, right, top

_NUMBER = re.compile(
    r"[(\[<>~≈+\-−–±]*\s*(?:[$€£¥￥]|(?:RMB|HK|US|NT)\$?|[A-Z]{3})?\s*[(\-−+]?\d[\d,. ]*\s*"
    r"(?:%|x|X|倍|pct|pp|ppt|bp|bps|年|亿|億|万|萬|元|[kKmMbB]n?|[AEFaef]|Q\d+|H\d)?[)\]]?\*?"
    r"|[1-4][QH](?:FY)?\d{2,4}[AEF]?|(?:FY|CY)\d{2,4}[AEF]?|\d{1,2}M\d{2,4}[AEF]?"
    r"|[-–—/]|n\.?[am]\.?|N\.?[AM]\.?|nm"
)
LEADERS = re.compile(r"(?:[.·…] ?){5}")
_CJK = re.compile("[\u2e80-\u303f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_LINE_ENDS = "。！？；：.!?;:"
_BULLET = re.compile(
    r"(?:[-•●■◆▪►➢*·–—]|\(?\d{1,2}[.)、](?!\d)|[（(][一二三四五六七八九十\d]+[)）]|[一二三四五六七八九十]+、)\s*"
)


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character on the page; `index` is its place in the file's own list, `spaced` says that white space precedes,
    `typed` that this is a space of the file's own, `fresh` that the file draws the character by a command of its own
    and not together with the one before."""

    char: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    index: int
    spaced: bool = False
    upright: bool = True
    fresh: bool = False
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Ink:
    """Text with, for each of its characters, the index of the glyph it is (-1 for a space or break put in between)."""

    text: str = ""
    origin: tuple[int, ...] = ()

    def __add__(self, other: Ink) -> Ink:
        return Ink(self.text + other.text, self.origin + other.origin)


@dataclass
class Fragment:
    """Characters in a row with no wide gap between them."""

    glyphs: list[Glyph]
    order: int

    @property
    def x0(self) -> float:
        return self.glyphs[0].x0

    @cached_property
    def x1(self) -> float:
        return max(g.x1 for g in self.glyphs)

    @cached_property
    def y0(self) -> float:
        return min(g.y0 for g in self.glyphs)

    @cached_property
    def y1(self) -> float:
        return max(g.y1 for g in self.glyphs)

    @cached_property
    def size(self) -> float:
        return max(g.size for g in self.glyphs)

    @property
    def upright(self) -> bool:
        return self.glyphs[0].upright

    @cached_property
    def ink(self) -> Ink:
        return _glyph_ink(self.glyphs)

    @cached_property
    def numeric(self) -> bool:
        return _NUMBER.fullmatch(self.ink.text) is not None

    @cached_property
    def weight(self) -> int:
        """Length in columns of a terminal: a Chinese character counts two."""
        return sum(2 if g.char >= "\u2e80" else 1 for g in self.glyphs)

    @property
    def bounds(self) -> Bounds:
        return self.x0, self.y0, self.x1, self.y1


@dataclass
class Shape:
    """A table as it stands on the page: `places[i][j]` is the index of the cell there in `cells`, or None;
    `columns` are the horizontal extents of its columns."""

    places: list[list[int | None]]
    cells: list[list[Fragment]]
    bounds: Bounds
    columns: list[tuple[float, float]]

    @property
    def fragments(self) -> Iterator[Fragment]:
        for cell in self.cells:
            yield from cell


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


@dataclass
class Rules:
    """The straight lines of a page, edges of filled boxes included: (y, x0, x1) across and (x, y0, y1) upright."""

    across: list[tuple[float, float, float]] = field(default_factory=list)
    upright: list[tuple[float, float, float]] = field(default_factory=list)


def lay_out(glyphs: Sequence[Glyph], rules: Rules, drawings: Sequence[Bounds] = ()) -> Layout:
    """The page as text. `drawings` are the regions of charts, whose labels are no tables."""
    fragments = list(_fragments(glyphs))
    shapes = _ruled_tables(fragments, rules)
    taken = {id(f) for shape in shapes for f in shape.fragments}
    # A fragment that a table's walls cut in pieces is taken where its pieces are.
    inside = {g.index for shape in shapes for f in shape.fragments for g in f.glyphs}
    free = [f for f in fragments if id(f) not in taken and f.glyphs[0].index not in inside]
    striped = _striped_tables([f for f in free if f.upright], rules)
    inside |= {g.index for shape in striped for f in shape.fragments for g in f.glyphs}
    free = [f for f in free if f.glyphs[0].index not in inside]
    shapes += striped
    shapes += _aligned_tables([f for f in free if f.upright and not any(_within(f, box) for box in drawings)])
    inside |= {g.index for shape in shapes for f in shape.fragments for g in f.glyphs}
    return _written([f for f in free if f.glyphs[0].index not in inside], shapes)


# ---------------------------------------------------------------- characters to fragments and lines


def _fragments(glyphs: Sequence[Glyph]) -> Iterator[Fragment]:
    run: list[Glyph] = []
    token = 0  # where the last word of the run begins
    for glyph in glyphs:
        if run and _continues(run, glyph, token):
            if glyph.spaced or glyph.x0 - run[-1].x1 > 0.25 * glyph.size:
                token = len(run)
            run.append(glyph)
            continue
        if run:
            yield Fragment(run, run[0].index)
        run, token = [glyph], 0
    if run:
        yield Fragment(run, run[0].index)


def _continues(run: list[Glyph], glyph: Glyph, token: int) -> bool:
    last = run[-1]
    if not (glyph.upright and last.upright):
        near = abs(glyph.x0 - last.x0) + abs(glyph.y0 - last.y0) < 2.5 * glyph.size
        return near and not glyph.upright and not last.upright
    if not _same_line(last, glyph) or glyph.x0 < last.x0 - 0.2 * glyph.size:
        return False
    gap, size = glyph.x0 - last.x1, min(max(glyph.size, last.size), 24.0)
    if gap > 0.95 * size:
        return False
    # Figures of neighbouring columns may stand closer than the words of a justified line.
    if gap > (0.36 if glyph.fresh else 0.5) * size:
        opens_figure = glyph.char.isdigit() or glyph.char in "(-−+"
        after_figure = _NUMBER.fullmatch("".join(g.char for g in run[token:])) is not None
        apart = opens_figure and glyph.fresh and gap > 0.45 * size
        return not ((after_figure and (opens_figure or glyph.fresh)) or apart)
    return True


def _same_line(a: Glyph | Fragment, b: Glyph | Fragment) -> bool:
    return min(a.y1, b.y1) - max(a.y0, b.y0) > 0.5 * min(a.y1 - a.y0, b.y1 - b.y0)


def _glyph_ink(glyphs: Sequence[Glyph]) -> Ink:
    chars: list[str] = []
    origin: list[int] = []
    last: Glyph | None = None
    for glyph in glyphs:
        if last is not None and glyph.upright:
            between = _between(last, glyph)
            chars.append(between)
            origin.extend([-1] * len(between))
        chars.append(glyph.char)
        origin.append(glyph.index)
        last = glyph
    return Ink("".join(chars), tuple(origin))


def _between(last: Glyph, glyph: Glyph) -> str:
    """What stands between two characters of a line: a space, "^" before a raised digit, mostly nothing."""
    gap, size = glyph.x0 - last.x1, max(glyph.size, last.size)
    if glyph.size < 0.8 * last.size and glyph.y0 + glyph.y1 > last.y0 + last.y1 and gap < 0.2 * size:
        return attach(last.char, glyph.char)
    if glyph.spaced:
        # Wide tracking of Chinese type looks like spaces to a PDF library.
        tracked = gap < 0.2 * size and _CJK.match(last.char) and _CJK.match(glyph.char)
        return "" if tracked else " "
    return " " if gap > (0.6 if _CJK.match(last.char) or _CJK.match(glyph.char) else 0.3) * size else ""


def _rows(fragments: Iterable[Fragment]) -> list[list[Fragment]]:
    """Fragments grouped by the line they stand on, from the top down, each line from left to right."""
    rows: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda f: -(f.y0 + f.y1)):
        if rows and _same_line(rows[-1][0], fragment):
            rows[-1].append(fragment)
        else:
            rows.append([fragment])
    return [sorted(row, key=lambda f: f.x0) for row in rows]


def _cell_ink(fragments: Sequence[Fragment]) -> Ink:
    ink = Ink()
    for row in _rows(fragments):
        line = row[0].ink
        for last, fragment in pairwise(row):
            gap = _between(last.glyphs[-1], fragment.glyphs[0])
            line += Ink(gap, (-1,) * len(gap)) + fragment.ink
        ink = _wrap(ink, line, row[0].glyphs[0].typed)
    return ink


def _wrap(ink: Ink, line: Ink, typed: bool) -> Ink:
    """A line joined to the text that it continues: no space where Chinese is involved, unless one is `typed`."""
    if not ink.text:
        return line
    if not line.text:
        return ink
    tight = _CJK.match(ink.text[-1]) or _CJK.match(line.text[0]) or ink.text[-1] in "-/"
    return ink + line if tight and not typed else ink + Ink(" ", (-1,)) + line


# ---------------------------------------------------------------- tables with rules

_SNAP = 2.5  # points that lines which ought to meet may be apart
_MOST_RULES = 1500


def _ruled_tables(fragments: Sequence[Fragment], rules: Rules) -> list[Shape]:
    across, upright = _merged(rules.across), _merged(rules.upright)
    if not upright or not across or max(len(across), len(upright)) > _MOST_RULES:
        return []
    shapes = []
    for component in _components(across, upright):
        shape = _ruled_shape(fragments, *component)
        if shape is not None:
            shapes.append(shape)
    return shapes


def _merged(lines: Iterable[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Lines at the same place joined where they touch or overlap."""
    merged: list[tuple[float, float, float]] = []
    for at, group in _clusters(lines):
        start, end = group[0][1:]
        for _, low, high in group[1:]:
            if low <= end + _SNAP:
                end = max(end, high)
            else:
                merged.append((at, start, end))
                start, end = low, high
        merged.append((at, start, end))
    return merged


def _clusters(
    lines: Iterable[tuple[float, float, float]],
) -> Iterator[tuple[float, list[tuple[float, float, float]]]]:
    """Lines in groups of nearly the same position, each sorted along the line."""
    group: list[tuple[float, float, float]] = []
    for line in sorted(lines):
        if group and line[0] - group[0][0] > _SNAP:
            yield sum(g[0] for g in group) / len(group), sorted(group, key=lambda g: g[1:])
            group = []
        group.append(line)
    if group:
        yield sum(g[0] for g in group) / len(group), sorted(group, key=lambda g: g[1:])


_Lines = list[tuple[float, float, float]]


def _components(across: _Lines, upright: _Lines) -> Iterator[tuple[_Lines, _Lines]]:
    """Groups of lines that hang together by crossing or touching."""
    parent = list(range(len(across) + len(upright)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, (y, x0, x1) in enumerate(across):
        for j, (x, y0, y1) in enumerate(upright):
            if x0 - _SNAP <= x <= x1 + _SNAP and y0 - _SNAP <= y <= y1 + _SNAP:
                parent[root(i)] = root(len(across) + j)
    groups: dict[int, tuple[_Lines, _Lines]] = {}
    for k in range(len(parent)):
        pair = groups.setdefault(root(k), ([], []))
        if k < len(across):
            pair[0].append(across[k])
        else:
            pair[1].append(upright[k - len(across)])
    return (pair for pair in groups.values() if len(pair[0]) > 1 and pair[1])


def _positions(at: Iterable[float], ends: Iterable[float]) -> list[float]:
    """The places of the lines, with the outermost ends of the lines that cross them (an open frame)."""
    found: list[float] = []
    for value in sorted([*at, *ends]):
        if not found or value - found[-1] > _SNAP:
            found.append(value)
    return found


def _ruled_shape(fragments: Sequence[Fragment], across: _Lines, upright: _Lines) -> Shape | None:
    xs = _positions([x for x, *_ in upright], [min(a[1] for a in across), max(a[2] for a in across)])
    ys = _positions([y for y, *_ in across], [min(u[1] for u in upright), max(u[2] for u in upright)])[::-1]
    rows, columns = len(ys) - 1, len(xs) - 1
    if columns < 2 or rows < 1:
        return None
    owner = _owners(xs, ys, across, upright)
    cells: list[list[Fragment]] = [[] for _ in range(rows * columns)]
    for piece, i, j in _pieces(fragments, xs, ys):
        cells[owner[i * columns + j]].append(piece)
    places: list[list[int | None]] = [[owner[i * columns + j] for j in range(columns)] for i in range(rows)]
    shape = _without_empty(Shape(places, cells, (xs[0], ys[-1], xs[-1], ys[0]), list(pairwise(xs))))
    return _split_rows(shape) if shape and _holds_table(shape) else None


def _owners(xs: list[float], ys: list[float], across: _Lines, upright: _Lines) -> list[int]:
    """For each unit of the raster the upper left unit of the cell it belongs to: no line runs between them."""
    rows, columns = len(ys) - 1, len(xs) - 1
    walls_right = [[_covered(upright, xs[j + 1], ys[i + 1], ys[i]) for j in range(columns)] for i in range(rows)]
    walls_below = [[_covered(across, ys[i + 1], xs[j], xs[j + 1]) for j in range(columns)] for i in range(rows)]
    owner = [-1] * (rows * columns)
    for i in range(rows):
        for j in range(columns):
            if owner[i * columns + j] >= 0:
                continue
            right = j
            while right + 1 < columns and not walls_right[i][right] and owner[i * columns + right + 1] < 0:
                right += 1
            below = i
            while below + 1 < rows and not any(walls_below[below][j : right + 1]) and not any(
                walls_right[below + 1][j:right]
            ):
                below += 1
            for k in range(i, below + 1):
                for m in range(j, right + 1):
                    owner[k * columns + m] = i * columns + j
    return owner


def _covered(lines: _Lines, at: float, low: float, high: float) -> bool:
    """Whether a line at `at` runs along most of low..high."""
    along = sum(min(high, b) - max(low, a) for x, a, b in lines if abs(x - at) <= _SNAP and b > low and a < high)
    return along > 0.6 * (high - low)


def _pieces(fragments: Sequence[Fragment], xs: list[float], ys: list[float]) -> Iterator[tuple[Fragment, int, int]]:
    """The fragments within the raster, cut where a line of the raster passes between two characters, with the
    row and column in which each piece begins."""
    from bisect import bisect_right

    falling = [-y for y in ys]
    for fragment in fragments:
        if not fragment.upright or fragment.x1 < xs[0] or fragment.x0 > xs[-1]:
            continue
        i = bisect_right(falling, -(fragment.y0 + fragment.y1) / 2) - 1
        if not 0 <= i < len(ys) - 1:
            continue
        run: list[Glyph] = []
        column = -1
        for glyph in fragment.glyphs:
            at = bisect_right(xs, (glyph.x0 + glyph.x1) / 2) - 1
            # Text that overflows its cell runs across a line; text of two cells leaves the line clear.
            clear = not run or (at > column and glyph.x0 >= xs[at] - 1 and (
                glyph.spaced or glyph.x0 - run[-1].x1 > 0.1 * glyph.size
            ))
            if clear and at != column:
                if run and 0 <= column < len(xs) - 1:
                    yield Fragment(run, run[0].index), i, column
                run, column = [], at
            run.append(glyph)
        if run and 0 <= column < len(xs) - 1:
            yield Fragment(run, run[0].index), i, column


def _without_empty(shape: Shape) -> Shape | None:
    """The table without rows that hold no text at all, and without such columns where they are but a double rule."""

    def filled(places: Iterable[int | None]) -> bool:
        return any(k is not None and shape.cells[k] for k in places)

    rows = [row for row in shape.places if filled(row)]
    wide = [right - left > 12 for left, right in shape.columns]
    kept = [j for j, is_wide in enumerate(wide) if is_wide or filled(row[j] for row in rows)]
    if not rows or len(kept) < 2:
        return None
    columns = [shape.columns[j] for j in kept]
    return Shape([[row[j] for j in kept] for row in rows], shape.cells, shape.bounds, columns)


def _holds_table(shape: Shape) -> bool:
    """Whether the frame holds a table whose columns are ruled: else it is a box around text, or its columns are
    set by white space alone."""
    filled = [cell for cell in shape.cells if cell]
    if len(filled) < 3 or len({k for row in shape.places for k in row}) < 3:
        return False
    lines = [row for cell in filled for row in _rows(cell)]
    crowded = sum(1 for row in lines if len(row) > 1 and any(f.numeric for f in row))
    return crowded <= 0.3 * len(lines)


def _split_rows(shape: Shape) -> Shape:
    """Rows that no line parts are parted by their text, where each line of it holds figures in two cells or more."""
    places: list[list[int | None]] = []
    cells = list(shape.cells)
    for row in shape.places:
        lines = _rows([f for k in dict.fromkeys(row) if k is not None for f in cells[k]])
        spans = any(k is not None and sum(k in other for other in shape.places) > 1 for k in row)
        figures = sum(1 for line in lines if sum(f.numeric for f in line) >= 1 and len(line) >= 2)
        if len(lines) < 2 or spans or figures < 0.7 * len(lines) or figures < 2:
            places.append(row)
            continue
        owner = {id(f): k for k in dict.fromkeys(row) if k is not None for f in cells[k]}
        for line in lines:
            fresh: dict[int, int] = {}
            for k in dict.fromkeys(row):
                if k is not None:
                    fresh[k] = len(cells)
                    cells.append([f for f in line if owner[id(f)] == k])
            places.append([None if k is None else fresh[k] for k in row])
    return Shape(places, cells, shape.bounds, shape.columns)


# ---------------------------------------------------------------- tables whose rows alone are ruled


def _striped_tables(fragments: Sequence[Fragment], rules: Rules) -> list[Shape]:
    """Tables with a line under each row and none between columns; needed where cells run over lines."""
    ladders: dict[tuple[int, int], list[float]] = {}
    for y, x0, x1 in _merged(rules.across):
        if x1 - x0 > 100:
            ladders.setdefault((round(x0 / 4), round(x1 / 4)), []).append(y)
    shapes = []
    for (left, right), ys in ladders.items():
        for run in _striped_runs(fragments, left * 4 - 4, right * 4 + 4, sorted(ys, reverse=True)):
            shape = _striped_shape(run)
            if shape is not None:
                shapes.append(shape)
    return shapes


def _striped_runs(
    fragments: Sequence[Fragment], left: float, right: float, ys: list[float]
) -> Iterator[list[list[Fragment]]]:
    """The text between one line and the next, for lines that follow each other with text between them."""
    run: list[list[Fragment]] = []
    for upper, lower in pairwise(ys):
        row = [f for f in fragments if lower < (f.y0 + f.y1) / 2 < upper and left <= f.x0 and f.x1 <= right]
        lines = _rows(row)
        # Between one table's last line and the next one's first stand running text, a source line, a caption.
        wide = len(lines) > 1 or any(f.x1 - f.x0 > 0.6 * (right - left) for f in row)
        running = wide and all(len(line) == 1 for line in lines)
        if row and len(lines) <= 8 and not running:
            run.append(row)
            continue
        if run:
            yield run
        run = []
    if run:
        yield run


def _striped_shape(rows: list[list[Fragment]]) -> Shape | None:
    if len(rows) < 3 or all(len(_rows(row)) == 1 for row in rows):
        return None  # rows of one line each are found by their alignment, titles over columns included
    bands = _bands(rows)
    if len(bands) < 2:
        return None
    places: list[list[int | None]] = []
    cells: list[list[Fragment]] = []
    for row in rows:
        places.append(_placed(_assigned(row, bands, head=False), len(bands), cells))
    if sum(1 for row in places if sum(1 for k in row if k is not None and cells[k]) > 1) < 0.6 * len(rows):
        return None
    return _split_rows(Shape(places, cells, _around(f for row in rows for f in row), bands))


# ---------------------------------------------------------------- tables by alignment alone


@dataclass
class _Candidate:
    rows: list[list[Fragment]]
    waiting: list[list[Fragment]] = field(default_factory=list)  # single pieces below; kept if the table goes on

    @property
    def last(self) -> list[Fragment]:
        return (self.waiting or self.rows)[-1]

    def takes(self, row: list[Fragment]) -> bool:
        left = min(r[0].x0 for r in (*self.rows, *self.waiting))
        right = max(f.x1 for r in self.rows for f in r)
        shared = min(right, row[-1].x1) - max(left, row[0].x0)
        gap = min(f.y0 for f in self.last) - max(f.y1 for f in row)
        height = min(row[0].y1 - row[0].y0, self.last[0].y1 - self.last[0].y0)
        if gap >= 2.0 * height or (len(row) < 2 and len(self.waiting) > 3):
            return False
        return shared > 0.5 * min(right - left, row[-1].x1 - row[0].x0) or self._first_below(row)

    def _first_below(self, row: list[Fragment]) -> bool:
        """Whether a row that is not full stands under a header that is all there is so far, figure under title."""
        if len(self.rows) > 1 or len(row) < 2 or row[0].x0 > self.rows[0][0].x0:
            return False
        return any(f.numeric and f.x0 < title.x1 and title.x0 < f.x1 for f in row for title in self.rows[0])

    def heads(self, row: list[Fragment]) -> bool:
        """Whether a lone piece left of a first line may be the name of a block, under a header with an empty corner."""
        if len(row) > 1 or len(self.rows) > 1 or self.waiting or row[0].numeric:
            return False
        first = self.rows[0]
        gap = min(f.y0 for f in first) - row[0].y1
        return row[0].x1 < first[0].x1 and row[0].x0 < first[0].x0 and 0 < gap < 2.0 * (first[0].y1 - first[0].y0)

    def add(self, row: list[Fragment]) -> None:
        if len(row) < 2:
            self.waiting.append(row)
        else:
            self.rows += [*self.waiting, row]
            self.waiting = []


def _aligned_tables(fragments: Sequence[Fragment]) -> list[Shape]:
    prose = _prose(fragments)
    candidates: list[_Candidate] = []
    growing: list[_Candidate] = []
    for row in _rows(fragments):
        for segment in _segments(row, prose):
            taker = next((c for c in growing if c.takes(segment)), None)
            taker = taker or next((c for c in growing if c.heads(segment)), None)
            if taker is not None:
                taker.add(segment)
            elif len(segment) > 1:
                growing.append(_Candidate([segment]))
        low = min(f.y0 for f in row)
        still = [c for c in growing if c.last[0].y0 - low < 80]
        candidates += [c for c in growing if c not in still]
        growing = still
    shapes: list[Shape] = []
    for candidate in candidates + growing:
        shape = _aligned_shape(_absorbed(candidate.rows, fragments, prose))
        if shape is not None:
            shapes.append(shape)
    return shapes


def _absorbed(rows: list[list[Fragment]], fragments: Sequence[Fragment], prose: set[int]) -> list[list[Fragment]]:
    """The rows with what else stands among them: a lone label beside two header lines overlaps neither."""
    known = {id(f) for row in rows for f in row}
    _, low, right, high = _around(f for row in rows for f in row)
    left = min(f.x0 for row in rows for f in row)
    more = [
        f
        for f in fragments
        if id(f) not in known and id(f) not in prose
        and low < (f.y0 + f.y1) / 2 < high and f.x0 >= left - 1 and f.x1 <= right + 1
    ]
    return _rows([f for row in rows for f in row] + more) if more else rows


def _prose(fragments: Sequence[Fragment]) -> set[int]:
    """The fragments that are running text: long ones, and those that the next one drawn continues below."""
    found = {id(f) for f in fragments if f.weight > 60}
    for a, b in pairwise(fragments):
        below = 0 < (a.y0 + a.y1 - b.y0 - b.y1) / 2 < 2.2 * a.size and abs(a.x0 - b.x0) < 2.5 * a.size
        if below and a.weight > 24 and (b.weight > 24 or b.x1 < a.x1) and not b.numeric and abs(a.size - b.size) < 1:
            found |= {id(a), id(b)}
    return found


def _segments(row: list[Fragment], prose: set[int]) -> Iterator[list[Fragment]]:
    segment: list[Fragment] = []
    for fragment in row:
        if id(fragment) in prose:
            if segment:
                yield segment
            segment = []
        else:
            segment.append(fragment)
    if segment:
        yield segment


def _aligned_shape(rows: list[list[Fragment]]) -> Shape | None:
    bands = _bands(rows)
    if len(bands) < 2 or sum(len(row) > 1 for row in rows) < 2:
        return None
    places: list[list[int | None]] = []
    cells: list[list[Fragment]] = []
    previous: list[Fragment] = []
    pitch = _pitch(rows)
    heads = _head_rows(rows, len(bands))
    for number, row in enumerate(rows):
        below = next((other for other in rows[number + 1 :] if len(other) > 1), row)
        spread = _assigned(row, bands, number < heads and _level(row) - _level(below) > 0.8 * pitch)
        if places and _is_wrapped(row, previous, pitch):
            for columns, fragment in spread:
                if (k := places[-1][columns[0]]) is not None:
                    cells[k].append(fragment)
        else:
            places.append(_placed(spread, len(bands), cells))
        previous = row
    if not _is_table(places, cells):
        return None
    return Shape(places, cells, _around(f for row in rows for f in row), bands)


def _around(fragments: Iterable[Fragment]) -> Bounds:
    found = list(fragments)
    return min(f.x0 for f in found), min(f.y0 for f in found), max(f.x1 for f in found), max(f.y1 for f in found)


def _head_rows(rows: list[list[Fragment]], width: int) -> int:
    """How many leading rows are emptier than the table is wide: there a title may stand over several columns."""
    for number, row in enumerate(rows):
        if len(row) >= max(width - 1, 2):
            return number
    return 0


def _bands(rows: list[list[Fragment]]) -> list[tuple[float, float]]:
    """The columns: stretches of x that the fuller rows cover, parted by white space that runs through them."""
    many = [row for row in rows if len(row) > 1]
    if not many:
        return []
    typical = median(len(row) for row in many)
    body = [row for row in many if len(row) >= typical]
    events = sorted(edge for row in body for f in row for edge in ((f.x0, 1), (f.x1 - 0.01, -1)))
    tolerated = len(body) // 15  # a stray long label among many rows doesn't join two columns
    bands: list[tuple[float, float]] = []
    depth, start = 0, 0.0
    for x, step in events:
        before, depth = depth, depth + step
        if before <= tolerated < depth:
            start = x
        elif depth <= tolerated < before:
            bands.append((start, x))
    joined: list[tuple[float, float]] = []
    nearest = 0.25 * median(f.size for row in body for f in row)
    for band in bands:
        if joined and band[0] - joined[-1][1] < nearest:
            joined[-1] = (joined[-1][0], band[1])
        else:
            joined.append(band)
    return joined


def _assigned(row: list[Fragment], bands: list[tuple[float, float]], head: bool) -> list[tuple[list[int], Fragment]]:
    """Each fragment with the columns it stands over: the one it shares most with, or is nearest to; in a head row
    those that it is centred over."""
    found: list[tuple[list[int], Fragment]] = []
    for f in row:
        overlaps = [min(f.x1, b) - max(f.x0, a) for a, b in bands]
        best = max(range(len(bands)), key=lambda j: overlaps[j])
        found.append(([best], f))
    if not head:
        return found
    titles = [f for columns, f in found if columns[0] > 0]
    runs = _partition(titles, bands)
    return [pair for pair in found if pair[0][0] == 0] + list(zip(runs, titles, strict=True)) if runs else found


def _partition(titles: list[Fragment], bands: list[tuple[float, float]]) -> list[list[int]]:
    """The columns after the first, dealt out in runs to the titles so that each title is centred over its run;
    none where no dealing centres them all."""
    if not titles or len(titles) >= len(bands) - 1:
        return []
    best: list[tuple[float, list[int]]] = [(0.0, [])]  # for each number of columns: worst offset, ends of runs
    best += [(1e9, [])] * (len(bands) - 1)
    for title in titles:
        middle = (title.x0 + title.x1) / 2
        longer = [(1e9, list[int]())] * len(bands)
        for end in range(1, len(bands)):
            for start in range(end):
                worst, ends = best[start]
                off = max(worst, abs((bands[start + 1][0] + bands[end][1]) / 2 - middle))
                if off < longer[end][0]:
                    longer[end] = (off, [*ends, end])
        best = longer
    worst, ends = best[-1]
    # The columns are known by their text, which rarely fills them; so the middle is known to a part of their width.
    if worst > max(1.2 * titles[0].size, 0.35 * (bands[-1][1] - bands[1][0]) / (len(bands) - 1)):
        return []
    return [list(range(a + 1, b + 1)) for a, b in pairwise([0, *ends])]


def _placed(spread: list[tuple[list[int], Fragment]], width: int, cells: list[list[Fragment]]) -> list[int | None]:
    places: list[int | None] = [None] * width
    for columns, fragment in spread:
        if (k := places[columns[0]]) is not None:
            cells[k].append(fragment)
            continue
        for j in columns:
            places[j] = len(cells)
        cells.append([fragment])
    for j in range(width):
        if places[j] is None:
            places[j] = len(cells)
            cells.append([])
    return places


def _pitch(rows: list[list[Fragment]]) -> float:
    steps = [_level(a) - _level(b) for a, b in pairwise(rows) if len(a) > 1 and len(b) > 1]
    return median(steps) if steps else 0.0


def _level(row: list[Fragment]) -> float:
    """The height of a row on the page, whatever one cell of it that is centred over two lines says."""
    return median(f.y0 for f in row)


def _is_wrapped(row: list[Fragment], previous: list[Fragment], pitch: float) -> bool:
    """Whether a row only continues the cells above it: closer to them than rows are, and without figures."""
    step = _level(previous) - _level(row)
    return step < 0.8 * pitch and len(row) <= len(previous) and not any(f.numeric for f in row)


def _is_table(places: list[list[int | None]], cells: list[list[Fragment]]) -> bool:
    """Figures in most places beside the first column, or three columns and more of short aligned text."""
    beside = [cells[k] for row in places for k in row[1:] if k is not None and cells[k]]
    if sum(1 for cell in cells for f in cell if LEADERS.search(f.ink.text)) > 0.2 * len(places):
        return False  # a table of contents or an index
    full = [row for row in places if sum(1 for k in row if k is not None and cells[k]) > 1]
    if not beside or len(full) < 2:
        return False
    figures = sum(1 for cell in beside if any(f.numeric for f in cell)) / len(beside)
    if figures >= 0.45 and (len(places[0]) > 2 or len(full) >= 3):
        return True
    lengths = [sum(f.weight for f in cell) for cell in beside]
    if len(places[0]) >= 4 and len(places) == 2 and all(cells[k] for row in places for k in row if k is not None):
        return median(lengths) <= 16  # the beginning of a table at the foot of a page
    return len(places[0]) >= 3 and len(full) >= 3 and median(lengths) <= 24 and len(full) >= 0.6 * len(places)


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
        follows = line and fragment.upright and line[-1].upright and _same_line(line[-1], fragment)
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
    needed = size if _CJK.match(text) else 0.5 * size * (len(first_word[0]) + 1 if first_word else 1)
    ended = upper.ink.text[-1] in _LINE_ENDS
    if room < max(needed, 1.6 * size):
        return not (ended and room > 0.9 * size)
    # Chinese typesetting moves a whole foreign name or number to the next line.
    chinese = sum(1 for g in upper.glyphs if _CJK.match(g.char)) > 0.3 * len(upper.glyphs)
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
            ink = _wrap(ink, _line_ink(line), line[0].glyphs[0].typed)
        place = self.ink(ink)
        pieces = [f for line in block for f in line]
        size = max(f.size for f in pieces)
        first = pieces[0].glyphs[0].index
        self.lines.append(LaidLine(place.start, place.end, size, _around(pieces), first, len(block)))

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
                    written[k] = self.ink(_cell_ink(shape.cells[k]))
                cells.append(written[k])
            rows.append(tuple(cells))
        self.tables.append(LaidTable(tuple(rows), start, len(self.chars), shape.bounds, tuple(shape.columns)))


def _line_ink(line: list[Fragment]) -> Ink:
    ink = line[0].ink
    for last, fragment in pairwise(line):
        wide = fragment.x0 - last.x1 > 2 * fragment.size
        gap = "\t" if wide else _between(last.glyphs[-1], fragment.glyphs[0])
        ink += Ink(gap, (-1,) * len(gap)) + fragment.ink
    return ink


def _within(fragment: Fragment, box: Bounds) -> bool:
    x, y = (fragment.x0 + fragment.x1) / 2, (fragment.y0 + fragment.y1) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]

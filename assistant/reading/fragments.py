"""What stands on a page: characters, the pieces of a line that they make up, tables of them, and straight lines.

Coordinates are PDF points of the page as displayed, the origin at the lower left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from assistant.reading.draft import attach

Bounds = tuple[float, float, float, float]  # left, bottom, right, top

_NUMBER = re.compile(
    r"[(\[<>~≈+\-−–±]*\s*(?:[$€£¥￥]|(?:RMB|HK|US|NT)\$?|[A-Z]{3})?\s*[(\-−+]?\d[\d,. ]*\s*"
    r"(?:%|x|X|倍|pct|pp|ppt|bp|bps|年|亿|億|万|萬|元|[kKmMbB]n?|[AEFaef]|Q\d+|H\d)?[)\]]?\*?"
    r"|[1-4][QH](?:FY)?\d{2,4}[AEF]?|(?:FY|CY)\d{2,4}[AEF]?|\d{1,2}M\d{2,4}[AEF]?"
    r"|[-–—/]|n\.?[am]\.?|N\.?[AM]\.?|nm"
)
LEADERS = re.compile(r"(?:[.·…] ?){5}")
CJK = re.compile("[\u2e80-\u303f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


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


@dataclass
class Rules:
    """The straight lines of a page, edges of filled boxes included: (y, x0, x1) across and (x, y0, y1) upright."""

    across: list[tuple[float, float, float]] = field(default_factory=list)
    upright: list[tuple[float, float, float]] = field(default_factory=list)


# ---------------------------------------------------------------- from characters to fragments and lines


def fragments_of(glyphs: Sequence[Glyph]) -> Iterator[Fragment]:
    """The glyphs, in drawing order, as pieces of a line."""
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
    if not same_line(last, glyph) or glyph.x0 < last.x0 - 0.2 * glyph.size:
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


def same_line(a: Glyph | Fragment, b: Glyph | Fragment) -> bool:
    """Whether two stand on one line."""
    return min(a.y1, b.y1) - max(a.y0, b.y0) > 0.5 * min(a.y1 - a.y0, b.y1 - b.y0)


def _glyph_ink(glyphs: Sequence[Glyph]) -> Ink:
    chars: list[str] = []
    origin: list[int] = []
    last: Glyph | None = None
    for glyph in glyphs:
        if last is not None and glyph.upright:
            between = gap_between(last, glyph)
            chars.append(between)
            origin.extend([-1] * len(between))
        chars.append(glyph.char)
        origin.append(glyph.index)
        last = glyph
    return Ink("".join(chars), tuple(origin))


def gap_between(last: Glyph, glyph: Glyph) -> str:
    """What stands between two characters of a line: a space, "^" before a raised digit, mostly nothing."""
    gap, size = glyph.x0 - last.x1, max(glyph.size, last.size)
    if glyph.size < 0.8 * last.size and glyph.y0 + glyph.y1 > last.y0 + last.y1 and gap < 0.2 * size:
        return attach(last.char, glyph.char)
    if glyph.spaced:
        # Wide tracking of Chinese type looks like spaces to a PDF library.
        tracked = gap < 0.2 * size and CJK.match(last.char) and CJK.match(glyph.char)
        return "" if tracked else " "
    return " " if gap > (0.6 if CJK.match(last.char) or CJK.match(glyph.char) else 0.3) * size else ""


def rows_of(fragments: Iterable[Fragment]) -> list[list[Fragment]]:
    """Fragments grouped by the line they stand on, from the top down, each line from left to right."""
    rows: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda f: -(f.y0 + f.y1)):
        if rows and same_line(rows[-1][0], fragment):
            rows[-1].append(fragment)
        else:
            rows.append([fragment])
    return [sorted(row, key=lambda f: f.x0) for row in rows]


def cell_ink(fragments: Sequence[Fragment]) -> Ink:
    """The text of a cell, its lines joined."""
    ink = Ink()
    for row in rows_of(fragments):
        line = row[0].ink
        for last, fragment in pairwise(row):
            gap = gap_between(last.glyphs[-1], fragment.glyphs[0])
            line += Ink(gap, (-1,) * len(gap)) + fragment.ink
        ink = wrapped_on(ink, line, row[0].glyphs[0].typed)
    return ink


def wrapped_on(ink: Ink, line: Ink, typed: bool) -> Ink:
    """A line joined to the text that it continues: no space where Chinese is involved, unless one is `typed`."""
    if not ink.text:
        return line
    if not line.text:
        return ink
    tight = CJK.match(ink.text[-1]) or CJK.match(line.text[0]) or ink.text[-1] in "-/"
    return ink + line if tight and not typed else ink + Ink(" ", (-1,)) + line


def bounds_of(fragments: Iterable[Fragment]) -> Bounds:
    """The box around fragments."""
    found = list(fragments)
    return min(f.x0 for f in found), min(f.y0 for f in found), max(f.x1 for f in found), max(f.y1 for f in found)


def is_within(fragment: Fragment, box: Bounds) -> bool:
    """Whether the middle of a fragment is inside a box."""
    x, y = (fragment.x0 + fragment.x1) / 2, (fragment.y0 + fragment.y1) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]

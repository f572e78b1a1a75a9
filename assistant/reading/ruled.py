"""Tables whose rows and columns are parted by drawn lines, or by the edges of filled boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from assistant.reading.fragments import Fragment, Glyph, Rules, Shape, rows_of

_SNAP = 2.5  # points that lines which ought to meet may be apart
_MOST_RULES = 1500


def ruled_tables(fragments: Sequence[Fragment], rules: Rules) -> list[Shape]:
    """The tables between drawn lines."""
    across, upright = merged_rules(rules.across), merged_rules(rules.upright)
    if not upright or not across or max(len(across), len(upright)) > _MOST_RULES:
        return []
    shapes = []
    for component in _components(across, upright):
        shape = _ruled_shape(fragments, *component)
        if shape is not None:
            shapes.append(shape)
    return shapes


def merged_rules(lines: Iterable[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
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
    return split_rows(shape) if shape and _holds_table(shape) else None


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
            while (
                below + 1 < rows
                and not any(walls_below[below][j : right + 1])
                and not any(walls_right[below + 1][j:right])
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
            clear = not run or (
                at > column and glyph.x0 >= xs[at] - 1 and (glyph.spaced or glyph.x0 - run[-1].x1 > 0.1 * glyph.size)
            )
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
    lines = [row for cell in filled for row in rows_of(cell)]
    crowded = sum(1 for row in lines if len(row) > 1 and any(f.numeric for f in row))
    return crowded <= 0.3 * len(lines)


def split_rows(shape: Shape) -> Shape:
    """Rows that no line parts are parted by their text, where each line of it holds figures in two cells or more."""
    places: list[list[int | None]] = []
    cells = list(shape.cells)
    for row in shape.places:
        lines = rows_of([f for k in dict.fromkeys(row) if k is not None for f in cells[k]])
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

"""Tables told by where their text stands: with lines under rows alone, or with no lines at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from assistant.reading.fragments import LEADERS, Fragment, Rules, Shape, bounds_of, rows_of
from assistant.reading.ruled import merged_rules, split_rows

# ---------------------------------------------------------------- tables whose rows alone are ruled


def striped_tables(fragments: Sequence[Fragment], rules: Rules) -> list[Shape]:
    """Tables with a line under each row and none between columns; needed where cells run over lines."""
    ladders: dict[tuple[int, int], list[float]] = {}
    for y, x0, x1 in merged_rules(rules.across):
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
        lines = rows_of(row)
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
    if len(rows) < 3 or all(len(rows_of(row)) == 1 for row in rows):
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
    return split_rows(Shape(places, cells, bounds_of(f for row in rows for f in row), bands))


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


def aligned_tables(fragments: Sequence[Fragment]) -> list[Shape]:
    """The tables told by alignment alone."""
    prose = _prose(fragments)
    candidates: list[_Candidate] = []
    growing: list[_Candidate] = []
    for row in rows_of(fragments):
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
    _, low, right, high = bounds_of(f for row in rows for f in row)
    left = min(f.x0 for row in rows for f in row)
    more = [
        f
        for f in fragments
        if id(f) not in known
        and id(f) not in prose
        and low < (f.y0 + f.y1) / 2 < high
        and f.x0 >= left - 1
        and f.x1 <= right + 1
    ]
    return rows_of([f for row in rows for f in row] + more) if more else rows


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
    return Shape(places, cells, bounds_of(f for row in rows for f in row), bands)


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

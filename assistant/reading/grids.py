"""Grids of cells in plain text and Markdown: tab-separated lines, pipe tables, HTML tables, with exact offsets."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from assistant.reading.captions import Line, caption_of, is_page_line, is_source_line
from assistant.reading.labels import Kind, kind_of, readable
from assistant.reading.source import Grid, GridCell

Cells = tuple[GridCell | None, ...]

_SAMPLE = 40  # rows that show what kinds of cells a grid's columns hold
_BLOCK = re.compile(r"[\u4e00-\u9fff]{2,6}\s*")  # a line that names a block, in a table of some width
_BLOCK_COLUMNS = 4
_GAP = 400  # characters that a page break may put into a table
_SENTENCE = re.compile(r"[。！？；;]")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_PIPE = re.compile(r"(?<!\\)\|")
_HTML_OPEN = re.compile(r"<table\b[^>]*>", re.I)
_HTML_CLOSE = re.compile(r"</table\s*>", re.I)
_HTML_ROW = re.compile(r"<tr\b[^>]*>(.*?)(?=<tr\b|</tr\s*>|\Z)", re.I | re.S)
_HTML_CELL = re.compile(r"<(t[dh])\b([^>]*)>(.*?)(?=<t[dh]\b|</t[dh]\s*>|\Z)", re.I | re.S)
_SPAN = re.compile(r"(col|row)span\s*=\s*[\"']?(\d{1,3})", re.I)
_BULLET = re.compile(r"[•●▪■◆*\-]|\(?\d{1,3}[.)、）]")


def text_grids(text: str) -> tuple[Grid, ...]:
    """The grids in plain text or Markdown, in reading order. Runs of tab-separated lines are one grid, also over
    blank lines or a page gap when the lines after it have as many columns and bring no header of their own."""
    grids: list[Grid] = []
    if "<table" in text or "<TABLE" in text:
        grids += _html_grids(text)
    if "|" in text:
        grids += _pipe_grids(text)
    if "\t" in text:
        taken = [(grid.start, grid.end) for grid in grids]
        grids += join_continued(text, _tab_grids(text, sorted(taken)))
    return tuple(sorted((grid for grid in grids if _holds_together(grid)), key=lambda grid: grid.start))


def _holds_together(grid: Grid) -> bool:
    """At least two rows of two cells, and no list whose numbers or bullets are set off by tabs."""
    full = [row for row in grid.rows if sum(cell is not None and cell.end > cell.start for cell in row) > 1]
    heads = [row[0].text for row in full if row[0] is not None]
    return len(full) > 1 and not all(_BULLET.fullmatch(head) for head in heads)


# ---------------------------------------------------------------- tabs


def _tab_grids(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[Grid]:
    """One grid for every run of neighbouring lines with tabs."""
    run: list[Cells] = []
    start = stop = 0
    for line_start, line_end in _lines_with(text, "\t"):
        if _covered(taken, line_start):
            continue
        if run and line_start > stop + 1 and (block := _block_line(text, stop, line_start, line_end, run[-1])):
            run.append((block, *[GridCell(block.end, block.end, "")] * (len(run[-1]) - 1)))
        elif run and line_start > stop + 1:
            yield Grid(tuple(run), start, _last_end(run))
            run = []
        if not run:
            start = line_start
        stop = line_end
        if not text[line_start:line_end].isspace():
            run.append(_tab_row(text, line_start, line_end))
    if run:
        yield Grid(tuple(run), start, _last_end(run))


def _block_line(text: str, stop: int, start: int, end: int, above: Cells) -> GridCell | None:
    """The one short line between rows of equal width that names a block of the table ("海外"), as a cell."""
    line = text[stop + 1 : start - 1]
    if not _BLOCK.fullmatch(line) or len(above) < _BLOCK_COLUMNS or text.count("\t", start, end) + 1 != len(above):
        return None
    return _cell(text, stop + 1, start - 1)


def _covered(stretches: Sequence[tuple[int, int]], at: int) -> bool:
    i = bisect_right(stretches, (at, len(stretches) and stretches[-1][1])) - 1
    return i >= 0 and at < stretches[i][1]


def _last_end(rows: Sequence[Cells]) -> int:
    return max(cell.end for cell in rows[-1] if cell is not None)


def _lines_with(text: str, mark: str) -> Iterator[tuple[int, int]]:
    """Start and end of every line that holds `mark`."""
    at = text.find(mark)
    while at >= 0:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield text.rfind("\n", 0, at) + 1, end
        at = text.find(mark, end)


def _tab_row(text: str, start: int, end: int) -> Cells:
    cells = []
    for piece in text[start:end].split("\t"):
        cells.append(_cell(text, start, start + len(piece)))
        start += len(piece) + 1
    return tuple(cells)


def _cell(text: str, start: int, end: int) -> GridCell:
    raw = text[start:end]
    stripped = raw.strip()
    if stripped and raw[0] != stripped[0]:
        start = text.index(stripped[0], start)
    return GridCell(start, start + len(stripped), stripped)


# ---------------------------------------------------------------- pipes


def _pipe_grids(text: str) -> Iterator[Grid]:
    """Markdown tables: a header, a rule line and rows; or lines that both start and end with a pipe."""
    run: list[tuple[int, int]] = []
    for line in _lines_with(text, "|"):
        if run and line[0] > run[-1][1] + 1:
            yield from _pipe_tables(text, run)
            run = []
        run.append(line)
    yield from _pipe_tables(text, run)


def _pipe_tables(text: str, lines: Sequence[tuple[int, int]]) -> Iterator[Grid]:
    rules = {i for i, (a, b) in enumerate(lines) if i and "-" in text[a:b] and _RULE.fullmatch(text[a:b].rstrip())}
    bounds = sorted({0, *(rule - 1 for rule in rules)})
    for first, last in zip(bounds, [*bounds[1:], len(lines)], strict=True):
        ruled = first + 1 in rules
        kept = [line for i, line in enumerate(lines[first:last]) if not (ruled and i == 1)]
        if ruled or all(text[a:b].strip().startswith("|") and text[a:b].strip().endswith("|") for a, b in kept):
            rows = tuple(_pipe_row(text, a, b) for a, b in kept)
            if rows:
                yield Grid(rows, kept[0][0], _last_end(rows), header_rows=1 if ruled else None)


def _pipe_row(text: str, start: int, end: int) -> Cells:
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    if text[start] == "|":
        start += 1
    if end > start and text[end - 1] == "|" and text[end - 2 : end - 1] != "\\":
        end -= 1
    cells = []
    for match in _PIPE.finditer(text, start, end):
        cells.append(_cell(text, start, match.start()))
        start = match.end()
    return (*cells, _cell(text, start, end))


# ---------------------------------------------------------------- HTML tables within Markdown


def _html_grids(text: str) -> Iterator[Grid]:
    at = 0
    while (opening := _HTML_OPEN.search(text, at)) and (closing := _HTML_CLOSE.search(text, opening.end())):
        at = closing.end()
        rows: list[Cells] = []
        headers = 0
        hanging: dict[int, tuple[GridCell, int]] = {}
        for row in _HTML_ROW.finditer(text, opening.end(), closing.start()):
            found = list(_HTML_CELL.finditer(text, row.start(1), row.end(1)))
            cells = _html_row(text, found, hanging)
            if headers == len(rows) and found and all(match[1].lower() == "th" for match in found):
                headers += 1
            if cells:
                rows.append(cells)
        if rows:
            yield Grid(tuple(rows), opening.start(), at, header_rows=headers or None)


def _html_row(text: str, found: Iterable[re.Match[str]], hanging: dict[int, tuple[GridCell, int]]) -> Cells:
    """A row's cells; those merged with the row above (`hanging`: column to cell and rows left) stand in it, too."""
    cells: list[GridCell | None] = []
    for match in found:
        _take_hanging(cells, hanging)
        spans = {kind.lower(): int(number) for kind, number in _SPAN.findall(match[2])}
        cell = _cell(text, match.start(3), match.end(3))
        for _ in range(max(spans.get("col", 1), 1)):
            if spans.get("row", 1) > 1:
                hanging[len(cells)] = (cell, spans["row"] - 1)
            cells.append(cell)
    _take_hanging(cells, hanging)
    return tuple(cells)


def _take_hanging(cells: list[GridCell | None], hanging: dict[int, tuple[GridCell, int]]) -> None:
    while len(cells) in hanging:
        cell, left = hanging.pop(len(cells))
        if left > 1:
            hanging[len(cells)] = (cell, left - 1)
        cells.append(cell)


# ---------------------------------------------------------------- grids that go on


def join_continued(text: str, grids: Iterable[Grid]) -> list[Grid]:
    """Grids with those joined that a blank line or a page break cut in two. A header repeated after the break stays
    among the rows."""
    groups: list[list[Grid]] = []
    for grid in grids:
        if groups and _continues(text, groups[-1], grid):
            groups[-1].append(grid)
        else:
            groups.append([grid])
    return [_joined(group) for group in groups]


def _joined(group: Sequence[Grid]) -> Grid:
    if len(group) == 1:
        return group[0]
    first = group[0]
    rows = tuple(row for grid in group for row in grid.rows)
    return Grid(rows, first.start, group[-1].end, first.page, first.header_rows, first.caption, first.caption_start,
                first.caption_end)


def _continues(text: str, group: Sequence[Grid], grid: Grid) -> bool:
    last = group[-1]
    if width(grid.rows) != width(group[0].rows) or grid.caption is not None:
        return False
    between = [line.strip() for line in text[last.end : min(grid.start, last.end + _GAP)].split("\n")]
    if grid.start - last.end > _GAP or not all(_may_stand_between(line, last, grid) for line in between if line):
        return False
    if _texts(grid.rows[0]) == _texts(group[0].rows[0]):
        return True
    sample = [row for part in group[:_SAMPLE] for row in part.rows[:_SAMPLE]][1:_SAMPLE]
    if not all(is_page_line(line) for line in between if line) and not value_columns(sample):
        return False
    return not looks_like_header(grid.rows[0], sample)


def _may_stand_between(line: str, last: Grid, grid: Grid) -> bool:
    """What a page break puts into a table: page numbers and the like; in a paginated file running titles, too."""
    if is_page_line(line):
        return True
    turned = last.page is not None and grid.page == last.page + 1
    whole = Line(0, len(line), line)
    return turned and len(line) <= 60 and not (_SENTENCE.search(line) or caption_of(whole) or is_source_line(line))


def _texts(row: Cells) -> list[str]:
    return [readable(cell.text) if cell is not None else "" for cell in row]


def width(rows: Iterable[Cells]) -> int:
    """The number of columns of the widest row."""
    return max((len(row) for row in rows), default=0)


def column_kinds(rows: Sequence[Cells]) -> list[list[Kind]]:
    """The kinds of the filled cells of each column, of a sample of `rows`."""
    sample = rows[:_SAMPLE]
    columns: list[list[Kind]] = [[] for _ in range(width(sample))]
    for row in sample:
        for kinds, cell in zip(columns, row, strict=False):
            if cell is not None and cell.end > cell.start:
                kinds.append(kind_of(cell.text))
    return columns


def value_columns(rows: Sequence[Cells]) -> list[int]:
    """The columns, but the first, in which most cells of `rows` (a sample is looked at) hold values."""
    return [
        column
        for column, kinds in enumerate(column_kinds(rows))
        if column and sum(kind != "text" for kind in kinds) * 2 > len(kinds) and set(kinds) != {"missing"}
    ]


def looks_like_header(row: Cells, body: Sequence[Cells]) -> bool:
    """Whether `row` has words or periods where the rows of `body` have values. Where they have none, it can't be
    told: False."""
    kinds = column_kinds(body)
    columns = [column for column in value_columns(body) if column < len(row)]
    worded = 0
    for column in columns:
        cell = row[column]
        kind = kind_of(cell.text) if cell is not None else "empty"
        if kind in ("value", "missing") or (kind == "period" and "period" in kinds[column]):
            return False
        worded += kind != "empty"
    return worded > 0 and worded * 2 >= len(columns)


def filled(row: Cells) -> list[GridCell]:
    """The cells of a row that hold text, each once however many columns it spans."""
    cells: list[GridCell] = []
    for cell in row:
        if cell is not None and cell.end > cell.start and not (cells and cells[-1].start == cell.start):
            cells.append(cell)
    return cells


def text_at(row: Cells, column: int) -> str:
    """The text of a cell; "" where the row has none."""
    cell = row[column] if column < len(row) else None
    return cell.text if cell is not None else ""

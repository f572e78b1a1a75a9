"""Grids understood as tables: caption, header, columns with periods and units, rows with labels and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from assistant.reading.captions import Line, caption_of, is_contents_title, is_unit_lead, lines_before
from assistant.reading.grids import (
    Cells,
    filled,
    join_continued,
    looks_like_header,
    text_at,
    text_grids,
    value_columns,
    width,
)
from assistant.reading.labels import (
    any_of,
    is_currency,
    is_measure,
    is_unit,
    kind_of,
    parse_period,
    parse_unit,
    readable,
    words,
)
from assistant.reading.source import Grid, GridCell, Source
from assistant.reading.surroundings import Title, find_source_line, find_title, find_unit, page_at, section_at
from assistant.types import Cell, Column, Row, Table

__all__ = ["build_tables", "parse_period", "readable", "text_grids", "unit_of"]

_MOST_HEADER_ROWS = 4
_OWN_UNIT = re.compile(r"\D{0,6}\d[\d,.\-–~+]*\s?([^\s\d,.()（）]{1,10})[)）]?")
_PERIOD_MARK = re.compile(r"[QHM]\d|\d[QHM]|(?:19|20)\d\d|[FC]Y|Yo|年|[a-z][-\s]?\d")
_PAGE_NUMBER = re.compile(r"(?:^|\D)(\d{1,3})$")
_ITEM = re.compile(r"\s*[(（]?(\d{1,2})[)）]")


def build_tables(source: Source) -> tuple[Table, ...]:
    """The tables of a source, in reading order, `index` counting from 0. Offsets are of `source.text`; tables of
    contents and stray tabs are no tables. Never raises for odd grids: what can't be told stays None."""
    grids = list(_over_pages(source))
    tables: list[Table] = []
    for i, grid in enumerate(grids):
        floor = grids[i - 1].end if i else 0
        ceiling = grids[i + 1].start if i + 1 < len(grids) else len(source.text)
        if _is_contents(source.text, grid, floor):
            continue
        for part in _side_by_side(grid):
            tables += _tables(source, part, floor, ceiling)
    return tuple(replace(table, index=i) for i, table in enumerate(_sources_shared(source.text, tables)))


def unit_of(table: Table, row: Row, column: Column) -> str | None:
    """The unit of a cell by what is printed: its own, that of a column of units, of its row's label, of its column's
    header, then the table's. A measure beside the row's label goes under a currency above the column: "價格(美元)" of
    "黃金 (盎司)" is in 美元/盎司. None for words, and where nothing says it."""
    text = next((cell.text for cell in row.cells if cell.column == column.index), "")
    own = _OWN_UNIT.fullmatch(text)
    if own and is_unit(own[1]):
        return own[1]
    if kind_of(text) not in ("value", "missing", "empty"):
        return None
    if listed := next((cell.text for cell in row.cells if _of_units(table.columns[cell.column])), ""):
        return listed
    stated = parse_unit(row.label)
    if stated and column.unit and is_currency(column.unit) and is_measure(stated):
        return f"{column.unit}/{stated}"
    return column.unit or stated or table.unit


def _of_units(column: Column) -> bool:
    return bool(column.label) and bool(re.fullmatch(any_of("lines.unit"), column.label, re.I))


# ---------------------------------------------------------------- which grids are tables, and where they are cut


def _over_pages(source: Source) -> Iterator[Grid]:
    """Grids with those joined that a page break cut in two."""
    pending: list[Grid] = []
    for grid in source.grids:
        if pending and not (pending[-1].page is not None and grid.page == pending[-1].page + 1):
            yield from join_continued(source.text, pending)
            pending = []
        pending.append(grid)
    yield from join_continued(source.text, pending)


def _is_contents(text: str, grid: Grid, floor: int) -> bool:
    """A table of contents: under such a heading, or every line a title and a page number that never falls."""
    above = next(lines_before(text, grid.start, floor), None)
    if above and is_contents_title(above.text):
        return True
    last = -1
    hits = 0
    for row in grid.rows[:200]:
        texts = [cell.text for cell in row if cell is not None and cell.text]
        match = _PAGE_NUMBER.search(texts[-1]) if texts else None
        if match and len(texts) <= 3 and int(match[1]) >= last and kind_of(texts[0]) == "text":
            hits, last = hits + 1, int(match[1])
        elif row is grid.rows[0] or (match and int(match[1]) < last):
            return False
    listed = sum(bool(caption_of(Line(0, 0, cell.text))) or ".." in cell.text or "…" in cell.text
                 for row in grid.rows[:200] if (cell := row[0]) is not None)
    return hits > 2 and hits * 5 >= len(grid.rows[:200]) * 4 and listed * 2 > hits


def _side_by_side(grid: Grid) -> Iterator[Grid]:
    """Two tables printed side by side come as one grid; its header says so by repeating itself."""
    head = [readable(cell.text) if cell is not None else "" for cell in grid.rows[0]]
    for size in range(3, len(head) // 2 + 1):
        starts = range(0, len(head), size)
        tails = {tuple(head[i + 1 : i + size]) for i in starts}
        if len(head) % size == 0 and len(tails) == 1 and all(tails.pop()) and all(head[i] for i in starts):
            for i in starts:
                rows = tuple(row[i : i + size] for row in grid.rows if any(filled(row[i : i + size])))
                yield replace(grid, rows=rows)
            return
    yield grid


# ---------------------------------------------------------------- one grid


def _tables(source: Source, grid: Grid, floor: int, ceiling: int) -> Iterator[Table]:
    """The table that a grid is; more than one where a row brings in other periods."""
    rows = [row for row in grid.rows if filled(row)]
    inner = _title_rows(rows)
    rows = rows[len(inner) :]
    if len(rows) < 2 or width(rows) < 2:
        return
    headers = _header_rows(rows, None if inner else grid.header_rows)
    title = find_title(source.text, grid, inner, rows, headers, floor, ceiling)
    at = 0
    for stop in [*_new_periods(rows, headers), len(rows)]:
        part = rows[at:stop]
        if len(part) > 1:
            yield _table(source, part, headers if not at else 1, title, grid.page, ceiling)
        at = stop


def _title_rows(rows: Sequence[Cells]) -> list[Cells]:
    """Leading rows of a single cell above the header: a caption or a unit drawn into the table."""
    found: list[Cells] = []
    for row, below in pairwise(rows[:4]):
        cells = filled(row)
        if len(cells) != 1 or len(filled(below)) == 0 or width(rows) < 3:
            break
        text = cells[0].text
        merged = sum(cell is not None and cell.start == cells[0].start for cell in row) > 1
        if not (merged or caption_of(Line(0, 0, text)) or is_unit_lead(text) or parse_unit(text)):
            break
        found.append(row)
    return found


def _header_rows(rows: Sequence[Cells], known: int | None) -> int:
    """How many leading rows are header: words and periods above columns of values; in a table of words, one."""
    most = min(_MOST_HEADER_ROWS, len(rows) - 1)
    count = known if known and any(filled(row) for row in rows[:known]) else 0
    if not count:
        body = rows[1:]
        columns = value_columns(body)
        kinds = [kind_of(cell.text) for c in columns if c < len(rows[0]) and (cell := rows[0][c]) is not None]
        values = sum(kind in ("value", "missing") for kind in kinds)
        if columns and values * 2 >= max(len([kind for kind in kinds if kind != "empty"]), 1):
            return 0
        count = 1
    while count < most and _goes_on(rows, count):
        count += 1
    return min(count, most)


def _goes_on(rows: Sequence[Cells], at: int) -> bool:
    """Whether the row is one more header row: not a group's heading, and no value in it."""
    row = rows[at]
    cells = filled(row[1:])
    alone = len(cells) < 2 and row[0] is not None and row[0].text != ""
    if not cells or alone or not looks_like_header(row, rows[at + 1 :]):
        return False
    return all(kind_of(cell.text) in ("text", "period") or is_unit(cell.text) for cell in cells)


def _new_periods(rows: Sequence[Cells], headers: int) -> list[int]:
    """Where a row of periods, other than the header's, begins a table of its own."""
    if not headers:
        return []
    known = _periods(rows[headers - 1])
    if not known:
        return []
    found = []
    for i in range(headers, len(rows) - 1):
        periods = _periods(rows[i])
        if periods and periods != known:
            found.append(i)
            known = periods
    return found


def _periods(row: Cells) -> list[str]:
    """The cells after the first, where all that are filled are periods and there are two or more."""
    texts = [cell.text for cell in row[1:] if cell is not None and cell.text]
    if len(texts) < 2 or len(texts[0]) > 12 or not _PERIOD_MARK.search(texts[0]):
        return []
    return texts if all(kind_of(text) == "period" for text in texts) else []


def _table(source: Source, rows: list[Cells], headers: int, title: Title, page: int | None, ceiling: int) -> Table:
    text = source.text
    head, body = rows[:headers], rows[headers:]
    start = min(cell.start for cell in rows[0] if cell is not None)
    end = max(cell.end for cell in rows[-1] if cell is not None)
    columns = _columns(head, rows)
    header_end = max((cell.end for row in head for cell in row if cell is not None), default=start)
    unit, unit_from = find_unit(source, title, head, body, columns, end, ceiling)
    return Table(
        index=0,
        caption=title.text,
        number=title.number,
        caption_start=title.start,
        caption_end=title.end,
        start=start,
        end=end,
        header_start=start,
        header_end=header_end,
        columns=columns,
        rows=tuple(_rows(head, body)),
        unit=unit,
        unit_from=unit_from,
        source_line=find_source_line(text, end, ceiling),
        page=page if page is not None else page_at(source, start),
        section=section_at(source, start),
    )


# ---------------------------------------------------------------- header and columns


def _columns(head: Sequence[Cells], rows: Sequence[Cells]) -> tuple[Column, ...]:
    lines = [_spread(row, last=row is head[-1]) for row in head]
    return tuple(_column(i, [line[i] for line in lines if i < len(line)]) for i in range(width(rows)))


def _spread(row: Cells, *, last: bool) -> list[str]:
    """The texts of a header row; in an upper one a heading also covers the empty cells to its right."""
    texts = [readable(cell.text) if cell is not None else "" for cell in row]
    if not last:
        for i in range(2, len(texts)):
            texts[i] = texts[i] or texts[i - 1]
    return texts


def _column(index: int, texts: Sequence[str]) -> Column:
    label = " ".join(dict.fromkeys(text for text in texts if text))
    unit = next((unit for text in reversed(texts) if (unit := parse_unit(text))), None)
    return Column(index, label, parse_period(label) if index else None, unit if index else None)


# ---------------------------------------------------------------- rows and their groups


def _rows(head: Sequence[Cells], body: Sequence[Cells]) -> Iterator[Row]:
    header = [text_at(head[-1], i) for i in range(len(head[-1]))] if head else []
    numbered = _is_numbered(header, body)
    merged = _merged_labels(body)
    blocks = {i: text_at(row, 0) for i, row in enumerate(body) if _repeats(row, header)}
    heading = readable(header[0]) or None if any(name != header[0] for name in blocks.values()) else None
    index = end = 0
    for i, row in enumerate(body):
        if i in blocks:
            heading = heading if blocks[i] == header[0] else readable(blocks[i])
        elif _is_heading(body, i):
            heading = readable(filled(row)[0].text)
        else:
            made = _row(index, row, end, merged.get(i) or heading, numbered)
            yield made
            index, end = index + 1, made.end


def _repeats(row: Cells, header: Sequence[str]) -> bool:
    """The header once more: after a page break, or at the head of a block with the block's name first."""
    last = next((i for i in range(len(header) - 1, 0, -1) if header[i]), 0)
    if not last or text_at(row, last) != header[last]:
        return False
    if last == 1 and text_at(row, 0) != header[0]:
        return False  # one figure may well be the number of a year
    return all(text_at(row, i) == header[i] for i in range(1, last))


def _is_heading(body: Sequence[Cells], i: int) -> bool:
    """A single cell, first in its row or as wide as the table, above a row with more: the rows below are its group."""
    cells = filled(body[i])
    if len(cells) != 1 or len(body[i]) < 2 or body[i][0] is None or body[i][0].start != cells[0].start:  # type: ignore[union-attr]
        return False
    return i + 1 < len(body) and len(filled(body[i + 1])) > 1 and text_at(body[i + 1], 0) != ""


def _is_numbered(header: Sequence[str], body: Sequence[Cells]) -> bool:
    """Whether the first column only counts the rows: its cells are no labels."""
    if header and header[0].lower() in (word.lower() for word in words()["header"]["running"]):
        return all(text_at(row, 0).rstrip(".").isdigit() for row in body[:5] if text_at(row, 0))
    counted = [text_at(row, 0).rstrip(".") for row in body[:5]]
    return bool(header) and not header[0] and len(counted) > 2 and counted == [str(i + 1) for i in range(len(counted))]


def _row(index: int, row: Cells, above: int, group: str | None, numbered: bool) -> Row:
    """A row; what stands before `above`, the end of the row above, is merged with that row and no cell of its own."""
    own = [cell for cell in filled(row) if cell.start >= above] or filled(row)
    labels = own[1:] if numbered and len(own) > 1 and own[0] is row[0] else own
    cells = tuple([Cell(index, i, cell.start, cell.end, cell.text) for i, cell in enumerate(row) if cell is not None])
    return Row(index, readable(labels[0].text), group, own[0].start, max([cell.end for cell in own]), cells)


def _merged_labels(body: Sequence[Cells]) -> dict[int, str]:
    """For rows whose first cells are empty because they go on with the cell above: that cell's text, by row.

    Where even the first row has none, labels stand in the middle of their blocks; then numbered items that start
    again at 1) tell the blocks apart, and a row that can't be told stays without.
    """
    if body and not text_at(body[0], 0) and any(text_at(row, 0) for row in body):
        return _centred_labels(body)
    found: dict[int, str] = {}
    above: Cells = ()
    end = 0
    for i, row in enumerate(body):
        lead = 0
        while lead < len(row) - 1 and _is_open(row[lead], end):
            lead += 1
        if lead and (label := text_at(above, lead - 1)):
            found[i] = readable(label)
        above = above[:lead] + row[lead:]
        end = max([cell.end for cell in row if cell is not None])
    return found


def _is_open(cell: GridCell | None, above: int) -> bool:
    """Whether a cell is empty or merged with the one above it."""
    return cell is None or cell.end == cell.start or cell.start < above


def _centred_labels(body: Sequence[Cells]) -> dict[int, str]:
    found: dict[int, str] = {}
    for block, listed in _item_blocks(body):
        labels = [i for i in block if len(readable(text_at(body[i], 0))) > 1]
        for i in block:
            if i in labels or not labels:
                continue
            above = max((label for label in labels if label < i), default=None)
            below = min((label for label in labels if label > i), default=None)
            if above is None or below is None or listed:
                found[i] = readable(text_at(body[above if above is not None else labels[0]], 0))
    return found


def _item_blocks(body: Sequence[Cells]) -> Iterator[tuple[list[int], bool]]:
    """Row numbers of each block, and whether its rows are items numbered from 1)."""
    block: list[int] = []
    listed = False
    for i, row in enumerate(body):
        item = _ITEM.match(text_at(row, 1))
        if item and item[1] == "1":
            if block:
                yield block, listed
            block, listed = [], True
        block.append(i)
    yield block, listed


# ---------------------------------------------------------------- sources


def _sources_shared(text: str, tables: Sequence[Table]) -> list[Table]:
    """Tables that follow each other with nothing between share the source line under the last of them."""
    shared: list[Table] = []
    below: Table | None = None
    for table in reversed(tables):
        if table.source_line is None and below is not None and not text[table.end : below.start].strip():
            table = replace(table, source_line=below.source_line)
        shared.append(table)
        below = table
    return shared[::-1]

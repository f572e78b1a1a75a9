"""Grids understood as tables: caption, header, columns with periods and units, rows with labels and groups."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.reading.captions import (
    Caption,
    Line,
    caption_of,
    is_contents_title,
    is_note_line,
    is_page_line,
    is_source_line,
    is_unit_lead,
    lines_after,
    lines_before,
)
from assistant.reading.grids import (
    Cells,
    column_kinds,
    join_continued,
    looks_like_header,
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
from assistant.reading.sections import plain_title
from assistant.reading.source import Grid, GridCell, Source
from assistant.types import Cell, Column, Row, Table

__all__ = ["build_tables", "parse_period", "readable", "text_grids", "unit_of"]

_MOST_HEADER_ROWS = 4
_CAPTION_GAP = 6  # newlines between a caption and its table
_TITLE_LENGTH = 60
_NO_TITLE = re.compile(r"[。！？；;，,、!?：:]$|^[-*•]\s|^\d+[.)、]\s|[。；]|^!\[|^\|")
_NAMES_A_COLUMN = re.compile(r"(?:名称|名稱|简称|簡稱|代码|代碼|日期|时间|時間|类型|類型)$")
_OWN_UNIT = re.compile(r"\D{0,6}\d[\d,.\-–~+]*\s?([^\s\d,.()（）]{1,10})[)）]?")
_PERIOD_MARK = re.compile(r"[QHM]\d|\d[QHM]|(?:19|20)\d\d|[FC]Y|Yo|年|[a-z][-\s]?\d")
_PAGE_NUMBER = re.compile(r"(?:^|\D)(\d{1,3})$")
_ITEM = re.compile(r"\s*[(（]?(\d{1,2})[)）]")
_AMOUNT = re.compile(
    r"\d\s*((?:万亿|十亿|亿|億|百万|百萬|万|萬)(?:元|美元|港元|人民币|人民幣|台币|台幣|日元)(?:人民币|人民幣)?)"
)
_NEARBY = 2000  # characters above a table in which its unit may be told


@dataclass(frozen=True, slots=True)
class _Title:
    """Where a table's caption stands, and the unit that a line beside it states."""

    start: int
    end: int
    text: str | None
    number: str | None
    line_unit: str | None
    explicit: bool


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
        filled = [cell.text for cell in row if cell is not None and cell.text]
        match = _PAGE_NUMBER.search(filled[-1]) if filled else None
        if match and len(filled) <= 3 and int(match[1]) >= last and kind_of(filled[0]) == "text":
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
                rows = tuple(row[i : i + size] for row in grid.rows if any(_filled(row[i : i + size])))
                yield replace(grid, rows=rows)
            return
    yield grid


def _filled(row: Cells) -> list[GridCell]:
    """The cells of a row that hold text, each once however many columns it spans."""
    found: list[GridCell] = []
    for cell in row:
        if cell is not None and cell.end > cell.start and not (found and found[-1].start == cell.start):
            found.append(cell)
    return found


# ---------------------------------------------------------------- one grid


def _tables(source: Source, grid: Grid, floor: int, ceiling: int) -> Iterator[Table]:
    """The table that a grid is; more than one where a row brings in other periods."""
    rows = [row for row in grid.rows if _filled(row)]
    inner = _title_rows(rows)
    rows = rows[len(inner) :]
    if len(rows) < 2 or width(rows) < 2:
        return
    headers = _header_rows(rows, None if inner else grid.header_rows)
    title = _title(source.text, grid, inner, rows, headers, floor, ceiling)
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
        cells = _filled(row)
        if len(cells) != 1 or len(_filled(below)) == 0 or width(rows) < 3:
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
    count = known if known and any(_filled(row) for row in rows[:known]) else 0
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
    cells = _filled(row[1:])
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


def _table(source: Source, rows: list[Cells], headers: int, title: _Title, page: int | None, ceiling: int) -> Table:
    text = source.text
    head, body = rows[:headers], rows[headers:]
    start = min(cell.start for cell in rows[0] if cell is not None)
    end = max(cell.end for cell in rows[-1] if cell is not None)
    columns = _columns(head, rows)
    header_end = max((cell.end for row in head for cell in row if cell is not None), default=start)
    unit, unit_from = _unit(source, title, head, body, columns, end, ceiling)
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
        source_line=_source_line(text, end, ceiling),
        page=page if page is not None else _page(source, start),
        section=_section(source, start),
    )


def _page(source: Source, at: int) -> int | None:
    return next((page.number for page in source.pages if page.start <= at < page.end), None)


def _section(source: Source, at: int) -> str | None:
    """The nearest heading above that the format marks."""
    i = bisect_right(source.headings, at, key=lambda heading: heading.start)
    for heading in reversed(source.headings[:i]):
        raw = source.text[heading.start : heading.end]
        if not caption_of(Line(heading.start, heading.end, raw)):
            return plain_title(raw)
    return None


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
    header = [_text(head[-1], i) for i in range(len(head[-1]))] if head else []
    numbered = _is_numbered(header, body)
    merged = _merged_labels(body)
    blocks = {i: _text(row, 0) for i, row in enumerate(body) if _repeats(row, header)}
    heading = readable(header[0]) or None if any(name != header[0] for name in blocks.values()) else None
    index = end = 0
    for i, row in enumerate(body):
        if i in blocks:
            heading = heading if blocks[i] == header[0] else readable(blocks[i])
        elif _is_heading(body, i):
            heading = readable(_filled(row)[0].text)
        else:
            made = _row(index, row, end, merged.get(i) or heading, numbered)
            yield made
            index, end = index + 1, made.end


def _text(row: Cells, column: int) -> str:
    cell = row[column] if column < len(row) else None
    return cell.text if cell is not None else ""


def _repeats(row: Cells, header: Sequence[str]) -> bool:
    """The header once more: after a page break, or at the head of a block with the block's name first."""
    last = next((i for i in range(len(header) - 1, 0, -1) if header[i]), 0)
    if not last or _text(row, last) != header[last]:
        return False
    return all(_text(row, i) == header[i] for i in range(1, last))


def _is_heading(body: Sequence[Cells], i: int) -> bool:
    """A single cell, first in its row or as wide as the table, above a row with more: the rows below are its group."""
    cells = _filled(body[i])
    if len(cells) != 1 or len(body[i]) < 2 or body[i][0] is None or body[i][0].start != cells[0].start:  # type: ignore[union-attr]
        return False
    return i + 1 < len(body) and len(_filled(body[i + 1])) > 1 and _text(body[i + 1], 0) != ""


def _is_numbered(header: Sequence[str], body: Sequence[Cells]) -> bool:
    """Whether the first column only counts the rows: its cells are no labels."""
    if header and header[0].lower() in (word.lower() for word in words()["header"]["running"]):
        return all(_text(row, 0).rstrip(".").isdigit() for row in body[:5] if _text(row, 0))
    counted = [_text(row, 0).rstrip(".") for row in body[:5]]
    return bool(header) and not header[0] and len(counted) > 2 and counted == [str(i + 1) for i in range(len(counted))]


def _row(index: int, row: Cells, above: int, group: str | None, numbered: bool) -> Row:
    """A row; what stands before `above`, the end of the row above, is merged with that row and no cell of its own."""
    filled = _filled(row)
    own = [cell for cell in filled if cell.start >= above] or filled
    labels = own[1:] if numbered and len(own) > 1 and own[0] is row[0] else own
    cells = tuple([Cell(index, i, cell.start, cell.end, cell.text) for i, cell in enumerate(row) if cell is not None])
    return Row(index, readable(labels[0].text), group, own[0].start, max([cell.end for cell in own]), cells)


def _merged_labels(body: Sequence[Cells]) -> dict[int, str]:
    """For rows whose first cells are empty because they go on with the cell above: that cell's text, by row.

    Where even the first row has none, labels stand in the middle of their blocks; then numbered items that start
    again at 1) tell the blocks apart, and a row that can't be told stays without.
    """
    if body and not _text(body[0], 0) and any(_text(row, 0) for row in body):
        return _centred_labels(body)
    found: dict[int, str] = {}
    above: Cells = ()
    end = 0
    for i, row in enumerate(body):
        lead = 0
        while lead < len(row) - 1 and _is_open(row[lead], end):
            lead += 1
        if lead and (label := _text(above, lead - 1)):
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
        labels = [i for i in block if len(readable(_text(body[i], 0))) > 1]
        for i in block:
            if i in labels or not labels:
                continue
            above = max((label for label in labels if label < i), default=None)
            below = min((label for label in labels if label > i), default=None)
            if above is None or below is None or listed:
                found[i] = readable(_text(body[above if above is not None else labels[0]], 0))
    return found


def _item_blocks(body: Sequence[Cells]) -> Iterator[tuple[list[int], bool]]:
    """Row numbers of each block, and whether its rows are items numbered from 1)."""
    block: list[int] = []
    listed = False
    for i, row in enumerate(body):
        item = _ITEM.match(_text(row, 1))
        if item and item[1] == "1":
            if block:
                yield block, listed
            block, listed = [], True
        block.append(i)
    yield block, listed


# ---------------------------------------------------------------- caption


def _title(text: str, grid: Grid, inner: Sequence[Cells], rows: Sequence[Cells], headers: int, floor: int,
           ceiling: int) -> _Title:
    """The caption of a table: what the format marks, a caption line before it, inside it or after it, a title line
    above it, or a first header cell that reads as one."""
    line_unit = None
    for cell in (_filled(row)[0] for row in inner):
        line_unit = line_unit or parse_unit(cell.text)
    if grid.caption:
        line = Line(grid.caption_start, grid.caption_end, grid.caption)
        found = caption_of(line)
        return _Title(line.start, line.end, line.text, found.number if found else None, line_unit, True)
    above = _above(text, grid.start, floor)
    line_unit = line_unit or above.line_unit
    if above.explicit:
        return replace(above, line_unit=line_unit)
    for cell in (_filled(row)[0] for row in inner):
        found = caption_of(Line(cell.start, cell.end, cell.text))
        if found or not parse_unit(cell.text):
            return _Title(cell.start, cell.end, cell.text, found.number if found else None, line_unit, True)
    if below := _below(text, grid.end, ceiling):
        return _Title(below.start, below.end, below.text, below.number, line_unit, True)
    corner = rows[0][0] if headers else None
    if corner is not None and _names(corner.text, rows[headers:]):
        follows = floor > 0 and not text[floor : grid.start].strip()
        followed = ceiling < len(text) and not text[grid.end : ceiling].strip()
        if above.text is None or follows or followed:
            return _Title(corner.start, corner.end, corner.text, None, line_unit, False)
    return replace(above, line_unit=line_unit)


def _above(text: str, at: int, floor: int) -> _Title:
    """The caption or title line above a table, and the unit that a line between states."""
    unit: str | None = None
    title: Line | None = None
    edge = at
    for line in lines_before(text, at, floor):
        gap = text.count("\n", line.end, edge)
        if gap > _CAPTION_GAP or is_source_line(line.text):
            break
        edge = line.start
        if found := caption_of(line):
            end = title.end if title and found.bare else found.end
            return _Title(found.start, end, text[found.start : end], found.number, unit, True)
        if is_page_line(line.text):
            continue
        if title is None and unit is None and _states_unit(line.text):
            unit = parse_unit(line.text)
        elif title is None and _is_title(text, line):
            title = line
            if line.text.startswith("#"):
                break
        else:
            break
    if title is None:
        return _Title(at, at, None, None, unit, False)
    bare = plain_title(title.text)
    start = text.find(bare, title.start, title.end)
    if start < 0:
        return _Title(title.start, title.end, title.text, None, unit, False)
    return _Title(start, start + len(bare), bare, None, unit, False)


def _states_unit(line: str) -> bool:
    """A short line that is there for its unit: "单位：百万元", "(百万人民币, %)", "營收, 百萬人民幣"."""
    if len(line) > 60 or line.startswith("#") or not parse_unit(line):
        return False
    bare = line.strip("* ")
    bracketed = re.fullmatch(r"[(（][^()（）]*[)）]", bare)
    return bool(bracketed or re.search(r"[,，]", bare) or is_unit_lead(line) or is_unit(bare))


def _is_title(text: str, line: Line) -> bool:
    if len(line.text) > _TITLE_LENGTH or "\t" in line.text or _NO_TITLE.search(line.text.strip("* ")):
        return False
    if not re.search(r"[^\W\d_]{2}", line.text):
        return False
    above = text[text.rfind("\n", 0, max(text.rfind("\n", 0, line.start), 0)) + 1 : line.start]
    alone = not above.strip() or line.text.startswith(("#", "**"))
    return alone or (len(above.strip()) <= _TITLE_LENGTH // 2 and not _NO_TITLE.search(above.strip()))


def _below(text: str, end: int, ceiling: int) -> Caption | None:
    """A table's caption under it: only where nothing that it might name follows."""
    first = next(lines_after(text, end, ceiling), None)
    found = caption_of(first) if first else None
    if first is None or found is None or found.kind != "table" or text.count("\n", end, first.start) > 2:
        return None
    following = text[first.end : ceiling]
    return found if following.strip() or ceiling == len(text) else None


def _names(corner: str, body: Sequence[Cells]) -> bool:
    """Whether a first header cell names the table ("主要市場指數") rather than its first column ("公司")."""
    bare = readable(corner)
    generic = {word.lower() for word in words()["header"]["generic"]}
    if not 2 <= len(bare) <= 40 or bare.lower() in generic or _NAMES_A_COLUMN.search(bare):
        return False
    amount = is_unit(bare) and not is_currency(bare)
    return kind_of(bare) == "text" and not amount and not is_unit_lead(bare) and bool(value_columns(body))


# ---------------------------------------------------------------- unit and source


def _unit(source: Source, title: _Title, head: Sequence[Cells], body: Sequence[Cells], columns: Sequence[Column],
          end: int, ceiling: int) -> tuple[str | None, str | None]:
    """A table's unit and where it is stated: caption, corner, line, header or nearby."""
    corner = _text(head[0], 0) if head else ""
    captioned = parse_unit(title.text) if title.text and not is_unit(title.text) else None
    if title.explicit and captioned:
        return captioned, "caption"
    if (unit := parse_unit(corner)) and not (unit == corner and any(column.unit for column in columns)):
        return unit, "corner"  # but "人民幣" above "價格(美元)" is what the table is about
    if title.line_unit:
        return title.line_unit, "line"
    if captioned:
        return captioned, "caption"
    stated = {columns[i].unit for i in value_columns(body) if i < len(columns)}
    if len(stated) == 1 and (unit := stated.pop()):
        return unit, "header"
    unit = _noted_unit(source.text, end, ceiling) or _told_unit(source, title, body, columns)
    return unit, "nearby" if unit else None


def _noted_unit(text: str, end: int, ceiling: int) -> str | None:
    """The unit that a line under the table states ("单位：亿元")."""
    for line, _ in zip(lines_after(text, end, ceiling), range(3), strict=False):
        if is_unit_lead(line.text):
            return parse_unit(line.text)
        if not (is_note_line(line.text) or is_source_line(line.text)):
            break
    return None


def _told_unit(source: Source, title: _Title, body: Sequence[Cells], columns: Sequence[Column]) -> str | None:
    """The one unit of money in which the section's prose speaks of what the caption names, for a series over time
    whose cells are bare numbers. An inference: nothing at the table itself says it."""
    series = [column.index for column in columns if column.period and not re.search("YoY|QoQ", column.period)]
    kinds = column_kinds(body)
    bare = all(not re.search(r"[^\d,.\-−()/\s]", _text(row, i)) for row in body[:20] for i in series)
    numbers = all("value" in kinds[i] for i in series if i < len(kinds))
    if not title.text or len(series) < 2 or not bare or not numbers:
        return None
    i = bisect_right(source.headings, title.start, key=lambda heading: heading.start)
    begin = max(source.headings[i - 1].start if i else 0, title.start - _NEARBY)
    name = re.sub(r"^\S{1,2}\s*\d*\s*[:：]\s*", "", title.text)
    name = re.sub(any_of("header.common"), " ", name)
    pairs = {name[k : k + 2] for k in range(len(name) - 1) if re.fullmatch(r"[\u3400-\u9fff]{2}", name[k : k + 2])}
    units = {match[1] for clause in re.split(r"[。；;]", source.text[begin : title.start])
             if any(pair in clause for pair in pairs) for match in _AMOUNT.finditer(clause)}
    return units.pop() if len(units) == 1 else None


def _source_line(text: str, end: int, ceiling: int) -> str | None:
    for line, _ in zip(lines_after(text, end, ceiling), range(3), strict=False):
        if is_source_line(line.text):
            return line.text
        if not (is_note_line(line.text) or is_unit_lead(line.text) or caption_of(line)):
            break
    return None


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

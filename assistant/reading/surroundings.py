"""What stands around a table or a figure: its title, the unit told beside it, its source line, its page and section."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.reading.captions import (
    Caption,
    Line,
    caption_of,
    is_note_line,
    is_page_line,
    is_source_line,
    is_unit_lead,
    lines_after,
    lines_before,
)
from assistant.reading.grids import Cells, column_kinds, filled, text_at, value_columns
from assistant.reading.labels import any_of, is_currency, is_unit, kind_of, parse_unit, readable, words
from assistant.reading.sections import plain_title
from assistant.reading.source import Grid, Source
from assistant.types import Column

_CAPTION_GAP = 6  # newlines between a caption and its table
_TITLE_LENGTH = 60
_NO_TITLE = re.compile(r"[。！？；;，,、!?：:]$|^[-*•]\s|^\d+[.)、]\s|[。；]|^!\[|^\|")
_NAMES_A_COLUMN = re.compile(r"(?:名称|名稱|简称|簡稱|代码|代碼|日期|时间|時間|类型|類型)$")
_NEARBY = 2000  # characters above a table in which its unit may be told
_AMOUNT = re.compile(
    r"\d\s*((?:万亿|十亿|亿|億|百万|百萬|万|萬)(?:元|美元|港元|人民币|人民幣|台币|台幣|日元)(?:人民币|人民幣)?)"
)


@dataclass(frozen=True, slots=True)
class Title:
    """Where a table's caption stands, and the unit that a line beside it states."""

    start: int
    end: int
    text: str | None
    number: str | None
    line_unit: str | None
    explicit: bool


def page_at(source: Source, at: int) -> int | None:
    """The number of the page that offset `at` stands on, in a paginated file."""
    return next((page.number for page in source.pages if page.start <= at < page.end), None)


def section_at(source: Source, at: int) -> str | None:
    """The nearest heading above that the format marks."""
    i = bisect_right(source.headings, at, key=lambda heading: heading.start)
    for heading in reversed(source.headings[:i]):
        raw = source.text[heading.start : heading.end]
        if not caption_of(Line(heading.start, heading.end, raw)):
            return plain_title(raw)
    return None


# ---------------------------------------------------------------- caption


def find_title(text: str, grid: Grid, inner: Sequence[Cells], rows: Sequence[Cells], headers: int, floor: int,
               ceiling: int) -> Title:
    """The caption of a table: what the format marks, a caption line before it, inside it (the rows `inner`) or after
    it, a title line above it, or a first header cell that reads as one. `rows` are the table's own, `headers` of them
    its header; nothing is taken from before `floor`, the end of the grid above, or after `ceiling`."""
    line_unit = None
    for cell in (filled(row)[0] for row in inner):
        line_unit = line_unit or parse_unit(cell.text)
    if grid.caption:
        line = Line(grid.caption_start, grid.caption_end, grid.caption)
        found = caption_of(line)
        return Title(line.start, line.end, line.text, found.number if found else None, line_unit, True)
    above = _above(text, grid.start, floor)
    line_unit = line_unit or above.line_unit
    if above.explicit:
        return replace(above, line_unit=line_unit)
    for cell in (filled(row)[0] for row in inner):
        found = caption_of(Line(cell.start, cell.end, cell.text))
        if found or not parse_unit(cell.text):
            return Title(cell.start, cell.end, cell.text, found.number if found else None, line_unit, True)
    if below := _below(text, grid.end, ceiling):
        return Title(below.start, below.end, below.text, below.number, line_unit, True)
    corner = rows[0][0] if headers else None
    if corner is not None and _names(corner.text, rows[headers:]):
        follows = floor > 0 and not text[floor : grid.start].strip()
        followed = ceiling < len(text) and not text[grid.end : ceiling].strip()
        if above.text is None or follows or followed:
            return Title(corner.start, corner.end, corner.text, None, line_unit, False)
    return replace(above, line_unit=line_unit)


def _above(text: str, at: int, floor: int) -> Title:
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
            return Title(found.start, end, text[found.start : end], found.number, unit, True)
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
        return Title(at, at, None, None, unit, False)
    bare = plain_title(title.text)
    start = text.find(bare, title.start, title.end)
    if start < 0:
        return Title(title.start, title.end, title.text, None, unit, False)
    return Title(start, start + len(bare), bare, None, unit, False)


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


def find_unit(source: Source, title: Title, head: Sequence[Cells], body: Sequence[Cells], columns: Sequence[Column],
              end: int, ceiling: int) -> tuple[str | None, str | None]:
    """A table's unit and where it is stated: caption, corner, line, header or nearby."""
    corner = text_at(head[0], 0) if head else ""
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


def _told_unit(source: Source, title: Title, body: Sequence[Cells], columns: Sequence[Column]) -> str | None:
    """The one unit of money in which the section's prose speaks of what the caption names, for a series over time
    whose cells are bare numbers. An inference: nothing at the table itself says it."""
    series = [column.index for column in columns if column.period and not re.search("YoY|QoQ", column.period)]
    kinds = column_kinds(body)
    bare = all(not re.search(r"[^\d,.\-−()/\s]", text_at(row, i)) for row in body[:20] for i in series)
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


def find_source_line(text: str, end: int, ceiling: int) -> str | None:
    """The source line under a table that ends at `end`, notes aside."""
    for line, _ in zip(lines_after(text, end, ceiling), range(3), strict=False):
        if is_source_line(line.text):
            return line.text
        if not (is_note_line(line.text) or is_unit_lead(line.text) or caption_of(line)):
            break
    return None

"""Figures known by their captions, also where the picture did not survive."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assistant.reading.captions import (
    Caption,
    Line,
    captions,
    is_note_line,
    is_source_line,
    lines_after,
    lines_before,
)
from assistant.reading.labels import is_unit, parse_unit, readable, units_in
from assistant.reading.sections import plain_title
from assistant.reading.source import Picture, Source
from assistant.reading.surroundings import page_at, section_at
from assistant.types import Figure, Table

_MOST_AXIS_LINES, _LONGEST_AXIS_LINE = 4, 200
_NEAR = 600  # characters between a caption and its picture where the file has no pages
_TICK = re.compile(r"[-−(]?[\d,.]+[%％x倍]?\)?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_BRACKETS = re.compile(r"[(（]([^()（）]{1,30})[)）]")
_HEADED = re.compile(r"\s*(?:#{1,6}\s|\*\*[^*]+\*\*\s*$)")


@dataclass(slots=True)
class _Found:
    """A caption and what belongs to it; `end` is where its lines end."""

    caption: Caption
    end: int
    axes: list[str] = field(default_factory=list)
    source_line: str | None = None
    picture: Picture | None = None


def find_figures(source: Source, tables: tuple[Table, ...]) -> tuple[Figure, ...]:
    """The captions of a source with no table under them, in reading order, `index` counting from 0: number, axes as
    printed (without ticks), source line, whether a picture stands with them. `start` and `end` are the caption's."""
    text = source.text
    taken = {table.caption_start for table in tables if table.caption_end > table.caption_start}
    inside = sorted((table.start, table.end) for table in tables)
    found = [_Found(caption, caption.end) for caption in captions(text)
             if caption.start not in taken and not _within(inside, caption.start)]
    stops = sorted([*(item.caption.start for item in found), *(start for start, _ in inside), *taken, len(text)])
    for item in found:
        _read_on(text, item, stops[bisect_right(stops, item.caption.start)])
    _share_sources(text, found)
    found += _uncaptioned(source, found, tables)
    found.sort(key=lambda item: item.caption.start)
    _give_pictures(source, found)
    return tuple(_figure(source, i, item) for i, item in enumerate(found))


def _within(stretches: Sequence[tuple[int, int]], at: int) -> bool:
    i = bisect_right(stretches, (at, at)) - 1
    return any(start <= at < end for start, end in stretches[max(i, 0) : i + 2])


def _figure(source: Source, index: int, item: _Found) -> Figure:
    caption = item.caption
    page = page_at(source, caption.start)
    return Figure(
        index=index,
        caption=caption.text,
        number=caption.number,
        start=caption.start,
        end=caption.end,
        axes="; ".join(item.axes) or _units_of(caption.text),
        source_line=item.source_line,
        has_picture=item.picture is not None,
        page=page if page is not None or item.picture is None else item.picture.page,
        box=item.picture.box if item.picture else None,
        section=section_at(source, caption.start),
    )


def _units_of(caption: str) -> str | None:
    """The units that a caption gives in brackets ("（万亿Tokens）", "(百万元/%)"), as printed."""
    return next(("、".join(units) for inner in _BRACKETS.findall(caption) if (units := units_in(inner))), None)


# ---------------------------------------------------------------- the lines under a caption


def _read_on(text: str, item: _Found, stop: int) -> None:
    """Takes up the axis lines and the source line under a caption, up to `stop`."""
    lines: list[Line] = []
    for line in lines_after(text, item.caption.end, stop):
        if is_source_line(line.text):
            item.source_line = line.text
            item.end = line.end
            item.axes = [axis for part in lines if not is_note_line(part.text) and (axis := _axis(part.text))]
            return
        if len(lines) == _MOST_AXIS_LINES or len(line.text) > _LONGEST_AXIS_LINE or _HEADED.match(line.text):
            break
        lines.append(line)
    for line in lines:  # no source line: only what can be nothing but an axis
        if not _is_axis(line.text):
            break
        item.axes.append(_axis(line.text))
        item.end = line.end


def _is_axis(line: str) -> bool:
    """"營收, 百萬人民幣(左軸); …", "(亿美元)", a line of ticks."""
    if re.search(r"[。！？]$", line):
        return False
    tokens = line.split()
    ticks = sum(bool(_TICK.fullmatch(token)) for token in tokens)
    if ticks * 2 > len(tokens) > 3 or is_unit(line.strip("()（） ")):
        return True
    return len(line) <= 80 and parse_unit(line) is not None


def _axis(line: str) -> str:
    """A line without the ticks that extraction left in it: they are no values of the figure."""
    tokens = readable(line).split(" ")
    if sum(bool(_TICK.fullmatch(token)) for token in tokens) < 4:
        return readable(line)
    return " ".join(token for token in tokens if not _TICK.fullmatch(token) or _YEAR.fullmatch(token))


def _share_sources(text: str, found: Sequence[_Found]) -> None:
    """Captions side by side come one after the other, and their source lines after the last, in the same order."""
    for row in _rows_of_captions(text, found):
        last = row[-1]
        lines = [last.source_line] if last.source_line else []
        if len(row) > 1 and lines:
            for line in lines_after(text, last.end, last.end + 300):
                if not is_source_line(line.text) or len(lines) == len(row):
                    break
                lines.append(line.text)
        for item, line_text in zip(row[::-1], lines[::-1], strict=False):
            item.source_line = line_text


def _rows_of_captions(text: str, found: Sequence[_Found]) -> Iterator[list[_Found]]:
    """Captions with nothing but blank lines between them."""
    row: list[_Found] = []
    for item in found:
        if row and not _is_blank(text[row[-1].end : item.caption.start]):
            yield row
            row = []
        row.append(item)
    if row:
        yield row


def _is_blank(gap: str) -> bool:
    return not gap.strip(" \t\r\n#*_")


# ---------------------------------------------------------------- figures under a heading


def _uncaptioned(source: Source, found: Sequence[_Found], tables: Sequence[Table]) -> list[_Found]:
    """Figures whose caption is a heading: a heading, at most an axis line, then a source line."""
    text = source.text
    owned = [(item.caption.start, item.end) for item in found] + [(table.start, table.end) for table in tables]
    owned.sort()
    made = []
    for match in re.finditer(r"^[^\n]*[:：][^\n]*$", text, re.M):
        if is_source_line(match.group()) and (item := _headed(text, match, owned)):
            made.append(item)
    return made


def _headed(text: str, source_line: re.Match[str], owned: Sequence[tuple[int, int]]) -> _Found | None:
    i = bisect_right(owned, (source_line.start(), len(text)))
    floor = owned[i - 1][1] if i else 0
    if source_line.start() < floor:
        return None
    axes: list[str] = []
    for line in lines_before(text, source_line.start(), floor):
        if _HEADED.match(line.text):
            title = plain_title(line.text)
            start = text.find(title, line.start, line.end)
            if start < 0 or text.count("\n", line.end, source_line.start()) < 3:
                return None
            caption = Caption(start, start + len(title), title, None, "figure")
            return _Found(caption, source_line.end(), axes[::-1], source_line.group().strip())
        if axes or not _is_axis_title(line.text):
            return None
        axes.append(_axis(line.text))
    return None


def _is_axis_title(line: str) -> bool:
    return _is_axis(line) or (len(line) <= 40 and bool(re.search(r"[,，]\s*\S{1,8}$", line)))


# ---------------------------------------------------------------- pictures


def _give_pictures(source: Source, found: Sequence[_Found]) -> None:
    """Each picture goes to the captions right above it, in order where they stand side by side, else to the one
    right below, on the same page."""
    pages = sorted((page.start, page.number) for page in source.pages)

    def page_at(at: int) -> int | None:
        i = bisect_right(pages, (at, 10**9)) - 1
        return pages[i][1] if i >= 0 else None

    left: list[Picture] = []
    starts = [item.caption.start for item in found]
    waiting: dict[int, list[Picture]] = {}
    for picture in sorted(source.pictures, key=lambda picture: picture.start):
        i = bisect_right(starts, picture.start) - 1
        if i >= 0 and _belong(found[i], picture, page_at(starts[i]), picture.start - found[i].end):
            waiting.setdefault(i, []).append(picture)
        else:
            left.append(picture)
    for i, pictures in waiting.items():
        first = i
        while first > max(i + 1 - len(pictures), 0) and _is_blank(source.text[found[first - 1].end : starts[first]]):
            first -= 1
        for item, picture in zip(found[first : i + 1], pictures, strict=False):
            item.picture = item.picture or picture
    for picture in left:
        i = bisect_right(starts, picture.start)
        free = i < len(found) and found[i].picture is None
        if free and _belong(found[i], picture, page_at(starts[i]), starts[i] - picture.start):
            found[i].picture = picture


def _belong(item: _Found, picture: Picture, page: int | None, distance: int) -> bool:
    if picture.page is not None and page is not None:
        return picture.page == page
    return distance <= _NEAR

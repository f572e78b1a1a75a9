"""Headings in all the shapes that broker reports use, and the sections they govern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.reading.source import Heading, Source
from assistant.types import Section

CAPTION = re.compile(
    r"^[\s#*>]*(?:图表|圖表|图|圖|表|Figure|Fig\.|Exhibit|Table|Chart)\s*[A-Za-z]?\d*(?:[-.]\d+)?\s*[:：.、]", re.I
)
SOURCE_LINE = re.compile(
    r"^[\s#*>]*(?:资料来源|資料來源|数据来源|數據來源|来源|來源|Sources?|注|註|附注|Notes?)\s*[:：]", re.I
)
PAGE_LINE = re.compile(
    r"^(?:第?\s*\d{1,4}\s*[页頁]?(?:\s*/\s*\d{1,4})?|-\s*\d{1,4}\s*-|page \d+(?: of \d+)?|"
    r"(?:请|請)(?:务必|務必)?.{0,10}(?:正文之后|末页|最后|尾頁|最後).{0,20}|"
    r".{0,6}a wholly owned subsidiary of .{3,40})$", re.I
)
_LEADERS = ("....", "……", "····", ". . . .", "．．．．")
_NUMBERED = re.compile(
    r"^(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]|\d{1,2}(?:\.\d{1,2}){1,3}\s|\d{1,2}[.、]\s?)(?=\S)"
)
_MARKED = re.compile(r"^(?:#{1,6}\s*)?([■▶➤◆●▪►])\s*(?=\S)")
_BOLD_LINE = re.compile(r"^\*\*(?P<title>[^*\n]{2,80})\*\*\s*$")
_RUN_IN = re.compile(r"^(?:[-*•]\s+)?\*\*(?P<title>[^*\n]{2,80}?)\*\*(?=\s*\S)")
_ENDS = tuple("。！？!?；;，,、")
_PLAIN_LIMIT, _MARKED_LIMIT = 30, 90
_MARKED_LEVEL, _BOLD_LEVEL, _NUMBERED_LEVEL, _PLAIN_LEVEL, RUN_IN_LEVEL = 4, 5, 5, 6, 7


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str


def find_sections(source: Source) -> tuple[Section, ...]:
    """The sections of a source in reading order. A section runs to the next heading of its level or above;
    a bold run-in at the head of a paragraph only to the next heading of any level. Offsets are of `source.text`."""
    headings = sorted(_headings(source), key=lambda item: item[0].start)
    return tuple(_nest(headings, len(source.text)))


def plain_title(text: str) -> str:
    """A heading as a person would write it: without Markdown marks, bullets and emphasis."""
    text = re.sub(r"^[#\s>]+|[*_`]{2,}|<[^>]{1,20}>", "", text)
    return re.sub(r"\s+", " ", _MARKED.sub("", text.strip())).strip(" :：*。#")


def is_contents_line(line: str) -> bool:
    """Whether a line ends in dots that lead to a page number."""
    number = line.rstrip()[-3:].lstrip(".…·． ")
    return number.isdigit() and line.rstrip().removesuffix(number).rstrip().endswith(_LEADERS)


def _headings(source: Source) -> Iterator[tuple[Heading, str]]:
    known = {heading.start: heading for heading in source.headings}
    grids = [(grid.start, grid.end) for grid in source.grids]
    lines = list(_lines(source.text))
    for i, line in enumerate(lines):
        if line.start in known or not line.text or "\t" in line.text or any(a <= line.start < b for a, b in grids):
            continue
        if PAGE_LINE.match(line.text) or is_contents_line(line.text):
            continue
        found = _marked(line) or _plain(lines, i)
        if found:
            yield found
    for heading in known.values():
        raw = source.text[heading.start : heading.end]
        title = plain_title(raw)
        if title and not CAPTION.match(raw) and not SOURCE_LINE.match(raw):
            yield heading, title


def _lines(text: str) -> Iterator[_Line]:
    at = 0
    for raw in text.split("\n"):
        stripped = raw.strip()
        start = at + (len(raw) - len(raw.lstrip()))
        yield _Line(start, start + len(stripped), stripped)
        at += len(raw) + 1


def _marked(line: _Line) -> tuple[Heading, str] | None:
    text = line.text
    if CAPTION.match(text) or SOURCE_LINE.match(text):
        return None
    if len(text) <= _MARKED_LIMIT and not text.endswith(_ENDS):
        if _MARKED.match(text):
            return Heading(line.start, line.end, _MARKED_LEVEL), plain_title(text)
        if bold := _BOLD_LINE.match(text):
            return Heading(line.start, line.end, _BOLD_LEVEL), plain_title(bold["title"])
        if len(text) <= 40 and _NUMBERED.match(text) and not re.search(r"\d{4,}|[:：]$", text):
            return Heading(line.start, line.end, _NUMBERED_LEVEL), plain_title(text)
    run_in = _RUN_IN.match(text)
    if run_in and not CAPTION.match(run_in["title"]):
        start = line.start + run_in.start("title")
        return Heading(start, start + len(run_in["title"]), RUN_IN_LEVEL), plain_title(run_in["title"])
    return None


def _plain(lines: list[_Line], i: int) -> tuple[Heading, str] | None:
    """A short line alone between blank lines, above prose: a heading that lost its marks in extraction."""
    line = lines[i]
    text = line.text
    if not 2 <= len(text) <= _PLAIN_LIMIT or text.endswith(_ENDS) or CAPTION.match(text) or SOURCE_LINE.match(text):
        return None
    if not re.search(r"[\u4e00-\u9fff]{2}|[A-Za-z]{3}", text) or re.search(r"[@|]|^[-•\d(（]|[:：]", text):
        return None
    if (i and lines[i - 1].text) or (i + 1 < len(lines) and lines[i + 1].text):
        return None
    below = next((other.text for other in lines[i + 2 : i + 6] if other.text), "")
    if len(below) > 40 and "\t" not in below and not below.startswith(("#", "|")):
        return Heading(line.start, line.end, _PLAIN_LEVEL), plain_title(text)
    return None


def _nest(headings: list[tuple[Heading, str]], length: int) -> Iterator[Section]:
    open_titles: list[tuple[int, str]] = []
    for (heading, title), end in zip(headings, _ends([heading for heading, _ in headings], length), strict=True):
        open_titles = [item for item in open_titles if item[0] < heading.level]
        open_titles.append((heading.level, title))
        path = tuple(title for _, title in open_titles)
        yield Section(title, heading.level, heading.start, heading.end, heading.start, end, path)


def _ends(headings: list[Heading], length: int) -> list[int]:
    """Where each section ends: at the next heading of its level or above."""
    ends = [length] * len(headings)
    following: list[Heading] = []
    for i, heading in reversed(list(enumerate(headings))):
        while following and following[-1].level > heading.level:
            following.pop()
        if following:
            ends[i] = following[-1].start
        following.append(heading)
    return ends

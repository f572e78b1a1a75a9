"""Report to passages: whole sentences sized in tokens, one passage a table row, one a caption.

Passages are slices of the report's text, so every offset holds; what a passage needs to be found (title, section,
caption, header) is its `context`, searched but never quoted.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from assistant.language import CJK
from assistant.reading.sections import CAPTION, SOURCE_LINE
from assistant.tokenizers import count_many
from assistant.types import Figure, Furniture, Passage, PassageKind, Report, Section, Table

TARGET_TOKENS = 220
CARD_LINES, CARD_CHARACTERS = 10, 220
SHORT_LINE = 40
_TABLE_LABELS = 400  # characters of row labels that a table's own passage is found by

_LINE = re.compile(r"[^\n]+")
_BULLET = re.compile(
    r"^\s*(?:[-*•✓➤▶■●▪]\s|\d{1,2}[.、)）]|[（(]\d{1,2}[)）]|[①-⑳]|[一二三四五六七八九十]{1,3}、|#{1,6}\s|\*\*)"
)
_TERMINAL = re.compile(r"[。！？!?；;.…][\"'”’」』)）*]*\s*$")
_SENTENCE_END = re.compile(r"[。！？!?]+[\"'”’」』)）]*(?:\*\*)?|(?<=[a-z0-9%)\]])\.(?:\*\*)?(?=\s+[A-Z\"“(\[])")
_PART_END = re.compile(r"[；;]+\s*")  # where a sentence too long to quote may be cut
_LONG_SENTENCE = 300
_TICKER_LINE = re.compile(r"^[(（]?[A-Z0-9]{1,7}\.[A-Z]{2,4}[)）]?$")
_BROKEN = re.compile(rf"(?<=[{CJK},，、(（])[ \t]*\n\s*(?=[{CJK}])")
_MARKUP = re.compile(r"\*\*|</?[a-zA-Z][^<>\n]{0,60}>|\\(?=[$%_*#])")


def passages(report: Report) -> list[Passage]:
    """Every passage of a report, in reading order, furniture included (and marked)."""
    made: list[Passage] = []
    for table in report.tables:
        made += _table_passages(report, table)
    made += [_figure_passage(report, figure) for figure in report.figures]
    made += _text_passages(report)
    made.sort(key=lambda passage: (passage.start, passage.end))
    unique = {passage.passage_id: passage for passage in made}
    return list(unique.values())


def search_text(text: str) -> str:
    """A slice as finding should see it: sentences that a line end broke are whole, emphasis and tags are gone."""
    if "\n" in text:
        text = _BROKEN.sub("", text)
    if "*" in text or "<" in text or "\\" in text:
        text = _MARKUP.sub("", text)
    return text


def units(text: str) -> list[tuple[int, int]]:
    """The citable pieces of a slice, as (start, end): sentences of prose, and groups of short lines that belong
    together (a company with its code and its description), each without surrounding white space."""
    found: list[tuple[int, int]] = []
    short: list[tuple[int, int]] = []
    for start, end in _paragraphs(text):
        if SOURCE_LINE.match(text[start:end]):
            found += [*_cards(text, short), (start, end)]
            short = []
        elif _is_short(text[start:end]):
            short.append((start, end))
        else:
            found += [*_cards(text, short), *_sentences(text, start, end)]
            short = []
    found += _cards(text, short)
    return found


def _is_short(paragraph: str) -> bool:
    """A label or list line rather than prose (a bullet or a sentence is prose however short)."""
    return (
        len(paragraph) <= SHORT_LINE and not _TERMINAL.search(paragraph) and not re.match(r"\s*[-*•✓#]\s?", paragraph)
    )


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Runs of lines that read as one paragraph: broken lines are joined, also over a page gap."""
    current: tuple[int, int] | None = None
    for match in _LINE.finditer(text):
        line = match.group()
        if not line.strip():
            continue
        start = match.start() + len(line) - len(line.lstrip())
        end = match.start() + len(line.rstrip())
        if current and _continues(text[current[0] : current[1]], text[current[1] : start], line):
            current = (current[0], end)
            continue
        if current:
            yield current
        current = (start, end)
    if current:
        yield current


def _continues(before: str, gap: str, line: str) -> bool:
    """Whether a line goes on with the sentence before it."""
    last = before.rsplit("\n", 1)[-1]
    if (
        _BULLET.match(line)
        or CAPTION.match(line)
        or SOURCE_LINE.match(before)
        or "\t" in line
        or "\t" in last
        or _TERMINAL.search(before)
    ):
        return False
    if last.lstrip().startswith("#") or last.rstrip().endswith(("：", ":")):
        return False
    if gap.count("\n") > 1:  # a page gap: only prose goes on over it
        return len(last) > SHORT_LINE - 5 and len(line.strip()) > 12 and bool(re.match(rf"\s*[{CJK}a-z0-9(（]", line))
    return len(last) > SHORT_LINE - 5


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for first, last in _cut(text, start, end, _SENTENCE_END):
        yield from _cut(text, first, last, _PART_END) if last - first > _LONG_SENTENCE else [(first, last)]


def _cut(text: str, start: int, end: int, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    at = start
    for stop in (*(match.end() for match in pattern.finditer(text, start, end)), end):
        if text[at:stop].strip(" \n*"):
            yield _trimmed(text, at, stop)
        at = stop


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _cards(text: str, lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Groups of short lines: one a security code where codes anchor them, else by size."""
    if not lines:
        return
    starts = {0}
    for i, (start, end) in enumerate(lines):
        if _TICKER_LINE.match(text[start:end].split("\n")[-1].strip()):
            starts.add(i if _code_leads(text, lines, i) else max(0, i - ("\n" not in text[start:end])))
    bounds = sorted(starts)
    for first, stop in pairwise([*bounds, len(lines)]):
        yield from _sized(lines[first:stop])


def _code_leads(text: str, lines: list[tuple[int, int]], i: int) -> bool:
    """Whether the code line comes before its company's name (else after it)."""
    code = text[slice(*lines[i])]
    if code.startswith(("(", "（")) or i + 1 >= len(lines):
        return False
    below = text[slice(*lines[i + 1])]
    return not re.search(r"[:：]|^对标|^對標", below)


def _sized(lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first = 0
    for i in range(1, len(lines) + 1):
        if i == len(lines) or i - first >= CARD_LINES or lines[i][1] - lines[first][0] > CARD_CHARACTERS:
            yield lines[first][0], lines[i - 1][1]
            first = i


# ---------------------------------------------------------------- passages of each kind


def _text_passages(report: Report) -> Iterator[Passage]:
    section_at = _locator(report.sections)
    furniture_at = _furniture_locator(report.furniture)
    for start, end in _free_stretches(report):
        furniture = furniture_at(start)
        section = section_at(start)
        pieces = [(start + a, start + b) for a, b in units(report.text[start:end])]
        for first, last in _packed(report.text, pieces):
            yield _passage(report, "text", first, last, section, furniture)


def _free_stretches(report: Report) -> Iterator[tuple[int, int]]:
    """The text between tables and captions, cut where a section or a stretch of furniture starts or ends."""
    taken = sorted(
        [
            (t.caption_start if t.caption_end > t.caption_start and t.caption_start < t.start else t.start, t.end)
            for t in report.tables
        ]
        + [(f.start, f.end) for f in report.figures]
    )
    cuts = sorted(
        {s.start for s in report.sections}
        | {s.end for s in report.sections}
        | {f.start for f in report.furniture}
        | {f.end for f in report.furniture}
    )
    at = 0
    for start, end in [*taken, (len(report.text), len(report.text))]:
        if start > at:
            bounds = [at, *(cut for cut in _between(cuts, at, start)), start]
            yield from ((a, b) for a, b in pairwise(bounds) if b > a and report.text[a:b].strip(" \n\t#*"))
        at = max(at, end)


def _table_start(table: Table) -> int:
    captioned = table.caption_start < min(table.caption_end, table.start)
    return table.caption_start if captioned else table.start


def _between(cuts: list[int], low: int, high: int) -> list[int]:
    return cuts[bisect_right(cuts, low) : bisect_left(cuts, high)]


def _packed(text: str, pieces: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Neighbouring units joined up to the target size. A stretch of fewer characters than the target has no
    more tokens than that, so it is not counted."""
    if not pieces:
        return
    if pieces[-1][1] - pieces[0][0] <= TARGET_TOKENS:
        yield pieces[0][0], pieces[-1][1]
        return
    sizes = count_many([text[a:b] for a, b in pieces])
    first, total = 0, 0
    for i, size in enumerate(sizes):
        if i > first and total + size > TARGET_TOKENS:
            yield pieces[first][0], pieces[i - 1][1]
            first, total = i, 0
        total += size
    yield pieces[first][0], pieces[-1][1]


def _table_passages(report: Report, table: Table) -> Iterator[Passage]:
    section = _locator(report.sections)(table.start)
    furniture = _furniture_locator(report.furniture)(table.start)
    header = " ".join(column.label for column in table.columns if column.label)
    caption = table.caption or ""
    about = " ".join(part for part in (caption, table.unit or "", header) if part)
    labels = " ".join(dict.fromkeys(row.label for row in table.rows))[:_TABLE_LABELS]
    first = table.rows[0].start if table.rows else table.end
    head_start = table.header_start if table.header_end > table.header_start else table.start
    head_end = max(table.header_end, min(first, table.end)) if table.header_end > table.header_start else first
    if 0 <= table.caption_start < table.caption_end <= table.start and head_start - table.caption_end < 300:
        head_start = table.caption_start
    if head_end > head_start:
        yield _passage(
            report,
            "table",
            *_trimmed(report.text, head_start, head_end),
            section,
            furniture,
            about=f"{about} {labels}",
            table=table,
        )
    for row in table.rows:
        yield _passage(
            report,
            "table_row",
            row.start,
            row.end,
            section,
            furniture,
            about=f"{about} {row.group or ''}",
            table=table,
            row=row.index,
        )


def _figure_passage(report: Report, figure: Figure) -> Passage:
    section = _locator(report.sections)(figure.start)
    furniture = _furniture_locator(report.furniture)(figure.start)
    made = _passage(report, "figure", figure.start, figure.end, section, furniture, about=figure.axes or "")
    return replace(made, figure=figure.number or figure.caption)


def _passage(
    report: Report,
    kind: PassageKind,
    start: int,
    end: int,
    section: Section | None,
    furniture: Furniture | None,
    *,
    about: str = "",
    table: Table | None = None,
    row: int | None = None,
) -> Passage:
    path = " ".join(section.path) if section else ""
    return Passage(
        passage_id=f"{report.report_id}-{start}-{end}",
        report_id=report.report_id,
        kind=kind,
        start=start,
        end=end,
        text=report.text[start:end],
        context=re.sub(r"\s+", " ", search_text(f"{report.title} {path} {about}")).strip(),
        page=page_at(report, start),
        section=section.title if section else None,
        figure=(table.number or table.caption) if table else None,
        table=table.index if table else None,
        row=row,
        furniture=furniture.kind if furniture else None,
    )


def page_at(report: Report, offset: int) -> int | None:
    """The number of the page that a character of a report stands on; None where it has no pages."""
    return next((page.number for page in report.pages if page.start <= offset < page.end), None)


def _locator(sections: tuple[Section, ...]) -> Callable[[int], Section | None]:
    """A function from an offset to the innermost section there: the last that begins before it and is not over."""
    starts = [section.start for section in sections]

    def innermost(at: int) -> Section | None:
        before = reversed(range(bisect_right(starts, at)))
        return next((sections[i] for i in before if at < sections[i].end), None)

    return innermost


def _furniture_locator(furniture: tuple[Furniture, ...]) -> Callable[[int], Furniture | None]:
    """A function from an offset to the furniture there; stretches of it don't overlap."""
    starts = [item.start for item in furniture]

    def covering(at: int) -> Furniture | None:
        i = bisect_right(starts, at) - 1
        return furniture[i] if i >= 0 and at < furniture[i].end else None

    return covering

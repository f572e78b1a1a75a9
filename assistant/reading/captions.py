"""The lines that stand around tables and figures: captions, source and note lines, lines that state a unit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from assistant.reading.labels import any_of, words

_MARKS = r"[ \t\u3000#>*_■▶➤◆●▪►•\-]*"
_LONGEST_CAPTION = 160
_SENTENCE_END = re.compile(r"[。！？；;!?:：]$|[^.]\.$")
_LEADER = re.compile(r"(?:[.．·…]{3,}|\t|\s{2,})\s*\d{1,3}$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its surrounding white space; `text == whole[start:end]`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption without Markdown marks; `text == whole[start:end]`, `number` normalised ("35", "2-1"). `kind` is
    what it says it is: a "table", a "figure" or "either"; a `bare` one has its title, if any, on the next line."""

    start: int
    end: int
    text: str
    number: str | None
    kind: Literal["figure", "table", "either"]
    bare: bool = False


def lines_before(text: str, at: int, floor: int = 0) -> Iterator[Line]:
    """The lines above offset `at` that are not blank, nearest first, none starting before `floor`."""
    end = text.rfind("\n", floor, at)
    while end > floor:
        start = max(text.rfind("\n", floor, end) + 1, floor)
        if line := _line(text, start, end):
            yield line
        end = start - 1


def lines_after(text: str, at: int, ceiling: int | None = None) -> Iterator[Line]:
    """The lines after the one that offset `at` stands in that are not blank, none reaching beyond `ceiling`."""
    stop = len(text) if ceiling is None else ceiling
    start = text.find("\n", at, stop) + 1
    while start:
        end = text.find("\n", start, stop)
        if line := _line(text, start, end if end >= 0 else stop):
            yield line
        start = end + 1


def _line(text: str, start: int, end: int) -> Line | None:
    raw = text[start:end]
    stripped = raw.strip()
    if not stripped:
        return None
    start += len(raw) - len(raw.lstrip())
    return Line(start, start + len(stripped), stripped)


@cache
def caption_pattern() -> re.Pattern[str]:
    """A line that begins as a caption does: marks, the word, a number or a colon, the title."""
    word = f"(?P<word>{any_of('caption.figure', 'caption.table', 'caption.either')})"
    number = r"[A-Za-z]?\d{1,3}(?:[-–.]\d{1,2})*[A-Za-z]?|[一二三四五六七八九十]{1,3}|[A-Za-z](?=[ \t]*[:：])"
    numbered = rf"(?P<number>{number})[ \t]*(?P<separator>[:：.．、|｜\-–—]|(?=\s|\*|[^\x00-\x7f]|$))"
    return re.compile(
        rf"^{_MARKS}(?P<caption>{word}[ \t]*(?:{numbered}|(?P<colon>[:：]))(?P<title>[^\n]*))$",
        re.I | re.M,
    )


@cache
def _mention() -> re.Pattern[str]:
    return re.compile(rf"(?:{any_of('caption.mention')})(?![a-z])|[,，、。)）]", re.I)


def captions(text: str) -> Iterator[Caption]:
    """Every caption line in `text`; mentions within sentences and lines of a list of figures are none."""
    for match in caption_pattern().finditer(text):
        if found := _caption(match, 0):
            yield found


def caption_of(line: Line) -> Caption | None:
    """The caption that a line is, if it is one."""
    match = caption_pattern().match(line.text)
    return _caption(match, line.start) if match else None


def _caption(match: re.Match[str], shift: int) -> Caption | None:
    printed = match["caption"].rstrip(" \t\r*_#")
    title = match["title"].strip(" \t\r*_#")
    word, number = match["word"], match["number"]
    start = shift + match.start("caption")
    if not title and number and not match["separator"].strip("-–—|｜、"):
        return Caption(start, start + len(printed), printed, _normal(number), _kind(word), bare=True)
    if not title or len(printed) > _LONGEST_CAPTION or _LEADER.search(match["title"].rstrip()) or "\t" in title:
        return None
    if match["colon"] and word.isascii():
        return None  # "Table: a set of…" is prose; in English a caption has its number
    separated = bool(match["separator"] or match["colon"])
    if not separated and (_mention().match(title) or _SENTENCE_END.search(title) or not _spaced(match)):
        return None
    if separated and len(title) > 60 and _SENTENCE_END.search(title) and match["separator"] not in (":", "："):
        return None
    return Caption(start, start + len(printed), printed, _normal(number), _kind(word))


def _spaced(match: re.Match[str]) -> bool:
    """Without a colon a space must follow the number ("图 3 收入"); in English a capital, too."""
    after = match["caption"][match.end("number") - match.start("caption") :]
    return after[:1].isspace() and (not match["word"].isascii() or after.strip(" \t*_")[:1].isupper())


def _normal(number: str | None) -> str | None:
    if number is None:
        return None
    plain = unicodedata.normalize("NFKC", number).replace("–", "-")
    if plain[0] in "一二三四五六七八九十":
        tens, _, units = plain.rpartition("十")
        digits = {c: i for i, c in enumerate("一二三四五六七八九", 1)}
        return str((digits.get(tens, 1) * 10 if "十" in plain else 0) + digits.get(units, 0))
    return plain


def _kind(word: str) -> Literal["figure", "table", "either"]:
    lists = words()["caption"]
    if word.lower() in (item.lower() for item in lists["table"]):
        return "table"
    # "图表" and "Exhibit" name tables and figures alike
    return "either" if word.lower() in ("图表", "圖表", *(item.lower() for item in lists["either"])) else "figure"


@cache
def _lead(path: str) -> re.Pattern[str]:
    return re.compile(rf"{_MARKS}(?:{any_of(path)})\s*(?:\d\s*)?[:：]", re.I)


def is_source_line(text: str) -> bool:
    """Whether a line says where a table or figure comes from ("资料来源：…")."""
    return bool(_lead("lines.source").match(text))


def is_note_line(text: str) -> bool:
    """Whether a line is a note under a table or figure ("注：…")."""
    return bool(_lead("lines.note").match(text))


def is_unit_lead(text: str) -> bool:
    """Whether a line announces a unit ("单位：百万元")."""
    return bool(_lead("lines.unit").match(text))


@cache
def _page_line() -> re.Pattern[str]:
    return re.compile("|".join(words()["lines"]["page"]), re.I)


def is_page_line(text: str) -> bool:
    """Whether a line is what a page break leaves behind: a page number, a running notice, "(continued)"."""
    return bool(_page_line().fullmatch(text.strip()))


def is_contents_title(text: str) -> bool:
    """Whether a line heads a table of contents."""
    bare = re.sub(r"\s+", " ", text.strip(" \t#*_:：")).lower()
    listed = {item.lower() for item in words()["caption"]["contents"]}
    return bare in listed or re.sub(r"\s", "", bare) in listed

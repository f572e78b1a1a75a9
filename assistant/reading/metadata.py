"""Title, issuer, date, analysts and tickers from a report's content, because file names say nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date

from assistant.lexicon import Lexicon
from assistant.reading.sections import CAPTION, SOURCE_LINE, plain_title
from assistant.types import DateBasis, Furniture, Section

_HEAD, _BYLINE = 2500, 80  # characters of a report's head, and of a line in it that is no running text
_DATE = re.compile(
    r"(?<!\d)(?P<y>20\d\d|(?<=[^\d])\d\d)\s*(?:年|[-/.])\s*"
    r"(?P<m>1[0-2]|0?[1-9])\s*(?:月|[-/.])\s*(?P<d>3[01]|[12]\d|0?[1-9])(?!\d)\s*日?"
)
_MONTH = re.compile(r"(?<!\d)(20\d\d)\s*年\s*(1[0-2]|[1-9])\s*月(?!\s*\d)")
_ENGLISH_DATE = re.compile(
    r"\b(?:(?P<d1>3[01]|[12]?\d)(?:st|nd|rd|th)?\s+(?P<m1>[A-Z][a-z]{2})[a-z]*\.?,?"
    r"|(?P<m2>[A-Z][a-z]{2})[a-z]*\.?\s+(?P<d2>3[01]|[12]?\d)(?:st|nd|rd|th)?,)\s+(?P<y>20\d\d)\b"
)
_MONTHS = {name: i + 1 for i, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
                                                 "Nov", "Dec"))}  # fmt: skip
_DATE_LABEL = re.compile(
    r"(?:报告|報告|发布|發布|發佈|出版|撰写|刊發|research|publication|report)?\s*(?:日期|date)\s*[:：]\s*$"
    r"|(?:发布于|published(?: on)?)\s*[:：]?\s*$",
    re.I,
)
_EXPECTED = re.compile(r"预计|預計|预期|預期|将于|將於|計劃|计划|expected|scheduled|forecast", re.I)
_AS_OF = re.compile(r"截至|截止|以来|以來|as of|until|since", re.I)
_TICKER = re.compile(r"\b(?:\d{4,6}\.(?:HK|TW|TWO|SH|SS|SZ)|\d{1,6} (?:HK|TT|SZ|SH|CH|US|JP|KS)|[A-Z]{1,5} US)\b")
# No pattern here may look far from where it begins: a page of nothing but digits or blank lines must not cost hours.
_ANALYST_LABEL = re.compile(
    r"(?:证券|證券|研究)?(?:分析[师師员員]|研究[员員])(?:姓名)?\s{0,4}[:：]\s{0,4}"
    r"(?P<name>[\u4e00-\u9fff·]{2,6}|[A-Z][a-z]+(?: [A-Z][a-z]+){1,3})"
    r"|姓名\s{0,4}[:：]\s{0,4}(?P<name2>[\u4e00-\u9fff·]{2,5})"
)
_MAIL = re.compile(r"(?<![\w.])[\w.]{1,64}@[\w.-]{1,250}\.\w{2,20}")
_SIGNED_BLOCK = re.compile(
    r"^[^\w\n]{0,20}(?:分析[員员师師]|analysts?)[^\w\n]{0,20}\n(?:[ \t]{0,20}\n){0,4}"
    r"(?P<names>(?:\s{0,20}[\u4e00-\u9fff]{2,4}(?: ?[(（][A-Za-z .\-]{1,60}[)）])?[ \t]{0,20}\n)+)",
    re.M | re.I,
)
_MAIL_LINE = re.compile(
    r"^[^\w\n]{0,20}(?P<name>[\u4e00-\u9fff]{2,4})(?:\s{0,4},?\s{0,4}(?:CFA|CPA))*"
    r"[^\w\n(]{0,20}(?:\([\d)( +-]{1,30})?[ \d-]{0,30}[\w.]{1,64}@",
    re.M,
)


def find_title(text: str, sections: tuple[Section, ...], stated: str | None, furniture: Iterable[Furniture]) -> str:
    """The report's title: its first headings of the top level, joined; else the file's own title; else its first
    line."""
    hidden = [(item.start, item.end) for item in furniture]
    top = [s for s in sections if s.start < _HEAD and s.level <= 6 and not any(a <= s.start < b for a, b in hidden)]
    if top and top[0].start < 600:
        first = top[0]
        titles = [first.title]
        nearby = [s for s in top[1:3] if s.start < first.heading_end + 60 and s.level <= first.level + 2]
        titles += [s.title for s in nearby if s.title not in titles and len(s.title) > 6][:1]
        own = _first_line(text)
        if own and own.end_at < first.start and first.level > 4:
            return own.text
        return " — ".join(titles)[:160]
    if stated and len(stated) > 3:
        return stated[:160]
    own = _first_line(text)
    return own.text if own else "untitled"


class _FirstLine:
    def __init__(self, text: str, end_at: int) -> None:
        self.text = text
        self.end_at = end_at


def _first_line(text: str) -> _FirstLine | None:
    """The first line that reads as a title: not a date, a label, a caption; preferring one with some length."""
    at = 0
    best: _FirstLine | None = None
    for line in text[:800].split("\n"):
        title = plain_title(line)
        labelled = re.search(r"[:：@|\t]", title) or CAPTION.match(line) or SOURCE_LINE.match(line)
        if len(title) >= 4 and not labelled and not _DATE.fullmatch(title):
            if len(title) >= 10:
                return _FirstLine(title[:160], at + len(line))
            best = best or _FirstLine(title[:160], at + len(line))
        at += len(line) + 1
    return best


def find_date(text: str, furniture: Iterable[Furniture], stated: str | None) -> tuple[str | None, DateBasis]:
    """(ISO date, how it is known): printed on the report; else "not_before" the newest day, or first day of a month,
    that the text names as past; else unknown. Nothing is invented."""
    days = _days(text)
    for start, day in days:
        labelled = _DATE_LABEL.search(text[max(0, start - 16) : start].replace("*", ""))
        alone = start < 800 and _alone(text, start)
        if labelled or alone:
            return day.isoformat(), "printed"
    if stated:
        return stated, "printed"
    hidden = [(item.start, item.end) for item in furniture if item.kind in ("disclaimer", "certification")]
    columns = _planned_lines(text)
    past = [
        day
        for start, day in [*days, *_months(text)]
        if not any(a <= start < b for a, b in hidden) and not _planned(text, start, columns)
    ]
    return (max(past).isoformat(), "not_before") if past else (None, "unknown")


def _days(text: str) -> list[tuple[int, date]]:
    """Every day that a text names, with the offset it stands at."""
    found = []
    for match in _DATE.finditer(text):
        year = int(match["y"]) + (2000 if len(match["y"]) == 2 else 0)
        if len(match["y"]) == 2 and "年" not in match.group():
            continue
        found.append((match, year, int(match["m"]), int(match["d"])))
    for match in _ENGLISH_DATE.finditer(text):
        month = _MONTHS.get(match["m1"] or match["m2"])
        if month:
            found.append((match, int(match["y"]), month, int(match["d1"] or match["d2"])))
    days = []
    for match, year, month, day in found:
        try:
            days.append((match.start(), date(year, month, day)))
        except ValueError:
            continue
    return sorted(days)


def _months(text: str) -> list[tuple[int, date]]:
    """Months that the text names without a day, each as its first day."""
    return [(match.start(), date(int(match[1]), int(match[2]), 1)) for match in _MONTH.finditer(text)]


def _alone(text: str, start: int) -> bool:
    """Whether a day is all that its line says; "as of" a day is when figures stood, not when a report came out."""
    line = text[text.rfind("\n", 0, start) + 1 : _line_end(text, start)]
    rest = _DATE.sub("", _ENGLISH_DATE.sub("", line)).strip(" *#|-—·,，")
    return len(rest) <= 8 and "\t" not in line and not _AS_OF.search(rest)


def _planned(text: str, start: int, columns: set[int]) -> bool:
    """Whether a day lies ahead of the report: said so in its clause, or above it in its table (`columns`)."""
    line_start = text.rfind("\n", 0, start) + 1
    return line_start in columns or bool(_EXPECTED.search(text[max(line_start, start - 40) : start]))


def _planned_lines(text: str) -> set[int]:
    """Where the lines of tables start that stand below one which speaks of what is expected."""
    found: set[int] = set()
    at, planned = 0, False
    for line in text.split("\n"):
        in_table = "\t" in line or "|" in line
        if in_table and planned:
            found.add(at)
        planned = in_table and (planned or bool(_EXPECTED.search(line)))
        at += len(line) + 1
    return found


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def find_issuer(text: str, furniture: Iterable[Furniture], lexicon: Lexicon) -> str | None:
    """The broker that wrote the report, by the name most said where brokers sign: disclaimers, source lines, mail
    addresses, short lines at the head. A broker that running text mentions has signed nothing."""
    regions = [(item.start, item.end) for item in furniture if item.kind not in ("page", "contents")]
    signed = [text[a:b] for a, b in regions] + [line for line in text.split("\n") if SOURCE_LINE.match(line)]
    head = [line for line in text[:_HEAD].split("\n") if len(line) <= _BYLINE]
    votes: Counter[str] = Counter()
    for weight, parts in ((3, head), (1, signed), (2, _MAIL.findall(text))):
        for name in lexicon.brokers_in("\n".join(parts)):
            votes[name] += weight
    return votes.most_common(1)[0][0] if votes else None


def find_analysts(text: str) -> tuple[str, ...]:
    """The names that sign the report, in order of first mention."""
    names = [m["name"] or m["name2"] for m in _ANALYST_LABEL.finditer(text)]
    names += [m["name"] for m in _MAIL_LINE.finditer(text)]
    names += [line.strip() for m in _SIGNED_BLOCK.finditer(text) for line in m["names"].split("\n")]
    return tuple(dict.fromkeys(name.strip() for name in names if name))[:12]


def find_tickers(text: str) -> tuple[str, ...]:
    """Security codes as printed, each once, most frequent first."""
    return tuple(ticker for ticker, _ in Counter(_TICKER.findall(text)).most_common(200))

"""Text that is not the report's argument: contents, disclaimers, certifications, rating definitions, page furniture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from assistant.reading.sections import PAGE_LINE, is_contents_line
from assistant.types import Furniture, FurnitureKind, Section

_TITLES: tuple[tuple[FurnitureKind, re.Pattern[str]], ...] = (
    ("contents", re.compile(
        r"^(?:目录|目錄|内容目录|图表目录|圖表目錄|table of contents|contents|list of figures)$", re.I)),
    ("rating_definitions", re.compile(
        r"评级(?:标准|定义|说明|体系)|評[級等](?:標準|定義|說明|系統)|(?:证券|國際|国际|市场|市場|公司)(?:行业|股票|行業)?投资评级$"
        r"|(?:投資|投资)評?[级級等]+(?:定義|說明|定义|说明)|rating (?:definitions?|system)|^stock ratings?$", re.I)),
    ("certification", re.compile(
        r"分析[师師员員]+(?:承诺|承諾|声明|聲明|保证|證明)|(?:analyst|reg(?:ulation)? ac) certification", re.I)),
    ("disclaimer", re.compile(
        r"免[责責](?:声明|聲明|条款|條款)|^(?:重要|一般|特别|特別|法律)(?:声明|聲明|披露|提示)$|披露(?:声明|聲明|事项|事項)$"
        r"|对于接收此份报告|對於接收|对于在.{1,6}的收件人|业务的说明|版權所有|版权所有"
        r"|^disclaimers?\b|^(?:important|general) disclosures?", re.I)),
    ("contact", re.compile(r"^(?:总办事处|總辦事處|联系我们|聯絡我們|分支机构|contact (?:us|information))", re.I)),
)
_RUN_IN_DISCLAIMER = re.compile(r"^\W{0,4}(?:免[责責]声?聲?明|disclaimer)", re.I | re.M)
_LICENSED = re.compile(r"^.{0,4}上述為證監會持牌人", re.M)
_AGENDA = re.compile(r"[-•\s]*【\s*\d{1,2}\s*】")
_CONTENTS_LINE = re.compile(r"(?:[.·…\t ]{2,}|\D)\d{1,3}\s*$")
_TAIL = 0.5  # boilerplate that runs to the end starts in this last share of a report


def find_furniture(text: str, sections: tuple[Section, ...]) -> tuple[Furniture, ...]:
    """Stretches of `text` to keep out of retrieval, in order, not overlapping."""
    stretches = _by_heading(text, sections), _run_in_disclaimers(text), _contents(text), _page_lines(text)
    found = sorted(chain(*stretches), key=lambda item: (item.start, -item.end))
    kept: list[Furniture] = []
    for item in found:
        start = max(item.start, kept[-1].end) if kept else item.start
        if start < item.end:
            kept.append(Furniture(item.kind, start, item.end))
    return tuple(kept)


def _by_heading(text: str, sections: tuple[Section, ...]) -> Iterator[Furniture]:
    """A furniture heading's own section; in the tail of a report every heading after the first disclaimer too."""
    running: FurnitureKind | None = None
    for i, section in enumerate(sections):
        end = sections[i + 1].start if i + 1 < len(sections) else len(text)
        kind = next((k for k, pattern in _TITLES if pattern.search(section.title)), None)
        late = section.start > _TAIL * len(text)
        if kind == "contents":
            yield Furniture(kind, section.start, _end_of_contents(text, section.heading_end, end))
        elif kind and (late or kind != "rating_definitions"):
            running = kind if late else None
            yield Furniture(kind, section.start, end)
        elif running:
            short = end - section.start < 200
            yield Furniture("contact" if short else running, section.start, end)


def _end_of_contents(text: str, start: int, end: int) -> int:
    """Where the lines that end in page numbers stop."""
    last = start
    at = start
    misses = 0
    for line in text[start:end].split("\n"):
        if line.strip():
            if _CONTENTS_LINE.search(line):
                last, misses = at + len(line), 0
            else:
                misses += 1
        if misses > 2:
            break
        at += len(line) + 1
    return last


def _run_in_disclaimers(text: str) -> Iterator[Furniture]:
    for pattern in (_RUN_IN_DISCLAIMER, _LICENSED):
        for match in pattern.finditer(text):
            if match.start() > _TAIL * len(text):
                yield Furniture("disclaimer", match.start(), len(text))
                break


def _contents(text: str) -> Iterator[Furniture]:
    for match in re.finditer(r"[^\n]+", text):
        if _AGENDA.match(match.group()) or is_contents_line(match.group()):
            yield Furniture("contents", match.start(), match.end())


def _page_lines(text: str) -> Iterator[Furniture]:
    """Page numbers, and header or footer lines that come back at least four times."""
    lines = [(m.start(), m.group()) for m in re.finditer(r"[^\n]+", text)]
    repeated = Counter(line.strip() for _, line in lines if "\t" not in line and "|" not in line)
    for start, line in lines:
        stripped = line.strip()
        if PAGE_LINE.match(stripped) or (8 < len(stripped) < 80 and repeated[stripped] >= 4 and not _keeps(stripped)):
            yield Furniture("page", start, start + len(line))


def _keeps(line: str) -> bool:
    """Repeated lines that belong to what they stand under: source lines, table headers, labels."""
    return bool(re.search(r"来源|來源|[Ss]ource|[:：]", line))

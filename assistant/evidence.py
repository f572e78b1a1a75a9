"""Which sentences, rows and captions of the found passages speak to a question, and how well."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from assistant.chunking import page_at, search_text, units
from assistant.language import fold, folded_tokens
from assistant.questions import Group, Part, Question
from assistant.reading.sections import RUN_IN_LEVEL, SOURCE_LINE
from assistant.retrieval import Retriever, printed_date
from assistant.types import Citation, CitationKind, Hit, Passage, Report, Table

LONGEST = 420  # characters of one citation: long enough for a sentence, short enough to read
_STRANGE = 0.8  # of a Latin word that no passage has, such as an English one where all reports are Chinese
_NEAR, _APART, _HEADING, _SECTION, _TITLE = 0.45, 0.3, 0.6, 0.3, 0.2
_CONTEXT_OF_ROW = 0.75
_CLAUSE = re.compile(r"[；;，,。！!？?]\s*|\n+|(?<=\s)(?=\d\))")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*|[一二三四五六七八九十百千]+(?:倍|成|万|亿|家|个月|年)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A citable place and how well it speaks to the question.

    `covers` maps the index of a question's group to how far this place names it (1: in its own words; less: in what
    stands around it); `share` is the weighted share of the question that it covers, 0 to 1; `fits` says how far it
    shows the kind of value that is asked for.
    """

    report: Report
    passage: Passage
    kind: CitationKind
    start: int
    end: int
    score: float
    share: float
    fits: float
    covers: dict[int, float] = field(hash=False)
    folded: str
    table: Table | None = None
    row: int | None = None

    @property
    def quote(self) -> str:
        """The report's own characters."""
        return self.report.text[self.start : self.end]


def citation(n: int, place: Evidence) -> Citation:
    """A place as the contract's citation."""
    report = place.report
    return Citation(
        n,
        report.report_id,
        report.source,
        report.title,
        report.issuer,
        printed_date(report),
        page_at(report, place.start),  # a passage may go on over a page; its sentence stands on one
        place.passage.section,
        place.passage.figure,
        place.kind,
        place.quote,
        place.start,
        place.end,
    )


class Judge:
    """Scores places against one question."""

    def __init__(self, question: Question, retriever: Retriever) -> None:
        self.question = question
        self.groups = question.groups
        frequency = lru_cache(maxsize=None)(retriever.document_frequency)
        total = max(retriever.passages, 1)
        self.weights = [_weight(group, _frequency(group, frequency), total) for group in self.groups]
        self.total = sum(self.weights) or 1.0
        self._given = set(_DIGITS.findall(question.folded))

    def cover(self, text: str) -> dict[int, float]:
        """Which groups a folded text names in so many words."""
        return {i: 1.0 for i, group in enumerate(self.groups) if any(named(text, s) for s in group.spellings)}

    def share(self, covers: dict[int, float]) -> float:
        """The weighted share of the question that is covered, 0 to 1."""
        return sum(self.weights[i] * value for i, value in covers.items()) / self.total

    def fits(self, folded: str, wants: Sequence[re.Pattern[str]] | None = None) -> float:
        """The share of the wanted kinds of value (a percentage, money, a date…) that a place shows; what the
        question itself gives does not count."""
        patterns = self.question.wants if wants is None else wants
        if not patterns:
            return 1.0
        fresh = _DIGITS.sub(lambda m: " " if m.group() in self._given else m.group(), folded)
        return sum(bool(pattern.search(fresh)) for pattern in patterns) / len(patterns)

    def part_score(self, evidence: Evidence, part: Part) -> float:
        """How well a place answers one of the questions in the question."""
        subject = [i for i, group in enumerate(self.groups) if group.kind == "name" or i in part.groups]
        weight = sum(self.weights[i] * (1.0 if i in part.groups else 0.5) for i in subject) or 1.0
        covered = sum(
            self.weights[i] * (1.0 if i in part.groups else 0.5) * evidence.covers.get(i, 0.0) for i in subject
        )
        value = covered / weight * (0.5 + 0.5 * self.fits(evidence.folded, part.wants)) + 0.3 * evidence.score
        asked = {term.name for term in part.issuers}
        return value * 0.4 if asked and evidence.report.issuer not in asked else value

    def score(self, folded: str, covers: dict[int, float], prior: float) -> float:
        """Coverage, corrected for whether the place has the kind of thing that is asked, plus how well it was found."""
        return self.share(covers) * (0.6 + 0.4 * self.fits(folded)) + 0.15 * prior


def _weight(group: Group, frequency: int, total: int) -> float:
    """How telling a group is: its kind's weight times its inverse document frequency (as in BM25). A mere pair of
    characters that no passage has is most likely a chance pair across two words."""
    if not frequency and group.kind == "word":
        return (_STRANGE if group.spellings[0].isascii() else 0.15) * group.weight
    return group.weight * math.log(1 + (total - min(frequency, total) + 0.5) / (frequency + 0.5))


def _frequency(group: Group, frequency: object) -> int:
    counts = []
    for spelling in group.spellings[:12]:
        pieces = [frequency(token) for token in folded_tokens(spelling)]  # type: ignore[operator]
        if pieces:
            counts.append(min(pieces))
    return max(counts, default=0)


def named(text: str, spelling: str) -> bool:
    """Whether a folded text names a folded spelling: anywhere in Chinese, as a whole word in Latin letters."""
    if spelling not in text:
        return False
    if not spelling.isascii() or not spelling[0].isalnum():
        return True
    # A Latin word must stand as a word, but may lean on Chinese characters, a plural s or a digit's unit.
    return bool(_latin(spelling).search(text))


@lru_cache(maxsize=20_000)
def _latin(spelling: str) -> re.Pattern[str]:
    head = r"(?<![a-z0-9])" if spelling[0].isalpha() else r"(?<![\d.])"
    tail = r"(?:s|es)?(?![a-z0-9])" if spelling[-1].isalpha() else r"(?![\d]|\.\d)"
    return re.compile(head + re.escape(spelling) + tail)


def gather(question: Question, hits: Iterable[Hit], judge: Judge) -> list[Evidence]:
    """Every citable place in the passages found, best first, each place once."""
    found: dict[tuple[str, int, int], Evidence] = {}
    ranked = list(hits)
    best = max((hit.score for hit in ranked), default=1.0) or 1.0
    for hit in ranked:
        for evidence in _places(hit, judge, hit.score / best):
            key = (evidence.report.report_id, evidence.start, evidence.end)
            if key not in found or found[key].score < evidence.score:
                found[key] = evidence
    return sorted(found.values(), key=lambda e: (-e.score, e.report.report_id, e.start))


def _places(hit: Hit, judge: Judge, prior: float) -> Iterable[Evidence]:
    passage, report = hit.passage, hit.report
    context = judge.cover(fold(passage.context))
    title = judge.cover(fold(f"{report.title} {report.issuer or ''}"))
    if passage.kind != "text":
        yield _whole(hit, judge, prior, context, title)
        return
    heading = judge.cover(fold(passage.section or ""))
    headings = {section.heading_start for section in report.sections if section.level < RUN_IN_LEVEL}
    rated = [g for g in judge.groups if g.term is not None and g.term.kind == "rating"]
    pieces = [
        (passage.start + a, passage.start + b)
        for a, b in units(passage.text)
        if _says(passage.text[a:b]) and (passage.start + a not in headings or _rates(passage.text[a:b], rated))
    ]
    folded = [fold(search_text(report.text[a:b])) for a, b in pieces]
    own = [judge.cover(text) for text in folded]
    for i, (start, end) in enumerate(pieces):
        covers = _merged(_faded(title, _TITLE) | _faded(context, _SECTION), _faded(heading, _HEADING))
        for j in (i - 2, i - 1, i + 1):
            if 0 <= j < len(own):
                between = report.text[min(end, pieces[j][1]) : max(start, pieces[j][0])]
                covers = _merged(covers, _faded(own[j], _APART if "\n\n" in between else _NEAR))
        covers = _merged(covers, own[i])
        first, last = _clipped(report, start, end, judge)
        score = judge.score(folded[i], covers, prior) + 0.1 * judge.share(own[i])
        yield Evidence(
            report, passage, "text", first, last, score, judge.share(covers), judge.fits(folded[i]), covers, folded[i]
        )


def _rates(heading: str, rated: Sequence[Group]) -> bool:
    """Whether a heading is itself what is asked: brokers print the rating as one."""
    folded = fold(heading)
    return any(named(folded, spelling) for group in rated for spelling in group.spellings)


def _says(text: str) -> bool:
    """Whether a piece is a statement: not a source line, a mark, or the ticks that a chart's axis left behind."""
    if SOURCE_LINE.match(text) or not re.search(r"\w", text):
        return False
    return len(re.findall(r"[\d%.,\s]", text)) < 0.6 * len(text) or len(text) < 30


def _whole(hit: Hit, judge: Judge, prior: float, context: dict[int, float], title: dict[int, float]) -> Evidence:
    passage, report = hit.passage, hit.report
    folded = fold(search_text(passage.text))
    table = report.tables[passage.table] if passage.table is not None else None
    near = 1.0 if passage.kind == "table" else _CONTEXT_OF_ROW
    covers = _merged(_merged(_faded(title, _TITLE), _faded(context, near)), judge.cover(folded))
    kind: CitationKind = passage.kind
    end = min(passage.end, passage.start + LONGEST)
    return Evidence(
        report,
        passage,
        kind,
        passage.start,
        end,
        judge.score(folded, covers, prior),
        judge.share(covers),
        judge.fits(folded),
        covers,
        folded,
        table,
        passage.row,
    )


def _faded(covers: dict[int, float], factor: float) -> dict[int, float]:
    return {i: value * factor for i, value in covers.items()}


def _merged(a: dict[int, float], b: dict[int, float]) -> dict[int, float]:
    return {i: max(a.get(i, 0.0), b.get(i, 0.0)) for i in a.keys() | b.keys()}


def _clipped(report: Report, start: int, end: int, judge: Judge) -> tuple[int, int]:
    """A long sentence cut to the neighbouring clauses that say most, within the length of a citation."""
    if end - start <= LONGEST:
        return start, end
    bounds = [start, *(m.end() for m in _CLAUSE.finditer(report.text, start, end)), end]
    clauses = [(a, b) for a, b in pairwise(bounds) if report.text[a:b].strip()]
    values = [judge.share(judge.cover(fold(search_text(report.text[a:b])))) for a, b in clauses]
    first, last = _best_window(clauses, values)
    text = report.text[first:last]
    return first + len(text) - len(text.lstrip()), last - (len(text) - len(text.rstrip()))


def _best_window(clauses: Sequence[tuple[int, int]], values: Sequence[float]) -> tuple[int, int]:
    best, choice = -1.0, (clauses[0][0], min(clauses[0][1], clauses[0][0] + LONGEST))
    for i in range(len(clauses)):
        total = 0.0
        for j in range(i, len(clauses)):
            if clauses[j][1] - clauses[i][0] > LONGEST:
                break
            total += values[j]
            if total - 0.0002 * (clauses[j][1] - clauses[i][0]) > best:
                best, choice = total - 0.0002 * (clauses[j][1] - clauses[i][0]), (clauses[i][0], clauses[j][1])
    return choice

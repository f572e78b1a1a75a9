"""What a stretch of text says: its figures, each with the names and measures it belongs to, its dates and its names.

Claims and reports are read by the same rules, so that what is said alike is read alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import Literal

from assistant.grounding.belonging import BRACKETED, Name, assigned, governing
from assistant.grounding.cues import CLAUSE_END, cue, vocabulary
from assistant.language import CJK, fold, folded_tokens
from assistant.lexicon import Mention, lexicon
from assistant.quantities import Period, Quantity, find_periods, find_quantities
from assistant.quantities.vocabulary import words

Trend = Literal["up", "down"]

_SUBJECTS = frozenset({"company", "product", "index", "person", "broker"})
_MEASURES = frozenset({"metric", "valuation", "macro", "commodity", "currency", "esg", "technology", "product-type"})
_NAME_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.&'-]*")
_QUOTED = re.compile(r"“([^“”]{4,})”|「([^「」]{4,})」|『([^『』]{4,})』|\"([^\"\n]{4,})\"")
_LIST_MARK = re.compile(r"\s*(?:[-*•#>]+\s*)*(?:\d{1,2}(?:\.\d{1,2})*[.、)）]|[(（]\d{1,2}[)）])\s")
_AFTER = re.compile(r"[ ]?(?:\([^()]{0,12}\)[ ]?|\)[ ]?)?(?:in|for|by|at|during|as of)[ ](?:FY ?|fiscal )?", re.I)
_HALVES = re.compile(r"\b(?:mid|early|late|pre|post)-(?=(?:19|20)\d\d\b)", re.I)
_EXPRESSION = re.compile(r"[\s()（）]*[=≈÷×x*/+^−–-][\s()（）=≈÷×*/+^−–-]*")
_WORD = 40  # characters of a Latin word before a number
_SUM = re.compile(r"(?<=[(（]1)\+(?=\d)")  # (1+5%) is a sum, where 1+6+N is a name


@dataclass(frozen=True, slots=True)
class Said:
    """A figure with what its words say of it: whose it is, what it measures, which way it moved, and
    the two letters before it."""

    quantity: Quantity
    names: frozenset[str]
    measures: frozenset[str]
    trend: Trend | None
    clause: str
    before: str = ""


@dataclass(frozen=True)
class Wording:
    """A text as read, each part when it is first asked for; offsets are of `text`."""

    text: str

    @cached_property
    def folded(self) -> str:
        """The text as finding sees it."""
        return fold(self.text)

    @cached_property
    def said(self) -> tuple[Said, ...]:
        """The figures."""
        return tuple(_said(self))

    @cached_property
    def quantities(self) -> list[Quantity]:
        """The figures alone, dated."""
        found = find_quantities(_SUM.sub("加", self.text))
        return _postdated(self.text, [q for q in found if not _is_item(self.text, q)])

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """The companies, products, people… named."""
        found = [m for m in lexicon().names_in(self.text, self.folded) if m.term.kind in _SUBJECTS and m.start >= 0]
        names = (_named(m, self._origins) for m in found)
        return tuple(n for n in names if not (self.text[n.start : n.end].isdigit() and _within(n, self.quantities)))

    @cached_property
    def measures(self) -> tuple[Name, ...]:
        """What is measured, by the glossary; the dollar of $5 measures nothing."""
        found = lexicon().concepts_in(self.text, self.folded)
        telling = [m for m in found if m.term.kind in _MEASURES and m.term.id not in _generic()]
        measures = (_named(m, self._origins) for m in telling)
        return tuple(m for m in measures if not _within(m, self.quantities))

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """The dates."""
        return tuple(p for p in find_periods(_HALVES.sub(_spaced, self.text)) if not _is_ticker(self.text, p))

    @cached_property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """Spans of codes and model names with digits."""
        return tuple(_codes(_HALVES.sub(_spaced, self.text), self.quantities, self.periods))

    @cached_property
    def quotes(self) -> tuple[tuple[int, int], ...]:
        """Spans of quotations."""
        return tuple(_quotes(self.text))

    @cached_property
    def words(self) -> frozenset[str]:
        """The content words, for likeness; figures are left out."""
        return content_words(self.text, self.folded)

    @cached_property
    def _origins(self) -> Sequence[int]:
        return _places(self.text, self.folded)


@lru_cache(maxsize=4096)
def read_wording(text: str) -> Wording:
    """Reads a text of a sentence to a page."""
    return Wording(text)


@cache
def _generic() -> frozenset[str]:
    return frozenset(vocabulary()["generic"])


def _said(wording: Wording) -> Iterator[Said]:
    """The figures of a text, each with what its words say of it."""
    text, quantities = wording.text, wording.quantities
    if not quantities:
        return
    flat = BRACKETED.sub(lambda m: re.sub("[;；,，。]", " ", m.group()), text)
    undated = text
    for p in wording.periods:
        undated = undated[: p.start] + " " * (p.end - p.start) + undated[p.end :]
    owners = assigned(flat, quantities, [name for name in wording.names if name.kind != "broker"])
    for q, names in zip(quantities, owners, strict=True):
        measures = governing(flat, q, wording.measures)
        yield Said(q, names, measures, trend(undated, q), clause_of(flat, q.start, q.end), _before(text, q.start))


def _named(mention: Mention, place: Sequence[int]) -> Name:
    term = mention.term
    return Name(term.id, term.kind, term.owner, place[mention.start], place[min(mention.end, len(place) - 1)])


def _spaced(m: re.Match[str]) -> str:
    return " " * len(m.group())


def _within(name: Name, quantities: Sequence[Quantity]) -> bool:
    return any(q.start <= name.start and name.end <= q.end for q in quantities)


def _places(text: str, folded: str) -> Sequence[int]:
    """For each offset of the folded text the offset of the text that it stems from."""
    if len(folded) == len(text):
        return range(len(text) + 1)
    places: list[int] = []
    for i, character in enumerate(text):
        places += [i] * len(fold(unicodedata.normalize("NFKC", character)))
    places = places[: len(folded)]
    return places + [len(text)] * (len(folded) + 1 - len(places))


@lru_cache(maxsize=8192)
def content_words(text: str, folded: str | None = None) -> frozenset[str]:
    """Character pairs and Latin words that carry meaning; figures and grammar are left out."""
    found = set(folded_tokens(fold(text) if folded is None else folded)) - _trivial()
    return frozenset(t for t in found if len(t) > 1 and "_" not in t and not t[0].isdigit())


@cache
def _trivial() -> frozenset[str]:
    return frozenset(vocabulary()["trivial"])


# ---------------------------------------------------------------- clause, direction, date


def clause_of(text: str, start: int, end: int) -> str:
    """The clause around a figure."""
    ends = [m.end() for m in CLAUSE_END.finditer(text, 0, start)]
    after = CLAUSE_END.search(text, end)
    return text[ends[-1] if ends else 0 : after.start() if after else len(text)]


def _before(text: str, start: int) -> str:
    """The last two letters before a figure, folded; "" where something else stands between."""
    word = re.search(r"([^\W\d_]{2})[约約超逾近达達为為是至到]*[ ]?\Z", text[max(0, start - 16) : start])
    return fold(word[1]) if word else ""


@cache
def _trends() -> re.Pattern[str]:
    def one(kind: str) -> str:
        latin = [rf"(?<![a-z]){re.escape(w)}(?![a-z])" for w in words(kind) if w.isascii()]
        return "|".join([*(re.escape(w) for w in words(kind) if not w.isascii()), *latin])

    return re.compile(f"(?P<up>{one('up')})|(?P<down>{one('down')})", re.I)


def trend(text: str, q: Quantity) -> Trend | None:
    """Which way a figure moved, by the last word of direction before it in its clause (since the figure before
    that), or one right after it."""
    if re.search("[减減]去?[ ]?\\Z|扣除[ ]?\\Z", text[max(0, q.start - 4) : q.start]):
        return None  # an operator
    begin = max([0, *(m.end() for m in CLAUSE_END.finditer(text, max(0, q.start - 40), q.start))], default=0)
    before = list(_trends().finditer(text, max(begin, q.start - 24), q.start))
    if len(before) > 1 and before[-2].end() == before[-1].start() and before[-2].lastgroup != before[-1].lastgroup:
        return None  # 升跌, 涨跌幅
    if before and not re.search(r"\d", text[before[-1].end() : q.start]):
        return "up" if before[-1].lastgroup == "up" else "down"
    return q.direction


def _postdated(text: str, quantities: Sequence[Quantity]) -> list[Quantity]:
    """The figures with their dates: "5% in 2024 and 6% in 2025" dates each by what follows it, and an expression by
    what follows its result."""
    periods = find_periods(text)
    dated: list[Quantity] = []
    for q in reversed(quantities):
        after = next((p for p in periods if p.start >= q.end and _AFTER.fullmatch(text, q.end, p.start)), None)
        if after is None and dated and _EXPRESSION.fullmatch(text, q.end, dated[-1].start):
            after = dated[-1].period
        dated.append(replace(q, period=after) if after else _dated(text, q))
    return dated[::-1]


def _dated(text: str, q: Quantity) -> Quantity:
    """A figure without a date that only a comparison or a remark after it names."""
    p = q.period
    if p is None or _is_ticker(text, p):
        return replace(q, period=None) if p else q
    if p.start >= q.end and cue("comparison").search(text[q.end : p.start]):
        return replace(q, period=None)
    if p.end <= q.start and cue("now").search(text[p.end : q.start]):
        return replace(q, period=None)
    return q


def _is_item(text: str, q: Quantity) -> bool:
    """The number of an item in a list that goes on after a colon: "KGI: 2. Demand"."""
    return bool(
        re.fullmatch(r"\d{1,2}", q.text)
        and re.search(r"[:：]\s*\Z", text[: q.start])
        and re.match(r"[.、]\s", text[q.end :])
    )


def _is_ticker(text: str, p: Period) -> bool:
    """A code of four digits that reads like a year: 2059 TT, (2013.HK)."""
    return p.text.isdigit() and bool(re.match(r"[ .]?(?:HK|TT|TW|SZ|SH|SS|CH|US)\b", text[p.end :]))


# ---------------------------------------------------------------- names with digits, quotations


def _codes(text: str, quantities: Sequence[Quantity], periods: Sequence[Period]) -> Iterator[tuple[int, int]]:
    """Spans of codes, model names and numbers of figures: digits that are neither a quantity nor a date."""
    taken = [(q.start, q.end) for q in quantities] + [(p.start, p.end) for p in periods]
    mark = _LIST_MARK.match(text)
    for m in _NAME_TOKEN.finditer(text):
        if not any(c.isdigit() for c in m.group()) or (mark and m.end() <= mark.end()):
            continue
        if any(start < m.end() and m.start() < end for start, end in taken):
            continue
        end = m.start() + len(re.sub(r"(?:-[a-z]{3,}|(?<=\d)(?:st|nd|rd|th)|[.'&-])+$", "", m.group()))
        if re.match(r"[)）、]", text[end : end + 1]) and end - m.start() <= 2 and text[m.start() : end].isdigit():
            continue
        yield _whole_code(text, m.start(), end)


def _whole_code(text: str, start: int, end: int) -> tuple[int, int]:
    """A bare number with what makes it a name (the Latin word before it) or a figure (the scale after it)."""
    if not re.fullmatch(r"[\d.]+", text[start:end]):
        return start, end
    after = re.match(r"\s?[万萬亿億兆%倍]+", text[end:])
    before = re.search(r"([A-Za-z][A-Za-z.&'’-]*)[ ]\Z", text[max(0, start - _WORD) : start])
    if before and before[1].lower() not in vocabulary()["before_number"]:
        start = max(0, start - _WORD) + before.start(1)
    return start, end + (after.end() if after else 0)


def _quotes(text: str) -> Iterator[tuple[int, int]]:
    for m in _QUOTED.finditer(text):
        group = next(i for i in range(1, 5) if m[i])
        inside = m[group]
        if len(re.findall(f"[{CJK}]", inside)) >= 4 or len(inside.split()) >= 3:
            yield m.span(group)


@lru_cache(maxsize=1024)
def bare(text: str) -> str:
    """Folded, without spaces, emphasis and punctuation: how quotations and codes are compared."""
    return re.sub(r"[\s\W_]+", "", fold(text))

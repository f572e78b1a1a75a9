"""What a stretch of text says: its figures, each with the names and measures it belongs to, its dates and its names.

Claims and reports are read by the same rules, so that what is said alike is read alike.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any, Literal

from assistant.language import CJK, fold, folded_tokens
from assistant.lexicon import Mention, lexicon
from assistant.quantities import Period, Quantity, find_periods, find_quantities
from assistant.quantities.vocabulary import words

Trend = Literal["up", "down"]

_SUBJECTS = frozenset({"company", "product", "index", "person", "broker"})
_MEASURES = frozenset({"metric", "valuation", "macro", "commodity", "currency", "esg", "technology", "product-type"})
_JOINT = re.compile(r"\s*(?:[/、,，及和與与跟&;；]|and|versus|vs\.?|以及)?\s*(?:及|和|与|and)?\s*", re.I)
_BRACKETED = re.compile(r"[(（][^()（）]*[)）]")
CLAUSE_END = re.compile(r"[,，;；。！？!?\n]|\.(?=\s)")
_NAME_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.&'-]*")
_QUOTED = re.compile(r"“([^“”]{4,})”|「([^「」]{4,})」|『([^『』]{4,})』|\"([^\"\n]{4,})\"")
_LIST_MARK = re.compile(r"\s*(?:[-*•#>]+\s*)*(?:\d{1,2}(?:\.\d{1,2})*[.、)）]|[(（]\d{1,2}[)）])\s")
_AFTER = re.compile(r"[ ]?(?:\([^()]{0,12}\)[ ]?|\)[ ]?)?(?:in|for|by|at|during|as of)[ ](?:FY ?|fiscal )?", re.I)
_HALVES = re.compile(r"\b(?:mid|early|late|pre|post)-(?=(?:19|20)\d\d\b)", re.I)
_EXPRESSION = re.compile(r"[\s()（）]*[=≈÷×x*/+^−–-][\s()（）=≈÷×*/+^−–-]*")
_SUM = re.compile(r"(?<=[(（]1)\+(?=\d)")  # (1+5%) is a sum, where 1+6+N is a name


@cache
def vocabulary() -> dict[str, Any]:
    """The words of data/grounding.toml."""
    return tomllib.loads(files("assistant").joinpath("data", "grounding.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Name:
    """A company, product… named at `start:end` of the text; `owner` is the company that a product belongs to."""

    id: str
    kind: str
    owner: str | None
    start: int
    end: int


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
    flat = _BRACKETED.sub(lambda m: re.sub("[;；,，。]", " ", m.group()), text)
    undated = text
    for p in wording.periods:
        undated = undated[: p.start] + " " * (p.end - p.start) + undated[p.end :]
    assigned = _assigned(flat, quantities, [name for name in wording.names if name.kind != "broker"])
    for q, names in zip(quantities, assigned, strict=True):
        measures = _governing(flat, q, wording.measures)
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


# ---------------------------------------------------------------- whose figure it is


def _assigned(text: str, quantities: Sequence[Quantity], names: Sequence[Name]) -> list[frozenset[str]]:
    """The names that each figure belongs to: paired lists first (A and B rose 5% and 3%), then "5% on A", then the
    name or joined names before it in its sentence, then after it in its clause."""
    if not names:
        return [frozenset()] * len(quantities)
    groups = list(_joined(text, names))
    paired = _paired(text, quantities, groups)
    starts = [q.start for q in quantities] + [len(text)]
    return [paired.get(i) or _owner_of(text, q, groups, starts[i + 1]) for i, q in enumerate(quantities)]


def _joined(text: str, names: Sequence[Name]) -> Iterator[list[list[Name]]]:
    """Names that stand in one list, as lists of spellings of the same thing: [[MiniMax, 100 HK], [智譜, 2513 HK]]."""
    group: list[list[Name]] = []
    for name in names:
        if group:
            before = group[-1][-1]
            gap = text[before.end : name.start]
            if name.id == before.id and len(gap) < 12 and not re.search("[。；;\n]", gap):
                group[-1].append(name)
                continue
            bare = re.sub(r"^[^()（）]*[)）]|[(（][^()（）]*$", "", _BRACKETED.sub("", gap))
            if _JOINT.fullmatch(bare) and bare.strip():
                group.append([name])
                continue
            yield group
        group = [[name]]
    if group:
        yield group


def _paired(text: str, quantities: Sequence[Quantity], groups: Sequence[list[list[Name]]]) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for run in lists(text, quantities):
        if len(run) < 2:
            continue
        start = quantities[run[0]].start
        before = [
            g
            for g in groups
            if len(g) == len(run) and g[-1][-1].end <= start and _same_sentence(text, g[-1][-1].end, start)
        ]
        if before and not any(before[-1][-1][-1].end < g[0][0].start < start for g in groups):
            for i, same in zip(run, before[-1], strict=True):
                found[i] = frozenset(name.id for name in same)
    return found


def lists(text: str, quantities: Sequence[Quantity]) -> Iterator[list[int]]:
    """Indices of figures that stand in one list."""
    run: list[int] = []
    for i, q in enumerate(quantities):
        if run and _JOINT.fullmatch(text[quantities[run[-1]].end : q.start]):
            run.append(i)
        else:
            if run:
                yield run
            run = [i]
    if run:
        yield run


def _owner_of(text: str, q: Quantity, groups: Sequence[list[list[Name]]], following: int) -> frozenset[str]:
    for group in groups:
        first = group[0][0]
        if first.start >= q.end and re.match(vocabulary()["words"]["following"], text[q.end : first.start], re.I):
            return _ids(group)
    before = next((g for g in reversed(groups) if g[-1][-1].end <= q.start), None)
    if before and _same_sentence(text, before[-1][-1].end, q.start):
        return _ids(before)
    after = next((g for g in groups if q.end <= g[0][0].start < following), None)
    return _ids(after) if after and not CLAUSE_END.search(text, q.end, after[0][0].start) else frozenset()


def _ids(group: list[list[Name]]) -> frozenset[str]:
    return frozenset(name.id for same in group for name in same)


@cache
def boundary() -> re.Pattern[str]:
    """What ends a sentence."""
    return re.compile(vocabulary()["words"]["boundary"])


def _same_sentence(text: str, start: int, end: int) -> bool:
    return not boundary().search(text[start:end])


def _governing(text: str, q: Quantity, measures: Sequence[Name]) -> frozenset[str]:
    """What a figure measures: the last measure before it in its sentence, else the next in its clause."""
    before = next((m for m in reversed(measures) if m.end <= q.start), None)
    if before and _same_sentence(text, before.end, q.start):
        return frozenset({before.id})
    after = next((m for m in measures if m.start >= q.end), None)
    return frozenset({after.id}) if after and not CLAUSE_END.search(text, q.end, after.start) else frozenset()


# ---------------------------------------------------------------- clause, direction, date


def clause_of(text: str, start: int, end: int) -> str:
    """The clause around a figure."""
    ends = [m.end() for m in CLAUSE_END.finditer(text, 0, start)]
    after = CLAUSE_END.search(text, end)
    return text[ends[-1] if ends else 0 : after.start() if after else len(text)]


def _before(text: str, start: int) -> str:
    """The last two letters before a figure, folded; "" where something else stands between."""
    word = re.search(r"([^\W\d_]{2})[约約超逾近达達为為是至到]*[ ]?\Z", text[:start])
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
    if p.start >= q.end and re.search(vocabulary()["words"]["comparison"] + r"|[=≈÷×/\d]", text[q.end : p.start]):
        return replace(q, period=None)
    if p.end <= q.start and re.search(vocabulary()["words"]["now"], text[p.end : q.start], re.I):
        return replace(q, period=None)
    return q


def _is_item(text: str, q: Quantity) -> bool:
    """The number of an item in a list that goes on after a colon: "KGI: 2. Demand"."""
    return bool(
        re.search(r"[:：]\s*\Z", text[: q.start])
        and re.fullmatch(r"\d{1,2}", q.text)
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
    before = re.search(r"([A-Za-z][A-Za-z.&'’-]*)[ ]\Z", text[:start])
    if before and before[1].lower() not in vocabulary()["before_number"]:
        start = before.start(1)
    return start, end + (after.end() if after else 0)


def _quotes(text: str) -> Iterator[tuple[int, int]]:
    for m in _QUOTED.finditer(text):
        group = next(i for i in range(1, 5) if m[i])
        inside = m[group]
        if len(re.findall(f"[{CJK}]", inside)) >= 4 or len(inside.split()) >= 3:
            yield m.span(group)


def bare(text: str) -> str:
    """Folded, without spaces, emphasis and punctuation: how quotations and codes are compared."""
    return re.sub(r"[\s\W_]+", "", fold(text))

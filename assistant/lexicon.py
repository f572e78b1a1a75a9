"""What the field calls things, in every spelling: the glossary's concepts; companies, brokers, products, people.

General knowledge kept as data (`assistant/data/*.tsv`); nothing here knows any report.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from operator import add

from assistant.language import fold, written_in
from assistant.types import Language

_IN_WORDS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_HEAD = 4  # characters by which spellings are looked up
_US_TICKER = re.compile(r"(?<![A-Za-z0-9.\-])[A-Z]{3,5}(?![A-Za-z0-9\-])")
_BRANDED = re.compile(
    r"([\u4e00-\u9fff]{2})(?:国际|香港|证券|环球|金融|集团|研究|资本|控股|服务|期货|海外|市场|经纪|有限公司|[()])+"
)
_METALS = frozenset("铜铝镍锡锌铅铂钯锂钴")  # the only single characters that are words of the field on their own
_MARKETS = {
    "HK": ("{short} hk", "{short}.hk", "{code}.hk", "{code} hk", "0{code}.hk", "{code}"),
    "TW": ("{code} tt", "{code}.tw", "{code} tw", "{code}"),
    "TWO": ("{code} tt", "{code}.two", "{code} two", "{code}"),
    "SS": ("{code} sh", "{code}.sh", "{code}.ss", "{code} ch", "{code}"),
    "SZ": ("{code} sz", "{code}.sz", "{code} ch", "{code}"),
    "US": ("{code} us", "{code}.us"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """A concept or a name. `spellings` are as written, `folded` as finding sees them; `owner` is the id of the
    company a product belongs to."""

    id: str
    kind: str
    spellings: tuple[str, ...]
    folded: tuple[str, ...]
    tickers: tuple[str, ...] = ()
    owner: str | None = None

    @property
    def name(self) -> str:
        """The standard spelling."""
        return self.spellings[0]


@dataclass(frozen=True, slots=True)
class Mention:
    """A term found in a folded text, `text == folded[start:end]`."""

    term: Term
    text: str
    start: int
    end: int


class _Finder:
    """Longest matches of many folded spellings, left to right, not overlapping."""

    def __init__(self, spellings: Iterable[tuple[str, Term]]) -> None:
        self._by_head: dict[str, list[tuple[str, Term]]] = {}
        for spelling, term in spellings:
            if len(spelling) >= 2 or spelling in _METALS:
                self._by_head.setdefault(spelling[:_HEAD], []).append((spelling, term))
        for bucket in self._by_head.values():
            bucket.sort(key=lambda item: -len(item[0]))
        self._pairs = frozenset(head[:2] for head in self._by_head if len(head) > 1)
        self._singles = frozenset(head for head in self._by_head if len(head) == 1)

    def find(self, folded: str) -> Iterator[Mention]:
        done = 0
        for at in self._starts(folded):
            mention = self._at(folded, at) if at >= done else None
            if mention:
                yield mention
                done = mention.end

    def _starts(self, folded: str) -> list[int]:
        """Where any spelling may begin; most of a text is passed over here, so it is one plain loop."""
        pairs, singles = self._pairs, self._singles
        near = [i for i, pair in enumerate(map(add, folded, folded[1:])) if pair in pairs]
        if not singles.isdisjoint(folded):
            near = sorted({*near, *(i for i, letter in enumerate(folded) if letter in singles)})
        return [i for i in near if not (i and folded[i] in _IN_WORDS and folded[i - 1] in _IN_WORDS)]

    def _at(self, folded: str, at: int) -> Mention | None:
        for size in range(_HEAD, 0, -1):
            for spelling, term in self._by_head.get(folded[at : at + size], ()):
                if folded.startswith(spelling, at):
                    end = _word_end(folded, at + len(spelling), spelling)
                    if end:
                        return Mention(term, folded[at:end], at, end)
        return None


def _word_end(folded: str, end: int, spelling: str) -> int:
    """Where a match ends as a whole word (an English plural included), or 0 where it is only part of a word."""
    if spelling[-1] not in _IN_WORDS:
        return end
    for plural in ("", "s", "es"):
        stop = end + len(plural)
        if folded.startswith(plural, end) and not (stop < len(folded) and folded[stop] in _IN_WORDS):
            return stop if not (plural and spelling[-1].isdigit()) else 0
    return 0


class Lexicon:
    """All terms, by id, with finders for concepts and for names."""

    def __init__(self, concepts: Iterable[Term], names: Iterable[Term]) -> None:
        self.concepts = {term.id: term for term in concepts}
        self.names = {term.id: term for term in names}
        self.owned: dict[str, list[Term]] = {}
        for term in self.names.values():
            if term.owner:
                self.owned.setdefault(term.owner, []).append(term)
        self._concept_finder = _Finder((s, t) for t in self.concepts.values() for s in t.folded)
        self._name_finder = _Finder((s, t) for t in self.names.values() for s in (*t.folded, *_ticker_forms(t)))
        self._known = {
            s for t in (*self.concepts.values(), *self.names.values()) if t.kind != "broker" for s in t.folded
        }
        self._us = {code.split(".")[0]: t for t in self.names.values() for code in t.tickers if code.endswith(".US")}
        self._asked_finder = lru_cache(maxsize=16)(self._make_asked_finder)
        self._brokers: dict[str, list[tuple[int, str, str]]] = {}
        brokers = ((s, t.name) for t in self.names.values() if t.kind == "broker" for s in t.folded)
        for i, (spelling, name) in enumerate(brokers):
            if len(spelling) > 2 or not spelling.isascii():
                self._brokers.setdefault(spelling[:2], []).append((i, spelling, name))

    def concepts_in(self, text: str, folded: str | None = None) -> list[Mention]:
        """The concepts that a text names, left to right; offsets are of the folded text (pass it if you have it)."""
        return list(self._concept_finder.find(fold(text) if folded is None else folded))

    def names_in(self, text: str, folded: str | None = None) -> list[Mention]:
        """The companies, brokers, products, indices, people and codes that a text names, left to right, then bare
        US tickers (which must stand in capitals)."""
        found = list(self._name_finder.find(fold(text) if folded is None else folded))
        known = {mention.term.id for mention in found}
        for mention in self.tickers_in(text):
            if mention.term.id not in known:
                known.add(mention.term.id)
                found.append(mention)
        return found

    def tickers_in(self, text: str) -> Iterator[Mention]:
        """Bare US tickers, without places."""
        for match in _US_TICKER.finditer(text):
            if term := self._us.get(match.group()):
                yield Mention(term, match.group().lower(), -1, -1)

    def brokers_in(self, text: str) -> list[str]:
        """The standard name of a broker for each time it is named; quick enough for whole reports."""
        folded = fold(text)
        heads = self._brokers.keys() & set(map(add, folded, folded[1:]))
        near = sorted(item for head in heads for item in self._brokers[head])
        return [
            name
            for _, spelling, name in near
            if spelling in folded
            for _ in range(_occurrences(folded, spelling))
        ]

    def asked_brokers(self, text: str, issuers: Collection[str]) -> list[tuple[Term, tuple[int, int]]]:
        """Which of the `issuers` (standard names) a text names, by any name or by its brand alone ("国元" for 国元香港,
        where only one of them has that brand), each with its place in the folded text."""
        finder = self._asked_finder(frozenset(issuers))
        return [(mention.term, (mention.start, mention.end)) for mention in finder.find(fold(text))]

    def _make_asked_finder(self, issuers: frozenset[str]) -> _Finder:
        brands: dict[str, set[str]] = {}
        terms = {term.name: term for term in self.names.values() if term.kind == "broker" and term.name in issuers}
        for term in terms.values():
            for spelling in term.folded:
                for form in (spelling, _brand(spelling)):
                    if form and (form == spelling or form not in self._known):
                        brands.setdefault(form, set()).add(term.name)
        return _Finder((form, terms[next(iter(names))]) for form, names in brands.items() if len(names) == 1)

    def broker_name(self, name: str | None, language: Language) -> str | None:
        """A broker as readers of a language call it: its shortest common name in their script."""
        term = next((t for t in self.names.values() if t.kind == "broker" and t.name == name), None)
        if term is None or name is None:
            return name
        chinese = [s for s in term.spellings if not s.isascii()]
        if language == "en" or not chinese:
            return next((s for s in term.spellings if s.isascii()), name)
        return written_in(chinese[0], language)

    def broker(self, name: str) -> Term | None:
        """The broker that a name, in any spelling, stands for."""
        return next((m.term for m in self.names_in(name) if m.term.kind == "broker"), None)

    def spellings(self, term: Term) -> tuple[str, ...]:
        """Every folded form under which a report may print a term, tickers included."""
        return (*term.folded, *_ticker_forms(term))


def _brand(spelling: str) -> str:
    """The brand of a broker's name: what stands before the words that many have ("国元" of 国元香港), or a long first
    word in English; "" where the name is not made that way."""
    if spelling.isascii():
        word = spelling.split(" ")[0]
        return word if len(word) > 4 and word != spelling and word not in ("china", "first", "bank") else ""
    match = _BRANDED.fullmatch(spelling)
    return match[1] if match and match[1] != "中国" else ""


def _occurrences(folded: str, spelling: str) -> int:
    if not spelling.isascii():
        return folded.count(spelling)
    return len(re.findall(rf"(?<![a-z0-9]){re.escape(spelling)}(?![a-z0-9])", folded))


def _ticker_forms(term: Term) -> Iterator[str]:
    for ticker in term.tickers:
        code, _, market = ticker.partition(".")
        for form in _MARKETS.get(market, ("{code}",)):
            spelled = form.format(code=code.lower(), short=code.lstrip("0").lower())
            if not (spelled.isdigit() and (len(spelled) < 4 or re.fullmatch(r"(?:19|20)\d\d", spelled))):
                yield spelled


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon of the bundled data, read once in a process."""
    concepts = [
        Term(
            id=row[0],
            kind=row[1],
            spellings=_split(row[3] + "|" + row[4] + "|" + row[2]),
            folded=_with_metals(_split_folded(folded[2:5])),
        )
        for row, folded in _rows("glossary.tsv", 5)
    ]
    names = [
        Term(
            id=row[0],
            kind=row[1],
            spellings=_split(row[2]),
            folded=_split_folded(folded[2:3]),
            tickers=_split(row[3]),
            owner=row[4] or None,
        )
        for row, folded in _rows("companies.tsv", 5)
    ]
    return Lexicon(concepts, names)


def _rows(name: str, width: int) -> Iterator[tuple[list[str], list[str]]]:
    """Rows of a data file, each as written and folded; the file is folded in one go, which is much quicker."""
    text = files("assistant").joinpath("data", name).read_text(encoding="utf-8")
    for raw, folded in zip(text.split("\n")[1:], fold(text).split("\n")[1:], strict=True):
        if raw.strip():
            yield (raw.split("\t") + [""] * width)[:width], (folded.split("\t") + [""] * width)[:width]


def _split(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in cell.split("|") if part.strip()))


def _split_folded(cells: list[str]) -> tuple[str, ...]:
    return _split("|".join(cells))


def _with_metals(spellings: tuple[str, ...]) -> tuple[str, ...]:
    """铜价 also says 铜: tables print the bare metal."""
    bare = (s[0] for s in spellings if len(s) == 2 and s[0] in _METALS and s[1] == "价")
    return tuple(dict.fromkeys([*spellings, *bare]))

"""What a question names and what kind of answer it wants: names, concepts, periods, figures, issuers, intents."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

from assistant.language import fold, folded_tokens, script_of
from assistant.lexicon import Lexicon, Mention, Term, lexicon
from assistant.types import FurnitureKind, Language

LONGEST = 2000  # characters of a question that are read; what is longer is pasted text
_FIGURE = re.compile(r"(?:图表|图|表|figure|fig\.?|table|exhibit|chart)\s*(\d{1,3})(?!\d)")
_PERIOD_WORDS = (  # how a question says a period -> how reports print it
    (re.compile(r"(20\d\d)\s*年?\s*(?:的)?第?([一二三四1-4])\s*季度?"), "quarter"),
    (re.compile(r"(?:([1-4])q|q([1-4]))\s*'?(?:20)?(\d\d)(?!\d)"), "short-quarter"),
    (
        re.compile(
            r"(first|second|third|fourth|march|june|september|december) quarter(?: of)?,? (20\d\d)"
            r"|(march|june|september|december) (20\d\d) quarter"
        ),
        "word-quarter",
    ),
    (re.compile(r"(20\d\d)\s*年\s*(1[0-2]|[1-9])\s*月"), "month"),
    (
        re.compile(
            r"(january|february|march|april|may|june|july|august|september|october|november|december),? (20\d\d)"
        ),
        "word-month",
    ),
)
_QUARTERS = {
    "一": "1",
    "二": "2",
    "三": "3",
    "四": "4",
    "first": "1",
    "second": "2",
    "third": "3",
    "fourth": "4",
    "march": "1",
    "june": "2",
    "september": "3",
    "december": "4",
}
_MONTHS = {
    name: str(i + 1)
    for i, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ]
    )
}
_PART = re.compile(
    r"[?？;；。!！]|[,，、]\s*(?=(?:and )?(?:what|which|how|when|who|why|where)\b)"
    r"|\s(?=and (?:what|which|how|when|who|why|where)\b)"
    r"|[,，](?=[^,，?？]{0,12}(?:多少|几|什么|哪|谁|怎么|是否|何时))"
)
_NUMERALS = {
    "一": 1,
    "两": 2,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_COUNT = re.compile(
    r"(?:最[高低多少大小好差快慢]|前|后|倒数)的?\s*(?:那|这)?([二两三四五六七八九十]|\d{1,2})\s*[家个名大只款项档支]"
    r"|(?:top|bottom|highest|lowest|largest|best|worst) (two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\b"
    r"|(two|three|four|five) (?:highest|lowest|largest|best|worst|biggest)"
)
_YEAR = re.compile(r"(?<!\d)(20[12345]\d)(?!\d)\s*([ef](?![a-z]))?")
_DAY = re.compile(r"(?:(20\d\d|\d\d)\s*年)?\s*(1[0-2]|0?[1-9])\s*月\s*(3[01]|[12]\d|0?[1-9])\s*[日号]")


@dataclass(frozen=True, slots=True)
class Group:
    """One thing that a question asks about, in all the folded spellings under which a passage may name it.

    `weight` grows with how telling the thing is; `term` is set for names and concepts.
    """

    kind: str  # "name", "concept", "word", "period", "number"
    spellings: tuple[str, ...]
    weight: float
    term: Term | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One of the questions in a question: which groups it names (by index), which brokers it asks, and what kind of
    value it wants."""

    groups: tuple[int, ...]
    issuers: tuple[Term, ...]
    wants: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, understood as far as finding and answering need."""

    text: str
    language: Language
    folded: str
    sought: str  # folded, without the brokers that are asked: what passages are to say
    groups: tuple[Group, ...]
    issuers: tuple[Term, ...]
    figures: tuple[str, ...]
    periods: tuple[str, ...]
    intents: frozenset[str]
    furniture: frozenset[FurnitureKind]
    wants: tuple[re.Pattern[str], ...] = ()  # what a place must show to hold the kind of value that is asked
    parts: tuple[Part, ...] = ()  # where it asks several things, each of them
    count: int | None = None  # how many are asked for ("the top three")
    scoped: bool = False  # whether only the reports of `issuers` may answer

    def of(self, kind: str) -> list[Group]:
        """The groups of a kind."""
        return [group for group in self.groups if group.kind == kind]


@dataclass(frozen=True, slots=True)
class Grammar:
    """`data/questions.toml`, compiled."""

    fillers: re.Pattern[str]
    particles: frozenset[str]
    intents: dict[str, re.Pattern[str]]
    furniture: dict[str, re.Pattern[str]]
    wants: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    fixed: frozenset[str]


@lru_cache(maxsize=1)
def _grammar() -> Grammar:
    data = tomllib.loads(files("assistant").joinpath("data", "questions.toml").read_text(encoding="utf-8"))
    return Grammar(
        fillers=re.compile("|".join(data["fillers"])),
        particles=frozenset(data["particles"]),
        intents={name: re.compile(pattern) for name, pattern in data["intents"].items()},
        furniture={name: re.compile(pattern) for name, pattern in data["furniture"].items()},
        wants=tuple((re.compile(want["question"]), re.compile(want["answer"])) for want in data["wants"].values()),
        fixed=frozenset(data["fixed"]["concepts"].split()),
    )


def fixed_figures(question: Question) -> list[int]:
    """The groups (by index) that ask for a figure which reports print under a fixed name: a target price, an EPS…"""
    fixed = _grammar().fixed
    return [i for i, group in enumerate(question.groups) if group.term is not None and group.term.id in fixed]


def understand(text: str, issuers: Collection[str] = ()) -> Question:
    """Read a question. `issuers` are the standard names of the brokers whose reports the library holds: a broker
    among them that the question names is who is asked, any other is somebody asked about."""
    folded = fold(text[:LONGEST])
    grammar = _grammar()
    words = lexicon()
    brokers = words.asked_brokers(text[:LONGEST], issuers)
    asked = tuple(dict.fromkeys(term for term, _ in brokers))
    asked_at = [place for _, place in brokers]
    named = [
        m
        for m in words.names_in(text[:LONGEST])
        if m.term not in asked and not any(a < m.end and m.start < b for a, b in asked_at)
    ]
    taken = [*asked_at, *((m.start, m.end) for m in named if m.start >= 0)]
    concepts = [
        m
        for m in words.concepts_in(text[:LONGEST])
        if not any(a < m.end and m.start < b for a, b in taken) and not grammar.fillers.fullmatch(m.text)
    ]
    periods = _periods(folded)
    groups = [
        *(_name_group(m, words) for m in _once(named)),
        *(_concept_group(m, words) for m in _once(concepts)),
        *(Group("period", forms, 1.0) for forms in periods),
        *_words(folded, [*taken, *((m.start, m.end) for m in concepts)], grammar),
    ]
    intents = frozenset(name for name, pattern in grammar.intents.items() if pattern.search(folded))
    return Question(
        text=text,
        language=script_of(text),
        folded=folded,
        sought=_without(folded, asked_at),
        groups=tuple(groups),
        issuers=asked,
        figures=tuple(dict.fromkeys(_FIGURE.findall(folded))),
        periods=tuple(form for forms in periods for form in forms),
        intents=intents,
        furniture=frozenset(name for name, pattern in grammar.furniture.items() if pattern.search(folded)),  # type: ignore[misc]
        wants=_wants(folded, grammar),
        parts=_parts(folded, groups, brokers, grammar),
        count=_count(folded),
        scoped=bool(asked) and "everyone" not in intents and _asked_throughout(folded, groups, brokers),
    )


def _wants(folded: str, grammar: Grammar) -> tuple[re.Pattern[str], ...]:
    return tuple(shown for asked, shown in grammar.wants if asked.search(folded))


def _parts(
    folded: str, groups: list[Group], brokers: list[tuple[Term, tuple[int, int]]], grammar: Grammar
) -> tuple[Part, ...]:
    """The questions in a question, where there are several."""
    bounds = [0, *(match.end() for match in _PART.finditer(folded)), len(folded)]
    parts = []
    for start, end in pairwise(bounds):
        piece = folded[start:end]
        if len(piece.strip(" ?？;；。!！,，")) < 4:
            continue
        named = tuple(i for i, group in enumerate(groups) if any(spelling in piece for spelling in group.spellings[:1]))
        asked = tuple(dict.fromkeys(term for term, (at, _) in brokers if start <= at < end))
        if any(groups[i].kind in ("concept", "word") and groups[i].weight > 0.5 for i in named):
            parts.append(Part(named, asked, _wants(piece, grammar)))
    return tuple(parts) if len(parts) > 1 else ()


def _asked_throughout(folded: str, groups: list[Group], brokers: list[tuple[Term, tuple[int, int]]]) -> bool:
    """Whether the brokers named are asked everything: not where a first question names none and a second one does."""
    end = re.search(r"[?？](?=.{4})", folded)
    if not end or any(at < end.end() for _, (at, _) in brokers):
        return True
    later = folded[end.end() :]
    return not any(g.kind in ("concept", "word") and g.weight > 0.5 and g.spellings[0] in later for g in groups)


def _count(folded: str) -> int | None:
    match = _COUNT.search(folded)
    if not match:
        return None
    word = next(group for group in match.groups() if group)
    return int(word) if word.isdigit() else _NUMERALS[word]


_ASKED_ON = re.compile(r"[(（]\s*20\d\d[-/.]\d{1,2}[-/.]\d{1,2}\s*[)）]\s*$")  # when it is asked, not what about


def _without(folded: str, spans: list[tuple[int, int]]) -> str:
    kept = list(folded)
    for start, end in spans:
        if start >= 0:
            kept[start:end] = " " * (end - start)
    return _ASKED_ON.sub("", "".join(kept))


def _once(mentions: list[Mention]) -> list[Mention]:
    return list({mention.term.id: mention for mention in mentions}.values())


def _name_group(mention: Mention, words: Lexicon) -> Group:
    spellings = dict.fromkeys([mention.text, *words.spellings(mention.term)])
    return Group("name", tuple(spellings), 2.0, mention.term)


def _concept_group(mention: Mention, words: Lexicon) -> Group:
    """A concept in all its spellings; one that stands for a family ("rating") in those of its members too."""
    members = (
        [t for t in words.concepts.values() if t.kind == mention.term.id]
        if mention.term.id == mention.term.kind
        else []
    )
    spellings = dict.fromkeys([mention.text, *mention.term.folded, *(s for member in members for s in member.folded)])
    return Group("concept", tuple(spellings), 0.6 if mention.term.kind == "general" else 1.2, mention.term)


def _words(folded: str, taken: list[tuple[int, int]], grammar: Grammar) -> list[Group]:
    """What the lexicon does not know: character pairs and Latin words, without those that carry no meaning."""
    rest = list(folded)
    for start, end in taken:
        rest[start:end] = "\n" * (end - start)
    remaining = grammar.fillers.sub("\n", _FIGURE.sub("\n", "".join(rest)))
    groups = []
    for token in dict.fromkeys(token for piece in remaining.split("\n") for token in folded_tokens(piece)):
        empty = sum(character in grammar.particles for character in token)
        if empty == len(token) or len(token) == 1 or "_" in token:
            continue
        groups.append(Group("number" if token[0].isdigit() else "word", (token,), 0.25 if empty else 0.7))
    return groups


def _periods(folded: str) -> list[tuple[str, ...]]:
    """The periods of a question, each in the forms under which reports print it."""
    found: list[tuple[str, ...]] = []
    covered: set[str] = set()
    for pattern, kind in _PERIOD_WORDS:
        for match in pattern.finditer(folded):
            forms, year = _period_forms(kind, match)
            found.append(forms)
            covered.add(year)
    for match in _DAY.finditer(folded):
        year, month, day = match.groups()
        days = {f"{int(month)}月{int(day)}日", f"{int(month)} 月 {int(day)} 日"}
        if year:
            full = year if len(year) == 4 else "20" + year
            covered.add(full)
            days |= {f"{full}-{int(month):02}-{int(day):02}", f"{full[2:]}年{int(month)}月{int(day)}日"}
        found.append(tuple(sorted(days)))
    for year, estimate in _YEAR.findall(folded):
        if year not in covered:
            found.append((f"{year}{estimate}",) if estimate else (year, f"fy{year[2:]}"))
    return list(dict.fromkeys(found))


def _period_forms(kind: str, match: re.Match[str]) -> tuple[tuple[str, ...], str]:
    groups = [group for group in match.groups() if group]
    if kind in ("month", "word-month"):
        month, year = (groups[1], groups[0]) if kind == "month" else (_MONTHS[groups[0]], groups[1])
        padded = f"{int(month):02}"
        return (
            f"{year}年{month}月",
            f"{year} 年 {month} 月",
            f"{month}m{year[2:]}",
            f"{year}-{padded}",
            f"{year}.{padded}",
            f"{year}/{month}/",
        ), year
    if kind == "short-quarter":
        quarter, year = groups[0], "20" + groups[1]
    elif kind == "word-quarter":
        quarter, year = _QUARTERS[groups[0]], groups[1]
    else:
        quarter, year = _QUARTERS.get(groups[1], groups[1]), groups[0]
    short = year[2:]
    chinese = "一二三四"[int(quarter) - 1]
    return (
        f"{quarter}q{short}",
        f"{short}q{quarter}",
        f"{year}q{quarter}",
        f"{year}年第{chinese}季",
        f"{year} 年第{chinese}季",
        f"{short}年{chinese}季度",
        f"{quarter}qfy{short}",
    ), year

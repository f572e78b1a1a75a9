"""How far the words of a label are said in a text: in their own characters, in other words, under another name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from assistant.lexicon import lexicon
from assistant.reckoning.grammar import grammar

LABEL = 0.98  # of a row's label a question has all but a bracket
_CODE = re.compile(r"(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]+")  # fp16, s1
_RUN = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
_MEASURE = re.compile(r"收入|营收|市场规模|规模| ?revenues?| ?sales")


def bare(word: str) -> str:
    """A word without what it measures: "ad" of "ad revenue"."""
    return _MEASURE.sub("", word).strip() or word


def coverage(label: str, text: str) -> tuple[float, frozenset[int]]:
    """How much of a folded label a folded text has, 0 to 1, in its characters, in other words for the same or under
    another name of the lexicon; and where in the text."""
    label = label.strip()
    mine = [False] * len(label)
    there: set[int] = set()

    def mark(start: int, end: int, places: Iterable[tuple[int, int]]) -> None:
        found = list(places)
        if found:
            mine[start:end] = [True] * (end - start)
            there.update(i for a, b in found for i in range(a, b))

    for run in (*_CODE.finditer(label), *_RUN.finditer(label)):
        word = rf"(?<![a-z0-9]){re.escape(run.group())}(?:e?s)?(?![a-z0-9])"
        mark(*run.span(), (m.span() for m in re.finditer(word, text)))
    for i in range(len(label) - 1):
        pair = label[i : i + 2]
        if not re.search(r"[\x00-\x7f\W]", pair):
            mark(i, i + 2, (m.span() for m in re.finditer(re.escape(pair), text)))
    for lone in re.finditer(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff](?![\u4e00-\u9fff])", label):
        mark(*lone.span(), (m.span() for m in re.finditer(lone.group(), text)))
    for pattern in grammar().alike:
        alike = [m.span() for m in pattern.finditer(text)]
        for m in pattern.finditer(label):
            mark(*m.span(), alike)
    known = _terms(text)
    for term, spans in _terms(label).items():
        for start, end in spans:
            mark(start, end, (place for place in known.get(term, ()) if _alike(label[start:end], text[slice(*place)])))
    counted = [covered for covered, character in zip(mine, label, strict=True) if character.isalnum()]
    return (sum(counted) / len(counted) if counted else 0.0), frozenset(there)


def _alike(a: str, b: str) -> bool:
    """Whether two names of one thing are as wide: "inverter" and "micro-inverter" are not."""
    a, b = bare(a), bare(b)
    return a == b or (a not in b and b not in a)


@lru_cache(maxsize=8192)
def _terms(text: str) -> dict[str, tuple[tuple[int, int], ...]]:
    """The places of every name and concept of a folded text, by term."""
    words = lexicon()
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for mention in (*words.names_in(text), *words.concepts_in(text)):
        if mention.start >= 0 and mention.term.kind != "general":
            found[mention.term.id] = (*found.get(mention.term.id, ()), (mention.start, mention.end))
    return found


def covered_loosely(label: str, text: str) -> tuple[float, frozenset[int]]:
    """The coverage of a label, of whose words for totals and measures a question need not have any."""
    whole, bare = coverage(label, text), grammar().loose.sub(" ", label).strip()
    return whole if not bare or bare == label else max(whole, coverage(bare, text), key=lambda item: item[0])

"""Questions with what a right answer rests on and states. Plain data; the standard library only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from assistant.errors import InputError
from assistant.types import Language

UNANSWERABLE = "unanswerable"
KINDS = (
    *("fact", "table", "list", "compare", "cross-report", "calculation", "temporal", "conflict"),
    *(UNANSWERABLE, "false-premise", "figure-missing"),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """An exact substring of a report that the answer rests on; `report` is the report's file name or the beginning
    of one, empty where any report may hold it."""

    report: str
    quote: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number that a right answer states, in base form: percent as 26 with unit "%", money in full with its currency
    code. `tolerance` is relative. `period` is a label that the assistant reads as a period ("2027", "2Q25")."""

    value: float
    unit: str | None = None
    tolerance: float = 0.0
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One question. What is empty is not known, and the scores that need it are left out, not 0.

    `must_include` holds groups of spellings of which one must be said (the items, for a list), `must_not_include`
    what only a wrong answer says. `trap` names what a hasty answer would fall for. `context` is text that the question
    comes with (a page or a table of another benchmark), which becomes a report of its own.
    """

    id: str
    question: str
    language: Language
    kind: str = "fact"
    answer: str = ""
    evidence: tuple[Evidence, ...] = ()
    numbers: tuple[Number, ...] = ()
    must_include: tuple[tuple[str, ...], ...] = ()
    must_not_include: tuple[str, ...] = ()
    trap: str | None = None
    context: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def unanswerable(self) -> bool:
        """Whether the right answer is that the reports don't say."""
        return self.kind == UNANSWERABLE


def case_of(row: Mapping[str, Any]) -> Case:
    """A case from a line of the exam format. Raises InputError naming what is wrong with it."""
    from assistant.language import script_of

    try:
        question = str(row["question"])
        case = Case(
            id=str(row["id"]),
            question=question,
            language=row.get("language") or script_of(question),
            kind=row.get("kind") or "fact",
            answer=row.get("answer") or "",
            evidence=tuple(Evidence(e.get("report") or "", e["quote"]) for e in row.get("evidence") or ()),
            numbers=tuple(_number(n) for n in row.get("numbers") or ()),
            must_include=tuple(map(tuple, row.get("must_include") or ())),
            must_not_include=tuple(row.get("must_not_include") or ()),
            trap=row.get("trap"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        shown = json.dumps(dict(row), ensure_ascii=False)[:120]
        raise InputError(f"a question can't be used, {_reason(error)}: {shown}") from None
    if case.kind not in KINDS:
        raise InputError(f"question {case.id} is of kind {case.kind!r}; there are {', '.join(KINDS)}")
    return case


def _number(row: Mapping[str, Any]) -> Number:
    return Number(float(row["value"]), row.get("unit") or None, float(row.get("tolerance") or 0), row.get("period"))


def _reason(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else "a value is of the wrong kind"


def source_of(report: str, sources: Iterable[str]) -> str | None:
    """The report's file among `sources`: the one of that name, else the only one whose name so begins."""
    names = {PurePath(source).name: source for source in sources}
    if report in names:
        return names[report]
    found = [source for name, source in names.items() if report and name.startswith(report)]
    return found[0] if len(found) == 1 else None


def places(evidence: Evidence, texts: Mapping[str, str]) -> list[tuple[str, int, int]]:
    """Every place (source, start, end) where a quote stands in the texts of the reports, by source."""
    source = source_of(evidence.report, texts)
    searched = {source: texts[source]} if source else {} if evidence.report else texts
    return [
        (name, at, at + len(evidence.quote)) for name, text in searched.items() for at in _all(text, evidence.quote)
    ]


def _all(text: str, quote: str) -> Iterable[int]:
    at = text.find(quote) if quote else -1
    while at >= 0:
        yield at
        at = text.find(quote, at + 1)

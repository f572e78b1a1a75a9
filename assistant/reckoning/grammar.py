"""What a question asks to be computed: the rules of `data/calculations.toml`, compiled."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

_LONGEST_ASKED = 400  # characters
_FRAGMENT = re.compile(r"<<([a-z_]+)>>")


@dataclass(frozen=True, slots=True)
class Step:
    """One run of a tool: its arguments name operands, "#0" an earlier step's result, "=12" a constant.

    `over` is for a rule of any number of operands: their "sum", their "mean" or the "gap" from highest to lowest.
    """

    tool: str
    label: str
    arguments: Mapping[str, str]
    expression: str = ""
    compare: str = ""
    over: str = ""
    points: bool = False  # whether percentages are set against each other in points
    percent: bool = False  # whether a plain quotient is shown as a percentage


@dataclass(frozen=True, slots=True)
class Rule:
    """A question that analysts ask, the ways to find its operands, and its steps."""

    name: str
    question: tuple[re.Pattern[str], ...]
    needs: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    find: tuple[str, ...]
    operands: Mapping[str, Mapping[str, Any]]
    steps: tuple[Step, ...]
    settings: Mapping[str, Any]

    def asked(self, folded: str) -> re.Match[str] | None:
        """Where a folded question asks for this calculation."""
        if len(folded) > _LONGEST_ASKED:  # pasted text is no sum, and would keep the patterns busy
            return None
        if self.needs and not self.needs.search(folded):
            return None
        if self.unless and self.unless.search(folded):
            return None
        matches = (pattern.search(folded) for pattern in self.question)
        return next((match for match in matches if match), None)


@dataclass(frozen=True, slots=True)
class Grammar:
    """`data/calculations.toml`, compiled."""

    rules: tuple[Rule, ...]
    idle: re.Pattern[str]
    loose: re.Pattern[str]
    explicit: re.Pattern[str]
    alike: tuple[re.Pattern[str], ...]
    measures: tuple[re.Pattern[str], ...]
    units: Mapping[str, frozenset[str]]
    unit_words: Mapping[str, str]
    money: Mapping[str, Mapping[str, str]]
    names: Mapping[str, Mapping[str, str]]


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """The rules and words of calculations."""
    data = tomllib.loads(files("assistant").joinpath("data", "calculations.toml").read_text(encoding="utf-8"))
    fragments = data["fragments"]
    return Grammar(
        rules=tuple(_rule(entry, fragments, data["roles"]) for entry in data["rules"]),
        idle=re.compile(data["idle"]),
        loose=re.compile(data["loose"]),
        explicit=re.compile(data["explicit"]),
        alike=tuple(re.compile(pattern) for pattern in data["alike"]),
        measures=tuple(re.compile(pattern) for pattern in data["measures"]),
        units={name: frozenset(units) for name, units in data["units"].items()},
        unit_words=data["unit_words"],
        money=data["money"],
        names=data["names"],
    )


def _rule(entry: Mapping[str, Any], fragments: Mapping[str, str], roles: Mapping[str, Any]) -> Rule:
    known = {"name", "question", "needs", "unless", "find", "operands", "steps"}

    def compiled(pattern: str) -> re.Pattern[str]:
        return re.compile(_FRAGMENT.sub(lambda m: fragments[m[1]], pattern))

    operands = {
        name: roles[spec] if isinstance(spec, str) else {**roles.get(spec.get("role", ""), {}), **spec}
        for name, spec in entry.get("operands", {}).items()
    }
    return Rule(
        entry["name"],
        tuple(compiled(pattern) for pattern in entry["question"]),
        compiled(entry["needs"]) if "needs" in entry else None,
        compiled(entry["unless"]) if "unless" in entry else None,
        tuple(entry["find"]),
        operands,
        tuple(Step(**step) for step in entry["steps"]),
        {key: value for key, value in entry.items() if key not in known},
    )

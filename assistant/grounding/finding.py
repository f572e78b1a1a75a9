"""What was found on one figure, date, name or quotation of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from assistant.grounding.computed import Source
from assistant.grounding.matching import Why
from assistant.grounding.places import Fact
from assistant.grounding.wording import Said
from assistant.types import Verdict

Kind = Literal["number", "date", "name", "quote"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found on one figure (or date, name with digits, company, quotation) at `start:end` of the text.

    `source` and `fact` support it; where the verdict is "unverified", they are the nearest there is, and `why` names
    what differs.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: str
    unit: str | None
    verdict: Verdict
    name: str | None = None
    source: Source | None = None
    fact: Fact | None = None
    why: Why | Literal["nothing", "unrelated", "operand"] = ""


def figure(said: Said, verdict: Verdict, **more: Any) -> Finding:
    """The finding on a figure, at its place in the sentence."""
    q = said.quantity
    value = f"{q.low:f}–{q.high:f}" if q.low is not None and q.high is not None else f"{q.value:f}"
    return Finding("number", q.text, q.start, q.end, value, q.unit, verdict, **more)

"""What the routes of one server share, and how a route gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Request

from assistant.adapters.api.jobs import Jobs
from assistant.adapters.api.keys import Key, Keys
from assistant.adapters.api.ledger import Ledger
from assistant.adapters.api.line import Line
from assistant.adapters.api.metrics import Metrics
from assistant.adapters.api.problems import Problem
from assistant.errors import InputError
from assistant.service import Assistant
from assistant.settings import Settings
from assistant.types import Answer


@dataclass(frozen=True, slots=True)
class Desk:
    """One server's assistant with all that stands around it."""

    assistant: Assistant
    settings: Settings
    keys: Keys
    line: Line
    metrics: Metrics
    jobs: Jobs
    ledger: Ledger
    origins: frozenset[str] = field(default_factory=frozenset)

    def report_id(self, given: str) -> str:
        """The id of a report by its id or the beginning of one. Raises Problem where there is none."""
        try:
            return self.assistant.library.resolve(given)
        except InputError:
            raise Problem(404, f"there is no report {given!r}, or several; GET /v1/reports lists them") from None

    def budget(self, key: Key) -> Decimal | None:
        """What a key may spend on an answer; None without a limit of its own. Raises Problem where that is nothing."""
        if key.usd_per_day is None:
            return None
        left = key.usd_per_day - self.ledger.spent(key.name)
        if left <= 0:
            told = {"Retry-After": str(self.ledger.seconds_left())}
            raise Problem(429, f"the key {key.name!r} has spent its {key.usd_per_day} USD of today", told)
        return min(left, self.settings.max_cost or left)

    def answered(self, key: Key, answer: Answer) -> None:
        """Counts an answer, and what it cost."""
        self.metrics.answer(answer)
        self.ledger.add(key.name, answer)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _key(request: Request) -> Key:
    key: Key = request.state.key
    return key


TheDesk = Annotated[Desk, Depends(_desk)]
TheKey = Annotated[Key, Depends(_key)]

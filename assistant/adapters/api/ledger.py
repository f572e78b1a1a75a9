"""What each key has spent today (UTC), kept in a file so that a restart forgets nothing."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from assistant.types import Answer


class Ledger:
    """US dollars by key for one day, in `file`. An answer whose cost is unknown is counted on its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._day = _today()
        self._spent: dict[str, Decimal] = {}
        with contextlib.suppress(OSError, ValueError, KeyError, AttributeError):
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["day"] == self._day:
                self._spent = {name: Decimal(amount) for name, amount in kept["spent"].items()}

    def spent(self, name: str) -> Decimal:
        """What a key has spent today."""
        with self._lock:
            self._turn()
            return self._spent.get(name, Decimal(0))

    def add(self, name: str, answer: Answer) -> None:
        """Adds an answer's cost."""
        if not answer.usage.cost_usd:
            return
        with self._lock:
            self._turn()
            self._spent[name] = self._spent.get(name, Decimal(0)) + Decimal(answer.usage.cost_usd)
            self._write()

    def seconds_left(self) -> int:
        """Seconds until the day is over."""
        now = datetime.now(UTC)
        tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        return int((tomorrow - now).total_seconds()) + 1

    def _turn(self) -> None:
        if self._day != _today():
            self._day, self._spent = _today(), {}

    def _write(self) -> None:
        spent = {name: format(amount, "f") for name, amount in self._spent.items()}
        part = self._file.with_suffix(".part")
        with contextlib.suppress(OSError):  # a full disk must not cost anybody the answer
            part.write_text(json.dumps({"day": self._day, "spent": spent}), encoding="utf-8")
            os.replace(part, self._file)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()

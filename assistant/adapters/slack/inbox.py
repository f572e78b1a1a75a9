"""What Slack asked for, written down before Slack is told that it arrived: done once, also over a restart.

A task is worked on by whoever holds its lease. A process that is killed stops renewing its leases; the next one, or
another replica, takes the tasks up when they run out. The words of a task are dropped when it is done.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Column, Float, Index, Integer, MetaData, Row, Table, Text, delete, event, select, update
from sqlalchemy.dialects import postgresql, sqlite

from assistant.database import Database

Kind = Literal["question", "withdrawal", "command", "check", "publish", "offer", "ingest"]

LEASE = 30.0  # seconds
_STALE = 24 * 3600.0  # seconds after which nobody expects an answer any more
_KEPT = 30 * 24 * 3600.0  # seconds that a task is remembered: edits and deletions of its message find it
_PRIVATE = ("text", "response_url", "files")  # of a payload; dropped when the task is done

_TABLES = MetaData()
_TASKS = Table(
    "assistant_slack_tasks",
    _TABLES,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False, index=True),
    Column("payload", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("lease", Float, nullable=False),
    Column("revision", Text, nullable=False),  # of the message: the time of its last edit
    Column("replies", Text, nullable=False),  # the timestamps of the messages that answer it
    Column("after", Integer),  # the number of the conversation's last turn before it was answered
    Column("answer_id", Text),
    Column("channel", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("cost_usd", Text),
    Column("created", Float, nullable=False),
    Index("assistant_slack_tasks_open", "done", "lease"),
    Index("assistant_slack_tasks_by_day", "day"),
)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. Of those with the same `place` (a thread), one is done at a time."""

    key: str
    kind: Kind
    place: str
    channel: str
    payload: dict[str, Any]
    revision: str = ""
    replies: tuple[str, ...] = ()
    after: int | None = None
    answer_id: str | None = None
    done: bool = False
    created: float = field(default_factory=time.time)


class Inbox:
    """The tasks of a workspace. Every method raises LibraryError where the database fails."""

    def __init__(self, database: Database, lease: float = LEASE) -> None:
        self._database = database
        self._lease = lease

    @classmethod
    def open(cls, url: str, lease: float = LEASE) -> Inbox:
        """The tasks at the address of the conversations, made if they are not there. Raises SettingsError."""
        database = Database.open(url)
        if database.engine.dialect.name == "sqlite":  # a killed process loses nothing so, and writing takes no time
            event.listen(database.engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous = NORMAL"))
        try:
            with database.preparing() as connection:
                _TABLES.create_all(connection)
                connection.execute(delete(_TASKS).where(_TASKS.c.created < time.time() - _KEPT))
        except BaseException:
            database.close()
            raise
        return cls(database, lease)

    def add(self, tasks: Sequence[Task]) -> set[str]:
        """Writes tasks down, all at once, their leases held; returns the keys of those that are new."""
        insert = sqlite.insert if self._database.engine.dialect.name == "sqlite" else postgresql.insert
        added = insert(_TASKS).values([self._row(task) for task in tasks]).on_conflict_do_nothing()
        return {row.key for row in self._rows(added.returning(_TASKS.c.key))}

    def _row(self, task: Task) -> dict[str, Any]:
        return {
            **{name: getattr(task, name) for name in ("key", "kind", "place", "channel", "revision", "created")},
            "payload": _json(task.payload),
            "replies": _json(task.replies),
            "done": int(task.done),
            "lease": time.time() + self._lease,
            "day": _today(),
        }

    def get(self, key: str) -> Task | None:
        """A task as it stands."""
        found = self._rows(select(_TASKS).where(_TASKS.c.key == key))
        return _task(found[0]) if found else None

    def take(self) -> list[Task]:
        """The tasks that nobody works on, oldest first, now ours; those that are too old are given up."""
        now = time.time()
        free = (_TASKS.c.done == 0) & (_TASKS.c.lease < now)
        old = update(_TASKS).where(free & (_TASKS.c.created < now - _STALE)).values(done=1, payload="{}")
        self._rows(old.returning(_TASKS.c.key))
        taken = update(_TASKS).where(free).values(lease=now + self._lease).returning(*_TASKS.c)
        return sorted(map(_task, self._rows(taken)), key=lambda task: task.created)

    def renew(self, keys: Iterable[str], seconds: float | None = None) -> None:
        """Holds tasks for a further while; with 0 seconds lets go of them."""
        until = time.time() + (self._lease if seconds is None else seconds)
        self._update((_TASKS.c.key.in_(list(keys))) & (_TASKS.c.done == 0), lease=until)

    def revise(self, task: Task) -> bool:
        """Opens a task anew for a newer revision of its message; False where that is known already."""
        newer = (_TASKS.c.key == task.key) & (_TASKS.c.revision < task.revision)
        values = {"kind": task.kind, "payload": _json(task.payload), "revision": task.revision, "done": 0}
        return self._update(newer, **values, lease=time.time() + self._lease)

    def note(self, key: str, replies: Iterable[str] | None = None, after: int | None = None) -> None:
        """Notes the messages that answer a task, and where in its conversation its answer begins."""
        values: dict[str, Any] = {} if replies is None else {"replies": _json(list(replies))}
        if after is not None:
            values |= {"after": after, "answer_id": None}
        self._update(_TASKS.c.key == key, **values)

    def finish(
        self, task: Task, answer_id: str | None = None, cost: str | None = None, replies: Iterable[str] | None = None
    ) -> None:
        """A task is done: its words are dropped, its messages noted, what it cost added to the day's spending."""
        kept = {name: value for name, value in task.payload.items() if name not in _PRIVATE}
        with self._database.transaction() as connection:
            chosen = (_TASKS.c.key == task.key) & (_TASKS.c.revision == task.revision)
            values = {"done": 1, "payload": _json(kept), "answer_id": answer_id}
            values |= {} if replies is None else {"replies": _json(list(replies))}
            done = update(_TASKS).where(chosen).values(values)
            row = connection.execute(done.returning(_TASKS.c.cost_usd)).first()
            if row is not None and cost:
                total = format(Decimal(row.cost_usd or 0) + Decimal(cost), "f")
                connection.execute(update(_TASKS).where(chosen).values(cost_usd=total, day=_today()))

    def replies_in(self, place: str, but: str) -> set[str]:
        """The messages that are known to answer other tasks of a thread."""
        chosen = select(_TASKS.c.replies).where((_TASKS.c.place == place) & (_TASKS.c.key != but))
        return {ts for row in self._rows(chosen) for ts in json.loads(row.replies)}

    def spent(self, channel: str | None = None) -> Decimal:
        """US dollars spent today (UTC) in a channel, or in all."""
        chosen = select(_TASKS.c.cost_usd).where((_TASKS.c.day == _today()) & _TASKS.c.cost_usd.is_not(None))
        rows = self._rows(chosen if channel is None else chosen.where(_TASKS.c.channel == channel))
        return sum((Decimal(row.cost_usd) for row in rows), Decimal(0))

    def close(self) -> None:
        """Lets go of the database."""
        self._database.close()

    def _rows(self, statement: Any) -> list[Row[Any]]:
        with self._database.transaction() as connection:
            return list(connection.execute(statement).all())

    def _update(self, chosen: Any, **values: Any) -> bool:
        return bool(values and self._rows(update(_TASKS).where(chosen).values(values).returning(_TASKS.c.key)))


def _task(row: Row[Any]) -> Task:
    names = ("key", "kind", "place", "channel", "revision", "after", "answer_id", "created")
    task = Task(payload=json.loads(row.payload), **{name: getattr(row, name) for name in names})
    return replace(task, replies=tuple(json.loads(row.replies)), done=bool(row.done))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)  # halves of characters survive as escapes


def _today() -> str:
    return datetime.now(UTC).date().isoformat()

"""What Slack asked for is written down once, held by whoever works on it, and forgotten in words when it is done."""

from __future__ import annotations

import uuid
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.adapters.slack.inbox import Inbox, Task
from postgres import Server

TASK = Task("T1/C1/1.0", "question", "T1/C1/1.0", "C1", {"text": "半\ud800句", "ts": "1.0"})


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for tasks, one of each kind."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'c.sqlite'}"
    server: Server = request.getfixturevalue("postgres")
    return server.database(uuid.uuid4().hex)


def test_a_task_is_taken_once_and_again_when_nobody_holds_it(url: str) -> None:
    first, second = Inbox.open(url), Inbox.open(url)
    other = replace(TASK, key="T1/C1/2.0", created=TASK.created + 1)
    assert first.add([TASK, other, TASK]) == {TASK.key, other.key} and first.add([TASK]) == set()
    assert second.take() == []
    first.renew([TASK.key, other.key], -1)
    assert [task.key for task in second.take()] == [TASK.key, other.key] and first.take() == []
    second.renew([other.key], -1)
    [taken] = first.take()
    assert taken.key == other.key and taken.payload == TASK.payload
    first.close()
    second.close()


def test_what_is_done_keeps_its_place_and_loses_its_words(url: str) -> None:
    inbox = Inbox.open(url)
    inbox.add([TASK])
    inbox.note(TASK.key, after=3)
    inbox.finish(TASK, "answer", "0.10", ["1.5"])
    done = inbox.get(TASK.key)
    assert done and done.done and done.payload == {"ts": "1.0"} and (done.after, done.answer_id) == (3, "answer")
    assert inbox.replies_in(TASK.place, "another") == {"1.5"} and inbox.replies_in(TASK.place, TASK.key) == set()
    assert inbox.spent("C1") == inbox.spent() == Decimal("0.10") and inbox.spent("C2") == 0
    newer = replace(TASK, revision="2.0")
    assert inbox.revise(newer) and not inbox.revise(newer)
    inbox.finish(newer, "answer", "0.05")
    assert inbox.spent() == Decimal("0.15")
    inbox.close()

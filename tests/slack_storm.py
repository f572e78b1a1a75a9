"""Many questions in Slack, some of them twice, and a bot that is killed in the middle: who is answered how often."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant.bootstrap import open_assistant
from fakes.slack import APP_TOKEN, BOT, BOT_TOKEN, FakeSlack
from slack_bot import QUESTION, library, running, settings_for

_PROGRAM = """
import asyncio, sys
from assistant.adapters.slack.app import Bot, serve
from assistant.bootstrap import open_assistant
from assistant.settings import Settings
settings = Settings()
assistant = open_assistant(settings)
asyncio.run(serve(Bot(assistant, settings, lease=float(sys.argv[1]), ping=0.5), print))
assistant.close()
"""
_PLACES = ("C1", "C2", "C3", "D1", "D2")


@dataclass(frozen=True)
class Outcome:
    """What became of a storm."""

    questions: int
    deliveries: int
    lost: int
    twice: int
    slowest: float  # acknowledgement, in seconds
    seconds: float


def storm(folder: Path, questions: int, seed: int = 1, lease: float = 1.0, wait: float = 600.0) -> Outcome:
    """Asks so many questions, every tenth of them twice or thrice; kills the bot when half of them are answered."""
    library(folder).close()
    chance, began = random.Random(seed), time.monotonic()
    with FakeSlack() as slack:
        asked: list[tuple[str, str]] = []
        deliveries = 0
        bot = _started(slack, folder, lease)
        with ExitStack() as after:
            after.callback(bot.kill)
            for number in range(questions):
                channel = chance.choice(_PLACES)
                ts = slack.says(channel, f"<@{BOT}> {QUESTION} ({number})")
                asked.append((channel, ts))
                again = [] if number % 10 else [chance.choice(asked) for _ in range(chance.choice((1, 1, 2)))]
                for where, what in again:
                    slack.send(*slack.events_of(where, what))
                deliveries += 1 + len(again)
                slack.wait(lambda: len(slack.pending) < 20, wait)
                if number == questions // 2:
                    slack.wait(lambda: sum(_counts(slack).values()) > questions // 4, wait)
                    bot.kill()
                    bot.wait(30)
                    slack.drop()
                    after.enter_context(_again(slack, folder, lease))
            slack.wait(lambda: len(_counts(slack, whole=True)) == questions and not slack.pending, wait)
            time.sleep(2 * lease)  # for whoever would answer twice
            every, whole = _counts(slack), _counts(slack, whole=True)
        lost = sum(not whole[place] for place in asked)
        twice = sum(every[place] > 1 for place in asked)
        slowest = max(slack.acknowledged.values())
    return Outcome(questions, deliveries, lost, twice, slowest, time.monotonic() - began)


def _counts(slack: FakeSlack, whole: bool = False) -> Counter[tuple[str, str]]:
    """The answers in every thread, unfinished ones too, or only whole ones."""
    found: Counter[tuple[str, str]] = Counter()
    for channel in _PLACES:
        for message in list(slack.channels[channel]):
            part = message.get("metadata", {}).get("event_payload", {}).get("part", 1)
            if message["user"] == BOT and part == 1 and not (whole and "streaming" in message):
                found[channel, message["thread_ts"]] += 1
    return found


def _started(slack: FakeSlack, folder: Path, lease: float) -> subprocess.Popen[bytes]:
    given = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "SLACK_API_URL": slack.url}
    environment = {**os.environ, **given, "ASSISTANT_HOME": str(folder / "home")}
    bot = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(lease)], env=environment, stdout=subprocess.DEVNULL)
    slack.wait(lambda: slack.connections or bot.poll() is not None, 60)
    return bot


@contextmanager
def _again(slack: FakeSlack, folder: Path, lease: float) -> Iterator[None]:
    settings = settings_for(slack, ASSISTANT_HOME=str(folder / "home"))
    with closing(open_assistant(settings)) as assistant, running(assistant, settings, lease, ping=0.5):
        yield

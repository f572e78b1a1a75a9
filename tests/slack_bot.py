"""A bot at work in a thread, against the fake of Slack."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.adapters.slack.app import Bot, serve
from assistant.bootstrap import open_assistant
from assistant.service import Assistant
from assistant.settings import Settings
from fakes.slack import APP_TOKEN, BOT_TOKEN, FakeSlack, Json

NOTE = """# 云端周报

报告日期：2026年4月8日

国信证券研究所

## 需求

云端业务的资本开支上调到 12 亿元，同比增长四成。毛利率为 31%。

## 广告

广告收入为 638 亿元，<!channel> 请看 [链接](http://example.com/x)。

表 1：收入拆分（亿元）

| 项目 | 2024 | 2025E | 2026E |
| --- | --- | --- | --- |
| 广告收入 | 500 | 560 | 638 |
| 云业务收入 | 300 | 380 | 470 |
| 游戏收入 | 210 | 230 | 250 |
"""
QUESTION = "云端业务的资本开支是多少?"


def settings_for(slack: FakeSlack, **more: Any) -> Settings:
    """The settings of a bot in a fake workspace."""
    given = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "SLACK_API_URL": slack.url}
    return Settings.model_validate(given | more)


def library(folder: Path, text: str = NOTE) -> Assistant:
    """An assistant over one note, at home in `folder`."""
    note = folder / "cloud.md"
    note.write_text(text, encoding="utf-8")
    assistant = open_assistant(Settings.model_validate({"ASSISTANT_HOME": str(folder / "home")}))
    list(assistant.ingest([note]))
    return assistant


@contextmanager
def running(assistant: Assistant, settings: Settings, lease: float = 1.0, ping: float = 0.2) -> Iterator[Bot]:
    """The bot, connected by Socket Mode, in a thread of its own."""
    ready, failed = threading.Event(), []
    made: dict[str, Any] = {}

    async def work() -> None:
        made["loop"], made["stop"] = asyncio.get_running_loop(), asyncio.Event()
        made["bot"] = Bot(assistant, settings, lease=lease, ping=ping)
        await serve(made["bot"], lambda _: ready.set(), made["stop"])

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:
            failed.append(error)
        ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    if failed:
        thread.join()
        raise failed[0]
    try:
        yield made["bot"]
    finally:
        if not made["loop"].is_closed():
            made["loop"].call_soon_threadsafe(made["stop"].set)
        thread.join(30)
    if failed:
        raise failed[0]


def words(message: Json) -> str:
    """All that a message says."""
    return message["text"] + str(message.get("blocks"))


def settled(slack: FakeSlack, channel: str, count: int = 1) -> list[Json]:
    """The bot's messages in a channel, once there are so many and every event is acknowledged."""
    slack.wait(lambda: len(slack.answers(channel)) >= count and not slack.pending)
    return slack.answers(channel)


def element(messages: list[Json], action: str) -> Json:
    """The button, menu or such of an action, in any of the messages."""
    for message in messages:
        for block in message.get("blocks") or ():
            for made in (*block.get("elements", ()), block.get("accessory") or {}):
                if made.get("action_id") == action:
                    return dict(made)
    raise AssertionError(f"there is no {action}")

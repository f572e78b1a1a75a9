"""An answer's events, made in a thread and awaited here; and their words, streamed into a thread of Slack's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from assistant.adapters.slack.desk import REFUSED, code_of
from assistant.adapters.slack.wording import pieces
from assistant.chain import Stop
from assistant.types import Event

log = logging.getLogger(__name__)

ROOM = 8_000  # characters of one streamed message; the rest of its 12,000 is for what stands below
_PACE = 0.7  # seconds between two additions: Slack takes some hundred a minute


async def events(pool: Executor, work: Callable[[Stop], Iterator[Event]]) -> AsyncIterator[list[Event]]:
    """The events of `work`, those that came together as one list. Leaving early stops the work, and waits for its end.

    Raises what the work raises.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()
    stop = Stop()

    def pump() -> None:
        put: Callable[[Any], object] = lambda item: loop.call_soon_threadsafe(queue.put_nowait, item)  # noqa: E731
        try:
            with closing(work(stop)) as stream:  # type: ignore[type-var]
                for event in stream:
                    if stop.is_set():
                        break
                    put(event)
            put(None)
        except BaseException as error:
            put(error)

    pumping = loop.run_in_executor(pool, pump)
    try:
        while True:
            batch = [await queue.get()]
            while not queue.empty():
                batch.append(queue.get_nowait())
            if ready := [item for item in batch if isinstance(item, Event)]:
                yield ready
            for item in batch:
                if isinstance(item, BaseException):
                    raise item
                if item is None:
                    return
    finally:
        stop.set()
        await asyncio.wait([pumping])


@dataclass
class Stream:
    """Words streamed into a thread, in as many messages as they need. Where the workspace can't, `broken` is set, and
    the answer has to be posted whole."""

    client: AsyncWebClient
    channel: str
    thread: str
    recipient: dict[str, str]
    replies: list[str] = field(default_factory=list)
    broken: bool = False
    size: int = 0
    _waiting: str = ""
    _sent_at: float = -_PACE

    async def add(self, markdown: str) -> None:
        """Sends words, or keeps them for a moment where some were sent just now."""
        self._waiting += markdown
        now = asyncio.get_running_loop().time()
        if self._waiting and not self.broken and now - self._sent_at >= _PACE:
            words, self._waiting = self._waiting, ""
            await self._send(words)
            self._sent_at = asyncio.get_running_loop().time()

    async def end(self, blocks: list[dict[str, Any]], metadata: dict[str, Any]) -> None:
        """Sends what is left, and ends the last message with blocks."""
        words, self._waiting = self._waiting, ""
        await self._send(words)
        if self.replies and not self.broken:
            await self._try("chat_stopStream", ts=self.replies[-1], blocks=blocks or None, metadata=metadata)

    async def _send(self, words: str) -> None:
        for piece in pieces(words, ROOM):
            if self.broken:
                return
            if self.replies and self.size + len(piece) <= ROOM:
                await self._try("chat_appendStream", ts=self.replies[-1], markdown_text=piece)
                self.size += len(piece)
            else:
                await self._begin(piece)

    async def _begin(self, words: str) -> None:
        if self.replies:
            await self._try("chat_stopStream", ts=self.replies[-1])
        if not self.broken:
            begun = await self._try("chat_startStream", thread_ts=self.thread, markdown_text=words, **self.recipient)
            self.size = len(words)
            self.replies += [begun["ts"]] if begun else []

    async def _try(self, method: str, **arguments: Any) -> Any:
        try:
            return await getattr(self.client, method)(channel=self.channel, **arguments)
        except SlackApiError as error:
            if code_of(error) in FATAL:
                raise
            log.info("%s: %s; the answer is posted whole", method, code_of(error))
            self.broken = True
            return None


# Errors that no other way of sending helps against.
_NOT_THERE = ("channel_not_found", "not_in_channel", "is_archived", "missing_scope")
FATAL = frozenset((*REFUSED, *_NOT_THERE))

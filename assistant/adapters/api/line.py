"""The questions at work and those in line. Threads do the work, so that the event loop, health and search go on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from assistant.adapters.api.problems import Problem
from assistant.chain import Stop
from assistant.errors import AssistantError
from assistant.types import Event, EventKind

log = logging.getLogger(__name__)

Work = Callable[[Stop], Iterator[Event]]
_RETRY_AFTER = 2  # seconds
_DONE = object()


class Line:
    """Works on so many questions at a time and lets so many wait; further ones are refused with a time to come back."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="question")
        self._room = at_once + waiting
        self._lock = threading.Lock()
        self._stops: set[Stop] = set()
        self._closed = False
        self.running = 0
        self.held = 0

    @property
    def waiting(self) -> int:
        """How many questions wait for a thread."""
        return self.held - self.running

    @property
    def has_room(self) -> bool:
        """Whether one more question would be let in."""
        return not self._closed and self.held < self._room

    async def events(self, work: Work, only: EventKind | None = None) -> AsyncIterator[list[Event]]:
        """The events of a question's work, of one kind or all, those that are there together in one list. Leaving
        early stops the work.

        Raises Problem where the line is full, and whatever the work raises.
        """
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Any] = asyncio.Queue()

        def tell(item: object) -> None:
            if only and isinstance(item, Event) and item.kind != only:
                return
            with contextlib.suppress(RuntimeError):  # the loop is gone, and everybody with it
                loop.call_soon_threadsafe(queue.put_nowait, item)

        stop = Stop()
        future = self._submit(work, stop, tell)
        try:
            while True:
                items = [await queue.get()]
                while not queue.empty():
                    items.append(queue.get_nowait())
                events = [item for item in items if isinstance(item, Event)]
                if events:
                    yield events
                for item in items:
                    if isinstance(item, BaseException):
                        raise item
                    if item is _DONE:
                        return
        finally:
            stop.set()
            future.cancel()

    def close(self) -> None:
        """Stops what is at work."""
        with self._lock:
            self._closed = True
            stops = list(self._stops)
        for stop in stops:
            stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, work: Work, stop: Stop, tell: Callable[[object], None]) -> Future[None]:
        with self._lock:
            if self.held >= self._room:
                detail = f"{self._room} questions are at work or in line already; ask again in a moment"
                raise Problem(429, detail, {"Retry-After": str(_RETRY_AFTER)})
            self.held += 1
            self._stops.add(stop)
        try:
            future = self._pool.submit(self._run, work, stop, tell)
        except RuntimeError:  # it is closed
            self._left(stop)
            raise Problem(503, "the server is stopping; ask again in a moment", {"Retry-After": "5"}) from None
        future.add_done_callback(lambda _: self._left(stop))
        return future

    def _run(self, work: Work, stop: Stop, tell: Callable[[object], None]) -> None:
        with self._lock:
            self.running += 1
        try:
            for event in work(stop):  # to its end, which comes soon once it is stopped: what it cost is told there
                if not stop.is_set():
                    tell(event)
            tell(_DONE)
        except AssistantError as error:
            tell(error)
        except Exception as error:
            log.exception("a question failed")
            tell(error)
        finally:
            with self._lock:
                self.running -= 1

    def _left(self, stop: Stop) -> None:
        with self._lock:
            self.held -= 1
            self._stops.discard(stop)

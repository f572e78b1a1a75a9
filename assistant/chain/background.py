"""Asynchronous work for synchronous callers: one event loop in a thread of its own, whose streams can be stopped.

The model's client keeps connections that belong to one event loop, and stopping a call means cancelling its task; both
want a loop that lives as long as the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")
_LETTING_GO = 10.0  # seconds a cancelled stream may take to end


class Stop:
    """Says that nobody waits for an answer any more; may be set from any thread, any number of times."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set = False
        self._then: list[Callable[[], object]] = []

    def set(self) -> None:
        """Stops what watches."""
        with self._lock:
            self._set, then, self._then = True, self._then, []
        for call in then:
            call()

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._set

    def watch(self, call: Callable[[], object]) -> None:
        """Calls `call` when it is set, at once if it is already."""
        with self._lock:
            if not self._set:
                self._then.append(call)
                return
        call()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="model-calls", daemon=True).start()
    return loop


def stream(source: Callable[[], AsyncIterator[T]]) -> Iterator[T]:
    """What an asynchronous iterator gives, one by one. Leaving early cancels it and waits until it has ended."""
    channel: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    async def pump() -> None:
        try:
            async for item in source():
                channel.put(("item", item))
            channel.put(("end", None))
        except BaseException as error:
            channel.put(("error", error))
            if not isinstance(error, Exception):
                raise

    future = asyncio.run_coroutine_threadsafe(pump(), _loop())
    kind = "item"
    try:
        while True:
            kind, got = channel.get()
            if kind == "error":
                raise got
            if kind == "end":
                return
            yield got
    finally:
        if kind == "item":
            future.cancel()
            with contextlib.suppress(queue.Empty):
                while channel.get(timeout=_LETTING_GO)[0] == "item":
                    pass

"""An answer's events, made in a thread and awaited in the page; stopping closes the stream."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from assistant.adapters.web.access import Person
from assistant.service import Assistant
from assistant.types import Event, Filters

# (who asks, question, filters, conversation) -> events as they come, those that came together in one list
Answering = Callable[[Person, str, Filters, str], AsyncIterator[list[Event]]]


def answering(assistant: Assistant) -> Answering:
    """Answers that are made at once, for anybody; a server that has limits brings its own."""

    async def events(person: Person, question: str, filters: Filters, conversation: str) -> AsyncIterator[list[Event]]:
        loop, queue, left = asyncio.get_running_loop(), asyncio.Queue[Any](), threading.Event()

        def work() -> None:
            try:
                stream = assistant.stream(question, filters, conversation_id=conversation)
                with contextlib.closing(stream) as made:  # type: ignore[type-var]
                    for event in made:
                        if left.is_set():
                            break
                        loop.call_soon_threadsafe(queue.put_nowait, event)
                loop.call_soon_threadsafe(queue.put_nowait, None)
            except BaseException as error:  # the page says it; a thread that dies says nothing
                loop.call_soon_threadsafe(queue.put_nowait, error)

        threading.Thread(target=work, daemon=True).start()
        try:
            while (item := await queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield [item]
        finally:
            left.set()

    return events


async def until(stopped: asyncio.Event, events: AsyncIterator[list[Event]]) -> AsyncGenerator[list[Event]]:
    """The events as they come, until `stopped` is set; then the stream is closed, which ends the work."""
    halt = asyncio.ensure_future(stopped.wait())
    async with contextlib.aclosing(events):  # type: ignore[type-var]
        try:
            while not stopped.is_set():
                coming = asyncio.ensure_future(anext(events))
                await asyncio.wait({coming, halt}, return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    await asyncio.gather(coming, return_exceptions=True)
                    return
                try:
                    yield coming.result()
                except StopAsyncIteration:
                    return
        finally:
            halt.cancel()

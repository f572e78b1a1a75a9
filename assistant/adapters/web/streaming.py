"""An answer's events, made in a thread and awaited in the page; stopping closes the stream."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from assistant.service import Assistant
from assistant.types import Event, Filters


@dataclass(slots=True)
class Asking:
    """A question on its way; `stop` may be set from anywhere."""

    question: str
    filters: Filters
    conversation_id: str
    stop: threading.Event = field(default_factory=threading.Event)


async def events(assistant: Assistant, asking: Asking) -> AsyncIterator[list[Event]]:
    """The events as they come, those that came together as one list. Raises what the stream raises."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()
    put = lambda item: loop.call_soon_threadsafe(queue.put_nowait, item)  # noqa: E731
    threading.Thread(target=_pump, args=(assistant, asking, put), daemon=True).start()
    while True:
        batch = [await queue.get()]
        while not queue.empty():
            batch.append(queue.get_nowait())
        ready = [item for item in batch if isinstance(item, Event)]
        if ready:
            yield ready
        for item in batch:
            if isinstance(item, BaseException):
                raise item
            if item is None:
                return


def _pump(assistant: Assistant, asking: Asking, put: Any) -> None:
    try:
        options: dict[str, Any] = {"conversation_id": asking.conversation_id}
        if "stop" in inspect.signature(assistant.stream).parameters:
            options["stop"] = asking.stop
        with closing(assistant.stream(asking.question, asking.filters, **options)) as stream:  # type: ignore[type-var]
            for event in stream:
                put(event)
                if asking.stop.is_set() and "stop" not in options:
                    break
        put(None)
    except BaseException as error:  # the page says it; a thread that dies says nothing
        put(error)

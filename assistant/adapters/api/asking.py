"""POST /v1/ask: a question in, an Answer out, whole or as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import TypeAdapter
from starlette.responses import Response, StreamingResponse

from assistant.adapters.api import shapes
from assistant.adapters.api.desk import Desk, TheDesk, TheKey
from assistant.adapters.api.keys import Key
from assistant.adapters.api.problems import Problem, body, documented, problem_of
from assistant.chain import Stop
from assistant.errors import InputError
from assistant.tracing import Span, span
from assistant.types import Answer, Event, EventKind, Filters

if TYPE_CHECKING:
    from assistant.conversations import Turn

T = TypeVar("T")

router = APIRouter(prefix="/v1", tags=["questions"])
_HEARTBEAT = 15.0  # seconds; proxies close a connection that stays silent for long
_STOPPED = "the server is stopping; ask again in a moment"
_STREAMED = {
    "text/event-stream": {
        "schema": shapes.EVENT,
        "example": {"event": "delta", "data": '{"text": "…"}'},
    }
}


@router.post(
    "/ask",
    summary="Ask a question",
    response_model=Answer,
    responses={
        200: {"description": "the answer; with `stream`, its events, `answer` or `error` last", "content": _STREAMED},
        **documented(400, 401, 403, 404, 413, 422, 429, 500, 503),
    },
)
async def ask(asked: shapes.Ask, request: Request, desk: TheDesk, key: TheKey) -> Response:
    """Answers from the reports, every figure with its source. What the reports don't say has status `not_found`.

    The events of a stream: `status` and `delta` carry {"text"}, `citation`, `calculation` and `figure` what `answer`
    holds of them. Closing the connection stops the work.
    """
    if desk.settings.log_questions:
        request.state.log = {"question": asked.question}
    filters = asked.filters.filters() if asked.filters else None
    conversation = await asyncio.to_thread(conversation_for, desk, key, asked.conversation_id)
    only: EventKind | None = None if asked.stream else "answer"
    events = answering(desk, key, asked.question, filters, conversation, only=only)
    if not asked.stream:
        answer = await unless_gone(request, whole(events))
        return Response(codec().dump_json(answer), media_type="application/json")
    first = await unless_gone(request, anext(events))
    sent = beating(_server_sent(first, events, request), b": still at work\n\n")
    return StreamingResponse(sent, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def conversation_for(desk: Desk, key: Key, given: str | None) -> str:
    """The conversation of a question, a new one unless it is given. Raises Problem for another's, or none."""
    if given is None:
        return desk.assistant.conversations.create(owner=key.name).id
    try:
        return desk.assistant.conversations.get(given, owner=key.name).id
    except InputError:
        raise Problem(404, f"there is no conversation {given!r}") from None


async def answering(
    desk: Desk,
    key: Key,
    question: str,
    filters: Filters | None,
    conversation: str | None,
    earlier: Sequence[Turn] = (),
    only: EventKind | None = None,
) -> AsyncIterator[list[Event]]:
    """An answer's events as they come; it counts for the key, however it ends. Leaving early stops the work."""
    budget = desk.budget(key)

    def work(stop: Stop) -> Iterator[Event]:
        how: dict[str, Any] = {"conversation_id": conversation, "earlier": earlier, "stop": stop, "max_cost": budget}
        with span("invoke_agent broker-report-assistant", **{"gen_ai.operation.name": "invoke_agent"}) as step:
            for event in desk.assistant.stream(question, filters, **how):
                if event.kind == "answer":
                    desk.answered(key, event.data)
                    _describe(step, event.data)
                yield event

    last = None
    async with contextlib.aclosing(desk.line.events(work, only)) as events:  # type: ignore[type-var]
        async for some in events:
            last = some[-1]
            yield some
    if last is None or last.kind != "answer":
        raise Problem(503, _STOPPED, {"Retry-After": "5"})


def _describe(step: Span, answer: Answer) -> None:
    step.set_attribute("assistant.status", answer.status)
    if answer.conversation_id:
        step.set_attribute("gen_ai.conversation.id", answer.conversation_id)
    if answer.model:
        step.set_attribute("gen_ai.request.model", answer.model)
        step.set_attribute("gen_ai.usage.input_tokens", answer.usage.input_tokens)
        step.set_attribute("gen_ai.usage.output_tokens", answer.usage.output_tokens)


def asker(desk: Desk) -> Callable[[Request, str, Filters], Awaitable[Answer]]:
    """What answers a question of another door in the same server: in line with the others, counted for its key."""

    async def ask(request: Request, question: str, filters: Filters) -> Answer:
        return await whole(answering(desk, request.state.key, question, filters, None, only="answer"))

    return ask


async def whole(events: AsyncIterator[list[Event]]) -> Answer:
    """The answer that a stream of events ends with."""
    async for some in events:
        if some[-1].kind == "answer":
            answer: Answer = some[-1].data
    return answer


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of work, which is cancelled as soon as the client has hung up."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(gone())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Problem(499, "the client left")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def beating(chunks: AsyncIterator[bytes], beat: bytes) -> AsyncIterator[bytes]:
    """Chunks as they come, and a beat whenever none came for a while."""
    async with contextlib.aclosing(chunks):  # type: ignore[type-var]
        coming = asyncio.ensure_future(anext(chunks))
        try:
            while True:
                done, _ = await asyncio.wait({coming}, timeout=_HEARTBEAT)
                if not done:
                    yield beat
                    continue
                try:
                    chunk = coming.result()
                except StopAsyncIteration:
                    return
                coming = asyncio.ensure_future(anext(chunks))
                yield chunk
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _server_sent(first: list[Event], rest: AsyncIterator[list[Event]], request: Request) -> AsyncIterator[bytes]:
    try:
        yield b"".join(map(_sent, first))
        async with contextlib.aclosing(rest):  # type: ignore[type-var]
            async for some in rest:
                yield b"".join(map(_sent, some))
    except Exception as error:
        told = json.dumps(body(problem_of(error), request.scope))
        yield f"event: error\ndata: {told}\n\n".encode()


def _sent(event: Event) -> bytes:
    if isinstance(event.data, str):
        data = json.dumps({"text": event.data}, ensure_ascii=False).encode("utf-8", "replace")
    elif isinstance(event.data, Answer):
        data = codec().dump_json(event.data)
    else:
        data = json.dumps(asdict(event.data), ensure_ascii=False).encode("utf-8", "replace")
    return b"event: %s\ndata: %s\n\n" % (event.kind.encode(), data)


@lru_cache(maxsize=1)
def codec() -> TypeAdapter[Answer]:
    """The Answer of the contract as JSON."""
    return TypeAdapter(Answer)

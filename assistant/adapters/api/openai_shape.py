"""/v1/chat/completions and /v1/models as OpenAI's, so that any OpenAI client or chat UI can connect.

The last user message is the question; the messages before it are what it may lean on. Citations come as annotations
(`url_citation`, whose address opens the report's text at the quote) and, for those who show text alone, as a footer.
Whatever else a request sets (tools, temperature, response_format …) is accepted and has no effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from assistant.adapters.api.asking import answering, beating, unless_gone, whole
from assistant.adapters.api.desk import Desk, TheDesk, TheKey
from assistant.adapters.api.problems import Problem, body, documented, problem_of
from assistant.adapters.api.shapes import EVENT, LONGEST_QUESTION
from assistant.language import script_of
from assistant.types import Answer, Citation, Event

if TYPE_CHECKING:
    from assistant.conversations import Turn

MODEL = "broker-report-assistant"
_FOOTER = "\n\n---\n"
_SINCE = 1_760_000_000  # what `created` says of a model; nobody reads it, and clients want a number
_MOST_MESSAGES = 1000

router = APIRouter(prefix="/v1", tags=["as OpenAI"])


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return documented(*statuses, openai=True)


class Part(BaseModel):
    """A part of a message; parts that are no text are left out."""

    model_config = ConfigDict(extra="allow", strict=True)
    type: str
    text: str | None = None


class Message(BaseModel):
    """A message of a conversation."""

    model_config = ConfigDict(extra="allow", strict=True)
    role: str
    content: str | list[Part] | None = None


class StreamOptions(BaseModel):
    """Whether the last chunk of a stream tells usage."""

    model_config = ConfigDict(extra="allow", strict=True)
    include_usage: bool | None = False


class ChatRequest(BaseModel):
    """A request as OpenAI's clients send it. Only these fields have an effect."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        json_schema_extra={
            "examples": [
                {"model": MODEL, "messages": [{"role": "user", "content": "OpenRouter 一周的 token 用量是多少?"}]}
            ]
        },
    )
    model: str = Field(description="any name; one assistant answers")
    messages: list[Message] = Field(min_length=1, max_length=_MOST_MESSAGES)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = 1


class UrlCitation(BaseModel):
    """A citation: which characters of the message it stands for, and where the quote is."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """An annotation; `citation` is the assistant's own, with quote and offsets."""

    type: Literal["url_citation"]
    url_citation: UrlCitation
    citation: Citation


class ChatMessage(BaseModel):
    """The reply."""

    role: Literal["assistant"]
    content: str
    refusal: str | None = None
    annotations: list[Annotation] = []


class Choice(BaseModel):
    """The one choice there is."""

    index: int
    message: ChatMessage
    finish_reason: Literal["stop"]
    logprobs: None = None


class ChatUsage(BaseModel):
    """Tokens of the underlying model; zero where none was asked."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: dict[str, int]


class ChatCompletion(BaseModel):
    """A reply as OpenAI's clients read it; `answer` is the whole Answer."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: ChatUsage
    answer: dict[str, Any]


class Model(BaseModel):
    """A model as OpenAI's clients read it."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    """The models there are."""

    object: Literal["list"]
    data: list[Model]


@router.get("/models", summary="List the models", response_model=ModelList, responses=_errors(401, 403, 429, 500))
async def models(desk: TheDesk) -> dict[str, Any]:
    """The assistant, and the language model it uses, if any."""
    return {"object": "list", "data": [_model(name) for name in _names(desk)]}


@router.get("/models/{name:path}", summary="A model", response_model=Model, responses=_errors(401, 403, 404, 429, 500))
async def model(name: str, desk: TheDesk) -> dict[str, Any]:
    """One of them."""
    if name not in _names(desk):
        raise Problem(404, f"The model {name!r} does not exist", code="model_not_found", param="model")
    return _model(name)


@router.post(
    "/chat/completions",
    summary="Chat, as OpenAI's",
    response_model=ChatCompletion,
    responses={
        200: {"description": "the reply; with `stream`, chunks", "content": {"text/event-stream": {"schema": EVENT}}},
        **_errors(400, 401, 403, 413, 429, 500, 503),
    },
)
async def chat(asked: ChatRequest, request: Request, desk: TheDesk, key: TheKey) -> Response:
    """Answers the last user message from the reports; earlier messages are what it may lean on. Stores nothing."""
    question, earlier = await asyncio.to_thread(_understood, asked.messages)
    if desk.settings.log_questions:
        request.state.log = {"question": question}
    events = answering(desk, key, question, None, None, earlier, None if asked.stream else "answer")
    reply = _Reply(MODEL, str(request.base_url).rstrip("/"))
    if not asked.stream:
        return JSONResponse(reply.completion(await unless_gone(request, whole(events))))
    first = await unless_gone(request, anext(events))
    usage = bool(asked.stream_options and asked.stream_options.include_usage)
    sent = beating(_chunks(first, events, reply, usage, request), b": still at work\n\n")
    return StreamingResponse(sent, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


class _Reply:
    """The JSON of one reply."""

    def __init__(self, model: str, base_url: str) -> None:
        self._head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": model}
        self._base_url = base_url

    def completion(self, answer: Answer) -> dict[str, Any]:
        """The whole reply."""
        content = answer.text + footer(answer)
        message = {"role": "assistant", "content": content, "refusal": None, "annotations": self.annotations(answer)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": _usage(answer),
            "answer": asdict(answer),
        }

    def chunk(self, delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        """One chunk of a stream."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return _sent({**self._head, "object": "chat.completion.chunk", "choices": [choice], **more})

    def usage(self, answer: Answer) -> bytes:
        """The chunk that tells usage, which has no choice."""
        return _sent({**self._head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(answer)})

    def annotations(self, answer: Answer) -> list[dict[str, Any]]:
        """A `url_citation` wherever the text points to a citation."""
        found = []
        cited = {f"[{citation.n}]": citation for citation in answer.citations}
        for mark, citation in cited.items():
            start = answer.text.find(mark)
            while start >= 0:
                url = f"{self._base_url}/v1/reports/{citation.report_id}/text#char={citation.start},{citation.end}"
                place = {"start_index": start, "end_index": start + len(mark), "title": citation.source, "url": url}
                found.append({"type": "url_citation", "url_citation": place, "citation": asdict(citation)})
                start = answer.text.find(mark, start + 1)
        return sorted(found, key=lambda annotation: annotation["url_citation"]["start_index"])


def footer(answer: Answer) -> str:
    """The sources, calculations and warnings, for those who see the text alone."""
    lines = []
    for c in answer.citations:
        particulars = (c.source, c.issuer, c.date, f"p. {c.page}" if c.page else None, c.section, f"{c.start}–{c.end}")
        lines.append(f"[{c.n}] " + " · ".join(" ".join(part.split()) for part in particulars if part))
    lines += [f"[{made.id}] {made.formula}: {made.substituted}" for made in answer.calculations]
    lines += [f"! {warning}" for warning in answer.warnings]
    return _FOOTER + "  \n".join(lines) if lines else ""


async def _chunks(
    first: list[Event], rest: AsyncIterator[list[Event]], reply: _Reply, usage: bool, request: Request
) -> AsyncIterator[bytes]:
    try:
        yield reply.chunk({"role": "assistant", "content": ""})
        yield _written(first, reply, usage)
        async with contextlib.aclosing(rest):  # type: ignore[type-var]
            async for some in rest:
                yield _written(some, reply, usage)
        yield b"data: [DONE]\n\n"
    except Exception as error:
        yield _sent(body(problem_of(error), request.scope))


def _written(events: Sequence[Event], reply: _Reply, usage: bool) -> bytes:
    sent = []
    for event in events:
        if event.kind == "delta":
            sent.append(reply.chunk({"content": event.data}))
        elif event.kind == "answer":
            answer = event.data
            if below := footer(answer):
                sent.append(reply.chunk({"content": below, "annotations": reply.annotations(answer)}))
            sent.append(reply.chunk({}, "stop", answer=asdict(answer)))
            if usage:
                sent.append(reply.usage(answer))
    return b"".join(sent)


def _understood(messages: Sequence[Message]) -> tuple[str, list[Turn]]:
    """The question, and the turns before it. Raises Problem where the last message is nobody's question."""
    from assistant.conversations import Turn

    spoken = [message for message in messages if message.role in ("user", "assistant")]
    if not spoken or spoken[-1].role != "user" or not (question := _text(spoken[-1]).strip()):
        raise Problem(400, "the last message should be a user's, with text", param="messages")
    if len(question) > LONGEST_QUESTION:
        raise Problem(400, f"a question may have {LONGEST_QUESTION} characters", code="context_length_exceeded")
    turns: list[Turn] = []
    for message in spoken[:-1]:
        text = _text(message)
        if message.role == "user":
            turns.append(Turn(len(turns) + 1, text, Answer(text, script_of(text), "failed", "")))
        elif turns:
            said = text.partition(_FOOTER)[0]
            before = turns[-1]
            turns[-1] = Turn(before.number, before.question, Answer(before.question, script_of(said), "answered", said))
    return question, turns


def _text(message: Message) -> str:
    if isinstance(message.content, list):
        return "\n".join(part.text for part in message.content if part.type == "text" and part.text)
    return message.content or ""


def _names(desk: Desk) -> list[str]:
    model = desk.settings.model
    return [MODEL] if model == "none" else [MODEL, model]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _SINCE, "owned_by": MODEL}


def _usage(answer: Answer) -> dict[str, Any]:
    used = answer.usage
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_input_tokens},
    }


def _sent(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"

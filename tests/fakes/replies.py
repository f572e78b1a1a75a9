"""What a scripted OpenAI-compatible server replies: good answers, tool calls, and every way in which a model fails.

    say("你好") + call("growth", start=1, end=2) + call("share", part=1, whole=4)      parallel calls in one reply
    fail(429, "slow down", code="rate_limit_exceeded", retry_after=0.01)
    cut("half a sen", after=4)    stall("…", after=4)    slow("…", delay=0.1)          also of replies: cut(call(…), 3)
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Body = dict[str, Any]  # a request or a reply as parsed JSON

# Server-sent events that a client should survive, or refuse in an orderly way: say(text, noise=(COMMENT, NO_CHOICES)).
COMMENT = b": still thinking\n\n"
NOT_JSON = b'data: {"id": "chatcmpl-1", "choices": [{"del\n\n'
NOT_AN_EVENT = b"<<< proxy restarted >>>\n\n"
NO_CHOICES = b'data: {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": []}\n\n'
ERROR_EVENT = b'data: {"error": {"message": "The server had an error", "type": "server_error", "code": null}}\n\n'


@dataclass(frozen=True)
class Response:
    """What goes over the wire. `delay` is seconds before each piece; `ending` is what follows the last one."""

    pieces: tuple[bytes, ...]
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    ending: Literal["whole", "cut", "stall"] = "whole"
    seconds: float = 0.0  # how long a stall lasts

    def response(self, body: Body) -> Response:
        """Itself: it is what it is, whatever was asked."""
        return self


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider bills them; `cached` is part of `prompt`, `reasoning` part of `completion`."""

    prompt: int = 100
    completion: int = 20
    cached: int = 0
    reasoning: int = 0

    def json(self) -> Body:
        """OpenAI's `usage` object."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning, "audio_tokens": 0},
        }


@dataclass(frozen=True)
class Call:
    """One tool call; `arguments` is the text that the model wrote, JSON or not. The server fills in an empty `id`."""

    name: str
    arguments: str = "{}"
    id: str = ""


@dataclass(frozen=True)
class Completion:
    """A chat completion, whole or streamed as the request asks. `a + b` is one with the text and the calls of both."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    refusal: str | None = None
    finish: str | None = None  # "stop", or "tool_calls" if there are any, unless given
    usage: Usage | None = field(default_factory=Usage)  # None: a server that doesn't report it
    chunk: int = 8  # characters of text or arguments a streamed event
    delay: float = 0.0  # seconds before each event
    noise: tuple[bytes, ...] = ()  # sent after the first event of a stream
    after: int | None = None  # characters (bytes, unless streamed) after which it breaks off
    ending: Literal["whole", "cut", "stall"] = "whole"
    seconds: float = 0.0

    def __add__(self, other: Completion) -> Completion:
        return replace(self, text=self.text + other.text, calls=self.calls + other.calls)

    def response(self, body: Body) -> Response:
        """The reply to one request: JSON, or server-sent events when it says `stream`."""
        named = replace(self, calls=tuple(_with_id(call, i, body) for i, call in enumerate(self.calls)))
        whole = Response((), delay=self.delay, ending=self.ending, seconds=self.seconds)
        if body.get("stream"):
            return replace(whole, pieces=tuple(named._events(body)), content_type="text/event-stream; charset=utf-8")
        return replace(whole, pieces=(named._json(body)[: self.after],))

    def _finish(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")

    def _json(self, body: Body) -> bytes:
        message: Body = {"role": "assistant", "content": self.text or None, "refusal": self.refusal}
        if self.calls:
            message["tool_calls"] = [_tool_call(call) for call in self.calls]
        if not self.calls and self.refusal is None:
            message["content"] = self.text
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish()}
        reply = {**_head("chat.completion", body), "choices": [choice]}
        return _dumped(reply if self.usage is None else {**reply, "usage": self.usage.json()})

    def _events(self, body: Body) -> Iterator[bytes]:
        wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        head = _head("chat.completion.chunk", body) | ({"usage": None} if wants_usage else {})

        def event(delta: Body, finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return _event({**head, "choices": [choice]})

        yield event({"role": "assistant", "content": None if self.calls and not self.text else "", "refusal": None})
        yield from self.noise
        yield from (event(delta) for delta in self._first(self.after)._deltas())
        if self.ending != "whole":
            return
        yield event({}, self._finish())
        if wants_usage and self.usage is not None:
            yield _event({**head, "choices": [], "usage": self.usage.json()})
        yield b"data: [DONE]\n\n"

    def _deltas(self) -> Iterator[Body]:
        yield from ({"content": part} for part in _parts(self.text, self.chunk))
        yield from ({"refusal": part} for part in _parts(self.refusal or "", self.chunk))
        for i, call in enumerate(self.calls):
            yield {"tool_calls": [{"index": i, **_tool_call(replace(call, arguments=""))}]}
            for part in _parts(call.arguments, self.chunk):
                yield {"tool_calls": [{"index": i, "function": {"arguments": part}}]}

    def _first(self, characters: int | None) -> Completion:
        """What has been said after so many characters of text and arguments."""
        if characters is None:
            return self
        left, calls = characters - len(self.text), []
        for call in self.calls:
            if left > 0:
                calls.append(replace(call, arguments=call.arguments[:left]))
            left -= len(call.arguments)
        return replace(self, text=self.text[:characters], calls=tuple(calls))


Reply = Response | Completion | Callable[[Body], Any]  # a function reads the request and gives the reply


# ---------------------------------------------------------------- completions


def say(text: str, **how: Any) -> Completion:
    """Plain text; say("") is an empty reply. `how`: usage, chunk, delay, noise, finish, refusal (see Completion)."""
    return Completion(text, **how)


def call(name: str, /, **arguments: Any) -> Completion:
    """One tool call. The tool may be unknown and the arguments of wrong types: nothing is checked here."""
    return Completion(calls=(Call(name, json.dumps(arguments, ensure_ascii=False)),))


def garbled(name: str, arguments: str) -> Completion:
    """A tool call whose arguments are the text given, for instance '{"start": ' or '[]'."""
    return Completion(calls=(Call(name, arguments),))


def slow(reply: str | Completion, delay: float) -> Completion:
    """Waits `delay` seconds before each event."""
    return replace(_completion(reply), delay=delay)


def cut(reply: str | Completion, after: int) -> Completion:
    """The connection closes after so many characters of text and arguments (bytes of JSON, when not streamed)."""
    return replace(_completion(reply), after=after, ending="cut")


def stall(reply: str | Completion, after: int = 0, seconds: float = 60.0) -> Completion:
    """After so many characters nothing comes for `seconds`, then the connection closes; at once if the server does."""
    return replace(_completion(reply), after=after, ending="stall", seconds=seconds)


def _completion(reply: str | Completion) -> Completion:
    return say(reply) if isinstance(reply, str) else reply


# ---------------------------------------------------------------- failures


def fail(
    status: int, message: str = "it failed", *, code: str | None = None, retry_after: float | None = None
) -> Response:
    """An error in OpenAI's shape; its `type` is the one that OpenAI gives with that status."""
    kinds = {401: "authentication_error", 403: "permission_error", 429: "requests"}
    kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    headers = () if retry_after is None else (("retry-after", f"{retry_after:g}"),)
    return Response((_dumped(error),), status=status, headers=headers)


def wrong_key() -> Response:
    """401, with part of the key in the message, as OpenAI does."""
    return fail(401, "Incorrect API key provided: sk-wro*********key.", code="invalid_api_key")


def rate_limited(retry_after: float | None = 0.01) -> Response:
    """429: too many requests a minute; worth trying again."""
    return fail(429, "Rate limit reached for requests", code="rate_limit_exceeded", retry_after=retry_after)


def out_of_money() -> Response:
    """429 that no retry mends."""
    return fail(429, "You exceeded your current quota, please check your plan.", code="insufficient_quota")


def too_long(limit: int = 8192) -> Response:
    """400: the prompt is longer than the model's context."""
    return fail(400, f"This model's maximum context length is {limit} tokens.", code="context_length_exceeded")


def raw(data: str | bytes, content_type: str = "application/json", status: int = 200) -> Response:
    """Any bytes: JSON of another shape, an event stream that isn't one, JSON under a wrong content type."""
    return Response((data.encode() if isinstance(data, str) else data,), status, content_type)


def page(status: int = 200) -> Response:
    """HTML where JSON should be: a proxy or a log-in page answers in the model's place."""
    return raw("<!doctype html><title>Bad gateway</title><h1>Please log in</h1>", "text/html", status)


def hang_up() -> Response:
    """The connection closes without a word."""
    return Response((), status=0, ending="cut")


# ---------------------------------------------------------------- embeddings


def embed(body: Body, dimension: int = 8) -> Response:
    """Vectors hashed from the texts: equal texts, equal vectors. What is asked for in `dimensions` is given."""
    given = body["input"] if isinstance(body["input"], list) else [body["input"]]
    texts = [given] if given and isinstance(given[0], int) else given  # token numbers of one text
    return vectors([_hashed(str(text), body.get("dimensions") or dimension) for text in texts])(body)


def vectors(rows: Sequence[Sequence[float]], *, reverse: bool = False) -> Callable[[Body], Response]:
    """These vectors, in the encoding asked for; reversed, only `index` says which text each belongs to."""

    def reply(body: Body) -> Response:
        packed = body.get("encoding_format") == "base64"
        data = [
            {"object": "embedding", "index": i, "embedding": _packed(row) if packed else list(row)}
            for i, row in enumerate(rows)
        ]
        tokens = sum(len(str(text)) for text in body["input"])
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        answer = {"object": "list", "model": body["model"], "data": data[::-1] if reverse else data, "usage": usage}
        return Response((_dumped(answer),))

    return reply


def _hashed(text: str, dimension: int) -> list[float]:
    digest = hashlib.shake_256(text.encode("utf-8", "replace")).digest(2 * dimension)
    return [value / 32768 for value in struct.unpack(f"<{dimension}h", digest)]


def _packed(row: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()


# ---------------------------------------------------------------- the wire format


def _head(kind: str, body: Body) -> Body:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": body["model"], "system_fingerprint": "fp"}


def _with_id(call: Call, index: int, body: Body) -> Call:
    """Ids must differ within a conversation: they count on from the calls that it holds already."""
    before = sum(len(message.get("tool_calls") or ()) for message in body["messages"])
    return call if call.id else replace(call, id=f"call_{before + index + 1}")


def _tool_call(call: Call) -> Body:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _parts(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


def _event(data: Body) -> bytes:
    return b"data: " + _dumped(data) + b"\n\n"


def _dumped(data: Body) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")

"""A scripted OpenAI-compatible server on loopback, for tests through the real `openai` client.

    with OpenAIServer() as server:
        server.script(call("growth", start=1, end=2), say("It doubled."))     one reply a request, in this order
        server.always(lambda body: say(str(len(body["messages"]))))           once the script is used up
        … OpenAI(base_url=server.url, api_key="any") …
        server.requests[0].body, server.abandoned, server.running

A request that nothing was scripted for, or that OpenAI would refuse, fails the test when the server closes.
"""

from __future__ import annotations

import json
import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from fakes.replies import Body, Reply, Response, embed, fail, wrong_key

CHAT, EMBEDDINGS, MODELS = "chat/completions", "embeddings", "models"


@dataclass(frozen=True)
class Request:
    """One call as it came in: the path below /v1/, the headers (names in lower case) and the parsed body."""

    path: str
    headers: dict[str, str]
    body: Body

    @property
    def prompt(self) -> str:
        """The text of all its messages, one after the other."""
        return "\n\n".join(text_of(message) for message in self.body.get("messages", ()))


def text_of(message: Body) -> str:
    """A message's text, whether given as a string or as parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


@dataclass
class _Script:
    replies: deque[Reply] = field(default_factory=deque)
    always: Reply | None = None

    def next(self) -> Reply | None:
        return self.replies.popleft() if self.replies else self.always


class OpenAIServer:
    """Runs while its `with` block does. With `key`, a request that bears another one gets a 401."""

    def __init__(self, *, key: str | None = None, models: tuple[str, ...] = ("scripted-model",)) -> None:
        self.key, self.models = key, models
        self.requests: list[Request] = []  # every call, in the order of arrival
        self.abandoned: list[Request] = []  # calls whose client went away before the reply ended
        self.unexpected: list[str] = []  # why the test fails when the server closes
        self.running = 0  # replies being sent right now
        self._scripts = {CHAT: _Script(), EMBEDDINGS: _Script(always=embed)}
        self._changed = threading.Condition()
        self._http = _Listener(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """What a client takes as its base URL."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def script(self, *replies: Reply, to: str = CHAT) -> None:
        """Appends replies, one for each request to come (`to=EMBEDDINGS` for those)."""
        self._scripts[to].replies.extend(replies)

    def always(self, reply: Reply, to: str = CHAT) -> None:
        """The reply to every request for which no other is left: often a function of the request's body."""
        self._scripts[to].always = reply

    @property
    def left(self) -> int:
        """Scripted replies that nobody has asked for yet."""
        return sum(len(script.replies) for script in self._scripts.values())

    def wait_running(self, replies: int, seconds: float = 10.0) -> bool:
        """Waits until so many replies are being sent: 1 catches one on its way, 0 the end of all. False if never."""
        return self.wait_until(lambda: self.running == replies, seconds)

    def wait_until(self, condition: Callable[[], object], seconds: float = 10.0) -> bool:
        """Waits for something that requests change, such as `lambda: server.abandoned`. False if it never comes."""
        with self._changed:
            return bool(self._changed.wait_for(condition, seconds))

    def __enter__(self) -> OpenAIServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()
        self._thread.join()
        if self.unexpected and error is None:
            raise AssertionError("\n".join(self.unexpected))

    # ---- one request, in the handler's thread

    def reply_to(self, request: Request) -> Response:
        """What the script says; 500, and a failed test, if it says nothing."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            number = len(self.requests)
            known = request.path == MODELS or request.path in self._scripts
        if self.key is not None and request.headers.get("authorization") != f"Bearer {self.key}":
            return wrong_key()
        if not known:
            return self._refused(404, f"request {number}: the server has no /v1/{request.path}")
        if request.path == MODELS:
            return _listing(self.models)
        if problem := _problem(request):
            return self._refused(400, f"request {number} to {request.path}: {problem}")
        with self._changed:
            reply = self._scripts[request.path].next()
        if reply is None:
            return self._refused(500, f"request {number} to {request.path}: no reply is left in the script")
        try:
            while callable(reply):
                reply = reply(request.body)
            return reply.response(request.body)
        except Exception as error:  # of the test's own function: told when the server closes
            return self._refused(500, f"request {number}: the scripted function raised {error!r}")

    def _refused(self, status: int, why: str) -> Response:
        self.unexpected.append(why)
        return fail(status, why)

    def count(self, change: int) -> None:
        """A reply starts (1) or ends (-1)."""
        with self._changed:
            self.running += change
            self._changed.notify_all()


def _listing(models: tuple[str, ...]) -> Response:
    data = [{"id": model, "object": "model", "created": 0, "owned_by": "tests"} for model in models]
    return Response((json.dumps({"object": "list", "data": data}).encode(),))


# ---------------------------------------------------------------- what OpenAI refuses


def _problem(request: Request) -> str | None:
    """Why OpenAI would answer 400, for the mistakes that programs make; None if it wouldn't."""
    body = request.body
    if not body.get("model"):
        return "you must provide a model parameter"
    if request.path == EMBEDDINGS:
        texts = body.get("input") or [""]
        return "'input' is empty, or a text in it is" if isinstance(texts, list) and "" in texts else None
    if not body.get("messages"):
        return "'messages' is empty"
    names = [tool["function"]["name"] for tool in body.get("tools", ())]
    if len(set(names)) != len(names) or body.get("tools") == []:
        return f"'tools' is empty or names one twice: {names}"
    return _unanswered(body["messages"])


def _unanswered(messages: list[dict[str, Any]]) -> str | None:
    """Each tool call is answered by a tool message right after it, and by nothing else."""
    waiting: set[str] = set()
    for i, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                return f"messages[{i}] with role 'tool' answers no tool call before it"
            waiting.remove(message["tool_call_id"])
        elif waiting:
            return f"messages[{i}]: tool calls without an answer: {', '.join(sorted(waiting))}"
        else:
            waiting = {call["id"] for call in message.get("tool_calls") or ()}
    return f"tool calls without an answer at the end: {', '.join(sorted(waiting))}" if waiting else None


# ---------------------------------------------------------------- HTTP


class _Gone(Exception):
    """The client closed the connection."""


class _Listener(ThreadingHTTPServer):
    """Knows its open connections, so that it can end them all: no thread outlives it."""

    daemon_threads = False  # joined by server_close
    request_queue_size = 128

    def __init__(self, server: OpenAIServer) -> None:
        self.scripted = server
        self.closing = False
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close(self) -> None:
        """Stops listening, ends what is being sent, and waits for the threads."""
        self.closing = True
        self.shutdown()
        for connection in list(self._open):
            with suppress(OSError):  # it has just ended by itself
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request a connection: nothing stays open when a test ends. Replies go out in HTTP chunks, so a cut shows."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def _answer(self, body: Body) -> None:
        self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path.partition("?")[0].removeprefix("/v1/"), headers, body)
        scripted = self.server.scripted
        scripted.count(1)
        try:
            self._send(scripted.reply_to(request))
        except (_Gone, OSError):
            if not self.server.closing:
                scripted.abandoned.append(request)
        finally:
            scripted.count(-1)

    def _send(self, response: Response) -> None:
        if response.status:
            self._send_head(response)
        for piece in response.pieces:
            self._wait(response.delay)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b"")
        if response.ending == "whole":
            self.wfile.write(b"0\r\n\r\n")
        if response.ending == "stall":
            self._wait(response.seconds)

    def _send_head(self, response: Response) -> None:
        self.send_response(response.status)
        sent = (("content-type", response.content_type), ("transfer-encoding", "chunked"), ("connection", "close"))
        for name, value in (*sent, *response.headers):
            self.send_header(name, value)
        self.end_headers()

    def _wait(self, seconds: float) -> None:
        """Waits, or raises _Gone as soon as the connection is closed by either side."""
        if select.select([self.connection], [], [], seconds)[0]:
            raise _Gone  # after its request a client sends nothing more: readable means closed

    def log_message(self, *_: object) -> None:
        """Says nothing."""

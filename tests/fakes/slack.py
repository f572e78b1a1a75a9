"""Slack on loopback: its Web API over HTTP, Socket Mode over a real WebSocket, for the real slack-sdk and slack-bolt.

    with FakeSlack() as slack:                             SLACK_API_URL=slack.url
        slack.says("C1", "<@UBOT> what is …?")             a person writes; the events that Slack sends for it go out
        slack.wait(lambda: slack.answers("C1"))            messages of the bot in a channel, in order
        slack.fail("chat.postMessage", "token_revoked")    the next calls of a method fail so
        slack.drop()                                       every socket breaks; what was not acknowledged comes again
        slack.calls, slack.acknowledged, slack.views, slack.private

What Slack would refuse (blocks beyond its limits, unknown methods) is refused, and fails the test at the end.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import httpx
from aiohttp import WSMsgType, web

from fakes.slack_limits import problem_of_blocks, problem_of_view

Json = dict[str, Any]
TEAM, BOT, BOT_ID, APP = "T1", "UBOT", "BBOT", "A1"
BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-fake-token-of-the-bot", "xapp-fake-token-of-the-app", "fake-signing-secret"
_MARKDOWN, _TEXT = 12_000, 40_000  # characters


@dataclass(frozen=True)
class Call:
    """One call of the Web API, or of an address for private answers."""

    method: str
    arguments: Json
    at: float = field(default_factory=time.monotonic)


@dataclass
class Failure:
    """How a call fails. `done`: Slack does what was asked all the same, and only the answer is lost."""

    error: str = "internal_error"
    status: int = 200
    retry_after: int | None = None
    cut: bool = False
    done: bool = False


class FakeSlack:
    """A workspace with one bot. Runs while its `with` block does."""

    def __init__(self, *, streams: bool = True, team: str = TEAM) -> None:
        self.streams, self.team = streams, team
        self.calls: list[Call] = []
        self.channels: dict[str, list[Json]] = defaultdict(list)
        self.private: list[Json] = []  # ephemeral messages, and answers to commands
        self.views: list[Json] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        self.elsewhere: dict[str, str] = {}  # files that Slack only links to, by id
        self.uploads: list[Json] = []
        self.acknowledged: dict[str, float] = {}  # seconds that each envelope took
        self.payloads: dict[str, Any] = {}  # what came with an acknowledgement
        self.unexpected: list[str] = []
        self.connections = 0
        self._failures: dict[str, deque[Failure]] = defaultdict(deque)
        self._sockets: set[web.WebSocketResponse] = set()
        self.pending: dict[str, tuple[Json, float]] = {}  # envelopes that nobody has acknowledged
        self._uploading: dict[str, Json] = {}
        self._numbers = itertools.count(1)
        self._last = 0.0
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready = threading.Event()
        self._port = 0

    # ---------------------------------------------------------------- what a test does

    @property
    def url(self) -> str:
        """What SLACK_API_URL is set to."""
        return f"http://127.0.0.1:{self._port}/api/"

    def fail(self, method: str, error: str = "internal_error", times: int = 1, **how: Any) -> None:
        """The next calls of a method fail."""
        self._failures[method].extend(Failure(error, **how) for _ in range(times))

    def recover(self) -> None:
        """No call fails any more."""
        self._failures.clear()

    def answers(self, channel: str) -> list[Json]:
        """The bot's messages in a channel that are whole: not streaming any more."""
        return [m for m in self.channels[channel] if m["user"] == BOT and not m.get("streaming")]

    def called(self, method: str) -> list[Json]:
        """The arguments of every call of a method."""
        return [call.arguments for call in self.calls if call.method == method]

    def wait(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Waits for something to come true, here or in the bot."""
        until = time.monotonic() + seconds
        while not condition():
            with self._changed:
                self._changed.wait(0.02)
            if time.monotonic() > until:
                raise AssertionError(f"it never came; calls so far: {[call.method for call in self.calls][-30:]}")

    def says(self, channel: str, text: str, user: str = "U1", thread: str | None = None, **more: Any) -> str:
        """A person writes in a channel; returns the message's timestamp, which is its event's too."""
        ts = self.write(channel, text, user, thread, **more)
        self.send(*self.events_of(channel, ts))
        return ts

    def write(self, channel: str, text: str, user: str = "U1", thread: str | None = None, **more: Any) -> str:
        """A person's message, of which nobody is told."""
        message = {"type": "message", "user": user, "text": text, "ts": self._ts(), "team": self.team, **more}
        if thread:
            message["thread_ts"] = thread
        self.channels[channel].append(message)
        return str(message["ts"])

    def events_of(self, channel: str, ts: str) -> list[Json]:
        """The events that Slack sends for a message: a mention comes as one, and as a message of the channel."""
        message = next(m for m in self.channels[channel] if m["ts"] == ts)
        inner = {k: v for k, v in message.items() if k != "metadata"} | {"channel": channel, "event_ts": ts}
        kind = "im" if channel.startswith("D") else "channel"
        found = [self.event({**inner, "channel_type": kind})]
        if f"<@{BOT}>" in message["text"] and kind == "channel":
            found.append(self.event({**inner, "type": "app_mention"}))
        return found

    def edits(self, channel: str, ts: str, text: str) -> Json:
        """A person changes a message; returns the event."""
        message = next(m for m in self.channels[channel] if m["ts"] == ts)
        before = dict(message)
        message |= {"text": text, "edited": {"user": message["user"], "ts": self._ts()}}
        return self._subtype("message_changed", channel, message=dict(message), previous_message=before)

    def deletes(self, channel: str, ts: str) -> Json:
        """A person deletes a message; returns the event."""
        message = next(m for m in self.channels[channel] if m["ts"] == ts)
        self.channels[channel].remove(message)
        return self._subtype("message_deleted", channel, deleted_ts=ts, previous_message=dict(message))

    def _subtype(self, subtype: str, channel: str, **more: Any) -> Json:
        kind = "im" if channel.startswith("D") else "channel"
        inner = {"type": "message", "subtype": subtype, "channel": channel, "channel_type": kind, "hidden": True}
        return self.event({**inner, "ts": self._ts(), "event_ts": self._ts(), **more})

    def event(self, inner: Json) -> Json:
        """An event as the Events API wraps it."""
        number = next(self._numbers)
        return {"type": "event_callback", "team_id": self.team, "api_app_id": APP, "event": inner,
                "event_id": f"Ev{number:08}", "event_time": int(time.time())}  # fmt: skip

    def command(self, text: str, channel: str = "C1", user: str = "U1") -> Json:
        """/ask as a person sends it."""
        return {"command": "/ask", "text": text, "channel_id": channel, "user_id": user, "team_id": self.team,
                "api_app_id": APP, **self._interaction()}  # fmt: skip

    def shortcut(self, text: str, channel: str = "C1", user: str = "U1") -> Json:
        """The message shortcut."""
        message = {"type": "message", "text": text, "ts": self._ts(), "user": "U2"}
        return {"type": "message_action", "callback_id": "check_figures", "message": message,
                "channel": {"id": channel}, **self._who(user), **self._interaction()}  # fmt: skip

    def click(self, action: Json, channel: str, message: Json, user: str = "U1") -> Json:
        """A press of a button, a choice of a menu."""
        container = {"type": "message", "message_ts": message.get("ts", "0"), "channel_id": channel}
        if message.get("thread_ts"):
            container["thread_ts"] = message["thread_ts"]
        return {"type": "block_actions", "actions": [{"block_id": "b", **action}], "channel": {"id": channel},
                "container": container, **self._who(user), **self._interaction()}  # fmt: skip

    def _who(self, user: str) -> Json:
        return {"user": {"id": user}, "team": {"id": self.team}, "api_app_id": APP}

    def _interaction(self) -> Json:
        number = next(self._numbers)
        address = f"http://127.0.0.1:{self._port}/respond/{number}"
        return {"trigger_id": f"trigger.{number}", "response_url": address}

    def send(self, *payloads: Json, kind: str = "events_api") -> list[str]:
        """Sends envelopes over the socket; what nobody acknowledges comes again on the next one."""
        return [self._call_in_loop(self._envelope(payload, kind)) for payload in payloads]

    def drop(self) -> None:
        """Breaks every socket, without a word."""
        self._call_in_loop(self._drop())

    def says_goodbye(self) -> None:
        """Asks the other side to connect anew, as Slack does every few hours."""
        self._call_in_loop(self._broadcast({"type": "disconnect", "reason": "refresh_requested"}))

    # ---------------------------------------------------------------- running

    def __enter__(self) -> FakeSlack:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        if self.unexpected and error is None:
            raise AssertionError("\n".join(self.unexpected))

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=64 << 20)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self._api),
                web.get("/link", self._socket),
                web.post("/respond/{number}", self._respond),
                web.post("/upload/{number}", self._upload),
                web.get("/files/{number}", self._download),
            ]
        )
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self._port = runner.addresses[0][1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._drop())
        self._loop.run_until_complete(runner.cleanup())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _call_in_loop(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _ts(self) -> str:
        self._last = max(time.time(), self._last + 0.000002)
        return f"{self._last:.6f}"

    def _told(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # ---------------------------------------------------------------- Socket Mode

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        self.connections += 1
        await socket.send_json({"type": "hello", "num_connections": 1})
        for name, (envelope, _) in list(self.pending.items()):
            self.pending[name] = (envelope, time.monotonic())
            await socket.send_json(envelope)
        self._told()
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self._acknowledge(json.loads(message.data))
        self._sockets.discard(socket)
        return socket

    def _acknowledge(self, said: Json) -> None:
        envelope = said["envelope_id"]
        if envelope in self.pending:
            self.acknowledged[envelope] = time.monotonic() - self.pending.pop(envelope)[1]
            self.payloads[envelope] = said.get("payload")
        self._told()

    async def _envelope(self, payload: Json, kind: str) -> str:
        envelope_id = f"envelope-{next(self._numbers)}"
        envelope = {"envelope_id": envelope_id, "type": kind, "payload": payload, "accepts_response_payload": True}
        self.pending[envelope_id] = (envelope, time.monotonic())
        await self._broadcast(envelope, once=True)
        return envelope_id

    async def _broadcast(self, message: Json, once: bool = False) -> None:
        for socket in list(self._sockets)[: 1 if once else None]:
            if not socket.closed:
                await socket.send_json(message)

    async def _drop(self) -> None:
        for socket in list(self._sockets):
            if socket._req and socket._req.transport:
                socket._req.transport.abort()
        self._sockets.clear()

    # ---------------------------------------------------------------- the Web API

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        self.calls.append(Call(method, arguments))
        failure = self._failures[method].popleft() if self._failures[method] else None
        if failure and not failure.done:
            return self._failed(request, failure)
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or arguments.get("token")
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            return web.json_response({"ok": False, "error": "invalid_auth"})
        handler = getattr(self, "_" + method.replace(".", "_"), None)
        if handler is None:
            self.unexpected.append(f"there is no method {method}")
            return web.json_response({"ok": False, "error": "unknown_method"})
        told = handler(arguments)
        self._told()
        if failure:
            return self._failed(request, failure)
        return web.json_response({"ok": "error" not in told, **told})

    def _failed(self, request: web.Request, failure: Failure) -> web.StreamResponse:
        self._told()
        if failure.cut and request.transport:
            request.transport.abort()
        headers = {"Retry-After": str(failure.retry_after)} if failure.retry_after is not None else {}
        return web.json_response({"ok": False, "error": failure.error}, status=failure.status, headers=headers)

    def _refused(self, method: str, problem: str | None) -> Json | None:
        if problem is None:
            return None
        self.unexpected.append(f"{method}: {problem}")
        return {"error": "invalid_blocks", "detail": problem}

    def _auth_test(self, arguments: Json) -> Json:
        return {"team_id": self.team, "user_id": BOT, "bot_id": BOT_ID, "team": "desk", "user": "assistant"}

    def _apps_connections_open(self, arguments: Json) -> Json:
        return {"url": f"ws://127.0.0.1:{self._port}/link"}

    def _chat_postMessage(self, arguments: Json) -> Json:
        if refused := self._refused("chat.postMessage", _problem(arguments)):
            return refused
        return {"ts": self._add(arguments)["ts"], "channel": arguments["channel"]}

    def _add(self, arguments: Json, **more: Any) -> Json:
        names = ("text", "blocks", "metadata", "thread_ts")
        kept = {name: arguments[name] for name in names if arguments.get(name)}
        made = {"type": "message", "user": BOT, "bot_id": BOT_ID, "text": "", "ts": self._ts(), **kept, **more}
        self.channels[arguments["channel"]].append(made)
        return made

    def _own(self, arguments: Json) -> Json | None:
        found = self.channels[arguments["channel"]]
        return next((m for m in found if m["ts"] == arguments["ts"] and m["user"] == BOT), None)

    def _chat_update(self, arguments: Json) -> Json:
        message = self._own(arguments)
        if message is None:
            return {"error": "message_not_found"}
        if message.get("streaming"):
            return {"error": "streaming_state_conflict"}
        if refused := self._refused("chat.update", _problem(arguments)):
            return refused
        names = ("text", "blocks", "metadata")
        message |= {name: arguments[name] for name in names if name in arguments} | {"updated": True}
        return {"ts": message["ts"], "channel": arguments["channel"]}

    def _chat_delete(self, arguments: Json) -> Json:
        message = self._own(arguments)
        if message is None:
            return {"error": "message_not_found"}
        self.channels[arguments["channel"]].remove(message)
        return {}

    def _chat_postEphemeral(self, arguments: Json) -> Json:
        self.private.append(arguments)
        return {"message_ts": self._ts()}

    def _chat_startStream(self, arguments: Json) -> Json:
        if not self.streams:
            return {"error": "method_not_supported_for_channel_type"}
        words = arguments.get("markdown_text") or ""
        if len(words) > _MARKDOWN or not arguments.get("thread_ts"):
            return self._refused("chat.startStream", "too long, or in no thread") or {}
        channel = arguments["channel"]
        if channel.startswith("C") and not (arguments.get("recipient_user_id") and arguments.get("recipient_team_id")):
            return {"error": "missing_recipient_user_id"}
        return {"ts": self._add(arguments, streaming=True, text=words)["ts"], "channel": channel}

    def _chat_appendStream(self, arguments: Json) -> Json:
        message = self._own(arguments)
        if message is None or not message.get("streaming"):
            return {"error": "message_not_in_streaming_state"}
        words = arguments.get("markdown_text") or ""
        if len(words) + len(message["text"]) > _MARKDOWN:
            return self._refused("chat.appendStream", "msg_too_long") or {}
        message["text"] += words
        return {"ts": message["ts"]}

    def _chat_stopStream(self, arguments: Json) -> Json:
        message = self._own(arguments)
        if message is None or not message.get("streaming"):
            return {"error": "message_not_in_streaming_state"}
        problem = _problem({**arguments, "text": "-"})
        if problem is None and len(message["text"]) + len(json.dumps(arguments.get("blocks") or [])) > 60_000:
            problem = "msg_too_long"
        if refused := self._refused("chat.stopStream", problem):
            return refused
        message["text"] += arguments.get("markdown_text") or ""
        message |= {name: arguments[name] for name in ("blocks", "metadata") if arguments.get(name)}
        del message["streaming"]
        return {"ts": message["ts"]}

    def _conversations_replies(self, arguments: Json) -> Json:
        thread = [m for m in self.channels[arguments["channel"]] if arguments["ts"] in (m["ts"], m.get("thread_ts"))]
        return {"messages": self._after(thread, arguments)} if thread else {"error": "thread_not_found"}

    def _conversations_history(self, arguments: Json) -> Json:
        top = [m for m in self.channels[arguments["channel"]] if not m.get("thread_ts")]
        return {"messages": self._after(top, arguments)[::-1]}

    def _after(self, messages: list[Json], arguments: Json) -> list[Json]:
        hidden = () if str(arguments.get("include_all_metadata")).lower() in ("1", "true") else ("metadata",)
        since = float(arguments.get("oldest") or 0)
        return [{k: v for k, v in m.items() if k not in hidden} for m in messages if float(m["ts"]) > since]

    def _assistant_threads_setStatus(self, arguments: Json) -> Json:
        return {}

    _assistant_threads_setTitle = _assistant_threads_setStatus

    def _assistant_threads_setSuggestedPrompts(self, arguments: Json) -> Json:
        fits = 1 <= len(arguments["prompts"]) <= 4 and all(p["title"] and p["message"] for p in arguments["prompts"])
        return {} if fits else self._refused("setSuggestedPrompts", "one to four prompts") or {}

    def _views_open(self, arguments: Json) -> Json:
        if refused := self._refused("views.open", problem_of_view(arguments["view"])):
            return refused
        self.views.append(arguments["view"])
        return {"view": {"id": "V1"}}

    # ---- files

    def has_file(self, name: str, data: bytes) -> Json:
        """A file that a person sends, as it stands in their message."""
        number = f"F{next(self._numbers)}"
        self.files[number] = (name, data)
        return {"id": number, "name": name, "size": len(data)}

    def _files_info(self, arguments: Json) -> Json:
        number = arguments["file"]
        name, data = self.files[number]
        address = self.elsewhere.get(number) or f"http://127.0.0.1:{self._port}/files/{number}"
        return {"file": {"id": number, "name": name, "size": len(data), "url_private_download": address}}

    def _files_getUploadURLExternal(self, arguments: Json) -> Json:
        number = f"F{next(self._numbers)}"
        self._uploading[number] = {"filename": arguments["filename"]}
        return {"file_id": number, "upload_url": f"http://127.0.0.1:{self._port}/upload/{number}"}

    def _files_completeUploadExternal(self, arguments: Json) -> Json:
        where = {"channel": arguments["channel_id"], "thread_ts": arguments.get("thread_ts")}
        done = [{**self._uploading[file["id"]], **where} for file in arguments["files"]]
        self.uploads += done
        return {"files": [{"id": file["id"]} for file in arguments["files"]]}

    async def _upload(self, request: web.Request) -> web.Response:
        self._uploading[request.match_info["number"]]["content"] = await request.read()
        return web.Response(text="OK")

    async def _download(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization") != f"Bearer {BOT_TOKEN}":
            raise web.HTTPFound("/login")
        return web.Response(body=self.files[request.match_info["number"]][1])

    async def _respond(self, request: web.Request) -> web.Response:
        said = await request.json()
        self.calls.append(Call("response_url", said))
        if failures := self._failures["response_url"]:
            return web.Response(status=failures.popleft().status)
        if problem := _problem(said):
            self.unexpected.append(f"response_url: {problem}")
        self.private.append(said)
        self._told()
        return web.Response(text="ok")


async def _arguments(request: web.Request) -> Json:
    found: Json = dict(request.query)
    if request.content_type == "application/json":
        found |= await request.json()
    else:
        found |= dict(await request.post())
    for name in ("blocks", "metadata", "view", "prompts", "files"):
        if isinstance(found.get(name), str):
            found[name] = json.loads(found[name])
    return found


def _problem(arguments: Json) -> str | None:
    text = arguments.get("text") or ""
    if not text and not arguments.get("blocks"):
        return "no_text"
    if len(text) > _TEXT:
        return "msg_too_long"
    return problem_of_blocks(arguments.get("blocks") or [])


def signed(body: str, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers by which Slack proves that it sent a body."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def post(address: str, payload: Json, headers: dict[str, str] | None = None) -> httpx.Response:
    """Sends an event to the address of an app, as Slack does over HTTP."""
    body = json.dumps(payload)
    sent = {"Content-Type": "application/json", **(signed(body) if headers is None else headers)}
    return httpx.post(address, content=body, headers=sent, timeout=20)

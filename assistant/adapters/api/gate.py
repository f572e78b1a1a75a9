"""What every request passes first: its id, who sends it, the headers of its response, one line in the log."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.adapters.api.desk import Desk
from assistant.adapters.api.keys import LOCAL, Key, is_loopback
from assistant.adapters.api.problems import Problem, problem_of, response

log = logging.getLogger("assistant.requests")
_trouble = logging.getLogger(__name__)

_PROTECTED = ("/v1/", "/metrics", "/mcp")
_READING = ("GET", "HEAD", "OPTIONS")
_CHANGING = re.compile(r"(POST|DELETE|PUT|PATCH) /v1/reports(/|$)")
_BODY_LIMIT = 4 << 20  # bytes of a request that is no upload
_REQUEST_ID = re.compile(r"[\w.-]{1,64}")
_SECURITY = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY"}
_NOTHING = {"content-security-policy": "default-src 'none'; frame-ancestors 'none'", "cache-control": "no-store"}


class Gate:
    """ASGI middleware. What it lets through has `request_id` and `key` in the request's state."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self.app, self.desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        state = scope.setdefault("state", {})
        headers = Headers(scope=scope)
        state["request_id"] = _request_id(headers.get("x-request-id", ""))
        sending = _Sending(send, scope)
        try:
            state["key"] = self._admitted(scope, headers)
            if scope["path"].startswith(_PROTECTED):
                receive = _bounded(receive, headers, self._body_limit(scope))
            await self.app(scope, receive, sending)
        except Exception as error:
            problem = problem_of(error)
            if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                _trouble.exception("request %s failed", state["request_id"])
            if sending.status is not None:  # it has begun; all that is left is to break it off
                raise
            await response(problem, scope)(scope, receive, sending)
        finally:
            self._note(scope, sending.status, time.perf_counter() - started)

    def _admitted(self, scope: Scope, headers: Headers) -> Key:
        """Who asks. Raises Problem for those who may not."""
        keys = self.desk.keys
        if not keys and not is_loopback(_host(headers)):
            raise Problem(403, "without keys this server answers under names of this machine alone")
        _check_origin(scope, headers, self.desk.origins)
        if not keys or not scope["path"].startswith(_PROTECTED):
            return LOCAL
        scheme, _, given = headers.get("authorization", "").partition(" ")
        key = keys.find(given.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            detail = "this key is not known" if given else "send a key: Authorization: Bearer KEY"
            raise Problem(401, detail, {"WWW-Authenticate": "Bearer"})
        if key.role == "read" and _CHANGING.match(f"{scope['method']} {scope['path']}"):
            raise Problem(403, f"the key {key.name!r} may read and ask, not change the library", code="forbidden")
        if wait := key.wait():
            told = {"Retry-After": str(int(wait) + 1)}
            raise Problem(429, f"the key {key.name!r} may send {key.per_minute} requests a minute", told)
        return key

    def _body_limit(self, scope: Scope) -> int:
        upload = scope["path"] == "/v1/reports"
        return int(self.desk.settings.upload_limit * (1 << 20)) if upload else _BODY_LIMIT

    def _note(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "other"
        self.desk.metrics.request(scope["method"], route, status or 0, seconds)
        state = scope["state"]
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "request_id": state["request_id"],
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "seconds": round(seconds, 4),
            "key": getattr(state.get("key"), "name", None) or None,
            **state.get("log", {}),
        }
        log.info(json.dumps(line))


class _Sending:
    """`send` that adds the headers of every response, and remembers the status."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send, self._scope = send, scope
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._add(message)
        await self._send(message)

    def _add(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        headers["x-request-id"] = self._scope["state"]["request_id"]
        for name, value in _SECURITY.items():
            headers.setdefault(name, value)
        if self._scope["path"].startswith(_PROTECTED):
            for name, value in _NOTHING.items():
                headers.setdefault(name, value)


def _bounded(receive: Receive, headers: Headers, limit: int) -> Receive:
    """`receive` that gives up on a body beyond a limit, whether or not it tells its length before."""
    told = headers.get("content-length", "")
    too_large = HTTPException(413, f"a request to this address may have {limit / (1 << 20):g} MB")
    if told.isdigit() and int(told) > limit:
        raise too_large
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise too_large
        return message

    return bounded


def _request_id(given: str) -> str:
    return given if _REQUEST_ID.fullmatch(given) and given.isascii() else secrets.token_hex(8)


def _host(headers: Headers) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _check_origin(scope: Scope, headers: Headers, allowed: frozenset[str]) -> None:
    """A page of another site may send requests from a person's browser; none of them may change or cost anything."""
    origin = headers.get("origin")
    if scope["method"] in _READING or origin is None or origin in allowed or "*" in allowed:
        return
    if urlsplit(origin).netloc != headers.get("host"):
        raise Problem(403, "a page of another site sent this; ASSISTANT_CORS_ORIGINS names those that may")

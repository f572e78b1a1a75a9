"""Who may see the page, and what the page may do in a browser: keys, sessions, the Content-Security-Policy."""

from __future__ import annotations

import asyncio
import hashlib
import html
import ipaddress
import secrets
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Protocol
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import SecretStr
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.adapters.web.texts import say
from assistant.types import Language

COOKIE = "assistant_session"
LANGUAGES: dict[str, Language] = {"zh-Hans": "zh-Hans", "zh-Hant": "zh-Hant", "en": "en"}
_KEEP = 12 * 3600.0  # seconds a session lives after it was last used
_MOST = 10_000  # sessions; the oldest go first
_WAIT = 0.5  # seconds that a wrong key takes
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'"
)  # NiceGUI makes its render functions in the browser: that is what 'unsafe-eval' is for
_HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY"}


class Person(Protocol):
    """Whose key it is, and what it allows: "read", or "write" to change the library too."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    def wait(self) -> float:
        """Counts a question; returns the seconds to wait where the minute's are used up, else 0."""
        ...


class Local:
    """Whoever sits at this machine."""

    name = "local"
    role = "write"
    usd_per_day = None

    def wait(self) -> float:
        """There is no limit."""
        return 0.0


class _Holder:
    """Whoever has one of the keys."""

    def __init__(self, key: str) -> None:
        self.name = f"key-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        self.role = "write"

    def wait(self) -> float:
        """There is no limit."""
        return 0.0


FindKey = Callable[[str], Person | None]


def finder(keys: Sequence[SecretStr]) -> FindKey:
    """Finds a person by a key. Every key is looked at, so that the time it takes tells nothing."""

    def find(given: str) -> Person | None:
        found = [key for key in keys if secrets.compare_digest(key.get_secret_value().encode(), given.encode())]
        return _Holder(found[0].get_secret_value()) if found else None

    return find


class Access:
    """The sessions of one server, in its memory; without keys everybody on this machine is let in."""

    def __init__(self, keys: Sequence[SecretStr], find_key: FindKey | None = None) -> None:
        self.guarded = bool(keys)
        self._find = find_key or finder(keys)
        self._sessions: dict[str, tuple[Person, float]] = {}

    def person(self, request: Request) -> Person | None:
        """Who sends a request; None for somebody who has to give a key first."""
        if not self.guarded:
            return Local()
        token = request.cookies.get(COOKIE, "")
        person, until = self._sessions.get(token, (None, 0.0))
        if person is None or until < time.monotonic():
            self._sessions.pop(token, None)
            return None
        self._sessions[token] = person, time.monotonic() + _KEEP
        return person

    async def enter(self, request: Request) -> Response:
        """A key was given: a session for the right one, the question again for a wrong one."""
        form = await request.form()
        given = form.get("key")
        person = self._find(given.strip()) if isinstance(given, str) else None
        if person is None:
            await asyncio.sleep(_WAIT)
            return asks_for_key(request, wrong=True)
        token = secrets.token_urlsafe(32)
        self._sessions[token] = person, time.monotonic() + _KEEP
        while len(self._sessions) > _MOST:
            self._sessions.pop(next(iter(self._sessions)))
        response = RedirectResponse("/", status_code=303)
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure)
        return response

    def leave(self, request: Request) -> Response:
        """Ends a session."""
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        response = RedirectResponse("/", status_code=303)
        response.delete_cookie(COOKIE)
        return response


def language_of(request: Request) -> Language:
    """The language that was chosen on the page, else the browser's."""
    chosen = request.cookies.get("language", "")
    return LANGUAGES.get(chosen) or preferred(request.headers.get("accept-language", ""))


def preferred(accept_language: str) -> Language:
    """The language of the page that a browser's Accept-Language asks for first."""
    for part in sorted(accept_language.split(","), key=_weight, reverse=True):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-Hant" if any(mark in tag for mark in ("hant", "-tw", "-hk", "-mo")) else "zh-Hans"
        if tag.startswith("en"):
            return "en"
    return "en"


def _weight(part: str) -> float:
    _, _, quality = part.partition("q=")
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0


def asks_for_key(request: Request, wrong: bool = False) -> Response:
    """The page that asks for a key."""
    language = language_of(request)
    page = files("assistant.adapters.web").joinpath("assets/enter.html").read_text(encoding="utf-8")
    told = {name: html.escape(say(f"enter_{name}", language)) for name in ("title", "text", "key", "go")}
    told["lang"] = {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}.get(language, "en")
    told["name"] = html.escape(say("name", language))
    told["wrong"] = html.escape(say("enter_wrong", language)) if wrong else ""
    headers = _HEADERS | {"content-security-policy": _POLICY.format(nonce="none"), "cache-control": "no-store"}
    headers["referrer-policy"] = "same-origin"  # without it a browser hides where the form comes from
    return HTMLResponse(page.format(**told), 401 if wrong else 200, headers)


class Policy:
    """ASGI middleware around NiceGUI: pages run only the scripts that the server put there, and reach no other host.

    Without keys, pages are for this machine's own names alone, so that no other site's name can be pointed at it.
    """

    def __init__(self, app: ASGIApp, guarded: bool) -> None:
        self.app, self.guarded = app, guarded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] in ("http", "websocket") and not self.guarded and not _is_local(scope):
            await _refuse(scope, receive, send)
        elif scope["type"] == "http":
            await self.app(scope, receive, _Page(send).send)
        else:
            await self.app(scope, receive, send)


class _Page:
    """One response; a page is held back until it is whole, to mark its scripts as ours."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and any(k == b"x-nicegui-content" for k, _ in message["headers"]):
            self._start = message
        elif self._start is None:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._whole(self._start)

    async def _whole(self, start: Message) -> None:
        nonce = secrets.token_urlsafe(16)
        # Words of others are in the page as JSON in which "<" is written otherwise: every "<script" is the server's.
        body = self._body.replace(b"<script", f'<script nonce="{nonce}"'.encode())
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(body))
        headers["content-security-policy"] = _POLICY.format(nonce=nonce)
        for name, value in _HEADERS.items():
            headers[name] = value
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_local(scope: Scope) -> bool:
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        text = "Without keys this server answers under names of this machine alone."
        await Response(text, 403, media_type="text/plain")(scope, receive, send)

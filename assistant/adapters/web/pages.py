"""The pages and what they fetch: which path shows what, to whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI, Request
from fastapi.responses import Response
from nicegui import app as inner
from nicegui import run, ui
from starlette.middleware import Middleware

from assistant.adapters.web import ASSETS
from assistant.adapters.web.access import Access, FindKey, Policy, asks_for_key, language_of
from assistant.adapters.web.calculators import CalculatorsView
from assistant.adapters.web.chat import Chat
from assistant.adapters.web.choosing import Choice
from assistant.adapters.web.desk import THEMES, Desk
from assistant.adapters.web.frame import frame
from assistant.adapters.web.library import LibraryView
from assistant.adapters.web.source import SourcePane
from assistant.adapters.web.streaming import Answering, answering
from assistant.adapters.web.texts import say
from assistant.errors import AssistantError
from assistant.service import Assistant
from assistant.settings import Settings

_PATIENCE = 30.0  # seconds that a page may be out of touch before it is forgotten
_BUILDING = 20.0  # seconds a page may take to build

Page = Callable[[Desk, Request], Awaitable[None]]


def add_pages(
    app: FastAPI, assistant: Assistant, settings: Settings, find_key: FindKey | None, answers: Answering | None
) -> None:
    """Everything that the browser asks for."""
    access = Access(settings.api_keys, find_key)
    _add_files(app, assistant, access)
    for path, view in (("/", _ask), ("/library", _library), ("/calculators", _calculators)):
        _add_page(path, view, partial(Desk, assistant, answers or answering(assistant)), access, settings)
    inner.user_middleware.append(Middleware(Policy, guarded=access.guarded))
    ui.run_with(
        app,
        title="404",  # of pages that are not there; ours have their own
        tailwind=False,
        dark=None,
        reconnect_timeout=_PATIENCE,
        show_welcome_message=False,
        binding_refresh_interval=None,
        favicon=ASSETS / "mark.svg",
    )


def _add_files(app: FastAPI, assistant: Assistant, access: Access) -> None:
    inner.add_static_files("/web/assets", ASSETS)  # of NiceGUI's app, which compresses them

    @app.post("/web/enter", include_in_schema=False)
    async def enter(request: Request) -> Response:
        return await access.enter(request)

    @app.get("/web/leave", include_in_schema=False)
    def leave(request: Request) -> Response:
        return access.leave(request)

    @app.get("/web/pages/{report_id}/{page}.png", include_in_schema=False)
    def picture(request: Request, report_id: str, page: int, start: int = 0, end: int = 0) -> Response:
        """A page of a PDF, characters of its text marked."""
        if access.person(request) is None:
            return Response(status_code=401)
        try:
            made = assistant.page_picture(report_id, page, (start, end) if end > start else None)
        except AssistantError as error:
            return Response(str(error), 404, media_type="text/plain")
        return Response(made, media_type="image/png", headers={"cache-control": "private, max-age=3600"})


def _add_page(path: str, view: Page, made: Callable[..., Desk], access: Access, settings: Settings) -> None:
    async def page(request: Request) -> Response | None:
        person = access.person(request)
        if person is None:
            return asks_for_key(request)
        theme = request.cookies.get("theme", "auto")
        shown = theme if theme in THEMES else "auto"
        guarded, limit = access.guarded, settings.upload_limit
        desk = made(person, language_of(request), shown, guarded=guarded, upload_limit=limit)
        await view(desk, request)
        return None

    ui.page(path, response_timeout=_BUILDING)(page)


async def _ask(desk: Desk, request: Request) -> None:
    desk.conversation_id = request.query_params.get("c") or None
    infos = await run.io_bound(desk.assistant.reports) or []
    known = {info.report_id for info in infos}
    chosen = known & set(request.query_params.get("reports", "").split(","))
    with frame(desk, "ask") as beside:
        chat = Chat(desk, infos, Choice(reports=chosen), beside)
        await chat.begin()
        await _linked(desk, request, chat.pane)


async def _linked(desk: Desk, request: Request, pane: SourcePane) -> None:
    """The place that a link from elsewhere names: /?report=ID&start=N&end=N."""
    asked = request.query_params
    if not (report_id := asked.get("report")):
        return
    if report := await run.io_bound(desk.report_of, report_id):
        start, end = (int(n) if n.isdecimal() else 0 for n in (asked.get("start", ""), asked.get("end", "")))
        await pane.read(report, (start, end) if start < end <= len(report.text) else (0, 0))
    else:
        ui.notify(say("report_unknown", desk.language), type="warning")


async def _library(desk: Desk, request: Request) -> None:
    infos = await run.io_bound(desk.assistant.reports) or []
    with frame(desk, "library") as beside:
        LibraryView(desk, infos, desk.person.role == "write", beside)


async def _calculators(desk: Desk, request: Request) -> None:
    with frame(desk, "calculators") as beside:
        CalculatorsView(desk, request.query_params.get("tool", ""), beside)

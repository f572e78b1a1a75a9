"""The app: routes, gate, and what starts and stops with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.routing import Route

from assistant import __version__, answerers
from assistant.adapters.api import asking, calculating, finding, openai_shape, operations, problems, reports, telemetry
from assistant.adapters.api.desk import Desk
from assistant.adapters.api.gate import Gate
from assistant.adapters.api.jobs import Jobs
from assistant.adapters.api.keys import Keys, parse
from assistant.adapters.api.ledger import Ledger
from assistant.adapters.api.line import Line
from assistant.adapters.api.metrics import Metrics
from assistant.service import Assistant
from assistant.settings import Settings

_ABOUT = """Ask a folder of broker reports, in Chinese or English; every number comes with its source.

Send `Authorization: Bearer KEY` where the server has keys. Errors are problem details (RFC 9457) with a request id."""


def keys_of(settings: Settings) -> Keys:
    """The keys in force. Raises SettingsError."""
    return parse([secret.get_secret_value() for secret in settings.api_keys])


def create_app(assistant: Assistant, settings: Settings) -> FastAPI:
    """The HTTP API over an assistant, which stays the caller's to close. Raises SettingsError."""
    desk = _desk(assistant, settings)
    app = FastAPI(
        title="Broker report assistant",
        version=__version__,
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=_lifespan(desk),
    )
    app.state.desk = desk
    problems.install(app)
    # The gate has looked at the key by now; this is what tells OpenAPI that there is one.
    locked = [Depends(HTTPBearer(auto_error=False, description="a key of ASSISTANT_API_KEYS"))] if desk.keys else []
    for router in (asking.router, finding.router, reports.router, reports.jobs):
        app.include_router(router, dependencies=locked)
    app.include_router(calculating.router, dependencies=locked)
    app.include_router(openai_shape.router, dependencies=locked)
    app.include_router(operations.router)
    unmatched = problems.Unmatched(app)
    for path in ("/v1/{rest:path}", "/healthz", "/readyz", "/metrics"):
        app.router.routes.append(Route(path, endpoint=unmatched, include_in_schema=False))
    _describe_errors(app)
    app.add_middleware(Gate, desk=desk)
    if desk.origins:
        _allow(app, desk.origins)
    return app


def _describe_errors(app: FastAPI) -> None:
    """Puts the schemas of errors among the components of OpenAPI."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        made = describe()
        made["components"]["schemas"].update(problems.schemas())
        return made

    app.openapi = described  # type: ignore[method-assign]


def _desk(assistant: Assistant, settings: Settings) -> Desk:
    line = Line(settings.concurrency, settings.queue)
    metrics = Metrics(line)
    return Desk(
        assistant=assistant,
        settings=settings,
        keys=keys_of(settings),
        line=line,
        metrics=metrics,
        jobs=Jobs(assistant, settings.home_folder / "uploads", metrics.ingested),
        ledger=Ledger(settings.home_folder / "spending.json"),
        origins=frozenset(settings.cors_origins),
    )


def _lifespan(desk: Desk) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stop_tracing = await asyncio.to_thread(telemetry.start)
        await asyncio.to_thread(desk.jobs.start)
        others = answerers.start(desk.assistant, desk.settings.further_processes)
        try:
            yield
        finally:
            await asyncio.to_thread(desk.line.close)
            await asyncio.to_thread(desk.jobs.close)
            if others:
                await asyncio.to_thread(others.close)
            await asyncio.to_thread(stop_tracing)

    return lifespan


def _allow(app: FastAPI, origins: frozenset[str]) -> None:
    from starlette.middleware.cors import CORSMiddleware

    app.add_middleware(
        CORSMiddleware,
        allow_origins=sorted(origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
        expose_headers=["X-Request-ID", "Location", "Retry-After"],
    )

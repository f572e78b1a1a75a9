"""GET /healthz, /readyz and /metrics, for what keeps the server running."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from assistant import __version__
from assistant.adapters.api import shapes
from assistant.adapters.api.desk import TheDesk
from assistant.adapters.api.problems import Problem, documented

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Is it there?", response_model=shapes.Health, responses=documented(403, 500))
async def healthz() -> shapes.Health:
    """Answers as long as the process does."""
    return shapes.Health(status="ok", version=__version__)


@router.get("/readyz", summary="Can it answer?", response_model=shapes.Health, responses=documented(403, 500, 503))
async def readyz(desk: TheDesk) -> shapes.Health:
    """Says no where the line of questions is full or the server is stopping, so that others are sent elsewhere."""
    if not desk.line.has_room:
        raise Problem(503, "the line of questions is full, or the server is stopping", {"Retry-After": "2"})
    return shapes.Health(status="ready", reports=len(desk.assistant.library))


@router.get("/metrics", summary="For Prometheus", response_class=Response, responses=documented(401, 403, 429, 500))
async def metrics(desk: TheDesk) -> Response:
    """Requests, answers by status, seconds, tokens, money, verdicts, and the line."""
    return Response(desk.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

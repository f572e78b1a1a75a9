"""POST /v1/search and /v1/check: passages without an answer, and a verdict on somebody's text."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from assistant.adapters.api import shapes
from assistant.adapters.api.desk import TheDesk
from assistant.adapters.api.problems import documented
from assistant.adapters.render import check_data, hit_data
from assistant.grounding import Span

router = APIRouter(prefix="/v1", responses=documented(400, 401, 403, 413, 422, 429, 500, 503))


@router.post("/search", tags=["questions"], summary="Find passages", response_model=shapes.Passages)
def search(asked: shapes.Search, desk: TheDesk) -> dict[str, Any]:
    """The `k` best passages, best first."""
    filters = asked.filters.filters() if asked.filters else None
    return {"passages": [hit_data(hit) for hit in desk.assistant.search(asked.query, asked.k, filters)]}


@router.post("/check", tags=["questions"], summary="Check the figures of a text", response_model=shapes.Checked)
def check(given: shapes.CheckText, desk: TheDesk) -> dict[str, Any]:
    """A verdict on every figure of a text: against the library, or against the citations that come with it alone."""
    spans = None
    if given.citations is not None:
        spans = [Span(cited.source, cited.start, cited.end) for cited in given.citations]
    return check_data(desk.assistant.check(given.text, spans))

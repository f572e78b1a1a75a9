"""GET /v1/tools and POST /v1/tools/{name}: the calculators and look-ups."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body

from assistant.adapters.api import shapes
from assistant.adapters.api.desk import TheDesk
from assistant.adapters.api.problems import Problem, documented
from assistant.errors import InputError

router = APIRouter(prefix="/v1/tools", tags=["tools"])
_EXAMPLES = [{"start": "5.8tn", "end": "23tn"}]


@router.get("", summary="List the tools", response_model=shapes.ToolList, responses=documented(401, 403, 429, 500))
def tools(desk: TheDesk) -> dict[str, Any]:
    """Every calculator and look-up with its arguments."""
    return {"tools": [asdict(info) for info in desk.assistant.registry.describe()]}


@router.post(
    "/{name}",
    summary="Run a tool",
    response_model=shapes.ToolResult,
    responses=documented(400, 401, 403, 404, 413, 422, 429, 500, 503),
)
def run(name: str, arguments: Annotated[dict[str, Any], Body(examples=_EXAMPLES)], desk: TheDesk) -> dict[str, Any]:
    """Computes, and shows formula and steps. Values are numbers or text with units; nonsense is refused, 422."""
    tools = desk.assistant.registry
    if name not in {info.name for info in tools.describe()}:
        raise Problem(404, f"there is no tool {name!r}; GET /v1/tools lists them")
    given = arguments["arguments"] if list(arguments) == ["arguments"] else arguments
    if not isinstance(given, dict):
        raise Problem(422, "the arguments should be an object", error="the arguments should be an object")
    try:
        found = tools.run(name, given)
    except InputError as refusal:
        raise Problem(422, str(refusal), error=str(refusal)) from None
    return {field: getattr(found, field) for field in shapes.ToolResult.model_fields}

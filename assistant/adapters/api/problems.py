"""Errors as problem details (RFC 9457); under OpenAI's addresses in OpenAI's shape. No traces, paths or secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.types import Receive, Scope, Send

from assistant.errors import AssistantError, InputError

UNEXPECTED = "an unexpected error; the server's log tells more under this request id"
_OPENAI = ("/v1/chat/", "/v1/models")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_DETAILS = {404: "there is nothing at this address", 405: "this address takes other methods"}
_TITLES = {499: "Client Closed Request"}  # nobody reads it but the log
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_OPENAI_CODES = {401: "invalid_api_key", 404: "not_found", 413: "too_large", 429: "rate_limit_exceeded"}


class Problem(Exception):
    """A request that can't be served: the HTTP status, a sentence for the person, headers and further members."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.members = status, detail, dict(headers or {}), members


class ProblemDetails(BaseModel):
    """Why a request could not be served (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(description="what the status means", examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(description="a sentence for the person", examples=["question: Field required"])
    request_id: str = Field(examples=["3f9c1d2e8a7b4c60"])


class OpenAIError(BaseModel):
    """An error in OpenAI's shape."""

    message: str
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = None
    code: str | None = None


class OpenAIErrors(BaseModel):
    """An error in OpenAI's shape, as its clients read it."""

    error: OpenAIError


def documented(*statuses: int, openai: bool = False) -> dict[int | str, dict[str, Any]]:
    """The errors of a route for OpenAPI."""
    model: type[BaseModel] = OpenAIErrors if openai else ProblemDetails
    media = "application/json" if openai else "application/problem+json"
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {media: {"schema": schema}}}
        for status in statuses
    }


def schemas() -> dict[str, Any]:
    """The schemas that `documented` refers to, for the components of OpenAPI."""
    made = OpenAIErrors.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"ProblemDetails": ProblemDetails.model_json_schema(), **made.pop("$defs"), "OpenAIErrors": made}


def problem_of(error: BaseException) -> Problem:
    """What a person is told of an error."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, InputError):
        return Problem(422, str(error))
    if isinstance(error, AssistantError):
        return Problem(503, str(error))
    if isinstance(error, HTTPException):
        return Problem(error.status_code, _DETAILS.get(error.status_code, str(error.detail)), error.headers)
    return Problem(500, UNEXPECTED)


def body(problem: Problem, scope: Scope) -> dict[str, Any]:
    """The problem as the JSON that this address answers with."""
    request_id = scope.get("state", {}).get("request_id", "")
    if scope["path"].startswith(_OPENAI):
        kind = _OPENAI_TYPES.get(problem.status, "server_error" if problem.status >= 500 else "invalid_request_error")
        code = problem.members.get("code") or _OPENAI_CODES.get(problem.status)
        return {"error": {"message": problem.detail, "type": kind, "param": problem.members.get("param"), "code": code}}
    title = _TITLES.get(problem.status) or HTTPStatus(problem.status).phrase
    told = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}
    return {**told, "request_id": request_id, **problem.members}


def response(problem: Problem, scope: Scope) -> Response:
    """The problem as a response."""
    media = "application/json" if scope["path"].startswith(_OPENAI) else "application/problem+json"
    # ASCII: what a request holds may come back in a sentence, and halves of characters can't be written as UTF-8
    return Response(json.dumps(body(problem, scope)), problem.status, problem.headers, media)


def install(app: FastAPI) -> None:
    """Makes every error of an app a problem."""

    async def ours(request: Request, error: Exception) -> Response:
        return response(problem_of(error), request.scope)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return response(_invalid(error, request.scope), request.scope)

    app.add_exception_handler(Problem, ours)
    app.add_exception_handler(AssistantError, ours)
    app.add_exception_handler(HTTPException, ours)
    app.add_exception_handler(RequestValidationError, invalid)


class Unmatched:
    """An endpoint for what no route of an app takes: says which methods an address takes, or that it is none.

    It stands behind the app's routes and before whatever else is mounted, whose pages are no answer to a program.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses."""
        methods = [method for method in _METHODS if self._takes(scope, method)]
        status, headers = (405, {"Allow": ", ".join(methods)}) if methods else (404, {})
        await response(Problem(status, _DETAILS[status], headers), scope)(scope, receive, send)

    def _takes(self, scope: Scope, method: str) -> bool:
        routes = [route for route in self._app.router.routes if getattr(route, "endpoint", None) is not self]
        asked = {**scope, "method": method}
        return any(route.matches(dict(asked))[0] is Match.FULL and not isinstance(route, Mount) for route in routes)


def _invalid(error: RequestValidationError, scope: Scope) -> Problem:
    """What does not fit the schema: as a sentence, and each place on its own. OpenAI answers such things with 400."""
    found = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"][1:])
        found.append({"field": place, "message": str(item["msg"])})
    told = "; ".join(f"{item['field']}: {item['message']}" if item["field"] else item["message"] for item in found[:5])
    if scope["path"].startswith(_OPENAI):
        return Problem(400, told, param=found[0]["field"] or None)
    return Problem(422, told, errors=found[:20])

"""The assistant over MCP: tools to ask, find, read and compute; reports as resources; prompts to start from."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI
from mcp import types as wire
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.routing import Route

from assistant import __version__
from assistant.adapters.render import answer_data, check_data, hit_data, info_data
from assistant.errors import AssistantError, InputError
from assistant.service import Assistant
from assistant.types import Answer, Filters

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from starlette.types import Receive, Scope, Send

log = logging.getLogger(__name__)

Ask = Callable[[Any, str, Filters], Awaitable[Answer]]
"""Answers a question; the first argument is the HTTP request it came with, None over stdio."""

_SCHEME = "report://"
_MOST_READ = 20_000  # characters
_NOT_FOUND, _INVALID, _INTERNAL = -32002, -32602, -32603


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Narrowed(_Input):
    reports: list[str] = Field(default=[], description="Only these reports, by id")
    issuer: str | None = Field(default=None, description="Only this broker's reports, by any of its names")
    since: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = Field(
        default=None, description="Only reports dated this day or later, e.g. 2026-06-30"
    )
    until: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = Field(
        default=None, description="Only reports dated this day or earlier"
    )

    def filters(self) -> Filters:
        return Filters(tuple(self.reports), self.issuer, self.since, self.until)


class _Ask(_Narrowed):
    question: str = Field(min_length=1, max_length=20_000, description="In Chinese or English")


class _Search(_Narrowed):
    query: str = Field(min_length=1, max_length=20_000)
    k: int = Field(default=10, ge=1, le=100, description="How many passages")


class _ListReports(_Input):
    pass


class _ReadReport(_Input):
    report_id: str = Field(description="An id of list_reports, or the unique beginning of one")
    page: int | None = Field(default=None, ge=1, description="A page, for reports that have pages")
    start: int = Field(default=0, ge=0, description="The first character")
    end: int | None = Field(default=None, ge=0, description="Where to stop")


class _CheckText(_Input):
    text: str = Field(max_length=1_000_000, description="The text whose figures are to be checked")


_OWN: dict[str, type[_Input]] = {
    "ask": _Ask,
    "search": _Search,
    "list_reports": _ListReports,
    "read_report": _ReadReport,
    "check_text": _CheckText,
}


def serve_stdio(assistant: Assistant) -> None:
    """Serves one client over standard input and output, until it closes them."""

    async def run() -> None:
        server = make_server(assistant, _asker(assistant))
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    asyncio.run(run())


def mount(app: FastAPI, assistant: Assistant, ask: Ask | None = None) -> None:
    """Puts the assistant at /mcp (streamable HTTP, no sessions) of an app, which guards it. `ask` answers questions."""
    server = make_server(assistant, ask or _asker(assistant))
    manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True)
    inner = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(running: Any) -> AsyncIterator[Any]:
        async with manager.run(), inner(running) as state:
            yield state

    app.router.lifespan_context = lifespan
    app.router.routes.append(Route("/mcp", endpoint=_Endpoint(manager)))


def make_server(assistant: Assistant, ask: Ask) -> Server[Any]:
    """The MCP server over an assistant."""
    door = _Door(assistant, ask)
    return Server(
        "broker-report-assistant",
        version=__version__,
        title="Broker report assistant",
        instructions=_prose()["instructions"]["text"],
        on_list_tools=door.list_tools,
        on_call_tool=door.call_tool,
        on_list_resources=door.list_resources,
        on_list_resource_templates=door.list_templates,
        on_read_resource=door.read_resource,
        on_list_prompts=door.list_prompts,
        on_get_prompt=door.get_prompt,
    )


def _asker(assistant: Assistant) -> Ask:
    """Asks in a thread; a client that cancels stops the work."""

    async def ask(request: Any, question: str, filters: Filters) -> Answer:
        stop = threading.Event()

        def work() -> Answer | None:
            with contextlib.closing(assistant.stream(question, filters)) as events:  # type: ignore[type-var]
                for event in events:
                    if event.kind == "answer":
                        return event.data  # type: ignore[no-any-return]
                    if stop.is_set():
                        break
            return None

        try:
            answer = await asyncio.to_thread(work)
        finally:
            stop.set()
        if answer is None:
            raise InputError("the question was cancelled")
        return answer

    return ask


class _Endpoint:
    """An ASGI app, as a route takes it."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Door:
    """What the server answers with."""

    assistant: Assistant
    ask: Ask

    # ------------------------------------------------------------ tools

    async def list_tools(self, context: ServerRequestContext[Any], params: Any) -> wire.ListToolsResult:
        """Ours, then every calculator and look-up."""
        registry = self.assistant.registry
        own = [_own_tool(name) for name in _OWN]
        others = [
            wire.Tool(
                name=info.name,
                title=f"{info.summary_en} · {info.summary_zh}",
                description=f"{info.summary_en}. {info.use} Result: {info.result_unit}.",
                input_schema=registry.schema(info.name),
                annotations=wire.ToolAnnotations(read_only_hint=True, open_world_hint=False),
            )
            for info in registry.describe()
        ]
        return wire.ListToolsResult(tools=own + others)

    async def call_tool(
        self, context: ServerRequestContext[Any], params: wire.CallToolRequestParams
    ) -> wire.CallToolResult:
        """A refusal is a result with `is_error`, so that a model can correct itself."""
        given = dict(params.arguments or {})
        try:
            text, data = await self._called(context, params.name, given)
        except AssistantError as refusal:
            return wire.CallToolResult(content=[_text(str(refusal))], is_error=True)
        except ValidationError as invalid:
            return wire.CallToolResult(content=[_text(_sentence(params.name, invalid))], is_error=True)
        except Exception as error:
            return wire.CallToolResult(content=[_text(_told(error))], is_error=True)
        return wire.CallToolResult(content=[_text(text)], structured_content=data)

    async def _called(self, context: Any, name: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if name not in _OWN:
            made = await asyncio.to_thread(self.assistant.registry.run, name, given)
            data = _plain(asdict(made))
        elif name == "ask":
            asked = _Ask.model_validate(given)
            answer = await self.ask(context.request, asked.question, asked.filters())
            return _answer_text(answer), _plain(answer_data(answer))
        else:
            data = _plain(await asyncio.to_thread(_CALLS[name], self.assistant, _OWN[name].model_validate(given)))
        return json.dumps(data, ensure_ascii=False), data

    # ------------------------------------------------------------ resources

    async def list_resources(self, context: ServerRequestContext[Any], params: Any) -> wire.ListResourcesResult:
        """Every report."""
        resources = [
            wire.Resource(
                uri=f"{_SCHEME}{info.report_id}",
                name=info.source,
                title=info.title,
                description=" · ".join(part for part in (info.issuer, info.date) if part) or None,
                mime_type="text/plain",
            )
            for info in self.assistant.reports()
        ]
        return wire.ListResourcesResult(resources=resources)

    async def list_templates(self, context: ServerRequestContext[Any], params: Any) -> wire.ListResourceTemplatesResult:
        """The form of a report's address."""
        text = "The text of a report that all offsets count in"
        template = wire.ResourceTemplate(
            uri_template=f"{_SCHEME}{{report_id}}", name="report", description=text, mime_type="text/plain"
        )
        return wire.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(
        self, context: ServerRequestContext[Any], params: wire.ReadResourceRequestParams
    ) -> wire.ReadResourceResult:
        """A report's whole text."""
        uri = str(params.uri)
        if not uri.startswith(_SCHEME):
            raise MCPError(_NOT_FOUND, f"there is no resource {uri}; reports are {_SCHEME}ID")
        try:
            report = await asyncio.to_thread(self.assistant.report, uri.removeprefix(_SCHEME).strip("/"))
        except InputError as error:
            raise MCPError(_NOT_FOUND, str(error)) from None
        except AssistantError as error:
            raise MCPError(_INTERNAL, str(error)) from None
        contents = wire.TextResourceContents(uri=uri, mime_type="text/plain", text=report.text)
        return wire.ReadResourceResult(contents=[contents])

    # ------------------------------------------------------------ prompts

    async def list_prompts(self, context: ServerRequestContext[Any], params: Any) -> wire.ListPromptsResult:
        """What a person may start from."""
        prompts = [
            wire.Prompt(
                name=name,
                title=prompt["title"],
                arguments=[
                    wire.PromptArgument(name=argument, description=text, required=True)
                    for argument, text in prompt["arguments"].items()
                ],
            )
            for name, prompt in _prose()["prompts"].items()
        ]
        return wire.ListPromptsResult(prompts=prompts)

    async def get_prompt(
        self, context: ServerRequestContext[Any], params: wire.GetPromptRequestParams
    ) -> wire.GetPromptResult:
        """A prompt with its arguments put in."""
        prompt = _prose()["prompts"].get(params.name)
        if prompt is None:
            raise MCPError(_INVALID, f"there is no prompt {params.name!r}")
        given = params.arguments or {}
        missing = [name for name in prompt["arguments"] if not given.get(name)]
        if missing:
            raise MCPError(_INVALID, f"{params.name} also needs {' and '.join(missing)}")
        text = prompt["text"]
        for name in prompt["arguments"]:
            text = text.replace(f"{{{name}}}", given[name])
        return wire.GetPromptResult(messages=[wire.PromptMessage(role="user", content=_text(text))])


def _search(assistant: Assistant, asked: Any) -> dict[str, Any]:
    return {"passages": [hit_data(hit) for hit in assistant.search(asked.query, asked.k, asked.filters())]}


def _list_reports(assistant: Assistant, asked: Any) -> dict[str, Any]:
    return {"reports": [info_data(info) for info in assistant.reports()]}


def _read_report(assistant: Assistant, asked: Any) -> dict[str, Any]:
    report = assistant.report(asked.report_id)
    start, end = asked.start, len(report.text) if asked.end is None else asked.end
    if asked.page is not None:
        page = next((page for page in report.pages if page.number == asked.page), None)
        if page is None:
            raise InputError(f"{report.source} has no page {asked.page}; read it by start and end")
        start, end = page.start, page.end
    end = min(end, start + _MOST_READ, len(report.text))
    return {
        "report_id": report.report_id,
        "source": report.source,
        "text": report.text[start:end],
        "start": start,
        "end": max(start, end),
        "characters": len(report.text),
        "next": end if start < end < len(report.text) else None,
    }


def _check_text(assistant: Assistant, asked: Any) -> dict[str, Any]:
    return check_data(assistant.check(asked.text))


_CALLS: Mapping[str, Callable[[Assistant, Any], dict[str, Any]]] = {
    "search": _search,
    "list_reports": _list_reports,
    "read_report": _read_report,
    "check_text": _check_text,
}


def _own_tool(name: str) -> wire.Tool:
    prose = _prose()["tools"][name]
    return wire.Tool(
        name=name,
        title=prose["title"],
        description=prose["text"],
        input_schema=_OWN[name].model_json_schema(),
        annotations=wire.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


def _answer_text(answer: Answer) -> str:
    """The text with its sources, for models that read text alone."""
    lines = [answer.text, ""]
    lines += [f"[{c.n}] {c.source} {c.start}–{c.end}: {c.quote}" for c in answer.citations]
    lines += [f"[{made.id}] {made.formula}: {made.substituted}" for made in answer.calculations]
    return "\n".join([*lines, *(f"! {warning}" for warning in answer.warnings)]).rstrip()


def _text(text: str) -> wire.TextContent:
    return wire.TextContent(type="text", text=text)


def _plain(data: Any) -> Any:
    """JSON's own types."""
    return json.loads(json.dumps(data, ensure_ascii=False, default=str))


def _sentence(name: str, invalid: ValidationError) -> str:
    first = invalid.errors()[0]
    return f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}"


def _told(error: Exception) -> str:
    """What a door's own refusal says (it has a `detail`), else that something unexpected happened."""
    detail = getattr(error, "detail", None)
    if not detail:
        log.exception("a tool failed")
    return str(detail or "an unexpected error; the server's log tells more")


@cache
def _prose() -> dict[str, Any]:
    return tomllib.loads(files("assistant").joinpath("data/mcp.toml").read_text(encoding="utf-8"))

"""The assistant over MCP, through the official client: standard input and output, and streamable HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, MCPError, StdioServerParameters

from assistant.adapters import mcp
from assistant.adapters.api.app import create_app
from assistant.adapters.api.asking import asker
from assistant.bootstrap import open_assistant
from assistant.settings import Settings
from assistant.tools import describe
from fakes.serving import serving
from loops import run

NOTE = """# 云端周报

报告日期：2026年4月8日

国信证券研究所

## 需求

云端业务的资本开支上调到 12 亿元，同比增长四成。毛利率为 31%。
"""
QUESTION = "云端业务的资本开支是多少?"
WORKED = Path(__file__).parents[1] / "data" / "worked_cases.jsonl"

Use = Callable[[Client], Awaitable[None]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    note = tmp_path / "cloud.txt"
    note.write_text(NOTE, encoding="utf-8")
    settings = Settings(ASSISTANT_HOME=tmp_path / "home")
    with contextlib.closing(open_assistant(settings)) as assistant:
        list(assistant.ingest([note]))
    return settings


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    with contextlib.closing(open_assistant(settings)) as assistant:
        app = create_app(assistant, settings)
        mcp.mount(app, assistant, asker(app.state.desk))
        with serving(app) as address:
            yield address


def test_everything_works_over_http(address: str) -> None:
    run(_with(f"{address}/mcp", _everything))
    assert 'assistant_answers_total{status="answered"} 1.0' in httpx.get(f"{address}/metrics").text


def test_everything_works_over_standard_input_and_output(settings: Settings) -> None:
    environment = {**os.environ, "ASSISTANT_HOME": str(settings.home)}
    command = StdioServerParameters(command=sys.executable, args=["-m", "assistant", "mcp"], env=environment)
    run(_with(command, _everything))


def test_every_tool_can_be_called(address: str) -> None:
    run(_with(f"{address}/mcp", _every_tool))


def test_without_its_key_nobody_gets_in(settings: Settings) -> None:
    locked = Settings(ASSISTANT_HOME=settings.home, ASSISTANT_API_KEYS="desk-key-1")
    with contextlib.closing(open_assistant(locked)) as assistant:
        app = create_app(assistant, locked)
        mcp.mount(app, assistant)
        with serving(app) as address:
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            assert httpx.post(f"{address}/mcp", json=body).status_code == 401


@contextlib.asynccontextmanager
async def _connected(server: Any) -> AsyncIterator[Client]:
    async with Client(server, read_timeout_seconds=60) as client:
        yield client


async def _with(server: Any, use: Use) -> None:
    async with _connected(server) as client:
        await use(client)


async def _everything(client: Client) -> None:
    answer = (await client.call_tool("ask", {"question": QUESTION})).structured_content
    assert answer["status"] == "answered" and "12 亿元" in answer["text"]
    cited = answer["citations"][0]
    listed = (await client.call_tool("list_reports", {})).structured_content["reports"]
    assert [report["source"] for report in listed] == ["cloud.txt"]
    place = {"report_id": cited["report_id"], "start": cited["start"], "end": cited["end"]}
    assert (await client.call_tool("read_report", place)).structured_content["text"] == cited["quote"]
    resource = (await client.list_resources()).resources[0]
    assert (await client.read_resource(resource.uri)).contents[0].text == NOTE  # type: ignore[union-attr]
    found = (await client.call_tool("search", {"query": "毛利率", "k": 1})).structured_content["passages"]
    assert "31%" in found[0]["text"]
    checked = (await client.call_tool("check_text", {"text": "毛利率为 13%。"})).structured_content
    assert checked["verified"] is False
    prompt = await client.get_prompt("check_draft", {"text": "毛利率 {topic}"})
    assert "毛利率 {topic}" in prompt.messages[0].content.text  # type: ignore[union-attr]
    await _refusals(client)


async def _refusals(client: Client) -> None:
    """A model reads why; a person's mistake in an address is an error of the protocol."""
    for name, arguments, told in (
        ("growth", {"start": 0, "end": 1}, "start"),
        ("ask", {"question": ""}, "question"),
        ("ask", {"question": QUESTION, "reports": ["ffff"]}, "no report"),
        ("read_report", {"report_id": "ffffff"}, "no report"),
        ("no_such_tool", {}, "no tool"),
    ):
        refused = await client.call_tool(name, arguments)
        assert refused.is_error and told in refused.content[0].text  # type: ignore[union-attr]
    with pytest.raises(MCPError, match="no report"):
        await client.read_resource("report://ffffff")
    with pytest.raises(MCPError, match="text"):
        await client.get_prompt("check_draft")


async def _every_tool(client: Client) -> None:
    """Every tool has a schema that takes its worked cases; called with nothing it computes, or says what it needs."""
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert {info.name for info in describe()} | {"ask", "search", "read_report", "check_text"} <= set(tools)
    cases = [json.loads(line) for line in WORKED.read_text(encoding="utf-8").splitlines()]
    for case in {case["tool"]: case for case in cases}.values():
        called = await client.call_tool(case["tool"], case["arguments"])
        assert not called.is_error and called.structured_content["formula"]
    for name, tool in tools.items():
        assert tool.input_schema["type"] == "object" and tool.description
        called = await client.call_tool(name, {})
        assert "unexpected" not in called.content[0].text  # type: ignore[union-attr]
        assert called.is_error or not tool.input_schema.get("required")

"""With a language model: its cost, what was removed, stopping it. With keys: who may come in, and change what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from assistant.bootstrap import open_assistant
from assistant.settings import Settings
from fakes import models
from fakes.openai_server import OpenAIServer
from fakes.replies import Usage, say, stall
from web_chat import ask, served

Open = Callable[..., Page]

NOTE = """# Alpha 证券：星河科技点评

星河科技 2025 年收入 120 亿元，同比增长 20%。管理层预计 2026 年资本开支为 30 亿元。

## 盈利预测

表 1：星河科技盈利预测（百万元）

| 项目 | 2024 | 2025E | 2026E |
|---|---|---|---|
| 收入 | 10000 | 12000 | 15000 |
| 净利润 | 900 | 1200 | 1800 |
"""
QUESTION = "星河科技 2025 年收入是多少?"
READ, WRITE, RARE = "reading-key-0001", "writing-key-0001", "limited-key-0001"


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    """The scripted language model of this module's server."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, model: OpenAIServer) -> Iterator[str]:
    """A server with a model and two keys, one of which may only read."""
    home, note = tmp_path_factory.mktemp("model-site"), tmp_path_factory.mktemp("notes") / "alpha.md"
    note.write_text(NOTE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_HOME", str(home))
        assistant = open_assistant(Settings())
        list(assistant.ingest([note]))
        assistant.close()
    keys = f"desk:read:{READ},rare:read:{RARE}:1/min,{WRITE}"
    settings = {"OPENAI_BASE_URL": model.url, "ASSISTANT_EMBEDDING": "builtin", "ASSISTANT_API_KEYS": keys}
    with served(home, **settings) as running:
        yield running


def enter(open_page: Open, address: str, key: str, path: str = "/") -> Page:
    """A page behind the key."""
    page = open_page("/", address=address, ready=False)
    page.get_by_label("Key").fill(key)
    page.keyboard.press("Enter")
    page.wait_for_function("window.did_handshake")
    if path != "/":
        page.goto(address + path)
        page.wait_for_function("window.did_handshake")
    return page


def writes(text: str, **how: Any) -> Callable[[dict[str, Any]], Any]:
    """A model that says a text, with the key of the evidence that speaks of the revenue put in."""

    def reply(body: dict[str, Any]) -> Any:
        if "did not pass the checks" in models.text_of(body["messages"][-1]):
            return say("NOTHING")
        key = next(block.key for block in models.evidence_in(body) if "120 亿元" in block.text)
        return say(text.format(k=key), usage=Usage(1000, 50, cached=400), **how)

    return reply


def test_a_wrong_key_is_told_and_a_right_one_lets_in_until_one_leaves(open_page: Open, address: str) -> None:
    page = open_page("/", address=address, ready=False, allowed=("401",))
    expect(page.locator("#question")).to_have_count(0)
    page.get_by_label("Key").fill("not-a-key-at-all")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("alert")).to_contain_text("not known")
    page.get_by_label("Key").fill(WRITE)
    page.get_by_role("button", name="Enter").click()
    expect(page.locator("#question")).to_be_visible()
    assert not any(cookie["value"] == WRITE for cookie in page.context.cookies())
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_label("Key")).to_be_visible()


def test_without_a_key_nothing_is_told(open_page: Open, address: str) -> None:
    page = open_page("/", address=address, ready=False, allowed=("401",))
    for path in ("/library", "/calculators", "/?c=abc"):
        page.goto(address + path)
        expect(page.get_by_label("Key")).to_be_visible()
        assert "alpha" not in page.content()
    assert page.request.get(f"{address}/web/pages/abc/1.png").status == 401


def test_a_key_that_may_read_changes_nothing_and_sees_its_own_conversations(
    open_page: Open, address: str, model: OpenAIServer
) -> None:
    model.always(writes("收入为 120 亿元。[{k}]"))
    ask(enter(open_page, address, WRITE), QUESTION)
    page = enter(open_page, address, READ, "/library")
    expect(page.locator(".reports tbody tr")).to_have_count(1)
    expect(page.locator(".zone")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    expect(page.locator(".past a")).to_have_count(0)


def test_a_key_with_a_limit_is_told_when_to_ask_again(open_page: Open, address: str, model: OpenAIServer) -> None:
    model.always(writes("收入为 120 亿元。[{k}]"))
    page = enter(open_page, address, RARE)
    ask(page, QUESTION)
    page.fill("#question", "再问一次?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Too many questions in a minute")).to_be_visible()
    expect(page.locator("#question")).to_have_value("再问一次?")
    expect(page.locator(".turn")).to_have_count(1)


def test_a_models_answer_shows_its_cost_and_what_was_removed(
    open_page: Open, address: str, model: OpenAIServer
) -> None:
    model.always(writes("星河科技 2025 年收入为 120 亿元。[{k}] 2030 年收入为 999 亿元。[{k}]"))
    page = enter(open_page, address, WRITE)
    expect(page.locator(".state")).to_have_text("openai:gpt-5-mini")
    page.fill("#question", QUESTION)
    expect(page.locator(".estimate")).to_contain_text("about $")
    page.keyboard.press("Enter")
    expect(page.locator(".answer footer")).to_contain_text("$0.0")
    expect(page.locator(".words .fig.quoted")).to_have_text("120 亿元")
    expect(page.locator(".total")).to_contain_text("$0.0")
    page.get_by_text("removed by the checks").click()
    expect(page.locator(".removed del")).to_contain_text("999 亿元")


def test_a_table_that_a_model_writes_is_a_table_of_figures(open_page: Open, address: str, model: OpenAIServer) -> None:
    def reply(body: dict[str, Any]) -> Any:
        key = next(block.key for block in models.evidence_in(body) if "15000" in block.text)
        return say(f"| 项目 | 2025E | 2026E |\n|---|---|---|\n| 收入 | 12000 [{key}] | 15000 [{key}] |")

    model.always(reply)
    page = enter(open_page, address, WRITE)
    ask(page, "星河科技 2025E 和 2026E 的收入?")
    expect(page.locator(".words table th").nth(1)).to_have_text("2025E")
    page.locator(".words td .fig", has_text="15000").click()
    expect(page.locator(".pane td mark")).to_have_text("15000")


def test_stopping_ends_the_models_call_and_keeps_what_had_come(
    open_page: Open, address: str, model: OpenAIServer
) -> None:
    def reply(body: dict[str, Any]) -> Any:
        key = next(block.key for block in models.evidence_in(body) if "120 亿元" in block.text)
        return stall(say(f"收入为 120 亿元。[{key}] 资本开支为 30 亿元。[{key}] 完。"), after=36, seconds=60)

    model.always(reply)
    page = enter(open_page, address, WRITE)
    page.fill("#question", QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".answer[aria-busy] .fig", has_text="120 亿元")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".turn .warning").last).to_contain_text("Stopped")
    model.wait_running(0)
    expect(page.locator("#send")).to_be_visible()
    page.reload()
    expect(page.locator(".words .fig", has_text="120 亿元")).to_be_visible()

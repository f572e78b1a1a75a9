"""POST /v1/ask over a real connection: whole answers, streams, conversations, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from assistant.adapters.api.app import create_app
from assistant.bootstrap import open_assistant
from assistant.service import Assistant
from assistant.settings import Settings
from fakes.serving import serving

NOTE = """# 云端周报

报告日期：2026年4月8日

国信证券研究所

## 需求

云端业务的资本开支上调到 12 亿元，同比增长四成。毛利率为 31%。
"""
QUESTION = "云端业务的资本开支是多少?"


@pytest.fixture
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    note = tmp_path_factory.mktemp("notes") / "cloud.txt"
    note.write_text(NOTE, encoding="utf-8")
    assistant = open_assistant(Settings())
    list(assistant.ingest([note]))
    yield assistant
    assistant.close()


@pytest.fixture
def client(assistant: Assistant) -> Iterator[httpx.Client]:
    with serving(create_app(assistant, Settings())) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    """The server-sent events of a body."""
    found = []
    for block in text.strip().split("\n\n"):
        kind, data = block.split("\n")
        found.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_an_answer_quotes_the_text_that_the_server_gives(client: httpx.Client) -> None:
    answer = client.post("/v1/ask", json={"question": QUESTION}).raise_for_status().json()
    assert answer["status"] == "answered" and "12 亿元" in answer["text"]
    cited = answer["citations"][0]
    text = client.get(f"/v1/reports/{cited['report_id']}/text").text
    assert text == NOTE and text[cited["start"] : cited["end"]] == cited["quote"]


def test_a_stream_ends_with_the_whole_answer_and_adds_up_to_its_text(client: httpx.Client) -> None:
    told = client.post("/v1/ask", json={"question": QUESTION, "stream": True})
    assert told.headers["content-type"].startswith("text/event-stream")
    sent = events(told.text)
    kind, answer = sent[-1]
    assert kind == "answer" and [kind for kind, _ in sent].count("answer") == 1
    assert "".join(str(data["text"]) for kind, data in sent if kind == "delta") == answer["text"]
    assert [data for kind, data in sent if kind == "citation"] == answer["citations"]


def test_questions_may_share_a_conversation(client: httpx.Client, assistant: Assistant) -> None:
    first = client.post("/v1/ask", json={"question": QUESTION}).json()["conversation_id"]
    again = client.post("/v1/ask", json={"question": "毛利率呢?", "conversation_id": first}).json()
    assert again["conversation_id"] == first
    assert [turn.question for turn in assistant.conversations.turns(first)] == [QUESTION, "毛利率呢?"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"question": QUESTION, "conversation_id": "nobody"}, 404, "no conversation 'nobody'"),
        ({"question": QUESTION, "filters": {"reports": ["ffff"]}}, 422, "no report 'ffff'"),
        ({"question": QUESTION, "filters": {"since": "2026-02-30"}}, 422, "filters.since"),
        ({"question": ""}, 422, "question"),
        ({"question": 5}, 422, "question"),
        ({}, 422, "question"),
    ],
)
def test_a_refusal_says_what_is_wrong(
    client: httpx.Client, asked: dict[str, object], status: int, told: str, stream: bool
) -> None:
    refused = client.post("/v1/ask", json=asked | {"stream": stream})
    problem = refused.json()
    assert refused.status_code == problem["status"] == status and told in problem["detail"]
    assert refused.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == refused.headers["x-request-id"]

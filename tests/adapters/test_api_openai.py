"""The chat interface through the real clients: `openai` and LangChain's ChatOpenAI, unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI

from assistant.adapters.api.app import create_app
from assistant.bootstrap import open_assistant
from assistant.settings import Settings
from fakes.serving import serving

NOTE = """# 云端周报

报告日期：2026年4月8日

国信证券研究所

## 需求

示例科技 2026 年的资本开支为 12 亿元，2027 年的资本开支为 15 亿元。毛利率为 31%。
"""
QUESTION = "示例科技 2026 年的资本开支是多少?"
MODEL = "broker-report-assistant"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "cloud.txt").write_text(NOTE, encoding="utf-8")
    settings = Settings(ASSISTANT_HOME=folder / "home", ASSISTANT_API_KEYS="desk-key-1,reader:read:desk-key-2")
    assistant = open_assistant(settings)
    list(assistant.ingest([Path(folder / "cloud.txt")]))
    with serving(create_app(assistant, settings)) as address:
        yield address
    assistant.close()


@pytest.fixture
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="desk-key-2", max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, *texts: str, **more: Any) -> Any:
    """Asks with user and assistant messages in turn."""
    roles = ("user", "assistant")
    messages: Any = [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]
    return client.chat.completions.create(model=MODEL, messages=messages, **more)


def test_a_reply_names_its_sources_in_annotations_and_below_the_text(client: openai.OpenAI) -> None:
    reply = ask(client, QUESTION, temperature=0, tools=[], user="u")
    message = reply.choices[0].message
    assert "12 亿元" in message.content and "[1] cloud.txt · Guosen Securities · 2026-04-08" in message.content
    first = message.annotations[0].url_citation
    assert message.content[first.start_index : first.end_index] == "[1]" and "/v1/reports/" in first.url
    assert message.annotations[0].citation["quote"] in NOTE
    assert reply.choices[0].finish_reason == "stop" and reply.usage.total_tokens == 0
    assert reply.answer["status"] == "answered"


def test_a_stream_adds_up_to_the_reply(client: openai.OpenAI) -> None:
    chunks = list(ask(client, QUESTION, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == ask(client, QUESTION).choices[0].message.content
    assert chunks[-1].usage.total_tokens == 0 and chunks[-1].choices == []
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert all(chunk.usage is None for chunk in ask(client, QUESTION, stream=True))


def test_a_question_may_lean_on_the_messages_before_it(client: openai.OpenAI) -> None:
    alone = ask(client, "那 2027 年呢?")
    before = ask(client, QUESTION).choices[0].message.content
    after = ask(client, QUESTION, before, "那 2027 年呢?")
    understood = "示例科技 2027 年的资本开支是多少?"
    assert "15 亿元" in after.choices[0].message.content
    assert any(understood in warning for warning in after.answer["warnings"])
    assert understood in after.choices[0].message.content and not alone.answer["warnings"]


def test_parts_of_a_message_are_read_as_text(client: openai.OpenAI) -> None:
    parts = [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    message: Any = {"role": "user", "content": parts}
    reply = client.chat.completions.create(model="any-name", messages=[message])
    assert "12 亿元" in (reply.choices[0].message.content or "")


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).object == "model"
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("gpt-9")
    assert refused.value.code == "model_not_found"


def test_errors_have_the_classes_that_clients_know(client: openai.OpenAI, address: str) -> None:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="wrong", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError) as refused:
            ask(stranger, QUESTION)
        assert refused.value.code == "invalid_api_key"
        with pytest.raises(openai.AuthenticationError):
            stranger.models.list()
    messages: Any = [{"role": "assistant", "content": "Hello"}]
    with pytest.raises(openai.BadRequestError, match="last message"):
        client.chat.completions.create(model=MODEL, messages=messages)
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.chat.completions.create(model=MODEL, messages=[])
    with pytest.raises(openai.BadRequestError):
        ask(client, QUESTION, n=3)


def test_langchain_takes_the_assistant_for_a_model(address: str) -> None:
    chat = ChatOpenAI(model=MODEL, base_url=f"{address}/v1", api_key="desk-key-1", stream_usage=True)
    reply = chat.invoke([HumanMessage(QUESTION)])
    assert "12 亿元" in str(reply.content) and reply.usage_metadata is not None
    streamed = "".join(str(chunk.content) for chunk in chat.stream([HumanMessage(QUESTION)]))
    assert streamed == reply.content
    again = chat.invoke([HumanMessage(QUESTION), AIMessage(reply.content), HumanMessage("那 2027 年呢?")])
    assert "15 亿元" in str(again.content)

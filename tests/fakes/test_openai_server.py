"""The scripted server behaves as OpenAI's does, seen through the real clients."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr, ValidationError

from fakes.openai_server import EMBEDDINGS, OpenAIServer
from fakes.replies import (
    COMMENT,
    ERROR_EVENT,
    NO_CHOICES,
    NOT_JSON,
    Completion,
    Response,
    Usage,
    call,
    cut,
    fail,
    garbled,
    hang_up,
    out_of_money,
    page,
    rate_limited,
    raw,
    say,
    slow,
    stall,
    too_long,
    vectors,
    wrong_key,
)

TEXT = "收入同比增长 12%，毛利率 45.3% [k3f9a2]。🙂"
HELLO: Any = [{"role": "user", "content": "你好"}]
TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("growth", "share")
]


@pytest.fixture
def client(openai_server: OpenAIServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=openai_server.url, api_key="sk-test", max_retries=0, timeout=10) as made:
        yield made


def asked(client: openai.OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(model="m", messages=HELLO, **more)


def streamed(client: openai.OpenAI, **more: Any) -> Iterator[str]:
    with asked(client, stream=True, **more) as stream:
        for chunk in stream:
            if chunk.choices:
                yield chunk.choices[0].delta.content or ""


def chat(server: OpenAIServer, **more: Any) -> ChatOpenAI:
    return ChatOpenAI(model="m", base_url=server.url, api_key=SecretStr("sk-test"), max_retries=0, timeout=10, **more)


# ---------------------------------------------------------------- good replies


def test_a_reply_arrives_whole_with_its_usage(openai_server: OpenAIServer, client: openai.OpenAI) -> None:
    openai_server.script(say(TEXT, usage=Usage(prompt=900, completion=30, cached=512, reasoning=7)))
    reply = asked(client, temperature=0)
    assert reply.choices[0].message.content == TEXT and reply.choices[0].finish_reason == "stop"
    assert reply.usage.prompt_tokens_details.cached_tokens == 512 and reply.usage.total_tokens == 930
    [request] = openai_server.requests
    assert request.body["temperature"] == 0 and request.prompt == "你好"
    assert request.headers["authorization"] == "Bearer sk-test"


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_stream_adds_up_to_the_text(openai_server: OpenAIServer, client: openai.OpenAI, size: int) -> None:
    openai_server.script(say(TEXT, chunk=size))
    parts = [part for part in streamed(client) if part]
    assert "".join(parts) == TEXT and len(parts) == -(-len(TEXT) // size)


def test_a_stream_tells_usage_only_when_asked(openai_server: OpenAIServer, client: openai.OpenAI) -> None:
    openai_server.always(say(TEXT, usage=Usage(prompt=5)))
    assert all(chunk.usage is None for chunk in asked(client, stream=True))
    *_, last = asked(client, stream=True, stream_options={"include_usage": True})
    assert last.usage.prompt_tokens == 5 and last.choices == []
    openai_server.always(say(TEXT, usage=None))
    assert asked(client).usage is None
    assert all(chunk.usage is None for chunk in asked(client, stream=True, stream_options={"include_usage": True}))


@pytest.mark.parametrize("stream", [False, True])
def test_parallel_calls_come_with_text_in_one_reply(openai_server: OpenAIServer, stream: bool) -> None:
    openai_server.script(say("先算。") + call("growth", start=1, end=2) + call("share", part="一"))
    model = chat(openai_server, stream_usage=True).bind_tools(TOOLS)
    message: Any = sum_of(model.stream("你好")) if stream else model.invoke("你好")
    assert message.content == "先算。"
    made = [(made["name"], made["args"], made["id"]) for made in message.tool_calls]
    assert made == [("growth", {"start": 1, "end": 2}, "call_1"), ("share", {"part": "一"}, "call_2")]
    assert message.response_metadata["finish_reason"] == "tool_calls"
    assert message.usage_metadata["input_tokens"] == 100
    assert [tool["function"]["name"] for tool in openai_server.requests[0].body["tools"]] == ["growth", "share"]


def sum_of(chunks: Iterator[Any]) -> Any:
    whole: AIMessageChunk | None = None
    for chunk in chunks:
        whole = chunk if whole is None else whole + chunk
    return whole


def test_a_conversation_with_tools(openai_server: OpenAIServer) -> None:
    openai_server.script(call("growth"), call("share"), say("done"))
    model = chat(openai_server).bind_tools(TOOLS)
    messages: list[BaseMessage] = [HumanMessage("?")]
    while (reply := model.invoke(messages)).tool_calls:
        messages += [reply, ToolMessage("1", tool_call_id=reply.tool_calls[0]["id"])]
    assert reply.content == "done"
    assert [message["role"] for message in openai_server.requests[-1].body["messages"]] == [
        "user", "assistant", "tool", "assistant", "tool"
    ]


def test_a_function_acts_as_the_model(openai_server: OpenAIServer, client: openai.OpenAI) -> None:
    openai_server.script(say("first"))
    openai_server.always(lambda body: say(body["messages"][-1]["content"] + "!"))
    assert [asked(client).choices[0].message.content for _ in range(3)] == ["first", "你好!", "你好!"]


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["scripted-model"]


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (wrong_key(), openai.AuthenticationError, "invalid_api_key"),
        (rate_limited(), openai.RateLimitError, "rate_limit_exceeded"),
        (out_of_money(), openai.RateLimitError, "insufficient_quota"),
        (too_long(), openai.BadRequestError, "context_length_exceeded"),
        (fail(404, code="model_not_found"), openai.NotFoundError, "model_not_found"),
        (fail(500), openai.InternalServerError, None),
        (fail(503, retry_after=1), openai.InternalServerError, None),
        (page(502), openai.InternalServerError, None),
        (hang_up(), openai.APIConnectionError, None),
    ],
)
def test_a_failure_has_its_class_in_both_clients(
    openai_server: OpenAIServer,
    client: openai.OpenAI,
    reply: Response,
    error: type[openai.OpenAIError],
    code: str | None,
) -> None:
    openai_server.always(reply)
    with pytest.raises(error) as caught:
        asked(client)
    assert getattr(caught.value, "code", None) == code
    with pytest.raises(error):
        chat(openai_server).invoke("你好")
    with pytest.raises(error):
        list(chat(openai_server).stream("你好"))
    assert len(openai_server.requests) == 3


def test_another_key_is_refused() -> None:
    with (
        OpenAIServer(key="sk-right") as server,
        openai.OpenAI(base_url=server.url, api_key="sk-wrong") as wrong,
        openai.OpenAI(base_url=server.url, api_key="sk-right") as right,
    ):
        server.script(say("in"))
        with pytest.raises(openai.AuthenticationError):
            asked(wrong)
        assert asked(right).choices[0].message.content == "in"


def test_the_client_tries_again_after_the_time_told(openai_server: OpenAIServer) -> None:
    openai_server.script(rate_limited(0.01), fail(503, retry_after=0.01), say("at last"))
    with openai.OpenAI(base_url=openai_server.url, api_key="k", max_retries=2) as client:
        assert asked(client).choices[0].message.content == "at last"


def test_a_stream_is_cut_at_the_character(openai_server: OpenAIServer, client: openai.OpenAI) -> None:
    openai_server.always(cut(TEXT, after=7))
    parts: list[str] = []
    with pytest.raises(openai.APIConnectionError):
        parts.extend(streamed(client))
    assert "".join(parts) == TEXT[:7]
    with pytest.raises(openai.APIConnectionError):
        asked(client)


def test_a_call_is_cut_within_its_arguments(openai_server: OpenAIServer, client: openai.OpenAI) -> None:
    openai_server.script(cut(say("先算") + call("growth", start=1), after=8))
    chunks: list[Any] = []
    with pytest.raises(openai.APIConnectionError):
        chunks.extend(asked(client, stream=True))
    calls = [made for chunk in chunks for made in chunk.choices[0].delta.tool_calls or ()]
    assert "".join(made.function.arguments for made in calls) == '{"star'


def test_a_stalled_reply_runs_into_the_time_out(openai_server: OpenAIServer) -> None:
    openai_server.always(stall(TEXT, after=3))
    with openai.OpenAI(base_url=openai_server.url, api_key="k", max_retries=0, timeout=0.2) as client:
        with pytest.raises(openai.APITimeoutError):
            asked(client)
        with pytest.raises(openai.APITimeoutError):
            list(streamed(client))
    assert openai_server.wait_until(lambda: len(openai_server.abandoned) == 2)
    assert openai_server.wait_running(0)


def test_closing_ends_what_stalls() -> None:
    failed: list[Exception] = []

    def ask(url: str) -> None:
        with openai.OpenAI(base_url=url, api_key="k", max_retries=0) as client:
            try:
                asked(client)
            except openai.APIConnectionError as error:
                failed.append(error)

    with OpenAIServer() as server:
        server.always(stall(TEXT, seconds=3600))
        asking = threading.Thread(target=ask, args=(server.url,))
        asking.start()
        assert server.wait_running(1)
    asking.join()
    assert len(failed) == 1 and server.running == 0 and server.abandoned == []


def test_a_client_that_goes_away_is_noticed(openai_server: OpenAIServer, client: openai.OpenAI) -> None:
    openai_server.always(slow(TEXT, delay=0.05))
    assert "".join(streamed(client)) == TEXT
    assert openai_server.wait_running(0) and openai_server.abandoned == []
    for _ in streamed(client):
        break
    assert openai_server.wait_running(0) and openai_server.abandoned == [openai_server.requests[1]]


def test_a_cancelled_answer_leaves_nothing_running(openai_server: OpenAIServer) -> None:
    openai_server.always(stall(TEXT, after=9))

    async def first_piece() -> str:
        async for chunk in chat(openai_server).astream("你好"):
            if chunk.text:
                return chunk.text
        return ""

    async def cancelled() -> None:
        asking = asyncio.create_task(chat(openai_server).ainvoke("你好"))
        await asyncio.to_thread(openai_server.wait_running, 1)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking

    assert asyncio.run(first_piece()) == TEXT[:8]
    assert openai_server.wait_running(0) and len(openai_server.abandoned) == 1
    asyncio.run(cancelled())
    assert openai_server.wait_running(0) and len(openai_server.abandoned) == 2  # not a token more is paid for


# ---------------------------------------------------------------- misbehaviour


def test_noise_between_events(openai_server: OpenAIServer, client: openai.OpenAI) -> None:
    openai_server.script(say(TEXT, noise=(COMMENT, NO_CHOICES)))
    assert "".join(streamed(client)) == TEXT
    openai_server.script(say(TEXT, noise=(NOT_JSON,)), say(TEXT, noise=(ERROR_EVENT,)))
    with pytest.raises(json.JSONDecodeError):
        list(streamed(client))
    with pytest.raises(openai.APIError, match="had an error"):
        list(streamed(client))


@pytest.mark.parametrize("stream", [False, True])
def test_how_a_reply_ended(openai_server: OpenAIServer, stream: bool) -> None:
    openai_server.script(say("", finish="content_filter"), say("半", finish="length"), say("", refusal="No."), say(""))
    model = chat(openai_server)
    filtered, short, refused, empty = (sum_of(model.stream("?")) if stream else model.invoke("?") for _ in range(4))
    assert filtered.content == "" and filtered.response_metadata["finish_reason"] == "content_filter"
    assert short.content == "半" and short.response_metadata["finish_reason"] == "length"
    assert not refused.content and (stream or refused.additional_kwargs["refusal"] == "No.")  # LangChain drops it here
    assert empty.content == "" and not empty.tool_calls


@pytest.mark.parametrize("stream", [False, True])
def test_arguments_that_are_no_object(openai_server: OpenAIServer, stream: bool) -> None:
    openai_server.script(garbled("growth", "start=1") + call("no_such_tool"))
    model = chat(openai_server).bind_tools(TOOLS)
    message: AIMessage = sum_of(model.stream("?")) if stream else model.invoke("?")
    assert "no_such_tool" in [made["name"] for made in message.tool_calls]
    assert "growth" in [made["name"] for made in message.invalid_tool_calls]


def test_arguments_that_langchain_takes_its_own_way(openai_server: OpenAIServer) -> None:
    """Streaming, it closes open brackets itself, so arguments may be missing; not streaming, a list is an error."""
    openai_server.script(garbled("growth", '{"start": 1, "en'), garbled("growth", "[1]"))
    model = chat(openai_server).bind_tools(TOOLS)
    assert sum_of(model.stream("?")).tool_calls[0]["args"] == {"start": 1}
    with pytest.raises(ValidationError):
        model.invoke("?")


@pytest.mark.parametrize(
    "reply", [page(), raw("[]"), raw("data: ", "text/event-stream"), raw("{}", "text/plain")]
)
def test_what_is_no_completion(openai_server: OpenAIServer, client: openai.OpenAI, reply: Response) -> None:
    openai_server.script(reply)
    assert getattr(asked(client), "choices", None) is None


@pytest.mark.parametrize("stream", [False, True])
def test_a_huge_reply(openai_server: OpenAIServer, client: openai.OpenAI, stream: bool) -> None:
    openai_server.script(say(TEXT * 100_000, chunk=100_000))
    text = "".join(streamed(client)) if stream else asked(client).choices[0].message.content
    assert text == TEXT * 100_000


# ---------------------------------------------------------------- what fails the test itself


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"messages": HELLO}, "request 1 to chat/completions: no reply is left"),
        ({"messages": []}, "'messages' is empty"),
        ({"messages": HELLO, "tools": [*TOOLS, *TOOLS]}, "names one twice"),
        ({"messages": [*HELLO, {"role": "tool", "tool_call_id": "x", "content": ""}]}, "answers no tool call"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "call_7"}]}, *HELLO]}, "without an answer: call_7"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "call_7"}]}]}, "at the end: call_7"),
    ],
)
def test_a_request_that_is_not_in_order(request_: dict[str, Any], why: str) -> None:
    with (
        pytest.raises(AssertionError, match=why),
        OpenAIServer() as server,
        openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client,
        suppress(openai.APIStatusError),
    ):
        client.chat.completions.create(model="m", **request_)


def test_a_scripted_function_that_fails_is_told() -> None:
    def model(body: dict[str, Any]) -> Completion:
        raise LookupError("no evidence in the prompt")

    server = OpenAIServer()
    server.always(model)
    with pytest.raises(AssertionError, match="no evidence in the prompt"), server, suppress(openai.APIStatusError):
        asked(openai.OpenAI(base_url=server.url, api_key="k", max_retries=0))


# ---------------------------------------------------------------- embeddings


@pytest.mark.parametrize("encoding", ["float", None])  # unless told, the client asks for base64 and unpacks it
def test_vectors_belong_to_texts(openai_server: OpenAIServer, client: openai.OpenAI, encoding: Any) -> None:
    more = {"encoding_format": encoding} if encoding else {}
    first, second, again = client.embeddings.create(model="m", input=["收入", "利润", "收入"], **more).data
    assert first.embedding == pytest.approx(again.embedding) and len(first.embedding) == 8
    assert first.embedding != pytest.approx(second.embedding)
    assert len(client.embeddings.create(model="m", input="收入", dimensions=3, **more).data[0].embedding) == 3


def test_embeddings_have_a_script_of_their_own(openai_server: OpenAIServer, client: openai.OpenAI) -> None:
    openai_server.script(fail(500), vectors([[1.0, 0.5]]), to=EMBEDDINGS)
    with pytest.raises(openai.InternalServerError):
        client.embeddings.create(model="m", input="x")
    assert client.embeddings.create(model="m", input="x").data[0].embedding == [1.0, 0.5]
    langchain = OpenAIEmbeddings(
        model="m", base_url=openai_server.url, api_key=SecretStr("k"), check_embedding_ctx_length=False
    )
    assert len(langchain.embed_query("收入")) == 8

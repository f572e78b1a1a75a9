"""Embeddings: the builtin one's properties, and the openai one against a real server on loopback."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.embeddings import Builtin, OpenAI, from_setting
from assistant.errors import AssistantError, SettingsError

texts = st.lists(st.text(max_size=40), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(texts)
def test_rows_are_unit_or_zero(batch: list[str]) -> None:
    vectors = Builtin().embed(batch)
    assert vectors.shape == (len(batch), 256) and vectors.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1)
    assert all(abs(length - 1) < 1e-5 or length == 0 for length in lengths)


@settings(max_examples=40, deadline=None)
@given(texts)
def test_a_text_has_one_vector_whatever_stands_beside_it(batch: list[str]) -> None:
    together = Builtin().embed(batch)
    for row, text in zip(together, batch, strict=True):
        np.testing.assert_allclose(row, Builtin().embed([text])[0], atol=1e-6)


def test_more_texts_than_a_block() -> None:
    many = [f"第{i}家公司" for i in range(1100)]
    vectors = Builtin().embed(many)
    np.testing.assert_allclose(vectors[777], Builtin().embed([many[777]])[0], atol=1e-6)


def test_both_scripts_and_widths_are_one() -> None:
    simplified, traditional = Builtin().embed(["腾讯云业务增长，毛利率", "騰訊雲業務增長，毛利率"])
    assert simplified @ traditional == pytest.approx(1, abs=1e-5)
    full, half = Builtin().embed(["ＣＡＰＥＸ２０２５", "capex2025"])
    assert full @ half == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("资本开支", "公司上调全年资本开支指引", "维持买入评级与目标价"),
        ("gross margin", "the gross margin widened again", "capital expenditure guidance was raised"),
        ("2025年云收入", "云收入在2025年增长", "广告业务承压"),
    ],
)
def test_what_is_spelt_alike_is_near(query: str, near: str, far: str) -> None:
    q, n, f = Builtin().embed([query, near, far])
    assert q @ n > q @ f + 0.1


def test_no_content_is_the_zero_vector() -> None:
    assert not Builtin().embed(["", "  \n", "——！？", "..."]).any()
    assert Builtin().embed([]).shape == (0, 256)


def test_the_vector_is_the_same_in_every_process() -> None:
    """A library lives longer than a process: the hash must not depend on one."""
    vector = Builtin().embed(["capex 资本开支"])[0]
    assert np.flatnonzero(vector)[:6].tolist() == [6, 17, 39, 52, 56, 72]
    assert vector[6] == pytest.approx(-0.1525, abs=1e-4)


@pytest.mark.parametrize("setting", ["", "builtin:x", "openai", "openai:", "fastembed:", "ollama:x", "内置"])
def test_a_setting_that_names_nothing(setting: str) -> None:
    with pytest.raises(SettingsError, match="builtin, openai:MODEL or fastembed:MODEL"):
        from_setting(setting)


def test_settings_name_embeddings() -> None:
    assert from_setting("builtin").id == "builtin"
    assert from_setting("builtin").dimension == 256
    assert from_setting(" openai:text-embedding-3-small ", api_key="k").id == "openai:text-embedding-3-small"
    assert from_setting("fastembed:BAAI/bge-small-zh-v1.5").id == "fastembed:BAAI/bge-small-zh-v1.5"


@pytest.mark.skipif(importlib.util.find_spec("fastembed") is not None, reason="fastembed is installed")
def test_fastembed_says_how_to_install_it() -> None:
    with pytest.raises(SettingsError, match=r"pip install 'broker-report-assistant\[fastembed\]'"):
        from_setting("fastembed:x").embed(["text"])


# ---------------------------------------------------------------- openai


Reply = Callable[[dict[str, Any]], tuple[int, dict[str, str], Any]]


@dataclass
class Server:
    """An OpenAI-compatible server whose replies are scripted; it repeats the last one."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            reply = state.replies[min(len(state.requests), len(state.replies) - 1)]
            state.requests.append(body)
            status, headers, answer = reply(body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            headers = {"content-type": "application/json", "content-length": str(len(data)), **headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{http.server_port}/v1"
    yield state
    http.shutdown()
    http.server_close()


def vectors_of(body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    """[characters, 1, 0] for each text, in reverse order: the index says which is which."""
    data = [
        {"object": "embedding", "index": i, "embedding": [float(len(text)), 1.0, 0.0]}
        for i, text in enumerate(body["input"])
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return 200, {}, {"object": "list", "model": body["model"], "data": data[::-1], "usage": usage}


def refusing(status: int, headers: dict[str, str] | None = None) -> Reply:
    return lambda body: (status, headers or {}, {"error": {"message": "secret detail", "type": "x", "code": None}})


def embedding(server: Server, retries: int = 2) -> OpenAI:
    return OpenAI("m", api_key="sk-test", base_url=server.url, timeout=5, retries=retries)


def test_openai_gives_unit_vectors_in_order(server: Server) -> None:
    server.replies = [vectors_of]
    vectors = embedding(server).embed(["a", "bbb"])
    expected = np.array([[1, 1, 0], [3, 1, 0]]) / np.sqrt([[2], [10]])
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert vectors.dtype == np.float32


def test_openai_sends_batches(server: Server) -> None:
    server.replies = [vectors_of]
    vectors = embedding(server).embed(["x" * (i % 7 + 1) for i in range(600)])
    assert vectors.shape == (600, 3)
    assert [len(request["input"]) for request in server.requests] == [256, 256, 88]
    server.requests.clear()
    embedding(server).embed(["长" * 150_000, "短", "长" * 150_000])
    assert [len(request["input"]) for request in server.requests] == [2, 1]


def test_openai_learns_the_dimension_by_one_call(server: Server) -> None:
    server.replies = [vectors_of]
    made = embedding(server)
    assert made.dimension == made.dimension == 3
    assert len(server.requests) == 1
    assert made.embed([]).shape == (0, 3)


def test_openai_never_sends_an_empty_text(server: Server) -> None:
    server.replies = [vectors_of]
    embedding(server).embed(["", "\n", "x"])
    assert all(text for text in server.requests[0]["input"])


def test_openai_tries_again_when_told_to(server: Server) -> None:
    server.replies = [refusing(429, {"retry-after": "0.05"}), refusing(503, {"retry-after": "0.05"}), vectors_of]
    assert embedding(server).embed(["a"]).shape == (1, 3)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "refused OPENAI_API_KEY"),
        (404, "has no model m"),
        (429, "over its limit for m"),
        (500, "status 500"),
        (400, "status 400"),
    ],
)
def test_openai_errors_are_sentences_without_the_servers_text(server: Server, status: int, sentence: str) -> None:
    server.replies = [refusing(status)]
    with pytest.raises(AssistantError, match=sentence) as caught:
        embedding(server, retries=0).embed(["a"])
    assert "secret" not in str(caught.value)


def test_openai_refuses_an_answer_of_the_wrong_size(server: Server) -> None:
    server.replies = [lambda body: vectors_of({**body, "input": body["input"][:1]})]
    with pytest.raises(AssistantError, match="1 vectors for 2 texts"):
        embedding(server).embed(["a", "b"])


def test_openai_not_there() -> None:
    with pytest.raises(AssistantError, match="can't be reached"):
        OpenAI("m", api_key="k", base_url="http://127.0.0.1:9/v1", retries=0).embed(["a"])


def test_openai_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="needs OPENAI_API_KEY"):
        OpenAI("m").embed(["a"])

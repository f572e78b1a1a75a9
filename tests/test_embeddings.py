"""Embeddings: the builtin one's properties, and the openai one against a real server on loopback."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.embeddings import Builtin, OpenAI, from_setting
from assistant.errors import AssistantError, SettingsError
from fakes.openai_server import EMBEDDINGS, OpenAIServer
from fakes.replies import Reply, fail, rate_limited, vectors

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


def vectors_of(body: dict[str, Any]) -> Reply:
    """[characters, 1, 0] for each text, in reverse order: the index says which is which."""
    return vectors([[float(len(text)), 1.0, 0.0] for text in body["input"]], reverse=True)


def embedding(server: OpenAIServer, retries: int = 2) -> OpenAI:
    return OpenAI("m", api_key="sk-test", base_url=server.url, timeout=5, retries=retries)


def test_openai_gives_unit_vectors_in_order(openai_server: OpenAIServer) -> None:
    openai_server.always(vectors_of, to=EMBEDDINGS)
    vectors = embedding(openai_server).embed(["a", "bbb"])
    expected = np.array([[1, 1, 0], [3, 1, 0]]) / np.sqrt([[2], [10]])
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert vectors.dtype == np.float32


def test_openai_sends_batches(openai_server: OpenAIServer) -> None:
    openai_server.always(vectors_of, to=EMBEDDINGS)
    vectors = embedding(openai_server).embed(["x" * (i % 7 + 1) for i in range(600)])
    assert vectors.shape == (600, 3)
    assert [len(request.body["input"]) for request in openai_server.requests] == [256, 256, 88]
    openai_server.requests.clear()
    embedding(openai_server).embed(["长" * 150_000, "短", "长" * 150_000])
    assert [len(request.body["input"]) for request in openai_server.requests] == [2, 1]


def test_openai_learns_the_dimension_by_one_call(openai_server: OpenAIServer) -> None:
    openai_server.always(vectors_of, to=EMBEDDINGS)
    made = embedding(openai_server)
    assert made.dimension == made.dimension == 3
    assert len(openai_server.requests) == 1
    assert made.embed([]).shape == (0, 3)


def test_openai_never_sends_an_empty_text(openai_server: OpenAIServer) -> None:
    openai_server.always(vectors_of, to=EMBEDDINGS)
    embedding(openai_server).embed(["", "\n", "x"])
    assert all(text for text in openai_server.requests[0].body["input"])


def test_openai_tries_again_when_told_to(openai_server: OpenAIServer) -> None:
    openai_server.script(rate_limited(0.05), fail(503, retry_after=0.05), vectors_of, to=EMBEDDINGS)
    assert embedding(openai_server).embed(["a"]).shape == (1, 3)
    assert len(openai_server.requests) == 3


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
def test_openai_errors_are_sentences_without_the_servers_text(
    openai_server: OpenAIServer, status: int, sentence: str
) -> None:
    openai_server.script(fail(status, "secret detail"), to=EMBEDDINGS)
    with pytest.raises(AssistantError, match=sentence) as caught:
        embedding(openai_server, retries=0).embed(["a"])
    assert "secret" not in str(caught.value)


def test_openai_refuses_an_answer_of_the_wrong_size(openai_server: OpenAIServer) -> None:
    openai_server.script(vectors([[1.0, 0.0]]), to=EMBEDDINGS)
    with pytest.raises(AssistantError, match="1 vectors for 2 texts"):
        embedding(openai_server).embed(["a", "b"])


def test_openai_not_there() -> None:
    with pytest.raises(AssistantError, match="can't be reached"):
        OpenAI("m", api_key="k", base_url="http://127.0.0.1:9/v1", retries=0).embed(["a"])


def test_openai_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="needs OPENAI_API_KEY"):
        OpenAI("m").embed(["a"])

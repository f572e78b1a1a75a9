"""Token counts: exact where the vocabulary is known, estimated elsewhere, never from the network."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from assistant import tokenizers


@pytest.mark.parametrize(
    ("model", "encoding", "exact"),
    [
        ("gpt-4o", "o200k_base", True),
        ("GPT-5-mini", "o200k_base", True),
        ("openai:gpt-4.1", "o200k_base", True),
        ("openai/gpt-4o-mini", "o200k_base", True),
        ("gpt-oss-120b", "o200k_base", True),
        ("gpt-4", "cl100k_base", True),
        ("text-embedding-3-small", "cl100k_base", True),
        ("claude-sonnet-4-5", "o200k_base", False),
        ("deepseek-chat", "o200k_base", False),
        ("text-davinci-003", "o200k_base", False),
        (None, "o200k_base", False),
    ],
)
def test_encoding_and_exactness(model: str | None, encoding: str, exact: bool) -> None:
    found, is_exact = tokenizers.encoding_for(model)
    assert (found.name, is_exact) == (encoding, exact)


def test_counts_published_example() -> None:
    # OpenAI's cookbook "How to count tokens with tiktoken": six tokens in cl100k_base and in o200k_base.
    assert tokenizers.count("tiktoken is great!", "gpt-4") == 6
    assert tokenizers.count("tiktoken is great!", "gpt-4o") == 6


def test_counts_published_example_in_japanese() -> None:
    # The same page: "お誕生日おめでとう" is 9 tokens in cl100k_base and 8 in o200k_base.
    assert tokenizers.count("お誕生日おめでとう", "gpt-4") == 9
    assert tokenizers.count("お誕生日おめでとう", "gpt-4o") == 8


def test_special_markers_and_lone_surrogates_are_ordinary_text() -> None:
    assert tokenizers.count("<|endoftext|>") > 1
    assert tokenizers.count("\ud800") >= 1
    assert tokenizers.count("") == 0


def test_count_many_agrees_with_count() -> None:
    texts = ["", "营业收入同比增长26%", "營業收入年增26%", "Revenue grew 26% year on year"]
    assert tokenizers.count_many(texts) == [tokenizers.count(text) for text in texts]
    assert tokenizers.count_many([]) == []


@pytest.mark.parametrize("cache", [None, "empty-folder"])
def test_loads_without_a_network_and_leaves_the_users_cache_setting(cache: str | None, tmp_path: object) -> None:
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise OSError('no network in this test')\n"
        "socket.socket.connect = refuse; socket.create_connection = refuse; socket.getaddrinfo = refuse\n"
        "import os\n"
        "from assistant import tokenizers\n"
        "print(tokenizers.count('tiktoken is great!', 'gpt-4'))\n"
        "print(os.environ.get('TIKTOKEN_CACHE_DIR') or '')\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "TIKTOKEN_CACHE_DIR"}
    if cache:
        environment["TIKTOKEN_CACHE_DIR"] = str(tmp_path)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    tokens, setting = done.stdout.splitlines()
    assert tokens == "6"
    assert setting == (str(tmp_path) if cache else str(tokenizers.BUNDLED))


def test_importing_does_not_load_tiktoken() -> None:
    program = "import sys, assistant.tokenizers; print('tiktoken' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

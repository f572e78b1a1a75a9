"""Every test runs offline, with the settings a new user has, and away from the user's own library."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from postgres import Server

from fakes.openai_server import OpenAIServer

# A busy machine is no failure, and what an earlier run happened to find must not decide a later one.
settings.register_profile("suite", deadline=None, database=None)
settings.load_profile("suite")

_SETTINGS = ("ASSISTANT_", "OPENAI_", "SLACK_", "ANONYMIZED_TELEMETRY", "TIKTOKEN_CACHE_DIR")
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def _a_new_users_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of this machine's settings, and a library folder of the test's own."""
    for name in list(os.environ):
        if name.startswith(_SETTINGS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """A connection to anything but this machine fails the test that asked for it."""
    connect = socket.socket.connect

    def refused(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError(f"a test tried to reach {address[0]}:{address[1]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refused)
        yield


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return Path(__file__).parents[1]


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    """A scripted language model behind OpenAI's HTTP interface; tests/fakes/replies.py lists what it can reply."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server that runs as long as the tests do."""
    from postgres import running

    with running() as server:
        yield server

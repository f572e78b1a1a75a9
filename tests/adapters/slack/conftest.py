"""A workspace and a library for the tests of the Slack bot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistant.service import Assistant
from fakes.slack import FakeSlack
from slack_bot import library


@pytest.fixture(scope="session")
def slack_assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over one note. Whoever adds a report takes it out again."""
    made = library(tmp_path_factory.mktemp("slack"))
    yield made
    made.close()


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """Slack."""
    with FakeSlack() as made:
        yield made

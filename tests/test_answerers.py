"""Answers made in other processes are those that this one would make, also when the library has changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import answerers
from assistant.bootstrap import open_assistant
from assistant.errors import InputError
from assistant.service import Assistant
from assistant.settings import Settings
from assistant.types import Answer, Filters

NOTE = "# {0} note\n\nDate: 2 March 2026\n\nThe segment margin of {0} was {1}%.\n"
QUESTIONS = ["What was the segment margin of cloud?", "毛利率是多少?", "From 5 USD to 10 USD, what is the growth?", "x"]


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    with closing(open_assistant(Settings())) as assistant:
        add(assistant, tmp_path, "cloud", 31)
        yield assistant


def add(assistant: Assistant, folder: Path, name: str, margin: int) -> None:
    file = folder / f"{name}.md"
    file.write_text(NOTE.format(name, margin), encoding="utf-8")
    assert all(outcome.status in ("added", "replaced") for outcome in assistant.ingest([file]))


def together(assistant: Assistant, questions: list[str]) -> list[Answer]:
    """Asked all at once, so that most are answered elsewhere."""
    with ThreadPoolExecutor(len(questions)) as pool:
        return [replace(answer, seconds=0.0) for answer in pool.map(assistant.ask, questions)]


def test_answers_are_the_same_wherever_they_are_made(assistant: Assistant, tmp_path: Path) -> None:
    expected = [replace(assistant.ask(question), seconds=0.0) for question in QUESTIONS]
    others = answerers.start(assistant, 1)
    assert others
    with closing(others):
        assert together(assistant, QUESTIONS * 3) == expected * 3
        add(assistant, tmp_path, "games", 24)
        asked = ["What was the segment margin of games?"] * 6
        assert all("24%" in answer.text for answer in together(assistant, asked))
        add(assistant, tmp_path, "games", 25)
        assert all("25%" in answer.text and "24%" not in answer.text for answer in together(assistant, asked))
        with pytest.raises(InputError, match="no report"):
            assistant.ask(QUESTIONS[0], Filters(reports=("ffff",)))


def test_questions_are_answered_without_the_others_too(assistant: Assistant) -> None:
    others = answerers.start(assistant, 1)
    assert others
    others.close()
    assert all("31%" in answer.text for answer in together(assistant, [QUESTIONS[0]] * 4))
    assert answerers.start(assistant, 0) is None

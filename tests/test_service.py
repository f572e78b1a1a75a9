"""The assistant that every door calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.conversations import Conversations
from assistant.embeddings import Builtin
from assistant.errors import InputError, LibraryError
from assistant.library import Library
from assistant.service import Assistant
from assistant.types import Answer, Filters
from three_notes import NOTES, library_of_notes


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with library_of_notes(tmp_path_factory.mktemp("home")) as library:
        yield library


@pytest.fixture(scope="module")
def assistant(library: Library) -> Assistant:
    return Assistant(library)


@pytest.mark.parametrize("question", ["云端业务的毛利率是多少？", "What is the segment margin of games?", "???"])
def test_a_stream_ends_with_its_answer(assistant: Assistant, question: str) -> None:
    events = list(assistant.stream(question))
    answer = events[-1].data
    assert isinstance(answer, Answer) and events[-1].kind == "answer"
    assert "".join(event.data for event in events if event.kind == "delta") == answer.text
    assert tuple(event.data for event in events if event.kind == "citation") == answer.citations
    assert [event.kind for event in events].count("answer") == 1


def test_citations_open_at_the_exact_characters(assistant: Assistant) -> None:
    answer = assistant.ask("云端业务的毛利率是多少？")
    assert answer.status == "answered" and "31%" in answer.text and 1 <= len(answer.citations) <= 6
    for citation in answer.citations:
        assert citation.quote == assistant.report(citation.report_id).text[citation.start : citation.end]
        assert f"[{citation.n}]" in answer.text


@pytest.mark.parametrize(
    ("question", "language"), [("毛利率？", "zh-Hans"), ("記憶體供給？", "zh-Hant"), ("margin?", "en")]
)
def test_the_answer_is_in_the_askers_language(assistant: Assistant, question: str, language: str) -> None:
    assert assistant.ask(question).language == language


def test_filters_hold_for_answers(assistant: Assistant) -> None:
    answer = assistant.ask("毛利率是多少？", Filters(issuer="凯基"))
    assert {citation.source for citation in answer.citations} == {"memory.txt"}


def test_unknown_reports_are_refused(assistant: Assistant) -> None:
    for act in (assistant.ask, assistant.search):
        with pytest.raises(InputError, match="ffff00000000"):
            act("margin", filters=Filters(reports=("ffff00000000",)))
    with pytest.raises(InputError, match="no report"):
        assistant.report("ffff00000000")
    with pytest.raises(InputError, match="no report"):
        assistant.remove("ffff00000000")


def test_an_answer_in_a_conversation_is_kept(library: Library, tmp_path: Path) -> None:
    opened: list[Conversations] = []

    def open_conversations() -> Conversations:
        opened.append(Conversations.open(f"sqlite:{tmp_path / 'c.sqlite'}"))
        return opened[-1]

    assistant = Assistant(library, open_conversations)
    alone = assistant.ask("云端业务的毛利率是多少？")
    assert (alone.conversation_id, alone.answer_id, opened) == (None, None, [])
    one = assistant.conversations.create()
    first = assistant.ask("云端业务的毛利率是多少？", conversation_id=one.id)
    second = assistant.ask("???", conversation_id=one.id)
    assert first.answer_id and second.status == "not_found" and first.conversation_id == one.id
    assert [turn.answer for turn in assistant.conversations.turns(one.id)] == [first, second]
    assert assistant.conversations.answer(first.answer_id) == first and len(opened) == 1
    with pytest.raises(InputError, match="'nowhere'"):
        assistant.ask("毛利率？", conversation_id="nowhere")
    opened[0].close()


def test_a_follow_up_leans_on_the_turns_before(library: Library, tmp_path: Path) -> None:
    with Conversations.open(f"sqlite:{tmp_path / 'c.sqlite'}") as conversations:
        assistant, one = Assistant(library, conversations), conversations.create()
        assistant.ask("国信说资本开支是多少？", conversation_id=one.id)
        events = list(assistant.stream("那凱基怎麼看？", conversation_id=one.id))
        answer = events[-1].data
        assert answer.question == "那凱基怎麼看？" and answer.language == "zh-Hant"
        assert {citation.source for citation in answer.citations} == {"memory.txt"} and "資本支出" in answer.text
        assert events[0].kind == "status" and answer.warnings == (events[0].data,)
        assert events[0].data.endswith("凱基说资本开支是多少？")
        alone = assistant.ask("那凱基怎麼看？")
        assert alone.warnings == () and alone.text != answer.text


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(library: Library, tmp_path: Path) -> None:
    with Conversations.open(f"sqlite:{tmp_path / 'c.sqlite'}") as conversations:
        one = conversations.create()
        assistant = Assistant(library, conversations)
        assistant.ask("云端业务的毛利率是多少？", conversation_id=one.id)
        with closing(sqlite3.connect(tmp_path / "c.sqlite")) as raw, raw:
            raw.execute("ALTER TABLE assistant_conversations RENAME COLUMN unpriced TO something")
        answer = assistant.ask("云端业务的毛利率是多少？", conversation_id=one.id)
        assert answer.status == "answered" and answer.conversation_id == one.id and answer.answer_id is None
        assert "没有保存" in answer.warnings[-1] and len(conversations.turns(one.id)) == 1


def test_without_a_place_for_conversations_there_are_none(assistant: Assistant) -> None:
    with pytest.raises(LibraryError, match="no conversations are kept"):
        assistant.ask("毛利率？", conversation_id="x")


def test_texts_have_no_pages_to_show(assistant: Assistant) -> None:
    with pytest.raises(InputError, match=r"no PDF.*--text"):
        assistant.page_picture(assistant.reports()[0].report_id, 1)


def test_reports_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(NOTES["games.txt"], encoding="utf-8")
    assistant = Assistant(Library.open(tmp_path / "home", Builtin()))
    [outcome] = assistant.ingest([tmp_path / "a.txt"])
    assert outcome.status == "added" and [info.source for info in assistant.reports()] == ["a.txt"]
    assert assistant.search("segment margin") != []
    assert assistant.remove(str(outcome.report_id)[:6]).source == "a.txt"
    assert assistant.reports() == [] and assistant.search("segment margin") == []
    assert assistant.ask("segment margin").status == "not_found"
    assistant.close()

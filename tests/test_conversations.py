"""Conversations are kept, in SQLite and in PostgreSQL alike."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from assistant.conversations import Conversations
from assistant.errors import InputError, LibraryError, SettingsError
from assistant.types import Answer, Calculation, Citation, Removed, StatedFigure, Usage
from postgres import Server

WHOLE = Answer(
    question="腾讯 2025 年的毛利率?",
    language="zh-Hans",
    status="answered",
    text="毛利率为 53% [1]。\0\u2028",
    citations=(Citation(1, "ab12", "a.txt", "週報", None, "2026-04-08", 3, None, "图 2", "table_cell", "53%", 10, 13),),
    calculations=(
        Calculation("c1", "ratio", {"a": "1", "b": ["2", None]}, {"x": "0.5"}, "", "a/b", "1/2", ("s",), {"a": "[1]"}),
    ),
    figures=(StatedFigure("53%", "0.53", "%", "quoted", "[1]"),),
    removed=(Removed("60%", "in no report"),),
    as_of="2026-04-08",
    model="openai:x",
    prompt="answer@1",
    usage=Usage(10, 2, 3, "0.0000012"),
    seconds=0.25,
    warnings=("old",),
)
PLAIN = Answer("q", "en", "not_found", "The reports don't say.")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for conversations, one of each kind."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'kept' / 'conversations.sqlite'}"
    server: Server = request.getfixturevalue("postgres")
    return server.database(uuid.uuid4().hex)


@pytest.fixture
def kept(url: str) -> Iterator[Conversations]:
    with Conversations.open(url) as conversations:
        yield conversations


@pytest.fixture
def server(postgres: Server) -> Server:
    return postgres


# ---------------------------------------------------------------- keeping


def test_an_answer_comes_back_equal(kept: Conversations) -> None:
    made = kept.create("ann")
    turn = kept.add(made.id, WHOLE)
    expected = replace(WHOLE, conversation_id=made.id, answer_id=turn.answer.answer_id)
    assert turn.answer == expected and (turn.number, turn.question) == (1, WHOLE.question)
    assert kept.turns(made.id) == [turn]
    assert kept.answer(str(turn.answer.answer_id)) == expected


def test_an_answer_keeps_the_id_it_has_and_is_kept_once(kept: Conversations) -> None:
    made = kept.create()
    assert kept.add(made.id, replace(PLAIN, answer_id="a1")).answer.answer_id == "a1"
    with pytest.raises(InputError, match="a1"):
        kept.add(made.id, replace(PLAIN, answer_id="a1"))
    assert kept.get(made.id).turns == len(kept.turns(made.id)) == 1


def test_conversations_survive_closing(url: str) -> None:
    with Conversations.open(url) as first:
        made = first.create("ann", "Cloud")
        turn = first.add(made.id, WHOLE)
        first.rate(str(turn.answer.answer_id), "up")
    with Conversations.open(url) as second:
        assert (second.get(made.id).title, second.get(made.id).turns) == ("Cloud", 1)
        assert second.turns(made.id) == [turn] and len(second.feedback()) == 1


def test_ids_are_not_guessable(kept: Conversations) -> None:
    ids = {kept.create().id for _ in range(20)}
    assert len(ids) == 20 and all(len(id) >= 22 for id in ids)


def test_a_door_may_give_the_id_and_finds_its_conversation_again(kept: Conversations) -> None:
    first = kept.create("slack", id="C1:1712.5")
    kept.add(first.id, PLAIN)
    assert kept.create("slack", id="C1:1712.5").turns == 1
    with pytest.raises(InputError, match=r"C1:1712\.5"):
        kept.create("somebody else", id="C1:1712.5")
    for unusable in ("", " ", "x" * 300, "a\0b"):
        with pytest.raises(InputError, match="can't be the id"):
            kept.create(id=unusable)


def test_the_first_question_is_the_title_unless_there_is_one(kept: Conversations) -> None:
    nameless, named = kept.create(), kept.create(title="Mine")
    for conversation in (nameless, named):
        kept.add(conversation.id, replace(PLAIN, question="What is\n " + "long " * 40))
        kept.add(conversation.id, replace(PLAIN, question="later"))
    title = kept.get(nameless.id).title
    assert title.startswith("What is long long") and title.endswith("…") and len(title) <= 80
    assert kept.get(named.id).title == "Mine"
    assert kept.rename(nameless.id, " Other \n name ").title == kept.get(nameless.id).title == "Other name"


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        ([], None),
        ([PLAIN], None),  # no model was asked
        ([WHOLE, PLAIN, WHOLE], "0.0000024"),
        ([WHOLE, replace(WHOLE, usage=Usage(5))], None),  # one unknown makes the total unknown
    ],
)
def test_the_cost_is_the_sum_or_unknown(kept: Conversations, answers: list[Answer], total: str | None) -> None:
    made = kept.create()
    for answer in answers:
        kept.add(made.id, answer)
    assert (kept.get(made.id).cost_usd, kept.get(made.id).turns) == (total, len(answers))


def test_what_no_database_takes_is_marked(kept: Conversations) -> None:
    made = kept.create("a\0b", "\ud800 title")
    assert made == kept.get(made.id) and "\0" not in made.owner
    with pytest.raises(InputError):
        kept.get("no\0such \udfff")


# ---------------------------------------------------------------- finding


def test_the_last_used_comes_first_page_by_page(kept: Conversations) -> None:
    ids = [kept.create("ann").id for _ in range(5)]
    kept.add(ids[1], PLAIN)
    newest = [ids[1], *(id for id in reversed(ids) if id != ids[1])]
    assert [c.id for c in kept.list()] == newest
    assert [c.id for c in kept.list(limit=2)] == newest[:2]
    assert [c.id for c in kept.list(before=newest[1])] == newest[2:]
    with pytest.raises(InputError, match="0"):
        kept.list(limit=0)


def test_anothers_conversation_is_not_there(kept: Conversations) -> None:
    made = kept.create("ann")
    assert kept.get(made.id, "ann") == kept.get(made.id) == made
    assert [c.id for c in kept.list("ann")] == [made.id] and kept.list("ben") == []
    with pytest.raises(InputError, match=made.id):
        kept.get(made.id, "ben")


def test_an_unknown_conversation_is_named(kept: Conversations) -> None:
    acts: list[Callable[[], object]] = [
        lambda: kept.get("nowhere"),
        lambda: kept.turns("nowhere"),
        lambda: kept.add("nowhere", PLAIN),
        lambda: kept.rename("nowhere", "x"),
        lambda: kept.delete("nowhere"),
        lambda: kept.list(before="nowhere"),
        lambda: kept.answer("nowhere"),
        lambda: kept.rate("nowhere", "up"),
    ]
    for act in acts:
        with pytest.raises(InputError, match="'nowhere'"):
            act()


def test_a_conversation_without_turns_has_none(kept: Conversations) -> None:
    assert kept.turns(kept.create().id) == []


# ---------------------------------------------------------------- forgetting


def test_deleting_takes_answers_and_feedback_along(kept: Conversations) -> None:
    gone, stays = kept.create(), kept.create()
    rated = [str(kept.add(c.id, PLAIN).answer.answer_id) for c in (gone, stays)]
    for answer_id in rated:
        kept.rate(answer_id, "down")
    kept.delete(gone.id)
    assert [c.id for c in kept.list()] == [stays.id]
    assert [f.answer_id for f in kept.feedback()] == [rated[1]]
    with pytest.raises(InputError):
        kept.answer(rated[0])


def test_only_the_old_expire(kept: Conversations) -> None:
    ids = [kept.create().id for _ in range(3)]
    assert kept.expire(timedelta(hours=1)) == 0 and len(kept.list()) == 3
    kept.add(ids[0], PLAIN)
    assert kept.expire(timedelta(0)) == 3 and kept.list() == []


def test_a_kept_time_holds_from_the_opening_on(url: str) -> None:
    with Conversations.open(url) as conversations:
        old = conversations.create()
    with Conversations.open(url, keep=timedelta(days=1)) as conversations:
        assert [c.id for c in conversations.list()] == [old.id]
    with Conversations.open(url, keep=timedelta(microseconds=1)) as conversations:
        assert conversations.list() == []
        first, second = conversations.create(), conversations.create()
        assert [c.id for c in conversations.list()] == [second.id] != [first.id]


# ---------------------------------------------------------------- feedback


def test_feedback_is_kept_with_its_comment(kept: Conversations) -> None:
    one, two = kept.create(), kept.create()
    first = kept.rate(str(kept.add(one.id, PLAIN).answer.answer_id), "down", "单位不对", "ann")
    second = kept.rate(str(kept.add(two.id, PLAIN).answer.answer_id), "up")
    assert (first.rating, first.comment, first.by, first.conversation_id) == ("down", "单位不对", "ann", one.id)
    assert kept.feedback() == [first, second] and kept.feedback(two.id) == [second]
    with pytest.raises(InputError, match="sideways"):
        kept.rate(first.answer_id, "sideways")  # type: ignore[arg-type]


def test_a_second_opinion_replaces_the_first_of_the_same_person(kept: Conversations) -> None:
    answer_id = str(kept.add(kept.create().id, PLAIN).answer.answer_id)
    kept.rate(answer_id, "down", by="ann")
    ben, ann = kept.rate(answer_id, "up", by="ben"), kept.rate(answer_id, "up", by="ann")
    assert kept.feedback() == [ben, ann]


# ---------------------------------------------------------------- several at once


def test_many_writers_lose_nothing_and_keep_the_order(kept: Conversations, url: str) -> None:
    made = kept.create()
    with Conversations.open(url) as other, ThreadPoolExecutor(8) as pool:
        places = [kept, other] * 20
        turns = list(pool.map(lambda place: place.add(made.id, WHOLE), places))
        assert sorted(turn.number for turn in turns) == list(range(1, 41))
        assert other.turns(made.id) == sorted(turns, key=lambda turn: turn.number)
    conversation = kept.get(made.id)
    assert (conversation.turns, conversation.cost_usd) == (40, "0.0000480")


def test_processes_may_begin_at_the_same_moment(url: str) -> None:
    script = (
        "import sys; from assistant.conversations import Conversations; from assistant.types import Answer\n"
        "with Conversations.open(sys.argv[1]) as kept:\n"
        "    one = kept.create(id='shared')\n"
        "    for i in range(5): kept.add('shared', Answer('q', 'en', 'answered', str(i)))\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", script, url]) for _ in range(4)]
    assert [process.wait(60) for process in started] == [0] * 4
    with Conversations.open(url) as kept:
        assert [turn.number for turn in kept.turns("shared")] == list(range(1, 21))


def test_a_killed_writer_leaves_what_it_had_kept(url: str) -> None:
    script = (
        "import sys; from assistant.conversations import Conversations; from assistant.types import Answer\n"
        "with Conversations.open(sys.argv[1]) as kept:\n"
        "    kept.create(id='shared')\n"
        "    while True:\n"
        "        turn = kept.add('shared', Answer('q', 'en', 'answered', 'x' * 5000))\n"
        "        kept.rate(turn.answer.answer_id, 'up'); print(turn.number, flush=True)\n"
    )
    last = 0
    for more in (7, 20, 1):
        with subprocess.Popen([sys.executable, "-c", script, url], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            last = [int(writer.stdout.readline()) for _ in range(more)][-1]
            writer.kill()
        with Conversations.open(url) as kept:
            numbers = [turn.number for turn in kept.turns("shared")]
            assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= last
            assert kept.get("shared").turns == len(numbers) and len(kept.feedback()) >= last


# ---------------------------------------------------------------- trouble


@pytest.mark.parametrize(
    "url",
    [
        *("", "conversations", "sqlite", "sqlite:", "sqlite://", "sqlite:///:memory:", "redis://h/0", "postgresql:x"),
        *("postgresql://ann:hidden@host:port/x", "mysql://ann:hidden@h/x"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match=r"ASSISTANT_STATE_URL.*sqlite:FILE") as caught:
        Conversations.open(url)
    assert "hidden" not in str(caught.value)


def test_a_turn_can_be_taken_back_and_the_next_one_is_numbered_after_the_last(url: str) -> None:
    with Conversations.open(url) as kept:
        made = kept.create()
        first, second, third = (kept.add(made.id, replace(WHOLE, answer_id=None)) for _ in range(3))
        kept.rate(str(second.answer.answer_id), "up")
        kept.withdraw(str(second.answer.answer_id))
        assert kept.turns(made.id) == [first, third] and kept.get(made.id).turns == 2 and kept.feedback(made.id) == []
        assert kept.add(made.id, replace(WHOLE, answer_id=None)).number == 4
        with pytest.raises(InputError, match="there is no answer"):
            kept.withdraw(str(second.answer.answer_id))


def test_both_ways_to_write_a_file_lead_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url, name in (("sqlite:a.db", "a.db"), ("sqlite:///b.db", "b.db"), (f"sqlite:///{tmp_path}/c.db", "c.db")):
        Conversations.open(url).close()
        assert (tmp_path / name).is_file()


def test_a_newer_versions_conversations_are_left_alone(url: str) -> None:
    with Conversations.open(url) as kept:
        kept.rename(kept.create().id, "x")
        with kept._database.transaction() as connection:
            connection.exec_driver_sql("UPDATE assistant_state SET version = version + 1")
    with pytest.raises(LibraryError, match="written by a newer version"):
        Conversations.open(url)


def test_a_file_that_is_something_else_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(LibraryError, match=r"conversations in c\.sqlite are damaged; restore a copy") as caught:
        Conversations.open(f"sqlite:{tmp_path / 'c.sqlite'}")
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_breaks_later_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with Conversations.open(f"sqlite:{path}") as kept:
        made = kept.create()
        for _ in range(50):
            kept.add(made.id, WHOLE)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x99" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(LibraryError, match="are damaged"), Conversations.open(f"sqlite:{path}") as kept:
        kept.turns(made.id)


def test_an_answer_that_cannot_be_read_is_called_damaged(tmp_path: Path) -> None:
    with Conversations.open(f"sqlite:{tmp_path / 'c.sqlite'}") as kept:
        made = kept.create()
        kept.add(made.id, PLAIN)
        with sqlite3.connect(tmp_path / "c.sqlite") as raw:
            raw.execute("UPDATE assistant_turns SET answer = '{'")
        raw.close()
        with pytest.raises(LibraryError, match="are damaged"):
            kept.turns(made.id)


def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").mkdir()
    with pytest.raises(LibraryError, match=r"c\.sqlite can't be opened"):
        Conversations.open(f"sqlite:{tmp_path / 'c.sqlite'}")
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match=r"folder of c\.sqlite can't be made"):
        Conversations.open(f"sqlite:{tmp_path / 'file' / 'c.sqlite'}")


def test_a_wrong_password_is_told_and_not_repeated(server: Server) -> None:
    with pytest.raises(LibraryError, match=r"127\.0\.0\.1 refused the user name or the password") as caught:
        Conversations.open(server.address("postgres", "hidden"))
    assert "hidden" not in str(caught.value)
    with pytest.raises(LibraryError, match="no such database"):
        Conversations.open(server.address("nowhere"))


def test_a_server_that_comes_back_is_used_again(server: Server) -> None:
    with Conversations.open(server.database(uuid.uuid4().hex)) as kept:
        made = kept.create()
        kept.add(made.id, WHOLE)
        server.stop()
        try:
            with pytest.raises(LibraryError, match="can't be reached"):
                kept.add(made.id, PLAIN)
        finally:
            server.start()
        assert kept.add(made.id, PLAIN).number == 2

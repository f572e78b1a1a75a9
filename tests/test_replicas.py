"""Several libraries over one Chroma server: what one takes in or out the others know, whoever dies in between."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant import chroma
from assistant.adapters.cli import main
from assistant.embeddings import Builtin
from assistant.errors import LibraryError, SettingsError
from assistant.library import Library, Replica
from chroma_server import Server, running
from test_library import CLOUD, GAMES, Letters, incoming, state, terms


@pytest.fixture(scope="module")
def process() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def server(process: Server) -> Server:
    """A server with an empty database."""
    process.database()
    return process


@pytest.fixture
def desks(server: Server, tmp_path: Path) -> Iterator[tuple[Replica, Replica]]:
    """Two replicas that share nothing but the server; the first has taken in two reports."""
    with connected(tmp_path / "one", server) as one, connected(tmp_path / "two", server) as two:
        one.add([incoming("aaaa11112222", CLOUD, pages=1), incoming("bbbb11112222", GAMES)])
        yield one, two


def connected(home: Path, server: Server) -> Replica:
    return Replica.connect(home, server.url, Builtin())


def until(holds: Callable[[], bool]) -> None:
    """Waits for what others were told; far longer than it should take."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "the others were never told"
        time.sleep(0.02)


def test_what_one_takes_in_the_other_answers_from(desks: tuple[Replica, Replica]) -> None:
    one, two = desks
    until(lambda: len(two) == 2)
    assert state(two) == state(one) and two.infos() == one.infos()
    assert two.original("aaaa11112222") == CLOUD.encode()
    two.add([incoming("cccc11112222", "Wholly other words.", path_key="here")])
    until(lambda: len(one) == 3)
    assert state(two) == state(one) and one.at_path("here") == "cccc11112222"
    assert one.check(texts=True) == two.check(texts=True) == []


def test_what_one_takes_out_the_other_does_not_find_from_then_on(desks: tuple[Replica, Replica]) -> None:
    one, two = desks
    until(lambda: len(two) == 2)
    one.remove("aaaa")
    assert two.keyword_hits(terms("资本开支"), 9) == []
    one.remove("bbbb")
    assert two.vector_hits("games", 9) == []
    until(lambda: two.check(texts=True) == [])
    assert two.infos() == []


def test_a_report_read_anew_is_read_anew_by_the_other(desks: tuple[Replica, Replica]) -> None:
    one, two = desks
    until(lambda: len(two) == 2)
    one.add([incoming("aaaa11112222", "Wholly different words now.")])
    until(lambda: two.report("aaaa11112222").text.startswith("Wholly"))
    until(lambda: two.keyword_hits(terms("资本开支"), 9) == [])
    assert state(two) == state(one) and two.check(texts=True) == []


def test_a_new_replica_has_all_and_an_old_one_catches_up(
    desks: tuple[Replica, Replica], server: Server, tmp_path: Path
) -> None:
    one, _ = desks
    with connected(tmp_path / "three", server) as three:
        assert state(three) == state(one)
    one.remove("bbbb")
    one.add([incoming("aaaa11112222", "Read anew."), incoming("cccc11112222", "Another one.")])
    with connected(tmp_path / "three", server) as three:
        assert state(three) == state(one) and three.check(texts=True) == []


def test_other_processes_of_a_replica_read_what_it_mirrors(desks: tuple[Replica, Replica]) -> None:
    one, two = desks
    until(lambda: len(two) == 2)
    before = two.version
    with Library.reading(two.snapshot(), Builtin()) as reading:
        assert reading.keyword_hits(terms("games"), 3) == two.keyword_hits(terms("games"), 3)
        assert reading.report("aaaa") == one.report("aaaa")
    one.remove("aaaa")
    assert two.version > before  # at once: answers made from the snapshot are stale now


def test_the_program_works_on_a_server_as_on_a_folder(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "note.md").write_text("# Cloud note\n\nThe segment margin of cloud was 31%.\n", encoding="utf-8")
    monkeypatch.setenv("ASSISTANT_CHROMA_URL", server.url)
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "one"))
    assert main(["ingest", str(tmp_path / "note.md")]) == main(["backup", str(tmp_path / "kept.tar")]) == 0
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "two"))
    capsys.readouterr()
    assert main(["search", "segment margin", "--json"]) == 0 and "31%" in capsys.readouterr().out
    assert main(["verify"]) == main(["reindex"]) == main(["doctor"]) == 0
    monkeypatch.delenv("ASSISTANT_CHROMA_URL")
    assert main(["restore", str(tmp_path / "kept.tar")]) == main(["verify"]) == 0


def test_processes_may_share_a_folder(desks: tuple[Replica, Replica], server: Server, tmp_path: Path) -> None:
    one, _ = desks
    with connected(tmp_path / "one", server) as again:
        assert state(again) == state(one)


def test_a_replica_that_died_before_telling_is_noticed(desks: tuple[Replica, Replica]) -> None:
    one, two = desks
    until(lambda: len(two) == 2)
    one._tell = lambda report_ids: None  # type: ignore[method-assign]  # it is killed right before
    one.add([incoming("cccc11112222", "Another one.")])
    until(lambda: len(two) == 3)
    one.remove("cccc")
    until(lambda: len(two) == 2)


def test_a_server_that_is_away_is_told_and_found_again(desks: tuple[Replica, Replica], server: Server) -> None:
    one, two = desks
    until(lambda: len(two) == 2)
    before = state(one)
    server.kill()
    for work in (lambda: one.keyword_hits(terms("games"), 3), lambda: two.add([incoming("cccc11112222", CLOUD)])):
        with pytest.raises(LibraryError, match=r"Chroma server at 127\.0\.0\.1:\d+ can't be reached; see that it runs"):
            work()
    server.start()
    assert state(one) == state(two) == before
    two.add([incoming("cccc11112222", CLOUD)])
    until(lambda: len(one) == 3)
    assert state(one) == state(two) and one.check(texts=True) == []


def test_nothing_is_lost_when_the_server_dies_again_and_again(desks: tuple[Replica, Replica], server: Server) -> None:
    one, two = desks
    for i in range(12):
        if i % 4 == 2:
            server.kill()
            with contextlib.suppress(LibraryError):
                one.add([incoming(f"{i:012x}", f"Report number {i} on topic{i}.")])
            server.start()
        one.add([incoming(f"{i:012x}", f"Report number {i} on topic{i}.")])
    until(lambda: len(two) == 14)
    assert [two.keyword_hits([(f"topic{i}", 1.0)], 9)[0][0][:12] for i in range(12)] == [f"{i:012x}" for i in range(12)]
    assert state(one) == state(two) and one.check(texts=True) == two.check(texts=True) == []


def test_no_server_is_told(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"at 127\.0\.0\.1:9 can't be reached"):
        Replica.connect(tmp_path, "http://127.0.0.1:9", Builtin())
    for url in ("127.0.0.1:8000", "ftp://x", "http://", "http://host:port", "http://host/tenant"):
        with pytest.raises(SettingsError, match="ASSISTANT_CHROMA_URL can't be used"):
            Replica.connect(tmp_path, url, Builtin())


def test_reindexing_while_others_answer(desks: tuple[Replica, Replica], server: Server, tmp_path: Path) -> None:
    one, two = desks
    until(lambda: len(two) == 2)
    with pytest.raises(LibraryError, match=r"built with the embedding builtin, and letters is set"):
        Replica.connect(tmp_path / "new", server.url, Letters())
    with Replica.connect(tmp_path / "new", server.url, Letters(), any_embedding=True) as new:
        during: list[object] = []

        def meanwhile(done: int, total: int) -> None:
            if done == 1:
                two.add([incoming("cccc11112222", "Taken in meanwhile.")])
            during.append((state(one), one.vector_hits("games segment margins", 1)[0][0][:4]))

        new.reindex(Letters(), meanwhile)
        assert during and all(near == "bbbb" for _, near in during)  # type: ignore[misc]
        until(lambda: len(new) == 3)
        assert new.check(texts=True) == []
        assert {i[:4] for i, _ in new.vector_hits("taken in meanwhile", 9)} == {"aaaa", "bbbb", "cccc"}
    with pytest.raises(LibraryError, match="built with the embedding letters now; set ASSISTANT_EMBEDDING=letters"):
        one.vector_hits("games", 1)
    assert one.keyword_hits(terms("games"), 1)[0][0].startswith("bbbb")


def test_other_programs_collections_are_left_alone(server: Server, tmp_path: Path) -> None:
    client = chroma.remote(chroma.server_at(server.url))
    client.create_collection("passages-7", embedding_function=None)
    with connected(tmp_path, server) as one:
        one.add([incoming("aaaa11112222", CLOUD)])
        one.reindex(Letters())
    assert "passages-7" in {collection.name for collection in client.list_collections()}
    chroma.close(client)

"""The library: what is kept, found, replaced, refused and mended."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.chunking import passages
from assistant.embeddings import Builtin, Vectors
from assistant.errors import InputError, LibraryError
from assistant.language import tokens
from assistant.library import Incoming, Library
from assistant.types import Furniture, Page, Report

CLOUD = "云业务收入同比增长四成，公司上调全年资本开支。\n\n海外市场的订单继续增加，毛利率改善。"
GAMES = "The games segment grew and margins widened again.\n\nCapital expenditure guidance was raised."


class Letters:
    """Another embedding: how often each letter stands in a text."""

    id = "letters"
    dimension = 26

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Counts of a to z, of length 1."""
        counts = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
        counts = counts.reshape(len(texts), 26)
        lengths = np.linalg.norm(counts, axis=1, keepdims=True)
        return np.asarray(counts / np.where(lengths == 0, 1, lengths), np.float32)


def incoming(report_id: str, text: str, *, path_key: str = "", source: str = "", pages: int = 0) -> Incoming:
    report = Report(
        report_id=report_id,
        source=source or f"{report_id}.txt",
        text=text,
        title=f"Title {report_id}",
        language="en",
        issuer="Broker",
        date="2025-03-01",
        date_basis="printed",
        pages=tuple(Page(n + 1, 0, len(text)) for n in range(pages)),
    )
    return Incoming(report, passages(report), text.encode(), path_key)


def terms(text: str) -> list[tuple[str, float]]:
    return [(token, 1.0) for token in tokens(text)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def library(home: Path) -> Iterator[Library]:
    with Library.open(home, Builtin()) as library:
        library.add([incoming("aaaa11112222", CLOUD), incoming("bbbb11112222", GAMES)])
        yield library


def state(library: Library) -> object:
    """All that a user can see, but the times. Keyword scores move a little with what was deleted before."""
    seen = []
    for report_id in sorted(info.report_id for info in library.infos()):
        text = library.report(report_id).text
        near = [(i, round(similarity, 4)) for i, similarity in library.vector_hits(text, 50)]
        words = sorted(i for i, _ in library.keyword_hits(terms(text), 99))
        seen.append((library.report(report_id), library.passages(report_id), library.original(report_id), near, words))
    return seen


# ---------------------------------------------------------------- keeping


def test_what_is_added_is_there(library: Library) -> None:
    added = incoming("cccc11112222", "Cash flow turned positive.", source="報告 三.txt")
    library.add([added])
    assert library.report("cccc11112222") == added.report
    assert library.passages("cccc11112222") == list(added.passages)
    info = library.info("cccc11112222")
    assert (info.source, info.title, info.issuer) == ("報告 三.txt", "Title cccc11112222", "Broker")
    assert (info.date, info.date_basis) == ("2025-03-01", "printed")
    assert (info.passages, info.tables, info.pages) == (len(added.passages), 0, None)
    assert info.ingested_at.endswith("Z")
    assert len(library) == len(library.infos()) == 3


def test_it_is_all_there_after_reopening(home: Path) -> None:
    with Library.open(home, Builtin()) as library:
        library.add([incoming("aaaa11112222", CLOUD, pages=2), incoming("bbbb11112222", GAMES)])
        before, infos = state(library), library.infos()
    with Library.open(home, Builtin()) as library:
        assert state(library) == before
        assert library.infos() == infos
        assert library.notices == [] and library.check() == []


def test_only_reports_with_pages_keep_their_file(library: Library) -> None:
    library.add([incoming("cccc11112222", CLOUD, pages=1)])
    assert library.original("cccc11112222") == CLOUD.encode()
    assert library.original("aaaa11112222") is None
    library.remove("cccc11112222")
    library.add([incoming("cccc11112222", CLOUD)])
    assert library.original("cccc11112222") is None


def test_a_passage_by_its_id(library: Library) -> None:
    for passage in library.passages("aaaa11112222"):
        assert library.passage(passage.passage_id) == passage
    for unknown in ("aaaa11112222-0-9999", "ffff11112222-0-1", "", "-"):
        with pytest.raises(InputError, match="no passage"):
            library.passage(unknown)


def test_a_report_by_the_beginning_of_its_id(library: Library) -> None:
    library.add([incoming("aaaa99992222", "Another text altogether.")])
    assert library.resolve("AAAA1") == "aaaa11112222"
    assert library.report("bbbb").report_id == "bbbb11112222"
    for name, message in {"aaaa": "2 report ids", "bbb": "no report", "": "no report", "zzzz": "no report"}.items():
        with pytest.raises(InputError, match=message):
            library.report(name)


def test_removing_leaves_nothing(library: Library) -> None:
    gone = library.remove("aaaa1")
    assert gone.report_id == "aaaa11112222"
    assert [info.report_id for info in library.infos()] == ["bbbb11112222"]
    assert library.keyword_hits(terms("资本开支"), 9) == []
    assert {i[:4] for i, _ in library.vector_hits(CLOUD, 9)} <= {"bbbb"}
    with pytest.raises(InputError):
        library.report("aaaa11112222")
    assert library.check() == []


def test_adding_the_same_again_changes_nothing(library: Library) -> None:
    before = state(library)
    library.add([incoming("aaaa11112222", CLOUD)])
    assert state(library) == before and library.check() == []


def test_a_report_read_anew_loses_its_old_passages(library: Library) -> None:
    library.add([incoming("aaaa11112222", "Wholly different words now.")])
    assert library.keyword_hits(terms("资本开支"), 9) == []
    assert library.keyword_hits(terms("wholly different"), 9)[0][0] == library.passages("aaaa11112222")[0].passage_id
    assert library.check() == []


def test_a_newer_file_from_the_same_place_replaces(library: Library) -> None:
    library.add([incoming("cccc11112222", "First version.", path_key="here")])
    library.add([incoming("dddd11112222", "Second.", path_key="here"), incoming("eeee11112222", "x", path_key="x")])
    assert {info.report_id[:4] for info in library.infos()} == {"aaaa", "bbbb", "dddd", "eeee"}
    assert library.at_path("here") == "dddd11112222"
    assert library.check() == []


def test_a_report_without_passages_is_kept(library: Library) -> None:
    library.add([Incoming(incoming("cccc11112222", " ").report, [])])
    assert library.info("cccc11112222").passages == 0
    assert library.check() == []


def test_many_passages_in_one_report(library: Library) -> None:
    paragraphs = (f"Paragraph number {i} speaks of topic{i} at some length, as they do. " * 9 for i in range(1700))
    text = "\n\n".join(paragraphs)
    library.add([incoming("cccc11112222", text)])
    assert library.info("cccc11112222").passages > 1000
    best = library.keyword_hits([("topic1077", 1.0)], 1)[0][0]
    assert "topic1077" in library.passage(best).text
    assert library.check() == []


# ---------------------------------------------------------------- finding


def test_keywords_find_across_scripts(library: Library) -> None:
    for query in ("資本開支", "资本开支"):
        assert library.keyword_hits(terms(query), 1)[0][0].startswith("aaaa")
    assert library.keyword_hits(terms("games segments"), 1)[0][0].startswith("bbbb")


def test_vectors_find_by_text_and_by_vector(library: Library) -> None:
    hits = library.vector_hits("capital expenditure guidance", 5)
    assert hits[0][0].startswith("bbbb")
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
    assert library.vector_hits(Builtin().embed(["capital expenditure guidance"])[0], 5) == hits
    own = library.passages("bbbb11112222")[0]
    [(nearest, similarity)] = library.vector_hits(f"{own.context}\n{own.text}", 1)
    assert nearest == own.passage_id and similarity == pytest.approx(1, abs=1e-4)


def test_finding_within_reports(library: Library) -> None:
    for reports in (["aaaa11112222"], {"aaaa11112222", "unknown"}):
        assert {i[:4] for i, _ in library.vector_hits("growth", 9, reports=reports)} == {"aaaa"}
        assert {i[:4] for i, _ in library.keyword_hits(terms("收入 growth"), 9, reports=reports)} == {"aaaa"}
    assert library.vector_hits("growth", 9, reports=[]) == []
    assert library.keyword_hits(terms("收入"), 9, reports=["none"]) == []


def test_finding_nothing(library: Library) -> None:
    assert library.vector_hits("", 5) == library.vector_hits("growth", 0) == library.keyword_hits([], 5) == []


def test_furniture_is_found_only_on_demand(library: Library) -> None:
    text = "Revenue grew by a tenth.\n\nDisclaimer: this document is no offer to buy unicorns."
    plain = incoming("cccc11112222", text).report
    start = text.index("Disclaimer")
    report = Report(**{
        **{name: getattr(plain, name) for name in Report.__slots__},
        "furniture": (Furniture("disclaimer", start, len(text)),),
    })
    library.add([Incoming(report, passages(report))])
    assert library.keyword_hits(terms("unicorns"), 5) == []
    found = library.keyword_hits(terms("unicorns"), 5, furniture=True)
    assert [library.passage(i).furniture for i, _ in found] == ["disclaimer"]
    assert found[0][0] not in dict(library.vector_hits("Disclaimer: no offer to buy unicorns", 20))
    assert library.vector_hits("Disclaimer: no offer to buy unicorns", 20, furniture=True)[0][0] == found[0][0]
    assert library.check() == []


def test_queries_answer_while_reports_are_added(library: Library) -> None:
    failures: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                for i, _ in library.keyword_hits(terms("资本开支"), 3) + library.vector_hits("资本开支", 3):
                    with contextlib.suppress(InputError):  # removed this very moment
                        library.passage(i)
                library.infos()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for i in range(8):
        library.add([incoming(f"{i:012x}", f"资本开支第{i}次上调，增长继续。")])
    library.remove("000000000003")
    stop.set()
    thread.join()
    assert failures == [] and library.check() == []


# ---------------------------------------------------------------- embeddings


def test_another_embedding_is_refused_with_both_names(library: Library, home: Path) -> None:
    library.close()
    with pytest.raises(LibraryError, match=r"built with the embedding builtin, and letters is set.*assistant reindex"):
        Library.open(home, Letters())
    Library.open(home, Builtin()).close()


def test_an_empty_library_takes_any_embedding(home: Path) -> None:
    Library.open(home, Builtin()).close()
    with Library.open(home, Letters()) as library:
        library.add([incoming("bbbb11112222", GAMES)])
        assert library.vector_hits("games", 1)[0][0].startswith("bbbb")
    with pytest.raises(LibraryError, match="built with the embedding letters"):
        Library.open(home, Builtin())


def test_rebuilding_with_another_embedding(library: Library, home: Path) -> None:
    infos, words = library.infos(), library.keyword_hits(terms("资本开支"), 9)
    library.close()
    told: list[tuple[int, int]] = []
    with Library.rebuild(home, Letters(), progress=lambda done, total: told.append((done, total))) as library:
        assert library.infos() == infos and library.check() == []
        assert [i for i, _ in library.keyword_hits(terms("资本开支"), 9)] == [i for i, _ in words]
        assert library.vector_hits("games segment margins", 1)[0][0].startswith("bbbb")
    assert told == [(1, 2), (2, 2)]
    Library.open(home, Letters()).close()


# ---------------------------------------------------------------- one process


HOLD = """
import sys, time
from pathlib import Path
from assistant.embeddings import Builtin
from assistant.library import Library
sys.argv = ["assistant", "serve", "--port", "1"]
with Library.open(Path(HOME), Builtin()):
    print("open", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def held(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the library open."""
    script = HOLD.replace("HOME", repr(str(home)))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_another_process_is_named_and_its_death_frees_the_folder(home: Path) -> None:
    with held(home) as process:
        owner = rf"in use by process {process.pid} \(assistant serve, since \d\d:\d\d\)"
        with pytest.raises(LibraryError, match=owner):
            Library.open(home, Builtin())
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        Library.open(home, Builtin(), wait=5).close()


def test_the_same_process_cannot_open_it_twice_but_after_closing(home: Path) -> None:
    with Library.open(home, Builtin()) as library, pytest.raises(LibraryError, match=f"process {os.getpid()}"):
        Library.open(home, Builtin(), wait=0.1)
    library.close()
    Library.open(home, Builtin()).close()


# ---------------------------------------------------------------- damage


def test_home_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(LibraryError, match="names a file") as caught:
            Library.open(home, Builtin())
        assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("damage", ["gone", "garbled", "garbled words", "older rules"])
def test_the_keyword_index_mends_itself(library: Library, home: Path, damage: str) -> None:
    before = state(library)
    library.close()
    index = next((home / "keywords").iterdir())
    if damage == "gone":
        shutil.rmtree(home / "keywords")
    elif damage == "garbled":
        (index / "meta.json").write_bytes(b"\x00\x01")
    elif damage == "garbled words":
        words = next(index.glob("*.term"))
        words.write_bytes(bytes(len(words.read_bytes())))
    else:
        index.rename(home / "keywords" / "00000000")
    with Library.open(home, Builtin()) as library:
        assert state(library) == before and library.check() == []
        assert library.notices == ["the keyword index was brought up to date (2 of 2 reports)"]


@pytest.mark.parametrize("damage", ["gone", "garbled"])
def test_a_lost_database_is_told_and_built_anew(library: Library, home: Path, damage: str) -> None:
    before, infos = state(library), library.infos()
    library.close()
    if damage == "gone":
        shutil.rmtree(home / "chroma")
    else:
        (home / "chroma" / "chroma.sqlite3").write_bytes(b"not a database" * 500)
    with pytest.raises(LibraryError, match="assistant reindex"):
        Library.open(home, Builtin())
    with Library.rebuild(home, Builtin()) as library:
        assert state(library) == before and library.infos() == infos and library.check() == []


def test_damage_to_one_report_leaves_the_others(library: Library, home: Path) -> None:
    library.close()
    with contextlib.closing(sqlite3.connect(home / "reports" / "archive.sqlite3")) as database, database:
        database.execute("UPDATE kept SET data = x'00' WHERE report_id LIKE 'aaaa%'")
    shutil.rmtree(home / "keywords")
    with Library.open(home, Builtin()) as library:
        assert any("aaaa11112222" in notice and "assistant remove" in notice for notice in library.notices)
        assert library.keyword_hits(terms("games"), 1)[0][0].startswith("bbbb")
        with pytest.raises(LibraryError, match="aaaa11112222 is missing or damaged"):
            library.report("aaaa11112222")
        assert {problem.mend[:24] for problem in library.check()} >= {"assistant remove aaaa1111"[:24]}
        library.remove("aaaa11112222")
        assert library.check() == []


FILL = """
import resource, signal, sys
from pathlib import Path
from assistant.chunking import passages
from assistant.embeddings import Builtin
from assistant.errors import LibraryError
from assistant.library import Incoming, Library
from assistant.types import Report
home = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Library.open(home, Builtin()) as library:
    size = max(path.stat().st_size for path in home.rglob("*") if path.is_file())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20000, size + 20000))
    try:
        for i in range(200):
            text = "".join(chr(0x4e00 + (i * 7919 + j * j * 31) % 20000) for j in range(3000))
            report = Report(f"{i:012x}", f"{i}.txt", text, "t", "zh-Hans")
            library.add([Incoming(report, passages(report))])
    except LibraryError as error:
        print(len(library), error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the limit on file sizes is POSIX")
def test_a_full_disk_is_told_and_harms_nothing(library: Library, home: Path) -> None:
    before = library.report("aaaa11112222")
    library.close()
    ran = subprocess.run([sys.executable, "-c", FILL, str(home)], capture_output=True, text=True, check=False)
    assert "the disk is full" in ran.stdout, ran.stdout + ran.stderr
    with Library.open(home, Builtin()) as library:
        assert library.check() == [] and library.report("aaaa11112222") == before
        assert len(library) >= int(ran.stdout.split()[0])
        library.add([incoming("cccc11112222", "Room again.")])
        assert library.keyword_hits(terms("room"), 1)[0][0].startswith("cccc")

"""Ingestion: which files are taken, and what becomes of each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.embeddings import Builtin, Vectors
from assistant.ingestion import Outcome, ingest
from assistant.language import tokens
from assistant.library import Library
from assistant.reading import read
from assistant.types import Report

CLOUD = "云业务收入同比增长四成，公司上调全年资本开支，订单继续增加。"
GAMES = "The games segment grew and margins widened again."


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "home", Builtin()) as library:
        yield library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


def write(path: Path, text: str | bytes = GAMES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def run(library: Library, *paths: Path) -> list[Outcome]:
    return list(ingest(library, paths, read=read))


def told(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.source: outcome.status for outcome in outcomes}


def found(library: Library, query: str) -> list[str]:
    hits = library.keyword_hits([(token, 1.0) for token in tokens(query)], 5)
    return [library.info(library.passage(i).report_id).source for i, _ in hits]


def test_a_file_is_added_with_its_counts(library: Library, folder: Path) -> None:
    [outcome] = run(library, write(folder / "云.txt", CLOUD))
    assert (outcome.source, outcome.status, outcome.message) == ("云.txt", "added", "")
    [info] = library.infos()
    assert (outcome.report_id, outcome.passages, outcome.tables) == (info.report_id, info.passages, info.tables)
    assert found(library, "資本開支") == ["云.txt"]
    assert library.report(info.report_id).text == CLOUD


def test_a_folder_in_order_of_name_without_hidden_files(library: Library, folder: Path) -> None:
    for name in ("b.txt", "a/z.md", "a/.hidden.txt", ".git/x.txt", "a/~$open.docx", "c.HTM"):
        write(folder / name, f"<html><body><p>On {name}.</p></body></html>" if "HTM" in name else f"On {name}.")
    outcomes = run(library, folder)
    assert [(o.source, o.status) for o in outcomes] == [("z.md", "added"), ("b.txt", "added"), ("c.HTM", "added")]


def test_other_files_are_skipped_in_a_folder_and_refused_by_name(library: Library, folder: Path) -> None:
    picture = write(folder / "logo.png", b"\x89PNG\r\n\x1a\n")
    assert [(o.status, o.message) for o in run(library, folder)] == [("skipped", "not a report format")]
    [outcome] = run(library, picture)
    assert outcome.status == "failed" and ".pdf" in outcome.message


def test_the_second_time_nothing_changes(library: Library, folder: Path) -> None:
    write(folder / "a.txt", CLOUD)
    first, infos = run(library, folder), library.infos()
    [again] = run(library, folder)
    assert again == Outcome("a.txt", "unchanged", first[0].report_id, first[0].passages, first[0].tables)
    assert library.infos() == infos


def test_the_same_bytes_twice_in_a_run(library: Library, folder: Path) -> None:
    write(folder / "a.txt", CLOUD)
    write(folder / "b.txt", CLOUD)
    _, second = run(library, folder)
    assert (second.status, second.message) == ("duplicate", "the same file as a.txt")
    assert [info.source for info in library.infos()] == ["a.txt"]
    assert told(run(library, folder)) == {"a.txt": "unchanged", "b.txt": "duplicate"}


def test_a_changed_file_replaces_its_older_version(library: Library, folder: Path) -> None:
    path = write(folder / "a.txt", CLOUD)
    run(library, path)
    write(path, GAMES)
    assert told(run(library, path)) == {"a.txt": "replaced"}
    assert found(library, "资本开支") == [] and found(library, "games") == ["a.txt"]
    write(path, CLOUD)
    assert told(run(library, folder)) == {"a.txt": "replaced"}
    assert len(library) == 1 and library.check() == []


def test_one_name_in_two_folders_is_two_files(library: Library, folder: Path) -> None:
    write(folder / "x" / "a.txt", CLOUD)
    write(folder / "y" / "a.txt", GAMES)
    assert [o.status for o in run(library, folder)] == ["added", "added"]
    assert len(library) == 2


def test_a_file_that_takes_over_known_bytes(library: Library, folder: Path) -> None:
    """b gets the bytes of a, a new ones: both contents stay, b's older one goes."""
    a, b = write(folder / "a.txt", CLOUD), write(folder / "b.txt", GAMES)
    run(library, folder)
    write(b, CLOUD)
    write(a, "Something new altogether.")
    assert told(run(library, b, a)) == {"b.txt": "replaced", "a.txt": "added"}
    assert found(library, "games") == [] and len(found(library, "资本开支")) == 1 and found(library, "something new")
    assert told(run(library, a, b)) == {"a.txt": "unchanged", "b.txt": "unchanged"}
    assert library.check() == []


def test_a_moved_file_is_the_same_report(library: Library, folder: Path) -> None:
    path = write(folder / "a.txt", CLOUD)
    run(library, path)
    moved = path.rename(folder / "b.txt")
    assert told(run(library, moved)) == {"b.txt": "unchanged"}
    write(moved, GAMES)
    assert told(run(library, moved)) == {"b.txt": "replaced"}
    assert len(library) == 1


BAD = {
    "empty.txt": b"",
    "blank.md": b" \n\n ",
    "photo.txt": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 8,
    "cut.pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog",
    "noise.txt": bytes(range(256)) * 40,
}


def test_files_that_cannot_be_read_stop_nothing(library: Library, folder: Path) -> None:
    for name, data in BAD.items():
        write(folder / name, data)
    write(folder / "big5.txt", "資本支出持續上修，公司的毛利率與營收都在成長，這是主要的原因。".encode("big5"))
    write(folder / "gb.txt", "公司的资本开支持续上调，毛利率和收入都在增长，这是主要的原因。".encode("gb18030"))
    write(folder / "utf16.txt", "Sixteen bits of capital expenditure.".encode("utf-16"))
    outcomes = run(library, folder)
    assert told(outcomes) == dict.fromkeys(sorted([*BAD, "big5.txt", "gb.txt", "utf16.txt"]), "failed") | dict.fromkeys(
        ["big5.txt", "gb.txt", "utf16.txt"], "added"
    )
    for outcome in outcomes:
        assert bool(outcome.message) is (outcome.status == "failed") and str(folder) not in outcome.message
    assert set(found(library, "資本支出")) >= {"big5.txt"} and library.check() == []


def test_the_copy_of_a_bad_file_is_bad_too(library: Library, folder: Path) -> None:
    write(folder / "a.txt", BAD["photo.txt"])
    write(folder / "b.txt", BAD["photo.txt"])
    outcomes = run(library, folder)
    assert [(o.status, o.report_id) for o in outcomes] == [("failed", None)] * 2
    assert outcomes[1].message == "the same file as a.txt, which can't be read"


def test_what_is_not_there_or_no_file(library: Library, folder: Path) -> None:
    (folder / "broken.txt").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe.txt")
    outcomes = run(library, folder / "absent.txt", folder, folder / "pipe.txt")
    assert [o.status for o in outcomes] == ["failed", "failed", "skipped", "failed"]
    assert outcomes[0].message == "there is no such file or folder"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_file(library: Library, folder: Path) -> None:
    write(folder / "a.txt").chmod(0)
    [outcome] = run(library, folder)
    assert outcome.status == "failed" and "Permission denied" in outcome.message


def test_links_in_a_circle(library: Library, folder: Path) -> None:
    write(folder / "sub" / "a.txt", CLOUD)
    (folder / "sub" / "up").symlink_to(folder)
    assert [(o.source, o.status) for o in run(library, folder)] == [("a.txt", "added")]


def test_a_huge_text_is_refused_unread(library: Library, folder: Path) -> None:
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(300 << 20)
    [outcome] = run(library, folder)
    assert (outcome.status, outcome.message) == ("failed", "the file has 300 MB, the limit is 64 MB; split it")


def test_a_name_that_is_no_text(library: Library, folder: Path) -> None:
    try:
        write(Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.txt")), CLOUD)
    except OSError:
        pytest.skip("this file system has text names only")
    [outcome] = run(library, folder)
    assert (outcome.source, outcome.status) == ("bad\ufffd.txt", "added")


def test_whatever_a_reader_raises_fails_that_file_alone(library: Library, folder: Path) -> None:
    write(folder / "a.txt", CLOUD)
    write(folder / "b.txt", "trap")
    write(folder / "c.txt", "half a character")

    def trapped(data: bytes, name: str) -> Report:
        if data == b"trap":
            raise RecursionError("deep inside /secret/path")
        report = read(data, name)
        if name == "c.txt":  # a text that can't be stored
            return Report(report.report_id, name, report.text + "\ud800", "t", "en")
        return report

    outcomes = list(ingest(library, [folder], read=trapped))
    assert told(outcomes) == {"a.txt": "added", "b.txt": "failed", "c.txt": "failed"}
    assert "secret" not in outcomes[1].message and library.check() == []


def test_progress_and_outcomes_go_together(library: Library, folder: Path) -> None:
    for i in range(5):
        write(folder / f"{i}.txt", f"Text number {i}.")
    seen: list[tuple[int, int]] = []
    outcomes = list(ingest(library, [folder], read=read, progress=lambda done, total: seen.append((done, total))))
    assert len(outcomes) == 5
    assert seen == [(i, 5) for i in range(1, 6)]


def test_nothing_to_do(library: Library, folder: Path) -> None:
    assert run(library) == run(library, folder) == []


def test_stopping_early_keeps_what_was_told(library: Library, folder: Path) -> None:
    for i in range(4):
        write(folder / f"{i}.txt", f"Text number {i}.")
    outcome = next(iter(ingest(library, [folder], read=read)))
    assert library.report(str(outcome.report_id)).source == "0.txt"
    assert library.check() == []


MANY = """
import sys
from pathlib import Path
from assistant.embeddings import Builtin
from assistant.ingestion import ingest
from assistant.library import Library
from assistant.reading import read
if __name__ == "__main__":
    with Library.open(Path(sys.argv[1]), Builtin()) as library:
        print(sum(o.status == "added" for o in ingest(library, [Path(sys.argv[2])], read=read)), library.check())
"""


def test_many_files_are_read_in_other_processes_alike(library: Library, folder: Path, tmp_path: Path) -> None:
    for i in range(520):
        write(folder / f"{i:03}.txt", f"第{i}份报告：公司上调全年资本开支 {i} 亿元。")
    script = write(tmp_path / "script.py", MANY)
    ran = subprocess.run(
        [sys.executable, script, tmp_path / "other", folder], capture_output=True, text=True, check=False
    )
    assert ran.stdout == "520 []\n", ran.stderr

    def here(data: bytes, name: str) -> Report:  # can't be sent to another process
        return read(data, name)

    outcomes = list(ingest(library, [folder], read=here))
    assert [o.status for o in outcomes] == ["added"] * 520
    with Library.open(tmp_path / "other", Builtin()) as other:
        for outcome in outcomes:
            assert other.passages(str(outcome.report_id)) == library.passages(str(outcome.report_id))


class Remote:
    """An embedding that is no mere computation: it stays in the process of the library."""

    id = "remote"
    dimension = 2

    def __init__(self) -> None:
        self.calls: list[int] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(1, 0) for a text with a capital letter, (0, 1) for others."""
        self.calls.append(len(texts))
        return np.array([(1, 0) if any(c.isupper() for c in text) else (0, 1) for text in texts], np.float32)


def test_a_remote_embedding_is_asked_once_a_batch(folder: Path, tmp_path: Path) -> None:
    for i in range(20):
        write(folder / f"{i}.txt", f"Text number {i}.")
    embedding = Remote()
    with Library.open(tmp_path / "other", embedding) as library:
        assert [o.status for o in run(library, folder)] == ["added"] * 20
        assert embedding.calls == [20]
        assert len(library.vector_hits(np.array([1, 0], np.float32), 50)) == 20

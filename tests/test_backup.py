"""A library in one file, and back; every passage compared with its report."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from assistant.embeddings import Builtin
from assistant.errors import InputError, LibraryError
from assistant.library import Library
from assistant.library.backup import backup, restore
from test_library import CLOUD, GAMES, Letters, incoming, state, terms


@pytest.fixture
def library(tmp_path: Path) -> Library:
    with Library.open(tmp_path / "home", Builtin()) as library:
        library.add([incoming("aaaa11112222", CLOUD, pages=2, path_key="here"), incoming("bbbb11112222", GAMES)])
        yield library


def test_it_comes_back_whole(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "kept.tar"
    assert backup(library, file) == 2
    told: list[tuple[int, int]] = []
    with Library.open(tmp_path / "other", Builtin()) as other:
        assert restore(other, file, lambda done, total: told.append((done, total))) == 2
        assert state(other) == state(library) and other.infos() == library.infos()
        assert other.at_path("here") == "aaaa11112222" and other.check(texts=True) == []
        assert restore(other, file) == 0
    assert told == [(2, 2)]


def test_what_is_there_already_stays(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "kept.tar"
    backup(library, file)
    library.remove("bbbb")
    library.add([incoming("cccc11112222", "Newer than the backup.")])
    assert restore(library, file) == 1
    assert len(library) == 3 and library.check(texts=True) == []
    assert library.keyword_hits(terms("games"), 1)[0][0].startswith("bbbb")


def test_another_embedding_makes_its_own_vectors(library: Library, tmp_path: Path) -> None:
    backup(library, tmp_path / "kept.tar")
    with Library.open(tmp_path / "other", Letters()) as other:
        restore(other, tmp_path / "kept.tar")
        assert other.vector_hits("games segment margins", 1)[0][0].startswith("bbbb") and other.check() == []


def test_damage_is_told_and_what_is_no_backup(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "kept.tar"
    backup(library, file)
    data = file.read_bytes()
    with tarfile.open(file) as tar:
        place = tar.getmember("bbbb11112222/kept").offset_data
    file.write_bytes(data[:place] + b"\x00\x01" + data[place + 2 :])
    damaged = r"kept\.tar is damaged.*bbbb"
    with Library.open(tmp_path / "other", Builtin()) as other, pytest.raises(InputError, match=damaged):
        restore(other, file)
    for content in (data[: len(data) // 2], b"", b"no tar at all" * 99):
        file.write_bytes(content)
        with Library.open(tmp_path / "other", Builtin()) as other, pytest.raises(InputError, match=r"kept\.tar"):
            restore(other, file)
    file.unlink()
    with pytest.raises(InputError, match=r"kept\.tar can't be read: No such file"):
        restore(library, file)
    with pytest.raises(LibraryError, match="can't be written"):
        backup(library, tmp_path / "nowhere" / "kept.tar")


def test_a_newer_backup_is_refused(library: Library, tmp_path: Path) -> None:
    file, newer = tmp_path / "kept.tar", tmp_path / "newer.tar"
    backup(library, file)
    with tarfile.open(file) as tar, tarfile.open(newer, "w") as out:
        content = json.load(tar.extractfile("list.json"))  # type: ignore[arg-type]
        (tmp_path / "list.json").write_text(json.dumps({**content, "format": 99}), encoding="utf-8")
        out.add(tmp_path / "list.json", "list.json")
    with pytest.raises(InputError, match="newer version"):
        restore(library, newer)


def test_a_passage_that_its_report_does_not_say_is_found(library: Library, tmp_path: Path) -> None:
    from dataclasses import replace

    from assistant.archive import decode, encode

    assert library.check(texts=True) == []
    library.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "home" / "reports" / "archive.sqlite3")) as database, database:
        [(data,)] = database.execute("SELECT data FROM kept WHERE report_id LIKE 'bbbb%'")
        kept = decode(data)
        first, *others = kept.passages
        wrong = replace(kept, passages=(replace(first, text=first.text.replace("games", "GAMES")), *others))
        database.execute("UPDATE kept SET data = ? WHERE report_id LIKE 'bbbb%'", (encode(wrong),))
    with Library.open(tmp_path / "home", Builtin()) as library:
        [problem] = library.check(texts=True)
        assert problem.message.startswith("1 passages of bbbb11112222.txt (bbbb11112222) are not what its text says")


KILLED = """
import sys
from pathlib import Path
from assistant.embeddings import Builtin
from assistant.library import Library
from assistant.library.backup import backup
with Library.open(Path(sys.argv[1]), Builtin()) as library:
    print("open", flush=True)
    while True:
        backup(library, Path(sys.argv[2]))
"""


def test_a_backup_that_is_killed_leaves_the_one_before(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "kept.tar"
    backup(library, file)
    library.close()
    for pause in (0.01, 0.05):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "home"), str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout and process.stdout.readline()
            time.sleep(pause)
            os.kill(process.pid, signal.SIGKILL)
        with Library.open(tmp_path / f"other-{pause}", Builtin()) as other:
            assert restore(other, file) == 2

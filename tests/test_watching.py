"""A folder that is watched: what comes into it is read once it is whole, and nothing twice."""

from __future__ import annotations

import threading
from pathlib import Path

from assistant.embeddings import Builtin
from assistant.ingestion import watch
from assistant.library import Library
from assistant.reading import read


def test_what_comes_into_a_folder_is_read_when_it_is_whole(tmp_path: Path) -> None:
    folder, stop = tmp_path / "files", threading.Event()
    folder.mkdir()
    (folder / "first.md").write_text("The first note.", encoding="utf-8")
    with Library.open(tmp_path / "home", Builtin()) as library:
        outcomes = watch(library, [folder], read=read, stop=stop, every=0.05)
        first = next(outcomes)
        assert (first.source, first.status) == ("first.md", "added")
        threading.Timer(0.3, (folder / "second.md").write_text, ["The second note."]).start()
        second = next(outcomes)
        assert (second.source, second.status) == ("second.md", "added")
        (folder / "first.md").write_text("The first note, revised.", encoding="utf-8")
        revised = next(outcomes)
        assert (revised.source, revised.status) == ("first.md", "replaced")
        threading.Timer(0.3, stop.set).start()
        assert list(outcomes) == []
        assert sorted(info.source for info in library.infos()) == ["first.md", "second.md"]


def test_a_file_that_still_grows_is_left_alone(tmp_path: Path) -> None:
    folder, stop, whole = tmp_path / "files", threading.Event(), "Line after line, copied slowly.\n" * 40
    folder.mkdir()

    def copy() -> None:
        for end in range(0, len(whole) + 1, 32):
            (folder / "slow.txt").write_text(whole[:end], encoding="utf-8")
            stop.wait(0.02)

    with Library.open(tmp_path / "home", Builtin()) as library:
        outcomes = watch(library, [folder], read=read, stop=stop, every=0.4)
        copying = threading.Thread(target=copy)
        copying.start()
        outcome = next(outcomes)
        copying.join()
        assert library.report(str(outcome.report_id)).text == whole
        threading.Timer(1.0, stop.set).start()
        assert list(outcomes) == []

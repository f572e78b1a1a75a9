"""A folder that is watched: what comes into it is read once it is whole, and nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.embeddings import Builtin
from assistant.ingestion import watch
from assistant.library import Library
from assistant.reading import read


class Looks(threading.Event):
    """Instead of waiting for the next look, does what happens before it; after the last, the watch ends."""

    def __init__(self, steps: Sequence[Callable[[], object]]) -> None:
        super().__init__()
        self._steps = list(steps)

    def wait(self, timeout: float | None = None) -> bool:
        """Whether the watch is to end."""
        if not self._steps:
            return True
        self._steps.pop(0)()
        return False


def test_what_comes_into_a_folder_is_read_once_it_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()

    def write(name: str, text: str) -> Callable[[], object]:
        return lambda: (folder / name).write_text(text, encoding="utf-8")

    def nothing() -> None:
        """Nobody touches the folder."""

    steps = [
        nothing,
        write("second.md", "The second"),  # the beginning of a file that is being copied
        write("second.md", "The second note."),
        nothing,
        nothing,
        write("first.md", "The first note, revised."),
        nothing,
        nothing,
    ]
    write("first.md", "The first note.")()
    with Library.open(tmp_path / "home", Builtin()) as library:
        outcomes = [(o.source, o.status) for o in watch(library, [folder], read=read, stop=Looks(steps))]
        assert outcomes == [("first.md", "added"), ("second.md", "added"), ("first.md", "replaced")]
        texts = sorted(library.report(info.report_id).text for info in library.infos())
        assert texts == ["The first note, revised.", "The second note."]


def test_what_changes_while_it_is_read_first_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    file = tmp_path / "files" / "note.md"
    file.write_text("Half", encoding="utf-8")
    with Library.open(tmp_path / "home", Builtin()) as library:
        outcomes = watch(library, [file.parent], read=read, stop=Looks([lambda: None, lambda: None]))
        assert next(outcomes).status == "added"
        file.write_text("Half, and the rest of it.", encoding="utf-8")
        assert [outcome.status for outcome in outcomes] == ["replaced"]

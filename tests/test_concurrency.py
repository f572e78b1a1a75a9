"""One assistant, several threads: questions, searches and lists while reports come and go."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.chunking import passages
from assistant.embeddings import Builtin
from assistant.library import Incoming, Library
from assistant.reading import read
from assistant.service import Assistant

KEPT = "# Cloud note\n\nDate: 2 March 2026\n\nThe segment margin of cloud was 31%.\n"
PASSING = "# Note {0}\n\nThe segment margin of field {0} was {0}%.\n"
ROUNDS = 12


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads take turns far more often than they would
    with Library.open(tmp_path / "home", Builtin()) as library:
        library.add([_incoming("cloud.md", KEPT)])
        yield Assistant(library)
    sys.setswitchinterval(before)


def test_reading_goes_on_while_reports_come_and_go(assistant: Assistant) -> None:
    done = threading.Event()

    def change() -> None:
        try:
            for number in range(ROUNDS):
                passing = _incoming(f"{number}.md", PASSING.format(number))
                assistant.library.add([passing])
                assistant.remove(passing.report.report_id)
        finally:
            done.set()

    def read_on(look: Callable[[], bool]) -> int:
        count = 0
        while not done.is_set():
            assert look()
            count += 1
        return count

    looks: list[Callable[[], bool]] = [
        lambda: "31%" in assistant.ask("What was the segment margin of cloud?").text,
        lambda: any("31%" in hit.passage.text for hit in assistant.search("segment margin of cloud")),
        lambda: "cloud.md" in [info.source for info in assistant.reports()],
    ]
    with ThreadPoolExecutor(7) as pool:
        changing = pool.submit(change)
        reading = [pool.submit(read_on, look) for look in looks * 2]
        changing.result()
        assert all(result.result() > 0 for result in reading)
    assert [info.source for info in assistant.reports()] == ["cloud.md"]


def _incoming(name: str, text: str) -> Incoming:
    report = read(text.encode(), name)
    return Incoming(report, passages(report))

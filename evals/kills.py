"""Processes killed at random moments of ingest, remove, reindex and backup: what is lost, doubled or unreadable after.

    python evals/kills.py [--kills 100] [--server] [--seed 1]

A child works on one library without end: it ingests notes, takes some out, ingests them again, embeds anew, backs up.
Each time it is killed with SIGKILL after a random pause, and the next start is examined: every report whose ingest was
told to be done and whose removal was not begun must be there, every report must be readable, every passage as its
report says, every one with its vector and its place in the index, once; and the backup there is must be whole.
With --server the library is on a Chroma server, which is itself killed and started again every fifth time.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.library import Library

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

FILES, LONGEST = 30, 1.5  # seconds
KINDS = ("ingest", "remove", "reindex", "backup")

WORK = """
import random, sys
from pathlib import Path
sys.path.insert(0, {place!r})
from kills import opened, note
from assistant.embeddings import Builtin
from assistant.ingestion import ingest
from assistant.library.backup import backup
from assistant.reading import read
home, files, url, seed = Path(sys.argv[1]), sorted(Path(sys.argv[2]).iterdir()), sys.argv[3], sys.argv[4]
chance = random.Random(seed)
def say(*words): print(*words, flush=True)
with opened(home, url) as library:
    say("open", "-")
    while True:
        kind = chance.choice({kinds!r})
        if kind == "ingest":
            for outcome in ingest(library, chance.sample(files, 8), read=read):
                say("there", outcome.report_id)
        elif kind == "remove" and len(library):
            report_id = chance.choice(library.infos()).report_id
            say("going", report_id)
            library.remove(report_id)
        elif kind == "reindex":
            say("reindex", "-")
            library.reindex(Builtin())
        elif kind == "backup":
            say("backup", "-")
            backup(library, home.parent / "kept.tar")
"""


def main() -> None:
    """Kill, examine, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        faults = survive(Path(name), options.kills, options.seed, server=options.server)
    print(f"{options.kills} kills, {len(faults)} faults")
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


def survive(work: Path, kills: int, seed: int, *, server: bool = False) -> list[str]:
    """Kills so many times, and returns what was amiss after any."""
    files, chance = work / "files", random.Random(seed)
    files.mkdir()
    for i in range(FILES):
        (files / f"{i:03}.txt").write_text(note(i), encoding="utf-8")
    there: set[str] = set()
    faults: list[str] = []
    with serving(server) as (url, crash):
        for number in range(kills):
            last = run_and_kill(work, files, url, chance, there, seed + number)
            if server and number % 5 == 4:
                crash()
            faults += [f"kill {number} (during {last}): {fault}" for fault in examine(work, url, there)]
    return faults


@contextmanager
def serving(server: bool) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a server, and what kills and starts it again; "" where none is wanted."""
    if not server:
        yield "", lambda: None
        return
    from chroma_server import running

    with running() as process:
        process.database()

        def crash() -> None:
            process.kill()
            process.start()

        yield process.url, crash


def opened(home: Path, url: str) -> Library:
    """The library, in its folder or on its server."""
    from assistant.embeddings import Builtin
    from assistant.library import Library, Replica

    return Replica.connect(home, url, Builtin()) if url else Library.open(home, Builtin(), wait=10)


def note(i: int) -> str:
    """A short report."""
    lines = (f"第{i}份报告第{j}段：公司上调全年资本开支至{i * 100 + j}亿元,毛利率改善。" * 4 for j in range(6))
    return "\n\n".join(lines)


def run_and_kill(work: Path, files: Path, url: str, chance: random.Random, there: set[str], seed: int) -> str:
    """Lets a child work for a moment; updates what must be there now, and returns what it was doing."""
    script = WORK.format(place=str(Path(__file__).parent), kinds=KINDS)
    command = [sys.executable, "-c", script, str(work / "home"), str(files), url, str(seed)]
    last = "start"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(chance.uniform(0, LONGEST))
        process.send_signal(signal.SIGKILL)
        for line in process.stdout:
            last, report_id = line.split()
            if last == "there":
                there.add(report_id)
            elif last == "going":
                there.discard(report_id)
    return last


def examine(work: Path, url: str, there: set[str]) -> list[str]:
    """What is amiss after the next start; what is there from then on counts as there."""
    from assistant.embeddings import Builtin
    from assistant.library import Library
    from assistant.library.backup import restore

    faults = []
    with opened(work / "home", url) as library:
        held = {info.report_id for info in library.infos()}
        faults += [f"lost: {report_id}" for report_id in there - held]
        amiss = [problem.message for problem in library.check(texts=True)]
        faults += [said for said in amiss if not (url and "belong to no report" in said)]  # which no search returns
        faults += [f"a notice: {notice}" for notice in library.notices if "missing" in notice]
        for report_id in held:
            own = library.passages(report_id)[-1]
            ids = [i for i, _ in library.vector_hits(own.text, 300)]
            faults += [f"doubled: {report_id}"] if len(ids) != len(set(ids)) else []
        there |= held
    if (work / "kept.tar").exists():
        with tempfile.TemporaryDirectory() as name, closing(Library.open(Path(name), Builtin())) as other:
            restore(other, work / "kept.tar")
    return faults


if __name__ == "__main__":
    main()

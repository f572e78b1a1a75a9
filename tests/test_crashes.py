"""An ingestion that is killed at any moment and run again ends as one that was not; in between the library answers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.embeddings import Builtin
from assistant.ingestion import ingest
from assistant.language import tokens
from assistant.library import Library
from assistant.reading import read

FILES, GROUP, KILLS = 40, 2, 5

# Each line on standard input asks for one run, in a process of its own: forked, so that modules are loaded once.
SCRIPT = """
import os, sys
from pathlib import Path
import chromadb, opencc, tantivy
from assistant.embeddings import Builtin
from assistant.ingestion import ingest
from assistant.library import Library
from assistant.reading import read
home, files, group = Path(sys.argv[1]), sorted(Path(sys.argv[2]).iterdir()), int(sys.argv[3])
for _ in sys.stdin:
    if (child := os.fork()) == 0:
        print(os.getpid(), flush=True)
        with Library.open(home, Builtin()) as library:
            for i in range(0, len(files), group):
                if any(o.status == "added" for o in ingest(library, files[i : i + group], read=read)):
                    print("added", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for i in range(FILES):
        paragraphs = (f"第{i}份报告第{j}段：公司上调全年资本开支至{i * 10 + j}亿元，毛利率改善。" * 6 for j in range(5))
        (folder / f"{i:03}.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    return folder


@pytest.fixture
def runner(tmp_path: Path, files: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "killed"), str(files), str(GROUP)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def run_and_kill(runner: subprocess.Popen[str], chance: random.Random) -> None:
    """Kills a run some milliseconds after it has added its first or second group."""
    assert runner.stdin and runner.stdout
    print(file=runner.stdin, flush=True)
    pid = int(runner.stdout.readline())
    for _ in range(chance.randint(1, 2)):
        runner.stdout.readline()
    time.sleep(chance.uniform(0, 0.08))
    os.kill(pid, signal.SIGKILL)
    while runner.stdout.readline().strip() != "ended":
        pass


def contents(library: Library) -> object:
    """All but the times: reports, passages, vectors, and what words find."""
    found = {i for i, _ in library.keyword_hits([(token, 1.0) for token in tokens("资本开支")], 10_000)}
    reports = {}
    for info in library.infos():
        passages = library.passages(info.report_id)
        near = library.vector_hits(passages[-1].text, 3)[0]
        reports[info.report_id] = (library.report(info.report_id), passages, near[0], round(near[1], 4))
    return found, reports


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_again_and_again(tmp_path: Path, files: Path, runner: subprocess.Popen[str]) -> None:
    with Library.open(tmp_path / "whole", Builtin()) as library:
        assert [o.status for o in ingest(library, [files], read=read)] == ["added"] * FILES
        expected = contents(library)
    chance, held = random.Random(7), 0
    for _ in range(KILLS):
        run_and_kill(runner, chance)
        with Library.open(tmp_path / "killed", Builtin()) as library:
            assert library.check() == []
            assert held < len(library) < FILES
            held = len(library)
            for passage_id, _ in library.keyword_hits([("资本", 1.0)], 500) + library.vector_hits("资本开支", 50):
                assert library.passage(passage_id)
    with Library.open(tmp_path / "killed", Builtin()) as library:
        assert {o.status for o in ingest(library, [files], read=read)} == {"added", "unchanged"}
        assert contents(library) == expected
        assert library.check() == []

"""backup, restore and verify, on the command line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.adapters.cli import main


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture
def note(tmp_path: Path) -> Path:
    file = tmp_path / "note.md"
    file.write_text("# Cloud note\n\nThe segment margin of cloud was 31%.\n", encoding="utf-8")
    return file


def test_a_library_moves_in_one_file(
    note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ingest", note) == run("backup", tmp_path / "kept.tar") == 0
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "elsewhere"))
    assert run("restore", tmp_path / "kept.tar") == run("verify") == 0
    shown = capsys.readouterr().out
    assert "1 reports written" in shown and "1 reports restored" in shown and "nothing is amiss" in shown
    assert run("search", "segment margin", "--json") == 0
    assert "31%" in capsys.readouterr().out
    assert run("restore", note) == 1
    assert "note.md can't be read: it is no backup" in capsys.readouterr().err


def test_what_is_amiss_is_told_with_what_mends_it(
    note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    assert run("ingest", note) == 0
    with closing(sqlite3.connect(tmp_path / "home" / "reports" / "archive.sqlite3")) as database, database:
        database.execute("UPDATE kept SET data = x'00'")
    capsys.readouterr()
    assert run("verify", "--json") == 1
    [problem] = json.loads(capsys.readouterr().out)["problems"]
    assert "missing or damaged" in problem["sentence"] and problem["mend"].startswith("assistant remove ")

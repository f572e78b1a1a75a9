"""Killed at random moments of ingest, remove, reindex and backup: nothing lost, doubled or unreadable."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "evals"))

from kills import survive


@pytest.mark.parametrize("server", [False, True], ids=["folder", "server"])
def test_the_next_start_finds_all_that_was_there(tmp_path: Path, server: bool) -> None:
    assert survive(tmp_path, 2, 7, server=server) == []

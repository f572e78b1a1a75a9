"""A few of the generated tables of evals/tables.py, in every layout and format, and files made to do harm."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from assistant.reading import read


@pytest.fixture(scope="module")
def tables(checkout: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("evals_tables", checkout / "evals" / "tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["evals_tables"] = module  # where dataclasses look their annotations up
    spec.loader.exec_module(module)
    return module


def test_cells_are_read_back_with_value_row_column_and_unit(tables: ModuleType) -> None:
    cells, wrong, told = tables.measure(12, seed=3)
    assert all(cells.values()) and len(cells) == 9
    assert not wrong.total(), told


def test_a_cell_read_wrongly_would_be_noticed(tables: ModuleType) -> None:
    made = tables.generate(5)
    report = read(tables.as_text(made), "t.txt")
    other = tables.generate(6)
    assert not list(tables.misread(made, report))
    assert list(tables.misread(other, report))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a process's own peak is told by Linux alone")
@pytest.mark.parametrize(("name", "said"), [("rows.xlsx", "20,000 rows"), ("bomb.xlsx", "exhaust memory")])
def test_large_and_hostile_workbooks_stay_within_memory(
    tables: ModuleType, tmp_path: Path, name: str, said: str
) -> None:
    data = next(data for made, data in tables.hostile(20_000) if made == name)
    (tmp_path / name).write_bytes(data)
    ran = subprocess.run(
        [sys.executable, "-c", tables.PEAK, name], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    peak, outcome = ran.stdout.strip().split("\t")
    assert said in outcome
    assert int(peak) < 200, "megabytes: a fifth of the rows, a fifth of the gibibyte that a file may take"

"""Every calculator against cases from published sources or worked by hand; each names where its value comes from."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from assistant import tools

FILE = Path(__file__).parent / "data" / "worked_cases.jsonl"
CASES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{case['tool']}" for n, case in enumerate(CASES, 1)])
def test_worked_case(case: dict[str, Any]) -> None:
    calculation = tools.run(case["tool"], case["arguments"])
    found = {name: value for name, value, _ in tools.results(calculation)}
    expected = case["expect"] if isinstance(case["expect"], dict) else {case["tool"]: case["expect"]}
    for name, value in expected.items():
        assert abs(found[name] - Decimal(repr(value))) <= Decimal(repr(case["tolerance"])), case["source"]
    if "unit" in case:
        assert calculation.unit == case["unit"]


def test_there_are_cases_for_every_calculator() -> None:
    # A sensitivity table has no single value; its cells are checked against single runs in test_tools.py.
    assert {case["tool"] for case in CASES} | {"sensitivity"} == {info.name for info in tools.describe()}
    assert len(CASES) >= 150
    assert all(case["source"] for case in CASES)

"""`assistant check`: verdicts for people and for programs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from assistant.adapters.cli import main

TEXT = "# 周报\n\n腾讯云 2025 年收入为 310.6 亿元，同比增长 17.5%。阿里云收入为 420 亿元。\n"
TRUE, FALSE = "腾讯云 2025 年收入为 310.6 亿元。", "腾讯云 2025 年收入为 301.6 亿元。"


@pytest.fixture(autouse=True)
def _library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.txt").write_text(TEXT, encoding="utf-8")
    assert main(["ingest", str(tmp_path / "note.txt")]) == 0
    capsys.readouterr()


def test_a_file_is_checked_for_a_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft = tmp_path / "draft.md"
    draft.write_text(f"{TRUE}\n{FALSE}\n", encoding="utf-8")
    assert main(["check", str(draft)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("✓ 310.6 亿元") for line in lines)
    assert any(line.startswith("✗ 301.6 亿元") for line in lines)
    assert any("note.txt" in line for line in lines)
    assert any("310.6 亿元" in line and "数值不同" in line for line in lines)


def test_standard_input_and_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Tencent Cloud's revenue was RMB31.06bn in 2025."))
    assert main(["check", "-", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["verified"] is True
    (figure,) = [f for f in outcome["figures"] if f["kind"] == "number"]
    assert (figure["text"], figure["value"], figure["unit"]) == ("RMB31.06bn", "31060000000", "CNY")
    assert figure["source"]["quote"] == TEXT[figure["source"]["start"] : figure["source"]["end"]]


def test_a_batch_answers_each_line_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = TEXT.index("腾讯云")
    cited = [{"source": "note.txt", "start": start, "end": TEXT.index("。") + 1}]
    other = [{"source": "note.txt", "start": TEXT.index("阿里云"), "end": len(TEXT) - 1}]
    rows = [
        {"id": 1, "text": TRUE, "citations": cited},
        {"id": "b", "text": TRUE, "citations": other},
        {"id": 3, "text": FALSE},
        {"id": 4, "text": TRUE, "citations": []},
        {"id": 5, "text": "没有数字。"},
    ]
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    assert main(["check", "--batch", str(batch)]) == 0
    out = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["id"], row["verified"]) for row in out] == [(1, True), ("b", False), (3, False), (4, False), (5, True)]
    assert all(set(row) == {"id", "figures", "verified"} for row in out)


@pytest.mark.parametrize(
    "citations",
    [[{"source": "gone.txt", "start": 0, "end": 3}], [{"source": "note.txt", "start": "0", "end": 3}], [{}], "x"],
)
def test_citations_that_lead_nowhere_verify_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], citations: object
) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text(json.dumps({"id": 1, "text": "没有数字。", "citations": citations}), encoding="utf-8")
    assert main(["check", "--batch", str(batch)]) == 1
    row = json.loads(capsys.readouterr().out)
    assert row["verified"] is False
    assert row["error"]


def test_a_bad_line_is_told_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text(f'not json\n{{"id": 2}}\n{json.dumps({"id": 3, "text": TRUE})}\n', encoding="utf-8")
    assert main(["check", "--batch", str(batch)]) == 1
    captured = capsys.readouterr()
    assert [json.loads(line)["id"] for line in captured.out.splitlines()] == [3]
    assert captured.err.count("skipped") == 2

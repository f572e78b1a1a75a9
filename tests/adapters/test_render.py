"""What is printed is safe for a terminal and lined up, and JSON is the contract's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.adapters.render import (
    answer_data,
    answer_text,
    as_json,
    hit_data,
    hit_text,
    info_data,
    plain,
    report_text,
    table,
)
from assistant.types import Answer, Calculation, Citation, Hit, Passage, Report, ReportInfo

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31mred\r\u202etxt\u200b\u2066\x00\x7f\x85"
REPORT = Report(
    "abc",
    f"a{EVIL}.txt",
    "text" + EVIL,
    "Title" + EVIL,
    "en",
    issuer="KGI" + EVIL,
    date="2026-01-05",
    date_basis="not_before",
    analysts=("A" + EVIL,),
    tickers=("1.HK" + EVIL,) * 13,
    warnings=("w" + EVIL,),
)
PASSAGE = Passage("abc-0-4", "abc", "text", 0, 4, "te\nxt" + EVIL, "", page=3, section="S" + EVIL)
CITATION = Citation(1, "abc", "a" + EVIL, "T", "KGI" + EVIL, None, 3, "S\n" + EVIL, None, "text", "q" + EVIL, 0, 4)
SUM = Calculation("c1", "growth", {}, "50", "%", "end / start − 1", "150 / 100 − 1")
ANSWER = Answer("q", "en", "answered", "It says" + EVIL, (CITATION,), (SUM,), warnings=("careful" + EVIL,))


@pytest.mark.parametrize(
    "shown",
    [plain("text" + EVIL), answer_text(ANSWER), hit_text(1, Hit(PASSAGE, REPORT, 1.0)), report_text(REPORT)],
)
def test_nothing_of_a_report_steers_the_terminal(shown: str) -> None:
    assert not set(shown) & set("\x1b\x07\x9b\r\u202e\u200b\u2066\x00\x7f\x85")


@given(st.text())
def test_safe_text_is_what_it_was_otherwise(text: str) -> None:
    safe = plain(text)
    assert all(character.isprintable() or character.isspace() for character in safe)
    assert plain(safe) == safe
    if text.isprintable():
        assert safe == text


def test_an_answer_with_its_notes() -> None:
    lines = answer_text(ANSWER).splitlines()
    assert lines[0].startswith("It says") and lines[1] == ""
    assert lines[2].startswith("[1] a") and "0–4 · KGI" in lines[2] and lines[2].endswith("p. 3")
    assert lines[3] == "[c1] end / start − 1: 150 / 100 − 1 = 50%"
    assert lines[4].startswith("! careful") and len(lines) == 5


def test_a_passage_on_two_lines() -> None:
    place, body = hit_text(2, Hit(PASSAGE, REPORT, 1.0)).splitlines()
    assert place.startswith("2. a") and "0–4 · text · KGI" in place and body.startswith("   te xt")
    long = Hit(Passage("i", "abc", "text", 0, 900, "x" * 900, ""), REPORT, 1.0)
    assert hit_text(1, long, width=50).endswith("\n   " + "x" * 50 + "…")


def test_a_bound_is_no_date() -> None:
    info = ReportInfo("abc", "a.txt", "T", None, "2026-01-05", "not_before", "en", None, 1, 0, "now")
    assert (info_data(info)["date"], info_data(info)["not_before"]) == (None, "2026-01-05")
    assert hit_data(Hit(PASSAGE, REPORT, 1.0))["date"] is None
    assert "not before 2026-01-05" in report_text(REPORT)


def test_json_on_one_line_with_chinese_left_readable() -> None:
    shown = as_json({"text": "营收\n增长"})
    assert "营收" in shown and "\n" not in shown and json.loads(shown) == {"text": "营收\n增长"}


def test_the_answer_of_the_contract() -> None:
    data = json.loads(as_json(answer_data(ANSWER)))
    assert {
        "question",
        "language",
        "status",
        "text",
        "citations",
        "calculations",
        "figures",
        "removed",
        "as_of",
        "model",
        "prompt",
        "usage",
        "seconds",
        "warnings",
        "conversation_id",
    } <= set(data)
    assert data["usage"]["cost_usd"] is None
    assert {"n", "report_id", "source", "quote", "start", "end", "kind"} <= set(data["citations"][0])


def test_columns_line_up_with_chinese_in_them() -> None:
    assert table([("中文", "a"), ("x", "b")], ("id", "n")) == "id    n\n中文  a\nx     b"

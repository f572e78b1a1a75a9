"""Headings in the shapes that reports use, and what they govern."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.reading import text
from assistant.reading.sections import find_sections, is_contents_line, plain_title
from assistant.types import Section

PROSE = "云端业务的需求在一季度明显回暖，我们跟踪的八家客户里有六家上调了全年预算，订单能见度延长到三个季度。"


def sections(content: str) -> list[Section]:
    return list(find_sections(text.read(content.encode())))


def titles(content: str) -> list[str]:
    return [section.title for section in sections(content)]


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("## 需求回暖", "需求回暖"),
        ("# **需求回暖**", "需求回暖"),
        ("■ 需求回暖", "需求回暖"),
        ("➤ 需求回暖：订单增加", "需求回暖：订单增加"),
        ("**需求回暖**", "需求回暖"),
        ("一、需求回暖", "一、需求回暖"),
        ("（二）需求回暖", "（二）需求回暖"),
        ("1.2 需求回暖", "1.2 需求回暖"),
        ("3. Demand recovers", "3. Demand recovers"),
        ("需求回暖", "需求回暖"),
        ("Demand recovers", "Demand recovers"),
    ],
)
def test_shapes_of_headings(line: str, title: str) -> None:
    assert titles(f"{PROSE}\n\n{line}\n\n{PROSE}") == [title]


@pytest.mark.parametrize(
    "line",
    [
        "图表 1：云端预算增速",
        "## 表 2：盈利预测",
        "资料来源：公司资料",
        "需求回暖。",
        "收入\t1,000\t1,120",
        "2025. 3000 家客户",
        "wang@example.com",
        "一、需求回暖 ............ 12",
        PROSE,
    ],
)
def test_what_is_no_heading(line: str) -> None:
    assert titles(f"{PROSE}\n\n{line}\n\n{PROSE}") == []


def test_a_plain_line_needs_prose_below_and_room_around() -> None:
    assert titles(f"需求回暖\n\n{PROSE}") == ["需求回暖"]
    assert titles(f"需求回暖\n{PROSE}") == []
    assert titles("需求回暖\n\n甲\n\n乙") == []


def test_a_section_runs_to_the_next_heading_of_its_level_or_above() -> None:
    content = f"# A\n\n{PROSE}\n\n## B\n\n{PROSE}\n\n### C\n\n{PROSE}\n\n## D\n\n{PROSE}\n"
    found = {section.title: section for section in sections(content)}
    assert [section.path for section in found.values()] == [("A",), ("A", "B"), ("A", "B", "C"), ("A", "D")]
    assert found["A"].end == found["D"].end == len(content)
    assert found["B"].end == found["C"].end == found["D"].start == content.index("## D")


def test_a_bold_run_in_ends_with_the_next_heading() -> None:
    content = f"■ 需求\n\n**价格** {PROSE}\n\n**供给** {PROSE}\n\n■ 估值\n\n{PROSE}"
    found = {section.title: section for section in sections(content)}
    assert list(found) == ["需求", "价格", "供给", "估值"]
    assert found["价格"].path == ("需求", "价格") and found["价格"].end == found["供给"].start
    assert found["供给"].end == found["估值"].start
    assert content[found["价格"].heading_start : found["价格"].heading_end] == "价格"


@given(st.lists(st.sampled_from(["# A", "## B", "### C", "■ D", "一、E", "**F** " + PROSE, PROSE]), max_size=12))
def test_sections_nest(lines: list[str]) -> None:
    content = "\n\n".join(lines) or "x"
    found = sections(content)
    for one in found:
        assert 0 <= one.start == one.heading_start < one.heading_end <= one.end <= len(content)
        assert one.path[-1] == one.title
        for other in found:  # within one another or apart
            apart = one.end <= other.start or other.end <= one.start
            assert apart or (one.start - other.start) * (one.end - other.end) <= 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("估值 ...... 12", True),
        ("估值……3", True),
        ("估值 . . . . . 7", True),
        ("估值 12", False),
        ("……", False),
        ("1", False),
    ],
)
def test_lines_of_a_table_of_contents(line: str, told: bool) -> None:
    assert is_contents_line(line) is told


def test_titles_without_their_marks() -> None:
    assert plain_title("## ■ **需求  回暖**：") == "需求 回暖"

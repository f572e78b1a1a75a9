"""What is not the report's argument is known, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.reading import text
from assistant.reading.furniture import find_furniture
from assistant.reading.sections import find_sections

PROSE = "云端业务的需求在一季度明显回暖，我们跟踪的八家客户里有六家上调了全年预算，订单能见度延长到三个季度。\n\n"
BODY = "## 需求\n\n" + "".join(f"第{i}，{PROSE}" for i in "一二三四五六七八九十")


def furniture(content: str) -> list[tuple[str, str]]:
    """(kind, text) of every stretch."""
    found = find_furniture(content, find_sections(text.read(content.encode())))
    return [(item.kind, content[item.start : item.end].strip()) for item in found]


def test_a_report_without_furniture() -> None:
    assert furniture(BODY) == []


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("免责声明", "disclaimer"),
        ("免責聲明", "disclaimer"),
        ("重要声明", "disclaimer"),
        ("Disclaimer", "disclaimer"),
        ("Important Disclosures", "disclaimer"),
        ("分析师声明", "certification"),
        ("分析師聲明", "certification"),
        ("Analyst Certification", "certification"),
        ("投资评级标准", "rating_definitions"),
        ("評級定義", "rating_definitions"),
        ("Rating definitions", "rating_definitions"),
        ("联系我们", "contact"),
    ],
)
def test_closing_sections_by_their_headings(heading: str, kind: str) -> None:
    closing = f"## {heading}\n\n本报告仅供参考，不构成投资建议。"
    assert furniture(BODY + closing) == [(kind, closing)]


def test_rating_definitions_are_only_furniture_at_the_end() -> None:
    assert furniture("## 评级体系\n\n" + PROSE + BODY) == []


def test_what_follows_a_disclaimer_at_the_end_is_furniture_too() -> None:
    closing = f"## 免责声明\n\n{PROSE}## 适用地区\n\n{'仅供当地的专业投资者参考。' * 20}"
    found = furniture(BODY + closing)
    assert {kind for kind, _ in found} == {"disclaimer"} and "".join(part for _, part in found) == closing


def test_a_disclaimer_without_a_heading_runs_to_the_end() -> None:
    [(kind, stretch)] = furniture(BODY + "免责声明：本报告仅供参考。\n更多条款。")
    assert kind == "disclaimer" and stretch.endswith("更多条款。")


def test_a_table_of_contents_with_or_without_heading() -> None:
    listing = "需求回暖 ......... 2\n估值 ......... 11\n"
    assert {kind for kind, _ in furniture(listing + BODY)} == {"contents"}
    [(kind, stretch)] = furniture("## 目录\n\n需求回暖  2\n估值  11\n\n" + BODY)
    assert kind == "contents" and stretch.endswith("11")


PAGE_LINES = ["12", "第 3 页", "第3頁", "- 4 -", "Page 5 of 20", "请务必阅读正文之后的免责条款", "3/18"]


@pytest.mark.parametrize("line", PAGE_LINES)
def test_lines_of_the_page(line: str) -> None:
    """They are no headings either, whose section would be lost."""
    assert furniture(f"{BODY}{line}\n\n{PROSE}") == [("page", line)]


def test_lines_that_come_back_on_every_page() -> None:
    header = "示例证券 软件行业周报"
    assert furniture(BODY.replace("\n\n第", f"\n{header}\n\n第")) == [("page", header)] * 10
    assert furniture(BODY.replace("\n\n", "\n资料来源：公司资料，测算\n\n")) == []


LINES = ["12", "## 免责声明", "目录", "## 目录", "估值 ..... 3", "【1】综述", "正文。", PROSE, "同一页眉出现多次"]


@given(st.lists(st.sampled_from(LINES)))
def test_stretches_are_in_order_and_apart(lines: list[str]) -> None:
    content = "\n".join(lines) or "x"
    found = find_furniture(content, find_sections(text.read(content.encode())))
    at = 0
    for item in found:
        assert at <= item.start < item.end <= len(content)
        at = item.end

"""Passages are slices of whole sentences, rows and captions, and lose nothing."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.chunking import passages, search_text, units
from assistant.reading import read
from assistant.tokenizers import count_many
from assistant.types import Passage, Report

SENTENCES = [
    "公司上调了全年资本开支。",
    "毛利率改善！",
    "订单是否延续？",
    "“价格见底。”",
    "Orders grew 3.5% in April. ",
    "收入为1.2亿元；",
]
LINES = [
    "# 标题",
    "## 需求",
    "■ 估值",
    "**价格** 三月见底，四月回升。",
    "- 第一点",
    "示例科技",
    "1234.HK",
    "(5678.HK)",
    "图表 1：预算增速",
    "资料来源：公司资料",
    "表 2：预测（百万元）",
    "项目\t2024A\t2025E",
    "收入\t1,000\t1,120",
    "净利\t100\t",
    "| 甲 | 乙 |",
    "|---|---|",
    "| 1 | 2 |",
    "12",
    "目录",
    "估值 ....... 3",
    "免责声明",
    "",
    "\t",
    "\r",
    "云端业务的需求在一季度明显回暖，我们跟踪的客户里有六家上调了全年预算，",
    "订单能见度延长到三个季度。",
    *SENTENCES,
]
DOCUMENTS = st.lists(st.sampled_from(LINES), min_size=1, max_size=30).map("\n".join).filter(str.strip)


def report(content: str) -> Report:
    return read(content.encode(), "note.txt")


def made(content: str) -> list[Passage]:
    return passages(report(content))


def cut(content: str) -> list[str]:
    return [content[start:end] for start, end in units(content)]


# ---------------------------------------------------------------- what always holds


@given(DOCUMENTS)
def test_every_passage_is_a_slice_in_reading_order(content: str) -> None:
    found = made(content)
    for passage in found:
        assert passage.text == content[passage.start : passage.end] and passage.text.strip()
    assert [(p.start, p.end) for p in found] == sorted((p.start, p.end) for p in found)
    assert len({p.passage_id for p in found}) == len(found)


@given(DOCUMENTS)
def test_no_word_of_a_report_is_lost(content: str) -> None:
    """A header that a table prints again is in the passage of the first."""
    found = made(content)
    covered = {i for passage in found for i in range(passage.start, passage.end)}
    rest = "".join(character for i, character in enumerate(content) if i not in covered)
    kept = "\n".join(passage.text for passage in found)
    assert all(word in kept for word in re.findall(r"\w+", rest)), rest


@given(st.one_of(DOCUMENTS, st.text(alphabet="资本，。；！a.1 \n\t-（）”*#")))
def test_units_cover_a_text_in_order(content: str) -> None:
    found = units(content)
    for (_, end), (start, _) in pairwise(found):
        assert end <= start
    bounds = pairwise([(0, 0), *found, (len(content), len(content))])
    rest = "".join(content[end:start] for (_, end), (start, _) in bounds)
    assert not rest.strip(" \n\t*\r"), rest
    assert all(content[start:end] == content[start:end].strip() for start, end in found)


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=40))
def test_sentences_are_never_cut(sentences: list[str]) -> None:
    content = "".join(sentences)
    ends = {0}
    for sentence in sentences:
        ends.add(max(ends) + len(sentence))
    stripped = {end - (len(content[:end]) - len(content[:end].rstrip())) for end in ends}
    for passage in made(content):
        assert passage.start in ends and passage.end in stripped


# ---------------------------------------------------------------- sentences and lines


def test_prose_is_cut_into_sentences() -> None:
    assert cut("收入增长12.5%。“需求不错！”他说。Is it? Yes. No 3.5x yet.") == [
        "收入增长12.5%。",
        "“需求不错！”",
        "他说。",
        "Is it?",
        "Yes.",
        "No 3.5x yet.",
    ]


def test_very_long_sentences_are_cut_at_semicolons() -> None:
    parts = [f"第{i}家公司的订单在本季度里继续增加，交付周期也比去年同期缩短了两周左右；" for i in range(12)]
    assert cut("".join(parts)) == parts
    assert cut("".join(parts[:2])) == ["".join(parts[:2])]


def test_a_sentence_over_broken_lines_is_whole() -> None:
    broken = "云端业务的需求在一季度明显回暖，我们跟踪的客户里有六家上调了全年预算，占去年\n收入的大半。其余不变。"
    assert cut(broken) == [broken[: broken.index("其余")], "其余不变。"]
    assert "占去年收入的大半" in search_text(cut(broken)[0])


def test_a_sentence_over_a_page_gap_is_whole() -> None:
    above, below = (
        "云端业务的需求在一季度明显回暖，我们跟踪的客户里有六家上调了全年预算，占去年",
        "收入的大半，其余各家维持不变。",
    )
    broken = f"{above}\n\n\n{below}"
    assert cut(broken) == [broken]


@pytest.mark.parametrize("below", ["- 第二点：价格", "图表 2：价格", "甲\t1\t2", "一、估值"])
def test_other_lines_do_not_go_on_with_a_sentence(below: str) -> None:
    above = "云端业务的需求在一季度明显回暖，我们跟踪的八家客户里有六家上调了全年预算，合计约占去年"
    assert cut(f"{above}\n{below}")[0] == above


def test_search_sees_text_without_its_marks() -> None:
    assert search_text("**毛利率** 为 5\\%<br>的水\n平") == "毛利率 为 5%的水平"


def test_cards_with_the_code_below_the_name() -> None:
    assert cut("示例科技\n(1234.HK)\n云端软件\n样本软件\n(5678.HK)\n财务软件") == [
        "示例科技\n(1234.HK)\n云端软件",
        "样本软件\n(5678.HK)\n财务软件",
    ]


def test_cards_with_the_code_above_the_name() -> None:
    assert cut("1234.HK\n示例科技\n云端软件\n5678.HK\n样本软件\n财务软件") == [
        "1234.HK\n示例科技\n云端软件",
        "5678.HK\n样本软件\n财务软件",
    ]


def test_lists_of_short_lines_stay_small() -> None:
    found = cut("\n".join(f"标签{i}" for i in range(35)))
    assert [piece.count("\n") + 1 for piece in found] == [10, 10, 10, 5]


# ---------------------------------------------------------------- passages

NOTE = """# 软件行业周报

## 需求

{prose}

图表 1：云端预算增速（%）

资料来源：公司资料

## 预测

表 2：盈利预测（百万元）
项目\t2024A\t2025E
收入\t1,000\t1,120
净利润\t100\t130

## 免责声明

本报告仅供参考，不构成投资建议。
"""


@pytest.fixture(scope="module")
def found() -> list[Passage]:
    sentences = (f"第{i}家客户上调了全年的预算，订单能见度延长到三个季度。" for i in range(40))
    return made(NOTE.format(prose="".join(sentences)))


def test_a_passage_has_a_size(found: list[Passage]) -> None:
    sizes = count_many([passage.text for passage in found])
    assert max(sizes) <= 240 and len([p for p in found if p.section == "需求" and p.kind == "text"]) > 3


def test_rows_know_their_table(found: list[Passage]) -> None:
    rows = [passage for passage in found if passage.kind == "table_row"]
    assert [(row.text, row.row, row.table, row.figure) for row in rows] == [
        ("收入\t1,000\t1,120", 0, 0, "2"),
        ("净利润\t100\t130", 1, 0, "2"),
    ]
    for row in rows:
        assert all(part in row.context for part in ("软件行业周报", "预测", "表 2：盈利预测", "百万元", "2025E"))
        assert row.section == "预测"


def test_a_table_is_found_by_its_caption_and_labels(found: list[Passage]) -> None:
    [table] = [passage for passage in found if passage.kind == "table"]
    assert table.text == "表 2：盈利预测（百万元）\n项目\t2024A\t2025E" and "净利润" in table.context


def test_a_figure_is_its_caption(found: list[Passage]) -> None:
    [figure] = [passage for passage in found if passage.kind == "figure"]
    assert (figure.text, figure.figure) == ("图表 1：云端预算增速（%）", "1")


def test_furniture_is_marked(found: list[Passage]) -> None:
    assert {passage.section for passage in found if passage.furniture} == {"免责声明"}


def test_passages_keep_to_their_section(found: list[Passage]) -> None:
    for passage in found:
        assert not (passage.kind == "text" and "##" in passage.text[2:])


def test_ids_tell_report_and_place() -> None:
    one = report("公司上调了全年资本开支。")
    [passage] = passages(one)
    assert passage.passage_id == f"{one.report_id}-{passage.start}-{passage.end}"

"""Tables: grids found in text, and what they mean. The truth for real reports was written by hand from reading them."""

from __future__ import annotations

import json
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reading import text as plain_text
from assistant.reading.labels import parse_unit
from assistant.reading.source import Grid, GridCell, Source
from assistant.reading.tables import build_tables, parse_period, readable, text_grids, unit_of
from assistant.types import Page, Row, Table

REPORTS = Path(__file__).parents[3] / "shared" / "reports"
DATA = Path(__file__).parents[1] / "data" / "tables.jsonl"
TRUTH = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]


def source_of(text: str) -> Source:
    return replace(plain_text.read(text.encode()), grids=text_grids(text))


def tables_in(text: str) -> tuple[Table, ...]:
    return build_tables(source_of(text))


def the_table(text: str) -> Table:
    (table,) = tables_in(text)
    return table


def row_of(table: Table, label: str, group: str | None = None) -> Row:
    return next(row for row in table.rows if row.label == label and group in (None, row.group))


def value(table: Table, label: str, column: str, group: str | None = None) -> str:
    index = next(c.index for c in table.columns if c.label == column)
    return next(cell.text for cell in row_of(table, label, group).cells if cell.column == index)


def unit(table: Table, label: str, column: str) -> str | None:
    return unit_of(table, row_of(table, label), next(c for c in table.columns if c.label == column))


def assert_offsets(text: str, tables: tuple[Table, ...]) -> None:
    for table in tables:
        assert table.caption is None or text[table.caption_start : table.caption_end] == table.caption
        assert table.start == table.header_start <= table.header_end <= table.end
        for row in table.rows:
            assert row.start < row.end
            for cell in row.cells:
                assert text[cell.start : cell.end] == cell.text
                assert table.start <= cell.start and cell.end <= table.end


# ---------------------------------------------------------------- real reports


def report_text(number: str) -> str:
    files = sorted(REPORTS.glob(f"{number}_*.txt"))
    if not files:
        pytest.skip("the reports are not here")
    return plain_text.decode(files[0].read_bytes())


EXPECTED = [
    (report, [item for item in TRUTH if "header" in item and item["report"] == report])
    for report in ("000", "001", "002", "003", "004")
]


@pytest.mark.parametrize(("report", "expected"), EXPECTED, ids=[report for report, _ in EXPECTED])
def test_every_table_of_the_reports(report: str, expected: list[dict[str, Any]]) -> None:
    text = report_text(report)
    tables = tables_in(text)
    assert_offsets(text, tables)
    assert [(t.number, len(t.rows)) for t in tables] == [(e["number"], e["rows"]) for e in expected]
    for table, true in zip(tables, expected, strict=True):
        assert true["caption"] in (table.caption or "")
        assert [column.label for column in table.columns] == true["header"]
        assert (table.unit, table.unit_from) == (true["unit"], true["unit_from"])
        assert table.rows[0].label.startswith(true["first"]) and table.rows[-1].label.startswith(true["last"])
        assert (true["source"] or "") in (table.source_line or "")
        assert [column.period for column in table.columns if column.period] == true["periods"]
        assert set(true["groups"]) <= {row.group for row in table.rows}
        for column, stated in true["units"].items():
            assert next(c.unit for c in table.columns if c.label == column) == stated
        for label, column, printed, *group in true["cells"]:
            assert value(table, label, column, *group) == printed, (label, column)


def test_labels_in_the_middle_of_their_blocks_go_to_the_rows_of_the_block() -> None:
    table = next(t for t in tables_in(report_text("001")) if t.number == "2")
    owner = [row.group or row.label for row in table.rows]
    assert owner[:15] == ["Microsoft"] * 3 + ["Amazon"] * 4 + ["Google"] * 5 + ["Meta"] * 3


def test_units_of_cells_in_the_reports() -> None:
    tables = tables_in(report_text("004"))
    metals = next(t for t in tables if t.caption == "貴金屬")
    assert unit(metals, "黃金 (盎司)", "價格(美元)") == "美元/盎司"
    assert unit(metals, "黃金 (盎司)", "本季%") == "%"
    goods = next(t for t in tables if t.caption == "商品價格")
    assert unit(goods, "PVC (美元/噸)", "收市") == "美元/噸"
    assert unit(goods, "PVC (美元/噸)", "每日升跌") == "%"
    coal = next(t for t in tables if t.caption == "煤炭")
    assert unit(coal, "澳洲動力煤 (US$/t)", "價格") == "US$/t"
    market = next(t for t in tables_in(report_text("001")) if t.number == "40")
    assert unit(market, "月 ARPPU (美元)", "2026E") == "美元"
    assert unit(market, "全球职业创意工作者 (百万)", "2024") == "百万"
    assert unit(market, "创意工具TAM", "2024") == "亿美元"
    assert unit(market, "付费渗透率", "2024") == "%"
    chips = next(t for t in tables_in(report_text("001")) if t.number == "35")
    assert unit(chips, "壁仞科技", "功耗") == "W"


# ---------------------------------------------------------------- grids


def texts(grid: Grid) -> list[list[str | None]]:
    return [[cell.text if cell else None for cell in row] for row in grid.rows]


def test_tab_lines_keep_their_empty_cells() -> None:
    (grid,) = text_grids("前文\n\n公司\t收入\t\t备注\n甲\t\t 1 \t\n\n后文")
    assert texts(grid) == [["公司", "收入", "", "备注"], ["甲", "", "1", ""]]
    assert (grid.start, grid.rows[1][1]) == (4, GridCell(16, 16, ""))


def test_ragged_lines_have_as_many_cells_as_are_printed() -> None:
    (grid,) = text_grids("a\tb\tc\n1\t2\n3\t4\t5\t6\n")
    assert [len(row) for row in grid.rows] == [3, 2, 4]
    table = the_table("a\tb\tc\n1\t2\n3\t4\t5\t6\n")
    assert [len(row.cells) for row in table.rows] == [2, 4] and len(table.columns) == 4


@pytest.mark.parametrize("gap", ["\n", "\n\n \n\n", "\n12\n", "\n请务必阅读正文之后的免责声明\n- 3 -\n", "\n\f\n"])
def test_a_table_goes_on_over_a_page_gap(gap: str) -> None:
    text = f"表 1：收入\n公司\t日期\n甲\t2025-01-02\n{gap}乙\t2025-02-03\n丙\t2025-03-04\n\n资料来源：公司\n"
    table = the_table(text)
    assert [row.label for row in table.rows] == ["甲", "乙", "丙"]
    assert_offsets(text, (table,))


def test_a_header_repeated_after_a_page_gap_is_no_row() -> None:
    table = the_table("公司\t2024\n甲\t1\n\n7\n\n公司\t2024\n乙\t2\n丙\t3\n")
    assert [(row.label, row.group) for row in table.rows] == [("甲", None), ("乙", None), ("丙", None)]


def test_a_new_header_after_a_gap_is_a_new_table() -> None:
    first, second = tables_in("大市\t收市\t升跌\n恒指\t25,679\t-0.9%\n\n海外\t收市\t升跌\n道指\t49,141\t-0.1%\n")
    assert (first.caption, second.caption) == ("大市", "海外")


def test_prose_between_ends_a_table() -> None:
    text = "公司\t2024\n甲\t1\n乙\t2\n\n下面说的是另一组公司。\n\n公司\t2024\n丙\t1\n丁\t2\n"
    assert [len(table.rows) for table in tables_in(text)] == [2, 2]


def test_pipe_tables() -> None:
    text = (
        "**Table 4. Revenue (RMB bn)**\n\n| Item | 2024 | 2025E |\n|:---|---:|---:|\n"
        "| A \\| B | 1 | 2 |\n| **C** |  | - |\n"
    )
    table = the_table(text)
    assert (table.caption, table.number, table.unit, table.unit_from) == (
        "Table 4. Revenue (RMB bn)",
        "4",
        "RMB bn",
        "caption",
    )
    assert [row.label for row in table.rows] == ["A | B", "C"]
    assert [cell.text for cell in table.rows[1].cells] == ["**C**", "", "-"]
    assert text[table.rows[0].start : table.rows[0].end] == "A \\| B | 1 | 2"
    assert_offsets(text, (table,))


def test_pipe_tables_without_outer_pipes_and_one_after_the_other() -> None:
    text = "a | b\n--|--\n1 | 2\n\n| c | d |\n|---|---|\n| 3 | 4 |\n"
    assert [[c.label for c in table.columns] for table in tables_in(text)] == [["a", "b"], ["c", "d"]]


def test_pipes_in_prose_are_no_table() -> None:
    assert text_grids("招商 | 研究 | 行业\n\n看 a | b 即可\n还有 c | d\n") == ()


def test_html_tables_in_markdown_with_merged_cells() -> None:
    text = (
        '表 2：甲\n<table><tr><th rowspan=2>公司</th><th colspan="2">收入</th></tr>'
        "<tr><th>2024</th><th>2025E</th></tr>"
        "<tr><td rowspan='2'>A</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>\n资料来源：乙"
    )
    table = the_table(text)
    assert [c.label for c in table.columns] == ["公司", "收入 2024", "收入 2025E"]
    assert [(r.label, r.group) for r in table.rows] == [("A", None), ("3", "A")]
    assert text[table.rows[1].start : table.rows[1].end] == "3</td><td>4"
    assert table.source_line == "资料来源：乙"


@pytest.mark.parametrize(
    "text",
    [
        "步骤\n1.\t打开\n2.\t关闭\n3.\t退出\n",
        "\t缩进的一行\n\t缩进的又一行\n",
        "邮编：518046\t总机：0755\n",
        "目录\n\n一、概述\t3\n二、收入\t5\n三、风险\t9\n",
        "## Contents\nOverview\t1\nRevenue\t4\n",
        "图 1：收入\t5\n图 2：利润\t6\n图 3：现金\t8\n图 4：负债\t9\n",
        "概述 ........\t1\n收入 ........\t3\n风险 ........\t8\n附录 ........\t9\n",
        "(亿美元) 100% 600 90% 500 80% 70% 400 60% 300\n",
        "",
    ],
)
def test_no_table(text: str) -> None:
    assert build_tables(Source(text=text, grids=text_grids(text))) == ()


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="a1甲 \t\n\r\f|-\\:<tabler>/%2024年图表：#*，资料来源", max_size=300))
def test_offsets_are_exact_whatever_the_text(text: str) -> None:
    grids = text_grids(text)
    for grid in grids:
        for row in grid.rows:
            for cell in row:
                assert cell is None or (text[cell.start : cell.end] == cell.text == cell.text.strip())
    tables = build_tables(Source(text=text, grids=grids))
    assert_offsets(text, tables)
    assert [table.index for table in tables] == list(range(len(tables)))


CELLS = st.sampled_from(["", "1", "-", "甲", "2025E", "3.5%"])


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_values_never_move_to_another_column(body: list[list[str]]) -> None:
    lines = ["\t".join([f"行{i}", *cells]) for i, cells in enumerate(body)]
    text = "表 1：甲\n名称\t一\t二\t三\n" + "\n".join(lines) + "\n末行\t1\t2\t3\n"
    for table in tables_in(text):
        for row in table.rows:
            if row.label.startswith("行"):
                assert [cell.text for cell in row.cells][1:] == body[int(row.label[1:])]
                assert [cell.column for cell in row.cells] == [0, 1, 2, 3]


# ---------------------------------------------------------------- captions, units, headers


@pytest.mark.parametrize(
    ("lines", "caption", "number"),
    [
        ("图 35: 芯片", "图 35: 芯片", "35"),
        ("#### 圖18：供應鏈", "圖18：供應鏈", "18"),
        ("**圖 22 : 分數**", "圖 22 : 分數", "22"),
        ("表：收入", "表：收入", None),
        ("图表 2-1 收入结构", "图表 2-1 收入结构", "2-1"),
        ("表Ａ：甲", "表Ａ：甲", None),
        ("表 B：甲", "表 B：甲", "B"),
        ("图表 十二：收入", "图表 十二：收入", "12"),
        ("Exhibit 7 – Peers", "Exhibit 7 – Peers", "7"),
        ("Table 3\nRevenue by segment", "Table 3\nRevenue by segment", "3"),
        ("## 小结", "小结", None),
        ("这里是一句正文，说明下面的数。", None, None),
    ],
)
def test_captions(lines: str, caption: str | None, number: str | None) -> None:
    text = f"{lines}\n\n公司\t2024\n甲\t1\n乙\t2\n"
    table = the_table(text)
    if number or caption is None or caption.startswith(("表：", "小结")):
        assert (table.caption, table.number) == (caption, number)
    assert_offsets(text, (table,))


def test_a_caption_after_the_table() -> None:
    table = the_table("正文。\n\n公司\t收入\n甲\t1\n乙\t2\n\n表 5：收入一览\n\n正文继续。\n")
    assert (table.caption, table.number) == ("表 5：收入一览", "5")


def test_a_caption_belongs_to_the_table_under_it_not_to_the_one_above() -> None:
    text = "公司\t收入\n甲\t1\n\n表 5：乙\n\n公司\t收入\n乙\t1\n丙\t2\n"
    assert [table.number for table in tables_in(text)] == [None, "5"]


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("图 9：营收（百万元）\n", ("百万元", "caption")),
        ("图 9：营收\n单位：亿港元\n", ("亿港元", "line")),
        ("图 9：营收\n(百万人民币, %)\n\n", ("百万人民币", "line")),
        ("圖 9：營收\n營收, 百萬人民幣\n", ("百萬人民幣", "line")),
        ("图 9：营收\n", (None, None)),
    ],
)
def test_where_the_unit_is_stated(above: str, expected: tuple[str | None, str | None]) -> None:
    table = the_table(above + "\t2024\t2025E\n甲\t1\t2\n乙\t3\t4\n")
    assert (table.unit, table.unit_from) == expected
    assert table.number == "9"


def test_units_in_corner_header_row_label_and_cell() -> None:
    table = the_table("收入 (亿元)\t2024\t市值(US$m)\n甲\t1\t2\n毛利率 (%)\t30\t5\n增速\t12%\t-\n")
    assert (table.unit, table.unit_from) == ("亿元", "corner")
    assert [unit(table, label, "2024") for label in ("甲", "毛利率 (%)", "增速")] == ["亿元", "%", "%"]
    assert unit(table, "甲", "市值(US$m)") == "US$m"


def test_a_column_of_units() -> None:
    table = the_table("项目\t单位\t2024\n用户\t亿人\t9.0\n客单价\t美元\t8\n")
    assert unit(table, "用户", "2024") == "亿人" and unit(table, "客单价", "2024") == "美元"


def test_brackets_that_hold_no_unit() -> None:
    labels = ("算力(FP16)", "平台(Instagram/TikTok 等)", "95% CI", "收入", "E")
    assert [parse_unit(label) for label in labels] == [None] * 5


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("目標價 (台幣)", "台幣"),
        ("價格(美元)", "美元"),
        ("月 ARPPU (美元)", "美元"),
        ("本季%", "%"),
        ("P/E (x)", "x"),
        ("Revenue (US$ mn)", "US$ mn"),
        ("焦煤 (RMB/t)", "RMB/t"),
        ("动力煤 (US\\$/t)", "US$/t"),
        ("收入（百万元/%）", "百万元"),
        ("营收, 百万人民币", "百万人民币"),
        ("单位：十亿美元", "十亿美元"),
        ("消耗量（万亿Tokens）", "万亿Tokens"),
        ("亿元", "亿元"),
    ],
)
def test_units_of_labels(label: str, expected: str) -> None:
    assert parse_unit(label) == expected


def test_a_unit_told_only_by_the_prose_above_is_marked_as_such() -> None:
    rows = "\t2024\t2025E\n会员收入\t120\t140\n其他\t8\t9\n"
    told = the_table(f"# 视频\n\n会员业务2024年收入为128亿元。\n\n图：会员收入拆分\n\n{rows}")
    assert (told.unit, told.unit_from) == ("亿元", "nearby")
    assert the_table(f"# 视频\n\n广告业务2024年收入为128亿元。\n\n图：会员收入拆分\n\n{rows}").unit is None
    assert the_table(f"# 视频\n\n会员收入128亿元，会员成本3亿美元。\n\n图：会员收入拆分\n\n{rows}").unit is None


def test_a_header_of_two_rows() -> None:
    table = the_table(
        "公司\t收入\t\t利率 (%)\t\n\t2024\t2025E\t2024\t2025E\n甲\t660,257\t751,000\t29\t30\n乙\t9\t-\tNA\t\n"
    )
    assert [c.label for c in table.columns] == ["公司", "收入 2024", "收入 2025E", "利率 (%) 2024", "利率 (%) 2025E"]
    assert [c.period for c in table.columns] == [None, "2024", "2025E", "2024", "2025E"]
    assert [c.unit for c in table.columns] == [None, None, None, "%", "%"]
    assert [row.label for row in table.rows] == ["甲", "乙"]


def test_a_table_without_header() -> None:
    table = the_table("股票数据\n\n总市值（亿元）\t100\n股价（元）\t5.2\n52周最高\t7\n")
    assert table.caption == "股票数据" and len(table.rows) == 3
    assert table.header_start == table.header_end and [c.label for c in table.columns] == ["", ""]


def test_statements_side_by_side_are_two_tables() -> None:
    text = (
        "图表 12：财务预测\n资产负债表(百万元)\t2024A\t2025E\t利润表(百万元)\t2024A\t2025E\n"
        "现金\t50\t60\t营业收入\t200\t220\n存货\t7\t8\t营业成本\t90\t95\n"
    )
    left, right = tables_in(text)
    assert (value(left, "存货", "2025E"), value(right, "营业成本", "2025E")) == ("8", "95")
    assert {left.unit, right.unit} == {"百万元"} and {left.number, right.number} == {"12"}


def test_rows_of_other_periods_begin_another_table() -> None:
    text = (
        "Table 3: Summary\n\tFY24\tFY25E\nRevenue\t10\t12\nGrowth\t20%\t20%\n"
        "\t1Q25\t2Q25\nRevenue\t3\t4\nGrowth\t1%\t2%\n"
    )
    yearly, quarterly = tables_in(text)
    assert (value(yearly, "Revenue", "FY25E"), value(quarterly, "Revenue", "2Q25")) == ("12", "4")
    assert yearly.caption == quarterly.caption == "Table 3: Summary"


def test_a_title_inside_the_grid() -> None:
    table = the_table("| 表 7：甲 | | |\n|---|---|---|\n| 公司 | 2024 | 2025 |\n| A | 1 | 2 |\n| B | 1 | 2 |\n")
    assert (table.number, [c.label for c in table.columns]) == ("7", ["公司", "2024", "2025"])


# ---------------------------------------------------------------- rows and groups


def test_single_cells_head_the_rows_below() -> None:
    table = the_table("厂商\t功耗\t制程\n海外\t\t\n甲\t1000W\t4nm\n国内\t\t\n乙\t310W\t/\n丙\t\t\n")
    assert [(row.label, row.group) for row in table.rows] == [("甲", "海外"), ("乙", "国内"), ("丙", "国内")]


def test_repeated_headers_head_blocks() -> None:
    table = the_table(
        "收入 (亿元)\t2024\t2025E\n合计\t1\t2\n国内\t2024\t2025E\n合计\t3\t4\n海外\t2024\t2025E\n合计\t5\t6\n"
    )
    assert [value(table, "合计", "2025E", group) for group in ("收入 (亿元)", "国内", "海外")] == ["2", "4", "6"]


def test_a_figure_that_is_the_number_of_a_year_is_no_header() -> None:
    table = the_table("表 1：甲\n公司\t2025\n甲\t2024\n乙\t2025\n丙\t7\n")
    assert [row.label for row in table.rows] == ["甲", "乙", "丙"]


def test_empty_first_cells_go_on_with_the_cell_above() -> None:
    table = the_table("类别\t指标\t2024\n收入\t国内\t1\n\t海外\t3\n成本\t国内\t5\n\t海外\t7\n")
    assert [(row.group, row.label) for row in table.rows] == [
        (None, "收入"),
        ("收入", "海外"),
        (None, "成本"),
        ("成本", "海外"),
    ]


def test_rows_between_two_centred_labels_stay_without_a_group_unless_items_tell() -> None:
    table = the_table("公司\t进展\n\t第一项进展\n甲公司\t第二项进展\n\t第三项进展\n乙公司\t第四项进展\n\t第五项进展\n")
    assert [row.group for row in table.rows] == ["甲公司", None, None, None, "乙公司"]


def test_a_column_that_counts_is_no_label() -> None:
    table = the_table("序号\t公司\t时间\n1\t甲\t2025.01\n2\t乙\t2024.06\n")
    assert [row.label for row in table.rows] == ["甲", "乙"]
    assert [cell.text for cell in table.rows[0].cells] == ["1", "甲", "2025.01"]


def test_the_same_row_in_two_tables_stays_two_rows() -> None:
    first, second = tables_in(
        "表 1：甲\n公司\t2024\n丙\t1\n\n资料来源：x\n\n表 2：乙\n公司\t2024\n丙\t1\n\n资料来源：y\n"
    )
    assert first.rows[0].label == second.rows[0].label and first.rows[0].start != second.rows[0].start
    assert (first.source_line, second.source_line) == ("资料来源：x", "资料来源：y")


def test_tables_of_a_paginated_file_know_their_page_and_go_on_over_it() -> None:
    first = "表 1：甲\n公司\t日期\n甲\t2025-01-02\n乙\t2025-01-03\n"
    second = "公司\t日期\n丙\t2025-02-03\n丁\t2025-02-04\n"
    text = f"{first}第 1 页\n某某证券 行业研究\n{second}"
    start = text.index(second)
    pages = (Page(1, 0, start), Page(2, start, len(text)))
    above, below = text_grids(first)[0], shifted(text_grids(second)[0], start)
    (table,) = build_tables(Source(text, (replace(above, page=1), replace(below, page=2)), pages=pages))
    assert (table.page, [row.label for row in table.rows]) == (1, ["甲", "乙", "丙", "丁"])
    assert len(build_tables(Source(text, (replace(above, page=1), replace(below, page=1)), pages=pages))) == 2
    assert_offsets(text, (table,))


def shifted(grid: Grid, by: int) -> Grid:
    rows = tuple(tuple(c and GridCell(c.start + by, c.end + by, c.text) for c in row) for row in grid.rows)
    return replace(grid, rows=rows, start=grid.start + by, end=grid.end + by)


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024", "2024"),
        ("2025E", "2025E"),
        ("FY25E", "FY25E"),
        ("FY2026", "FY2026"),
        ("12M25", "12M25"),
        ("3Q25", "3Q25"),
        ("4QFY25", "4QFY25"),
        ("25-YoY", "25-YoY"),
        ("25Q3", "25Q3"),
        ("2025Q2", "2025Q2"),
        ("1H25", "1H25"),
        ("2025H1", "2025H1"),
        ("2025年", "2025年"),
        ("2025年上半年", "2025年上半年"),
        ("收入 2026E (亿元)", "2026E"),
        ("Sept 2025", "Sept 2025"),
        ("2025-28E CAGR", "2025-28E CAGR"),
        ("2025-09", "2025-09"),
        ("26年5月", "26年5月"),
        ("TTM", "TTM"),
        ("2024A", "2024A"),
        ("收市", None),
        ("沪深300", None),
        ("2301 TT", None),
        ("95% CI", None),
        ("5日升跌", None),
        ("12,024", None),
        ("20245", None),
    ],
)
def test_periods(text: str, expected: str | None) -> None:
    assert parse_period(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>箅</b> 力(FP16)", "算力(FP16)"),
        ("OpenAl", "OpenAI"),
        ("智谱 Al", "智谱 AI"),
        ("可灵 Al、Runway", "可灵 AI、Runway"),
        ("1 📙 😤 Kuaishou KlingAl", "1 Kuaishou KlingAI"),
        ("2   <b>G</b> Google", "2 G Google"),
        ("↑↓ Creator ↑↓", "Creator"),
        ("AloT 硬件", "AIoT 硬件"),
        ("动力煤 (US\\$/t)", "动力煤 (US$/t)"),
        ("**甲**", "甲"),
        ("A \\| B", "A | B"),
        ("R&amp;D", "R&D"),
        ("Also", "Also"),
        ("Alibaba", "Alibaba"),
        ("Al2O3", "Al2O3"),
        ("✓", "✓"),
        ("<10", "<10"),
        ("a < b > c", "a < b > c"),
        ("", ""),
    ],
)
def test_readable(text: str, expected: str) -> None:
    assert readable(text) == expected


# ---------------------------------------------------------------- size and speed


def test_a_table_of_a_hundred_thousand_rows() -> None:
    text = "表 1：甲\n代码\t2025E\n" + "".join(f"行{i}\t{i * 2}\n" for i in range(100_000))
    started = time.process_time()
    table = the_table(text)
    assert time.process_time() - started < 15
    assert len(table.rows) == 100_000 and table.rows[-1].cells[1].text == "199998"


def test_memory_grows_with_the_table_and_no_faster() -> None:
    text = "表 1：甲\n代码\t2023\t2024\t2025E\n" + "".join(f"行{i}\t{i}\t\t{i * 2}\n" for i in range(5_000))
    tracemalloc.start()
    the_table(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000 * 5_000  # two kilobytes a row of four cells


def test_reading_is_linear_and_text_without_tables_costs_next_to_nothing() -> None:
    rows = "".join(f"第{i}家公司\t{i}\t{i}%\n" for i in range(20))
    block = f"表 1：甲\n公司\t2024\t2025E\n{rows}\n资料来源：x\n\n正文。\n\n"
    page = "这是一段没有表格的正文，说的是收入与利润的变化。\n\n" * 2500

    def seconds(text: str) -> float:
        source = plain_text.read(text.encode())
        best = 9.0
        for _ in range(3):
            started = time.process_time()
            build_tables(replace(source, grids=text_grids(text)))
            best = min(best, time.process_time() - started)
        return best

    assert seconds(block * 160) < 12 * seconds(block * 40)
    assert len(page) > 60_000 and seconds(page) < 0.01

"""Figures by their captions. The truth for real reports was written by hand from reading them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reading import text as plain_text
from assistant.reading.figures import find_figures
from assistant.reading.source import Picture, Source
from assistant.reading.tables import build_tables, text_grids
from assistant.types import Figure, Page

REPORTS = Path(__file__).parents[3] / "shared" / "reports"
DATA = Path(__file__).parents[1] / "data" / "tables.jsonl"


def figures_in(text: str, pictures: tuple[Picture, ...] = (), pages: tuple[Page, ...] = ()) -> tuple[Figure, ...]:
    read = plain_text.read(text.encode()) if text.strip() else Source(text=text)
    source = replace(read, grids=text_grids(text), pictures=pictures, pages=pages)
    return find_figures(source, build_tables(source))


EXPECTED = [item for line in DATA.read_text("utf-8").splitlines() if "figures" in (item := json.loads(line))]


@pytest.mark.parametrize("true", EXPECTED, ids=[item["report"] for item in EXPECTED])
def test_every_figure_without_picture_of_the_reports(true: dict[str, Any]) -> None:
    files = sorted(REPORTS.glob(f"{true['report']}_*.txt"))
    if not files:
        pytest.skip("the reports are not here")
    text = plain_text.decode(files[0].read_bytes())
    figures = figures_in(text)
    assert [figure.number for figure in figures if figure.number] == true["figures"]
    assert sum(figure.number is None for figure in figures) == true["unnumbered"]
    assert not any(figure.has_picture for figure in figures)
    for figure in figures:
        assert text[figure.start : figure.end] == figure.caption
    for number, axis in true["axes"].items():
        assert axis in next(figure.axes or "" for figure in figures if figure.number == number)


def test_a_figure_with_axes_and_source() -> None:
    axes, source_line = "營收, 百萬人民幣(左軸); 年增率, 百分比(右軸)", "資料來源: Bloomberg; 凱基"
    (figure,) = figures_in(f"#### 圖 7: 營收成長\n\n \n{axes}\n\n\n\n{source_line}\n\n正文。\n")
    assert figure == Figure(0, "圖 7: 營收成長", "7", 5, 14, axes=axes, source_line=source_line)


@pytest.mark.parametrize(("line", "number", "axes"), [
    ("图 3: 收入", "3", None), ("圖18：收入", "18", None), ("**圖 22 : 分數**", "22", None),
    ("## 图 36: 芯片", "36", None),
    ("图：消耗量（万亿Tokens）", None, "万亿Tokens"), ("图: 收入(百万元/%)", None, "百万元、%"),
    ("表：收入对照（原表未收录；单位：元）", None, "元"), ("图表 6 毛利率变化（%）", "6", "%"),
    ("Figure 4: Margin", "4", None),
    ("Fig. 4 Revenue by segment", "4", None), ("Exhibit 5 – Margin", "5", None), ("图 2-1：收入", "2-1", None),
    ("图一：收入", "1", None),
])
def test_shapes_of_captions(line: str, number: str | None, axes: str | None) -> None:
    (figure,) = figures_in(f"正文。\n\n{line}\n\n\n\n资料来源：Wind\n")
    assert (figure.number, figure.axes, figure.source_line) == (number, axes, "资料来源：Wind")


@pytest.mark.parametrize("text", [
    "如图 8 所示，收入增长。\n", "图 8 所示为收入增长的情况\n", "图 9 显示收入增长\n", "图 3 和图 4 都是收入\n",
    "表 4 到表 6 各有一段评语：\n",
    "Figure 3 shows that revenue grew.\n", "Figure 3 compares peers\n", "图书：收入增长\n", "Table: a set of rows\n",
    "图 1：收入 ............ 5\n图 2：利润 ............ 6\n", "图 1：收入\t5\n图 2：利润\t6\n", "", "图\n",
])
def test_mentions_and_lists_of_figures_are_no_captions(text: str) -> None:
    assert figures_in(text) == ()


def test_a_caption_with_a_table_under_it_is_the_tables() -> None:
    assert figures_in("图 5：收入\n\n公司\t2024\n甲\t1\n乙\t2\n\n资料来源：x\n") == ()


def test_a_caption_above_another_caption_and_its_table_is_a_figure() -> None:
    figures = figures_in("图 4：收入走势\n\n\n\n图 5：收入\n\n公司\t2024\n甲\t1\n乙\t2\n\n资料来源：x\n")
    assert [figure.number for figure in figures] == ["4"]


def test_ticks_are_no_values_of_the_figure() -> None:
    text = "图 28: 服务器\n\n(亿美元) 100% 600 90% 500 80% 70% 400 2024 2025E ■市场规模 YoY(RHL)\n\n资料来源: IDC\n"
    (figure,) = figures_in(text)
    assert figure.axes == "(亿美元) 2024 2025E ■市场规模 YoY(RHL)"


def test_prose_under_a_caption_is_no_axis() -> None:
    (figure,) = figures_in("图 28: 服务器\n\n2024年收入为 100 亿元，同比增长 5%。\n\n正文继续，说的是别的事情。\n")
    assert figure.axes is None and figure.source_line is None


def test_captions_side_by_side_take_the_source_lines_in_order() -> None:
    first, second = figures_in("图：甲\n\n图：乙\n\n\n\n资料来源：一\n\n\n\n资料来源：二\n\n正文。\n")
    assert (first.source_line, second.source_line) == ("资料来源：一", "资料来源：二")


def test_a_single_source_line_is_the_last_captions() -> None:
    first, second = figures_in("图：甲\n\n\n\n图：乙\n\n\n\n资料来源：一\n")
    assert (first.source_line, second.source_line) == (None, "资料来源：一")


def test_a_heading_over_an_axis_and_a_source_line_is_a_figure() -> None:
    (figure,) = figures_in("正文。\n\n#### Nasdaq 指數\n\nNasdaq 指數, 點\n\n\n\n資料來源：Bloomberg\n")
    assert (figure.caption, figure.number, figure.axes) == ("Nasdaq 指數", None, "Nasdaq 指數, 點")


def test_a_source_line_under_prose_or_a_table_makes_no_figure() -> None:
    assert figures_in("## 收入\n\n收入增长了一成，主要来自广告业务。\n\n\n\n资料来源：Wind\n") == ()
    assert figures_in("## 收入\n\n公司\t2024\n甲\t1\n乙\t2\n\n\n\n资料来源：Wind\n") == ()


def test_the_section_is_the_nearest_heading_that_is_no_caption() -> None:
    (figure,) = figures_in("# 一\n\n## 云业务\n\n### 图 3：收入\n\n\n\n资料来源：Wind\n")
    assert figure.section == "云业务"


# ---------------------------------------------------------------- pictures


def test_a_picture_under_the_caption_is_the_figures() -> None:
    text = "图 1：甲\n\n![](a.png)\n\n资料来源：x\n\n正文。\n\n图 2：乙\n\n\n\n资料来源：y\n"
    first, second = figures_in(text, pictures=(Picture(text.index("!")),))
    assert (first.has_picture, second.has_picture) == (True, False)


def test_a_picture_above_its_caption() -> None:
    text = "正文。\n\n![](a.png)\n\n图 1：甲\n\n正文。\n"
    (figure,) = figures_in(text, pictures=(Picture(text.index("!")),))
    assert figure.has_picture


def test_pictures_side_by_side_go_to_their_captions_in_order() -> None:
    text = "图 1：甲\n图 2：乙\n\n\n\n资料来源：x\n"
    at = text.index("资料")
    boxes = ((0.0, 0.0, 1.0, 1.0), (2.0, 0.0, 3.0, 1.0))
    figures = figures_in(text, pictures=(Picture(at, None, boxes[0]), Picture(at, None, boxes[1])))
    assert [figure.box for figure in figures] == list(boxes)


def test_a_picture_on_another_page_is_not_the_figures() -> None:
    text = "图 1：甲\n\n正文。\n图 2：乙\n\n"
    cut = text.index("图 2")
    pages = (Page(1, 0, cut), Page(2, cut, len(text)))
    first, second = figures_in(text, pictures=(Picture(cut, page=2),), pages=pages)
    assert (first.has_picture, first.page) == (False, 1)
    assert (second.has_picture, second.page) == (True, 2)


def test_a_logo_far_from_any_caption_is_nobodys() -> None:
    text = "![](logo.png)\n\n" + "正文。\n\n" * 300 + "图 1：甲\n"
    (figure,) = figures_in(text, pictures=(Picture(0),))
    assert not figure.has_picture


# ---------------------------------------------------------------- offsets and speed


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="图表圖3 1：:#*\n\t资料来源甲，。(元)%Figure", max_size=200))
def test_offsets_are_exact_whatever_the_text(text: str) -> None:
    figures = figures_in(text)
    assert [figure.index for figure in figures] == list(range(len(figures)))
    for figure in figures:
        assert text[figure.start : figure.end] == figure.caption


def test_finding_is_linear() -> None:
    def seconds(count: int) -> float:
        text = "".join(f"图 {i % 900}：甲\n\n收入, 百万元\n\n\n\n资料来源：x\n\n正文在这里。\n\n" for i in range(count))
        source = plain_text.read(text.encode())
        best = 9.0
        for _ in range(3):
            started = time.process_time()
            assert len(find_figures(source, ())) == count
            best = min(best, time.process_time() - started)
        return best

    assert seconds(2000) < 12 * seconds(500)

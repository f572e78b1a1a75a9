"""Answers in the reports' own words, over two small reports written here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistant import extractive
from assistant.chunking import passages
from assistant.embeddings import from_setting
from assistant.library import Incoming, Library
from assistant.reading import read
from assistant.retrieval import Retriever
from assistant.types import Answer, Filters

CHINESE = """# 云计算行业:算力与芯片

报告日期:2026-03-05

## 需求与供给

据我们测算,腾讯云 2025 年收入约为 410 亿元,同比增长 18%。阿里云同期收入为 1,180 亿元,同比增长 26%。

## 主要芯片

图 3: 推理芯片一览

厂商	芯片	类型	算力	功耗
海外
英伟达	B200	GPU	2000TFLOPS	900W
谷歌	TPU v6	ASIC	1800TFLOPS	/
国内
寒武纪	思元 590	ASIC	300TFLOPS	350W
华为	昇腾 910B	ASIC	320TFLOPS	310W

资料来源: 公司资料, 国信证券经济研究所

图 4: 数据中心上架率走势


资料来源: 公司资料, 国信证券经济研究所

## 预测

图 5: 腾讯云收入预测(亿元)

	2024	2025E	2026E
公有云	300	350	420
专有云	47	60	-

资料来源: 国信证券经济研究所
"""

TRADITIONAL = """# 伺服器供應鏈

## 供應商

表 1: 伺服器供應商

公司	代碼	評等	目標價 (台幣)
廣達	2382 TT	增加持股	400
英業達	2356 TT	持有	45
和碩	4938 TT	持有	80

資料來源: 凱基

表 2: 近年併購與投資

標的	時間	輪次	持股比例
海棠機電	2024-03-11	併購	100%
木星散熱	2025-02-20	併購	45%
青鳥電源	2025-06-01	A 輪	8%
白樺滑軌	2024-12-30	B 輪	12%

資料來源: 凱基

我們估計 B300 伺服器每台售價約 50 萬美元,較去年上升 20%。
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Retriever, Library]]:
    with Library.open(tmp_path_factory.mktemp("library"), from_setting("builtin")) as library:
        for name, text in (("cloud.txt", CHINESE), ("servers.txt", TRADITIONAL)):
            report = read(text.encode(), name)
            library.add([Incoming(report, passages(report), text.encode(), name)])
        yield Retriever(library), library


def ask(desk: tuple[Retriever, Library], question: str, filters: Filters | None = None) -> Answer:
    return extractive.answer(question, *desk, filters)


def test_every_quote_is_the_reports_own_text(desk: tuple[Retriever, Library]) -> None:
    for question in ("腾讯云 2025 年收入是多少?", "哪些芯片是 ASIC?", "凱基給英業達的目標價?", "B200 的功耗"):
        for citation in ask(desk, question).citations:
            text = desk[1].report(citation.report_id).text
            assert text[citation.start : citation.end] == citation.quote


def test_a_sentence_answers_with_its_numbers(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "阿里云 2025 年收入多少?同比增长多少?")
    assert answer.status == "answered"
    assert "1,180 亿元" in answer.text
    assert "26%" in answer.text


def test_the_answer_is_in_the_askers_script_and_the_quote_in_the_reports(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "騰訊雲 2025 年收入是多少?")
    assert answer.language == "zh-Hant"
    assert answer.text.startswith("報告的說法")
    assert "410 亿元" in answer.text


def test_an_english_question_finds_chinese_reports(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "What rating and target price does KGI give Inventec?")
    assert answer.language == "en"
    assert "英業達" in answer.text
    assert "45" in answer.text
    assert "廣達" not in answer.text


def test_a_row_named_by_a_product_is_shown_with_its_columns(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "昇腾 910B 的算力和功耗分别是多少?")
    assert "320TFLOPS" in answer.text
    assert "310W" in answer.text
    assert "900W" not in answer.text
    assert [(c.kind, c.quote, c.figure) for c in answer.citations] == [
        ("table_cell", "320TFLOPS", "3"),
        ("table_cell", "310W", "3"),
    ]


def test_a_row_and_a_column_are_answered_by_their_cell(desk: tuple[Retriever, Library]) -> None:
    for question in ("国信预测腾讯云公有云 2025E 收入是多少?", "Tencent public cloud revenue in FY25E?"):
        answer = ask(desk, question)
        assert ("table_cell", "350") in [(c.kind, c.quote) for c in answer.citations], question
        assert "公有云: 2025E 350 亿元" in answer.text and "300" not in answer.text


def test_a_comparison_cites_both_cells(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "英業達和和碩的目標價分別是多少?")
    assert [c.quote for c in answer.citations if c.kind == "table_cell"] == ["45", "80"]


def test_a_row_answers_whole_where_more_is_asked_than_its_columns_are_called(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "昇腾 910B 的算力和毛利率分别是多少?")
    assert "table_cell" not in [c.kind for c in answer.citations]


def test_a_condition_on_a_column_and_a_block_selects_rows(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "国内芯片里,走 ASIC 路线的有哪几款?")
    assert "思元 590" in answer.text
    assert "昇腾 910B" in answer.text
    assert "TPU v6" not in answer.text


def test_rows_of_a_rating_are_listed_in_full(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "凱基評等為「持有」的供應商有哪些?目標價多少?")
    assert "英業達" in answer.text
    assert "和碩" in answer.text
    assert "廣達" not in answer.text


@pytest.mark.parametrize(
    ("question", "named", "unnamed"),
    [
        ("2025 年的併購與投資有哪些標的?", {"木星散熱", "青鳥電源"}, {"海棠機電", "白樺滑軌"}),
        ("近年併購與投資裡,持股比例在一成以上的標的有哪些?", {"海棠機電", "木星散熱", "白樺滑軌"}, {"青鳥電源"}),
        ("近年併購與投資裡,持股比例低於 10% 的標的有哪些?", {"青鳥電源"}, {"海棠機電", "木星散熱", "白樺滑軌"}),
        ("2025 年輪次為「併購」的標的有哪些?", {"木星散熱"}, {"海棠機電", "青鳥電源", "白樺滑軌"}),
    ],
)
def test_rows_are_chosen_by_year_and_by_bound(
    desk: tuple[Retriever, Library], question: str, named: set[str], unnamed: set[str]
) -> None:
    text = ask(desk, question).text
    assert {name for name in named | unnamed if name in text} == named


def test_a_stretch_of_years_is_all_its_columns(desk: tuple[Retriever, Library]) -> None:
    text = ask(desk, "腾讯云公有云 2024 到 2026 年各年的收入预测是多少?").text
    assert "300 亿元" in text and "350 亿元" in text and "420 亿元" in text


def test_a_missing_value_is_said_to_be_missing(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "TPU v6 的功耗是多少?")
    assert answer.status == "answered"
    assert "没有给出" in answer.text


def test_a_tables_unit_goes_with_its_value(desk: tuple[Retriever, Library]) -> None:
    assert "350 亿元" in ask(desk, "国信预测腾讯云公有云 2025E 收入是多少?").text


def test_a_figure_without_picture_is_answered_by_its_caption(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "图 4 里最新的数据中心上架率是多少?")
    assert answer.status == "answered"
    assert "读不到数值" in answer.text
    assert answer.citations[0].kind == "figure"


@pytest.mark.parametrize(
    "question",
    ["腾讯云的毛利率是多少?", "特斯拉 2026 年交付量是多少?", "國信給英偉達的目標價是多少?", "Who founded Netflix?"],
)
def test_what_the_reports_do_not_say_is_not_found(desk: tuple[Retriever, Library], question: str) -> None:
    assert ask(desk, question).status == "not_found"


@pytest.mark.parametrize(
    "question",
    ["", "   ", "？？!!", "🙂🙂", "body:芯片 AND NOT (x", '{"$and": [{"a": 1}]}', "مرحبا بالعالم", "芯片" * 50_000],
)
def test_any_text_is_only_a_question(desk: tuple[Retriever, Library], question: str) -> None:
    answer = ask(desk, question)
    assert answer.status in ("answered", "not_found")
    assert answer.text


def test_filters_keep_other_reports_out(desk: tuple[Retriever, Library]) -> None:
    other = next(info for info in desk[1].infos() if info.source == "servers.txt")
    answer = ask(desk, "昇腾 910B 的算力", Filters(reports=(other.report_id,)))
    assert {citation.source for citation in answer.citations} <= {"servers.txt"}


def test_a_report_without_a_printed_date_is_not_given_one(desk: tuple[Retriever, Library]) -> None:
    answer = ask(desk, "凱基這份報告的發布日期是哪天?")
    assert answer.status == "not_found"
    assert "沒有印發布日期" in answer.text
    assert answer.as_of is None


def test_the_newest_printed_date_is_the_answers(desk: tuple[Retriever, Library]) -> None:
    assert ask(desk, "腾讯云 2025 年收入是多少?").as_of == "2026-03-05"

"""Questions that ask for a computed number: what is computed, from what, and what is left alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from assistant import extractive
from assistant.chunking import passages
from assistant.embeddings import from_setting
from assistant.library import Incoming, Library
from assistant.reading import read
from assistant.retrieval import Retriever
from assistant.tools import run
from assistant.types import Answer

NOTE = """# 储能行业研究:需求与盈利

## 市场规模

我们预计中国锂电池/钠电池出货规模将由 2025 年的 400/20 GWh 增长至 2028 年的 800/160 GWh,\
2025-2028 年复合增长率分别达到 26%/100%。

我们预计全球逆变器市场规模将从 2025 年的 300 亿元增长至 2027 年的 432 亿元,复合增速为 15%,\
其中微型逆变器占比将从 2025 年的 10% 增长至 2027 年的 25%。

2Q25 远山能源实现收入 240 亿元,同比增长 20%,毛利率保持稳定。

目前单周充电量约为 12 亿度,较 2024 年 12 月平均单周约 8 亿度明显增加。

## 公司

1. 远山能源 (300999 SZ, 股价 50 元人民币, 市值 1,000 亿元人民币):订单充足。该股目前对应 2026 年预测 EV/Revenue 为 5 倍。

2. 近水科技 (301888 SZ, 股价 20 元人民币, 市值 300 亿元人民币):产能释放。该股目前对应 2026 年预测 EV/Revenue 为 3 倍。

## 单站模型

一座储能电站总投资额约需 8 亿元人民币。假设约 25% 为股权资本,其余 75% 来自银行贷款,\
借款成本假设约 5%。每年现金流可达 1 至 1.6 亿元人民币。

25年二季度国内用户ARPU为 100 元,而同期海外用户ARPU为 50 美元(约 350 元),约为国内的 3.5 倍。

## 收入拆分

图 1: 远山能源收入拆分(亿元)

|  | 2024 | 2025E | 2026E | 25-YoY |
|---|---|---|---|---|
| 远山能源收入总计 | 800 | 1000 | 1250 | 25% |
| 储能系统 | 200 | 300 | 450 | 50% |
| 光伏组件 | 400 | 450 | 500 | 13% |

资料来源:公司资料

图 2: 储能芯片对比

| 类型 | 芯片 | 算力(FP16) | 功耗 |
|---|---|---|---|
| 国内 | 山甲 A1 | 300 TFLOPS | 150W |
| 国内 | 山乙 B2 | 100 TFLOPS | 200W |
| 国内 | 山丙 C3 | / | 100W |

资料来源:公司资料
"""

COMPANIES = """# 机器人行业:公司比较

**1. 青松机器人 (300998 SZ, 股价 40 元人民币, 市值 800 亿元人民币):** \
该公司持有约 6,000 台自营机器人及 2,000 台租用机器人。\
2026 年第一季度,收入按年增长 25% 至 50 亿元,净利润按年增长约 3 倍至 8 亿元。

**2. 白杨机器人 (301777 SZ, 股价 25 元人民币, 市值 200 亿元人民币):** 订单充足,客户稳定。

此轮融资总额为 100 亿美元,其中约 40 亿美元为股权融资,最高 60 亿美元为债务融资。

单个基地投资约 30 亿元用于约 600 台焊接机器人,另有 5 亿元用于厂房。

巡检平台公开披露的月度任务量从 5 月的 200 万次提升至 10 月的 500 万次。

预计中国工业机器人/服务机器人/医疗机器人行业 2028 年市场规模将达到 1,728/500/266.2 亿元,\
2025-2028 年复合增速分别为 20%/12%/10%。

青松由 2024 年的毛利率 25% 上升至 2027 年的 40%,而白杨由 2024 年的毛利率 50% 下降至 2027 年的 44%。

图 1: 整机对比

| 厂商 | 机型 | 出货量(台) | 均价(元) |
|---|---|---|---|
| 青松 | 松鼠 S1 | 300 | 5,000 |
| 青松 | 松果 P2 | 150 | 8,000 |
| 白杨 | 杨柳 W3 | 100 | 4,000 |

资料来源:公司资料

图 2: 评级一览

| 公司 | 评级 | 目标价(台币) |
|---|---|---|
| 红杉 | 买入 | 60 |
| 黄松 | 持有 | 30 |

资料来源:公司资料
"""

Ask = Callable[[str], Answer]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask a library that holds one made-up note."""
    yield from asking(NOTE, tmp_path_factory)


@pytest.fixture(scope="module")
def ask_companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask a library that holds a note on two companies."""
    yield from asking(COMPANIES, tmp_path_factory)


def asking(note: str, folders: pytest.TempPathFactory) -> Iterator[Ask]:
    data = note.encode()
    report = read(data, "note.md")
    with Library.open(folders.mktemp("reckoning"), from_setting("builtin")) as library:
        library.add([Incoming(report, passages(report), data, "note.md")])
        retriever = Retriever(library)
        yield lambda question: extractive.answer(question, retriever, library)


def results(answer: Answer) -> list[Decimal]:
    return [Decimal(calculation.result) for calculation in answer.calculations]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("储能系统从2024年到2026E增长了多少?", ["125"]),
        ("储能系统2024到2026E的复合增速是多少?", ["50"]),
        ("储能系统2026E占远山能源收入总计的比重是多少?", ["36"]),
        ("2026E 的遠山能源收入中,儲能系統佔幾成?", ["36"]),
        ("光伏组件和储能系统2025E差多少?", ["15000000000"]),
        ("储能系统和光伏组件2025E合计多少?", ["75000000000"]),
        ("2026E光伏组件是储能系统的几倍?", ["1.111111111111111111111111111"]),
        ("自己算一下2025到2028年中国钠电池出货规模的年复合增速,对得上吗?", ["100"]),
        ("按远山能源2Q25收入和同比增速倒推,2Q24收入应是多少?", ["20000000000"]),
        ("目前單週充電量比2024年12月的週均值增加了百分之幾?", ["50", "1.5"]),
        ("远山能源的总股本大概是多少?", ["2000000000"]),
        ("近水科技的EV/Revenue隐含2026年收入多少?", ["10000000000"]),
        ("用户ARPU折成人民币用的隐含汇率是多少?", ["7"]),
        ("2025年和2027年微型逆变器市场规模隐含多少,复合增速多少?", ["3000000000", "10800000000", None]),
        ("储能电站回本要几年?", ["8", "5"]),
        ("从3.9亿涨到5.2亿,涨了百分之几?", [None, None]),
        ("3亿元占12亿元的几成?", ["25"]),
    ],
)
def test_a_number_that_is_asked_for_is_computed(ask: Ask, question: str, expected: list[str | None]) -> None:
    found = results(ask(question))
    assert len(found) == len(expected)
    for value, wanted in zip(found, expected, strict=True):
        assert wanted is None or abs(value - Decimal(wanted)) < Decimal("1e-6")


@pytest.mark.parametrize(
    "question",
    [
        "储能系统2026E的收入是多少?",  # printed: nothing to compute
        "储能系统从2019年到2026E增长了多少?",  # one of the periods is not in the table
        "氢能系统从2024年到2026E增长了多少?",  # a row that there is none of
        "2025到2028年中国电池出货规模的年复合增速是多少?",  # two kinds of battery: which?
        "远山能源3Q25收入和同比增速倒推,3Q24收入应是多少?",  # another quarter than the report's
        "高山能源的总股本大概是多少?",  # a company that no report names
        "2025年和2027年组串逆变器市场规模隐含多少?",  # another part of the market
        "远山能源从5亿元到7美元增长多少?",  # two currencies
        "储能系统和光伏组件哪个增长更快?",
        "",
    ],
)
def test_nothing_is_computed_where_operands_are_missing_or_ambiguous(ask: Ask, question: str) -> None:
    assert ask(question).calculations == ()


def test_the_same_multiple_of_another_company_is_not_taken(ask: Ask) -> None:
    assert results(ask("远山能源的EV/Revenue隐含2026年收入多少?")) == [Decimal("20000000000")]


def test_every_operand_says_where_it_is_from(ask: Ask) -> None:
    answer = ask("储能系统2026E占远山能源收入总计的比重是多少?")
    (calculation,) = answer.calculations
    assert set(calculation.input_sources) == {"part", "whole"}
    for name, source in calculation.input_sources.items():
        cited = next(c for c in answer.citations if f"[{c.n}]" == source)
        digits = str(int(Decimal(calculation.inputs[name]["value"]) / 10**8))
        assert digits in cited.quote
    assert "[c1]" in answer.text
    assert "36%" in answer.text


def test_operands_of_the_question_are_said_to_be_its_own(ask: Ask) -> None:
    (growth, multiple) = ask("周用量从5.8tn到23tn增长多少?").calculations
    assert set(growth.input_sources.values()) == set(multiple.input_sources.values()) == {"question"}
    assert growth.tool == "growth"


def test_a_later_step_names_the_one_it_goes_on_from(ask: Ask) -> None:
    answer = ask("一座储能电站自有资金要多少、每年利息多少?扣息后现金相当于自有资金的百分之几?")
    by_id = {calculation.id: calculation for calculation in answer.calculations}
    assert [Decimal(by_id[f"c{n}"].result) for n in (1, 2, 3)] == [200_000_000, 600_000_000, 30_000_000]
    assert by_id["c3"].input_sources["debt"] == "c2"
    assert "35%–65%" in answer.text  # a range of cash gives a range


def test_a_printed_figure_is_compared(ask: Ask) -> None:
    assert "不一致" in ask("全球逆变器市场规模2025到2027年的复合增速自己算一下,对得上吗?").text
    assert "26%" in ask("自己算一下2025到2028年中国锂电池出货规模的年复合增速,和报告对得上吗?").text


def test_rows_are_set_against_each_other_and_gaps_named(ask: Ask) -> None:
    answer = ask("国内芯片按FP16算力除以功耗算,最好和最差的是哪款?哪些算不出来?")
    assert results(answer) == [Decimal(2), Decimal("0.5")]
    lead = answer.text.splitlines()[0]
    assert re.search("最高.*山甲 A1.*最低.*山乙 B2.*山丙 C3", lead)


@pytest.mark.parametrize(
    "question",
    [
        "What does it cost to run 1M input and 200k output tokens a day on gpt-5 for a month?",
        "gpt-5 每天100万输入、20万输出token,一个月要多少钱?",
    ],
)
def test_the_cost_of_tokens_is_the_calculators(ask: Ask, question: str) -> None:
    (calculation,) = ask(question).calculations
    same = {"calls_per_day": 1, "input_tokens": 1_000_000, "output_tokens": 200_000, "months": 1}
    assert calculation.result == run("workload_cost", {"model": "gpt-5", **same}).result


def test_an_answer_is_written_in_the_askers_language(ask: Ask) -> None:
    assert ask("What is the growth of 储能系统 from 2024 to 2026E?").text.startswith("Computed")
    assert ask("儲能系統從2024年到2026E增長了多少?").text.startswith("計算")


def test_the_note_is_the_place_of_every_citation(ask: Ask, tmp_path: Path) -> None:
    answer = ask("近水科技的EV/Revenue隐含2026年收入多少?")
    assert all(citation.quote in NOTE for citation in answer.citations)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("储能系统2024到2026E翻了几倍?", ["2.25"]),
        ("儲能系統2024到2026E的年複合成長率是多少?", ["50"]),
        ("储能系统2024到2026E年均增速多少?", ["50"]),
        ("储能系统2026E比2025E增加多少亿元?", ["15000000000"]),
        ("储能系统在远山能源收入总计里2025E占几成?", ["30"]),
        ("2025E远山能源收入里储能系统占多大比重?", ["30"]),
        ("储能系统占远山能源收入总计的比重,2024年和2026E分别是多少?", ["25", "36"]),
        ("储能系统占远山能源收入总计的比重从2024年到2026E提高了多少?", ["25", "36", "11"]),
        ("储能系统和光伏组件2025E合计占远山能源收入总计多少?", ["75000000000", "75"]),
        ("2024年到2026E储能系统平均每年多少亿元?", ["31666666666.66666666666666667"]),
    ],
)
def test_rows_are_set_against_each_other_and_over_time(ask: Ask, question: str, expected: list[str]) -> None:
    found = results(ask(question))
    assert len(found) == len(expected)
    assert all(abs(value - Decimal(wanted)) < Decimal("1e-6") for value, wanted in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("青松机器人2026年第一季净利率是多少?", ["16"]),
        ("青松機器人2025年第一季收入倒推是多少?", ["4000000000"]),
        ("青松机器人2025年第一季度净利润推算约多少?", ["200000000"]),
        ("青松机器人自营和租用机器人合计多少台?", ["8000"]),
        ("本轮融资里股权融资占总额的比重?", ["40"]),
        ("基地平均每台焊接机器人多少钱?", ["5000000"]),
        ("巡检平台月度任务量从5月到10月增长了百分之几?", ["150"]),
        ("按2028年规模和复合增速倒推,工业机器人2025年市场规模是多少?", ["100000000000"]),
        ("工业机器人2028年市场规模是服务机器人的几倍?", ["3.456"]),
        ("松鼠 S1的出货量相当于杨柳 W3的多少倍?", ["3"]),
    ],
)
def test_figures_of_sentences_are_taken_by_what_they_are_of(
    ask_companies: Ask, question: str, expected: list[str]
) -> None:
    found = results(ask_companies(question))
    assert len(found) == len(expected)
    assert all(abs(value - Decimal(wanted)) < Decimal("1e-6") for value, wanted in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    "question",
    [
        "白杨机器人2026年第一季净利率是多少?",  # the company before it prints profit and revenue
        "白杨机器人2025年第一季收入倒推是多少?",
        "白杨机器人自营和租用机器人合计多少台?",
        "工业机器人2025到2028年复合增速是多少?",  # printed: nothing to compute
        "青松毛利率从2024年到2027年增长了百分之几?",  # of a percentage: points, or relative?
        "黄杨机器人的市值是白杨机器人的几倍?",
        "农业机器人2028年市场规模是服务机器人的几倍?",
    ],
)
def test_no_figure_is_taken_from_another_company(ask_companies: Ask, question: str) -> None:
    assert ask_companies(question).calculations == ()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("市值1280亿元、股价264.18元,总股本是多少?", "484518131.5769"),
        ("股价50元、每股收益2.5元,市盈率多少倍?", "20"),
        ("市值500亿元,收入80亿元,P/S是多少?", "6.25"),
        ("EV 120亿,EBITDA 15亿,EV/EBITDA多少倍?", "8"),
        ("现价80元,目标价100元,上涨空间多大?", "25"),
        ("The share price is US$40 and the target is US$52. What is the upside?", "30"),
        ("EPS 3元,给20倍PE,目标价多少?", "60"),
        ("收入200亿,净利润30亿,净利率是多少?", "15"),
        ("营收100亿元,毛利率35%,毛利是多少?", "3500000000"),
        ("去年收入120亿,增长15%,今年是多少?", "13800000000"),
        ("今年收入138亿元,同比增长15%,去年是多少?", "12000000000"),
        ("收入100亿元按每年20%增长,三年后是多少?", "17280000000"),
        ("从100亿增长到200亿用了5年,CAGR是多少?", "14.8698354997"),
        ("资本开支260亿美元,收入1000亿美元,资本密集度是多少?", "26"),
        ("投资70亿元,每年现金流14亿元,几年回本?", "5"),
        ("10亿美元按7.2换算成人民币是多少?", "7200000000"),
        ("每月19.99美元,一年多少钱?", "239.88"),
        ("每年120亿元,平均每个月多少?", "1000000000"),
        ("12, 15, 18 三个数的平均值是多少?", "15"),
        ("1亿用户,付费率5%,每月20美元,市场规模一年多少?", "1200000000"),
        ("What is 30 billion as a percentage of 120 billion?", "25"),
    ],
)
def test_a_sum_of_what_the_question_gives(ask: Ask, question: str, expected: str) -> None:
    answer = ask(question)
    assert abs(results(answer)[0] - Decimal(expected)) < Decimal("1e-4")
    assert set(answer.calculations[0].input_sources.values()) == {"question"}


@pytest.mark.parametrize(
    "question",
    [
        "What does it cost to run 1M input and 200k output tokens a day on gpt-5 for a month?",
        "gpt-5每天100万输入、20万输出token,跑一个月多少钱?",
    ],
)
def test_the_cost_of_tokens_is_asked_in_plain_words(ask: Ask, question: str) -> None:
    (calculation,) = ask(question).calculations
    assert calculation.tool == "workload_cost"
    assert calculation.inputs["input_tokens"]["value"] == "1000000"
    assert calculation.inputs["output_tokens"]["value"] == "200000"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("光伏组件加储能系统2026E一共多少?", "95000000000"),
        ("储能系统2026E比2024年多出来多少亿?", "25000000000"),
        ("How fast does 储能系统 compound between 2024 and 2026E?", "50"),
        ("By what factor does 储能系统 expand from 2024 to 2026E?", "2.25"),
        ("What fraction of 远山能源收入总计 is 光伏组件 in 2026E?", "40"),
        ("2026E 储能系统占远山能源收入总计的比重比 2024 年提高几个百分点?", "11"),
        ("远山能源2026E的收入增量里,储能系统贡献几成?", "60"),
        ("光伏组件2025E比上一年多收多少亿?", "5000000000"),
        ("山甲 A1 的算力是山乙 B2 的几倍?", "3"),
        ("山甲 A1 的功耗是山乙 B2 的百分之几?", "75"),
        ("全球逆变器市场规模两年放大几倍?", "1.44"),
        ("远山能源去年同期2Q25的收入倒推是多少亿?", "20000000000"),
        ("远山能源去年同季营收倒推多少亿?", "20000000000"),
    ],
)
def test_a_sum_is_recognised_by_what_is_asked_not_by_a_phrase(ask: Ask, question: str, expected: str) -> None:
    assert abs(results(ask(question))[-1] - Decimal(expected)) < Decimal("1e-6")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("此轮融资里债务部分占总额几成?", "60"),
        ("此轮融资的债务是股权的多少倍?", "1.5"),
        ("医疗机器人2028年市场规模是工业机器人的百分之几?", "15.40509259259259259259259259"),
        ("红杉股价若是50元,按目标价算还能涨多少?", "20"),
        ("以 20 倍市盈率反推,红杉的目标价隐含每股收益多少?", "3"),
    ],
)
def test_figures_are_found_beside_what_the_question_names_or_gives(
    ask_companies: Ask, question: str, expected: str
) -> None:
    assert abs(results(ask_companies(question))[-1] - Decimal(expected)) < Decimal("1e-6")


@pytest.mark.parametrize(
    "question",
    [
        "储能系统和光伏组件的收入大概是多少?",  # nothing is set against anything
        "储能系统2026E占氢能系统的比重是多少?",  # one of the two is in no table
        "山丙 C3 的算力是山甲 A1 的几倍?",  # a cell without a value
    ],
)
def test_figures_that_are_not_compared_or_not_there_give_no_number(ask: Ask, question: str) -> None:
    assert ask(question).calculations == ()

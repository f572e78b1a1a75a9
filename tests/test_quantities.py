"""Quantities and periods: what is found, what it means, and what is no quantity."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InputError
from assistant.quantities import (
    Quantity,
    find_periods,
    find_quantities,
    read_cell,
    read_quantity,
    same_quantity,
)

ROOT = Path(__file__).parent.parent
REPORTS = ROOT.parent / "shared" / "reports"
TRUTH = [json.loads(line) for line in (ROOT / "tests/data/quantities.jsonl").read_text(encoding="utf-8").splitlines()]
CLASSES = ("kind", "value", "unit", "low", "high", "bound")


def only(text: str) -> Quantity:
    """The one quantity of a text."""
    (found,) = find_quantities(text)
    return found


# ---------------------------------------------------------------- values, units, spans


@pytest.mark.parametrize(
    ("text", "shown", "value", "unit"),
    [
        ("周调用量约 4.9万亿 Token", "4.9万亿 Token", "4900000000000", "tokens"),
        ("規模達 1.38 萬億元人民幣", "1.38 萬億元人民幣", "1380000000000", "CNY"),
        ("about 23tn tokens in a week", "23tn tokens", "23000000000000", "tokens"),
        ("valued at US$1tn+ at IPO", "US$1tn+", "1000000000000", "USD"),
        (r"costs US\$120k a year", r"US\$120k a year", "120000", "USD"),
        ("营收 358.2亿元，同比持平", "358.2亿元", "35820000000", "CNY"),
        ("營收 12.3 億元", "12.3 億元", "1230000000", "元"),
        ("市值 1.2 兆新台幣", "1.2 兆新台幣", "1200000000000", "TWD"),
        ("負載 30 兆瓦", "30 兆瓦", "30", "MW"),
        ("耗资3.5亿港元", "3.5亿港元", "350000000", "HKD"),
        ("人民币 14 亿元", "人民币 14 亿元", "1400000000", "CNY"),
        ("HK$23.40 per share", "HK$23.40 per share", "23.40", "HKD"),
        ("新台幣12.3元", "新台幣12.3元", "12.3", "TWD"),
        ("€1.2m of costs", "€1.2m", "1200000", "EUR"),
        ("股价 264.18CNY", "264.18CNY", "264.18", "CNY"),
        ("约三成用户", "三成", "30", "%"),
        ("达到六成五", "六成五", "65", "%"),
        ("打 8.5 折", "8.5 折", "85", "%"),
        ("八折优惠", "八折", "80", "%"),
        ("占百分之二十", "百分之二十", "20", "%"),
        ("突破一千三百万亿次", "一千三百万亿次", "1300000000000000", "次"),
        ("耗资一亿三千万美元", "一亿三千万美元", "130000000", "USD"),
        ("募资 1亿3000万元", "1亿3000万元", "130000000", "CNY"),
        ("两千三百万人", "两千三百万人", "23000000", "people"),
        ("毛利率提升 2.3pct", "2.3pct", "2.3", "pp"),
        ("提升约 3 個百分點", "3 個百分點", "3", "pp"),
        ("降息 50bps", "50bps", "50", "bp"),
        ("贬值 25 个基点", "25 个基点", "25", "bp"),
        ("估值为 23xPE", "23x", "23", "x"),
        ("本益比 23.5 倍", "23.5 倍", "23.5", "x"),
        ("算力 10 GW", "10 GW", "10", "GW"),
        ("峰值 2250TFLOPS", "2250TFLOPS", "2250", "TFLOPS"),
        ("能效 29.3 TFlops/W", "29.3 TFlops/W", "29.3", "TFLOPS/W"),
        ("储备 30,000P 算力", "30,000P", "30000", "PFLOPS"),
        ("带宽 700GB/s", "700GB/s", "700", "GB/s"),
        ("显存 96GB", "96GB", "96", "GB"),
        ("5nm 工艺", "5nm", "5", "nm"),
        ("发电 6.5万亿千瓦时", "6.5万亿千瓦时", "6500000000000", "kWh"),
        ("持有 42,000 個 GPU", "42,000 個 GPU", "42000", "GPUs"),
        ("投资 18 起", "18 起", "18", "起"),
        ("得分 91.7 分", "91.7 分", "91.7", "points"),
        ("more than 2 million advertisers", "2 million advertisers", "2000000", "advertisers"),
        ("8亿周活", "8亿", "800000000", None),
        ("a 5-year contract", "5-year", "5", "years"),
        ("回收期 3 年", "3 年", "3", "years"),
        ("过去两个月", "两个月", "2", "months"),
        ("响应缩短至1.2秒", "1.2秒", "1.2", "seconds"),
        ("Amazon 占 5%", "5%", "5", "%"),
        ("USD/CNY 7.12", "7.12", "7.12", None),
        ("PUE 1.25", "1.25", "1.25", None),
        ("a five-year plan", "five-year", "5", "years"),
        ("十多个国家", "十多个国家", "10", "countries"),
        ("30日均价", "30日", "30", "days"),
        ("at the 31st percentile", "31st percentile", "31", "%"),
        ("a 10-fold rise", "10-fold", "10", "x"),
        ("5,598", "5,598", "5598", None),
        ("ＡＩ渗透率 １２％", "１２％", "12", "%"),
        ("智能评分 50 已逼近", "50", "50", None),
    ],
)
def test_value_unit_and_span(text: str, shown: str, value: str, unit: str | None) -> None:
    found = only(text)
    assert (found.text, found.value, found.unit) == (shown, Decimal(value), unit)
    assert text[found.start : found.end] == shown


def test_scale_and_precision_are_as_printed() -> None:
    found = only("约 4.90万亿元")
    assert (found.scale, found.digits, found.half_unit) == (Decimal(10**12), 2, Decimal(5 * 10**9))
    assert found.currency == "CNY"


@pytest.mark.parametrize(
    ("text", "low", "high", "unit"),
    [
        ("RMB14-15億", 14 * 10**8, 15 * 10**8, "CNY"),
        ("14 至 15 億元人民幣", 14 * 10**8, 15 * 10**8, "CNY"),
        ("25%-30%", 25, 30, "%"),
        ("维持 32–35% 区间", 32, 35, "%"),
        ("落在 29-201 倍", 29, 201, "x"),
        ("3 to 5 years", 3, 5, "years"),
        ("US$10k-20k", 10_000, 20_000, "USD"),
        ("5,000万至1亿美元", 5 * 10**7, 10**8, "USD"),
        ("在-10%至+15%之间", -10, 15, "%"),
        ("±10%", -10, 10, "%"),
        ("+/-10%", -10, 10, "%"),
        ("20x–25x 2026E P/E", 20, 25, "x"),
        ("Amazon 45–50%", 45, 50, "%"),
        ("5-7成", 50, 70, "%"),
    ],
)
def test_ranges(text: str, low: int, high: int, unit: str) -> None:
    found = only(text)
    assert (found.low, found.high, found.unit) == (low, high, unit)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("上漲 212/478%", [("212", 212, "%"), ("478%", 478, "%")]),
        ("为 57/57/53，", [("57", 57, None), ("57", 57, None), ("53", 53, None)]),
        (
            "达 480 万/960 万/1,300 万亿",
            [("480 万", 48 * 10**5, None), ("960 万", 96 * 10**5, None), ("1,300 万亿", 13 * 10**14, None)],
        ),
        ("为 5,598/640 亿元", [("5,598", 5598 * 10**8, "CNY"), ("640 亿元", 640 * 10**8, "CNY")]),
        ("由 25% 到 30%", [("25%", 25, "%"), ("30%", 30, "%")]),
        ("增长 32%至 136 亿美元", [("32%", 32, "%"), ("136 亿美元", 136 * 10**8, "USD")]),
        ("提升5%和3%", [("5%", 5, "%"), ("3%", 3, "%")]),
        ("-13/+12", [("-13", -13, None), ("+12", 12, None)]),
        ("EPS为1.2、1.5元", [("1.2", Decimal("1.2"), "CNY"), ("1.5元", Decimal("1.5"), "CNY")]),
    ],
)
def test_several_values(text: str, values: list[tuple[str, int, str | None]]) -> None:
    assert [(q.text, q.value, q.unit) for q in find_quantities(text)] == values


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("约 5%", "about"), ("近 30%", "about"), ("~45%", "about"), ("about 5%", "about"), ("4%左右", "about"),
        ("超 5%", "over"), ("逾 5%", "over"), ("突破 5%", "over"), (">55%", "over"), ("20 余家", "over"),
        ("200 多个", "over"), ("more than 5%", "over"), ("80%以上", "at_least"), ("20%+", "at_least"),
        ("至少 5%", "at_least"), ("at least 5%", "at_least"),
        ("至多 1000 亿美元", "at_most"), ("不超过 5%", "at_most"),
        ("up to 5%", "at_most"), ("3倍以内", "at_most"), ("<10", "under"), ("不到4%", "under"),
        ("less than 5%", "under"),
        ("近百亿美元", "about"), ("超百万台", "over"), ("最近 3 年", None),
        ("附近 3 家", None), ("支持 40 万上下文", None),
    ],
)  # fmt: skip
def test_bounds(text: str, bound: str | None) -> None:
    assert only(text).bound == bound


@pytest.mark.parametrize(
    ("text", "grows"),
    [
        ("增长 3.4 倍", True), ("按年增長約 3.4 倍至", True), ("同比增长超过一倍", True), ("激增20倍", True),
        ("3.4 倍", False), ("增长至 3.4 倍", False), ("是去年的 3 倍", False), ("约为年初的10倍", False),
        ("up 3.4x from a year ago", True), ("grew to 3.4x", False), ("trades at 3.4x sales", False),
    ],
)  # fmt: skip
def test_growth_by_a_multiple_is_not_the_multiple(text: str, grows: bool) -> None:
    assert only(text).is_growth is grows


@pytest.mark.parametrize(
    ("text", "value", "sign", "direction"),
    [
        ("-5%", -5, "-", None), ("−5%", -5, "-", None), ("+5pct", 5, "+", None),
        ("环比-0.5pct", Decimal("-0.5"), "-", None),
        ("下降5%", 5, "", "down"), ("成本降低超 5%", 5, "", "down"), ("增长 5%", 5, "", "up"),
        ("fell 5%", 5, "", "down"),
        ("a loss of HK$(12.3)mn", -12_300_000, "-", None), ("(3.5)%", Decimal("-3.5"), "-", None),
        ("毛利率（45%）", 45, "", None), ("- 5% 的增长", 5, "", None), ("净利润-1.2亿元", -120_000_000, "-", None),
    ],
)  # fmt: skip
def test_sign_and_direction(text: str, value: Decimal, sign: str, direction: str | None) -> None:
    found = only(text)
    assert (found.value, found.sign, found.direction) == (value, sign, direction)


def test_parenthesised_numbers_are_negative_where_they_fill_a_cell() -> None:
    row = find_quantities("黄金\t4592\t(12)\t(0.4)\t5.8")
    assert [q.value for q in row] == [4592, -12, Decimal("-0.4"), Decimal("5.8")]
    assert [q.text for q in row] == ["4592", "(12)", "(0.4)", "5.8"]


@pytest.mark.parametrize(
    ("text", "unit", "currency"),
    [("12元，营业额增长", "CNY", "CNY"), ("12元，營業額增長", "元", None), ("12元", "元", None)],
)
def test_yuan_alone_is_renminbi_only_in_simplified_text(text: str, unit: str, currency: str | None) -> None:
    assert (only(text).unit, only(text).currency) == (unit, currency)


def test_what_a_price_is_taken_by() -> None:
    assert [q.per for q in find_quantities("19.99 美元/月；US$2.35/hour；$0.40 per million tokens；5 元")] == [
        "month", "hour", "million tokens", None,
    ]  # fmt: skip


# ---------------------------------------------------------------- what is no quantity


@pytest.mark.parametrize(
    "text",
    [
        "H100、GPT-5.4、HBM2e 与 A800", "Claude Opus 4.6", "Llama 3 系列", "可灵 2.5 Turbo", "昇腾 910B",
        "Seed-OSS-36B",
        "0700.HK", "(300857 SZ)", "3661 TT", "图 12：趋势", "圖 53", "表3：利润", "Figure 3", "第三季", "第 19(5) 条",
        "(852) 3916 1739", "0755-21519182", "400-888-1313", "name1@163.com", "https://example.com/2025/12?x=30%",
        "1) 需求；2) 供给", "（1）需求", "沪深300指数", "标普500", "金鐘道89號", "45 楼", "2025E", "4QFY25",
        "2026-06-02",
        "10:30", "24/7", "5G", "1080p", "一些公司", "三家公司", "数十亿美元", "统一成本", "（单位：十亿美元）",
        "邮编：518046",
        "规则 15a-6", "S0980521120004", "201731928D", "【 01 】", "见 [3] 与 [c1]", "百度与千问", "1+6+N",
        "6大场景", "2B 业务", "iPhone 17", "10-K", "90年代", "英業達(2356)", "T+1",
    ],
)  # fmt: skip
def test_names_codes_and_dates_are_no_quantities(text: str) -> None:
    assert find_quantities(text) == []


def test_every_pattern_of_names_does_what_its_example_says() -> None:
    with (ROOT / "assistant/data/digits_in_names.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) > 30
    for row in rows:
        example = row["example"].replace(" ⇥ ", "\t")
        assert find_quantities(example) == [], row


def test_names_do_not_hide_the_figures_beside_them() -> None:
    text = "Gemini 3.1 Pro 57 分，图 3 占 40%，H100 约 1,200 台，第三季 5 亿元，1) 增长 8%"
    assert [q.text for q in find_quantities(text)] == ["57 分", "40%", "1,200 台", "5 亿元", "8%"]


# ---------------------------------------------------------------- periods


@pytest.mark.parametrize(
    ("text", "kind", "first", "last"),
    [
        ("2025E", "year", "2025-01-01", "2025-12-31"),
        ("2025 年", "year", "2025-01-01", "2025-12-31"),
        ("23年营收", "year", "2023-01-01", "2023-12-31"),
        ("2Q25", "quarter", "2025-04-01", "2025-06-30"),
        ("25Q3", "quarter", "2025-07-01", "2025-09-30"),
        ("2025Q2", "quarter", "2025-04-01", "2025-06-30"),
        ("Q2 2025", "quarter", "2025-04-01", "2025-06-30"),
        ("2026 年第一季度", "quarter", "2026-01-01", "2026-03-31"),
        ("25年二季度", "quarter", "2025-04-01", "2025-06-30"),
        ("first quarter of 2025", "quarter", "2025-01-01", "2025-03-31"),
        ("1H25", "half", "2025-01-01", "2025-06-30"),
        ("2026 年下半年", "half", "2026-07-01", "2026-12-31"),
        ("12M25", "month", "2025-12-01", "2025-12-31"),
        ("9M25", "months", "2025-01-01", "2025-09-30"),
        ("2025年前三季度", "months", "2025-01-01", "2025-09-30"),
        ("2025年1-6月", "months", "2025-01-01", "2025-06-30"),
        ("2025年9月", "month", "2025-09-01", "2025-09-30"),
        ("2025.01", "month", "2025-01-01", "2025-01-31"),
        ("Sept 2025", "month", "2025-09-01", "2025-09-30"),
        ("2026/1/5", "day", "2026-01-05", "2026-01-05"),
        ("26年4月28日", "day", "2026-04-28", "2026-04-28"),
        ("1 June 2026", "day", "2026-06-01", "2026-06-01"),
        ("June 1, 2026", "day", "2026-06-01", "2026-06-01"),
        ("11月13日", "day", None, None),
        ("截至11月13日", "as-of", None, None),
        ("截至 2025 年 3 月", "as-of", "2025-03-31", "2025-03-31"),
        ("as of 30 June 2025", "as-of", "2025-06-30", "2025-06-30"),
        ("2025年初", "as-of", "2025-01-01", "2025-01-01"),
        ("22年末", "as-of", "2022-12-31", "2022-12-31"),
        ("2026-27", "years", "2026-01-01", "2027-12-31"),
        ("2025-2028E", "years", "2025-01-01", "2028-12-31"),
        ("23-25年", "years", "2023-01-01", "2025-12-31"),
        ("FY26", "fiscal-year", None, None),
        ("4QFY25", "fiscal-quarter", None, None),
        ("2025 年 YTD", "year-to-date", "2025-01-01", None),
        ("2024 年至今", "since", "2024-01-01", None),
        ("FY26(财年结于3月)", "fiscal-year", "2025-04-01", "2026-03-31"),
    ],
)
def test_periods(text: str, kind: str, first: str | None, last: str | None) -> None:
    found = find_periods(text)[0]
    assert (found.kind, found.first, found.last) == (kind, first, last)
    assert text[found.start : found.end] == found.text


def test_fiscal_periods_follow_the_month_that_ends_the_year() -> None:
    quarter, year = find_periods("4QFY25 and FY2026E", fiscal_year_end=6)
    assert (quarter.first, quarter.last) == ("2025-04-01", "2025-06-30")
    assert (year.first, year.last, year.estimate) == ("2025-07-01", "2026-06-30", True)
    (march,) = find_periods("1QFY26", fiscal_year_end=3)
    assert (march.first, march.last) == ("2025-04-01", "2025-06-30")


def test_growth_headers_name_the_period_that_grew() -> None:
    (found,) = find_periods("25-YoY")
    assert (found.growth_of, found.first, found.last) == ("yoy", "2025-01-01", "2025-12-31")


@pytest.mark.parametrize(
    "text", ["近10年", "过去 20 年", "25 年期债券", "5 年合約", "12 个月", "30日涨幅", "2,025 亿元", "2025 亿元"]
)
def test_durations_and_amounts_are_no_periods(text: str) -> None:
    assert find_periods(text) == []


def test_years_in_table_rows_are_years_only_in_a_header() -> None:
    assert [p.text for p in find_periods("\t2024\t2025E\t2026E")] == ["2024", "2025E", "2026E"]
    assert [q.value for q in find_quantities("总计\t823\t1942\t2097\t23%")] == [823, 1942, 2097, 23]


def test_a_quantity_has_the_period_of_its_own_clause() -> None:
    text = "由 2024 年的 65%增长至 2028 年的 73%；此外，毛利率为 40%。"
    assert [q.period.text if q.period else None for q in find_quantities(text)] == ["2024 年", "2028 年", None]
    ahead = find_quantities("净利润 12.3/15.6/18.9 亿元（2025E/26E/27E）")
    assert [q.period.text for q in ahead if q.period] == ["2025E", "26E", "27E"]
    years = find_quantities("2025/26/27年净利润为 12.3/15.6/18.9 亿元")
    assert [q.period.first for q in years if q.period] == ["2025-01-01", "2026-01-01", "2027-01-01"]
    listed = find_quantities("2025 年 5 月/7 月分别达到 480 万/960 万")
    assert [(q.period.text, q.period.first) for q in listed if q.period] == [
        ("2025 年 5 月", "2025-05-01"), ("7 月", "2025-07-01"),
    ]  # fmt: skip


# ---------------------------------------------------------------- one value


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1280亿", 128 * 10**9, None), ("264.18CNY", Decimal("264.18"), "CNY"), ("26%", 26, "%"),
        ("US$1.2bn", 12 * 10**8, "USD"), (" 1,234.50 ", Decimal("1234.5"), None), ("约 3.4倍", Decimal("3.4"), "x"),
        ("(12)", -12, None), ("-3.5%", Decimal("-3.5"), "%"), ("2025", 2025, None), ("¥5", 5, "CNY"),
    ],
)  # fmt: skip
def test_read_quantity(text: str, value: Decimal, unit: str | None) -> None:
    found = read_quantity(text)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"), ("a lot", "a lot"), ("10-20%", "range"), ("5% 和 3%", "more than one"),
        ("市值 5 亿", "市值 5 亿"),
        ("GPT-5.4", "GPT-5.4"), ("1280亿;rm -rf", "rm -rf"),
    ],
)  # fmt: skip
def test_read_quantity_says_what_is_wrong(text: str, part: str) -> None:
    with pytest.raises(InputError, match=part) as caught:
        read_quantity(text)
    assert str(caught.value).endswith(".")


# ---------------------------------------------------------------- cells under their header


@pytest.mark.parametrize(
    ("text", "unit", "column", "value", "read_unit"),
    [
        ("1,850", None, "目標價 (台幣)", 1850, "TWD"),
        ("391.6", "亿美元", "2024", 391_6 * 10**7, "USD"),
        ("823", "亿元", "2020", 823 * 10**8, "CNY"),
        ("12.5", "百萬人民幣", None, 12_500_000, "CNY"),
        ("68.0", "全球职业创意工作者 (百万)", "2024", 68_000_000, None),
        ("85%", "亿美元", "2024", 85, "%"),
        ("23", "亿元", "25-YoY", 23, "%"),
        ("(4.5)", None, "本年%", Decimal("-4.5"), "%"),
        ("5", "RMB mn", None, 5_000_000, "CNY"),
        ("5", "US$ million", None, 5_000_000, "USD"),
        ("5", "in millions of US$", None, 5_000_000, "USD"),
        ("5", "HK$'000", None, 5_000, "HKD"),
        ("5", "人民币百万元", None, 5_000_000, "CNY"),
        ("5", "单位：十亿美元", None, 5 * 10**9, "USD"),
        ("5", "营收, 百万元", None, 5_000_000, "CNY"),
        ("50.2", "毛利率, 百分比", None, Decimal("50.2"), "%"),
        ("4,596", "金價 (美元/盎司)", "收市", 4596, "USD"),
        ("US$5", "US$ mn", None, 5_000_000, "USD"),
        ("5亿", "百万元", None, 5 * 10**8, None),
        ("-3pct", None, "2021", -3, "pp"),
        ("12*", "%", None, 12, "%"),
        ("2097", "亿元", "2027E", 2097 * 10**8, "CNY"),
    ],
)
def test_cells_take_what_their_header_says(
    text: str, unit: str | None, column: str | None, value: Decimal, read_unit: str | None
) -> None:
    found = read_cell(text, unit, column)
    assert found is not None
    assert (found.value, found.unit) == (value, read_unit)


def test_cells_have_bounds_ranges_and_the_columns_period() -> None:
    share = read_cell("20-25", None, "營收佔比 (%)")
    assert share is not None
    assert (share.low, share.high, share.unit) == (20, 25, "%")
    below = read_cell("<10", None, "營收佔比 (%)")
    assert below is not None
    assert (below.value, below.bound) == (10, "under")
    estimate = read_cell("437.9", "亿美元", "2025E")
    assert estimate is not None
    assert estimate.period is not None
    assert (estimate.period.first, estimate.period.estimate, estimate.half_unit) == ("2025-01-01", True, 5 * 10**6)


@pytest.mark.parametrize(
    "text", ["", " ", "-", "–", "/", "NA", "n.a.", "電源供應器", "1H25", "2301 TT", "-13/+12", "2025-09-18"]
)
def test_cells_without_one_value_are_none(text: str) -> None:
    assert read_cell(text, "%", "2024") is None


# ---------------------------------------------------------------- likeness


@pytest.mark.parametrize(
    ("a", "b", "kind", "reason"),
    [
        ("4.9万亿", "4900000000000", "equal", ""),
        ("4.9万亿 Token", "4.9 trillion tokens", "equal", ""),
        ("4.9万亿", "4.92 萬億", "rounding", "4.9万亿 is 4.92 萬億 rounded"),
        ("4997 亿", "0.5tn", "rounding", ""),
        ("4.9万亿", "4.9亿", "different", "scale"),
        ("480 万", "480 万亿", "different", "scale"),
        ("5%", "5pct", "different", "unit"),
        ("50bps", "0.5pct", "equal", ""),
        ("5%", "-5%", "different", "sign"),
        ("下降 5%", "-5%", "equal", ""),
        ("下降 5%", "5%", "equal", ""),
        ("5亿元人民币", "5亿美元", "different", "currency"),
        ("5 億元", "5亿元人民币", "equal", ""),
        ("5 億元", "5亿美元", "different", "currency"),
        ("5", "5%", "different", "unit"),
        ("200 万广告主", "2 million advertisers", "equal", ""),
        ("1 GW", "1000 MW", "equal", ""),
        ("12 个月", "1 年", "equal", ""),
        ("增长 3.4 倍", "3.4 倍", "different", "growth"),
        ("增长 3.4 倍", "4.4 倍", "equal", ""),
        ("增长 3.4 倍", "增长 340%", "equal", ""),
        ("14-15亿元人民币", "RMB1.4-1.5bn", "equal", ""),
        ("14-15亿元", "14亿元", "different", "range"),
        ("20-25%", "20-30%", "different", "values"),
        ("三成", "30%", "equal", ""),
        ("超 2 亿", "2 亿", "equal", "over"),
        ("19.99 美元/月", "US$19.99 per year", "different", "per"),
        ("10%", "12%", "different", "values"),
    ],
)
def test_same_quantity(a: str, b: str, kind: str, reason: str) -> None:
    first, second = only(a), only(b)
    for outcome in (same_quantity(first, second), same_quantity(second, first)):
        assert outcome.kind == kind
        assert reason in outcome.reason


def test_periods_that_share_no_day_differ() -> None:
    first, second = only("2Q25 收入 5 亿美元"), only("2Q24 收入 5 亿美元")
    assert same_quantity(first, second).kind == "different"
    assert "period" in same_quantity(first, second).reason
    assert same_quantity(first, only("2025 年收入 5 亿美元")).kind == "equal"
    assert same_quantity(first, replace(second, period=None)).kind == "equal"


# ---------------------------------------------------------------- properties

SCALES = {"": 1, "万": 10**4, "億": 10**8, "万亿": 10**12, "k": 10**3, "mn": 10**6, "bn": 10**9, "tn": 10**12}
UNITS = {"": None, "%": "%", "美元": "USD", "倍": "x", "GW": "GW", "tokens": "tokens", "pct": "pp"}
ALPHABET = "0123456789.,-+%~<>()/万亿億兆百千十一二三成折倍年月日元$ABxkmQEFYH至到约超 \t\n第图:："
NUMBERS = st.decimals(min_value=0, max_value=10**6, places=2, allow_nan=False, allow_infinity=False)


@given(number=NUMBERS, scale=st.sampled_from(sorted(SCALES)), unit=st.sampled_from(sorted(UNITS)))
def test_what_is_written_is_read_back(number: Decimal, scale: str, unit: str) -> None:
    found = read_quantity(f"{number:,}{scale} {unit}")
    assert found.value == number * SCALES[scale]
    assert found.unit == UNITS[unit]
    assert found.half_unit == Decimal("0.005") * SCALES[scale]


@given(number=st.integers(min_value=1, max_value=9999))
def test_chinese_numerals_read_as_their_digits(number: int) -> None:
    import cn2an

    assert read_quantity(f"{cn2an.an2cn(number, 'low')}亿美元").value == number * 10**8


@given(text=st.text(alphabet=ALPHABET, max_size=40))
def test_spans_are_exact_ordered_and_apart_whatever_the_text(text: str) -> None:
    found = find_quantities(text)
    for q in found:
        assert text[q.start : q.end] == q.text
        assert q.text.strip() == q.text != ""
        assert (q.low is None) == (q.high is None)
        assert q.low is None or q.high is None or q.low < q.high or q.value == 0
    assert all(a.end <= b.start for a, b in pairwise(found))
    for p in find_periods(text):
        assert text[p.start : p.end] == p.text
        assert p.first is None or p.last is None or p.first <= p.last


@given(number=NUMBERS, scale=st.sampled_from(["", "万", "亿"]), places=st.integers(min_value=0, max_value=1))
def test_a_rounded_figure_is_recognised(number: Decimal, scale: str, places: int) -> None:
    rounded = round(number, places)
    outcome = same_quantity(read_quantity(f"{number}{scale}元"), read_quantity(f"{rounded}{scale}元"))
    assert outcome.kind == ("equal" if rounded == number else "rounding" if rounded else "different")


@given(number=NUMBERS.filter(lambda n: n > 0), scales=st.permutations(["万", "亿", "万亿"]))
def test_a_slip_of_scale_is_told(number: Decimal, scales: list[str]) -> None:
    outcome = same_quantity(read_quantity(f"{number}{scales[0]}"), read_quantity(f"{number}{scales[1]}"))
    assert outcome.kind == "different"
    assert "scale" in outcome.reason


# ---------------------------------------------------------------- the real reports


@cache
def report(number: str) -> str:
    (path,) = REPORTS.glob(f"{number}_*.txt")
    return path.read_bytes().decode("utf-8")


def misread(entry: dict[str, Any]) -> str | None:
    """What is wrong with our reading of one place of the truth file, or None."""
    text = report(entry["report"])
    start, end = entry["start"], entry["end"]
    assert text[start:end] == entry["text"]
    if "kind" in entry:
        read = [(p.kind, p.first, p.last) for p in periods_of(entry["report"]) if (p.start, p.end) == (start, end)]
        return None if read == [(entry["kind"], entry["first"], entry["last"])] else f"{entry}: {read}"
    if "column" in entry or "header" in entry:
        cell = read_cell(entry["text"], entry.get("header"), entry.get("column"))
        found = [cell] if cell else []
    elif entry["value"] is None:
        found = [q for q in quantities_of(entry["report"]) if q.start < end and q.end > start]
    else:
        found = [q for q in quantities_of(entry["report"]) if (q.start, q.end) == (start, end)]
    if entry["value"] is None:
        return f"{entry}: {found}" if found else None
    return None if len(found) == 1 and agrees(found[0], entry) else f"{entry}: {found}"


def agrees(q: Quantity, entry: dict[str, Any]) -> bool:
    wanted = {key: Decimal(entry[key]) if key in entry else None for key in ("low", "high")}
    wanted |= {"value": Decimal(entry["value"]), "unit": entry["unit"], "bound": entry.get("bound")}
    wanted |= {"is_growth": entry.get("is_growth", False)}
    wanted |= {key: entry[key] for key in ("direction", "per") if key in entry}
    read = {key: getattr(q, key) for key in wanted} | {"value": round(q.value, 9)}
    period_agrees = "period" not in entry or (q.period is not None and q.period.text == entry["period"])
    return read == wanted and period_agrees


@cache
def quantities_of(number: str) -> list[Quantity]:
    return find_quantities(report(number))


@cache
def periods_of(number: str) -> list[Any]:
    return find_periods(report(number))


@pytest.mark.skipif(not REPORTS.is_dir(), reason="the real reports are not here")
def test_quantities_of_the_real_reports() -> None:
    wrong = [problem for entry in TRUTH if (problem := misread(entry))]
    assert len(wrong) <= len(TRUTH) // 100, "\n".join(wrong)


def test_the_truth_covers_every_report_and_kind() -> None:
    assert sum(1 for entry in TRUTH if entry.get("value") is not None) >= 390
    assert {entry["report"] for entry in TRUTH} == {"000", "001", "002", "003", "004"}
    units = Counter(entry.get("unit") for entry in TRUTH if entry.get("value") is not None)
    assert {"%", "pp", "x", "CNY", "USD", "HKD", "TWD", "tokens", "GW", "EFLOPS", "months", None} <= set(units)
    assert all(len(entry["text"]) <= 25 for entry in TRUTH)


def test_sixty_thousand_characters_take_less_than_half_a_second() -> None:
    line = (
        "据公司披露，2025年9月周调用量约 4.9万亿 Token，同比增长 39%，主要得益于应用的快速落地与智能体渗透率的提升；"
        "我们认为全产业链协同的商业模式有望推动芯片企业、云服务商以及大模型厂商的协作，H100 租金升至 US$2.35/hour。\n"
    )
    text = line * (60_000 // len(line))
    find_quantities(line)
    assert min(seconds(text) for _attempt in range(3)) < 0.5


def seconds(text: str) -> float:
    """Processor time, so that a busy machine makes no difference."""
    started = time.process_time()
    find_quantities(text)
    return time.process_time() - started

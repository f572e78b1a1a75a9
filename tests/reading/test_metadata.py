"""Title, issuer, date, analysts and codes come from what a report says; nothing is invented."""

from __future__ import annotations

import pytest

from assistant.lexicon import lexicon
from assistant.reading import metadata, text
from assistant.reading.furniture import find_furniture
from assistant.reading.sections import find_sections
from assistant.types import Furniture

PROSE = "云端业务的需求在一季度明显回暖，我们跟踪的八家客户里有六家上调了全年预算，订单能见度延长到三个季度。\n\n"


def title(content: str, stated: str | None = None) -> str:
    sections = find_sections(text.read(content.encode()))
    return metadata.find_title(content, sections, stated, find_furniture(content, sections))


def date(content: str, furniture: tuple[Furniture, ...] = (), stated: str | None = None) -> tuple[str | None, str]:
    return metadata.find_date(content, furniture, stated)


@pytest.mark.parametrize(
    ("content", "stated", "expected"),
    [
        (f"# 软件行业：需求回暖\n\n{PROSE}", "report-final-2", "软件行业：需求回暖"),
        (f"# 软件行业\n## 云端需求回暖并将延续\n\n{PROSE}", None, "软件行业 — 云端需求回暖并将延续"),
        (f"2026年4月8日\n软件行业周报之云端需求回暖\n{PROSE}", None, "软件行业周报之云端需求回暖"),
        (f"{PROSE}", "Cloud weekly", "Cloud weekly"),
        ("a: 1", None, "untitled"),
    ],
)
def test_titles(content: str, stated: str | None, expected: str) -> None:
    assert title(content, stated) == expected


@pytest.mark.parametrize(
    "line",
    [
        "报告日期：2026年4月8日",
        "報告日期：2026/4/8",
        "发布日期: 2026-04-08",
        "Date: 8 April 2026",
        "Published on: April 8, 2026",
        "2026 年 4 月 8 日",
        "2026.04.08",
        "8 Apr 2026",
        "**2026/04/08**",
    ],
)
def test_a_printed_date(line: str) -> None:
    assert date(f"软件行业周报\n\n{line}\n\n{PROSE}截至2026年5月1日。") == ("2026-04-08", "printed")


def test_without_a_printed_date_the_newest_day_is_a_bound() -> None:
    content = f"软件行业周报\n\n{PROSE}截至2025年11月3日用量增长，而2025年10月1日尚未开始。"
    assert date(content) == ("2025-11-03", "not_before")


def test_days_ahead_and_days_in_disclaimers_are_no_bound() -> None:
    assert date(f"{PROSE}公司于2025年3月2日宣布，预计2027年1月1日投产。") == ("2025-03-02", "not_before")
    table = "指标\t预计公布日\n销售\t2027年5月1日\n零售\t2027年6月1日\n\n截至2026年4月8日。"
    assert date(PROSE + table) == ("2026-04-08", "not_before")
    content = PROSE + "截至2026年4月8日。免责声明：2030年1月1日生效。"
    hidden = Furniture("disclaimer", content.index("免责"), len(content))
    assert date(content, (hidden,)) == ("2026-04-08", "not_before")


UNDATED = [PROSE, "2026 年第一季度", "比率 12/13/14", "2026年13月1日", "2026年2月30日", "3月5日"]


@pytest.mark.parametrize("content", UNDATED)
def test_no_date_is_invented(content: str) -> None:
    assert date(content) == (None, "unknown")


def test_the_files_own_date_counts_where_none_is_printed() -> None:
    assert date(PROSE + "截至2025年11月3日。", stated="2025-12-01") == ("2025-12-01", "printed")


def issuer(content: str) -> str | None:
    furniture = find_furniture(content, find_sections(text.read(content.encode())))
    return metadata.find_issuer(content, furniture, lexicon())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PROSE, None),
        ("中金公司研究部\n\n" + PROSE, "CICC"),
        (PROSE + "资料来源：公司资料，凱基證券整理", "KGI Securities"),
        (PROSE * 80 + "高盛上调目标价。\n\n## 免责声明\n\n国信证券制作，国信证券版权所有。", "Guosen Securities"),
    ],
)
def test_issuers(content: str, expected: str | None) -> None:
    assert issuer(content) == expected


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("分析师：王小明\n", ("王小明",)),
        ("證券研究員: 李大同\n", ("李大同",)),
        ("Analysts\n王小明 (Xiaoming Wang)\n李大同\n", ("王小明 (Xiaoming Wang)", "李大同")),
        ("王小明, CFA (852) 1234 5678 wang.xm@example.com\n", ("王小明",)),
        (PROSE, ()),
    ],
)
def test_analysts(content: str, names: tuple[str, ...]) -> None:
    assert metadata.find_analysts(content) == names


def test_codes_as_printed_most_frequent_first() -> None:
    content = "甲 1234.HK，乙 600000.SH，又是 1234.HK；丙 NVDA US"
    assert metadata.find_tickers(content) == ("1234.HK", "600000.SH", "NVDA US")


@pytest.mark.parametrize("piece", ["\n", "-\n", "1", "a", ".", "资", "2025-01-01\tx\n", "王小明1", "分析师\n"])
def test_long_monotonous_texts_take_no_time(piece: str) -> None:
    """What one look-ahead too many makes of a page of digits: hours."""
    content = "x" + piece * (60_000 // len(piece))
    assert metadata.find_analysts(content) is not None and issuer(content) is None
    assert date(content)[1] in ("unknown", "not_before")

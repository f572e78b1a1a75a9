"""Verdicts on figures: what a place prints is proven, anything changed is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.chunking import passages
from assistant.embeddings import from_setting
from assistant.errors import InputError
from assistant.grounding import Check, Span, check_text, claims, ground, review, supporting
from assistant.library import Incoming, Library
from assistant.reading import read
from assistant.retrieval import Retriever
from assistant.types import Calculation, Citation, Report

CHINESE = """# 行业周报：推理需求

2026-03-05 某证券研究部

## 调用量

腾讯云 2025 年收入为 310.6 亿元，同比增长 17.5%。阿里云同期收入为 420 亿元，同比增长 9.8%。
豆包日均调用量在 2025 年 9 月超过 30 万亿 Token，较 2024 年 9 月的 1.5 万亿 Token 大幅上升。
MiniMax 及智谱自上市以来股价上涨 212/478%。网易毛利率下降 2.5%。英伟达净利率为 55%，毛利率为 73%。

表 1：主要厂商资本开支（亿元）

公司\t2024\t2025E
腾讯\t768\t912
阿里巴巴\t1,030\t1,245
百度\t(81)\t95
"""
ENGLISH = """# Cloud note

2026-02-11

Microsoft spent US$80bn on capital expenditure in 2025, up 45% year on year.
Amazon spent US$105bn in 2025. GPT-5.4 scored 57 points.
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("library"), from_setting("builtin")) as opened:
        incoming = []
        for name, text in (("chinese.txt", CHINESE), ("english.txt", ENGLISH)):
            report = read(text.encode(), name)
            incoming.append(Incoming(report, passages(report), text.encode()))
        opened.add(incoming)
        yield opened


def cite(name: str, quote: str) -> Span:
    text = CHINESE if name == "chinese.txt" else ENGLISH
    start = text.index(quote)
    return Span(name, start, start + len(quote))


def check(library: Library, text: str, *quotes: str, name: str = "chinese.txt") -> Check:
    return check_text(text, Retriever(library), library, [cite(name, quote) for quote in quotes])


def verdicts(outcome: Check) -> list[tuple[str, str]]:
    return [(figure.text, figure.verdict) for figure in outcome.figures]


CLOUD = "腾讯云 2025 年收入为 310.6 亿元，同比增长 17.5%。阿里云同期收入为 420 亿元，同比增长 9.8%。"
TOKENS = "豆包日均调用量在 2025 年 9 月超过 30 万亿 Token，较 2024 年 9 月的 1.5 万亿 Token 大幅上升。"
LISTED = "MiniMax 及智谱自上市以来股价上涨 212/478%。"
MARGINS = "网易毛利率下降 2.5%。英伟达净利率为 55%，毛利率为 73%。"


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("腾讯云2025年收入310.6亿元，增长17.5%。", CLOUD),
        ("騰訊雲 2025 年收入 310.6 億元。", CLOUD),
        ("Tencent Cloud had revenue of RMB31.06bn in 2025, up 17.5%.", CLOUD),
        ("腾讯云 2025 年收入约 311 亿元。", CLOUD),
        ("Doubao processed more than 30tn tokens a day in September 2025.", TOKENS),
        ("智谱上市以来上涨 478%，MiniMax 上涨 212%。", LISTED),
        ("网易毛利率下降 2.5%。", MARGINS),
        ("英伟达毛利率为 73%。", MARGINS),
        ("腾讯 2025E 资本开支为 912 亿元。", "腾讯\t768\t912"),
        ("Alibaba's capex is RMB124.5bn in 2025E.", "阿里巴巴\t1,030\t1,245"),
        ("百度 2024 年为 -81 亿元。", "百度\t(81)\t95"),
        ("腾讯云与阿里云 2025 年收入为 310.6 亿元与 420 亿元，合计 730.6 亿元。", CLOUD),
        ("豆包调用量由 1.5 万亿增至 30 万亿 Token，30/1.5−1≈1900%。", TOKENS),
        ("报告称“较 2024 年 9 月的 1.5 万亿 Token 大幅上升”。", TOKENS),
    ],
)
def test_what_the_place_says_is_verified(library: Library, text: str, quote: str) -> None:
    outcome = check(library, text, quote)
    assert outcome.verified, verdicts(outcome)


@pytest.mark.parametrize(
    ("text", "quote", "why"),
    [
        ("腾讯云 2025 年收入为 310.8 亿元。", CLOUD, "数值"),
        ("腾讯云 2025 年收入为 310.6 万元。", CLOUD, "量级"),
        ("腾讯云 2025 年收入为 310.6 亿美元。", CLOUD, "币种"),
        ("腾讯云 2024 年收入为 310.6 亿元。", CLOUD, "时期"),
        ("腾讯云 2025 年收入同比下降 17.5%。", CLOUD, "方向"),
        ("腾讯云 2025 年收入增长 17.5 倍。", CLOUD, "单位"),
        ("腾讯云 2025 年收入为 420 亿元。", CLOUD, "公司"),
        ("腾讯云 2025 年收入为 310.62 亿元。", CLOUD, "精确"),
        ("智谱上市以来上涨 212%，MiniMax 上涨 478%。", LISTED, "公司"),
        ("英伟达毛利率为 55%。", MARGINS, "指标"),
        ("腾讯 2025E 资本开支为 1,245 亿元。", "阿里巴巴\t1,030\t1,245", ""),
        ("腾讯 2024 资本开支为 912 亿元。", "腾讯\t768\t912", "时期"),
        ("百度 2024 年为 81 亿元。", "百度\t(81)\t95", ""),
        ("腾讯云与阿里云 2025 年收入为 310.6 亿元与 420 亿元，合计 731.6 亿元。", CLOUD, ""),
        ("豆包调用量由 1.5 万亿增至 30 万亿 Token，30/1.5−1≈1800%。", TOKENS, ""),
        ("豆包日均调用量超过 30 万亿 GPU。", TOKENS, "单位"),
    ],
)
def test_one_thing_changed_is_not_verified(library: Library, text: str, quote: str, why: str) -> None:
    outcome = check(library, text, quote)
    assert not outcome.verified
    reasons = [figure.why for figure in outcome.figures if figure.verdict == "unverified"]
    assert any(why in (reason or "") for reason in reasons), reasons


def test_a_swapped_citation_supports_nothing(library: Library) -> None:
    assert not check(library, "腾讯云 2025 年收入为 310.6 亿元。", TOKENS).verified
    assert not check(library, "Microsoft's capex rose 45% in 2025.", CLOUD).verified


def test_words_dates_and_names_that_no_source_prints_are_told(library: Library) -> None:
    quote = check(library, "报告称“估值已经充分反映乐观预期”。", CLOUD)
    assert [(f.kind, f.verdict) for f in quote.figures] == [("quote", "unverified")]
    day = check(library, "该合作于 2025-06-20 宣布。", CLOUD)
    assert [(f.kind, f.verdict) for f in day.figures] == [("date", "unverified")]
    model = check(library, "GPT-5.5 scored 57 points.", "GPT-5.4 scored 57 points.", name="english.txt")
    assert ("GPT-5.5", "unverified") in verdicts(model)
    company_ = check(library, "Oracle spent US$105bn in 2025.", "Amazon spent US$105bn in 2025.", name="english.txt")
    assert ("name", "Oracle") in [(f.kind, f.text) for f in company_.figures if f.verdict == "unverified"]


def test_the_source_is_the_place_cited_and_its_quote_is_exact(library: Library) -> None:
    (figure,) = check(library, "腾讯云收入为 310.6 亿元。", CLOUD).figures
    assert figure.source is not None
    assert figure.source.source == "chinese.txt"
    assert CHINESE[figure.source.start : figure.source.end] == figure.source.quote == CLOUD
    assert figure.source.figure == "310.6 亿元"


def test_without_citations_the_library_is_searched(library: Library) -> None:
    retriever = Retriever(library)
    good = check_text("腾讯云 2025 年收入为 310.6 亿元。Microsoft spent US$80bn on capex in 2025.", retriever, library)
    assert good.verified, verdicts(good)
    assert {f.source.source for f in good.figures if f.source} == {"chinese.txt", "english.txt"}
    bad = check_text("腾讯云 2025 年收入为 420 亿元。", retriever, library)
    assert not bad.verified
    (figure,) = [f for f in bad.figures if f.kind == "number"]
    assert figure.nearest is not None
    assert figure.why


def test_a_text_without_figures_is_verified_and_empty(library: Library) -> None:
    outcome = check(library, "我们看好这一行业。", CLOUD)
    assert outcome.verified
    assert outcome.figures == ()


@pytest.mark.parametrize("span", [Span("nothing.txt", 0, 5), Span("chinese.txt", 5, 10**6), Span("chinese.txt", 9, 3)])
def test_a_citation_that_is_nowhere_is_told(library: Library, span: Span) -> None:
    with pytest.raises(InputError):
        check_text("腾讯云收入为 310.6 亿元。", Retriever(library), library, [span])


# ---------------------------------------------------------------- answers


def citation(n: int, report: Report, quote: str) -> Citation:
    start = report.text.index(quote)
    end = start + len(quote)
    return Citation(
        n, report.report_id, report.source, report.title, None, None, None, None, None, "text", quote, start, end
    )


@pytest.fixture
def report() -> Report:
    return read(CHINESE.encode(), "chinese.txt")


def grounded(
    report: Report, text: str, calculations: tuple[Calculation, ...] = (), question: str = ""
) -> list[tuple[str, str, str | None]]:
    cited = [citation(1, report, CLOUD), citation(2, report, TOKENS)]
    found = ground(text, cited, calculations, question, "zh-Hans", {report.report_id: report})
    return [(f.text, f.verdict, f.source) for f in found]


def test_each_sentence_rests_on_its_own_citations(report: Report) -> None:
    text = "腾讯云收入为 310.6 亿元 [1]。豆包调用量超过 30 万亿 Token [2]。"
    assert grounded(report, text) == [("310.6 亿元", "quoted", "[1]"), ("30 万亿 Token", "quoted", "[2]")]
    swapped = "腾讯云收入为 310.6 亿元 [2]。豆包调用量超过 30 万亿 Token [1]。"
    assert [verdict for _text, verdict, _source in grounded(report, swapped)] == ["unverified", "unverified"]


def test_a_marker_after_the_full_stop_is_of_the_sentence_before(report: Report) -> None:
    assert grounded(report, "腾讯云收入为 310.6 亿元。[1]") == [("310.6 亿元", "quoted", "[1]")]


def test_a_sentence_without_a_citation_proves_nothing(report: Report) -> None:
    assert grounded(report, "腾讯云收入为 310.6 亿元。") == [("310.6 亿元", "unverified", None)]


def test_markers_and_list_numbers_are_no_figures(report: Report) -> None:
    assert grounded(report, "1. 需求旺盛 [1]\n2. 供给紧张 [2]") == []


def test_a_table_cell_has_its_tables_unit(report: Report) -> None:
    cited = [citation(1, report, "腾讯\t768\t912")]
    (figure,) = ground("- 腾讯: 2024 768 亿元 [1]", cited, (), "", "zh-Hans", {report.report_id: report})
    assert (figure.verdict, figure.source, figure.value, figure.unit) == ("quoted", "[1]", "76800000000", "CNY")


def share(sources: dict[str, str], result: str = "73.95") -> Calculation:
    inputs = {"part": {"value": "31060000000", "unit": "CNY"}, "whole": {"value": "42000000000", "unit": "CNY"}}
    return Calculation("c1", "share", inputs, result, "%", "part / whole", "", (), sources)


def test_results_are_derived_where_their_operands_are_cited(report: Report) -> None:
    text = "相当于阿里云的 74.0% [c1]。"
    assert grounded(report, text, (share({"part": "[1]", "whole": "[1]"}),)) == [("74.0%", "derived", "c1")]


@pytest.mark.parametrize(
    "sources", [{"part": "[2]", "whole": "[1]"}, {"part": "question", "whole": "[1]"}, {"part": "c9"}]
)
def test_results_of_operands_from_nowhere_are_unverified(report: Report, sources: dict[str, str]) -> None:
    assert grounded(report, "相当于阿里云的 74.0% [c1]。", (share(sources),)) == [("74.0%", "unverified", None)]


def test_what_the_question_gives_is_given(report: Report) -> None:
    assert grounded(report, "若增长率为 8%，则如下 [1]。", question="假设增长 8% 会怎样？") == [
        ("8%", "given", "question")
    ]


def test_an_offline_answer_of_quotes_has_no_unverified_figure(library: Library, tmp_path: Path) -> None:
    from assistant.service import Assistant

    answer = Assistant(library).ask("腾讯云 2025 年收入是多少？")
    assert answer.figures
    assert {figure.verdict for figure in answer.figures} <= {"quoted", "given", "derived"}


# ---------------------------------------------------------------- arithmetic and tables


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("310.6 ÷ 420 ≈ 74.0%。", [CLOUD]),
        ("310.6 × 1.175² ≈ 428.8 亿元（约 4.288 百亿元）。", [CLOUD]),
        ("(310.6 + 420) / 2 = 365.3。", [CLOUD]),
        ("30 万亿 ÷ 1.5 万亿 = 20 倍；30 万亿 ÷ 30 ≈ 每天 1 万亿 Token。", [TOKENS]),
        ("1245 − 912 = 333 亿元。", ["腾讯\t768\t912", "阿里巴巴\t1,030\t1,245"]),
        ("From 768 in 2024 to 912 in 2025E.", ["腾讯\t768\t912"]),
        ("表中腾讯为 768，阿里巴巴为 1,030。", ["腾讯\t768\t912", "阿里巴巴\t1,030\t1,245"]),
    ],
)
def test_computed_figures_whose_operands_are_cited_are_verified(library: Library, text: str, quotes: list[str]) -> None:
    outcome = check(library, text, *quotes)
    assert outcome.verified, [(f.text, f.verdict, f.why) for f in outcome.figures]


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("310.6 ÷ 420 ≈ 75.0%。", [CLOUD]),
        ("310.6 ÷ 420 ≈ 74.0 倍。", [CLOUD]),
        ("310.6 ÷ 421 ≈ 73.8%。", [CLOUD]),
        ("(310.6 + 420) / 2 = 365.3 万元。", [CLOUD]),
        ("30 万亿 ÷ 30 ≈ 每天 1 万亿美元。", [TOKENS]),
        ("310.6 ÷ 420 − 1 = 26.0%。", [CLOUD]),
        ("1245 − 912 = 333 亿美元。", ["腾讯\t768\t912", "阿里巴巴\t1,030\t1,245"]),
        ("腾讯云与阿里云 2025 年收入为 310.6 亿元与 420 亿元，合计 420 亿元。", [CLOUD]),
        ("腾讯与阿里巴巴为 768 与 1,245。", ["腾讯\t768\t912", "阿里巴巴\t1,030\t1,245"]),
        ("From 768 in 2025E to 912 in 2024.", ["腾讯\t768\t912"]),
        ("豆包日均调用量超过 1.5 万亿 Token。", [LISTED]),
        ("网易毛利率 55% − 2.5% = 52.5%。", [MARGINS]),
        (CLOUD.replace("420 亿元", "310.6 亿元"), [CLOUD]),
    ],
)
def test_computed_figures_that_do_not_follow_are_not(library: Library, text: str, quotes: list[str]) -> None:
    assert not check(library, text, *quotes).verified


# ---------------------------------------------------------------- a draft's sentences


@pytest.mark.parametrize(
    ("sentence", "text", "reason"),
    [
        ("腾讯云收入为 310.7 亿元。", "310.7 亿元", "value"),
        ("腾讯云收入为 310.6 万元。", "310.6 万元", "scale"),
        ("腾讯云收入下降 17.5%。", "17.5%", "sign"),
        ("腾讯云收入为 310.6 亿美元。", "310.6 亿美元", "currency"),
        ("阿里云收入为 310.6 亿元。", "310.6 亿元", "company"),
        ("腾讯云的代表作是“从未印过的一句话”。", "从未印过的一句话", "quote"),
    ],
)
def test_a_review_tells_programs_and_people_what_failed(report: Report, sentence: str, text: str, reason: str) -> None:
    cited, reports = [citation(1, report, CLOUD)], {report.report_id: report}
    (fault,) = review(sentence, cited, reports, language="en").faults
    assert (fault.text, fault.reason) == (text, reason)
    assert sentence[fault.start : fault.end] == text
    assert fault.said.isascii() or text in fault.said or "310" in fault.said or "17.5" in fault.said
    assert review(CLOUD, cited, reports).passes
    assert [f.verdict for f in review(CLOUD, cited, reports).figures] == ["quoted"] * 4


def test_a_review_without_citations_says_that_none_supports_the_figure(report: Report) -> None:
    (fault,) = review("腾讯云收入为 310.6 亿元。", [], {report.report_id: report}).faults
    assert fault.reason == "citation"
    assert "310.6" in fault.said


def test_a_review_lets_figures_rest_on_calculations_without_markers(report: Report) -> None:
    cited, reports = [citation(1, report, CLOUD)], {report.report_id: report}
    held = review("相当于阿里云的 74.0%。", cited, reports, [share({"part": "[1]", "whole": "[1]"})])
    assert held.passes and held.figures[0].verdict == "derived"
    assert not review("相当于阿里云的 74.0%。", cited, reports, [share({"part": "[2]", "whole": "[1]"})]).passes


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("腾讯云收入为 310.6 亿元。", True),
        ("Tencent leads.", True),
        ("报告写于 2026 年 3 月。", True),
        ("他说“我们对此非常乐观”。", True),
        ("以下是要点：", False),
        ("## 腾讯", False),
        ("需求仍然旺盛。", False),
        ("The reports do not say what Zhipu earns.", False),
        ("报告没有提到智谱的利润。", False),
        ("报告没有提到智谱的利润，但收入为 5 亿元。", True),
    ],
)
def test_what_states_facts_needs_evidence(text: str, states: bool) -> None:
    assert claims(text) is states


def test_an_uncited_sentence_is_matched_to_the_evidence_that_supports_it(report: Report) -> None:
    evidence = [citation(n, report, quote) for n, quote in enumerate((CLOUD, TOKENS, LISTED, MARGINS), 1)]

    def found(sentence: str) -> list[int]:
        return [c.n for c in supporting(sentence, evidence, {report.report_id: report})]

    assert found("豆包日均调用量超过 30 万亿 Token。") == [2]
    assert found("智谱上市以来上涨 478%。") == [3]
    assert found("腾讯云收入为 310.6 亿元，而英伟达毛利率为 73%。") == [1, 4]
    assert found("豆包日均调用量大幅上升。") == [2]
    assert found("智谱上市以来上涨 212%。") == []
    assert found("百度的自动驾驶订单创下新高。") == []


def test_figures_listed_through_a_row_are_a_cell_each() -> None:
    table = "表 2：评分\n\nCompany\tOverall\tE\tS\tG\nMicrosoft\t91\t78\t94\t92\nAmazon\t83\t90\t80\t79\n"
    report = read(f"# 评分\n\n{table}".encode(), "scores.txt")
    row = report.text.index("Microsoft\t")
    place = Citation(
        1, report.report_id, "scores.txt", "评分", None, None, None, None, None, "table_row",
        report.text[row : row + 23], row, row + 23,
    )  # fmt: skip
    told = {
        figures: [
            f.verdict
            for f in review(f"微软总分 91，环境 78、社会 {figures}。", [place], {report.report_id: report}).figures
        ]
        for figures in ("94、治理 92", "92、治理 92")
    }
    assert told["94、治理 92"] == ["quoted"] * 4
    assert told["92、治理 92"] == ["quoted", "quoted", "unverified", "unverified"]

"""What is understood of a question, in three scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.questions import Question, understand

ISSUERS = {"KGI Securities", "Guosen Securities"}


def understood(text: str) -> Question:
    return understand(text, ISSUERS)


def ids(question: Question, kind: str) -> set[str]:
    return {group.term.id for group in question.of(kind) if group.term}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("2025 年第三季度腾讯的毛利率是多少？", "zh-Hans"),
        ("騰訊 2025 年第三季度的毛利率是多少？", "zh-Hant"),
        ("What was Tencent's gross margin in Q3 2025?", "en"),
    ],
)
def test_one_question_in_three_languages_names_the_same(text: str, language: str) -> None:
    question = understood(text)
    assert question.language == language
    assert ids(question, "name") == {"tencent"}
    assert "gross-margin" in ids(question, "concept")
    assert {"3q25", "25q3", "2025q3"} <= set(question.periods)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("3Q25 revenue", "2025q3"),
        ("Q1'26 revenue", "1q26"),
        ("the September quarter of 2025", "3q25"),
        ("2026 年 3 月的营收", "2026-03"),
        ("revenue in November 2025", "2025/11/"),
        ("6月30日发生了什么", "6 月 30 日"),
        ("2026年6月5日的价格", "2026-06-05"),
        ("26年6月5日的价格", "2026-06-05"),
        ("capex in 2027E", "2027e"),
        ("2027 年的资本开支", "fy27"),
    ],
)
def test_periods_in_the_forms_that_reports_print(text: str, printed: str) -> None:
    assert printed in understood(text).periods


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("图 6 画了什么", ("6",)),
        ("图表12 与表 3", ("12", "3")),
        ("What does Figure 4 show?", ("4",)),
        ("exhibit 10", ("10",)),
        ("图书 6 本", ()),
    ],
)
def test_figures_by_number(text: str, numbers: tuple[str, ...]) -> None:
    assert understood(text).figures == numbers


def test_the_broker_that_is_asked_scopes_the_question() -> None:
    question = understood("凱基怎么看资本开支？")
    assert [term.name for term in question.issuers] == ["KGI Securities"] and question.scoped
    assert "凯基" not in question.sought and ids(question, "name") == set()


def test_a_broker_without_a_report_is_a_name_like_others() -> None:
    question = understood("中金怎么看资本开支？")
    assert question.issuers == () and not question.scoped
    assert "cicc" in ids(question, "name")


def test_a_question_to_everyone_is_not_scoped() -> None:
    assert not understood("KGI 和各家券商怎么看资本开支？").scoped


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("毛利率是多少", "amount"),
        ("how many suppliers are there", "amount"),
        ("什么时候上市", "date"),
        ("when did it list", "date"),
        ("哪些公司入选", "listing"),
        ("涨幅最大的是哪家", "highest"),
        ("lowest margin", "lowest"),
        ("为什么上调", "why"),
        ("why was it raised", "why"),
        ("这篇报告是哪天发布的", "published"),
        ("when was this report published", "published"),
        ("各家券商怎么看", "everyone"),
        ("说法是否矛盾", "conflict"),
    ],
)
def test_what_kind_of_answer_is_due(text: str, intent: str) -> None:
    assert intent in understood(text).intents


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("免责声明说了什么", "disclaimer"),
        ("分析師聲明寫了什麼", "certification"),
        ("what is in the disclaimer", "disclaimer"),
    ],
)
def test_questions_about_furniture(text: str, kind: str) -> None:
    assert kind in understood(text).furniture


def test_other_questions_leave_furniture_alone() -> None:
    assert not understood("腾讯的毛利率是多少").furniture


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("涨幅最高的三家公司", 3),
        ("the top five by upside", 5),
        ("the two largest", 2),
        ("前 10 大客户", 10),
        ("谁最大", None),
    ],
)
def test_how_many_are_asked_for(text: str, count: int | None) -> None:
    assert understood(text).count == count


def test_several_questions_in_one() -> None:
    parts = understood("KGI 的营收预测是多少？国信的毛利率预测是多少？").parts
    assert [[term.name for term in part.issuers] for part in parts] == [["KGI Securities"], ["Guosen Securities"]]
    assert understood("营收是多少？").parts == ()


@pytest.mark.parametrize("text", ["", "   ", "？？？!…", "😀😀"])
def test_nothing_to_look_for(text: str) -> None:
    question = understood(text)
    assert question.groups == () and question.text == text


def test_pasted_text_is_read_only_so_far() -> None:
    question = understood("资本开支 " * 20_000)
    assert ids(question, "concept") == {"capex"} and len(question.folded) < 3_000


@given(st.text())
def test_any_text_is_a_question(text: str) -> None:
    question = understood(text)
    assert question.text == text and all(group.spellings and group.weight > 0 for group in question.groups)

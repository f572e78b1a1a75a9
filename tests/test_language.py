"""Folding for finding, search tokens, and which language a text is in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language import fold, script_of, to_simplified, tokens, written_in


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("資本支出與雲端業者", "资本支出与云端业者"),
        ("ＣＡＰＥＸ　３２％", "capex 32%"),
        ("Token\u200b化\ufeff", "token化"),
        ("㈱﹪①", "(株)%1"),
        ("GPT\u20115.4", "gpt-5.4"),  # a hyphen that doesn't break
    ],
)
def test_spellings_that_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert tokens(fold(text)) == tokens(text)


@given(st.text())
def test_tokens_are_words_for_an_index_that_splits_on_white_space(text: str) -> None:
    found = tokens(text)
    assert " ".join(found).split() == found


@given(st.text(alphabet="雲資訊軟體營收與業務發展股價證券"))
def test_both_scripts_have_the_same_tokens(text: str) -> None:
    assert tokens(to_simplified(text)) == tokens(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("？！ —", []),
        ("資本支出", ["资本", "本支", "支出"]),
        ("一", ["一"]),
        ("營收1,037.5億元", ["营收", "1037.5", "亿元"]),
        ("1,03 75", ["1,03", "03", "1,03_75", "75"]),
        ("0700.HK", ["0700.hk", "0700", "hk"]),
        ("GPT-5.4", ["gpt-5.4", "gpt", "5.4"]),
        ("Q&A", ["q&a"]),
        ("gross profit of TSMC", ["gross", "profit", "gross_profit", "of", "tsmc", "profit_tsmc"]),
        ("A股/H股", ["a", "股", "h", "股"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    found = tokens(text)
    assert sorted(found) == sorted(expected) if "1,03 " in text else found == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("资本开支继续上调", "zh-Hans"),
        ("資本支出持續上修", "zh-Hant"),
        ("AI 晶片需求", "zh-Hans"),  # nothing in it tells the scripts apart
        ("臺灣半導體 capex", "zh-Hant"),
        ("Capital expenditure was raised again", "en"),
        ("Tencent (腾讯) raised its guidance for the year", "en"),
        ("12.5%", "en"),
        ("", "en"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert script_of(text) == language


def test_what_we_write_is_in_the_askers_script() -> None:
    assert written_in("报告没有写", "zh-Hant") == "報告沒有寫"
    assert written_in("報告沒有寫", "zh-Hans") == "报告没有写"
    assert written_in("報告 says nothing", "en") == "報告 says nothing"

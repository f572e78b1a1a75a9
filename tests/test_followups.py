"""Follow-ups become questions that stand alone; questions that do are left alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.followups import stand_alone
from assistant.types import Language

_FILE = Path(__file__).parent / "data" / "followups.jsonl"
CASES = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]


def plain(text: str) -> str:
    """Without spaces and the mark at the end."""
    return re.sub(r"\s|[?？]$", "", text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{'/'.join(case['earlier'])} > {case['question']}")
def test_follow_ups(case: dict[str, Any]) -> None:
    found = stand_alone(case["question"], case["earlier"])
    assert found.changed is (case["stand_alone"] is not None)
    assert plain(found.text) == plain(case["stand_alone"] or case["question"])


@pytest.mark.parametrize(
    ("earlier", "question", "language"),
    [
        ("腾讯 2025 年的毛利率是多少?", "and for Zhipu?", "en"),
        ("腾讯 2025 年的毛利率是多少?", "Zhipu?", "zh-Hans"),
        ("騰訊 2025 年的毛利率是多少?", "2027?", "zh-Hant"),
        ("騰訊 2025 年的毛利率是多少?", "那 2027 年呢?", "zh-Hant"),
        ("騰訊 2025 年的毛利率是多少?", "腾讯音乐呢?", "zh-Hans"),
        ("腾讯 2025 年的毛利率是多少?", "那國信怎麼看?", "zh-Hant"),
        ("What was Tencent's revenue in 2025?", "那 2026 年呢?", "zh-Hans"),
        ("What was Tencent's revenue in 2025?", "净利润呢?", "zh-Hans"),
        ("腾讯 2025 年的毛利率是多少?", "What is Alibaba's gross margin in 2026?", "en"),
    ],
)
def test_the_follow_up_decides_the_language(earlier: str, question: str, language: Language) -> None:
    assert stand_alone(question, [earlier]).language == language


def test_only_the_last_turns_are_leant_on() -> None:
    first = "腾讯 2025 年的毛利率是多少?"
    assert stand_alone("那 2027 年呢?", [first, "谢谢"]).changed
    assert not stand_alone("那 2027 年呢?", [first, *["谢谢"] * 100]).changed


_WORDS = "那 呢 它 的 2027年 腾讯 毛利率 国信 Zhipu and for what about its ? , 同比 为什么 换成 美国 Q4 下一年 {x} ("
_PHRASES = st.lists(st.sampled_from(_WORDS.split(" ")), max_size=7).map(" ".join)


@given(st.lists(_PHRASES, max_size=3), _PHRASES | st.text(max_size=20))
def test_any_words_make_a_question(earlier: list[str], question: str) -> None:
    found = stand_alone(question, earlier)
    assert found.changed is (found.text != question) and (earlier or not found.changed)

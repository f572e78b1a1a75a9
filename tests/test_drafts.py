"""A draft is cut into the same pieces however it arrives, and thoughts are no part of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.chain.drafts import MARKS, Cutter, Spoken

DRAFT = """腾讯资本开支下降。[k3f9a2] 阿里上升 5.2%[k7c01d]。其他不变。
- U.S. capex rose 5.5%. [k11111, k22222] It fell in 2Q25 [c1]. End
1. 第一项 [k12345]

## 要点
| a | b |
|---|---|
| 1 | 2 [k12345] |

最后 3.4 倍"""


def pieces(text: str, size: int) -> list[tuple[str, str]]:
    cutter = Cutter()
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    found = [piece for part in parts for piece in cutter.feed(part)] + list(cutter.finish())
    return [(piece.kind, piece.text) for piece in found]


def test_a_draft_is_cut_into_sentences_list_marks_headings_and_tables() -> None:
    found = [(kind, text.strip()) for kind, text in pieces(DRAFT, 1000) if text.strip()]
    assert found == [
        ("sentence", "腾讯资本开支下降。[k3f9a2]"),
        ("sentence", "阿里上升 5.2%[k7c01d]。"),
        ("sentence", "其他不变。"),
        ("prefix", "-"),
        ("sentence", "U.S. capex rose 5.5%. [k11111, k22222]"),
        ("sentence", "It fell in 2Q25 [c1]."),
        ("sentence", "End"),
        ("prefix", "1."),
        ("sentence", "第一项 [k12345]"),
        ("heading", "## 要点"),
        ("table", "| a | b |\n|---|---|\n| 1 | 2 [k12345] |"),
        ("sentence", "最后 3.4 倍"),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_the_size_of_the_chunks_changes_nothing(size: int) -> None:
    assert pieces(DRAFT, size) == pieces(DRAFT, 1000)


@given(st.text(alphabet="ab1。.!\n|-#* []k5%", max_size=60), st.integers(1, 9))
def test_nothing_of_a_draft_is_lost(text: str, size: int) -> None:
    assert "".join(part for _, part in pieces(text, size)).split() == text.split()


def test_a_sentence_is_given_as_soon_as_the_next_has_begun() -> None:
    cutter = Cutter()
    assert list(cutter.feed("收入为 120 亿元。[k12345]")) == []
    assert [piece.text for piece in cutter.feed(" 资")] == ["收入为 120 亿元。[k12345] "]


@pytest.mark.parametrize(
    "mark",
    ["[k3f9a2]", "[K3F9A2]", "[kabcde]",
     "【k3f9a2】", "[^k3f9a2]", "[key: k3f9a2]", "[k3f9a2, c1]", "(k3f9a2)", "[kzz99]"],
)
def test_a_citation_is_known_as_models_vary_it(mark: str) -> None:
    assert MARKS.fullmatch(mark)


@pytest.mark.parametrize("text", ["[2025年]", "(kept)", "[kept]", "[link]", "[a note]"])
def test_other_brackets_are_none(text: str) -> None:
    assert not MARKS.fullmatch(text)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_thoughts_are_not_said(size: int) -> None:
    text = "<think>The answer may be 999.</think>收入 <b 120。<think>hm"
    spoken = Spoken()
    said = "".join(spoken.feed(text[i : i + size]) for i in range(0, len(text), size)) + spoken.finish()
    assert said == "收入 <b 120。"

"""An answer as Slack's messages: within the published limits at every size, nothing cut that belongs together."""

from __future__ import annotations

import csv
import io
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.adapters.slack.answers import Layout, Message, Words, quote_view
from assistant.adapters.slack.tables import Sheet
from assistant.adapters.slack.wording import escaped, pieces, plain_of
from assistant.types import Answer, Calculation, Citation, Removed, StatedFigure, Usage
from fakes.slack_limits import problem_of_blocks, problem_of_view

MARK = re.compile(r"\[c?\d+\]")
LAYOUT = Layout("https://desk.example")


def answer_of(size: int, seed: int = 0) -> Answer:
    """An answer of about so many characters, with all that an answer can have."""
    chance = random.Random(seed)
    sentences = [
        "资本开支为 {n},384 亿元。 [{m}]",
        "Revenue was {n}.5bn & <b>up</b>. [{m}][c1]",
        "毛利率{n}%。[{m}]",
        "漲了{n}倍 [{m}]",
    ]
    text, count = "", chance.choice([0, 1, 9, 130])
    while len(text) < size:
        end = chance.choice(["\n\n", "\n- ", " ", ""])
        text += chance.choice(sentences).format(n=chance.randrange(9999), m=chance.randrange(1, count + 2)) + end
    if chance.random() < 0.4:
        columns, rows = chance.choice([2, 21]), chance.choice([1, 8, 120])
        line = "|" + " 数字 |" * columns
        text += f"\n{line}\n|{'---|' * columns}\n" + f"{line}\n" * rows + "\nend"
    kinds = ["quoted", "rounded", "derived", "given", "unverified"]
    figures = [
        StatedFigure(found, found, None, chance.choice(kinds), None) for found in re.findall(r"\d,384|\d%", text)[:40]
    ]
    return Answer(
        question="<!here> " + "问" * chance.choice([3, 2000]),
        language=chance.choice(["zh-Hans", "zh-Hant", "en"]),
        status="answered",
        text=text,
        citations=tuple(citation(n + 1, chance) for n in range(count)),
        calculations=(Calculation("c1", "growth", {}, "1.5", "x", "a / b" * chance.choice([1, 900]), "3 / 2"),),
        figures=tuple(figures),
        removed=(Removed("x", "y"),),
        model=chance.choice([None, "openai:gpt-5-mini"]),
        usage=Usage(10, 0, 5, chance.choice([None, "0.0031"])),
        warnings=("小心 <@U1>" * chance.choice([1, 400]),) * chance.choice([0, 2]),
        answer_id="a" * 24,
    )


def citation(n: int, chance: random.Random) -> Citation:
    long = chance.choice([1, 60])
    quote = "<!channel> 原文 *x* " * chance.choice([1, 900])
    return Citation(n, "8cd9d47ce851", "报告 & <x>.md" * long, "标题" * long, "KGI", None, 3, "节 | 节" * long, None,
                    "text", quote, 10, 10 + len(quote))  # fmt: skip


def shown(messages: list[Message]) -> str:
    """The Markdown of messages, one after the other."""
    return "".join(block["text"] for message in messages for block in message.blocks if block["type"] == "markdown")


def test_answers_of_every_size_are_within_slacks_limits_and_nothing_is_cut() -> None:
    for number in range(120):
        answer = answer_of(random.Random(number).choice([0, 1, 200, 3_000, 12_000, 60_000]), number)
        messages = LAYOUT.messages(answer)
        assert [problem for message in messages if (problem := problem_of_blocks(message.blocks))] == []
        assert all(message.text and len(message.text) <= 3_000 for message in messages)
        words = Words(answer.language)
        for figure in answer.figures:
            words.figure(figure)
        whole = words.feed(answer.text) + words.rest()
        assert MARK.findall(shown(messages)) == MARK.findall(whole)
        assert "".join(shown(messages).split()) == "".join(whole.split())
        links = re.findall(r"'url': '[^']*', 'text': '\[(\d+)\]'", str([message.blocks for message in messages]))
        assert links == [str(cited.n) for cited in answer.citations]
        for cited in answer.citations[:2]:
            assert problem_of_view(quote_view(answer, cited, LAYOUT.link(cited))) is None


@given(st.text(st.sampled_from("ab1。. \n[]c,&;%漢"), max_size=400), st.integers(20, 90))
def test_pieces_are_the_text_and_cut_no_mark(text: str, limit: int) -> None:
    cut = list(pieces(text, limit))
    assert "".join(cut) == text and all(0 < len(piece) <= limit for piece in cut)
    assert sum(len(MARK.findall(piece)) for piece in cut) == len(MARK.findall(text))


@pytest.mark.parametrize(
    "text", ["一二三四五六七八九十。 [1][2] 下一句。 [3]", "one two three four. [1] [c2] And five six."]
)
def test_a_mark_stays_with_its_sentence(text: str) -> None:
    for limit in range(22, len(text)):
        assert not any(piece.lstrip().startswith("[") for piece in pieces(text, limit))


@given(st.data())
def test_words_come_out_the_same_however_they_come_in(data: st.DataObject) -> None:
    answer = answer_of(400, data.draw(st.integers(0, 30)))
    whole, bit_by_bit = Words("en"), Words("en")
    expected = whole.feed(answer.text) + whole.rest()
    sent, at = "", 0
    while at < len(answer.text):
        size = data.draw(st.integers(1, 90))
        sent, at = sent + bit_by_bit.feed(answer.text[at : at + size]), at + size
    assert sent + bit_by_bit.rest() == expected and bit_by_bit.tables == whole.tables


def test_a_table_becomes_a_table_and_a_large_one_a_file() -> None:
    rows = "| 项目 | 2026E |\n| --- | ---: |\n| 广告 [1] | 638 |\n"
    small = Answer("q", "en", "answered", f"Before.\n\n{rows}\nAfter.")
    [message] = LAYOUT.messages(small)
    [table] = [block for block in message.blocks if block["type"] == "table"]
    assert [[cell["text"] for cell in row] for row in table["rows"]] == [["项目", "2026E"], ["广告 [1]", "638"]]
    assert "|" not in shown([message]) and "Before." in shown([message]) and "After." in shown([message])
    large = Answer("q", "en", "answered", rows + "| =1+1 | -5% |\n" * 200)
    assert not [b for m in LAYOUT.messages(large) for b in m.blocks if b["type"] == "table"]
    [sheet] = LAYOUT.files(large)
    assert sheet.csv().startswith("\ufeff")
    read = list(csv.reader(io.StringIO(sheet.csv().removeprefix("\ufeff"))))
    assert len(read) == 202 and read[2] == ["'=1+1", "-5%"]


def test_a_doubtful_figure_is_marked_where_it_stands() -> None:
    figures = (StatedFigure("5", "5", None, "unverified", None), StatedFigure("15", "15", None, "quoted", None))
    [message] = LAYOUT.messages(Answer("q", "en", "answered", "Of 15 there are 5 left.", figures=figures))
    assert shown([message]) == "Of 15 there are 5 ⚠ left."
    assert "✓ 1 quoted · ⚠ 1 not verified" in str(message.blocks)


def test_an_unknown_cost_is_said_to_be_unknown() -> None:
    [message] = LAYOUT.messages(Answer("q", "en", "answered", "x", model="openai:x", usage=Usage(1200, 0, 34)))
    assert "1,234 tokens · cost unknown" in str(message.blocks) and "$" not in str(message.blocks)


def test_what_people_type_is_read_as_it_looks() -> None:
    typed = "<@UBOT>  &lt;b&gt; <http://x.cn/a?b=1&amp;c=2|x.cn> by <@U2|ann> in <#C1|desk> <!here>&amp;"
    assert plain_of(typed, "UBOT") == "<b> x.cn by @ann in #desk @here&"


def test_what_is_escaped_calls_nobody() -> None:
    assert "<" not in escaped("<!channel> <@U1> <http://x|y>") and ">" not in escaped("a > b")


def test_a_sheet_that_is_uneven_is_filled() -> None:
    block = Sheet("t", (("a", "b"), ("1",))).block()
    assert problem_of_blocks([block]) is None

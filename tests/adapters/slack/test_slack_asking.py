"""Questions in Slack by Socket Mode: answered once, in their thread, whatever happens on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.errors import SettingsError
from assistant.service import Assistant
from assistant.types import Event
from fakes.slack import BOT, FakeSlack
from slack_bot import NOTE, QUESTION, running, settings_for, settled, words

ASKED = f"<@{BOT}> {QUESTION}"


class Gated(Assistant):
    """Says its answer up to the first words, then waits."""

    def __init__(self, assistant: Assistant) -> None:
        super().__init__(assistant.library, assistant.conversations)
        self.gate, self.waiting = threading.Event(), threading.Event()

    def stream(self, *arguments: Any, **options: Any) -> Iterator[Event]:
        for event in super().stream(*arguments, **options):
            yield event
            if event.kind == "delta" and event.data.strip():
                self.waiting.set()
                assert self.gate.wait(20)


class Broken(Assistant):
    """Fails as no program should."""

    def stream(self, *arguments: Any, **options: Any) -> Iterator[Event]:
        raise RuntimeError("the secret is in /etc/passwd")


def turns(assistant: Assistant, channel: str, ts: str) -> list[str]:
    """The questions that a thread's conversation has."""
    return [turn.question for turn in assistant.conversations.turns(f"slack-T1-{channel}-{ts}")]


def test_a_mention_is_answered_in_its_thread_with_sources_verdicts_and_cost(
    slack_assistant: Assistant, slack: FakeSlack
) -> None:
    with running(slack_assistant, settings_for(slack, ASSISTANT_PUBLIC_URL="https://desk.example/")):
        ts = slack.says("C1", ASKED)
        [answer] = settled(slack, "C1")
    expected = slack_assistant.conversations.turns(f"slack-T1-C1-{ts}")[0].answer
    assert answer["thread_ts"] == ts and "12 亿元" in answer["text"] and "[1]" in answer["text"]
    cited = expected.citations[0]
    link = f"https://desk.example/?report={cited.report_id}&start={cited.start}&end={cited.end}"
    assert link in words(answer) and f"cloud.md {cited.start}–{cited.end}" in words(answer)
    assert "✓ 3 个与来源一致" in words(answer) and "未用模型,无费用" in words(answer)
    assert max(slack.acknowledged.values()) < 3
    assert slack.called("assistant.threads.setStatus")


def test_an_answer_appears_as_its_sentences_come(slack_assistant: Assistant, slack: FakeSlack) -> None:
    gated = Gated(slack_assistant)
    with running(gated, settings_for(slack)):
        slack.says("C1", ASKED)
        slack.wait(lambda: slack.channels["C1"][1:])
        [begun] = slack.channels["C1"][1:]
        assert begun["streaming"] and begun["text"] and "12 亿元" not in begun["text"]
        gated.gate.set()
        [answer] = settled(slack, "C1")
        assert answer["ts"] == begun["ts"] and "12 亿元" in answer["text"]


def test_without_streaming_there_is_one_message(slack_assistant: Assistant) -> None:
    with FakeSlack(streams=False) as slack:
        with running(slack_assistant, settings_for(slack)):
            slack.says("C1", ASKED)
            [answer] = settled(slack, "C1")
        assert answer["blocks"][0]["type"] == "markdown" and "12 亿元" in answer["blocks"][0]["text"]
        assert len(slack.called("chat.postMessage")) == 1


def test_a_direct_message_is_answered_and_names_its_thread(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        ts = slack.says("D1", QUESTION)
        [answer] = settled(slack, "D1")
        assert answer["thread_ts"] == ts
        assert slack.called("assistant.threads.setTitle")[0]["title"] == QUESTION


def test_duplicates_and_retries_are_answered_once(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        ts = slack.says("C1", ASKED)
        for _ in range(3):
            slack.send(*slack.events_of("C1", ts))
        settled(slack, "C1")
    with running(slack_assistant, settings_for(slack)):
        slack.send(*slack.events_of("C1", ts))
        slack.says("C1", f"<@{BOT}> 广告收入是多少?", thread=ts)
        assert len(settled(slack, "C1", 2)) == 2


def test_bots_and_talk_among_people_are_not_answered(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        slack.says("C1", ASKED, bot_id="BOTHER")
        slack.says("D1", QUESTION, bot_id="BOTHER", subtype="bot_message")
        slack.says("D2", QUESTION, user=BOT)
        slack.says("C1", QUESTION)
        slack.says("D1", "", subtype="channel_join")
        slack.says("C2", ASKED)
        settled(slack, "C2")
    assert not slack.answers("C1") and not slack.answers("D1") and len(slack.answers("D2")) == 1


def test_a_thread_is_a_conversation_that_survives_a_restart(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        ts = slack.says("C1", ASKED)
        settled(slack, "C1")
    with running(slack_assistant, settings_for(slack)):
        slack.says("C1", f"<@{BOT}> 毛利率呢?", thread=ts)
        answers = settled(slack, "C1", 2)
    assert "31%" in answers[1]["text"] and turns(slack_assistant, "C1", ts) == [QUESTION, "毛利率呢?"]


def test_an_edited_question_changes_its_answer(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        ts = slack.says("C1", ASKED)
        [first] = [dict(message) for message in settled(slack, "C1")]
        edit = slack.edits("C1", ts, f"<@{BOT}> 毛利率是多少?")
        slack.send(edit, edit)
        slack.wait(lambda: slack.answers("C1")[0].get("updated"))
        [second] = settled(slack, "C1")
        assert second["ts"] == first["ts"] and "31%" in words(second)
        slack.wait(lambda: turns(slack_assistant, "C1", ts) == ["毛利率是多少?"])
        asked = len(slack.calls)
        unfolded = slack.edits("C1", ts, f"<@{BOT}> 毛利率是多少?")
        slack.send(unfolded)
        slack.says("C2", ASKED)
        settled(slack, "C2")
    assert not [call for call in slack.calls[asked:] if call.method == "chat.update"]


def test_a_question_edited_while_it_is_answered_is_answered_as_it_stands(
    slack_assistant: Assistant, slack: FakeSlack
) -> None:
    gated = Gated(slack_assistant)
    with running(gated, settings_for(slack)):
        ts = slack.says("C1", ASKED)
        slack.wait(lambda: slack.channels["C1"][1:])
        slack.send(slack.edits("C1", ts, f"<@{BOT}> 毛利率是多少?"))
        slack.wait(lambda: not slack.pending)
        gated.gate.set()
        slack.wait(lambda: any("31%" in words(message) for message in slack.answers("C1")))
        assert len(settled(slack, "C1")) == 1
        slack.wait(lambda: turns(slack_assistant, "C1", ts) == ["毛利率是多少?"])


def test_a_deleted_question_takes_its_answer_with_it(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        ts = slack.says("C1", ASKED)
        settled(slack, "C1")
        slack.send(slack.deletes("C1", ts))
        slack.wait(lambda: not slack.answers("C1"))
        slack.wait(lambda: turns(slack_assistant, "C1", ts) == [])


def test_events_out_of_order_come_to_the_same(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        gone = slack.write("C1", ASKED)
        late = slack.events_of("C1", gone)
        slack.send(slack.deletes("C1", gone), *late)
        changed = slack.write("C2", ASKED)
        late = slack.events_of("C2", changed)
        slack.send(slack.edits("C2", changed, f"<@{BOT}> 毛利率是多少?"), *late)
        [answer] = settled(slack, "C2")
    assert "31%" in words(answer) and not slack.answers("C1")


def test_slack_is_not_hurried(slack_assistant: Assistant, slack: FakeSlack) -> None:
    slack.fail("chat.startStream", "ratelimited", status=429, retry_after=1)
    with running(slack_assistant, settings_for(slack)):
        slack.says("C1", ASKED)
        settled(slack, "C1")
    first, second = [call.at for call in slack.calls if call.method == "chat.startStream"]
    assert second - first >= 1


@pytest.mark.parametrize("method", ["chat.startStream", "chat.stopStream"])
@pytest.mark.parametrize(
    "how", [{"cut": True, "done": True}, {"cut": True}, {"status": 500}, {"status": 500, "done": True}]
)
def test_an_answer_whose_fate_is_unknown_is_looked_for_before_it_is_sent_again(
    slack_assistant: Assistant, slack: FakeSlack, method: str, how: dict[str, Any]
) -> None:
    slack.fail(method, **how)
    with running(slack_assistant, settings_for(slack)):
        ts = slack.says("C1", ASKED)
        slack.wait(lambda: any("12 亿元" in words(message) and "feedback" in words(message)
                               for message in slack.answers("C1")))  # fmt: skip
        slack.says("C1", f"<@{BOT}> 毛利率呢?", thread=ts)
        assert len(settled(slack, "C1", 2)) == 2
    assert turns(slack_assistant, "C1", ts) == [QUESTION, "毛利率呢?"]


def test_a_revoked_token_ends_the_bot_and_the_question_waits_for_the_next(
    slack_assistant: Assistant, slack: FakeSlack
) -> None:
    for method in ("chat.startStream", "assistant.threads.setStatus", "chat.postMessage"):
        slack.fail(method, "token_revoked", times=9)
    told = r"no longer accepts SLACK_BOT_TOKEN \(token_revoked\); install the app"
    with pytest.raises(SettingsError, match=told), running(slack_assistant, settings_for(slack)) as bot:
        slack.says("C1", ASKED) and slack.wait(lambda: bot.desk.refused and bot.desk.refused.done())
    assert not slack.answers("C1")
    slack.recover()
    with running(slack_assistant, settings_for(slack)):
        assert len(settled(slack, "C1")) == 1


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
def test_a_wrong_token_is_named_and_not_shown(slack_assistant: Assistant, slack: FakeSlack, name: str) -> None:
    wrong = settings_for(slack, **{name: "xoxb-wrong-secret"})
    with pytest.raises(SettingsError, match=f"does not accept {name}") as caught, running(slack_assistant, wrong):
        pass
    assert "wrong-secret" not in str(caught.value)
    missing = settings_for(slack, **{name: None})
    with pytest.raises(SettingsError, match=f"{name} is not set"), running(slack_assistant, missing):
        pass


def test_a_socket_that_breaks_while_an_answer_is_on_its_way_costs_nothing(
    slack_assistant: Assistant, slack: FakeSlack
) -> None:
    gated = Gated(slack_assistant)
    with running(gated, settings_for(slack)):
        ts = slack.says("C1", ASKED)
        assert gated.waiting.wait(20)
        slack.drop()
        slack.wait(lambda: slack.connections >= 2)
        slack.send(*slack.events_of("C1", ts))
        gated.gate.set()
        assert len(settled(slack, "C1")) == 1
        slack.says_goodbye()
        slack.wait(lambda: slack.connections >= 3)
        slack.says("C2", ASKED)
        settled(slack, "C2")
    assert len(slack.answers("C1")) == 1


def test_a_failure_says_something_useful_and_never_an_exceptions_text(
    slack_assistant: Assistant, slack: FakeSlack
) -> None:
    with running(Broken(slack_assistant.library, slack_assistant.conversations), settings_for(slack)):
        ts = slack.says("C1", ASKED)
        [told] = settled(slack, "C1")
    assert told["thread_ts"] == ts and "没能回答" in told["text"]
    assert "secret" not in words(told) and "RuntimeError" not in words(told)


def test_nothing_of_a_report_calls_people_or_links_anywhere(slack_assistant: Assistant, slack: FakeSlack) -> None:
    assert "<!channel>" in NOTE
    with running(slack_assistant, settings_for(slack)):
        slack.says("C1", f"<@{BOT}> 广告收入为 638 亿元,链接是什么?")
        [answer] = settled(slack, "C1")
    assert "&lt;!" in answer["text"] and "<" not in answer["text"]
    assert "](http" not in answer["text"]


def test_an_empty_mention_is_told_privately_what_to_do(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        slack.says("C1", f"<@{BOT}>")
        slack.wait(lambda: slack.private)
    assert "ask a question in words" in slack.private[0]["text"] and not slack.answers("C1")

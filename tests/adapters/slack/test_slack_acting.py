"""What people press, choose and send in Slack: private answers, quotes, opinions, checks, files; and who may."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.service import Assistant
from fakes.slack import BOT, FakeSlack, Json
from slack_bot import QUESTION, element, running, settings_for, settled, words

ASKED = f"<@{BOT}> {QUESTION}"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A file for a policy."""
    return tmp_path / "desk.toml"


def private(slack: FakeSlack, count: int = 1) -> list[Json]:
    """What one person alone was shown."""
    slack.wait(lambda: len(slack.private) >= count and not slack.pending)
    return slack.private


# ---------------------------------------------------------------- /ask


def test_ask_is_answered_privately_and_published_once(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        command = slack.command(QUESTION)
        slack.send(command, command, kind="slash_commands")
        [answer] = private(slack)
        assert answer["response_type"] == "ephemeral" and "12 亿元" in words(answer)
        assert not slack.channels["C1"] and not slack.called("chat.postMessage")
        button = element([answer], "publish")
        first, second = (slack.click(button, "C1", {}) for _ in range(2))
        slack.send(first, second, first, kind="interactive")
        [published] = settled(slack, "C1")
        private(slack, 2)
    assert "12 亿元" in words(published) and QUESTION in words(published) and "'user_id': 'U1'" in words(published)
    assert len(slack.answers("C1")) == 1 and max(slack.acknowledged.values()) < 3


def test_publishing_where_the_bot_is_not_says_how_to_invite_it(slack_assistant: Assistant, slack: FakeSlack) -> None:
    slack.fail("chat.postMessage", "not_in_channel")
    with running(slack_assistant, settings_for(slack)):
        slack.send(slack.command(QUESTION), kind="slash_commands")
        [answer] = private(slack)
        slack.send(slack.click(element([answer], "publish"), "C1", {}), kind="interactive")
        assert "/invite" in private(slack, 2)[1]["text"]


def test_ask_without_a_question_says_how_to_ask(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        [envelope] = slack.send(slack.command("  "), kind="slash_commands")
        slack.wait(lambda: envelope in slack.payloads)
    assert "Write the question after /ask." in slack.payloads[envelope]["text"]


# ---------------------------------------------------------------- quotes, opinions, checks


def test_a_citation_opens_with_its_own_words(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack, ASSISTANT_PUBLIC_URL="https://desk.example")):
        slack.says("C1", ASKED)
        [answer] = settled(slack, "C1")
        menu = element([answer], "quote_0")
        choice = {"type": "static_select", "action_id": "quote_0", "selected_option": menu["options"][0]}
        slack.send(slack.click(choice, "C1", answer), kind="interactive")
        slack.wait(lambda: slack.views)
    [view] = slack.views
    assert "云端业务的资本开支上调到 12 亿元，同比增长四成。" in str(view) and "rich_text_quote" in str(view)
    assert "https://desk.example/?report=" in str(view)


def test_an_opinion_is_kept_with_its_answer(slack_assistant: Assistant, slack: FakeSlack) -> None:
    with running(slack_assistant, settings_for(slack)):
        ts = slack.says("C1", ASKED)
        [answer] = settled(slack, "C1")
        buttons = element([answer], "feedback")
        for which in ("positive_button", "negative_button"):
            press = {"type": "feedback_buttons", "action_id": "feedback", "value": buttons[which]["value"]}
            slack.send(slack.click(press, "C1", answer), kind="interactive")
            slack.wait(lambda: slack.private)
            slack.private.clear()
    kept = slack_assistant.conversations
    [turn] = kept.turns(f"slack-T1-C1-{ts}")
    [opinion] = kept.feedback(f"slack-T1-C1-{ts}")
    assert (opinion.answer_id, opinion.rating, opinion.by) == (turn.answer.answer_id, "down", "slack:T1:U1")


def test_the_figures_of_a_message_are_checked_for_the_one_who_asks(
    slack_assistant: Assistant, slack: FakeSlack
) -> None:
    with running(slack_assistant, settings_for(slack)):
        text = "云端业务的资本开支上调到 12 亿元,毛利率为 37%。"
        slack.send(slack.shortcut(text), kind="interactive")
        [told] = private(slack)
    assert "✓ 12 亿元" in words(told) and "✗ 37%" in words(told) and told["response_type"] == "ephemeral"
    assert not slack.channels["C1"]


# ---------------------------------------------------------------- the assistant pane


@pytest.mark.parametrize("pane", [True, False])
def test_the_pane_offers_questions_of_the_library(slack_assistant: Assistant, slack: FakeSlack, pane: bool) -> None:
    opened = {"channel_id": "D1", "thread_ts": "1.0", "user_id": "U1", "context": {}}
    started = {"type": "assistant_thread_started", "assistant_thread": opened, "event_ts": "1.1"}
    home = {"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "messages", "event_ts": "1.1"}
    with running(slack_assistant, settings_for(slack)):
        slack.send(slack.event(started if pane else home))
        slack.wait(lambda: slack.called("assistant.threads.setSuggestedPrompts"))
        prompt = slack.called("assistant.threads.setSuggestedPrompts")[0]["prompts"][0]["message"]
        assert "国信" in prompt
        assert bool(slack.called("chat.postMessage")) is pane
        slack.says("D1", prompt, thread="1.0")
        slack.wait(lambda: any("[1]" in message["text"] for message in slack.answers("D1")))


# ---------------------------------------------------------------- files


def allowing(policy: Path) -> dict[str, str]:
    """The settings that let U7 have files read in."""
    policy.write_text('may_upload = ["U7"]', encoding="utf-8")
    return {"ASSISTANT_SLACK_POLICY": str(policy)}


def offered(slack: FakeSlack) -> tuple[Json, str]:
    """A file is sent to the bot; the offer to read it in, and the file's id."""
    file = slack.has_file("memo.md", "# 备忘\n\n机器人业务收入为 77 亿元。\n".encode())
    slack.says("D1", "", user="U7", subtype="file_share", files=[file])
    return settled(slack, "D1")[0], file["id"]


def test_a_file_is_read_in_after_a_click(slack_assistant: Assistant, slack: FakeSlack, policy: Path) -> None:
    with running(slack_assistant, settings_for(slack, **allowing(policy))):
        offer, _ = offered(slack)
        assert "memo.md" in offer["text"] and len(slack_assistant.reports()) == 1
        press = slack.click(element([offer], "ingest"), "D1", offer, user="U7")
        slack.send(press, slack.click(element([offer], "ingest"), "D1", offer, user="U7"), kind="interactive")
        slack.wait(lambda: "read in, " in words(slack.answers("D1")[0]))
        [added] = [info for info in slack_assistant.reports() if info.source == "memo.md"]
        slack_assistant.remove(added.report_id)
    assert len(slack.called("files.info")) == 1


def test_a_file_is_left_alone_where_nobody_says_yes(slack_assistant: Assistant, slack: FakeSlack, policy: Path) -> None:
    with running(slack_assistant, settings_for(slack, **allowing(policy))):
        offer, _ = offered(slack)
        stranger = slack.click(element([offer], "ingest"), "D1", offer, user="U8")
        slack.send(slack.click(element([offer], "dismiss"), "D1", offer, user="U7"), kind="interactive")
        slack.wait(lambda: slack.answers("D1")[0].get("updated"))
        slack.send(stranger, kind="interactive")
        slack.wait(lambda: slack.private)
    assert len(slack_assistant.reports()) == 1 and not slack.called("files.info")


@pytest.mark.parametrize(("user", "name", "told"), [("U8", "a.md", "may_upload"), ("U7", "a.exe", ".pdf")])
def test_who_may_not_and_what_can_not_is_said(
    slack_assistant: Assistant, slack: FakeSlack, policy: Path, user: str, name: str, told: str
) -> None:
    with running(slack_assistant, settings_for(slack, **allowing(policy))):
        slack.says("D1", "", user=user, subtype="file_share", files=[slack.has_file(name, b"x")])
        [said] = settled(slack, "D1")
    assert told in said["text"] and "actions" not in words(said)


def test_a_file_kept_outside_slack_is_not_fetched_and_the_token_stays(
    slack_assistant: Assistant, slack: FakeSlack, policy: Path
) -> None:
    with running(slack_assistant, settings_for(slack, **allowing(policy))):
        offer, file = offered(slack)
        slack.elsewhere[file] = "https://files.example/steal"
        slack.send(slack.click(element([offer], "ingest"), "D1", offer, user="U7"), kind="interactive")
        slack.wait(lambda: "outside Slack" in words(slack.answers("D1")[0]))
    assert len(slack_assistant.reports()) == 1


# ---------------------------------------------------------------- policy


def test_a_channel_sees_the_reports_it_may_and_no_others(
    slack_assistant: Assistant, slack: FakeSlack, policy: Path
) -> None:
    policy.write_text(
        '[default]\nanswer = false\n[channels.C1]\nsince = "2026-05-01"\n[channels.C2]\n', encoding="utf-8"
    )
    with running(slack_assistant, settings_for(slack, ASSISTANT_SLACK_POLICY=str(policy))):
        slack.says("C1", ASKED)
        slack.says("C2", ASKED)
        slack.says("C3", ASKED)
        slack.send(slack.shortcut("资本开支上调到 12 亿元"), kind="interactive")
        assert "12 亿元" not in words(settled(slack, "C1")[0]) and "12 亿元" in words(settled(slack, "C2")[0])
        slack.wait(lambda: len(slack.private) == 2)
    assert not slack.answers("C3")
    refused, checked = sorted(slack.private, key=lambda said: "blocks" in said)
    assert "不在这个频道" in refused["text"] and "✗" in words(checked)


def test_a_days_money_is_kept_to(slack_assistant: Assistant, slack: FakeSlack, policy: Path) -> None:
    policy.write_text("[channels.C1]\nusd_per_day = 0\n", encoding="utf-8")
    with running(slack_assistant, settings_for(slack, ASSISTANT_SLACK_POLICY=str(policy))):
        slack.says("C1", ASKED)
        assert "UTC" in settled(slack, "C1")[0]["text"]
        slack.says("C2", ASKED)
        assert "12 亿元" in words(settled(slack, "C2")[0])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("answer = true", "there is no answer; these are known: usd_per_day"),
        ("[default]\nreport = []", "there is no default.report; these are known: answer"),
        ("[channels.research]", r"\[channels.research\] is no channel's id, like C0123AB"),
        ("[channels.C1]\nreports = []", "channels.C1.reports is empty; leave it out"),
        ("[channels.C1]\nreports = 5", "channels.C1.reports should be a list of texts"),
        ("[channels.C1]\nsince = 'May'", "channels.C1.since should be a day, like 2026-06-30"),
        ("[direct]\nusd_per_day = 'x'", "direct.usd_per_day should be an amount"),
        ("[direct]\nissuer = ' '", "direct.issuer should be a broker's name"),
        ("[direct]\nanswer = 1", "direct.answer should be true or false"),
        ("may_upload = ['ann']", "may_upload has 'ann', which is no member's id"),
        ("default = 1", r"default should be a table, written \[default\]"),
        ("usd_per_day = -1", "usd_per_day should be an amount"),
        ("=", "it is not TOML"),
    ],
)
def test_a_policy_that_can_not_be_used_is_refused_by_entry(
    slack_assistant: Assistant, slack: FakeSlack, policy: Path, text: str, told: str
) -> None:
    policy.write_text(text, encoding="utf-8")
    bad = settings_for(slack, ASSISTANT_SLACK_POLICY=str(policy))
    with pytest.raises(SettingsError, match=f"desk.toml, the policy of the Slack bot: {told}"):
        running(slack_assistant, bad).__enter__()
    policy.unlink()
    with pytest.raises(SettingsError, match=r"the file desk.toml that ASSISTANT_SLACK_POLICY names can't be read"):
        running(slack_assistant, bad).__enter__()

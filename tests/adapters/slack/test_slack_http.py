"""Slack over HTTP, inside the server: only what Slack signed just now, and the same answers as through other doors."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from assistant.adapters import slack as door
from assistant.adapters.api.app import create_app
from assistant.adapters.render import answer_data
from assistant.adapters.slack.answers import MARKS
from assistant.bootstrap import open_assistant
from assistant.service import Assistant
from assistant.settings import Settings
from fakes.serving import serving
from fakes.slack import BOT, SECRET, FakeSlack, post, signed
from sessions import printed
from slack_bot import QUESTION, element, library, running, settings_for, settled, words

ASKED = f"<@{BOT}> {QUESTION}"
QUESTIONS = (
    QUESTION,
    "广告收入 2026E 是多少?",
    "广告收入从 500 亿元到 638 亿元增长多少?",
    "股息率是多少?",
    "What is the gross margin?",
)


@pytest.fixture
def server(slack_assistant: Assistant, slack: FakeSlack) -> Iterator[str]:
    settings = settings_for(slack, SLACK_SIGNING_SECRET=SECRET, SLACK_APP_TOKEN=None)
    app = create_app(slack_assistant, settings)
    door.mount(app, slack_assistant, settings)
    with serving(app) as address:
        slack.wait(lambda: slack.called("auth.test"))
        yield address


@pytest.fixture
def events(server: str) -> str:
    """Where Slack sends its events."""
    return f"{server}/slack/events"


def accepted(address: str, payload: dict[str, Any], **headers: str) -> None:
    """Sends an event until the bot, which starts beside the server, takes it."""
    body = json.dumps(payload)
    while (told := post(address, payload, {**signed(body), **headers})).status_code == 503:
        time.sleep(0.02)
    assert told.status_code == 200


def test_an_event_is_answered_and_its_retries_are_not(slack: FakeSlack, events: str) -> None:
    ts = slack.write("C1", ASKED)
    for event in slack.events_of("C1", ts):
        for retry in range(3):
            accepted(events, event, **{"X-Slack-Retry-Num": str(retry)})
    [answer] = settled(slack, "C1")
    other = slack.write("C2", ASKED)
    for event in slack.events_of("C2", other):
        accepted(events, event)
    settled(slack, "C2")
    assert "12 亿元" in words(answer) and len(slack.answers("C1")) == 1


def test_slack_sees_that_the_address_is_ours(slack: FakeSlack, events: str) -> None:
    body = {"type": "url_verification", "challenge": "abc", "token": "x"}
    accepted(events, body)
    assert post(events, body).json() == {"challenge": "abc"}


@pytest.mark.parametrize("headers", ["none", "forged", "old", "other body", "future"])
def test_what_slack_did_not_sign_just_now_is_refused(slack: FakeSlack, events: str, headers: str) -> None:
    accepted(events, {"type": "url_verification", "challenge": "abc", "token": "x"})
    event = slack.events_of("C1", slack.write("C1", ASKED))[1]
    body = json.dumps(event)
    sent = {
        "none": {},
        "forged": signed(body, "another secret"),
        "old": signed(body, at=time.time() - 600),
        "future": signed(body, at=time.time() + 600),
        "other body": signed(body + " "),
    }[headers]
    assert post(events, event, sent).status_code == 401
    assert not slack.answers("C1") and not slack.called("chat.startStream")


def test_commands_and_buttons_come_as_forms(slack: FakeSlack, events: str) -> None:
    accepted(events, {"type": "url_verification", "challenge": "abc", "token": "x"})

    def form(fields: dict[str, Any]) -> None:
        body = urlencode(fields)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        assert httpx.post(events, content=body, headers=kind | signed(body)).status_code == 200

    command = slack.command(QUESTION)
    form(command)
    form(command)
    slack.wait(lambda: slack.private)
    form({"payload": json.dumps(slack.click(element(slack.private, "publish"), "C1", {}))})
    assert "12 亿元" in words(settled(slack, "C1")[0])
    assert len([said for said in slack.private if "12 亿元" in words(said)]) == 1


def test_the_address_is_there_where_the_tokens_are(slack_assistant: Assistant, slack: FakeSlack) -> None:
    settings = Settings()
    app = create_app(slack_assistant, settings)
    door.mount(app, slack_assistant, settings)
    with serving(app) as address:
        assert httpx.post(f"{address}/slack/events").status_code in (404, 405)


def test_without_a_signing_secret_the_server_connects_by_socket(slack_assistant: Assistant, slack: FakeSlack) -> None:
    settings = settings_for(slack)
    app = create_app(slack_assistant, settings)
    door.mount(app, slack_assistant, settings)
    with serving(app) as address:
        slack.wait(lambda: slack.connections)
        slack.says("C1", ASKED)
        assert "12 亿元" in words(settled(slack, "C1")[0])
        assert httpx.post(f"{address}/slack/events").status_code in (404, 405)


def resting(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, and all that it rests on."""
    cited = [(c["n"], c["source"], c["start"], c["end"], c["quote"]) for c in answer["citations"]]
    computed = [(c["id"], c["formula"], c["substituted"], c["result"]) for c in answer["calculations"]]
    verdicts = [(f["text"], f["verdict"], f["source"]) for f in answer["figures"]]
    return {"text": answer["text"], "status": answer["status"], "on": (cited, computed, verdicts)}


def test_slack_http_and_the_terminal_give_the_same_answers(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library(tmp_path).close()
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    terminal = [resting(json.loads(printed("ask", question, "--json"))) for question in QUESTIONS]
    assistant, settings = open_assistant(Settings()), settings_for(slack)
    with serving(create_app(assistant, settings)) as address, running(assistant, settings):
        for number, question in enumerate(QUESTIONS):
            ts = slack.says(f"C{number}", f"<@{BOT}> {question}")
            [message] = settled(slack, f"C{number}")
            over_http = httpx.post(f"{address}/v1/ask", json={"question": question}, timeout=30).json()
            [turn] = assistant.conversations.turns(f"slack-T1-C{number}-{ts}")
            assert resting(answer_data(turn.answer)) == resting(over_http) == terminal[number]
            assert all(f"{c.source} {c.start}–{c.end}" in words(message) for c in turn.answer.citations)
            assert all(made.substituted in words(message) for made in turn.answer.calculations)
            for verdict, mark in MARKS.items():
                stated = sum(figure.verdict == verdict for figure in turn.answer.figures)
                assert (f"{mark} {stated} " in words(message)) == (stated > 0)
    assistant.close()


def test_the_command_says_which_token_is_missing_before_it_reads_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed("slack") == "assistant: SLACK_BOT_TOKEN is not set; docs/slack.md says where Slack shows it\n"
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-a-token")
    assert "SLACK_APP_TOKEN is not set" in printed("slack")

"""What Slack tells, as tasks: every listener writes down what is to be done and returns, and Bolt acknowledges then."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from assistant.adapters.slack.answers import context, plain, quote_view
from assistant.adapters.slack.asking import layout
from assistant.adapters.slack.desk import Desk
from assistant.adapters.slack.inbox import Task
from assistant.adapters.slack.suggestions import suggestions
from assistant.adapters.slack.texts import say
from assistant.adapters.slack.wording import escaped, mentions, plain_of, shortened
from assistant.errors import AssistantError
from assistant.language import script_of
from assistant.types import Language

Body = dict[str, Any]
_QUESTION = 8_000  # characters


def listen(app: AsyncApp, desk: Desk) -> None:
    """Registers everything that the bot reacts to."""
    listeners = _Listeners(desk)
    app.event("app_mention")(listeners.mentioned)
    app.event("message")(listeners.message)
    app.event("assistant_thread_started")(listeners.pane_opened)
    app.event("assistant_thread_context_changed")(_nothing)
    app.event("app_home_opened")(listeners.home_opened)
    app.command(re.compile("/.+"))(listeners.asked)
    app.shortcut("check_figures")(listeners.to_check)
    app.action(re.compile(r"quote_\d+"))(listeners.quote)
    for name in ("feedback", "publish", "ingest", "dismiss"):
        app.action(name)(getattr(listeners, name))
    app.action("open")(_acknowledged)


async def _nothing() -> None:
    """Some events need no more than the acknowledgement."""


async def _acknowledged(ack: Any) -> None:
    await ack()


class _Listeners:
    """One method for each thing that Slack tells; their parameters are what Bolt puts in by name."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    # ---- messages

    async def mentioned(self, body: Body, event: Body) -> None:
        """Somebody calls the bot in a channel."""
        await self._question(body, event)

    async def message(self, body: Body, event: Body) -> None:
        """A direct message; or the change or deletion of any message."""
        subtype = event.get("subtype")
        if subtype == "message_changed":
            await self._changed(body, event)
        elif subtype == "message_deleted":
            await self._deleted(body, event, event.get("deleted_ts"))
        elif subtype in (None, "file_share", "thread_broadcast") and event.get("channel_type") == "im":
            await self._question(body, event)

    async def _question(self, body: Body, event: Body) -> None:
        if self._from_program(event):
            return
        task = self._task(body, event)
        given = [file for file in event.get("files") or () if "id" in file]
        files = [{"id": file["id"], "name": file.get("name") or ""} for file in given]
        if files and event.get("channel_type") == "im":
            payload = {**task.payload, "files": files}
            await self.desk.accept(replace(task, key=f"{task.key}/files", kind="offer", payload=payload))
        if not self._answers(task.channel):
            if event["type"] == "app_mention" and await self._first(task):
                self.desk.soon(self._whisper(task, say("not_here", script_of(task.payload["text"]))))
        elif task.payload["text"]:
            await self.desk.accept(task)
        elif not files and await self._first(task):
            self.desk.soon(self._whisper(task, say("empty", "en") + " " + say("empty", "zh-Hans")))

    async def _first(self, task: Task) -> bool:
        """Notes a message that needs no work; False where it is known."""
        return await self.desk.first(replace(task, done=True, payload={}))

    async def _whisper(self, task: Task, text: str) -> None:
        where = {"channel": task.channel, "user": task.payload["user"], "thread_ts": task.payload["thread"]}
        await self.desk.client.chat_postEphemeral(**where, text=escaped(text))

    async def _changed(self, body: Body, event: Body) -> None:
        """An edit of a question asks anew; links that unfold are no edit."""
        message, before = event.get("message") or {}, event.get("previous_message") or {}
        if message.get("subtype") == "tombstone":
            await self._deleted(body, event, message.get("ts"))
        elif not self._from_program(message) and message.get("text") != before.get("text"):
            await self._edited(body, event, message)

    async def _edited(self, body: Body, event: Body, message: Body) -> None:
        inner = {**message, "channel": event["channel"], "channel_type": event.get("channel_type")}
        task = self._task(body, inner)
        called = event.get("channel_type") == "im" or mentions(message.get("text") or "", self._bot)
        task = replace(task, revision=(message.get("edited") or {}).get("ts") or event["event_ts"])
        known = None if called else await asyncio.to_thread(self.desk.inbox.get, task.key)
        if known:
            await self._deleted(body, event, message.get("ts"))
        elif called and task.payload["text"] and self._answers(task.channel) and not await self.desk.accept(task):
            await self.desk.revise(replace(task, payload={**task.payload, "edited": True}))

    async def _deleted(self, body: Body, event: Body, ts: str | None) -> None:
        """A question that is gone takes its answer with it; one that is still to come is not answered."""
        before = {**(event.get("previous_message") or {}), "ts": ts, "channel": event["channel"]}
        called = event.get("channel_type") == "im" or mentions(before.get("text") or "", self._bot)
        if not ts or not called or self._from_program(before):
            return
        task = replace(self._task(body, before), kind="withdrawal", revision=event.get("event_ts") or ts)
        payload = {name: value for name, value in task.payload.items() if name != "text"}
        task = replace(task, payload=payload)
        if not await self.desk.accept(replace(task, done=True)):
            await self.desk.revise(task)

    def _task(self, body: Body, event: Body) -> Task:
        channel, ts = event["channel"], event["ts"]
        team = body.get("team_id") or event.get("team") or ""
        thread = event.get("thread_ts") or ts
        text = plain_of(event.get("text") or "", self._bot)[:_QUESTION]
        payload = {"team": team, "user": event.get("user") or "", "ts": ts, "thread": thread, "text": text}
        return Task(f"{team}/{channel}/{ts}", "question", f"{team}/{channel}/{thread}", channel, payload)

    def _from_program(self, message: Body) -> bool:
        """Whether a bot wrote a message, this one or another, or Slack itself."""
        by_slack = message.get("subtype") in ("bot_message", "assistant_app_thread")
        return bool(message.get("bot_id") or by_slack or message.get("user") in (self._bot, "USLACKBOT"))

    @property
    def _bot(self) -> str:
        return self.desk.identity.user if self.desk.identity else ""

    def _answers(self, channel: str) -> bool:
        return self.desk.policy.of(channel).answer

    # ---- the assistant pane

    async def pane_opened(self, event: Body) -> None:
        """Somebody opens the assistant pane: a greeting, and questions to start from."""
        opened = event["assistant_thread"]
        self.desk.soon(self._suggest(opened["channel_id"], opened["thread_ts"]))

    async def home_opened(self, event: Body) -> None:
        """Somebody opens the bot's messages: the same questions, where no thread is open yet."""
        if event.get("tab") == "messages":
            self.desk.soon(self._suggest(event["channel"], None))

    async def _suggest(self, channel: str, thread: str | None) -> None:
        rules = self.desk.policy.of(channel)
        prompts = await self.desk.in_thread(suggestions, self.desk.assistant, rules.filters) if rules.answer else []
        language = script_of(" ".join(prompt["message"] for prompt in prompts))
        if thread:
            await self.desk.client.chat_postMessage(
                channel=channel, thread_ts=thread, text=say("greeting" if rules.answer else "not_here", language)
            )
        if prompts:
            await self.desk.client.assistant_threads_setSuggestedPrompts(
                channel_id=channel, thread_ts=thread, title=say("suggestions", language), prompts=prompts
            )

    # ---- /ask and the shortcut

    async def asked(self, ack: Any, body: Body) -> None:
        """/ask QUESTION: answered for the one who asks alone."""
        text = plain_of(body.get("text") or "", self._bot)[:_QUESTION]
        channel = body["channel_id"]
        if not text or not self._answers(channel):
            key = "not_here" if text else "ask_usage"
            told = say(key, script_of(text), command=body["command"]) if text else _both(key, command=body["command"])
            await ack(text=escaped(told), response_type="ephemeral")
        else:
            await self.desk.accept(self._private(body, "command", channel, body["user_id"], {"text": text}))
            await ack()

    async def to_check(self, ack: Any, body: Body) -> None:
        """“Check the figures in this message”."""
        message, channel = body["message"], body["channel"]["id"]
        text = plain_of(message.get("text") or "")[:_QUESTION]
        task = self._private(body, "check", channel, body["user"]["id"], {"text": text})
        if text and self._answers(channel):
            await self.desk.accept(task)
        elif await self._first(task):
            told = _both("check_empty") if not text else say("not_here", script_of(text))
            self.desk.soon(self._respond(body, told))
        await ack()

    def _private(self, body: Body, kind: Any, channel: str, user: str, payload: Body) -> Task:
        team = body.get("team_id") or body["team"]["id"]
        once = hashlib.sha256(body["trigger_id"].encode()).hexdigest()[:20]
        common = {"team": team, "user": user, "thread": None, "response_url": body["response_url"]}
        return Task(f"{team}/{channel}/{once}", kind, f"{team}/{channel}/{once}", channel, common | payload)

    async def _respond(self, body: Body, text: str) -> None:
        await AsyncWebhookClient(body["response_url"]).send(text=escaped(text), response_type="ephemeral")

    # ---- buttons and menus

    async def quote(self, ack: Any, body: Body, action: Body) -> None:
        """A citation was chosen: its words in a modal."""
        await ack()
        self.desk.soon(self._open_quote(body["trigger_id"], action["selected_option"]["value"]))

    async def _open_quote(self, trigger: str, value: str) -> None:
        answer_id, _, number = value.partition(":")
        try:
            answer = await asyncio.to_thread(self.desk.assistant.conversations.answer, answer_id)
            citation = next(cited for cited in answer.citations if str(cited.n) == number)
            view = quote_view(answer, citation, layout(self.desk).link(citation))
        except (AssistantError, StopIteration):
            view = {"type": "modal", "title": plain("–"), "blocks": [context(_both("quote_gone"))]}
        await self.desk.client.views_open(trigger_id=trigger, view=view)

    async def feedback(self, ack: Any, body: Body, action: Body) -> None:
        """Somebody says what they think of an answer."""
        await ack()
        rating, _, answer_id = action["value"].partition(":")
        self.desk.soon(self._rate(body, rating, answer_id))

    async def _rate(self, body: Body, rating: Any, answer_id: str) -> None:
        person = f"slack:{body['team']['id']}:{body['user']['id']}"
        conversations = self.desk.assistant.conversations
        await asyncio.to_thread(conversations.rate, answer_id, rating, "", person)
        answer = await asyncio.to_thread(conversations.answer, answer_id)
        container = body.get("container") or {}
        where: Body = {"channel": body["channel"]["id"], "user": body["user"]["id"]}
        if container.get("thread_ts"):
            where["thread_ts"] = container["thread_ts"]
        await self.desk.client.chat_postEphemeral(**where, text=say("thanks", answer.language))

    async def publish(self, ack: Any, body: Body, action: Body) -> None:
        """Puts a private answer into the channel, once."""
        channel, answer_id = body["channel"]["id"], action["value"]
        if self._answers(channel):
            payload = {"answer_id": answer_id, "thread": (body.get("container") or {}).get("thread_ts")}
            task = self._private(body, "publish", channel, body["user"]["id"], payload)
            await self.desk.accept(replace(task, key=f"{task.payload['team']}/{channel}/publish/{answer_id}"))
        await ack()

    async def ingest(self, ack: Any, body: Body, action: Body) -> None:
        """Files are to be read in."""
        chosen = json.loads(action["value"])
        channel, offer = body["channel"]["id"], body["container"]["message_ts"]
        if body["user"]["id"] in self.desk.policy.may_upload:
            payload = {"files": chosen["files"], "language": chosen["language"], "offer": offer}
            task = self._private(body, "ingest", channel, body["user"]["id"], payload)
            await self.desk.accept(replace(task, key=f"{task.payload['team']}/{channel}/{offer}/ingest"))
        else:
            self.desk.soon(self._respond(body, say("upload_refused", chosen["language"])))
        await ack()

    async def dismiss(self, ack: Any, body: Body, action: Body) -> None:
        """Files are not to be read in."""
        await ack()
        language: Language = action["value"]
        where = {"channel": body["channel"]["id"], "ts": body["container"]["message_ts"]}
        self.desk.soon(self.desk.client.chat_update(**where, text=say("upload_left", language), blocks=[]))


def _both(key: str, **values: object) -> str:
    """Words for somebody who has not written any yet: in both languages."""
    return shortened(f"{say(key, 'en', **values)} {say(key, 'zh-Hans', **values)}", 2_000)

"""Questions and their answers: in threads, privately after /ask, published, changed and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from assistant.adapters.slack.answers import Block, Layout, Message, Words, button, context, plain
from assistant.adapters.slack.desk import Desk, code_of
from assistant.adapters.slack.inbox import Task
from assistant.adapters.slack.posting import Left, Place, attach, find, metadata, put, put_answer, take_back
from assistant.adapters.slack.streaming import Stream, events
from assistant.adapters.slack.texts import say
from assistant.adapters.slack.wording import escaped, shortened
from assistant.chain import Stop
from assistant.errors import AssistantError, InputError
from assistant.language import script_of
from assistant.types import Answer, Event, Report

_PRIVATE_PAGES = 4  # of the five messages that Slack takes for one command


class Refused(AssistantError):
    """Why a question is not answered here, for the one who asked."""


def layout(desk: Desk) -> Layout:
    """How answers look in this workspace."""

    def report_of(report_id: str) -> Report | None:
        try:
            return desk.assistant.report(report_id)
        except AssistantError:
            return None

    return Layout(desk.settings.public_url, report_of)


def place_of(task: Task) -> Place:
    """Where a task's answer goes."""
    return Place(task.channel, task.payload.get("thread"))


async def question(desk: Desk, task: Task, again: bool) -> None:
    """Answers a question in its thread; what an earlier attempt left there, or an edit made obsolete, is changed."""
    place = place_of(task)
    left = await _left(desk, task) if again else None
    if left and left.whole and not task.payload.get("edited"):
        return await _done(desk, task, await _kept(desk, task), left.replies)
    if left:
        answer = await _kept(desk, task) or await _whole(desk, task)
        replies = await put_answer(desk.client, place, task.key, layout(desk), answer, left.replies)
    else:
        answer, replies = await _streamed(desk, task, place)
    await attach(desk.client, place, layout(desk).files(answer), place.thread)
    return await _done(desk, task, answer, replies)


async def _left(desk: Desk, task: Task) -> Left:
    """The messages that an earlier attempt left: those it noted, and those in the thread that nobody noted."""
    known = await asyncio.to_thread(desk.inbox.replies_in, task.place, task.key)
    bot = desk.identity.user if desk.identity else ""
    found = await find(desk.client, place_of(task), task.key, known, bot, since=str(task.payload.get("ts", "0")))
    noted = [ts for ts in task.replies if ts not in found.replies]
    return replace(found, replies=[*noted, *found.replies])


async def _done(desk: Desk, task: Task, answer: Answer | None, replies: list[str] | None = None) -> None:
    cost = answer.usage.cost_usd if answer else None
    await asyncio.to_thread(desk.inbox.finish, task, answer.answer_id if answer else None, cost, replies)


async def _streamed(desk: Desk, task: Task, place: Place) -> tuple[Answer, list[str]]:
    """An answer as its sentences pass the checks; posted whole where the workspace can't stream."""
    recipient = {"recipient_team_id": task.payload["team"], "recipient_user_id": task.payload["user"]}
    stream = Stream(desk.client, place.channel, str(place.thread), recipient)
    after = await asyncio.to_thread(_opened, desk, task)
    if after == 0:
        await _title(desk, task)
    await _status(desk, task, say("working", script_of(task.payload["text"])))
    words = Words(script_of(task.payload["text"]))
    answer = None
    async with aclosing(_events(desk, task, after)) as batches:  # type: ignore[type-var]
        async for batch in batches:
            for event in batch:
                if event.kind == "status":
                    await _status(desk, task, event.data)
                elif event.kind == "figure":
                    words.figure(event.data)
                elif event.kind == "answer":
                    answer = event.data
            begun = len(stream.replies)
            await stream.add("".join(words.feed(event.data) for event in batch if event.kind == "delta"))
            if len(stream.replies) > begun:
                await asyncio.to_thread(desk.inbox.note, task.key, stream.replies)
    assert answer is not None, "a stream ends with its answer"
    return answer, await _ended(desk, task, place, stream, words, answer)


async def _ended(desk: Desk, task: Task, place: Place, stream: Stream, words: Words, answer: Answer) -> list[str]:
    """Below the streamed words what belongs to them; or everything, where they could not be streamed."""
    if words.language != answer.language:
        words.language = answer.language
    await stream.add(words.rest())
    if not stream.broken:
        tail = layout(desk).tail(answer, words.tables)
        await stream.end(tail[0].blocks, metadata(task.key, 1, len(tail)))
        if not stream.broken:
            replies = list(stream.replies)
            for number, message in enumerate(tail[1:], 2):
                made: dict[str, Any] = {"text": message.text, "blocks": message.blocks}
                made["metadata"] = metadata(task.key, number, len(tail))
                sent = await desk.client.chat_postMessage(channel=place.channel, thread_ts=place.thread, **made)
                replies.append(sent["ts"])
            return replies
    return await put_answer(desk.client, place, task.key, layout(desk), answer, stream.replies)


async def _events(desk: Desk, task: Task, after: int) -> AsyncIterator[list[Event]]:
    """The assistant's events. An answer that is stopped half-way is none: the conversation doesn't keep it."""
    whole = False
    try:
        stepping = events(desk.pool, lambda stop: _stream(desk, task, stop))
        async with aclosing(stepping) as batches:  # type: ignore[type-var]
            async for batch in batches:
                whole = batch[-1].kind == "answer"
                yield batch
    finally:
        if not whole:
            await asyncio.to_thread(_forget, desk, task, after)


def _forget(desk: Desk, task: Task, after: int) -> None:
    for turn in desk.assistant.conversations.turns(conversation_of(task)):
        if turn.number > after:
            desk.assistant.conversations.withdraw(str(turn.answer.answer_id))


def _stream(desk: Desk, task: Task, stop: Stop) -> Iterator[Event]:
    """The assistant's events, within what the channel may see and spend. Runs in a thread."""
    rules = desk.policy.of(task.channel)
    limit = budget(desk, task)
    how: dict[str, Any] = {"conversation_id": conversation_of(task), "max_cost": limit, "stop": stop}
    return desk.assistant.stream(task.payload["text"], rules.filters, **how)


def _opened(desk: Desk, task: Task) -> int:
    """The number of the last turn in the thread's conversation, which is made where there is none; noted, so that the
    answer is found by it after a restart."""
    conversations, conversation = desk.assistant.conversations, conversation_of(task)
    conversations.create(owner=f"slack:{task.payload['team']}", id=conversation)
    turns = conversations.turns(conversation)
    last = turns[-1].number if turns else 0
    desk.inbox.note(task.key, after=last)
    return last


async def _whole(desk: Desk, task: Task) -> Answer:
    after = await asyncio.to_thread(_opened, desk, task)
    async with aclosing(_events(desk, task, after)) as batches:  # type: ignore[type-var]
        async for batch in batches:
            if batch[-1].kind == "answer":
                answer: Answer = batch[-1].data
    return answer


async def _kept(desk: Desk, task: Task) -> Answer | None:
    """The answer that an earlier attempt came to, as the conversation has it; those to other words are taken back."""

    def look() -> Answer | None:
        conversations = desk.assistant.conversations
        try:
            turns = conversations.turns(conversation_of(task)) if task.after is not None else []
        except InputError:
            return None
        mine = [turn for turn in turns if turn.answer.answer_id == task.answer_id] if task.answer_id else []
        mine = mine or ([] if task.answer_id else [turn for turn in turns if turn.number > (task.after or 0)])
        fitting = [turn.answer for turn in mine if turn.question == task.payload.get("text", turn.question)]
        for turn in mine:
            if turn.answer not in fitting[-1:]:
                conversations.withdraw(str(turn.answer.answer_id))
        return fitting[-1] if fitting else None

    return await asyncio.to_thread(look)


def conversation_of(task: Task) -> str:
    """A thread's conversation."""
    return f"slack-{task.place}".replace("/", "-")


def budget(desk: Desk, task: Task) -> Decimal | None:
    """What an answer may cost here and now; None without a limit. Raises Refused where that is nothing."""
    rules = desk.policy.of(task.channel)
    left = []
    if rules.usd_per_day is not None:
        left.append(rules.usd_per_day - desk.inbox.spent(task.channel))
    if desk.policy.usd_per_day is not None:
        left.append(desk.policy.usd_per_day - desk.inbox.spent())
    if left and min(left) <= 0:
        raise Refused(say("spent", script_of(task.payload.get("text", ""))))
    return min(left, default=None)


async def withdrawal(desk: Desk, task: Task, again: bool) -> None:
    """The question was deleted: so are the answer, and the turn in the conversation."""
    replies = list(task.replies)
    with suppress(SlackApiError):  # the thread went with its first message
        replies = (await _left(desk, task)).replies
    for ts in replies:
        await take_back(desk.client, task.channel, ts)
    wordless = replace(task, payload={**task.payload, "text": ""})  # no turn has these words, so all are taken back
    await _kept(desk, wordless)
    await asyncio.to_thread(desk.inbox.finish, task)


# ---------------------------------------------------------------- /ask


async def command(desk: Desk, task: Task, again: bool) -> None:
    """Answers /ask for the one who asked alone, with a button to publish."""
    answer = (await _kept(desk, task) if again else None) or await _whole(desk, task)
    more: list[Block] = []
    if answer.answer_id:
        value = f"{answer.answer_id}"
        more = [{"type": "actions", "elements": [button(say("publish", answer.language), "publish", value)]}]
    messages = layout(desk).messages(answer, more=more)
    if len(messages) > _PRIVATE_PAGES:
        messages = [*messages[: _PRIVATE_PAGES - 1], Message(say("long", answer.language),
                    [context(say("long", answer.language)), *more])]  # fmt: skip
    for message in messages:
        await private(desk, task, message.text, message.blocks)
    await _done(desk, task, answer)


async def private(desk: Desk, task: Task, text: str, blocks: list[Block] | None = None, **more: Any) -> None:
    """Something for one person alone, by the address that came with what they did. Raises SlackApiError."""
    client = AsyncWebhookClient(task.payload["response_url"], retry_handlers=desk.client.retry_handlers)
    sent = await client.send(text=text, blocks=blocks, response_type="ephemeral", **more)
    if sent.status_code != 200:
        code = "internal_error" if sent.status_code >= 500 else "response_url_refused"
        raise SlackApiError("the answer was not taken", {"ok": False, "error": code})  # type: ignore[no-untyped-call]


async def publish(desk: Desk, task: Task, again: bool) -> None:
    """Puts an answer that one person has where all of the channel see it."""
    answer = await asyncio.to_thread(desk.assistant.conversations.answer, task.payload["answer_id"])
    place = Place(task.channel, task.payload.get("thread"))
    left: list[str] = []
    if again:
        found = await find(desk.client, place, task.key, set(), "", since=str(task.created - 5))
        left = found.replies
        if found.whole:
            await asyncio.to_thread(desk.inbox.finish, task)
            return
    asked = say("published_by", answer.language, question=shortened(answer.question, 1_500))
    head: Block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
        {"type": "user", "user_id": task.payload["user"]}, {"type": "text", "text": f" {asked}"}]}]}  # fmt: skip
    try:
        replies = await put_answer(desk.client, place, task.key, layout(desk), answer, left, head=[head])
    except SlackApiError as error:
        if code_of(error) not in ("not_in_channel", "channel_not_found"):
            raise
        raise Refused(say("invite", answer.language)) from None
    await attach(desk.client, place, layout(desk).files(answer), place.thread or replies[0])
    with suppress(SlackApiError):
        await private(desk, task, say("published", answer.language), replace_original=True)
    await asyncio.to_thread(desk.inbox.finish, task)


# ---------------------------------------------------------------- around an answer


async def _status(desk: Desk, task: Task, text: str) -> None:
    """What is being done, shown beside the bot's name. Not every workspace has it."""
    with suppress(SlackApiError):
        await desk.client.assistant_threads_setStatus(
            channel_id=task.channel, thread_ts=str(task.payload["thread"]), status=shortened(text, 100)
        )


async def _title(desk: Desk, task: Task) -> None:
    """Names a thread of the assistant pane after its first question. Other threads have no title."""
    if task.channel.startswith("D"):
        with suppress(SlackApiError):
            await desk.client.assistant_threads_setTitle(
                channel_id=task.channel,
                thread_ts=str(task.payload["thread"]),
                title=shortened(task.payload["text"], 60),
            )


async def apologise(desk: Desk, task: Task, error: Exception, reference: str) -> None:
    """Says what went wrong where the answer was expected: a sentence, never an exception's text."""
    language = script_of(task.payload.get("text", ""))
    text = str(error) if isinstance(error, AssistantError) else say("failed", language, reference=reference)
    if "response_url" in task.payload:
        await private(desk, task, escaped(text))
    elif task.kind != "withdrawal":
        block = {"type": "section", "text": plain(shortened(text, 2_900))}
        left = await _left(desk, task)
        replies = await put(desk.client, place_of(task), task.key, [Message(escaped(text), [block])], left.replies)
        await asyncio.to_thread(desk.inbox.note, task.key, replies)

"""The check of somebody's message: a verdict on each of its figures, for the one who asked alone."""

from __future__ import annotations

import asyncio

from assistant.adapters.render import check_text
from assistant.adapters.slack.answers import plain_blocks, size_of
from assistant.adapters.slack.asking import private
from assistant.adapters.slack.desk import Desk
from assistant.adapters.slack.inbox import Task
from assistant.adapters.slack.texts import say
from assistant.adapters.slack.wording import escaped, shortened
from assistant.grounding import Check, Span
from assistant.language import script_of

_ROOM = 10_000  # characters of the blocks shown


async def check(desk: Desk, task: Task, again: bool) -> None:
    """Checks a message against the reports that its channel may see."""
    text = task.payload["text"]
    language = script_of(text)
    found = await desk.in_thread(_checked, desk, task.channel, text)
    blocks = plain_blocks(say("check_title", language) + "\n\n" + check_text(found, language))
    while len(blocks) > 1 and size_of(blocks) > _ROOM:
        blocks.pop()
    await private(desk, task, escaped(shortened(say("check_title", language), 200)), blocks)
    await asyncio.to_thread(desk.inbox.finish, task)


def _checked(desk: Desk, channel: str, text: str) -> Check:
    assistant = desk.assistant
    allowed = assistant.retriever.allowed(desk.policy.of(channel).filters)
    if allowed is None:
        return assistant.check(text)
    return assistant.check(text, [Span(one, 0, len(assistant.report(one).text)) for one in allowed])

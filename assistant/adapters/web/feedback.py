"""What a reader thinks of an answer, with a comment, kept beside the answer."""

from __future__ import annotations

from nicegui import run, ui

from assistant.adapters.web.desk import Desk
from assistant.adapters.web.dialogs import ask_text
from assistant.adapters.web.texts import say
from assistant.conversations import Rating
from assistant.errors import AssistantError
from assistant.types import Answer

_LONGEST = 2_000  # characters of a comment


async def ask_feedback(desk: Desk, answer: Answer, rating: Rating) -> None:
    """Keeps the rating at once, then asks for a comment."""
    if not answer.answer_id or not await _keep(desk, answer.answer_id, rating, ""):
        return
    title, label = say(f"feedback_{rating}", desk.language), say("comment", desk.language)
    comment = await ask_text(desk, title, label, most=_LONGEST, long=True)
    if comment:
        await _keep(desk, answer.answer_id, rating, comment)
    ui.notify(say("thanks", desk.language))


async def _keep(desk: Desk, answer_id: str, rating: Rating, comment: str) -> bool:
    try:
        await run.io_bound(desk.assistant.conversations.rate, answer_id, rating, comment, desk.person.name)
    except AssistantError as error:
        ui.notify(str(error), type="negative")
        return False
    return True

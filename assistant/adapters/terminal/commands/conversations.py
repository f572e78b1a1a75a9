"""Commands about conversations: a new one, those kept, going on with one; and what was spent."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from assistant.adapters import render
from assistant.adapters.terminal.commands.listing import how, listed, numbered, one, wrong
from assistant.adapters.terminal.desk import Desk
from assistant.adapters.terminal.painting import events_of, paint
from assistant.adapters.terminal.texts import say, usage

_LISTED, _ALL = 20, 10_000  # conversations


def new(desk: Desk, _: str) -> None:
    """Begins a conversation; it is kept from its first question on."""
    desk.conversation_id = desk.answer = None
    desk.tell("begun")


def conversations(desk: Desk, _: str) -> None:
    """The conversations kept, those last used first."""
    kept = desk.assistant.conversations.list(limit=_LISTED)
    if not kept:
        desk.tell("no_conversations")
        return
    rows = [
        (numbered(number, c.id == desk.conversation_id), c.id[:12],
         c.updated_at[:16].replace("T", " "), str(c.turns), c.title)
        for number, c in enumerate(kept, 1)
    ]  # fmt: skip
    listed(desk, rows, "n", "id", "used", "turns", "title")


def resume(desk: Desk, words: str) -> None:
    """Goes on with a conversation, whose questions and last answer are shown."""
    if not words:
        raise how(desk, "open")
    conversations = desk.assistant.conversations
    shown = len(words) < 3  # a number in the list, else the beginning of an id
    ids = [kept.id for kept in conversations.list(limit=_LISTED if shown else _ALL)]
    chosen = one(desk, "conversation", ids, words)
    turns = conversations.turns(chosen)
    desk.conversation_id, desk.answer = chosen, None
    desk.show(conversations.get(chosen).title, "bold")
    for turn in turns:
        desk.show(f"> {turn.question}")
    if turns:
        desk.spoken = turns[-1].answer.language
        desk.answer = paint(desk, events_of(turns[-1].answer))


def cost(desk: Desk, words: str) -> None:
    """What was spent, and the most an answer may cost."""
    if words:
        desk.max_cost = _dollars(desk, words)
    if desk.assistant.model is None:
        desk.tell("cost_offline")
        return
    if desk.answer and desk.answer.model:
        desk.tell("cost_last", spent=render.spent_text(desk.answer))
    if desk.conversation_id:
        cost = desk.assistant.conversations.get(desk.conversation_id).cost_usd
        shown = f"${cost}" if cost is not None else say("cost_unknown", desk.language)
        desk.tell("cost_conversation", cost=shown)
    name = usage("cost", desk.language).split()[0]
    desk.tell("cost_limit" if desk.max_cost else "cost_no_limit", most=desk.max_cost, cost=name)


def _dollars(desk: Desk, words: str) -> Decimal | None:
    try:
        amount = Decimal(words.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise wrong(desk, "bad_cost", text=words)
    return amount or None

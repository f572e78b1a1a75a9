"""The loop of the chat: a line is a command or a question; a question is answered and kept in the conversation."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from assistant.adapters.terminal import commands, lines
from assistant.adapters.terminal.desk import Desk, consoles, language_of
from assistant.adapters.terminal.painting import paint
from assistant.adapters.terminal.texts import say, usage
from assistant.chain import Stop
from assistant.errors import AssistantError
from assistant.language import script_of
from assistant.service import Assistant

_SLASHES = ("/", "／")  # an input method for Chinese types the wide one


def chat(assistant: Assistant, home: Path, interactive: bool, conversation: str | None = None) -> bool:
    """Talks until the person leaves or the lines end; False where anything failed that was asked for.

    `home` holds the history of what was typed. `interactive` is False where standard input is no terminal: then every
    line is one question. `conversation` is the id of one to go on with.
    """
    out, err = consoles()
    desk = Desk(assistant, out, err, interactive, language_of())
    if conversation:
        commands.run(desk, f"open {conversation}")
    elif interactive:
        _greet(desk)
    talk(desk, lines.typed(desk, home) if interactive else lines.piped(desk))
    return interactive or not desk.troubled


def _greet(desk: Desk) -> None:
    model = desk.assistant.model or say("offline", desk.language)
    count = len(desk.assistant.reports())
    desk.tell("greeting", count=count, model=model, help=usage("help", desk.language))


def talk(desk: Desk, typed: Iterable[str]) -> None:
    """Answers line after line until there are no more, or the person leaves."""
    for line in typed:
        if not line.strip():
            continue
        try:
            _answer(desk, line.strip())
        except AssistantError as error:
            desk.complain(error)
        except KeyboardInterrupt:
            if not desk.interactive:
                raise
            desk.tell("interrupted")
        if desk.leaving:
            return
        desk.show("")


def _answer(desk: Desk, line: str) -> None:
    if line.startswith(_SLASHES):
        commands.run(desk, line[1:])
    else:
        ask(desk, line)


def ask(desk: Desk, question: str) -> None:
    """Asks within the conversation, which begins with its first question. Ctrl-C stops the answer."""
    if desk.conversation_id is None:
        desk.conversation_id = desk.assistant.conversations.create().id
    desk.spoken = script_of(question)
    stop = Stop()
    how = {"conversation_id": desk.conversation_id, "max_cost": desk.max_cost, "stop": stop}
    with _stopped_by_interrupt(stop, desk.interactive):
        desk.answer = paint(desk, desk.assistant.stream(question, desk.filters, **how))  # type: ignore[arg-type]
    desk.troubled = desk.troubled or desk.answer.status == "failed"


@contextmanager
def _stopped_by_interrupt(stop: Stop, interactive: bool) -> Iterator[None]:
    """Ctrl-C ends the answer with what there is; a second one does not wait for that."""

    def interrupted(_: int, __: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if not interactive:
        yield
        return
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

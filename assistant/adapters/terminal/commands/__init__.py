"""The commands of the chat, by what they are about; a command gets the desk and the words typed after its name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial

from rich.text import Text

from assistant.adapters.terminal.commands import answers, conversations, reports, work
from assistant.adapters.terminal.commands.listing import how, wrong
from assistant.adapters.terminal.desk import Desk
from assistant.adapters.terminal.texts import help_rows, names, say, usage
from assistant.errors import InputError
from assistant.language import fold
from assistant.types import Language

Command = Callable[[Desk, str], None]
_LANGUAGES: dict[str, Language] = {"en": "en", "zh": "zh-Hans", "zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}


def run(desk: Desk, line: str) -> None:
    """Runs what was typed after the slash. Raises InputError for what can't be done."""
    name, _, rest = line.strip().partition(" ")
    command = names().get(fold(name))
    if command is None:
        raise _unknown(desk, name)
    _COMMANDS[command](desk, rest.strip())


def _unknown(desk: Desk, name: str) -> InputError:
    likely = get_close_matches(fold(name), names(), 1)
    near = say("near", desk.language, name=f"/{likely[0]}") if likely else ""
    return wrong(desk, "unknown_command", name=name, near=near, help=usage("help", desk.language))


def _lang(desk: Desk, words: str) -> None:
    """The language of the chat, fixed or that of the questions."""
    if words and words.lower() not in _LANGUAGES:
        raise how(desk, "lang")
    desk.chosen = _LANGUAGES[words.lower()] if words else None
    desk.tell("language_is" if words else "language_follows")


def _help(desk: Desk, _: str) -> None:
    """The commands."""
    width = max(len(shown) for shown, _ in help_rows("en")) + 2
    for shown, meaning in help_rows(desk.language):
        padding = " " * max(2, width - Text(shown).cell_len)
        desk.draw(Text.assemble((shown, "bold"), padding, meaning))


def _quit(desk: Desk, _: str) -> None:
    """Leaves."""
    desk.leaving = True


_COMMANDS: dict[str, Command] = {
    "quote": answers.quote,
    "why": answers.why,
    "removed": answers.removed,
    "reports": reports.reports,
    "only": reports.only,
    "issuer": reports.issuer,
    "since": partial(reports.dated, "since"),
    "until": partial(reports.dated, "until"),
    "all": reports.everything,
    "new": conversations.new,
    "conversations": conversations.conversations,
    "open": conversations.resume,
    "cost": conversations.cost,
    "check": work.check,
    "tool": work.tool,
    "lang": _lang,
    "help": _help,
    "quit": _quit,
}

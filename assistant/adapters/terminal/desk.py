"""What one chat works with: the assistant, where it prints, the conversation, the filters, the answer asked about."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rich.console import Console, RenderableType
from rich.text import Text

from assistant.adapters.render import plain
from assistant.adapters.terminal.texts import say
from assistant.errors import AssistantError
from assistant.service import Assistant
from assistant.types import Answer, Filters, Language, Report

_NO_WIDTH = 100_000  # characters; what goes into a file or a pipe is not wrapped


@dataclass(slots=True)
class Desk:
    """`spoken` is the language of the last question, `chosen` the one that was set for the chat; `troubled` is True
    once anything failed."""

    assistant: Assistant
    out: Console
    err: Console
    interactive: bool
    spoken: Language
    chosen: Language | None = None
    conversation_id: str | None = None
    answer: Answer | None = None
    filters: Filters = field(default_factory=Filters)
    max_cost: Decimal | None = None
    leaving: bool = False
    troubled: bool = False

    @property
    def language(self) -> Language:
        """The language that the chat itself speaks."""
        return self.chosen or self.spoken

    def tell(self, key: str, **values: object) -> None:
        """Prints the words for `key`."""
        self.show(say(key, self.language, **values))

    def show(self, text: str, style: str = "") -> None:
        """Prints text as it is, without what a terminal would take for a command."""
        self.out.print(Text(plain(text), style))

    def draw(self, shown: RenderableType) -> None:
        """Prints a table or styled text, which must be plain already."""
        self.out.print(shown)

    def complain(self, error: Exception | str) -> None:
        """Says what went wrong, on standard error."""
        self.troubled = True
        self.err.print(Text(plain(f"! {error}"), "red"))

    def report_of(self, report_id: str) -> Report | None:
        """A report, or None where it has been removed since."""
        try:
            return self.assistant.report(report_id)
        except AssistantError:
            return None


def consoles() -> tuple[Console, Console]:
    """Standard output and standard error; NO_COLOR and TERM=dumb are heeded, and nothing in a text is markup."""
    return _console(stderr=False), _console(stderr=True)


def _console(stderr: bool) -> Console:
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = _NO_WIDTH
    return console


def language_of(environment: Mapping[str, str] = os.environ) -> Language:
    """The language that the locale asks for."""
    locale = next((found for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (found := environment.get(name))), "")
    if not locale.lower().startswith("zh"):
        return "en"
    return "zh-Hant" if any(place in locale.lower() for place in ("tw", "hk", "mo", "hant")) else "zh-Hans"

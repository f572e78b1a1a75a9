"""What one open page works with: the assistant, whose page it is, and how that person likes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.adapters.web.access import Person
from assistant.adapters.web.streaming import Answering
from assistant.errors import AssistantError
from assistant.service import Assistant
from assistant.types import Filters, Language, Report

THEMES: dict[str, bool | None] = {"auto": None, "light": False, "dark": True}


@dataclass(slots=True)
class Desk:
    """`person` is whose conversations are shown; `theme` is a key of THEMES; `guarded` where a key was asked for."""

    assistant: Assistant
    answering: Answering
    person: Person
    language: Language
    theme: str = "auto"
    guarded: bool = False
    upload_limit: float = 200.0  # MB of a file
    conversation_id: str | None = None
    filters: Filters = field(default_factory=Filters)

    @property
    def owner(self) -> str | None:
        """Whose conversations are shown; None for all, on a machine of one's own."""
        return self.person.name if self.guarded else None

    def report_of(self, report_id: str) -> Report | None:
        """A report, or None where it has been removed since or can't be read."""
        try:
            return self.assistant.report(report_id)
        except AssistantError:
            return None

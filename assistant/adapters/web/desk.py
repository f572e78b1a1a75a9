"""What one open page works with: the assistant, whose page it is, and how that person likes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.errors import AssistantError
from assistant.service import Assistant
from assistant.types import Filters, Language, Report

LANGUAGES: dict[str, Language] = {"zh-Hans": "zh-Hans", "zh-Hant": "zh-Hant", "en": "en"}
THEMES: dict[str, bool | None] = {"auto": None, "light": False, "dark": True}


@dataclass(slots=True)
class Desk:
    """`owner` is whose conversations are shown; `theme` is a key of THEMES; `guarded` where a key was asked for."""

    assistant: Assistant
    owner: str
    language: Language
    theme: str = "auto"
    guarded: bool = False
    conversation_id: str | None = None
    filters: Filters = field(default_factory=Filters)

    def report_of(self, report_id: str) -> Report | None:
        """A report, or None where it has been removed since or can't be read."""
        try:
            return self.assistant.report(report_id)
        except AssistantError:
            return None


def preferred(accept_language: str) -> Language:
    """The language of the page that a browser's Accept-Language asks for first."""
    for part in sorted(accept_language.split(","), key=_weight, reverse=True):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-Hant" if any(mark in tag for mark in ("hant", "-tw", "-hk", "-mo")) else "zh-Hans"
        if tag.startswith("en"):
            return "en"
    return "en"


def _weight(part: str) -> float:
    _, _, quality = part.partition("q=")
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0

"""The web chat: NiceGUI inside a FastAPI app. `mount` is the way in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from assistant.adapters.web.access import FindKey
    from assistant.adapters.web.streaming import Answering
    from assistant.service import Assistant
    from assistant.settings import Settings

ASSETS = Path(__file__).parent / "assets"


def mount(
    app: FastAPI,
    assistant: Assistant,
    settings: Settings,
    find_key: FindKey | None = None,
    answers: Answering | None = None,
) -> None:
    """Adds the pages `/`, `/library` and `/calculators` to an app, after its own routes; once a process.

    With keys set, a page asks for one first; `find_key` finds whose it is, where keys have names and roles. `answers`
    asks the assistant, where a server has limits that all its doors share.
    """
    from assistant.adapters.web.pages import add_pages

    add_pages(app, assistant, settings, find_key, answers)

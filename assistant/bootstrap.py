"""The only place that wires things together: settings to a library, a library to an Assistant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import LibraryError
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.library import Library
    from assistant.service import Assistant

_PACKAGE = Path(__file__).parent


def bundled(folder: str) -> Path:
    """A folder that comes with the program ("corpus", "prompts"): inside a wheel beside the package's own
    modules, in a checkout beside the package."""
    for place in (_PACKAGE / folder, _PACKAGE.parent / folder):
        if place.is_dir():
            return place
    raise LibraryError(f"the bundled {folder!r} folder is missing; install the program again")


def open_library(settings: Settings, wait: float = 0.0) -> Library:
    """The library in the settings' home, made if it is not there. Raises LibraryError."""
    from assistant.embeddings import from_setting
    from assistant.library import Library as Kept

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    embedding = from_setting(settings.embedding, api_key=key, base_url=settings.openai_base_url, timeout=settings.timeout)
    return Kept.open(settings.home_folder, embedding, wait=wait)


def open_assistant(settings: Settings, *, on_first_use: Callable[[Path], None] | None = None, wait: float = 0.0) -> Assistant:
    """The assistant over the settings' library. Where that is empty and `on_first_use` is given, the bundled
    reports are read in first, after telling it their folder."""
    from assistant.service import Assistant as Service

    assistant = Service(open_library(settings, wait))
    if on_first_use and not assistant.reports():
        corpus = bundled("corpus")
        on_first_use(corpus)
        for _ in assistant.ingest([corpus]):
            pass
    return assistant

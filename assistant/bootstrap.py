"""The only place that wires things together: settings to a library, a library to an Assistant."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import AssistantError, LibraryError
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.chain import Setup
    from assistant.conversations import Conversations
    from assistant.embeddings import Embedding
    from assistant.library import Library
    from assistant.service import Assistant

_PACKAGE = Path(__file__).parent
_REINSTALL = "install the program again"


def bundled(folder: str) -> Path:
    """A folder that comes with the program ("corpus", "prompts"): inside a wheel beside the package's own
    modules, in a checkout beside the package."""
    for place in (_PACKAGE / folder, _PACKAGE.parent / folder):
        if place.is_dir():
            return place
    raise LibraryError(f"the bundled {folder!r} folder is missing; {_REINSTALL}")


def bundled_reports() -> list[Path]:
    """The reports that come with the program: those its manifest names, in that order."""
    corpus = bundled("corpus")
    try:
        entries = json.loads((corpus / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LibraryError(f"the list of the bundled reports can't be read; {_REINSTALL}") from error
    return [corpus / entry["file"] for entry in entries]


def open_library(settings: Settings, wait: float = 0.0) -> Library:
    """The library in the settings' home or on their Chroma server, made if it is not there. Raises LibraryError."""
    from assistant.library import Library as Kept
    from assistant.library import Replica

    if settings.chroma_url:
        return Replica.connect(settings.home_folder, settings.chroma_url, _embedding(settings))
    return Kept.open(settings.home_folder, _embedding(settings), wait=wait)


def open_conversations(settings: Settings) -> Conversations:
    """The conversations where the settings say, those older than the settings allow deleted. Raises LibraryError,
    SettingsError. They need no library, and other programs may have them open too."""
    from assistant.conversations import Conversations as Kept

    keep = timedelta(days=settings.state_days) if settings.state_days else None
    return Kept.open(settings.conversations_url, keep)


def open_assistant(
    settings: Settings, *, on_first_use: Callable[[Path], None] | None = None, wait: float = 0.0
) -> Assistant:
    """The assistant over the settings' library. Where that is empty and `on_first_use` is given, the bundled
    reports are read in first, after telling it their folder."""
    from assistant.service import Assistant as Service

    assistant = Service(open_library(settings, wait), lambda: open_conversations(settings), setup(settings))
    try:
        if on_first_use and not assistant.reports():
            reports = bundled_reports()
            on_first_use(reports[0].parent)
            for outcome in assistant.ingest(reports):
                if outcome.status == "failed":
                    raise LibraryError(f"the bundled {outcome.source}: {outcome.message}; {_REINSTALL}")
    except BaseException:
        assistant.close()
        raise
    return assistant


def diagnose(settings: Settings) -> tuple[list[dict[str, str]], dict[str, int]]:
    """What is wrong with the library, each as {"sentence", "mend"}, and how much it holds (nothing where it can't be
    opened). Whatever opening mends by itself is told too, once."""
    try:
        with open_library(settings) as library:
            infos = library.infos()
            counts = {name: sum(getattr(info, name) for info in infos) for name in ("passages", "tables")}
            found = library.check()
            mended = [{"sentence": notice, "mend": "done while opening it"} for notice in library.notices]
            wrong = [{"sentence": problem.message, "mend": problem.mend} for problem in found]
            return wrong or mended, {"reports": len(infos), **counts}
    except AssistantError as error:  # whose sentences say what is wrong; then what to do
        sentence, _, mend = str(error).partition("; ")
        return [{"sentence": sentence, "mend": mend or "set ASSISTANT_HOME to another folder"}], {}


def reindex(settings: Settings, progress: Callable[[int, int], None] | None = None) -> int:
    """Makes the library's vectors and keyword index anew with the embedding that is set; returns the number of
    passages. `progress` gets (reports done, reports in all). Raises LibraryError; the old state is then in force."""
    from assistant.library import Library as Kept
    from assistant.library import Replica

    home, embedding = settings.home_folder, _embedding(settings)
    if settings.chroma_url:
        with Replica.connect(home, settings.chroma_url, embedding, any_embedding=True) as replica:
            replica.reindex(embedding, progress)
            return sum(info.passages for info in replica.infos())
    with Kept.rebuild(home, embedding, progress=progress) as library:
        return sum(info.passages for info in library.infos())


def backup(settings: Settings, file: Path, progress: Callable[[int, int], None] | None = None) -> int:
    """Writes the library to one file, and returns how many reports it holds. Raises LibraryError."""
    from assistant.library.backup import backup as write

    with open_library(settings) as library:
        return write(library, file, progress)


def restore(settings: Settings, file: Path, progress: Callable[[int, int], None] | None = None) -> int:
    """Adds the reports of a backup that the library lacks, and returns how many. Raises InputError, LibraryError."""
    from assistant.library.backup import restore as read

    with open_library(settings) as library:
        return read(library, file, progress)


def verify(
    settings: Settings, progress: Callable[[int, int], None] | None = None
) -> tuple[list[dict[str, str]], dict[str, int]]:
    """What is wrong with the library, each as {"sentence", "mend"}, after comparing every passage with its report's
    text and with the stores; and how much was compared. Raises LibraryError."""
    with open_library(settings) as library:
        infos = library.infos()
        found = library.check(texts=True, progress=progress)
        counts = {"reports": len(infos), "passages": sum(info.passages for info in infos)}
        return [{"sentence": problem.message, "mend": problem.mend} for problem in found], counts


def _embedding(settings: Settings) -> Embedding:
    from assistant.embeddings import from_setting

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    return from_setting(settings.embedding, timeout=settings.timeout, api_key=key, base_url=settings.openai_base_url)


def setup(settings: Settings) -> Setup:
    """The model that the settings name, opened when a question is asked; and the bundled prompts."""
    from assistant.chain import Setup
    from assistant.models import chat_model
    from assistant.money import Limits
    from assistant.prompts import Prompts

    limits = Limits(settings.max_steps, settings.max_tokens, cost_usd=settings.max_cost)
    name = None if settings.model == "none" else settings.model
    prompts = lambda: Prompts.load(bundled("prompts"))  # noqa: E731
    return Setup(name, lambda: chat_model(settings), prompts, settings.timeout, limits)

"""The words of the terminal chat and the names of its commands, from data/terminal.toml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from assistant.language import fold, written_in
from assistant.messages import Catalogue
from assistant.types import Language

_COMMAND = "command_"
_catalogue = Catalogue("terminal")
say = _catalogue.say


@lru_cache(maxsize=1)
def names() -> Mapping[str, str]:
    """Every name of a command, folded, in both languages, with the command that it is of."""
    entries = _catalogue.entries.items()
    commands = ((key.removeprefix(_COMMAND), entry) for key, entry in entries if key.startswith(_COMMAND))
    return {fold(name): command for command, entry in commands for name in (entry["name_en"], entry["name_zh"])}


def help_rows(language: Language) -> list[tuple[str, str]]:
    """Each command as it is typed, and what it does."""
    keys = [key for key in _catalogue.entries if key.startswith(_COMMAND)]
    return [(usage(key.removeprefix(_COMMAND), language), say(key, language)) for key in keys]


def usage(command: str, language: Language) -> str:
    """A command as it is typed, "/quote N"."""
    entry = _catalogue.entries[_COMMAND + command]
    name = entry["name_en"] if language == "en" else written_in(entry["name_zh"], language)
    return f"/{name} {entry['takes']}".rstrip()

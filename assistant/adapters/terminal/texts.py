"""The words of the terminal chat and the names of its commands, from data/terminal.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from assistant.language import fold, written_in
from assistant.types import Language

_COMMAND = "command_"


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("assistant").joinpath("data/terminal.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=512)
def _template(key: str, language: Language) -> str:
    entry = _catalogue()[key]
    return str(entry["en"] if language == "en" else written_in(entry["zh"], language))


def say(key: str, language: Language, /, **values: object) -> str:
    """The words for `key`, with values put in as they are; Traditional Chinese is made of the Simplified words."""
    template = _template(key, language)
    return template.format(**values) if values else template


@lru_cache(maxsize=1)
def names() -> Mapping[str, str]:
    """Every name of a command, folded, in both languages, with the command that it is of."""
    commands = ((key.removeprefix(_COMMAND), entry) for key, entry in _catalogue().items() if key.startswith(_COMMAND))
    return {fold(name): command for command, entry in commands for name in (entry["name_en"], entry["name_zh"])}


def help_rows(language: Language) -> list[tuple[str, str]]:
    """Each command as it is typed, and what it does."""
    keys = [key for key in _catalogue() if key.startswith(_COMMAND)]
    return [(usage(key.removeprefix(_COMMAND), language), _template(key, language)) for key in keys]


def usage(command: str, language: Language) -> str:
    """A command as it is typed, "/quote N"."""
    entry = _catalogue()[_COMMAND + command]
    name = entry["name_en"] if language == "en" else written_in(entry["name_zh"], language)
    return f"/{name} {entry['takes']}".rstrip()

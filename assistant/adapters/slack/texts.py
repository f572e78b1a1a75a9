"""The words of the Slack bot, by key and language, from data/slack.toml."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files

from assistant.language import written_in
from assistant.types import Language


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("assistant").joinpath("data/slack.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=512)
def _template(key: str, language: Language) -> str:
    entry = _catalogue()[key]
    return entry["en"] if language == "en" else written_in(entry["zh"], language)


def say(key: str, language: Language, /, **values: object) -> str:
    """The words for `key`, with values put in as they are; Traditional Chinese is made of the Simplified words."""
    template = _template(key, language)
    return template.format(**values) if values else template

"""The words that we write, by key and language, from a file of `data/` each. Quotes never pass through here."""

from __future__ import annotations

import tomllib
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from assistant.types import Language

_DATA = Path(__file__).parent / "data"


class Catalogue:
    """The words of one file, read when first asked for: `zh` is Simplified, Traditional is converted from it."""

    def __init__(self, name: str) -> None:
        self._file = _DATA / f"{name}.toml"
        self._template = lru_cache(maxsize=2048)(self._written)

    @cached_property
    def entries(self) -> dict[str, dict[str, Any]]:
        """Every entry of the file by its key."""
        return tomllib.loads(self._file.read_text(encoding="utf-8"))

    def say(self, key: str, language: Language, /, **values: object) -> str:
        """The words for `key` in a language, with their values put in.

        Only our own words are converted; values (names, quotes) stay as they are given.
        """
        template = self._template(key, language)
        return template.format(**values) if values else template

    def _written(self, key: str, language: Language) -> str:
        entry = self.entries[key]
        template = str(entry["en"] if language == "en" else entry["zh"])
        if language != "zh-Hant":
            return template
        from assistant.language import written_in

        return written_in(template, language)


say = Catalogue("messages").say

"""The words by which the checks of figures go: data/grounding.toml."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

CLAUSE_END = re.compile(r"[,，;；。！？!?\n]|\.(?=\s)")


@cache
def vocabulary() -> dict[str, Any]:
    """The words of data/grounding.toml."""
    return tomllib.loads(files("assistant").joinpath("data", "grounding.toml").read_text(encoding="utf-8"))


@cache
def cue(name: str) -> re.Pattern[str]:
    """The pattern of that name, ready made: so many would be too many for the memory that `re` keeps."""
    return re.compile(vocabulary()["words"][name])


@cache
def operations() -> dict[str, re.Pattern[str]]:
    """The operations that a sentence may announce, each with the pattern of its words."""
    return {name: re.compile(pattern) for name, pattern in vocabulary()["derived"].items()}

"""Commands that need no answer: a check of somebody's text, the calculators and look-ups."""

from __future__ import annotations

import shlex
from typing import Any

from assistant.adapters import render
from assistant.adapters.terminal.commands.listing import how, wrong
from assistant.adapters.terminal.desk import Desk
from assistant.language import script_of


def check(desk: Desk, words: str) -> None:
    """A verdict on every figure of a text."""
    if not words:
        raise how(desk, "check")
    desk.show(render.check_text(desk.assistant.check(words), script_of(words)))


def tool(desk: Desk, words: str) -> None:
    """Runs a calculator or a look-up, or lists them."""
    if not words:
        for info in desk.assistant.registry.describe():
            desk.show(f"{info.name}: {info.summary_en if desk.language == 'en' else info.summary_zh}")
        return
    name, *pairs = _words(desk, words)
    made = desk.assistant.registry.run(name, dict(_pair(desk, pair) for pair in pairs))
    desk.show(render.tool_text(made))


def _words(desk: Desk, words: str) -> list[str]:
    try:
        return shlex.split(words)
    except ValueError:
        raise wrong(desk, "unclosed") from None


def _pair(desk: Desk, pair: str) -> tuple[str, Any]:
    key, found, value = pair.partition("=")
    if not found or not key:
        raise wrong(desk, "bad_pair", pair=pair)
    return key, value

"""Spans around the steps of an answer, for whoever collects traces; they cost next to nothing until somebody does.

Names and attributes follow OpenTelemetry's semantic conventions for generative AI. Nothing here imports OpenTelemetry:
the server gives `configure` what opens a span.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

Value = str | int | float | bool | None


class Span(Protocol):
    """A step that is being taken."""

    def set_attribute(self, key: str, value: Any) -> None:
        """Notes something about it."""


Opener = Callable[[str, dict[str, Any]], AbstractContextManager[Span]]


class _Unseen:
    """The span that nobody collects."""

    def set_attribute(self, key: str, value: Any) -> None:
        """Does nothing."""


_UNSEEN = _Unseen()
_opener: Opener | None = None


def configure(opener: Opener | None) -> None:
    """Sets what opens spans from now on; None for nothing."""
    global _opener
    _opener = opener


def collected() -> bool:
    """Whether somebody collects spans."""
    return _opener is not None


@contextmanager
def span(name: str, **attributes: Value) -> Iterator[Span]:
    """A step: `with span("chat gpt-5", **{"gen_ai.operation.name": "chat"}) as step`. Attributes of None are left out.

    Never put a question's or an answer's text into attributes.
    """
    if _opener is None:
        yield _UNSEEN
        return
    with _opener(name, {key: value for key, value in attributes.items() if value is not None}) as opened:
        yield opened

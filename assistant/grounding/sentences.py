"""The sentences of a Markdown text, each with what it cites."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

_MARKER = re.compile(r"\[(?:c?\d{1,3})(?:\s*[,，、]\s*c?\d{1,3})*\]")
_END = re.compile(r"[。！？!?]+[”\"」』)）]*|(?<=[a-z0-9%)\]”\"])\.(?=\s+[A-Z“\"(])")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a text: `text` with its markers blanked, at `start`; the numbers and calculations it cites."""

    text: str
    start: int
    citations: tuple[int, ...] = ()
    calculations: tuple[str, ...] = ()


def sentences(text: str) -> list[Sentence]:
    """The sentences of a Markdown text with what each cites. A marker after the full stop is of the sentence before;
    sentences of a line without a marker share the next one's."""
    made: list[Sentence] = []
    at = 0
    for line in text.splitlines(keepends=True):
        made += _of_line(line.rstrip("\n"), at)
        at += len(line)
    return made


def _of_line(line: str, at: int) -> list[Sentence]:
    blank = _MARKER.sub(lambda m: " " * len(m.group()), line)
    ends = [m.end() for m in _END.finditer(blank)]
    bounds = [0, *(_past_markers(line, end) for end in ends), len(line)]
    made: list[Sentence] = []
    for a, b in pairwise(bounds):
        if blank[a:b].strip():
            marks = [
                mark.strip() for m in _MARKER.finditer(line, a, b) for mark in re.split("[,，、]", m.group()[1:-1])
            ]
            numbers = tuple(int(mark) for mark in marks if mark.isdigit())
            made.append(Sentence(blank[a:b], at + a, numbers, tuple(mark for mark in marks if not mark.isdigit())))
    for i in range(len(made) - 2, -1, -1):
        if not made[i].citations and not made[i].calculations:
            made[i] = replace(made[i], citations=made[i + 1].citations, calculations=made[i + 1].calculations)
    return made


def _past_markers(line: str, end: int) -> int:
    match = re.compile(rf"(?:\s*{_MARKER.pattern})+").match(line, end)
    return match.end() if match else end

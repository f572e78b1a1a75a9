"""A model's text cut, as it arrives, into the pieces that are checked and released one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

PieceKind = Literal["sentence", "heading", "table", "prefix", "newline"]

_KEY = r"(?:k(?:[0-9a-f]{5,}|(?=[a-z]*\d)[0-9a-z]{3,})|c\d{1,3}|\d{1,3}|question)"  # invented ones too
_MARK = rf"(?:(?:\^|(?:key|evidence)[\s:=]*)?\"?{_KEY}\"?)"  # as models vary it
MARKS = re.compile(rf"[ \t]*(?:[\[【]{_MARK}(?:[\s,，、;]+{_MARK})*[\]】]|[(（]k[0-9a-f]{{5,}}[)）])", re.I)
_TRAIL = re.compile(rf"(?:{MARKS.pattern})*[ \t]*", re.I)
_THOUGHTS = ("<think>", "</think>")  # what begins and what ends them
_MARKED = "\0"  # stands for each character of a citation while sentence ends are looked for
_END = re.compile(
    r"[。！？!?]+[”\"」』)）*]*|(?<=[a-z0-9%)\]”\"’\0])\.[”\")*]*(?=\0*[ \t]+[A-Z“\"(一-鿿])"
)
_PREFIX = re.compile(r"[ \t]*(?:[-*+•>][ \t]+|\(?\d{1,2}[.)、）](?:[ \t]+|(?=[^\d\s])))+")
_MAY_BE_PREFIX = re.compile(r"[ \t]*(?:[-*+•>#|]?|\(?\d{0,2}[.)、）]?)[ \t]*\Z")
_HEADING = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\*\*[^*\n]*\*\*[ \t]*[:：]?[ \t]*\n|<[a-z/!])", re.I)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a draft: a sentence with its citations, a heading line, a whole table, the mark of a list item,
    or a line's end."""

    kind: PieceKind
    text: str


class Spoken:
    """What a model says aloud: some servers send its thoughts as text too, between <think> and </think>."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False

    def feed(self, chunk: str) -> str:
        """The chunk without thoughts; what may be the beginning of a tag waits for the next one."""
        self._held += chunk
        aloud = ""
        while True:
            tag = _THOUGHTS[self._thinking]
            before, found, after = self._held.partition(tag)
            if not found:
                break
            aloud += "" if self._thinking else before
            self._held, self._thinking = after, not self._thinking
        waits = next((n for n in range(len(tag) - 1, 0, -1) if self._held.endswith(tag[:n])), 0)
        sure, self._held = self._held[: len(self._held) - waits], self._held[len(self._held) - waits :]
        return aloud if self._thinking else aloud + sure

    def finish(self) -> str:
        """What was waiting, if it is no thought."""
        left, self._held = self._held, ""
        return "" if self._thinking else left


class Cutter:
    """Cuts a text that comes in chunks of any size; a sentence is given as soon as the next one has begun."""

    def __init__(self) -> None:
        self._text = ""
        self._begun = False  # whether the line has a piece already

    def feed(self, chunk: str) -> Iterator[Piece]:
        """The pieces that are complete now."""
        self._text += chunk.replace("\r\n", "\n").replace("\r", "\n")
        yield from self._cut(last=False)

    def finish(self) -> Iterator[Piece]:
        """What is left."""
        yield from self._cut(last=True)

    def _cut(self, last: bool) -> Iterator[Piece]:
        while self._text and (piece := self._next(last)):
            self._text = self._text[len(piece.text) :]
            self._begun = piece.kind != "newline"
            if piece.kind != "sentence" or piece.text.strip():
                yield piece

    def _next(self, last: bool) -> Piece | None:
        line, found, _ = self._text.partition("\n")
        whole = bool(found) or last
        if not self._begun:
            if line.lstrip().startswith("|"):
                return self._table(last)
            if not whole and _MAY_BE_PREFIX.match(line):
                return None
            if _HEADING.match(f"{line}\n" if whole else line) and line.lstrip()[:1] in "#*<":
                return Piece("heading", line) if whole else None
            if line.startswith("**") and not whole and "**" not in line[2:]:
                return None  # may be a heading yet
            if match := _PREFIX.match(line):
                return Piece("prefix", match.group())
        if not line:
            return Piece("newline", "\n") if found else None
        return self._sentence(line, whole)

    def _sentence(self, line: str, whole: bool) -> Piece | None:
        blank = MARKS.sub(lambda m: _MARKED * len(m.group()), line)
        for end in _END.finditer(blank):
            trail = _TRAIL.match(line, end.end())
            at = trail.end() if trail else end.end()
            if at < len(line) and line[at] not in "[【":
                return Piece("sentence", line[:at])
            if at < len(line) and whole:
                continue
            break
        return Piece("sentence", line) if whole else None

    def _table(self, last: bool) -> Piece | None:
        lines = self._text.split("\n")
        rows = 0
        while rows < len(lines) and lines[rows].lstrip().startswith("|"):
            rows += 1
        if rows == len(lines) and not last:
            return None
        if rows < len(lines) and rows == len(lines) - 1 and not lines[rows].strip() and not last:
            return None  # the next line may be a row
        return Piece("table", "\n".join(lines[:rows]))

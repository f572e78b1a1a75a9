"""From draft to answer: each piece is checked as it comes, and only what passes is released.

A sentence passes when each of its figures, dates, names and quotations is shown by the places or calculations that it
cites itself, and what else it says is near enough to them. What does not pass waits for the round of repair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.chain.drafts import MARKS, Cutter, Piece, Spoken
from assistant.chain.pool import Item, Pool
from assistant.chain.support import Claim, owns_up, reasons, supported, supporting, tightened
from assistant.chain.toolbox import UNKNOWN, Toolbox
from assistant.grounding import claims, ground
from assistant.grounding.places import Places
from assistant.grounding.wording import content_words
from assistant.language import written_in
from assistant.messages import say
from assistant.types import Calculation, Citation, Event, Language, Removed, Report, StatedFigure

_KEY = re.compile(r"\b(?:k(?!ey)[0-9a-z]+|c?\d+)", re.I)
_NOT_FOUND = re.compile(r"[\s`*\"'#>-]*NOT[_ ]FOUND\b[\s`*\"'.:：。-]*", re.I)
_NOTHING = re.compile(r"[\s`*\"']*NOTHING\b[\s`*\"'.]*", re.I)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_ADDRESS = re.compile(r"(?:https?|ftp|javascript|data|file):\S+|\bwww\.\S+", re.I)
_TAG = re.compile(r"</?[a-zA-Z!][^>\n]*>?")
_QUOTED = re.compile(r"[“「『\"][^”」』\"]+[”」』\"]")
_HEADING_WORDS = 0.5  # of a heading, in the question or the evidence


@dataclass(frozen=True, slots=True)
class Failure:
    """A sentence that did not pass, and what is wrong with it, in words for a model and for the reader."""

    text: str
    reason: str


class Release:
    """The answer in the making. Feed it the draft; it gives events, what a delta points to before the delta."""

    def __init__(self, question: str, language: Language, pool: Pool, toolbox: Toolbox, places: Places) -> None:
        """`question` is all that the person typed, whose figures count as given."""
        self._question, self._language = question, language
        self._pool, self._toolbox, self._places = pool, toolbox, places
        self._spoken, self._cutter = Spoken(), Cutter()
        self._waiting: list[str] = []  # what stands before a sentence: line ends, list marks, headings
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._said: set[str] = set()
        self._before_this: Claim | None = None  # the sentence that was released last in this paragraph
        self.text = ""
        self.citations: list[Citation] = []
        self.calculations: dict[str, Calculation] = {}
        self.failures: list[Failure] = []
        self.removed: list[Removed] = []
        self.not_found = False
        self.released = 0
        self.reports: dict[str, Report] = {}

    # ---------------------------------------------------------------- the draft comes in

    def feed(self, chunk: str) -> Iterator[Event]:
        """What can be released now that the draft has grown by `chunk`."""
        for piece in self._cutter.feed(self._spoken.feed(chunk)):
            yield from self._taken(piece)

    def finish(self, whole: bool = True) -> Iterator[Event]:
        """The rest of the draft; where it was cut off (`whole` is False) its last, incomplete piece is left out."""
        if whole:
            for piece in (*self._cutter.feed(self._spoken.finish()), *self._cutter.finish()):
                yield from self._taken(piece)
        self.restart()

    def restart(self) -> None:
        """Forgets what is not released yet; the next chunk begins a new draft on a new line."""
        self._spoken, self._cutter = Spoken(), Cutter()
        self._waiting = ["\n"] if self.text and not self.text.endswith("\n") else []

    def failed(self) -> list[Failure]:
        """The sentences that did not pass since the last time, for a repair."""
        taken, self.failures = self.failures, []
        return taken

    def drop(self, failures: Sequence[Failure]) -> None:
        """Puts down what did not pass as removed."""
        self.removed += [Removed(failure.text, failure.reason) for failure in failures]

    def nothing(self, nearest: tuple[Item, str] | None) -> Iterator[Event]:
        """That the reports don't say, with the nearest place there is and how it is put in words."""
        self.not_found = True
        if not nearest:
            yield from self._out(say("not_found", self._language))
            return
        item, text = nearest
        marks, events = self._cited(Claim("", (item,), ()))
        yield from events
        yield from self._out(f"{self._lead()}- {text}{marks}")

    def figures(self) -> tuple[StatedFigure, ...]:
        """The verdict on every figure of the answer so far."""
        return self._grounded(self.text)

    # ---------------------------------------------------------------- piece by piece

    def _taken(self, piece: Piece) -> Iterator[Event]:
        text = piece.text
        if piece.kind == "sentence" and not self.text and (match := _NOT_FOUND.match(text)):
            self.not_found, text = True, text[match.end() :]
        if piece.kind in ("newline", "prefix", "heading"):
            self._hold(piece)
        elif piece.kind == "table":
            yield from self._table(text)
        elif text.strip() and not _NOTHING.fullmatch(text):
            yield from self._sentence(text)

    def _hold(self, piece: Piece) -> None:
        if piece.kind == "newline":
            self._before_this = None
        if piece.kind == "newline" and "".join(self._waiting).endswith("\n\n"):
            return
        if piece.kind == "prefix" and self._waiting and not self._waiting[-1].endswith("\n"):
            self._waiting.pop()  # the mark of an item of which nothing passed
        if piece.kind != "heading" or self._fits(piece.text):
            self._waiting.append(_plain(piece.text))

    def _fits(self, heading: str) -> bool:
        """Whether a heading is made of words of the question or the evidence; any other says what nobody asked."""
        words = content_words(heading)
        known = content_words(self._question).union(*(content_words(i.quote) for i in self._pool.items.values()))
        return len(words & known) >= _HEADING_WORDS * len(words)

    def _sentence(self, text: str) -> Iterator[Event]:
        claim = self._claim(text)
        if not claim.text or claim.text in self._said:
            return
        passed, why = self._passing(claim)
        if passed is None and owns_up(claim.text, self._question):
            passed = replace(claim, items=(), sums=())
        if passed is None:
            if claim.items or claim.sums or claims(claim.text):
                self.failures.append(Failure(claim.text, why))
            return  # what states nothing is left out without a word
        self._said.add(claim.text)
        self._before_this = passed
        marks, events = self._cited(passed)
        body = self._in_script(claim.text, passed.items)
        space = " " if text[-1:].isspace() else ""
        yield from events
        yield from self._out(self._lead() + self._before() + f"{body}{marks}{space}")

    def _table(self, text: str) -> Iterator[Event]:
        """The rows that pass, under their header; a table of which none does is left out."""
        header, *rest = text.split("\n")
        titles = _cells(header)
        lines, events = [MARKS.sub("", _plain(header))], []
        if rest and not re.search(r"[^|\s:-]", rest[0]):
            lines.append(rest.pop(0))
        head = len(lines)
        for row in rest:
            line, made = self._row(row, titles)
            lines += line
            events += made
        if len(lines) > head:
            yield from events
            yield from self._out(self._lead() + self._before() + "\n".join(lines))

    def _row(self, row: str, titles: Sequence[str]) -> tuple[list[str], list[Event]]:
        """A row and its citations. Each cell is checked as a sentence of its row's label and its column's title."""
        claim = self._claim(row)
        cells = _cells(claim.text)
        label = cells[0] if cells else ""
        said = [f"{label} {title}: {cell}" for title, cell in zip(titles[1:], cells[1:], strict=False) if cell.strip()]
        passed, why = self._passing(replace(claim, text="; ".join(said) or label))
        if passed is None:
            self.failures.append(Failure(claim.text.strip(), why))
            return [], []
        marks, events = self._cited(passed)
        body = self._in_script(claim.text.rstrip(), passed.items)
        return [f"{body.removesuffix('|').rstrip()}{marks} |" if body.endswith("|") else f"{body}{marks}"], events

    # ---------------------------------------------------------------- what it rests on

    def _claim(self, text: str) -> Claim:
        """A sentence without its marks, with what they name; keys that were invented are counted and left out."""
        keys = [key.lower() for mark in MARKS.findall(text) for key in _KEY.findall(mark)]
        items = [self._pool.items[key] for key in dict.fromkeys(keys) if key in self._pool.items]
        sums = [self._toolbox.calculations[key] for key in dict.fromkeys(keys) if key in self._toolbox.calculations]
        for key in keys:
            if key not in self._pool.items and key not in self._toolbox.calculations:
                self.removed.append(Removed(f"[{key}]", say("removed_key", self._language)))
        bare = re.sub(r"[ \t]+([。，,.;；:：])", r"\1", MARKS.sub("", _plain(text)))
        return Claim(bare.strip(), tuple(items), tuple(sums))

    def _passing(self, claim: Claim) -> tuple[Claim | None, str]:
        """The claim with places that show it, its own if they do; or None with what is wrong."""
        context = (self._question, self._places, self._language)
        if any(UNKNOWN in made.input_sources.values() for made in claim.sums):
            return None, say("removed_operand", self._language)
        operands = [self._pool.items[key] for made in claim.sums for key in self._operand_keys(made)]
        claim = replace(claim, items=tuple(dict.fromkeys([*claim.items, *operands])))
        sums = [self._numbered(made, claim.items) for made in claim.sums]
        numbered = replace(claim, sums=tuple(sums), earlier=tuple(self._all_numbered(claim.items)))
        if (claim.items or claim.sums) and supported(numbered, *context):
            return claim, ""
        if other := supporting(claim, list(self._pool.items.values()), self._question, self._places):
            return replace(claim, items=other, sums=()), ""
        if self._before_this and supported(self._continued(numbered, self._before_this), *context):
            return replace(claim, items=claim.items or self._before_this.items), ""
        if not claim.items and not claim.sums:
            return None, say("removed_uncited", self._language)
        return None, "; ".join(reasons(numbered, *context)) or say("removed_unrelated", self._language)

    def _continued(self, claim: Claim, before: Claim) -> Claim:
        """A sentence with the one before it, whose subject it may go on about."""
        items = tuple(dict.fromkeys([*claim.items, *before.items]))
        sums = [self._numbered(made, items) for made in (*before.sums, *claim.sums)]
        return Claim(f"{before.text} {claim.text}", items, tuple(sums), tuple(self._all_numbered(items)))

    def _operand_keys(self, made: Calculation) -> Iterator[str]:
        for origin in " ".join(made.input_sources.values()).split():
            if origin in self._pool.items:
                yield origin
            elif origin in self._toolbox.calculations:
                yield from self._operand_keys(self._toolbox.calculations[origin])

    def _all_numbered(self, items: Sequence[Item]) -> Iterator[Calculation]:
        return (self._numbered(made, items) for made in self._toolbox.calculations.values())

    def _numbered(self, made: Calculation, items: Sequence[Item]) -> Calculation:
        """A calculation whose operands name the places of a claim by their number."""
        place = {item.key: f"[{n}]" for n, item in enumerate(items, 1)}
        origins = {
            name: " ".join(place.get(one, one) for one in origin.split())
            for name, origin in made.input_sources.items()
        }
        return replace(made, input_sources=origins)

    # ---------------------------------------------------------------- what goes out

    def _cited(self, claim: Claim) -> tuple[str, list[Event]]:
        """The marks of a claim, and the events of what they point to that were not given yet."""
        events: list[Event] = []
        numbers: dict[str, int] = {}
        for item, start, end in tightened(claim, self._question, self._places, self._language):
            place = (item.report.report_id, start, end)
            if place not in self._numbers:
                self._numbers[place] = len(self._numbers) + 1
                self.reports[item.report.report_id] = item.report
                self.citations.append(item.citation(self._numbers[place], start, end))
                events.append(Event("citation", self.citations[-1]))
            numbers[item.key] = self._numbers[place]
        for made in claim.sums:
            events += self._with_operands(made, numbers)
        marks = [f"[{n}]" for n in sorted(set(numbers.values()))] + [f"[{made.id}]" for made in claim.sums]
        return (" " + "".join(marks) if marks else ""), events

    def _with_operands(self, made: Calculation, numbers: dict[str, int]) -> Iterator[Event]:
        """A calculation, after those it is made from, its operands by the answer's own citation numbers."""
        if made.id in self.calculations:
            return
        origins = {}
        for name, origin in made.input_sources.items():
            parts = []
            for one in origin.split():
                if one in self._toolbox.calculations:
                    yield from self._with_operands(self._toolbox.calculations[one], numbers)
                parts.append(f"[{numbers[one]}]" if one in numbers else one)
            origins[name] = " ".join(parts)
        self.calculations[made.id] = replace(made, input_sources=origins)
        yield Event("calculation", self.calculations[made.id])

    def _out(self, text: str) -> Iterator[Event]:
        self.text += text
        self.released += 1
        yield from (Event("figure", figure) for figure in self._grounded(text))
        yield Event("delta", text)

    def _lead(self) -> str:
        """Before the first sentence of what does not answer: that the reports don't say."""
        return "" if self.text or not self.not_found else say("not_found_nearest", self._language) + "\n\n"

    def _before(self) -> str:
        held, self._waiting = "".join(self._waiting), []
        return held if self.text else held.lstrip("\n")

    def _grounded(self, text: str) -> tuple[StatedFigure, ...]:
        sums = list(self.calculations.values())
        return ground(text, self.citations, sums, self._question, self._language, self.reports, self._places)

    def _in_script(self, text: str, items: Sequence[Item]) -> str:
        """Our own words in the asker's script; what is quoted from the evidence stays as it is printed."""
        if self._language == "en":
            return text
        made, at = [], 0
        for match in _QUOTED.finditer(text):
            if any(match.group()[1:-1] in item.quote for item in items):
                made += [written_in(text[at : match.start()], self._language), match.group()]
                at = match.end()
        return "".join([*made, written_in(text[at:], self._language)])


def _plain(text: str) -> str:
    """A draft's text without links, pictures, addresses and tags, which evidence never needs."""
    return _TAG.sub("", _ADDRESS.sub("", _LINK.sub(r"\1", text)))


def _cells(row: str) -> list[str]:
    return [MARKS.sub("", cell).strip() for cell in row.strip().strip("|").split("|")]

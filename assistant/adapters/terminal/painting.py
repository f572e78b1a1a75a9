"""An answer on the terminal as it arrives: words with the verdict on every figure, tables drawn, sources as notes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator

from rich.status import Status
from rich.text import Text

from assistant.adapters.render import plain, spent_text
from assistant.adapters.terminal import tables
from assistant.adapters.terminal.desk import Desk
from assistant.adapters.terminal.texts import say, usage
from assistant.adapters.terminal.wrapping import Wrapped
from assistant.tools import shown_result
from assistant.types import Answer, Calculation, Citation, Event, Language, StatedFigure

MARKS = {"quoted": "✓", "rounded": "≈", "derived": "ƒ", "given": "○", "unverified": "✗"}
STYLES = {"quoted": "green", "rounded": "green", "derived": "magenta", "given": "blue", "unverified": "bold red"}
_NOTE = re.compile(r"\[(c?\d+)\]")
_LINE_START = re.compile(r"(?P<item>\s*(?:[-*+]|\d{1,3}[.)])\s+)|(?P<heading>#{1,6}\s+)")
_STRONG = re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")


def paint(desk: Desk, events: Iterable[Event]) -> Answer:
    """Prints an answer while its events come; returns it."""
    painter = _Painter(desk)
    painter.take(Event("status", say("working", desk.language)))
    for event in events:
        painter.take(event)
    painter.finish()
    answer: Answer = event.data
    below(desk, answer)
    return answer


def events_of(answer: Answer) -> Iterator[Event]:
    """A kept answer as events."""
    yield from (Event("citation", citation) for citation in answer.citations)
    yield from (Event("calculation", calculation) for calculation in answer.calculations)
    yield from (Event("figure", figure) for figure in answer.figures)
    yield from (Event("delta", answer.text), Event("answer", answer))


class _Painter:
    """One answer in the making: what was pointed to so far, and a table that is not whole yet."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.out = Wrapped(desk.out)
        self.notes: set[str] = set()
        self.figures: deque[StatedFigure] = deque()
        self.table = ""
        self.line_style = ""
        self.status: Status | None = None

    def take(self, event: Event) -> None:
        """Prints what an event brings."""
        match event.kind:
            case "status":
                self._doing(event.data)
            case "citation":
                self.notes.add(str(event.data.n))
            case "calculation":
                self.notes.add(event.data.id)
            case "figure":
                self.figures.append(event.data)
            case "delta":
                self._quiet()
                for line in plain(event.data).splitlines(keepends=True):
                    self._line(line)

    def finish(self) -> None:
        """Prints what was held back, and ends the line."""
        self._quiet()
        self._draw_table()
        self.out.end_line()

    def _doing(self, status: str) -> None:
        """Says what is being done until words come, where a person watches a terminal that can take it back."""
        if not self.desk.interactive or not self.desk.out.is_terminal or self.desk.out.is_dumb_terminal:
            return
        self._quiet()
        self.out.end_line()
        self.status = self.desk.out.status(Text(plain(status), "dim", no_wrap=True, overflow="ellipsis"))
        self.status.start()

    def _quiet(self) -> None:
        if self.status:
            self.status.stop()
            self.status = None

    def _line(self, line: str) -> None:
        """A line or a part of one; lines of a table wait for the rest of it."""
        at_start = not self.out.column
        if (self.table and not self.table.endswith("\n")) or (at_start and line.startswith("|")):
            self.table += line
            return
        self._draw_table()
        if at_start:
            line = self._begun(line)
        self.out.write(self._styled(line))

    def _begun(self, line: str) -> str:
        """The beginning of a line: a list's mark is printed and indents what follows, a heading's is not."""
        match = _LINE_START.match(line)
        self.out.indent = 0
        self.line_style = "bold" if match and match["heading"] else ""
        if not match:
            return line
        if item := match["item"]:
            mark = re.sub(r"[-*+]", "•", item)
            self.out.write(Text(mark.rstrip() + " "))
            self.out.indent = self.out.column + 1
        return line[match.end() :]

    def _draw_table(self) -> None:
        text, self.table = self.table, ""
        if not text:
            return
        grid = tables.of_markdown(text, self._styled)
        if grid:
            self.desk.draw(tables.drawn(grid, self.desk.out))
        else:
            self.out.write(self._styled(text))

    def _styled(self, text: str) -> Text:
        """Words with a mark after every figure, in the order in which the figures are stated."""
        strong = [match[1] for match in _STRONG.finditer(text)]
        text = _STRONG.sub(r"\1", text)
        out, at = Text(style=self.line_style), 0
        while self.figures and (found := _place(self.figures[0], text, at)):
            verdict = self.figures.popleft().verdict
            out.append(text[at : found[0]])
            out.append(text[found[0] : found[1]] + MARKS[verdict], STYLES[verdict])
            at = found[1]
        out.append(text[at:])
        out.highlight_words(strong, "bold")
        for note in _NOTE.finditer(out.plain):
            if note[1] in self.notes:
                out.stylize("cyan", *note.span())
        return out


def _place(figure: StatedFigure, text: str, at: int) -> tuple[int, int] | None:
    """Where a text states a figure, from `at` on; never within a longer number."""
    stated = plain(figure.text)
    before = r"(?<![\d.,])" if stated[:1].isdigit() else ""
    after = r"(?!\d)" if stated[-1:].isdigit() else ""
    match = re.compile(before + re.escape(stated) + after).search(text, at)
    return match.span() if match else None


# ---------------------------------------------------------------- what stands below


def below(desk: Desk, answer: Answer) -> None:
    """Tables of the rows cited, the sources and calculations as notes, warnings, and a line about the figures."""
    for name, grid in tables.of_answer(answer, desk.report_of):
        if tables.fits(grid, desk.out):  # else the words say it as well, and /quote draws it row by row
            desk.show(f"\n{name}", "bold")
            desk.draw(tables.drawn(grid, desk.out))
    desk.show("")
    language = answer.language
    for citation in answer.citations:
        desk.show(f"[{citation.n}] {place(citation, language)}", "dim")
    for made in answer.calculations:
        desk.show(f"[{made.id}] {calculated(made)}", "dim")
    for warning in answer.warnings:
        desk.show(f"! {warning}", "yellow")
    for line in _facts(answer):
        desk.show(line, "dim")


def place(citation: Citation, language: Language) -> str:
    """Where a citation stands, on one line."""
    page = say("page", language, page=citation.page) if citation.page else None
    parts = (citation.source, citation.issuer, citation.date, page, citation.section)
    return " · ".join(" ".join(plain(part).split()) for part in parts if part)


def calculated(made: Calculation) -> str:
    """A calculation on one line: formula, and numbers put in with the result."""
    found = "" if re.search(r"[=≈]", made.substituted) else f" = {shown_result(made)}"
    return f"{made.formula}: {made.substituted}{found}"


def _facts(answer: Answer) -> Iterator[str]:
    language = answer.language
    counts = {verdict: sum(figure.verdict == verdict for figure in answer.figures) for verdict in MARKS}
    told = [f"{MARKS[v]} {say(f'count_{v}', language, count=count)}" for v, count in counts.items() if count]
    if told:
        why = usage("why", language)
        yield say("figures", language, count=len(answer.figures), verdicts=" · ".join(told), why=why)
    if answer.removed:
        yield say("removed_some", language, count=len(answer.removed), removed=usage("removed", language))
    if answer.model:
        yield spent_text(answer)

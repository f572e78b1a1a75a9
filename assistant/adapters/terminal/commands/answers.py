"""Commands about the last answer: a source's own words, where a figure comes from, what was removed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from assistant import messages
from assistant.adapters.render import plain
from assistant.adapters.terminal import tables
from assistant.adapters.terminal.commands.listing import wrong
from assistant.adapters.terminal.desk import Desk
from assistant.adapters.terminal.painting import MARKS, STYLES, calculated, place
from assistant.adapters.terminal.texts import say, usage
from assistant.language import fold
from assistant.types import Answer, Calculation, Citation, StatedFigure


def quote(desk: Desk, words: str) -> None:
    """A source's own words; of a table its rows."""
    answer = _answer(desk)
    wanted = words.strip("[] ")
    citation = next((c for c in answer.citations if str(c.n) == wanted), None)
    if citation:
        _show_quote(desk, citation)
    elif not answer.citations:
        raise wrong(desk, "no_notes")
    else:
        notes = " ".join(f"[{c.n}]" for c in answer.citations)
        raise wrong(desk, "no_note", n=wanted, notes=notes)


def _show_quote(desk: Desk, citation: Citation) -> None:
    where = say("characters", desk.language, source=citation.source, start=citation.start, end=citation.end)
    desk.show(f"[{citation.n}] {place(citation, desk.language)}", "bold")
    desk.show(where, "dim")
    table = tables.of_citation(citation, desk.report_of(citation.report_id))
    if table:
        desk.show(f"\n{table[0]}", "bold")
        desk.draw(tables.drawn(table[1], desk.out))
    else:
        desk.show(f"“{citation.quote}”")


def why(desk: Desk, words: str) -> None:
    """The figures of the answer, or where one of them comes from."""
    answer = _answer(desk)
    if words:
        number, figure = _figure(desk, answer.figures, words)
        _show_figure(desk, number, figure)
        _show_source(desk, answer, figure)
    elif not answer.figures:
        desk.tell("no_figures")
    else:
        for number, figure in enumerate(answer.figures, 1):
            _show_figure(desk, number, figure)


def _figure(desk: Desk, figures: Sequence[StatedFigure], wanted: str) -> tuple[int, StatedFigure]:
    """A figure by its number in the list, else by how it is written."""
    numbered = list(enumerate(figures, 1))
    for number, figure in numbered:
        if wanted == str(number):
            return number, figure
    for number, figure in numbered:
        if fold(wanted) in fold(figure.text):
            return number, figure
    raise wrong(desk, "no_figure", name=wanted, why=usage("why", desk.language))


def _show_figure(desk: Desk, number: int, figure: StatedFigure) -> None:
    verdict = messages.say(f"verdict_{figure.verdict}", desk.language)
    source = f" · {figure.source}" if figure.source else ""
    mark = Text(f"{plain(figure.text)} {MARKS[figure.verdict]}", STYLES[figure.verdict])
    desk.draw(Text.assemble(f"{number}. ", mark, f" {verdict}{plain(source)}"))


def _show_source(desk: Desk, answer: Answer, figure: StatedFigure) -> None:
    key = (figure.source or "").strip("[]")
    calculations = {made.id: made for made in answer.calculations}
    citations = {str(c.n): c for c in answer.citations}
    if key in citations:
        _show_quote(desk, citations[key])
    elif key in calculations:
        for line in _calculation(desk, calculations[key], citations):
            desk.show(line)
    else:
        desk.tell("source_question" if figure.verdict == "given" else "source_none")


def _calculation(desk: Desk, made: Calculation, citations: dict[str, Citation]) -> Iterator[str]:
    """A calculation with each of its operands and where that comes from."""
    yield f"[{made.id}] {calculated(made)}"
    for name, value in made.inputs.items():
        if source := made.input_sources.get(name):
            yield f"  {name} = {_value(value)} ← {_operand(desk, source, citations)}"
    yield from (f"  {step}" for step in made.steps)
    yield from (f"  [{c.n}] {place(c, desk.language)}" for c in made.citations)


def _value(value: Any) -> str:
    """An operand for people: "209,700,000,000 CNY", "100, 110, 120"."""
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    if not isinstance(value, dict):
        return str(value)
    if not set(value) <= {"value", "unit"}:
        return "; ".join(f"{name} = {_value(part)}" for name, part in value.items())
    digits = re.sub(r"^(-?)(\d{5,})", lambda match: f"{match[1]}{int(match[2]):,}", str(value["value"]))
    return f"{digits} {value.get('unit') or ''}".strip()


def _operand(desk: Desk, source: str, citations: dict[str, Citation]) -> str:
    citation = citations.get(source.strip("[]"))
    if citation:
        return f"[{citation.n}] {place(citation, desk.language)}"
    return say("source_question", desk.language) if source == "question" else source


def removed(desk: Desk, _: str) -> None:
    """What the checks took out."""
    removed = _answer(desk).removed
    for one in removed:
        desk.show(f"− {one.text}: {one.reason}")
    if not removed:
        desk.tell("nothing_removed")


def _answer(desk: Desk) -> Answer:
    if desk.answer is None:
        raise wrong(desk, "no_answer")
    return desk.answer

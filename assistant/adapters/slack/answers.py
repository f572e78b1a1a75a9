"""An answer as Slack's messages: words, tables, calculations, sources, verdicts and cost, within Slack's limits.

What comes from reports goes into rich text and table blocks, where nothing is markup, or is escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from assistant.adapters.slack.tables import Sheet, cited, from_markdown, is_row
from assistant.adapters.slack.texts import say
from assistant.adapters.slack.wording import escaped, markdown, pieces, shortened
from assistant.tools import shown_result
from assistant.types import Answer, Calculation, Citation, Language, Report, StatedFigure

Block = dict[str, Any]

ROOM = 12_000  # characters of a message's blocks as JSON; Slack refuses some 13,200, and 12,000 of Markdown
_MOST_BLOCKS = 45  # of 50
_MARKDOWN = 6_000  # characters of one markdown block
_LINES, _MOST_LINES = 2_800, 30  # characters and lines of one block of lines
_OPTIONS = 40  # of one menu; Slack takes 100, but finds their block too long
_NOTICE = 2_900  # characters of a message's text, which notifications show
_SENTENCE = re.compile(r"(?:[。！？；]|[.!?;](?=\s))(?:\s*\[c?\d+\])*")
MARKS = {"quoted": "✓", "rounded": "≈", "derived": "ƒ", "given": "○", "unverified": "⚠"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its blocks, and the text that notifications and screen readers take."""

    text: str
    blocks: list[Block]


@dataclass
class Words:
    """An answer's words on their way: what may be sent is given back, tables are taken out, doubtful figures marked."""

    language: Language
    doubtful: list[str] = field(default_factory=list)
    tables: list[Sheet] = field(default_factory=list)
    _held: str = ""
    _rows: list[str] = field(default_factory=list)
    _at_start: bool = True

    def figure(self, stated: StatedFigure) -> None:
        """A figure that is going to be stated."""
        if stated.verdict == "unverified":
            self.doubtful.append(stated.text)

    def feed(self, delta: str) -> str:
        """Markdown that can be sent now: whole lines, and whole sentences of the last one."""
        self._held += delta
        ready = ""
        while "\n" in self._held:
            line, _, self._held = self._held.partition("\n")
            ready += self._line(line)
        if not self._rows and not (self._at_start and is_row(self._held)):
            end = max((match.end() for match in _SENTENCE.finditer(self._held)), default=0)
            # a mark of the sentence may still be to come
            if end and self._held[end:].strip() and not self._held[end:].lstrip().startswith("["):
                ready += self._sent(self._held[:end])
                self._held, self._at_start = self._held[end:], False
        return ready

    def rest(self) -> str:
        """What is left at the end."""
        ready = self._line(self._held).removesuffix("\n") if self._held else ""
        self._held = ""
        return ready + self._table()

    def _line(self, line: str) -> str:
        if self._at_start and is_row(line):
            self._rows.append(line)
            return ""
        self._at_start = True
        return self._table() + self._sent(line) + "\n"

    def _table(self) -> str:
        rows, self._rows = self._rows, []
        if not rows:
            return ""
        name = say("table", self.language, number=len(self.tables) + 1)
        sheet = from_markdown(rows, name)
        if sheet is None:
            return "".join(f"{self._sent(row)}\n" for row in rows)
        self.tables.append(sheet)
        return f"_{name}_\n"

    def _sent(self, text: str) -> str:
        return markdown(self._marked(text))

    def _marked(self, text: str) -> str:
        at = 0
        while self.doubtful:
            before = r"(?<![\d.,])" if self.doubtful[0][:1].isdigit() else ""
            found = re.compile(before + re.escape(self.doubtful[0])).search(text, at)
            if found is None:
                break
            at = found.end() + 2
            text = f"{text[: found.end()]} {MARKS['unverified']}{text[found.end() :]}"
            self.doubtful.pop(0)
        return text


@dataclass(frozen=True, slots=True)
class Layout:
    """How answers are laid out: links to the web chat where it has a public address, tables of which reports."""

    public_url: str | None = None
    report_of: Callable[[str], Report | None] = lambda _: None
    room: int = ROOM

    def messages(self, answer: Answer, more: Sequence[Block] = (), head: Sequence[Block] = ()) -> list[Message]:
        """A whole answer; `head` stands before it, `more` are blocks to act on it."""
        words = Words(answer.language)
        for figure in answer.figures:
            words.figure(figure)
        body = words.feed(answer.text) + words.rest()
        size = min(_MARKDOWN, self.room // 2)
        units: list[list[Block]] = [[block] for block in head]
        units += [[{"type": "markdown", "text": piece}] for piece in pieces(body, size) if piece.strip()]
        return self._packed([*units, *self._tail(answer, words.tables, more)], answer)

    def tail(self, answer: Answer, tables: Sequence[Sheet]) -> list[Message]:
        """What stands below the words of an answer that are there already."""
        return self._packed(self._tail(answer, tables, ()), answer)

    def files(self, answer: Answer) -> list[Sheet]:
        """The tables of an answer that are too large to show."""
        words = Words(answer.language)
        words.feed(answer.text)
        words.rest()
        return [sheet for sheet in [*words.tables, *cited(answer, self.report_of)] if sheet.is_large]

    def _tail(self, answer: Answer, tables: Sequence[Sheet], more: Sequence[Block]) -> list[list[Block]]:
        units: list[list[Block]] = []
        for sheet in [*tables, *cited(answer, self.report_of)]:
            units.append(_sheet(sheet, answer.language))
        units += [[context(warning)] for warning in answer.warnings]
        units += [[block] for block in lines_as_blocks(_calculation(made) for made in answer.calculations)]
        units += [[block] for block in lines_as_blocks(self._source(cited) for cited in answer.citations)]
        if answer.answer_id and answer.citations:
            units += [[block] for block in _quotes(answer, answer.answer_id)]
        units.append([context(" · ".join(facts(answer)))])
        if answer.answer_id:
            units.append([feedback(answer.answer_id, answer.language)])
        return [*units, *([block] for block in more)]

    def _source(self, citation: Citation) -> list[Block]:
        """A citation on one line: its number leads to the place, where there is a link to it."""
        number = f"[{citation.n}]"
        url = self.link(citation)
        first: Block = {"type": "link", "url": url, "text": number} if url else {"type": "text", "text": number}
        return [first, {"type": "text", "text": f" {place(citation)}\n"}]

    def link(self, citation: Citation) -> str | None:
        """Where the web chat shows a citation's place."""
        if not self.public_url:
            return None
        asked = urlencode({"report": citation.report_id, "start": citation.start, "end": citation.end})
        return f"{self.public_url.rstrip('/')}/?{asked}"

    def _packed(self, units: Iterable[list[Block]], answer: Answer) -> list[Message]:
        """Units of blocks in as few messages as Slack's limits allow, each with one table at most."""
        pages: list[list[Block]] = [[]]
        for unit in units:
            if pages[-1] and not self._fits([*pages[-1], *unit]):
                pages.append([])
            pages[-1] += unit
        notice = next(pieces(escaped(answer.text), _NOTICE), "") or say("answer", answer.language)
        return [Message(notice if number == 0 else say("more", answer.language), page)
                for number, page in enumerate(pages)]  # fmt: skip

    def _fits(self, blocks: list[Block]) -> bool:
        tables = sum(block["type"] == "table" for block in blocks)
        return tables <= 1 and len(blocks) <= _MOST_BLOCKS and size_of(blocks) <= self.room


def size_of(blocks: Sequence[Block]) -> int:
    """How large Slack finds blocks, in characters."""
    return len(json.dumps(blocks, ensure_ascii=False))


def place(citation: Citation, length: int = 300) -> str:
    """Where a citation stands, on one line: the report, then the characters of its text."""
    page = f"p. {citation.page}" if citation.page else None
    parts = (citation.issuer, citation.title, citation.date, page, citation.section)
    where = f"{citation.source} {citation.start}–{citation.end}"
    return f"{shortened(' · '.join(part for part in parts if part), length)} · {shortened(where, 150)}"


def _calculation(made: Calculation) -> list[Block]:
    found = "" if re.search(r"[=≈]", made.substituted) else f" = {shown_result(made)}"
    line = shortened(f"{made.formula}: {made.substituted}{found}", 1_000)
    return [{"type": "text", "text": f"[{made.id}]"}, {"type": "text", "text": f" {line}\n"}]


def lines_as_blocks(lines: Iterable[list[Block]]) -> list[Block]:
    """Lines of rich text elements in blocks of a size that Slack takes."""
    blocks: list[list[Block]] = []
    room = left = 0
    for line in lines:
        size = sum(len(element["text"]) + len(element.get("url", "")) for element in line)
        if size > room or not left:
            blocks.append([])
            room, left = _LINES, _MOST_LINES
        blocks[-1] += line
        room, left = room - size, left - 1
    return [rich(elements) for elements in blocks]


def rich(elements: list[Block], kind: str = "rich_text_section") -> Block:
    """A block of text in which nothing is markup."""
    return {"type": "rich_text", "elements": [{"type": kind, "elements": elements}]}


def plain_blocks(text: str, kind: str = "rich_text_section") -> list[Block]:
    """Text as it is, in blocks of a size that Slack takes."""
    return [rich([{"type": "text", "text": piece}], kind) for piece in pieces(text, _LINES)]


def context(text: str) -> Block:
    """A small line; nothing in it is markup."""
    return {"type": "context", "elements": [plain(shortened(text, 1_900) or "–")]}


def plain(text: str) -> Block:
    """A text object in which nothing is markup."""
    return {"type": "plain_text", "text": text, "emoji": False}


def button(text: str, action: str, value: str, style: str | None = None) -> Block:
    """A button that sends `value`."""
    made: Block = {"type": "button", "action_id": action, "text": plain(shortened(text, 75)), "value": value}
    return made | {"style": style} if style else made


def _sheet(sheet: Sheet, language: Language) -> list[Block]:
    if sheet.is_large:
        return [context(say("table_attached", language, name=sheet.name))]
    return [context(sheet.name), sheet.block()] if sheet.name else [sheet.block()]


def _quotes(answer: Answer, answer_id: str) -> list[Block]:
    """Menus of the citations; choosing one opens its quote."""
    options = [
        {"text": plain(shortened(f"[{c.n}] {place(c)}", 75)), "value": f"{answer_id}:{c.n}"} for c in answer.citations
    ]
    menus = [
        {
            "type": "static_select",
            "action_id": f"quote_{first}",
            "placeholder": plain(say("quote_menu", answer.language)),
            "options": options[first : first + _OPTIONS],
        }
        for first in range(0, len(options), _OPTIONS)
    ]
    return [{"type": "actions", "elements": [menu]} for menu in menus]


def feedback(answer_id: str, language: Language) -> Block:
    """Slack's own buttons for good and bad."""

    def pressed(rating: str) -> Block:
        return {"text": plain(say(f"rate_{rating}", language)), "value": f"{rating}:{answer_id}"}

    buttons = {"positive_button": pressed("up"), "negative_button": pressed("down")}
    element = {"type": "feedback_buttons", "action_id": "feedback", **buttons}
    return {"type": "context_actions", "elements": [element]}


def facts(answer: Answer) -> list[str]:
    """Verdicts, as-of date, seconds, tokens and cost, in words."""
    language = answer.language
    found = []
    for verdict, mark in MARKS.items():
        if count := sum(figure.verdict == verdict for figure in answer.figures):
            found.append(f"{mark} {say(f'count_{verdict}', language, count=count)}")
    if answer.removed:
        found.append(say("removed", language, count=len(answer.removed)))
    if answer.as_of:
        found.append(say("as_of", language, date=answer.as_of))
    found.append(say("seconds", language, seconds=f"{answer.seconds:.1f}" if answer.seconds >= 0.05 else "<0.1"))
    if answer.model is None:
        return [*found, say("no_model", language)]
    tokens = answer.usage.input_tokens + answer.usage.output_tokens
    cost = answer.usage.cost_usd
    return [*found, answer.model, say("tokens", language, count=f"{tokens:,}"),
            _money(Decimal(cost)) if cost is not None else say("cost_unknown", language)]  # fmt: skip


def _money(usd: Decimal) -> str:
    return f"${usd:.2f}" if usd == 0 or usd >= 1 else f"${usd:.4f}"


def quote_view(answer: Answer, citation: Citation, link: str | None) -> dict[str, Any]:
    """A modal with a citation's own words."""
    language = answer.language
    blocks = [context(place(citation)), *plain_blocks(citation.quote or " ", "rich_text_quote")[:40]]
    if link:
        opening = {"type": "button", "action_id": "open", "text": plain(say("open_source", language)), "url": link}
        blocks.append({"type": "actions", "elements": [opening]})
    title, close = say("quote_title", language, n=citation.n), say("close", language)
    return {"type": "modal", "title": plain(title[:24]), "close": plain(close), "blocks": blocks}

"""The pane beside the conversation: the place that a citation or a figure points to, or a calculation in full."""

from __future__ import annotations

from typing import Any

from nicegui import run, ui

from assistant.adapters.web.answer import calculation_nodes, place
from assistant.adapters.web.controls import element, press, replace_text
from assistant.adapters.web.desk import Desk
from assistant.adapters.web.nodes import Node, Nodes, node, words
from assistant.adapters.web.sheets import Span, as_nodes, cell_stating, table_at
from assistant.adapters.web.texts import say
from assistant.types import Answer, Calculation, Citation, Report, Table

_AROUND = 4_000  # characters shown on either side of a quote, and more at a time
_TABLE_KINDS = ("table", "table_row", "table_cell")


class SourcePane:
    """Made once a page; `cite`, `figure` and `calculation` open it on something."""

    def __init__(self, desk: Desk, beside: ui.element) -> None:
        self.desk = desk
        self.answer: Answer | None = None
        self.citation: Citation | None = None
        self.report_id = ""
        self.marked: Span = (0, 0)
        self.way = "text"
        self.around = (_AROUND, _AROUND)
        with beside:
            self.build()

    def say(self, key: str, **values: object) -> str:
        return say(key, self.desk.language, **values)

    def build(self) -> None:
        with element("aside", classes="pane", aria_label=self.say("source"), tabindex="-1") as self.root:
            with element("header"):
                self.title = element("h2", self.say("source"))
                with element("div", classes="steps") as self.steps:
                    press(self.say("previous"), lambda: self.step(-1), icon_name="back", wordy=False)
                    self.count = element("span", classes="muted", aria_live="polite")
                    press(self.say("next"), lambda: self.step(1), icon_name="next", wordy=False)
                press(self.say("close"), self.close, icon_name="close", wordy=False, kind="plain close")
            self.about = Nodes([])
            with element("div", classes="ways", role="group", aria_label=self.say("show_as")) as self.ways:
                ways = ("page", "table", "text")
                self.buttons = {way: press(self.say(f"way_{way}"), self._turner(way)) for way in ways}
            self.body = element("div", classes="body", tabindex="0", role="region", aria_label=self.say("source"))

    def _turner(self, way: str) -> Any:
        async def turn() -> None:
            self.way = way
            await self.draw()

        return turn

    # ------------------------------------------------------------ what it is opened on

    async def cite(self, answer: Answer, n: int, marked: Span | None = None, note: Node | None = None) -> None:
        """Opens on citation `n`; `marked` narrows the mark (to a cell), `note` says why it is looked at."""
        citation = next((c for c in answer.citations if c.n == n), None)
        if citation is None:
            return
        self.answer, self.citation = answer, citation
        self.marked = marked or (citation.start, citation.end)
        self.around = (_AROUND, _AROUND)
        report = await run.io_bound(self.desk.report_of, citation.report_id)
        ways = _ways(report, self.marked)
        self.way = ("table" if citation.kind in _TABLE_KINDS and "table" in ways else ways[0]) if ways else "text"
        self._show(self.say("source"), [*([note] if note else []), _about(citation, self.desk)])
        self.steps.set_visibility(len(answer.citations) > 1)
        replace_text(self.count, f"{[c.n for c in answer.citations].index(n) + 1} / {len(answer.citations)}")
        await self.draw(report)

    async def figure(self, answer: Answer, index: int) -> None:
        """Opens on what a stated figure rests on: the cell or quote, or the calculation."""
        figure = answer.figures[index]
        verdict = node("span", words(figure.text), class_=f"fig {figure.verdict}")
        note = node("p", verdict, " ", say(f"verdict_{figure.verdict}", self.desk.language), class_="asked")
        source = (figure.source or "").strip("[]")
        if source.isdigit():
            citation = next((c for c in answer.citations if c.n == int(source)), None)
            await self.cite(answer, int(source), await run.io_bound(self._cell, citation, figure.value), note)
        elif made := next((c for c in answer.calculations if c.id == source), None):
            self.calculation(answer, made, note)
        else:
            key = "figure_given" if figure.verdict == "given" else "figure_unverified"
            self._plain(self.say("figure"), [note, node("p", self.say(key), class_="muted")])

    def calculation(self, answer: Answer, made: Calculation, note: Node | None = None) -> None:
        """Opens on a calculation, whose operands lead on."""
        self.answer, self.citation = answer, None
        shown = calculation_nodes(made, answer, self.desk.language)
        title = self.say("calculation", name=made.tool.replace("_", " "))
        self._plain(title, [*([note] if note else []), node("section", *shown, class_="calculation")])

    def _cell(self, citation: Citation | None, value: str) -> Span | None:
        report = self.desk.report_of(citation.report_id) if citation else None
        table = table_at(report, citation.start) if report and citation else None
        return cell_stating(table, (citation.start, citation.end), value) if table and citation else None

    async def read(self, report: Report, marked: Span = (0, 0)) -> None:
        """Opens on a report from its beginning, or on characters of it that are to be marked."""
        self.answer = self.citation = None
        self.marked = marked
        self.around = (_AROUND, _AROUND * 4)
        self.way = _ways(report, marked)[0]
        self._show(words(report.title), [_particulars(report, self.desk)])
        self.steps.set_visibility(False)
        await self.draw(report)

    # ------------------------------------------------------------ showing

    def _plain(self, title: str, nodes: list[Node]) -> None:
        self._show(title, [])
        self.ways.set_visibility(False)
        self.steps.set_visibility(False)
        self.body.clear()
        with self.body:
            Nodes(nodes, self._acted)

    def _show(self, title: str, about: list[Node]) -> None:
        replace_text(self.title, title)
        self.about.show(about)
        if "open" not in self.root.classes:
            self.root.classes("open")
        ui.run_javascript("document.querySelector('.pane').focus({preventScroll: true})")

    def close(self) -> None:
        """Puts the pane away and the keyboard back to where it was opened from."""
        self.root.classes(remove="open")
        ui.run_javascript("desk.back()")

    async def step(self, by: int) -> None:
        """Goes to the next citation of the answer."""
        if self.answer and self.citation:
            numbers = [c.n for c in self.answer.citations]
            at = (numbers.index(self.citation.n) + by) % len(numbers)
            await self.cite(self.answer, numbers[at])

    async def _acted(self, act: str, value: Any) -> None:
        if act == "cite" and self.answer:
            await self.cite(self.answer, int(value))
        elif act == "calc" and self.answer:
            made = next((c for c in self.answer.calculations if c.id == value), None)
            if made:
                self.calculation(self.answer, made)
        elif act in ("earlier", "later"):
            more = [4 * _AROUND if act == side else 0 for side in ("earlier", "later")]
            self.around = (self.around[0] + more[0], self.around[1] + more[1])
            await self.draw(scroll=False)

    async def draw(self, report: Report | None = None, scroll: bool = True) -> None:
        """Shows the place in the way chosen: the page's picture, the table, or the text."""
        report_id = self.citation.report_id if self.citation else self.report_id
        report = report or await run.io_bound(self.desk.report_of, report_id)
        self.body.clear()
        if report is None:
            self.ways.set_visibility(False)
            with self.body:
                quote = node("blockquote", words(self.citation.quote)) if self.citation else ""
                Nodes([node("p", self.say("report_gone"), class_="warning"), quote])
            return
        self.report_id = report.report_id
        self._offer(_ways(report, self.marked))
        with self.body:
            await self._drawn(report)
        if scroll:
            ui.run_javascript("desk.mark()")

    async def _drawn(self, report: Report) -> None:
        table = table_at(report, self.marked[0])
        if self.way == "table" and table:
            Nodes(as_nodes(table, self.marked))
        elif self.way == "page":
            self._pages(report)
        else:
            shown = await run.io_bound(_text, report, self.marked, self.around, self.desk)
            Nodes(shown or [], self._acted)

    def _offer(self, ways: list[str]) -> None:
        self.ways.set_visibility(len(ways) > 1)
        for way, made in self.buttons.items():
            made.set_visibility(way in ways)
            made.props["aria-pressed"] = "true" if way == self.way else "false"

    def _pages(self, report: Report) -> None:
        start, end = self.marked
        pages = [page for page in report.pages if start < end and page.start < end and start < page.end]
        for page in pages or report.pages[:40]:
            begin = max(start, page.start)
            span = f"?start={begin}&end={min(end, page.end)}" if pages else ""
            down = (begin - page.start) / max(1, page.end - page.start) if pages else None  # about, as in the text
            label = self.say("page", page=page.number)
            element("img", classes="page here" if pages else "page", loading="lazy", alt=label,
                    src=f"/web/pages/{report.report_id}/{page.number}.png{span}",
                    width=int(page.width), height=int(page.height), data_down=down)  # fmt: skip


def _ways(report: Report | None, marked: Span) -> list[str]:
    """How a place can be shown, the best first."""
    if report is None:
        return []
    table: Table | None = table_at(report, marked[0]) if marked[1] > marked[0] else None
    ways = {"page": bool(report.pages and report.pages[0].width), "table": table is not None, "text": True}
    return [way for way, there in ways.items() if there]


def _about(citation: Citation, desk: Desk) -> Node:
    number = node("span", str(citation.n), class_="chip")
    title = node("strong", words(citation.title))
    rest = place(citation, desk.language).replace(words(citation.title), "").replace(" ·  · ", " · ").strip(" ·")
    where = say("characters", desk.language, source=words(citation.source), start=citation.start, end=citation.end)
    return node("div", node("p", number, " ", title), node("p", rest), node("p", where, class_="muted"), class_="about")


def _particulars(report: Report, desk: Desk) -> Node:
    printed = report.date if report.date_basis == "printed" else None
    parts = [report.issuer, printed, report.source]
    return node("div", node("p", " · ".join(words(p) for p in parts if p), class_="muted"), class_="about")


def _text(report: Report, marked: Span, around: tuple[int, int], desk: Desk) -> list[Node]:
    """The report's text around the mark, headings set off, with buttons for more of it."""
    begin, end = max(0, marked[0] - around[0]), min(len(report.text), marked[1] + around[1])
    parts: list[Node] = []
    if begin > 0:
        parts.append(node("button", say("earlier", desk.language), act="earlier", class_="plain more"))
    pieces = [*_lines(report, begin, marked[0])]
    if marked[1] > marked[0]:
        pieces.append(node("mark", words(report.text[marked[0] : marked[1]]), class_="here"))
    pieces += _lines(report, marked[1], end)
    parts.append(node("div", *pieces, class_="paper", lang=_lang(report)))
    if end < len(report.text):
        parts.append(node("button", say("later", desk.language), act="later", class_="plain more"))
    return parts


def _lines(report: Report, begin: int, end: int) -> list[Node]:
    """Text between two places, with the headings in it as such."""
    parts: list[Node] = []
    at = begin
    for section in report.sections:
        if begin <= section.heading_start and section.heading_end <= end and section.heading_start >= at:
            heading = words(report.text[section.heading_start : section.heading_end])
            parts += [words(report.text[at : section.heading_start]), node("strong", heading, class_="heading")]
            at = section.heading_end
    return [*parts, words(report.text[at:end])]


def _lang(report: Report) -> str:
    return {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}.get(report.language, "en")

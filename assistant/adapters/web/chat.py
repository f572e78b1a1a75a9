"""The conversation: questions, answers as they arrive, and the box to ask from."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from nicegui import run, ui

from assistant.adapters.web import answer as answers
from assistant.adapters.web import choosing, export, series
from assistant.adapters.web.controls import element, icon, press, replace_text
from assistant.adapters.web.desk import Desk
from assistant.adapters.web.examples import examples
from assistant.adapters.web.feedback import ask_feedback
from assistant.adapters.web.nodes import Nodes, node, words
from assistant.adapters.web.sheets import cited_rows
from assistant.adapters.web.source import SourcePane
from assistant.adapters.web.streaming import until
from assistant.adapters.web.texts import say
from assistant.errors import AssistantError
from assistant.types import Answer, Event, ReportInfo

log = logging.getLogger(__name__)

_SHOWN = 20  # turns at first, and more at a time
_LONGEST = 4_000  # characters of a question
_PACE = 0.1  # seconds between two pictures of an answer that arrives
_SEND = """(e) => {
  if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
  e.preventDefault();
  document.getElementById("send").click();
}"""
_TAKE = """() => {
  const box = document.getElementById("question");
  const text = box.value.trim();
  if (text && !box.dataset.busy) { box.value = ""; emit(text); }
}"""


@dataclass(slots=True)
class Turn:
    """One question with its answer on the page."""

    answer: Answer
    shown: Nodes
    extra: ui.element
    charted: bool = False


class Chat:
    """The view of one conversation."""

    def __init__(self, desk: Desk, infos: Sequence[ReportInfo], chosen: choosing.Choice, beside: ui.element) -> None:
        self.desk = desk
        self.infos = list(infos)
        self.choice = chosen
        self.stopped: asyncio.Event | None = None  # set to end the answer on its way
        self.past: list[Answer] = []
        self.turns: list[Turn] = []
        self._build()
        self.pane = SourcePane(desk, beside)

    def say(self, key: str, **values: object) -> str:
        return say(key, self.desk.language, **values)

    # ------------------------------------------------------------ the page

    def _build(self) -> None:
        with element("div", classes="talk"):
            with element("header", classes="head"):
                self.title = element("h1", self.say("ask"))
                self.total = element("span", classes="muted total")
            with element("div", classes="turns"), element("div", classes="reading"):
                self.earlier = press(self.say("show_earlier"), self._show_earlier, kind="plain more")
                self.start = element("section", classes="start")
                self.list = element("div", classes="list")
            self.status = element("p", classes="status", role="status", aria_live="polite")
            self._composer()
        self.earlier.set_visibility(False)

    def _composer(self) -> None:
        with element("div", classes="composer"):
            self.box = element("textarea", id="question", rows="1", maxlength=str(_LONGEST), autofocus=True,
                               aria_label=self.say("question"), placeholder=self.say("placeholder"))  # fmt: skip
            self.box.on("keydown", js_handler=_SEND)
            with element("div", classes="row"):
                self.chooser = press(self._chosen(), self._choose, icon_name="filter", kind="plain scope")
                self.estimate = element("span", classes="muted estimate")
                element("span", classes="gap")
                self.stopper = press(self.say("stop"), self.stop, icon_name="stop", wordy=False, kind="round")
                self.sender = element("button", classes="press main round", type="button", id="send",
                                      aria_label=self.say("send"), title=self.say("send"))  # fmt: skip
                with self.sender:
                    icon("send")
        self.sender.on("click", lambda event: self.ask(str(event.args)), js_handler=_TAKE)
        self.stopper.set_visibility(False)
        if getattr(self.desk.assistant, "model", None) and hasattr(self.desk.assistant, "estimate"):
            self.box.on("input", lambda event: self._estimate(str(event.args)), throttle=0.6, leading_events=False,
                        js_handler="(e) => emit(e.target.value)")  # fmt: skip

    async def begin(self) -> None:
        """Fills the page: the turns there are, or examples."""
        kept = await run.io_bound(self._kept) if self.desk.conversation_id else []
        if kept is None:
            ui.notify(self.say("conversation_gone"), type="warning")
            self.desk.conversation_id = None
            ui.run_javascript("desk.address('/')")
        self.past = kept or []
        await self._show_earlier(bottom=True)
        if not self.past:
            await self._examples()

    def _kept(self) -> list[Answer] | None:
        try:
            conversations = self.desk.assistant.conversations
            conversation = conversations.get(str(self.desk.conversation_id), self.desk.owner)
            return [turn.answer for turn in conversations.turns(conversation.id)]
        except AssistantError:
            return None

    async def _examples(self) -> None:
        found = await run.io_bound(self._safe_examples)
        with self.start:
            element("h2", self.say("hello"))
            element("p", self.say("hello_more", count=len(self.infos)), "muted")
            with element("ul", classes="examples"):
                for question in found or ():
                    with element("li"):
                        press(question, lambda question=question: self.ask(question), kind="example")

    def _safe_examples(self) -> list[str]:
        try:
            return examples(self.desk.assistant, self.desk.language)
        except AssistantError:
            return []

    async def _show_earlier(self, bottom: bool = False) -> None:
        """Puts earlier turns before those shown."""
        hidden = len(self.past) - len(self.turns)
        wanted = self.past[max(0, hidden - _SHOWN) : hidden]
        made = await run.io_bound(lambda: [self._nodes(answer) for answer in wanted]) or []
        for at, (answer, nodes) in enumerate(zip(wanted, made, strict=True)):
            self.turns.insert(at, self._turn(answer, nodes, at))
        self.earlier.set_visibility(len(self.past) > len(self.turns))
        self._totals()
        if bottom:
            ui.run_javascript("desk.bottom(true)")

    def _nodes(self, answer: Answer, done: bool = True) -> list[Any]:
        return answers.nodes(answer, self.desk.language, self.desk.report_of, done)

    def _turn(self, answer: Answer, nodes: list[Any], at: int = -1) -> Turn:
        self.start.set_visibility(False)
        with self.list, element("article", classes="turn") as article:
            element("h2", words(answer.question), "question", dir="auto")
            shown = Nodes(nodes)
            extra = element("div", classes="extra")
        if at >= 0:
            article.move(self.list, target_index=at)
        turn = Turn(answer, shown, extra)
        shown.on("act", lambda event: self._acted(turn, str(event.args["act"]), event.args.get("value")))
        return turn

    def _totals(self) -> None:
        """Seconds and cost of the conversation so far."""
        if not self.past:
            return
        replace_text(self.title, words(self.past[0].question))
        parts = [self.say("answers", count=len(self.past))]
        parts.append(self.say("seconds", seconds=f"{sum(a.seconds for a in self.past):.1f}"))
        asked = [a for a in self.past if a.model is not None]
        if asked:
            known = all(a.usage.cost_usd is not None for a in asked)
            spent = sum((Decimal(a.usage.cost_usd or 0) for a in asked), Decimal(0))
            parts.append(answers.money(spent) if known else self.say("cost_unknown"))
        replace_text(self.total, " · ".join(parts))

    # ------------------------------------------------------------ asking

    async def ask(self, question: str) -> None:
        """Asks, and shows the answer as it arrives."""
        question = question.strip()[:_LONGEST]
        if self.stopped or not question:
            return
        if wait := self.desk.person.wait():
            ui.notify(self.say("too_many", seconds=int(wait) + 1), type="warning")
            ui.run_javascript(f"desk.ask({json.dumps(question)})")
            return
        self.stopped = asyncio.Event()
        self._busy(True)
        turn = self._turn(Answer(question, self.desk.language, "answered", ""), [])
        ui.run_javascript("desk.bottom(true)")
        try:
            await self._answer(question, turn, self.stopped)
        except Exception as error:
            turn.shown.show([node("p", self._told(error), class_="warning", role="alert")])
        finally:
            self._busy(False)
            self.stopped = None

    def _told(self, error: Exception) -> str:
        """What to say of an error: its own sentence, where it has one for people."""
        detail = str(error) if isinstance(error, AssistantError) else getattr(error, "detail", None)
        if detail is None:
            log.error("an answer failed", exc_info=error)
        return words(str(detail)) if detail else self.say("unexpected")

    async def _answer(self, question: str, turn: Turn, stopped: asyncio.Event) -> None:
        if self.desk.conversation_id is None:
            made = await run.io_bound(self.desk.assistant.conversations.create, self.desk.person.name)
            self.desk.conversation_id = made.id if made else None
            ui.run_javascript(f"desk.address({json.dumps(f'/?c={self.desk.conversation_id}')})")
        filters = choosing.filters(self.choice, self.infos)
        events = self.desk.answering(self.desk.person, question, filters, str(self.desk.conversation_id))
        drawn, last = 0.0, "status"
        async for batch in until(stopped, events):
            last = batch[-1].kind
            for event in batch:
                turn.answer = _with(turn.answer, event)
                if event.kind == "status":
                    replace_text(self.status, words(str(event.data)))
            if time.monotonic() - drawn > _PACE and turn.answer.text and last != "answer":
                turn.shown.show(await run.io_bound(self._nodes, turn.answer, False) or [])
                drawn = time.monotonic()
                ui.run_javascript("desk.bottom()")
        await self._done(turn, stopped=last != "answer")

    async def _done(self, turn: Turn, stopped: bool) -> None:
        nodes = await run.io_bound(self._nodes, turn.answer) or []
        if stopped:
            nodes.append(node("p", self.say("stopped"), class_="warning"))
        turn.shown.show(nodes)
        self.past.append(turn.answer)
        self.turns.append(turn)
        self._totals()
        ui.run_javascript("desk.bottom()")
        ui.run_javascript("emitEvent('conversations')")

    def stop(self) -> None:
        """Ends the answer on its way."""
        if self.stopped:
            self.stopped.set()

    def _busy(self, busy: bool) -> None:
        self.sender.set_visibility(not busy)
        self.stopper.set_visibility(busy)
        replace_text(self.status, self.say("working") if busy else "")
        self.status.classes(add="busy" if busy else "", remove="" if busy else "busy")
        ui.run_javascript(f"document.getElementById('question').dataset.busy = '{'1' if busy else ''}'")

    async def _estimate(self, question: str) -> None:
        """What an answer would cost, where a model is set."""
        found = await run.io_bound(self.desk.assistant.estimate, question) if question.strip() else None
        bounds = [answers.money(usd) for usd in (found.least_usd, found.most_usd) if usd is not None] if found else []
        replace_text(self.estimate, self.say("estimate", cost=" – ".join(bounds)) if bounds else "")

    # ------------------------------------------------------------ which reports

    def _chosen(self) -> str:
        return choosing.summary(self.choice, self.infos, self.desk)

    async def _choose(self) -> None:
        self.infos = await run.io_bound(self.desk.assistant.reports) or []
        made = await choosing.choose(self.choice, self.infos, self.desk)
        if made is not None:
            self.choice = made
            label = self.chooser.default_slot.children[-1]
            replace_text(label, self._chosen())

    # ------------------------------------------------------------ what an answer can be asked

    async def _acted(self, turn: Turn, act: str, value: Any) -> None:
        answer = turn.answer
        if act == "cite":
            await self.pane.cite(answer, int(value))
        elif act == "figure" and 0 <= int(value) < len(answer.figures):
            await self.pane.figure(answer, int(value))
        elif act == "calc":
            for made in answer.calculations:
                if made.id == value:
                    self.pane.calculation(answer, made)
        elif act == "copy":
            ui.run_javascript(f"desk.copy({json.dumps(export.as_markdown(answer, self.desk.language))})")
            ui.notify(self.say("copied"))
        elif act == "csv":
            rows = await run.io_bound(cited_rows, answer, self.desk.report_of) or []
            ui.download.content("\ufeff" + series.as_csv(rows), "figures.csv", "text/csv")
        elif act == "chart":
            await self._chart(turn)
        elif act in ("good", "bad"):
            await ask_feedback(self.desk, answer, "up" if act == "good" else "down")

    async def _chart(self, turn: Turn) -> None:
        """Shows the series of an answer as charts, or puts them away."""
        turn.charted = not turn.charted
        turn.extra.clear()
        if not turn.charted:
            return
        rows = await run.io_bound(cited_rows, turn.answer, self.desk.report_of) or []
        dark = bool(await ui.run_javascript("Quasar.Dark.isActive"))
        with turn.extra:
            for panel in series.panels(rows):
                self._panel(turn, panel, dark)

    def _panel(self, turn: Turn, panel: series.Panel, dark: bool) -> None:
        async def clicked(event: Any) -> None:
            found = series.point_at(panel, int(event.series_index or 0), int(event.data_index or 0))
            if found:
                chosen, point = found
                await self.pane.cite(turn.answer, chosen.cited.n, (point.cell.start, point.cell.end))

        label = self.say("chart_of", title=panel.title)
        with element("figure", classes="chart", role="group", aria_label=label):
            element("figcaption", f"{panel.title} · {self.say('chart_points')}", "muted")
            ui.echart(series.options(panel, dark), on_point_click=clicked)


def _with(answer: Answer, event: Event) -> Answer:
    """The answer so far with one more event."""
    match event.kind:
        case "citation":
            return replace(answer, citations=(*answer.citations, event.data))
        case "calculation":
            return replace(answer, calculations=(*answer.calculations, event.data))
        case "figure":
            return replace(answer, figures=(*answer.figures, event.data))
        case "delta":
            return replace(answer, text=answer.text + event.data)
        case "answer":
            return event.data  # type: ignore[no-any-return]
    return answer

"""The calculators and look-ups as forms, made of what the registry says of each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from nicegui import run, ui

from assistant.adapters.web.answer import calculation_nodes, citation_chip, place
from assistant.adapters.web.controls import element
from assistant.adapters.web.desk import Desk
from assistant.adapters.web.nodes import Node, Nodes, node
from assistant.adapters.web.source import SourcePane
from assistant.adapters.web.texts import has, say
from assistant.errors import AssistantError
from assistant.tools import ArgumentInfo, ToolInfo
from assistant.types import Answer, Calculation

_LONG = ("text", "names with values", "list of money", "list of names")
_SUBMIT = "(e) => { e.preventDefault(); emit(Object.fromEntries(new FormData(e.target))); }"


class CalculatorsView:
    """A menu of the tools, the form of one of them, and its last result."""

    def __init__(self, desk: Desk, chosen: str, beside: ui.element) -> None:
        self.desk = desk
        self.tools = desk.assistant.registry.describe()
        self.tool = next((tool for tool in self.tools if tool.name == chosen), self.tools[0])
        self.answer = Answer("", desk.language, "answered", "")
        with element("div", classes="page calculators"):
            with element("header", classes="head"):
                element("h1", self.say("calculators"))
                element("span", self.say("calculators_more"), "muted")
            with element("div", classes="halves"):
                self._menu()
                self.place = element("section", aria_label=self.say("calculator"))
        self.pane = SourcePane(desk, beside)
        self._form()
        ui.run_javascript("desk.current()")

    def say(self, key: str, **values: object) -> str:
        return say(key, self.desk.language, **values)

    def _menu(self) -> None:
        with element("nav", classes="menu-of-tools", aria_label=self.say("calculators")):
            for group, tools in groupby(sorted(self.tools, key=self._rank), key=lambda tool: tool.group):
                key = f"group_{group.replace(' ', '_')}"
                element("h2", self.say(key) if has(key) else group, "label")
                with element("ul"):
                    for tool in tools:
                        self._item(tool)

    def _rank(self, tool: ToolInfo) -> int:
        groups = list(dict.fromkeys(known.group for known in self.tools))
        return groups.index(tool.group)

    def _item(self, tool: ToolInfo) -> None:
        current = "page" if tool is self.tool else None
        with element("li"), element("a", href=f"/calculators?tool={tool.name}", aria_current=current):
            element("span", self._summary(tool))
            element("code", tool.name)

    def _summary(self, tool: ToolInfo) -> str:
        return tool.summary_en if self.desk.language == "en" else _written(tool.summary_zh, self.desk)

    def _form(self) -> None:
        with self.place:
            element("h2", self._summary(self.tool))
            element("p", self.tool.use, "muted")
            with element("form", classes="form", novalidate=True) as form:
                for argument in self.tool.arguments:
                    self._field(argument)
                element("button", self.say("calculate"), "press main", type="submit")
            form.on("submit", lambda event: self.run(event.args), js_handler=_SUBMIT)
            self.result = Nodes([], self._acted)
            self.result.props["role"] = "status"
            if self.tool.source:
                element("p", self.say("formula_source", source=self.tool.source), "muted")

    def _field(self, argument: ArgumentInfo) -> None:
        """A labelled field that fits an argument's kind."""
        name, shown = argument.name, argument.name.replace("_", " ")
        with element("label", classes="field"):
            with element("span"):
                element("strong", shown)
                if not argument.required:
                    element("span", f" {self.say('optional')}", "muted")
            if argument.choices:
                _choices(name, argument.choices)
            elif argument.type == "true or false":
                texts = self.say("no"), self.say("yes")
                _choices(name, texts, ("false", "true"), str(bool(argument.default)).lower())
            elif argument.type in _LONG:
                element("textarea", name=name, rows="2")
            else:
                default = None if argument.default is None else str(argument.default)
                element("input", name=name, type="text", value=default, autocomplete="off", spellcheck="false")
            element("small", " · ".join(part for part in (argument.description, argument.unit) if part), "muted")

    async def run(self, given: Any) -> None:
        """Runs the tool on what the form holds."""
        known = {argument.name for argument in self.tool.arguments}
        filled = {key: str(value) for key, value in dict(given).items() if key in known and str(value).strip()}
        try:
            made = await run.io_bound(self.desk.assistant.registry.run, self.tool.name, filled)
        except AssistantError as error:
            self.result.show([node("p", str(error), class_="warning", role="alert")])
            return
        if made:
            self._show(made)

    def _show(self, made: Calculation) -> None:
        self.answer = Answer(made.tool, self.desk.language, "answered", "", made.citations, (made,))
        parts = calculation_nodes(made, self.answer, self.desk.language)
        self.result.show([node("section", *parts, *self._places(made), class_="calculation")])
        ui.run_javascript("document.querySelector('.calculation')?.scrollIntoView({block: 'nearest'})")

    def _places(self, made: Calculation) -> Sequence[Node]:
        language = self.desk.language
        if not made.citations:
            return []
        lines = [node("li", citation_chip(c, language, tabindex="0"), " ", place(c, language)) for c in made.citations]
        return [node("h4", self.say("sources"), class_="label"), node("ul", *lines, class_="operands")]

    async def _acted(self, act: str, value: Any) -> None:
        if act == "cite":
            await self.pane.cite(self.answer, int(value))


def _choices(name: str, texts: Sequence[str], values: Sequence[str] = (), chosen: str = "") -> None:
    with element("select", name=name):
        for text, value in zip(texts, values or texts, strict=True):
            element("option", text, value=value, selected=True if value == chosen else None)


def _written(text: str, desk: Desk) -> str:
    from assistant.language import written_in

    return written_in(text, desk.language)

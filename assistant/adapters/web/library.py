"""The library: files dragged in, reports filtered, chosen, read and removed."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nicegui import events, run, ui

from assistant.adapters.web import choosing
from assistant.adapters.web.controls import element, icon, press, replace_text
from assistant.adapters.web.desk import Desk
from assistant.adapters.web.dialogs import sure
from assistant.adapters.web.nodes import Node, Nodes, button, node, words
from assistant.adapters.web.source import SourcePane
from assistant.adapters.web.texts import say
from assistant.errors import AssistantError
from assistant.ingestion import Outcome
from assistant.reading import SUFFIXES
from assistant.types import ReportInfo

log = logging.getLogger(__name__)

_LISTED = 100  # reports at first, and more at a time
_NAMES = "(files) => emit(files.map((file) => file.name))"
_FAILED = "({files}) => emit(files.map((file) => file.name))"


class LibraryView:
    """The list of reports with what can be done to them."""

    def __init__(self, desk: Desk, infos: Sequence[ReportInfo], may_change: bool, beside: ui.element) -> None:
        self.desk = desk
        self.infos = list(infos)
        self.may_change = may_change
        self.choice = choosing.Choice()
        self.listed = _LISTED
        self._build()
        self.pane = SourcePane(desk, beside)
        self.draw()

    def say(self, key: str, **values: object) -> str:
        return say(key, self.desk.language, **values)

    def _build(self) -> None:
        with element("div", classes="page"):
            with element("header", classes="head"):
                element("h1", self.say("library"))
                self.count = element("span", classes="muted", role="status")
            if self.may_change:
                self._drop()
            self.fields = element("div")
            self._fields()
            self.list = Nodes([], self._acted)
            with element("div", classes="row end picked") as self.picked:
                self.chosen = element("span", classes="muted", role="status")
                press(self.say("unpick"), self._unpick)
                press(self.say("ask_these"), self._ask, kind="main")

    def _fields(self) -> None:
        self.fields.clear()
        with self.fields:
            choosing.fields(self.choice, self.infos, self.desk, self.draw)

    # ------------------------------------------------------------ files in

    def _drop(self) -> None:
        """A zone to drag files onto; NiceGUI's uploader, out of sight, brings them here."""
        with element("section", classes="drop", aria_label=self.say("add_reports")):
            most = int(self.desk.upload_limit * (1 << 20))
            upload = ui.upload(multiple=True, auto_upload=True, max_file_size=most, on_upload=self._uploaded,
                               on_rejected=self._rejected)  # fmt: skip
            upload.on("added", lambda event: self._sending(list(event.args)), js_handler=_NAMES)
            upload.on("failed", lambda event: self._failed(list(event.args)), js_handler=_FAILED)
            with element("label", classes="zone", data_upload=str(upload.id)):
                icon("upload")
                with element("span"):
                    element("strong", self.say("drop"))
                    element("span", self.say("kinds", kinds=", ".join(SUFFIXES)), "muted")
                element("input", type="file", multiple=True, accept=",".join(SUFFIXES), aria_label=self.say("drop"))
            self.queue = element("ul", classes="queue", aria_live="polite")
            self.lines: dict[str, ui.element] = {}

    def _rejected(self) -> None:
        ui.notify(self.say("too_large", most=f"{self.desk.upload_limit:g}"), type="negative")

    def _sending(self, names: list[str]) -> None:
        for name in names:
            with self.queue, element("li", classes="busy") as line:
                element("strong", words(name))
                element("span", self.say("sending"))
            self.lines[name] = line

    def _failed(self, names: list[str]) -> None:
        for name in names:
            self._tell(name, "failed", self.say("not_sent"))

    def _tell(self, name: str, status: str, told: str) -> None:
        """Says how far a file has come."""
        if name not in self.lines:
            self._sending([name])
        line = self.lines[name]
        line.classes(replace=status)
        replace_text(line.default_slot.children[-1], told)

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        name = event.file.name
        self._tell(name, "busy", self.say("reading"))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / _file_name(name)
            await event.file.save(path)
            status, told = await run.io_bound(self._ingest, path) or ("failed", self.say("unexpected"))
        self._tell(name, status, told)
        await self.refresh()

    def _ingest(self, path: Path) -> tuple[str, str]:
        """What became of a file, and how to say it."""
        try:
            outcomes = list(self.desk.assistant.ingest([path]))
        except AssistantError as error:
            return "failed", str(error)
        except Exception:
            log.exception("an upload failed")
            return "failed", self.say("unexpected")
        return (outcomes[0].status, self._told(outcomes[0])) if outcomes else ("failed", self.say("unexpected"))

    def _told(self, outcome: Outcome) -> str:
        if outcome.status in ("failed", "skipped"):
            return words(outcome.message)
        return self.say(f"file_{outcome.status}", passages=outcome.passages, tables=outcome.tables)

    # ------------------------------------------------------------ the list

    async def refresh(self) -> None:
        """Lists the library anew."""
        self.infos = await run.io_bound(self.desk.assistant.reports) or []
        self.choice.reports &= {info.report_id for info in self.infos}
        self._fields()
        self.draw()

    def draw(self) -> None:
        """Shows the reports that the fields leave."""
        left = choosing.matching(self.infos, self.choice)
        replace_text(self.count, self.say("some_reports", count=len(left), all=len(self.infos)))
        names = ("", "report", "issuer", "date", "script", "passages", "tables", "")
        head = [node("th", self.say(name), scope="col") if name else node("td") for name in names]
        rows = [self._row(info) for info in left[: self.listed]]
        shown = node("table", node("thead", node("tr", *head)), node("tbody", *rows), class_="reports")
        more = [button(self.say("more", count=len(left) - self.listed), "more")] if len(left) > self.listed else []
        empty = [] if left else [node("p", self.say("no_reports"), class_="muted")]
        self.list.show([node("div", shown, class_="scroller", tabindex="0", role="region",
                             aria_label=self.say("reports")), *more, *empty])  # fmt: skip
        self.picked.set_visibility(bool(self.choice.reports))
        replace_text(self.chosen, self.say("picked", count=len(self.choice.reports)))

    def _row(self, info: ReportInfo) -> Node:
        ticked = "true" if info.report_id in self.choice.reports else "false"
        label = self.say("pick", title=words(info.title))
        box = node("button", act="tick", value=info.report_id, role="checkbox", aria_checked=ticked, aria_label=label,
                   class_="box")  # fmt: skip
        name = [button(words(info.title), "read", value=info.report_id, class_="link")]
        name.append(node("small", words(info.source), class_="muted"))
        date = info.date if info.date_basis == "printed" else "–"
        gone = self.say("remove", title=words(info.title))
        bin_ = [button(gone, "remove", icon="trash", value=info.report_id)] if self.may_change else []
        return node("tr", node("td", box), node("th", *name, scope="row"), node("td", words(info.issuer or "–")),
                    node("td", date or "–"), node("td", self.say(f"script_{info.language}")),
                    node("td", f"{info.passages:,}", class_="right"), node("td", f"{info.tables:,}", class_="right"),
                    node("td", *bin_))  # fmt: skip

    async def _acted(self, act: str, value: Any) -> None:
        if act == "tick":
            self.choice.reports ^= {str(value)}
            self.draw()
        elif act == "more":
            self.listed += _LISTED
            self.draw()
        elif act == "read":
            report = await run.io_bound(self.desk.report_of, str(value))
            if report:
                await self.pane.read(report)
        elif act == "remove" and self.may_change:
            await self._remove(str(value))

    async def _remove(self, report_id: str) -> None:
        info = next((info for info in self.infos if info.report_id == report_id), None)
        title = self.say("remove", title=words(info.title)) if info else ""
        if not info or not await sure(self.desk, title, self.say("remove_sure")):
            return
        try:
            await run.io_bound(self.desk.assistant.remove, report_id)
        except AssistantError as error:
            ui.notify(str(error), type="negative")
        await self.refresh()

    def _unpick(self) -> None:
        self.choice.reports.clear()
        self.draw()

    def _ask(self) -> None:
        ui.navigate.to(f"/?reports={','.join(sorted(self.choice.reports))}")


def _file_name(name: str) -> str:
    """The last part of a name, such as a file system takes; the suffix stays."""
    last = words(name.replace("\\", "/")).rpartition("/")[2].strip().lstrip(".").replace("\n", " ")
    stem, dot, suffix = last.rpartition(".")
    return f"{(stem or suffix or 'report')[:80]}{dot}{suffix[:10]}" if dot and stem else last[:80] or "report"

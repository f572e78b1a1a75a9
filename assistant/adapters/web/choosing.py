"""Which reports a question may use: issuer, dates, script, or one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from nicegui import ui

from assistant.adapters.web.controls import element, press
from assistant.adapters.web.desk import Desk
from assistant.adapters.web.nodes import words
from assistant.adapters.web.texts import say
from assistant.types import Filters, ReportInfo


@dataclass(slots=True)
class Choice:
    """What a list of reports is narrowed to; empty says all. Dates are ISO."""

    issuer: str = ""
    since: str = ""
    until: str = ""
    language: str = ""
    text: str = ""
    reports: set[str] = field(default_factory=set)


def matching(infos: Iterable[ReportInfo], choice: Choice) -> list[ReportInfo]:
    """The reports that a choice leaves; one without a printed date passes no date."""
    return [info for info in infos if _matches(info, choice)]


def _matches(info: ReportInfo, choice: Choice) -> bool:
    date = info.date if info.date_basis == "printed" else None
    return (
        choice.issuer in ("", info.issuer)
        and choice.language in ("", info.language)
        and (not choice.since or bool(date and date >= choice.since))
        and (not choice.until or bool(date and date <= choice.until))
        and choice.text.casefold() in f"{info.title} {info.source} {info.issuer}".casefold()
    )


def filters(choice: Choice, infos: Sequence[ReportInfo]) -> Filters:
    """A choice as the assistant takes it; a script or words become the reports that they leave."""
    chosen = Filters(tuple(sorted(choice.reports)), choice.issuer or None, choice.since or None, choice.until or None)
    if choice.reports or not (choice.language or choice.text):
        return chosen
    return replace(chosen, reports=tuple(info.report_id for info in matching(infos, choice)))


def summary(choice: Choice, infos: Sequence[ReportInfo], desk: Desk) -> str:
    """The choice in a few words: "All 5 reports", "2 of 5 reports"."""
    left = [i for i in matching(infos, choice) if not choice.reports or i.report_id in choice.reports]
    key = "all_reports" if len(left) == len(infos) else "some_reports"
    return say(key, desk.language, count=len(left), all=len(infos))


def fields(choice: Choice, infos: Sequence[ReportInfo], desk: Desk, changed: Callable[[], object]) -> None:
    """Fields for issuer, dates, script and words, bound to the choice."""
    known = sorted({info.issuer for info in infos if info.issuer})
    issuers = {"": say("any_issuer", desk.language)} | {name: words(name) for name in known}
    written = sorted({info.language for info in infos})
    scripts = {"": say("any_script", desk.language)} | {code: say(f"script_{code}", desk.language) for code in written}

    def kept(name: str) -> Callable[[str], None]:
        def keep(value: str) -> None:
            setattr(choice, name, value)
            changed()

        return keep

    with element("div", classes="row fields"):
        entry(say("find", desk.language), "search", choice.text, kept("text"))
        menu(say("issuer", desk.language), issuers, choice.issuer, kept("issuer"))
        menu(say("script", desk.language), scripts, choice.language, kept("language"))
        entry(say("since", desk.language), "date", choice.since, kept("since"))
        entry(say("until", desk.language), "date", choice.until, kept("until"))


def entry(label: str, kind: str, value: str, act: Callable[[str], None]) -> None:
    """A labelled field of the browser's own; `act` gets its value as it changes."""
    with element("label", classes="field"):
        element("span", label)
        made = element("input", type=kind, value=value or None)
    made.on("input", lambda event: act(str(event.args)), js_handler="(e) => emit(e.target.value)", throttle=0.2)


def menu(label: str, options: dict[str, str], value: str, act: Callable[[str], None]) -> None:
    """A labelled menu of the browser's own."""
    with element("label", classes="field"):
        element("span", label)
        with element("select") as made:
            for key, text in options.items():
                element("option", text, value=key, selected=True if key == value else None)
    made.on("change", lambda event: act(str(event.args)), js_handler="(e) => emit(e.target.value)")


async def choose(choice: Choice, infos: Sequence[ReportInfo], desk: Desk) -> Choice | None:
    """A dialog about the choice; None where it is left as it was."""
    draft = replace(choice, reports=set(choice.reports))
    with ui.dialog().props("aria-labelledby=choose-title") as dialog, element("div", classes="card wide"):
        element("h2", say("choose", desk.language), id="choose-title")
        place = element("div")
        box = element("div", classes="boxes", role="group", aria_label=say("reports", desk.language), tabindex="0")
        with place:
            fields(draft, infos, desk, lambda: _boxes(box, draft, infos))
        _boxes(box, draft, infos)
        with element("div", classes="row end"):
            press(say("all", desk.language), lambda: dialog.submit(Choice()))
            press(say("cancel", desk.language), lambda: dialog.submit(None))
            press(say("apply", desk.language), lambda: dialog.submit(draft), kind="main")
    made: Choice | None = await dialog
    dialog.delete()
    return made


def _boxes(box: ui.element, draft: Choice, infos: Sequence[ReportInfo]) -> None:
    box.clear()
    with box:
        for info in matching(infos, draft):
            tick(info, draft)


def tick(info: ReportInfo, draft: Choice, changed: Callable[[], object] = lambda: None) -> None:
    """A box to tick for one report."""

    def keep(ticked: bool) -> None:
        (draft.reports.add if ticked else draft.reports.discard)(info.report_id)
        changed()

    with element("label", classes="tick"):
        checked = True if info.report_id in draft.reports else None
        made = element("input", type="checkbox", checked=checked)
        element("span", words(info.title))
        element("span", words(info.issuer or info.source), "muted")
    made.on("change", lambda event: keep(bool(event.args)), js_handler="(e) => emit(e.target.checked)")

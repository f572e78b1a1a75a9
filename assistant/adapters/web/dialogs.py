"""Small questions over the page: are you sure, and one line or a few of text."""

from __future__ import annotations

from nicegui import ui

from assistant.adapters.web.controls import element, press
from assistant.adapters.web.desk import Desk
from assistant.adapters.web.texts import say

_SUBMIT = "(e) => { e.preventDefault(); emit(e.target.elements.text.value); }"


async def sure(desk: Desk, title: str, text: str) -> bool:
    """Asks whether to go on."""
    with ui.dialog().props("aria-labelledby=dialog-title") as dialog, element("div", classes="card"):
        element("h2", title, id="dialog-title")
        element("p", text)
        with element("div", classes="row end"):
            press(say("cancel", desk.language), lambda: dialog.submit(False), autofocus=True)
            press(say("go_on", desk.language), lambda: dialog.submit(True), kind="main danger")
    agreed = await dialog
    dialog.delete()
    return bool(agreed)


async def ask_text(desk: Desk, title: str, label: str, value: str = "", *, most: int, long: bool = False) -> str | None:
    """Asks for at most `most` characters, on one line or several; None where nothing was wanted."""
    with ui.dialog().props("aria-labelledby=dialog-title") as dialog, element("div", classes="card"):
        element("h2", title, id="dialog-title")
        form = element("form", classes="asks")
    with form:
        with element("label", classes="field"):
            element("span", label)
            tag, rows = ("textarea", "4") if long else ("input", None)
            element(tag, classes="prose", name="text", rows=rows, value=value, maxlength=str(most), autofocus=True)
        with element("div", classes="row end"):
            press(say("cancel", desk.language), lambda: dialog.submit(None))
            element("button", say("save", desk.language), "press main", type="submit")
    form.on("submit", lambda event: dialog.submit(str(event.args)), js_handler=_SUBMIT)
    given = await dialog
    dialog.delete()
    return str(given).strip() if given else None

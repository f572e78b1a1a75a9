"""Buttons, links, fields and icons in the page's own dress; texts are set as properties, never parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui
from nicegui.element import Element

ICONS = "/web/assets/icons.svg#"


def element(tag: str, text: str = "", classes: str = "", **attributes: Any) -> ui.element:
    """An element with text and attributes as given (aria_label is aria-label).

    What a field holds at first is an attribute of the field: as a property it would come back with every change of the
    page, over what was typed.
    """
    made = ui.element(tag)
    if classes:
        made.classes(classes)
    for name, value in attributes.items():
        if value is not None:
            made.props["^value" if (tag, name) == ("input", "value") else name.replace("_", "-")] = value
    if text:
        made._text = text
    return made


def icon(name: str) -> None:
    """A drawing of icons.svg."""
    with element("svg", classes="icon", aria_hidden="true"):
        element("use", href=ICONS + name)


def press(
    label: str, act: Callable[..., Any] | None = None, *, icon_name: str | None = None, kind: str = "plain",
    wordy: bool = True, **attributes: Any,
) -> ui.element:  # fmt: skip
    """A button. Without words it shows its icon alone and has the label as its name."""
    named = {} if wordy else {"aria_label": label, "title": label}
    made = element("button", classes=f"press {kind}", type="button", **named, **attributes)
    with made:
        if icon_name:
            icon(icon_name)
        if wordy:
            element("span", label)
    if act:
        made.on("click", act, args=[])
    return made


def link(label: str, target: str, *, icon_name: str | None = None, kind: str = "", **attributes: Any) -> ui.element:
    """A link within the site."""
    made = element("a", classes=kind, href=target, **attributes)
    with made:
        if icon_name:
            icon(icon_name)
        element("span", label)
    return made


def choice(label: str, options: Mapping[str, str], value: str, act: Callable[[str], Any]) -> ui.element:
    """The browser's own menu of options (value -> words)."""
    made = element("select", classes="choice", aria_label=label, title=label)
    with made:
        for key, text in options.items():
            element("option", text, value=key, selected=True if key == value else None)
    return made.on("change", lambda event: act(str(event.args)), js_handler="(e) => emit(e.target.value)")


def replace_text(shown: Element, text: str) -> None:
    """Gives an element other words."""
    shown._text = text
    shown.update()

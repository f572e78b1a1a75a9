"""Trees of plain data that the browser shows: the one way in which words of reports, models and users reach the page.

A node is a string, or `[tag, attributes, children]`. assets/nodes.js makes elements of the tags and attributes that
it knows, and text of all strings: nothing in them is ever read as markup. Attributes of ours beside those of HTML:
`act` and `value` (what a click reports), `tip` (lines shown on hover and focus), `icon` (a drawing of icons.svg).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from nicegui import events
from nicegui.element import Element

from assistant.adapters.render import plain

Node = str | list[Any]


def node(tag: str, *children: Node, **attributes: Any) -> Node:
    """A node; `class_` gives its classes, `aria_label` an aria-label, and None leaves an attribute out."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items() if value is not None}
    return [tag, named, list(children)]


def words(text: str) -> str:
    """Text of a report as it may be shown: no control characters, none that turn the direction of writing."""
    return plain(text)


def button(label: str, act: str, *, icon: str | None = None, value: Any = None, **attributes: Any) -> Node:
    """A button with words, or with an icon alone that has them as its name."""
    drawn = [node("svg", icon=icon)] if icon else []
    named = {"aria-label": label, "tip": [label]} if icon and not attributes.pop("wordy", False) else {}
    shown = [] if named else [node("span", label)]
    classes = f"plain {attributes.pop('class_', '')}".strip()
    made = node("button", *drawn, *shown, act=act, value=value, class_=classes, **attributes)
    cast(list[Any], made)[1].update(named)
    return made


class Nodes(Element, component=Path(__file__).parent / "assets" / "nodes.js"):
    """Shows nodes. `on_act` gets the `act` and the `value` of what was clicked."""

    def __init__(self, nodes: list[Node], on_act: Callable[[str, Any], Any] | None = None) -> None:
        super().__init__()
        self.show(nodes)
        if on_act:
            self.on("act", lambda event: on_act(*_acted(event)))

    def show(self, nodes: list[Node]) -> None:
        """Replaces what is shown."""
        self._props["nodes"] = nodes
        self.update()


def _acted(event: events.GenericEventArguments) -> tuple[str, Any]:
    return str(event.args["act"]), event.args.get("value")

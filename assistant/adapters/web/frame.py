"""What every page has: the side with its links and conversations, the language, the theme, and a place for the view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy

from nicegui import run, ui

from assistant import __version__
from assistant.adapters.web.access import LANGUAGES
from assistant.adapters.web.controls import choice, element, link, press
from assistant.adapters.web.desk import THEMES, Desk
from assistant.adapters.web.dialogs import ask_text, sure
from assistant.adapters.web.texts import say
from assistant.conversations import Conversation
from assistant.errors import AssistantError

_TAGS = {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW", "en": "en-US"}
_VIEWS = (("ask", "/", "chat"), ("library", "/library", "library"), ("calculators", "/calculators", "calculator"))
_LISTED = 100  # conversations in the side


@contextmanager
def frame(desk: Desk, view: str) -> Iterator[ui.element]:
    """The page around a view; what is made inside goes into the view. Gives the place of a pane beside it."""
    _dress(desk, view)
    with element("div", classes="desk"):
        element("a", say("skip", desk.language), "skip", href="#main")
        press(say("menu", desk.language), icon_name="menu", wordy=False, kind="plain menu", aria_expanded="false")
        with element("nav", classes="side", aria_label=say("menu", desk.language)):
            _side(desk, view)
        main = element("main", classes=f"view {view}", id="main", tabindex="-1")
        beside = element("div", classes="beside")
        with main:
            yield beside


def _dress(desk: Desk, view: str) -> None:
    """Title, language, theme, style and script of the page."""
    client = ui.context.client
    page = copy(client.page)  # the page is everybody's; its language and theme are this reader's
    page.language, page.dark = _TAGS[desk.language], THEMES[desk.theme]  # type: ignore[assignment]
    client.page = page
    ui.page_title(f"{say(view, desk.language)} · {say('name', desk.language)}")
    ui.add_head_html(f'<link rel="stylesheet" href="/web/assets/page.css?v={__version__}">')
    ui.add_body_html(f'<script src="/web/assets/page.js?v={__version__}" defer></script>')


def _side(desk: Desk, view: str) -> None:
    with element("div", classes="brand"):
        element("strong", say("name", desk.language))
        element("span", say("motto", desk.language), "muted")
    link(say("new_question", desk.language), "/", icon_name="plus", kind="new")
    with element("ul", classes="views"):
        for name, target, drawing in _VIEWS:
            with element("li"):
                current = "page" if name == view else None
                link(say(name, desk.language), target, icon_name=drawing, aria_current=current)
    Past(desk)
    with element("div", classes="foot"):
        _state(desk)
        _taste(desk)


def _state(desk: Desk) -> None:
    """Which model answers, or that none does."""
    model = getattr(desk.assistant, "model", None)
    with element("p", classes="state" if model else "state offline"):
        element("span", classes="dot", aria_hidden="true")
        element("span", str(model) if model else say("offline", desk.language))


def _taste(desk: Desk) -> None:
    """The language and the theme, remembered by the browser."""
    themes = {name: say(f"theme_{name}", desk.language) for name in THEMES}
    languages = {code: say(f"language_{code}", code) for code in LANGUAGES.values()}
    with element("div", classes="taste"):
        choice(say("language", desk.language), {str(k): v for k, v in languages.items()}, desk.language, _relanguage)
        dark = ui.dark_mode(THEMES[desk.theme])

        def retheme(name: str) -> None:
            if name in THEMES:
                dark.value = THEMES[name]
                ui.run_javascript(f"desk.remember('theme', '{name}')")

        choice(say("theme", desk.language), themes, desk.theme, retheme)
        if desk.guarded:
            link(say("leave", desk.language), "/web/leave", icon_name="key")


def _relanguage(code: str) -> None:
    if code in LANGUAGES:
        ui.run_javascript(f"desk.remember('language', '{code}'); location.reload()")


class Past:
    """The conversations had, newest first: open, rename, delete."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.box = element("section", classes="past", aria_label=self.say("conversations"))
        ui.timer(0, self.refresh, once=True)
        ui.on("conversations", self.refresh)

    def say(self, key: str, **values: object) -> str:
        return say(key, self.desk.language, **values)

    async def refresh(self) -> None:
        """Lists them anew."""
        kept = await run.io_bound(self._kept)
        self.box.clear()
        with self.box:
            element("h2", self.say("conversations"), "label")
            if kept is None:
                element("p", self.say("no_memory"), "muted")
            with element("ul"):
                for conversation in kept or ():
                    self._line(conversation)

    def _kept(self) -> list[Conversation] | None:
        try:
            return self.desk.assistant.conversations.list(self.desk.owner, _LISTED)
        except AssistantError:
            return None

    def _line(self, conversation: Conversation) -> None:
        title = conversation.title or self.say("untitled")
        with element("li"):
            current = "page" if conversation.id == self.desk.conversation_id else None
            element("a", title, href=f"/?c={conversation.id}", aria_current=current, title=title)
            press(self.say("rename", title=title), lambda: self._rename(conversation), icon_name="edit", wordy=False)
            press(self.say("delete", title=title), lambda: self._delete(conversation), icon_name="trash", wordy=False)

    async def _rename(self, conversation: Conversation) -> None:
        asked = self.say("rename", title=conversation.title)
        title = await ask_text(self.desk, asked, self.say("title"), conversation.title, most=80)
        if title:
            await self._do(lambda: self.desk.assistant.conversations.rename(conversation.id, title))

    async def _delete(self, conversation: Conversation) -> None:
        if not await sure(self.desk, self.say("delete", title=conversation.title), self.say("delete_sure")):
            return
        if conversation.id == self.desk.conversation_id:
            ui.navigate.to("/")
        await self._do(lambda: self.desk.assistant.conversations.delete(conversation.id))

    async def _do(self, act: Callable[[], object]) -> None:
        try:
            await run.io_bound(act)
        except AssistantError as error:
            ui.notify(str(error), type="negative")
        await self.refresh()  # last: it takes away the button that was pressed


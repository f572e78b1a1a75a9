"""One browser and one server for all tests of the web chat; every page is watched for what it must not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fpdf import FPDF
from playwright.sync_api import Browser, BrowserContext, Page

from assistant.bootstrap import bundled_reports, open_assistant
from assistant.settings import Settings
from browser import chromium
from web_chat import TURNS, Site, served, watch

PDF_SENTENCE = "Rental revenue of Quillmark reached 418 million yuan in 2025."


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`assistant serve` over the bundled notes, a PDF, and a long conversation."""
    home = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_HOME", str(home))
        long = _filled(tmp_path_factory.mktemp("files"))
    with served(home) as address:
        yield Site(address, long)


def _filled(folder: Path) -> str:
    assistant = open_assistant(Settings())
    try:
        list(assistant.ingest([*bundled_reports(), _pdf(folder)]))
        kept = assistant.conversations
        made = kept.create()
        answer = assistant.ask("腾讯 2023 到 2027E 的广告收入")
        for number in range(TURNS):
            kept.add(made.id, replace(answer, question=f"第 {number + 1} 个问题:腾讯的广告收入?", answer_id=None))
        kept.rename(made.id, "Long")
        return made.id
    finally:
        assistant.close()


def _pdf(folder: Path) -> Path:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for text in ("Quillmark rental note, 3 March 2026", PDF_SENTENCE):
        pdf.add_page()
        pdf.multi_cell(0, 8, f"{text} The fleet grew by 12% a year. Utilisation stayed at 81%.")
    path = folder / "quillmark.pdf"
    pdf.output(str(path))
    return path


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens a path as a new reader would, in a window of one's own; afterwards no page may have failed, or reached
    for another host."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(
        path: str = "/", *, address: str = "", language: str = "en-US", ready: bool = True,
        allowed: tuple[str, ...] = (), **options: object,
    ) -> Page:  # fmt: skip
        address = address or request.getfixturevalue("site").address
        size = options.pop("size", (1280, 860))
        context = browser.new_context(
            locale=language,
            viewport={"width": size[0], "height": size[1]},  # type: ignore[index]
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        watch(page, address, wrong, allowed)
        page.goto(address + path)
        if ready:
            page.wait_for_function("window.did_handshake")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong

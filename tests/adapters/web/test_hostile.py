"""Reports that try to run, style or phone home: their words are shown, and nothing else happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import hostile
from assistant.bootstrap import open_assistant
from assistant.settings import Settings
from web_chat import ask, served

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose library holds the sixty documents alone."""
    home, files = tmp_path_factory.mktemp("hostile-site"), tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_HOME", str(home))
        assistant = open_assistant(Settings())
        outcomes = list(assistant.ingest(hostile.write(files)))
        assistant.close()
    assert len(outcomes) == 60
    assert sum(outcome.status == "added" for outcome in outcomes) >= 55  # a few may be refused, in words
    with served(home) as address:
        yield address


def unharmed(page: Page) -> None:
    """Nothing ran, and nothing of a document became an element."""
    assert hostile.MARKER not in page.title()
    strange = ":is(script, style, iframe, object, embed, base, meta, form, video, math, template, link, a[href*=':'])"
    assert page.locator(f"main {strange}, .pane {strange}").count() == 0
    assert page.locator("img:not([src^='/web/'])").count() == 0


def test_sixty_hostile_documents_run_nothing_and_fetch_nothing(open_page: Open, hostile_site: str) -> None:
    page = open_page("/library", address=hostile_site)
    expect(page.locator(".reports tbody tr").first).to_be_visible()
    unharmed(page)
    names = page.locator(".reports .link")
    for index in range(names.count()):
        names.nth(index).click()
        expect(page.locator(".pane header h2")).to_have_text(names.nth(index).inner_text())
        expect(page.locator(".pane .paper")).to_be_visible()
    unharmed(page)


def test_answers_from_hostile_documents_are_words(open_page: Open, hostile_site: str) -> None:
    page = open_page(address=hostile_site)
    expect(page.locator(".start h2")).to_be_visible()
    for number in range(0, 60, 4):
        ask(page, f"What did Widget{number} sell in 2025?")
        page.locator(".answer").last.locator(".chip").first.click()
        expect(page.locator(".pane.open .body")).to_be_visible()
        unharmed(page)
    for payload in hostile.PAYLOADS[:50:7]:
        ask(page, f"What is Widget1? {payload[:300]}".replace("\n", " "))
    page.get_by_role("button", name="Chart of the cited rows").first.click()
    unharmed(page)
    page.reload()
    expect(page.locator(".turn").first).to_be_attached()
    unharmed(page)


def test_a_file_of_a_hostile_name_is_only_named(open_page: Open, tmp_path: Path, hostile_site: str) -> None:
    path = tmp_path / "<img src=x onerror=alert(1)>.md"
    path.write_text("# Harmless\n\nNothing of interest in 2031.\n", encoding="utf-8")
    page = open_page("/library", address=hostile_site)
    page.set_input_files(".zone input", str(path))
    expect(page.locator(".queue li.added")).to_contain_text("<img src=x onerror=alert(1)>.md")
    unharmed(page)

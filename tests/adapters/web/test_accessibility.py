"""axe-core on every view, light and dark, wide and narrow: nothing serious or critical."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from web_chat import ask

Open = Callable[..., Page]
GROWTH = "腾讯广告收入 2025E 到 2027E 的复合增长率是多少?"
LOOKS = {"light": {}, "dark": {"color_scheme": "dark"}, "narrow": {"size": (390, 800)}}


def wrong(page: Page) -> list[str]:
    """What axe finds serious or critical, with the elements."""
    found = Axe().run(page).response["violations"]
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    return [f"{v['id']}: {node['html'][:200]} {node['failureSummary'][:300]}" for v in grave for node in v["nodes"]]


def start(page: Page) -> None:
    expect(page.locator(".example").first).to_be_visible()


def calculation(page: Page) -> None:
    ask(page, GROWTH)
    page.get_by_role("button", name="Chart of the cited rows").click()
    expect(page.locator(".chart canvas")).to_be_visible()
    page.locator(".fig.derived").first.click()
    expect(page.locator(".pane.open .operands")).to_be_visible()


def table(page: Page) -> None:
    ask(page, GROWTH)
    page.locator(".words .chip").nth(1).click()
    expect(page.locator(".pane.open mark").first).to_be_visible()


def text(page: Page) -> None:
    table(page)
    page.locator(".pane").get_by_role("button", name="Text").click()
    expect(page.locator(".paper mark")).to_be_visible()


def picture(page: Page) -> None:
    ask(page, "What was the rental revenue of Quillmark in 2025?")
    page.locator(".words .chip").first.click()
    expect(page.locator(".pane img.here").first).to_be_visible()


def choosing(page: Page) -> None:
    page.locator(".scope").click()
    expect(page.get_by_role("dialog").locator(".tick").first).to_be_visible()


def feedback(page: Page) -> None:
    ask(page, GROWTH)
    page.get_by_role("button", name="Good answer").click()
    expect(page.get_by_label("Comment")).to_be_visible()


def library(page: Page) -> None:
    expect(page.locator(".reports tbody tr").first).to_be_visible()
    page.get_by_role("checkbox").first.click()
    expect(page.get_by_role("button", name="Ask about these")).to_be_visible()


def removing(page: Page) -> None:
    page.get_by_role("button", name="Remove").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def calculator(page: Page) -> None:
    page.fill("[name=a]", "10")
    page.fill("[name=b]", "4")
    page.get_by_role("button", name="Calculate").click()
    expect(page.locator(".result")).to_have_text("2.5x")


VIEWS = [
    ("/", start), ("/", calculation), ("/", feedback), ("/", text), ("/", picture), ("/", choosing),
    ("/library", removing), ("/library", library), ("/", table), ("/calculators?tool=ratio", calculator),
]  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_grave_on_any_view(open_page: Callable[..., Page], look: str) -> None:
    found = {}
    for path, prepare in VIEWS if look == "light" else VIEWS[1::2]:
        page = open_page(path, **LOOKS[look])
        prepare(page)
        page.wait_for_timeout(250)  # colours of a dialog that still fades in are not those it has
        found[prepare.__name__] = wrong(page)
        page.context.close()
    assert not {name: wrongs for name, wrongs in found.items() if wrongs}, "\n".join(map(str, found.items()))

"""Files in, reports filtered, chosen, read and removed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

NOTE = """# 港口吞吐量周报

报告日期：2026年5月6日

国信证券研究所

## 吞吐量

盐田港四月吞吐量为 137 万标箱，同比增长 8%。
"""

Open = Callable[..., Page]


def test_a_file_is_read_in_asked_about_read_and_removed(open_page: Open, tmp_path: Path) -> None:
    note, empty = tmp_path / "port.md", tmp_path / "empty.md"
    note.write_text(NOTE, encoding="utf-8")
    empty.write_text("", encoding="utf-8")
    page = open_page("/library")
    page.set_input_files(".zone input", [str(note), str(empty)])
    expect(page.locator(".queue li.added")).to_contain_text("port.md")
    expect(page.locator(".queue li.failed")).to_contain_text("empty")
    row = page.locator(".reports tbody tr", has_text="港口吞吐量周报")
    expect(row).to_contain_text("2026-05-06")
    row.get_by_role("button", name="港口吞吐量周报", exact=True).click()
    expect(page.locator(".pane .paper")).to_contain_text("137 万标箱")
    page.keyboard.press("Escape")
    row.get_by_role("checkbox").click()
    expect(row.get_by_role("checkbox")).to_have_attribute("aria-checked", "true")
    page.get_by_role("button", name="Ask about these").click()
    page.wait_for_url(re.compile("reports="))
    expect(page.locator(".scope")).to_contain_text("1 of")
    page.goto(page.url.split("/?")[0] + "/library")
    page.wait_for_function("window.did_handshake")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(row).to_have_count(0)


def test_reports_are_found_by_issuer_script_date_and_words(open_page: Open) -> None:
    page = open_page("/library")
    rows = page.locator(".reports tbody tr")
    page.get_by_label("Issuer").select_option("KGI Securities")
    expect(rows).to_have_count(1)
    page.get_by_label("Issuer").select_option("")
    page.get_by_label("Since").fill("2026-06-01")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("2026-06-02")
    page.get_by_label("Since").fill("")
    page.get_by_label("Find").fill("openclaw")
    expect(rows).to_have_count(1)


def test_a_removed_reports_answers_keep_their_quotes(open_page: Open, tmp_path: Path) -> None:
    note = tmp_path / "dock.md"
    note.write_text(NOTE.replace("盐田港", "蛇口港").replace("137", "218"), encoding="utf-8")
    page = open_page("/library")
    page.set_input_files(".zone input", str(note))
    expect(page.locator(".queue li.added")).to_be_visible()
    row = page.locator(".reports tbody tr", has_text="dock.md")
    row.get_by_role("checkbox").click()
    page.get_by_role("button", name="Ask about these").click()
    page.wait_for_function("window.did_handshake && document.getElementById('question')")
    page.fill("#question", "蛇口港四月吞吐量是多少?")
    page.keyboard.press("Enter")
    expect(page.locator(".answer footer")).to_be_visible()
    conversation = page.url
    page.goto(conversation.split("/?")[0] + "/library")
    page.wait_for_function("window.did_handshake")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(row).to_have_count(0)
    page.goto(conversation)
    page.locator(".words .chip").first.click()
    expect(page.locator(".pane")).to_contain_text("no longer in the library")
    expect(page.locator(".pane blockquote")).to_contain_text("218 万标箱")

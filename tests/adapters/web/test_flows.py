"""What a reader does with the web chat, in a real browser against a real server."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from web_chat import TURNS, Site, ask

CELL = "视频号 2026E 的广告收入是多少?"
ROWS = "腾讯 2023 到 2027E 的广告收入"
GROWTH = "腾讯广告收入 2025E 到 2027E 的复合增长率是多少?"

Open = Callable[..., Page]


def test_a_chip_opens_the_table_with_the_cell_marked_and_the_next_one_follows(open_page: Open) -> None:
    page = open_page()
    ask(page, CELL)
    figure = page.locator(".words .fig").first
    expect(figure).to_have_text("638 亿元")
    assert "quoted" in str(figure.get_attribute("class")) and "quoted" in str(figure.get_attribute("aria-label"))
    page.locator(".words .chip").first.click()
    pane = page.get_by_role("complementary", name="Source")
    expect(pane.locator("mark").first).to_be_in_viewport()
    expect(pane.locator(".about")).to_contain_text("Guosen Securities")
    expect(pane.locator(".about")).to_contain_text("guosen-hk-internet.md")
    figure.click()
    expect(pane.locator("td mark")).to_have_text("638")
    pane.get_by_role("button", name="Text").click()
    expect(pane.locator(".paper mark")).to_have_text("638")
    first = pane.locator(".about .chip").inner_text()
    pane.get_by_role("button", name="Next source").click()
    expect(pane.locator(".about .chip")).not_to_have_text(first)


def test_a_link_from_elsewhere_opens_the_report_at_the_place(open_page: Open, site: Site) -> None:
    page = open_page()
    ask(page, CELL)
    page.locator(".words .fig").first.click()
    about = page.locator(".pane .about .muted").last.inner_text()
    start, end = re.findall(r"\d+", about.replace(",", ""))[-2:]
    reports = page.request.get(f"{site.address}/v1/reports").json()["reports"]
    guosen = next(one["report_id"] for one in reports if one["source"] == "guosen-hk-internet.md")
    page.goto(f"{site.address}/?report={guosen}&start={start}&end={end}")
    expect(page.locator(".pane mark").first).to_be_in_viewport()
    page.goto(f"{site.address}/?report=ffffffffffff")
    expect(page.get_by_text("The report that this link names")).to_be_visible()


def test_a_figure_leads_to_its_calculation_and_on_to_the_operands_source(open_page: Open) -> None:
    page = open_page()
    ask(page, GROWTH)
    result = page.locator(".fig.derived", has_text="20%").first
    result.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("(209,700,000,000 / 145,600,000,000)")
    result.click()
    pane = page.locator(".pane")
    expect(pane).to_contain_text("(end / start)^(1 / periods) − 1")
    expect(pane.locator(".operands")).to_contain_text("145,600,000,000 CNY")
    pane.locator(".operands .chip").first.click()
    expect(pane.locator("mark", has_text="1456")).to_be_visible()


def test_whole_rows_are_shown_as_a_table_and_as_a_chart_of_cited_points(open_page: Open) -> None:
    page = open_page()
    ask(page, ROWS)
    table = page.locator(".words table").first
    expect(table.locator("thead")).to_contain_text("2026E")
    expect(table.locator("tbody tr").first.locator("td").first).to_have_text("823")
    page.get_by_role("button", name="Chart of the cited rows").click()
    chart = page.locator(".chart canvas").first
    expect(chart).to_be_visible()
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(200)  # ECharts draws in a frame of its own
    point = page.evaluate(
        """() => {
          const chart = getElement(document.querySelector('.nicegui-echart').id.slice(1)).chart;
          return chart.convertToPixel({seriesIndex: 0}, [0, chart.getOption().series[0].data[0]]);
        }"""
    )
    chart.click(position={"x": point[0], "y": point[1]})
    expect(page.locator(".pane td mark")).to_have_text("823")


def test_figures_are_downloaded_as_csv_with_the_place_of_each(open_page: Open) -> None:
    page = open_page()
    ask(page, ROWS)
    with page.expect_download() as download:
        page.get_by_role("button", name="Figures as CSV").click()
    lines = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    first = lines[0]
    assert (first["row"], first["column"], first["printed"]) == ("腾讯广告总计", "2020", "823")
    assert (first["value"], first["unit"], first["citation"]) == ("82300000000", "CNY", "[1]")
    assert first["source"] == "guosen-hk-internet.md" and int(first["end"]) - int(first["start"]) == 3


def test_an_answer_is_copied_as_markdown_with_footnotes(open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, CELL)
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.get_by_text("Copied, with footnotes.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"638 亿元 \[\^1\]", copied) and re.search(r"^\[\^1\]: Guosen Securities · .*638", copied, re.M)


def test_a_pdf_is_quoted_on_its_page(open_page: Open) -> None:
    page = open_page()
    ask(page, "What was the rental revenue of Quillmark in 2025?")
    page.locator(".words .chip").first.click()
    picture = page.locator(".pane img.here").first
    expect(picture).to_be_visible()
    page.wait_for_function("document.querySelector('.pane img.here')?.naturalWidth > 300")
    page.locator(".pane").get_by_role("button", name="Text").click()
    expect(page.locator(".pane mark")).to_contain_text("Rental revenue of Qu")


def test_a_conversation_is_kept_followed_up_renamed_and_deleted(open_page: Open) -> None:
    page = open_page()
    ask(page, CELL)
    ask(page, "那 2027E 呢?")
    expect(page.locator(".turn")).to_have_count(2)
    assert "?c=" in page.url
    page.reload()
    expect(page.locator(".turn .question").last).to_have_text("那 2027E 呢?")
    expect(page.locator(".turn .answer footer")).to_have_count(2)
    here = page.locator(".past li:has(a[aria-current])")
    here.hover()
    here.get_by_role("button", name="Rename").click()
    page.get_by_label("Title", exact=True).fill("Channels")
    page.get_by_role("button", name="Save").click()
    expect(here.locator("a")).to_have_text("Channels")
    here.hover()
    here.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Yes, do it").click()
    page.wait_for_url(lambda url: "?c=" not in url)
    expect(page.locator(".example").first).to_be_visible()
    expect(page.locator(".past a", has_text="Channels")).to_have_count(0)


def test_examples_are_made_of_the_library_and_can_be_asked(open_page: Open) -> None:
    page = open_page(language="zh-CN")
    example = page.locator(".example").first
    text = example.inner_text()
    example.click()
    expect(page.locator(".turn .question")).to_have_text(text)
    expect(page.locator(".answer.answered footer")).to_be_visible()


def test_a_question_may_be_kept_to_some_reports(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="All 6 reports").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Script").select_option("zh-Hant")
    expect(dialog.locator(".tick")).to_have_count(2)
    dialog.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("button", name="2 of 6 reports")).to_be_visible()
    ask(page, "OpenRouter 一周的 token 用量是多少?")
    sources = page.locator(".sources li").all_inner_texts()
    assert sources and all("KGI" in line or "Kingsway" in line for line in sources)


def test_feedback_is_kept_with_its_comment(open_page: Open) -> None:
    page = open_page()
    ask(page, CELL)
    page.get_by_role("button", name="Bad answer").click()
    page.get_by_label("Comment").fill("wrong year")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Thank you, it is kept.")).to_be_visible()


def test_the_language_follows_the_browser_and_can_be_switched(open_page: Open) -> None:
    page = open_page(language="zh-TW")
    expect(page.locator("html")).to_have_attribute("lang", "zh-TW")
    expect(page.get_by_role("link", name="報告庫")).to_be_visible()
    page.get_by_label("語言").select_option("en")
    expect(page.get_by_role("link", name="Library")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Library")).to_be_visible()


def test_dark_follows_the_system_and_can_be_switched(open_page: Open) -> None:
    page = open_page(color_scheme="dark")
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    page.get_by_label("Theme").select_option("light")
    expect(page.locator("body")).to_have_class(re.compile("body--light"))
    page.wait_for_function("document.cookie.includes('theme=light')")
    page.reload()
    page.wait_for_function("window.did_handshake")
    expect(page.locator("body")).to_have_class(re.compile("body--light"))


def test_everything_is_reached_by_keyboard_alone(open_page: Open) -> None:
    page = open_page()
    page.locator("body").press("/")
    page.keyboard.type(GROWTH)
    page.keyboard.press("Enter")
    expect(page.locator(".answer footer")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.classList.contains('rove')"):
            break
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") != first
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".pane.open")).to_contain_text("145,600,000,000 CNY")
    page.keyboard.press("Escape")
    expect(page.locator(".pane.open")).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent") == first


def test_on_a_narrow_screen_side_and_pane_come_over_the_conversation(open_page: Open) -> None:
    page = open_page(size=(390, 800))
    expect(page.get_by_role("link", name="Library")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Library")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Library")).to_be_hidden()
    ask(page, ROWS)
    page.locator(".words .chip").first.click()
    expect(page.locator(".pane mark").first).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_calculator_is_a_form_that_shows_its_working_or_says_why_not(open_page: Open) -> None:
    page = open_page("/calculators?tool=dcf")
    page.fill("[name=cash_flows]", "100,110,120")
    page.fill("[name=discount_rate]", "9%")
    page.fill("[name=terminal_growth]", "9%")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing outgrows its discount rate")
    page.fill("[name=terminal_growth]", "2%")
    page.get_by_role("button", name="Calculate").click()
    expect(page.locator(".result")).to_have_text("1,627.21")
    expect(page.locator(".calculation")).to_contain_text("present value of the flows")


def test_the_offline_mode_is_recognisable_and_costs_nothing(open_page: Open) -> None:
    page = open_page()
    expect(page.locator(".state")).to_have_text("Offline, no language model")
    ask(page, CELL)
    expect(page.locator(".facts")).to_contain_text("no model, no cost")


def test_a_long_conversation_begins_with_its_end_and_goes_back_on_demand(open_page: Open, site: Site) -> None:
    page = open_page(f"/?c={site.long}")
    expect(page.locator(".turn")).to_have_count(20)
    expect(page.locator(".question").last).to_contain_text(f"第 {TURNS} 个")
    expect(page.locator(".answer footer").last).to_be_in_viewport()
    page.get_by_role("button", name="Show earlier questions").click()
    expect(page.locator(".turn")).to_have_count(40)
    expect(page.locator(".question").first).to_contain_text(f"第 {TURNS - 39} 个")

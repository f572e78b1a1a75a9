"""The web chat measured in headless Chromium: `python evals/web.py`, as root the first time.

- page: milliseconds from navigation to usable, against a bare NiceGUI page in the same run; kilobytes over the wire
- long: a conversation of 200 answers; the longest task of the browser's main thread while typing and scrolling
- hostile: sixty documents with scripts, styles, links and a line of ten million characters; what ran or was fetched
"""


from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from playwright.sync_api import Browser, Page

import hostile
from assistant.bootstrap import bundled_reports, open_assistant
from assistant.settings import Settings
from browser import chromium
from web_chat import ask, served, watch

BARE = """
import sys, uvicorn
from fastapi import FastAPI
from nicegui import ui
app = FastAPI()
@ui.page("/")
def page():
    ui.label("usable")
ui.run_with(app)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
"""
USABLE = """
const there = () => window.did_handshake && document.querySelector(%s);
const look = () => there() ? (window.usable = performance.now()) : requestAnimationFrame(look);
look();
"""
LONG_TASKS = """() => {
  window.long = [0];
  new PerformanceObserver((seen) => long.push(...seen.getEntries().map((e) => e.duration))).observe({type: "longtask"});
}"""
TURNS = 200


@contextmanager
def bare() -> Iterator[str]:
    """A NiceGUI page with nothing on it but a label."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.executable, "-c", BARE, str(port)], cwd=folder)
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the bare page did not start")


def opening(browser: Browser, address: str, sign: str) -> tuple[float, float]:
    """Milliseconds from navigation until `sign` is there and the server listens; kilobytes over the wire; no cache."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    sizes: list[float] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda done: sizes.append(done["encodedDataLength"]))
    page.add_init_script(USABLE % json.dumps(sign))
    page.goto(address)
    page.wait_for_function("window.usable")
    usable = float(page.evaluate("window.usable"))
    page.wait_for_load_state("networkidle")
    context.close()
    return usable, sum(sizes) / 1000


def measure_page(browser: Browser, address: str, runs: int) -> dict[str, Any]:
    """Both pages by turns, medians."""
    with bare() as other:
        pages = {"chat": (address, "#question"), "bare": (other, ".nicegui-content > *")}
        for where, sign in pages.values():
            opening(browser, where, sign)  # the servers' own first time
        seen: dict[str, list[tuple[float, float]]] = {name: [] for name in pages}
        for _ in range(runs):
            for name, page in pages.items():
                seen[name].append(opening(browser, *page))
    found = {f"{name}_ms": round(statistics.median(ms for ms, _ in times)) for name, times in seen.items()}
    sizes = {f"{name}_kB": round(statistics.median(kb for _, kb in times)) for name, times in seen.items()}
    return found | {"times_bare": round(found["chat_ms"] / found["bare_ms"], 2)} | sizes


def measure_long(browser: Browser, address: str, conversation: str) -> dict[str, Any]:
    """The longest task while typing and scrolling, all answers shown."""
    page = browser.new_context(locale="en-US").new_page()
    page.goto(f"{address}/?c={conversation}")
    page.wait_for_function("document.querySelectorAll('.turn').length > 0")
    more = page.get_by_role("button", name="Show earlier questions")
    while more.is_visible():
        before = page.locator(".turn").count()
        more.click()
        page.wait_for_function("n => document.querySelectorAll('.turn').length > n", arg=before)
    page.wait_for_timeout(2000)
    page.evaluate(LONG_TASKS)
    page.locator("#question").press_sequentially("腾讯 2027E 的广告收入是多少", delay=30)
    typing = page.evaluate("Math.max(...long.splice(0), 0)")
    for step in [*range(20, -1, -1), *range(21)]:
        place = "p => { const t = document.querySelector('.turns'); t.scrollTop = t.scrollHeight * p }"
        page.evaluate(place, step / 20)
        page.wait_for_timeout(50)
    scrolling = page.evaluate("Math.max(...long.splice(0), 0)")
    page.locator(".chip").last.click()
    page.wait_for_selector(".pane.open mark")
    opening_source = page.evaluate("Math.max(...long.splice(0), 0)")
    answers = page.locator(".turn").count()
    page.context.close()
    return {"answers": answers, "typing_ms": typing, "scrolling_ms": scrolling, "opening_a_source_ms": opening_source}


def measure_hostile(browser: Browser, folder: Path) -> dict[str, Any]:
    """Reads each document and asks about some."""
    files = folder / "hostile"
    files.mkdir()
    home = folder / "hostile-home"
    outcomes = filled(home, hostile.write(files, longest=10_000_000))
    wrong: list[str] = []
    with served(home) as address:
        page = browser.new_context(locale="en-US").new_page()
        page.set_default_timeout(60_000)
        watch(page, address, wrong)
        page.goto(f"{address}/library")
        page.wait_for_selector(".reports .link")
        names = page.locator(".reports .link")
        for index in range(names.count()):
            names.nth(index).click()
            page.wait_for_selector(".pane .paper")
            page.locator(".pane .close").click()
        page.goto(address)
        page.wait_for_function("window.did_handshake")
        for number in range(60):
            ask(page, f"What did Widget{number} sell in 2025?")
        _note_marker(page, wrong)
        page.context.close()
    return {"documents": len(outcomes), "read_in": outcomes.count("added"), "executed_or_fetched": len(wrong)}


def _note_marker(page: Page, wrong: list[str]) -> None:
    if hostile.MARKER in page.title():
        wrong.append("a script ran")


def filled(home: Path, paths: list[Path]) -> list[str]:
    """A library in a folder; what became of each file."""
    os.environ["ASSISTANT_HOME"] = str(home)
    assistant = open_assistant(Settings())
    try:
        return [outcome.status for outcome in assistant.ingest(paths)]
    finally:
        assistant.close()


def long_conversation(home: Path) -> str:
    """A conversation of 200 answers with a table and some sixty figures each; its id."""
    os.environ["ASSISTANT_HOME"] = str(home)
    assistant = open_assistant(Settings())
    try:
        kept = assistant.conversations
        made = kept.create()
        answer = assistant.ask("腾讯 2023 到 2027E 的广告收入")
        for number in range(TURNS):
            kept.add(made.id, replace(answer, question=f"第 {number + 1} 个问题", answer_id=None))
        return made.id
    finally:
        assistant.close()


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="openings of each page (7)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        filled(folder / "home", bundled_reports())
        conversation = long_conversation(folder / "home")
        with served(folder / "home") as address:
            found = {"page": measure_page(browser, address, options.runs)}
            found["long"] = measure_long(browser, address, conversation)
        found["hostile"] = measure_hostile(browser, folder)
    if options.json:
        print(json.dumps(found))
    else:
        for part, figures in found.items():
            print(f"{part:<8}", ", ".join(f"{name} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()

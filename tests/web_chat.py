"""What the tests of the web chat share: a server of one's own, a page that is watched, a question that is asked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

TURNS = 50  # of the long conversation


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, and the id of its long conversation."""

    address: str
    long: str


@contextmanager
def served(home: Path, **settings: str) -> Iterator[str]:
    """A server over a folder, and its address."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_", "PYTEST_"))}
    command = [sys.executable, "-m", "assistant", "serve", "--port", "0"]
    environment = own | {"ASSISTANT_HOME": str(home)} | settings
    log = home / "served.log"
    with log.open("w") as said:
        server = subprocess.Popen(command, env=environment, cwd=home, stderr=said)
    try:
        yield _address(server, log)
    finally:
        server.terminate()
        server.wait(40)


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    while server.poll() is None:
        if found := re.search(r"listening on (\S+)", log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise AssertionError("the server did not start:\n" + log.read_text())


def watch(page: Page, address: str, wrong: list[str], allowed: tuple[str, ...] = ()) -> None:
    """Notes errors (but those that hold a word that is allowed), dialogs, new windows and requests to other hosts."""
    may = lambda text: any(word in text for word in allowed)  # noqa: E731
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" and not may(said.text) else None)
    page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("popup", lambda popup: wrong.append(f"window: {popup.url}"))
    own = (address, address.replace("http", "ws", 1), "data:", "blob:")
    page.on("request", lambda asked: None if asked.url.startswith(own) else wrong.append(f"request: {asked.url}"))


def ask(page: Page, question: str) -> None:
    """Types a question, sends it, and waits for the whole answer."""
    before = page.locator(".answer footer").count()
    page.fill("#question", question)
    page.keyboard.press("Enter")
    page.wait_for_function("n => document.querySelectorAll('.answer footer').length > n", arg=before)

"""Debian's Chromium for the tests of the web chat: installed where it is absent, started with a fresh profile."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from playwright.sync_api import Browser, sync_playwright

from debian import install

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


@cache
def executable() -> str:
    """Where Chromium is. Skips the test where there is none and none can be installed."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        install("chromium", "fonts-noto-cjk")  # the fonts only make pictures of a page readable
        found = shutil.which("chromium")
    if found is None:
        pytest.skip("there is no Chromium, and none could be installed (as root: apt-get install chromium)")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium."""
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()

"""The Slack bot: slack-bolt, by Socket Mode (`run`) or inside the HTTP server (`mount`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from assistant.service import Assistant
    from assistant.settings import Settings


def run(assistant: Assistant, settings: Settings, tell: Callable[[str], None]) -> None:
    """Serves a workspace by Socket Mode until told to stop. Raises SettingsError, LibraryError."""
    from assistant.adapters.slack.app import run

    run(assistant, settings, tell)


def check(settings: Settings) -> None:
    """Raises SettingsError where `run` could not begin, before a library is opened for it."""
    from assistant.adapters.slack.app import check_settings

    check_settings(settings)


def mount(app: FastAPI, assistant: Assistant, settings: Settings) -> None:
    """Adds POST /slack/events to a server where the tokens are set. Raises SettingsError."""
    if settings.slack_bot_token:
        from assistant.adapters.slack.app import mount

        mount(app, assistant, settings)

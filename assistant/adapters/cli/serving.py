"""Commands that serve other programs until they are told to stop."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from assistant.adapters.cli.opening import DONE, opened, tell

if TYPE_CHECKING:
    from fastapi import FastAPI

    from assistant.service import Assistant
    from assistant.settings import Settings


def run_serve(options: argparse.Namespace) -> int:
    """The HTTP API, MCP, the web chat and, where its tokens are set, the Slack bot, until it is told to stop."""
    from assistant.adapters import slack, web
    from assistant.adapters.api.asking import answering

    with _served(options) as (app, assistant, settings):
        slack.mount(app, assistant, settings)
        desk = app.state.desk
        web.mount(app, assistant, settings, desk.keys.find, partial(answering, desk))
    return DONE


def run_slack(options: argparse.Namespace) -> int:
    """The Slack bot, until it is told to stop."""
    from assistant.adapters import slack
    from assistant.settings import load_settings

    settings = load_settings()
    slack.check(settings)
    with opened(first_use=True) as assistant:
        slack.run(assistant, settings, tell)
    return DONE


def run_mcp(options: argparse.Namespace) -> int:
    """The assistant as an MCP server."""
    if options.http:
        with _served(options):
            return DONE
    from assistant.adapters.mcp import serve_stdio

    with opened(first_use=True) as assistant:
        serve_stdio(assistant)
    return DONE


@contextmanager
def _served(options: argparse.Namespace) -> Iterator[tuple[FastAPI, Assistant, Settings]]:
    """The app with its API and MCP, to which more may be added; at the end it serves until it is told to stop."""
    from assistant.adapters import mcp
    from assistant.adapters.api.app import create_app, keys_of
    from assistant.adapters.api.asking import asker
    from assistant.adapters.api.keys import check_bind
    from assistant.adapters.api.server import serve
    from assistant.settings import load_settings

    settings = load_settings()
    check_bind(options.host, keys_of(settings))
    with opened(first_use=True) as assistant:
        app = create_app(assistant, settings)
        mcp.mount(app, assistant, asker(app.state.desk))
        yield app, assistant, settings
        serve(app, options.host, options.port, lambda address: tell(f"listening on {address}"))

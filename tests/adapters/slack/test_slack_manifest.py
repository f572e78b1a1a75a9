"""The manifest that people paste into Slack asks for what the bot uses, and the page on Slack shows what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.adapters.slack.app import ADDRESS
from assistant.adapters.slack.policy import load
from assistant.settings import Settings

PAGES = ("docs/slack.md", "docs/slack.zh.md")
# What Slack's reference says that a method needs; None: nothing beyond a token.
SCOPES = {
    "chat_": "chat:write",
    "conversations_": "channels:history",
    "assistant_threads_": "assistant:write",
    "files_info": "files:read",
    "files_upload_v2": "files:write",
    "views_": None,
    "auth_test": None,
    "apps_connections_open": None,
}


@pytest.fixture
def manifest(checkout: Path) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((checkout / "docs/slack-manifest.yaml").read_text("utf-8"))
    return made


def test_the_scopes_are_those_of_the_methods_used(checkout: Path, manifest: dict[str, Any]) -> None:
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    code = "".join(path.read_text("utf-8") for path in (checkout / "assistant/adapters/slack").glob("*.py"))
    used = set(re.findall(r"client\.([a-z]+_\w+)\(", code)) | set(re.findall(r'_try\("(\w+)"', code))
    assert {"chat_postMessage", "chat_startStream", "files_info"} <= used
    for method in used - {"base_url", "retry_handlers"}:
        [needed] = [scope for start, scope in SCOPES.items() if method.startswith(start)]
        assert needed is None or needed in scopes
    assert {"app_mentions:read", "commands", "im:history", "groups:history", "mpim:history"} <= scopes


def test_what_the_manifest_announces_is_listened_to(checkout: Path, manifest: dict[str, Any]) -> None:
    listening = (checkout / "assistant/adapters/slack/events.py").read_text("utf-8")
    told = {event.partition(".")[0] for event in manifest["settings"]["event_subscriptions"]["bot_events"]}
    assert set(re.findall(r'app\.event\("(\w+)"\)', listening)) == told
    [shortcut] = manifest["features"]["shortcuts"]
    assert f'app.shortcut("{shortcut["callback_id"]}")' in listening and len(shortcut["name"]) <= 24
    assert [command["command"] for command in manifest["features"]["slash_commands"]] == ["/ask"]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_shows_settings_and_a_policy_that_are_good(checkout: Path, tmp_path: Path, name: str) -> None:
    page = (checkout / name).read_text("utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \|", page, re.M)
    assert set(rows) <= {str(field.alias) for field in Settings.model_fields.values()} and len(rows) == 5
    [shown] = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    for example in (shown, re.sub(r"^# (\w+ =)", r"\1", shown, flags=re.M)):
        assert tomllib.loads(example)
        (tmp_path / "policy.toml").write_text(example, encoding="utf-8")
        policy = load(tmp_path / "policy.toml")
        assert policy.of("C0123ABCD").filters.reports and not policy.of("C9").answer and policy.of("D1").answer
    assert ADDRESS in page
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page)
    assert links and all((checkout / "docs" / link).exists() for link in links)

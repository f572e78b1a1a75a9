"""Settings: defaults, where they come from, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.settings import load_settings


def test_a_new_users_settings_are_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert (settings.model, settings.embedding, settings.timeout, settings.api_keys) == ("none", "builtin", 60.0, [])
    monkeypatch.delenv("ASSISTANT_HOME")
    assert load_settings().home_folder.is_absolute()


def test_a_key_asks_for_a_model_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    assert load_settings().model.startswith("openai:") and load_settings().embedding.startswith("openai:")
    monkeypatch.setenv("ASSISTANT_MODEL", "none")
    monkeypatch.setenv("ASSISTANT_EMBEDDING", "builtin")
    assert (load_settings().model, load_settings().embedding) == ("none", "builtin")


def test_an_address_alone_asks_for_a_model_but_for_no_embedding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:9/v1")
    assert load_settings().model.startswith("openai:") and load_settings().embedding == "builtin"


def test_an_empty_value_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_MODEL", "")
    monkeypatch.setenv("ASSISTANT_TIMEOUT", "")
    assert (load_settings().model, load_settings().timeout) == ("none", 60.0)


def test_a_file_beside_the_work_holds_settings_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("ASSISTANT_TIMEOUT=5\nASSISTANT_MODEL=openai:x\nOTHER=1\n")
    monkeypatch.chdir(tmp_path)
    assert (load_settings().timeout, load_settings().model) == (5.0, "openai:x")
    monkeypatch.setenv("ASSISTANT_TIMEOUT", "7")
    assert load_settings().timeout == 7.0


def test_the_home_may_be_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", "~/reports")
    assert load_settings().home_folder == Path.home() / "reports"


def test_keys_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_API_KEYS", " one, two ,,")
    assert [key.get_secret_value() for key in load_settings().api_keys] == ["one", "two"]


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan days"])
def test_a_value_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ASSISTANT_TIMEOUT", value)
    with pytest.raises(SettingsError, match=r"ASSISTANT_TIMEOUT can't be used: .*\.env"):
        load_settings()


def test_secrets_never_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "short")
    monkeypatch.setenv("ASSISTANT_API_KEYS", "hidden-one,hidden-two")
    monkeypatch.setenv("ASSISTANT_STATE_URL", "postgresql://ann:hid:d@en/@host:1/x?a=b&password=hidden&c=d")
    settings = load_settings()
    shown = {name: (value, origin) for name, value, origin in settings.shown()}
    assert shown["OPENAI_API_KEY"] == ("sk-…19 characters", "set")
    assert shown["SLACK_BOT_TOKEN"] == ("set", "set") and shown["ASSISTANT_API_KEYS"] == ("2 set", "set")
    assert shown["ASSISTANT_CHROMA_URL"] == ("–", "default")
    assert shown["ASSISTANT_STATE_URL"] == ("postgresql://ann:***@host:1/x?a=b&password=***&c=d", "set")
    for text in (repr(settings), str(shown)):
        assert "456789" not in text and "short" not in text and "hid" not in text


def test_conversations_live_in_the_home_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.conversations_url == f"sqlite:{settings.home_folder / 'conversations.sqlite'}"
    assert ("ASSISTANT_STATE_URL", settings.conversations_url, "default") in settings.shown()
    monkeypatch.setenv("ASSISTANT_STATE_URL", "postgresql://ann:secret@host/x")
    monkeypatch.setenv("ASSISTANT_STATE_DAYS", "30")
    settings = load_settings()
    assert (settings.conversations_url, settings.state_days) == ("postgresql://ann:secret@host/x", 30.0)
    monkeypatch.setenv("ASSISTANT_STATE_DAYS", "0")
    with pytest.raises(SettingsError, match="ASSISTANT_STATE_DAYS"):
        load_settings()

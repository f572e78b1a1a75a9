"""The settings, from the environment or a `.env` in the working directory."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from assistant.errors import SettingsError

DEFAULT_MODEL = "openai:gpt-5-mini"
DEFAULT_EMBEDDING = "openai:text-embedding-3-small"
_PASSWORD = re.compile(r"(?P<before>://[^:@/]*:).*(?=@)|(?P<option>[?&]password=)[^&]*")  # in an address


class Settings(BaseSettings):
    """What is in force; see the README's table for each meaning. Secrets never show in a representation."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", populate_by_name=True)

    home: Path | None = Field(default=None, alias="ASSISTANT_HOME")
    model_setting: str | None = Field(default=None, alias="ASSISTANT_MODEL")
    openai_api_key: SecretStr | None = Field(default=None, alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, alias="OPENAI_BASE_URL")
    embedding_setting: str | None = Field(default=None, alias="ASSISTANT_EMBEDDING")
    chroma_url: str | None = Field(default=None, alias="ASSISTANT_CHROMA_URL")
    timeout: float = Field(default=60.0, gt=0, alias="ASSISTANT_TIMEOUT")
    max_steps: int = Field(default=8, ge=1, le=50, alias="ASSISTANT_MAX_STEPS")
    max_tokens: int = Field(default=200_000, ge=2_000, alias="ASSISTANT_MAX_TOKENS")
    max_cost: Decimal | None = Field(default=None, gt=0, alias="ASSISTANT_MAX_COST")
    api_keys: Annotated[list[SecretStr], NoDecode] = Field(default=[], alias="ASSISTANT_API_KEYS")
    state_url: SecretStr | None = Field(default=None, alias="ASSISTANT_STATE_URL")
    state_days: float | None = Field(default=None, gt=0, le=36_500, alias="ASSISTANT_STATE_DAYS")
    concurrency: int = Field(default=4, ge=1, le=64, alias="ASSISTANT_CONCURRENCY")
    workers: int | None = Field(default=None, ge=0, le=64, alias="ASSISTANT_WORKERS")
    queue: int = Field(default=64, ge=0, le=10_000, alias="ASSISTANT_QUEUE")
    upload_limit: float = Field(default=200.0, gt=0, le=10_000, alias="ASSISTANT_UPLOAD_LIMIT")
    cors_origins: Annotated[list[str], NoDecode] = Field(default=[], alias="ASSISTANT_CORS_ORIGINS")
    log_questions: bool = Field(default=False, alias="ASSISTANT_LOG_QUESTIONS")
    slack_bot_token: SecretStr | None = Field(default=None, alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr | None = Field(default=None, alias="SLACK_APP_TOKEN")
    slack_signing_secret: SecretStr | None = Field(default=None, alias="SLACK_SIGNING_SECRET")
    slack_api_url: str | None = Field(default=None, alias="SLACK_API_URL")
    slack_policy: Path | None = Field(default=None, alias="ASSISTANT_SLACK_POLICY")
    public_url: str | None = Field(default=None, pattern=r"^https?://\S+$", alias="ASSISTANT_PUBLIC_URL")

    @field_validator("api_keys", "cors_origins", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @cached_property
    def home_folder(self) -> Path:
        """The folder that holds the library and the conversations."""
        if self.home:
            return self.home.expanduser()
        import platformdirs

        return Path(platformdirs.user_data_dir("broker-report-assistant", appauthor=False))

    @property
    def model(self) -> str:
        """`provider:model`, or "none" for offline."""
        if self.model_setting:
            return self.model_setting
        return DEFAULT_MODEL if self.openai_api_key or self.openai_base_url else "none"

    @property
    def further_processes(self) -> int:
        """How many further processes a server may answer with."""
        return max(0, (os.cpu_count() or 1) - 1) if self.workers is None else self.workers

    @property
    def embedding(self) -> str:
        """What embeds passages: "builtin", "openai:MODEL" or "fastembed:MODEL"."""
        if self.embedding_setting:
            return self.embedding_setting
        return DEFAULT_EMBEDDING if self.openai_api_key else "builtin"

    @property
    def conversations_url(self) -> str:
        """Where conversations live: a file in the home folder unless another place is set. May hold a password."""
        set_to = self.state_url.get_secret_value() if self.state_url else None
        return set_to or f"sqlite:{self.home_folder / 'conversations.sqlite'}"

    def shown(self) -> list[tuple[str, str, Literal["set", "default"]]]:
        """(name, value, where from) of every setting, secrets masked, for `assistant doctor`."""
        effective = {"home": str(self.home_folder), "model_setting": self.model, "embedding_setting": self.embedding}
        for field, url in {"state_url": self.conversations_url, "chroma_url": self.chroma_url or ""}.items():
            effective[field] = _PASSWORD.sub(lambda m: f"{m['before'] or m['option']}***", url)
        rows: list[tuple[str, str, Literal["set", "default"]]] = []
        for field, info in type(self).model_fields.items():
            value = effective.get(field) or _masked(getattr(self, field))
            rows.append((str(info.alias), value, "set" if field in self.model_fields_set else "default"))
        return rows


def _masked(value: object) -> str:
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        return f"{secret[:3]}…{len(secret)} characters" if len(secret) > 12 else "set"
    if isinstance(value, list):
        return f"{len(value)} set" if value else "–"
    return "–" if value is None else str(value)


def load_settings() -> Settings:
    """The settings in force. Raises SettingsError naming the setting that can't be used."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "a setting"
        what = f"{name} can't be used: {first['msg']}"
        raise SettingsError(f"{what}. Correct it in the environment or in .env.") from None

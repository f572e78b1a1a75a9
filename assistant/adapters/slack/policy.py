"""What the bot may do where: one TOML file, named by ASSISTANT_SLACK_POLICY. docs/slack.md has an example."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from assistant.errors import SettingsError
from assistant.types import Filters

_CHANNEL = re.compile(r"[CGD][A-Z0-9]+")
_PERSON = re.compile(r"[UW][A-Z0-9]+")
_TOP = ("usd_per_day", "may_upload", "default", "direct", "channels")
_RULES = ("answer", "usd_per_day", "reports", "issuer", "since", "until")


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in one channel; money in US dollars, None for no limit."""

    answer: bool = True
    filters: Filters = field(default_factory=Filters)
    usd_per_day: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds in a workspace. Without a file: answers everywhere from every report, and nobody uploads."""

    usd_per_day: Decimal | None = None
    may_upload: frozenset[str] = frozenset()
    default: Rules = field(default_factory=Rules)
    direct: Rules = field(default_factory=Rules)
    channels: Mapping[str, Rules] = field(default_factory=dict)

    def of(self, channel: str) -> Rules:
        """What holds in a channel, by its id."""
        return self.channels.get(channel) or (self.direct if channel.startswith("D") else self.default)


def load(file: Path | None) -> Policy:
    """The policy of a file. Raises SettingsError that names the entry that can't be used."""
    if file is None:
        return Policy()
    try:
        given = tomllib.loads(file.expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or "it can't be opened"
        raise SettingsError(f"the file {file.name} that ASSISTANT_SLACK_POLICY names can't be read: {reason}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _Wrong(f"it is not TOML ({error})").of(file) from None
    try:
        return _policy(given)
    except _Wrong as wrong:
        raise wrong.of(file) from None


class _Wrong(Exception):
    """What is wrong with an entry."""

    def of(self, file: Path) -> SettingsError:
        return SettingsError(f"{file.name}, the policy of the Slack bot: {self}")


def _policy(given: dict[str, Any]) -> Policy:
    _known(given, _TOP, "")
    channels = _table(given, "channels")
    for name in channels:
        if not _CHANNEL.fullmatch(name):
            raise _Wrong(f"[channels.{name}] is no channel's id, like C0123AB; a channel's “About” shows it")
    people = _names(given, "may_upload", "")
    for person in people:
        if not _PERSON.fullmatch(person):
            raise _Wrong(f"may_upload has {person!r}, which is no member's id, like U024BE7; a profile shows it")
    return Policy(
        usd_per_day=_money(given, ""),
        may_upload=frozenset(people),
        default=_rules(_table(given, "default"), "default."),
        direct=_rules(_table(given, "direct"), "direct."),
        channels={name: _rules(_table(channels, name), f"channels.{name}.") for name in channels},
    )


def _rules(given: dict[str, Any], where: str) -> Rules:
    _known(given, _RULES, where)
    answer = given.get("answer", True)
    if not isinstance(answer, bool):
        raise _Wrong(f"{where}answer should be true or false")
    reports = _names(given, "reports", where)
    if "reports" in given and not reports:
        raise _Wrong(f"{where}reports is empty; leave it out for all reports, or write answer = false")
    issuer = given.get("issuer")
    if issuer is not None and not (isinstance(issuer, str) and issuer.strip()):
        raise _Wrong(f"{where}issuer should be a broker's name")
    filters = Filters(reports, issuer, _day(given, "since", where), _day(given, "until", where))
    return Rules(answer, filters, _money(given, where))


def _known(given: dict[str, Any], names: tuple[str, ...], where: str) -> None:
    for name in given:
        if name not in names:
            raise _Wrong(f"there is no {where}{name}; these are known: {', '.join(names)}")


def _table(given: dict[str, Any], name: str) -> dict[str, Any]:
    table = given.get(name, {})
    if not isinstance(table, dict):
        raise _Wrong(f"{name} should be a table, written [{name}]")
    return table


def _names(given: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    names = given.get(name, [])
    if not isinstance(names, list) or not all(isinstance(one, str) and one.strip() for one in names):
        raise _Wrong(f'{where}{name} should be a list of texts, like ["…", "…"]')
    return tuple(names)


def _money(given: dict[str, Any], where: str) -> Decimal | None:
    amount = given.get("usd_per_day")
    if amount is None:
        return None
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount < 1e9:
        raise _Wrong(f"{where}usd_per_day should be an amount in US dollars, like 5 or 0.5")
    return Decimal(str(amount))


def _day(given: dict[str, Any], name: str, where: str) -> str | None:
    day = given.get(name)
    if day is None:
        return None
    try:
        return (day if isinstance(day, date) else date.fromisoformat(day)).isoformat()[:10]
    except (TypeError, ValueError):
        raise _Wrong(f"{where}{name} should be a day, like 2026-06-30") from None

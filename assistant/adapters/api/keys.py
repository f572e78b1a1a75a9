"""Who may ask: keys with a name, a role and limits, from ASSISTANT_API_KEYS.

An entry is `KEY`, which may do everything, or `NAME:ROLE:KEY`, where ROLE is `read` or `write`, then limits if wanted:
`desk:read:KEY:60/min:5usd/day`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Literal

from assistant.errors import SettingsError

Role = Literal["read", "write"]

_NAMED = re.compile(r"(?P<name>[\w.@-]{1,64}):(?P<role>[a-z]+):(?P<key>[^:]+)(?P<limits>(?::[^:]*)*)")
_PER_MINUTE = re.compile(r"([0-9]{1,6})/min")
_PER_DAY = re.compile(r"([0-9.]{1,12})usd/day")
_SHORTEST = 8
_MINUTE = 60.0  # seconds


@dataclass(slots=True)
class Key:
    """A key by its digest, and what it allows: requests a minute and US dollars a day, None for no limit."""

    name: str
    role: Role
    digest: bytes
    per_minute: int | None = None
    usd_per_day: Decimal | None = None
    _times: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, now: float | None = None) -> float:
        """Counts a request; returns the seconds to wait where the minute's are used up, else 0."""
        if self.per_minute is None:
            return 0.0
        now = time.monotonic() if now is None else now
        with self._lock:
            while self._times and self._times[0] <= now - _MINUTE:
                self._times.popleft()
            if len(self._times) >= self.per_minute:
                return self._times[0] + _MINUTE - now
            self._times.append(now)
        return 0.0


LOCAL = Key("", "write", b"")  # whoever sits at this machine, in the web chat too


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys in force; none where the server is for this machine alone."""

    keys: tuple[Key, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keys)

    def find(self, given: str) -> Key | None:
        """The key that was given. Every key is looked at, so that the time it takes tells nothing."""
        digest, found = _digest(given), None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found


def parse(entries: Sequence[str]) -> Keys:
    """The keys of a setting's entries. Raises SettingsError that says which entry is wrong, without showing it."""
    keys = [_key(number, entry) for number, entry in enumerate(entries, 1)]
    for number, key in enumerate(keys):
        if any(key.digest == other.digest for other in keys[:number]):
            raise _wrong(number + 1, "gives a key that another entry gives too")
        if any(key.name == other.name for other in keys[:number]):
            raise _wrong(number + 1, f"uses the name {key.name!r} a second time")
    return Keys(tuple(keys))


def _key(number: int, entry: str) -> Key:
    named = _NAMED.fullmatch(entry)
    secret = named["key"] if named else entry
    if len(secret) < _SHORTEST:
        raise _wrong(number, f"has a key of fewer than {_SHORTEST} characters; make a longer one")
    digest = _digest(secret)
    if not named:
        return Key(f"key-{digest.hex()[:8]}", "write", digest)
    if named["role"] not in ("read", "write"):
        raise _wrong(number, f"has the role {named['role']!r}; a role is read or write")
    key = Key(named["name"], "read" if named["role"] == "read" else "write", digest)
    for limit in filter(None, named["limits"].split(":")):
        _limit(key, limit, number)
    return key


def _limit(key: Key, text: str, number: int) -> None:
    if found := _PER_MINUTE.fullmatch(text):
        key.per_minute = int(found[1])
    elif found := _PER_DAY.fullmatch(text):
        try:
            key.usd_per_day = Decimal(found[1])
        except InvalidOperation:
            raise _wrong(number, f"has the limit {text!r}, which is no amount") from None
    else:
        raise _wrong(number, f"has the limit {text!r}; write it like 60/min or 5usd/day")


def _wrong(number: int, what: str) -> SettingsError:
    return SettingsError(f"entry {number} of ASSISTANT_API_KEYS {what}")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def is_loopback(host: str) -> bool:
    """Whether a name or address, as in a bind or a Host header, is this machine alone."""
    name = host.strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def check_bind(host: str, keys: Keys) -> None:
    """Raises SettingsError where others could reach a server that asks for no key."""
    if not keys and not is_loopback(host):
        text = "set ASSISTANT_API_KEYS, or leave --host out to serve this machine alone"
        raise SettingsError(f"listening on {host} would let anyone on the network in without a key; {text}")

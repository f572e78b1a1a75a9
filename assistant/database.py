"""Where things are kept beside the library: an SQLite file or a PostgreSQL server, opened, its troubles in words.

Safe with several threads and processes. SQLAlchemy takes a while to import: import this where a database is in use.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, SQLAlchemyError

from assistant.errors import LibraryError, SettingsError

_PATIENCE = 30  # seconds that a writer waits for another one
_LOCK = 7_230_617  # any number: it names the lock under which PostgreSQL makes the tables
_USAGE = "write sqlite:FILE or postgresql://USER:PASSWORD@HOST/DATABASE"


@dataclass(frozen=True, slots=True)
class Database:
    """Connections to a database, and what to call it in a message."""

    engine: Engine
    place: str

    @classmethod
    def open(cls, url: str) -> Database:
        """The database at "sqlite:FILE", "sqlite:///FILE" or "postgresql://…". Raises SettingsError for an address that
        can't be used, LibraryError where its file can't."""
        return cls(*_engine(_address(url)))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing. Raises LibraryError; an IntegrityError is passed on: the caller knows what it means."""
        with in_words(self.place), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def preparing(self) -> Iterator[Connection]:
        """A transaction to make tables in, which nobody else does meanwhile. Raises LibraryError."""
        sqlite = self.engine.dialect.name == "sqlite"
        with in_words(self.place):
            if sqlite:
                _write_ahead(self.engine)
            with self.engine.begin() as connection:
                alone = "BEGIN IMMEDIATE" if sqlite else f"SELECT pg_advisory_xact_lock({_LOCK})"
                connection.execute(text(alone))
                yield connection

    def close(self) -> None:
        """Lets go of the file or the server."""
        self.engine.dispose()


def _address(url: str) -> URL:
    """A setting as an address. Raises SettingsError, which doesn't repeat it: it may hold a password."""
    scheme, found, rest = url.strip().partition(":")
    if scheme == "sqlite" and found:
        path = rest.removeprefix("///") if rest.startswith("///") else rest
        if path.strip("/") and not path.startswith(("//", ":memory:")):
            return URL.create("sqlite", database=str(Path(path).expanduser()))
    elif scheme in ("postgresql", "postgres", "postgresql+psycopg") and rest.startswith("//"):
        try:
            return make_url(f"postgresql+psycopg:{rest}")
        except (ArgumentError, ValueError):
            pass
    raise SettingsError(f"ASSISTANT_STATE_URL can't be used: {_USAGE}. Correct it in the environment or in .env.")


def _engine(address: URL) -> tuple[Engine, str]:
    """Connections to an address, and what to call it in a message."""
    if address.database and address.get_backend_name() == "sqlite":
        path = Path(address.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(f"the folder of {path.name} can't be made: {error.strerror}") from None
        engine = create_engine(address, connect_args={"timeout": _PATIENCE})
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys = ON"))
        return engine, path.name
    place = f"the PostgreSQL server at {address.host or 'this machine'}"
    arguments = {"connect_timeout": 10, "prepare_threshold": None}  # poolers don't keep prepared statements
    return create_engine(address, pool_pre_ping=True, connect_args=arguments), place


def _write_ahead(engine: Engine) -> None:
    """Lets readers go on while one writes. SQLite doesn't wait for others here, so we do."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(text("PRAGMA journal_mode = WAL"))
            return
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > until:
                raise
            time.sleep(0.05)


# What databases say -> what we say. The first that is found counts.
_TROUBLES = {
    "not a database": "the conversations in {place} are damaged; {mend}",
    "malformed": "the conversations in {place} are damaged; {mend}",
    "disk is full": "the disk is full: conversations can't be kept in {place}; free some space",
    "No space left": "the disk of {place} is full: conversations can't be kept; free some space there",
    "readonly": "{place} can't be written; give this user the right to, or set ASSISTANT_STATE_URL to another place",
    "unable to open": "{place} can't be opened; see that it is a file in a folder that this user may write to",
    "locked": "another program has been writing to {place} for too long; try again",
    "authentication failed": "{place} refused the user name or the password in ASSISTANT_STATE_URL; correct them there",
    "no password": "{place} wants a password; put it into ASSISTANT_STATE_URL",
    "does not exist": "{place} has no such database or user; create it, or correct ASSISTANT_STATE_URL",
    "permission denied": "{place} doesn't let this user work with the conversations; grant it the right to",
}
_MEND = "restore a copy of it, or move it away to begin with none"
_UNREACHED = "{place} can't be reached; see that it runs and that ASSISTANT_STATE_URL is right, then try again"
_UNKNOWN = "{place} can't be worked with ({kind}); see that ASSISTANT_STATE_URL is the place of conversations"


def damaged(place: str) -> str:
    """What is said of content that can't be read."""
    return _TROUBLES["malformed"].format(place=place, mend=_MEND)


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """What goes wrong with a database, as a LibraryError without addresses, statements or values."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", error))
        fallback = _UNREACHED if isinstance(error, OperationalError) and "PostgreSQL" in place else _UNKNOWN
        sentence = next((ours for theirs, ours in _TROUBLES.items() if theirs in said), fallback)
        raise LibraryError(sentence.format(place=place, mend=_MEND, kind=type(error).__name__)) from None

"""Conversations that survive a restart: turns and feedback, in an SQLite file or a PostgreSQL database.

Safe with several threads and processes. Only this module knows SQLAlchemy, and it takes a while to import: import it
where a conversation is in use.
"""

from __future__ import annotations

import builtins
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, SQLAlchemyError

from assistant.errors import InputError, LibraryError, SettingsError
from assistant.types import Answer

Rating = Literal["up", "down"]

SCHEMA = 1  # of the tables below; a change of them needs the next number and the statements that lead to it
_PATIENCE = 30  # seconds that a writer waits for another one
_LONGEST_TITLE, _LONGEST_ID, _LONGEST_COMMENT = 80, 200, 10_000
_LOCK = 7_230_617  # any number: it names the lock under which PostgreSQL makes the tables
_USAGE = "write sqlite:FILE or postgresql://USER:PASSWORD@HOST/DATABASE"

_TABLES = MetaData()
_STATE = Table("assistant_state", _TABLES, Column("version", Integer, nullable=False))
_CONVERSATIONS = Table(
    "assistant_conversations",
    _TABLES,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("cost_usd", Text),  # what is known of the cost
    Column("unpriced", Integer, nullable=False),  # answers of a model whose cost is not known
    Index("assistant_conversations_by_time", "updated_at"),
)
_TURNS = Table(
    "assistant_turns",
    _TABLES,
    Column("conversation_id", ForeignKey("assistant_conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("answer_id", Text, nullable=False, unique=True),
    Column("answer", Text, nullable=False),
)
_FEEDBACK = Table(
    "assistant_feedback",
    _TABLES,
    Column("id", Text, primary_key=True),
    Column("answer_id", ForeignKey("assistant_turns.answer_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("conversation_id", Text, nullable=False),
    Column("rating", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as a list shows it. `turns` counts its answers; `cost_usd` is a decimal string, None where the
    cost of any answer is unknown or no model was asked. Times are ISO 8601 in UTC."""

    id: str
    title: str
    owner: str
    created_at: str
    updated_at: str
    turns: int
    cost_usd: str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with its answer; `number` counts from 1."""

    number: int
    question: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody thinks of an answer."""

    id: str
    answer_id: str
    conversation_id: str
    rating: Rating
    comment: str
    by: str
    created_at: str


class Conversations:
    """The conversations kept in one place. Every method raises LibraryError where that place fails."""

    def __init__(self, engine: Engine, place: str, keep: timedelta | None = None) -> None:
        self._engine = engine
        self._place = place
        self._keep = keep

    @classmethod
    def open(cls, url: str, keep: timedelta | None = None) -> Conversations:
        """The conversations at "sqlite:FILE", "sqlite:///FILE" or "postgresql://…", made if they are not there.

        Those untouched for longer than `keep` are deleted now and whenever one begins. Raises SettingsError for an
        address that can't be used, LibraryError where its file or server can't.
        """
        address = _address(url)
        engine, place = _engine(address)
        try:
            with _in_words(place):
                _prepare(engine, place)
        except BaseException:
            engine.dispose()
            raise
        kept = cls(engine, place, keep)
        kept._expire_old()
        return kept

    def create(self, owner: str = "", title: str = "", id: str | None = None) -> Conversation:
        """A new conversation. A door that has an id of its own (a thread's) may give it, and gets back the
        conversation that is there already; another owner's raises InputError."""
        self._expire_old()
        now = _now()
        made = Conversation(_given_id(id), _title(title), _storable(owner), now, now, 0, None)
        values = {name: getattr(made, name) for name in Conversation.__slots__}
        try:
            with self._transaction() as connection:
                connection.execute(insert(_CONVERSATIONS).values(values | {"unpriced": 0}))
        except IntegrityError:
            return self.get(made.id, made.owner)
        return made

    def get(self, id: str, owner: str | None = None) -> Conversation:
        """A conversation. Raises InputError where there is none, or it is not the `owner`'s."""
        chosen = select(_CONVERSATIONS).where(_CONVERSATIONS.c.id == _storable(id))
        row = self._first(_owned(chosen, owner))
        if row is None:
            raise _unknown(id)
        return _conversation(row)

    def list(self, owner: str | None = None, limit: int = 50, before: str | None = None) -> builtins.list[Conversation]:
        """The `limit` conversations last used, newest first; with `before`, a conversation's id, those after it in
        that order."""
        if limit < 1:
            raise InputError(f"{limit} is not a number of conversations")
        newest = _owned(select(_CONVERSATIONS), owner)
        order = tuple_(_CONVERSATIONS.c.updated_at, _CONVERSATIONS.c.id)
        if before:
            last = self.get(before, owner)
            newest = newest.where(order < tuple_(last.updated_at, last.id))
        by_time = newest.order_by(_CONVERSATIONS.c.updated_at.desc(), _CONVERSATIONS.c.id.desc())
        return [_conversation(row) for row in self._rows(by_time.limit(limit))]

    def turns(self, id: str) -> builtins.list[Turn]:
        """The turns of a conversation, in order. Raises InputError where there is none."""
        chosen = select(_TURNS.c.number, _TURNS.c.answer).where(_TURNS.c.conversation_id == _storable(id))
        rows = self._rows(chosen.order_by(_TURNS.c.number))
        if not rows:
            self.get(id)
        return [_turn(row.number, self._decoded(row.answer)) for row in rows]

    def add(self, id: str, answer: Answer) -> Turn:
        """Appends an answer, which gets an id of its own if it has none, and gives a nameless conversation its title.

        Raises InputError where there is no such conversation (any more), or the answer is kept already.
        """
        id = _storable(id)
        kept = replace(answer, conversation_id=id, answer_id=answer.answer_id or new_id())
        try:
            with self._transaction() as connection:
                number = _count(connection, id, kept)
                values = {"conversation_id": id, "number": number, "answer_id": kept.answer_id}
                connection.execute(insert(_TURNS).values(**values, answer=_codec().dump_json(kept).decode()))
        except IntegrityError:
            raise InputError(f"the answer {kept.answer_id} is kept already") from None
        return _turn(number, kept)

    def rename(self, id: str, title: str) -> Conversation:
        """Gives a conversation another title. Raises InputError where there is none."""
        named = update(_CONVERSATIONS).where(_CONVERSATIONS.c.id == _storable(id)).values(title=_title(title))
        row = self._first(named.returning(*_CONVERSATIONS.c))
        if row is None:
            raise _unknown(id)
        return _conversation(row)

    def delete(self, id: str) -> None:
        """Deletes a conversation with its answers and their feedback. Raises InputError where there is none."""
        gone = delete(_CONVERSATIONS).where(_CONVERSATIONS.c.id == _storable(id))
        if self._first(gone.returning(_CONVERSATIONS.c.id)) is None:
            raise _unknown(id)

    def expire(self, older_than: timedelta) -> int:
        """Deletes what nobody has added to for so long; returns how many conversations."""
        old = delete(_CONVERSATIONS).where(_CONVERSATIONS.c.updated_at < _now(older_than))
        return len(self._rows(old.returning(_CONVERSATIONS.c.id)))

    def rate(self, answer_id: str, rating: Rating, comment: str = "", by: str = "") -> Feedback:
        """Keeps somebody's opinion of an answer; a second one of the same person replaces the first.

        Raises InputError for an unknown answer or rating.
        """
        if rating not in ("up", "down"):
            raise InputError(f"a rating is up or down, not {rating!r}")
        asked, person = _storable(answer_id), _storable(by)
        try:
            with self._transaction() as connection:
                chosen = select(_TURNS.c.conversation_id).where(_TURNS.c.answer_id == asked)
                conversation = connection.execute(chosen).scalar()
                if conversation is None:
                    raise _unknown_answer(answer_id)
                said = _storable(comment)[:_LONGEST_COMMENT]
                made = Feedback(new_id(), asked, conversation, rating, said, person, _now())
                if person:
                    same = (_FEEDBACK.c.answer_id == asked) & (_FEEDBACK.c.by == person)
                    connection.execute(delete(_FEEDBACK).where(same))
                connection.execute(insert(_FEEDBACK).values({n: getattr(made, n) for n in Feedback.__slots__}))
        except IntegrityError:  # deleted meanwhile
            raise _unknown_answer(answer_id) from None
        return made

    def feedback(self, conversation_id: str | None = None) -> builtins.list[Feedback]:
        """The feedback on a conversation's answers, or all there is, oldest first."""
        chosen = select(_FEEDBACK).order_by(_FEEDBACK.c.created_at, _FEEDBACK.c.id)
        if conversation_id is not None:
            chosen = chosen.where(_FEEDBACK.c.conversation_id == _storable(conversation_id))
        return [Feedback(**row._mapping) for row in self._rows(chosen)]

    def answer(self, answer_id: str) -> Answer:
        """A kept answer. Raises InputError where there is none."""
        row = self._first(select(_TURNS.c.answer).where(_TURNS.c.answer_id == _storable(answer_id)))
        if row is None:
            raise _unknown_answer(answer_id)
        return self._decoded(row.answer)

    def close(self) -> None:
        """Lets go of the file or the server."""
        self._engine.dispose()

    def __enter__(self) -> Conversations:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """All or nothing. An IntegrityError is passed on: what it means is for the caller to say."""
        with _in_words(self._place), self._engine.begin() as connection:
            yield connection

    def _rows(self, statement: Any) -> builtins.list[Row[Any]]:
        with self._transaction() as connection:
            return list(connection.execute(statement).all())

    def _first(self, statement: Any) -> Row[Any] | None:
        rows = self._rows(statement)
        return rows[0] if rows else None

    def _expire_old(self) -> None:
        if self._keep:
            self.expire(self._keep)

    def _decoded(self, stored: str) -> Answer:
        try:
            return _codec().validate_json(stored)
        except ValidationError:
            raise LibraryError(_damaged(self._place)) from None


def new_id() -> str:
    """An id that nobody guesses: 24 characters, digits and a to f."""
    return secrets.token_hex(12)


# ---------------------------------------------------------------- rows


def _count(connection: Connection, id: str, answer: Answer) -> int:
    """Enters an answer into its conversation's totals; returns the number of its turn.

    The update comes first, so that another writer of the same conversation waits here.
    """
    table = _CONVERSATIONS
    counted = update(table).where(table.c.id == id).values(turns=table.c.turns + 1).returning(*table.c)
    row = connection.execute(counted).first()
    if row is None:
        raise _unknown(id)
    cost, unpriced = row.cost_usd, answer.model is not None and answer.usage.cost_usd is None
    if answer.usage.cost_usd is not None:
        cost = format(Decimal(cost or 0) + Decimal(answer.usage.cost_usd), "f")
    values = {"cost_usd": cost, "unpriced": row.unpriced + unpriced}
    values |= {"title": row.title or _title(answer.question), "updated_at": max(row.updated_at, _now())}
    connection.execute(update(table).where(table.c.id == id).values(values))
    return int(row.turns)


def _conversation(row: Row[Any]) -> Conversation:
    values = {name: getattr(row, name) for name in Conversation.__slots__}
    return Conversation(**values | {"cost_usd": None if row.unpriced else row.cost_usd})


def _turn(number: int, answer: Answer) -> Turn:
    return Turn(number, answer.question, answer)


@lru_cache(maxsize=1)
def _codec() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


def _owned(chosen: Select[Any], owner: str | None) -> Select[Any]:
    return chosen if owner is None else chosen.where(_CONVERSATIONS.c.owner == _storable(owner))


def _now(earlier: timedelta = timedelta()) -> str:
    return (datetime.now(UTC) - earlier).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _given_id(id: str | None) -> str:
    if id is None:
        return new_id()
    if not id.strip() or len(id) > _LONGEST_ID or id != _storable(id):
        raise InputError(f"{id[:_LONGEST_ID]!r} can't be the id of a conversation")
    return id


def _title(text: str) -> str:
    """One line, not too long."""
    line = " ".join(_storable(text).split())
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1].rstrip() + "…"


def _storable(text: str) -> str:
    """Text without what no database takes: NUL and halves of characters become marks."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unknown(id: str) -> InputError:
    return InputError(f"there is no conversation {id!r}; `assistant conversations` lists them")


def _unknown_answer(answer_id: str) -> InputError:
    return InputError(f"there is no answer {answer_id!r} in any conversation kept")


# ---------------------------------------------------------------- the file or the server


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


def _prepare(engine: Engine, place: str) -> None:
    """Makes the tables where they are not there; refuses those of a newer program."""
    if engine.dialect.name == "sqlite":
        _write_ahead(engine)
    with engine.begin() as connection:
        alone = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else f"SELECT pg_advisory_xact_lock({_LOCK})"
        connection.execute(text(alone))
        _TABLES.create_all(connection)
        version = connection.execute(select(_STATE.c.version)).scalar()
        if version is None:
            connection.execute(insert(_STATE).values(version=SCHEMA))
        elif version > SCHEMA:
            newer = f"the conversations in {place} were written by a newer version of the assistant"
            raise LibraryError(f"{newer}; install that version, or set ASSISTANT_STATE_URL to another place")


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


def _damaged(place: str) -> str:
    return _TROUBLES["malformed"].format(place=place, mend=_MEND)


@contextmanager
def _in_words(place: str) -> Iterator[None]:
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

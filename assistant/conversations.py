"""Conversations that survive a restart: turns and feedback, in an SQLite file or a PostgreSQL database.

Safe with several threads and processes. SQLAlchemy takes a while to import: import this where a conversation is in use.
"""

from __future__ import annotations

import builtins
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from assistant.database import Database, damaged
from assistant.errors import InputError, LibraryError
from assistant.types import Answer

Rating = Literal["up", "down"]

SCHEMA = 1  # of the tables below; a change of them needs the next number and the statements that lead to it
_LONGEST_TITLE, _LONGEST_ID, _LONGEST_COMMENT = 80, 200, 10_000

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

    def __init__(self, database: Database, keep: timedelta | None = None) -> None:
        self._database = database
        self._keep = keep

    @classmethod
    def open(cls, url: str, keep: timedelta | None = None) -> Conversations:
        """The conversations at "sqlite:FILE", "sqlite:///FILE" or "postgresql://…", made if they are not there.

        Those untouched for longer than `keep` are deleted now and whenever one begins. Raises SettingsError for an
        address that can't be used, LibraryError where its file or server can't.
        """
        database = Database.open(url)
        try:
            _prepare(database)
        except BaseException:
            database.close()
            raise
        kept = cls(database, keep)
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
            with self._database.transaction() as connection:
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
            with self._database.transaction() as connection:
                _count(connection, id, kept)
                number = _next_number(connection, id)
                values = {"conversation_id": id, "number": number, "answer_id": kept.answer_id}
                connection.execute(insert(_TURNS).values(**values, answer=_codec().dump_json(kept).decode()))
        except IntegrityError:
            raise InputError(f"the answer {kept.answer_id} is kept already") from None
        return _turn(number, kept)

    def withdraw(self, answer_id: str) -> None:
        """Takes a turn back, with its feedback; what it cost stays counted. Raises InputError for an unknown answer."""
        with self._database.transaction() as connection:
            gone = delete(_TURNS).where(_TURNS.c.answer_id == _storable(answer_id))
            conversation = connection.execute(gone.returning(_TURNS.c.conversation_id)).scalar()
            if conversation is None:
                raise _unknown_answer(answer_id)
            table = _CONVERSATIONS
            connection.execute(update(table).where(table.c.id == conversation).values(turns=table.c.turns - 1))

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
            with self._database.transaction() as connection:
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
        self._database.close()

    def __enter__(self) -> Conversations:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, statement: Any) -> builtins.list[Row[Any]]:
        with self._database.transaction() as connection:
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
            raise LibraryError(damaged(self._database.place)) from None


def new_id() -> str:
    """An id that nobody guesses: 24 characters, digits and a to f."""
    return secrets.token_hex(12)


# ---------------------------------------------------------------- rows


def _count(connection: Connection, id: str, answer: Answer) -> None:
    """Enters an answer into its conversation's totals.

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


def _next_number(connection: Connection, id: str) -> int:
    """The number of a conversation's next turn: one more than the last one's, whatever was taken back before it."""
    last = connection.execute(select(func.max(_TURNS.c.number)).where(_TURNS.c.conversation_id == id)).scalar()
    return (last or 0) + 1


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


# ---------------------------------------------------------------- the tables


def _prepare(database: Database) -> None:
    """Makes the tables where they are not there; refuses those of a newer program."""
    with database.preparing() as connection:
        _TABLES.create_all(connection)
        version = connection.execute(select(_STATE.c.version)).scalar()
        if version is None:
            connection.execute(insert(_STATE).values(version=SCHEMA))
        elif version > SCHEMA:
            newer = f"the conversations in {database.place} were written by a newer version of the assistant"
            raise LibraryError(f"{newer}; install that version, or set ASSISTANT_STATE_URL to another place")

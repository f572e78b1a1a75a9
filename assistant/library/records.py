"""Reports on their way in: what is on record of one, and all that can be made of it without a library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assistant import __version__
from assistant.archive import Kept, encode
from assistant.chunking import search_text
from assistant.embeddings import Builtin, Embedding, Vectors
from assistant.keywords import Entry
from assistant.language import fold, folded_tokens
from assistant.types import Passage, Report, ReportInfo

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Progress = Callable[[int, int], None]


class Incoming(NamedTuple):
    """A report to add. `data` are its file's bytes, kept where they are needed to show pages (`original`).

    `path_key` stands for the place the file came from: a newer file from there replaces the older; "" never does.
    """

    report: Report
    passages: Sequence[Passage]
    data: bytes = b""
    path_key: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What is on record of a report; `version` is that of the assistant which read it, `kept` names what a
    server keeps of it (`assistant.shared.stamp`)."""

    info: ReportInfo
    path_key: str
    version: str
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A report made ready for `Library.put`. `vectors` has a row for each of `entries`, or is None and to be made of
    `texts`."""

    record: Record
    kept: bytes
    original: bytes | None
    entries: tuple[Entry, ...]
    vectors: Vectors | None
    texts: tuple[str, ...]
    warnings: tuple[str, ...]


def prepare(reports: Sequence[Incoming], embedding: Builtin | None) -> list[Prepared]:
    """All work on reports that needs no library, so that another process can do it. None leaves embedding to `put`:
    other embeddings keep connections or a model, which stay in one process."""
    if not reports:
        return []
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    folded = [[_folded(passage) for passage in item.passages] for item in reports]
    vectors: list[Vectors | None] = [None] * len(reports)
    if embedding:
        together = embedding.embed_folded([f"{part.context}\n{part.text}" for parts in folded for part in parts])
        vectors = list(np.split(together, np.cumsum([len(parts) for parts in folded])[:-1]))
    made = []
    for item, parts, rows in zip(reports, folded, vectors, strict=True):
        kept = Kept(item.report, tuple(item.passages), item.path_key, now, __version__)
        original = item.data if item.report.pages else None
        entries = tuple(map(_entry, item.passages, parts))
        made.append(
            Prepared(
                record=record_of(kept),
                kept=encode(kept),
                original=original,
                entries=entries,
                vectors=rows,
                texts=() if embedding else tuple(embedded_text(passage) for passage in item.passages),
                warnings=item.report.warnings,
            )
        )
    return made


def computed(embedding: Embedding) -> Builtin | None:
    """The embedding if it is mere computation, for `prepare`."""
    return embedding if isinstance(embedding, Builtin) else None


# ---------------------------------------------------------------- what stands for a passage


def embedded_text(passage: Passage) -> str:
    """What is embedded of a passage: its context, then its own text."""
    return f"{passage.context}\n{search_text(passage.text)}"


class _Folded(NamedTuple):
    """What is searched of a passage, folded once for both the index and the builtin embedding."""

    text: str
    context: str


def _folded(passage: Passage) -> _Folded:
    return _Folded(fold(search_text(passage.text)), _folded_context(passage.context))


@lru_cache(maxsize=256)
def _folded_context(context: str) -> str:
    """Neighbouring passages share their context."""
    return fold(context)


def entry_of(passage: Passage) -> Entry:
    """A passage as the keyword index takes it."""
    return _entry(passage, _folded(passage))


def _entry(passage: Passage, folded: _Folded) -> Entry:
    return Entry(
        passage.passage_id,
        passage.report_id,
        " ".join(folded_tokens(folded.text)),
        _context_tokens(folded.context),
        passage.furniture is not None,
    )


@lru_cache(maxsize=256)
def _context_tokens(folded: str) -> str:
    return " ".join(folded_tokens(folded))


def report_of(passage_id: str) -> str:
    """The report that a passage belongs to."""
    return passage_id.split("-", 1)[0]


def record_of(kept: Kept) -> Record:
    """What goes on record of a report."""
    report = kept.report
    info = ReportInfo(
        report_id=report.report_id,
        source=report.source,
        title=report.title,
        issuer=report.issuer,
        date=report.date,
        date_basis=report.date_basis,
        language=report.language,
        pages=len(report.pages) or None,
        passages=len(kept.passages),
        tables=len(report.tables),
        ingested_at=kept.ingested_at,
    )
    return Record(info, kept.path_key, kept.version)


def row_of(entry: Entry) -> tuple[str, str, bool]:
    """A passage as Chroma takes it, but for its vector."""
    return entry.passage_id, entry.report_id, entry.furniture


def rows_of(passages: Sequence[Passage], embedding: Embedding) -> tuple[list[tuple[str, str, bool]], Vectors]:
    """Passages as Chroma takes them."""
    rows = [(p.passage_id, p.report_id, p.furniture is not None) for p in passages]
    return rows, embedding.embed([embedded_text(passage) for passage in passages])


@lru_cache(maxsize=1)
def _record_codec() -> TypeAdapter[Record]:
    from pydantic import TypeAdapter

    return TypeAdapter(Record)


def packed(record: Record) -> str:
    """A record as one string."""
    return _record_codec().dump_json(record).decode()


def unpacked(text: str) -> Record:
    """The inverse of `packed`."""
    return _record_codec().validate_json(text)

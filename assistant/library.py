"""The library: the reports that were ingested, kept in one folder.

Three stores stand side by side. Chroma holds the vectors and one record a report; that record is the truth on which
reports exist, and writing it is the commit. The archive holds each report as it was read. The keyword index is
derived. Adding goes archive, vectors, record, keywords; removal begins with the record. So whatever an interrupted
run leaves behind belongs to no record: no query returns it, and the next `Library.open` sweeps it up.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from assistant import __version__, ownership
from assistant.archive import Archive, Kept, encode
from assistant.chunking import search_text
from assistant.embeddings import Builtin, Embedding, Vectors
from assistant.errors import InputError, LibraryError
from assistant.keywords import CONTEXT_WEIGHT, Entry, KeywordIndex
from assistant.language import fold, folded_tokens, tokens
from assistant.types import Passage, Report, ReportInfo
from assistant.vectors import VectorStore

if TYPE_CHECKING:
    from filelock import BaseFileLock
    from pydantic import TypeAdapter

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]

_BATCH = 1000  # passages
_CACHED_CHARACTERS = 8_000_000  # of report text held in memory
_SHORTEST_PREFIX = 4
_DISK_FULL = ("disk is full", "disk i/o error", "no space left", "file too large")
# Its tokens tell whether the keyword index was made by the same rules as today's.
_PROBE = "騰訊控股（0700.HK）2025E營收 1,037.5億元, YoY +12%; GPT-5.4's suppliers: capex, 腾讯云 R&D"


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
    """What is on record of a report; `version` is that of the assistant which read it."""

    info: ReportInfo
    path_key: str
    version: str


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
                record=_record(kept),
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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What another process needs to read a library as it is at `version`."""

    home: Path
    version: int
    records: dict[str, Record]


class NoVectors(LibraryError):
    """A library that was opened for reading alone was asked for vectors, which one process keeps."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something amiss in the library, in a sentence, and the command that mends it."""

    message: str
    mend: str


class Library:
    """The reports in one folder, for one process at a time. `Library.open` opens it; `close` it, or use `with`.

    Every method may raise LibraryError where the folder can't be read or written; what was added before stays good.
    `notices` are sentences on what was mended while opening.
    """

    def __init__(
        self,
        home: Path,
        embedding: Embedding,
        archive: Archive,
        keywords: KeywordIndex,
        records: dict[str, Record],
        owned: tuple[BaseFileLock, VectorStore] | None = None,
    ) -> None:
        """Use `Library.open` or `Library.reading`; the latter owns neither the lock nor the vectors."""
        self.embedding = embedding
        self.notices: list[str] = []
        self.version = 0  # goes up with every change
        self._home, self._archive, self._keywords, self._records = home, archive, keywords, records
        if owned:
            self._lock, self._store = owned
        self._owned = owned is not None
        self._changing = threading.RLock()
        self._listing = threading.RLock()  # held for moments only: lists are read while reports come in
        self._listed: list[ReportInfo] | None = None
        self._issuers: frozenset[str] | None = None
        self._cache = _Cache(_CACHED_CHARACTERS)
        self._places = {record.path_key: i for i, record in self._records.items() if record.path_key}

    @classmethod
    def open(cls, home: Path, embedding: Embedding, *, wait: float = 0) -> Self:
        """The library in `home`, made if it is not there; what an interrupted run left is mended.

        Raises LibraryError: another process uses it (for longer than `wait` seconds), the folder can't be written,
        the database is damaged, or it was built with another embedding.
        """
        with _owned(home, wait) as lock, contextlib.ExitStack() as opened:
            archive = Archive(home / "reports")
            opened.callback(archive.close)
            if not (home / "chroma").is_dir() and archive.report_ids():
                raise LibraryError("the library's database is missing; run: assistant reindex")
            store = VectorStore(home / "chroma", embedding.id)
            opened.callback(store.close)
            records = {i: _unpacked(packed) for i, packed in store.records().items()}
            library = cls(home, embedding, archive, _keyword_index(home / "keywords"), records, (lock, store))
            opened.callback(library._keywords.close)
            library._accept_embedding()
            library._mend()
            opened.pop_all()
        return library

    @classmethod
    def rebuild(cls, home: Path, embedding: Embedding, *, wait: float = 0, progress: Progress | None = None) -> Self:
        """Makes all that is derived anew, with this embedding, and opens the library: the vectors, the keyword index,
        and the records too if the database is damaged or missing. `progress` gets (reports done, reports in all).

        The old state stays in force until the new one is whole, so an interruption costs nothing but time.
        """
        tell = progress or (lambda done, total: None)
        with _owned(home, wait) as lock, contextlib.closing(Archive(home / "reports")) as archive:
            try:
                with _clear_errors():
                    _embed_anew(home, embedding, archive, tell)
            except LibraryError as error:
                log.debug("the database is built from the archive", exc_info=error)
                _restore(home, embedding, archive, tell)
            shutil.rmtree(home / "keywords", ignore_errors=True)
            lock.release()
        return cls.open(home, embedding, wait=wait)

    @classmethod
    def reading(cls, snapshot: Snapshot, embedding: Embedding) -> Self:
        """The library of another process as a snapshot saw it: reports and keywords, no vectors, nothing to change.

        What is read of a report that was taken out since raises LibraryError.
        """
        index = KeywordIndex(_keyword_folder(snapshot.home / "keywords"))
        return cls(snapshot.home, embedding, Archive(snapshot.home / "reports"), index, snapshot.records)

    def snapshot(self) -> Snapshot:
        """The library as it is now, for `reading`."""
        with self._listing:
            return Snapshot(self._home, self.version, dict(self._records))

    def close(self) -> None:
        """Ends the use of the folder; closing twice does nothing."""
        with self._changing:
            if not self._owned:
                self._archive.close()
            elif self._lock.is_locked:
                self._keywords.close()
                self._store.close()
                self._archive.close()
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ what is there

    def infos(self) -> list[ReportInfo]:
        """Every report, in the order of ingestion (by source within the same second)."""
        with self._listing:
            if self._listed is None:
                infos = [record.info for record in self._records.values()]
                self._listed = sorted(infos, key=lambda info: (info.ingested_at, info.source, info.report_id))
            return list(self._listed)

    def issuers(self) -> frozenset[str]:
        """The brokers whose reports are there."""
        with self._listing:
            if self._issuers is None:
                self._issuers = frozenset(info.issuer for info in self.infos() if info.issuer)
            return self._issuers

    def resolve(self, name: str) -> str:
        """The report id that `name` is, or is the one beginning of (four characters or more). Raises InputError."""
        if name in self._records:
            return name
        wanted = name.strip().lower()
        found = [known for known in list(self._records) if len(wanted) >= _SHORTEST_PREFIX and known.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(f'"{name}" is the beginning of {len(found)} report ids: {", ".join(sorted(found)[:5])}')
        raise InputError(f'there is no report "{name}"; assistant reports lists them')

    def info(self, report_id: str) -> ReportInfo:
        """One report's line of the list. Raises InputError if it is unknown, as does all else that takes an id."""
        return self._records[self.resolve(report_id)].info

    def record(self, report_id: str) -> Record | None:
        """What is on record of exactly this id, or None."""
        return self._records.get(report_id)

    def holds(self, report_id: str) -> bool:
        """Whether exactly this report is on record and its kept text is there."""
        return report_id in self._records and self._archive.holds(report_id)

    def at_path(self, path_key: str) -> str | None:
        """The id of the report that came from this place."""
        return self._places.get(path_key)

    def report(self, report_id: str) -> Report:
        """A report as it was read."""
        return self._kept(self.resolve(report_id)).report

    def passages(self, report_id: str) -> list[Passage]:
        """A report's passages, in reading order, furniture included."""
        return list(self._kept(self.resolve(report_id)).passages)

    def passage(self, passage_id: str) -> Passage:
        """One passage. Raises InputError if there is none of that id."""
        report_id = _report_of(passage_id)
        if report_id in self._records:
            kept = self._kept(report_id)
            passage = self._cache.passages(report_id).get(passage_id)
            if passage is None:  # another thread's reports may have taken its place in the cache
                passage = next((each for each in kept.passages if each.passage_id == passage_id), None)
            if passage is not None:
                return passage
        raise InputError(f'there is no passage "{passage_id}"')

    def original(self, report_id: str) -> bytes | None:
        """The bytes of a report's own file, if it has pages; None for the other formats."""
        with _clear_errors():
            return self._archive.original(self.resolve(report_id))

    def __len__(self) -> int:
        return len(self._records)

    # ------------------------------------------------------------ finding

    def keyword_hits(
        self,
        terms: Sequence[tuple[str, float]],
        k: int,
        *,
        reports: Collection[str] | None = None,
        furniture: bool = False,
        context_weight: float = CONTEXT_WEIGHT,
    ) -> list[tuple[str, float]]:
        """The `k` best passages by BM25 for (token, boost) terms, as (passage_id, score), best first.

        `reports` narrows to these ids; furniture passages come only if asked for.
        """
        with _clear_errors():
            found = self._keywords.hits(
                terms, k, reports=self._narrowing(reports), furniture=furniture, context_weight=context_weight
            )
        return [hit for hit in found if _report_of(hit[0]) in self._records]

    def vector_hits(
        self, query: str | Vectors, k: int, *, reports: Collection[str] | None = None, furniture: bool = False
    ) -> list[tuple[str, float]]:
        """The `k` nearest passages to a text or a unit vector, as (passage_id, cosine similarity), best first."""
        vector = self.embedding.embed([query])[0] if isinstance(query, str) else query
        chosen = self._narrowing(reports)
        if k < 1 or not np.any(vector) or (chosen is not None and not chosen):
            return []
        if not self._owned:
            raise NoVectors("the vectors are kept by another process")
        with _clear_errors():
            hits = self._store.nearest(vector, k, reports=chosen, furniture=furniture)
        return [hit for hit in hits if _report_of(hit[0]) in self._records]

    def document_frequency(self, token: str) -> int:
        """In how many passages a token stands."""
        return self._keywords.document_frequency(token)

    # ------------------------------------------------------------ changing

    def add(self, reports: Iterable[Incoming]) -> None:
        """Adds reports, in batches each of which is there whole or not at all.

        A report of the same id is replaced (its bytes read anew); so is another one of the same `path_key`.
        """
        local = computed(self.embedding)
        batch: list[Incoming] = []
        size = 0
        for incoming in reports:
            batch.append(incoming)
            size += len(incoming.passages)
            if size >= _BATCH:
                self.put(prepare(batch, local))
                batch, size = [], 0
        self.put(prepare(batch, local))

    def put(self, batch: Sequence[Prepared]) -> None:
        """Adds reports that were prepared alike as one batch, as `add` does."""
        if not batch:
            return
        entries = [entry for item in batch for entry in item.entries]
        made = [item.vectors for item in batch if item.vectors is not None]
        texts = [text for item in batch for text in item.texts]
        vectors = np.concatenate(made) if made else self.embedding.embed(texts)
        records = {item.record.info.report_id: item.record for item in batch}
        with self._changing, _clear_errors():
            stale = self._stale(batch)
            self._archive.write((i, item.kept, item.original) for i, item in zip(records, batch, strict=True))
            replaced = {self._places[r.path_key] for r in records.values() if r.path_key in self._places} - set(records)
            self._store.upsert([_row(entry) for entry in entries], vectors)
            reread = [report_id for report_id in records if report_id in self._records]
            self._commit(records)
            self._keywords.remove(reread)
            self._keywords.add(entries)
            self._store.delete_passages(stale)
            self._remove(replaced)
            self._keywords.commit()
            self.version += 1  # who took a snapshot before now has not seen these words

    def claim(self, report_id: str, path_key: str) -> None:
        """Notes that a report that is there already now lives at another place."""
        with self._changing, _clear_errors():
            known = self._records[report_id]
            self._commit({report_id: Record(known.info, path_key, known.version)})

    def remove(self, report_id: str) -> ReportInfo:
        """Takes a report out, and returns what it was."""
        with self._changing, _clear_errors():
            gone = self._records[self.resolve(report_id)].info
            self._remove([gone.report_id])
            self._keywords.commit()
            self.version += 1
        return gone

    def _stale(self, batch: Sequence[Prepared]) -> set[str]:
        """The passages that reports have now, and won't have when they are read anew."""
        stale: set[str] = set()
        for item in batch:
            report_id = item.record.info.report_id
            if report_id in self._records:
                self._cache.drop(report_id)
                with contextlib.suppress(LibraryError):
                    stale.update(passage.passage_id for passage in self._archive.read(report_id).passages)
        return stale - {entry.passage_id for item in batch for entry in item.entries}

    def _commit(self, records: dict[str, Record]) -> None:
        self._store.write_records({i: _packed(record) for i, record in records.items()})
        for report_id in records:
            self._leave_place(report_id)
        with self._listing:
            self._records.update(records)
            self._listed = self._issuers = None
            self.version += 1
        self._places.update({record.path_key: i for i, record in records.items() if record.path_key})

    def _leave_place(self, report_id: str) -> None:
        known = self._records.get(report_id)
        if known and self._places.get(known.path_key) == report_id:
            del self._places[known.path_key]

    def _remove(self, report_ids: Collection[str]) -> None:
        if not report_ids:
            return
        self._store.delete_records(report_ids)
        with self._listing:
            for report_id in report_ids:
                self._leave_place(report_id)
                del self._records[report_id]
            self._listed = self._issuers = None
            self.version += 1
        self._store.delete_reports(report_ids)
        self._keywords.remove(report_ids)
        self._archive.delete(report_ids)
        for report_id in report_ids:
            self._cache.drop(report_id)

    # ------------------------------------------------------------ mending

    def check(self) -> list[Problem]:
        """What is amiss, found by looking at everything: each report's file, its vectors, its place in the index."""
        problems = []
        with _clear_errors():
            vectors = Counter(_report_of(i) for i in self._store.passage_ids())
            indexed = self._keywords.counts()
            for report_id, record in self._records.items():
                name, expected = f"{record.info.source} ({report_id})", record.info.passages
                try:
                    self._archive.read(report_id)
                except LibraryError:
                    problems.append(Problem(f"the kept text of {name} is missing or damaged",
                                            f"assistant remove {report_id}, then ingest the file again"))
                if vectors[report_id] != expected:
                    problems.append(Problem(f"{name} has {vectors[report_id]} vectors for {expected} passages",
                                            "assistant reindex"))
                if indexed.get(report_id, 0) != expected:
                    problems.append(Problem(f"{name} has {indexed.get(report_id, 0)} of {expected} passages "
                                            "in the keyword index", "assistant reindex"))
        return problems

    def _accept_embedding(self) -> None:
        """An empty library takes any embedding; one with reports only that which built it."""
        built = self._store.embedding_id
        if built == self.embedding.id:
            return
        if self._records:
            raise LibraryError(
                f"the library was built with the embedding {built}, and {self.embedding.id} is set; "
                f"set ASSISTANT_EMBEDDING={built}, or run: assistant reindex"
            )
        self._store.begin()
        self._store.switch(self.embedding.id)

    def _mend(self) -> None:
        """Makes the stores agree with the records. Cheap where they do: it compares counts and file names."""
        self._remove(self._outdated())
        self._archive.sweep(self._records)
        if len(self._store) != sum(record.info.passages for record in self._records.values()):
            self._mend_vectors()
        self._mend_keywords()

    def _outdated(self) -> list[str]:
        """Reports whose file was ingested anew by a run that ended before it took the older version out."""
        newest: dict[str, Record] = {}
        for record in sorted(self._records.values(), key=lambda record: record.info.ingested_at):
            newest[record.path_key or record.info.report_id] = record
        return [i for i, record in self._records.items() if newest[record.path_key or i] is not record]

    def _mend_vectors(self) -> None:
        present = set(self._store.passage_ids())
        self._store.delete_passages([i for i in present if _report_of(i) not in self._records])
        counts = Counter(_report_of(i) for i in present)
        for report_id, record in list(self._records.items()):
            kept = None if counts[report_id] == record.info.passages else self._readable(report_id)
            if kept is None:
                continue
            wanted = {passage.passage_id for passage in kept.passages}
            self._store.delete_passages([i for i in present if _report_of(i) == report_id and i not in wanted])
            missing = [passage for passage in kept.passages if passage.passage_id not in present]
            self._store.upsert(*_rows(missing, self.embedding))
            self._commit({report_id: _record(kept)})

    def _mend_keywords(self) -> None:
        expected = {i: record.info.passages for i, record in self._records.items() if record.info.passages}
        indexed = self._keywords.counts()
        if indexed == expected:
            return
        self._keywords.remove(i for i in indexed if indexed[i] != expected.get(i))
        added = 0
        for report_id in (i for i, count in expected.items() if indexed.get(i) != count):
            if (kept := self._readable(report_id)) is not None:
                self._keywords.add(_entry(passage, _folded(passage)) for passage in kept.passages)
                added += 1
        self._keywords.commit()
        if added:
            self.notices.append(f"the keyword index was brought up to date ({added} of {len(self)} reports)")

    def _kept(self, report_id: str) -> Kept:
        return self._cache.get(report_id) or self._cache.put(self._archive.read(report_id))

    def _readable(self, report_id: str) -> Kept | None:
        """For mending: one report's damage is a notice, and no reason to refuse the others."""
        try:
            return self._kept(report_id)
        except LibraryError as error:
            self.notices.append(str(error))
            return None

    def _narrowing(self, reports: Collection[str] | None) -> set[str] | None:
        """The reports to search, or None where that is all of them: a filter costs time."""
        if reports is None:
            return None
        chosen = {i for i in reports if i in self._records}
        return None if len(chosen) == len(self._records) else chosen


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


def _report_of(passage_id: str) -> str:
    return passage_id.split("-", 1)[0]


def _record(kept: Kept) -> Record:
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


def _row(entry: Entry) -> tuple[str, str, bool]:
    return entry.passage_id, entry.report_id, entry.furniture


def _rows(passages: Sequence[Passage], embedding: Embedding) -> tuple[list[tuple[str, str, bool]], Vectors]:
    """Passages as Chroma takes them."""
    rows = [(p.passage_id, p.report_id, p.furniture is not None) for p in passages]
    return rows, embedding.embed([embedded_text(passage) for passage in passages])


@lru_cache(maxsize=1)
def _record_codec() -> TypeAdapter[Record]:
    from pydantic import TypeAdapter

    return TypeAdapter(Record)


def _packed(record: Record) -> str:
    return _record_codec().dump_json(record).decode()


def _unpacked(text: str) -> Record:
    return _record_codec().validate_json(text)


def _keyword_index(folder: Path) -> KeywordIndex:
    """The index made by today's rules for tokens; one made by other rules is dropped, a damaged one begun anew."""
    current = _keyword_folder(folder)
    for other in folder.glob("*"):
        if other != current:
            shutil.rmtree(other, ignore_errors=True)
    if current.is_file():
        current.unlink()
    try:
        return KeywordIndex(current)
    except LibraryError:
        shutil.rmtree(current)
        return KeywordIndex(current)


def _keyword_folder(folder: Path) -> Path:
    """Where the index made by today's rules for tokens stands."""
    return folder / hashlib.sha256(" ".join(tokens(search_text(_PROBE))).encode()).hexdigest()[:8]


class _Cache:
    """The reports used last, up to so many characters of text, with their passages by id."""

    def __init__(self, characters: int) -> None:
        self._limit, self._held = characters, 0
        self._entries: OrderedDict[str, tuple[Kept, dict[str, Passage]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, report_id: str) -> Kept | None:
        with self._lock:
            entry = self._entries.get(report_id)
            if entry is None:
                return None
            self._entries.move_to_end(report_id)
            return entry[0]

    def passages(self, report_id: str) -> dict[str, Passage]:
        with self._lock:
            entry = self._entries.get(report_id)
            return entry[1] if entry else {}

    def put(self, kept: Kept) -> Kept:
        """Always holds at least the newest, however long it is."""
        self.drop(kept.report.report_id)
        with self._lock:
            self._entries[kept.report.report_id] = kept, {passage.passage_id: passage for passage in kept.passages}
            self._held += len(kept.report.text)
            while self._held > self._limit and len(self._entries) > 1:
                _, (dropped, _) = self._entries.popitem(last=False)
                self._held -= len(dropped.report.text)
        return kept

    def drop(self, report_id: str) -> None:
        with self._lock:
            entry = self._entries.pop(report_id, None)
            if entry is not None:
                self._held -= len(entry[0].report.text)


# ---------------------------------------------------------------- opening and rebuilding


@contextlib.contextmanager
def _owned(home: Path, wait: float) -> Iterator[BaseFileLock]:
    """The folder, made if need be, and its lock: kept if all goes well, released if not."""
    with _clear_errors():
        home.mkdir(parents=True, exist_ok=True)
    lock = ownership.acquire(home, wait)
    try:
        with _clear_errors():
            yield lock
    except BaseException:
        lock.release()
        raise


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    """Whatever the stores raise, as a LibraryError that a person can act on."""
    try:
        yield
    except OSError as error:
        raise LibraryError(_sentence(error, error.errno)) from error
    except BaseException as error:
        # SQLite's errors, Chroma's, and the panics of Chroma's Rust core, which derive from BaseException alone
        origin = type(error).__module__.partition(".")[0]
        if origin in ("sqlite3", "chromadb") or type(error).__name__ == "PanicException":
            raise LibraryError(_sentence(error, None)) from error
        raise


def _sentence(error: BaseException, number: int | None) -> str:
    log.debug("the library failed", exc_info=error)
    text = str(error).lower()
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or any(words in text for words in _DISK_FULL):
        return "the disk is full; free some space and try again (the reports added so far are kept)"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or "readonly" in text or "permission denied" in text:
        return "the library's folder can't be written; check its permissions, or set ASSISTANT_HOME to another folder"
    if number in (errno.ENOTDIR, errno.EEXIST):
        return "ASSISTANT_HOME names a file, not a folder"
    if number is not None:
        return f"the library's folder can't be used ({os.strerror(number)})"
    return "the library's database is damaged; to build it anew from the reports that are kept, run: assistant reindex"


def _embed_anew(home: Path, embedding: Embedding, archive: Archive, tell: Progress) -> None:
    """Makes the next generation of vectors from the archive, then puts it in force."""
    with contextlib.closing(VectorStore(home / "chroma", embedding.id)) as store:
        if store.is_new:
            raise LibraryError("the library's database is missing")
        known = list(store.records())
        store.begin()
        for done, report_id in enumerate(known, 1):
            with contextlib.suppress(LibraryError):  # opening tells of a report whose kept text is damaged
                store.fill(*_rows(archive.read(report_id).passages, embedding))
            tell(done, len(known))
        store.switch(embedding.id)


def _restore(home: Path, embedding: Embedding, archive: Archive, tell: Progress) -> None:
    """Makes Chroma's folder anew from the archive, beside the old one, then puts it in the old one's place.

    A report that was being added or removed when the database was lost counts as there.
    """
    shutil.rmtree(home / "chroma.new", ignore_errors=True)
    found = sorted(archive.report_ids())
    with contextlib.closing(VectorStore(home / "chroma.new", embedding.id)) as store:
        for done, report_id in enumerate(found, 1):
            with contextlib.suppress(LibraryError):
                kept = archive.read(report_id)
                store.upsert(*_rows(kept.passages, embedding))
                store.write_records({report_id: _packed(_record(kept))})
            tell(done, len(found))
    shutil.rmtree(home / "chroma", ignore_errors=True)
    (home / "chroma.new").rename(home / "chroma")

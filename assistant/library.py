"""The library: the reports that were ingested, kept in one folder. The only file that imports Chroma.

Three stores stand side by side. Chroma holds the vectors and one record a report; that record is the truth on which
reports exist, and writing it is the commit. The archive holds each report as it was read. The keyword index is
derived. Adding goes archive, vectors, record, keywords; removal begins with the record. So whatever an interrupted
run leaves behind belongs to no record: no query returns it, and the next `Library.open` sweeps it up.

Texts stay out of Chroma: its full-text index makes an upsert ten times slower, and the keyword index does that work.
Furniture has a collection of its own: a metadata filter makes every query ten times slower.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import shutil
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import numpy as np

from assistant import __version__, archive, ownership
from assistant.archive import Kept
from assistant.chunking import search_text
from assistant.embeddings import Embedding, Vectors
from assistant.errors import InputError, LibraryError
from assistant.keywords import CONTEXT_WEIGHT, Entry, KeywordIndex
from assistant.language import tokens
from assistant.types import Passage, Report, ReportInfo

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection as ChromaCollection
    from filelock import BaseFileLock

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]

_FORMAT = 1
_BATCH = 1000  # passages an upsert; Chroma's own limit is 5,461
_CACHED_CHARACTERS = 8_000_000  # of report text held in memory
_SHORTEST_PREFIX = 4
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


def prepare(reports: Sequence[Incoming], embedding: Embedding | None) -> list[Prepared]:
    """All work on reports that needs no library, so that another process can do it. None leaves embedding to `put`."""
    if not reports:
        return []
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    texts = [tuple(embedded_text(passage) for passage in item.passages) for item in reports]
    vectors: list[Vectors | None] = [None] * len(reports)
    if embedding:
        together = embedding.embed([text for own in texts for text in own])
        vectors = list(np.split(together, np.cumsum([len(own) for own in texts])[:-1]))
    made = []
    for item, own, rows in zip(reports, texts, vectors, strict=True):
        kept = Kept(item.report, tuple(item.passages), item.path_key, now, __version__)
        original = item.data if item.report.pages else None
        entries = tuple(_entry(passage) for passage in item.passages)
        made.append(
            Prepared(
                record=_record(kept),
                kept=archive.encode(kept),
                original=original,
                entries=entries,
                vectors=rows,
                texts=() if embedding else own,
                warnings=item.report.warnings,
            )
        )
    return made


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

    def __init__(self, home: Path, embedding: Embedding, client: Client, lock: BaseFileLock) -> None:
        """Use `Library.open`."""
        self.embedding = embedding
        self.notices: list[str] = []
        self._home, self._archive = home, home / "reports"
        self._client, self._lock = client, lock
        self._changing = threading.RLock()
        self._cache = _Cache(_CACHED_CHARACTERS)
        self._register = _register(client, embedding)
        self._records = _records(self._register)
        self._places = {record.path_key: i for i, record in self._records.items() if record.path_key}
        self._passages, self._furniture = _vector_collections(client, _generation(self._register))
        self._keywords = self._open_keywords()

    @classmethod
    def open(cls, home: Path, embedding: Embedding, *, wait: float = 0) -> Self:
        """The library in `home`, made if it is not there; what an interrupted run left is mended.

        Raises LibraryError: another process uses it (for longer than `wait` seconds), the folder can't be written,
        the database is damaged, or it was built with another embedding.
        """
        with _owned(home, wait) as lock, _chroma(home / "chroma") as client:
            if not _exists(client) and any(archive.names(home / "reports")):
                raise LibraryError("the library's database is missing; run: assistant reindex")
            library = cls(home, embedding, client, lock)
            try:
                library._accept_embedding()
                library._mend()
            except BaseException:
                library._keywords.close()
                raise
        return library

    @classmethod
    def rebuild(cls, home: Path, embedding: Embedding, *, wait: float = 0, progress: Progress | None = None) -> Self:
        """Makes all that is derived anew, with this embedding: the vectors, the keyword index, and the records too if
        the database is damaged or missing. `progress` gets (reports done, reports in all).

        The old state stays in force until the new one is whole, so an interruption costs nothing but time.
        """
        tell = progress or (lambda done, total: None)
        with _owned(home, wait) as lock:
            try:
                with _chroma(home / "chroma") as client:
                    if not _exists(client):
                        raise LibraryError("the library's database is missing")
                    _embed_anew(client, home, embedding, tell)
                    client.close()
            except LibraryError as error:
                log.debug("the database is built from the archive", exc_info=error)
                _restore(home, embedding, tell)
            shutil.rmtree(home / "keywords", ignore_errors=True)
            lock.release()
        return cls.open(home, embedding, wait=wait)

    def close(self) -> None:
        """Ends the use of the folder; closing twice does nothing."""
        with self._changing:
            if self._lock.is_locked:
                self._keywords.close()
                self._client.close()
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ what is there

    def infos(self) -> list[ReportInfo]:
        """Every report, in the order of ingestion (by source within the same second)."""
        infos = [record.info for record in list(self._records.values())]
        return sorted(infos, key=lambda info: (info.ingested_at, info.source, info.report_id))

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
        return report_id in self._records and archive.exists(self._archive, report_id)

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
            self._kept(report_id)
            passage = self._cache.passages(report_id).get(passage_id)
            if passage is not None:
                return passage
        raise InputError(f'there is no passage "{passage_id}"')

    def original(self, report_id: str) -> bytes | None:
        """The bytes of a report's own file, if it has pages; None for the other formats."""
        with _clear_errors():
            return archive.original(self._archive, self.resolve(report_id))

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
        searched = (self._passages, self._furniture) if furniture else (self._passages,)
        with _clear_errors():
            hits = [hit for collection in searched for hit in _nearest(collection, vector, k, chosen)]
        hits = [hit for hit in hits if _report_of(hit[0]) in self._records]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]

    def document_frequency(self, token: str) -> int:
        """In how many passages a token stands."""
        return self._keywords.document_frequency(token)

    # ------------------------------------------------------------ changing

    def add(self, reports: Iterable[Incoming]) -> None:
        """Adds reports, in batches each of which is there whole or not at all.

        A report of the same id is replaced (its bytes read anew); so is another one of the same `path_key`.
        """
        batch: list[Incoming] = []
        size = 0
        for incoming in reports:
            batch.append(incoming)
            size += len(incoming.passages)
            if size >= _BATCH:
                self.put(prepare(batch, self.embedding))
                batch, size = [], 0
        self.put(prepare(batch, self.embedding))

    def put(self, batch: Sequence[Prepared]) -> None:
        """Adds prepared reports as one batch, as `add` does."""
        if not batch:
            return
        vectors = [self.embedding.embed(item.texts) if item.vectors is None else item.vectors for item in batch]
        entries = [entry for item in batch for entry in item.entries]
        records = {item.record.info.report_id: item.record for item in batch}
        with self._changing, _clear_errors():
            stale = self._stale(batch)
            for report_id, item in zip(records, batch, strict=True):
                archive.write(self._archive, report_id, item.kept, item.original)
            replaced = {self._places[r.path_key] for r in records.values() if r.path_key in self._places} - set(records)
            self._upsert(entries, np.concatenate(vectors))
            reread = [report_id for report_id in records if report_id in self._records]
            self._commit(records)
            self._keywords.remove(reread)
            self._keywords.add(entries)
            self._delete_vectors(stale)
            self._remove(replaced)
            self._keywords.commit()

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
        return gone

    def _stale(self, batch: Sequence[Prepared]) -> set[str]:
        """The passages that reports have now, and won't have when they are read anew."""
        stale: set[str] = set()
        for item in batch:
            report_id = item.record.info.report_id
            if report_id in self._records:
                self._cache.drop(report_id)
                with contextlib.suppress(LibraryError):
                    stale.update(passage.passage_id for passage in archive.read(self._archive, report_id).passages)
        return stale - {entry.passage_id for item in batch for entry in item.entries}

    def _upsert(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        _upsert(self._passages, self._furniture, entries, vectors)

    def _commit(self, records: dict[str, Record]) -> None:
        _write_records(self._register, records)
        self._records.update(records)
        self._places.update({record.path_key: i for i, record in records.items() if record.path_key})

    def _remove(self, report_ids: Collection[str]) -> None:
        if not report_ids:
            return
        self._register.delete(ids=list(report_ids))
        for report_id in report_ids:
            gone = self._records.pop(report_id)
            if self._places.get(gone.path_key) == report_id:
                del self._places[gone.path_key]
        for collection in (self._passages, self._furniture):
            collection.delete(where=_where(report_ids))
        self._keywords.remove(report_ids)
        for report_id in report_ids:
            archive.delete(self._archive, report_id)
            self._cache.drop(report_id)

    def _delete_vectors(self, passage_ids: Collection[str]) -> None:
        ids = list(passage_ids)
        for i in range(0, len(ids), _BATCH):
            for collection in (self._passages, self._furniture):
                collection.delete(ids=ids[i : i + _BATCH])

    # ------------------------------------------------------------ mending

    def check(self) -> list[Problem]:
        """What is amiss, found by looking at everything: each report's file, its vectors, its place in the index."""
        problems = []
        with _clear_errors():
            vectors = Counter(_report_of(i) for c in (self._passages, self._furniture) for i in _ids(c))
            indexed = self._keywords.counts()
            for report_id, record in self._records.items():
                name, expected = f"{record.info.source} ({report_id})", record.info.passages
                try:
                    archive.read(self._archive, report_id)
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
        built = str(_state(self._register)["embedding"])
        if built == self.embedding.id:
            return
        if self._records:
            raise LibraryError(
                f"the library was built with the embedding {built}, and {self.embedding.id} is set; "
                f"set ASSISTANT_EMBEDDING={built}, or run: assistant reindex"
            )
        _switch(self._client, self._register, self.embedding)
        self._passages, self._furniture = _vector_collections(self._client, _generation(self._register))

    def _open_keywords(self) -> KeywordIndex:
        """The index made by today's rules for tokens; one made by others is dropped, a damaged one begun anew."""
        folder = self._home / "keywords"
        current = folder / hashlib.sha256(" ".join(tokens(search_text(_PROBE))).encode()).hexdigest()[:8]
        for other in folder.glob("*"):
            if other != current:
                shutil.rmtree(other, ignore_errors=True)
        try:
            return KeywordIndex(current)
        except LibraryError:
            shutil.rmtree(current)
            return KeywordIndex(current)

    def _mend(self) -> None:
        """Makes the stores agree with the records. Cheap where they do: it compares counts and file names."""
        self._remove(self._outdated())
        if set(archive.names(self._archive)) - set(self._records):
            archive.sweep(self._archive, set(self._records))
        if self._passages.count() + self._furniture.count() != sum(r.info.passages for r in self._records.values()):
            self._mend_vectors()
        self._mend_keywords()

    def _outdated(self) -> list[str]:
        """Reports whose file was ingested anew by a run that ended before it took the older version out."""
        newest: dict[str, Record] = {}
        for record in sorted(self._records.values(), key=lambda record: record.info.ingested_at):
            newest[record.path_key or record.info.report_id] = record
        return [i for i, record in self._records.items() if newest[record.path_key or i] is not record]

    def _mend_vectors(self) -> None:
        present = {i for collection in (self._passages, self._furniture) for i in _ids(collection)}
        self._delete_vectors([i for i in present if _report_of(i) not in self._records])
        counts = Counter(_report_of(i) for i in present)
        for report_id, record in list(self._records.items()):
            kept = None if counts[report_id] == record.info.passages else self._readable(report_id)
            if kept is None:
                continue
            wanted = {passage.passage_id for passage in kept.passages}
            self._delete_vectors([i for i in present if _report_of(i) == report_id and i not in wanted])
            missing = [passage for passage in kept.passages if passage.passage_id not in present]
            _embed(self._passages, self._furniture, missing, self.embedding)
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
                self._keywords.add(_entry(passage) for passage in kept.passages)
                added += 1
        self._keywords.commit()
        if added:
            self.notices.append(f"the keyword index was brought up to date ({added} of {len(self)} reports)")

    def _kept(self, report_id: str) -> Kept:
        return self._cache.get(report_id) or self._cache.put(archive.read(self._archive, report_id))

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


def _entry(passage: Passage) -> Entry:
    return Entry(
        passage.passage_id,
        passage.report_id,
        " ".join(tokens(search_text(passage.text))),
        _context_tokens(passage.context),
        passage.furniture is not None,
    )


@lru_cache(maxsize=256)
def _context_tokens(context: str) -> str:
    """Neighbouring passages share their context."""
    return " ".join(tokens(context))


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


# ---------------------------------------------------------------- Chroma


@contextlib.contextmanager
def _owned(home: Path, wait: float) -> Iterator[BaseFileLock]:
    """The folder, made if need be, and its lock: kept if all goes well, released if not."""
    with _clear_errors():
        home.mkdir(parents=True, exist_ok=True)
    lock = ownership.acquire(home, wait)
    try:
        yield lock
    except BaseException:
        lock.release()
        raise


@contextlib.contextmanager
def _chroma(folder: Path) -> Iterator[Client]:
    """The embedded Chroma in `folder`: kept open if all goes well, closed if not."""
    with _clear_errors():
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        client = cast("Client", chromadb.PersistentClient(str(folder), settings=settings))
        try:
            yield client
        except BaseException:
            client.close()
            raise


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    """Whatever the stores raise, as a LibraryError that a person can act on."""
    try:
        yield
    except OSError as error:
        raise LibraryError(_sentence(error, error.errno)) from error
    except BaseException as error:
        # Chroma's errors, and the panics of its Rust core, which derive from BaseException alone
        if type(error).__module__.startswith("chromadb.") or type(error).__name__ == "PanicException":
            raise LibraryError(_sentence(error, None)) from error
        raise


def _sentence(error: BaseException, number: int | None) -> str:
    log.debug("the library failed", exc_info=error)
    text = str(error).lower()
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "disk is full" in text or "no space left" in text:
        return "the disk is full; free some space and try again (the reports added so far are kept)"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or "readonly" in text or "permission denied" in text:
        return "the library's folder can't be written; check its permissions, or set ASSISTANT_HOME to another folder"
    if number in (errno.ENOTDIR, errno.EEXIST):
        return "ASSISTANT_HOME names a file, not a folder"
    if number is not None:
        return f"the library's folder can't be used ({os.strerror(number)})"
    return "the library's database is damaged; to build it anew from the reports that are kept, run: assistant reindex"


def _exists(client: Client) -> bool:
    return any(collection.name == "reports" for collection in client.list_collections())


def _register(client: Client, embedding: Embedding) -> ChromaCollection:
    """The collection of records. Its metadata say which format, embedding and generation of vectors are in force."""
    if _exists(client):
        register = client.get_collection("reports", embedding_function=None)
        if _state(register)["format"] != _FORMAT:
            raise LibraryError("the library was made by another version of the assistant; run: assistant reindex")
        return register
    state = {"format": _FORMAT, "embedding": embedding.id, "generation": 0}
    return client.create_collection("reports", metadata=state, embedding_function=None)


def _state(register: ChromaCollection) -> dict[str, Any]:
    return {"format": 0, "embedding": "", "generation": 0, **(register.metadata or {})}


def _generation(register: ChromaCollection) -> int:
    return int(_state(register)["generation"])


def _vector_collections(client: Client, generation: int) -> tuple[ChromaCollection, ChromaCollection]:
    """The passages' vectors and the furniture's, of one generation; those of other generations are dropped."""
    names = [f"{kind}-{generation}" for kind in ("passages", "furniture")]
    for collection in client.list_collections():
        if collection.name not in ("reports", *names):
            client.delete_collection(collection.name)
    passages, furniture = (_vector_collection(client, name) for name in names)
    return passages, furniture


def _vector_collection(client: Client, name: str) -> ChromaCollection:
    # The inner product of unit vectors is their cosine, and gives 0 for the zero vector of an empty text. With Chroma's
    # own ef_search (100) a query finds two thirds of the true neighbours among 18,000, with 300 six in seven.
    hnsw: CreateHNSWConfiguration = {"space": "ip", "ef_search": 300}
    return client.get_or_create_collection(name, configuration={"hnsw": hnsw}, embedding_function=None)


def _switch(client: Client, register: ChromaCollection, embedding: Embedding) -> None:
    """Puts the next generation of vectors in force, in one step."""
    state = {"format": _FORMAT, "embedding": embedding.id, "generation": _generation(register) + 1}
    register.modify(metadata=state)


def _upsert(
    passages: ChromaCollection, furniture: ChromaCollection, entries: Sequence[Entry], vectors: Vectors
) -> None:
    for collection, marked in ((passages, False), (furniture, True)):
        rows = [row for row, entry in enumerate(entries) if entry.furniture is marked]
        for i in range(0, len(rows), _BATCH):
            batch = rows[i : i + _BATCH]
            collection.upsert(
                ids=[entries[row].passage_id for row in batch],
                embeddings=vectors[batch],
                metadatas=[{"report_id": entries[row].report_id} for row in batch],
            )


def _embed(
    passages: ChromaCollection, furniture: ChromaCollection, which: Sequence[Passage], embedding: Embedding
) -> None:
    vectors = embedding.embed([embedded_text(passage) for passage in which])
    _upsert(passages, furniture, [_entry(passage) for passage in which], vectors)


def _nearest(
    collection: ChromaCollection, vector: Vectors, k: int, reports: set[str] | None
) -> list[tuple[str, float]]:
    found = collection.query(
        query_embeddings=np.asarray([vector], np.float32),
        n_results=k,
        where=None if reports is None else _where(reports),
        include=["distances"],
    )
    distances = found["distances"] or [[]]
    return [(i, 1.0 - float(distance)) for i, distance in zip(found["ids"][0], distances[0], strict=True)]


def _where(report_ids: Collection[str]) -> Any:
    return {"report_id": {"$in": list(report_ids)}}


def _ids(collection: ChromaCollection) -> list[str]:
    return list(collection.get(include=[])["ids"])


def _records(register: ChromaCollection) -> dict[str, Record]:
    found = register.get(include=["metadatas"])
    packed = (str(metadata["record"]) for metadata in found["metadatas"] or [])
    return {i: _unpacked(text) for i, text in zip(found["ids"], packed, strict=True)}


def _write_records(register: ChromaCollection, records: dict[str, Record]) -> None:
    ids = list(records)
    for i in range(0, len(ids), _BATCH):
        batch = ids[i : i + _BATCH]
        register.upsert(
            ids=batch,
            embeddings=np.ones((len(batch), 1), np.float32),  # Chroma wants one; records are never searched
            metadatas=[{"record": _packed(records[report_id])} for report_id in batch],
        )


def _packed(record: Record) -> str:
    """One string: every further key of metadata would cost a row in Chroma."""
    return json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":"))


def _unpacked(text: str) -> Record:
    fields = json.loads(text)
    return Record(ReportInfo(**fields["info"]), fields["path_key"], fields["version"])


# ---------------------------------------------------------------- rebuilding


def _embed_anew(client: Client, home: Path, embedding: Embedding, tell: Progress) -> None:
    """Makes the next generation of vectors from the archive, then puts it in force."""
    register = client.get_collection("reports", embedding_function=None)
    records = _records(register)
    _vector_collections(client, _generation(register))  # what an interrupted rebuild left is dropped
    following = _generation(register) + 1
    passages, furniture = (_vector_collection(client, f"{kind}-{following}") for kind in ("passages", "furniture"))
    for done, report_id in enumerate(records, 1):
        with contextlib.suppress(LibraryError):  # opening tells of a report whose kept text is damaged
            _embed(passages, furniture, archive.read(home / "reports", report_id).passages, embedding)
        tell(done, len(records))
    _switch(client, register, embedding)


def _restore(home: Path, embedding: Embedding, tell: Progress) -> None:
    """Makes Chroma's folder anew from the archive, beside the old one, then puts it in the old one's place.

    A report that was being added or removed when the database was lost counts as there.
    """
    shutil.rmtree(home / "chroma.new", ignore_errors=True)
    with _chroma(home / "chroma.new") as client:
        register = _register(client, embedding)
        passages, furniture = _vector_collections(client, 0)
        found = sorted(set(archive.names(home / "reports")))
        for done, report_id in enumerate(found, 1):
            with contextlib.suppress(LibraryError):  # a file cut short by an interruption
                kept = archive.read(home / "reports", report_id)
                _embed(passages, furniture, kept.passages, embedding)
                _write_records(register, {report_id: _record(kept)})
            tell(done, len(found))
        client.close()
    with _clear_errors():
        shutil.rmtree(home / "chroma", ignore_errors=True)
        (home / "chroma.new").rename(home / "chroma")

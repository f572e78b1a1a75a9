"""The library in one folder.

Three stores stand side by side. Chroma holds the vectors and one record a report; that record is the truth on which
reports exist, and writing it is the commit. The archive holds each report as it was read. The keyword index is
derived. Adding goes archive, vectors, record, keywords; removal begins with the record. So whatever an interrupted
run leaves behind belongs to no record: no query returns it, and the next `Library.open` sweeps it up.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from assistant import chroma
from assistant.archive import Archive, Kept
from assistant.embeddings import Embedding, Vectors
from assistant.errors import InputError, LibraryError
from assistant.keywords import CONTEXT_WEIGHT, KeywordIndex
from assistant.library.cache import Cache
from assistant.library.mending import Problem, mend_keywords, mend_vectors, outdated, problems
from assistant.library.opening import all_records, embed_anew, keyword_folder, keyword_index, owned, restore
from assistant.library.records import (
    Incoming,
    Prepared,
    Progress,
    Record,
    computed,
    embedded_text,
    entry_of,
    packed,
    prepare,
    report_of,
    row_of,
    rows_of,
)  # fmt: skip
from assistant.library.stores import Snapshot, Stores
from assistant.library.troubles import clear_errors
from assistant.types import Passage, Report, ReportInfo
from assistant.vectors import NewerLibrary, VectorStore

if TYPE_CHECKING:
    from filelock import BaseFileLock

log = logging.getLogger(__name__)

_BATCH = 1000  # passages
_CACHED_CHARACTERS = 8_000_000  # of report text held in memory
_SHORTEST_PREFIX = 4


class Library:
    """The reports in one folder, for one process at a time. `Library.open` opens it; `close` it, or use `with`.

    Every method may raise LibraryError where the folder can't be read or written; what was added before stays good.
    `notices` are sentences on what was mended while opening.
    """

    server: str | None = None  # what to call the Chroma server in a message, where there is one

    def __init__(
        self,
        home: Path,
        embedding: Embedding,
        stores: Stores,
        records: dict[str, Record],
        lock: BaseFileLock | None = None,
    ) -> None:
        """Use `Library.open` or `Library.reading`; the latter has no lock."""
        self.embedding = embedding
        self.notices: list[str] = []
        self._home, self._stores, self._records, self._lock = home, stores, records, lock
        self._version = 0
        self._changing = threading.RLock()
        self._listing = threading.RLock()  # held for moments only: lists are read while reports come in
        self._listed: list[ReportInfo] | None = None
        self._issuers: frozenset[str] | None = None
        self._cache = Cache(_CACHED_CHARACTERS)
        self._places = {record.path_key: i for i, record in self._records.items() if record.path_key}

    @classmethod
    def open(cls, home: Path, embedding: Embedding, *, wait: float = 0) -> Self:
        """The library in `home`, made if it is not there; what an interrupted run left is mended.

        Raises LibraryError: another process uses it (for longer than `wait` seconds), the folder can't be written,
        the database is damaged, or it was built with another embedding.
        """
        with owned(home, wait) as lock, contextlib.ExitStack() as opened:
            archive = Archive(home / "reports")
            opened.callback(archive.close)
            if not (home / "chroma").is_dir() and archive.report_ids():
                raise LibraryError("the library's database is missing; run: assistant reindex")
            store = VectorStore(chroma.local(home / "chroma"), embedding.id)
            opened.callback(store.close)
            keywords = keyword_index(home / "keywords")
            opened.callback(keywords.close)
            library = cls(home, embedding, Stores(archive, keywords, store), all_records(store), lock)
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
        with owned(home, wait) as lock, contextlib.closing(Archive(home / "reports")) as archive:
            try:
                with clear_errors():
                    embed_anew(home, embedding, archive, tell)
            except NewerLibrary:
                raise
            except LibraryError as error:
                log.debug("the database is built from the archive", exc_info=error)
                restore(home, embedding, archive, tell)
            shutil.rmtree(home / "keywords", ignore_errors=True)
            lock.release()
        return cls.open(home, embedding, wait=wait)

    @classmethod
    def reading(cls, snapshot: Snapshot, embedding: Embedding) -> Library:
        """The library of another process as a snapshot saw it: reports and keywords, no vectors, nothing to change.

        What is read of a report that was taken out since raises LibraryError.
        """
        index = KeywordIndex(keyword_folder(snapshot.home / "keywords"))
        return Library(snapshot.home, embedding, Stores(Archive(snapshot.home / "reports"), index), snapshot.records)

    @property
    def version(self) -> int:
        """A number that goes up with every change."""
        return self._version

    def snapshot(self) -> Snapshot:
        """The library as it is now, for `reading`."""
        with self._listing:
            return Snapshot(self._home, self._version, dict(self._records))

    def close(self) -> None:
        """Ends the use of the folder; closing twice does nothing."""
        with self._changing:
            if self._lock is None:
                self._stores.close()
            elif self._lock.is_locked:
                self._stores.close()
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
        return report_id in self._records and self._stores.archive.holds(report_id)

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
        report_id = report_of(passage_id)
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
        with self._clear_errors():
            return self._original(self.resolve(report_id))

    def _original(self, report_id: str) -> bytes | None:
        return self._stores.archive.original(report_id)

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
        with self._clear_errors():
            found = self._stores.keywords.hits(
                terms, k, reports=self._narrowing(reports), furniture=furniture, context_weight=context_weight
            )
        return [hit for hit in found if report_of(hit[0]) in self._records]

    def vector_hits(
        self, query: str | Vectors, k: int, *, reports: Collection[str] | None = None, furniture: bool = False
    ) -> list[tuple[str, float]]:
        """The `k` nearest passages to a text or a unit vector, as (passage_id, cosine similarity), best first."""
        vector = self.embedding.embed([query])[0] if isinstance(query, str) else query
        chosen = self._narrowing(reports)
        if k < 1 or not np.any(vector) or (chosen is not None and not chosen):
            return []
        with self._clear_errors():
            hits = self._stores.vectors.nearest(vector, k, reports=chosen, furniture=furniture)
        return [hit for hit in hits if report_of(hit[0]) in self._records]

    def document_frequency(self, token: str) -> int:
        """In how many passages a token stands."""
        return self._stores.keywords.document_frequency(token)

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
        with self._changing, self._clear_errors():
            stale = self._stale(batch)
            records = self._keep(batch)
            replaced = {self._places[r.path_key] for r in records.values() if r.path_key in self._places} - set(records)
            self._stores.vectors.upsert([row_of(entry) for entry in entries], vectors)
            reread = [report_id for report_id in records if report_id in self._records]
            self._commit(records)
            self._stores.keywords.remove(reread)
            self._stores.keywords.add(entries)
            self._stores.vectors.delete_passages(stale)
            self._remove(replaced)
            self._stores.keywords.commit()
            self._version += 1  # who took a snapshot before now has not seen these words
            self._tell([*records, *replaced])

    def claim(self, report_id: str, path_key: str) -> None:
        """Notes that a report that is there already now lives at another place."""
        with self._changing, self._clear_errors():
            self._commit({report_id: replace(self._records[report_id], path_key=path_key)})
            self._tell([report_id])

    def remove(self, report_id: str) -> ReportInfo:
        """Takes a report out, and returns what it was."""
        with self._changing, self._clear_errors():
            gone = self._records[self.resolve(report_id)].info
            self._remove([gone.report_id])
            self._stores.keywords.commit()
            self._version += 1
            self._tell([gone.report_id])
        return gone

    def prepared(self, report_id: str) -> Prepared:
        """A report as `put` takes it, with its vectors. Raises InputError if it is unknown."""
        with self._clear_errors():
            record = self._records.get(self.resolve(report_id))
            if record is None:
                raise InputError(f'there is no report "{report_id}" any more')
            kept, encoded = self._stores.archive.read_encoded(report_id)
            entries = tuple(entry_of(passage) for passage in kept.passages)
            found = self._stores.vectors.vectors([entry.passage_id for entry in entries])
            whole = entries and all(entry.passage_id in found for entry in entries)
            vectors = np.stack([found[entry.passage_id] for entry in entries]) if whole else None
            texts = () if whole else tuple(embedded_text(passage) for passage in kept.passages)
            return Prepared(record, encoded, self._original(report_id), entries, vectors, texts, ())

    def _keep(self, batch: Sequence[Prepared]) -> dict[str, Record]:
        """Keeps the reports of a batch, and returns what is to go on record."""
        self._stores.archive.write((item.record.info.report_id, item.kept, item.original) for item in batch)
        return {item.record.info.report_id: item.record for item in batch}

    def _tell(self, report_ids: Sequence[str]) -> None:
        """Reports were added, changed or removed; nobody else has to know."""

    def _clear_errors(self) -> contextlib.AbstractContextManager[None]:
        return clear_errors(self.server)

    def _stale(self, batch: Sequence[Prepared]) -> set[str]:
        """The passages that reports have now, and won't have when they are read anew."""
        stale: set[str] = set()
        for item in batch:
            report_id = item.record.info.report_id
            if report_id in self._records:
                self._cache.drop(report_id)
                with contextlib.suppress(LibraryError):
                    stale.update(passage.passage_id for passage in self._stores.archive.read(report_id).passages)
        return stale - {entry.passage_id for item in batch for entry in item.entries}

    def _commit(self, records: dict[str, Record]) -> None:
        self._stores.vectors.write_records({i: packed(record) for i, record in records.items()})
        for report_id in records:
            self._leave_place(report_id)
        with self._listing:
            self._records.update(records)
            self._listed = self._issuers = None
            self._version += 1
        self._places.update({record.path_key: i for i, record in records.items() if record.path_key})

    def _leave_place(self, report_id: str) -> None:
        known = self._records.get(report_id)
        if known and self._places.get(known.path_key) == report_id:
            del self._places[known.path_key]

    def _remove(self, report_ids: Collection[str]) -> None:
        if not report_ids:
            return
        self._stores.vectors.delete_records(report_ids)
        with self._listing:
            for report_id in report_ids:
                self._leave_place(report_id)
                self._records.pop(report_id, None)
            self._listed = self._issuers = None
            self._version += 1
        self._stores.vectors.delete_reports(report_ids)
        self._stores.keywords.remove(report_ids)
        self._stores.archive.delete(report_ids)
        for report_id in report_ids:
            self._cache.drop(report_id)

    # ------------------------------------------------------------ mending

    def check(self, *, texts: bool = False, progress: Progress | None = None) -> list[Problem]:
        """What is amiss, found by looking at everything: each report's file, its vectors, its place in the index.
        With `texts`, every passage's text is compared with its report's, too. `progress` gets (reports done, in all).
        """
        with self._clear_errors(), self._changing:
            return problems(self._stores, dict(self._records), texts=texts, progress=progress)

    def reindex(self, embedding: Embedding, progress: Progress | None = None) -> dict[str, str]:
        """Makes the vectors anew with another embedding. Until they are whole the library answers with the old ones,
        and takes reports in and out. `progress` gets (reports done, reports in all), and the reports are returned, with
        when each was ingested."""
        with self._clear_errors():
            self._stores.vectors.begin()
            done: dict[str, str] = {}
            self._fill(embedding, done, progress)
            with self._changing:
                self._fill(embedding, done, None)
                self._stores.vectors.switch(embedding.id)
                self.embedding = embedding
        return done

    def _fill(self, embedding: Embedding, done: dict[str, str], progress: Progress | None) -> None:
        """Fills the generation that was begun until it holds what the library does; `done` says when each report that
        is in it was ingested."""
        while True:
            now = {info.report_id: info.ingested_at for info in self.infos()}
            stale = [i for i, when in done.items() if now.get(i) != when]
            self._stores.vectors.unfill(stale)
            for report_id in stale:
                del done[report_id]
            missing = [report_id for report_id in now if report_id not in done]
            if not missing:
                return
            for report_id in missing:
                if (kept := self._readable(report_id)) is not None:
                    self._stores.vectors.fill(*rows_of(kept.passages, embedding))
                done[report_id] = now[report_id]
                if progress:
                    progress(len(done), max(len(now), len(done)))

    def _accept_embedding(self) -> None:
        """An empty library takes any embedding; one with reports only that which built it."""
        built = self._stores.vectors.embedding_id
        if built == self.embedding.id:
            return
        if self._records:
            raise LibraryError(
                f"the library was built with the embedding {built}, and {self.embedding.id} is set; "
                f"set ASSISTANT_EMBEDDING={built}, or run: assistant reindex"
            )
        self._stores.vectors.begin()
        self._stores.vectors.switch(self.embedding.id)

    def _mend(self) -> None:
        """Makes the stores agree with the records. Cheap where they do: it compares counts and file names."""
        self._remove(outdated(self._records))
        self._stores.archive.sweep(self._records)
        if len(self._stores.vectors) != sum(record.info.passages for record in self._records.values()):
            self._commit(mend_vectors(self._stores, self._records, self.embedding, self._readable))
        self._mend_keywords()

    def _mend_keywords(self) -> None:
        if added := mend_keywords(self._stores.keywords, self._records, self._readable):
            self.notices.append(f"the keyword index was brought up to date ({added} of {len(self)} reports)")

    def _kept(self, report_id: str) -> Kept:
        return self._cache.get(report_id) or self._cache.put(self._stores.archive.read(report_id))

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

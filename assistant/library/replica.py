"""The library on a Chroma server that several processes use at once, each with what it needs to find on its own disk.

The server holds vectors, records, the reports as kept and a log of changes. A replica mirrors the reports and keeps a
keyword index of them; both can be thrown away at any time. Before each search it asks how long the log is, so that
nothing is found that another replica has removed; what others added is taken in within a second or two.

Adding goes report, vectors, record, log. What an interrupted run leaves on the server belongs to no record: the same
file ingested again takes its place, and `reindex` sweeps the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from assistant import chroma
from assistant.archive import Archive, decode
from assistant.embeddings import Embedding, Vectors
from assistant.errors import LibraryError
from assistant.library.library import Library
from assistant.library.mending import Problem
from assistant.library.opening import all_records, keyword_index
from assistant.library.records import Prepared, Progress, Record, entry_of, rows_of, unpacked
from assistant.library.stores import Snapshot, Stores
from assistant.library.troubles import clear_errors
from assistant.shared import Shared, stamp
from assistant.vectors import VectorStore

if TYPE_CHECKING:
    from filelock import BaseFileLock

log = logging.getLogger(__name__)
T = TypeVar("T")

_EVERY = 1.0  # seconds between looks at the log
_PATIENCE = 5  # looks at which the numbers of reports may differ, before all are compared
_BATCH = 50  # reports taken in at a time


class Replica(Library):
    """A library on a server. `Replica.connect` opens it; any number may be open, in any number of processes."""

    def __init__(
        self, folder: Path, embedding: Embedding, stores: Stores, lock: BaseFileLock, shared: Shared, server: str
    ) -> None:
        """Use `Replica.connect`."""
        self.server = server
        self._shared = shared
        self._position = self._looked = shared.position()  # of the log; before the records are read
        self._looking = threading.Lock()
        self._news = threading.Event()
        self._odd = 0  # looks in a row at which the server had another number of reports
        self._closed = False
        self._follower = threading.Thread(target=self._follow_on, daemon=True, name="follow the library")
        super().__init__(folder, embedding, stores, all_records(stores.vectors), lock)

    @classmethod
    def connect(cls, home: Path, url: str, embedding: Embedding, *, any_embedding: bool = False) -> Self:
        """The library on the server at `url`, with a folder of this replica's own below `home`.

        Raises SettingsError for an address that is none; LibraryError where the server does not answer, the folder
        can't be written, or the library was built with another embedding (unless any will do, to `reindex`).
        """
        server = chroma.server_at(url)
        with contextlib.ExitStack() as opened, clear_errors(server.place):
            folder, lock = _free_folder(home / "replicas" / hashlib.sha256(server.id.encode()).hexdigest()[:12])
            opened.callback(lock.release)
            client = chroma.remote(server)
            store = VectorStore(client, embedding.id, shared=True)
            opened.callback(store.close)
            archive = Archive(folder / "reports")
            opened.callback(archive.close)
            keywords = keyword_index(folder / "keywords")
            opened.callback(keywords.close)
            stores = Stores(archive, keywords, store)
            replica = cls(folder, embedding, stores, lock, Shared(client), server.place)
            if not any_embedding:
                replica._accept_embedding()
            replica._mend()
            replica._follower.start()
            opened.pop_all()
        return replica

    def close(self) -> None:
        """See `Library.close`."""
        self._closed = True
        self._news.set()
        if self._follower.is_alive():
            self._follower.join()
            with contextlib.suppress(OSError):
                self._note_position()
        super().close()

    @property
    def version(self) -> int:
        """See `Library.version`; it goes up when others change something, too."""
        self._look()
        return super().version

    def snapshot(self) -> Snapshot:
        """See `Library.snapshot`."""
        self._look()
        return super().snapshot()

    # ------------------------------------------------------------ finding

    def keyword_hits(self, *args: Any, **how: Any) -> list[tuple[str, float]]:
        """See `Library.keyword_hits`."""
        self._look()
        return super().keyword_hits(*args, **how)

    def vector_hits(self, query: str | Vectors, *args: Any, **how: Any) -> list[tuple[str, float]]:
        """See `Library.vector_hits`. Raises LibraryError where another embedding has taken this one's place."""
        self._look()
        return self._up_to_date(lambda: super(Replica, self).vector_hits(query, *args, **how))

    def _up_to_date(self, work: Callable[[], T]) -> T:
        """Does what needs the vectors in force; again, where another replica has just put others in force."""
        self._check_embedding()
        try:
            return work()
        except LibraryError as error:
            with self._clear_errors():
                if not (error.__cause__ and chroma.is_missing(error.__cause__)) or not self._stores.vectors.refresh():
                    raise
        self._check_embedding()
        return work()

    def _check_embedding(self) -> None:
        built = self._stores.vectors.embedding_id
        if built != self.embedding.id:
            raise LibraryError(
                f"the library is built with the embedding {built} now; set ASSISTANT_EMBEDDING={built} and start again"
            )

    def _look(self) -> None:
        """Takes what others removed out of sight at once, and leaves the rest to the follower."""
        with self._clear_errors(), self._looking:
            self._looked, touched = self._shared.changes(self._looked)
            if touched:
                self._hide(touched - self._stores.vectors.records(touched).keys())
                self._news.set()

    def _hide(self, report_ids: Iterable[str]) -> None:
        with self._listing:
            for report_id in report_ids:
                self._leave_place(report_id)
                self._records.pop(report_id, None)
            self._listed = self._issuers = None
            self._version += 1

    # ------------------------------------------------------------ changing

    def put(self, batch: Sequence[Prepared]) -> None:
        """See `Library.put`."""
        self._up_to_date(lambda: super(Replica, self).put(batch))

    def _keep(self, batch: Sequence[Prepared]) -> dict[str, Record]:
        for item in batch:
            self._shared.write(item.record.info.report_id, item.kept, item.original)
        kept = zip(super()._keep(batch).items(), batch, strict=True)
        return {report_id: replace(record, kept=stamp(item.kept)) for (report_id, record), item in kept}

    def _commit(self, records: dict[str, Record]) -> None:
        before = {i: self._records[i].kept for i in records if i in self._records}
        super()._commit(records)
        self._shared.forget((i, kept) for i, kept in before.items() if kept and kept != records[i].kept)

    def _remove(self, report_ids: Collection[str]) -> None:
        super()._remove(report_ids)
        if report_ids:
            self._shared.delete(report_ids)

    def _tell(self, report_ids: Sequence[str]) -> None:
        self._shared.note(report_ids)

    def _original(self, report_id: str) -> bytes | None:
        return super()._original(report_id) or self._shared.original(report_id)

    # ------------------------------------------------------------ following

    def reindex(self, embedding: Embedding, progress: Progress | None = None) -> dict[str, str]:
        """See `Library.reindex`. The other replicas go on meanwhile, and are told when it is done."""
        done = super().reindex(embedding, progress)
        with self._clear_errors():
            self._shared.note([""])
            self.follow()
            late = [i for i in list(self._records) if i not in done]  # taken in by others just before the switch
            for kept in filter(None, map(self._readable, late)):
                self._stores.vectors.upsert(*rows_of(kept.passages, embedding))
        return done

    def _follow_on(self) -> None:
        while not self._closed:
            self._news.wait(_EVERY)
            self._news.clear()
            try:
                if not self._closed:
                    self.follow()
            except LibraryError as error:  # the server is away: the next look may find it
                log.debug("the library can't be followed: %s", error)
            except Exception:
                log.exception("the library can't be followed")

    def follow(self) -> None:
        """Takes in what others have changed. Done once a second by itself. Raises LibraryError."""
        with self._clear_errors():
            position, touched = self._shared.changes(self._position)
            odd = not touched and self._stores.vectors.record_count() != len(self._records)
            self._odd = self._odd + 1 if odd else 0
            if touched or self._odd >= _PATIENCE:
                with self._changing:
                    self._stores.vectors.refresh()
                    self._agree_on(touched - {""} if touched else None)
            self._position = position
            if touched:
                self._note_position()

    def _agree_on(self, report_ids: Collection[str] | None) -> None:
        """Makes the mirror agree with the server on these reports; on all, where a change was never told."""
        found = self._stores.vectors.records(report_ids)
        now = {i: unpacked(record) for i, record in found.items()}
        self._forget([i for i in (report_ids or list(self._records)) if i not in now])
        self._take_in(now if report_ids else {i: record for i, record in now.items() if i not in self._records})

    def _forget(self, report_ids: Sequence[str]) -> None:
        if report_ids:
            self._hide(report_ids)
            self._stores.keywords.remove(report_ids)
            self._stores.keywords.commit()
            self._stores.archive.delete(report_ids)
            for report_id in report_ids:
                self._cache.drop(report_id)

    def _take_in(self, records: dict[str, Record]) -> None:
        """Mirrors reports of the server: first on disk and in the keyword index, then in sight."""
        waiting = iter(records.items())
        while batch := dict(islice(waiting, _BATCH)):
            kept = {i: self._shared.read(i, record.kept) for i, record in batch.items()}  # None: removed again
            whole = {i: data for i, data in kept.items() if data is not None}
            self._stores.archive.write((i, data, None) for i, data in whole.items())
            self._stores.keywords.remove(batch)
            for report_id, data in whole.items():
                self._cache.drop(report_id)
                self._stores.keywords.add(entry_of(passage) for passage in decode(data).passages)
            self._stores.keywords.commit()
            with self._listing:
                for report_id in whole:
                    self._leave_place(report_id)
                    self._records[report_id] = batch[report_id]
                    if batch[report_id].path_key:
                        self._places[batch[report_id].path_key] = report_id
                self._listed = self._issuers = None
                self._version += 1

    def check(self, *, texts: bool = False, progress: Progress | None = None) -> list[Problem]:
        """See `Library.check`; with `texts`, what the server keeps of each report is read, too."""
        found = super().check(texts=texts, progress=progress)
        with self._clear_errors():
            for report_id, record in list(self._records.items()) if texts else ():
                if self._shared.read(report_id, record.kept) is None:
                    lost = f"what the server keeps of {record.info.source} ({report_id}) is missing or damaged"
                    found.append(Problem(lost, f"assistant remove {report_id}, then ingest the file again"))
        return found

    # ------------------------------------------------------------ opening

    def _mend(self) -> None:
        """Brings the mirror up to date: what it lacks, what changed since it was last used, what is gone."""
        mirrored = self._stores.archive.report_ids()
        _, touched = self._shared.changes(self._noted_position())
        self._stores.archive.sweep(self._records)
        wanted = {i: record for i, record in self._records.items() if i not in mirrored or i in touched}
        self._take_in(wanted)
        self._mend_keywords()
        self._note_position()

    def _noted_position(self) -> int:
        """How far the mirror had followed when it was last used; 0 for a new one, and for another library."""
        with contextlib.suppress(OSError, ValueError):
            log_id, position = (self._home / "position").read_text(encoding="utf-8").split()
            if log_id == self._shared.log_id:
                return int(position)
        return 0

    def _note_position(self) -> None:
        part = self._home / "position.part"
        part.write_text(f"{self._shared.log_id} {self._position}", encoding="utf-8")
        os.replace(part, self._home / "position")


def _free_folder(parent: Path) -> tuple[Path, BaseFileLock]:
    """A folder that no other process uses, the same one again where possible: what it holds saves time."""
    from filelock import FileLock, Timeout

    parent.mkdir(parents=True, exist_ok=True)
    for number in count():
        lock = FileLock(parent / f"{number}.lock", thread_local=False)
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0)
            (parent / str(number)).mkdir(exist_ok=True)
            return parent / str(number), lock
    raise AssertionError("there is always another number")


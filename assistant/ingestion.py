"""Files and folders into the library: one outcome a file, and no file stops the others."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Literal

from assistant import __version__
from assistant.chunking import passages
from assistant.embeddings import Builtin, Embedding
from assistant.errors import AssistantError
from assistant.library import Incoming, Library, Prepared, Progress, computed, prepare
from assistant.reading import SUFFIXES, report_id
from assistant.types import Report

log = logging.getLogger(__name__)

OutcomeStatus = Literal["added", "replaced", "unchanged", "duplicate", "failed", "skipped"]
Read = Callable[[bytes, str], Report]

_MB = 1 << 20
_TEXT_LIMIT, _PACKED_LIMIT = 64 * _MB, 200 * _MB  # a text is all text; PDF and Office files are mostly pictures
_PACKED = (".pdf", ".docx", ".xlsx", ".pptx")
_BATCH_FILES, _BATCH_BYTES = 500, 1_000_000  # some 1,500 passages of plain text
_MOST_PROCESSES = 4
_UNKNOWN = "the file could not be understood (an unexpected error; the debug log has the details)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `source` is its name; `message` says what there is to say beyond the status.

    "replaced": it took the place of an older version. "duplicate": the same bytes came before in this run.
    """

    source: str
    status: OutcomeStatus
    report_id: str | None = None
    passages: int = 0
    tables: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    """A file to read: its bytes, and what its outcome will be."""

    name: str
    place: str
    data: bytes
    status: OutcomeStatus


@dataclass(slots=True)
class _Batch:
    """Files that are read together and added together, with the outcomes, in order, of those between them."""

    members: list[_File | Outcome] = field(default_factory=list)
    size: int = 0

    @property
    def files(self) -> list[_File]:
        return [member for member in self.members if isinstance(member, _File)]

    @property
    def is_full(self) -> bool:
        return self.size >= _BATCH_BYTES or len(self.members) >= _BATCH_FILES

    def append(self, member: _File | Outcome) -> None:
        self.members.append(member)
        self.size += len(member.data) if isinstance(member, _File) else 0


def ingest(
    library: Library, paths: Iterable[Path], *, read: Read, progress: Progress | None = None
) -> Iterator[Outcome]:
    """Takes files, and folders with all they hold, into the library; yields outcomes in order, each when it is final.

    `read` makes a Report of bytes and a file name (`assistant.reading.read`). `progress` gets (files done, files in
    all). A file that can't be read is a "failed" outcome; where nothing more can be added (LibraryError: the disk is
    full; AssistantError: the embedding's server is gone) the run ends, and what was yielded until then stays. Ending
    the iteration early harms nothing.

    Many files are read in other processes (a script needs its `if __name__ == "__main__":` then).
    """
    files = list(_walk(paths))
    done = 0
    with _Readers(read, library.embedding) as readers:
        for batch, made in readers.read(_batches(library, files)):
            for outcome in _settled(library, batch, made):
                done += 1
                if progress:
                    progress(done, len(files))
                yield outcome


def watch(
    library: Library,
    paths: Sequence[Path],
    *,
    read: Read,
    stop: threading.Event,
    progress: Progress | None = None,
    every: float = 2.0,
) -> Iterator[Outcome]:
    """`ingest`, and from then on what comes into the folders or changes there, until `stop` is set.

    A file is read once it has stayed as it is from one look to the next, `every` seconds later, so that none is read
    while it is being copied. What is taken out of a folder stays in the library.
    """
    before = done = _stamps(paths)
    yield from ingest(library, paths, read=read, progress=progress)
    while not stop.wait(every):
        now = _stamps(paths)
        settled = [path for path, stamp in now.items() if before.get(path) == stamp != done.get(path)]
        before = now
        if settled:
            yield from ingest(library, settled, read=read)
            done |= {path: now[path] for path in settled}


def _stamps(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """Every file to read, with its size and when it was changed."""
    found = {}
    for path in _walk(paths):
        if isinstance(path, Path):
            with suppress(OSError):
                status = path.stat()
                found[path] = status.st_size, status.st_mtime_ns
    return found


def _batches(library: Library, files: Iterable[Path | Outcome]) -> Iterator[_Batch]:
    seen: dict[str, str] = {}
    batch = _Batch()
    for found in files:
        batch.append(found if isinstance(found, Outcome) else _look(library, found, seen))
        if batch.is_full:
            yield batch
            batch = _Batch()
    yield batch


# ---------------------------------------------------------------- which files


def _walk(paths: Iterable[Path]) -> Iterator[Path | Outcome]:
    """Every file to read, folders in order of name; an Outcome for what is none."""
    visited: set[tuple[int, int]] = set()
    for path in paths:
        if os.path.isdir(path):  # unlike Path.is_dir, it answers no where it may not look
            yield from _walk_folder(path, visited)
        elif not os.path.exists(path):
            yield Outcome(str(path), "failed", message="there is no such file or folder")
        elif not os.path.isfile(path):
            yield Outcome(_name(path), "failed", message="it is neither a file nor a folder")
        elif path.suffix.lower() not in SUFFIXES:
            yield Outcome(_name(path), "failed", message=f"not a report format; these are: {' '.join(SUFFIXES)}")
        else:
            yield path


def _walk_folder(folder: Path, visited: set[tuple[int, int]]) -> Iterator[Path | Outcome]:
    """A folder's files; one that links led back to is not entered twice."""
    try:
        status = folder.stat()
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield Outcome(_name(folder), "failed", message=f"the folder can't be read ({os.strerror(error.errno or 0)})")
        return
    if (status.st_dev, status.st_ino) in visited:
        return
    visited.add((status.st_dev, status.st_ino))
    for path in entries:
        if path.name.startswith((".", "~$")):  # hidden files, and the marks that Office leaves of open ones
            continue
        if os.path.isdir(path):
            yield from _walk_folder(path, visited)
        elif path.suffix.lower() not in SUFFIXES:
            yield Outcome(_name(path), "skipped", message="not a report format")
        elif not os.path.exists(path):
            yield Outcome(_name(path), "failed", message="the file is not there (a broken link?)")
        elif not os.path.isfile(path):
            yield Outcome(_name(path), "skipped", message="not a regular file")
        else:
            yield path


def _name(path: Path) -> str:
    """The file name, for people; bytes in it that are no text become marks."""
    return os.fsencode(path.name or str(path)).decode("utf-8", "replace")


def _place(path: Path) -> str:
    """Stands for a file's place without telling it."""
    return hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]


# ---------------------------------------------------------------- one file


def _look(library: Library, path: Path, seen: dict[str, str]) -> _File | Outcome:
    """A file that is to be read, or an outcome where it need not or can't be. `seen` maps report ids to names."""
    name = _name(path)
    try:
        too_big = _too_big(path)
        if too_big:
            return Outcome(name, "failed", message=too_big)
        data = path.read_bytes()
    except FileNotFoundError:
        return Outcome(name, "failed", message="the file is gone")
    except OSError as error:
        return Outcome(name, "failed", message=f"the file can't be read ({os.strerror(error.errno or 0)})")
    identity, place = report_id(data), _place(path)
    if identity in seen:
        return Outcome(name, "duplicate", identity, message=f"the same file as {seen[identity]}")
    seen[identity] = name
    known = library.record(identity)
    if known and known.version == __version__ and library.holds(identity):
        return _unchanged(library, identity, name, place)
    return _File(name, place, data, "replaced" if known or library.at_path(place) else "added")


def _too_big(path: Path) -> str:
    limit = _PACKED_LIMIT if path.suffix.lower() in _PACKED else _TEXT_LIMIT
    size = path.stat().st_size
    return f"the file has {size // _MB} MB, the limit is {limit // _MB} MB; split it" if size > limit else ""


def _unchanged(library: Library, identity: str, name: str, place: str) -> Outcome:
    """The bytes are in the library. They may have moved here, or taken the place of another version."""
    known = library.record(identity)
    assert known is not None
    outcome = Outcome(name, "unchanged", identity, known.info.passages, known.info.tables)
    if known.path_key == place:
        return outcome
    older = library.at_path(place)
    library.claim(identity, place)
    if older is None:
        return outcome
    library.remove(older)
    return replace(outcome, status="replaced", message="an older version of the file was taken out")


# ---------------------------------------------------------------- reading, here or in other processes

Made = Prepared | str  # a report, or why there is none


@dataclass(slots=True)
class _Readers:
    """Reads batches: here where there is only one, else in other processes, some batches ahead.

    Chroma keeps Python's global lock while it works, so threads would not help.
    """

    _read: Read
    _embedding: Embedding
    _pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> _Readers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def read(self, batches: Iterator[_Batch]) -> Iterator[tuple[_Batch, list[Made]]]:
        """Each batch with what its files became, in order."""
        first, second = next(batches), next(batches, None)
        if second is None:
            yield self._result(first, None)
            return
        ahead: deque[tuple[_Batch, Future[list[Made]] | None]] = deque()
        for batch in chain((first, second), batches):
            ahead.append((batch, self._submitted(batch)))
            if len(ahead) > _MOST_PROCESSES:
                yield self._result(*ahead.popleft())
        while ahead:
            yield self._result(*ahead.popleft())

    def _submitted(self, batch: _Batch) -> Future[list[Made]] | None:
        if not batch.files or not self._is_portable():
            return None
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                min(os.cpu_count() or 1, _MOST_PROCESSES), multiprocessing.get_context("spawn"), _start_reader
            )
        with suppress(BrokenProcessPool):
            return self._pool.submit(_make, batch.files, self._read, computed(self._embedding))
        return None

    def _result(self, batch: _Batch, future: Future[list[Made]] | None) -> tuple[_Batch, list[Made]]:
        if future:
            with suppress(BrokenProcessPool):
                return batch, future.result()
            log.debug("a reading process died; the files are read here")
        return batch, _make(batch.files, self._read, computed(self._embedding))

    def _is_portable(self) -> bool:
        try:
            pickle.dumps(self._read)
        except (pickle.PicklingError, AttributeError, TypeError):  # a function within a function
            return False
        return (os.cpu_count() or 1) > 1


def _start_reader() -> None:
    """A reading process leaves interruption to its parent, and ends when its parent is gone, however that ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _make(files: list[_File], read: Read, embedding: Builtin | None) -> list[Made]:
    read_files = [_read_one(file, read) for file in files]
    reports = [item for item in read_files if isinstance(item, Incoming)]
    try:
        prepared = iter(prepare(reports, embedding))
    except Exception:
        log.debug("a batch failed; its reports are prepared one by one", exc_info=True)
        return [item if isinstance(item, str) else _prepared(item, embedding) for item in read_files]
    return [item if isinstance(item, str) else next(prepared) for item in read_files]


def _read_one(file: _File, read: Read) -> Incoming | str:
    try:
        report = read(file.data, file.name)
        return Incoming(report, passages(report), file.data, file.place)
    except AssistantError as error:
        return str(error)
    except Exception:  # whatever a parser trips over in one file must not stop the others
        log.debug("reading %s failed", file.name, exc_info=True)
        return _UNKNOWN


def _prepared(incoming: Incoming, embedding: Builtin | None) -> Made:
    try:
        return prepare([incoming], embedding)[0]
    except Exception:
        log.debug("preparing %s failed", incoming.report.source, exc_info=True)
        return _UNKNOWN


# ---------------------------------------------------------------- into the library


def _settled(library: Library, batch: _Batch, made: list[Made]) -> list[Outcome]:
    """Adds a batch, and returns its outcomes."""
    library.put([item for item in made if isinstance(item, Prepared)])
    results = iter(made)
    return [
        _outcome(member, next(results)) if isinstance(member, _File) else _checked(library, member)
        for member in batch.members
    ]


def _checked(library: Library, outcome: Outcome) -> Outcome:
    """The duplicate of a file that turned out to be no report is none either."""
    if outcome.status == "duplicate" and library.record(str(outcome.report_id)) is None:
        return Outcome(outcome.source, "failed", message=f"{outcome.message}, which can't be read")
    return outcome


def _outcome(file: _File, made: Made) -> Outcome:
    if isinstance(made, str):
        return Outcome(file.name, "failed", message=made)
    info = made.record.info
    return Outcome(file.name, file.status, info.report_id, info.passages, info.tables, "; ".join(made.warnings))

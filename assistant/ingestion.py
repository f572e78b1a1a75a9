"""Files and folders into the library: one outcome a file, and no file stops the others."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assistant import __version__
from assistant.chunking import passages
from assistant.errors import AssistantError
from assistant.library import Incoming, Library, Progress
from assistant.reading import SUFFIXES, report_id
from assistant.types import Report

log = logging.getLogger(__name__)

OutcomeStatus = Literal["added", "replaced", "unchanged", "duplicate", "failed", "skipped"]
Read = Callable[[bytes, str], Report]

_MB = 1 << 20
_TEXT_LIMIT, _PACKED_LIMIT = 64 * _MB, 200 * _MB  # a text is all text; PDF and Office files are mostly pictures
_PACKED = (".pdf", ".docx", ".xlsx", ".pptx")
_BATCH_PASSAGES, _BATCH_BYTES = 1000, 32 * _MB
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


def ingest(
    library: Library, paths: Iterable[Path], *, read: Read, progress: Progress | None = None
) -> Iterator[Outcome]:
    """Takes files, and folders with all they hold, into the library; yields outcomes in order, each when it is final.

    `read` makes a Report of bytes and a file name (`assistant.reading.read`). `progress` gets (files read, files in
    all). A file that can't be read is a "failed" outcome; LibraryError (disk full, …) ends the run, and what was
    yielded until then stays. Ending the iteration early harms nothing.
    """
    files = list(_walk(paths))
    seen: dict[str, str] = {}
    batch: list[Incoming] = []
    outcomes: list[Outcome] = []
    for done, found in enumerate(files, 1):
        taken = found if isinstance(found, Outcome) else _take(library, found, seen, read)
        if isinstance(taken, Outcome):
            outcomes.append(taken)
        else:
            incoming, outcome = taken
            batch.append(incoming)
            outcomes.append(outcome)
        if progress:
            progress(done, len(files))
        if not batch:
            yield from outcomes
            outcomes.clear()
        elif _is_full(batch):
            yield from _settled(library, batch, outcomes)
            batch.clear()
            outcomes.clear()
    yield from _settled(library, batch, outcomes)


# ---------------------------------------------------------------- which files


def _walk(paths: Iterable[Path]) -> Iterator[Path | Outcome]:
    """Every file to read, folders in order of name; an Outcome for what is none."""
    visited: set[tuple[int, int]] = set()
    for path in paths:
        if path.is_dir():
            yield from _walk_folder(path, visited)
        elif not path.exists():
            yield Outcome(str(path), "failed", message="there is no such file or folder")
        elif not path.is_file():
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
        if path.is_dir():
            yield from _walk_folder(path, visited)
        elif path.suffix.lower() not in SUFFIXES:
            yield Outcome(_name(path), "skipped", message="not a report format")
        elif not path.exists():
            yield Outcome(_name(path), "failed", message="the file is not there (a broken link?)")
        elif not path.is_file():
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


def _take(library: Library, path: Path, seen: dict[str, str], read: Read) -> Outcome | tuple[Incoming, Outcome]:
    """One file's report with the outcome it will have once it is in the library; or an outcome that is final."""
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
    known = library.record(identity)
    if known and known.version == __version__ and library.holds(identity):
        seen[identity] = name
        return _unchanged(library, identity, name, place)
    try:
        report = read(data, name)
        incoming = Incoming(report, passages(report), data, place)
    except AssistantError as error:
        return Outcome(name, "failed", message=str(error))
    except Exception:  # whatever a parser trips over in one file must not stop the others
        log.debug("reading %s failed", name, exc_info=True)
        return Outcome(name, "failed", message=_UNKNOWN)
    seen[identity] = name
    older = library.at_path(place)
    status: OutcomeStatus = "replaced" if known or older else "added"
    return incoming, Outcome(
        name, status, identity, len(incoming.passages), len(report.tables), "; ".join(report.warnings)
    )


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


# ---------------------------------------------------------------- into the library


def _is_full(batch: list[Incoming]) -> bool:
    return (
        sum(len(incoming.passages) for incoming in batch) >= _BATCH_PASSAGES
        or sum(len(incoming.data) for incoming in batch) >= _BATCH_BYTES
    )


def _settled(library: Library, batch: list[Incoming], outcomes: list[Outcome]) -> list[Outcome]:
    """Adds a batch, and returns the outcomes; a report that the library can't take fails alone."""
    try:
        library.add(batch)
        return list(outcomes)
    except AssistantError:
        raise
    except Exception:
        log.debug("a batch failed; its reports are added one by one", exc_info=True)
    failed = {incoming.report.report_id for incoming in batch if not _added(library, incoming)}
    return [
        Outcome(outcome.source, "failed", message=_UNKNOWN) if outcome.report_id in failed else outcome
        for outcome in outcomes
    ]


def _added(library: Library, incoming: Incoming) -> bool:
    try:
        library.add([incoming])
    except AssistantError:
        raise
    except Exception:
        log.debug("adding %s failed", incoming.report.source, exc_info=True)
        return False
    return True

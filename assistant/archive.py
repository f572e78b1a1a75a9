"""The reports as read, compressed, in one SQLite file; for those with pages the original bytes too, a file each.

A batch is there whole or not at all. Which reports belong to the library is for the library's own records to say.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import LibraryError
from assistant.types import Passage, Report

if TYPE_CHECKING:
    from pydantic import TypeAdapter

@dataclass(frozen=True, slots=True)
class Kept:
    """A report with its passages, in reading order, where it came from, when, and which assistant read it."""

    report: Report
    passages: tuple[Passage, ...]
    path_key: str
    ingested_at: str
    version: str


def encode(kept: Kept) -> bytes:
    """Compressed JSON."""
    return zlib.compress(_codec().dump_json(kept, exclude_defaults=True), 1)


def decode(data: bytes) -> Kept:
    """The inverse of `encode`. Raises ValueError if the bytes are damaged: they carry a checksum."""
    try:
        return _codec().validate_json(zlib.decompress(data))
    except zlib.error as error:
        raise ValueError(str(error)) from error


@lru_cache(maxsize=1)
def _codec() -> TypeAdapter[Kept]:
    from pydantic import TypeAdapter

    return TypeAdapter(Kept)


_LOST = (
    "the reports that the library keeps are damaged beyond repair; set ASSISTANT_HOME to a new folder, or empty the "
    "present one, and ingest the files again"
)


class Archive:
    """The archive in `folder`, made if it is not there. Methods may raise OSError and sqlite3.Error."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._originals = folder / "originals"
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "archive.sqlite3", check_same_thread=False)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("CREATE TABLE IF NOT EXISTS kept (report_id TEXT PRIMARY KEY, data BLOB NOT NULL)")
        except sqlite3.Error as error:
            self._database.close()
            if type(error) is sqlite3.DatabaseError:  # "file is not a database", "malformed"; nothing can be made of it
                raise LibraryError(_LOST) from error
            raise

    def write(self, reports: Iterable[tuple[str, bytes, bytes | None]]) -> None:
        """Keeps (report id, encoded report, original bytes or None); replaces what was there of the same ids."""
        rows = []
        for report_id, kept, original in reports:
            if original is not None:
                self._write_original(report_id, original)
            rows.append((report_id, kept))
        with self._lock, self._database:
            self._database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", rows)

    def read(self, report_id: str) -> Kept:
        """A kept report. Raises LibraryError if it is gone or damaged."""
        return self.read_encoded(report_id)[0]

    def read_encoded(self, report_id: str) -> tuple[Kept, bytes]:
        """A kept report, also as `encode` made it. Raises LibraryError if it is gone or damaged."""
        with self._lock:
            row = self._database.execute("SELECT data FROM kept WHERE report_id = ?", (report_id,)).fetchone()
        with contextlib.suppress(ValueError):
            if row is not None:
                return decode(row[0]), row[0]
        raise LibraryError(
            f"the kept text of report {report_id} is missing or damaged; run: assistant remove {report_id}, "
            "then ingest its file again"
        )

    def original(self, report_id: str) -> bytes | None:
        """The file's own bytes, where they were kept."""
        try:
            return (self._originals / report_id).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, report_ids: Collection[str]) -> None:
        """Removes reports; nothing happens for those that are not there."""
        with self._lock, self._database:
            self._database.executemany("DELETE FROM kept WHERE report_id = ?", [(i,) for i in report_ids])
        for report_id in report_ids:
            (self._originals / report_id).unlink(missing_ok=True)

    def report_ids(self) -> set[str]:
        """Every report that is kept."""
        with self._lock:
            return {str(row[0]) for row in self._database.execute("SELECT report_id FROM kept")}

    def holds(self, report_id: str) -> bool:
        """Whether a report is kept."""
        with self._lock:
            found = self._database.execute("SELECT 1 FROM kept WHERE report_id = ?", (report_id,)).fetchone()
        return found is not None

    def sweep(self, keep: Collection[str]) -> None:
        """Removes every report and every file that is not in `keep`."""
        stray = {path.name for path in self._originals.glob("*")} - set(keep)
        self.delete((self.report_ids() - set(keep)) | stray)

    def close(self) -> None:
        """Ends the use of the file."""
        with self._lock:
            self._database.close()

    def _write_original(self, report_id: str, data: bytes) -> None:
        self._originals.mkdir(exist_ok=True)
        part = self._originals / f"{report_id}.part"
        try:
            part.write_bytes(data)
            os.replace(part, self._originals / report_id)
        except OSError:
            part.unlink(missing_ok=True)
            raise

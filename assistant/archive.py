"""The reports as read, one compressed file each, and the original bytes of those that are rendered.

A file appears whole or not at all (written beside, then renamed), and carries a checksum. Which of them belong to
the library is for the library's own records to say.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import LibraryError
from assistant.types import Passage, Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import TypeAdapter

_KEPT, _ORIGINAL, _PART = ".json.z", ".original", ".part"


@dataclass(frozen=True, slots=True)
class Kept:
    """A report with its passages, in reading order, where it came from, when, and which assistant read it."""

    report: Report
    passages: tuple[Passage, ...]
    path_key: str
    ingested_at: str
    version: str


@lru_cache(maxsize=1)
def _codec() -> TypeAdapter[Kept]:
    from pydantic import TypeAdapter

    return TypeAdapter(Kept)


def encode(kept: Kept) -> bytes:
    """Compressed JSON, about a third of the report's own size in UTF-8 for prose."""
    return zlib.compress(_codec().dump_json(kept, exclude_defaults=True), 1)


def decode(data: bytes) -> Kept:
    """The inverse of `encode`. Raises ValueError if the bytes are damaged."""
    try:
        return _codec().validate_json(zlib.decompress(data))
    except zlib.error as error:
        raise ValueError(str(error)) from error


def write(folder: Path, report_id: str, kept: bytes, original: bytes | None) -> None:
    """Keeps an encoded report, and its original bytes if given; replaces what was there. Raises OSError."""
    if original is not None:
        _write_whole(_path(folder, report_id, _ORIGINAL), original)
    _write_whole(_path(folder, report_id, _KEPT), kept)


def read(folder: Path, report_id: str) -> Kept:
    """A kept report. Raises LibraryError if its file is gone or damaged."""
    try:
        return decode(_path(folder, report_id, _KEPT).read_bytes())
    except (OSError, ValueError) as error:
        raise LibraryError(
            f"the kept text of report {report_id} is missing or damaged; run: assistant remove {report_id}, "
            "then ingest its file again"
        ) from error


def exists(folder: Path, report_id: str) -> bool:
    """Whether a report is kept."""
    return _path(folder, report_id, _KEPT).is_file()


def original(folder: Path, report_id: str) -> bytes | None:
    """The file's own bytes, where they were kept."""
    try:
        return _path(folder, report_id, _ORIGINAL).read_bytes()
    except FileNotFoundError:
        return None


def delete(folder: Path, report_id: str) -> None:
    """Removes a report's files; nothing happens if there are none."""
    for suffix in (_KEPT, _ORIGINAL):
        _path(folder, report_id, suffix).unlink(missing_ok=True)


def names(folder: Path) -> Iterator[str]:
    """The report id of every file, unfinished ones included; an id comes more than once where it has several."""
    for path in folder.glob("??/*"):
        yield path.name.split(".", 1)[0]


def sweep(folder: Path, keep: set[str]) -> int:
    """Deletes unfinished files and those of reports not in `keep`; returns how many."""
    stale = [p for p in folder.glob("??/*") if p.suffix == _PART or p.name.split(".", 1)[0] not in keep]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _path(folder: Path, report_id: str, suffix: str) -> Path:
    return folder / report_id[:2] / (report_id + suffix)


def _write_whole(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + _PART)
    try:
        try:
            part.write_bytes(data)
        except FileNotFoundError:  # the first of its subfolder: asking each time would cost more than this
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise

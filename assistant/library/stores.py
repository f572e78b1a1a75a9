"""The stores that a library consists of, and the library as another process may read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assistant.archive import Archive
from assistant.errors import LibraryError
from assistant.keywords import KeywordIndex
from assistant.library.records import Record
from assistant.vectors import VectorStore


class NoVectors(LibraryError):
    """A library that was opened for reading alone was asked for vectors, which one process keeps."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What a library consists of, beside its records; one opened for reading alone has no vectors."""

    archive: Archive
    keywords: KeywordIndex
    owned: VectorStore | None = None

    @property
    def vectors(self) -> VectorStore:
        """The vectors. Raises NoVectors where another process keeps them."""
        if self.owned is None:
            raise NoVectors("the vectors are kept by another process")
        return self.owned

    def close(self) -> None:
        """Ends the use of them all."""
        self.keywords.close()
        if self.owned is not None:
            self.owned.close()
        self.archive.close()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What another process needs to read a library as it is at `version`."""

    home: Path
    version: int
    records: dict[str, Record]

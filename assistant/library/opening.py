"""A library's folder taken into use, and what is derived made anew from what is kept."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import chroma, ownership
from assistant.archive import Archive
from assistant.chunking import search_text
from assistant.embeddings import Embedding
from assistant.errors import LibraryError
from assistant.keywords import KeywordIndex
from assistant.language import tokens
from assistant.library.records import Progress, Record, packed, record_of, rows_of, unpacked
from assistant.library.troubles import clear_errors
from assistant.vectors import VectorStore

if TYPE_CHECKING:
    from filelock import BaseFileLock

# Its tokens tell whether the keyword index was made by the same rules as today's.
_PROBE = "騰訊控股（0700.HK）2025E營收 1,037.5億元, YoY +12%; GPT-5.4's suppliers: capex, 腾讯云 R&D"


@contextlib.contextmanager
def owned(home: Path, wait: float) -> Iterator[BaseFileLock]:
    """The folder, made if need be, and its lock: kept if all goes well, released if not."""
    with clear_errors():
        home.mkdir(parents=True, exist_ok=True)
    lock = ownership.acquire(home, wait)
    try:
        with clear_errors():
            yield lock
    except BaseException:
        lock.release()
        raise


def keyword_index(folder: Path) -> KeywordIndex:
    """The index made by today's rules for tokens; one made by other rules is dropped, a damaged one begun anew."""
    current = keyword_folder(folder)
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


def keyword_folder(folder: Path) -> Path:
    """Where the index made by today's rules for tokens stands."""
    return folder / hashlib.sha256(" ".join(tokens(search_text(_PROBE))).encode()).hexdigest()[:8]


def all_records(store: VectorStore) -> dict[str, Record]:
    """Every report's record, by id."""
    return {report_id: unpacked(record) for report_id, record in store.records().items()}


def embed_anew(home: Path, embedding: Embedding, archive: Archive, tell: Progress) -> None:
    """Makes the next generation of vectors from the archive, then puts it in force."""
    with contextlib.closing(VectorStore(chroma.local(home / "chroma"), embedding.id)) as store:
        if store.is_new:
            raise LibraryError("the library's database is missing")
        known = list(store.records())
        store.begin()
        for done, report_id in enumerate(known, 1):
            with contextlib.suppress(LibraryError):  # opening tells of a report whose kept text is damaged
                store.fill(*rows_of(archive.read(report_id).passages, embedding))
            tell(done, len(known))
        store.switch(embedding.id)


def restore(home: Path, embedding: Embedding, archive: Archive, tell: Progress) -> None:
    """Makes Chroma's folder anew from the archive, beside the old one, then puts it in the old one's place.

    A report that was being added or removed when the database was lost counts as there.
    """
    shutil.rmtree(home / "chroma.new", ignore_errors=True)
    found = sorted(archive.report_ids())
    with contextlib.closing(VectorStore(chroma.local(home / "chroma.new"), embedding.id)) as store:
        for done, report_id in enumerate(found, 1):
            with contextlib.suppress(LibraryError):
                kept = archive.read(report_id)
                store.upsert(*rows_of(kept.passages, embedding))
                store.write_records({report_id: packed(record_of(kept))})
            tell(done, len(found))
    shutil.rmtree(home / "chroma", ignore_errors=True)
    (home / "chroma.new").rename(home / "chroma")

"""The vectors and the records, in Chroma.

Texts stay out of Chroma: its full-text index makes an upsert ten times slower, and the keyword index does that work.
Furniture has a collection of its own: a metadata filter makes every query ten times slower.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from assistant import chroma
from assistant.embeddings import Vectors
from assistant.errors import LibraryError

T = TypeVar("T")

FORMAT = 1
_RECORDS, _KINDS = "reports", ("passages", "furniture")
_SHARED = "assistant-"  # before the names on a server, which may hold other programs' collections
_PAGE = 10_000  # records read at a time


class NewerLibrary(LibraryError):
    """A library of a later format: what this version does not know must not be written over."""


class VectorStore:
    """Vectors and records over a Chroma client, made if they are not there: a collection of records and, of the
    generation of vectors that is in force, one of passages and one of furniture. Methods raise Chroma's own errors.

    `shared` stores are on a server that others use too: nothing is dropped that may be theirs.
    """

    def __init__(self, client: chroma.Client, embedding_id: str, *, shared: bool = False) -> None:
        """`embedding_id` is that of a store that is made now. Raises LibraryError for a store of another format."""
        self._client, self._shared = client, shared
        self._prefix = _SHARED if shared else ""
        try:
            self._batch = chroma.most_rows(client)
            self.is_new = self._prefix + _RECORDS not in self._names()
            self._records = self._register(embedding_id)
            self._current = self._collections(self._generation)
            if not shared:
                self._drop_other_generations()
        except BaseException:
            chroma.close(client)
            raise

    @property
    def embedding_id(self) -> str:
        """The embedding that made the vectors."""
        return str(self._records.metadata["embedding"])

    def records(self, report_ids: Collection[str] | None = None) -> dict[str, str]:
        """Every report's record, by id; or those of `report_ids` that are there."""
        if report_ids is not None:
            pages = [self._records.get(ids=ids, include=["metadatas"]) for ids in self._batches(sorted(report_ids))]
        else:
            starts = range(0, self._records.count(), _PAGE)
            pages = [self._records.get(limit=_PAGE, offset=start, include=["metadatas"]) for start in starts]
        return {
            i: str(metadata["record"])
            for found in pages
            for i, metadata in zip(found["ids"], found["metadatas"] or [], strict=True)
        }

    def record_count(self) -> int:
        """How many reports are on record."""
        return self._records.count()

    def write_records(self, records: dict[str, str]) -> None:
        """Adds or replaces records: one string each, since every further key of metadata costs a row."""
        for ids in self._batches(list(records)):
            self._records.upsert(
                ids=ids,
                embeddings=np.ones((len(ids), 1), np.float32),  # Chroma wants one; records are never searched
                metadatas=[{"record": records[report_id]} for report_id in ids],
            )

    def delete_records(self, report_ids: Collection[str]) -> None:
        """Takes records out, in one step."""
        self._records.delete(ids=list(report_ids))

    def upsert(self, passages: Sequence[tuple[str, str, bool]], vectors: Vectors) -> None:
        """Adds or replaces passages, given as (passage id, report id, is furniture) with a row of `vectors` each."""
        self._fill(self._current, passages, vectors)

    def nearest(
        self, vector: Vectors, k: int, *, reports: Collection[str] | None = None, furniture: bool = False
    ) -> list[tuple[str, float]]:
        """The `k` passages nearest to a unit vector, as (passage id, cosine similarity), best first."""
        hits = []
        for collection in self._current if furniture else self._current[:1]:
            found = collection.query(
                query_embeddings=np.asarray([vector], np.float32),
                n_results=k,
                where=None if reports is None else _of(reports),
                include=["distances"],
            )
            hits += list(zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True))
        return [(i, 1.0 - float(distance)) for i, distance in sorted(hits, key=lambda hit: (hit[1], hit[0]))[:k]]

    def delete_reports(self, report_ids: Collection[str]) -> None:
        """Takes the passages of reports out."""
        for collection in self._current:
            collection.delete(where=_of(report_ids))

    def delete_passages(self, passage_ids: Iterable[str]) -> None:
        """Takes passages out."""
        for ids in self._batches(list(passage_ids)):
            for collection in self._current:
                collection.delete(ids=ids)

    def passage_ids(self) -> list[str]:
        """Every passage, furniture included."""
        return [
            i
            for collection in self._current
            for start in range(0, collection.count(), _PAGE)
            for i in collection.get(limit=_PAGE, offset=start, include=[])["ids"]
        ]

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of passages, by id."""
        found: dict[str, Vectors] = {}
        for ids in self._batches(list(passage_ids)):
            for collection in self._current:
                rows = collection.get(ids=ids, include=["embeddings"])
                found.update(zip(rows["ids"], np.asarray(rows["embeddings"], np.float32), strict=True))
        return found

    def __len__(self) -> int:
        return sum(collection.count() for collection in self._current)

    def close(self) -> None:
        """Ends the use of the folder or server."""
        chroma.close(self._client)

    # ------------------------------------------------------------ generations

    def begin(self) -> None:
        """Starts the next generation of vectors, empty, beside the one in force."""
        following = self._generation + 1
        for name in self._names() & {self._name(kind, following) for kind in _KINDS}:
            self._client.delete_collection(name)
        self._next = self._collections(following)

    def fill(self, passages: Sequence[tuple[str, str, bool]], vectors: Vectors) -> None:
        """`upsert` for the generation that was begun."""
        self._fill(self._next, passages, vectors)

    def unfill(self, report_ids: Collection[str]) -> None:
        """`delete_reports` for the generation that was begun."""
        for collection in self._next if report_ids else ():
            collection.delete(where=_of(report_ids))

    def switch(self, embedding_id: str) -> None:
        """Puts the generation that was begun in force, in one step, and drops the old one."""
        state = {"format": FORMAT, "embedding": embedding_id, "generation": self._generation + 1}
        self._records.modify(metadata=state)
        self._current = self._next
        self._drop_other_generations()

    def refresh(self) -> bool:
        """Takes note of a generation that another process put in force; whether there was one."""
        before = self._generation
        self._records = self._client.get_collection(self._prefix + _RECORDS, embedding_function=None)
        if self._generation == before:
            return False
        self._current = self._collections(self._generation)
        return True

    @property
    def _generation(self) -> int:
        return int(cast("int", self._records.metadata["generation"]))

    def _register(self, embedding_id: str) -> chroma.Collection:
        name = self._prefix + _RECORDS
        if self.is_new:
            state = {"format": FORMAT, "embedding": embedding_id, "generation": 0}
            with contextlib.suppress(*chroma.taken()):  # another process may have been quicker
                return self._client.create_collection(name, metadata=state, embedding_function=None)
        register = self._client.get_collection(name, embedding_function=None)
        made_by = (register.metadata or {}).get("format")
        if isinstance(made_by, int) and made_by > FORMAT:
            raise NewerLibrary("the library was made by a newer version of the assistant; install that, or a later one")
        if made_by != FORMAT:
            raise LibraryError("the library was made by an older version of the assistant; run: assistant reindex")
        return register

    def _collections(self, generation: int) -> list[chroma.Collection]:
        # The inner product of unit vectors is their cosine, and gives 0 for the zero vector of an empty text. With
        # Chroma's own ef_search (100) a query finds two thirds of the true neighbours among 18,000; with 300, 86 %.
        hnsw: Any = {"space": "ip", "ef_search": 300}
        return [
            self._client.get_or_create_collection(
                self._name(kind, generation), configuration={"hnsw": hnsw}, embedding_function=None
            )
            for kind in _KINDS
        ]

    def _name(self, kind: str, generation: int) -> str:
        return f"{self._prefix}{kind}-{generation}"

    def _names(self) -> set[str]:
        return {collection.name for collection in self._client.list_collections()}

    def _drop_other_generations(self) -> None:
        keep = {collection.name for collection in self._current}
        ours = tuple(f"{self._prefix}{kind}-" for kind in _KINDS)
        for name in self._names():
            if name.startswith(ours) and name not in keep:
                self._client.delete_collection(name)

    def _fill(
        self, collections: Sequence[chroma.Collection], passages: Sequence[tuple[str, str, bool]], vectors: Vectors
    ) -> None:
        for collection, marked in zip(collections, (False, True), strict=True):
            for rows in self._batches([row for row, passage in enumerate(passages) if passage[2] is marked]):
                collection.upsert(
                    ids=[passages[row][0] for row in rows],
                    embeddings=vectors[rows],
                    metadatas=[{"report_id": passages[row][1]} for row in rows],
                )

    def _batches(self, items: list[T]) -> Iterator[list[T]]:
        return (items[i : i + self._batch] for i in range(0, len(items), self._batch))


def _of(report_ids: Collection[str]) -> Any:
    return {"report_id": {"$in": list(report_ids)}}

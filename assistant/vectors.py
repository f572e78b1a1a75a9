"""The vectors and the records, in Chroma. The only file that imports it.

Texts stay out of Chroma: its full-text index makes an upsert ten times slower, and the keyword index does that work.
Furniture has a collection of its own: a metadata filter makes every query ten times slower.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from assistant.embeddings import Vectors
from assistant.errors import LibraryError

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection as ChromaCollection

T = TypeVar("T")

_FORMAT = 1
_BATCH = 1000  # rows an upsert; Chroma's own limit is 5,461
_RECORDS, _KINDS = "reports", ("passages", "furniture")


class VectorStore:
    """Chroma in `folder`, made if it is not there: a collection of records and, of the generation of vectors that is
    in force, one of passages and one of furniture. Methods raise Chroma's own errors."""

    def __init__(self, folder: Path, embedding_id: str) -> None:
        """`embedding_id` is that of a store that is made now. Raises LibraryError for a store of another format."""
        self._client = _client(folder)
        try:
            self.is_new = not any(c.name == _RECORDS for c in self._client.list_collections())
            self._records = self._register(embedding_id)
            self._current = self._collections(self._generation)
            self._drop_other_generations()
        except BaseException:
            self._client.close()
            raise

    @property
    def embedding_id(self) -> str:
        """The embedding that made the vectors."""
        return str(self._records.metadata["embedding"])

    def records(self) -> dict[str, str]:
        """Every report's record, by id."""
        found = self._records.get(include=["metadatas"])
        packed = (str(metadata["record"]) for metadata in found["metadatas"] or [])
        return dict(zip(found["ids"], packed, strict=True))

    def write_records(self, records: dict[str, str]) -> None:
        """Adds or replaces records: one string each, since every further key of metadata costs a row."""
        for ids in _batches(list(records)):
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
        for ids in _batches(list(passage_ids)):
            for collection in self._current:
                collection.delete(ids=ids)

    def passage_ids(self) -> list[str]:
        """Every passage, furniture included."""
        return [i for collection in self._current for i in collection.get(include=[])["ids"]]

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of passages, by id."""
        found: dict[str, Vectors] = {}
        for ids in _batches(list(passage_ids)):
            for collection in self._current:
                rows = collection.get(ids=ids, include=["embeddings"])
                found.update(zip(rows["ids"], np.asarray(rows["embeddings"], np.float32), strict=True))
        return found

    def __len__(self) -> int:
        return sum(collection.count() for collection in self._current)

    def close(self) -> None:
        """Ends the use of the folder."""
        self._client.close()

    # ------------------------------------------------------------ generations

    def begin(self) -> None:
        """Starts the next generation of vectors, beside the one in force."""
        self._next = self._collections(self._generation + 1)

    def fill(self, passages: Sequence[tuple[str, str, bool]], vectors: Vectors) -> None:
        """`upsert` for the generation that was begun."""
        self._fill(self._next, passages, vectors)

    def switch(self, embedding_id: str) -> None:
        """Puts the generation that was begun in force, in one step, and drops the old one."""
        state = {"format": _FORMAT, "embedding": embedding_id, "generation": self._generation + 1}
        self._records.modify(metadata=state)
        self._current = self._next
        self._drop_other_generations()

    @property
    def _generation(self) -> int:
        return int(cast("int", self._records.metadata["generation"]))

    def _register(self, embedding_id: str) -> ChromaCollection:
        if self.is_new:
            state = {"format": _FORMAT, "embedding": embedding_id, "generation": 0}
            return self._client.create_collection(_RECORDS, metadata=state, embedding_function=None)
        register = self._client.get_collection(_RECORDS, embedding_function=None)
        if (register.metadata or {}).get("format") != _FORMAT:
            raise LibraryError("the library was made by another version of the assistant; run: assistant reindex")
        return register

    def _collections(self, generation: int) -> list[ChromaCollection]:
        # The inner product of unit vectors is their cosine, and gives 0 for the zero vector of an empty text. With
        # Chroma's own ef_search (100) a query finds two thirds of the true neighbours among 18,000; with 300, 86 %.
        hnsw: CreateHNSWConfiguration = {"space": "ip", "ef_search": 300}
        return [
            self._client.get_or_create_collection(
                f"{kind}-{generation}", configuration={"hnsw": hnsw}, embedding_function=None
            )
            for kind in _KINDS
        ]

    def _drop_other_generations(self) -> None:
        names = {_RECORDS, *(collection.name for collection in self._current)}
        for collection in self._client.list_collections():
            if collection.name not in names:
                self._client.delete_collection(collection.name)

    @staticmethod
    def _fill(
        collections: Sequence[ChromaCollection], passages: Sequence[tuple[str, str, bool]], vectors: Vectors
    ) -> None:
        for collection, marked in zip(collections, (False, True), strict=True):
            for rows in _batches([row for row, passage in enumerate(passages) if passage[2] is marked]):
                collection.upsert(
                    ids=[passages[row][0] for row in rows],
                    embeddings=vectors[rows],
                    metadatas=[{"report_id": passages[row][1]} for row in rows],
                )


def _client(folder: Path) -> Client:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings
    from chromadb.errors import InternalError

    try:
        settings = Settings(anonymized_telemetry=False)
        return cast("Client", chromadb.PersistentClient(str(folder), settings=settings))
    except BaseException as error:
        SharedSystemClient.clear_system_cache()  # else a database made anew here would be taken for the broken one
        if isinstance(error, (ValueError, AttributeError)):  # what becomes of damage on its way through the client
            cause: BaseException = error
            while cause.__context__ is not None:
                cause = cause.__context__
            raise InternalError(str(cause)) from error
        raise


def _batches(items: list[T]) -> Iterable[list[T]]:
    return (items[i : i + _BATCH] for i in range(0, len(items), _BATCH))


def _of(report_ids: Collection[str]) -> Any:
    return {"report_id": {"$in": list(report_ids)}}

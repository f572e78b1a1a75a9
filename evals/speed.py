"""How fast the library is, against the stores it stands on used raw: `python evals/speed.py CORPUS.jsonl [COUNT]`.

CORPUS holds a line {"id", "text"} a document. Each becomes a .txt file and is ingested; then the very same vectors
and tokens go into Chroma and tantivy directly, in batches of the same size.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.embeddings import Builtin
from assistant.ingestion import ingest
from assistant.keywords import Entry, KeywordIndex
from assistant.language import tokens
from assistant.library import Library, embedded_text
from assistant.reading import read
from assistant.types import Passage

BATCH = 1000


def main(corpus: Path, count: int) -> None:
    """Prints seconds, and the ratio of our ingest to the raw stores; then milliseconds a query."""
    texts = [json.loads(line)["text"] for line in corpus.read_text(encoding="utf-8").splitlines()[:count]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_files(texts, folder / "files")
        with Library.open(folder / "home", Builtin()) as library:
            with _timed(f"ingest of {len(texts)} files") as ours:
                for _ in ingest(library, [folder / "files"], read=read):
                    pass
            passages = [p for info in library.infos() for p in library.passages(info.report_id)]
            raw = _raw_stores(passages, folder / "raw")
            print(f"{len(passages)} passages; ingest is {ours[0] / raw:.2f} times raw Chroma and raw tantivy")
            _queries(library, [text[40:60] for text in texts[:200]])
        with _timed("opening"):
            Library.open(folder / "home", Builtin()).close()


def _write_files(texts: list[str], folder: Path) -> None:
    folder.mkdir()
    for i, text in enumerate(texts):
        (folder / f"{i:06}.txt").write_text(text, encoding="utf-8")


def _raw_stores(passages: list[Passage], folder: Path) -> float:
    """Seconds for vectors and ids into Chroma plus tokens into tantivy; also prints Chroma with texts."""
    vectors = Builtin().embed([embedded_text(passage) for passage in passages])
    entries = [
        Entry(p.passage_id, p.report_id, " ".join(tokens(p.text)), " ".join(tokens(p.context))) for p in passages
    ]
    with _timed("raw Chroma, vectors and ids") as chroma:
        _upserts(folder / "chroma", passages, vectors, lambda batch: {})
    with _timed("raw Chroma, with documents too"):
        _upserts(folder / "documents", passages, vectors, lambda batch: {"documents": [p.text for p in batch]})
    with _timed("raw tantivy") as tantivy:
        index = KeywordIndex(folder / "tantivy")
        for i in range(0, len(entries), BATCH):
            index.add(entries[i : i + BATCH])
            index.commit()
    index.close()
    return chroma[0] + tantivy[0]


def _upserts(
    folder: Path, passages: list[Passage], vectors: Any, more: Callable[[list[Passage]], dict[str, Any]]
) -> None:
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    collection = client.create_collection("raw", embedding_function=None)
    for i in range(0, len(passages), BATCH):
        batch = passages[i : i + BATCH]
        collection.upsert(ids=[p.passage_id for p in batch], embeddings=vectors[i : i + BATCH], **more(batch))


def _queries(library: Library, queries: list[str]) -> None:
    terms = [[(token, 1.0) for token in tokens(query)] for query in queries]
    vectors = library.embedding.embed(queries)
    kinds: dict[str, Callable[[int], object]] = {
        "keyword_hits": lambda i: library.keyword_hits(terms[i], 20),
        "keyword_hits with passages": lambda i: [library.passage(p) for p, _ in library.keyword_hits(terms[i], 20)],
        "vector_hits": lambda i: library.vector_hits(vectors[i], 20),
    }
    for name, query in kinds.items():
        query(0)
        print(f"{name}: median {statistics.median(_milliseconds(query, i) for i in range(len(queries))):.2f} ms")


def _milliseconds(query: Callable[[int], object], i: int) -> float:
    start = time.perf_counter()
    query(i)
    return (time.perf_counter() - start) * 1000


@contextmanager
def _timed(what: str) -> Iterator[list[float]]:
    seconds: list[float] = []
    start = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - start)
    print(f"{what}: {seconds[0]:.2f} s", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10**9)

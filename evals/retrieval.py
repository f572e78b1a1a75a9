"""Document recall of the search over bench-shaped folders: corpus.jsonl, queries.dev.jsonl, qrels.dev.tsv.

    python evals/retrieval.py ../shared/bench/drcd [more folders] [--vector-weight 0.1] [--limit 200]

Each document becomes a report; a document counts through its best passage. Prints Recall@5, Recall@10 and nDCG@10.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from assistant.chunking import passages
from assistant.embeddings import from_setting
from assistant.library import Incoming, Library
from assistant.reading import read
from assistant.retrieval import VECTOR_WEIGHT, Retriever

_DEPTH = 60  # passages asked for, so that ten documents are among them


def documents(folder: Path) -> Iterator[Incoming]:
    """Every document of a set as a report named by its id."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            data = f"{row['text']}\n\u200b{row['id']}".encode()  # equal texts stay two documents
            report = read(data, row["id"])
            yield Incoming(report, passages(report), data)


def judgements(folder: Path) -> dict[str, set[str]]:
    """The right documents of each query."""
    right: dict[str, set[str]] = {}
    for line in (folder / "qrels.dev.tsv").read_text(encoding="utf-8").splitlines():
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            right.setdefault(query, set()).add(document)
    return right


def measure(folder: Path, limit: int | None) -> dict[str, float]:
    """Recall@5, Recall@10 and nDCG@10 over the set's queries, and milliseconds a query."""
    with tempfile.TemporaryDirectory() as home, Library.open(Path(home), from_setting("builtin")) as library:
        library.add(documents(folder))
        retriever = Retriever(library)
        right = judgements(folder)
        sums = {"recall@5": 0.0, "recall@10": 0.0, "ndcg@10": 0.0}
        count, started = 0, time.perf_counter()
        for line in (folder / "queries.dev.jsonl").read_text(encoding="utf-8").splitlines()[:limit]:
            query = json.loads(line)
            found = list(dict.fromkeys(hit.report.source for hit in retriever.search(query["text"], _DEPTH)))[:10]
            wanted = right.get(query["id"], set())
            if not wanted:
                continue
            count += 1
            sums["recall@5"] += len(wanted & set(found[:5])) / len(wanted)
            sums["recall@10"] += len(wanted & set(found)) / len(wanted)
            ideal = sum(1 / math.log2(i + 2) for i in range(min(len(wanted), 10)))
            sums["ndcg@10"] += sum(1 / math.log2(i + 2) for i, name in enumerate(found) if name in wanted) / ideal
        milliseconds = 1000 * (time.perf_counter() - started) / max(count, 1)
        return {name: value / max(count, 1) for name, value in sums.items()} | {"queries": count, "ms": milliseconds}


def main() -> None:
    """Measure the folders named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--vector-weight", type=float, help="instead of the weight in force for the builtin embedding")
    parser.add_argument("--limit", type=int, help="only the first queries")
    options = parser.parse_args()
    if options.vector_weight is not None:
        VECTOR_WEIGHT["builtin"] = options.vector_weight
    for folder in options.folders:
        figures = measure(folder, options.limit)
        print(folder.name, " ".join(f"{name} {value:.3f}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()

"""How fast the assistant is, against what it stands on used bare, in the same run: four ratios, and how they grow.

    assistant eval speed [--corpus FOLDER] [--limit PASSAGES]
    python evals/speed.py [FOLDER] [--files 12000] [--rounds 1] [--runs 9]

FOLDER holds corpus.jsonl and queries.dev.jsonl, a line {"id", "text"} a document and a query. Each document becomes a
.txt file. Without FOLDER only what the bundled reports can show is measured. Ours and the bare alternate, so that a
busy machine slows both alike; printed are medians and their ratio.

- ingest: the whole process `assistant ingest`, against Chroma's `upsert` of the same vectors and ids plus a tantivy
  index of the same tokens, both in batches of 1,000 passages
- search: ten passages in a warm process, against one Chroma query (ten results, with distances, metadata and documents)
  plus one tantivy query for the question's own tokens; over the bundled reports, then over FOLDER
- ask, --help: whole processes, against `import chromadb` and against Python alone
- growth (as an eval): seconds to add a thousand passages, milliseconds of a search, ours and bare, while the
  library grows from 1,000 to `--limit` passages (30,000; give 200000 for the whole of it)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from assistant.bootstrap import bundled_reports
from assistant.chunking import passages as cut
from assistant.embeddings import Builtin
from assistant.evaluation.request import Request
from assistant.evaluation.runs import Result, Run
from assistant.keywords import Entry, KeywordIndex
from assistant.language import tokens
from assistant.library import Incoming, Library, embedded_text
from assistant.reading import read
from assistant.retrieval import Retriever
from assistant.service import Assistant
from assistant.types import Passage

Timed = tuple[str, Sequence[float], Sequence[float]]  # what, seconds of ours and of the bare

BATCH = 1000  # passages
FILES = 2000  # documents that an eval reads in
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 200_000)  # passages
LARGEST = 30_000
LINES = 60  # of a random report
QUERIES = 200
PYTHON, PROGRAM = [sys.executable], [sys.executable, "-m", "assistant"]
QUESTION = "OpenRouter 一周的 token 用量是多少?"


def run(request: Request) -> list[Run]:
    """The ratios over the bundled reports and over FOLDER, and the growth of a library made of random sentences."""
    with tempfile.TemporaryDirectory() as name:
        timed = list(_ratios(Path(name), request.corpus, FILES, runs=5))
    with tempfile.TemporaryDirectory() as name:
        grown = list(growth(Path(name), request))
    ratios = [
        Result(f"{what}/{i}", what, (what,), {"ratio": a / b, "seconds": a, "bare_seconds": b})
        for what, ours, bare in timed
        for i, (a, b) in enumerate(zip(ours, bare, strict=True))
    ]
    inputs = {"machine": f"{os.cpu_count()} processors, Python {platform.python_version()}"}
    return [
        Run("speed", "ratios", tuple(ratios), inputs, ("ratio", "seconds", "bare_seconds"), pooled=False),
        Run("speed", "growth", tuple(grown), inputs, tuple(grown[0].scores), pooled=False),
    ]


def main() -> None:
    """Measure everything, and print a line for each ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--files", type=int, help="only so many documents")
    parser.add_argument("--rounds", type=int, default=1, help="of ingest (1)")
    parser.add_argument("--runs", type=int, default=9, help="of each command (9)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for timed in _ratios(Path(name), options.folder, options.files, options.runs, options.rounds):
            _report(*timed)


def _ratios(work: Path, folder: Path | None, files: int | None, runs: int, rounds: int = 1) -> Iterator[Timed]:
    yield from commands(work / "notes", runs)
    yield search("search, bundled reports", work / "notes", work / "bare-notes")
    if folder is None:
        return
    documents = work / "documents"
    documents.mkdir()
    for i, text in enumerate(_texts(folder / "corpus.jsonl", files)):
        (documents / f"{i:06}.txt").write_text(text, encoding="utf-8")
    read_in = [ingest(documents, work / f"home-{i}", work / f"bare-{i}") for i in range(rounds)]
    ours, bare = zip(*read_in, strict=True)
    yield "assistant ingest / Chroma + tantivy", ours, bare
    queries = list(_texts(folder / "queries.dev.jsonl", QUERIES))
    yield search(f"search, {folder.name}", work / "home-0", work / "bare-0", queries)


def _texts(lines: Path, limit: int | None) -> Iterator[str]:
    with lines.open(encoding="utf-8") as file:
        yield from (json.loads(line)["text"] for line in islice(file, limit))


def _report(what: str, ours: Sequence[float], bare: Sequence[float]) -> None:
    mine, theirs = statistics.median(ours), statistics.median(bare)
    unit, scale = ("s", 1) if mine > 0.05 else ("ms", 1000)
    print(f"{what:<44}{mine * scale:8.2f} {unit} / {theirs * scale:.2f} {unit} = {mine / theirs:.2f}", flush=True)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _run(command: list[str], home: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ASSISTANT_", "OPENAI_"))}
    subprocess.run(command, env={**kept, "ASSISTANT_HOME": str(home)}, check=True, stdout=subprocess.DEVNULL)


# ---------------------------------------------------------------- commands


def commands(home: Path, runs: int) -> Iterator[Timed]:
    """Whole processes over the bundled reports."""
    _run([*PROGRAM, "ingest", *map(str, bundled_reports())], home)
    pairs = {
        "assistant --help / python -c pass": ([*PROGRAM, "--help"], [*PYTHON, "-c", "pass"]),
        "assistant ask / import chromadb": ([*PROGRAM, "ask", QUESTION], [*PYTHON, "-c", "import chromadb"]),
    }
    for what, (ours, bare) in pairs.items():
        timed = [(_seconds(lambda: _run(ours, home)), _seconds(lambda: _run(bare, home))) for _ in range(runs)]  # noqa: B023
        mine, theirs = zip(*timed, strict=True)
        yield what, mine, theirs


# ---------------------------------------------------------------- ingest


def ingest(documents: Path, home: Path, bare: Path) -> tuple[float, float]:
    """Seconds for the folder into a new library at `home`, and for the same into bare stores at `bare`."""
    ours = _seconds(lambda: _run([*PROGRAM, "ingest", str(documents)], home))
    with Library.open(home, Builtin()) as library:
        passages = _passages(library)
    chroma, tantivy = fill(passages, bare)
    count = len(list(documents.iterdir()))
    print(f"{count:,} files, {len(passages):,} passages; Chroma {chroma:.1f} s, tantivy {tantivy:.1f} s", flush=True)
    return ours, chroma + tantivy


def _passages(library: Library) -> list[Passage]:
    return [passage for info in library.infos() for passage in library.passages(info.report_id)]


def fill(passages: Sequence[Passage], folder: Path) -> tuple[float, float]:
    """Seconds that Chroma takes for the vectors and ids of passages, and tantivy for their tokens."""
    vectors = Builtin().embed([embedded_text(passage) for passage in passages])
    entries = [
        Entry(p.passage_id, p.report_id, " ".join(tokens(p.text)), " ".join(tokens(p.context))) for p in passages
    ]
    starts = range(0, len(passages), BATCH)

    def into_chroma() -> None:
        collection = _collection(folder)
        for i in starts:
            ids = [passage.passage_id for passage in passages[i : i + BATCH]]
            collection.upsert(ids=ids, embeddings=vectors[i : i + BATCH])

    def into_tantivy() -> None:
        index = KeywordIndex(folder / "tantivy")
        for i in starts:
            index.add(entries[i : i + BATCH])
            index.commit()
        index.close()

    return _seconds(into_chroma), _seconds(into_tantivy)


def _collection(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(str(folder / "chroma"), settings=Settings(anonymized_telemetry=False))
    return client.get_or_create_collection("bare", embedding_function=None)


# ---------------------------------------------------------------- search


def search(what: str, home: Path, bare: Path, queries: Sequence[str] = ()) -> Timed:
    """Each query by `Assistant.search` and by the bare stores. Without queries it is what the reports' passages begin
    with, and the bare stores are filled first."""
    assistant = Assistant(Library.open(home, Builtin()))
    if not queries:
        passages = _passages(assistant.library)
        queries = [passage.text[:40] for passage in passages if passage.kind == "text"][:QUERIES]
        fill(passages, bare)
    collection, index = _collection(bare), KeywordIndex(bare / "tantivy")
    vectors = Builtin().embed(queries)
    terms = [[(token, 1.0) for token in dict.fromkeys(tokens(query))] for query in queries]

    def bare_query(i: int) -> None:
        collection.query(
            query_embeddings=vectors[i : i + 1], n_results=10, include=["distances", "metadatas", "documents"]
        )
        index.hits(terms[i], 10, context_weight=0)

    def both(i: int) -> tuple[float, float]:
        return _seconds(lambda: assistant.search(queries[i], 10)), _seconds(lambda: bare_query(i))

    both(0)  # the process is to be warm, not the answers
    ours, bares = zip(*map(both, range(1, len(queries))), strict=True)
    assistant.close()
    index.close()
    return f"{what} / Chroma + tantivy", ours, bares


# ---------------------------------------------------------------- growth


def growth(work: Path, request: Request) -> Iterator[Result]:
    """A result a size: what it took to get there from the size before, and how long a search takes there."""
    chance = random.Random(request.seed)
    words = [w for path in bundled_reports() for w in re.split(r"[。\n|\t]", path.read_text("utf-8")) if len(w) > 12]
    sizes = [size for size in SIZES if size <= (request.limit or LARGEST)] or SIZES[:1]
    with Library.open(work / "ours", Builtin()) as library:
        retriever, held = Retriever(library), 0
        for number, size in enumerate(sizes):
            made = list(_incoming(chance, words, size - held))
            passages = [passage for each in made for passage in each.passages]
            ours = _seconds(lambda made=made: library.add(made))  # type: ignore[misc]
            bare = sum(fill(passages, work / "bare"))
            held += len(passages)
            thousand = 1000 / len(passages)
            queries = [chance.choice(passages).text[:30] for _ in range(QUERIES // 4)]
            found, found_bare = _search_times(retriever, work / "bare", queries)
            scores = {"add_1000_s": ours * thousand, "bare_add_1000_s": bare * thousand}
            scores |= {"search_ms": found * 1000, "bare_search_ms": found_bare * 1000}
            yield Result(f"growth/{size}", f"{held:,} passages", (f"{size:,}",), scores)
            request.progress(number + 1, len(sizes))


def _incoming(chance: random.Random, words: Sequence[str], passages: int) -> Iterator[Incoming]:
    """Reports of random sentences and figures, until they have so many passages."""
    made = 0
    while made < passages:
        lines = [f"{chance.choice(words)}，{chance.randint(10, 10**6)} 亿元。" for _ in range(LINES)]
        data = f"# {chance.random()}\n\n{chr(10).join(f'{line}{chr(10)}' for line in lines)}".encode()
        report = read(data, f"{chance.getrandbits(64):x}.md")
        incoming = Incoming(report, cut(report), data)
        made += len(incoming.passages)
        yield incoming


def _search_times(retriever: Retriever, bare: Path, queries: Sequence[str]) -> tuple[float, float]:
    """Median seconds of a search, ours and the bare stores'."""
    collection, index, vectors = _collection(bare), KeywordIndex(bare / "tantivy"), Builtin().embed(queries)
    terms = [[(token, 1.0) for token in dict.fromkeys(tokens(query))] for query in queries]

    def bare_search(i: int) -> None:
        collection.query(query_embeddings=vectors[i : i + 1], n_results=10, include=["distances"])
        index.hits(terms[i], 10, context_weight=0)

    retriever.search(queries[0])
    bare_search(0)
    ours = [_seconds(lambda i=i: retriever.search(queries[i])) for i in range(len(queries))]  # type: ignore[misc]
    theirs = [_seconds(lambda i=i: bare_search(i)) for i in range(len(queries))]  # type: ignore[misc]
    index.close()
    return statistics.median(ours), statistics.median(theirs)


if __name__ == "__main__":
    main()

"""What size costs: ingest, memory, disk, search and recall, measured as one library grows.

    python evals/scale.py FOLDER [--sizes 1000 10000 100000] [--queries 200] [--home HOME]

FOLDER holds corpora, `*.jsonl` or `*/corpus.jsonl`, a line {"text"} a document. Their sentences are dealt into new
documents of some twenty passages each, until the library holds so many passages; every document also states one fact
of its own about a made-up plant. The facts of the first thousand passages are asked for at every size, among
ever more of their like: Recall@5 is the share whose passage is among the first five.

Each step is two fresh processes: one ingests what is new (seconds, passages a second, peak memory of it and its reading
processes), one searches (p50, p95, peak memory); then comes one raw Chroma query and one raw tantivy query for each
question's own tokens, over the same stores. `ratio` is ours to those in processor time, medians: a busy machine
stretches what the clock says of either.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

SENTENCES = 28  # a document: some twenty passages
ASKED_WITHIN = 1000  # passages
PARTS = (
    "东南西北上下前后左右内外新老大小高低远近",
    "江海山湖河岭川港湾原岛林田溪潭坡桥渡关屿",
    "安平宁和泰康丰盛隆昌兴旺福禄寿喜吉祥如意顺",
    ("晶圆", "电解铝", "光伏", "储能", "钢铁", "化纤", "造纸", "乳业"),
)


def main() -> None:
    """Grow a library through the sizes, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000], metavar="PASSAGES")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--home", type=Path, help="keep the library here (else it is thrown away)")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        work, home, documents = options.step
        measured = {"ingest": step_ingest, "search": step_search}[work](Path(home), Path(documents), options.queries)
        print(json.dumps(measured))
        return
    with tempfile.TemporaryDirectory() as name:
        grow(options.folder, options.home or Path(name) / "home", Path(name), options)


def grow(corpora: Path, home: Path, work: Path, options: argparse.Namespace) -> None:
    """Ingest and search at each size."""
    documents = dealt(sentences(corpora))
    held, made = 0, 0
    for number, size in enumerate(sorted(options.sizes)):
        folder = work / f"step-{number}"
        folder.mkdir()
        seconds, before = 0.0, held
        while held < 0.97 * size:  # how many passages a document makes is known when it is read
            part = folder / f"{held:08}"
            part.mkdir()
            for i, text in enumerate(islice(documents, int((size - held) / (held / made if made else 19)) + 1)):
                (part / f"{i:06}.txt").write_text(text, encoding="utf-8")
                made += 1
            done = run("ingest", home, part, options)
            seconds, held = seconds + done["seconds"], done["passages"]
        found = run("search", home, work / "step-0", options)
        disk = sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) / 2**20
        report = {"passages": held, "ingest_s": round(seconds, 1), "passages_per_s": round((held - before) / seconds),
                  "ingest_peak_mb": done["peak_mb"], "disk_mb": round(disk), **found}  # fmt: skip
        print(json.dumps(report), flush=True)


def run(work: str, home: Path, documents: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One step in a process of its own."""
    command = [sys.executable, __file__, str(options.folder), "--queries", str(options.queries)]
    command += ["--step", work, str(home), str(documents)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


# ---------------------------------------------------------------- documents


def sentences(corpora: Path) -> list[str]:
    """Every sentence of the corpora, once."""
    found: dict[str, None] = {}
    for file in sorted([*corpora.glob("*.jsonl"), *corpora.glob("*/corpus.jsonl")]):
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                found.update(dict.fromkeys(re.findall(r"[^。！？\n]{15,200}[。！？]", json.loads(line)["text"])))
    return list(found)


def facts() -> Iterator[tuple[str, str]]:
    """(name, number) of made-up plants, each name once, in an order that is always the same."""
    names = ["".join(parts) for parts in product(*PARTS)]
    chance = random.Random(1)
    chance.shuffle(names)
    for name in names:
        yield name, f"{chance.randint(1000, 99_999):,}"


def dealt(pool: Sequence[str]) -> Iterator[str]:
    """Documents without end, as long as there are facts."""
    chance = random.Random(2)
    for name, number in facts():
        chosen = chance.sample(pool, SENTENCES)
        chosen.insert(chance.randrange(SENTENCES), f"{name}二期工厂的设计年产能为{number}吨。")
        paragraphs = ["".join(chosen[i : i + 2]) for i in range(0, len(chosen), 2)]
        yield f"关于{name}工厂的调研纪要\n\n" + "\n\n".join(paragraphs)


# ---------------------------------------------------------------- one step


def step_ingest(home: Path, documents: Path, _queries: int) -> dict[str, Any]:
    """Ingest a folder, as `assistant ingest` does."""
    from assistant.embeddings import Builtin
    from assistant.ingestion import ingest
    from assistant.library import Library
    from assistant.reading import read

    with Library.open(home, Builtin()) as library:
        started = time.perf_counter()
        assert all(outcome.status == "added" for outcome in ingest(library, [documents], read=read))
        seconds = time.perf_counter() - started
        held = sum(info.passages for info in library.infos())
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    own, reader = (resource.getrusage(kind).ru_maxrss / 1024 for kind in kinds)
    peak = own + reader * min(os.cpu_count() or 1, 4)
    return {"seconds": seconds, "passages": held, "peak_mb": round(peak)}


def step_search(home: Path, documents: Path, queries: int) -> dict[str, Any]:
    """Ask for facts of the first documents; ours beside the bare stores, by turns."""
    from assistant.embeddings import Builtin
    from assistant.library import Library
    from assistant.service import Assistant

    asked = list(islice(facts(), min(queries, ASKED_WITHIN // 21)))
    questions = [(f"{name}二期工厂的设计年产能是多少", number) for name, number in asked]
    opened = time.perf_counter()
    library = Library.open(home, Builtin())
    opening = time.perf_counter() - opened
    assistant = Assistant(library)
    assistant.search("词", 10)
    times, cpu, right = [], [], 0
    for question, number in questions:
        started = time.perf_counter(), time.process_time()
        hits = assistant.search(question, 10)
        times.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])
        right += any(number in hit.passage.text for hit in hits[:5])
    assistant.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare, bare_cpu = bare_times(home, [question for question, _ in questions])
    ranked = sorted(times)
    return {
        "open_s": round(opening, 2),
        "search_p50_ms": round(1000 * statistics.median(times), 2),
        "search_p95_ms": round(1000 * ranked[int(0.95 * len(ranked))], 2),
        "bare_p50_ms": round(1000 * statistics.median(bare), 2),
        "search_cpu_ms": round(1000 * statistics.median(cpu), 2),
        "bare_cpu_ms": round(1000 * statistics.median(bare_cpu), 2),
        "ratio": round(statistics.median(cpu) / statistics.median(bare_cpu), 2),
        "recall_at_5": round(right / len(questions), 4),
        "search_peak_mb": round(peak),
    }


def bare_times(home: Path, questions: Sequence[str]) -> tuple[list[float], list[float]]:
    """Seconds of one Chroma query plus one tantivy query for each question: by the clock, and of the processors."""
    from assistant import chroma
    from assistant.embeddings import Builtin
    from assistant.keywords import KeywordIndex
    from assistant.language import tokens
    from assistant.library.opening import keyword_folder

    client = chroma.local(home / "chroma")
    name = next(c.name for c in client.list_collections() if c.name.startswith("passages"))
    collection = client.get_collection(name, embedding_function=None)
    index = KeywordIndex(keyword_folder(home / "keywords"))
    times, cpu = [], []
    for question in ["词", *questions]:
        vector, terms = Builtin().embed([question]), [(token, 1.0) for token in dict.fromkeys(tokens(question))]
        started = time.perf_counter(), time.process_time()
        collection.query(query_embeddings=vector, n_results=10, include=["distances", "metadatas"])
        index.hits(terms, 10, context_weight=0)
        times.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])
    index.close()
    chroma.close(client)
    return times[1:], cpu[1:]  # the first one loads


if __name__ == "__main__":
    main()

"""Does the search find the right words, does each part of it earn its place, and do others find more?

    assistant eval retrieval                       the bundled questions: is their evidence among the first passages?
    assistant eval retrieval --corpus DIR          a folder of corpus.jsonl, queries.dev.jsonl and qrels.dev.tsv,
                                                   or a folder of such folders

Recall@5, Recall@10, RR@10 and nDCG@10 of the assistant, of the assistant without one of its parts, and of others over
the same texts (`pip install 'broker-report-assistant[baselines]'`; what is not installed is skipped). Of a large set
600 documents and 100 queries are drawn by the seed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import baselines

from assistant import retrieval
from assistant.chunking import passages
from assistant.embeddings import from_setting
from assistant.evaluation.finding import DEPTH, Judged, Place, bench, gold, measure
from assistant.evaluation.request import Request, assistant_over
from assistant.evaluation.runs import Result, Run, digest
from assistant.library import Incoming, Library
from assistant.reading import read
from assistant.retrieval import Retriever

NO_BONUS = dict.fromkeys(("_COVERAGE", "_ISSUER", "_FIGURE", "_FURNITURE"), 0.0)
# What is changed in assistant/retrieval.py. The builtin embedding's vectors are not asked, so "keyword leg only" shows
# something where another embedding is set, and "vector leg added" where it is not.
ABLATIONS: dict[str, dict[str, Any]] = {
    "keyword leg only": {"VECTOR_WEIGHT": {}, "REAL_EMBEDDING_WEIGHT": 0.0},
    "vector leg only": {"VECTOR_WEIGHT": {}, "REAL_EMBEDDING_WEIGHT": 1.0},
    "vector leg added": {"VECTOR_WEIGHT": {}, "REAL_EMBEDDING_WEIGHT": 0.5},
    "no aliases": {"_EXPANSION": {kind: w for kind, w in retrieval._EXPANSION.items() if kind != "name"}},
    "no glossary": {"_EXPANSION": {kind: w for kind, w in retrieval._EXPANSION.items() if kind != "concept"}},
    "no re-ranking": NO_BONUS,
}


def run(request: Request) -> list[Run]:
    """A run a system over all the sets, the assistant's first."""
    found: dict[str, list[Result]] = {}
    judged = list(_sets(request))
    for number, each in enumerate(judged):
        with tempfile.TemporaryDirectory() as home:
            for system, search in _systems(each, request, Path(home)):
                started = time.perf_counter()
                found.setdefault(system, []).extend(measure(each, search))
                request.tell(f"{each.name} · {system}: {time.perf_counter() - started:.1f} s")
        request.progress(number + 1, len(judged))
    inputs = {
        "sets": " ".join(f"{each.name} ({len(each.texts):,} texts, {len(each.queries):,} queries)" for each in judged),
        "content": digest(*(each.digest for each in judged)),
        "embedding": request.settings.embedding,
    }
    return [Run("retrieval", system, tuple(results), inputs, pooled=False) for system, results in found.items()]


def _sets(request: Request) -> Iterator[Judged]:
    folder = request.corpus
    if folder is None or request.questions is not None:
        cases = request.cases()
        with assistant_over(request, cases) as assistant:
            texts = {info.source: assistant.report(info.report_id).text for info in assistant.reports()}
        yield gold(cases, texts)
    elif (folder / "corpus.jsonl").exists():
        yield bench(folder, request.limit, request.seed)
    else:
        yield from (bench(each.parent, request.limit, request.seed) for each in sorted(folder.glob("*/corpus.jsonl")))


def _systems(judged: Judged, request: Request, home: Path) -> Iterator[tuple[str, Callable[[str], list[Place]]]]:
    with _library(judged, request, home) as library:
        yield "assistant", partial(_found, Retriever(library))
        for name, changes in ABLATIONS.items():
            with _changed(retrieval, changes), _without(library, "keyword_hits" if name == "vector leg only" else None):
                yield name, partial(_found, Retriever(library))
    for name, make in baselines.SYSTEMS.items():
        try:
            search = make(judged.texts)
        except ImportError as missing:
            request.tell(f"{name}: {missing.name} is not installed: skipped")
            continue
        except Exception as error:  # other people's code, in whatever state it is on this machine
            request.tell(f"{name}: can't be set up, {type(error).__name__}: skipped")
            continue
        yield name, search


def _found(retriever: Retriever, query: str) -> list[Place]:
    return [(hit.report.source, hit.passage.start, hit.passage.end) for hit in retriever.search(query, DEPTH)]


@contextmanager
def _library(judged: Judged, request: Request, home: Path) -> Iterator[Library]:
    """The texts as reports, each under its own name; equal texts stay two."""
    key = request.settings.openai_api_key
    embedding = from_setting(
        request.settings.embedding,
        timeout=request.settings.timeout,
        api_key=key.get_secret_value() if key else None,
        base_url=request.settings.openai_base_url,
    )
    with Library.open(home, embedding) as library:
        library.add(_incoming(judged.texts))
        yield library


def _incoming(texts: Mapping[str, str]) -> Iterator[Incoming]:
    for name, text in texts.items():
        data = text.encode() if Path(name).suffix else f"{text}\n\u200b{name}".encode()
        report = read(data, name)
        yield Incoming(report, passages(report), data)


@contextmanager
def _changed(module: object, values: Mapping[str, Any]) -> Iterator[None]:
    """A module with other values for some of its names, for a while."""
    kept = {name: getattr(module, name) for name in values}
    for name, value in values.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(module, name, value)


@contextmanager
def _without(library: Library, leg: str | None) -> Iterator[None]:
    """A library one of whose legs finds nothing, for a while."""
    if leg is None:
        yield
        return
    setattr(library, leg, lambda *_, **__: [])
    try:
        yield
    finally:
        delattr(library, leg)

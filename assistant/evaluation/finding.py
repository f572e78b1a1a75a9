"""Search measured by ir-measures: sets of texts and queries, and any system that ranks places in texts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import InputError
from assistant.evaluation.cases import Case, places
from assistant.evaluation.runs import Result, digest

Place = tuple[str, int, int]  # source, start, end
Search = Callable[[str], Sequence[Place]]
DEPTH = 60  # places that a system is asked for, so that ten documents are among them
DOCUMENTS = 600  # of a large set: those that a query wants, and others drawn by the seed
QUERIES = 100
SLICE = 400  # characters


@dataclass(frozen=True, slots=True)
class Judged:
    """Texts by source, queries by id, and what each query wants: a source, or places in sources, under a name each."""

    name: str
    texts: Mapping[str, str]
    queries: Mapping[str, str]
    wanted: Mapping[str, Mapping[str, tuple[Place, ...]]]

    @property
    def digest(self) -> str:
        """A digest of all of it."""
        return digest(*sorted(self.texts), *map("\0".join, sorted(self.queries.items())), repr(sorted(self.wanted)))


def bench(folder: Path, queries: int | None, seed: int) -> Judged:
    """A folder of corpus.jsonl and queries.dev.jsonl (id, text) and qrels.dev.tsv (query, document, grade); sampled
    where it is large. Raises InputError."""
    right: dict[str, list[str]] = {}
    for query, document, grade in (line.split("\t") for line in _lines(folder / "qrels.dev.tsv")):
        if int(grade) > 0:
            right.setdefault(query, []).append(document)
    asked = {
        row["id"]: row["text"] for row in map(json.loads, _lines(folder / "queries.dev.jsonl")) if row["id"] in right
    }
    chosen = _drawn(sorted(asked), queries or QUERIES, seed)
    texts = {row["id"]: row["text"] for row in map(json.loads, _lines(folder / "corpus.jsonl"))}
    gold = {document for query in chosen for document in right[query] if document in texts}
    others = _drawn(sorted(texts.keys() - gold), max(DOCUMENTS - len(gold), 0), seed)
    kept = {name: texts[name] for name in sorted([*gold, *others])}
    wanted = {query: {name: ((name, 0, len(kept[name])),) for name in right[query] if name in kept} for query in chosen}
    return Judged(folder.name, kept, {query: asked[query] for query in chosen}, wanted)


def gold(cases: Iterable[Case], texts: Mapping[str, str], name: str = "questions") -> Judged:
    """Questions with evidence: what each wants is its gold quotes, wherever they stand."""
    wanted = {
        case.id: {
            f"{case.id}/{n}": tuple(found)
            for n, evidence in enumerate(case.evidence)
            if (found := places(evidence, texts))
        }
        for case in cases
    }
    queries = {case.id: case.question for case in cases if wanted[case.id]}
    return Judged(name, texts, queries, {key: wanted[key] for key in queries})


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None


def _drawn(names: Sequence[str], count: int, seed: int) -> list[str]:
    return sorted(random.Random(seed).sample(names, count)) if count < len(names) else list(names)


def measure(judged: Judged, search: Search) -> list[Result]:
    """Each query's Recall@5, Recall@10, RR@10 and nDCG@10 by a system."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    names = {R @ 10: "recall@10", R @ 5: "recall@5", RR @ 10: "rr@10", nDCG @ 10: "ndcg@10"}
    qrels = [ir_measures.Qrel(query, name, 1) for query, wanted in judged.wanted.items() for name in wanted]
    run = [
        ir_measures.ScoredDoc(query, name, -float(rank))
        for query, text in judged.queries.items()
        for rank, name in enumerate(_named(search(text), judged.wanted[query]))
    ]
    scores: dict[str, dict[str, float]] = {query: dict.fromkeys(names.values(), 0.0) for query in judged.queries}
    for made in ir_measures.iter_calc(list(names), qrels, run):
        scores[made.query_id][names[made.measure]] = made.value
    reason = "not among the first ten"
    return [
        Result(
            f"{judged.name}/{query}",
            text,
            (judged.name,),
            scores[query],
            {"recall@10": reason} if not scores[query]["recall@10"] else {},
        )
        for query, text in judged.queries.items()
    ]


def _named(found: Sequence[Place], wanted: Mapping[str, tuple[Place, ...]]) -> list[str]:
    """The ranking by names: that of each wanted place which a found one overlaps, else the found one's own.

    Where whole texts are wanted, a text ranks by its best passage. Where places in texts are, a found place counts once
    for each SLICE of its characters: who hands over ten times as much to read has not found it ten times as well.
    """
    whole = all(start == 0 for spots in wanted.values() for _, start, _ in spots)
    ranking: dict[str, None] = {}
    for source, start, end in found if whole else _sliced(found):
        hits = [name for name, spots in wanted.items() if _meets((source, start, end), spots)]
        ranking.update(dict.fromkeys(hits or [source if whole else f"{source}:{start}-{end}"]))
    return list(ranking)


def _sliced(found: Sequence[Place]) -> Iterator[Place]:
    for source, start, end in found:
        yield from ((source, at, min(at + SLICE, end)) for at in range(start, end, SLICE))


def _meets(place: Place, spots: Sequence[Place]) -> bool:
    source, start, end = place
    return any(s == source and a < end and start < b for s, a, b in spots)

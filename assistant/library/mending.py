"""The stores made to agree with the records, and told where they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from assistant.archive import Kept
from assistant.embeddings import Embedding
from assistant.errors import LibraryError
from assistant.keywords import KeywordIndex
from assistant.library.records import Progress, Record, entry_of, record_of, report_of, rows_of
from assistant.library.stores import Stores
from assistant.vectors import VectorStore

Readable = Callable[[str], Kept | None]
Records = Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something amiss in the library, in a sentence, and the command that mends it."""

    message: str
    mend: str


# ---------------------------------------------------------------- mending


def outdated(records: Records) -> list[str]:
    """Reports whose file was ingested anew by a run that ended before it took the older version out."""
    newest: dict[str, Record] = {}
    for record in sorted(records.values(), key=lambda record: record.info.ingested_at):
        newest[record.path_key or record.info.report_id] = record
    return [i for i, record in records.items() if newest[record.path_key or i] is not record]


def mend_vectors(stores: Stores, records: Records, embedding: Embedding, readable: Readable) -> dict[str, Record]:
    """Takes out vectors that belong to no report, makes missing ones; returns what is to go on record."""
    store, mended = stores.vectors, {}
    present = set(store.passage_ids())
    store.delete_passages([i for i in present if report_of(i) not in records])
    counts = Counter(report_of(i) for i in present)
    for report_id, record in records.items():
        kept = None if counts[report_id] == record.info.passages else readable(report_id)
        if kept is None:
            continue
        wanted = {passage.passage_id for passage in kept.passages}
        store.delete_passages([i for i in present if report_of(i) == report_id and i not in wanted])
        store.upsert(*rows_of([p for p in kept.passages if p.passage_id not in present], embedding))
        mended[report_id] = record_of(kept)
    return mended


def mend_keywords(keywords: KeywordIndex, records: Records, readable: Readable) -> int:
    """Brings the keyword index up to date, and returns how many reports were added to it."""
    expected = {i: record.info.passages for i, record in records.items() if record.info.passages}
    indexed = keywords.counts()
    if indexed == expected:
        return 0
    keywords.remove(i for i in indexed if indexed[i] != expected.get(i))
    added = 0
    for report_id in (i for i, count in expected.items() if indexed.get(i) != count):
        if (kept := readable(report_id)) is not None:
            keywords.add(entry_of(passage) for passage in kept.passages)
            added += 1
    keywords.commit()
    return added


# ---------------------------------------------------------------- checking


def problems(
    stores: Stores, records: Records, *, texts: bool = False, progress: Progress | None = None
) -> list[Problem]:
    """What is amiss, found by looking at everything: each report's kept text, its vectors, its place in the index;
    with `texts`, also each passage's text against its report's, and each vector's name."""
    vectors = _by_report(stores.vectors)
    indexed = stores.keywords.counts()
    found = [Problem(message, "assistant reindex") for message in _strays(vectors, indexed, records)]
    for done, (report_id, record) in enumerate(records.items(), 1):
        found += _of_report(stores, report_id, record, vectors.get(report_id, []), indexed.get(report_id, 0), texts)
        if progress:
            progress(done, len(records))
    return found


def _by_report(store: VectorStore) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for passage_id in store.passage_ids():
        found.setdefault(report_of(passage_id), []).append(passage_id)
    return found


def _strays(vectors: Mapping[str, list[str]], indexed: Mapping[str, int], records: Records) -> Iterator[str]:
    if lost := sum(len(ids) for report_id, ids in vectors.items() if report_id not in records):
        yield f"{lost} vectors belong to no report (an ingest was interrupted, or one is running now)"
    if lost := sum(count for report_id, count in indexed.items() if report_id not in records):
        yield f"{lost} passages in the keyword index belong to no report"


def _of_report(
    stores: Stores, report_id: str, record: Record, vectors: list[str], indexed: int, texts: bool
) -> Iterator[Problem]:
    name, expected = f"{record.info.source} ({report_id})", record.info.passages
    try:
        kept = stores.archive.read(report_id)
    except LibraryError:
        lost = f"the kept text of {name} is missing or damaged"
        yield Problem(lost, f"assistant remove {report_id}, then ingest the file again")
        kept = None
    if kept is not None and texts:
        yield from _of_texts(name, kept, record, vectors)
    if len(vectors) != expected:
        yield Problem(f"{name} has {len(vectors)} vectors for {expected} passages", "assistant reindex")
    if indexed != expected:
        yield Problem(f"{name} has {indexed} of {expected} passages in the keyword index", "assistant reindex")


def _of_texts(name: str, kept: Kept, record: Record, vectors: list[str]) -> Iterator[Problem]:
    text, again = kept.report.text, f"assistant remove {kept.report.report_id}, then ingest the file again"
    if wrong := sum(text[p.start : p.end] != p.text for p in kept.passages):
        yield Problem(f"{wrong} passages of {name} are not what its text says", again)
    if len(kept.passages) != record.info.passages:
        yield Problem(f"{name} has {len(kept.passages)} passages, and {record.info.passages} are on record", again)
    if len(vectors) == record.info.passages and set(vectors) != {p.passage_id for p in kept.passages}:
        yield Problem(f"the vectors of {name} are those of other passages", "assistant reindex")

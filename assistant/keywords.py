"""The keyword index: BM25 over our own tokens, on disk, with atomic commits. The only file that imports tantivy.

It is derived from the kept reports and can be rebuilt at any time, so the library compares `counts` with what it
holds and mends the difference. Queries are built from terms, never parsed: no user text is ever syntax.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import LibraryError

if TYPE_CHECKING:
    import tantivy

CONTEXT_WEIGHT = 0.35
_HEAP_BYTES = 64_000_000
_DAMAGED = "the keyword index is damaged; run: assistant reindex"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index holds of a passage: its own tokens, and those of its context (title, section, caption, header),
    each as one string with spaces between."""

    passage_id: str
    report_id: str
    body: str
    context: str
    furniture: bool = False


class KeywordIndex:
    """An index in `folder`, made if it is not there. Raises LibraryError if it is damaged (delete it and rebuild)."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        folder.mkdir(parents=True, exist_ok=True)
        self._schema = _schema()
        self._writer: tantivy.IndexWriter | None = None
        with _told(_DAMAGED):
            self._index = tantivy.Index(self._schema, str(folder))
            self._searcher = self._index.searcher()
            self.counts()  # reads the terms: damage to them shows now

    def add(self, entries: Iterable[Entry]) -> None:
        """Adds passages; they are found after `commit`."""
        import tantivy

        writer = self._writing()
        for entry in entries:
            document = tantivy.Document()
            document.add_text("id", entry.passage_id)
            document.add_text("report", entry.report_id)
            document.add_text("body", entry.body)
            document.add_text("context", entry.context)
            document.add_boolean("furniture", entry.furniture)
            writer.add_document(document)

    def remove(self, report_ids: Iterable[str]) -> None:
        """Takes every passage of these reports out, after `commit`; also those added since the last one."""
        for report_id in report_ids:
            self._writing().delete_documents_by_term("report", report_id)

    def commit(self) -> None:
        """Makes everything added and removed visible, all at once. Raises LibraryError if it can't be written."""
        with _told("the keyword index can't be written (is the disk full?); opening the library again mends it"):
            self._writing().commit()
            self._index.reload()
            self._searcher = self._index.searcher()

    def hits(
        self,
        terms: Sequence[tuple[str, float]],
        k: int,
        *,
        reports: Collection[str] | None = None,
        furniture: bool = False,
        context_weight: float = CONTEXT_WEIGHT,
    ) -> list[tuple[str, float]]:
        """The `k` best passages for weighted tokens as (passage_id, BM25 score), best first.

        Each token counts `boost` times its BM25 in the passage itself plus `context_weight` times that in its
        context. BM25 as of Robertson and Zaragoza (2009) with k1 = 1.2, b = 0.75. Furniture passages only on demand.
        """
        import tantivy

        if not terms or k < 1 or (reports is not None and not reports):
            return []
        must, must_not = tantivy.Occur.Must, tantivy.Occur.MustNot
        with _told(_DAMAGED):
            clauses = [(must, tantivy.Query.boolean_query(self._any_of(terms, context_weight)))]
        if reports is not None:
            chosen = tantivy.Query.term_set_query(self._schema, "report", list(reports))
            clauses.append((must, tantivy.Query.const_score_query(chosen, 0.0)))
        if not furniture:
            clauses.append((must_not, tantivy.Query.term_query(self._schema, "furniture", True)))
        searcher = self._searcher
        with _told(_DAMAGED):
            found = searcher.search(tantivy.Query.boolean_query(clauses), k, count=False).hits
            hits = [(str(searcher.doc(address).get_first("id")), float(score)) for score, address in found]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))

    def counts(self) -> dict[str, int]:
        """How many passages of which report are indexed."""
        import tantivy

        everything = tantivy.Query.all_query()
        return dict(self._searcher.terms_with_prefix("report", "", everything))

    def document_frequency(self, token: str) -> int:
        """In how many passages a token stands (passages removed since the last merge may still count)."""
        return int(self._searcher.doc_freq("body", token))

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def close(self) -> None:
        """Ends the writer and its threads; what was not committed is dropped."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.rollback()
            writer.wait_merging_threads()

    def _any_of(
        self, terms: Sequence[tuple[str, float]], context_weight: float
    ) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        """A clause for each term in each field, those left out that stand nowhere: most spellings of a name do."""
        import tantivy

        should, frequency = tantivy.Occur.Should, self._searcher.doc_freq
        clauses = []
        for token, boost in terms:
            for name, weight in (("body", boost), ("context", boost * context_weight)):
                if weight > 0 and frequency(name, token):
                    term = tantivy.Query.term_query(self._schema, name, token, "freq")
                    clauses.append((should, tantivy.Query.boost_query(term, weight)))
        return clauses

    def _writing(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._writer = self._index.writer(_HEAP_BYTES, 1)  # one thread: one segment a commit, fewer merges
        return self._writer


@contextmanager
def _told(sentence: str) -> Iterator[None]:
    """What tantivy raises, as a sentence; its panics derive from BaseException alone."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise LibraryError(sentence) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise LibraryError(sentence) from error
        raise


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("report", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("context", tokenizer_name="whitespace", index_option="freq")
    builder.add_boolean_field("furniture", indexed=True)
    return builder.build()

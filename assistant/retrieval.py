"""Question to ranked passages: keyword and vector legs fused, then a light re-ranking on what the question names."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assistant.chunking import search_text
from assistant.language import fold, folded_tokens
from assistant.lexicon import lexicon
from assistant.questions import Group, Question, understand
from assistant.tracing import span
from assistant.types import Filters, Hit, Passage, Report, ReportInfo

if TYPE_CHECKING:
    from assistant.library import Library

# What the vector leg is worth against the keyword leg, by embedding; measured on the bench sets by
# `evals/retrieval.py`. The builtin embedding adds nothing to character pairs, so it is not asked.
VECTOR_WEIGHT = {"builtin": 0.0}
REAL_EMBEDDING_WEIGHT = 0.5
_CANDIDATES = 60
_EXPANSION = {"name": 0.5, "concept": 0.3, "period": 0.4}  # of other forms; a bare year has none worth asking for
_SYNONYM = 0.05  # another word of the same language: it finds much that was not meant
_LONGEST_EXPANSION = 160
_COVERAGE, _ISSUER, _FIGURE, _FURNITURE = 0.2, 0.5, 0.8, 0.3
_COUNTED = ("name", "period", "number")  # of what a question names; concepts are many and say less than their words do
_FILLER_BOOST = 0.35


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with what re-ranking looks at, folded once."""

    passage: Passage
    body: str
    context: str

    def names(self, group: Group) -> float:
        """How far the passage names a group: 1 in its own text, 0.6 in its context, 0 not at all."""
        for place, share in ((self.body, 1.0), (self.context, 0.6)):
            for spelling in group.spellings:
                if spelling in place:
                    return share
        return 0.0


class Retriever:
    """Finds passages of a library; keeps what it has folded for the next question."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._candidate: Callable[[str], Candidate] = lru_cache(maxsize=20_000)(self._load)
        self._vector_weight = VECTOR_WEIGHT.get(library.embedding.id, REAL_EMBEDDING_WEIGHT)

    def understand(self, text: str) -> Question:
        """The question as understood for this library's issuers."""
        return understand(text, self._library.issuers())

    def search(self, text: str, k: int = 10, filters: Filters | None = None) -> list[Hit]:
        """The `k` best passages for a question, best first; any text is a question, none is syntax."""
        return self.hits(self.understand(text), k, filters)

    def hits(self, question: Question, k: int = 10, filters: Filters | None = None) -> list[Hit]:
        """`search` for a question that is understood already."""
        with span("retrieve", **{"gen_ai.operation.name": "retrieval"}) as step:
            step.set_attribute("gen_ai.request.top_k", k)
            found = self._found(question, k, filters)
            step.set_attribute("assistant.passages", len(found))
        return found

    def _found(self, question: Question, k: int, filters: Filters | None) -> list[Hit]:
        allowed = self.allowed(filters)
        asked = self.asked_reports(question)
        if asked and question.scoped:  # "what does KGI say" is a question about KGI's reports
            allowed = [report_id for report_id in asked if allowed is None or report_id in allowed]
        scores = self._fused(question, max(_CANDIDATES, 2 * k), allowed)
        if not scores:
            return []
        ranked = self._ranked(question, scores, asked, len(scores) if len(asked) > 1 else k)
        chosen = _diverse(ranked, asked, k) if len(asked) > 1 else ranked[:k]
        return [
            Hit(self._candidate(key).passage, self._library.report(key.split("-")[0]), round(score, 6))
            for score, key in chosen
        ]

    def _ranked(self, question: Question, scores: dict[str, float], asked: set[str], k: int) -> list[tuple[float, str]]:
        """The `k` best keys with their scores after re-ranking, best first, and what was looked at for them. A passage
        that even the highest bonus can't bring among them is not loaded."""
        top, bonus, highest = max(scores.values()) or 1.0, _bonus(question, asked), _highest_bonus(question, asked)
        ranked: list[tuple[float, str]] = []
        for key, score in sorted(scores.items(), key=lambda item: -item[1]):
            if len(ranked) >= k and score / top + highest < -ranked[k - 1][0]:
                break
            insort(ranked, (-(score / top + bonus(self._candidate(key))), key))
        return [(-negative, key) for negative, key in ranked]

    def allowed(self, filters: Filters | None) -> list[str] | None:
        """The reports that filters let through; None for all."""
        if filters is None or filters == Filters():
            return None
        return [info.report_id for info in self._library.infos() if _passes(info, filters)]

    def candidate(self, passage_id: str) -> Candidate:
        """A passage with its folded text."""
        return self._candidate(passage_id)

    @property
    def passages(self) -> int:
        """How many passages there are to find."""
        return sum(info.passages for info in self._library.infos())

    def document_frequency(self, token: str) -> int:
        """In how many passages a token stands."""
        return self._library.document_frequency(token)

    def _load(self, passage_id: str) -> Candidate:
        passage = self._library.passage(passage_id)
        return Candidate(passage, fold(search_text(passage.text)), fold(passage.context))

    def _fused(self, question: Question, k: int, allowed: list[str] | None) -> dict[str, float]:
        furniture = bool(question.furniture)
        keyword = dict(self._library.keyword_hits(weighted_terms(question), k, reports=allowed, furniture=furniture))
        if not self._vector_weight and keyword:
            return keyword
        near = self._library.vector_hits(question.text, k, reports=allowed, furniture=furniture)
        best = max(keyword.values(), default=1.0)
        fused = {key: score / best for key, score in keyword.items()}
        weight = self._vector_weight or 1.0
        top = max((score for _, score in near), default=1.0) or 1.0
        for key, score in near:
            fused[key] = fused.get(key, 0.0) + weight * score / top
        return fused

    def asked_reports(self, question: Question) -> set[str]:
        """The reports of the brokers that a question asks."""
        names = {term.name for term in question.issuers}
        return {info.report_id for info in self._library.infos() if info.issuer in names} if names else set()


def _bonus(question: Question, asked: set[str]) -> Callable[[Candidate], float]:
    """What re-ranking adds to a candidate for naming what the question names."""
    groups = [group for group in question.groups if group.kind in _COUNTED]
    total = sum(group.weight for group in groups)

    def of(candidate: Candidate) -> float:
        bonus = 0.0
        if total:
            bonus += _COVERAGE * sum([group.weight * candidate.names(group) for group in groups]) / total
        if candidate.passage.report_id in asked:
            bonus += _ISSUER
        if question.figures and candidate.passage.figure in question.figures:
            bonus += _FIGURE
        if candidate.passage.furniture in question.furniture:
            bonus += _FURNITURE
        return bonus

    return of


def _highest_bonus(question: Question, asked: set[str]) -> float:
    named = any(group.kind in _COUNTED for group in question.groups)
    parts = ((_COVERAGE, named), (_ISSUER, asked), (_FIGURE, question.figures), (_FURNITURE, question.furniture))
    return sum(bonus for bonus, asked_for in parts if asked_for)


def weighted_terms(question: Question) -> list[tuple[str, float]]:
    """The tokens to ask the keyword index for, each with its boost: the question's own words in full, other
    spellings of what it names at less, words that carry no meaning at little."""
    boosts: dict[str, float] = {}
    telling = {token for group in question.groups for token in folded_tokens(group.spellings[0])}
    for token in folded_tokens(question.sought):
        boosts[token] = 1.0 if token in telling or "_" in token else _FILLER_BOOST
    for group in question.groups:
        share = _EXPANSION.get(group.kind)
        if share is None or (group.kind == "period" and len(group.spellings) < 3):
            continue
        for spelling in group.spellings[1:]:
            if len(boosts) > _LONGEST_EXPANSION:
                break
            family = group.term is not None and group.term.id == group.term.kind
            same = group.kind == "concept" and not family and spelling.isascii() == group.spellings[0].isascii()
            pieces = list(folded_tokens(spelling))
            for token in pieces:
                boosts[token] = max(boosts.get(token, 0.0), (_SYNONYM if same else share) / math.sqrt(len(pieces)))
    return list(boosts.items())


def _passes(info: ReportInfo, filters: Filters) -> bool:
    if filters.reports and not any(info.report_id.startswith(chosen) for chosen in filters.reports):
        return False
    if filters.issuer and not _same_issuer(info.issuer, filters.issuer):
        return False
    date = info.date if info.date_basis == "printed" else None
    if filters.since and (date is None or date < filters.since):
        return False
    return not (filters.until and (date is None or date > filters.until))


def _same_issuer(issuer: str | None, asked: str) -> bool:
    if issuer is None:
        return False
    term = lexicon().broker(asked)
    return issuer == term.name if term else fold(asked) in fold(issuer)


def _diverse(ranked: Sequence[tuple[float, str]], asked: set[str], k: int) -> list[tuple[float, str]]:
    """The best `k` with a fair share for each report that the question asks."""
    share = max(1, k // (len(asked) + 1))
    kept: dict[str, tuple[float, str]] = {}
    for report_id in asked:
        for item in [item for item in ranked if item[1].startswith(report_id)][:share]:
            kept[item[1]] = item
    for item in ranked:
        if len(kept) >= k:
            break
        kept.setdefault(item[1], item)
    return sorted(kept.values(), key=lambda item: (-item[0], item[1]))[:k]


def langchain_retriever(retriever: Retriever, k: int = 8, filters: Filters | None = None) -> Any:
    """The same retrieval as a LangChain `BaseRetriever`; documents carry report, offsets and score as metadata."""
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class ReportRetriever(BaseRetriever):
        """Passages of broker reports for a question in Chinese or English."""

        def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
            return [_document(hit, Document) for hit in retriever.search(query, k, filters)]

    return ReportRetriever()


def _document(hit: Hit, make: Any) -> Any:
    passage, report = hit.passage, hit.report
    return make(
        page_content=passage.text,
        id=passage.passage_id,
        metadata={
            "report_id": report.report_id,
            "source": report.source,
            "title": report.title,
            "issuer": report.issuer,
            "date": printed_date(report),
            "page": passage.page,
            "section": passage.section,
            "figure": passage.figure,
            "kind": passage.kind,
            "start": passage.start,
            "end": passage.end,
            "score": hit.score,
        },
    )


def printed_date(report: Report | ReportInfo) -> str | None:
    """A report's date where the report prints it; a mere bound is no date."""
    return report.date if report.date_basis == "printed" else None

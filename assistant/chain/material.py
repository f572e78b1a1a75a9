"""What an answer is made from: the answer without a model, passages, tools; and the prompts that show it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assistant import extractive
from assistant.chain.orders import gives_orders
from assistant.chain.pool import Item, Pool, place, rendered
from assistant.chain.request import Request
from assistant.chain.toolbox import Toolbox
from assistant.grounding.places import Places
from assistant.prompts import Prompts
from assistant.tokenizers import count_many
from assistant.types import Answer

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from assistant.library import Library
    from assistant.retrieval import Retriever
    from assistant.tools import Registry

CONTEXT = 8_000  # tokens of evidence in all; searching again draws on the same budget
_HITS = 20  # passages that an answer starts from
A_TOOL = 120  # tokens that the schema of a tool takes, about
_LANGUAGES = {"zh-Hans": "Simplified Chinese", "zh-Hant": "Traditional Chinese", "en": "English"}


@dataclass(frozen=True)
class Stock:
    """Where material comes from: one library and what finds, computes and reads in it, and the prompts."""

    library: Library
    retriever: Retriever
    registry: Registry
    places: Places
    prompts: Prompts


class Material:
    """The material of one answer, within a budget of tokens."""

    def __init__(self, stock: Stock, request: Request, model: str, budget: int = CONTEXT) -> None:
        self._stock, self._request = stock, request
        self.pool = Pool(budget, model)
        self.toolbox = Toolbox(
            stock.retriever, stock.library, stock.registry, self.pool, stock.places, request.given, request.filters
        )
        self.offline: Answer | None = None
        self.nearest: tuple[Item, str] | None = None

    def prepare(self, meant: str) -> None:
        """Finds the answer without a model, which is evidence first and the last resort, and passages beside it."""
        stock, request = self._stock, self._request
        self.offline = extractive.answer(meant, stock.retriever, stock.library, request.filters, request.language)
        self.pool.add_hits(stock.retriever.search(meant, _HITS, request.filters))
        keys = self._cited(self.offline)
        for made in self.offline.calculations:
            origins = {
                name: " ".join(keys.get(one, one) for one in origin.split())
                for name, origin in made.input_sources.items()
            }
            self.toolbox.adopt(replace(made, input_sources=origins))

    def _cited(self, offline: Answer) -> dict[str, str]:
        """The keys of what an answer cites, by its own marks."""
        reports = {c.report_id: self._stock.library.report(c.report_id) for c in offline.citations}
        for first in offline.citations[:1]:
            mark = f"[{first.n}]"
            said = (line for line in offline.text.splitlines() if line.endswith(mark))
            text = next(said, first.quote).removesuffix(mark).strip("- ")
            self.nearest = None if gives_orders(text) else (place(first, reports), text)
        return {f"[{c.n}]": item.key for c in offline.citations for item in self.pool.add_citations([c], reports)}

    def system(self) -> str:
        """The standing instructions."""
        language = _LANGUAGES[self._request.language]
        return self._stock.prompts["answer"].render(language=language, today=datetime.now(UTC).date().isoformat())

    def opening(self, meant: str) -> str:
        """The first message: the question, as it is meant, with the evidence found for it."""
        typed = self._request.typed
        evidence = rendered(list(self.pool.items.values())) or "(nothing was found)"
        computed = "\n".join(f"- {made.id}: {made.substituted}" for made in self.toolbox.calculations.values())
        asked_as = typed if typed.strip() != meant.strip() else ""
        return self._stock.prompts["question"].render(
            question=meant, asked_as=asked_as, evidence=evidence, computed=computed
        )


def size(messages: Sequence[BaseMessage], model: str, tools: int = 0) -> int:
    """The tokens of a request, about; 4 more for each message are around it."""
    texts = [message.text + str(getattr(message, "tool_calls", "") or "") for message in messages]
    return sum(count_many(texts, model)) + 4 * len(texts) + A_TOOL * tools

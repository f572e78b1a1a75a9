"""Answers through one model over one library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant import money
from assistant.chain import background
from assistant.chain.course import Course
from assistant.chain.material import A_TOOL, Material, Stock
from assistant.chain.request import Request
from assistant.embeddings import Meter
from assistant.receipts import Recording
from assistant.tokenizers import count
from assistant.types import Event

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_LIKELY_OUTPUT = 400  # tokens of a usual answer, for an estimate


@dataclass(frozen=True)
class Chain:
    """`name` is the model's, as PROVIDER:MODEL; `timeout` seconds is what one call of it may take."""

    model: BaseChatModel
    name: str
    stock: Stock
    timeout: float = 60.0

    def stream(
        self, request: Request, recording: Recording | None = None, meter: Meter | None = None
    ) -> Iterator[Event]:
        """The events of an answer; the last one carries it, without its seconds and its conversation. `meter` counts
        what is embedded for it, and may bring vectors that are known.

        Closing the stream, or setting `request.stop`, ends the model's call at once. Raises InputError where a limit
        of money can't be kept.
        """
        taken = recording or Recording(), meter or Meter()
        course = Course(self.model, self.name, self.timeout, self.stock, request, *taken)
        return background.stream(course.events)

    def estimate(self, request: Request) -> money.Estimate:
        """What a question would cost: the prompt it would start with, and a usual answer."""
        material = Material(self.stock, request, self.name)
        material.prepare(request.meant)
        text = material.system() + material.opening(request.meant)
        tokens = count(text, self.name) + A_TOOL * len(material.toolbox.langchain_tools())
        return money.estimate(self.name, tokens, _LIKELY_OUTPUT, request.limits)

    def made_with(self) -> dict[str, Any]:
        """What an answer depends on beside the library: for a receipt."""
        price = money.price_of(self.name)
        return {
            "model": self.name,
            "prompts": {prompt.name: prompt.digest for prompt in self.stock.prompts.values()},
            "price": price and {name: str(getattr(price, name)) for name in ("input", "cached_input", "output")},
        }

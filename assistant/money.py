"""What an answer may spend and has spent: tokens and US dollars, call by call. An unknown price is unknown, never 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from assistant.calculators.prices import Price, UnknownPrice, call_cost, find_price
from assistant.errors import InputError
from assistant.types import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEAST_OUTPUT = 200  # tokens; with fewer a model can't say anything worth its input
_SAFETY = Decimal("1.15")  # of a count that is made before the server counts


class LimitReached(Exception):
    """A bound of one answer (steps, tokens, money) stops the next call; the message names which."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may take: model calls, tokens in and out together, output tokens of one call, US dollars."""

    steps: int = 8
    tokens: int = 200_000
    output: int = 2_000
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a question would cost before it is asked: at least one call, at most all that the limits allow. Money is
    in US dollars, None where the model's price is unknown."""

    model: str
    input_tokens: int
    output_tokens: int
    least_usd: Decimal | None
    most_usd: Decimal | None


def price_of(model: str) -> Price | None:
    """Today's price of `provider:model`; None where it is unknown."""
    try:
        return find_price(model)
    except UnknownPrice:
        return None


@dataclass
class Spending:
    """The account of one answer."""

    model: str
    limits: Limits
    price: Price | None
    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = Decimal(0)
    untold: int = field(default=0)

    def __post_init__(self) -> None:
        if self.limits.cost_usd is not None and self.price is None:
            raise InputError(
                f"the price of {self.model} is unknown, so a limit of {self.limits.cost_usd} USD can't be kept; "
                "ask without it, or set ASSISTANT_MODEL to a model with a known price"
            )

    def allow(self, input_tokens: int) -> int:
        """How many tokens the next call's output may have, for an input of about that many. Raises LimitReached."""
        if self.calls >= self.limits.steps:
            raise LimitReached("steps")
        expected = int(input_tokens * _SAFETY)
        left = self.limits.tokens - self.input_tokens - self.output_tokens - expected
        if left < _LEAST_OUTPUT:
            raise LimitReached("tokens")
        output = min(self.limits.output, left)
        if self.limits.cost_usd is not None and self.price and self.cost is not None:
            output = min(output, self._affordable(self.limits.cost_usd - self.cost, expected))
            if output < _LEAST_OUTPUT:
                raise LimitReached("cost")
        return output

    def _affordable(self, dollars: Decimal, input_tokens: int) -> int:
        assert self.price is not None
        tokens = Decimal(input_tokens)
        rest = dollars - call_cost(self.price, tokens, Decimal(0))
        each = call_cost(self.price, tokens, Decimal(1)) - call_cost(self.price, tokens, Decimal(0))
        return int((rest / each).to_integral_value(ROUND_FLOOR)) if each else self.limits.output

    def last_step(self) -> bool:
        """Whether only one more call is allowed."""
        return self.calls >= self.limits.steps - 1

    def add(self, told: Mapping[str, Any] | None) -> None:
        """Books a call by the usage that the server told (LangChain's usage_metadata); without one the cost of the
        answer is unknown from here on."""
        self.calls += 1
        if not told:
            self.untold += 1
            self.cost = None
            return
        cached = int((told.get("input_token_details") or {}).get("cache_read") or 0)
        self.input_tokens += told["input_tokens"]
        self.cached_tokens += cached
        self.output_tokens += told["output_tokens"]
        if self.price is None or self.cost is None:
            self.cost = None
        else:
            amounts = (Decimal(told["input_tokens"]), Decimal(told["output_tokens"]), Decimal(cached))
            self.cost += call_cost(self.price, *amounts)

    def usage(self, embedded: Mapping[str, int]) -> Usage:
        """What was spent, with the tokens of each embedding, as an Answer carries it; unknown money is None."""
        own = usage_of(embedded)
        cost = None if self.calls else own.cost_usd
        if self.calls and self.cost is not None and (own.cost_usd or not own.embedding_tokens):
            cost = _written(self.cost + Decimal(own.cost_usd or 0))
        return Usage(self.input_tokens, self.cached_tokens, self.output_tokens, cost, own.embedding_tokens)


def usage_of(embedded: Mapping[str, int]) -> Usage:
    """What embeddings took, from tokens by the embedding's id (openai:MODEL)."""
    prices = {name: price_of(name) for name in embedded}
    known = [call_cost(p, Decimal(embedded[name]), Decimal(0)) for name, p in prices.items() if p]
    cost = _written(sum(known, Decimal(0))) if known and len(known) == len(embedded) else None
    return Usage(cost_usd=cost, embedding_tokens=sum(embedded.values()))


def _written(dollars: Decimal) -> str:
    return f"{dollars.normalize():f}"


def estimate(model: str, input_tokens: int, output_tokens: int, limits: Limits) -> Estimate:
    """What an answer of about `output_tokens` to a prompt of `input_tokens` would cost."""
    price = price_of(model)
    least = most = None
    if price:
        least = call_cost(price, Decimal(input_tokens), Decimal(output_tokens))
        most = call_cost(price, Decimal(int(input_tokens * _SAFETY)), Decimal(limits.output)) * limits.steps
        if limits.cost_usd is not None:
            most = min(most, limits.cost_usd)
    return Estimate(model, input_tokens, output_tokens, least, most)

"""Prices of language models, from the dated tables of genai-prices. A price that is not known is an error, never 0."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from assistant.calculators.operands import ZERO
from assistant.errors import InputError

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

MILLION = Decimal(1_000_000)
_PER_CALL = Decimal(1000)
_NAMED = {
    "input": "input_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "output": "output_mtok",
}


class UnknownPrice(InputError):
    """No price is known for a model; the message offers near matches."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """A price in USD per million tokens; from `starts[i]` input tokens of one call up, `prices[i]` for all of them."""

    base: Decimal
    starts: tuple[int, ...] = ()
    prices: tuple[Decimal, ...] = ()

    def at(self, input_tokens: Decimal) -> Decimal:
        """Return the price that holds for a call of that many input tokens."""
        above = [price for start, price in zip(self.starts, self.prices, strict=True) if input_tokens > start]
        return above[-1] if above else self.base


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs at a moment. None: that price is not listed. `per_call` is USD for each call."""

    model: str
    provider: str
    at: datetime
    input: Tiers
    cached_input: Tiers | None
    cache_write: Tiers | None
    output: Tiers | None
    per_call: Decimal
    notes: tuple[str, ...]


def find_price(model: str, provider: str | None = None, at: datetime | None = None, batch: bool = False) -> Price:
    """Return what a model costs at a moment (now by default), from the provider's own list unless one is named.

    `model` may carry its provider ("openai:gpt-5", "openrouter/qwen/qwen3-max"). Prices differ by date, by hour, by
    length of the call and for batches, as the provider's list has it. Raises UnknownPrice with near matches.
    """
    found_provider, found = _find(model.strip(), provider)
    now = datetime.now(UTC)
    moment = at or now
    if moment > now + timedelta(days=1):
        raise UnknownPrice(f"{moment:%Y-%m-%d} lies ahead, so its prices are unknown; give a date up to today.")
    prices = found.get_prices(moment)
    if batch:
        prices = _batch_prices(found, found_provider, moment)
    base = _tiers(prices, "input")
    if base is None:
        raise UnknownPrice(
            f"{found.id} at {found_provider.id} is listed without a price for tokens, so its cost is unknown."
        )
    return Price(
        model=found.id,
        provider=found_provider.id,
        at=moment,
        input=base,
        cached_input=_tiers(prices, "cached_input"),
        cache_write=_tiers(prices, "cache_write"),
        output=_tiers(prices, "output"),
        per_call=_per_call(prices),
        notes=tuple(_notes(found_provider, found, moment)),
    )


def call_cost(
    price: Price, input_tokens: Decimal, output_tokens: Decimal, cached: Decimal = ZERO, written: Decimal = ZERO
) -> Decimal:
    """Return USD for one call; `cached` and `written` are parts of `input_tokens` read from and put into the cache.

    Where no price of its own is listed for them, they cost as any input. Raises UnknownPrice if output is asked of a
    model without a price for it (an embedding model).
    """
    if output_tokens and price.output is None:
        raise UnknownPrice(f"{price.model} at {price.provider} has no price for output tokens; give output_tokens=0.")
    reading, writing = price.cached_input or price.input, price.cache_write or price.input
    cost = (input_tokens - cached - written) * price.input.at(input_tokens)
    cost += cached * reading.at(input_tokens) + written * writing.at(input_tokens)
    cost += output_tokens * price.output.at(input_tokens) if price.output else ZERO
    return cost / MILLION + price.per_call


# ---------------------------------------------------------------- finding a model


def _find(model: str, provider: str | None) -> tuple[Provider, ModelInfo]:
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    snapshot = get_snapshot()
    prefix, sign, rest = _split(model)
    candidates = [(provider, model)]
    if sign and not provider and find_provider_by_id(snapshot.providers, prefix):
        candidates = [(prefix, rest), (None, model)]
    elif sign and provider:
        candidates.append((provider, rest))
    for provider_id, name in candidates:
        try:
            return snapshot.find_provider_model(name, None, provider_id, None)
        except LookupError:
            continue
    if provider is None and (agreed := _agreed(model)):
        return agreed
    raise UnknownPrice(_unknown(model, provider))


def _sellers(model: str) -> list[tuple[Provider, ModelInfo]]:
    """Return every provider that lists a model under this very name, the makers of models before resellers."""
    from genai_prices.data_snapshot import get_snapshot

    found = [(p, m) for p in get_snapshot().providers for m in p.models if m.is_match(model)]
    return sorted(found, key=lambda seller: seller[0].model_match is None)


def _agreed(model: str) -> tuple[Provider, ModelInfo] | None:
    """Return the first seller of a model whose maker is not to be told from its name, if all ask the same price."""
    sellers = _sellers(model)
    return sellers[0] if sellers and all(m.prices == sellers[0][1].prices for _, m in sellers) else None


def _split(model: str) -> tuple[str, str, str]:
    match = re.match(r"([\w.-]+)([:/])(.+)", model)
    return (match[1], match[2], match[3]) if match else ("", "", model)


def _unknown(model: str, provider: str | None) -> str:
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    providers = get_snapshot().providers
    if provider and not find_provider_by_id(providers, provider):
        near = difflib.get_close_matches(provider.lower(), [p.id for p in providers], 3, 0.5)
        return f"The provider '{provider}' is unknown, so is its price.{_offer(near)}"
    inside = [name for name in _names(provider) if model.lower() in name] if provider and model else []
    if inside:
        return f"The price of '{model}' at {provider} is unknown.{_offer(inside[:3])}"
    sold_by = list(dict.fromkeys(seller.id for seller, _ in _sellers(model)))
    where = f" at {provider}" if provider else ""
    if sold_by:
        listed = " or ".join(f"provider={name}" for name in sold_by[:6])
        return f"The price of '{model}'{where} is unknown, but it is listed elsewhere: give {listed}."
    near = [*_resold(model), *difflib.get_close_matches(model.lower(), _names(provider), 5, 0.5)][:5]
    return f"The price of '{model}'{where} is unknown.{_offer(near)}"


def _resold(model: str) -> list[str]:
    """Return where resellers list the model behind its maker's name, ready to ask for: openrouter:qwen/qwen3-max."""
    from genai_prices.data_snapshot import get_snapshot

    name = model.lower()
    return [f"{p.id}:{m.id}" for p in get_snapshot().providers for m in p.models if m.id.lower().endswith(f"/{name}")]


def _offer(near: list[str]) -> str:
    return f" Did you mean {' or '.join(near)}?" if near else ""


@cache
def _names(provider: str | None) -> tuple[str, ...]:
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    providers = get_snapshot().providers
    named = find_provider_by_id(providers, provider) if provider else None
    # The makers' own lists come first; resellers repeat the same models under longer names.
    chosen = [named] if named else [p for p in providers if p.model_match is not None]
    return tuple(dict.fromkeys(m.id.lower() for p in chosen for m in p.models))


# ---------------------------------------------------------------- reading a price


def _batch_prices(model: ModelInfo, provider: Provider, at: datetime) -> ModelPrice:
    context = {"processing": "batch"}
    listed = [v for v in model.price_variants or () if v.when == context]
    if not any(v.constraint is None or v.constraint.active(at) for v in listed):
        raise UnknownPrice(f"No batch price of {model.id} at {provider.id} is known for {at:%Y-%m-%d}.")
    return model.get_prices(at, context)


def _tiers(prices: ModelPrice, name: str) -> Tiers | None:
    listed: Decimal | TieredPrices | None = getattr(prices, _NAMED[name])
    if listed is None or isinstance(listed, Decimal):
        return None if listed is None else Tiers(listed)
    return Tiers(listed.base, tuple(t.start for t in listed.tiers), tuple(t.price for t in listed.tiers))


def _per_call(prices: ModelPrice) -> Decimal:
    listed = prices.requests_kcount
    return listed / _PER_CALL if isinstance(listed, Decimal) else ZERO


def _notes(provider: Provider, model: ModelInfo, at: datetime) -> Iterator[str]:
    from genai_prices import __version__
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    yield f"price list: genai-prices {__version__}, {model.id} at {provider.name}, as of {at:%Y-%m-%d %H:%M} UTC"
    yield from (f"published at {url}" for url in (provider.pricing_urls or ())[:1])
    dated = model.prices if isinstance(model.prices, list) else []
    if not dated:
        yield "the list has one price for this model, without a date"
    for listed in dated:
        if isinstance(listed.constraint, StartDateConstraint):
            yield f"since {listed.constraint.start_date}: {listed.prices}"
        elif isinstance(listed.constraint, TimeOfDateConstraint):
            yield f"{listed.constraint.start_time:%H:%M} to {listed.constraint.end_time:%H:%M} UTC: {listed.prices}"

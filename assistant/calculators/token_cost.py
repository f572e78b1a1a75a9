"""What tokens cost: counting, prices by date and provider, workloads, agents, own machines. Money is in USD."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from assistant.calculators.operands import (
    ONE,
    ZERO,
    Amount,
    Count,
    Flag,
    Moment,
    Money,
    Name,
    NameList,
    Outcome,
    Rate,
    Share,
    Text,
    Whole,
    common_unit,
    outcome,
    percent,
    plain,
    positive,
    shown,
)
from assistant.calculators.prices import MILLION, Price, Tiers, UnknownPrice, call_cost, find_price
from assistant.errors import InputError

# Measured by evals/tokenizers.py on reports and news in Simplified Chinese, an encyclopedia in Traditional Chinese and
# filings in English: all tokens of o200k_base against those of the others. The last figure is of single texts.
_ESTIMATE_ERROR = (
    "counted with o200k_base; against the tokenizers of GPT-4, Qwen 2 and Mistral it came out 34% too low to 17% too "
    "high on Chinese and 1% to 14% too low on English; at worst 1 text in 20 was off by 42% or more"
)
_PER_MTOK = "USD/Mtok"
_MOST_STEPS = 1000
_MOST_MONTHS = 120
_SECONDS_PER_HOUR = 3600


def count_tokens(text: Text, model: Name) -> Outcome:
    """Return how many tokens `text` is to a model: exact for OpenAI's models, estimated with o200k_base for others.

    Source: OpenAI's published byte-pair vocabularies o200k_base and cl100k_base.
    """
    from assistant import tokenizers

    encoding, exact = tokenizers.encoding_for(model)
    found = len(encoding.encode_ordinary(text))
    steps = [f"{len(text)} characters, {shown(Decimal(found) / len(text))} tokens each"] if text else []
    if not exact:
        steps.append(_ESTIMATE_ERROR)
    sign, basis = ("=", "exact") if exact else ("≈", "estimated")
    return Outcome(
        Decimal(found),
        "tokens",
        f"tokens(text) {sign} number of {encoding.name} tokens",
        f"{len(text)} characters {sign} {found:,} tokens ({basis})",
        (f"{basis} count for {model}", *steps),
    )


def model_price(model: Name, provider: Name | None = None, at: Moment | None = None) -> Outcome:
    """Return a model's prices in USD per million tokens, as listed for a provider and a date.

    Source: the providers' price pages as kept by genai-prices. Raises InputError with near matches if unknown.
    """
    price = find_price(model, provider, at)
    found = {name: Amount(usd, unit) for name, usd, unit in _listed(price)}
    with suppress(UnknownPrice):
        batch = find_price(model, provider, at, batch=True)
        found |= {f"batch_{name}": Amount(usd, unit) for name, usd, unit in _listed(batch)}
    text = "; ".join(f"{name} {shown(a.value, a.unit)}" for name, a in found.items())
    return Outcome(found, _PER_MTOK, "price list", f"{price.model} at {price.provider}: {text}", price.notes)


def _listed(price: Price) -> list[tuple[str, Decimal, str]]:
    rows: list[tuple[str, Decimal, str]] = []
    for name in ("input", "cached_input", "cache_write", "output"):
        tiers: Tiers | None = getattr(price, name)
        if tiers:
            rows.append((name, tiers.base, _PER_MTOK))
            rows += [
                (f"{name}_above_{start}_tokens", usd, _PER_MTOK)
                for start, usd in zip(tiers.starts, tiers.prices, strict=True)
            ]
    return [*rows, ("per_call", price.per_call, "USD")] if price.per_call else rows


def token_cost(
    model: Name,
    input_tokens: Whole,
    output_tokens: Whole,
    cached_input_tokens: Whole = 0,
    calls: Whole = 1,
    provider: Name | None = None,
    at: Moment | None = None,
    batch: Flag = False,
) -> Outcome:
    """Return USD for calls of a model. Token numbers are those of one call; cached tokens are part of the input.

    Source: the providers' price pages as kept by genai-prices (dated, tiered by the length of the call, by hour).
    Raises InputError if the price is unknown, the cache exceeds the input, or there are no calls.
    """
    _check_calls(calls, cached_input_tokens, input_tokens)
    price = find_price(model, provider, at, batch)
    tokens = (Decimal(input_tokens), Decimal(output_tokens), Decimal(cached_input_tokens))
    one = call_cost(price, *tokens)
    return outcome(
        one * calls,
        "USD",
        *_cost_formula(price, *tokens, calls),
        f"one call: {shown(one, 'USD')}",
        *_cache_note(price, cached_input_tokens),
        *price.notes[:2],
    )


def _cost_formula(
    price: Price, read: Decimal, made: Decimal, cached: Decimal, calls: int
) -> tuple[str, dict[str, Amount | Decimal | int | str]]:
    cached_price = (price.cached_input or price.input).at(read)
    formula = (
        "calls × ((input_tokens − cached_input_tokens) × input_price + cached_input_tokens × cached_price "
        "+ output_tokens × output_price) / 1,000,000"
    )
    if price.per_call:
        formula += " + calls × price_per_call"
    return formula, {
        "calls": calls,
        "input_tokens": read,
        "cached_input_tokens": cached,
        "output_tokens": made,
        "input_price": price.input.at(read),
        "cached_price": cached_price,
        "output_price": price.output.at(read) if price.output else ZERO,
        "price_per_call": price.per_call,
    }


def _cache_note(price: Price, cached: int | Decimal) -> tuple[str, ...]:
    if cached and price.cached_input is None:
        return (f"no price of its own is listed for cached input of {price.model}; it is charged as any input",)
    return ()


def _check_calls(calls: int | Decimal, cached: int | Decimal, read: int | Decimal) -> None:
    if calls < 1:
        raise InputError(f"calls should be 1 or more; {calls} was given.")
    if cached > read:
        raise InputError(
            f"cached_input_tokens ({cached:,}) are a part of input_tokens ({read:,}) and can't exceed them."
        )


def compare_token_costs(
    models: NameList, input_tokens: Whole, output_tokens: Whole, cached_input_tokens: Whole = 0, calls: Whole = 1
) -> Outcome:
    """Return USD for the same calls with several models, the cheapest first; unknown prices are named, never counted.

    Source: as for token_cost. Raises InputError if no price of any of the models is known.
    """
    _check_calls(calls, cached_input_tokens, input_tokens)
    costs: dict[str, Decimal] = {}
    reasons: list[str] = []
    for model in dict.fromkeys(models):
        try:
            price = find_price(model)
            one = call_cost(price, Decimal(input_tokens), Decimal(output_tokens), Decimal(cached_input_tokens))
            costs[model] = one * calls
        except UnknownPrice as problem:
            reasons.append(str(problem))
    if not costs:
        raise UnknownPrice(" ".join(reasons))
    ranked = dict(sorted(costs.items(), key=lambda item: item[1]))
    cheapest = next(iter(ranked.values()))
    steps = [
        f"{name}: {shown(usd, 'USD')}" + (f", {shown(usd / cheapest, 'x')} the cheapest" if cheapest else "")
        for name, usd in ranked.items()
    ]
    return Outcome(
        {name: Amount(usd, "USD") for name, usd in ranked.items()},
        "USD",
        "calls × (uncached input × input_price + cached input × cached_price + output × output_price) / 1,000,000",
        "; ".join(f"{name} = {shown(usd, 'USD')}" for name, usd in ranked.items()),
        (*steps, *reasons),
    )


def workload_cost(
    model: Name,
    calls_per_day: Count,
    input_tokens: Whole,
    output_tokens: Whole,
    cached_share: Share = ZERO,
    days: Count = Decimal(30),
    monthly_growth: Rate = ZERO,
    months: Whole = 1,
) -> Outcome:
    """Return USD over `months` of a workload whose calls grow by `monthly_growth` a month.

    Month m costs calls_per_day × days × (1 + g)^(m − 1) × the cost of a call. Source: as for token_cost; geometric
    series. Raises InputError for no calls, days or months, or a price that is unknown.
    """
    positive(calls_per_day, "calls_per_day", "a workload needs calls")
    positive(days, "days", "a month has days")
    if not 1 <= months <= _MOST_MONTHS:
        raise InputError(f"months should be between 1 and {_MOST_MONTHS}; {months} was given.")
    if monthly_growth <= -1:
        raise InputError("monthly_growth at -100% or less leaves no workload.")
    price = find_price(model)
    one = call_cost(price, Decimal(input_tokens), Decimal(output_tokens), input_tokens * cached_share)
    by_month = [one * calls_per_day * days * (1 + monthly_growth) ** m for m in range(months)]
    steps = [f"one call: {shown(one, 'USD')}", f"first month: {shown(by_month[0], 'USD')}"]
    if months > 1:
        steps.append(f"last month: {shown(by_month[-1], 'USD')}")
    formula = "cost_per_call × calls_per_day × days" + (
        " × Σ (1 + monthly_growth)^(m − 1), m = 1…months" if months > 1 else ""
    )
    return outcome(
        sum(by_month, ZERO),
        "USD",
        formula,
        {
            "cost_per_call": one,
            "calls_per_day": calls_per_day,
            "days": days,
            "monthly_growth": percent(monthly_growth),
            "months": months,
        },
        *steps,
        *_cache_note(price, cached_share),
        *price.notes[:2],
    )


def agent_cost(
    model: Name,
    steps: Whole,
    system_tokens: Whole,
    tokens_per_step: Whole,
    output_tokens_per_step: Whole,
    cached: Flag = False,
) -> Outcome:
    """Return USD for one run of an agent, whose every step sends the whole conversation so far again.

    Step k reads system + k × tokens_per_step + (k − 1) × output_tokens_per_step. With `cached`, what the step before
    has sent is read from the cache, and the rest is written to it (at the write price, where one is listed).
    Source: the arithmetic of stateless chat APIs; prices as for token_cost. Raises InputError for no steps.
    """
    if not 1 <= steps <= _MOST_STEPS:
        raise InputError(f"steps should be between 1 and {_MOST_STEPS}; {steps} was given.")
    price = find_price(model)
    total, read_in_all, cached_in_all, before = ZERO, 0, 0, 0
    for k in range(1, steps + 1):
        read = system_tokens + k * tokens_per_step + (k - 1) * output_tokens_per_step
        hit = before if cached else 0
        written = read - hit if cached and price.cache_write else 0
        total += call_cost(price, Decimal(read), Decimal(output_tokens_per_step), Decimal(hit), Decimal(written))
        read_in_all, cached_in_all, before = read_in_all + read, cached_in_all + hit, read
    made = steps * output_tokens_per_step
    return outcome(
        total,
        "USD",
        "Σ cost(system_tokens + k × tokens_per_step + (k − 1) × output_tokens_per_step), k = 1…steps",
        {
            "system_tokens": system_tokens,
            "tokens_per_step": tokens_per_step,
            "output_tokens_per_step": output_tokens_per_step,
            "steps": steps,
        },
        f"input tokens in all: {read_in_all:,}, of them cached: {cached_in_all:,}",
        f"output tokens in all: {made:,}",
        f"input tokens of the last step: {before:,}",
        *_cache_note(price, cached_in_all),
        *price.notes[:2],
    )


def serving_cost(gpu_price_per_hour: Money, gpus: Count, tokens_per_second: Count, utilisation: Share = ONE) -> Outcome:
    """Return what a million tokens cost on rented or own GPUs. `tokens_per_second` is of all GPUs together, when busy.

    Source: cost per hour over tokens per hour. Raises InputError for a price, GPUs, tokens or utilisation of zero.
    """
    positive(gpu_price_per_hour, "gpu_price_per_hour", "machines cost something")
    positive(gpus, "gpus", "without GPUs no tokens are made")
    positive(tokens_per_second, "tokens_per_second", "without tokens there is no cost of one")
    positive(utilisation, "utilisation", "an idle machine makes no tokens")
    unit = gpu_price_per_hour.unit or "USD"
    an_hour = tokens_per_second * _SECONDS_PER_HOUR * utilisation
    return outcome(
        gpu_price_per_hour.value * gpus / an_hour * MILLION,
        f"{unit}/Mtok",
        "gpu_price_per_hour × gpus / (tokens_per_second × 3,600 × utilisation) × 1,000,000",
        {
            "gpu_price_per_hour": gpu_price_per_hour,
            "gpus": gpus,
            "tokens_per_second": tokens_per_second,
            "utilisation": percent(utilisation),
        },
        f"tokens an hour: {shown(an_hour)}",
        f"machines an hour: {shown(gpu_price_per_hour.value * gpus, unit)}",
    )


def break_even(api_price_per_mtok: Money, fixed_cost_per_month: Money, own_cost_per_mtok: Money) -> Outcome:
    """Return how many tokens a month make own machines as cheap as an API.

    Source: CFA Institute, Corporate Issuers (break-even quantity = fixed cost / (price − variable cost)).
    Raises InputError for mixed currencies, no fixed cost, or an own cost at or above the API's price.
    """
    unit = common_unit(
        api_price_per_mtok=api_price_per_mtok,
        fixed_cost_per_month=fixed_cost_per_month,
        own_cost_per_mtok=own_cost_per_mtok,
    )
    positive(api_price_per_mtok, "api_price_per_mtok", "a free API is never beaten")
    positive(fixed_cost_per_month, "fixed_cost_per_month", "without fixed cost the cheaper one wins at any volume")
    if own_cost_per_mtok.value < 0:
        raise InputError(f"own_cost_per_mtok can't be negative; {plain(own_cost_per_mtok.value)} was given.")
    saved = api_price_per_mtok.value - own_cost_per_mtok.value
    if saved <= 0:
        raise InputError(
            f"Own machines never break even: a million tokens cost {shown(own_cost_per_mtok.value, unit)} on them and "
            f"{shown(api_price_per_mtok.value, unit)} at the API."
        )
    return outcome(
        fixed_cost_per_month.value / saved * MILLION,
        "tokens/month",
        "fixed_cost_per_month / (api_price_per_mtok − own_cost_per_mtok) × 1,000,000",
        {
            "fixed_cost_per_month": fixed_cost_per_month,
            "api_price_per_mtok": api_price_per_mtok,
            "own_cost_per_mtok": own_cost_per_mtok,
        },
        f"saved with each million tokens: {shown(saved, unit)}",
        f"a day (30 a month): {shown(fixed_cost_per_month.value / saved * MILLION / 30, 'tokens')}",
    )

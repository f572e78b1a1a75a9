"""What a company is worth by comparison: enterprise value, multiples, implied prices and shares, peers, market size."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal

from assistant.calculators.operands import (
    HUNDRED,
    ZERO,
    Amount,
    Count,
    Money,
    Number,
    Outcome,
    QuantityList,
    Rate,
    Share,
    Text,
    common_unit,
    list_unit,
    not_negative,
    operand,
    outcome,
    percent,
    positive,
    shown,
)
from assistant.errors import InputError

MultipleKind = Literal["pe", "ps", "pb", "ev_sales", "ev_ebitda", "ev_ebit", "fcf_yield"]

_NOTHING = Amount(ZERO)


def enterprise_value(
    market_cap: Money,
    debt: Money = _NOTHING,
    cash: Money = _NOTHING,
    minorities: Money = _NOTHING,
    preferred: Money = _NOTHING,
) -> Outcome:
    """Return the enterprise value in the operands' currency.

    Source: CFA Institute, Equity Valuation, "Market-Based Valuation: Price and Enterprise Value Multiples".
    Raises InputError for mixed currencies, a market value of zero or less, or a negative balance.
    """
    operands = {"market_cap": market_cap, "debt": debt, "cash": cash, "minorities": minorities, "preferred": preferred}
    unit = common_unit(**operands)
    positive(market_cap, "market_cap", "shares that trade have a value")
    for name in ("debt", "cash", "minorities", "preferred"):
        not_negative(operands[name], name, "balances are given as positive amounts; cash is subtracted by the formula")
    value = market_cap.value + debt.value + minorities.value + preferred.value - cash.value
    note = ("cash exceeds the value of all claims: multiples of this EV have no meaning",) if value <= 0 else ()
    return outcome(
        value,
        unit,
        "EV = market_cap + debt + minorities + preferred − cash",
        {**operands},
        f"net debt (debt − cash): {shown(debt.value - cash.value, unit)}",
        *note,
    )


def multiple(kind: MultipleKind, price_or_value: Money, base: Money, sector: Text = "") -> Outcome:
    """Return a valuation multiple ("x"), or the free cash flow yield ("%").

    Market value (or the price of one share) over earnings, sales or book value; enterprise value over sales, EBITDA
    or EBIT; free cash flow over market value. Source: CFA Institute, Equity Valuation, "Market-Based Valuation".
    Raises InputError for mixed currencies, a base of zero or less, or an EV multiple of a bank or an insurer.
    """
    label, bottom = _MULTIPLES[kind]
    common_unit(price_or_value=price_or_value, base=base)
    if label.startswith("EV") and _is_financial(sector):
        raise InputError(
            f"{label} has no meaning for '{sector.strip()}': debt is the raw material of banks and insurers, "
            "so they have no enterprise value. Use pe or pb."
        )
    positive(price_or_value, "price_or_value", f"{label} needs a market or enterprise value above zero")
    if kind == "fcf_yield":
        return outcome(
            base.value / price_or_value.value * HUNDRED,
            "%",
            "FCF yield = base / price_or_value",
            {"base": base, "price_or_value": price_or_value},
        )
    positive(base, "base", f"{label} of negative or zero {bottom} has no meaning (n.m.)")
    return outcome(
        price_or_value.value / base.value,
        "x",
        f"{label} = price_or_value / base",
        {"price_or_value": price_or_value, "base": base},
        f"{bottom}: {shown(base.value, base.unit)}",
    )


_MULTIPLES: dict[MultipleKind, tuple[str, str]] = {
    "pe": ("P/E", "earnings"),
    "ps": ("P/S", "sales"),
    "pb": ("P/B", "book value"),
    "ev_sales": ("EV/sales", "sales"),
    "ev_ebitda": ("EV/EBITDA", "EBITDA"),
    "ev_ebit": ("EV/EBIT", "EBIT"),
    "fcf_yield": ("FCF yield", "free cash flow"),
}


def _is_financial(sector: str) -> bool:
    folded = sector.casefold()
    return any(word in folded for word in _financial_words())


@cache
def _financial_words() -> tuple[str, ...]:
    source = files("assistant").joinpath("data/financial_sectors.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(source)["words"])


def peg(pe: Number, growth: Rate) -> Outcome:
    """Return the P/E over the growth of earnings in percent a year ("x").

    Source: CFA Institute, Equity Valuation, "Market-Based Valuation" (PEG). Raises InputError for a P/E or a growth of
    zero or less.
    """
    positive(pe, "pe", "a P/E of negative earnings has no meaning")
    positive(growth, "growth", "a PEG without growth has no meaning")
    return outcome(
        pe / (growth * HUNDRED),
        "x",
        "PEG = pe / (growth × 100)",
        {"pe": pe, "growth": percent(growth)},
        f"growth × 100 = {shown(growth * HUNDRED)}",
    )


def implied_price(base: Money, multiple: Number, shares: Count, net_debt: Money = _NOTHING) -> Outcome:
    """Return the price of one share that a multiple of the company's base (earnings, EBITDA, sales) implies.

    For P/E, P/S and P/B leave net_debt at 0; for EV multiples give it (negative for net cash).
    Source: CFA Institute, Equity Valuation, "Market-Based Valuation" (method of comparables).
    Raises InputError for a base, multiple or number of shares of zero or less, or debt above the implied value.
    """
    unit = common_unit(base=base, net_debt=net_debt)
    positive(base, "base", "a multiple of a loss implies no price")
    positive(multiple, "multiple", "no one pays nothing or less")
    positive(shares, "shares", "a company without shares has no price of one")
    value = base.value * multiple
    equity = value - net_debt.value
    if equity <= 0:
        raise InputError(
            f"net_debt ({shown(net_debt.value, unit)}) exceeds the implied value ({shown(value, unit)}): "
            "nothing is left for the shares."
        )
    return outcome(
        equity / shares,
        unit,
        "price = (base × multiple − net_debt) / shares",
        {"base": base, "multiple": multiple, "net_debt": net_debt, "shares": shares},
        f"implied value: {shown(value, unit)}",
        f"implied equity: {shown(equity, unit)}",
    )


def upside(price: Money, target: Money) -> Outcome:
    """Return how far `target` lies above `price`, in % (negative: below). Source: definition of a return.

    Raises InputError for prices of zero or less, or mixed currencies.
    """
    unit = common_unit(price=price, target=target)
    positive(price, "price", "a share that trades has a price")
    positive(target, "target", "a target price is what a share should cost")
    return outcome(
        (target.value / price.value - 1) * HUNDRED,
        "%",
        "target / price − 1",
        {"target": target, "price": price},
        f"difference: {shown(target.value - price.value, unit)}",
    )


def implied_shares(market_cap: Money, price: Money) -> Outcome:
    """Return the number of shares that a market value and a price imply. Source: market value = price × shares.

    Raises InputError for amounts of zero or less, or mixed currencies.
    """
    common_unit(market_cap=market_cap, price=price)
    positive(market_cap, "market_cap", "shares that trade have a value")
    positive(price, "price", "a share that trades has a price")
    return outcome(
        market_cap.value / price.value, "shares", "market_cap / price", {"market_cap": market_cap, "price": price}
    )


def comparables(values: QuantityList) -> Outcome:
    """Return count, mean, median, harmonic mean, quartiles and range of peers' multiples.

    Values of zero or less (a P/E of a loss) are left out and named. Quartiles interpolate linearly between ranks
    (Hyndman and Fan, "Sample Quantiles", type 7: the default of spreadsheets and of numpy).
    Source: CFA Institute, Equity Valuation, "Market-Based Valuation" (peer averages, harmonic mean).
    Raises InputError if fewer than two meaningful values remain.
    """
    unit = list_unit("values", values) or "x"
    kept = sorted(v.value for v in values if v.value > 0)
    left_out = [shown(v.value) for v in values if v.value <= 0]
    if len(kept) < 2:
        raise InputError(f"A comparison needs two meaningful values above zero; {len(kept)} of {len(values)} is.")
    total, count = sum(kept, ZERO), len(kept)
    found = {
        "median": _quantile(kept, Decimal("0.5")),
        "mean": total / count,
        "harmonic_mean": count / sum((1 / v for v in kept), ZERO),
        "min": kept[0],
        "first_quartile": _quantile(kept, Decimal("0.25")),
        "third_quartile": _quantile(kept, Decimal("0.75")),
        "max": kept[-1],
    }
    steps = [f"{name.replace('_', ' ')}: {shown(value, unit)}" for name, value in found.items()]
    steps.append(f"values used: {count}")
    if left_out:
        steps.append(f"left out as not meaningful (zero or negative): {', '.join(left_out)}")
    numbers = " + ".join(operand(v) for v in kept)
    return Outcome(
        {name: Amount(value, unit) for name, value in found.items()},
        unit,
        "mean = Σ values / n; median and quartiles: value at rank 1 + (n − 1) × q, between ranks by proportion",
        f"mean = ({numbers}) / {count} ≈ {shown(found['mean'], unit)}; median = {shown(found['median'], unit)}",
        tuple(steps),
    )


def _quantile(ordered: Sequence[Decimal], q: Decimal) -> Decimal:
    rank = (len(ordered) - 1) * q
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (rank - below) * (ordered[above] - ordered[below])


def capital_intensity(capex: Money, revenue: Money) -> Outcome:
    """Return capital expenditure as a percentage of revenue.

    Source: CFA Institute, "Financial Analysis Techniques" (capex to sales). Raises InputError for a negative capex
    (give the spending as a positive amount), a revenue of zero or less, or mixed currencies.
    """
    common_unit(capex=capex, revenue=revenue)
    not_negative(capex, "capex", "give the spending as a positive amount")
    positive(revenue, "revenue", "without revenue there is nothing to compare with")
    return outcome(capex.value / revenue.value * HUNDRED, "%", "capex / revenue", {"capex": capex, "revenue": revenue})


def market_size(users: Count, paying_share: Share, price_per_period: Money, periods: Count = Decimal(12)) -> Outcome:
    """Return the yearly market of a subscription: paying users times what they pay in a year.

    `periods` is the number of payments a year (12 for a monthly price). Source: bottom-up market sizing,
    users × conversion × ARPU. Raises InputError for no users, no periods or a price of zero or less.
    """
    positive(users, "users", "a market needs users")
    positive(price_per_period, "price_per_period", "a market needs a price")
    positive(periods, "periods", "nobody pays in zero periods; a monthly price has 12 a year")
    formula = "users × paying_share × price_per_period × periods"
    operands: dict[str, Amount | Decimal | int | str] = {
        "users": users,
        "paying_share": percent(paying_share),
        "price_per_period": price_per_period,
        "periods": periods,
    }
    value = users * paying_share * price_per_period.value * periods
    unit = price_per_period.unit or ""
    return outcome(
        value,
        unit,
        formula,
        operands,
        f"paying users: {shown(users * paying_share)}",
        f"a paying user a year: {shown(price_per_period.value * periods, unit)}",
    )

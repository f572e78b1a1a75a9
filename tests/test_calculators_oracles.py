"""Calculators against other people's programs: numpy-financial, genai-prices' own arithmetic, Python's fractions."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy_financial  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import tools
from assistant.errors import InputError

CASES = 500


def result(tool: str, **arguments: Any) -> float:
    return float(tools.run(tool, arguments).result)


def test_npv_as_numpy_financial_has_it() -> None:
    chance = random.Random(1)
    for _ in range(CASES):
        flows = [round(chance.uniform(-1e6, 1e6), 2) for _ in range(chance.randint(1, 15))]
        rate = round(chance.uniform(-0.3, 0.6), 4)
        expected = numpy_financial.npv(rate, flows)
        # Rounding of the other side is relative to the largest term, which may cancel.
        size = sum(abs(flow) / (1 + rate) ** t for t, flow in enumerate(flows))
        assert result("npv", rate=rate, cash_flows=flows) == pytest.approx(expected, rel=1e-9, abs=size * 1e-12)


def test_irr_as_numpy_financial_has_it() -> None:
    chance = random.Random(2)
    for _ in range(CASES):
        received = [round(chance.uniform(1, 1e3), 2) for _ in range(chance.randint(1, 15))]
        flows = [-round(sum(received) * chance.uniform(0.3, 2.5), 2), *received]
        expected = numpy_financial.irr(flows)
        assert result("irr", cash_flows=flows) == pytest.approx(expected * 100, rel=1e-9, abs=1e-9)


def test_whether_an_irr_is_unique_agrees_with_the_roots_that_numpy_finds() -> None:
    chance = random.Random(3)
    for _ in range(CASES):
        flows = [chance.randint(-9, 9) for _ in range(chance.randint(2, 7))]
        roots = np.roots(flows[::-1]) if any(flows) else np.array([])
        real = [x.real for x in roots if abs(x.imag) < 1e-7 and x.real > 1e-9]
        if any(abs(a - b) < 1e-3 for i, a in enumerate(real) for b in real[:i]):
            continue  # A double root, or nearly one: floating point can't tell.
        if any(1 / x - 1 < -0.99999 or 1 / x - 1 > 1e5 for x in real):
            continue
        try:
            assert result("irr", cash_flows=flows) == pytest.approx((1 / real[0] - 1) * 100, rel=1e-6, abs=1e-6), flows
            assert len(real) == 1
        except InputError:
            assert len(real) != 1, flows


def test_an_annuity_is_repaid_when_numpy_financial_says_so() -> None:
    chance = random.Random(4)
    for _ in range(CASES):
        rate, years = round(chance.uniform(0.01, 0.2), 4), chance.randint(1, 30)
        debt = round(chance.uniform(1, 1e6), 2)
        found = tools.run(
            "cluster_return",
            {
                "investment": 2 * debt,
                "equity_share": "50%",
                "debt_rate": rate,
                "debt_years": years,
                "annual_cash": debt,
                "life_years": years,
            },
        )
        service = float(found.result["annual_debt_service"]["value"])
        assert service == pytest.approx(-numpy_financial.pmt(rate, years, debt), rel=1e-9)


def test_discounted_payback_over_whole_years_agrees_with_nper() -> None:
    chance = random.Random(5)
    for _ in range(CASES):
        rate, years = round(chance.uniform(0.01, 0.2), 4), chance.randint(1, 30)
        investment = -numpy_financial.pv(rate, years, 100)
        found = result("payback", investment=investment, annual_cash=100, discount_rate=rate)
        assert found == pytest.approx(float(numpy_financial.nper(rate, 100, -investment)), rel=1e-9)


def test_reverse_dcf_finds_the_growth_that_a_dcf_was_made_with() -> None:
    chance = random.Random(6)
    for _ in range(60):
        growth, years = round(chance.uniform(-0.2, 0.5), 4), chance.randint(1, 15)
        flows = [str(Decimal(100) * (1 + Decimal(str(growth))) ** t) for t in range(1, years + 1)]
        price = tools.run(
            "dcf", {"cash_flows": flows, "discount_rate": "9%", "terminal_growth": "2%", "shares": 10}
        ).result
        found = result(
            "reverse_dcf", price=price, shares=10, cash_flow=100, discount_rate="9%", terminal_growth="2%", years=years
        )
        assert found == pytest.approx(growth * 100, abs=1e-9)


def test_calls_cost_what_genai_prices_computes_for_every_tenth_model() -> None:
    from genai_prices import Usage
    from genai_prices.data_snapshot import get_snapshot

    at, compared = datetime(2026, 6, 2, 12, tzinfo=UTC), 0
    for provider in get_snapshot().providers:
        for model in provider.models[::10]:
            arguments = {"model": model.id, "provider": provider.id, "at": at.isoformat()}
            try:
                found = tools.run(
                    "token_cost",
                    arguments | {"input_tokens": 300_000, "output_tokens": 5_000, "cached_input_tokens": 20_000},
                )
            except InputError:
                continue  # A model without a price for tokens.
            used = Usage(input_tokens=300_000, output_tokens=5_000, cache_read_tokens=20_000)
            named = get_snapshot().find_provider_model(model.id, None, provider.id, None)[1]
            assert Decimal(found.result) == named.calc_price(used, provider, genai_request_timestamp=at).total_price
            compared += 1
    assert compared > 100


NAMES = "abc"
EXPRESSIONS = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS, st.lists(st.integers(-50, 50), min_size=3, max_size=3))
def test_calculate_agrees_with_fractions(expression: str, values: list[int]) -> None:
    variables = dict(zip(NAMES, values, strict=True))
    try:
        expected = eval(expression, {name: Fraction(value) for name, value in variables.items()})
    except ZeroDivisionError:
        with pytest.raises(InputError):
            tools.run("calculate", {"expression": expression, "variables": variables})
        return
    found = Fraction(tools.run("calculate", {"expression": expression, "variables": variables}).result)
    assert abs(found - expected) <= (abs(expected) + 1) * Fraction(1, 10**20)


@settings(max_examples=100, deadline=None)
@given(st.text("0123456789.eE+-*/%^() ab万亿％", max_size=20))
def test_calculate_answers_or_refuses_any_text(text: str) -> None:
    with suppress(InputError):
        Decimal(tools.run("calculate", {"expression": text}).result)

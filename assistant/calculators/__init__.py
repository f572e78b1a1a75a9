"""Calculators: pure functions on Decimal whose results carry formula, substituted formula and steps."""

from __future__ import annotations

from collections.abc import Callable

from assistant.calculators import arithmetic, cashflows, token_cost, valuation
from assistant.calculators.operands import Outcome

GROUPS: dict[str, tuple[Callable[..., Outcome], ...]] = {
    "token cost": (
        token_cost.count_tokens,
        token_cost.model_price,
        token_cost.token_cost,
        token_cost.compare_token_costs,
        token_cost.workload_cost,
        token_cost.agent_cost,
        token_cost.serving_cost,
        token_cost.break_even,
    ),
    "valuation": (
        valuation.enterprise_value,
        valuation.multiple,
        valuation.peg,
        valuation.implied_price,
        valuation.upside,
        valuation.implied_shares,
        valuation.comparables,
        valuation.capital_intensity,
        valuation.market_size,
        cashflows.dcf,
        cashflows.reverse_dcf,
        cashflows.npv,
        cashflows.irr,
        cashflows.payback,
        cashflows.cluster_return,
    ),
    "arithmetic": (
        arithmetic.growth,
        arithmetic.project,
        arithmetic.share,
        arithmetic.ratio,
        arithmetic.convert_currency,
        arithmetic.calculate,
    ),
}

"""Calculators against numpy-financial, and what a call costs: `python evals/calculators.py [COUNT]`.

Prints, for COUNT generated cases each (10,000 by default), the largest difference of npv, irr and payback, relative
to the size of the flows; then what a warm call costs, through LangChain and directly, in calls of a LangChain tool
that does nothing.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy_financial  # type: ignore[import-untyped]
from langchain_core.tools import tool

from assistant import tools

CALLS = 300
WARM: dict[str, dict[str, Any]] = {
    "growth": {"start": "86亿", "end": "140亿", "periods": 3},
    "implied_shares": {"market_cap": "1280亿", "price": "264.18CNY"},
    "multiple": {"kind": "pe", "price_or_value": 100, "base": 5},
    "comparables": {"values": "12,15.5,18,-4"},
    "npv": {"rate": "10%", "cash_flows": "-100,60,60"},
    "irr": {"cash_flows": "-100,60,60"},
    "payback": {"investment": 7000, "annual_cash": 1450, "discount_rate": "8%"},
    "dcf": {"cash_flows": "10,12,14", "discount_rate": "9%", "terminal_growth": "2.5%", "net_debt": 20, "shares": 5},
    "reverse_dcf": {"price": 50, "shares": 10, "cash_flow": 20, "discount_rate": "9%", "terminal_growth": "3%"},
    "cluster_return": {
        "investment": "70亿CNY",
        "equity_share": "10%",
        "debt_rate": "4%",
        "debt_years": 5,
        "annual_cash": "14.5亿CNY",
        "life_years": 6,
    },
    "calculate": {"expression": "(a/b)^(1/n)-1", "variables": {"a": "140亿", "b": "86亿", "n": 3}},
    "count_tokens": {"text": "营业收入同比增长26%", "model": "gpt-4o"},
    "model_price": {"model": "gpt-5"},
    "token_cost": {"model": "gpt-5", "input_tokens": 12000, "output_tokens": 800, "calls": 1000},
    "compare_token_costs": {"models": "gpt-5,deepseek-chat", "input_tokens": 1000, "output_tokens": 100},
    "workload_cost": {
        "model": "gpt-5",
        "calls_per_day": 20000,
        "input_tokens": 3000,
        "output_tokens": 400,
        "months": 12,
    },
}


def main(count: int) -> None:
    """Print agreement first, then cost."""
    chance = random.Random(20)
    for name, difference in (("npv", _npv), ("irr", _irr), ("payback", _payback)):
        print(f"{name:8} {count:,} cases, largest difference {max(difference(chance) for _ in range(count)):.1e}")
    print()
    for name, through_langchain, directly in _costs():
        print(f"{name:20} {through_langchain:5.2f} empty tool calls through LangChain, {directly:5.2f} directly")


def _npv(chance: random.Random) -> float:
    flows = [round(chance.uniform(-1e6, 1e6), 2) for _ in range(chance.randint(1, 20))]
    rate = round(chance.uniform(-0.3, 0.6), 4)
    size = sum(abs(flow) / (1 + rate) ** t for t, flow in enumerate(flows))
    return abs(_result("npv", rate=rate, cash_flows=flows) - float(numpy_financial.npv(rate, flows))) / size


def _irr(chance: random.Random) -> float:
    received = [round(chance.uniform(1, 1e3), 2) for _ in range(chance.randint(1, 20))]
    flows = [-round(sum(received) * chance.uniform(0.3, 2.5), 2), *received]
    return abs(_result("irr", cash_flows=flows) / 100 - float(numpy_financial.irr(flows)))


def _payback(chance: random.Random) -> float:
    """An annuity's present value is repaid after exactly its years, as `nper` has it."""
    rate, years = round(chance.uniform(0.01, 0.2), 4), chance.randint(1, 40)
    investment = float(-numpy_financial.pv(rate, years, 100))
    expected = float(numpy_financial.nper(rate, 100, -investment))
    return abs(_result("payback", investment=investment, annual_cash=100, discount_rate=rate) - expected) / years


def _result(name: str, **arguments: Any) -> float:
    return float(tools.run(name, arguments).result)


@tool
def nothing(a: str, b: str) -> str:
    """Do nothing."""
    return a


def _costs() -> list[tuple[str, float, float]]:
    by_name = {each.name: each for each in tools.langchain_tools()}
    costs = []
    for name, arguments in WARM.items():
        # Measured in turns, so that another program's load falls on all three alike.
        calls = (
            lambda: nothing.invoke({"a": "1", "b": "2"}),
            lambda name=name, arguments=arguments: by_name[name].invoke(arguments),
            lambda name=name, arguments=arguments: tools.run(name, arguments),
        )
        empty, through_langchain, directly = _medians(calls)
        costs.append((name, through_langchain / empty, directly / empty))
    return costs


def _medians(calls: tuple[Callable[[], object], ...]) -> list[float]:
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(CALLS):
        for times, call in zip(taken, calls, strict=True):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)

"""Nonsense is refused with a reason that an analyst understands; what only looks odd is computed."""

from __future__ import annotations

from typing import Any

import pytest

from assistant import tools
from assistant.errors import InputError

BASE = {"discount_rate": "9%", "cash_flows": "10,12,14", "terminal_growth": "2%"}
CLUSTER = {
    "investment": 100,
    "equity_share": "10%",
    "debt_rate": "4%",
    "debt_years": 5,
    "annual_cash": 30,
    "life_years": 6,
}
GPT = {"model": "gpt-5", "input_tokens": 100, "output_tokens": 10}


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        # growth at or above the discount rate
        ("dcf", BASE | {"terminal_growth": "9%"}, "at or above discount_rate"),
        ("dcf", BASE | {"terminal_growth": "12%"}, "infinite"),
        (
            "reverse_dcf",
            {"price": 1, "shares": 1, "cash_flow": 1, "discount_rate": "5%", "terminal_growth": "5%"},
            "infinite",
        ),
        ("dcf", BASE | {"exit_multiple": 8}, "either terminal_growth or exit_multiple"),
        ("dcf", {"cash_flows": "10,12", "discount_rate": "9%"}, "either terminal_growth or exit_multiple"),
        ("dcf", BASE | {"cash_flows": "10,-12"}, "loss that grows for ever"),
        ("dcf", BASE | {"shares": 0}, "shares"),
        ("dcf", BASE | {"discount_rate": 9}, "900%"),
        ("dcf", BASE | {"discount_rate": "-100%"}, "nothing can be discounted"),
        (
            "reverse_dcf",
            {"price": 1, "shares": 1, "cash_flow": -1, "discount_rate": "5%", "terminal_growth": "1%"},
            "loss",
        ),
        (
            "reverse_dcf",
            {"price": 1, "shares": 1, "cash_flow": 1, "discount_rate": "5%", "terminal_growth": "1%", "years": 0},
            "between 1 and 100",
        ),
        # multiples without meaning
        ("multiple", {"kind": "pe", "price_or_value": 100, "base": -5}, "no meaning"),
        ("multiple", {"kind": "pe", "price_or_value": 100, "base": 0}, "no meaning"),
        ("multiple", {"kind": "ev_ebitda", "price_or_value": 100, "base": 5, "sector": "银行"}, "no enterprise value"),
        (
            "multiple",
            {"kind": "ev_sales", "price_or_value": 100, "base": 5, "sector": "Life Insurance"},
            "Use pe or pb",
        ),
        ("multiple", {"kind": "ev_ebit", "price_or_value": -100, "base": 5}, "above zero"),
        ("multiple", {"kind": "ebitda", "price_or_value": 100, "base": 5}, "should be one of pe, ps"),
        ("peg", {"pe": 20, "growth": "-5%"}, "without growth"),
        ("peg", {"pe": -20, "growth": "5%"}, "negative earnings"),
        ("peg", {"pe": 20, "growth": 26}, "2,600%"),
        ("implied_price", {"base": -1, "multiple": 10, "shares": 1}, "loss"),
        ("implied_price", {"base": 1, "multiple": 10, "shares": 1, "net_debt": 20}, "nothing is left"),
        ("comparables", {"values": "-3,0,12"}, "two meaningful values"),
        # units and currencies
        ("enterprise_value", {"market_cap": "100CNY", "debt": "20USD"}, "market_cap is in CNY and debt in USD"),
        ("ratio", {"a": "532CNY", "b": "75USD"}, "convert one of them first"),
        ("upside", {"price": "HK$100", "target": "NT$300"}, "HKD and target in TWD"),
        ("dcf", BASE | {"cash_flows": '["10CNY", "12USD"]'}, "cash_flows[1] is in CNY and cash_flows[2] in USD"),
        ("growth", {"start": "5 users", "end": "6CNY"}, "can't be combined"),
        ("enterprise_value", {"market_cap": "26%"}, "amount of money"),
        ("calculate", {"expression": "a+b", "variables": {"a": "1CNY", "b": "1USD"}}, "CNY and USD can't be added"),
        ("calculate", {"expression": "a^0.5", "variables": {"a": "4CNY"}}, "can't be raised"),
        ("convert_currency", {"amount": "75USD", "rate": "7.1USD"}, "in USD already"),
        ("convert_currency", {"amount": "75EUR", "rate": "7.1 CNY/USD"}, "do not fit together"),
        ("convert_currency", {"amount": "75USD", "rate": 0}, "above zero"),
        ("convert_currency", {"amount": "75USD", "rate": 7, "to": "yuan"}, "no currency code"),
        # rates of return that do not exist, or not alone
        ("irr", {"cash_flows": "100,60"}, "same sign"),
        ("irr", {"cash_flows": "-100,-60"}, "same sign"),
        ("irr", {"cash_flows": "-100,230,-132"}, "worth nothing is 2"),
        ("irr", {"cash_flows": "100,-200,150"}, "worth nothing is 0"),
        ("irr", {"cash_flows": "81,-180,100"}, "worth nothing is 1"),
        ("irr", {"cash_flows": "0,0"}, "at least one payment"),
        ("npv", {"rate": "-150%", "cash_flows": "1,2"}, "-100% or less"),
        ("payback", {"investment": 100, "annual_cash": 5, "discount_rate": "5%"}, "Never repaid"),
        ("payback", {"investment": 100, "annual_cash": 0}, "without cash"),
        ("cluster_return", CLUSTER | {"debt_years": 7}, "only 6"),
        ("cluster_return", CLUSTER | {"equity_share": "110%"}, "between 0% and 100%"),
        ("cluster_return", CLUSTER | {"equity_share": 0}, "own money"),
        ("cluster_return", CLUSTER | {"life_years": 0}, "life_years"),
        ("cluster_return", CLUSTER | {"debt_years": 2.5}, "whole number"),
        # growth, shares, projections
        ("growth", {"start": -5, "end": 10}, "n.m."),
        ("growth", {"start": 0, "end": 10}, "n.m."),
        ("growth", {"start": 5, "end": -10}, "n.m."),
        ("growth", {"start": 5, "end": 10, "periods": 0}, "periods must be above zero"),
        ("growth", {"start": 5, "end": 10, "periods": -1}, "can't be negative"),
        ("project", {"value": 5, "rate": 26, "periods": 1}, "26% or 0.26"),
        ("project", {"value": 5, "rate": "26%", "periods": 0}, "periods"),
        ("project", {"value": 5, "rate": "-100%", "periods": 2}, "100% or more"),
        ("share", {"part": 6, "whole": 5}, "larger than whole"),
        ("share", {"part": 6, "whole": 0}, "whole"),
        ("ratio", {"a": 6, "b": 0}, "zero"),
        ("capital_intensity", {"capex": -5, "revenue": 10}, "positive amount"),
        ("market_size", {"users": "5元", "paying_share": "5%", "price_per_period": 1}, "users is a count"),
        ("market_size", {"users": 5, "paying_share": 5, "price_per_period": 1}, "500%"),
        ("market_size", {"users": 5, "paying_share": "5%", "price_per_period": 1, "periods": 0}, "zero periods"),
        # token cost
        ("token_cost", GPT | {"input_tokens": -1}, "can't be negative"),
        ("token_cost", GPT | {"input_tokens": 0.5}, "whole number"),
        ("token_cost", GPT | {"cached_input_tokens": 101}, "can't exceed"),
        ("token_cost", GPT | {"calls": 0}, "calls should be 1 or more"),
        ("token_cost", GPT | {"model": "gpt-99"}, "unknown"),
        ("token_cost", GPT | {"model": "gpt-5o"}, "Did you mean gpt-5"),
        ("token_cost", GPT | {"provider": "opnai"}, "openai"),
        ("token_cost", GPT | {"model": "text-embedding-3-small"}, "no price for output tokens"),
        ("token_cost", GPT | {"model": "gpt-4.5-preview", "batch": True, "at": "2019-01-01"}, "price"),
        ("token_cost", GPT | {"at": "next week"}, "date such as"),
        ("token_cost", GPT | {"at": "2999-01-01"}, "lies ahead"),
        ("model_price", {"model": "sonnet-4", "provider": "aws"}, "Did you mean"),
        ("project", {"value": 1, "rate": "900%", "periods": 100}, "beyond 1e+40"),
        ("token_cost", GPT | {"batch": "maybe"}, "neither"),
        ("token_cost", {"model": "qwen3-max", "input_tokens": 1, "output_tokens": 1}, "openrouter:qwen/qwen3-max"),
        ("compare_token_costs", {"models": "foo-1,bar-2", "input_tokens": 1, "output_tokens": 1}, "'bar-2'"),
        ("workload_cost", GPT | {"calls_per_day": 0}, "calls_per_day"),
        ("workload_cost", GPT | {"calls_per_day": 5, "cached_share": 1.5}, "cached_share"),
        ("workload_cost", GPT | {"calls_per_day": 5, "months": 0}, "months"),
        (
            "agent_cost",
            {"model": "gpt-5", "steps": 0, "system_tokens": 1, "tokens_per_step": 1, "output_tokens_per_step": 1},
            "steps",
        ),
        ("serving_cost", {"gpu_price_per_hour": 2, "gpus": 8, "tokens_per_second": 100, "utilisation": 1.2}, "120%"),
        ("serving_cost", {"gpu_price_per_hour": 2, "gpus": 8, "tokens_per_second": 100, "utilisation": "150%"}, "100%"),
        ("serving_cost", {"gpu_price_per_hour": 2, "gpus": 8, "tokens_per_second": 0}, "tokens_per_second"),
        (
            "break_even",
            {"api_price_per_mtok": 1, "fixed_cost_per_month": 5, "own_cost_per_mtok": 1},
            "never break even",
        ),
        # what is no number
        ("growth", {"start": "abc", "end": 1}, "start"),
        ("growth", {"start": True, "end": 1}, "one number"),
        ("growth", {"start": [1], "end": 1}, "one number"),
        ("growth", {"start": float("nan"), "end": 1}, "start"),
        ("growth", {"start": float("inf"), "end": 1}, "start"),
        ("growth", {"start": "1e99", "end": 1}, "check its scale"),
        ("npv", {"rate": "5%", "cash_flows": []}, "list"),
        ("npv", {"rate": "5%", "cash_flows": "1,000,000"}, "separate the items with ';'"),
        ("npv", {"rate": "5%", "cash_flows": "10亿,12亿,14"}, "give every item its own"),
        ("npv", {"rate": "5%", "cash_flows": "[1, 2"}, "JSON"),
        ("npv", {"rate": "5%", "cash_flows": [1] * 1001}, "the most"),
    ],
)
def test_refused_with_a_reason(tool: str, arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError) as refusal:
        tools.run(tool, arguments)
    message = str(refusal.value)
    assert reason in message
    assert len(message) < 500


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('true')",
        "a.__class__",
        "(lambda: 1)()",
        "[1, 2]",
        "'a' * 9",
        "1 if 1 else 2",
        "x := 5",
        "1 < 2",
        "True + 1",
        "1j",
        "0x10",
        "1 << 4",
        "~1",
        "f'{1}'",
        "max(1, 2)",
        "a[0]",
        "9**9**9",
        "10**39*10**39",
        "(-8)**0.5",
        "0**-1",
        "1/0",
        "5 % 0",
        "1e999",
        "nan",
        "",
        " ",
        "1 +",
        "\x00",
        "(" * 300 + "1" + ")" * 300,
        "+".join("1" * 251),
        "1" * 501,
        "-" * 400 + "1",
        "literal_0",
    ],
)
def test_expressions_that_are_no_arithmetic(expression: str) -> None:
    with pytest.raises(InputError):
        tools.run("calculate", {"expression": expression, "variables": {"a": 1}})


@pytest.mark.parametrize("name", ["", "1a", "a b", "a.b", "a-b"])
def test_names_that_no_variable_can_have(name: str) -> None:
    with pytest.raises(InputError, match="variable's name"):
        tools.run("calculate", {"expression": "1", "variables": {name: 1}})


@pytest.mark.parametrize(
    ("given", "fraction"),
    [("26%", "26"), (0.26, "26"), ("0.26", "26"), ("２６％", "26"), ("150bps", "1.5"), ("-5%", "-5"), ("150%", "150")],
)
def test_rates_as_percent_or_fraction_mean_the_same(given: object, fraction: str) -> None:
    calculation = tools.run("project", {"value": 100, "rate": given, "periods": 1})
    assert calculation.inputs["rate"] == {"value": fraction, "unit": "%"}


def test_operands_without_a_unit_adopt_the_others() -> None:
    assert tools.run("enterprise_value", {"market_cap": "1280亿", "debt": "20亿CNY"}).unit == "CNY"
    assert tools.run("enterprise_value", {"market_cap": "100元", "debt": "20HKD"}).unit == "HKD"
    assert tools.run("enterprise_value", {"market_cap": 100, "debt": 20}).unit == ""

"""The registry: one table of tools for command line, forms and models."""

from __future__ import annotations

import dataclasses
import inspect
import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from assistant import calculators, tools
from assistant.calculators.operands import Count, Money, Outcome, outcome
from assistant.errors import InputError

# The names and arguments that other programs rely on.
CONTRACT = {
    "count_tokens": "text model",
    "model_price": "model provider at",
    "token_cost": "model input_tokens output_tokens cached_input_tokens calls provider at",
    "compare_token_costs": "models input_tokens output_tokens cached_input_tokens calls",
    "workload_cost": "model calls_per_day input_tokens output_tokens cached_share days monthly_growth months",
    "agent_cost": "model steps system_tokens tokens_per_step output_tokens_per_step cached",
    "serving_cost": "gpu_price_per_hour gpus tokens_per_second utilisation",
    "break_even": "api_price_per_mtok fixed_cost_per_month own_cost_per_mtok",
    "growth": "start end periods",
    "project": "value rate periods",
    "share": "part whole",
    "ratio": "a b",
    "enterprise_value": "market_cap debt cash minorities preferred",
    "multiple": "kind price_or_value base",
    "peg": "pe growth",
    "implied_price": "base multiple shares net_debt",
    "upside": "price target",
    "implied_shares": "market_cap price",
    "comparables": "values",
    "capital_intensity": "capex revenue",
    "dcf": "cash_flows discount_rate terminal_growth exit_multiple net_debt shares mid_year",
    "reverse_dcf": "price",
    "sensitivity": "tool arguments vary",
    "npv": "rate cash_flows",
    "irr": "cash_flows",
    "payback": "investment annual_cash discount_rate",
    "cluster_return": "investment equity_share debt_rate debt_years annual_cash life_years residual",
    "market_size": "users paying_share price_per_period periods",
    "convert_currency": "amount rate",
    "calculate": "expression variables",
}
IRR = {"cash_flows": "-100,60,60"}
DCF = {"cash_flows": [10, 12], "net_debt": 5}
DCF_TABLE = {"discount_rate": ["8%", "9%"], "terminal_growth": ["2%", "3%", "8%"]}


def test_every_tool_of_the_contract_takes_its_arguments_in_order() -> None:
    described = {info.name: [argument.name for argument in info.arguments] for info in tools.describe()}
    assert described.keys() == CONTRACT.keys()
    for name, arguments in CONTRACT.items():
        assert described[name][: len(arguments.split())] == arguments.split()


def test_descriptions_are_complete_and_plain_json() -> None:
    for info in tools.describe():
        assert info.group in {"token cost", "valuation", "arithmetic"}
        assert info.summary_en
        assert any("\u4e00" <= c <= "\u9fff" for c in info.summary_zh)
        assert info.use
        assert info.source
        assert info.result_unit
        assert all(argument.description for argument in info.arguments)
        json.dumps(dataclasses.asdict(info))


def test_every_calculator_names_the_source_of_its_formula() -> None:
    functions = [function for group in calculators.GROUPS.values() for function in group]
    assert [f.__name__ for f in functions if "Source:" not in (inspect.getdoc(f) or "")] == []


def test_a_calculation_carries_inputs_formula_and_steps() -> None:
    found = tools.run("upside", {"price": "264.18CNY", "target": "300CNY"}, id="c7")
    assert found.id == "c7"
    assert found.inputs == {"price": {"value": "264.18", "unit": "CNY"}, "target": {"value": "300", "unit": "CNY"}}
    assert found.unit == "%"
    assert found.formula == "target / price − 1"
    assert found.substituted == "300 / 264.18 − 1 ≈ 13.5589%"
    assert found.steps == ("difference: 35.82 CNY",)
    assert found.result.startswith("13.558937")
    json.dumps(dataclasses.asdict(found))


def test_every_result_is_plain_json_and_its_numbers_can_be_listed() -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("irr", IRR),
        ("model_price", {"model": "gpt-5"}),
        ("comparables", {"values": "1,2"}),
        ("sensitivity", {"tool": "dcf", "arguments": DCF, "vary": DCF_TABLE}),
    ]
    for name, arguments in cases:
        found = tools.run(name, arguments)
        json.dumps(dataclasses.asdict(found))
        assert all(isinstance(value, Decimal) for _, value, _ in tools.results(found))
        assert tools.results(found)


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("implied_shares", {"market_cap": "1280亿", "price": "264.18CNY"}, "484,518,131.58 shares"),
        ("growth", {"start": 86, "end": 140, "periods": 3}, "17.6368%"),
        ("ratio", {"a": 1, "b": 3}, "0.333333x"),
        ("token_cost", {"model": "gpt-4o-mini", "input_tokens": 1, "output_tokens": 0}, "0.00000015 USD"),
        ("compare_token_costs", {"models": "gpt-4o", "input_tokens": 1000000, "output_tokens": 0}, "gpt-4o 2.5 USD"),
    ],
)
def test_results_are_shown_sensibly_rounded(name: str, arguments: dict[str, Any], text: str) -> None:
    assert tools.shown_result(tools.run(name, arguments)) == text


def test_defaults_that_took_part_are_among_the_inputs() -> None:
    inputs = tools.run("growth", {"start": "1", "end": "2"}).inputs
    assert inputs["periods"] == {"value": "1", "unit": None}


def test_empty_fields_of_a_form_count_as_left_out() -> None:
    assert tools.run("growth", {"start": "1", "end": "2", "periods": ""}).result == "100"
    with pytest.raises(InputError, match="also needs end"):
        tools.run("growth", {"start": "1", "end": ""})


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("grwoth", {}, "Did you mean growth"),
        ("frobnicate", {}, "There is no tool 'frobnicate'"),
        ("growth", {"star": 1, "end": 2}, "no argument 'star'. Did you mean start"),
        ("growth", {"end": 2}, "also needs start"),
        ("growth", {}, "also needs start and end"),
    ],
)
def test_unknown_tools_and_arguments_get_near_matches(name: str, arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason.replace(".", r"\.")):
        tools.run(name, arguments)


# ---------------------------------------------------------------- sensitivity


@pytest.mark.parametrize("as_text", [False, True])
def test_a_sensitivity_table_holds_what_single_runs_give(as_text: bool) -> None:
    given = {"arguments": DCF, "vary": DCF_TABLE}
    arguments = {key: json.dumps(value) if as_text else value for key, value in given.items()}
    table = tools.run("sensitivity", {"tool": "dcf", **arguments}).result
    assert (table["rows"], table["columns"]) == ("discount_rate", "terminal_growth")
    for rate, row in zip(table["row_values"], table["values"], strict=True):
        for growth, cell in zip(table["column_values"], row, strict=True):
            if rate == growth == "8%":
                assert cell is None
            else:
                single = tools.run("dcf", {**DCF, "discount_rate": rate, "terminal_growth": growth}).result
                assert Decimal(cell) == Decimal(single)


def test_a_refused_cell_says_why() -> None:
    found = tools.run("sensitivity", {"tool": "dcf", "arguments": DCF, "vary": DCF_TABLE})
    assert any("8%" in step and "refused" in step and "infinite" in step for step in found.steps)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"tool": "sensitivity", "arguments": {}, "vary": {"a": [1]}}, "another tool"),
        ({"tool": "dcf", "arguments": DCF, "vary": {}}, "one or two"),
        ({"tool": "growth", "arguments": {}, "vary": {"start": [1], "end": [1], "periods": [1]}}, "one or two"),
        ({"tool": "growth", "arguments": {}, "vary": {"start": [1], "end": 5}}, "list of values"),
        ({"tool": "growth", "arguments": {"end": 1}, "vary": {"start": [-1, -2]}}, "n.m."),
        ({"tool": "growth", "arguments": {"end": 1}, "vary": {"strt": [1]}}, "Did you mean start"),
        ({"tool": "growth", "arguments": {}, "vary": {"start": [1] * 21, "end": [1] * 20}}, "400"),
        ({"tool": "comparables", "arguments": {}, "vary": {"values": ["1,2"]}}, "several results"),
        ({"tool": "nothing", "arguments": {}, "vary": {"values": ["1,2"]}}, "no tool"),
        (
            {"tool": "multiple", "arguments": {"price_or_value": 9, "base": 1}, "vary": {"kind": "pe,fcf_yield"}},
            "different units",
        ),
    ],
)
def test_sensitivity_refuses_what_makes_no_table(arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError) as refusal:
        tools.run("sensitivity", arguments)
    assert reason in str(refusal.value)


# ---------------------------------------------------------------- for models


def test_a_model_gets_the_result_as_text_and_the_program_the_calculation() -> None:
    by_name = {tool.name: tool for tool in tools.langchain_tools()}
    call = {"type": "tool_call", "id": "call-1", "name": "irr", "args": IRR}
    message = by_name["irr"].invoke(call)
    assert message.artifact == tools.run("irr", IRR)
    assert json.loads(message.content)["result"] == message.artifact.result
    assert message.status == "success"


def test_a_refusal_reaches_the_model_as_an_error_it_can_act_on() -> None:
    by_name = {tool.name: tool for tool in tools.langchain_tools()}
    for arguments, reason in [
        ({"start": -1, "end": 2}, "n.m."),
        ({"start": 1}, "end"),
        ({"star": 1, "end": 2}, "star"),
    ]:
        message = by_name["growth"].invoke({"type": "tool_call", "id": "x", "name": "growth", "args": arguments})
        assert reason in message.content


def test_schemas_say_what_a_model_may_send() -> None:
    by_name = {tool.name: tool for tool in tools.langchain_tools()}
    schema = by_name["multiple"].get_input_jsonschema()
    assert schema["properties"]["kind"]["enum"][0] == "pe"
    assert schema["required"] == ["kind", "price_or_value", "base"]
    assert schema["additionalProperties"] is False
    assert {option["type"] for option in schema["properties"]["base"]["anyOf"]} == {"number", "string"}


def test_null_for_an_optional_argument_counts_as_left_out() -> None:
    by_name = {tool.name: tool for tool in tools.langchain_tools()}
    assert '"100"' in by_name["growth"].invoke({"start": 1, "end": 2, "periods": None})


# ---------------------------------------------------------------- joining in


def test_further_tools_join_a_registry_of_their_own() -> None:
    def half(amount: Money, times: Count = Decimal(1)) -> Outcome:
        """Return half of an amount."""
        return outcome(
            amount.value / 2**times, amount.unit or "", "amount / 2^times", {"amount": amount, "times": times}
        )

    prose = {
        "en": "Half",
        "zh": "一半",
        "use": "Use to halve.",
        "unit": "currency",
        "arguments": {"amount": "What to halve", "times": "How often"},
    }
    registry = tools.calculators_registry()
    registry.add(half, "arithmetic", prose)
    found = registry.run("half", {"amount": "10CNY", "times": 2})
    assert (found.result, found.unit, found.substituted) == ("2.5", "CNY", "10 / 2^2 = 2.5 CNY")
    assert registry.run("sensitivity", {"tool": "half", "arguments": {}, "vary": {"amount": [1, 2]}}).result["values"]
    assert "half" in [tool.name for tool in registry.langchain_tools()]
    assert "half" not in [info.name for info in tools.describe()]


def test_importing_and_describing_stays_light() -> None:
    program = (
        "import sys, assistant.tools as t; t.describe(); t.run('growth', {'start': 1, 'end': 2});"
        "print([m for m in ('tiktoken', 'genai_prices', 'langchain_core', 'pydantic', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

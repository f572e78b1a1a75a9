"""Everyday arithmetic of reports: growth, shares, ratios, currencies, and a safe evaluator of expressions."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from fractions import Fraction

from assistant.calculators.operands import (
    HUNDRED,
    ONE,
    Amount,
    Count,
    Money,
    Outcome,
    Quantity,
    Rate,
    Text,
    Variables,
    common_unit,
    is_currency,
    outcome,
    percent,
    positive,
    read_amount,
    shown,
    substitute,
)
from assistant.errors import InputError


def growth(start: Quantity, end: Quantity, periods: Count = ONE) -> Outcome:
    """Return the growth from `start` to `end`, in % a period: compound (CAGR) over more than one period.

    Source: CFA Institute, Quantitative Methods, "Rates and Returns" (compound annual growth rate).
    Raises InputError for a base of zero or less, an end below zero, no periods, or different units.
    """
    common_unit(start=start, end=end)
    positive(start, "start", "growth from a base of zero or from a loss has no meaning (n.m.)")
    positive(periods, "periods", "growth needs at least some time to pass")
    if end.value < 0:
        raise InputError("end is negative: a fall from a profit to a loss has no meaningful growth rate (n.m.).")
    rate = (end.value / start.value) ** (ONE / periods) - 1
    total = f"change in all: {shown(end.value - start.value)}, or {shown((end.value / start.value - 1) * HUNDRED, '%')}"
    formula = "end / start − 1" if periods == 1 else "(end / start)^(1 / periods) − 1"
    return outcome(
        rate * HUNDRED,
        "%",
        formula,
        {"start": start, "end": end, "periods": periods},
        total,
        f"end / start = {shown(end.value / start.value, 'x')}",
    )


def project(value: Quantity, rate: Rate, periods: Count) -> Outcome:
    """Return `value` after growing by `rate` for a number of periods, in the unit of `value`.

    Source: CFA Institute, Quantitative Methods, "The Time Value of Money in Finance" (future value of a single sum).
    Raises InputError for no periods or a rate of -100 % or less.
    """
    positive(periods, "periods", "a projection needs at least one period")
    if rate <= -1:
        raise InputError(f"rate={shown(rate * HUNDRED, '%')}: nothing can shrink by 100% or more a period and go on.")
    years = range(1, int(periods) + 1) if periods <= 12 else ()
    steps = [f"after {n}: {shown(value.value * (1 + rate) ** n, value.unit)}" for n in years]
    return outcome(
        value.value * (1 + rate) ** periods,
        value.unit or "",
        "value × (1 + rate)^periods",
        {"value": value, "rate": percent(rate), "periods": periods},
        *steps,
    )


def share(part: Quantity, whole: Quantity) -> Outcome:
    """Return `part` as a percentage of `whole`.

    Source: common-size analysis, CFA Institute, "Financial Analysis Techniques".
    Raises InputError for a whole of zero or less, a part above the whole, or different units.
    """
    common_unit(part=part, whole=whole)
    positive(whole, "whole", "a share of nothing, or of a loss, has no meaning")
    if part.value > whole.value:
        raise InputError(
            f"part ({shown(part.value)}) is larger than whole ({shown(whole.value)}); if that is no slip, use ratio."
        )
    return outcome(part.value / whole.value * HUNDRED, "%", "part / whole", {"part": part, "whole": whole})


def ratio(a: Quantity, b: Quantity) -> Outcome:
    """Return a / b: a multiple ("x") of like things, or a quantity per unit ("CNY/users") of unlike ones.

    Source: definition of a ratio. Raises InputError for b = 0 or two currencies.
    """
    if b.value == 0:
        raise InputError("b is zero: nothing can be divided by it.")
    unit = "x"
    if a.unit and b.unit and is_currency(a.unit) and is_currency(b.unit):
        common_unit(a=a, b=b)
    elif (a.unit or b.unit) and a.unit != b.unit:
        unit = _unit_text({a.unit or "": 1, b.unit or "": -1}) if b.unit else a.unit or "x"
    return outcome(a.value / b.value, unit, "a / b", {"a": a, "b": b})


def convert_currency(amount: Money, rate: Quantity, to: Text = "") -> Outcome:
    """Return an amount of money in another currency. `rate` is how much of the other one buys one of the amount's.

    A rate with both currencies ("7.1 CNY/USD") says itself which way to go. Source: CFA Institute, Economics,
    "Currency Exchange Rates" (price currency per unit of base currency).
    Raises InputError for a rate of zero or less, or currencies that do not fit together.
    """
    positive(rate, "rate", "an exchange rate is a positive price")
    price, _, base = (rate.unit or "").partition("/")
    target = to.strip().upper() or price
    for currency in (price, base, target):
        if currency and not is_currency(currency):
            raise InputError(f"'{currency}' is no currency code such as CNY, USD, HKD or TWD.")
    if price and base and amount.unit == price and target in (base, price):
        return outcome(
            amount.value / rate.value,
            base,
            "amount / rate",
            {"amount": amount, "rate": rate},
            f"rate: {shown(rate.value)} {price} for 1 {base}",
        )
    if base and amount.unit not in (base, None):
        raise InputError(f"rate is {rate.unit}, but amount is in {amount.unit}; the two do not fit together.")
    if price and target != price:
        raise InputError(f"rate is in {price}, but the amount should become {target}; give the rate in {target}.")
    if amount.unit and target == amount.unit:
        raise InputError(f"amount is in {target} already; give the rate in the currency that it should become.")
    return outcome(
        amount.value * rate.value,
        target,
        "amount × rate",
        {"amount": amount, "rate": rate},
        f"rate: {shown(rate.value)} {target or 'of the other currency'} for 1 {amount.unit or 'unit'}",
    )


# ---------------------------------------------------------------- calculate

_LONGEST = 500
_MOST_NODES = 200
_LARGEST_POWER = 1000
_LARGEST_RESULT = Decimal("1e40")
_ALLOWED = "numbers, variables, + - * / // % ^ and brackets"
_SPELLINGS = str.maketrans({"×": "*", "÷": "/", "−": "-", "–": "-", "^": "\x00"})
_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SCALED = re.compile(r"(?<![\w.])(\d[\d.]*)(万亿|萬億|[万萬亿億兆]|%(?!\s*[\w(.]))")


def calculate(expression: Text, variables: Variables | None = None) -> Outcome:
    """Return the value of an arithmetic expression (+ - * / // % ** or ^, brackets) over named variables.

    Units are carried along: adding needs like units (a bare number adopts the other's), dividing like units leaves a
    bare number, and 18% is 0.18. Evaluated over its syntax tree: no attributes, no calls, no names but the variables.
    Source: the rules of arithmetic; powers bind before products, as in print.
    Raises InputError for anything else, for sizes beyond 1e40 and for powers beyond 1,000.
    """
    if not expression.strip() or len(expression) > _LONGEST:
        raise InputError(f"expression should have 1 to {_LONGEST} characters; this one has {len(expression)}.")
    given = dict(variables or {})
    names = {_identifier(name): amount for name, amount in given.items()}

    def literal(match: re.Match[str]) -> str:
        name = f"literal_{len(names)}"
        names[name] = read_amount(match[0], "a number")
        return f" {name} "

    text = unicodedata.normalize("NFKC", expression).translate(_SPELLINGS).replace("\x00", "**")
    source = _SCALED.sub(literal, _SEPARATOR.sub("", text)).strip()
    steps: list[str] = []
    measure = _evaluate(_parse(source), source, {name: _measure(amount) for name, amount in names.items()}, steps)
    value, unit = measure.value, _unit_text(measure.units)
    as_percent = () if unit or abs(value) >= HUNDRED else (f"as a percentage: {shown(value * HUNDRED, '%')}",)
    formula = expression.strip()
    result = outcome(value, unit, formula, {}, *steps[-12:-1], *as_percent)
    tail = result.substituted[len(formula) :]
    return Outcome(value, unit, formula, substitute(formula, **given) + tail, result.steps)


def _identifier(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).strip()
    if not folded.isidentifier():
        raise InputError(f"'{name}' can't be a variable's name; use letters, digits and underscores, no digit first.")
    return folded


@dataclass(frozen=True, slots=True)
class _Measure:
    """A value and the powers of its units: CNY per user is {"CNY": 1, "users": -1}; {} for a bare number."""

    value: Decimal
    units: Mapping[str, int] = field(default_factory=dict)


def _measure(amount: Amount) -> _Measure:
    if amount.unit in ("%", "pp"):
        return _Measure(amount.value / HUNDRED)
    if amount.unit == "bp":
        return _Measure(amount.value / HUNDRED / HUNDRED)
    above, _, below = (amount.unit or "").partition("/")
    return _Measure(amount.value, {u: n for u, n in ((above, 1), (below, -1)) if u and u != "x"})


def _parse(source: str) -> ast.expr:
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"expression can't be read as arithmetic; it may hold {_ALLOWED}.") from None
    if sum(1 for _ in ast.walk(tree)) > _MOST_NODES:
        raise InputError("expression is too long to check; split it in two.")
    return tree.body


def _evaluate(node: ast.expr, source: str, variables: Mapping[str, _Measure], steps: list[str]) -> _Measure:
    """Walk the syntax tree from its leaves up, noting each operation in `steps`."""
    match node:
        case ast.Constant():
            return _number(ast.get_source_segment(source, node) or "")
        case ast.Name(id=name):
            return _variable(name, variables)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            measure = _evaluate(inner, source, variables, steps)
            return _Measure(-measure.value, measure.units)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _evaluate(inner, source, variables, steps)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            first = _evaluate(left, source, variables, steps)
            return _operate(type(op), first, _evaluate(right, source, variables, steps), steps)
    raise InputError(f"expression may hold {_ALLOWED}, and nothing else.")


def _number(written: str) -> _Measure:
    if not re.fullmatch(r"(?=.*\d)[\d_]*\.?[\d_]*(?:[eE][-+]?\d{1,2})?", written):
        raise InputError(f"'{written[:40]}' is no decimal number.")
    return _Measure(Decimal(written))


def _variable(name: str, variables: Mapping[str, _Measure]) -> _Measure:
    if name not in variables:
        known = ", ".join(sorted(n for n in variables if not n.startswith("literal_"))) or "none"
        raise InputError(f"'{name}' has no value; the variables given are: {known}.")
    return variables[name]


def _operate(kind: type[ast.operator], left: _Measure, right: _Measure, steps: list[str]) -> _Measure:
    sign, apply = _OPERATIONS[kind]
    operation = f"{shown(left.value)} {sign} {shown(right.value)}"
    try:
        measure = apply(left, right)
    except DecimalException:
        raise InputError(f"{operation} has no value.") from None
    if abs(measure.value) > _LARGEST_RESULT:
        raise InputError(f"{operation} is beyond {_LARGEST_RESULT:.0e}.")
    steps.append(f"{operation} = {shown(measure.value, _unit_text(measure.units))}")
    return measure


def _added(left: _Measure, right: _Measure, sign: int) -> _Measure:
    if left.units and right.units and left.units != right.units:
        names = [_unit_text(side.units) for side in (left, right)]
        raise InputError(f"{names[0]} and {names[1]} can't be added or subtracted; convert one of them first.")
    return _Measure(left.value + sign * right.value, left.units or right.units)


def _multiplied(left: _Measure, right: _Measure, sign: int) -> _Measure:
    if sign < 0 and right.value == 0:
        raise InputError(f"{shown(left.value)} is divided by zero.")
    units = {u: left.units.get(u, 0) + sign * right.units.get(u, 0) for u in (*left.units, *right.units)}
    value = left.value * right.value if sign > 0 else left.value / right.value
    return _Measure(value, {u: n for u, n in units.items() if n})


def _whole_part(left: _Measure, right: _Measure) -> _Measure:
    quotient = _multiplied(left, right, -1)
    return _Measure(quotient.value.to_integral_value(rounding="ROUND_FLOOR"), quotient.units)


def _remainder(left: _Measure, right: _Measure) -> _Measure:
    _added(left, right, 1)
    return _Measure(left.value - right.value * _whole_part(left, right).value, left.units or right.units)


def _power(left: _Measure, right: _Measure) -> _Measure:
    if right.units:
        raise InputError(f"a power can't be in {_unit_text(right.units)}.")
    if abs(right.value) > _LARGEST_POWER:
        raise InputError(f"a power of {shown(right.value)} is beyond {_LARGEST_POWER:,}.")
    if left.value < 0 and right.value != right.value.to_integral_value():
        raise InputError(f"{shown(left.value)} is negative: it has no real power of {shown(right.value)}.")
    if left.value == 0 and right.value <= 0:
        raise InputError(f"zero to the power of {shown(right.value)} has no value.")
    powers = {u: Fraction(right.value) * n for u, n in left.units.items()}
    if any(n.denominator != 1 for n in powers.values()):
        unit = _unit_text(left.units)
        raise InputError(f"{unit} can't be raised to {shown(right.value)}; divide by a like amount first.")
    return _Measure(left.value**right.value, {u: int(n) for u, n in powers.items() if n})


_OPERATIONS: dict[type[ast.operator], tuple[str, Callable[[_Measure, _Measure], _Measure]]] = {
    ast.Add: ("+", lambda a, b: _added(a, b, 1)),
    ast.Sub: ("−", lambda a, b: _added(a, b, -1)),
    ast.Mult: ("×", lambda a, b: _multiplied(a, b, 1)),
    ast.Div: ("/", lambda a, b: _multiplied(a, b, -1)),
    ast.FloorDiv: ("//", _whole_part),
    ast.Mod: ("mod", _remainder),
    ast.Pow: ("^", _power),
}


def _unit_text(units: Mapping[str, int]) -> str:
    """{"CNY": 1, "users": -1} is "CNY/users"; {"CNY": 2} is "CNY^2"."""
    above = [f"{u}^{n}" if n > 1 else u for u, n in units.items() if n > 0 and u]
    below = [f"{u}^{-n}" if n < -1 else u for u, n in units.items() if n < 0 and u]
    if not below:
        return "·".join(above)
    return f"{'·'.join(above) or '1'}/{'·'.join(below)}"

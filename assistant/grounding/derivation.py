"""Arithmetic that a sentence itself states, or announces, over figures that are proven."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from itertools import combinations, permutations

from assistant.calculators.arithmetic import calculate
from assistant.calculators.operands import Amount
from assistant.errors import InputError
from assistant.grounding.cues import operations
from assistant.language import fold
from assistant.quantities import Quantity

_PER = r"(?:\s*/\s*(?:天|日|周|週|月|年|分钟|分鐘|小时|小時|秒|day|week|month|year|minute)(?![A-Za-z]))?"
_OPERATOR = re.compile(
    rf"{_PER}[²³⁴⁵⁶⁷⁸⁹]?[\s×x*÷/+加−–\-()（）^]*(?:[×x*÷/+加−–^]|\*\*|-)[\s×x*÷/+加−–\-()（）^]*", re.I
)
_CONSTANTS = frozenset(map(Decimal, [*range(1, 13), 24, 30, 52, 60, 100, 365, 1000, 1440, 3600, 86400]))
_NEARBY = ("sum", "difference")  # announced right beside the figure, or not at all
_MOST_OPERANDS = 8
_TOLERANCE = Decimal("0.05")  # of a multiple without decimals: half a unit of 2 times says nothing
_HAIR = Decimal("1.0001")
_POWERS = {ord(sign): f"^{n}" for n, sign in enumerate("²³⁴⁵⁶⁷⁸⁹", 2)}
_POWER = re.compile(r"[)）]?\s*(?:\^|\*\*)\s*[(（]?\s*\Z")


def expressions(text: str, figures: Sequence[Quantity]) -> list[list[int]]:
    """The expressions written out in a text, each as the indices of its operands."""
    return list(_runs(text, figures))


def _runs(text: str, figures: Sequence[Quantity]) -> Iterator[list[int]]:
    run: list[int] = []
    for i, figure in enumerate(figures):
        gap = text[figures[run[-1]].end : figure.start] if run else ""
        signed = run and not gap.strip() and figure.text[:1] in "+-−–"
        if run and (_OPERATOR.fullmatch(gap) or signed):
            run.append(i)
            continue
        if len(run) > 1:
            yield run
        run = [i]
    if len(run) > 1:
        yield run


def value_of(text: str, operands: Sequence[Quantity]) -> Decimal | None:
    """The value of the expression that these operands stand in. A percentage counts as its hundredth."""
    first, last = operands[0], operands[-1]
    opening = re.search(r"[(（]+\Z", text[: first.start])
    closing = re.match(r"[²³⁴⁵⁶⁷⁸⁹]|\s*[)）]+[²³⁴⁵⁶⁷⁸⁹]?", text[last.end :])
    pieces = [opening.group() if opening else ""]
    variables: dict[str, Amount] = {}
    for i, operand in enumerate(operands):
        gap = text[operands[i - 1].end : operand.start] if i else ""
        if i and operand.sign in ("-", "+") and operand.text[:1] in "+-−–" and not gap.strip():
            gap, value = gap + operand.sign, abs(operand.value)
        else:
            value = operand.value
        variables[f"q{i}"] = Amount(value / 100 if operand.unit == "%" else value, None)
        pieces += [re.sub(rf"^{_PER}", "", gap, flags=re.I).replace("加", "+"), f" q{i} "]
    pieces.append(closing.group() if closing else "")
    expression = (
        "".join(pieces).translate(_POWERS).replace("（", "(").replace("）", ")").replace("x", "*").replace("X", "*")
    )
    for attempt in _balanced(expression):
        try:
            return Decimal(calculate(attempt, variables).result)
        except (InputError, InvalidOperation):
            continue
    return None


def _balanced(expression: str) -> Iterator[str]:
    yield expression
    missing = expression.count("(") - expression.count(")")
    yield expression.replace("(", "", missing) if missing > 0 else expression[::-1].replace(")", "", -missing)[::-1]
    yield expression + ")" * missing if missing > 0 else "(" * -missing + expression


def is_constant(figure: Quantity) -> bool:
    """Whether an operand is a number that needs no source: months of a year, minutes of a day, a root, one."""
    if (
        figure.value in _CONSTANTS
        and figure.scale == 1
        and figure.unit in (None, "months", "minutes", "hours", "days", "seconds", "years", "quarters", "weeks")
    ):
        return True
    return bool(re.fullmatch(r"1/\d{1,2}", figure.text.strip()))


def agrees(figure: Quantity, value: Decimal, falls: bool) -> bool:
    """Whether a figure states this value to its last printed digit; its sign may be said in words (`falls`)."""
    shown = value * 100 if figure.unit in ("%", "pp") else value
    if figure.low is not None and figure.high is not None:
        return any(abs(abs(end) - abs(shown)) <= figure.half_unit * _HAIR for end in (figure.low, figure.high))
    if shown * figure.value < 0 and not falls:
        return False
    return abs(abs(figure.value) - abs(shown)) <= figure.half_unit * _HAIR


def announced(
    figure: Quantity, clause: str, nearby: str, proven: Sequence[Quantity], years: int | None = None
) -> tuple[Quantity, ...] | None:
    """Figures that a figure is computed from, by the operation that its clause announces (a sum or
    difference: the words `nearby`); None if none fits.

    Only figures proven already are tried, in pairs, and for a sum all of one unit."""
    folded = fold(clause)
    near = fold(nearby)
    cues = {name for name, words in operations().items() if words.search(near if name in _NEARBY else folded)}
    operands = list(proven)[-_MOST_OPERANDS:]
    if figure.low is not None and figure.high is not None:
        return _of_ranges(figure, figure.low, figure.high, cues, operands)
    if "sum" in cues:
        alike = [q for q in operands if _alike(q, figure)]
        for size in range(len(alike), 1, -1):
            for chosen in combinations(alike, size):
                if _same_value(figure, sum((q.value for q in chosen), Decimal(0))):
                    return chosen
    for a, b in permutations(operands, 2):
        if any(name in cues and fits(figure, a, b) for name, fits in _PAIRS.items()):
            return a, b
    if "cagr" in cues and years:
        for a, b in permutations(operands, 2):
            if _same_unit(a, b) and a.value > 0 and b.value > 0 and figure.unit == "%":
                rate = (b.value / a.value) ** (Decimal(1) / years) - 1
                if abs(rate * 100 - figure.value) <= figure.half_unit:
                    return a, b
    return None


def _of_ranges(
    figure: Quantity, low: Decimal, high: Decimal, cues: set[str], operands: Sequence[Quantity]
) -> tuple[Quantity, ...] | None:
    """A range whose ends come from the ends of operands, one of which is a range."""
    ends = [replace(figure, value=end, low=None, high=None) for end in (low, high)]
    if "sum" in cues:
        ranges = [q for q in operands if q.low is not None and q.unit == figure.unit]
        for size in range(len(ranges), 1, -1):
            for chosen in combinations(ranges, size):
                if sum(q.low or 0 for q in chosen) == low and sum(q.high or 0 for q in chosen) == high:
                    return chosen
    for a, b in permutations(operands, 2):
        if a.low is None and b.low is None:
            continue
        for name, fits in _PAIRS.items():
            pairs = [(x, y) for x in _ends(a) for y in _ends(b)]
            if name in cues and all(any(fits(end, x, y) for x, y in pairs) for end in ends):
                return a, b
    return None


def _ends(q: Quantity) -> list[Quantity]:
    if q.low is None or q.high is None:
        return [q]
    return [replace(q, value=end, low=None, high=None) for end in (q.low, q.high)]


def _alike(a: Quantity, b: Quantity) -> bool:
    return a.unit == b.unit and a.low is None


def _same_unit(a: Quantity, b: Quantity) -> bool:
    return a.unit == b.unit or None in (a.unit, b.unit)


def _same_value(figure: Quantity, value: Decimal) -> bool:
    return abs(abs(value) - abs(figure.value)) <= figure.half_unit


def _difference(figure: Quantity, a: Quantity, b: Quantity) -> bool:
    points = a.unit == b.unit == "%" and figure.unit in ("pp", "%")
    return (
        (points or _same_unit(a, b))
        and a.value > b.value
        and not (figure.direction == "up" and a.start < b.start)
        and not (figure.direction == "down" and a.start > b.start)
        and (points or _loosely(figure, a))
        and _same_value(figure, a.value - b.value)
    )


def _loosely(figure: Quantity, a: Quantity) -> bool:
    return (
        figure.unit == a.unit or figure.unit in (None, "points") or (a.unit is None and figure.unit not in ("%", "x"))
    )


def _share(figure: Quantity, a: Quantity, b: Quantity) -> bool:
    return (
        figure.unit == "%"
        and _same_unit(a, b)
        and a.unit != "%"
        and b.value != 0
        and _same_value(figure, a.value / b.value * 100)
    )


def _ratio(figure: Quantity, a: Quantity, b: Quantity) -> bool:
    if b.value == 0 or figure.unit in ("%", "pp") or (figure.unit == "x" and not _same_unit(a, b)):
        return False
    grown = 1 if figure.direction == "up" else 0  # 提高 1 倍 is to twice as much
    value = a.value / b.value - grown
    telling = figure.digits > 0 or abs(figure.value - value) <= _TOLERANCE * figure.value
    return _same_value(figure, value) and telling and (figure.digits > 0 or figure.unit == "x")


def _growth(figure: Quantity, a: Quantity, b: Quantity) -> bool:
    if figure.unit != "%" or not _same_unit(a, b) or a.unit == "%" or a.value <= 0:
        return False
    value = (b.value / a.value - 1) * 100
    wrong_way = (value < 0 and figure.direction == "up") or (value > 0 and figure.direction == "down")
    return not wrong_way and _same_value(figure, value)


def _product(figure: Quantity, a: Quantity, b: Quantity) -> bool:
    if b.unit not in ("%", "x"):
        return False
    factor = b.value / 100 if b.unit == "%" else b.value
    return figure.unit in (a.unit, None) and a.unit not in ("%", "x") and _same_value(figure, a.value * factor)


_PAIRS: dict[str, Callable[[Quantity, Quantity, Quantity], bool]] = {
    "difference": _difference,
    "share": _share,
    "ratio": _ratio,
    "growth": _growth,
    "product": _product,
}

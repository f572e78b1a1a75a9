"""Operands and results of the calculators: how an argument is read, which units go together, how a result is shown.

A calculator is a pure function. The annotations of its parameters (Money, Rate, Count…) are all that the registry needs
to read the arguments from a command line, a form or a model, to describe them, and to record them in the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal, InvalidOperation, localcontext
from functools import lru_cache
from typing import Annotated, Any

from assistant.errors import InputError
from assistant.types import Citation

PRECISION = Context(prec=40)
HUNDRED = Decimal(100)
ZERO = Decimal(0)
ONE = Decimal(1)

_LARGEST = Decimal("1e30")
_MOST_ITEMS = 600
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?")
_CURRENCY = re.compile(r"[A-Z]{3}")  # No other unit has three capitals.
_VAGUE = "元"  # Which dollar or yuan it is depends on the report; it goes with any of these.
_VAGUE_MAY_BE = frozenset({"CNY", "HKD", "TWD"})


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and its unit: a currency code, "%", "x", "tokens"…; None where none was given. "26%" is 26 and "%"."""

    value: Decimal
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a calculator found: a Decimal, or named Amounts, or a table. The registry adds the tool and its inputs.

    `citations` are the places that a look-up read.
    """

    result: Any
    unit: str
    formula: str
    substituted: str
    steps: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of argument: how it is read from text or number, how it is recorded, the JSON schema of what is sent."""

    name: str
    read: Callable[[Any, str], Any]
    record: Callable[[Any], Any]
    schema: dict[str, Any]
    unit: str = ""


# ---------------------------------------------------------------- reading


def read_amount(given: Any, name: str) -> Amount:
    """Read one value with its unit ("1280亿", "264.18CNY", "26%", 12.5). Raises InputError naming the argument."""
    if isinstance(given, Amount):
        return given
    if isinstance(given, Mapping) and set(given) <= {"value", "unit"} and "value" in given:
        return Amount(read_amount(given["value"], name).value, given.get("unit") or None)
    if isinstance(given, bool) or not isinstance(given, str | int | float | Decimal):
        raise InputError(f"{name} should be one number, with its unit if it has one; {_quoted(given)} is not.")
    text = str(given).strip()
    if _PLAIN.fullmatch(text):
        return Amount(_bounded(Decimal(text), name))
    if _PLAIN.fullmatch(text[:-1]) and text[-1] in "%％":
        return Amount(_bounded(Decimal(text[:-1]), name), "%")
    return _read_quantity(text, name)


def _read_quantity(text: str, name: str) -> Amount:
    if not text:
        raise InputError(f"{name} is empty; give a number such as 12.5, 26% or 1280亿.")
    if len(text) > 80:
        raise InputError(f"{name} should be one number; {_quoted(text)} is too long for one.")
    try:
        amount = _parsed(text)
    except InputError as problem:
        raise InputError(f"{name}: {problem}") from None
    return Amount(_bounded(amount.value, name), amount.unit)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Amount:
    """Parsing costs more than most calculations, and tables of cases read the same texts over and over."""
    from assistant.quantities import read_quantity

    base, rate_of = _split_exchange_rate(text)
    quantity = read_quantity(base)
    unit = quantity.currency or quantity.unit
    return Amount(quantity.value, f"{unit}/{rate_of}" if rate_of else unit)


def _split_exchange_rate(text: str) -> tuple[str, str | None]:
    """ "7.1 CNY/USD" is read as "7.1 CNY" for each USD."""
    match = re.fullmatch(r"(.*[A-Z]{3})\s*/\s*([A-Z]{3})", text)
    return (match[1], match[2]) if match else (text, None)


def _bounded(value: Decimal, name: str) -> Decimal:
    if not value.is_finite():
        raise InputError(f"{name} should be a finite number.")
    if abs(value) > _LARGEST:
        raise InputError(f"{name} is beyond {_LARGEST:.0e}; check its scale.")
    return value


def _read_money(given: Any, name: str) -> Amount:
    amount = read_amount(given, name)
    if amount.unit is None or _is_money(amount.unit):
        return amount
    raise InputError(f"{name} is an amount of money; {_quoted(given)} is in {amount.unit}.")


def _read_rate(given: Any, name: str) -> Decimal:
    """A rate as a fraction: "26%" and 0.26 are both 0.26. A bare 26 is refused, since it would be 2,600%."""
    amount = read_amount(given, name)
    if amount.unit in ("%", "pp"):
        return amount.value / HUNDRED
    if amount.unit == "bp":
        return amount.value / HUNDRED / HUNDRED
    if amount.unit is not None:
        raise InputError(f"{name} is a rate; write it as 26% or 0.26, not in {amount.unit}.")
    if abs(amount.value) >= 1:
        raise InputError(
            f"{name}={amount.value} would be {shown(amount.value * HUNDRED)}%. "
            f"Write {shown(amount.value)}% or {plain(amount.value / HUNDRED)} if that is meant, "
            f"or {shown(amount.value * HUNDRED)}% in full."
        )
    return amount.value


def _read_share(given: Any, name: str) -> Decimal:
    """A part of a whole, 0 to 1: "26%" and 0.26 are both 0.26, and 1 is all of it."""
    amount = read_amount(given, name)
    value = ONE if amount.unit is None and amount.value == 1 else _read_rate(amount, name)
    if not 0 <= value <= 1:
        raise InputError(f"{name} is a part of a whole, between 0% and 100%; {shown(value * HUNDRED)}% is not.")
    return value


def _read_number(given: Any, name: str) -> Decimal:
    amount = read_amount(given, name)
    if amount.unit not in (None, "x"):
        raise InputError(f"{name} is a plain number or a multiple; {_quoted(given)} is in {amount.unit}.")
    return amount.value


def _read_count(given: Any, name: str) -> Decimal:
    amount = read_amount(given, name)
    if amount.unit is not None and (amount.unit in ("%", "pp", "bp") or _is_money(amount.unit)):
        raise InputError(f"{name} is a count; {_quoted(given)} is in {amount.unit}.")
    if amount.value < 0:
        raise InputError(f"{name} can't be negative; {plain(amount.value)} was given.")
    return amount.value


def _read_whole(given: Any, name: str) -> int:
    value = _read_count(given, name)
    if value != value.to_integral_value():
        raise InputError(f"{name} should be a whole number; {plain(value)} was given.")
    return int(value)


def _read_amounts(given: Any, name: str) -> tuple[Amount, ...]:
    items = _items(given, name)
    amounts = tuple(read_amount(item, f"{name}[{position}]") for position, item in enumerate(items, 1))
    scaled = [isinstance(i, str) and not _PLAIN.fullmatch(i.strip()) for i in items]
    bare = [i for i, is_scaled, a in zip(items, scaled, amounts, strict=True) if not is_scaled and a.value]
    if isinstance(given, str) and any(scaled) and bare:
        raise InputError(f"Some items of {name} have a unit and {_quoted(bare[0])} has none; give every item its own.")
    return amounts


def _read_money_list(given: Any, name: str) -> tuple[Amount, ...]:
    return tuple(_read_money(amount, f"{name}[{n}]") for n, amount in enumerate(_read_amounts(given, name), 1))


def _items(given: Any, name: str) -> Sequence[Any]:
    """The items of a list, of JSON, or of text separated by semicolons or else commas."""
    if isinstance(given, str) and given.strip().startswith("["):
        given = _json(given, name)
    if isinstance(given, str):
        parts = re.split(r"[;；]" if re.search(r"[;；]", given) else r"[,，、]", given.strip())
        if any(re.match(r"\s*0\d", part) for part in parts):
            raise InputError(f"{name}: write large numbers without commas inside, or separate the items with ';'.")
        given = [part.strip() for part in parts if part.strip()]
    if isinstance(given, str | int | float | Decimal | Amount):
        given = [given]
    if not isinstance(given, Sequence) or not given:
        raise InputError(f"{name} should be a list such as 10,12,14.")
    if len(given) > _MOST_ITEMS:
        raise InputError(f"{name} has {len(given)} items; {_MOST_ITEMS} is the most.")
    return given


def _json(given: str, name: str) -> Any:
    try:
        return json.loads(given, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, InvalidOperation, RecursionError):
        raise InputError(f"{name} starts like JSON but is not; {_quoted(given)}.") from None


def _read_text(given: Any, name: str) -> str:
    if not isinstance(given, str):
        raise InputError(f"{name} should be text.")
    return given


def _read_name(given: Any, name: str) -> str:
    text = _read_text(given, name).strip()
    if not text or len(text) > 200:
        raise InputError(f"{name} should be a short text; {_quoted(given)} is not.")
    return text


def _read_names(given: Any, name: str) -> tuple[str, ...]:
    return tuple(_read_name(item, name) for item in _items(given, name))


def _read_flag(given: Any, name: str) -> bool:
    flags = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}
    flag = flags.get(str(given).strip().lower())
    if flag is None:
        raise InputError(f"{name} should be true or false; {_quoted(given)} is neither.")
    return flag


def _read_moment(given: Any, name: str) -> datetime:
    """An ISO date or date and time; without a zone it is UTC, without a time it is the start of that day."""
    if isinstance(given, date) and not isinstance(given, datetime):
        given = given.isoformat()
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given).strip())
    except ValueError:
        raise InputError(f"{name} should be a date such as 2026-06-02T18:00, and not {_quoted(given)}.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_mapping(given: Any, name: str) -> dict[str, Any]:
    """Read {"a": 1}, its JSON text, or "a=1; b=2"."""
    if isinstance(given, str) and given.strip().startswith("{"):
        given = _json(given, name)
    if isinstance(given, str):
        pairs = [part.partition("=") for part in re.split(r"[;；,，]", given) if part.strip()]
        if not all(sign and key.strip() for key, sign, _ in pairs):
            raise InputError(f'{name} should look like "a=1; b=2"; {_quoted(given)} does not.')
        given = {key.strip(): value.strip() for key, _, value in pairs}
    if not isinstance(given, Mapping):
        raise InputError(f"{name} should be names with values; {_quoted(given)} is not.")
    return {str(key): value for key, value in given.items()}


def _read_variables(given: Any, name: str) -> dict[str, Amount]:
    return {key: read_amount(value, key) for key, value in read_mapping(given, name).items()}


# ---------------------------------------------------------------- recording


def record(amount: Amount) -> dict[str, str | None]:
    """Return an amount as JSON holds it: the value as a decimal string in full precision, and the unit."""
    return {"value": plain(amount.value), "unit": amount.unit}


def _record_bare(value: Decimal | int) -> dict[str, str | None]:
    return record(Amount(Decimal(value)))


def _record_list(amounts: Sequence[Amount]) -> list[dict[str, str | None]]:
    return [record(amount) for amount in amounts]


def _record_variables(variables: Mapping[str, Amount]) -> dict[str, dict[str, str | None]]:
    return {name: record(amount) for name, amount in variables.items()}


def _record_rate(value: Decimal) -> dict[str, str | None]:
    return record(Amount(value * HUNDRED, "%"))


def _record_text(value: str) -> str:
    return value if len(value) <= 200 else f"{value[:200]}… ({len(value)} characters)"


def _json_safe(value: Any) -> Any:
    """Arguments of another tool as they were given, with decimals as strings."""
    if isinstance(value, Mapping):
        return {str(key): _json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(item) for item in value]
    return value if isinstance(value, bool | None) else str(value)


def plain(value: Decimal) -> str:
    """Return a decimal string without exponent or trailing zeros, at most 28 significant digits."""
    with localcontext(prec=28):
        value = +value
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def shown(value: Decimal, unit: str | None = None) -> str:
    """Return a number for reading: with separators, 2 decimals at most from 1,000 up, 4 from 1 up, else 6 digits."""
    size = abs(value)
    places = 2 if size >= 1000 else 4 if size >= 1 else max(0, 5 - size.adjusted()) if size else 0
    if size and size < Decimal("1e-12"):
        text = f"{value:.5e}"
    else:
        text = f"{value:,.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text + (unit if unit in ("%", "x") else f" {unit}" if unit else "")


def operand(value: Amount | Decimal | int | str) -> str:
    """Return an operand as it stands in a substituted formula: unrounded, negatives in brackets."""
    if isinstance(value, str):
        return value
    amount = value if isinstance(value, Amount) else Amount(Decimal(value))
    text = plain(amount.value)
    whole, point, fraction = text.lstrip("-").partition(".")
    text = ("-" if amount.value < 0 else "") + f"{int(whole):,}" + point + fraction
    text += "%" if amount.unit == "%" else ""
    return f"({text})" if amount.value < 0 else text


def percent(rate: Decimal) -> Amount:
    """Return a rate (0.26) as the amount that reports print (26 %)."""
    return Amount(rate * HUNDRED, "%")


def substitute(formula: str, **operands: Amount | Decimal | int | str) -> str:
    """Return the formula with every name replaced by its operand."""
    if not operands:
        return formula
    names = "|".join(sorted(map(re.escape, operands), key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{names})(?!\w)", lambda match: operand(operands[match[0]]), formula)


def outcome(
    result: Decimal, unit: str, formula: str, operands: Mapping[str, Amount | Decimal | int | str], *steps: str
) -> Outcome:
    """Return a result of one number, its formula substituted ("… = 26%"; "≈" where the shown result is rounded)."""
    text = shown(result, unit)
    sign = "=" if Decimal(re.sub(r"[^\d.e+-]", "", shown(result))) == result else "≈"
    return Outcome(result, unit, formula, f"{substitute(formula, **operands)} {sign} {text}", steps)


# ---------------------------------------------------------------- units


def is_currency(unit: str) -> bool:
    """Whether a unit is an ISO currency code (CNY, USD…)."""
    return bool(_CURRENCY.fullmatch(unit))


def _is_money(*units: str) -> bool:
    return all(unit == _VAGUE or is_currency(unit) for unit in units)


def common_unit(**amounts: Amount | None) -> str:
    """Return the unit that all amounts share ("" if none has one). Operands without a unit adopt the others'.

    Raises InputError naming both operands if two units differ.
    """
    found: tuple[str, str] | None = None
    for name, amount in amounts.items():
        if amount is None or amount.unit is None:
            continue
        if found is None or (found[1] == _VAGUE and amount.unit in _VAGUE_MAY_BE):
            found = (name, amount.unit)
        elif amount.unit != found[1] and not (amount.unit == _VAGUE and found[1] in _VAGUE_MAY_BE):
            raise InputError(
                f"{found[0]} is in {found[1]} and {name} in {amount.unit}; "
                + ("convert one of them first." if _is_money(found[1], amount.unit) else "they can't be combined.")
            )
    return found[1] if found else ""


def list_unit(name: str, amounts: Sequence[Amount], **others: Amount | None) -> str:
    """Return the unit that the items of a list share with each other and with `others`."""
    return common_unit(**{f"{name}[{n}]": amount for n, amount in enumerate(amounts, 1)}, **others)


def positive(amount: Amount | Decimal, name: str, reason: str) -> Decimal:
    """Return the value if it is above zero, else raise InputError: "name must be positive: reason"."""
    value = amount.value if isinstance(amount, Amount) else amount
    if value <= 0:
        raise InputError(f"{name} must be above zero, and {plain(value)} was given: {reason}.")
    return value


def not_negative(amount: Amount, name: str, reason: str) -> Decimal:
    """Return the value if it is zero or above, else raise InputError with the reason."""
    if amount.value < 0:
        raise InputError(f"{name} can't be negative, and {plain(amount.value)} was given: {reason}.")
    return amount.value


# ---------------------------------------------------------------- kinds of argument

_NUMBER = {"anyOf": [{"type": "number"}, {"type": "string"}]}
_NUMBERS = {"anyOf": [{"type": "array", "items": _NUMBER}, {"type": "string"}]}
_STRING = {"type": "string"}
_STRINGS = {"anyOf": [{"type": "array", "items": _STRING}, _STRING]}
_OBJECT = {"anyOf": [{"type": "object"}, _STRING]}
_SEVERAL = "any, the same for all"

Money = Annotated[Amount, Kind("money", _read_money, record, _NUMBER, "a currency")]
Quantity = Annotated[Amount, Kind("quantity", read_amount, record, _NUMBER, "any")]
MoneyList = Annotated[tuple[Amount, ...], Kind("list of money", _read_money_list, _record_list, _NUMBERS, "a currency")]
QuantityList = Annotated[
    tuple[Amount, ...], Kind("list of quantities", _read_amounts, _record_list, _NUMBERS, _SEVERAL)
]
Rate = Annotated[Decimal, Kind("rate", _read_rate, _record_rate, _NUMBER, "% or a fraction")]
Share = Annotated[Decimal, Kind("share", _read_share, _record_rate, _NUMBER, "0% to 100%, or a fraction")]
Number = Annotated[Decimal, Kind("number", _read_number, _record_bare, _NUMBER, "x")]
Count = Annotated[Decimal, Kind("count", _read_count, _record_bare, _NUMBER, "a count")]
Whole = Annotated[int, Kind("whole number", _read_whole, _record_bare, _NUMBER, "a count")]
Text = Annotated[str, Kind("text", _read_text, _record_text, _STRING)]
Name = Annotated[str, Kind("name", _read_name, _record_text, _STRING)]
NameList = Annotated[tuple[str, ...], Kind("list of names", _read_names, list, _STRINGS)]
Flag = Annotated[bool, Kind("true or false", _read_flag, bool, {"type": "boolean"})]
Moment = Annotated[datetime, Kind("date", _read_moment, datetime.isoformat, _STRING, "ISO 8601, UTC")]
Variables = Annotated[dict[str, Amount], Kind("names with values", _read_variables, _record_variables, _OBJECT, "any")]
Mapped = Annotated[dict[str, Any], Kind("names with values", read_mapping, _json_safe, _OBJECT)]


def _quoted(given: Any) -> str:
    text = str(given)
    return f"'{text if len(text) <= 60 else text[:57] + '…'}'"

"""One number as printed: its sign and currency before it, its scale, unit and bound after it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from assistant.quantities.numerals import NUMERAL, chinese_numeral
from assistant.quantities.quantity import Bound, Sign
from assistant.quantities.vocabulary import (
    CURRENCY,
    CURRENCY_NAMES,
    PER,
    PER_NAMES,
    SCALE,
    SPACE,
    UNIT,
    UNIT_NAMES,
    UNITS,
    last_letters,
    letter_before,
    scale_of,
    word_pattern,
    words,
)


def _match_of(match: re.Match[str] | None) -> re.Match[str]:
    assert match is not None  # of patterns that match the empty string too
    return match


_ = SPACE
_ENGLISH = {
    word: Decimal(i)
    for i, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
} | {"twenty": Decimal(20), "thirty": Decimal(30), "forty": Decimal(40), "fifty": Decimal(50)}
_ENGLISH_BEFORE = (
    "[ -]?fold|[ -](?:percent|per cent|times|hundred|thousand|million|billion|trillion|years?|months?|quarters?|weeks?"
    "|days?|hours?|basis|percentage)(?![A-Za-z])"
)
DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
HEAD = re.compile(
    rf"{DIGITS}|百分之[{NUMERAL}点點]+|[{NUMERAL}]+分之[{NUMERAL}]+|[{NUMERAL}]+(?:[点點][{NUMERAL}]+)?|[万亿萬億兆]"
    rf"|(?<![A-Za-z])(?i:one|two)[- ]thirds?(?![A-Za-z])"
    rf"|(?<![A-Za-z])(?i:{'|'.join(_ENGLISH)})(?={_ENGLISH_BEFORE})"
)
_MORE = "[余餘多几幾]"
_TAIL = re.compile(
    rf"(?:{_}(?P<more1>{_MORE}))?(?:{_}(?:-(?=[a-z]{{4}}))?(?P<scale>{SCALE}))?(?P<more2>{_MORE})?(?P<plus1>\+(?![0-9]))?"
    rf"(?:{_}(?:-(?=[a-z]{{4}}))?(?P<unit>{UNIT}))?(?P<plus2>\+(?![0-9A-Za-z轮輪]))?"
    rf"(?:(?<=[\w$])(?:/|[ ](?:per|a|an)[ ])(?P<per>{PER}))?"
)
_TAIL_BOUNDS: dict[str, Bound] = {"more1": "over", "more2": "over", "plus1": "at_least", "plus2": "at_least"}
_FRONT = re.compile(
    rf"(?P<cmp>[<>≤≥≈~～＜＞])?{_}(?P<sign>\+/-|[-–+±−])?(?:(?P<currency>(?<![A-Za-z])(?<![A-Z]{{3}}/)(?i:{CURRENCY})){_})?"
    r"(?P<sign2>[-+−])?\Z"
)
_FRONT_ENDS = last_letters(CURRENCY_NAMES) | frozenset("<>≤≥≈~～＜＞-–+±−")
_NO_FRONT = _match_of(_FRONT.search(""))
_SIGN_MAY_FOLLOW = re.compile(r"(?:^|[\s(（\[|/:：,，、。;；\"“‘~<>≤≥=*]|[\u3400-\u9fff])\Z")
# What joins a number to the next: "-" or 至 to a range, "/" to a list. It holds what _FRONT would hold of the next.
LINK = re.compile(
    rf"{_}(?:(?P<range>[-–—~～至到]|to(?=[ ]))|(?P<list>[/、])){_}(?P<cmp>[~<>])?(?P<sign>[-+−])?"
    rf"(?:(?P<currency>(?i:{CURRENCY})){_})?"
)
_COMPARE: dict[str, Bound] = {
    "<": "under", "＜": "under", ">": "over", "＞": "over", "≤": "at_most", "≥": "at_least",
    "≈": "about", "~": "about", "～": "about",
}  # fmt: skip


def _any_bound(prefix: str, bounds: Iterable[Bound]) -> str:
    return "|".join(f"(?P<{bound}>{word_pattern(prefix + bound)})" for bound in bounds)


_BOUNDS: tuple[Bound, ...] = ("about", "at_most", "at_least", "under", "over")
BEFORE = re.compile(rf"(?<![最附远遠])(?:{_any_bound('', _BOUNDS)})(?:[了为為是])?[ ]?\Z")
_BEFORE_ENDS = last_letters(word for bound in _BOUNDS for word in words(bound)) | frozenset("了为為是")
AFTER = re.compile(rf"{_}(?:{_any_bound('after ', ('at_least', 'at_most', 'about'))})(?![文游遊调調浮])")
_HALF_TENTH = re.compile("[一二三四五六七八九](?![一二三四五六七八九十百千万亿萬億年月日个個家])")  # of 六成五
_SCALE = re.compile(SCALE)
_SIMPLIFIED = re.compile("[亿万产业务数据达过长经营与为这约实现发价类应对资东计无报关单]")
_TRADITIONAL = re.compile("[億萬產業務數據達過長經營與為這約實現發價類應對資東計無報關單幣]")
FULL_WIDTH = str.maketrans("０１２３４５６７８９．％（）＋－", "0123456789.%()+-")


@dataclass(frozen=True, slots=True)
class Amount:
    """One number as printed, before it is known whether it stands alone or in a range."""

    start: int
    end: int
    number: Decimal
    digits: int
    scale: Decimal
    has_scale: bool
    unit: str | None
    currency: str | None
    per: str | None
    sign: Sign
    bound: Bound | None
    is_open: bool  # neither scale nor unit is printed after it

    @property
    def value(self) -> Decimal:
        """The number with its scale and its printed sign."""
        return plain_value(self.number * self.scale * (-1 if self.sign == "-" else 1))

    @property
    def is_bare(self) -> bool:
        """Whether digits are all that is printed."""
        return not (self.has_scale or self.unit or self.currency)


@dataclass(frozen=True, slots=True)
class _Core:
    """A numeral with its scale, and what is printed after them."""

    number: Decimal
    digits: int
    scale: Decimal
    tail: re.Match[str]


def plain_value(value: Decimal) -> Decimal:
    """The same value without a whole number's decimal zeros, and without a zero's sign."""
    return Decimal(int(value)) if value == value.to_integral_value() else value


def is_simplified(text: str) -> bool | None:
    """Whether the text is in Simplified script; None where no character tells."""
    simplified, traditional = len(_SIMPLIFIED.findall(text, 0, 4000)), len(_TRADITIONAL.findall(text, 0, 4000))
    return None if simplified == traditional else simplified > traditional


def read_number(head: str) -> tuple[Decimal, int, str | None] | None:
    """(value, decimals printed, unit implied) of a numeral in digits, Chinese or English; None if it is none."""
    if head[0].isascii() and head[0].isdigit():
        plain = head.replace(",", "")
        return Decimal(plain), len(plain.partition(".")[2]), None
    if "third" in head.lower():
        return _ENGLISH[head[:3].lower()] / 3, 9, None
    if head.lower() in _ENGLISH:
        return _ENGLISH[head.lower()], 0, None
    if "分之" in head:
        return _fraction(*head.split("分之", 1))
    value = chinese_numeral(head)
    return None if value is None else (value, len(head.replace("點", "点").partition("点")[2]), None)


def _fraction(below: str, above: str) -> tuple[Decimal, int, str | None] | None:
    """百分之五 is 5 %; 三分之一 a third."""
    numerator = chinese_numeral(above)
    denominator = Decimal(100) if below == "百" else chinese_numeral(below)
    if numerator is None or not denominator:
        return None
    if denominator == 100:
        return numerator, len(above.replace("點", "点").partition("点")[2]), "%"
    return numerator / denominator, 9, None


# ---------------------------------------------------------------- before the number


def front_of(text: str, start: int, floor: int = 0) -> re.Match[str]:
    """What is printed right before the number at `start`, from `floor` on: "<", a sign, a currency."""
    if letter_before(text, start) not in _FRONT_ENDS:
        return _NO_FRONT
    found = _match_of(_FRONT.search(text, max(floor, start - 16), start))
    sign = found.start("sign")
    if found["sign"] and not _SIGN_MAY_FOLLOW.search(text[max(0, sign - 1) : sign]):
        found = _match_of(_FRONT.search(text, found.end("sign"), start))
    return found


def _sign_of(front: re.Match[str] | None) -> Sign:
    groups = front.groupdict() if front else {}
    printed = groups.get("sign") or groups.get("sign2")
    if not printed:
        return ""
    return "+" if printed == "+" else "±" if printed in ("±", "+/-") else "-"


def _start_of(front: re.Match[str] | None, start: int) -> int:
    """Where the expression begins: at the first printed of "<", sign and currency."""
    return min([start, *(front.start(name) for name in ("cmp", "sign", "currency") if front and front[name])])


def bound_before(text: str, start: int) -> Bound | None:
    """The bound that the words right before `start` state: 约, 超过, at least."""
    if letter_before(text, start) not in _BEFORE_ENDS:
        return None
    found = BEFORE.search(text, max(0, start - 13), start)
    return cast(Bound, found.lastgroup) if found else None


# ---------------------------------------------------------------- after the number


def amount_at(text: str, head: re.Match[str], front: re.Match[str] | None, simplified: bool | None) -> Amount | None:
    """The number at `head`, a match of HEAD, between `front` and what follows; None if it isn't a number.

    `front` is a match of what stands before it, LINK's included, or None to leave that out. `simplified` says that
    元 means CNY.
    """
    read = read_number(head.group())
    end = head.end()
    if read is None:  # a scale word alone, as in 近百亿美元
        if not _SCALE.match(text, head.start()) or head.group()[0] not in "百千万亿萬億兆":
            return None
        read, end = (Decimal(1), 0, None), head.start()
    core = _compound(text, _core(text, read[0], read[1], end))
    tail = core.tail
    currency = CURRENCY_NAMES[front["currency"].lower()] if front and front["currency"] else None
    unit, with_unit = _unit_of(tail, currency, read[2])
    if unit == "元" and simplified:
        unit = "CNY"
    number, digits, scale, end = core.number, core.digits, core.scale, _end_of(tail, with_unit)
    if unit in ("成", "折"):
        half = _HALF_TENTH.match(text, end) if unit == "成" else None
        if half:
            number, digits, end = number + (chinese_numeral(half.group()) or Decimal(0)) / 10, 1, half.end()
        unit, scale = "%", Decimal(10) if unit == "成" or number < 10 else Decimal(1)
    bound = next((b for name, b in _TAIL_BOUNDS.items() if tail[name]), None)
    return Amount(
        start=_start_of(front, head.start()), end=end, number=number, digits=digits, scale=scale,
        has_scale=bool(tail["scale"]), unit=unit, currency=unit if unit and UNITS[unit].is_currency else None,
        per=PER_NAMES[tail["per"]] if with_unit and tail["per"] else None, sign=_sign_of(front),
        bound=bound or (_COMPARE[front["cmp"]] if front and front["cmp"] else None),
        is_open=not (tail["scale"] or tail["unit"]),
    )  # fmt: skip


def _core(text: str, number: Decimal, digits: int, end: int) -> _Core:
    tail = _match_of(_TAIL.match(text, end))
    return _Core(number, digits, scale_of(tail["scale"]), tail)


def _compound(text: str, core: _Core) -> _Core:
    """1亿3000万 as one number: 13000 of 万."""
    tail = core.tail
    if core.scale < 10**4 or core.digits or tail["unit"] or tail["plus1"] or tail.end() != tail.end("scale"):
        return core
    head = HEAD.match(text, tail.end())
    read = read_number(head.group()) if head else None
    if head is None or read is None:
        return core
    lower = _core(text, read[0], read[1], head.end())
    if not 1 < lower.scale < core.scale or lower.number * lower.scale >= core.scale:
        return core
    return _Core(core.number * core.scale / lower.scale + lower.number, lower.digits, lower.scale, lower.tail)


def _unit_of(tail: re.Match[str], currency: str | None, implied: str | None) -> tuple[str | None, bool]:
    """The unit, and whether what is printed after the number belongs to it: not the "x" of "$3 x"."""
    printed = UNIT_NAMES[tail["unit"]] if tail["unit"] else None
    if currency and printed:
        return currency, UNITS[printed].dimension.startswith("money")
    return currency or printed or implied, bool(currency or printed)


def _end_of(tail: re.Match[str], with_unit: bool) -> int:
    """Where the expression ends: after the last part that is printed, without the space after it."""
    parts = ["more1", "scale", "more2", "plus1"]
    if with_unit:
        parts += ["unit", "plus2", "per"]
    elif not tail["unit"]:
        parts.append("plus2")
    return max([tail.start(), *(tail.end(part) for part in parts)])

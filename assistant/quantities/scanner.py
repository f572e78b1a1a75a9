"""Quantities in running text, with exact spans."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from assistant.quantities.names import follows_name, name_spans
from assistant.quantities.numerals import NUMERAL, chinese_numeral
from assistant.quantities.periods import find_periods
from assistant.quantities.quantity import Bound, Period, Quantity, Sign
from assistant.quantities.vocabulary import (
    CURRENCY,
    CURRENCY_NAMES,
    SCALE,
    SPACE,
    UNIT,
    UNIT_NAMES,
    UNITS,
    scale_of,
)

_ = SPACE
_ENGLISH = {
    w: i for i, w in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_DIGITS = r"(?:[0-9]{1,3}(?:[,][0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
_HEAD = re.compile(
    rf"{_DIGITS}|百分之[{NUMERAL}点點]+|[{NUMERAL}]+分之[{NUMERAL}]+|[{NUMERAL}]+(?:[点點][{NUMERAL}]+)?|[万亿萬億兆]"
    rf"|(?<![A-Za-z])(?i:{'|'.join(_ENGLISH)})(?=[ -](?i:percent|per cent|times|fold|hundred|thousand|million|billion|trillion"
    r"|years|months|quarters|weeks|days|hours|basis|percentage))"
)
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．％（）＋－", "0123456789.%()+-")
_MORE = "[余餘多几幾]"
_PER = "月|年|日|天|秒|小时|小時|分钟|季|季度|次|人|股|张|台|瓦|周|吨|噸|桶|盎司|片|颗|GB|token|百万 ?tokens?|百萬 ?tokens?|month|year|day|hour|second|user|share|ton|kWh|W"
_TAIL = re.compile(
    rf"(?P<more1>{_MORE})?{_}-?(?P<scale>{SCALE})?(?P<more2>{_MORE})?(?P<plus1>\+(?![0-9]))?"
    rf"{_}(?:(?<=[ 0-9a-zA-Z余餘多几幾万亿萬億兆千百十])-)?(?P<unit>{UNIT})?(?P<plus2>\+(?![0-9A-Za-z轮輪]))?"
    rf"(?:(?<=[\w$])(?:/|[ ](?:per|a|an)[ ])(?P<per>{_PER})(?![A-Za-z]))?"
)
_FRONT = re.compile(
    rf"(?P<cmp>[<>≤≥≈~～＜＞])?{_}(?P<sign>[-+±−＋－])?(?P<currency>(?<![A-Za-z])(?i:{CURRENCY}))?{_}(?P<sign2>[-+−])?$"
)
_LINK = re.compile(rf"{_}(?:(?P<range>[-–—−~～至到]|to(?=[ ]))|(?P<list>/)){_}(?P<cmp>[~<>])?(?P<sign>[-+−＋])?(?P<currency>(?i:{CURRENCY}))?{_}")
_BEFORE = re.compile(
    r"(?:(?P<about>大约|大約|约|約|(?<![最附远遠])近|将近|將近|接近|逼近|大概|(?i:\babout|around|approximately|approx\.?|circa|\bca?\.|nearly|almost|roughly|some))"
    r"|(?P<at_most>不超过|不超過|至多|最多|最高|不高于|不高於|不大于|不大於|(?i:at most|up to|no more than))"
    r"|(?P<at_least>至少|最少|不低于|不低於|不少于|不少於|不小于|不小於|(?i:at least|no less than|not less than))"
    r"|(?P<under>不到|不足|低于|低於|少于|少於|小于|小於|未满|未滿|不及|(?i:less than|under|below|fewer than))"
    r"|(?P<over>超过|超過|超|逾|突破|高于|高於|大于|大於|多于|多於|衝破|冲破|破|(?i:\bover|more than|above|exceed(?:ed|ing|s)?|upwards of|greater than)))"
    r"(?:了)?[ ]?$"
)
_AFTER = re.compile(
    rf"{_}(?:(?P<at_least>以上|及以上|(?i:or more|and above|or above))|(?P<at_most>以下|以内|以內|之内|(?i:or less|or below))|(?P<about>左右|上下|(?i:or so))|(?P<over>多(?=[^\w]|$)))"
)
_COMPARE: dict[str, Bound] = {"<": "under", ">": "over", "＜": "under", "＞": "over", "≤": "at_most", "≥": "at_least", "≈": "about", "~": "about", "～": "about"}  # fmt: skip
_GROWTH_FILL = r"(?:了|幅度?|率|高达|高達|达到?|達到?|超过?|超過?|逾|约|約|近|将近|將近|接近|大约|大約|多|[ ]|by|of|(?i:about|nearly|over|more than|almost))*$"
_UP = "增长|增長|成長|成长|上升|上涨|上漲|提高|提升|增加|激增|劲增|扩大|擴大|扩张|擴張|高出|暴增|飙升|飆升|攀升|回升|增幅|涨幅|漲幅|升幅|大增|大涨|大漲|累升|年增|季增|月增|增速|增"
_DOWN = "下降|下跌|下滑|减少|減少|降低|收缩|收縮|回落|跌幅|降幅|跌|减|減|衰退|萎缩|萎縮|年减|年減|季减|季減|下调|下調|缩减|縮減|大跌|大降"
_UP_BEFORE = re.compile(rf"(?:{_UP}|升|涨|漲|(?i:grew|grow|grown|up|increased?|rose|rise|risen|growth|gain(?:ed)?|jump(?:ed)?|surged?)){_GROWTH_FILL}")
_DOWN_BEFORE = re.compile(
    rf"(?:{_DOWN}|降|(?i:fell|fall|fallen|down|decreased?|declin(?:e|ed)|dropped|drop|lost|slid|shr[aiu]nk)){_GROWTH_FILL}"
)
_GROWTH_AFTER = re.compile(r"[ ]?(?:的)?(?:增长|增長|成長|(?i:growth|increase|rise|higher|more than))")
_FROM = re.compile(r"(?:[由从從自]|(?i:\bfrom))[^,，。；;\n]{0,12}$")
_SIMPLIFIED = re.compile("[亿万产业务数据达过长经营与为这约实现发价类应对资东计无报关单]")
_TRADITIONAL = re.compile("[億萬產業務數據達過長經營與為這約實現發價類應對資東計無報關單幣營]")
# Chinese numerals are figures only with these units; 三家 and 两种 are as often mere grammar.
_HARD_DIMENSIONS = frozenset({"share", "points of share", "ratio", "money", "time", "calendar time", "tokens", "power", "energy"})
_SENTENCE_END = re.compile(r"[。！？!?；;\n]|\.(?=[ ][A-Z])")


@dataclass(frozen=True, slots=True)
class _Amount:
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
    is_open: bool = True

    @property
    def value(self) -> Decimal:
        product = self.number * self.scale * (-1 if self.sign == "-" else 1)
        whole = product.to_integral_value()
        return whole.quantize(Decimal(1)) if product == whole else product

    @property
    def is_bare(self) -> bool:
        return not (self.has_scale or self.unit or self.currency)


def is_simplified(text: str) -> bool | None:
    """Whether the text is in Simplified script; None where no character tells."""
    simplified, traditional = len(_SIMPLIFIED.findall(text[:4000])), len(_TRADITIONAL.findall(text[:4000]))
    return None if simplified == traditional else simplified > traditional


# ---------------------------------------------------------------- one number


def _number(head: str) -> tuple[Decimal, int, str | None] | None:
    """(value, decimals printed, unit implied) of a numeral in digits, Chinese or English; None if it is none."""
    if head[0].isascii() and head[0].isdigit():
        plain = head.replace(",", "")
        return Decimal(plain), len(plain.partition(".")[2]), None
    if head.startswith("百分之"):
        value = chinese_numeral(head[3:])
        return None if value is None else (value, _decimals(head), "%")
    if "分之" in head:
        parts = [chinese_numeral(part) for part in head.split("分之")]
        return None if None in parts or not parts[0] else (parts[1] / parts[0], 9, None)  # type: ignore[operator]
    if head.lower() in _ENGLISH:
        return Decimal(_ENGLISH[head.lower()]), 0, None
    value = chinese_numeral(head)
    return None if value is None else (value, _decimals(head), None)


def _decimals(head: str) -> int:
    return len(head.replace("點", "点").partition("点")[2])


_TAIL_BOUND: dict[str, Bound] = {"more1": "over", "more2": "over", "plus1": "at_least", "plus2": "at_least"}
_VAGUE_BEFORE = frozenset("数數几幾上成好整半多统統唯单單第")
_SCALE_AT = re.compile(SCALE)


def _amount(text: str, head: re.Match[str], front: re.Match[str] | None, simplified: bool | None) -> _Amount | None:
    """The number at `head` with its currency before and scale, unit and bound after; None if it isn't one."""
    read = _number(head.group())
    end = head.end()
    if read is None:
        scale_word = _SCALE_AT.match(text, head.start()) if head.group()[0] in "百千万亿萬億兆" else None
        if scale_word is None:
            return None
        read, end = (Decimal(1), 0, None), head.start()
    number, digits, unit = read
    tail = _tail(text, end)
    scale = scale_of(tail["scale"])
    number, scale, digits, tail = _compound(text, number, scale, digits, tail)
    currency = _front_currency(front)
    end = _end_of(tail, bool(tail["unit"]))
    if tail["unit"]:
        unit = UNIT_NAMES[tail["unit"]]
        if currency and not UNITS[unit].dimension.startswith("money"):
            unit, end = currency, _end_of(tail, False)
    unit = currency or unit
    if unit == "元" and simplified:
        unit = "CNY"
    if unit in ("成", "折"):
        scale, unit = Decimal(10) if unit == "成" or number < 10 else Decimal(1), "%"
    bound = next((b for name, b in _TAIL_BOUND.items() if tail[name]), None)
    return _Amount(
        start=head.start(), end=end, number=number, digits=digits, scale=scale, has_scale=bool(tail["scale"]),
        unit=unit, currency=unit if unit and UNITS[unit].is_currency else None, per=tail["per"] if tail["unit"] else None,
        sign=_front_sign(front), bound=bound or _front_bound(front), is_open=not (tail["scale"] or tail["unit"]),
    )  # fmt: skip


def _tail(text: str, end: int) -> re.Match[str]:
    tail = _TAIL.match(text, end)
    assert tail is not None  # every part of it may be absent
    return tail


def _compound(
    text: str, number: Decimal, scale: Decimal, digits: int, tail: re.Match[str]
) -> tuple[Decimal, Decimal, int, re.Match[str]]:
    """1亿3000万 as one number: 13000 of 万."""
    head = _HEAD.match(text, tail.end()) if scale >= 10**4 and not tail["unit"] and not tail["plus1"] else None
    read = _number(head.group()) if head else None
    if head is None or read is None or digits or text[tail.end() - 1] == " " or not tail["scale"]:
        return number, scale, digits, tail
    lower = _tail(text, head.end())
    lower_scale = scale_of(lower["scale"])
    if not 1 < lower_scale < scale or read[0] * lower_scale >= scale:
        return number, scale, digits, tail
    return number * scale / lower_scale + read[0], lower_scale, read[1], lower


def _end_of(tail: re.Match[str], with_unit: bool) -> int:
    """Where the expression ends: after the last part that is printed, without the space after it."""
    parts = ("more1", "scale", "more2", "plus1") + (("unit", "plus2", "per") if with_unit else ("plus2",) * (not tail["unit"]))
    return max([tail.start(), *(tail.end(part) for part in parts)])


def _front_currency(front: re.Match[str] | None) -> str | None:
    return CURRENCY_NAMES[front["currency"].lower()] if front and front["currency"] else None


def _front_sign(front: re.Match[str] | None) -> Sign:
    printed = (front["sign"] or front.groupdict().get("sign2") or "") if front else ""
    return "-" if printed in ("-", "−", "－") and printed else "+" if printed in ("+", "＋") and printed else "±" if printed else ""


def _front_bound(front: re.Match[str] | None) -> Bound | None:
    return _COMPARE[front["cmp"]] if front and front["cmp"] else None


_ATTACHED = re.compile(r"[A-Za-z0-9][-_]?$")
_SIGN_MAY_FOLLOW = re.compile(r"(?:^|[\s(（\[|/:：,，、。;；\"“‘~<>≤≥=]|[\u3400-\u9fff]|\*)$")


def _front(text: str, start: int) -> re.Match[str]:
    """What is printed right before the number at `start`: "<", a sign, a currency. The span ends at `start`."""
    found = _FRONT.search(text, max(0, start - 16), start)
    assert found is not None  # it matches the empty string too
    if found["sign"] and not _SIGN_MAY_FOLLOW.search(text[max(0, found.start("sign") - 1) : found.start("sign")]):
        found = _FRONT.search(text, found.end("sign"), start)
        assert found is not None
    return found


# ---------------------------------------------------------------- what is no quantity


class _Blocked:
    """Spans that hold no quantity, sorted, asked in rising order of position."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = sorted(spans)
        self._starts = [start for start, _end in self._spans]
        self._reach: list[int] = []
        for _start, end in self._spans:
            self._reach.append(max(end, self._reach[-1] if self._reach else 0))

    def covers(self, position: int) -> bool:
        index = bisect_right(self._starts, position) - 1
        return index >= 0 and self._reach[index] > position


def _is_name(text: str, amount: _Amount, head: re.Match[str], front_start: int) -> bool:
    """Whether the digits are part of a name: H100, GPT-5.4, Llama 3, 201731928D, 007."""
    start, end = head.span()
    if not head.group()[0].isdigit():
        return _is_wording(text, amount, head)
    if front_start < start:
        return False
    following = text[end : end + 1]
    letter_scale = amount.has_scale and text[end : end + 1].isascii() and len(text[end : amount.end].strip("+")) == 1
    weak = amount.is_bare or (letter_scale and amount.unit is None)
    if _ATTACHED.search(text[max(0, start - 2) : start]) and text[start - 1 : start] not in "%":
        strong = amount.unit in ("%", "x", "pp", "bp") or (amount.has_scale and not following.isascii())
        if not strong:
            return True
    if not weak:
        return amount.unit == "years" and amount.value > 200
    if amount.is_bare and following.isascii() and following.isalpha():
        return True
    if len(head.group()) > 1 and head.group()[0] == "0" and head.group()[1].isdigit():
        return True
    return "," not in head.group() and follows_name(text, start)


def _is_wording(text: str, amount: _Amount, head: re.Match[str]) -> bool:
    """Whether a numeral in words is mere wording: 一些, 三家, 数十亿, 百度."""
    words, before = head.group(), text[max(0, head.start() - 1) : head.start()]
    if before and before in _VAGUE_BEFORE:
        return True
    if words.isascii():
        return False
    if "分之" in words:
        return False
    if words[0] in "百千万亿萬億兆" and chinese_numeral(words) is None:
        return not ((amount.unit or amount.scale >= 10**8) and _BEFORE.search(text[max(0, head.start() - 4) : head.start()]))
    dimension = UNITS[amount.unit].dimension if amount.unit else None
    if amount.has_scale and amount.scale >= 10**4:
        return False
    if dimension is None or (len(words) == 1 and dimension not in _HARD_DIMENSIONS):
        return True
    if amount.unit in ("元", "CNY", "days") and (len(words) == 1 or text[amount.end - 1] == "日"):
        return True
    return amount.number == 1 and dimension in ("time", "calendar time", "money", "power", "energy", "tokens")


# ---------------------------------------------------------------- ranges and lists


@dataclass(frozen=True, slots=True)
class _Part:
    """Amounts that make one quantity: one, or the two ends of a range."""

    amounts: tuple[_Amount, ...]


def _chain(text: str, first: _Amount, blocked: _Blocked, simplified: bool | None) -> list[tuple[str, _Amount]]:
    """The amounts that "-", 至 or "/" join to `first`, each with the link before it ("" for the first)."""
    chain = [("", first)]
    while link := _LINK.match(text, chain[-1][1].end):
        head = _HEAD.match(text, link.end())
        if head is None or blocked.covers(head.start()):
            break
        amount = _amount(text, head, link, simplified)
        following = text[amount.end : amount.end + 1] if amount else ""
        if amount is None or (amount.is_bare and following.isascii() and following.isalpha()):
            break
        if not head.group()[0].isdigit() and first.number != chinese_numeral(text[first.start : first.start + 1]):
            break
        kind = "range" if link["range"] else "list"
        if kind == "range" and len(chain) > 1 and chain[-1][0] == "range":
            break
        chain.append((kind, amount))
    return chain


def _share(chain: list[tuple[str, _Amount]]) -> list[tuple[str, _Amount]]:
    """The chain with scale, unit and currency handed to those that print none: 212/478%, RMB14-15億."""
    amounts = [amount for _link, amount in chain]
    for i in range(len(amounts) - 2, -1, -1):
        amounts[i] = _borrow(amounts[i], amounts[i + 1])
    for i in range(1, len(amounts)):
        before = amounts[i - 1]
        if amounts[i].unit is None and before.currency and amounts[i].has_scale == before.has_scale:
            amounts[i] = replace(amounts[i], unit=before.unit, currency=before.currency)
    return [(link, amount) for (link, _old), amount in zip(chain, amounts, strict=True)]


def _borrow(left: _Amount, right: _Amount) -> _Amount:
    if left.is_open and (right.has_scale or right.unit == "%") and not left.has_scale:
        left = replace(left, scale=right.scale, has_scale=right.has_scale)
    if left.unit is None and right.unit is not None:
        left = replace(left, unit=right.unit, currency=right.currency, per=right.per)
    elif left.unit is not None and left.is_open and right.currency and left.currency is None:
        left = replace(left, unit=right.unit, currency=right.currency)
    return left


def _parts(text: str, start: int, chain: list[tuple[str, _Amount]]) -> list[_Part] | None:
    """The chain cut into quantities; None where its first link joins what doesn't belong together."""
    parts: list[_Part] = []
    for link, amount in chain:
        if link == "range" and len(parts[-1].amounts) == 1:
            low = parts[-1].amounts[0]
            if low.unit != amount.unit or low.value >= amount.value:
                return None
            parts[-1] = _Part((low, amount))
        else:
            parts.append(_Part((amount,)))
    return parts


def _quantity(text: str, original: str, start: int, part: _Part) -> Quantity:
    """The finished quantity of one part; `start` is where its front (currency, sign, "<") begins."""
    first, last = part.amounts[0], part.amounts[-1]
    is_range = len(part.amounts) == 2
    low, high = (first.value, last.value) if is_range else (None, None)
    if first.sign == "±":
        low, high = -first.value, first.value
    before = text[max(0, start - 24) : start]
    up, down = _UP_BEFORE.search(before), _DOWN_BEFORE.search(before)
    growth = first.unit == "x" and (bool(up) or bool(_GROWTH_AFTER.match(text, last.end)))
    return Quantity(
        text=original[start : last.end], start=start, end=last.end, value=first.value, low=low, high=high,
        bound=first.bound or last.bound or _word_bound(text, start, last.end), unit=first.unit,
        currency=first.currency, per=last.per, scale=last.scale, digits=max(a.digits for a in part.amounts),
        half_unit=min(a.scale.scaleb(-a.digits) for a in part.amounts) / 2,
        is_growth=growth, direction="down" if down and not up else "up" if up else None, sign=first.sign,
    )  # fmt: skip


def _word_bound(text: str, start: int, end: int) -> Bound | None:
    before = _BEFORE.search(text, max(0, start - 14), start)
    if before:
        return before.lastgroup  # type: ignore[return-value]
    after = _AFTER.match(text, end)
    return after.lastgroup if after else None  # type: ignore[return-value]


# ---------------------------------------------------------------- the scan


_CELL_NEGATIVE = re.compile(r"(?:(?<=[\t|])|^|(?<=\n))[ ]*\((?=[0-9])", re.M)
_CELL_END = re.compile(r"\)[ ]*(?P<unit>%)?[ ]*(?=[\t|\n]|$)")
_FRACTION = re.compile(r"(?<![\d/.,-])([1-9])/([2-9]|10)(?![\d/.,%万亿萬億倍A-Za-z-])")


def find_quantities(text: str) -> list[Quantity]:
    """Every quantity that `text` states, in order, with exact spans; a range is one, "212/478%" are two.

    Dates, periods, codes, captions, list numerals and names with digits are none. `period` is the one that governs
    the quantity in its sentence, as far as the print shows.
    """
    plain = text.translate(_FULL_WIDTH)
    periods = find_periods(plain)
    blocked = _Blocked([*((p.start, p.end) for p in periods), *name_spans(plain)])
    return _with_periods(plain, _scan(plain, text, blocked), periods)


def _scan(plain: str, text: str, blocked: _Blocked) -> list[Quantity]:
    simplified = is_simplified(plain)
    found: list[Quantity] = []
    done = 0
    for head in _HEAD.finditer(plain):
        if head.start() < done:
            continue
        negative = _cell_negative(plain, text, head)
        if negative:
            found.append(negative)
            done = negative.end
        elif not blocked.covers(head.start()):
            new = _read_at(plain, text, head, blocked, simplified)
            found += new
            done = new[-1].end if new else done
    return found


def _read_at(plain: str, text: str, head: re.Match[str], blocked: _Blocked, simplified: bool | None) -> list[Quantity]:
    """The quantities of the chain that begins at `head`; none if its digits are a name's."""
    fraction = _FRACTION.match(plain, head.start())
    if fraction and int(fraction[1]) < int(fraction[2]):
        value = Decimal(fraction[1]) / Decimal(fraction[2])
        return [Quantity(fraction.group(), *fraction.span(), value, digits=9, half_unit=Decimal("5e-10"))]
    front = _front(plain, head.start())
    amount = _amount(plain, head, front, simplified)
    if amount is None or _is_name(plain, amount, head, front.start("currency") if front["currency"] else head.start()):
        return []
    start = front.start() + (len(front.group()) - len(front.group().lstrip(" \xa0\u3000")))
    chain = _chain(plain, amount, blocked, simplified)
    if len(chain) > 1 and chain[1][0] == "range" and not _spans_range(plain, start, chain):
        chain = chain[:1]
    parts = _parts(plain, start, _share(chain)) or [_Part((amount,))]
    starts = [start, *(part.amounts[0].start for part in parts[1:])]
    return [_quantity(plain, text, at, part) for at, part in zip(starts, parts, strict=True)]


def _spans_range(text: str, start: int, chain: list[tuple[str, _Amount]]) -> bool:
    """从 10% 到 20% is a change from one figure to another, not a range."""
    between = text[chain[0][1].end : chain[1][1].start].strip()
    words = between.startswith(("至", "到", "to"))
    return not (words and _FROM.search(text[max(0, start - 14) : start]))


def _cell_negative(plain: str, text: str, head: re.Match[str]) -> Quantity | None:
    """A number in parentheses that fills its table cell is negative: (12), (4.5)%."""
    if plain[head.start() - 1 : head.start()] != "(":
        return None
    opening = plain.rfind("(", 0, head.start())
    line_start = plain.rfind("\n", 0, opening) + 1
    before = plain[line_start:opening].rstrip(" ")
    tail = re.compile(r"%?").match(plain, head.end())
    closing = _CELL_END.match(plain, tail.end() if tail else head.end())
    in_cell = (before == "" or before[-1] in "\t|") and closing is not None
    if not in_cell or closing is None or not (before or plain[closing.end() : closing.end() + 1] in ("\t", "|")):
        return None
    read = _number(head.group())
    if read is None:
        return None
    end = closing.end("unit") if closing["unit"] else closing.start() + 1
    unit = "%" if closing["unit"] or (tail and tail.group()) else None
    return Quantity(
        text[opening:end], opening, end, -read[0], unit=unit, digits=read[1],
        half_unit=Decimal(1).scaleb(-read[1]) / 2, sign="-",
    )  # fmt: skip


# ---------------------------------------------------------------- periods


def _with_periods(text: str, quantities: list[Quantity], periods: list[Period]) -> list[Quantity]:
    if not periods:
        return quantities
    ends = [period.end for period in periods]
    return [replace(q, period=_governing(text, q, periods, ends)) for q in quantities]


def _governing(text: str, quantity: Quantity, periods: list[Period], ends: list[int]) -> Period | None:
    """The last period before the quantity in its sentence, else the first after it in its clause."""
    index = bisect_right(ends, quantity.start)
    if index:
        before = periods[index - 1]
        if not _SENTENCE_END.search(text, before.end, quantity.start):
            return before
    if index < len(periods):
        after = periods[index]
        if not re.search(r"[,，。；;！？!?\n\t|]", text[quantity.end : after.start]):
            return after
    return None


# ---------------------------------------------------------------- a text that is one quantity


_WHOLE_NEGATIVE = re.compile(r"\((?P<inside>[^()]+)\)(?P<after>[ ]?%)?")


def read_whole(text: str) -> Quantity | None:
    """The quantity that fills `text` but for space and words of bound; None if there is none or anything is left over."""
    plain = text.translate(_FULL_WIDTH)
    negative = _WHOLE_NEGATIVE.fullmatch(plain.strip())
    if negative:
        inside = read_whole(negative["inside"] + (negative["after"] or ""))
        return _negated(text, inside) if inside and inside.sign == "" else None
    for head in _HEAD.finditer(plain):
        found = _read_at(plain, text, head, _Blocked([]), is_simplified(plain))
        if len(found) != 1:
            return None
        before, after = plain[: found[0].start].strip(), plain[found[0].end :].strip()
        bounded = _BEFORE.fullmatch(before) if before else True
        return found[0] if bounded and (not after or _AFTER.fullmatch(after)) else None
    return None


def _negated(text: str, inside: Quantity) -> Quantity:
    start = len(text) - len(text.lstrip())
    shown = text.strip()
    low, high = (-inside.high, -inside.low) if inside.low is not None and inside.high is not None else (None, None)
    return replace(
        inside, text=shown, start=start, end=start + len(shown), value=-inside.value, low=low, high=high, sign="-"
    )

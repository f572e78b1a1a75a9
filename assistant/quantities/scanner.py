"""Quantities in running text, with exact spans."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate
from typing import Literal, cast

from assistant.quantities.amounts import (
    AFTER,
    BEFORE,
    FULL_WIDTH,
    HEAD,
    LINK,
    Amount,
    amount_at,
    bound_before,
    front_of,
    is_simplified,
    plain_value,
)
from assistant.quantities.dating import with_periods
from assistant.quantities.names import follows_name, name_spans
from assistant.quantities.numerals import chinese_numeral
from assistant.quantities.periods import find_periods
from assistant.quantities.quantity import Bound, Quantity
from assistant.quantities.vocabulary import LATIN_SCALE, UNITS, last_letters, letter_before, word_pattern, words

# Chinese numerals of one character are figures only with these units; 三家 and 两种 are as often mere grammar.
_HARD_DIMENSIONS = frozenset(
    {"share", "points of share", "ratio", "money", "time", "calendar time", "tokens", "power", "energy"}
)
_VAGUE_BEFORE = frozenset("数數几幾上成好整半多统統唯单單第")
_TREND = re.compile(
    rf"(?:(?P<up>{word_pattern('up')})|(?P<down>{word_pattern('down')}))"
    rf"(?:{word_pattern('between trend and figure')}|[ ])*\Z"
)
_TREND_ENDS = last_letters(words("up") + words("down") + words("between trend and figure"))
_GROWTH_AFTER = re.compile(rf"[ ]?的?(?:{word_pattern('after growth')})")
_FROM = re.compile(r"(?:[由从從自]|(?i:\bfrom))[^,，。；;\n]{0,12}\Z")
_ATTACHED = re.compile(r"[A-Za-z0-9][-_]?\Z")
_FRACTION = re.compile(r"(?<![0-9/.,-])([1-9])/([2-9]|10)(?![0-9/.,%万亿萬億倍年月日A-Za-z-])")
_CLOSING = re.compile(rf"\)(?:(?P<after>[ ]?%|(?:{LATIN_SCALE}))|(?P<cell>[ ]*(?=[\t|\n]|\Z)))")
_CELL_BEGINS = re.compile(r"(?:^|[\t|])[ ]*\Z", re.M)
_PARENTHESISED = re.compile(r"\((?P<inside>[^()]+)\)(?P<after>[ ]?%)?")

Group = tuple[Amount, ...]  # one amount, or the two ends of a range


def find_quantities(text: str) -> list[Quantity]:
    """Every quantity that `text` states, in order, with exact spans; a range is one, "212/478%" are two.

    Dates, periods, codes, captions, list numerals and names with digits are none. `period` is the one that governs
    the quantity in its sentence, as far as the print shows.
    """
    plain = text.translate(FULL_WIDTH)
    periods = find_periods(plain)
    blocked = _Blocked([*((p.start, p.end) for p in periods), *name_spans(plain)])
    return with_periods(plain, _scan(plain, text, blocked), periods)


def read_whole(text: str) -> Quantity | None:
    """The quantity that fills `text` but for space and words of bound; None if there is none, or more."""
    plain = text.translate(FULL_WIDTH)
    negative = _PARENTHESISED.fullmatch(plain.strip())
    if negative:
        inside = read_whole(negative["inside"] + (negative["after"] or ""))
        return _negated(text, inside) if inside and inside.sign == "" else None
    head = HEAD.search(plain)
    found = _read_at(plain, text, head, _Blocked([]), is_simplified(plain)) if head else []
    if len(found) != 1:
        return None
    before, after = plain[: found[0].start].strip(), plain[found[0].end :].strip()
    if (before and not BEFORE.fullmatch(before)) or (after and not AFTER.fullmatch(after)):
        return None
    return found[0]


class _Blocked:
    """Spans that hold no quantity."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _end in ordered]
        self._reach = list(accumulate((end for _start, end in ordered), max))

    def covers(self, position: int) -> bool:
        index = bisect_right(self._starts, position) - 1
        return index >= 0 and self._reach[index] > position


def _scan(plain: str, text: str, blocked: _Blocked) -> list[Quantity]:
    simplified = is_simplified(plain)
    found: list[Quantity] = []
    done = 0
    for head in HEAD.finditer(plain):
        if head.start() < done:
            continue
        new = _parenthesised(plain, text, head, done)
        if not new and not blocked.covers(head.start()):
            new = _read_at(plain, text, head, blocked, simplified, done)
        found += new
        done = new[-1].end if new else done
    return found


def _read_at(
    plain: str, text: str, head: re.Match[str], blocked: _Blocked, simplified: bool | None, floor: int = 0
) -> list[Quantity]:
    """The quantities of the chain that begins at `head`; none if its digits are a name's. All is after `floor`."""
    fraction = _FRACTION.match(plain, head.start())
    if fraction and int(fraction[1]) < int(fraction[2]):
        value = Decimal(fraction[1]) / Decimal(fraction[2])
        return [Quantity(fraction.group(), *fraction.span(), value, digits=9, half_unit=Decimal("5e-10"))]
    amount = amount_at(plain, head, front_of(plain, head.start(), floor), simplified)
    if amount is None:
        return []
    chain = _share(_chain(plain, amount, blocked, simplified))
    groups = _groups(chain)
    if _is_name(plain, chain[0][1] if groups else amount, head):
        return []
    return [_quantity(plain, text, group) for group in groups or [(amount,)]]


# ---------------------------------------------------------------- what is no quantity


def _is_name(text: str, amount: Amount, head: re.Match[str]) -> bool:
    """Whether the digits are part of a name: H100, GPT-5.4, Llama 3, 201731928D, 007."""
    start, end = head.span()
    digits = head.group()
    if not digits[0].isdigit():
        return _is_wording(text, amount, head)
    if amount.currency and amount.start < start:
        return False
    if len(digits) > 24:
        return True
    following = text[end : end + 1]
    if _ATTACHED.search(text, max(0, start - 2), start):
        return not (amount.unit in ("%", "x", "pp", "bp") or (amount.has_scale and not following.isascii()))
    letter_scale = amount.has_scale and amount.unit is None and following.isascii() and len(text[end : amount.end]) == 1
    if not (amount.is_bare or letter_scale):
        return amount.unit == "years" and amount.value > 200
    if amount.is_bare and following.isascii() and following.isalpha():
        return True
    if len(digits) > 1 and digits[0] == "0" and digits[1] != ".":
        return True
    return "," not in digits and follows_name(text, start)


def _is_wording(text: str, amount: Amount, head: re.Match[str]) -> bool:
    """Whether a numeral in words is mere wording: 一些, 三家, 数十亿, 百度, a header's （十亿美元）."""
    word, start = head.group(), head.start()
    before, following = text[max(0, start - 1) : start], text[amount.end : amount.end + 1]
    if before and before in _VAGUE_BEFORE:
        return True
    if word.isascii() or "分之" in word:
        return False
    if before and before in "(（:：" and following and following in ")）/":
        return True
    if chinese_numeral(word) is None:
        return not ((amount.unit or amount.scale >= 10**8) and bound_before(text, start))
    if amount.has_scale and amount.scale >= 10**4:
        return False
    dimension = UNITS[amount.unit].dimension if amount.unit else None
    if dimension is None or (len(word) == 1 and dimension not in _HARD_DIMENSIONS and amount.bound is None):
        return True
    if dimension.startswith("money") and len(word) == 1:  # 三元锂电池
        return True
    is_one = amount.number == 1 and dimension not in ("share", "points of share", "ratio")
    return is_one or text[amount.end - 1] == "日"


# ---------------------------------------------------------------- ranges and lists


def _chain(text: str, first: Amount, blocked: _Blocked, simplified: bool | None) -> list[tuple[str, Amount]]:
    """The amounts that "-", 至 or "/" join to `first`, each with the kind of link before it ("" for the first)."""
    chain = [("", first)]
    while link := LINK.match(text, chain[-1][1].end):
        head = HEAD.match(text, link.end())
        if head is None or blocked.covers(head.start()):
            break
        if link["list"] == "、" and not chain[-1][1].is_open:
            break
        kind = "range" if link["range"] else "list"
        amount = amount_at(text, head, link, simplified)
        if amount is None or _is_cut_short(text, amount) or (kind == "range" and chain[-1][0] == "range"):
            break
        if not head.group()[0].isdigit() and text[first.start].isdigit():
            break
        if kind == "range" and _is_change(text, chain[-1][1], link):
            break
        chain.append((kind, amount))
    return chain


def _is_cut_short(text: str, amount: Amount) -> bool:
    following = text[amount.end : amount.end + 1]
    return amount.is_bare and following.isascii() and following.isalpha()


def _is_change(text: str, left: Amount, link: re.Match[str]) -> bool:
    """从 10% 到 20% is a change from one figure to another, not a range."""
    return link["range"] in ("至", "到", "to") and bool(_FROM.search(text, max(0, left.start - 14), left.start))


def _share(chain: list[tuple[str, Amount]]) -> list[tuple[str, Amount]]:
    """The chain with scale, unit and currency handed to those that print none: 212/478%, RMB14-15億."""
    amounts = [amount for _link, amount in chain]
    for i in range(len(amounts) - 2, -1, -1):
        amounts[i] = _borrow(amounts[i], amounts[i + 1])
    for i in range(1, len(amounts)):
        before = amounts[i - 1]
        if amounts[i].unit is None and before.currency and amounts[i].has_scale == before.has_scale:
            amounts[i] = replace(amounts[i], unit=before.unit, currency=before.currency)
    return [(link, amount) for (link, _amount), amount in zip(chain, amounts, strict=True)]


def _borrow(left: Amount, right: Amount) -> Amount:
    if left.is_open and (right.has_scale or right.unit == "%"):
        left = replace(left, scale=right.scale, has_scale=right.has_scale)
    if left.unit is None and right.unit is not None:
        return replace(left, unit=right.unit, currency=right.currency, per=right.per)
    return left


def _groups(chain: list[tuple[str, Amount]]) -> list[Group] | None:
    """The chain cut into quantities; None where its first link joins what doesn't belong together."""
    groups: list[Group] = []
    for link, amount in chain:
        if link == "range":
            (low,) = groups.pop()
            if low.unit != amount.unit or low.value >= amount.value:
                return None
            groups.append((low, amount))
        else:
            groups.append((amount,))
    return groups


def _quantity(text: str, original: str, group: Group) -> Quantity:
    """The finished quantity of an amount or a range."""
    first, last = group[0], group[-1]
    low, high = (first.value, last.value) if len(group) == 2 else (None, None)
    if first.sign == "±":
        low, high = -first.value, first.value
    direction = _direction(text, first.start)
    grows = direction == "up" or bool(_GROWTH_AFTER.match(text, last.end))
    return Quantity(
        text=original[first.start : last.end], start=first.start, end=last.end, value=first.value, low=low, high=high,
        bound=first.bound or last.bound or _word_bound(text, first.start, last.end), unit=first.unit,
        currency=first.currency, per=last.per, scale=last.scale, digits=max(amount.digits for amount in group),
        half_unit=min(amount.scale.scaleb(-amount.digits) for amount in group) / 2,
        is_growth=first.unit == "x" and grows, direction=direction, sign=first.sign,
    )  # fmt: skip


def _direction(text: str, start: int) -> Literal["up", "down"] | None:
    if letter_before(text, start) not in _TREND_ENDS:
        return None
    trend = _TREND.search(text, max(0, start - 16), start)
    return cast(Literal["up", "down"], trend.lastgroup) if trend else None


def _word_bound(text: str, start: int, end: int) -> Bound | None:
    after = AFTER.match(text, end)
    return bound_before(text, start) or (cast(Bound, after.lastgroup) if after else None)


# ---------------------------------------------------------------- negatives in parentheses


def _parenthesised(plain: str, text: str, head: re.Match[str], floor: int) -> list[Quantity]:
    """A negative in parentheses: (12) and (4.5%) that fill a table cell, HK$(12.3)mn and (3.5)% anywhere."""
    opening = head.start() - 1
    if opening < 0 or plain[opening] != "(":
        return []
    closing = _CLOSING.match(plain, head.end() + (plain[head.end() : head.end() + 1] == "%"))
    if closing is None or (closing["after"] is None and not _fills_cell(plain, opening, closing.end())):
        return []
    front = front_of(plain, opening, floor)
    start = front.start("currency") if front["currency"] else opening
    end = closing.end("after") if closing["after"] else closing.start() + 1
    inside = read_whole(plain[start:end].replace("(", "").replace(")", ""))
    return [replace(_negated(text[start:end], inside), start=start, end=end)] if inside else []


def _fills_cell(plain: str, opening: int, end: int) -> bool:
    """Whether the parentheses stand alone in a cell of a row, with a tab or a bar on one side at least."""
    begins = _CELL_BEGINS.search(plain, max(0, opening - 4), opening)
    return begins is not None and (begins.group()[:1] in ("\t", "|") or plain[end : end + 1] in ("\t", "|"))


def _negated(text: str, inside: Quantity) -> Quantity:
    shown = text.strip()
    start = len(text) - len(text.lstrip())
    low, high = (-inside.high, -inside.low) if inside.low is not None and inside.high is not None else (None, None)
    return replace(
        inside, text=shown, start=start, end=start + len(shown), value=plain_value(-inside.value), low=low, high=high,
        sign="-",
    )  # fmt: skip

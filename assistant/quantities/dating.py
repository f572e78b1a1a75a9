"""Which period governs which quantity."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from assistant.quantities.quantity import Period, Quantity

_CLAUSE_END = re.compile(r"[,，。；;！？!?\n\t|]")
_SENTENCE_END = re.compile(r"[。！？!?；;\n]|\.(?=[ ][A-Z])")
_REACH = 300  # characters; a longer sentence has other subjects


def with_periods(text: str, quantities: list[Quantity], periods: list[Period]) -> list[Quantity]:
    """The quantities, each with the period that governs it in its sentence, as far as the print shows.

    It is the last period before the quantity, else the first after it in its clause. A slash list of figures has
    the slash list of as many periods, each its own: "5 月/7 月/10 月分别达到 480 万/960 万/1,300 万".
    """
    if not periods:
        return quantities
    ends = [period.end for period in periods]
    governing = ((q, _governing(text, q, periods, ends)) for q in quantities)
    dated = [replace(q, period=period) if period else q for q, period in governing]
    for group in _slash_lists(text, dated):
        _respectively(text, dated, group, periods, ends)
    return dated


def _governing(text: str, quantity: Quantity, periods: list[Period], ends: list[int]) -> Period | None:
    index = bisect_right(ends, quantity.start)
    if index and _joined(text, periods[index - 1].end, quantity.start, _SENTENCE_END):
        return periods[index - 1]
    if index < len(periods) and _joined(text, quantity.end, periods[index].start, _CLAUSE_END):
        return periods[index]
    return None


def _joined(text: str, start: int, end: int, boundary: re.Pattern[str]) -> bool:
    return end - start <= _REACH and not boundary.search(text, start, end)


def _slash_lists(text: str, items: Sequence[Quantity | Period]) -> list[range]:
    """Indices of the neighbours that "/" joins, two or more together."""
    lists, first = [], 0
    for i in range(1, len(items) + 1):
        if i == len(items) or text[items[i - 1].end : items[i].start].strip() != "/":
            if i - first > 1:
                lists.append(range(first, i))
            first = i
    return lists


def _respectively(text: str, dated: list[Quantity], group: range, periods: list[Period], ends: list[int]) -> None:
    """Pair a slash list of figures with the slash list of periods that ends or begins with their common one."""
    index = bisect_right(ends, dated[group.start].start)
    for own in (periods[max(0, index - len(group)) : index], periods[index : index + len(group)]):
        common = dated[group.start].period
        if len(own) == len(group) and common in (own[0], own[-1]) and _slash_lists(text, own) == [range(len(own))]:
            for i, period in zip(group, own, strict=True):
                dated[i] = replace(dated[i], period=period)
            return

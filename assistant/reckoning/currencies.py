"""Operands from rates of exchange: an amount printed in two currencies, tables of currencies."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from assistant import tabular
from assistant.language import fold
from assistant.quantities import find_quantities, read_cell
from assistant.reckoning.grammar import Rule
from assistant.reckoning.ground import Ground
from assistant.reckoning.operand import Operand, Operands, operand, unrivalled
from assistant.reckoning.rows import cell_operand, table_place

_INDIRECT = frozenset({"EUR", "GBP", "AUD", "NZD", "USD"})  # quoted by how many dollars they buy


def printed_twice(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """An amount that a sentence gives in two currencies; with `rate`, another rate between them from a table, and with
    `other` the amount that the first is set against."""
    fitting = []
    for sentence in ground.sentences:
        pairs = [i for i in range(len(sentence.quantities)) if sentence.glosses(i)]
        if len(pairs) != 1 or not ground.says(sentence):
            continue
        a, b = (operand(sentence.quantities[i], sentence.place) for i in (pairs[0] - 1, pairs[0]))
        if a.unit == b.unit:
            continue
        found = {"a": a, "b": b}
        if "rate" in rule.operands:
            others = [q for i, q in enumerate(sentence.quantities) if q.currency == b.unit and i != pairs[0]]
            rate = _table_rate(ground, a.unit or "", b.unit or "")
            if len(others) != 1 or rate is None:
                continue
            found |= {"other": operand(others[0], sentence.place), "rate": rate}
        fitting.append((ground.share(sentence), found))
    return unrivalled(fitting)


def _table_rate(ground: Ground, base: str, price: str) -> Operand | None:
    """How much of one currency another buys, from a table of rates of currencies by currencies."""
    found = []
    for one in ground.views:
        columns = [c.index for c in one.table.columns[1:] if _currency(c.label) == price]
        rows = [r for r, row in enumerate(one.table.rows) if _currency(row.label) == base]
        if len(columns) == 1 and len(rows) == 1:
            quantity = read_cell(
                (tabular.cell_at(one.table.rows[rows[0]], columns[0]) or one.table.rows[rows[0]].cells[0]).text
            )
            if quantity:
                found.append(
                    Operand(quantity.value, f"{price}/{base}", None, table_place(one, rows[0]), table_place(one, None))
                )
    return found[0] if len({operand.value for operand in found}) == 1 else None


@lru_cache(maxsize=512)
def _currency(label: str) -> str | None:
    """The currency that a label names and nothing else."""
    read = find_quantities(f"1{label.strip()}") if 1 < len(label.strip()) < 12 else []
    return read[0].currency if len(read) == 1 and read[0].end == len(label.strip()) + 1 else None


def cross_rate(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Two currencies' quotes, both by how much of them a dollar buys, from the tables of one report."""
    wanted = [_currency_in(match.group(name)) for name in ("a", "b")]
    found: dict[str, list[Operand]] = {"a": [], "b": []}
    for one in ground.views:
        columns = [c.index for c in one.table.columns[1:] if re.search(r"美元|us\$|usd|dollar", fold(c.label))]
        for r, row in enumerate(one.table.rows):
            for name, currency in zip("ab", wanted, strict=True):
                if currency and len(columns) == 1 and len(one.table.columns) < 6 and _currency(row.label) == currency:
                    cell = cell_operand(one, r, columns[0])
                    if cell and currency not in _INDIRECT:
                        found[name].append(replace(cell, unit=currency))
    if all(len({operand.value for operand in side}) == 1 for side in found.values()):
        return [{name: side[0] for name, side in found.items()}]
    return []


def _currency_in(phrase: str) -> str | None:
    words = re.findall(r"[a-z]+(?: [a-z]+)?|[\u4e00-\u9fff]{2,4}", phrase)
    codes = {code for word in (*words, *(w for word in words for w in word.split())) if (code := _currency(word))}
    return codes.pop() if len(codes) == 1 else None

"""Two figures of one kind that a question sets against each other, whatever words it uses: of a table or a sentence.

No wording says which phrase is which operand: the rows, or the figures of a sentence, that the question names have to
be two, and all that it is about has to be said there. Where a part is of a whole, the part is the smaller one; the
times that one is of another are counted from the smaller one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from assistant.reckoning.grammar import Rule, grammar
from assistant.reckoning.ground import Ground, Sentence, key_of
from assistant.reckoning.labels import LABEL
from assistant.reckoning.operand import Operand, Operands, go_together, is_of, operand, unrivalled
from assistant.reckoning.rows import (
    a_year_before,
    best_table,
    cell_operand,
    mentions,
    period_column,
    said_of,
    value_column,
    whole_of,
)
from assistant.reckoning.series import RATE
from assistant.tabular import View

_PAUSE = re.compile(r"[,，、;；。]")
_BEHIND_PAUSE = 12  # characters that a pause is worth
_TELLS = 0.6  # the least weight of a word that says what a figure is of


def of_rows(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Two rows of a table in one column; of a part alone also the whole that it is of."""
    if len(ground.periods) > 1:
        return []
    tables = []
    for one in ground.views:
        rows, column = _two_rows(one, rule, ground), _column(one, ground)
        if rows is None or column is None:
            continue
        cells = [cell_operand(one, r, column) for r in rows]
        found = _ordered(rule, [cell for cell in cells if cell])
        if len(found) == 2 and go_together(rule, found):
            tables.append((ground.judge.share(ground.judge.cover(said_of(one, rows))), [found]))
    return list(best_table(tables)) if tables else _of_two_tables(rule, ground)


def _of_two_tables(rule: Rule, ground: Ground) -> list[Operands]:
    """A row of each of two tables of a report that have the same columns."""
    single = []
    for one in ground.views:
        rows = [m.row for m in mentions(one, ground.question.folded) if m.covered >= LABEL]
        column = _column(one, ground)
        cell = cell_operand(one, rows[0], column) if len(rows) == 1 and column else None
        if cell:
            single.append((one, rows, cell, [c.label for c in one.table.columns[1:]]))
    pairs = []
    for (one, rows, cell, titles), (other, others, beside, same) in combinations(single, 2):
        both = f"{said_of(one, rows)} {said_of(other, others)}"
        if one.report is other.report and titles == same and cell.value != beside.value and ground.heads(both):
            pairs.append(_ordered(rule, [cell, beside]))
    return [pairs[0]] if len(pairs) == 1 and go_together(rule, pairs[0]) else []


def _column(one: View, ground: Ground) -> int | None:
    return period_column(one, ground.periods[0]) if ground.periods else value_column(one, ground)


def of_rows_twice(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Two rows of a table at two periods; of a single period the one before is the other."""
    tables = []
    for one in ground.views:
        rows, columns = _two_rows(one, rule, ground), _two_columns(one, ground)
        if rows is None or columns is None:
            continue
        first, last = ([cell_operand(one, r, column) for r in rows] for column in columns)
        if None in first or None in last:
            continue
        pairs = sorted(
            zip([cell for cell in first if cell], [cell for cell in last if cell], strict=True),
            key=lambda pair: abs(Decimal(pair[1].value)),
        )
        found = {"part": pairs[0][0], "part_last": pairs[0][1], "whole": pairs[1][0], "whole_last": pairs[1][1]}
        if go_together(rule, found):
            tables.append((ground.judge.share(ground.judge.cover(said_of(one, rows))), [found]))
    return list(best_table(tables))


def _two_columns(one: View, ground: Ground) -> tuple[int, int] | None:
    periods = ground.periods
    if len(periods) == 1:
        if not periods[0][1]:
            return None
        periods = (a_year_before(periods[0]), periods[0])
    columns = [period_column(one, period) for period in periods]
    return (columns[0], columns[1]) if len(columns) == 2 and columns[0] and columns[1] else None


def _two_rows(one: View, rule: Rule, ground: Ground) -> list[int] | None:
    rows = [m.row for m in mentions(one, ground.question.folded)]
    if len(rows) == 1 and rule.settings.get("whole"):
        whole = whole_of(one, rows[0])
        rows += [] if whole is None else [whole]
    return rows if len(rows) == 2 and ground.heads(said_of(one, rows)) else None


def _ordered(rule: Rule, cells: Sequence[Operand]) -> dict[str, Operand]:
    """Two operands under the names of a rule: as asked, or the smaller or the larger one first."""
    order = rule.settings.get("order")
    if order:
        cells = sorted(cells, key=lambda cell: abs(Decimal(cell.value)), reverse=order == "falling")
    return dict(zip(rule.operands, cells, strict=False))


# ---------------------------------------------------------------- figures of a sentence


def of_figures(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Two figures of one sentence, each with a word of the question next to it that is not next to the other."""
    if len(ground.periods) > 1:
        return []
    kind = next(iter(rule.operands.values()))["unit"]
    fitting: list[tuple[float, dict[str, Operand]]] = []
    for sentence in ground.sentences:
        if sentence.place is None or not ground.says(sentence):
            continue
        near = _nearby(sentence, ground)
        for i, j in combinations(range(len(sentence.quantities)), 2):
            apart = near[i] - near[j] and near[j] - near[i] and not _astray(sentence, near, i, j, ground)
            if apart and all(_fits(sentence, n, kind, ground) for n in (i, j)):
                found = _ordered(rule, [operand(sentence.quantities[n], sentence.place) for n in (i, j)])
                weight = sum(ground.judge.weights[g] for g in near[i] | near[j])
                if go_together(rule, found) and len({one.value for one in found.values()}) == 2:
                    fitting.append((ground.share(sentence) * weight, found))
    return unrivalled(fitting)


def _fits(sentence: Sentence, i: int, kind: str, ground: Ground) -> bool:
    quantity = sentence.quantities[i]
    region = sentence.region(i)
    dated = not ground.periods or key_of(quantity.period) in (None, ground.periods[0])
    others = [m for m in grammar().measures if m.search(sentence.words_at(i)) and not m.search(ground.question.folded)]
    growth = quantity.is_growth or (quantity.unit == "%" and RATE.search(region))
    unclear = others or sentence.glosses(i) or sentence.is_open(i)
    return is_of(quantity, kind) and dated and not growth and not unclear


def _astray(sentence: Sentence, near: Mapping[int, frozenset[int]], i: int, j: int, ground: Ground) -> bool:
    """Whether something that the question is about is said of another figure, and not before both of the two."""
    both = sentence.folded[: sentence.quantities[min(i, j)].start]
    others = {g for n, groups in near.items() if n not in (i, j) for g in groups} - near[i] - near[j]
    return any(not ground.names(g, both) for g in others)


def _nearby(sentence: Sentence, ground: Ground) -> Mapping[int, frozenset[int]]:
    """For each figure of a sentence the groups of the question that are said nearest to it; of "A/B: 1/2" each its
    own."""
    near: dict[int, set[int]] = {i: set() for i in range(len(sentence.quantities))}
    for g, group in enumerate(ground.judge.groups):
        if group.kind != "name" and (group.weight < _TELLS or grammar().idle.fullmatch(group.spellings[0])):
            continue
        for i in near:
            own, parts = sentence.own_part(i)
            if parts and ground.names(g, own) and not all(ground.names(g, part) for part in parts):
                near[i].add(g)
        places = {m.start() for s in group.spellings for m in re.finditer(re.escape(s), sentence.folded)}
        for start in places:
            closest = min(near, key=lambda i: _distance(sentence, i, start))
            if not any(ground.names(g, part) for part in sentence.own_part(closest)[1]):
                near[closest].add(g)
    return {i: frozenset(groups) for i, groups in near.items()}


def _distance(sentence: Sentence, i: int, place: int) -> int:
    quantity = sentence.quantities[i]
    a, b = (quantity.end, place) if place >= quantity.end else (place, quantity.start)
    return b - a + _BEHIND_PAUSE * len(_PAUSE.findall(sentence.folded, a, b))

"""Operands from tables: the rows and columns that a question names, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assistant import tabular
from assistant.evidence import LONGEST, Evidence
from assistant.language import fold
from assistant.quantities import find_periods
from assistant.reckoning.grammar import Rule, grammar
from assistant.reckoning.ground import Ground, Span, years_between
from assistant.reckoning.labels import LABEL, coverage, covered_loosely
from assistant.reckoning.operand import CLOSE, Operand, Operands, go_together, operand, same_units, unrivalled
from assistant.tabular import View

_SEVERAL = re.compile(r"[和与跟及、加]|同期|分别|各自|\band\b|\bboth\b|呢")
_NAME = re.compile(r"^(?![\d.,%\-+() ]*[a-z%]{0,7}$).*[a-z\u4e00-\u9fff]")
_LONGEST_NAME = 24  # characters
_NEAR = 0.6  # of a label, where no other row is nearer
_MOST_ROWS = 6
_COUNTED = {3: r"[三3]家|three (?:com|firm)", 4: r"[四4]家|four (?:com|firm)", 5: r"[五5]家|five (?:com|firm)"}
_YEAR_BEFORE = re.compile(r"[上前]一?年|去年|year (?:earlier|before|ago)|(?:prior|previous) year")
_TOTAL = re.compile(r"总计|合计|^总额|\btotal\b")


@dataclass(frozen=True, slots=True)
class Mention:
    """A row that a text names, how much of its label the text has, and where."""

    row: int
    covered: float
    there: frozenset[int]
    said: frozenset[int]  # with what the text says of its block


# ---------------------------------------------------------------- which rows and columns


def mentions(one: View, text: str) -> list[Mention]:
    """The rows that a folded text names, in the order of naming: those whose label it has, or most of it where no
    other row's has more of what the text says. What the text says of a row's block counts as said of the row. A row is
    not meant whose words are all part of another's, nor one whose words stand around another's ("Acme cloud revenue"
    means the row of cloud, not that of Acme's revenue)."""
    found = [m for r in range(len(one.rows)) if (m := _mention(one, r, text)).covered >= _NEAR and m.there]
    found = [m for m in found if not any(m.said < other.said or m.there < other.there for other in found)]
    exact = [m for m in found if m.covered >= LABEL]
    found = [m for m in found if not any(_around(m.there, other.there) for other in exact)]
    chosen = []
    for said in sorted({m.said for m in found}, key=min):
        alike = [m for m in found if m.said == said]
        best = [m for m in alike if m.covered == max(one.covered for one in alike)]
        chosen += best if len(best) == 1 else []
    return chosen


def _mention(one: View, r: int, text: str) -> Mention:
    covered, there = _named(one, r, text)
    block = coverage(one.groups[r], text)[1] if one.groups[r] and there else frozenset()
    return Mention(r, covered, there, there | block)


def _named(one: View, r: int, text: str) -> tuple[float, frozenset[int]]:
    """How far a text names a row, and where: by its label, or by a second cell of names, each its own (a product beside
    its maker)."""
    mine = covered_loosely(one.labels[r], text)
    seconds = [cells[1] if len(cells) > 1 else "" for cells in one.rows]
    second = seconds[r]
    if mine[0] >= LABEL or not _NAME.search(second) or seconds.count(second) > 1 or len(second) > _LONGEST_NAME:
        return mine
    return max(mine, covered_loosely(second, text), key=lambda item: item[0])


def _around(outer: frozenset[int], inner: frozenset[int]) -> bool:
    return not outer & inner and min(outer) < min(inner) and max(inner) < max(outer)


def period_column(one: View, period: Span) -> int | None:
    """The column of values (not of growth) of a period."""
    fitting = [
        column.index
        for column in one.table.columns
        for p in find_periods(column.label)[:1]
        if (p.first, p.last) == period and p.growth_of is None
    ]
    return fitting[0] if len(fitting) == 1 else None


def value_column(one: View, ground: Ground) -> int | None:
    """Where no period is asked: the one column that the question names by its label, else the only one of values that
    are no percentages, of a table without periods."""
    if any(column.period for column in one.table.columns):
        return None
    labels = {c.index: fold(re.sub(r"[(（].*", "", c.label)) for c in one.table.columns[1:] if c.label}
    named = [index for index, label in labels.items() if _column_said(one, index, label, ground)]
    if named:
        return named[0] if len(named) == 1 else None
    plain = [index for index in labels if _amounts(one, index)]
    return plain[0] if len(plain) == 1 else None


def _column_said(one: View, column: int, label: str, ground: Ground) -> bool:
    """Whether a question names a column: by its label, by what its letter stands for, or by the unit of its values."""
    text = ground.question.folded
    if coverage(label, text)[0] >= LABEL or any(word in text for word in tabular.LETTERS.get(label, ())):
        return True
    units = {q.unit for r in range(len(one.rows)) if (q := tabular.value(one, r, column))}
    words = grammar().unit_words.get(next(iter(units)) or "", "") if len(units) == 1 else ""
    return bool(words) and re.search(words, text) is not None


def _amounts(one: View, column: int) -> bool:
    units = [q.unit for r in range(len(one.rows)) if (q := tabular.value(one, r, column))]
    return bool(units) and "%" not in units


def cell_operand(one: View, r: int, column: int) -> Operand | None:
    """The value of a cell with its place, and the header's where that names its period."""
    cell = tabular.cell_at(one.table.rows[r], column)
    quantity = tabular.value(one, r, column)
    if cell is None or quantity is None or quantity.bound not in (None, "about"):
        return None
    header = tabular.column_at(one.table, column)
    head = table_place(one, None) if header and header.period else None
    return operand(quantity, table_place(one, r), head)


def table_place(one: View, r: int | None) -> Evidence:
    """A row of a table, or its header, as a place to cite."""
    table = one.table
    start, end = (table.rows[r].start, table.rows[r].end) if r is not None else (table.header_start, table.header_end)
    return tabular.place(one, start, min(end, start + LONGEST), "table_row" if r is not None else "table", row=r)


def said_of(one: View, rows: Sequence[int]) -> str:
    """What a table says of some of its rows, folded: its title and header, their cells and blocks."""
    cells = [" ".join((*one.rows[r][:2], one.labels[r], one.groups[r])) for r in rows]
    return " ".join([one.about, one.header, *cells])


def _label(one: View, r: int) -> Operand:
    return Operand(one.table.rows[r].label.lstrip("-–— "))


def a_year_before(period: Span) -> Span:
    """The same period of the year before."""
    first, last = period
    return f"{int(first[:4]) - 1}{first[4:]}", f"{int(last[:4]) - 1}{last[4:]}"


def best_table(tables: Sequence[tuple[float, list[dict[str, Operand]]]]) -> list[dict[str, Operand]]:
    """What the table that is most about the question has; nothing where two are about it alike."""
    ranked = sorted(tables, key=lambda item: -item[0])
    if len(ranked) > 1 and ranked[1][0] >= CLOSE * ranked[0][0] and ranked[1][1] != ranked[0][1]:
        return []
    return ranked[0][1] if ranked else []


# ---------------------------------------------------------------- one row over periods, several rows of a column


def row_series(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """The values of named rows at the two periods of the question."""
    periods = ground.periods
    if len(periods) == 1 and periods[0][1] and _YEAR_BEFORE.search(ground.question.folded):
        periods = (a_year_before(periods[0]), periods[0])
    if len(periods) != 2:
        return []
    tables = []
    for one in ground.views:
        first, last = (period_column(one, period) for period in periods)
        rows = [m.row for m in mentions(one, ground.question.folded)]
        if first is None or last is None or not 0 < len(rows) <= _MOST_ROWS:
            continue
        if (len(rows) > 1 and not _SEVERAL.search(ground.question.folded)) or not ground.heads(said_of(one, rows)):
            continue
        pairs = [(r, cell_operand(one, r, first), cell_operand(one, r, last)) for r in rows]
        series = [{"start": a, "end": b, "row": _label(one, r)} for r, a, b in pairs if a and b and a.unit == b.unit]
        if len(series) == len(rows):
            tables.append((ground.judge.share(ground.judge.cover(said_of(one, rows))), series))
    return [one for one in _with_years(rule, best_table(tables), periods) if go_together(rule, one)]


def _with_years(rule: Rule, series: Sequence[dict[str, Operand]], periods: Sequence[Span]) -> list[dict[str, Operand]]:
    if not rule.settings.get("years"):
        return list(series)
    years = years_between(periods)
    return [one | {"periods": years} for one in series] if years else []


def row_pair(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Cells of one column, each of the row that the wording names in the group of its operand: once for every period
    that the question names."""
    twice = bool(rule.settings.get("twice"))
    if len(ground.periods) > 2 or (twice and len(ground.periods) != 2):
        return []
    tables = []
    for one in ground.views:
        columns = [period_column(one, p) for p in ground.periods] or [value_column(one, ground)]
        rows = _rows_of(rule, one, match, ground)
        if not rows or None in columns or not ground.heads(said_of(one, list(rows.values()))):
            continue
        found = [_cells(one, rows, column) for column in columns if column is not None]
        if not all(len(cells) == len(rows) and go_together(rule, cells) for cells in found):
            continue
        if len(found) == 2 and not twice:
            found = [cells | {"row": Operand(_heading(one, c))} for cells, c in zip(found, columns, strict=True)]
        if twice:
            found = [found[0] | {f"{name}_last": cell for name, cell in found[1].items()}]
        tables.append((ground.judge.share(ground.judge.cover(said_of(one, list(rows.values())))), found))
    return list(best_table(tables))


def _cells(one: View, rows: dict[str, int], column: int) -> dict[str, Operand]:
    cells = {name: cell_operand(one, r, column) for name, r in rows.items()}
    return {name: cell for name, cell in cells.items() if cell is not None}


def _heading(one: View, column: int | None) -> str:
    header = tabular.column_at(one.table, column) if column is not None else None
    return header.label if header else ""


def _rows_of(rule: Rule, one: View, match: re.Match[str], ground: Ground) -> dict[str, int] | None:
    """The row of each operand: the two that together have most of what the wording says of each; None if that is not
    just one choice. A whole that is not named may be the row that the part's label begins with."""
    if len(rule.operands) > 2:
        return _rows_each(rule, one, match, ground)
    first, second = list(rule.operands)
    scored = [_row_scores(one, match, first, None, ground), _row_scores(one, match, second, first, ground)]
    pairs = [(a + b, r, q) for r, a in scored[0].items() for q, b in scored[1].items() if r != q]
    if not pairs and rule.settings.get("whole") and scored[0]:
        best = [r for r, score in scored[0].items() if score == max(scored[0].values())]
        whole = whole_of(one, best[0]) if len(best) == 1 else None
        return None if whole is None else {first: best[0], second: whole}
    top = [pair for pair in pairs if pair[0] == max(pairs)[0]]
    return {first: top[0][1], second: top[0][2]} if len(top) == 1 else None


def _rows_each(rule: Rule, one: View, match: re.Match[str], ground: Ground) -> dict[str, int] | None:
    """Of more than two operands the row of each: what its own group of the wording has most of."""
    chosen = {}
    for name in rule.operands:
        scores = _row_scores(one, match, name, None, ground)
        best = [r for r, score in scores.items() if score == max(scores.values())]
        if len(best) != 1:
            return None
        chosen[name] = best[0]
    return chosen if len(set(chosen.values())) == len(chosen) else None


def _row_scores(one: View, match: re.Match[str], name: str, other: str | None, ground: Ground) -> dict[int, float]:
    """Rows whose label the question has, by how much of it stands in the group of the wording; what stands in the
    group of the `other` operand counts against it, elsewhere it counts half."""
    inside = frozenset(range(*match.span(name)))
    against = frozenset(range(*match.span(other))) if other else frozenset()
    scores = {}
    for r in range(len(one.rows)):
        covered, there = _named(one, r, ground.question.folded)
        if covered >= LABEL and len(there & inside) >= 2:
            scores[r] = covered * (
                len(there & inside) + 0.5 * len(there - inside - against) - 0.5 * len(there & against)
            )
    return scores


def whole_of(one: View, part: int) -> int | None:
    """The row that a part's label begins with ("size" of "size - professionals"), else the table's only total."""
    labels = [label.replace(" ", "") for label in one.labels]
    wholes = [
        r
        for r, label in enumerate(labels)
        if r != part and len(label) > 2 and re.match(re.escape(label) + r"[-–—:：(（]", labels[part])
    ]
    if not wholes:
        wholes = [r for r, label in enumerate(labels) if r != part and _TOTAL.search(label)]
    return wholes[0] if len(wholes) == 1 else None


def row_list(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Any number of cells: of several named rows in one column, or of one row over a span of years."""
    tables = []
    for one in ground.views:
        rows = [m.row for m in mentions(one, ground.question.folded)] or _all_rows(one, ground)
        if not 0 < len(rows) <= _MOST_ROWS or not (len(rows) == len(one.rows) or ground.heads(said_of(one, rows))):
            continue
        cells = _column_cells(one, rows, ground) if len(rows) > 1 else _year_cells(one, rows[0], ground)
        if len(cells) > 1 and None not in cells and same_units(cell.unit for cell in cells if cell):
            found = {f"v{i}": cell for i, cell in enumerate(cells, 1) if cell}
            tables.append((ground.judge.share(ground.judge.cover(said_of(one, rows))), [found]))
    return list(best_table(tables))


def _all_rows(one: View, ground: Ground) -> list[int]:
    """All rows of a table, where the question names as many as it has."""
    said = re.search(_COUNTED[len(one.rows)], ground.question.folded) if len(one.rows) in _COUNTED else None
    return list(range(len(one.rows))) if said and value_column(one, ground) else []


def _column_cells(one: View, rows: Sequence[int], ground: Ground) -> list[Operand | None]:
    if len(ground.periods) > 1:
        return []
    column = period_column(one, ground.periods[0]) if ground.periods else value_column(one, ground)
    return [cell_operand(one, r, column) for r in rows] if column is not None else []


def _year_cells(one: View, r: int, ground: Ground) -> list[Operand | None]:
    if len(ground.periods) != 2 or years_between(ground.periods) is None:
        return []
    first, last = (int(period[0][:4]) for period in ground.periods)
    columns = [period_column(one, (f"{year}-01-01", f"{year}-12-31")) for year in range(first, last + 1)]
    return [None if column is None else cell_operand(one, r, column) for column in columns]


# ---------------------------------------------------------------- rows by their role, columns against each other


def row_roles(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Cells of one column, each of the row whose label says its role, within the block that the question names."""
    if len(ground.periods) != 1 or not all("row" in spec for spec in rule.operands.values()):
        return []
    fitting = []
    for one in ground.views:
        column = period_column(one, ground.periods[0])
        blocks = {group: coverage(group, ground.question.folded)[0] for group in set(one.groups) if group}
        best = [group for group, covered in blocks.items() if covered == max(blocks.values()) and covered >= LABEL]
        if column is None or len(best) > 1:
            continue
        rows = [r for r in range(len(one.rows)) if not best or one.groups[r] == best[0]]
        chosen = {name: _role_row(one, rows, spec, ground) for name, spec in rule.operands.items()}
        found = _cells(one, {name: r for name, r in chosen.items() if r is not None}, column)
        whole = all(name in found or spec.get("optional") for name, spec in rule.operands.items())
        if whole and (best or ground.heads(said_of(one, [r for r in chosen.values() if r is not None]))):
            fitting.append((ground.judge.share(ground.judge.cover(one.about)), found))
    return unrivalled(fitting)


def _role_row(one: View, rows: Sequence[int], spec: Mapping[str, Any], ground: Ground) -> int | None:
    fit = [
        r
        for r in rows
        if re.search(spec["row"], one.labels[r]) and not re.search(spec.get("row_not", "^$"), one.labels[r])
    ]
    if len(fit) > 1:
        said = {r: coverage(one.labels[r], ground.question.folded)[0] for r in fit}
        fit = [r for r in fit if said[r] == max(said.values()) and said[r] >= LABEL]
    return fit[0] if len(fit) == 1 else None


def column_ratio(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """The highest and the lowest quotient of two columns of a table, over its rows or those of a block named."""
    tables = []
    for one in ground.views:
        a, b = (_column_named(one, match.group(name)) for name in ("a", "b"))
        if a is None or b is None or a == b:
            continue
        found = _ends(one, a, b, ground)
        if found:
            tables.append((ground.judge.share(ground.judge.cover(f"{one.about} {one.header}")), found))
    return list(best_table(tables))


def _ends(one: View, a: int, b: int, ground: Ground) -> list[dict[str, Operand]]:
    blocks = {group for group in one.groups if group and coverage(group, ground.question.folded)[0] == 1.0}
    rows = [r for r in range(len(one.rows)) if not blocks or one.groups[r] in blocks]
    cells = {r: (cell_operand(one, r, a), cell_operand(one, r, b)) for r in rows}
    whole = {r: (x, y) for r, (x, y) in cells.items() if x and y and isinstance(y.value, Decimal) and y.value}
    if len(whole) < 2 or len({(x.unit, y.unit) for x, y in whole.values()}) != 1:
        return []
    ranked = sorted(whole, key=lambda r: whole[r][0].value / whole[r][1].value)  # type: ignore[operator]
    found = [
        {"a": whole[r][0], "b": whole[r][1], "row": Operand(_row_name(one, r)), "side": Operand(end)}
        for end, r in (("highest", ranked[-1]), ("lowest", ranked[0]))
    ]
    if missing := [_row_name(one, r) for r in rows if r not in whole]:
        found[-1]["missing"] = Operand(", ".join(missing))
    return found


def _column_named(one: View, phrase: str) -> int | None:
    """The one column whose label a phrase names; numbers of a format ("FP16") count as part of it."""
    labels = {c.index: fold(c.label) for c in one.table.columns[1:] if c.label}
    scored = sorted(((_share_of_label(label, phrase), index) for index, label in labels.items()), reverse=True)
    if not scored or scored[0][0] < LABEL or (len(scored) > 1 and scored[1][0] == scored[0][0]):
        return None
    return scored[0][1]


def _share_of_label(label: str, phrase: str) -> float:
    """How much of a column's label, with or without what stands in brackets, a phrase has."""
    return max(coverage(label, phrase)[0], coverage(re.sub(r"[(（].*", "", label), phrase)[0] - 0.01)


def _row_name(one: View, r: int) -> str:
    """A row's first two cells, which name it."""
    texts = [cell.text.strip() for cell in one.table.rows[r].cells[:2] if cell.text.strip()]
    return " ".join(text for text in texts if not re.fullmatch(r"[\d\W]*", text))

"""Questions answered from the model of a table: cells, rows that meet a condition, extremes, rows common to tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from assistant.evidence import Evidence, Judge, named
from assistant.language import fold, folded_tokens
from assistant.quantities import Quantity, find_periods, find_quantities, read_cell
from assistant.questions import Group, Question
from assistant.reading.labels import is_unit, readable
from assistant.reading.tables import unit_of
from assistant.types import Cell, CitationKind, Column, Passage, Report, Row, Table

Operation = Literal["lookup", "rows", "highest", "lowest", "latest", "earliest", "common"]
MOST_ROWS = 12
_FEW = 4  # rows that a question names one by one are all shown, whichever is the highest
_SORTS = frozenset(
    ["industry", "product-type", "technology", "rating", "geography", "deal", "position", "esg"]
)  # of rows
_FIGURES, _TELLING = frozenset(["metric", "valuation", "esg", "rating", "period"]), 3  # what a column is headed by
_QUOTED = re.compile(r"[“\"「『']([^”\"」』']{1,20})[”\"」』']")
_UNIT_PART = re.compile(r"[(（][^()（）]*[)）]\s*$")
_SEVERAL = re.compile(r"[两二三四五2-5]\s*[张个份]|各[张个份]|\b(?:both|two|three|four|all) [a-z ]*(?:tables|lists)")
_RANK = re.compile(r"^[\W\d]+(?=[^\W\d])")
_DATE_CELL = re.compile(r"(?:20)?(\d\d)[-./年]\s*(\d{1,2})(?:[-./月]\s*(\d{1,2})日?)?")
_DATED = re.compile(r"20\d\d(?=[-./年])")
_BOUNDS = ("over", "under", "at_least", "at_most")
LETTERS = {"e": ("环境", "environment"), "s": ("社会", "social"), "g": ("治理", "governance")}


_STRETCH = re.compile(r"(20\d\d)\s*[aef]?年?\s*(?:到|至|[-–~—]|to|through)\s*(20\d\d)")
PeriodKey = tuple[str, str, str | None, str | None]  # kind, first day (or as printed), last day, growth


@dataclass(frozen=True, slots=True)
class View:
    """A table of a report with what matching looks at, folded once."""

    report: Report
    table: Table
    about: str  # caption, section, title
    header: str
    rows: tuple[tuple[str, ...], ...]  # folded readable cells by column
    labels: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a table answers a question: rows, the columns asked about (empty: all), and by which operation."""

    operation: Operation
    view: View
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    score: float
    labelled: bool  # whether the rows were named by the question
    covered: frozenset[int] = frozenset()  # the question's groups that the table and its rows name


@lru_cache(maxsize=512)
def view(report: Report, index: int) -> View:
    """The folded view of a report's table."""
    table = report.tables[index]
    return View(
        report,
        table,
        about=fold(f"{table.caption or ''} {table.section or ''} {report.title}"),
        header=fold(" ".join(column.label for column in table.columns)),
        rows=tuple(_cells(row, len(table.columns)) for row in table.rows),
        labels=tuple(_bare(fold(readable(row.label))) for row in table.rows),
        groups=tuple(fold(row.group or "") for row in table.rows),
    )


def _cells(row: Row, width: int) -> tuple[str, ...]:
    cells = [""] * max(width, 1 + max((cell.column for cell in row.cells), default=0))
    for cell in row.cells:
        cells[cell.column] = fold(readable(cell.text)).strip()
    return tuple(cells)


def _bare(label: str) -> str:
    """A label without rank numbers, list dashes and a unit in parentheses."""
    return _RANK.sub("", _UNIT_PART.sub("", label)).strip() or label


def place(one: View, start: int, end: int, kind: CitationKind, score: float = 1.0, row: int | None = None) -> Evidence:
    """A stretch of a table (a row, neighbouring rows, its header) as a place to cite."""
    table, report = one.table, one.report
    passage = Passage(
        f"{report.report_id}-{start}-{end}",
        report.report_id,
        "table_row",
        start,
        end,
        report.text[start:end],
        "",
        table.page,
        table.section,
        table.number or table.caption,
        table.index,
    )
    return Evidence(report, passage, kind, start, end, score, 1.0, 1.0, {}, "", table, row)


def select(question: Question, judge: Judge, views: Sequence[View]) -> list[Selection]:
    """What each table has for the question, best first; tables that have nothing are left out."""
    if "common" in question.intents and (shared := _common(judge, views)):
        return shared
    found = [chosen for one in views if (chosen := _selection(question, judge, one))]
    found.sort(key=lambda s: (-s.score, s.view.report.report_id, s.view.table.index))
    return _pooled(question, found) if found else []


def _selection(question: Question, judge: Judge, one: View) -> Selection | None:
    about = judge.cover(one.about)
    header = judge.cover(one.header)
    columns = mentioned_columns(question, one)
    labelled = mentioned_rows(question, judge, one, set(about))
    conditioned = _conditioned(question, judge, one, {*about, *header}, labelled)
    about_name = any(judge.groups[i].kind == "name" for i in about)
    rows, operation = _rows(question, one, labelled, conditioned, columns, about_name)
    if not rows:
        return None
    own = {i for r in rows for i in judge.cover(" ".join((*one.rows[r], one.groups[r])))}
    covered = {**dict.fromkeys(about, 0.8), **dict.fromkeys(header, 0.9), **dict.fromkeys(own, 1.0)}
    years_alone = all(one.table.columns[c].period for c in columns)
    if years_alone and _other_sort(judge, covered):
        return None
    if not (columns and (labelled or operation in ("highest", "lowest"))) and not _about_it(judge, covered):
        return None
    score = judge.share(covered) + 0.12 * bool(labelled) + 0.1 * bool(columns)
    if one.table.number and one.table.number in question.figures:
        score += 1.0
    return Selection(operation, one, tuple(rows), tuple(columns), score, bool(labelled), frozenset(covered))


def _other_sort(judge: Judge, covered: dict[int, float]) -> bool:
    """Whether the question asks for a kind of deal, and the table has none of it: then a year in it answers nothing."""
    return any(
        group.term is not None and group.term.kind in ("deal", "corporate-action") and i not in covered
        for i, group in enumerate(judge.groups)
    )


def _about_it(judge: Judge, covered: dict[int, float]) -> bool:
    """Whether a table speaks of what is asked beside the names: a third of the telling words at least."""
    asked = {i: w for i, w in enumerate(judge.weights) if judge.groups[i].kind in ("concept", "word") and w > 1}
    return not asked or sum(w for i, w in asked.items() if i in covered) >= 0.3 * sum(asked.values())


def _rows(
    question: Question,
    one: View,
    labelled: list[int],
    conditioned: list[int] | None,
    columns: list[int],
    about_name: bool,
) -> tuple[list[int], Operation]:
    """The rows that answer and how they were found."""
    pool = labelled or (conditioned if conditioned is not None else list(range(len(one.rows))))
    if labelled and conditioned and (both := [r for r in labelled if r in conditioned]):
        pool = both
    count = question.count or 1
    if "latest" in question.intents and (ranked := _dated(one, pool)):
        return ranked[: -count - 1 : -1], "latest"
    if "earliest" in question.intents and (ranked := _dated(one, pool)):
        return ranked[:count], "earliest"
    ends = [name for name in ("highest", "lowest") if name in question.intents]
    if ends and not (labelled and len(pool) <= _FEW) and len(pool) > 1 and (ranked := _ranked(one, pool, columns)):
        top = ranked[:count] if "highest" in ends else []
        bottom = ranked[: -count - 1 : -1] if "lowest" in ends else []
        return list(dict.fromkeys([*top, *bottom])), "highest" if top else "lowest"
    for sign in ("negative", "positive"):
        if sign in question.intents and columns and (signed := _signed(one, pool, columns, sign)):
            return signed, "rows"
    if labelled:
        return pool, "lookup"
    if conditioned is None and "listing" in question.intents and columns and about_name and len(one.rows) <= MOST_ROWS:
        return pool, "rows"  # "which companies did X invest in, when and in which round": the whole of X's table
    return (pool, "rows") if conditioned else ([], "rows")


def _pooled(question: Question, found: list[Selection]) -> list[Selection]:
    """An extreme over several tables that the question takes together is the extreme of all their rows."""
    best = found[0]
    if best.operation not in ("highest", "lowest") or not _SEVERAL.search(question.folded) or not best.columns:
        return found
    alike = [
        s
        for s in found
        if s.operation == best.operation
        and s.columns == best.columns
        and s.score > 0.5 * best.score
        and _titles(s.view.table) == _titles(best.view.table)
    ]
    if len(alike) < 2:
        return found
    column = best.columns[0]
    valued = [
        (q.value, i, r) for i, s in enumerate(alike) for r in s.rows if (q := value(s.view, r, column)) is not None
    ]
    valued.sort(key=lambda item: -item[0])
    count = question.count or 1
    kept = (valued[:count] if "highest" in question.intents else []) + (
        valued[-count:] if "lowest" in question.intents else []
    )
    pooled = [
        Selection(s.operation, s.view, tuple(r for _, j, r in kept if j == i), s.columns, best.score, s.labelled)
        for i, s in enumerate(alike)
    ]
    return [s for s in pooled if s.rows]


def _titles(table: Table) -> list[str]:
    return [column.label for column in table.columns[1:]]


def mentioned_rows(question: Question, judge: Judge, one: View, about: set[int]) -> list[int]:
    """Rows that the question names: by their label or a name or code in another cell, else by their block. A name
    that the caption has (`about`) picks the table, not a row, unless a label is just that name."""
    elsewhere = {judge.groups[i].spellings for i in about}
    strengths = [_named_strength(question, label, elsewhere) for label in one.labels]
    best = max(strengths, default=0.0)
    found = {r for r, strength in enumerate(strengths) if strength > 0 and (strength >= 0.9 or best < 0.9)}
    for group in question.of("name"):
        if group.spellings not in elsewhere and not any(_says(one.labels[r], group) for r in found):
            found |= {r for r, cells in enumerate(one.rows) if any(_name_cell(cell, group) for cell in cells[1:4])}
    found |= {
        r
        for r, cells in enumerate(one.rows)
        if any(_one_of_a_kind(question, one, cell, c) for c, cell in enumerate(cells[1:3], 1))
    }
    block = _named_block(question, one)
    if block:
        inside = [r for r in range(len(one.rows)) if one.groups[r] == block]
        exact = [r for r in inside if r in found and named(question.sought, one.labels[r])]
        return exact if exact and not question.parts else inside  # what a block's rows are called varies: show them all
    return sorted(found)


def _one_of_a_kind(question: Question, one: View, cell: str, column: int) -> bool:
    """Whether a cell that the question names stands in a column of names, each its own, and so names its row."""
    values = [cells[column] for cells in one.rows if column < len(cells) and cells[column]]
    return len(set(values)) > 0.9 * len(values) and values.count(cell) == 1 and _value_named(question, cell)


def _says(label: str, group: Group) -> bool:
    return any(named(label, spelling) for spelling in group.spellings)


def _named_strength(question: Question, label: str, elsewhere: set[tuple[str, ...]]) -> float:
    """1 where the question has a row's label under one of its names, less where it has most of its characters."""
    if len(label) == 1:  # a metal's table says 銀 where the question says 白銀
        return float(
            any(
                label in s
                for g in question.of("concept")
                if g.term and g.term.kind == "commodity"
                for s in g.spellings[:1]
            )
        )
    if not label:
        return 0.0
    if len(label) > 1 and named(question.sought, label):
        return 1.0
    names = [g for g in question.of("name") if g.spellings not in elsewhere or label in g.spellings]
    if any(_name_cell(label, group) for group in names) or any(label in g.spellings for g in question.of("concept")):
        return 1.0
    core = re.split(r"[-–—(（/:：\s]", label)[0]
    if len(core) >= 2 and not core.isascii() and core in question.sought:
        return 0.9
    head = next((label[:n] for n in range(len(label) - 1, 3, -1) if label[:n] in question.sought), "")
    if len(head) >= 4 and len(head) >= 0.6 * len(label):
        return 0.9
    return _overlap(question, label) if len(label) >= 4 else 0.0


def _overlap(question: Question, label: str) -> float:
    """The share of a label's character pairs and words that the question has, where it is most of them."""
    pieces = set(folded_tokens(label))
    share = sum(piece in question.sought for piece in pieces) / len(pieces) if pieces else 0.0
    return 0.8 * share if share >= 0.66 else 0.0


def _named_block(question: Question, one: View) -> str | None:
    blocks = {group for group in one.groups if group}
    scored = [
        (max(float(block in question.sought), _overlap(question, block), 0.7 * _pairs(question, block)), block)
        for block in sorted(blocks)
    ]
    best = max(scored, default=(0.0, ""))
    rivals = sum(score == best[0] for score, _ in scored)
    return best[1] if best[0] >= 0.4 and rivals == 1 else None


def _pairs(question: Question, block: str) -> float:
    pieces = [piece for piece in folded_tokens(block) if len(piece) == 2]
    return sum(piece in question.sought for piece in pieces) / len(pieces) if len(pieces) > 2 else 0.0


def _name_cell(cell: str, group: Group) -> bool:
    """Whether a short cell is, or leads with, a name under any of its spellings ("klingai" leads with "kling")."""
    if not cell or len(cell) > 40:
        return False
    bare = _bare(cell)
    return any(
        len(s) > 1
        and (
            (named(cell, s) and len(s) >= 0.4 * len(bare))
            or (len(s) > 3 and s in bare.split(" ", 2)[:2])
            or (len(s) > 3 and s.isascii() and any(word.startswith(s) for word in bare.split()))
        )
        for s in group.spellings
    )


def mentioned_columns(question: Question, one: View) -> list[int]:
    """Body columns that the question names by label, concept or period (the label column is never one)."""
    found = []
    for column in one.table.columns[1:]:
        label = _UNIT_PART.sub("", fold(column.label)).strip()
        if label and (
            _period_named(question, label)
            or _column_named(question, label)
            or any(word in question.sought for word in LETTERS.get(label, ()))
        ):
            found.append(column.index)
    return sorted({*found, *_within_range(question, one)})


def _within_range(question: Question, one: View) -> list[int]:
    """The columns of the years from the first to the last of a stretch that the question names (2021到2025年)."""
    if not (stretch := _STRETCH.search(question.folded)):
        return []
    years = {column.index: period_keys(column.label) for column in one.table.columns[1:]}
    wanted = {str(year) for year in range(int(stretch[1]), int(stretch[2]) + 1)}
    return [
        index
        for index, keys in years.items()
        if any(kind == "year" and not growth and first[:4] in wanted for kind, first, _, growth in keys)
    ]


def _period_named(question: Question, label: str) -> bool:
    compact = label.replace(" ", "")
    forms = question.periods
    return any(compact == form or compact.rstrip("ef") == form.rstrip("ef") for form in forms) or (
        bool(stated := period_keys(label)) and stated <= period_keys(question.folded)
    )


@lru_cache(maxsize=4096)
def period_keys(text: str) -> frozenset[PeriodKey]:
    """The periods that a text names, however they are written ("2026E", "FY26E", "2026年"): kind, dates, growth."""
    periods = find_periods(text.upper(), fiscal_year_end=12)  # folding lowered the marks of quarters and estimates
    return frozenset((p.kind.removeprefix("fiscal-"), p.first or p.text, p.last, p.growth_of) for p in periods)


def _column_named(question: Question, label: str) -> bool:
    if len(label) > 1 and named(question.sought, label):
        return True
    return any(
        named(label, s)
        for group in (*question.of("concept"), *question.of("name"))
        for s in group.spellings
        if len(s) > 1
    )


def _conditioned(
    question: Question, judge: Judge, one: View, about: set[int], labelled: Sequence[int]
) -> list[int] | None:
    """Rows that meet every condition the question sets by naming a value: a category, a quoted word, a block, a date.
    None where it sets no condition that the table knows."""
    sets: list[set[int]] = []
    labels = {i for r in labelled for i in judge.cover(one.labels[r])}
    everything = range(len(one.rows))
    for word in _QUOTED.findall(question.folded):
        sets.append({r for r in everything if any(word in cell for cell in one.rows[r])})
    caption = fold(one.table.caption or "")
    for column in range(1, max(map(len, one.rows), default=0)):  # values of one column are alternatives
        values = {r: one.rows[r][column] for r in everything if column < len(one.rows[r])}
        sets.append({r for r, cell in values.items() if cell not in caption and _value_named(question, cell)})
    for block in {group for group in one.groups if group}:
        if block in question.sought or any(block in g.spellings for g in question.of("concept")):
            sets.append({r for r in everything if one.groups[r] == block})
    sets += [*_day_sets(question, one), *_year_sets(question, one), *_bounded_sets(question, one)]
    for i, group in enumerate(judge.groups):
        sorts = group.kind == "name" or (
            group.kind == "concept" and group.term is not None and group.term.kind in _SORTS
        )
        if sorts and i not in about and i not in labels and len(one.rows) > 3:
            rows = {r for r in everything if any(named(cell, s) for cell in one.rows[r] for s in group.spellings)}
            if len(rows) < 0.7 * len(one.rows):
                sets.append(rows)
    sets = [rows for rows in sets if rows]
    if not sets:
        return None
    kept = set(everything)
    for rows in sorted(sets, key=len):
        if kept & rows:
            kept &= rows
    return sorted(kept) if len(kept) < len(one.rows) else None


def _value_named(question: Question, cell: str) -> bool:
    return 2 <= len(cell) <= 12 and not _numeric(cell) and named(question.sought, cell)


def _day_sets(question: Question, one: View) -> list[set[int]]:
    wanted = {form for form in question.periods if re.search(r"\d[-./月年]", form)}
    if not wanted:
        return []
    rows = {
        r
        for r, cells in enumerate(one.rows)
        for cell in cells[1:]
        if len(cell) <= 14 and any(form in cell for form in wanted)
    }
    return [rows]


def _year_sets(question: Question, one: View) -> list[set[int]]:
    """For each year that the question names and no column is headed by, the rows dated in it."""
    headed = {column.label[:4] for column in one.table.columns}
    years = {form for form in question.periods if re.fullmatch(r"20\d\d", form) and form not in headed}
    dated = {r: m[0] for r, cells in enumerate(one.rows) for cell in cells[1:] if (m := _DATED.match(cell))}
    return [{r for r, day in dated.items() if day.startswith(year)} for year in sorted(years)]


def _bounded_sets(question: Question, one: View) -> list[set[int]]:
    """For each bound that the question sets (四成以上, above 30%), the rows whose value is within it: in the column
    that it names, or in the only one of that unit."""
    bounds = [q for q in find_quantities(question.text) if q.bound in _BOUNDS and q.unit]
    columns = mentioned_columns(question, one) if bounds else []
    sets = []
    for bound in bounds:
        values = {(r, c.index): value(one, r, c.index) for r in range(len(one.rows)) for c in one.table.columns[1:]}
        alike = {c for (_, c), q in values.items() if q and q.unit == bound.unit}
        chosen = alike & set(columns) or (alike if len(alike) == 1 else set())
        sets.append({r for (r, c), q in values.items() if c in chosen and q and _within(q, bound)})
    return sets


def _within(quantity: Quantity, bound: Quantity) -> bool:
    low = quantity.low if quantity.low is not None else quantity.value
    high = quantity.high if quantity.high is not None else quantity.value
    if bound.bound in ("over", "at_least"):
        return quantity.bound not in ("under", "at_most") and (low > bound.value or _reaches(low, bound))
    return quantity.bound not in ("over", "at_least") and (high < bound.value or _reaches(high, bound))


def _reaches(value: Decimal, bound: Quantity) -> bool:
    return value == bound.value and bound.bound in ("at_least", "at_most")


def _numeric(cell: str) -> bool:
    return bool(re.fullmatch(r"[\W\d]*|[\W\d]+(?:%|pct|x|倍)", cell))


def _common(judge: Judge, views: Sequence[View]) -> list[Selection]:
    """The rows whose label stands in every one of the tables that the question compares."""
    scored = sorted(
        (
            (judge.share(judge.cover(one.about)) + judge.share(judge.cover(one.header)) * 0.3, i)
            for i, one in enumerate(views)
        ),
        reverse=True,
    )
    names = [i for i, group in enumerate(judge.groups) if group.kind == "name"]
    by_name: dict[int, View] = {}
    for name in names:
        for _, i in scored:
            caption = fold(views[i].table.caption or "")
            if name in judge.cover(caption) and views[i] not in by_name.values():
                by_name[name] = views[i]
                break
    chosen = list(by_name.values())
    if len(chosen) < 2:
        return []
    chosen = _alike(judge, chosen, views)
    shared = set.intersection(*({_key(label) for label in one.labels} for one in chosen))
    selections = []
    for one in chosen:
        rows = tuple(r for r, label in enumerate(one.labels) if _key(label) in shared)
        if rows:
            selections.append(Selection("common", one, rows, (), 2.0, True))
    return selections


def _alike(judge: Judge, chosen: list[View], views: Sequence[View]) -> list[View]:
    """For each compared name the table of the kind that the question describes, where several tables name it."""

    def kind(one: View) -> float:
        return judge.share(judge.cover(fold(one.table.caption or "")))

    better = []
    for one in chosen:
        mine = {i for i in judge.cover(fold(one.table.caption or "")) if judge.groups[i].kind == "name"}
        rivals = [v for v in views if v.report is one.report and mine & set(judge.cover(fold(v.table.caption or "")))]
        better.append(max([one, *rivals], key=kind))
    return list(dict.fromkeys(better))


def _key(label: str) -> str:
    return re.sub(r"\W", "", label)


def says_all(judge: Judge, selection: Selection) -> bool:
    """Whether the cells of the rows and columns named are all that is asked: an extreme, or no other figure named."""
    if selection.operation in ("highest", "lowest"):
        return True
    one = selection.view
    titles = [fold(one.table.columns[c].label) for c in selection.columns]
    rows = [" ".join((one.groups[r], *one.rows[r])) for r in selection.rows]
    said = judge.cover(" ".join((one.about, *titles, *rows)))
    letters = {word for title in titles for word in LETTERS.get(title, ())}
    return selection.labelled and not any(
        group.term is not None
        and group.term.kind in _FIGURES
        and judge.weights[i] > _TELLING
        and i not in said
        and not letters.intersection(group.spellings)
        and not is_unit(group.spellings[0])
        for i, group in enumerate(judge.groups)
    )


# ---------------------------------------------------------------- values


def value(one: View, row: int, column: int) -> Quantity | None:
    """The quantity in a cell, under its column's and table's unit; None for an empty cell, "-", "/" or words."""
    cell = cell_at(one.table.rows[row], column)
    if cell is None:
        return None
    header = column_at(one.table, column)
    return read_cell(
        cell.text, unit_of(one.table, one.table.rows[row], header) if header else None, header.label if header else None
    )


def cell_at(row: Row, column: int) -> Cell | None:
    """The cell of a row in a column."""
    return next((cell for cell in row.cells if cell.column == column), None)


def column_at(table: Table, index: int) -> Column | None:
    """A table's column by index."""
    return next((column for column in table.columns if column.index == index), None)


def _ranked(one: View, rows: Sequence[int], columns: Sequence[int]) -> list[int]:
    """Rows by the value of the column asked about, highest first; rows without a value are left out."""
    wanted = list(columns) or [c.index for c in one.table.columns[1:]]
    best: list[int] = []
    for column in wanted:
        values: list[tuple[Decimal, int]] = []
        for r in rows:
            quantity = value(one, r, column)
            if quantity is not None:
                values.append((quantity.value, r))
        if len(values) > max(1, len(rows) // 3) and len(values) > len(best):
            best = [r for _, r in sorted(values, key=lambda item: (-item[0], item[1]))]
            if columns:
                break
    return best


def _signed(one: View, rows: Sequence[int], columns: Sequence[int], sign: str) -> list[int]:
    right: Callable[[Decimal], bool] = (lambda v: v < 0) if sign == "negative" else (lambda v: v > 0)
    return [r for r in rows if (q := value(one, r, columns[0])) is not None and right(q.value)]


def _dated(one: View, rows: Sequence[int]) -> list[int]:
    """Rows by the date in them, oldest first."""
    dated: list[tuple[tuple[int, int, int], int]] = []
    for r in rows:
        for cell in one.rows[r][1:]:
            match = _DATE_CELL.fullmatch(cell)
            if match:
                dated.append(((int(match[1]), int(match[2]), int(match[3] or 0)), -r))
                break
    return [-r for _, r in sorted(dated)]

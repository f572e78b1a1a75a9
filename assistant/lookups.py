"""Looking up tables: their list, a cell, a whole row, a whole column; exactly what is printed, with where it stands.

A row and a column are matched by what they say, not by their letters: a label and a request name the same thing if
they name the same period ("2026E", "FY26E", "2026年"), the same terms in any script (可灵, Kling), and the same words.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from assistant.calculators.operands import Name, Outcome, plain
from assistant.errors import InputError
from assistant.evidence import citation
from assistant.language import fold, folded_tokens
from assistant.lexicon import lexicon
from assistant.library import Library
from assistant.quantities import find_periods
from assistant.reading.labels import kind_of, parse_unit, readable
from assistant.reading.tables import unit_of
from assistant.retrieval import Retriever
from assistant.tabular import LETTERS, View, cell_at, column_at, period_keys, place, value, view
from assistant.tools import Registry, calculators_registry
from assistant.types import Citation, ReportInfo

NAMES = ("list_tables", "table_lookup")
_MANY_REPORTS = 60  # beyond these only the reports that speak of what is looked up are searched
_MOST_TABLES, _MOST_CANDIDATES, _MOST_CELLS, _MOST_LABELS = 200, 20, 200, 5
_SAME, _PART = 3, 2  # how well a label fits a request; above _SAME: in the same characters
_NAME_COLUMNS, _LONGEST_NAME = 3, 40  # a row may be named by its code or company in one of the first columns
_ID = re.compile(r"(.+)#(\d+)")
_RANK = re.compile(r"^\W*\d{1,2}(?:[.、)）]\s*|\s+)(?=[^\W\d])")
_BRACKETED = re.compile(r"\s*[(（\[【][^()（）\[\]【】]*[)）\]】]\s*$")
_NUMBERED = re.compile(r"\D{0,9}(\d{1,3}(?:[-–.]\d{1,3})?)")

Says = frozenset[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class _Match:
    """Rows and columns of a table that fit a request, all equally well; None where the request names none."""

    view: View
    rows: tuple[int, ...] | None
    columns: tuple[int, ...] | None
    fit: int

    def cells(self) -> list[tuple[int, int]]:
        """The (row, column) pairs that are meant."""
        rows = range(len(self.view.table.rows)) if self.rows is None else self.rows
        columns = [c.index for c in self.view.table.columns] if self.columns is None else self.columns
        return [(r, c) for r in rows for c in columns]

    def is_line(self) -> bool:
        """Whether it is one whole row or one whole column."""
        named, left_out = (self.rows, self.columns) if self.columns is None else (self.columns, self.rows)
        return left_out is None and len(named or ()) == 1


def registry_over(library: Library | None) -> Registry:
    """The calculators and the look-ups over a library; without one the look-ups can only be described."""
    registry = calculators_registry()
    for function in (_list_tables(library), _table_lookup(library)):
        registry.add(function, "look-ups")
    return registry


def _list_tables(library: Library | None) -> Callable[..., Outcome]:
    def list_tables(report: Name = "") -> Outcome:
        """Return the tables of the library or of one report: id, number, caption, columns, rows, unit, page.

        Source: the tables as the reports print them. Raises InputError for a report that is not there.
        """
        infos = _reports(library, report)
        views = _views(library, infos)
        shown = [_table(one) | _shape(one) for one in views[:_MOST_TABLES]]
        more = len(views) - len(shown)
        steps = (f"{more} more tables are left out; name a report to see its own.",) if more else ()
        formula = f"tables of {report or 'the library'}"
        return Outcome({"tables": shown}, "", formula, f"{len(views)} tables in {len(infos)} reports", steps)

    return list_tables


def _table_lookup(library: Library | None) -> Callable[..., Outcome]:
    def table_lookup(table: Name = "", row: Name = "", column: Name = "", report: Name = "") -> Outcome:
        """Return a cell of a table; without `column` a whole row, without `row` a whole column.

        Source: the table as the report prints it. The result has the cell's text, value, unit, scale and currency and
        what explains it; or "cells" for a row or column; or "candidates" where several places fit equally well, none
        of which is chosen. Raises InputError where nothing fits, naming the nearest labels.
        """
        if not row and not column:
            raise InputError("table_lookup needs a row, a column, or both, by their labels: row=可灵, column=2026E.")
        infos, steps = _narrowed(library, _reports(library, report), f"{table} {row} {column}")
        views = _named_tables(_views(library, infos), table)
        matches = _matches(views, row, column)
        if not matches and row and column and (turned := _matches(views, column, row)):
            matches, steps = turned, [*steps, "Row and column were found the other way round."]
        if not matches:
            raise InputError(_nothing(views, row, column))
        asked = " × ".join(part for part in (row, column) if part)
        return _outcome(matches, f"cell at {asked}" if row and column else f"cells at {asked}", steps)

    return table_lookup


# ---------------------------------------------------------------- which tables


def _reports(library: Library | None, name: str) -> list[ReportInfo]:
    """The reports that a name means (an id or the start of one, a file, a title, a broker); without a name all."""
    infos = library.infos() if library else []
    if not name or not library:
        return infos
    wanted = fold(name)
    broker = lexicon().broker(name)
    found = [info for info in infos if wanted in (fold(info.source), fold(info.title))]
    found = found or [info for info in infos if broker and info.issuer == broker.name]
    found = found or [info for info in infos if wanted in fold(f"{info.source} {info.title} {info.issuer or ''}")]
    return found or [library.info(name)]


def _narrowed(library: Library | None, infos: list[ReportInfo], sought: str) -> tuple[list[ReportInfo], list[str]]:
    """Of many reports those that speak of what is sought, with a step that says so."""
    if library is None or len(infos) <= _MANY_REPORTS:
        return infos, []
    found = {hit.report.report_id for hit in Retriever(library).search(sought, _MOST_TABLES)}
    kept = [info for info in infos if info.report_id in found][:_MANY_REPORTS]
    return kept, [f"Looked in the {len(kept)} of {len(infos)} reports that speak of it most; name a report to be sure."]


def _views(library: Library | None, infos: Iterable[ReportInfo]) -> list[View]:
    if library is None:
        return []
    reports = [library.report(info.report_id) for info in infos if info.tables]
    return [view(report, table.index) for report in reports for table in report.tables]


def _named_tables(views: list[View], name: str) -> list[View]:
    """The tables that a name means: an id of list_tables, a number ("图 3", "Table 3"), words of a caption."""
    if not name:
        return views
    if match := _ID.fullmatch(name.strip()):
        found = [v for v in views if v.table.index == int(match[2]) and v.report.report_id.startswith(match[1])]
    elif match := _NUMBERED.fullmatch(name.strip()):
        found = [v for v in views if v.table.number == match[1]]
    else:
        sought = _says(name)
        found = [v for v in views if fold(name) in fold(v.table.caption or "")]
        found = found or [v for v in views if sought <= _says(f"{v.table.caption or ''} {v.table.section or ''}")]
    if not found:
        captions = {v.table.caption: None for v in views if v.table.caption}
        raise InputError(f"There is no table '{name}'.{_nearest(name, captions)} list_tables lists them.")
    return found


# ---------------------------------------------------------------- which rows and columns


def _matches(views: Sequence[View], row: str, column: str) -> list[_Match]:
    """The tables whose rows and columns fit, only the best fitting ones."""
    found = [match for one in views if (match := _match(one, row, column))]
    best = max((match.fit for match in found), default=0)
    return [match for match in found if match.fit == best]


def _match(one: View, row: str, column: str) -> _Match | None:
    rows, row_fit = _best([_row_fit(one, r, row) for r in range(len(one.table.rows))]) if row else (None, _SAME)
    titles = {c.index: _fit(column, c.label, one.table.caption or "") for c in one.table.columns}
    columns, column_fit = _best([titles.get(i, 0) for i in range(max(titles, default=0) + 1)]) if column else (None, 0)
    if rows == () or columns == ():
        return None
    return _Match(one, rows, columns, min(row_fit, _SAME) + min(column_fit, _SAME))


def _best(fits: Sequence[int]) -> tuple[tuple[int, ...], int]:
    best = max(fits, default=0)
    return tuple(i for i, fit in enumerate(fits) if best and fit == best), best


def _row_fit(one: View, r: int, request: str) -> int:
    row = one.table.rows[r]
    around = f"{row.group or ''} {one.table.caption or ''}"
    names = [cell.text for cell in row.cells if 0 < cell.column < _NAME_COLUMNS and len(cell.text) <= _LONGEST_NAME]
    named = any(_fit(request, name, "") >= _SAME for name in names)
    return max(_fit(request, row.label, around), _SAME if named else 0)


def _fit(request: str, label: str, around: str) -> int:
    """How well a label fits a request: 4 in the same characters, 3 saying the same (the request may also name the
    block or the table), 2 where the label says more, 0 not at all."""
    if not label.strip():
        return 0
    if _letters(request) == _letters(label):
        return _SAME + 1
    if any(word in fold(request) for word in LETTERS.get(fold(label).strip(), ())):
        return _SAME
    asked, said = _says(request), _says(label)
    if said and asked and (asked == said or said <= asked <= said | _says(around)):
        return _SAME
    return _PART if asked and asked & said and asked <= said | _says(around) else 0


def _letters(text: str) -> str:
    """A label's own letters and digits, without rank and unit."""
    return re.sub(r"\W", "", _without_rank_and_unit(fold(readable(text))))


def _without_rank_and_unit(folded: str) -> str:
    bare = _RANK.sub("", folded)
    return _BRACKETED.sub("", bare) if parse_unit(bare) else bare


@lru_cache(maxsize=50_000)
def _says(text: str) -> Says:
    """What a label names, however it is written: periods by their dates, terms by their id, other words as they are."""
    clean = readable(text)
    periods = find_periods(clean, fiscal_year_end=12)
    says: set[tuple[str, object]] = {("period", key) for key in period_keys(clean)}
    for period in reversed(periods):
        clean = f"{clean[: period.start]}\n{clean[period.end :]}"
    rest = _without_rank_and_unit(fold(clean))
    mentions = [m for m in lexicon().names_in(rest) if m.start >= 0]
    taken = [(m.start, m.end) for m in mentions]
    concepts = [m for m in lexicon().concepts_in(rest) if not any(a < m.end and m.start < b for a, b in taken)]
    for mention in (*mentions, *concepts):
        says.add(("term", mention.term.id))
        rest = rest[: mention.start] + "\n" * (mention.end - mention.start) + rest[mention.end :]
    return frozenset(says | {("word", token) for token in folded_tokens(rest) if len(token) > 1 or not token.isascii()})


# ---------------------------------------------------------------- what is found


def _outcome(matches: list[_Match], formula: str, steps: list[str]) -> Outcome:
    """One cell, the cells of one row or column, or the candidates where more than that fits."""
    first = matches[0]
    cells = first.cells()[:_MOST_CELLS]
    if len(matches) == 1 and len(cells) == 1:
        found = _cell(first.view, *cells[0])
        steps = [*steps, "The cell is empty, which is not zero."] if found["empty"] else steps
        return _of(found, found["unit"] or "", formula, _shown(found), steps, [_cited(1, first.view, *cells[0])])
    if len(matches) == 1 and first.is_line():
        listed = [_cell(first.view, r, c) for r, c in cells]
        shown = "; ".join(_shown(cell) for cell in listed if cell["text"])
        return _of({"cells": listed}, "", formula, shown, steps, _cited_line(first, cells))
    candidates = [(m.view, r, c) for m in matches for r, c in (m.cells() if m.rows and m.columns else _heads(m))]
    listed = [_candidate(*candidate) for candidate in candidates[:_MOST_CANDIDATES]]
    shown = f"{len(candidates)} places fit equally well; none is chosen"
    return _of(
        {"candidates": listed}, "", formula, shown, [*steps, "Name the table, the report, or more of the label."], []
    )


def _of(
    result: dict[str, Any], unit: str, formula: str, shown: str, steps: Sequence[str], citations: Sequence[Citation]
) -> Outcome:
    return Outcome(result, unit, formula, shown, tuple(steps), tuple(citations))


def _heads(match: _Match) -> list[tuple[int, int]]:
    """For whole rows or columns that are not the only ones: the first cell of each."""
    if match.rows is None:
        return [(0, c) for c in match.columns or ()]
    return [(r, match.view.table.columns[0].index) for r in match.rows]


def _cell(one: View, r: int, c: int) -> dict[str, Any]:
    """A cell as printed, its value under the unit that governs it, and the neighbours that explain it."""
    row, cell, header = one.table.rows[r], cell_at(one.table.rows[r], c), column_at(one.table, c)
    text = cell.text if cell else ""
    quantity = value(one, r, c)
    printed = unit_of(one.table, row, header) if header else None
    return {
        "text": text,
        "empty": kind_of(text) in ("empty", "missing"),
        "value": plain(quantity.value) if quantity else None,
        "unit": quantity.unit if quantity else None,
        "scale": plain(quantity.scale) if quantity else None,
        "currency": quantity.currency if quantity else None,
        "bound": quantity.bound if quantity else None,
        "row": row.label,
        "group": row.group,
        "column": header.label if header else "",
        "period": header.period if header else None,
        "unit_printed": printed,
        "unit_from": one.table.unit_from if printed and printed == one.table.unit else "label" if printed else None,
        "table": _table(one),
    }


def _candidate(one: View, r: int, c: int) -> dict[str, Any]:
    found = _cell(one, r, c)
    return {name: found[name] for name in ("table", "group", "row", "column", "text")}


def _table(one: View) -> dict[str, Any]:
    table, report = one.table, one.report
    return {
        "id": f"{report.report_id}#{table.index}",
        "number": table.number,
        "caption": table.caption,
        "unit": table.unit,
        "section": table.section,
        "page": table.page,
        "report_id": report.report_id,
        "source": report.source,
    }


def _shape(one: View) -> dict[str, Any]:
    return {"columns": [column.label for column in one.table.columns], "rows": len(one.table.rows)}


def _shown(found: dict[str, Any]) -> str:
    where = " · ".join(part for part in (found["group"], found["row"], found["column"]) if part)
    unit = found["unit_printed"] if found["value"] is not None and found["unit_printed"] != "%" else None
    shown = "empty" if not found["text"] else f"{found['text']} (empty)" if found["empty"] else found["text"]
    return f"{where} = {' '.join(readable(shown).split())}{f' ({unit})' if unit else ''}"


def _cited(n: int, one: View, r: int, c: int) -> Citation:
    """The cell; of a blank one, which has no characters, its row."""
    row, cell = one.table.rows[r], cell_at(one.table.rows[r], c)
    if cell is None or cell.start == cell.end:
        return citation(n, place(one, row.start, row.end, "table_row"))
    return citation(n, place(one, cell.start, cell.end, "table_cell"))


def _cited_line(match: _Match, cells: Sequence[tuple[int, int]]) -> list[Citation]:
    """A whole row as one place; a column cell by cell."""
    if match.columns is None and match.rows:
        row = match.view.table.rows[match.rows[0]]
        return [citation(1, place(match.view, row.start, row.end, "table_row"))]
    filled = [(r, c) for r, c in cells if (cell := cell_at(match.view.table.rows[r], c)) and cell.end > cell.start]
    return [_cited(n, match.view, r, c) for n, (r, c) in enumerate(filled, 1)]


def _nothing(views: Sequence[View], row: str, column: str) -> str:
    """What was not found, and the labels nearest to it."""
    if not views:
        return "The library has no tables there; `assistant reports` shows what it holds."
    with_row = _matches(views, row, "") if row and column else []
    if with_row:
        one = with_row[0].view
        titles = ", ".join(c.label for c in one.table.columns if c.label)
        return f"The row '{row}' has no column '{column}'; the columns of {one.table.caption or 'its table'}: {titles}."
    if row:
        labels = {r.label: None for v in views for r in v.table.rows}
        return f"No row is called '{row}'.{_nearest(row, labels)}"
    labels = {c.label: None for v in views for c in v.table.columns if c.label}
    return f"No column is called '{column}'.{_nearest(column, labels)}"


def _nearest(name: str, labels: dict[str, None]) -> str:
    folded = {fold(readable(label)): label for label in labels}
    near = difflib.get_close_matches(fold(name), folded, _MOST_LABELS, 0.4)
    shared = [label for label in folded if set(folded_tokens(fold(name))) & set(folded_tokens(label))]
    nearest = list(dict.fromkeys([*near, *shared]))[:_MOST_LABELS]
    shown = ", ".join(" ".join(folded[label].split()) for label in nearest or list(folded)[: 2 * _MOST_LABELS])
    return f" {'The nearest' if nearest else 'There are'}: {shown}{'' if nearest else '…'}" if shown else ""

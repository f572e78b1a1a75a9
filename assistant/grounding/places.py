"""What a place in a report says: each figure in it, with the row, column, sentence and headings that say what it is."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from assistant.chunking import search_text
from assistant.grounding.wording import Said, Wording, bare, content_words, read_wording, vocabulary
from assistant.language import CJK, fold
from assistant.lexicon import lexicon
from assistant.quantities import Period, Quantity, find_periods, find_quantities, read_cell
from assistant.reading.labels import readable
from assistant.reading.tables import unit_of
from assistant.types import Cell, Column, Report, Row, Table

_REACH = 300  # characters before a span that may name what it speaks of
_BROKEN_LINE = re.compile(rf"(?<=[{CJK},，、(（0-9%])\n(?=[{CJK}0-9])")
_SENTENCE_END = re.compile(r"[。！？!?；;]|\.(?=\s+[A-Z])|\n\s*\n")
_CUT = 12  # characters on either side of a span's end
_PROSE = 60  # characters of a cell
_KEPT = 4000  # places


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure as a report prints it at `start:end`. `label` is its table row's, "" in running text; `rivals` are the
    labels of the other rows of its table, `aliases` the other words of its row alone, `header` is its column's label,
    `headers` are those of the others; `columns` is all that stands over a cell, which is of the `newest` period or not;
    `above` are the ids of companies that its caption names."""

    said: Said
    start: int
    end: int
    label: str
    rivals: frozenset[str]
    columns: str
    header: str
    headers: frozenset[str]
    words: frozenset[str]
    sentence: str
    column: int | None = None
    table: int | None = None
    newest: bool = True
    aliases: frozenset[str] = frozenset()
    above: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a report as read.

    `names` are the ids of all that is named in it, in its headings and shortly before, `owners` the companies that own
    them; `periods` the dates that may govern its figures; `context` all of those words, folded and bare, and `heading`
    those of captions, headers and labels.
    """

    report: Report
    start: int
    end: int
    facts: tuple[Fact, ...]
    names: frozenset[str]
    owners: frozenset[str]
    periods: tuple[Period, ...]
    context: str
    heading: str
    folded: str
    words: frozenset[str]

    @property
    def quote(self) -> str:
        """The report's own characters."""
        return self.report.text[self.start : self.end]


class Places:
    """Reads places, and remembers those read."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int], Place] = OrderedDict()

    def read(self, report: Report, start: int, end: int) -> Place:
        """The place at `start:end`; offsets beyond the text are cut."""
        start, end = max(0, start), min(len(report.text), end)
        key = (report.report_id, start, end)
        if key not in self._known:
            self._known[key] = _place(report, start, end)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


def _place(report: Report, start: int, end: int) -> Place:
    cited, end = end, _figure_end(report.text, end)
    tables = [t for t in report.tables if min(t.start, t.header_start) < end and start < t.end]
    facts = [fact for table in tables for fact in _cells(report, table, start, end)]
    window_start = _sentence_start(report.text, start)
    window = _mended(_blanked(report.text, tables, window_start, start, end))
    wording = read_wording(window)
    heading = " \n".join([*_headings(report, tables, start, end), *_row_labels(tables, start, end)])
    in_table = any(table.start <= start < table.end for table in tables)
    before = "" if in_table else _mended(report.text[max(0, start - _REACH) : window_start])
    around = read_wording(f"{before}\n{heading}")
    facts += _sentences(wording, around, window_start, start)
    shown = "\n".join([report.text[start:end], *_table_words(tables), heading])
    read = read_wording(search_text(shown))
    names = {n.id for w in (wording, around, read) for n in w.names} | set(_tickers(shown))
    broker = lexicon().broker(report.issuer) if report.issuer else None
    periods = (*wording.periods, *read.periods, *_report_dates(report))
    return Place(
        report=report,
        start=start,
        end=cited,
        facts=tuple(sorted(facts, key=lambda f: f.start)),
        names=frozenset(names | ({broker.id} if broker else set())),
        owners=frozenset(owner for i in names if (term := lexicon().names.get(i)) and (owner := term.owner)),
        periods=tuple(periods),
        context=bare("\n".join([before, window, shown, report.source])),
        heading=bare("\n".join([*_table_words(tables), *_row_labels(tables, start, end)])),
        folded=f" {fold(before)} {fold(window)} {fold(shown)} {fold(report.source)} ",
        words=content_words(search_text(window)) | content_words(search_text(shown)),
    )


def _figure_end(text: str, end: int) -> int:
    """The end of a span, moved behind the figure that it cuts in two: a citation may end before 万."""
    start = max(0, end - _CUT)
    crossing = (
        start + q.end for q in find_quantities(text[start : end + _CUT]) if start + q.start < end < start + q.end
    )
    return next(crossing, end)


def _tickers(text: str) -> Iterator[str]:
    return (mention.term.id for mention in lexicon().names_in(text) if mention.start < 0)


def _report_dates(report: Report) -> list[Period]:
    return find_periods(report.date) if report.date and report.date_basis == "printed" else []


def _sentence_start(text: str, start: int) -> int:
    floor = max(0, start - _REACH)
    ends = [m.end() for m in _SENTENCE_END.finditer(text, floor, start)]
    return ends[-1] if ends else floor


def _mended(text: str) -> str:
    """The text with the line ends that break a sentence as spaces, and markup as nothing seen; offsets stay."""
    text = _BROKEN_LINE.sub(" ", text)
    return re.sub(r"\*\*|</?[a-zA-Z]{1,6}>|\\(?=[$%*_#])", lambda m: " " * len(m.group()), text)


def _blanked(text: str, tables: list[Table], start: int, at: int, end: int) -> str:
    """The text without the cells of tables, which are read as cells; cells of prose stay."""
    piece = text[start:end]
    for table in tables:
        cells = [(cell.start, cell.end) for row in table.rows for cell in row.cells if _is_read(cell, at, end)]
        for a, b in [(table.header_start, table.header_end), *cells]:
            a, b = max(a, start) - start, min(b, end) - start
            if a < b:
                piece = piece[:a] + "\n" * (b - a) + piece[b:]
    return piece


def _is_read(cell: Cell, start: int, end: int) -> bool:
    """Whether a cell is read as one: whole in the span, and no sentences."""
    return start <= cell.start < cell.end <= end and len(cell.text) <= _PROSE


def _headings(report: Report, tables: list[Table], start: int, end: int) -> Iterator[str]:
    """What stands over a place: title, section path, captions."""
    yield report.title
    over = [section for section in report.sections if section.start <= start < section.end]
    yield from dict.fromkeys(title for section in over for title in (*section.path, section.title))
    for table in tables:
        yield f"{table.caption or ''} {table.section or ''}"
    for figure in report.figures:
        if figure.number and figure.start < end and start < figure.end:
            yield f"图 {figure.number} figure {figure.number}"


def _row_labels(tables: list[Table], start: int, end: int) -> Iterator[str]:
    for table in tables:
        for row in table.rows:
            if row.start < end and start < row.end:
                yield f"{row.group or ''} , {readable(row.label)[:_PROSE]}"


def _table_words(tables: list[Table]) -> Iterator[str]:
    for table in tables:
        number = f"图 {table.number} figure {table.number} table {table.number} " if table.number else ""
        yield number + (table.caption or "")
        yield " , ".join(column.label for column in table.columns)


# ---------------------------------------------------------------- figures of running text


def _sentences(wording: Wording, around: Wording, offset: int, start: int) -> Iterator[Fact]:
    """The figures of a window that stand in the span itself. A figure whose sentence names nobody is of the name
    before it, in the window, shortly before, or in the heading."""
    names = [name for name in wording.names if name.kind != "broker"]
    above = [name for name in around.names if name.kind != "broker"]
    for said in wording.said:
        first = offset + said.quantity.start
        if first < start:
            continue
        if not said.names:
            before = [name for name in names if name.end <= said.quantity.start] or above[-1:]
            said = replace(said, names=frozenset(name.id for name in before[-1:]))
        elif {name.kind for name in names if name.id in said.names} == {"product"} and len(
            said.names
        ) > 1:  # products that a company has: 宏景科技 … 拥有 H800, 收入 90 %
            makers = [name.id for name in names if name.kind == "company" and name.end <= said.quantity.start]
            said = replace(said, names=said.names | frozenset(makers[-1:]))
        sentence = _sentence_around(wording.text, said.quantity.start, said.quantity.end)
        yield Fact(
            said,
            first,
            offset + said.quantity.end,
            "",
            frozenset(),
            "",
            "",
            frozenset(),
            content_words(sentence),
            sentence,
        )


def _sentence_around(text: str, start: int, end: int) -> str:
    boundary = re.compile(vocabulary()["words"]["boundary"])
    ends = [m.end() for m in boundary.finditer(text, 0, start)]
    after = boundary.search(text, end)
    return text[ends[-1] if ends else 0 : after.start() if after else len(text)]


# ---------------------------------------------------------------- figures of tables


def _cells(report: Report, table: Table, start: int, end: int) -> Iterator[Fact]:
    labels = {row.index: _label(row) for row in table.rows}
    for row in table.rows:
        if row.end <= start or end <= row.start:
            continue
        about = " ".join([table.caption or "", row.group or "", labels[row.index], *_words_of(row)])
        for cell in row.cells:
            column = next((c for c in table.columns if c.index == cell.column), None)
            if column is None or not _is_read(cell, start, end):
                continue
            rivals = frozenset(label for label in labels.values() if label and label != labels[row.index])
            for quantity in _read(cell.text, table, row, column):
                yield _cell_fact(table, row, column, cell.start, quantity, about, labels[row.index], rivals)


def _label(row: Row) -> str:
    return re.sub(r"^[\W\d]+(?=[^\W\d])|[(（][^()（）]*[)）]\s*$", "", fold(readable(row.label))).strip()


def _words_of(row: Row) -> list[str]:
    return [readable(cell.text)[:_PROSE] for cell in row.cells if not re.fullmatch(r"[\d.,%()+\-<>~ ]*", cell.text)]


def _read(text: str, table: Table, row: Row, column: Column) -> list[Quantity]:
    unit = unit_of(table, row, column)
    quantity = read_cell(readable(text), unit, column.label)
    if quantity:
        return [quantity]
    return find_quantities(text)


def _cell_fact(
    table: Table, row: Row, column: Column, at: int, quantity: Quantity, about: str, label: str, rivals: frozenset[str]
) -> Fact:
    own = read_wording(f"{about} , {column.label}")
    near = read_wording(" , ".join([row.group or "", *_words_of(row), column.label])).names
    names = frozenset(n.id for n in near if n.kind != "broker") or frozenset(
        n.id for n in own.names if n.kind != "broker"
    )
    measures = frozenset(m.id for m in own.measures)
    period = quantity.period or next(iter(find_periods(column.period or "")), None) or _row_period(row)
    said = Said(replace(quantity, period=period), names, measures, None, about)
    end = at + max(quantity.end, 1)
    columns = fold(f"{column.label} {table.unit or ''} {table.caption or ''} {row.label}")
    words = content_words(f"{about} {column.label}")
    first = min((c.index for c in table.columns), default=0)  # its label is of the rows' names
    headers = frozenset(fold(c.label) for c in table.columns if c.index not in (first, column.index) and c.label)
    return Fact(
        said,
        at + quantity.start,
        end,
        label,
        rivals,
        columns,
        fold(column.label),
        headers,
        words,
        about,
        column.index,
        table.index,
        _is_newest(table, column, period),
        _aliases(table, row),
        frozenset(n.id for n in read_wording(table.caption or "").names if n.kind != "broker"),
    )


def _aliases(table: Table, row: Row) -> frozenset[str]:
    """Words of a row that stand in no other row."""
    own = {fold(word).strip() for word in _words_of(row)}
    others = {fold(word).strip() for other in table.rows if other is not row for word in _words_of(other)}
    return frozenset(word for word in own - others if re.search(r"[^\W\d_]{2}", word))


def _is_newest(table: Table, column: Column, period: Period | None) -> bool:
    """Whether no other column is of a later period of the kind."""
    if period is None or period.last is None or not column.period:
        return True
    others = [p for c in table.columns if c.period and c.index != column.index for p in find_periods(c.period)]
    return not any(p.last and p.last > period.last and p.growth_of == period.growth_of for p in others)


def _row_period(row: Row) -> Period | None:
    return next(iter(find_periods(row.label)), None)

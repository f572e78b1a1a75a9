"""What a place in a report says: each figure in it, with the row, column, sentence and headings that say what it is."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from assistant.chunking import search_text
from assistant.grounding.cues import cue
from assistant.grounding.wording import Said, Wording, bare, content_words, read_wording
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


@dataclass(frozen=True)
class Fact:
    """A figure as a report prints it at `start:end`. `label` is its table row's, "" in running text; `columns` is all
    that stands over a cell, `header` its column's label; `about` are the words that tell what it is of."""

    said: Said
    start: int
    end: int
    label: str
    columns: str
    header: str
    about: str
    sentence: str
    cell: tuple[Table, Row, Column] | None = None

    @property
    def words(self) -> frozenset[str]:
        """The content words that tell what it is of."""
        return content_words(self.about)

    @property
    def column(self) -> int | None:
        """The index of a cell's column."""
        return self.cell[2].index if self.cell else None

    @property
    def table(self) -> int | None:
        """The index of a cell's table."""
        return self.cell[0].index if self.cell else None

    @cached_property
    def rivals(self) -> frozenset[str]:
        """The labels of the other rows of its table."""
        return frozenset(filter(None, map(_label, self.cell[0].rows if self.cell else ()))) - {self.label}

    @cached_property
    def headers(self) -> frozenset[str]:
        """The labels of the other columns of its table, but the first one's, which is of the rows' names."""
        if self.cell is None:
            return frozenset()
        table, _row, own = self.cell
        first = min((c.index for c in table.columns), default=0)
        return frozenset(fold(c.label) for c in table.columns if c.index not in (first, own.index) and c.label)

    @cached_property
    def newest(self) -> bool:
        """Whether no other column of its table is of a later period of the kind."""
        return self.cell is None or _is_newest(self.cell[0], self.cell[2], self.said.quantity.period)

    @cached_property
    def aliases(self) -> frozenset[str]:
        """The other words of its row that stand in no other row."""
        return _aliases(self.cell[0], self.cell[1]) if self.cell else frozenset()

    @cached_property
    def above(self) -> frozenset[str]:
        """The ids of companies that its table's caption names."""
        return _companies((self.cell[0].caption if self.cell else "") or "")


@dataclass(frozen=True)
class Place:
    """A span of a report, read part by part as asked for. A figure that the span cuts in two is read whole."""

    report: Report
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The report's own characters."""
        return self.report.text[self.start : self.end]

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The figures, in order."""
        cells = (fact for table in self._tables for fact in _cells(table, self.start, self._stop))
        return tuple(sorted([*cells, *_sentences(self)], key=lambda fact: fact.start))

    @cached_property
    def names(self) -> frozenset[str]:
        """The ids of all that is named in it, in its headings and shortly before, and of who wrote it."""
        read = (self.wording, self.around, self._shown_wording)
        names = {name.id for wording in read for name in wording.names}
        tickers = {mention.term.id for mention in lexicon().tickers_in(self._shown)}
        broker = lexicon().broker(self.report.issuer) if self.report.issuer else None
        return frozenset(names | tickers | ({broker.id} if broker else set()))

    @cached_property
    def owners(self) -> frozenset[str]:
        """The companies that own what is named."""
        return frozenset(owner for i in self.names if (term := lexicon().names.get(i)) and (owner := term.owner))

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """The dates that may govern its figures, its report's among them."""
        return (*self.wording.periods, *self._shown_wording.periods, *_report_dates(self.report))

    @cached_property
    def context(self) -> str:
        """All the words in it and around it, folded and bare."""
        return bare("\n".join([self._before, self.wording.text, self._shown, self.report.source]))

    @cached_property
    def heading(self) -> str:
        """The words of captions, headers and labels, folded and bare."""
        return bare("\n".join([*_table_words(self._tables), *_row_labels(self._tables, self.start, self._stop)]))

    @cached_property
    def folded(self) -> str:
        """All the words in it and around it, folded."""
        return f" {fold(self._before)} {self.wording.folded} {fold(self._shown)} {fold(self.report.source)} "

    @cached_property
    def words(self) -> frozenset[str]:
        """Its content words."""
        return content_words(search_text(self.wording.text)) | self._shown_wording.words

    @cached_property
    def wording(self) -> Wording:
        """Its running text, from the beginning of its first sentence."""
        return read_wording(_mended(_blanked(self.report.text, self._tables, self.opening, self.start, self._stop)))

    @cached_property
    def around(self) -> Wording:
        """What stands shortly before and over it."""
        return read_wording(f"{self._before}\n{self._headings}")

    @cached_property
    def opening(self) -> int:
        """Where its first sentence begins, which may be before it."""
        return _sentence_start(self.report.text, self.start)

    @cached_property
    def _stop(self) -> int:
        return _figure_end(self.report.text, self.end)

    @cached_property
    def _tables(self) -> list[Table]:
        return [t for t in self.report.tables if min(t.start, t.header_start) < self._stop and self.start < t.end]

    @cached_property
    def _headings(self) -> str:
        over = _headings(self.report, self._tables, self.start, self._stop)
        return " \n".join([*over, *_row_labels(self._tables, self.start, self._stop)])

    @cached_property
    def _before(self) -> str:
        if any(table.start <= self.start < table.end for table in self._tables):
            return ""
        return _mended(self.report.text[max(0, self.start - _REACH) : self.opening])

    @cached_property
    def _shown(self) -> str:
        return "\n".join([self.report.text[self.start : self._stop], *_table_words(self._tables), self._headings])

    @cached_property
    def _shown_wording(self) -> Wording:
        return read_wording(search_text(self._shown))


class Places:
    """Reads places, and remembers those read."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int], Place] = OrderedDict()

    def read(self, report: Report, start: int, end: int) -> Place:
        """The place at `start:end`; offsets beyond the text are cut."""
        start, end = max(0, start), min(len(report.text), end)
        key = (report.report_id, start, end)
        if key not in self._known:
            self._known[key] = Place(report, start, end)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


def _figure_end(text: str, end: int) -> int:
    """The end of a span, moved behind the figure that it cuts in two: a citation may end before 万."""
    start = max(0, end - _CUT)
    crossing = (
        start + q.end for q in find_quantities(text[start : end + _CUT]) if start + q.start < end < start + q.end
    )
    return next(crossing, end)


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


def _sentences(place: Place) -> Iterator[Fact]:
    """The figures of running text that stand in the span itself."""
    wording, offset = place.wording, place.opening
    for said in wording.said:
        first, end = said.quantity.start, said.quantity.end
        if offset + first >= place.start:
            sentence = _sentence_around(wording.text, first, end)
            yield Fact(_owned(said, place), offset + first, offset + end, "", "", "", sentence, sentence)


def _owned(said: Said, place: Place) -> Said:
    """A figure whose sentence names nobody is of the name before it, in the window, shortly before, or in the heading;
    one of products is also of the company that has them: 宏景科技 … 拥有 H800, 收入 90 %."""
    names = [name for name in place.wording.names if name.kind != "broker"]
    earlier = [name for name in names if name.end <= said.quantity.start]
    if not said.names:
        owner = earlier or [name for name in place.around.names if name.kind != "broker"]
        return replace(said, names=frozenset(name.id for name in owner[-1:]))
    if len(said.names) > 1 and {name.kind for name in names if name.id in said.names} == {"product"}:
        makers = [name.id for name in earlier if name.kind == "company"]
        return replace(said, names=said.names | frozenset(makers[-1:]))
    return said


def _sentence_around(text: str, start: int, end: int) -> str:
    ends = [m.end() for m in cue("boundary").finditer(text, 0, start)]
    after = cue("boundary").search(text, end)
    return text[ends[-1] if ends else 0 : after.start() if after else len(text)]


# ---------------------------------------------------------------- figures of tables


def _cells(table: Table, start: int, end: int) -> Iterator[Fact]:
    columns = {column.index: column for column in reversed(table.columns)}
    for row in table.rows:
        if row.end <= start or end <= row.start:
            continue
        label, others = _label(row), [row.group or "", *_words_of(row)]
        about = " ".join([table.caption or "", row.group or "", label, *others[1:]])
        for cell in row.cells:
            column = columns.get(cell.column)
            if column is None or not _is_read(cell, start, end):
                continue
            for quantity in _read(cell.text, table, row, column):
                yield _cell_fact((table, row, column), cell.start, quantity, label, about, " , ".join(others))


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
    cell: tuple[Table, Row, Column], at: int, quantity: Quantity, label: str, about: str, others: str
) -> Fact:
    """A cell's figure. It is of whom its row's words or its column name, else of whom the caption or the label do."""
    table, row, column = cell
    over = read_wording(column.label)
    names = _companies(others) | _companies(column.label) or _companies(about)
    measures = frozenset(m.id for m in (*read_wording(about).measures, *over.measures))
    period = quantity.period or next(iter(find_periods(column.period or "")), None) or _row_period(row)
    return Fact(
        Said(replace(quantity, period=period), names, measures, None, about),
        at + quantity.start,
        at + max(quantity.end, 1),
        label,
        fold(f"{column.label} {table.unit or ''} {table.caption or ''} {row.label}"),
        over.folded,
        f"{about} {column.label}",
        about,
        cell,
    )


def _companies(text: str) -> frozenset[str]:
    """The ids of all that a text names but brokers."""
    return frozenset(name.id for name in read_wording(text).names if name.kind != "broker")


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

"""Plain data that every part of the assistant shares. Standard library only.

Offsets (`start`, `end`) always count characters of `Report.text`, half-open, so that
`report.text[x.start:x.end]` is exactly what `x` stands for in the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["zh-Hans", "zh-Hant", "en"]
DateBasis = Literal["printed", "not_before", "unknown"]
PassageKind = Literal["text", "table", "table_row", "figure"]
CitationKind = Literal["text", "table", "table_row", "table_cell", "figure"]
Status = Literal["answered", "not_found", "failed"]
Verdict = Literal["quoted", "rounded", "derived", "given", "unverified"]
EventKind = Literal["status", "citation", "calculation", "figure", "delta", "answer"]
FurnitureKind = Literal["page", "contents", "disclaimer", "certification", "rating_definitions", "contact"]


# ---------------------------------------------------------------- what a report is made of


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the stretch of text that it governs; `path` is the titles from the top down to itself."""

    title: str
    level: int
    heading_start: int
    heading_end: int
    start: int
    end: int
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Furniture:
    """Text that is not the report's argument: page furniture, contents, disclaimers, rating definitions…"""

    kind: FurnitureKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as printed. An empty cell has `start == end`, placed where its text would stand."""

    row: int
    column: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """A table column. `label` joins the rows of a multi-row header; `period` as printed ("2025E", "25-YoY")."""

    index: int
    label: str
    period: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A body row. `label` is its first non-empty cell, `group` the block heading above it, if any."""

    index: int
    label: str
    group: str | None
    start: int
    end: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table read as a table. `unit_from` says where the unit was found: caption, corner, line, header, nearby."""

    index: int
    caption: str | None
    number: str | None
    caption_start: int
    caption_end: int
    start: int
    end: int
    header_start: int
    header_end: int
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    unit: str | None = None
    unit_from: str | None = None
    source_line: str | None = None
    page: int | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A named figure. `has_picture` is False where only its caption survived, so its values can't be read.

    `axes` is what is printed of it beside the caption (axis titles, units, legend).
    """

    index: int
    caption: str
    number: str | None
    start: int
    end: int
    axes: str | None = None
    source_line: str | None = None
    has_picture: bool = False
    page: int | None = None
    box: tuple[float, float, float, float] | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a paginated file: its extent in the text, its size in PDF points."""

    number: int
    start: int
    end: int
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """A report, read once. `text` is what `assistant show ID --text` prints; for .txt and .md the file's own text.

    `date_basis` says how the date is known: "printed" on the report, or only "not_before" the newest date it
    mentions (then `date` is that bound), or "unknown" (then `date` is None).
    """

    report_id: str
    source: str
    text: str
    title: str
    language: Language
    issuer: str | None = None
    date: str | None = None
    date_basis: DateBasis = "unknown"
    analysts: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    furniture: tuple[Furniture, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    pages: tuple[Page, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of finding: whole sentences, one table row, one caption.

    `text` is the report's own characters; `context` is searched with it but never quoted (title, section,
    caption, header). `furniture` passages stay out of retrieval unless a question is about them.
    """

    passage_id: str
    report_id: str
    kind: PassageKind
    start: int
    end: int
    text: str
    context: str
    page: int | None = None
    section: str | None = None
    figure: str | None = None
    table: int | None = None
    row: int | None = None
    furniture: FurnitureKind | None = None


@dataclass(frozen=True, slots=True)
class ReportInfo:
    """A report as a list shows it; `pages` is None for files without pages."""

    report_id: str
    source: str
    title: str
    issuer: str | None
    date: str | None
    date_basis: DateBasis
    language: Language
    pages: int | None
    passages: int
    tables: int
    ingested_at: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Which reports a question may use. Dates are ISO; a report without a date never passes a date filter."""

    reports: tuple[str, ...] = ()
    issuer: str | None = None
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, with the report it belongs to; higher scores are better."""

    passage: Passage
    report: Report
    score: float


# ---------------------------------------------------------------- what an answer is made of


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a report. `quote == report.text[start:end]` exactly."""

    n: int
    report_id: str
    source: str
    title: str
    issuer: str | None
    date: str | None
    page: int | None
    section: str | None
    figure: str | None
    kind: CitationKind
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Calculation:
    """What a tool computed: every number as a decimal string, every operand with where it came from.

    `input_sources` maps an input's name to "[n]" (a citation), "question", or the id of another calculation. Of a
    look-up `citations` are the places that it read.
    """

    id: str
    tool: str
    inputs: dict[str, Any]
    result: Any
    unit: str
    formula: str
    substituted: str
    steps: tuple[str, ...] = ()
    input_sources: dict[str, str] = field(default_factory=dict)
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedFigure:
    """A number that an answer's text states, and what it rests on."""

    text: str
    value: str
    unit: str | None
    verdict: Verdict
    source: str | None


@dataclass(frozen=True, slots=True)
class Removed:
    """What the checks took out of a draft."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a model and of embeddings, and money for all as a decimal string; None where unknown, never 0."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: str | None = None
    embedding_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, the same through every door (CONTRACT: Answer)."""

    question: str
    language: Language
    status: Status
    text: str
    citations: tuple[Citation, ...] = ()
    calculations: tuple[Calculation, ...] = ()
    figures: tuple[StatedFigure, ...] = ()
    removed: tuple[Removed, ...] = ()
    as_of: str | None = None
    model: str | None = None
    prompt: str | None = None
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    conversation_id: str | None = None
    answer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One step of an answer on its way.

    `data` is text for "status" and "delta", else a Citation, a Calculation, a StatedFigure or the whole Answer. What a
    delta points to comes before it, and "answer" is last; the deltas joined are the answer's text.
    """

    kind: EventKind
    data: Any

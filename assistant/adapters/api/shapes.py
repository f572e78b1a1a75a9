"""The JSON of requests and responses, for checking what comes in and for OpenAPI."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from assistant.types import Filters, Language, PassageKind

LONGEST_QUESTION = 20_000
LONGEST_TEXT = 1_000_000


EVENT = {"type": "object", "properties": {"event": {"type": "string"}, "data": {"type": "string"}}}


class Strict(BaseModel):
    """A request's body: values have the type that the schema says."""

    model_config = ConfigDict(strict=True)


def _day(text: str) -> str:
    date.fromisoformat(text)
    return text


Day = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2026-06-30"], json_schema_extra={"format": "date"}),
    AfterValidator(_day),
]

def _whole(given: object) -> object:
    """JSON knows one kind of number: 3.0 is a whole one too."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = Annotated[int, BeforeValidator(_whole)]
Question = Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION)]


class Narrowing(Strict):
    """Which reports may be used; by default all. A report without a printed date passes no date filter."""

    reports: list[str] = Field(default=[], max_length=1000, description="report ids", examples=[["8cd9d47ce851"]])
    issuer: str | None = Field(default=None, description="a broker, by any of its names", examples=["KGI"])
    since: Day | None = Field(default=None, description="dated this day or later")
    until: Day | None = Field(default=None, description="dated this day or earlier")

    def filters(self) -> Filters:
        """As the assistant takes it."""
        return Filters(tuple(self.reports), self.issuer, self.since, self.until)


class Ask(Strict):
    """A question. Without a conversation it begins a new one, whose id the answer tells."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "examples": [
                {"question": "OpenRouter 一周的 token 用量是多少?"},
                {"question": "What does KGI say about capital intensity?", "filters": {"issuer": "KGI"}},
            ]
        },
    )
    question: Question
    conversation_id: str | None = Field(default=None, min_length=1, max_length=200)
    filters: Narrowing | None = None
    stream: bool = Field(default=False, description="answer as server-sent events")


class Search(Strict):
    """A search for passages."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"query": "資本密集度", "k": 3}]})
    query: Question
    k: Whole = Field(default=10, ge=1, le=1000)
    filters: Narrowing | None = None


class PassageFound(BaseModel):
    """A passage; `start` and `end` count characters of the report's text."""

    report_id: str
    source: str
    title: str
    issuer: str | None
    date: str | None
    page: int | None
    section: str | None
    figure: str | None
    kind: PassageKind
    text: str
    start: int
    end: int
    score: float


class Passages(BaseModel):
    """Passages, best first."""

    passages: list[PassageFound]


class Cited(Strict):
    """A place that a text may rest on: a file name as ingested, or a report id, and characters of its text."""

    source: str
    start: Whole = Field(ge=0)
    end: Whole = Field(ge=0)


class CheckText(Strict):
    """A text whose figures are to be checked; with citations, against those alone."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"text": "OpenRouter 每周约 23tn token。"}]})
    text: str = Field(max_length=LONGEST_TEXT)
    citations: list[Cited] | None = Field(default=None, max_length=1000)


class Checked(BaseModel):
    """A verdict on every figure; `verified` is true when each is quoted, rounded, derived or given."""

    figures: list[dict[str, Any]]
    verified: bool


class ReportLine(BaseModel):
    """A report as the list shows it. `date` only where it is printed, else `not_before` may bound it."""

    report_id: str
    source: str
    title: str
    issuer: str | None
    date: str | None
    not_before: str | None
    language: Language
    pages: int | None
    passages: int
    tables: int
    ingested_at: str


class ReportList(BaseModel):
    """The reports kept, in the order of ingestion."""

    reports: list[ReportLine]


class ReportDetails(ReportLine):
    """What is known of one report."""

    characters: int
    analysts: list[str]
    tickers: list[str]
    sections: list[str]
    figures: list[str]
    warnings: list[str]


class FileOutcome(BaseModel):
    """What became of one file."""

    source: str
    status: Literal["added", "replaced", "unchanged", "duplicate", "failed", "skipped"]
    report_id: str | None
    passages: int
    tables: int
    message: str


class JobState(BaseModel):
    """An upload on its way into the library; `done` and `total` count files."""

    job_id: str
    status: Literal["queued", "working", "done", "failed"]
    submitted_at: str
    done: int
    total: int
    files: list[FileOutcome]
    error: str | None = None


class Argument(BaseModel):
    """An argument of a tool."""

    name: str
    type: str
    required: bool
    default: Any = None
    unit: str
    description: str
    choices: list[str] = []


class Tool(BaseModel):
    """A calculator or look-up."""

    name: str
    group: str
    summary_en: str
    summary_zh: str
    use: str
    arguments: list[Argument]
    result_unit: str
    source: str


class ToolList(BaseModel):
    """The tools there are."""

    tools: list[Tool]


class ToolResult(BaseModel):
    """What a tool computed: decimal strings, the formula, and how it came about."""

    tool: str
    inputs: dict[str, Any]
    result: Any
    unit: str
    formula: str
    substituted: str
    steps: list[str]


class Health(BaseModel):
    """That the server is there."""

    status: Literal["ok", "ready"]
    version: str | None = None
    reports: int | None = None

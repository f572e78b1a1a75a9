"""Reads a file once into a `Report`: its text, sections, tables, figures, pages and metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from assistant.errors import UnreadableFile
from assistant.language import script_of
from assistant.lexicon import lexicon
from assistant.reading import metadata
from assistant.reading.formats import sniff
from assistant.reading.furniture import find_furniture
from assistant.reading.sections import find_sections
from assistant.reading.source import Source
from assistant.types import Report

SUFFIXES = (".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".xlsx", ".pptx")
_ID_LENGTH = 12  # hexadecimal digits: 2^48, no collision in sight for a desk's archive
_NOT_A_REPORT = {
    "image": "the file is a picture, whatever its name says; save the report as PDF or text",
    "zip": "the file is an archive; unpack it and ingest what is inside",
    "unknown": "the file is not a text, HTML, PDF or Office document",
}


def report_id(data: bytes) -> str:
    """The id of a report: the same bytes always have the same one."""
    return hashlib.sha256(data).hexdigest()[:_ID_LENGTH]


def read(data: bytes, name: str) -> Report:
    """The report in `data`; `name` is its file name, used as `source` and never trusted for the format.

    Raises UnreadableFile with the reason where there is no report in it.
    """
    if not data.strip():
        raise UnreadableFile("the file is empty")
    source = _reader(sniff(data, name))(data)
    if not source.text.strip():
        raise UnreadableFile("the file has no text")
    return understand(source, report_id(data), name)


def _reader(kind: str) -> Callable[[bytes], Source]:
    if kind in _NOT_A_REPORT:
        raise UnreadableFile(_NOT_A_REPORT[kind])
    if kind == "pdf":
        from assistant.reading import pdf

        return pdf.read
    if kind == "html":
        from assistant.reading import html

        return html.read
    if kind in ("docx", "xlsx", "pptx"):
        from assistant.reading import office

        return lambda data: office.read(data, kind)
    from assistant.reading import text

    return text.read


def understand(source: Source, identity: str, name: str) -> Report:
    """What a source says as a report: the same for every format."""
    from assistant.reading.figures import find_figures
    from assistant.reading.tables import build_tables

    text = source.text
    properties = source.properties or {}
    sections = find_sections(source)
    furniture = find_furniture(text, sections)
    tables = build_tables(source)
    figures = find_figures(source, tables)
    date, basis = metadata.find_date(text, furniture, properties.get("date"))
    return Report(
        report_id=identity,
        source=name,
        text=text,
        title=metadata.find_title(text, sections, properties.get("title"), furniture),
        language=script_of(text),
        issuer=metadata.find_issuer(text, furniture, lexicon()),
        date=date,
        date_basis=basis,
        analysts=metadata.find_analysts(text),
        tickers=metadata.find_tickers(text),
        sections=sections,
        furniture=furniture,
        tables=tables,
        figures=figures,
        pages=source.pages,
        warnings=source.warnings,
    )

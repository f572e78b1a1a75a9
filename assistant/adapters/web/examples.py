"""Questions to start from, made of what is in the library."""

from __future__ import annotations

from itertools import cycle, islice

from assistant.adapters.web.nodes import words
from assistant.adapters.web.series import Series, panels
from assistant.adapters.web.sheets import CitedRow
from assistant.adapters.web.texts import say
from assistant.lexicon import lexicon
from assistant.reading.labels import readable
from assistant.service import Assistant
from assistant.types import Language, Report

_LOOKED_AT = 6  # reports; more would make the page wait
_TABLES, _ROWS = 8, 8  # of each report
_LONGEST = 18  # characters of a name that still fits into a question
_KINDS = ("section", "cell", "growth", "section")


def examples(assistant: Assistant, language: Language) -> list[str]:
    """What a section says, a cell, a growth over periods: of different reports, as far as the library goes."""
    reports = [assistant.report(info.report_id) for info in assistant.reports()[:_LOOKED_AT]]
    pairs = zip(_KINDS, islice(cycle(reports), len(_KINDS)), strict=False)
    found = [made for kind, report in pairs if (made := _example(kind, report, reports, language))]
    return list(dict.fromkeys(found))


def _example(kind: str, report: Report, reports: list[Report], language: Language) -> str | None:
    if kind == "section":
        return _of_section(report, language)
    first = reports.index(report)
    for candidate in [*reports[first:], *reports[:first]]:
        if drawn := _series(candidate):
            chosen = drawn[-1] if kind == "cell" else drawn[0]
            begin, end = chosen.points[0].period, chosen.points[-1].period
            return say(f"example_{kind}", language, row=chosen.name, begin=begin, end=end)
    return None


def _of_section(report: Report, language: Language) -> str | None:
    issuer = lexicon().broker_name(report.issuer, language) if report.issuer else None
    titles = [words(readable(section.title)) for section in report.sections if section.level > 1]
    fitting = [title for title in titles if 2 <= len(title) <= _LONGEST]
    title = fitting[len(fitting) // 2] if fitting else None  # the first are often summaries, the last disclaimers
    return say("example_section", language, issuer=issuer, section=title) if issuer and title else None


def _series(report: Report) -> list[Series]:
    rows = [CitedRow(0, report, table, row) for table in report.tables[:_TABLES] for row in table.rows[:_ROWS]]
    drawn = [series for panel in panels(rows) for series in panel.series]
    names = [series.name for series in drawn]
    return [s for s in drawn if 2 <= len(s.name) <= _LONGEST and names.count(s.name) == 1]

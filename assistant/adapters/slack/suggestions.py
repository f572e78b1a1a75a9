"""Questions to start from, made of what is in the library, for the assistant pane."""

from __future__ import annotations

from assistant.adapters.slack.texts import say
from assistant.adapters.slack.wording import shortened
from assistant.lexicon import lexicon
from assistant.reading.labels import readable
from assistant.service import Assistant
from assistant.types import Filters, Report

_MOST = 4  # Slack shows no more
_LOOKED_AT = 12  # reports
_LONGEST = 24  # characters of a section's title that still fits into a question


def suggestions(assistant: Assistant, filters: Filters) -> list[dict[str, str]]:
    """What a report says about one of its sections: one question a report, each in the report's language."""
    allowed = assistant.retriever.allowed(filters)
    infos = [info for info in assistant.reports() if allowed is None or info.report_id in allowed]
    newest = sorted(infos, key=lambda info: info.ingested_at, reverse=True)[:_LOOKED_AT]
    asked = [question for info in newest if (question := _question(assistant.report(info.report_id)))]
    return [{"title": shortened(one, 60), "message": one} for one in dict.fromkeys(asked)][:_MOST]


def _question(report: Report) -> str | None:
    issuer = lexicon().broker_name(report.issuer, report.language) if report.issuer else None
    titles = [" ".join(readable(section.title).split()) for section in report.sections if section.level > 1]
    fitting = [title for title in titles if 2 <= len(title) <= _LONGEST]
    if not issuer or not fitting:
        return None
    return say("suggestion", report.language, issuer=issuer, section=fitting[len(fitting) // 2])

"""Commands about the reports kept, and which of them questions may use."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from assistant.adapters.terminal.commands.listing import how, listed, numbered, one, wrong
from assistant.adapters.terminal.desk import Desk
from assistant.adapters.terminal.texts import say
from assistant.types import Filters, ReportInfo


def reports(desk: Desk, _: str) -> None:
    """The reports kept, those in use marked."""
    infos = desk.assistant.reports()
    if not infos:
        desk.tell("no_reports")
        return
    used = _used(desk)
    rows = [
        (numbered(number, info.report_id in used), info.report_id, _printed(info), info.issuer or "–", info.title)
        for number, info in enumerate(infos, 1)
    ]
    listed(desk, rows, "n", "id", "date", "issuer", "title")
    _say_filters(desk)


def _printed(info: ReportInfo) -> str:
    return info.date or "–" if info.date_basis == "printed" else "–"


def _used(desk: Desk) -> set[str]:
    allowed = desk.assistant.retriever.allowed(desk.filters)
    return {info.report_id for info in desk.assistant.reports()} if allowed is None else set(allowed)


def _say_filters(desk: Desk) -> None:
    filters, language = desk.filters, desk.language
    parts = [" ".join(filters.reports)] if filters.reports else []
    for name in ("issuer", "since", "until"):
        if value := getattr(filters, name):
            parts.append(say(f"filter_{name}", language, value=value))
    narrowed = say("narrowed", language, filters=", ".join(parts)) if parts else ""
    desk.tell("in_use", used=len(_used(desk)), count=len(desk.assistant.reports()), narrowed=narrowed)


def only(desk: Desk, words: str) -> None:
    """Questions use these reports alone."""
    if not words:
        raise how(desk, "only")
    ids = [info.report_id for info in desk.assistant.reports()]
    chosen = tuple(one(desk, "report", ids, name) for name in words.replace(",", " ").split())
    desk.filters = replace(desk.filters, reports=chosen)
    _say_filters(desk)


def issuer(desk: Desk, words: str) -> None:
    """Questions use one broker's reports."""
    if not words:
        raise how(desk, "issuer")
    desk.filters = replace(desk.filters, issuer=words)
    _say_filters(desk)


def dated(which: str, desk: Desk, words: str) -> None:
    """Questions use reports of these dates."""
    try:
        day = date.fromisoformat(words).isoformat()
    except ValueError:
        raise wrong(desk, "bad_date", date=words) from None
    desk.filters = replace(desk.filters, since=day) if which == "since" else replace(desk.filters, until=day)
    _say_filters(desk)


def everything(desk: Desk, _: str) -> None:
    """Questions use all reports."""
    desk.filters = Filters()
    _say_filters(desk)

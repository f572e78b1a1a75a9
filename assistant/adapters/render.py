"""Answers, passages and reports as JSON and as text for a terminal; shared by the doors."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from assistant import lookups
from assistant.grounding import Check
from assistant.messages import say
from assistant.tools import shown_result
from assistant.types import Answer, Calculation, Citation, Hit, Language, Report, ReportInfo

if TYPE_CHECKING:
    from assistant.conversations import Conversation, Turn
    from assistant.evaluation.runs import Run
    from assistant.money import Estimate

_QUOTE = 160  # characters of a quote shown
_SMALLEST = Decimal("0.000001")  # US dollars


def as_json(data: Any) -> str:
    """One line of JSON, Chinese left readable."""
    return json.dumps(data, ensure_ascii=False, default=str)


def answer_data(answer: Answer) -> dict[str, Any]:
    """The Answer of the contract."""
    return asdict(answer)


def conversation_data(conversation: Conversation, turns: Sequence[Turn]) -> dict[str, Any]:
    """A conversation with its answers."""
    answers = [{"number": turn.number, **answer_data(turn.answer)} for turn in turns]
    return {"conversation": asdict(conversation), "answers": answers}


def info_data(info: ReportInfo) -> dict[str, Any]:
    """A report as `reports --json` shows it: `date` only where the report prints it, else `not_before` is the bound."""
    data = asdict(info)
    basis = data.pop("date_basis")
    data["not_before"] = info.date if basis == "not_before" else None
    data["date"] = info.date if basis == "printed" else None
    return data


def hit_data(hit: Hit) -> dict[str, Any]:
    """A passage as `search --json` shows it."""
    passage, report = hit.passage, hit.report
    return {
        "report_id": report.report_id,
        "source": report.source,
        "title": report.title,
        "issuer": report.issuer,
        "date": report.date if report.date_basis == "printed" else None,
        "page": passage.page,
        "section": passage.section,
        "figure": passage.figure,
        "kind": passage.kind,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "score": hit.score,
    }


def answer_text(answer: Answer) -> str:
    """An answer for a terminal: the text, then its sources and calculations as notes."""
    lines = [plain(answer.text), ""]
    lines += map(_source, answer.citations)
    for made in answer.calculations:
        found = "" if re.search(r"[=≈]", made.substituted) else f" = {shown_result(made)}"
        lines.append(f"[{made.id}] {made.formula}: {made.substituted}{found}")
    lines += [f"− {plain(removed.text)}: {plain(removed.reason)}" for removed in answer.removed]
    lines += [f"! {plain(warning)}" for warning in answer.warnings]
    if answer.model:
        lines += ["", spent_text(answer)]
    return "\n".join(lines).rstrip()


def spent_text(answer: Answer) -> str:
    """The model of an answer with its tokens, money and seconds, on one line."""
    usage = answer.usage
    tokens = f"{usage.input_tokens:,} + {usage.output_tokens:,} tokens"
    cost = "cost unknown" if usage.cost_usd is None else f"${usage.cost_usd}"
    return f"{answer.model} · {tokens} · {cost} · {answer.seconds:.1f} s"


def estimate_data(estimate: Estimate | None) -> dict[str, Any]:
    """What a question would cost, money as decimal strings; offline it costs nothing."""
    if estimate is None:
        return {"model": None, "input_tokens": 0, "output_tokens": 0, "least_usd": "0", "most_usd": "0"}
    data = asdict(estimate)
    return data | {name: _dollars(data[name]) for name in ("least_usd", "most_usd")}


def estimate_text(estimate: Estimate | None) -> str:
    """What a question would cost, in a sentence."""
    if estimate is None:
        return "nothing: answers are offline (ASSISTANT_MODEL=none) · 离线回答,不产生费用"
    tokens = f"about {estimate.input_tokens:,} tokens in and {estimate.output_tokens:,} out for one call"
    if estimate.least_usd is None:
        return f"{estimate.model}: {tokens}; its price is unknown · 价格未知"
    return f"{estimate.model}: {tokens}, ${_dollars(estimate.least_usd)}; at most ${_dollars(estimate.most_usd)} in all"


def _dollars(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.quantize(_SMALLEST, ROUND_UP).normalize():f}"


def tool_data(made: Calculation) -> dict[str, Any]:
    """What a tool found as the contract gives it; a look-up's places beside it."""
    names = ("tool", "inputs", "result", "unit", "formula", "substituted", "steps")
    data = {name: getattr(made, name) for name in names}
    return data | {"citations": [asdict(c) for c in made.citations]} if made.tool in lookups.NAMES else data


def tool_text(made: Calculation) -> str:
    """What a tool found, for a terminal: formula, numbers put in, result and steps, or what a look-up found where."""
    lines = [made.formula, f"= {made.substituted}"]
    if made.tool in lookups.NAMES:
        lines += _found_lines(made.result)
    else:
        lines.append(f"= {shown_result(made)}")
    lines += [f"  {step}" for step in made.steps]
    return "\n".join(plain(line) for line in [*lines, *map(_source, made.citations)])


def _found_lines(result: dict[str, Any]) -> list[str]:
    """The tables or candidates that a look-up lists, a line each."""
    tables = [{"table": table, "column": ", ".join(table["columns"])} for table in result.get("tables", ())]
    return [
        f"  {listed['table']['id']} · {_one_line(listed['table']['caption'])} · "
        + " · ".join(_one_line(listed[name]) for name in ("group", "row", "column", "text") if listed.get(name))
        for listed in [*tables, *result.get("candidates", ())]
    ]


def _one_line(text: str | None) -> str:
    return " ".join((text or "–").split())


def _source(c: Citation) -> str:
    return f"[{c.n}] {_place(c.source, c.start, c.end, c.issuer, c.date, c.section, _page(c.page))}"


def _place(source: str, start: int, end: int, *particulars: str | None) -> str:
    return " · ".join(" ".join(plain(p).split()) for p in (f"{source} {start}–{end}", *particulars) if p)


def _page(page: int | None) -> str:
    return f"p. {page}" if page else ""


def check_data(check: Check) -> dict[str, Any]:
    """The outcome of a check as the contract gives it."""
    return {"figures": [asdict(figure) for figure in check.figures], "verified": check.verified}


def check_text(check: Check, language: Language) -> str:
    """A check for a terminal: each figure with its verdict, and the place it rests on, or what differs."""
    lines = []
    for figure in check.figures:
        mark = "✗" if figure.verdict == "unverified" else "✓"
        lines.append(f"{mark} {plain(figure.text)}  {say(f'verdict_{figure.verdict}', language)}")
        if figure.why:
            lines.append(f"    {plain(figure.why)}")
        place = figure.source or figure.nearest
        if place:
            quote = " ".join(plain(place.quote).split())
            shown = quote if len(quote) <= _QUOTE else quote[:_QUOTE] + "…"
            lines.append(f"    {plain(place.source)} {place.start}–{place.end} · {shown}")
    failed = sum(figure.verdict == "unverified" for figure in check.figures)
    key = "check_none" if not check.figures else "check_failed" if failed else "check_passed"
    return "\n".join([*lines, "", say(key, language, failed=failed, count=len(check.figures))]).lstrip("\n")


def hit_text(rank: int, hit: Hit, width: int = 300) -> str:
    """A passage for a terminal: where it stands, then its beginning."""
    found, report = hit.passage, hit.report
    particulars = found.kind, report.issuer, found.section, _page(found.page)
    body = " ".join(plain(found.text).split())
    shown = body if len(body) <= width else body[:width] + "…"
    return f"{rank}. {_place(report.source, found.start, found.end, *particulars)}\n   {shown}"


def report_text(report: Report) -> str:
    """What is known of a report, for `assistant show`."""
    rows = [
        ("id", report.report_id),
        ("source", report.source),
        ("title", report.title),
        ("issuer", report.issuer or "–"),
        ("date", _date(report)),
        ("language", report.language),
        ("analysts", ", ".join(report.analysts) or "–"),
        ("tickers", ", ".join(report.tickers[:12]) + (" …" if len(report.tickers) > 12 else "") or "–"),
        ("pages", str(len(report.pages)) if report.pages else "–"),
        ("characters", f"{len(report.text):,}"),
        ("sections", str(len(report.sections))),
        ("tables", str(len(report.tables))),
        ("figures", str(len(report.figures))),
    ]
    return "\n".join(f"{name:<11}{plain(value)}" for name, value in [*rows, *(("warning", w) for w in report.warnings)])


def _date(report: Report) -> str:
    if report.date_basis == "printed":
        return str(report.date)
    return f"not printed; not before {report.date}" if report.date_basis == "not_before" else "not printed"


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Columns lined up for a terminal; Chinese characters take two places."""
    shown = [head, *rows]
    widths = [max(_width(row[i]) for row in shown) for i in range(len(head))]
    lines = (zip(row, widths, strict=True) for row in shown)
    return "\n".join("  ".join(cell + " " * (width - _width(cell)) for cell, width in line).rstrip() for line in lines)


def eval_text(runs: Sequence[Run], earlier: Sequence[Run] = ()) -> str:
    """Runs of an eval for a terminal, a table after another."""
    from assistant.evaluation.tables import tables

    made = [f"{each.title}\n\n{table(each.rows, each.head)}\n" for each in tables(runs, earlier)]
    return plain("\n".join(made))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def plain(text: str) -> str:
    """Text that is safe to print: control characters and escape sequences of a report never reach a terminal."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))

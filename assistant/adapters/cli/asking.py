"""Commands that ask the reports: answers, passages, checks of figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.adapters.cli.opening import DONE, FAILED, batch, lines_of, opened, rows, tell
from assistant.errors import InputError

if TYPE_CHECKING:
    from assistant.grounding import Span
    from assistant.service import Assistant
    from assistant.types import Answer, Event, Filters


def run_ask(options: argparse.Namespace) -> int:
    """An answer, or one a line of a batch."""
    from assistant.adapters.render import answer_data, answer_text, as_json
    from assistant.receipts import Recording, write

    filters = _filters(options)
    if options.batch and (options.receipt or options.estimate):
        raise InputError("--receipt and --estimate are of one question, not of a --batch")
    with opened(first_use=True) as assistant:
        if options.estimate:
            return _estimate(assistant, options, filters)
        recording = Recording() if options.receipt else None
        how: dict[str, Any] = {
            "conversation_id": _conversation(assistant, options.conversation), "max_cost": options.max_cost
        }  # fmt: skip
        if options.batch:
            work = lambda text: answer_data(assistant.ask(text, filters, **how))  # noqa: E731
            return batch(options.batch, "question", "answer", work)
        answer = _awaited(assistant.stream(options.question, filters, recording=recording, **how))
    if recording:
        write(recording, Path(options.receipt))
    print(as_json(answer_data(answer)) if options.json else answer_text(answer))
    return FAILED if answer.status == "failed" else DONE


def _awaited(events: Iterator[Event]) -> Answer:
    """The answer at the end of its events; a person who watches sees what is being done meanwhile."""
    watched = sys.stderr.isatty()
    for event in events:
        if event.kind == "status" and watched:
            tell(event.data)
        if event.kind == "answer":
            answer: Answer = event.data
    return answer


def _estimate(assistant: Assistant, options: argparse.Namespace, filters: Filters) -> int:
    from assistant.adapters.render import as_json, estimate_data, estimate_text

    estimate = assistant.estimate(options.question, filters)
    print(as_json(estimate_data(estimate)) if options.json else estimate_text(estimate))
    return DONE


def run_replay(options: argparse.Namespace) -> int:
    """The answer of a receipt, made again; 1 where it is not the same any more, with what has changed."""
    from assistant.adapters.render import answer_data, answer_text, as_json
    from assistant.receipts import read

    recording = read(Path(options.file))
    with opened(first_use=True) as assistant:
        answer, changed = assistant.replay(recording)
    print(as_json(answer_data(answer)) if options.json else answer_text(answer))
    for difference in changed:
        tell(f"differs: {difference}")
    return FAILED if changed else DONE


def _conversation(assistant: Assistant, chosen: str | None) -> str | None:
    if chosen != "new":
        return chosen
    made = assistant.conversations.create()
    tell(f"conversation {made.id}; go on with: assistant ask --conversation {made.id} QUESTION")
    return made.id


def run_search(options: argparse.Namespace) -> int:
    """Passages, best first."""
    from assistant.adapters.render import as_json, hit_data, hit_text

    filters = _filters(options)
    with opened(first_use=True) as assistant:
        if options.batch:
            found = lambda text: [hit_data(hit) for hit in assistant.search(text, options.k, filters)]  # noqa: E731
            return batch(options.batch, "query", "passages", found)
        hits = assistant.search(options.query, options.k, filters)
    if options.json:
        print(as_json({"passages": [hit_data(hit) for hit in hits]}))
    else:
        print("\n".join(hit_text(i, hit) for i, hit in enumerate(hits, 1)) or "nothing found")
    return DONE


def run_check(options: argparse.Namespace) -> int:
    """A verdict on every figure of a text, or of each of a batch."""
    from assistant.adapters.render import as_json, check_data, check_text
    from assistant.language import script_of

    with opened(first_use=True) as assistant:
        if options.batch:
            return rows(options.batch, "text", lambda row: _checked(assistant, row))
        text = "".join(lines_of(options.file))
        outcome = assistant.check(text)
    print(as_json(check_data(outcome)) if options.json else check_text(outcome, script_of(text)))
    return DONE


def _checked(assistant: Assistant, row: dict[str, Any]) -> dict[str, Any]:
    """The check of one line of a batch; citations that can't be resolved are an error, and nothing rests on them."""
    from assistant.adapters.render import check_data

    try:
        return check_data(assistant.check(row["text"], _cited(row.get("citations"))))
    except InputError as error:
        return {"figures": [], "verified": False, "error": str(error)}


def _cited(citations: Any) -> list[Span] | None:
    from assistant.grounding import Span

    if citations is None:
        return None
    try:
        spans = [Span(str(c["source"]), c["start"], c["end"]) for c in citations]
        if not all(type(offset) is int for span in spans for offset in (span.start, span.end)):
            raise TypeError("offsets")
    except (KeyError, TypeError):
        raise InputError('citations should be [{"source", "start", "end"}, …] with whole numbers') from None
    return spans


def _filters(options: argparse.Namespace) -> Filters:
    from assistant.types import Filters

    return Filters(tuple(options.report), options.issuer, options.since, options.until)

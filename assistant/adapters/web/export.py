"""An answer to take along: Markdown with footnotes."""

from __future__ import annotations

import re

from assistant.adapters.web.answer import place
from assistant.adapters.web.nodes import words
from assistant.tools import shown_result
from assistant.types import Answer, Language


def as_markdown(answer: Answer, language: Language) -> str:
    """Question, answer, and a footnote for every citation and calculation, quotes included."""
    notes = {str(c.n) for c in answer.citations} | {c.id for c in answer.calculations}
    text = re.sub(r"\[(c?\d+)\]", lambda mark: f"[^{mark[1]}]" if mark[1] in notes else mark[0], answer.text)
    lines = [f"**{_flat(answer.question)}**", "", words(text).rstrip(), ""]
    for c in answer.citations:
        lines.append(f"[^{c.n}]: {place(c, language)} ({c.source} {c.start}–{c.end}): “{_flat(c.quote)}”")
    for made in answer.calculations:
        lines.append(f"[^{made.id}]: {_flat(made.formula)}; {_flat(made.substituted)}; = {_flat(shown_result(made))}")
    return "\n".join(lines) + "\n"


def _flat(text: str) -> str:
    return " ".join(words(text).split())

"""A verdict on every figure that a text states, and the place that supports it. Code alone; no model is asked.

`ground` is for an answer with its own citations, `check_text` for anybody's text against the library; `review`,
`claims` and `supporting` are for a draft, sentence by sentence.
"""

from assistant.grounding.check import Check, CheckedFigure, Span, check_text
from assistant.grounding.review import Fault, Review, claims, review, supporting
from assistant.grounding.verdicts import Finding, examine, ground

__all__ = [
    "Check",
    "CheckedFigure",
    "Fault",
    "Finding",
    "Review",
    "Span",
    "check_text",
    "claims",
    "examine",
    "ground",
    "review",
    "supporting",
]

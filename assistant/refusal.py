"""When the reports don't say: whether what was found answers the question, or is only near it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.evidence import Evidence, Judge, named
from assistant.language import fold
from assistant.questions import Question, fixed_figures

NAMED = 0.45  # coverage from which a place counts as speaking of a name
_LEAST_SHARE, _RARE = 0.1, 4.0
_WHAT = re.compile(r"\bwhat\b|是什么|为何(?=[?？])")
_EACH = re.compile(r"分别|各|respectively|\beach\b|\bboth\b")


def said(question: Question, judge: Judge, found: Sequence[Evidence], settled: bool) -> bool:
    """Whether any place says what is asked. Figures that reports print under a fixed name must be named for the
    subject, and money must be money about it; a calculation may start from other figures."""
    if not settled and max((e.share for e in found), default=0.0) < _LEAST_SHARE:
        return False
    if not (question.wants or _WHAT.search(question.folded)) or "calculate" in question.intents:
        return True
    subject = _subject(judge)
    if not all(any(_names_figure(e, i, judge, subject) for e in found) for i in fixed_figures(question)):
        return False
    if "money" in question.intents and subject and not settled:
        return any(e.fits == 1.0 and _speaks_of(e, subject) for e in found)
    return True


def _subject(judge: Judge) -> list[int]:
    """The names that a figure must belong to: the most telling one, or any of several that are asked alike."""
    names = [i for i, group in enumerate(judge.groups) if group.kind == "name"]
    if not names:  # a name that the lexicon lacks: the rarest word
        words = [i for i, group in enumerate(judge.groups) if group.kind == "word" and judge.weights[i] >= _RARE]
        return sorted(words, key=lambda i: -judge.weights[i])[:1]
    alike = {"compare", "listing"} & judge.question.intents or _EACH.search(judge.question.folded)
    return names if alike else sorted(names, key=lambda i: -judge.weights[i])[:1]


def _speaks_of(place: Evidence, subject: Sequence[int]) -> bool:
    return not subject or not place.covers or max(place.covers.get(i, 0.0) for i in subject) >= NAMED


def _names_figure(place: Evidence, key: int, judge: Judge, subject: Sequence[int]) -> bool:
    """Whether a place names a fixed figure, in its words or its table's head, for the subject, with a number."""
    term = judge.groups[key].term
    text = place.folded or fold(place.quote)
    if place.table is not None:
        text += fold(" ".join([place.table.caption or "", *(c.label for c in place.table.columns)]))
    own = term is not None and any(named(text, spelling) for spelling in term.folded)
    return own and _speaks_of(place, subject) and bool(re.search(r"\d", text))

"""When the reports don't say: whether what was found answers the question, or is only near it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.evidence import Evidence, Judge, named
from assistant.language import fold
from assistant.lexicon import lexicon
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
    subject = _subject(judge)
    names = [i for i in subject if judge.groups[i].kind == "name"]
    if not settled and names and not any(_speaks_of(e, names, judge) for e in found):
        return False
    keys = fixed_figures(question)
    ends = any(question.folded.rstrip(" ?？。.!！").endswith(judge.groups[i].spellings[0]) for i in keys)
    if not (question.wants or ends or _WHAT.search(question.folded)) or "calculate" in question.intents:
        return True
    if not all(any(_names_figure(e, i, judge, subject) for e in found) for i in keys):
        return False
    if "money" in question.intents and subject and not settled:
        return any(e.fits == 1.0 and _speaks_of(e, subject, judge) for e in found)
    return True


def _subject(judge: Judge) -> list[int]:
    """The names that a figure must belong to: the most telling one, or any of several that are asked alike."""
    names = [i for i, group in enumerate(judge.groups) if group.kind == "name"]
    if not names:  # a name that the lexicon lacks: the rarest Latin word
        words = [
            i
            for i, group in enumerate(judge.groups)
            if group.kind == "word" and group.spellings[0].isascii() and judge.weights[i] >= _RARE
        ]
        return sorted(words, key=lambda i: -judge.weights[i])[:1]
    alike = {"compare", "listing"} & judge.question.intents or _EACH.search(judge.question.folded)
    return names if alike else sorted(names, key=lambda i: -judge.weights[i])[:1]


def _speaks_of(place: Evidence, subject: Sequence[int], judge: Judge) -> bool:
    """Whether a place is about the subject; a row of another company in the subject's table is not."""
    if not subject:
        return True
    if place.table is None:
        return max(place.covers.get(i, 0.0) for i in subject) >= NAMED
    spellings = [spelling for i in subject for spelling in judge.groups[i].spellings]
    quote, caption = fold(place.quote), fold(f"{place.table.caption or ''} {place.report.title}")
    if any(named(quote, spelling) for spelling in spellings):
        return True
    rows = [row for row in place.table.rows if place.start <= row.start < place.end]
    others = any(lexicon().names_in(row.label) for row in rows)
    return not others and any(named(caption, spelling) for spelling in spellings)


def _names_figure(place: Evidence, key: int, judge: Judge, subject: Sequence[int]) -> bool:
    """Whether a place names a fixed figure, in its words or its table's head, for the subject, with a number."""
    term = judge.groups[key].term
    text = place.folded or fold(place.quote)
    if place.table is not None:
        text += fold(" ".join([place.table.caption or "", *(c.label for c in place.table.columns)]))
    rating = term is not None and term.kind == "rating"  # printed as a word: "outperform (maintained)"
    spellings = judge.groups[key].spellings if rating and place.kind == "text" else term.folded if term else ()
    own = any(named(text, spelling) for spelling in spellings)
    return own and _speaks_of(place, subject, judge) and (rating or bool(re.search(r"\d", text)))

"""Whether a figure of a table is that of the row and column which a sentence names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assistant.grounding.places import Fact
from assistant.grounding.wording import Said, Wording, read_wording
from assistant.language import fold

_LABEL = 40  # characters; what is longer is prose


def another_row(claim: Said, sentence: Wording, fact: Fact) -> bool:
    """A figure of a table cell is not that of another row or column which the sentence names in its stead."""
    if not fact.label:
        return False
    clause = fold(claim.clause)
    alias = bool(claim.names & {n.id for n in read_wording(fact.label).names})
    rows = fact.rivals - fact.headers - {fact.header}  # a matrix names its rows and columns alike
    rows = frozenset(row for row in rows if row not in fact.columns)  # 美元 of 金价 (美元/盎司) is no row
    if not alias and (
        _names_another(fact, rows, clause)
        or (not _named_in(fact, clause) and _last_is_another(claim, fact, rows, sentence))
    ):
        return True
    if claim.quantity.period and fact.said.quantity.period:
        return False  # columns of time are compared as dates
    headers = {_plain(header) for header in fact.headers} - {_plain(fact.header)}
    named = [one for one in (*headers, _plain(fact.header)) if _stands(one, stretch(claim, sentence) or clause)]
    return bool(named and fact.header and not _longest(named) & {_plain(fact.header)})


def stretch(claim: Said, sentence: Wording) -> str:
    """The words of a figure's clause since the figure before it; "" if it is the first one or nothing stands there."""
    ends = [said.quantity.end for said in sentence.said if said.quantity.end <= claim.quantity.start]
    end = sentence.text.find(claim.clause)
    next_one = any(end <= said.quantity.start < end + len(claim.clause) for said in sentence.said if said is not claim)
    if not next_one:
        return ""
    start = max([end, *ends])
    return fold(sentence.text[start : claim.quantity.start]) or " "


def _plain(header: str) -> str:
    return re.sub(r"[(（][^()（）]*[)）]", "", header).strip()


def _longest(labels: Iterable[str]) -> set[str]:
    """Labels that are no part of another one."""
    every = set(labels)
    return {one for one in every if not any(one != other and one in other for other in every)}


def _named_in(fact: Fact, text: str) -> bool:
    return any(_stands(label, text) for label in (fact.label, *fact.aliases))


def _names_another(fact: Fact, rivals: Iterable[str], text: str) -> bool:
    """Whether a text names other rows, and not the figure's."""
    own = {fact.label, *fact.aliases}
    named = _longest(one for one in {*rivals, *own} if _stands(one, text))
    return bool(named) and not named & own


def _last_is_another(claim: Said, fact: Fact, rivals: Iterable[str], sentence: Wording) -> bool:
    """Whether the rows named last before a figure, since the figure before it, are others, and its own is not named
    right after it."""
    own = {fact.label, *fact.aliases}
    start, end = claim.quantity.start, claim.quantity.end
    floor = max([0, *(m.end() for m in re.finditer("[；;。]", sentence.text[:start]))])
    others = [said.quantity for said in sentence.said]
    after = fold(sentence.text[end : min([q.start for q in others if q.start >= end], default=len(sentence.text))])
    if any(_stands(label, after) for label in own):
        return False
    for begin in [*[q.end for q in others if floor <= q.end <= start][::-1], floor]:
        before = fold(sentence.text[begin:start])
        named = _longest(one for one in {*rivals, *own} if _stands(one, before))
        if named:
            return not named & own
    return False


def _stands(label: str, text: str) -> bool:
    if len(label) == 1 and label.isascii():
        return label.isalpha() and bool(re.search(rf"(?<![a-z0-9]){label}(?![a-z0-9])", text))
    return 1 < len(label) <= _LABEL and label in text

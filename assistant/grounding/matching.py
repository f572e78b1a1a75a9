"""Whether a figure of a text is the figure of a report: value, scale, sign, unit, currency, date, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from assistant.grounding.belonging import Name
from assistant.grounding.cues import CLAUSE_END, cue
from assistant.grounding.dates import holds_date, same_period
from assistant.grounding.places import Fact, Place
from assistant.grounding.rows import another_row, stretch
from assistant.grounding.wording import Said, Wording, bare, read_wording
from assistant.language import fold
from assistant.lexicon import lexicon
from assistant.quantities import Period, Quantity, same_quantity
from assistant.quantities.vocabulary import UNIT, UNIT_NAMES, UNITS

Outcome = Literal["quoted", "rounded", "different"]
Why = Literal[
    "", "value", "scale", "sign", "unit", "currency", "period", "precision", "bound", "company", "row", "measure"
]

_MOST_ROUNDING = Decimal("0.05")
_LOOSE = frozenset({"count", "points"})  # a measure word that one side may leave out
_UPPER, _LOWER = frozenset({"over", "at_least"}), frozenset({"under", "at_most"})
_SIGNED = _UPPER | _LOWER
_REASONS: tuple[tuple[str, Why], ...] = (
    ("currency", "currency"), ("unit", "unit"), ("period", "period"), ("sign", "sign"), ("scale", "scale"),
)  # fmt: skip
_LABEL = 40  # characters; what is longer is prose
_LAST_UNIT = re.compile(rf"(?:{UNIT})\Z")
_NOUN = re.compile(rf"[ ]?({UNIT})")


@dataclass(frozen=True, slots=True)
class Match:
    """How a figure compares with one of a report; `why` names the first thing that differs."""

    outcome: Outcome
    why: Why = ""


def compare(
    claim: Said, sentence: Wording, fact: Fact, place: Place, periods: Callable[[], Iterable[Period]] = tuple
) -> Match:
    """Compares a figure in its sentence with a figure of a place. `periods` gives the dates that stand in the other
    places which the sentence cites."""
    value = _same_value(claim, fact)
    if value.outcome == "different":
        return value
    why = (
        _unit(claim.quantity, sentence, fact, place)
        or _direction(claim, fact)
        or _bound(claim.quantity, fact)
        or _period(claim, sentence, fact, place, periods)
        or _company(claim, sentence, fact, place)
        or _row(claim, sentence, fact)
        or _measure(claim, sentence, fact, place)
        or _beside(claim, fact, place)
        or _total(claim, sentence, fact)
        or _exchanged(sentence, fact)
    )
    return Match("different", why) if why else value


# ---------------------------------------------------------------- the number


def _same_value(claim: Said, fact: Fact) -> Match:
    ours, theirs = _undated(claim.quantity), _undated(fact.said.quantity)
    if ours.unit == "CNY" and re.search(r"[元圆]\Z", fold(ours.text)) and fact.label and theirs.unit in ("TWD", "HKD"):
        ours = replace(ours, unit="元", currency=None)  # a table's 元 is of its market
    if (
        ours.unit is None
        and ours.scale == 1
        and theirs.unit
        and fact.label
        and fact.header
        and fact.header in fold(claim.clause)
    ):
        ours = _under(ours, theirs)  # the column is named with its unit
    if ours.currency and theirs.unit is None and fact.header and fold(ours.text).startswith(fact.header):
        ours = replace(ours, unit=None, currency=None)  # the column is a currency: 日元 159.6
    if claim.trend == "down" and ours.sign == "" and theirs.value < 0:
        ours = replace(ours, direction="down")
    likeness = same_quantity(ours, theirs)
    if _two_currencies(ours):
        return Match("different", "currency")
    if likeness.kind == "different":
        why: Why = next((why for word, why in _REASONS if word in likeness.reason), "value")
        if why == "value" and ours.unit != theirs.unit:
            why = "unit"
        return Match("different", why)
    if likeness.kind == "equal":
        return Match("quoted")
    if ours.unit != theirs.unit and "x" in (ours.unit, theirs.unit):
        return Match("different", "value")
    if ours.half_unit < theirs.half_unit and ours.low is None:
        return Match("different", "precision")
    if abs(ours.value - theirs.value) > _MOST_ROUNDING * abs(theirs.value) and ours.unit == theirs.unit:
        return Match("different", "value")
    return Match("rounded")


def _undated(q: Quantity) -> Quantity:
    return replace(q, period=None) if q.period else q


def _under(ours: Quantity, theirs: Quantity) -> Quantity:
    """A bare figure with the unit, and where it has none the scale, of another."""
    factor = theirs.scale if ours.scale == 1 else Decimal(1)
    low, high = (
        (ours.low * factor, ours.high * factor) if ours.low is not None and ours.high is not None else (None, None)
    )
    return replace(ours, unit=theirs.unit, currency=theirs.currency, value=ours.value * factor, low=low, high=high,
                   scale=ours.scale * factor, half_unit=ours.half_unit * factor)  # fmt: skip


def _two_currencies(q: Quantity) -> bool:
    """Whether a figure prints one currency before and another after it."""
    after = _LAST_UNIT.search(q.text) if q.currency else None
    last = UNIT_NAMES.get(after.group()) if after else None
    return bool(last and UNITS[last].is_currency and last != q.currency)


def _unit(ours: Quantity, sentence: Wording, fact: Fact, place: Place) -> Why:
    theirs = fact.said.quantity
    if ours.unit == theirs.unit or ours.unit is None:
        return ""
    dimension = UNITS[ours.unit].dimension
    noun = _NOUN.match(sentence.text, ours.end) if dimension == "count" and not ours.unit.isascii() else None
    if noun and UNIT_NAMES[noun[1]] != theirs.unit and fold(noun[1]) not in fold(fact.sentence):
        return "unit"
    if theirs.unit is not None:
        exact = dimension == "count" and ours.unit.isascii() and theirs.unit.isascii()
        return "unit" if exact else ""
    if dimension in _LOOSE:
        return ""
    words = fact.columns if fact.label else place.folded
    spelled = fold(ours.unit)
    if spelled in words or _spelled(ours, words):
        return ""
    return "currency" if ours.currency else "unit"


def _spelled(ours: Quantity, words: str) -> bool:
    """Whether the unit that the text prints stands in the words over a bare figure."""
    tail = fold(re.sub(r"[\d.,\s+\-–~≈<>约]+", "", ours.text))
    return bool(tail) and tail in words


def _direction(claim: Said, fact: Fact) -> Why:
    ours, theirs = claim.quantity, fact.said.quantity
    up_claim = claim.trend == "up" or (ours.sign == "+" and claim.trend is None)
    down_claim = claim.trend == "down" or ours.sign == "-"
    down_fact = fact.said.trend == "down" or theirs.value < 0
    up_fact = fact.said.trend == "up" or theirs.sign == "+"
    if (up_claim and down_fact and not down_claim) or (down_claim and up_fact and not down_fact):
        return "sign"
    if down_claim and not down_fact and fact.label and ours.unit in ("%", "pp"):
        return "" if re.search("跌|降|减|下", fact.said.clause + fact.columns) else "sign"
    if down_claim and not down_fact and not fact.label and fact.said.trend is None:
        return "" if re.search("跌|降|减|减少|下|down|fell|declin|decreas", fold(fact.sentence)) else "sign"
    return ""


def _bound(ours: Quantity, fact: Fact) -> Why:
    """A limit the other way; in a table, also a limit for a figure and a figure for a limit."""
    theirs = fact.said.quantity
    if fact.label and (theirs.bound in _SIGNED) != (ours.bound is not None and ours.bound in _SIGNED):
        return "" if theirs.bound not in _SIGNED and not re.search("[<>≤≥]", ours.text) else "bound"
    opposite = (ours.bound in _UPPER and theirs.bound in _LOWER) or (ours.bound in _LOWER and theirs.bound in _UPPER)
    return "bound" if opposite else ""


# ---------------------------------------------------------------- its date


def _period(claim: Said, sentence: Wording, fact: Fact, place: Place, elsewhere: Callable[[], Iterable[Period]]) -> Why:
    ours, theirs = claim.quantity.period, fact.said.quantity.period
    if ours is None:
        return ""
    if ours.kind == "year-to-date" and ours.first is None:
        return "" if cue("this_year").search(fact.columns + fold(fact.sentence)) else "period"
    if theirs is not None:
        if same_period(ours, theirs) or holds_date(ours, theirs):
            return ""
        return (
            ""
            if _loose(claim.quantity, sentence) and any(same_period(p, theirs) for p in sentence.periods)
            else "period"
        )
    told = any(
        same_period(ours, p) or holds_date(ours, p) or holds_date(p, ours) for p in (*place.periods, *elsewhere())
    )
    return "" if told else "period"


def _loose(q: Quantity, sentence: Wording) -> bool:
    """Whether the date is of another clause, so that another date of the sentence may be meant."""
    p = q.period
    return p is not None and bool(CLAUSE_END.search(sentence.text[min(p.end, q.end) : max(p.start, q.start)]))


# ---------------------------------------------------------------- whose it is


def related(name: str, names: Iterable[str]) -> bool:
    """Whether a name is one of the names, their owner, or theirs."""
    terms = lexicon().names
    known = set(names)
    term = terms.get(name)
    return (
        name in known
        or bool(term and term.owner in known)
        or any((t := terms.get(n)) and t.owner == name for n in known)
    )


def _company(claim: Said, sentence: Wording, fact: Fact, place: Place) -> Why:
    ours, theirs = claim.names, fact.said.names | fact.above
    if not ours or not theirs or ours & theirs:
        return ""
    if fact.label and len(fact.label) > 1 and fact.label in stretch(claim, sentence):
        return ""
    said_there = {n.id for n in _names_of(fact)}
    rivals = {n.id for n in read_wording(" , ".join(sorted(fact.rivals))).names}
    if not (ours & said_there) and not ours & rivals and any(related(name, theirs) for name in ours):
        return ""
    if ours <= _counted(fact):
        return ""
    here = {n.id for n in sentence.names}
    if ours <= said_there and (theirs & here or _together(fact, ours | theirs)):
        taken = [f for f in place.facts if f.sentence == fact.sentence and f.said.names & ours]
        if not any(f.said.quantity.unit == fact.said.quantity.unit for f in taken):
            return ""
    return "company"


def _together(fact: Fact, ids: frozenset[str]) -> bool:
    """Whether a report's sentence says of names together what it says: A has agreed with B on 3 billion."""
    names = [name for name in _names_of(fact) if name.id in ids]
    joint = cue("together")
    return len(ids) > 1 and any(
        {a.id, b.id} == ids and joint.search(fold(fact.sentence[a.end : b.start])) for a, b in pairwise(names)
    )


def _counted(fact: Fact) -> set[str]:
    """What a figure counts, by the names right behind it: 10 万颗英伟达 GB300."""
    at = fact.sentence.find(fact.said.quantity.text)
    end = at + len(fact.said.quantity.text)
    found: set[str] = set()
    for name in _names_of(fact) if at >= 0 and not fact.label else ():
        if end <= name.start <= end + 1:
            found.add(name.id)
            end = name.end
    return found


def _total(claim: Said, sentence: Wording, fact: Fact) -> Why:
    """A figure that is said to be a total is not one of the figures added."""
    said = cue("total").search(fold(sentence.text[max(0, claim.quantity.start - 16) : claim.quantity.start]))
    return "measure" if said and not fact.label and not cue("a_total").search(fold(fact.sentence)) else ""


def _gap(text: str) -> str:
    return bare(text) or fold(text).strip()


def _exchanged(sentence: Wording, fact: Fact) -> Why:
    """Two names with a report's words between them, the other way round than in the report."""
    theirs = list(_names_of(fact)) if not fact.label else []
    for a, b in pairwise(sentence.names):
        between = _gap(sentence.text[a.end : b.start])
        if a.id == b.id or not between or len(between) > _LABEL:
            continue
        for x, y in pairwise(theirs):
            if (x.id, y.id) == (b.id, a.id) and _gap(fact.sentence[x.end : y.start]) == between:
                return "" if cue("joint").fullmatch(between) else "company"
    return ""


def _names_of(fact: Fact) -> Iterable[Name]:
    return read_wording(fact.sentence).names


def _row(claim: Said, sentence: Wording, fact: Fact) -> Why:
    return "row" if another_row(claim, sentence, fact) else ""


def _measure(claim: Said, sentence: Wording, fact: Fact, place: Place) -> Why:
    """A figure of one measure is not that of another one which the same sentence or row states beside it."""
    ours, theirs = claim.measures, fact.said.measures
    if not ours or not theirs or ours & theirs or bare(claim.clause) in bare(fact.sentence):
        return ""
    if fact.label and fact.label in sentence.folded:
        return ""
    beside = [f for f in place.facts if f is not fact and f.said.measures & ours]
    beside = [f for f in beside if f.said.quantity.unit == fact.said.quantity.unit]
    return "measure" if beside else ""


def _beside(claim: Said, fact: Fact, place: Place) -> Why:
    """A figure is not the one beside it in a report's sentence: where 90% stand after 其余, the 10% are of another."""
    if fact.label or not claim.before or not fact.said.before or claim.before == fact.said.before:
        return ""
    for other in place.facts:
        units = {other.said.quantity.unit, fact.said.quantity.unit}
        same_kind = other.sentence == fact.sentence and (len(units) == 1 or None in units)
        if same_kind and other.said.before == claim.before and other.said.quantity.value != fact.said.quantity.value:
            return "measure"
    return ""

"""Whether a figure of a text is the figure of a report: value, scale, sign, unit, currency, date, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from assistant.grounding.places import Fact, Place
from assistant.grounding.wording import CLAUSE_END, Name, Said, Wording, bare, read_wording, vocabulary
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
_NOUN = re.compile(rf"[ ]?({UNIT})")
_POINTS: frozenset[str] = frozenset({"day", "as-of", "since", "year-to-date"})
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ENGLISH = re.compile(
    rf"(?:(?P<day>\d{{1,2}})\s+)?(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?(?:\s+(?P<day2>\d{{1,2}})(?!\d))?(?:,?\s+(?P<year>(?:19|20)\d\d))?"
)
_PARTS = re.compile(
    r"(?:(?P<year>(?:19|20)\d\d)\D{0,2})?(?P<month>1[0-2]|[1-9])\s*月(?:\s*(?P<day>\d{1,2})\s*[日号號])?"
)


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
    after = re.search(rf"(?:{UNIT})\Z", q.text)
    last = UNIT_NAMES.get(after.group()) if after else None
    return bool(q.currency and last and UNITS[last].is_currency and last != q.currency)


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


def _period(
    claim: Said, sentence: Wording, fact: Fact, place: Place, elsewhere: Callable[[], Iterable[Period]]
) -> Why:
    ours, theirs = claim.quantity.period, fact.said.quantity.period
    if ours is None:
        return ""
    if ours.kind == "year-to-date" and ours.first is None:
        return "" if re.search(vocabulary()["words"]["this_year"], fact.columns + fold(fact.sentence)) else "period"
    if theirs is not None:
        if same_period(ours, theirs) or _holds(ours, theirs):
            return ""
        return (
            ""
            if _loose(claim.quantity, sentence) and any(same_period(p, theirs) for p in sentence.periods)
            else "period"
        )
    told = any(same_period(ours, p) or _holds(ours, p) or _holds(p, ours) for p in (*place.periods, *elsewhere()))
    return "" if told else "period"


def _loose(q: Quantity, sentence: Wording) -> bool:
    """Whether the date is of another clause, so that another date of the sentence may be meant."""
    p = q.period
    return p is not None and bool(CLAUSE_END.search(sentence.text[min(p.end, q.end) : max(p.start, q.start)]))


def same_period(a: Period, b: Period) -> bool:
    """Whether two periods are the same as far as their print tells: a day is the day of any year left out."""
    if a.first and b.first and a.last and b.last:
        return (a.first, a.last) == (b.first, b.last)
    if a.first and b.first and a.kind == b.kind and a.last is None and b.last is None:
        return a.first == b.first
    x, y = _parts(a), _parts(b)
    if x and y:
        return all(p == q for p, q in zip(x, y, strict=True) if p is not None and q is not None)
    return bare(a.text) == bare(b.text)


def _holds(wide: Period, narrow: Period) -> bool:
    """Whether the wider period holds the narrower one, or ends with it."""
    if wide.kind in ("year", "fiscal-year") and wide.first and wide.last and narrow.last:
        return wide.first <= (narrow.first or narrow.last) and narrow.last <= wide.last
    if wide.kind == "years" and wide.first and wide.last and narrow.first and narrow.last:
        return wide.first <= narrow.first and narrow.last <= wide.last
    if wide.last and narrow.last and narrow.kind in _POINTS:
        return wide.last[:7] == narrow.last[:7]
    return bool(wide.kind == "year-to-date" and wide.first and narrow.first and wide.first[:4] == narrow.first[:4])


def _parts(p: Period) -> tuple[str | None, ...] | None:
    """(year, month, day) as far as printed."""
    if p.first and p.last and p.kind in ("day", "as-of") and p.first == p.last:
        return p.first[:4], str(int(p.first[5:7])), str(int(p.first[8:]))
    if p.first and p.kind == "month":
        return p.first[:4], str(int(p.first[5:7])), None
    m = _PARTS.search(fold(p.text))
    if m:
        return m["year"], m["month"], m["day"]
    m = _ENGLISH.search(fold(p.text))
    return (m["year"], str(_MONTHS.index(m["month"]) + 1), m["day"] or m["day2"]) if m else None


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
    if fact.label and len(fact.label) > 1 and fact.label in _stretch(claim, sentence):
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
    joint = vocabulary()["words"]["together"]
    return len(ids) > 1 and any(
        {a.id, b.id} == ids and re.search(joint, fold(fact.sentence[a.end : b.start])) for a, b in pairwise(names)
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
    cue = vocabulary()["words"]["total"]
    said = re.search(cue, fold(sentence.text[max(0, claim.quantity.start - 16) : claim.quantity.start]))
    return "measure" if said and not fact.label and not re.search(cue[:-2], fold(fact.sentence)) else ""


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
                return "" if re.fullmatch(vocabulary()["words"]["joint"], between) else "company"
    return ""


def _names_of(fact: Fact) -> Iterable[Name]:
    return read_wording(fact.sentence).names


def _row(claim: Said, sentence: Wording, fact: Fact) -> Why:
    """A figure of a table cell is not that of another row or column which the sentence names in its stead."""
    if not fact.label:
        return ""
    clause = fold(claim.clause)
    alias = bool(claim.names & {n.id for n in read_wording(fact.label).names})
    rows = fact.rivals - fact.headers - {fact.header}  # a matrix names its rows and columns alike
    rows = frozenset(row for row in rows if row not in fact.columns)  # 美元 of 金价 (美元/盎司) is no row
    if not alias and (
        _names_another(fact, rows, clause)
        or (not _named_in(fact, clause) and _last_is_another(claim, fact, rows, sentence))
    ):
        return "row"
    if claim.quantity.period and fact.said.quantity.period:
        return ""  # columns of time are compared as dates
    headers = {_plain(header) for header in fact.headers} - {_plain(fact.header)}
    named = [one for one in (*headers, _plain(fact.header)) if _stands(one, _stretch(claim, sentence) or clause)]
    return "row" if named and fact.header and not _longest(named) & {_plain(fact.header)} else ""


def _stretch(claim: Said, sentence: Wording) -> str:
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

"""Operands from sentences: one thing at two periods, two things side by side, a market and the share of its part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.lexicon import lexicon
from assistant.reckoning.grammar import Rule, grammar
from assistant.reckoning.ground import Ground, Sentence, Span, background, is_about, key_of, years_between
from assistant.reckoning.operand import Operand, Operands, go_together, is_of, operand, unrivalled

_COMPOUND = re.compile(r"复合|cagr|compound")
RATE = re.compile(r"复合|增速|增长率|cagr|compound|growth")
_OF = re.compile(r"[里中内](?=.)|(?<=.)的(?=.)")
_TELLS = 0.6  # the least weight of a word that says what a figure is of
_AGAINST = re.compile(r"较|相比|比|versus|\bvs\b|compared|\bthan\b|\bagainst\b|up from|from")


def over_time(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """The values that a sentence gives of what is asked at the two periods of the question."""
    fitting = []
    for sentence in ground.sentences:
        periods = ground.periods or _two_periods(sentence, ground)
        years = years_between(periods)
        if len(periods) != 2 or (rule.settings.get("years") and years is None) or not ground.says(sentence):
            continue
        pair = _endpoints(sentence, periods, ground)
        if pair and not ("printed" in pair and _quotable(rule, ground)):
            extra = {"periods": years} if rule.settings.get("years") and years else {}
            fitting.append((ground.share(sentence), pair | extra))
    return [one for one in unrivalled(fitting) if go_together(rule, one)]


def _quotable(rule: Rule, ground: Ground) -> bool:
    """Whether the figure that a sentence prints is all that is asked, rather than to compute it."""
    return bool(rule.settings.get("years")) and not grammar().explicit.search(ground.question.folded)


def _two_periods(sentence: Sentence, ground: Ground) -> tuple[Span, ...]:
    """The two periods that a sentence gives figures for, where a question names none or how many years it is about."""
    said = {q.value for q in ground.given if q.unit == "years"}
    keys = {key_of(q.period) for q in sentence.quantities if q.period and q.period.kind != "years"}
    periods = tuple(sorted(key for key in keys if key and key[1]))
    years = years_between(periods)
    return periods if len(periods) == 2 and said and years and said == {years.value} else ()


def _endpoints(sentence: Sentence, periods: Sequence[Span], ground: Ground) -> dict[str, Operand] | None:
    """The values that a sentence gives for the two periods; of "A/B from 1/2 to 3/4" those of the one asked about."""
    sides = [_at_period(sentence, period, ground) for period in periods]
    if not sides[0] or len(sides[0]) != len(sides[1]):
        return None
    which = _which(sentence, sides, ground)
    if which is None:
        return None
    start, end = (sentence.quantities[side[which]] for side in sides)
    lead = sentence.lead_up(sides[0][which])
    if len(sides[0]) > 1 and not sentence.slashed(sides[0]) and sentence.place:
        lead = background(sentence.place)
    if not _same_unit(start.unit, end.unit) or not ground.leads(sentence, lead):
        return None
    pair = {"start": operand(start, sentence.place), "end": operand(end, sentence.place)}
    printed = [i for i, q in enumerate(sentence.quantities) if q.unit == "%" and i > sides[1][-1]]
    rate = printed and _COMPOUND.search(sentence.region(printed[0])) and len(printed) >= len(sides[0])
    if rate and start.unit != "%":
        pair["printed"] = operand(sentence.quantities[printed[which]], sentence.place)
    return pair


def _at_period(sentence: Sentence, period: Span, ground: Ground) -> list[int]:
    """The quantities of a sentence for a period; beside an amount a percentage is what it grew by."""
    found = [
        i for i, q in enumerate(sentence.quantities) if key_of(q.period) == period and is_of(q, "any") and q.unit != "x"
    ]
    if all(sentence.quantities[i].unit == "%" for i in found):
        return found
    return [i for i in found if sentence.quantities[i].unit != "%"]


def _which(sentence: Sentence, sides: Sequence[Sequence[int]], ground: Ground) -> int | None:
    """Which of the values for each period is asked about; None where that is open."""
    if len(sides[0]) == 1:
        return 0
    if not all(sentence.slashed(side) for side in sides):
        return _of_name(sentence, sides, ground)
    parts = sentence.parts(len(sides[0]))
    said = [i for i, part in enumerate(parts) if part in ground.question.folded]
    return said[0] if len(said) == 1 else None


def _of_name(sentence: Sentence, sides: Sequence[Sequence[int]], ground: Ground) -> int | None:
    """Which of several pairs of values comes right after the name that is asked about, no other one between."""
    asked = [group for group in ground.judge.groups if group.kind == "name"]
    mentions = lexicon().names_in(sentence.folded)
    fitting = []
    for k, i in enumerate(sides[0]):
        before = [m for m in mentions if 0 <= m.start < sentence.quantities[i].start]
        if before and any(before[-1].term == group.term for group in asked):
            fitting.append(k)
    return fitting[0] if len(asked) == 1 and len(fitting) == 1 else None


def _same_unit(a: str | None, b: str | None) -> bool:
    """Whether two amounts of one sentence are of one unit; of tokens one often goes without it."""
    return a == b or {a, b} <= {None, "tokens"}


def against(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Two values of one thing that a sentence sets against each other: "now 23, against 5.8 on average in 2025"."""
    if len(ground.periods) != 1:
        return []
    fitting = []
    for sentence in ground.sentences:
        if not ground.says(sentence):
            continue
        for i, (a, b) in enumerate(pairwise(sentence.quantities)):
            between = sentence.folded[a.end : b.start]
            dated = (
                key_of(b.period) == ground.periods[0] and b.period and b.period.text in sentence.text[a.end : b.start]
            )
            about = ground.leads(sentence, f"{sentence.lead_up(i)}{sentence.region(i + 1)}")
            if dated and about and _AGAINST.search(between) and _same_unit(a.unit, b.unit):
                pair = {"start": operand(b, sentence.place), "end": operand(a, sentence.place)}
                fitting.append((ground.share(sentence), pair))
    return [one for one in unrivalled(fitting) if go_together(rule, one)]


def part_of_market(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """The size of a market and the share that a part of it has, for each of the periods, from one sentence that says
    the part only where it gives the share."""
    if len(ground.periods) not in (1, 2):
        return []
    found = [(ground.share(s), market) for s in ground.sentences if ground.says(s) and (market := _market(s, ground))]
    return unrivalled(found)


def _market(sentence: Sentence, ground: Ground) -> dict[str, Operand] | None:
    sizes = [_at(sentence, period, share=False) for period in ground.periods]
    shares = [_at(sentence, period, share=True) for period in ground.periods]
    if None in sizes or None in shares:
        return None
    size, share = sizes[0] or 0, shares[0] or 0
    whole, part = sentence.lead_up(size), f"{sentence.lead_up(size)} {sentence.region(share)}"
    if size > share or not ground.speaks(part) or ground.speaks(whole):
        return None
    found = {}
    for name, i, j in zip(("size", "last"), sizes, shares, strict=False):
        found[name] = operand(sentence.quantities[i or 0], sentence.place)
        found[f"{name}_share"] = operand(sentence.quantities[j or 0], sentence.place)
    years = years_between(ground.periods)
    return found | ({"periods": years} if years else {})


def _at(sentence: Sentence, period: Span, share: bool) -> int | None:
    """The one amount, or the one percentage, that a sentence gives for a period."""
    found = []
    for i, quantity in enumerate(sentence.quantities):
        fits = quantity.unit == "%" and not RATE.search(sentence.region(i)) if share else bool(quantity.currency)
        if fits and key_of(quantity.period) == period:
            found.append(i)
    return found[0] if len(found) == 1 else None


# ---------------------------------------------------------------- two things side by side


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be said of a figure for it to be an operand: by the sentence (names, shared words), right around it
    (words of its own, what it measures)."""

    names: tuple[int, ...]
    rivals: tuple[int, ...]  # the names of the other operand
    own: tuple[int, ...]
    shared: tuple[int, ...]
    measures: tuple[re.Pattern[str], ...]


def side_by_side(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Two figures of one report, each the one that the wording's phrase speaks of."""
    if len(ground.periods) > 1:
        return []
    first, second = list(rule.operands)[:2]
    a, b = _wanted(ground, match, first, second), _wanted(ground, match, second, first)
    if not (a.own or a.measures) or not (b.own or b.measures):
        return []
    readings: dict[tuple[object, ...], dict[str, Operand]] = {}
    kinds = [str(rule.operands[name]["unit"]) for name in (first, second)]
    left, right = (
        _closest(list(_figures(ground, wanted, kind)), wanted, ground)
        for wanted, kind in zip((a, b), kinds, strict=True)
    )
    for s, i in left:
        for t, j in right:
            same = s.quantities[i].value == t.quantities[j].value
            if not same and s.place and t.place and s.place.report is t.place.report:
                found = {first: operand(s.quantities[i], s.place), second: operand(t.quantities[j], t.place)}
                if go_together(rule, found):
                    readings[tuple((one.value, one.unit) for one in found.values())] = found
    together = [one for one in readings.values() if len({o.place and o.place.start for o in one.values()}) == 1]
    chosen = together if len(readings) > 1 else list(readings.values())
    return [chosen[0]] if len(chosen) == 1 else []


def _closest(figures: Sequence[tuple[Sentence, int]], wanted: Wanted, ground: Ground) -> Sequence[tuple[Sentence, int]]:
    """Of the figures those that are followed by what they are of ("75 of equity, 125 of debt"), if there are any."""
    tails = [(s, i) for s, i in figures if wanted.own and _named_after(s, i, wanted.own, ground)]
    return tails or figures


def _named_after(sentence: Sentence, i: int, words: Sequence[int], ground: Ground) -> bool:
    region = sentence.region(i)
    return all(ground.names(j, region[region.index("#") :]) for j in words)


def _wanted(ground: Ground, match: re.Match[str], name: str, other: str) -> Wanted:
    """What the stretch of a question that describes an operand wants; names and measures may be said with the other."""
    own, theirs = match.span(name), match.span(other)
    text, groups = ground.question.folded, ground.judge.groups
    names = [i for i, group in enumerate(groups) if group.kind == "name" or group in ground.firms]
    others = [i for i in names if ground.within(i, theirs) and not ground.within(i, own)]
    said = [i for i in names if ground.within(i, own)] or others
    head = own[0] + max((m.end() for m in _OF.finditer(text[slice(*own)])), default=0)
    inside = [i for i in _content(ground) if i not in names and ground.within(i, own)]
    mine = [i for i in inside if ground.within(i, (head, own[1]))]
    if not mine:
        mine = [
            i
            for i, group in enumerate(groups)
            if group.kind in ("concept", "word") and ground.within(i, (head, own[1]))
        ]
    common = [i for i in (*inside, *ground.subjects()) if i not in mine and not ground.within(i, theirs)]
    measures = [m for m in grammar().measures if m.search(text[slice(*own)])]
    return Wanted(
        tuple(dict.fromkeys([*said, *(i for i in names if i not in said and i not in others)])),
        tuple(i for i in others if i not in said),
        tuple(mine),
        tuple(common),
        tuple(measures or ([] if mine else [m for m in grammar().measures if m.search(text[slice(*theirs)])])),
    )


def _content(ground: Ground) -> list[int]:
    """The groups of a question that say what a figure is of."""
    return [
        i
        for i, group in enumerate(ground.judge.groups)
        if group.kind in ("concept", "word") and group.weight >= _TELLS
        and not grammar().idle.fullmatch(group.spellings[0])
    ]  # fmt: skip


def _figures(ground: Ground, wanted: Wanted, kind: str) -> Iterable[tuple[Sentence, int]]:
    """The figures of sentences that are what is wanted."""
    groups = ground.judge.groups
    for sentence in ground.sentences:
        if sentence.place is None or not all(is_about(sentence, groups[i]) for i in wanted.names):
            continue
        around = background(sentence.place)
        if not all(ground.names(i, around) for i in wanted.shared):
            continue
        for i, quantity in enumerate(sentence.quantities):
            region = sentence.region(i)
            about = all(ground.names(j, region) for j in wanted.own) and all(m.search(region) for m in wanted.measures)
            dated = not ground.periods or key_of(quantity.period) in (None, ground.periods[0])
            if is_of(quantity, kind) and about and dated and _governed(sentence, i, wanted, ground):
                yield sentence, i


def _governed(sentence: Sentence, i: int, wanted: Wanted, ground: Ground) -> bool:
    """Whether of the names of both operands that of this one is the last before a figure."""
    before = sentence.folded[: sentence.quantities[i].start]

    def last(names: Sequence[int]) -> int:
        spellings = (spelling for name in names for spelling in ground.judge.groups[name].spellings)
        return max((before.rfind(spelling) for spelling in spellings), default=-1)

    rival = last(wanted.rivals)
    return rival < 0 or last(wanted.names) > rival

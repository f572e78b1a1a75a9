"""Questions that ask for a computed number: recognised, their operands found, and the sum done by a calculator.

The grammar is `data/calculations.toml`: each rule has the wording that asks for a calculation, how its operands are
found (in the question, in a sentence, in two sentences' worth of a series, in cells of a table) and the tools that
compute. A rule whose operands are not all there, or could be one of two things, computes nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from difflib import SequenceMatcher
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from assistant import tabular, tools
from assistant.errors import InputError
from assistant.evidence import LONGEST, Evidence, Judge, named
from assistant.language import fold
from assistant.lexicon import lexicon
from assistant.messages import say
from assistant.quantities import Quantity, find_periods, find_quantities, read_cell
from assistant.questions import Group, Question
from assistant.tabular import View
from assistant.types import Calculation, Language

_LOOKED_AT = 60  # places whose sentences are read
_PIECE = re.compile(r"[^。；;!！?？\n\t|]+")
_STOPS = re.compile(r"[,，;；。、()（）:：]")
_GLOSS = re.compile(r"\s*\(\s*(?:约合?|大约|合|折合|相当于|即|about|approx\.?|around|or|~)?\s*")
_LAST_YEAR = re.compile(r"去年|上年|前一年|year earlier|a year ago|prior[- ]year|previous year|last year")
_SEVERAL = re.compile(r"[和与跟及、]|同期|分别|各自|\band\b|\bboth\b|呢")
_LOOSE = re.compile(r"总计|合计|总额|总体|市场规模|规模|收入|营收|业务|及其他|\btotal\b|\brevenues?\b|[-–—]\s*(?=\S)")
_COMPOUND = re.compile(r"复合|cagr|compound")
_RATE = re.compile(r"复合|增速|增长率|cagr|compound|growth")
_MEASURE = re.compile(r"收入|营收|市场规模|规模| ?revenues?| ?sales")
_CODE = re.compile(r"\(\s*[\da-z]{1,6}[ .](?:sz|sh|ss|hk|us|tt|ch|jp|ks)\b")
_SINCE_NAMED = 1200  # characters over which a name still governs what follows
_BACKGROUND = 150  # characters before a sentence in which its period may be said
_OF_ROW = 0.4  # what a sentence in a cell inherits of what its row covers
_SAID = 0.45  # the least share of a question that a sentence with its operands covers
_NAMED = 0.3  # how far it has to cover every name that is asked about
_CLOSE = 0.9  # a place that covers this share of what the best one covers is its rival
_LABEL = 0.98  # of a row's label a question has all but a bracket
_PHRASE = 0.5  # the least part of a phrase that the words around its quantity have
_INDIRECT = frozenset({"EUR", "GBP", "AUD", "NZD", "USD"})  # quoted by how many dollars they buy
_WORD = 0.7  # the weight of a word that is no mere pair with a particle
_TELLING = 0.5  # of the weight of the weightiest word
_MOST_ROWS = 3
_MOST_RULES = 3
_MOST_PLACES = 6  # as many as an answer cites
_NOT_OPERANDS = frozenset({"days", "months", "years", "hours", "weeks", "quarters", "minutes"})
_LONGEST_ASKED = 400  # characters


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What was computed: one sentence with [c1] marks, the calculations, and the places their operands are from.

    The `input_sources` of the calculations count `places` from 1: "[1]" is the first.
    """

    lead: str
    calculations: tuple[Calculation, ...]
    places: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """A value that takes part: `high` is the upper end of a range; `place` is None for what the question gives."""

    value: Decimal | str
    unit: str | None = None
    high: Decimal | None = None
    place: Evidence | None = None
    header: Evidence | None = None
    label: str = ""
    about: bool = False
    given: bool = False  # a constant of the rule (12 months, 1,440 minutes), not from the question


Operands = Mapping[str, Operand]


@dataclass(frozen=True, slots=True)
class Step:
    """One run of a tool: its arguments name operands, "#0" an earlier step's result, "=12" a constant."""

    tool: str
    label: str
    arguments: Mapping[str, str]
    expression: str = ""
    compare: str = ""
    points: bool = False  # whether percentages are set against each other in points
    percent: bool = False  # whether a plain quotient is shown as a percentage


@dataclass(frozen=True, slots=True)
class Rule:
    """A question that analysts ask, its operands and its steps."""

    name: str
    question: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    find: str
    operands: Mapping[str, Mapping[str, Any]]
    steps: tuple[Step, ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Grammar:
    """`data/calculations.toml`, compiled."""

    rules: tuple[Rule, ...]
    idle: re.Pattern[str]
    alike: tuple[re.Pattern[str], ...]
    units: Mapping[str, frozenset[str]]
    money: Mapping[str, Mapping[str, str]]
    names: Mapping[str, Mapping[str, str]]


@lru_cache(maxsize=1)
def _grammar() -> Grammar:
    data = tomllib.loads(files("assistant").joinpath("data", "calculations.toml").read_text(encoding="utf-8"))
    return Grammar(
        rules=tuple(_rule(entry) for entry in data["rules"]),
        idle=re.compile(data["idle"]),
        alike=tuple(re.compile(pattern) for pattern in data["alike"]),
        units={name: frozenset(units) for name, units in data["units"].items()},
        money=data["money"],
        names=data["names"],
    )


def _rule(entry: Mapping[str, Any]) -> Rule:
    known = {"name", "question", "unless", "find", "operands", "steps"}
    return Rule(
        entry["name"],
        tuple(re.compile(pattern) for pattern in entry["question"]),
        re.compile(entry["unless"]) if "unless" in entry else None,
        entry["find"],
        entry.get("operands", {}),
        tuple(Step(**step) for step in entry["steps"]),
        {key: value for key, value in entry.items() if key not in known},
    )


# ---------------------------------------------------------------- what operands are looked for in


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a report, or a clause of a cell, with its quantities."""

    text: str
    folded: str
    place: Evidence
    quantities: tuple[Quantity, ...]

    def region(self, i: int) -> str:
        """What is said around a quantity: what leads up to it, "#" in its place, and what follows in its clause."""
        while self.glosses(i):
            i -= 1
        quantity = self.quantities[i]
        before = i - 1
        while before >= 0 and self.quantities[before].unit == "%" != quantity.unit:  # "revenue rose 5% to 60"
            before -= 1
        first = self.quantities[before].end if before >= 0 else 0
        last = self.quantities[i + 1].start if i + 1 < len(self.quantities) else len(self.text)
        stop = _STOPS.search(self.text, quantity.end, last)
        return f"{self.folded[first : quantity.start]}#{self.folded[quantity.end : stop.start() if stop else last]}"

    def glosses(self, i: int) -> bool:
        """Whether a quantity says the one before it in other money: "US$75 (about RMB532)"."""
        between = self.folded[self.quantities[i - 1].end : self.quantities[i].start] if i else ""
        return bool(_GLOSS.fullmatch(between)) and None not in (
            self.quantities[i].currency,
            self.quantities[i - 1].currency,
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """A question and all that its operands may be taken from."""

    question: Question
    judge: Judge
    sentences: tuple[Sentence, ...]
    views: tuple[View, ...]
    given: tuple[Quantity, ...]
    periods: tuple[tuple[str, str], ...]  # first and last day of each period that the question names, oldest first

    firms: tuple[Group, ...]  # words that a report prints with a company's code: names that the lexicon lacks
    compounds: tuple[str, ...]  # a concept with the word before it, where a place found has the two together
    telling: tuple[int, ...]  # the groups of the question without which a place speaks of something else

    def says(self, sentence: Sentence, least: float = _SAID) -> bool:
        """Whether a sentence, with what stands around it, speaks of what is asked: of all that is telling."""
        covers = sentence.place.covers
        if not self.owns(sentence):
            return False
        missed = [i for i in self.telling if covers.get(i, 0.0) < _NAMED]
        return sentence.place.share >= least and (not missed or self.speaks(_background(sentence.place), missed))

    def owns(self, sentence: Sentence) -> bool:
        """Whether a sentence is about every name that the question has, known to the lexicon or not."""
        names = [group for group in self.judge.groups if group.kind == "name" or group in self.firms]
        return all(_is_about(sentence, group) for group in names)

    def speaks(self, text: str, groups: Sequence[int] | None = None) -> bool:
        """Whether a folded text itself says all that is telling but for names (or the groups given)."""
        if groups is None:
            groups = [i for i in self.telling if self.judge.groups[i].kind != "name"]
            if not all(compound in text for compound in self.compounds):
                return False
        return all(self.names(i, text) for i in groups)

    def leads(self, sentence: Sentence, text: str) -> bool:
        """Whether what leads up to the figures of a sentence says all that is telling, and no name comes only later."""
        names = [i for i, group in enumerate(self.judge.groups) if group.kind == "name"]
        late = [i for i in names if self.names(i, sentence.folded) and not self.names(i, text)]
        return not late and self.speaks(text)

    def heads(self, text: str) -> bool:
        """Whether a folded table title with row labels says all that is telling; what its money is of ("revenue") need
        not be said."""
        return all(
            self.names(i, text) or coverage(_bare(self.judge.groups[i].spellings[0]), text)[0] == 1.0
            for i in self.telling
        )

    def names(self, i: int, text: str) -> bool:
        """Whether a folded text has a group, or other words for the same; "inverter" does not say "micro-inverter"."""
        group = self.judge.groups[i]
        own = _bare(group.spellings[0])
        narrower = group.kind == "concept"
        spellings = (s for s in group.spellings if not (narrower and s != own and s in own))
        return any(named(text, spelling) for spelling in spellings) or coverage(group.spellings[0], text)[0] == 1.0


def reckon(question: Question, judge: Judge, found: Sequence[Evidence], views: Sequence[View]) -> Reckoning | None:
    """The computed answer to a question, or None where it asks for none or its operands are missing or ambiguous."""
    rules = [(rule, match) for rule in _grammar().rules if (match := _asked(rule, question))]
    if not rules:
        return None
    ground = _ground(question, judge, found, views)
    ledger = Ledger(question.language)
    done: list[str] = []
    for rule, match in rules:
        if len(done) == _MOST_RULES or any(name in rule.settings.get("after", ()) for name in done):
            continue
        worked = [_worked(rule, operands, ledger) for operands in FINDERS[rule.find](rule, match, ground)]
        if any(worked):
            done.append(rule.name)
            if rule.settings.get("alone"):
                break
    return ledger.reckoning() if done else None


def _asked(rule: Rule, question: Question) -> re.Match[str] | None:
    if len(question.folded) > _LONGEST_ASKED:  # pasted text is no sum, and would keep the patterns busy
        return None
    if rule.unless and rule.unless.search(question.folded):
        return None
    matches = [pattern.search(question.folded) for pattern in rule.question]
    return next((match for match in matches if match), None)


def _ground(question: Question, judge: Judge, found: Sequence[Evidence], views: Sequence[View]) -> Ground:
    text = question.text[: len(question.folded)] if len(question.text) >= len(question.folded) else question.folded
    given = tuple(q for q in find_quantities(text) if q.unit not in _NOT_OPERANDS)
    sentences = tuple(_sentences(found[:_LOOKED_AT], judge))
    return Ground(
        question,
        judge,
        sentences,
        tuple(views),
        given,
        _periods(text),
        _firms(judge, found),
        _compounds(judge, found),
        _telling(judge, found),
    )


def _bare(word: str) -> str:
    """A word without what it measures: "ad" of "ad revenue"."""
    return _MEASURE.sub("", word).strip() or word


def _firms(judge: Judge, found: Iterable[Evidence]) -> tuple[Group, ...]:
    heads = [place.folded[max(0, m.start() - 12) : m.start()] for place in found for m in _CODE.finditer(place.folded)]
    return tuple(g for g in judge.groups if g.kind == "word" and any(g.spellings[0] in head for head in heads))


def _compounds(judge: Judge, found: Iterable[Evidence]) -> tuple[str, ...]:
    """What a concept of the question is called in full ("general" computing power), where reports call it so."""
    text = judge.question.folded
    taken = [group.spellings[0] for group in judge.groups if group.kind in ("name", "concept")]
    places = [place.folded for place in found]
    compounds = []
    for group in judge.groups:
        at = text.find(group.spellings[0]) if group.kind == "concept" else -1
        compound = text[at - 2 : at + 2] if at >= 2 else ""
        known = re.fullmatch(r"[\u4e00-\u9fff]{4}", compound) and not any(
            other.endswith(compound[:2]) for other in taken
        )
        if known and any(compound in place for place in places):
            compounds.append(compound)
    return tuple(compounds)


def _telling(judge: Judge, found: Iterable[Evidence]) -> tuple[int, ...]:
    """The groups that say what a question is about: every name, and what weighs about as much as the weightiest, of
    what any place found has; words that only ask for a calculation are none."""
    known = {i for place in found for i in judge.cover(place.folded)}
    idle = _grammar().idle
    about = {
        i
        for i, group in enumerate(judge.groups)
        if group.kind in ("concept", "word")
        and i in known
        and group.weight >= _WORD
        and not idle.fullmatch(group.spellings[0])
    }
    most = max((judge.weights[i] for i in about), default=0.0)
    return tuple(
        i
        for i, group in enumerate(judge.groups)
        if group.kind == "name" or (i in about and (group.kind == "word" or judge.weights[i] >= _TELLING * most))
    )


def _sentences(found: Iterable[Evidence], judge: Judge) -> Iterable[Sentence]:
    """The sentences of places, best first; of a table's row the sentences in its cells."""
    for place in found:
        whole = place.kind == "text"
        start, end = (place.start, place.end) if whole else (place.passage.start, place.passage.end)
        text = place.report.text[start:end]
        for piece in [re.match(r"[\s\S]*", text)] if whole else _PIECE.finditer(text):
            if piece is None or piece.end() - piece.start() > LONGEST:
                continue
            quantities = tuple(find_quantities(piece.group()))
            folded = fold(piece.group())
            if quantities and len(folded) == len(piece.group()):
                span = (start + piece.start(), start + piece.end())
                yield Sentence(
                    piece.group(), folded, place if whole else _within(place, span, folded, judge), quantities
                )


def _within(place: Evidence, span: tuple[int, int], folded: str, judge: Judge) -> Evidence:
    """A sentence in a cell as a place: what it covers itself, and less of what its row does."""
    covers = {i: _OF_ROW * value for i, value in place.covers.items()} | judge.cover(folded)
    return replace(
        place,
        kind="text",
        start=span[0],
        end=span[1],
        row=None,
        covers=covers,
        share=judge.share(covers),
        folded=folded,
    )


def _background(place: Evidence) -> str:
    """A place with what comes right before it, folded."""
    return fold(f"{place.passage.section or ''} {place.report.text[max(0, place.start - _BACKGROUND) : place.end]}")


def _is_about(sentence: Sentence, name: Group) -> bool:
    """Whether a sentence is about a name: it, its section or its report's title has it, or no other company's code has
    come since it was last named."""
    place = sentence.place
    about = fold(f"{place.passage.section or ''} {place.report.title}")
    if any(named(sentence.folded, spelling) or named(about, spelling) for spelling in name.spellings):
        return True
    before = fold(place.report.text[max(0, place.start - _SINCE_NAMED) : place.start])
    last = max((before.rfind(spelling) for spelling in name.spellings), default=-1)
    return last >= 0 and len(_CODE.findall(before[last:])) <= 1


def _periods(text: str) -> tuple[tuple[str, str], ...]:
    """The periods of a question; a span of years is its first and its last year."""
    found: list[tuple[str, str]] = []
    for period in find_periods(text):
        if period.first and period.last:
            if period.kind == "years":
                found += [_year(period.first[:4]), _year(period.last[:4])]
            else:
                found.append((period.first, period.last))
    return tuple(sorted(dict.fromkeys(found)))


def _year(year: str) -> tuple[str, str]:
    return f"{year}-01-01", f"{year}-12-31"


# ---------------------------------------------------------------- operands from the question


def _from_question(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Operands that the question itself gives: each in the group of the wording that has its name."""
    found: dict[str, Operand] = {}
    for name, spec in rule.operands.items():
        start, end = match.span(name)
        if start < 0:
            return []
        if spec.get("text"):
            found[name] = Operand(ground.question.text[start:end].strip())
            continue
        inside = [q for q in ground.given if start <= q.start and q.end <= end and _is_of(q, spec)]
        if len(inside) != 1:
            return []
        found[name] = _operand(inside[0], None)
    if rule.settings.get("years") and (years := _years_between(ground)):
        found["periods"] = years
    return [found] if _go_together(rule, found) and _wanted_years(rule, found) else []


def _wanted_years(rule: Rule, found: Operands) -> bool:
    return not rule.settings.get("years") or "periods" in found


def _years_between(ground: Ground) -> Operand | None:
    if len(ground.periods) != 2:
        return None
    years = int(ground.periods[1][0][:4]) - int(ground.periods[0][0][:4])
    return Operand(Decimal(years)) if years > 0 and ground.periods[0][0][4:] == ground.periods[1][0][4:] else None


def _operand(quantity: Quantity, place: Evidence | None, label: str = "", header: Evidence | None = None) -> Operand:
    value = quantity.low if quantity.low is not None else quantity.value
    if quantity.direction == "down" and quantity.sign == "" and quantity.unit == "%":
        value = -value
    return Operand(
        value, quantity.currency or quantity.unit, quantity.high, place, header, label, quantity.bound is not None
    )


def _is_of(quantity: Quantity, spec: Mapping[str, Any]) -> bool:
    """Whether a quantity has the kind of unit that an operand needs."""
    wanted = spec.get("unit", "any")
    units = _grammar().units
    unit = quantity.unit or ""
    if quantity.sign == "±":
        return False
    if wanted == "money":
        return quantity.currency is not None or unit == "元"
    if wanted == "any":
        return unit not in _NOT_OPERANDS
    if wanted == "size":  # an amount of anything: neither a rate nor a multiple nor a time
        return unit not in _NOT_OPERANDS and unit not in units["rate"] and unit != "x"
    if wanted == "count":  # of things: cards, servers, users, orders
        return unit not in _NOT_OPERANDS | units["rate"] | {"", "x"} and quantity.currency is None and unit != "元"
    return unit in units[wanted]


def _go_together(rule: Rule, found: Operands) -> bool:
    """Whether the operands that a rule sets side by side are of one unit, or of the same unit where one prints none."""
    sides = [found[name] for name in rule.settings.get("like", ()) if name in found]
    units = {side.unit for side in sides}
    return len(units) <= 1 or units <= {"元", "CNY"} or units <= {None, "tokens"}


# ---------------------------------------------------------------- operands from sentences


def _from_sentence(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Operands that stand together in one sentence, each known by the words around it."""
    fitting: list[tuple[float, dict[str, Operand]]] = []
    if rule.settings.get("apart_years") and not _year_apart(ground):
        return []
    for sentence in ground.sentences:
        if ground.says(sentence, rule.settings.get("least", _SAID)):
            found = {name: _cued(sentence, spec, match, ground) for name, spec in rule.operands.items()}
            complete = {name: operand for name, operand in found.items() if operand is not None}
            if len(complete) == len(found) and _go_together(rule, complete) and _distinct(complete):
                fitting.append((sentence.place.share, complete))
    return _unrivalled(fitting)


def _year_apart(ground: Ground) -> bool:
    """Whether a question goes from a period to the same one a year before."""
    if len(ground.periods) == 1:
        return bool(_LAST_YEAR.search(ground.question.folded))
    years = _years_between(ground)
    return years is not None and years.value == 1


def _unrivalled(fitting: Sequence[tuple[float, dict[str, Operand]]]) -> list[Operands]:
    """The best of the readings, unless another that is about as good has other values."""
    best = max(fitting, key=lambda item: item[0], default=None)
    if best is None:
        return []
    values = {name: (operand.value, operand.unit) for name, operand in best[1].items()}
    for share, other in fitting:
        if share >= _CLOSE * best[0] and {name: (o.value, o.unit) for name, o in other.items()} != values:
            return []
    return [best[1]]


def _distinct(found: Operands) -> bool:
    reported = [operand for operand in found.values() if operand.place]
    return len({(operand.value, operand.unit) for operand in reported}) == len(reported)


def _from_sentences(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Operands each from a sentence of its own, all of one report."""
    for report in dict.fromkeys(sentence.place.report.report_id for sentence in ground.sentences):
        found: dict[str, Operand] = {}
        for name, spec in rule.operands.items():
            fitting = []
            for sentence in ground.sentences:
                least = rule.settings.get("least", 0.2)
                if (
                    sentence.place.report.report_id == report
                    and sentence.place.share >= least
                    and ground.owns(sentence)
                ):
                    operand = _cued(sentence, spec, match, ground)
                    if operand:
                        fitting.append((sentence.place.share, {name: operand}))
            one = _unrivalled(fitting)
            if one:
                found |= one[0]
        if len(found) == len(rule.operands) and _go_together(rule, found) and _distinct(found):
            return [found]
    return []


def _cued(sentence: Sentence, spec: Mapping[str, Any], match: re.Match[str], ground: Ground) -> Operand | None:
    """The one quantity of a sentence that fits an operand: its unit, the words around it, its period."""
    if spec.get("question"):
        given = [q for q in ground.given if _is_of(q, spec)]
        return _operand(given[0], None) if len(given) == 1 else None
    if "equals" in spec:
        return Operand(Decimal(spec["equals"]), spec.get("of"), given=True)
    fitting = [
        i
        for i, quantity in enumerate(sentence.quantities)
        if _is_of(quantity, spec) and _said(sentence, i, spec, match, ground)
    ]
    if len({sentence.quantities[i].value for i in fitting}) != 1:
        return None
    return _operand(sentence.quantities[fitting[0]], sentence.place, sentence.region(fitting[0]))


def _said(sentence: Sentence, i: int, spec: Mapping[str, Any], match: re.Match[str], ground: Ground) -> bool:
    region = sentence.region(i)
    if "cue" in spec and not re.search(spec["cue"], region):
        return False
    if "not" in spec and re.search(spec["not"], region):
        return False
    if "phrase" in spec and not _names(region, match.group(spec["phrase"]) or ""):
        return False
    if "context" in spec and not re.search(spec["context"], _background(sentence.place)):
        return False
    if "period" in spec:
        period = sentence.quantities[i].period
        wanted = ground.periods[spec["period"]] if ground.periods else None
        return bool(period and wanted and (period.first, period.last) == wanted)
    return True


def _names(region: str, phrase: str) -> bool:
    """Whether what is said around a quantity has most of the words of a phrase."""
    return coverage(_undated(phrase), region)[0] >= _PHRASE


def _undated(phrase: str) -> str:
    """A phrase without its periods."""
    for period in reversed(find_periods(phrase)):
        phrase = phrase[: period.start] + phrase[period.end :]
    return phrase


def _from_pair(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Two amounts of one sentence, each the one that the wording's phrase speaks of."""
    fitting = []
    for sentence in ground.sentences:
        pair = _pair(sentence, match) if ground.says(sentence) else None
        if pair:
            fitting.append((sentence.place.share, pair))
    return _unrivalled(fitting)


def _pair(sentence: Sentence, match: re.Match[str]) -> dict[str, Operand] | None:
    phrases = [_undated(match.group(name)) for name in ("a", "b")]
    amounts = [i for i, q in enumerate(sentence.quantities) if q.currency]
    said = {i: tuple(coverage(phrase, sentence.region(i))[0] for phrase in phrases) for i in amounts}
    pairs = [
        (i, j)
        for i in amounts
        for j in amounts
        if sentence.quantities[i].currency == sentence.quantities[j].currency
        and min(said[i][0], said[j][1]) >= _PHRASE
        and said[i][0] > said[j][0]
        and said[j][1] > said[i][1]
    ]
    if len(pairs) != 1:
        return None
    found = {name: _operand(sentence.quantities[i], sentence.place) for name, i in zip("ab", pairs[0], strict=True)}
    printed = [q for q in sentence.quantities if q.unit == "x"]
    return found | ({"printed": _operand(printed[0], sentence.place)} if len(printed) == 1 else {})


def _from_gloss(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """An amount that a sentence gives in two currencies; with `rate`, another rate between them from a table, and with
    `other` the amount that the first is set against."""
    fitting = []
    for sentence in ground.sentences:
        pairs = [i for i in range(len(sentence.quantities)) if sentence.glosses(i)]
        if len(pairs) != 1 or not ground.says(sentence):
            continue
        a, b = (_operand(sentence.quantities[i], sentence.place) for i in (pairs[0] - 1, pairs[0]))
        if a.unit == b.unit:
            continue
        found = {"a": a, "b": b}
        if "rate" in rule.operands:
            others = [q for i, q in enumerate(sentence.quantities) if q.currency == b.unit and i != pairs[0]]
            rate = _table_rate(ground, a.unit or "", b.unit or "")
            if len(others) != 1 or rate is None:
                continue
            found |= {"other": _operand(others[0], sentence.place), "rate": rate}
        fitting.append((sentence.place.share, found))
    return _unrivalled(fitting)


def _table_rate(ground: Ground, base: str, price: str) -> Operand | None:
    """How much of one currency another buys, from a table of rates of currencies by currencies."""
    found = []
    for one in ground.views:
        columns = [c.index for c in one.table.columns[1:] if _currency(c.label) == price]
        rows = [r for r, row in enumerate(one.table.rows) if _currency(row.label) == base]
        if len(columns) == 1 and len(rows) == 1:
            quantity = read_cell(
                (tabular.cell_at(one.table.rows[rows[0]], columns[0]) or one.table.rows[rows[0]].cells[0]).text
            )
            if quantity:
                found.append(
                    Operand(
                        quantity.value, f"{price}/{base}", None, _table_place(one, rows[0]), _table_place(one, None)
                    )
                )
    return found[0] if len({operand.value for operand in found}) == 1 else None


@lru_cache(maxsize=512)
def _currency(label: str) -> str | None:
    """The currency that a label names and nothing else."""
    read = find_quantities(f"1{label.strip()}") if 1 < len(label.strip()) < 12 else []
    return read[0].currency if len(read) == 1 and read[0].end == len(label.strip()) + 1 else None


def _from_cross(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Two currencies' quotes, both by how much of them a dollar buys, from the tables of one report."""
    wanted = [_currency_in(match.group(name)) for name in ("a", "b")]
    found: dict[str, list[Operand]] = {"a": [], "b": []}
    for one in ground.views:
        columns = [c.index for c in one.table.columns[1:] if re.search(r"美元|us\$|usd|dollar", fold(c.label))]
        for r, row in enumerate(one.table.rows):
            for name, currency in zip("ab", wanted, strict=True):
                if currency and len(columns) == 1 and len(one.table.columns) < 6 and _currency(row.label) == currency:
                    cell = cell_operand(one, r, columns[0])
                    if cell and currency not in _INDIRECT:
                        found[name].append(replace(cell, unit=currency))
    if all(len({operand.value for operand in side}) == 1 for side in found.values()):
        return [{name: side[0] for name, side in found.items()}]
    return []


def _currency_in(phrase: str) -> str | None:
    words = re.findall(r"[a-z]+(?: [a-z]+)?|[\u4e00-\u9fff]{2,4}", phrase)
    codes = {code for word in (*words, *(w for word in words for w in word.split())) if (code := _currency(word))}
    return codes.pop() if len(codes) == 1 else None


def _from_rates(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Amounts by different stretches of time, each from the sentence that speaks of its phrase."""
    found: dict[str, Operand] = {}
    for name, spec in rule.operands.items():
        phrase = match.group(spec["about"])
        periods = [(p.first, p.last) for p in find_periods(phrase) if p.first]
        fitting = []
        for sentence in ground.sentences:
            operand = _cued(sentence, spec, match, ground)
            dates = {(q.period.first, q.period.last) for q in sentence.quantities if q.period}
            covered = coverage(_undated(phrase), f"{fold(sentence.place.passage.section or '')} {sentence.folded}")[0]
            if operand and covered >= _PHRASE and (not periods or periods[0] in dates):
                fitting.append((covered, {name: replace(operand, unit="tokens")}))
        one = _unrivalled(fitting)
        if not one:
            return []
        found |= one[0]
    return [found]


# ---------------------------------------------------------------- a series: two values of one thing


def _from_series(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """The values of what is asked at the two periods of the question: cells of named rows, else one sentence."""
    if len(ground.periods) != 2:
        return []
    years = _years_between(ground)
    series = _row_series(ground) or _sentence_series(ground)
    if rule.settings.get("years"):
        series = [one | {"periods": years} for one in series] if years else []
    return [one for one in series if _go_together(rule, one)]


def _row_series(ground: Ground) -> list[dict[str, Operand]]:
    tables: list[tuple[float, list[dict[str, Operand]]]] = []
    for one in ground.views:
        first, second = (_period_column(one, period) for period in ground.periods)
        rows = named_rows(one, ground.question.folded)
        if first is None or second is None or not rows or len(rows) > _MOST_ROWS:
            continue
        if len(rows) > 1 and not _SEVERAL.search(ground.question.folded):
            continue
        pairs = [(r, cell_operand(one, r, first), cell_operand(one, r, second)) for r in rows]
        said = " ".join([one.about, one.header, *(f"{one.labels[r]} {one.groups[r]}" for r in rows)])
        series = [
            {"start": a, "end": b, "row": Operand(one.table.rows[r].label.lstrip("-–— "))}
            for r, a, b in pairs
            if a and b
        ]
        if ground.heads(said) and len(series) == len(rows) and all(x["start"].unit == x["end"].unit for x in series):
            tables.append((ground.judge.share(ground.judge.cover(said)), series))
    tables.sort(key=lambda item: -item[0])
    if len(tables) > 1 and tables[1][0] >= _CLOSE * tables[0][0]:
        return []
    return tables[0][1] if tables else []


def _sentence_series(ground: Ground) -> list[dict[str, Operand]]:
    fitting = []
    for sentence in ground.sentences:
        pair = _endpoints(sentence, ground) if ground.says(sentence) else None
        if pair:
            fitting.append((sentence.place.share, pair))
    return [dict(one) for one in _unrivalled(fitting)]


def _endpoints(sentence: Sentence, ground: Ground) -> dict[str, Operand] | None:
    """The values that a sentence gives for the two periods; of "A/B from 1/2 to 3/4" those of the one asked about."""
    sides = [
        [
            i
            for i, q in enumerate(sentence.quantities)
            if q.period and (q.period.first, q.period.last) == period and _is_of(q, {"unit": "any"})
        ]
        for period in ground.periods
    ]
    sides = [
        [i for i in side if sentence.quantities[i].unit != "%" or all(sentence.quantities[j].unit == "%" for j in side)]
        for side in sides
    ]
    if not sides[0] or len(sides[0]) != len(sides[1]):
        return None
    which = 0
    if len(sides[0]) > 1:
        if not all(_slashed(sentence, side) for side in sides):
            return None
        chosen = _slash_choice(sentence, len(sides[0]), ground)
        if chosen is None:
            return None
        which = chosen
    start, end = (sentence.quantities[side[which]] for side in sides)
    if not _same_unit(start.unit, end.unit) or not ground.leads(sentence, _lead_up(sentence, sides[0][0])):
        return None
    pair = {"start": _operand(start, sentence.place), "end": _operand(end, sentence.place)}
    printed = [i for i, q in enumerate(sentence.quantities) if q.unit == "%" and i > sides[1][-1]]
    if (
        printed
        and start.unit != "%"
        and _COMPOUND.search(sentence.region(printed[0]))
        and len(printed) >= len(sides[0])
    ):
        pair["printed"] = _operand(sentence.quantities[printed[which]], sentence.place)
    return pair


def _same_unit(a: str | None, b: str | None) -> bool:
    """Whether two amounts of one sentence are of one unit; of tokens one often goes without it."""
    return a == b or {a, b} <= {None, "tokens"}


def _lead_up(sentence: Sentence, i: int) -> str:
    """What a sentence says from its last full pause up to a quantity: what the quantity is of."""
    before = sentence.folded[: sentence.quantities[i].start]
    return before[max(before.rfind(mark) for mark in "。;；") + 1 :]


def _slashed(sentence: Sentence, side: Sequence[int]) -> bool:
    """Whether quantities stand side by side, joined by slashes."""
    pairs = pairwise(side)
    return all(
        b == a + 1 and sentence.text[sentence.quantities[a].end : sentence.quantities[b].start].strip() == "/"
        for a, b in pairs
    )


def _slash_choice(sentence: Sentence, size: int, ground: Ground) -> int | None:
    """Which of the things that a sentence lists with slashes ("A/B 规模") the question names; None if not just one."""
    head = sentence.folded[: sentence.quantities[0].start]
    for run in re.finditer(r"[^\s,，。]+(?:\s*\([^()]*\))?(?:\s*/\s*[^\s,，。/]+(?:\s*\([^()]*\))?)+", head):
        parts = [re.sub(r"\s*\([^()]*\)", "", part) for part in re.split(r"\s*/\s*", run.group())]
        if len(parts) == size:
            named = [i for i, part in enumerate(_distinguished(parts)) if part in ground.question.folded]
            return named[0] if len(named) == 1 else None
    return None


def _distinguished(parts: Sequence[str]) -> list[str]:
    """The members of a list without what stands before the first and after the last for them all: of "China's lithium
    cells / sodium cells shipped" the kinds of cells."""
    first, last = parts[0], parts[-1]
    match = SequenceMatcher(None, first, last, autojunk=False).find_longest_match()
    if match.size < 2:
        return [*parts[:-1], last[: max(map(len, parts[:-1]))]]
    noun = first[match.a : match.a + match.size]
    own = max(1, match.b)
    return [
        part[max(0, part.find(noun) - own) : part.find(noun) + len(noun)] if noun in part else part for part in parts
    ]


def _from_parts(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """The size of a market and the share that a part of it has, for each of the periods, from one sentence that says
    the part only where it gives the share."""
    fitting = []
    for sentence in ground.sentences:
        if len(ground.periods) not in (1, 2) or not ground.says(sentence):
            continue
        sizes = [_at(sentence, period, share=False) for period in ground.periods]
        shares = [_at(sentence, period, share=True) for period in ground.periods]
        if None in sizes or None in shares:
            continue
        size, share = sizes[0] or 0, shares[0] or 0
        whole, part = _lead_up(sentence, size), f"{_lead_up(sentence, size)} {sentence.region(share)}"
        if size < share and ground.speaks(part) and not ground.speaks(whole):
            names = zip(("size", "last"), sizes, shares, strict=False)
            found = {}
            for name, i, j in names:
                found[name] = _operand(sentence.quantities[i or 0], sentence.place)
                found[f"{name}_share"] = _operand(sentence.quantities[j or 0], sentence.place)
            if years := _years_between(ground):
                found["periods"] = years
            fitting.append((sentence.place.share, found))
    return _unrivalled(fitting)


def _at(sentence: Sentence, period: tuple[str, str], share: bool) -> int | None:
    """The one amount, or the one percentage, that a sentence gives for a period."""
    found = []
    for i, quantity in enumerate(sentence.quantities):
        dated = quantity.period and (quantity.period.first, quantity.period.last) == period
        fits = quantity.unit == "%" and not _RATE.search(sentence.region(i)) if share else bool(quantity.currency)
        if dated and fits:
            found.append(i)
    return found[0] if len(found) == 1 else None


def _from_versus(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Two values of one thing that a sentence sets against each other: "now 23, against 5.8 on average in 2025"."""
    fitting = []
    for sentence in ground.sentences:
        if not ground.says(sentence):
            continue
        for a, b in pairwise(sentence.quantities):
            between = sentence.folded[a.end : b.start]
            base = b.period and ground.periods and (b.period.first, b.period.last) == ground.periods[-1]
            said = re.search(r"较|相比|比|versus|\bvs\b|compared|\bthan\b|\bagainst\b|up from|from", between)
            about = ground.leads(
                sentence,
                f"{_lead_up(sentence, sentence.quantities.index(a))}{sentence.region(sentence.quantities.index(b))}",
            )
            if (
                said
                and about
                and base
                and b.period
                and b.period.text in sentence.text[a.end : b.start]
                and _same_unit(a.unit, b.unit)
                and len(ground.periods) == 1
            ):
                fitting.append(
                    (sentence.place.share, {"start": _operand(b, sentence.place), "end": _operand(a, sentence.place)})
                )
    return [one for one in _unrivalled(fitting) if _go_together(rule, one)]


# ---------------------------------------------------------------- operands from tables


def coverage(label: str, text: str) -> tuple[float, frozenset[int]]:
    """How much of a folded label a folded text has, 0 to 1, in its characters, in other words for the same or under
    another name of the lexicon; and where in the text."""
    label = label.strip()
    mine = [False] * len(label)
    there: set[int] = set()

    def mark(start: int, end: int, places: Iterable[tuple[int, int]]) -> None:
        found = list(places)
        if found:
            mine[start:end] = [True] * (end - start)
            there.update(i for a, b in found for i in range(a, b))

    for run in re.finditer(r"[a-z]+|\d+(?:\.\d+)?", label):
        mark(
            *run.span(),
            (m.span() for m in re.finditer(rf"(?<![a-z0-9]){re.escape(run.group())}(?:e?s)?(?![a-z0-9])", text)),
        )
    for i in range(len(label) - 1):
        pair = label[i : i + 2]
        if not re.search(r"[\x00-\x7f\W]", pair):
            mark(i, i + 2, (m.span() for m in re.finditer(re.escape(pair), text)))
    for pattern in _grammar().alike:
        alike = [m.span() for m in pattern.finditer(text)]
        for m in pattern.finditer(label):
            mark(*m.span(), alike)
    known = _terms(text)
    for term, spans in _terms(label).items():
        for start, end in spans:
            mark(start, end, (place for place in known.get(term, ()) if _alike(label[start:end], text[slice(*place)])))
    counted = [covered for covered, character in zip(mine, label, strict=True) if character.isalnum()]
    return (sum(counted) / len(counted) if counted else 0.0), frozenset(there)


def _alike(a: str, b: str) -> bool:
    """Whether two names of one thing are as wide: "inverter" and "micro-inverter" are not."""
    a, b = _bare(a), _bare(b)
    return a == b or (a not in b and b not in a)


@lru_cache(maxsize=8192)
def _terms(text: str) -> dict[str, tuple[tuple[int, int], ...]]:
    """The places of every name and concept of a folded text, by term."""
    words = lexicon()
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for mention in (*words.names_in(text), *words.concepts_in(text)):
        if mention.start >= 0 and mention.term.kind != "general":
            found[mention.term.id] = (*found.get(mention.term.id, ()), (mention.start, mention.end))
    return found


def named_rows(one: View, text: str, within: tuple[int, int] | None = None) -> list[int]:
    """Rows whose label a folded text has (in the stretch `within`, if given), in the order of naming. A row whose
    words are all part of a longer label's is not meant; of two rows named alike that of the block named counts."""
    found: list[tuple[int, frozenset[int], float]] = []
    for r, label in enumerate(one.labels):
        covered, there = _covered(label, text)
        if covered >= _LABEL and there and (within is None or len(there & frozenset(range(*within))) >= 2):
            found.append((r, there, covered))
    kept = [item for item in found if not any(item[1] < other[1] for other in found)]
    chosen: list[int] = []
    for places in dict.fromkeys(item[1] for item in sorted(kept, key=lambda item: (min(item[1]), item[0]))):
        alike = [(covered, r) for r, there, covered in kept if there == places]
        top = max(covered for covered, _ in alike)
        rows = [r for covered, r in alike if covered == top]
        if len(rows) > 1:
            blocks = [coverage(one.groups[r], text)[0] for r in rows]
            rows = [r for r, block in zip(rows, blocks, strict=True) if block == max(blocks) and block > 0]
        if len(rows) == 1:
            chosen.append(rows[0])
    return chosen


def _period_column(one: View, period: tuple[str, str]) -> int | None:
    """The column of values (not of growth) of a period."""
    fitting = [
        column.index
        for column in one.table.columns
        for p in find_periods(column.label)[:1]
        if (p.first, p.last) == period and p.growth_of is None
    ]
    return fitting[0] if len(fitting) == 1 else None


def cell_operand(one: View, r: int, column: int) -> Operand | None:
    """The value of a cell with its place, and the header's where that names its period."""
    row = one.table.rows[r]
    cell = tabular.cell_at(row, column)
    quantity = tabular.value(one, r, column)
    if cell is None or quantity is None:
        return None
    header = tabular.column_at(one.table, column)
    head = _table_place(one, None) if header and header.period else None
    return _operand(quantity, _table_place(one, r), one.labels[r], head)


def _table_place(one: View, r: int | None) -> Evidence:
    """A row of a table, or its header, as a place to cite."""
    table = one.table
    start, end = (table.rows[r].start, table.rows[r].end) if r is not None else (table.header_start, table.header_end)
    return tabular.place(one, start, min(end, start + LONGEST), "table_row" if r is not None else "table", row=r)


def _from_cells(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Cells of one column, each of the row that the wording names in the group of its operand."""
    if len(ground.periods) > 1:
        return []
    tables: list[tuple[float, dict[str, Operand]]] = []
    for one in ground.views:
        columns = [_period_column(one, period) for period in ground.periods] or _value_columns(one, ground)
        rows = _rows_of(rule, one, match, ground) if len(columns) == 1 else None
        if not rows or columns[0] is None:
            continue
        cells = {name: cell_operand(one, r, columns[0]) for name, r in rows.items()}
        complete = {name: cell for name, cell in cells.items() if cell is not None}
        labels = " ".join(f"{one.labels[r]} {one.groups[r]}" for r in rows.values())
        said = f"{one.about} {one.header} {labels}"
        fits = len(complete) == len(rows) and len({cell.unit for cell in complete.values()}) == 1
        if fits and _go_together(rule, complete) and ground.heads(said):
            tables.append((ground.judge.share(ground.judge.cover(said)), complete))
    return _unrivalled(tables)


def _value_columns(one: View, ground: Ground) -> list[int | None]:
    """The one column that the question names by its label, or that is the only one with values."""
    named = [
        c.index
        for c in one.table.columns[1:]
        if c.label and coverage(fold(re.sub(r"[(（].*", "", c.label)), ground.question.folded)[0] >= _LABEL
    ]
    return list(named)


def _rows_of(rule: Rule, one: View, match: re.Match[str], ground: Ground) -> dict[str, int] | None:
    """The row of each operand: the two that together have most of what the wording says of each; None if that is not
    just one choice. A whole that is not named may be the row that the part's label begins with."""
    first, second = rule.operands
    scored = [_row_scores(one, match, first, None, ground), _row_scores(one, match, second, first, ground)]
    pairs = [(a + b, r, q) for r, a in scored[0].items() for q, b in scored[1].items() if r != q]
    if not pairs and rule.settings.get("whole") and scored[0]:
        best = [r for r, score in scored[0].items() if score == max(scored[0].values())]
        whole = _whole_of(one, best[0]) if len(best) == 1 else None
        return None if whole is None else {first: best[0], second: whole}
    top = [pair for pair in pairs if pair[0] == max(pairs)[0]]
    return {first: top[0][1], second: top[0][2]} if len(top) == 1 else None


def _row_scores(one: View, match: re.Match[str], name: str, other: str | None, ground: Ground) -> dict[int, float]:
    """Rows whose label the question has, by how much of it stands in the group of the wording; what stands in the
    group of the `other` operand counts against it, elsewhere it counts half."""
    inside = frozenset(range(*match.span(name)))
    against = frozenset(range(*match.span(other))) if other else frozenset()
    scores = {}
    for r, label in enumerate(one.labels):
        covered, there = _covered(label, ground.question.folded)
        if covered >= _LABEL and len(there & inside) >= 2:
            scores[r] = covered * (
                len(there & inside) + 0.5 * len(there - inside - against) - 0.5 * len(there & against)
            )
    return scores


def _covered(label: str, text: str) -> tuple[float, frozenset[int]]:
    """The coverage of a label, of whose words for totals and measures a question need not have any."""
    whole, bare = coverage(label, text), _LOOSE.sub(" ", label).strip()
    return whole if not bare or bare == label else max(whole, coverage(bare, text), key=lambda item: item[0])


def _whole_of(one: View, part: int) -> int | None:
    """The row that a part's label begins with: "size" of "size - professionals"."""
    wholes = [
        r
        for r, label in enumerate(one.labels)
        if r != part and len(label) > 2 and re.match(re.escape(label) + r"\s*[-–—:：(（]", one.labels[part])
    ]
    return wholes[0] if len(wholes) == 1 else None


def _from_columns(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """The highest and the lowest quotient of two columns of a table, over its rows or those of a block named."""
    tables = []
    for one in ground.views:
        a, b = (_column_of(one, match.group(name), ground) for name in ("a", "b"))
        if a is None or b is None or a == b:
            continue
        blocks = {group for group in one.groups if group and coverage(group, ground.question.folded)[0] == 1.0}
        rows = [r for r in range(len(one.rows)) if not blocks or one.groups[r] in blocks]
        cells = {r: (cell_operand(one, r, a), cell_operand(one, r, b)) for r in rows}
        whole = {r: (x, y) for r, (x, y) in cells.items() if x and y and isinstance(y.value, Decimal) and y.value}
        if len(whole) > 1 and len({(x.unit, y.unit) for x, y in whole.values()}) == 1:
            ranked = sorted(whole, key=lambda r: whole[r][0].value / whole[r][1].value)  # type: ignore[operator]
            ends = {"highest": ranked[-1], "lowest": ranked[0]}
            missing = [_row_name(one, r) for r in rows if r not in whole]
            found = [
                {"a": whole[r][0], "b": whole[r][1], "row": Operand(_row_name(one, r)), "side": Operand(end)}
                for end, r in ends.items()
            ]
            if missing:
                found[-1]["missing"] = Operand(", ".join(missing))
            tables.append((ground.judge.share(ground.judge.cover(f"{one.about} {one.header}")), found))
    tables.sort(key=lambda item: -item[0])
    return list(tables[0][1]) if tables and (len(tables) == 1 or tables[1][0] < _CLOSE * tables[0][0]) else []


def _column_of(one: View, phrase: str, ground: Ground) -> int | None:
    """The one column whose label a phrase names; numbers of a format ("FP16") count as part of it."""
    labels = {c.index: fold(c.label) for c in one.table.columns[1:] if c.label}
    scored = sorted(((_heading(label, phrase), index) for index, label in labels.items()), reverse=True)
    if not scored or scored[0][0] < _LABEL or (len(scored) > 1 and scored[1][0] == scored[0][0]):
        return None
    return scored[0][1]


def _heading(label: str, phrase: str) -> float:
    """How much of a column's label, with or without what stands in brackets, a phrase has."""
    return max(coverage(label, phrase)[0], coverage(re.sub(r"[(（].*", "", label), phrase)[0] - 0.01)


def _row_name(one: View, r: int) -> str:
    """A row's first two cells, which name it."""
    texts = [cell.text.strip() for cell in one.table.rows[r].cells[:2] if cell.text.strip()]
    return " ".join(text for text in texts if not re.fullmatch(r"[\d\W]*", text))


def _from_block(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Cells of one column in the block of a table that the question names, each of the row that its words name."""
    if len(ground.periods) != 1:
        return []
    fitting = []
    for one in ground.views:
        column = _period_column(one, ground.periods[0])
        blocks = {group: coverage(group, ground.question.folded)[0] for group in set(one.groups) if group}
        best = [group for group, covered in blocks.items() if covered == max(blocks.values()) and covered >= _LABEL]
        if column is None or len(best) > 1:
            continue
        rows = [r for r in range(len(one.rows)) if not best or one.groups[r] == best[0]]
        found: dict[str, Operand] = {}
        for name, spec in rule.operands.items():
            fit = [
                r
                for r in rows
                if re.search(spec["row"], one.labels[r]) and not re.search(spec.get("not", "^$"), one.labels[r])
            ]
            if len(fit) > 1:
                fit = [
                    r
                    for r in fit
                    if (mine := coverage(one.labels[r], ground.question.folded)[0])
                    == max(coverage(one.labels[x], ground.question.folded)[0] for x in fit)
                    and mine >= _LABEL
                ]
            cell = cell_operand(one, fit[0], column) if len(fit) == 1 else None
            if cell:
                found[name] = cell
        if all(name in found or spec.get("optional") for name, spec in rule.operands.items()):
            fitting.append((ground.judge.share(ground.judge.cover(one.about)), found))
    return _unrivalled(fitting)


FINDERS: Mapping[str, Callable[[Rule, re.Match[str], Ground], list[Operands]]] = {
    "question": _from_question,
    "sentence": _from_sentence,
    "sentences": _from_sentences,
    "series": _from_series,
    "versus": _from_versus,
    "parts": _from_parts,
    "cells": _from_cells,
    "pair": _from_pair,
    "gloss": _from_gloss,
    "cross": _from_cross,
    "rates": _from_rates,
    "columns": _from_columns,
    "block": _from_block,
}


# ---------------------------------------------------------------- computing


@dataclass(slots=True)
class Ledger:
    """The calculations of an answer as they are made, with the places that their operands are from."""

    language: Language
    calculations: list[Calculation] = field(default_factory=list)
    places: list[Evidence] = field(default_factory=list)
    clauses: list[str] = field(default_factory=list)

    def source(self, operand: Operand) -> str:
        """How input_sources name an operand's place; the place is cited from then on."""
        for place in (operand.place, operand.header):
            if place and not any(_same(place, other) for other in self.places):
                self.places.append(place)
        place = operand.place
        if place is None:
            return "question"
        return f"[{1 + next(i for i, other in enumerate(self.places) if _same(place, other))}]"

    def reckoning(self) -> Reckoning:
        """All that was computed, in one sentence."""
        lead = say("reckoned", self.language, sums=say("reckoned_joint", self.language).join(self.clauses))
        return Reckoning(lead, tuple(self.calculations), tuple(self.places))


def _same(a: Evidence, b: Evidence) -> bool:
    return (a.report.report_id, a.start, a.end) == (b.report.report_id, b.start, b.end)


def _worked(rule: Rule, operands: Operands, ledger: Ledger) -> bool:
    """Run the steps of a rule; nothing is kept of it where a tool refuses one."""
    made: list[Operand] = []
    ids: list[str] = []
    trial = Ledger(ledger.language, list(ledger.calculations), list(ledger.places), list(ledger.clauses))
    for step in rule.steps:
        if step.compare:
            if step.compare in operands and made:
                trial.clauses[-1] += _compared(made[-1], operands[step.compare], ledger.language, trial)
            continue
        if any(source[0] not in "#=" and source not in operands for source in step.arguments.values()):
            continue
        try:
            result, marks = _run(step, operands, made, ids, trial)
        except InputError:
            return False
        made.append(result)
        ids.append(marks[0])
        trial.clauses.append(_clause(step, operands, made[:-1], result, marks, ledger.language))
    if "missing" in operands:
        trial.clauses.append(say("reckoned_missing", ledger.language, rows=operands["missing"].value))
    if len(trial.places) > _MOST_PLACES:
        return False
    ledger.calculations, ledger.places, ledger.clauses = trial.calculations, trial.places, trial.clauses
    return True


def _run(
    step: Step, operands: Operands, made: Sequence[Operand], ids: Sequence[str], ledger: Ledger
) -> tuple[Operand, list[str]]:
    """A step's result, a range where an operand is one, and the ids of its calculations."""
    taken = {argument: _value_of(source, operands, made) for argument, source in step.arguments.items()}
    points = step.points and all(operand.unit == "%" for operand in taken.values())
    if points:
        taken = {argument: replace(operand, unit=None) for argument, operand in taken.items()}
    ends = (False, True) if any(operand.high is not None for operand in taken.values()) else (False,)
    results: list[Operand] = []
    marks: list[str] = []
    for high in ends:
        given = {name: _argument(operand, high) for name, operand in taken.items()}
        arguments = {"expression": step.expression, "variables": given} if step.expression else given
        calculation = tools.run(step.tool, arguments, f"c{len(ledger.calculations) + 1}")
        sources = {
            name: ids[int(step.arguments[name][1:])] if step.arguments[name].startswith("#") else ledger.source(operand)
            for name, operand in taken.items()
            if not operand.given
        }
        ledger.calculations.append(replace(calculation, input_sources=sources))
        marks.append(calculation.id)
        _, value, unit = tools.results(calculation)[0]
        results.append(Operand(value, "pp" if points else unit or None))
    values = sorted(one.value for one in results if isinstance(one.value, Decimal))
    return Operand(values[0], results[0].unit, values[1] if len(values) > 1 else None), marks


def _value_of(source: str, operands: Operands, made: Sequence[Operand]) -> Operand:
    if source.startswith("#"):
        return made[int(source[1:])]
    if source.startswith("="):
        return Operand(
            source[1:] if not re.fullmatch(r"-?\d+(?:\.\d+)?", source[1:]) else Decimal(source[1:]), given=True
        )
    return operands[source]


def _argument(operand: Operand, high: bool) -> Any:
    if isinstance(operand.value, str):
        return operand.value
    value = operand.high if high and operand.high is not None else operand.value
    return {"value": str(value), "unit": None if operand.unit == "tokens" else operand.unit}


def _compared(result: Operand, printed: Operand, language: Language, ledger: Ledger) -> str:
    """Whether a computed figure rounds to the one that is printed."""
    if not isinstance(result.value, Decimal) or not isinstance(printed.value, Decimal):
        return ""
    ledger.source(printed)
    digits = max(0, -int(printed.value.as_tuple().exponent))
    scale = Decimal(1) if printed.unit == "%" else _scale_of(printed.value)
    agrees = abs(result.value - printed.value) <= Decimal(10) ** -digits * scale * Decimal("0.51") or abs(
        result.value / printed.value - 1
    ) < Decimal("0.002")
    return say("reckoned_agrees" if agrees else "reckoned_differs", language, printed=spoken(printed, language))


def _scale_of(value: Decimal) -> Decimal:
    return Decimal(10) ** max(0, value.adjusted() - 3)


# ---------------------------------------------------------------- wording


def _clause(
    step: Step, operands: Operands, made: Sequence[Operand], result: Operand, marks: Sequence[str], language: Language
) -> str:
    """A step in words: its label, the formula with the values, and the result with its mark."""
    names = {
        argument: spoken(_value_of(source, operands, made), language) for argument, source in step.arguments.items()
    }
    formula = step.expression or _formula(step)
    pattern = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    shown = re.sub(rf"(?<![a-z_])(?:{pattern})(?![a-z_])", lambda m: names[m.group()], formula) if names else formula
    shown = shown.replace("*", "×").replace(" / ", " ÷ ")
    named = operands["side"].value if "side" in operands else step.label
    label = _grammar().names[str(named)]["en" if language == "en" else "zh"]
    if language == "zh-Hant":
        from assistant.language import written_in

        label = written_in(label, language)
    if "row" in operands and operands["row"].value:
        label = f"{label}: {operands['row'].value}"
    if step.percent and isinstance(result.value, Decimal):
        result = Operand(result.value * 100, "%", result.high * 100 if result.high is not None else None)
    key = "reckoned_step" if formula else "reckoned_bare"
    return say(
        key,
        language,
        label=label,
        formula=shown,
        result=spoken(result, language),
        marks="".join(f"[{mark}]" for mark in marks),
    )


def _formula(step: Step) -> str:
    return {
        "growth": "(end / start)^(1/periods) − 1" if "periods" in step.arguments else "end / start − 1",
        "share": "part / whole",
        "ratio": "a / b",
        "implied_shares": "market_cap / price",
        "payback": "investment / annual_cash",
    }.get(step.tool, "")


def spoken(operand: Operand, language: Language) -> str:
    """A value as an analyst writes it: 4.845亿股, RMB26.3bn, 17.6%, 3.5倍, 164%–178%."""
    if isinstance(operand.value, str):
        return operand.value
    if operand.high is not None:
        low, high = (spoken(Operand(value, operand.unit), language) for value in (operand.value, operand.high))
        return f"{low}–{high}"
    value, unit = operand.value, operand.unit or ""
    if unit == "%":
        return f"{_rounded(value, 1 if abs(value) >= 10 else 2)}%"
    words = _grammar().money
    key = "en" if language == "en" else "zh"
    if unit == "x":
        return f"{_rounded(value, 2)}{'x' if language == 'en' else ' 倍'}"
    scales = (("tn", 12), ("bn", 9), ("mn", 6)) if language == "en" else (("万亿", 12), ("亿", 8), ("万", 4))
    scale, power = next(
        ((word, power) for word, power in scales if abs(value) >= Decimal(10) ** max(power, 5)), ("", 0)
    )
    if language == "zh-Hant":
        scale = scale.replace("万", "萬").replace("亿", "億")
    number = _rounded(value.scaleb(-power), 2 if abs(value.scaleb(-power)) >= 10 else 3)
    written = words.get(unit, {}).get(key, "{n} " + unit if unit else "{n}")
    if language == "zh-Hant":
        from assistant.language import written_in

        written = written_in(written, language)
    return written.replace("{n}", f"{number}{' ' if scale and language != 'en' else ''}{scale}").strip()


def _rounded(value: Decimal, places: int) -> str:
    if value and abs(value) < 1:
        places = max(places, 1 - value.adjusted())
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

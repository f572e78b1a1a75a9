"""Operands known by their role (market value, price, revenue, growth…), in the question or in sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from assistant.language import fold
from assistant.quantities import find_periods
from assistant.reckoning.grammar import Rule, grammar
from assistant.reckoning.ground import SAID, Ground, Sentence, Span, background, key_of, years_between
from assistant.reckoning.labels import LABEL, coverage
from assistant.reckoning.operand import Operand, Operands, distinct, go_together, is_of, operand, unrivalled
from assistant.reckoning.rows import cell_operand, mentions

_PHRASE = 0.5  # the least part of a phrase that the words around its quantity have
_LEAST_OF_SEVERAL = 0.2  # of the question that each of several sentences covers
_LAST_YEAR = re.compile(r"去年|上年|前一年|year earlier|a year ago|prior[- ]year|previous year|last year")
_REACHES = re.compile(r"\s*,?\s*(?:[至到达]|达到|增至|升至|to|reaching)\s*(?:约|about)?\s*")
_CALLED_YUAN = frozenset({"CNY", "TWD", "HKD"})  # what a question means by 元, each in its own market
_RENMINBI = re.compile(r"人民币|rmb|cny|yuan")
_PAUSE = re.compile(r"[,，;；。]")
_GREW = re.compile(
    r"^[,，;(（ ]*(?:(?:年|yoy )?(?:同比|按年|年增|增长|增速|up|growth|rising|growing)[^#]{0,12})#"
    r"|^[,，(（ ]*#\s*(?:yoy|year[- ]on[- ]year|同比|growth)"
)


def in_question(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """All operands from the question."""
    asker = Sentence(ground.question.text, ground.question.folded, None, ground.given)
    if len(asker.text) != len(asker.folded):
        return []
    found = {name: _cued(asker, spec, match, ground) for name, spec in rule.operands.items()}
    complete = {name: one for name, one in found.items() if one is not None}
    needed = [name for name, spec in rule.operands.items() if not spec.get("optional")]
    used = [one.value for one in complete.values() if not one.given]
    if not all(name in complete for name in needed) or not used or len(set(used)) < len(used):
        return []
    return [complete] if go_together(rule, complete) else []


def in_sentence(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Operands that stand together in one sentence, each known by the words around it."""
    fitting: list[tuple[float, dict[str, Operand]]] = []
    known = _from_periods(rule, ground)
    if known is None:
        return []
    for sentence in ground.sentences:
        if ground.says(sentence, rule.settings.get("least", SAID)):
            found = {name: _one(sentence, name, rule, match, ground) for name in rule.operands}
            complete = {name: one for name, one in found.items() if one is not None}
            if len(complete) == len(found) and go_together(rule, complete) and distinct(complete):
                fitting.append((ground.share(sentence), complete | known))
    return unrivalled(fitting)


def _one(sentence: Sentence, name: str, rule: Rule, match: re.Match[str], ground: Ground) -> Operand | None:
    """An operand of a sentence by its role, or as the growth that is said beside another operand."""
    beside = rule.operands[name].get("beside")
    if beside is None:
        return _cued(sentence, rule.operands[name], match, ground)
    of = _fit(sentence, rule.operands[beside], match, ground)
    if of is None:
        return None
    rated = rule.operands[name]["unit"] == "growth"
    found = _rate_beside(sentence, of) if rated else _amount_beside(sentence, of, rule.operands[name]["unit"])
    return operand(sentence.quantities[found], sentence.place) if found is not None else None


def _amount_beside(sentence: Sentence, i: int, kind: str) -> int | None:
    """The amount right before or after another one, no comma between."""
    near = []
    for j in (i - 1, i + 1):
        if 0 <= j < len(sentence.quantities) and is_of(sentence.quantities[j], kind):
            a, b = sorted((sentence.quantities[i], sentence.quantities[j]), key=lambda q: q.start)
            if not _PAUSE.search(sentence.text, a.end, b.start):
                near.append(j)
    return near[0] if len(near) == 1 else None


def _classifier(match: re.Match[str], name: str) -> str | None:
    """The unit by which a question counts: 台 of 每台; None where it has none."""
    said = match[name] if name in match.re.groupindex else None
    return said.upper() if said and said.isascii() else said


def _rate_beside(sentence: Sentence, i: int) -> int | None:
    """The growth that a sentence gives with an amount: "rose 20 % to 358", else "358, up 20 %"."""
    figures = sentence.quantities
    before = sentence.folded[figures[i - 1].end : figures[i].start] if i else ""
    if i and is_of(figures[i - 1], "growth") and _REACHES.fullmatch(before):
        return i - 1
    if i + 1 < len(figures) and is_of(figures[i + 1], "growth"):
        between = sentence.folded[figures[i].end : figures[i + 1].start]
        after = sentence.folded[figures[i + 1].end : figures[i + 1].end + 8]
        if _GREW.search(f"{between}#{after}") and not any(m.search(between) for m in grammar().measures):
            return i + 1
    return None


def _from_periods(rule: Rule, ground: Ground) -> dict[str, Operand] | None:
    """What a rule takes from the periods of the question: the years between two; None where they are not as needed."""
    if rule.settings.get("years"):
        years = years_between(ground.periods)
        return None if years is None else {"periods": years}
    return {} if not rule.settings.get("apart_years") or _year_apart(ground) else None


def _year_apart(ground: Ground) -> bool:
    """Whether a question goes from a period to the same one a year before."""
    if len(ground.periods) == 1 or (not ground.periods and _LAST_YEAR.search(ground.question.folded)):
        return True
    years = years_between(ground.periods)
    return years is not None and years.value == 1


def in_sentences(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Operands each from a sentence of its own, all of one report; what the question gives comes first."""
    asker = Sentence(ground.question.text, ground.question.folded, None, ground.given)
    least = rule.settings.get("least", _LEAST_OF_SEVERAL)
    for report in dict.fromkeys(sentence.place.report.report_id for sentence in ground.sentences if sentence.place):
        own = [
            s
            for s in ground.sentences
            if s.place and s.place.report.report_id == report and s.place.share >= least and ground.owns(s)
        ]
        found: dict[str, Operand] = {}
        for name, spec in rule.operands.items():
            given = _cued(asker, spec, match, ground) if ground.given else None
            fitting = [(s.place.share, {name: one}) for s in own if s.place and (one := _cued(s, spec, match, ground))]
            found |= {name: given} if given else next(iter(unrivalled(fitting)), {})
        reported = any(one.place for one in found.values())
        if reported and len(found) == len(rule.operands) and go_together(rule, found) and distinct(found):
            return [found]
    return []


def anywhere(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Some operands from the question, the others printed: in the cell that their role's column has for the row named,
    else in the one sentence that speaks of what is asked."""
    asker = Sentence(ground.question.text, ground.question.folded, None, ground.given)
    found: dict[str, Operand] = {}
    for name, spec in rule.operands.items():
        one = _cued(asker, spec, match, ground) or _cell_of(spec, ground) or _sentence_of(spec, match, ground)
        if one:
            found[name] = one
        elif not spec.get("optional"):
            return []
    printed = {one.unit for one in found.values() if one.place and one.unit in _CALLED_YUAN}
    if len(printed) == 1 and not _RENMINBI.search(ground.question.folded):
        (unit,) = printed
        found = {
            name: replace(one, unit=unit) if not one.place and one.unit in ("元", "CNY") else one
            for name, one in found.items()
        }
    sources = {one.place is None for one in found.values() if not one.given}
    return [found] if sources == {True, False} and go_together(rule, found) else []


def _sentence_of(spec: Mapping[str, Any], match: re.Match[str], ground: Ground) -> Operand | None:
    fitting = [
        (ground.share(s), {"one": one})
        for s in ground.sentences
        if ground.says(s, _LEAST_OF_SEVERAL) and (one := _cued(s, spec, match, ground))
    ]
    return next((reading["one"] for reading in unrivalled(fitting)), None)


def _cell_of(spec: Mapping[str, Any], ground: Ground) -> Operand | None:
    """The value that tables have for the one row named in the column of a role; tables that repeat it agree."""
    if "column" not in spec:
        return None
    cells = []
    for one in ground.views:
        columns = [c.index for c in one.table.columns[1:] if re.search(spec["column"], fold(c.label))]
        rows = [m.row for m in mentions(one, ground.question.folded) if m.covered >= LABEL]
        if len(columns) == 1 and len(rows) == 1:
            cells += [cell] if (cell := cell_operand(one, rows[0], columns[0])) else []
    return cells[0] if len({cell.value for cell in cells}) == 1 else None


def by_phrase(rule: Rule, match: re.Match[str], ground: Ground) -> list[Operands]:
    """Amounts by different stretches of time, each from the sentence that speaks of its phrase."""
    found: dict[str, Operand] = {}
    for name, spec in rule.operands.items():
        phrase = match.group(spec["about"])
        periods = [(p.first, p.last) for p in find_periods(phrase) if p.first]
        fitting = []
        for sentence in ground.sentences:
            one = _cued(sentence, spec, match, ground)
            dates = {(q.period.first, q.period.last) for q in sentence.quantities if q.period}
            section = fold(sentence.place.passage.section or "") if sentence.place else ""
            covered = coverage(_undated(phrase), f"{section} {sentence.folded}")[0]
            if one and covered >= _PHRASE and (not periods or periods[0] in dates):
                fitting.append((covered, {name: Operand(one.value, spec["as"], one.high, one.place)}))
        one_reading = unrivalled(fitting)
        if not one_reading:
            return []
        found |= one_reading[0]
    return [found]


def _cued(sentence: Sentence, spec: Mapping[str, Any], match: re.Match[str], ground: Ground) -> Operand | None:
    """The one quantity of a sentence that fits an operand: its unit, the words around it, its period."""
    if "equals" in spec:
        return Operand(Decimal(spec["equals"]), spec.get("of"), given=True)
    if "pattern" in spec:
        said = re.search(spec["pattern"], ground.question.folded)
        if said:
            return Operand(spec.get("value", said.group()))
        return Operand(spec["default"], given=True) if "default" in spec else None
    fit = _fit(sentence, spec, match, ground)
    if fit is None:
        return Operand(spec["default"], given=True) if "default" in spec and not sentence.place else None
    return operand(sentence.quantities[fit], sentence.place)


def _fit(sentence: Sentence, spec: Mapping[str, Any], match: re.Match[str], ground: Ground) -> int | None:
    """Which quantity of a sentence fits an operand, if it is one value."""
    wanted = spec.get("asked_unit", spec["unit"]) if sentence.place is None else spec["unit"]
    fitting = [
        i
        for i, quantity in enumerate(sentence.quantities)
        if is_of(quantity, wanted) and _said(sentence, i, spec, match, ground)
    ]
    if len({sentence.quantities[i].value for i in fitting}) != 1:
        return None
    return fitting[0]


def _said(sentence: Sentence, i: int, spec: Mapping[str, Any], match: re.Match[str], ground: Ground) -> bool:
    region = sentence.region(i)
    cue = spec.get("asked_cue" if sentence.place is None else "cue", spec.get("cue"))
    if cue and not re.search(cue, region):
        return False
    if "classifier" in spec and sentence.quantities[i].unit != _classifier(match, spec["classifier"]):
        return False
    if "not" in spec and re.search(spec["not"], region):
        return False
    if not _of_its_part(sentence, i, ground):
        return False
    if "phrase" in spec and not coverage(_undated(match.group(spec["phrase"]) or ""), region)[0] >= _PHRASE:
        return False
    if "context" in spec and not (sentence.place and re.search(spec["context"], background(sentence.place))):
        return False
    if spec.get("measure") and not _measured(region, ground.question.folded):
        return False
    which = spec.get("period")
    if which == "later" and _LAST_YEAR.search(ground.question.folded):
        which = -1 if ground.periods else "any"
    return sentence.place is None or _dated(sentence, i, which, ground.periods)


def _of_its_part(sentence: Sentence, i: int, ground: Ground) -> bool:
    """Whether a figure of a list "A/B: 1/2" is of the thing that is asked about."""
    own, parts = sentence.own_part(i)
    asked = [j for j in ground.subjects() if any(ground.names(j, part) for part in parts)]
    return not parts or (bool(asked) and all(ground.names(j, own) for j in asked))


def _measured(region: str, asked: str) -> bool:
    """Whether what a question is about (revenue, profit, market size…) is said right before a figure."""
    wanted = [pattern for pattern in grammar().measures if pattern.search(asked)]
    lead = region[: region.index("#")]
    said = [pattern for pattern in grammar().measures if pattern.search(lead)]
    return bool(wanted) and all(pattern in said for pattern in wanted)


def _dated(sentence: Sentence, i: int, which: int | str | None, periods: Sequence[Span]) -> bool:
    """Whether a figure is of the period that is asked: the `which`-th of the question, or the only one."""
    period = key_of(sentence.quantities[i].period)
    if which == "any":
        return True
    if which is not None:
        if not periods:
            return False
        wanted = _later(periods) if which == "later" else periods[int(which)]
        return period is not None and period == wanted
    return len(periods) != 1 or period is None or period == periods[0]


def _later(periods: Sequence[Span]) -> Span:
    """The later of two periods; of a single one that is asked about, the same a year later."""
    first, last = periods[-1]
    if len(periods) > 1 or not last:
        return periods[-1]
    return f"{int(first[:4]) + 1}{first[4:]}", f"{int(last[:4]) + 1}{last[4:]}"


def _undated(phrase: str) -> str:
    """A phrase without its periods."""
    for period in reversed(find_periods(phrase)):
        phrase = phrase[: period.start] + phrase[period.end :]
    return phrase

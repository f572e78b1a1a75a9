"""What the operands of a question may be taken from: its own figures, sentences, tables; and what speaks of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import pairwise

from assistant.evidence import LONGEST, Evidence, Judge, named
from assistant.language import fold
from assistant.lexicon import lexicon
from assistant.quantities import Period, Quantity, find_periods, find_quantities
from assistant.questions import Group, Question
from assistant.reckoning.grammar import grammar
from assistant.reckoning.labels import bare, coverage
from assistant.reckoning.operand import Operand
from assistant.tabular import View

Span = tuple[str, str]  # the first and the last day of a period

_LOOKED_AT = 60  # places whose sentences are read
_PIECE = re.compile(r"[^。；;!！?？\n\t|]+")
_STOPS = re.compile(r"[,，;；。、()（）:：]")
_GLOSS = re.compile(r"\s*\(\s*(?:约合?|大约|合|折合|相当于|即|about|approx\.?|around|or|~)?\s*")
SLASHES = re.compile(r"[^\s,，。]+(?:\s*\([^()]*\))?(?:\s*/\s*[^\s,，。/]+(?:\s*\([^()]*\))?)+")
_CODE = re.compile(r"\(\s*[\da-z]{1,6}[ .](?:sz|sh|ss|hk|us|tt|ch|jp|ks)\b")
_SINCE_NAMED = 1200  # characters over which a name still governs what follows
_OWN_CODE = 40  # characters after a name within which its own code is printed
_BACKGROUND = 150  # characters before a sentence in which its period may be said
_OF_ROW = 0.4  # what a sentence in a cell inherits of what its row covers
SAID = 0.45  # the least share of a question that a sentence with its operands covers
_NAMED = 0.3  # how far it has to cover every name that is asked about
_WORD = 0.7  # the weight of a word that is no mere pair with a particle
_TELLING = 0.5  # of the weight of the weightiest word


def _is_rate(quantity: Quantity) -> bool:
    return quantity.unit == "%" or quantity.is_growth


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a report, or a clause of a cell, with its quantities."""

    text: str
    folded: str
    place: Evidence | None  # None for the question itself
    quantities: tuple[Quantity, ...]

    def region(self, i: int) -> str:
        """What is said around a quantity: what leads up to it, "#" in its place, and what follows in its clause."""
        while self.glosses(i):
            i -= 1
        first, last = self._run(i)
        if first < last:
            return self._listed(first, last, i)
        quantity = self.quantities[i]
        before = i - 1
        while before >= 0 and quantity.unit != "%" and _is_rate(self.quantities[before]):  # "revenue rose 5% to 60"
            before -= 1
        first = self.quantities[before].end if before >= 0 else 0
        last = self.quantities[i + 1].start if i + 1 < len(self.quantities) else len(self.text)
        stop = _STOPS.search(self.text, quantity.end, last)
        return f"{self.folded[first : quantity.start]}#{self.folded[quantity.end : stop.start() if stop else last]}"

    def words_at(self, i: int) -> str:
        """The words right before a quantity, up to the last pause."""
        before = self.folded[self.quantities[i - 1].end if i else 0 : self.quantities[i].start]
        return _STOPS.split(before)[-1]

    def lead_up(self, i: int) -> str:
        """What is said from the last full pause up to a quantity: what the quantity is of."""
        before = self.folded[: self.quantities[i].start]
        return before[max(before.rfind(mark) for mark in "。;；") + 1 :]

    def own_part(self, i: int) -> tuple[str, list[str]]:
        """Of a list with slashes, the thing that one of its figures is of, and all of them; else nothing."""
        first, last = self._run(i)
        parts = self.parts(last - first + 1, whole=True, run=first) if last > first else []
        return (parts[i - first], parts) if parts else ("", [])

    def slashed(self, side: Sequence[int]) -> bool:
        """Whether quantities stand side by side, joined by slashes."""
        return all(b == a + 1 and self._joined(a) for a, b in pairwise(side))

    def _joined(self, i: int) -> bool:
        return self.text[self.quantities[i].end : self.quantities[i + 1].start].strip() == "/"

    def _run(self, i: int) -> tuple[int, int]:
        """The first and the last of the quantities that are joined to one by slashes."""
        first = last = i
        while first and self._joined(first - 1):
            first -= 1
        while last + 1 < len(self.quantities) and self._joined(last):
            last += 1
        return first, last

    def _listed(self, first: int, last: int, i: int) -> str:
        """What is said around one of a list of quantities: of a list of as many things only the one that it is of."""
        parts = self.parts(last - first + 1, whole=True, run=first)
        before = self.quantities[first - 1].end if first else 0
        lead = self.folded[before : self.quantities[first].start]
        return f"{parts[i - first] if parts else ''} {SLASHES.sub(' ', lead)}#"

    def is_open(self, i: int) -> bool:
        """Whether a quantity is one of a list with slashes, and what the list is of is not told."""
        first, last = self._run(i)
        return first < last and not self.own_part(i)[1]

    def parts(self, size: int, whole: bool = False, run: int = 0) -> list[str]:
        """The things that a sentence lists with slashes ("A/B 规模") before its figures, if they are so many; without
        what is said of them all, unless `whole`."""
        for said in SLASHES.finditer(self.folded[: self.quantities[run].start]):
            parts = [re.sub(r"\s*\([^()]*\)", "", part) for part in re.split(r"\s*/\s*", said.group())]
            if len(parts) == size:
                return parts if whole else _distinguished(parts)
        return []

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

    def says(self, sentence: Sentence, least: float = SAID) -> bool:
        """Whether a sentence, with what stands around it, speaks of what is asked: of all that is telling."""
        if sentence.place is None or not self.owns(sentence):
            return False
        covers = sentence.place.covers
        missed = [i for i in self.subjects() if covers.get(i, 0.0) < _NAMED]
        return self.share(sentence) >= least and (not missed or self.speaks(background(sentence.place), missed))

    def share(self, sentence: Sentence) -> float:
        """The share of the question that a sentence covers: a name that it is about counts whole."""
        if sentence.place is None:
            return 0.0
        own = {i: 1.0 for i, group in enumerate(self.judge.groups) if group.kind == "name"}
        return self.judge.share({**sentence.place.covers, **own}) if self.owns(sentence) else sentence.place.share

    def subjects(self) -> list[int]:
        """What is telling but for names."""
        return [i for i in self.telling if self.judge.groups[i].kind != "name"]

    def without(self, match: re.Match[str]) -> Ground:
        """The ground where what the wording of a calculation asks for (its group "asked") tells nothing of its
        operands: a margin is in none of the sentences that give profit and revenue."""
        asked = " ".join(text for name, text in match.groupdict().items() if name.startswith("asked") and text)
        kept = tuple(
            i for i in self.telling if self.judge.groups[i].spellings[0] not in asked and not self._straddles(i, match)
        )
        return replace(self, telling=kept)

    def _straddles(self, i: int, match: re.Match[str]) -> bool:
        """Whether a chance pair of characters is of the words that ask, or half of them."""
        group = self.judge.groups[i]
        spans = [match.span(name) for name in match.re.groupindex if not name.startswith("asked")]
        if group.kind != "word" or not spans:
            return False
        places = [m.span() for m in re.finditer(re.escape(group.spellings[0]), self.question.folded)]
        inside = any(a <= start and end <= b for start, end in places for a, b in spans)
        outside = any(end <= match.start() or start >= match.end() for start, end in places)
        return bool(places) and not inside and not outside

    def within(self, i: int, span: tuple[int, int]) -> bool:
        """Whether the question has a group in a stretch of its text."""
        return self.judge.groups[i].spellings[0] in self.question.folded[slice(*span)]

    def owns(self, sentence: Sentence) -> bool:
        """Whether a sentence is about every name that the question has, known to the lexicon or not."""
        names = [group for group in self.judge.groups if group.kind == "name" or group in self.firms]
        return all(is_about(sentence, group) for group in names)

    def speaks(self, text: str, groups: Sequence[int] | None = None) -> bool:
        """Whether a folded text itself says all that is telling but for names (or the groups given)."""
        if groups is None:
            groups = self.subjects()
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
        groups = [(i, self.judge.groups[i].spellings[0]) for i in self.telling]
        needed = [(i, own) for i, own in groups if grammar().loose.sub("", own).strip(" 总")]
        return all(self.names(i, text) or coverage(bare(own), text)[0] == 1.0 for i, own in needed)

    def names(self, i: int, text: str) -> bool:
        """Whether a folded text has a group, or other words for the same; "inverter" does not say "micro-inverter"."""
        group = self.judge.groups[i]
        own = bare(group.spellings[0])
        narrower = group.kind == "concept"
        spellings = (s for s in group.spellings if not (narrower and s != own and s in own))
        return any(named(text, spelling) for spelling in spellings) or coverage(group.spellings[0], text)[0] == 1.0


def ground(question: Question, judge: Judge, found: Sequence[Evidence], views: Sequence[View]) -> Ground:
    """All that a question's operands may be taken from."""
    text = question.text[: len(question.folded)] if len(question.text) >= len(question.folded) else question.folded
    given = tuple(find_quantities(text))
    sentences = tuple(_sentences(found[:_LOOKED_AT], judge))
    return Ground(
        question,
        judge,
        sentences,
        tuple(views),
        given,
        periods_of(text),
        _firms(judge, found),
        _compounds(judge, found),
        _telling(judge, found),
    )


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
    idle = grammar().idle
    dated = [p.text.lower() for p in find_periods(judge.question.folded)]
    about = {
        i
        for i, group in enumerate(judge.groups)
        if group.kind in ("concept", "word")
        and not any(group.spellings[0] in period for period in dated)
        and (i in known or group.weight > 1)
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


def background(place: Evidence) -> str:
    """A place with what comes right before it, folded."""
    return fold(f"{place.passage.section or ''} {place.report.text[max(0, place.start - _BACKGROUND) : place.end]}")


def is_about(sentence: Sentence, name: Group) -> bool:
    """Whether a sentence is about a name: it, its section or its report's title has it; or it was the last named
    before, no other company's code has come since, and the sentence leads up to its figures with no other name."""
    place = sentence.place
    if place is None:
        return True
    if any(
        named(sentence.folded, spelling) or named(fold(place.report.title), spelling) for spelling in name.spellings
    ):
        return True
    lead = sentence.folded[: sentence.quantities[0].start]
    if _CODE.search(sentence.folded) or lexicon().names_in(lead):
        return False
    before = fold(place.report.text[max(0, place.start - _SINCE_NAMED) : place.start])
    last = max((before.rfind(spelling) for spelling in name.spellings), default=-1)
    heading = fold(place.passage.section or "")
    section = any(named(heading, spelling) for spelling in name.spellings)
    if _CODE.search(heading) and not section:
        return False
    others = [m for m in _CODE.finditer(before, max(0, last)) if last < 0 or m.start() > last + _OWN_CODE]
    return (last >= 0 or section) and not others


def periods_of(text: str) -> tuple[tuple[str, str], ...]:
    """The periods of a question; a span of years is its first and its last year."""
    found: list[tuple[str, str]] = []
    for period in find_periods(text):
        if period.first and period.last:
            if period.kind == "years":
                found += [_year(period.first[:4]), _year(period.last[:4])]
            else:
                found.append((period.first, period.last))
        elif period.kind == "months":
            found += [(f"month {int(month):02d}", "") for month in re.findall(r"\d+", period.text)]
        elif key := key_of(period):
            found.append(key)
    return tuple(sorted(dict.fromkeys(found)))


def key_of(period: Period | None) -> Span | None:
    """What tells periods apart: their days; of a month without its year ("5月") its number."""
    if period and period.first and period.last:
        return period.first, period.last
    month = re.match(r"\d+", period.text) if period and period.kind == "month" else None
    return (f"month {int(month.group()):02d}", "") if month else None


def _year(year: str) -> tuple[str, str]:
    return f"{year}-01-01", f"{year}-12-31"


def years_between(periods: Sequence[Span]) -> Operand | None:
    """The years from one period to the same one of a later year."""
    if len(periods) != 2 or not all(last for _, last in periods):
        return None
    years = int(periods[1][0][:4]) - int(periods[0][0][:4])
    return Operand(Decimal(years)) if years > 0 and periods[0][0][4:] == periods[1][0][4:] else None


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

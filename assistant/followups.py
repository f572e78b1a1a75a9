"""A follow-up ("那 2027 年呢?", "and for Zhipu?") made into a question that stands alone, without a model.

What the follow-up names (a period, a company, a broker, a place, a measure) takes the place of what the question before
named of the same kind; pronouns become the company named last. The words for it are in `data/followups.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

from assistant.language import CJK, fold, script_of, written_in
from assistant.lexicon import lexicon
from assistant.quantities import Period, find_periods
from assistant.types import Language

_REMEMBERED = 40  # earlier questions that are looked at; a follow-up may lean on one that leant on another
_LONGEST, _LONGEST_BEFORE = 160, 2000  # characters of a follow-up, of the question before
_LONGEST_TOPIC = 24  # characters of a topic that no list knows
_SUBJECTS = ("company", "product", "organisation", "person", "index")
_MEASURES = ("metric", "valuation", "rating", "macro", "commodity", "corporate-action", "deal", "esg")
_KINDS = {  # of what the lexicon knows -> what it is in a question
    **dict.fromkeys(_SUBJECTS, "subject"),
    **dict.fromkeys(_MEASURES, "measure"),
    **dict.fromkeys(("technology", "product-type", "industry"), "topic"),
    "broker": "broker",
    "geography": "place",
    "currency": "currency",
    "period": "period",
}
_WHOSE = ("subject", "broker", "place", "topic")  # with one of these a question says whose figure it asks for
_END = re.compile(r"[\s?？。.!！~～…]*$")


@dataclass(frozen=True, slots=True)
class StandAlone:
    """A question that needs no other, whether it is another one than was asked, and the language of who asked."""

    text: str
    changed: bool
    language: Language


@dataclass(frozen=True, slots=True)
class Slot:
    """What a question names: `kind` is "period", "subject", "broker", "place", "measure", "topic", "currency" or
    "change"; `text` is what to put in its place elsewhere."""

    kind: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Read:
    """A question with what it names, and `rest`: its own matter beside that. `seen` is the text as finding sees it,
    character for character."""

    text: str
    seen: str
    slots: tuple[Slot, ...]
    rest: str
    leans: bool  # by its first or last word

    def of(self, *kinds: str) -> list[Slot]:
        return [slot for slot in self.slots if slot.kind in kinds]

    def says(self, words: str) -> re.Match[str] | None:
        return _words(words).search(self.seen)


def stand_alone(question: str, earlier: Sequence[str]) -> StandAlone:
    """`question` as it can be understood without the `earlier` ones, oldest first, each as it was typed."""
    before = ""
    for text in earlier[-_REMEMBERED:]:
        before = _leant_on(text, before)
    found = _resolved(question, before)
    changed = found is not None and found != question
    return StandAlone(found or question, changed, _language(question, before) if changed else script_of(question))


def _language(follow: str, before: str) -> Language:
    """The language of a follow-up: of its words beside names and periods; where those leave it open ("Zhipu?", "呢"),
    that of the question before."""
    own = script_of(follow)
    if own == "en":
        spans = {i for slot in _read(follow).slots for i in range(slot.start, slot.end)}
        words = "".join(" " if i in spans else character for i, character in enumerate(follow.strip()))
        return "en" if re.search(r"[A-Za-z]", words) else script_of(before)
    neutral = own == "zh-Hans" and written_in(follow, "zh-Hant") == follow
    return "zh-Hant" if neutral and script_of(before) == "zh-Hant" else own


def _resolved(question: str, before: str) -> str | None:
    """A follow-up with what it needs from the question before; None where it stands alone."""
    if not before.strip() or not question.strip() or len(question) > _LONGEST or len(before) > _LONGEST_BEFORE:
        return None
    follow, context = _read(question), _read(before)
    if _asks_why(follow):
        return _put("why", context, "")
    pronoun = _pronoun(follow)
    if follow.says("why") and not follow.rest and not pronoun:
        return None if follow.of(*_WHOSE) else _put("whole", context, _lowered(_bare(follow.text)))
    if not follow.rest and (follow.slots or follow.leans) and not (pronoun and follow.says("own_verb")):
        return None if _complete(follow) else _exchanged(follow, context)
    if pronoun:
        return _with_subject(follow, pronoun, context)
    if follow.leans and not follow.says("asking"):
        return _about(follow, context)
    if follow.says("references") and not follow.of(*_WHOSE, "measure"):
        return _put("whole", context, _bare(follow.text))
    return None


def _leant_on(text: str, before: str) -> str:
    """What the next question leans on after this one: not on thanks, nor on a mere "why?"."""
    read = _read(text[:_LONGEST_BEFORE])
    if _asks_why(read) or not (read.slots or read.says("asking")):
        return before
    return _resolved(text, before) or text


def _asks_why(follow: _Read) -> bool:
    return bool(follow.says("why") and not follow.slots and not follow.rest)


def _complete(follow: _Read) -> bool:
    """Whether a question of known words alone asks for something of somebody, or for a definition."""
    if follow.says("definitions"):
        return True
    return bool(
        follow.of(*_WHOSE) and follow.of("measure", "change") and follow.says("asking") and not _pronoun(follow)
    )


# ---------------------------------------------------------------- ways to make it stand alone


def _exchanged(follow: _Read, context: _Read) -> str | None:
    """The question before, with what the follow-up names in the place of what it named; what has no place there is
    put beside it."""
    edits: list[tuple[Slot, str]] = []
    beside: list[Slot] = []
    places = {kind: iter(context.of(kind)) for kind in {slot.kind for slot in follow.slots} - {"change", "currency"}}
    for slot in follow.slots:
        if place := next(places.get(slot.kind, iter(())), None):
            edits.append((place, _dated(slot.text, place.text) if slot.kind == "period" else slot.text))
        else:
            beside.append(slot)
    if {slot.kind for slot in follow.slots} == {"change"} and not _tail(context):
        return _put("change", context, _lowered(_bare(follow.text)))
    changed = _read(_edited(context.text, edits)) if edits else context
    for slot in beside:
        changed = _read(_beside(slot, changed))
    return changed.text if edits or beside else None


def _beside(slot: Slot, context: _Read) -> str:
    """A question with one thing more."""
    if slot.kind == "change" and (tail := _tail(context)):
        return context.text[: tail.start()] + slot.text + _end(context.text)
    if slot.kind == "topic" and (measures := context.of("measure")) and _chinese(context.text):
        at = measures[0].start
        return context.text[:at] + slot.text + context.text[at:]
    if slot.kind == "measure" and (subjects := context.of("subject", "topic")):
        template = _data()["belongs"]["zh" if _chinese(context.text) else "en"]
        return str(template.format(subject=subjects[0].text, named=slot.text)) + _end(context.text)
    return _put(slot.kind, context, slot.text)


def _tail(context: _Read) -> re.Match[str] | None:
    """The end of a question that asks for an amount."""
    return re.search(f"(?:{_words('tails').pattern})$", _bare(context.seen))


def _with_subject(follow: _Read, pronoun: re.Match[str], context: _Read) -> str:
    """The follow-up with the company named before in the place of its pronoun."""
    subjects = context.of("subject") or context.of("broker")
    if not subjects:
        return _put("whole", context, _bare(follow.text))
    named = subjects[-1].text
    if pronoun.group() in _data()["possessive"] or pronoun.group().endswith("'s"):
        named += "'s"
    return _joined(follow.text[: pronoun.start()], named, follow.text[pronoun.end() :])


def _about(follow: _Read, context: _Read) -> str:
    """The question before about a thing that no list knows: in the place of the company, if it looks like one, else
    of the measure."""
    rest = follow.rest
    if len(rest) > _LONGEST_TOPIC or re.match(_words("ranks").pattern, fold(rest)):
        return _put("whole", context, _bare(follow.text))
    kind = "subject" if _unlisted_name(rest) and context.of("subject") else "measure"
    known = replace(follow, slots=tuple(slot for slot in follow.slots if slot.kind != kind))
    changed = _read(_exchanged(known, context) or context.text)
    if own := changed.of(kind):
        return _edited(changed.text, [(own[0], rest)])
    return _beside(Slot(kind, 0, 0, rest), changed)


def _put(key: str, context: _Read, named: str) -> str:
    """A question with something put before or behind it, by the template `key`."""
    template = _data()["put"][key]["zh" if _chinese(context.text) else "en"]
    return _tidy(str(template.format(question=_bare(context.text), named=named))) + _end(context.text)


def _edited(text: str, edits: Iterable[tuple[Slot, str]]) -> str:
    for slot, named in sorted(edits, key=lambda edit: -edit[0].start):
        text = _joined(text[: slot.start], named, text[slot.end :])
    return re.sub(rf"(?<=[{CJK}]) (?=[{CJK}])", "", text)


def _joined(before: str, named: str, after: str) -> str:
    """A name put into a text, apart from Latin letters and digits beside it."""
    left = " " if _touches(before[-1:], named[:1]) else ""
    right = " " if _touches(named[-1:], after[:1]) else ""
    return f"{before}{left}{named}{right}{after}"


def _touches(a: str, b: str) -> bool:
    return a.isalnum() and b.isalnum() and (a.isascii() or b.isascii()) and bool(a and b)


def _tidy(text: str) -> str:
    return re.sub(rf"(?<=[{CJK}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[{CJK}])", " ", text)


def _dated(named: str, own: str) -> str:
    """A period that leans on another one: a part of its year, or the year beside it."""
    year = next((int(p.first[:4]) for p in find_periods(own) if p.first), None)
    if year is None:
        return named
    for words, step in (("next_year", 1), ("year_before", -1)):
        if _words(words).fullmatch(fold(named)):
            return own.replace(str(year), str(year + step)) if str(year) in own else str(year + step)
    part = next(iter(find_periods(named)), None)
    if part is None or part.first or part.kind not in ("quarter", "half", "month"):
        return named
    return f"{year} 年{named}" if _chinese(named) else f"{named} {year}"


# ---------------------------------------------------------------- reading a question


@lru_cache(maxsize=64)
def _read(text: str) -> _Read:
    text = text.strip()
    seen = "".join(fold(character)[:1] or " " for character in text)
    opener = re.match(rf"(?:{_words('openers').pattern})(?:[\s,，、]|(?<=[{CJK}]))+", seen)
    closer = re.search(rf"(?:{_words('closers').pattern})$", _bare(seen))
    start = opener.end() if opener else 0
    slots = _merged(_slots(text, seen, start), seen)
    rest = _rest(text, seen, start, slots)
    return _Read(text, seen, tuple(slots), rest, bool(opener or closer))


def _slots(text: str, seen: str, start: int) -> list[Slot]:
    """What a question names from `start` on, left to right; of two that overlap the longer one."""
    found = [*_listed(text, seen), *_periods(text, seen), *_changes(seen)]
    unlisted = ((m.start() + start, m.end() + start) for m in _unlisted().finditer(text[start:]))
    found += [Slot("subject", *span, text[slice(*span)]) for span in unlisted if span[0] > 0 or not text[0].isascii()]
    taken = [Slot("reference", *match.span(), match.group()) for match in _words("references").finditer(seen)]
    for slot in sorted(found, key=lambda s: (s.start - s.end, s.kind)):
        if slot.start >= start and all(slot.end <= other.start or other.end <= slot.start for other in taken):
            taken.append(Slot(slot.kind, slot.start, slot.end, text[slot.start : slot.end]))
    return sorted((slot for slot in taken if slot.kind != "reference"), key=lambda s: s.start)


def _listed(text: str, seen: str) -> Iterable[Slot]:
    names = lexicon()
    for mention in [*names.names_in(text if text.isascii() else seen), *names.concepts_in(seen)]:
        kind = _KINDS.get(mention.term.kind)
        start = mention.start if mention.start >= 0 else seen.find(mention.text)
        if kind and not _words("asking").fullmatch(mention.text) and not _words("fillers").fullmatch(mention.text):
            yield Slot(kind, start, start + len(mention.text), mention.text)


def _periods(text: str, seen: str) -> Iterable[Slot]:
    found: list[Period] = find_periods(text)
    yield from (Slot("period", p.start, p.end, p.text) for p in found)
    for words in ("next_year", "year_before"):
        yield from (Slot("period", m.start(), m.end(), m.group()) for m in _words(words).finditer(seen))


def _changes(seen: str) -> Iterable[Slot]:
    for match in _words("changes").finditer(seen):
        end = match.end() + (len(tail.group()) if (tail := _words("tails").match(seen, match.end())) else 0)
        yield Slot("change", match.start(), end, match.group())


def _merged(slots: Sequence[Slot], seen: str) -> list[Slot]:
    """Names of one kind that are asked together, as one."""
    merged: list[Slot] = []
    for slot in slots:
        last = merged[-1] if merged else None
        between = seen[last.end : slot.start].strip() if last else ""
        if last and last.kind == slot.kind and (not between or _words("joints").fullmatch(between)):
            text = last.text + seen[last.end : slot.start] + slot.text
            merged[-1] = Slot(slot.kind, last.start, slot.end, text)
        else:
            merged.append(slot)
    return merged


def _rest(text: str, seen: str, start: int, slots: Sequence[Slot]) -> str:
    """What a question says beside what it names, from its first to its last word that has content."""
    left = list(seen)
    spans = [(0, start), *((slot.start, slot.end) for slot in slots)]
    for begin, end in spans:
        left[begin:end] = " " * (end - begin)
    bare = "".join(left)
    for words in ("closers", "why", "pronouns", "asking", "fillers"):
        bare = _words(words).sub(lambda match: " " * len(match.group()), bare)
    content = [match.span() for match in re.finditer(r"\w+", bare)]
    return text[content[0][0] : content[-1][1]] if content else ""


def _pronoun(follow: _Read) -> re.Match[str] | None:
    """A pronoun that stands for a company named before: none is named in the follow-up up to there."""
    found = follow.says("pronouns")
    if not found or follow.says("expletives"):
        return None
    return None if any(slot.start < found.start() for slot in follow.of("subject", "broker")) else found


def _unlisted_name(text: str) -> bool:
    return bool(_unlisted().fullmatch(text)) or text.endswith(tuple(_data()["companies"]))


@lru_cache(maxsize=1)
def _unlisted() -> re.Pattern[str]:
    """A name that no list knows, by its capital or its ending."""
    endings = "|".join(_data()["companies"])
    return re.compile(rf"\b[A-Z][a-z]+[A-Za-z]*(?: [A-Z][a-z]+)*\b|(?<![{CJK}])[{CJK}]{{2,4}}(?:{endings})")


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _bare(text: str) -> str:
    """A question without the marks at its end."""
    return _END.sub("", text)


def _end(text: str) -> str:
    marks = (_END.search(text) or [""])[0].strip()
    return marks or ("?" if "?" in text else "")


def _chinese(text: str) -> bool:
    return bool(re.search(f"[{CJK}]", text))


@lru_cache(maxsize=32)
def _words(key: str) -> re.Pattern[str]:
    """A list of patterns as one; Latin words match whole."""
    whole = (rf"\b{p}\b" if p[0].isascii() and p[0].isalpha() else p for p in _data()[key])
    return re.compile("|".join(f"(?:{p})" for p in whole), re.IGNORECASE)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return tomllib.loads(files("assistant").joinpath("data", "followups.toml").read_text(encoding="utf-8"))

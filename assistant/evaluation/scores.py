"""What an answer is worth: each score is a function of a case and the Answer of the contract, and gives its reason.

A value runs from 0 to 1; None is "unscored": the case says nothing of it, so it counts in no average. Nothing here
asks how an answer was made: any program that gives the contract's Answer can be scored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from assistant.evaluation.cases import Case, Number, places
from assistant.language import CJK, fold, script_of
from assistant.quantities import Quantity, find_periods, find_quantities, read_cell

LONGEST = 600  # characters of one citation; a longer one points at nothing in particular
_MARK = re.compile(r"\[(?:c?\d+|\^\d+)\]")
_QUOTED = re.compile(r"“[^”]*”|「[^」]*」|『[^』]*』|\"[^\"]*\"|\([^)]*\)|（[^）]*）|^\s*[|>].*$", re.M)
_LETTERS = re.compile(rf"[A-Za-z]{{2,}}|[{CJK}]")
_HAN = re.compile(f"[{CJK}]+")
_ENOUGH = 4  # words or characters of our own, from which a script can be told
# Names stay as reports print them, so it is the small words that tell in which language a sentence is.
_ENGLISH = re.compile(r"\b(?:the|of|in|at|and|is|are|was|were|to|for|not|by|no|with|from|reports?|say|it|its)\b", re.I)
_CHINESE = re.compile(r"[的是了和在有与與为為不没沒未说說写寫从從由至各都及]")
_SCALES = {10.0**power for power in (*range(-12, 0), *range(1, 13))}
_KNOWN = re.compile(r"%|pp|bp|x|[A-Z]{3}|元")  # units that are one thing only; others are words of the question

Texts = Mapping[str, str]
Answered = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A value from 0 to 1, or None for unscored; why; and what it was made of."""

    value: float | None
    explanation: str
    metadata: dict[str, Any] = field(default_factory=dict)


Score = Callable[[Case, Answered, Texts], Judgement]


# ---------------------------------------------------------------- evidence


def evidence_recall(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """The share of the gold quotes' characters that citations cover. A cell cited from a gold table row counts as the
    row, since it is found by row and column."""
    gold = [places(evidence, texts) for evidence in case.evidence]
    if not gold:
        return Judgement(None, "the case names no evidence")
    lost = [evidence.quote for evidence, found in zip(case.evidence, gold, strict=True) if not found]
    if lost:
        return Judgement(None, f"no report holds the gold quote {_short(lost[0])}", {"not_in_reports": lost})
    cited = _cited(answer, texts)
    covered = [max(_coverage(place, cited, texts) for place in found) for found in gold]
    sizes = [len(evidence.quote) for evidence in case.evidence]
    missed = [e.quote for e, share in zip(case.evidence, covered, strict=True) if share < 1]
    value = sum(share * size for share, size in zip(covered, sizes, strict=True)) / sum(sizes)
    why = f"not cited in full: {_short(missed[0])}" if missed else "every gold quote is cited"
    return Judgement(value, why, {"covered": covered, "touched": sum(share > 0 for share in covered)})


def evidence_precision(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """The share of the cited characters that lie in gold quotes or in the sentence or row around one."""
    gold = [_sentence(place, texts) for evidence in case.evidence for place in places(evidence, texts)]
    cited = _cited(answer, texts, longest=None)
    if not gold or not cited:
        return Judgement(None, "the case names no evidence" if not gold else "nothing is cited")
    points = {(source, i) for source, a, b in gold for i in range(a, b)}
    told = {(source, i) for source, a, b in cited for i in range(a, b)}
    beside = [texts[s][a:b] for s, a, b in cited if not any((s, i) in points for i in range(a, b))]
    why = f"beside the point: {_short(beside[0])}" if beside else "every citation touches the evidence"
    return Judgement(len(told & points) / len(told), why, {"cited_characters": len(told), "beside": len(beside)})


def quotes(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """The share of the citations whose quote is, to the character, what their report holds at their offsets."""
    citations = answer.get("citations") or ()
    if not citations:
        return Judgement(None, "nothing is cited")
    wrong = [c for c in citations if not c.get("quote") or _at(c, texts) != c["quote"]]
    why = f"[{wrong[0].get('n')}] is not what stands there" if wrong else "every quote is exact"
    return Judgement(1 - len(wrong) / len(citations), why, {"wrong": len(wrong)})


def _at(citation: Mapping[str, Any], texts: Texts) -> str | None:
    text, start, end = texts.get(citation.get("source") or ""), citation.get("start"), citation.get("end")
    ordered = isinstance(start, int) and isinstance(end, int) and 0 <= start < end
    return text[start:end] if text is not None and ordered else None


def _cited(answer: Answered, texts: Texts, longest: int | None = LONGEST) -> list[tuple[str, int, int]]:
    found = [(c["source"], c["start"], c["end"]) for c in answer.get("citations") or () if _at(c, texts)]
    return [(source, a, b) for source, a, b in found if longest is None or b - a <= longest]


def _coverage(place: tuple[str, int, int], cited: Sequence[tuple[str, int, int]], texts: Texts) -> float:
    source, start, end = place
    stretches = [(max(a, start), min(b, end)) for s, a, b in cited if s == source and a < end and start < b]
    if stretches and _is_row(texts[source][start:end]):
        return 1.0
    return len({i for a, b in stretches for i in range(a, b)}) / (end - start)


def _is_row(quote: str) -> bool:
    return "\t" in quote or quote.count("|") >= 2


def _sentence(place: tuple[str, int, int], texts: Texts) -> tuple[str, int, int]:
    """A quote with what ends at the same full stops or line ends."""
    source, start, end = place
    before = [m.end() for m in re.finditer(r"[。！？；\n]|[.!?;]\s", texts[source][:start])]
    after = re.compile(r"[。！？；\n]|[.!?;]\s").search(texts[source], max(end - 1, start))
    return source, before[-1] if before else 0, after.end() if after else len(texts[source])


# ---------------------------------------------------------------- what the text says


def numbers(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """The share of the gold numbers that the text states with the right value, scale, sign, unit and period."""
    if not case.numbers:
        return Judgement(None, "the case names no number")
    text = _MARK.sub(" ", answer.get("text") or "")
    stated = [quantity for line in text.splitlines() for quantity in _read(line)]
    asked = _read(case.question)
    outcomes = [_outcome(number, stated) for number in case.numbers]
    outcomes = [
        "given" if outcome != "right" and _outcome(number, asked) == "right" else outcome
        for number, outcome in zip(case.numbers, outcomes, strict=True)
    ]
    wrong = [
        f"{n.value:g} {n.unit or ''}".strip() + f": {_FAULTS[o]}"
        for n, o in zip(case.numbers, outcomes, strict=True)
        if o in _FAULTS
    ]
    right = len(outcomes) - len(wrong)
    return Judgement(right / len(outcomes), "; ".join(wrong) or "every number is stated", {"outcomes": outcomes})


_FAULTS = {
    "missing": "not stated",
    "scale": "stated at another scale",
    "sign": "stated with the other sign",
    "unit": "stated in another unit, or without one",
    "period": "stated for another period",
}
_NEAREST = ("right", "period", "unit", "sign", "scale", "missing")


def _read(line: str) -> list[Quantity]:
    """The quantities of a line; a bare number also as its label gives it a unit: "market value (HK$ bn) 1,280"."""
    found = find_quantities(line)
    labels = [re.split(r"[,，;；:：·|]\s*(?=\S)", line[: quantity.start])[-1].strip() for quantity in found]
    bare = [(q, label) for q, label in zip(found, labels, strict=True) if q.unit is None and label]
    return [*found, *(read for q, label in bare if (read := read_cell(q.text, column=label)))]


def _outcome(number: Number, stated: Iterable[Quantity]) -> str:
    outcomes = {_likeness(number, value, quantity) for quantity in stated for value in _values(quantity)}
    return min(outcomes or {"missing"}, key=_NEAREST.index)


def _values(quantity: Quantity) -> list[float]:
    return [float(value) for value in {quantity.value, quantity.low, quantity.high} if value is not None]


def _likeness(number: Number, value: float, quantity: Quantity) -> str:
    if not _close(number, abs(value), float(quantity.half_unit)):
        ratio = abs(value) / abs(number.value) if number.value else 0.0
        same = any(abs(ratio / scale - 1) < max(number.tolerance, 1e-6) for scale in _SCALES)
        return "scale" if same and number.value else "missing"
    negative = value < 0 or quantity.sign == "-" or quantity.direction == "down"
    if (number.value < 0 and not negative) or (number.value > 0 and value < 0):
        return "sign"
    if not _unit_agrees(number.unit, quantity):
        return "unit"
    return "right" if _period_agrees(number.period, quantity) else "period"


def _close(number: Number, value: float, half_unit: float) -> bool:
    """Within the tolerance, or rounded in print to no more than a fiftieth off."""
    gold, off = abs(number.value), abs(value - abs(number.value))
    return off <= max(number.tolerance * gold, 1e-9 * max(gold, 1)) or (off <= half_unit and off < gold / 50)


def _unit_agrees(unit: str | None, quantity: Quantity) -> bool:
    found = quantity.unit
    if unit is None or found == unit:
        return True
    if not _KNOWN.fullmatch(unit):  # a word for what is counted, which may be put in many ways
        return found is None or not _KNOWN.fullmatch(found)
    return found == "元" and len(unit) == 3 and unit != "USD"


def _period_agrees(label: str | None, quantity: Quantity) -> bool:
    """False only where the text dates the number, and otherwise than the gold."""
    if label is None or quantity.period is None or quantity.period.first is None or quantity.period.last is None:
        return True
    gold = _period(label)
    return gold is None or (quantity.period.first <= gold[1] and gold[0] <= quantity.period.last)


@lru_cache(maxsize=1024)
def _period(label: str) -> tuple[str, str] | None:
    found = [p for p in find_periods(label) if p.first and p.last]
    return (found[0].first or "", found[0].last or "") if found else None


def terms(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """The share of what must be said that is said, less for what only a wrong answer says. Not for lists."""
    if case.kind == "list" or not (case.must_include or case.must_not_include):
        return Judgement(None, "the case names no terms")
    return _said(case, answer)


def lists(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """The items of a list as a set: those right, of those right, missing and wrong together (Jaccard)."""
    if case.kind != "list" or not case.must_include:
        return Judgement(None, "the case asks for no list")
    return _said(case, answer)


def _said(case: Case, answer: Answered) -> Judgement:
    text = fold(answer.get("text") or "")
    missing = [group for group in case.must_include if not any(_in(item, text) for item in group)]
    wrong = [item for item in case.must_not_include if _in(item, text)]
    right = len(case.must_include) - len(missing)
    value = right / (len(case.must_include) + len(wrong)) if case.must_include else float(not wrong)
    faults = [f"not said: {group[0]}" for group in missing] + [f"wrongly said: {item}" for item in wrong]
    return Judgement(value, "; ".join(faults) or "all is said", {"missing": [g[0] for g in missing], "wrong": wrong})


def _in(item: str, folded: str) -> bool:
    """Whether a spelling is said; a Latin word or a number only as a whole, so that 5 is not found in 15."""
    sought = fold(item)
    start = r"(?<![a-z0-9.])" if sought[:1].isascii() and sought[:1].isalnum() else ""
    end = r"(?![a-z0-9]|\.\d)" if sought[-1:].isascii() and sought[-1:].isalnum() else ""
    return bool(re.search(start + re.escape(sought) + end, folded))


def refusal(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """1 where "the reports don't say" is said for an unanswerable question, and not for another."""
    refused, status = answer.get("status") == "not_found", answer.get("status")
    if status not in ("answered", "not_found"):
        return Judgement(0.0, f"there is no answer: {status or 'no status'}")
    if refused == case.unanswerable:
        return Judgement(1.0, "rightly refused" if refused else "rightly answered")
    return Judgement(
        0.0, "the reports say it, but it was refused" if refused else "the reports don't say it, but it was answered"
    )


def language(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """1 where the answer's own words are in the question's language and script; quotes are left out."""
    declared = answer.get("language")
    if declared != case.language:
        return Judgement(0.0, f"the answer calls itself {declared}, the question is {case.language}")
    own = _own_words(answer, texts)
    if len(_LETTERS.findall(own)) < _ENOUGH:
        return Judgement(1.0, "hardly a word of its own")
    written = _written(own)
    # Many a Chinese sentence is the same in both scripts, and then counts as Simplified.
    neutral = case.language == "zh-Hant" and written == "zh-Hans" and not _only_simplified(own)
    return Judgement(
        float(written == case.language or neutral), f"its own words are {written}", {"own_words": own[:400]}
    )


def _written(text: str) -> str:
    english, chinese = len(_ENGLISH.findall(text)), len(_CHINESE.findall(text))
    if english == chinese:
        return script_of(text)
    return "en" if english > chinese else script_of("".join(_HAN.findall(text)))


def _only_simplified(text: str) -> bool:
    from assistant.language import written_in

    return written_in(text, "zh-Hant") != text


def _own_words(answer: Answered, texts: Texts) -> str:
    """The text without quotes, and without labels and names as the cited reports print them."""
    text = answer.get("text") or ""
    citations = answer.get("citations") or ()
    for citation in sorted(citations, key=lambda c: -len(c.get("quote") or "")):
        text = text.replace(citation.get("quote") or "\0", " ")
    cited = "\n".join(texts.get(source, "") for source in {c.get("source") or "" for c in citations})
    text = _MARK.sub(" ", _QUOTED.sub(" ", text))
    return _HAN.sub(lambda run: " " if len(run.group()) > 1 and run.group() in cited else run.group(), text)


# ---------------------------------------------------------------- verdicts


def verdicts(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """The share of the verdicts on figures that hold when looked into: "quoted" stands in a citation, "rounded"
    comes from one, "derived" is what a calculation gave, "given" stands in the question; "unverified" does none."""
    figures = answer.get("figures") or ()
    if not figures:
        return Judgement(None, "the text states no figure")
    cited = " \n ".join(_around(citation, texts) for citation in answer.get("citations") or ())
    wrong = [figure for figure in figures if not _holds(figure, answer, cited)]
    why = "; ".join(f"{f.get('text')} is called {f.get('verdict')}" for f in wrong[:3])
    return Judgement(1 - len(wrong) / len(figures), why or "every verdict holds", {"figures": len(figures)})


def _around(citation: Mapping[str, Any], texts: Texts) -> str:
    """A quote with its report's particulars; of a table also its header and caption, which a cell is read by."""
    named = [str(citation.get(name) or "") for name in ("quote", "date", "title", "section", "figure", "issuer")]
    if str(citation.get("kind")).startswith("table") and _at(citation, texts):
        before = texts[citation["source"]][: citation["end"]]
        named.append("\n\n".join(before.split("\n\n")[-2:]))
    return "\n".join(named)


def _holds(figure: Mapping[str, Any], answer: Answered, cited: str) -> bool:
    stated, verdict = str(figure.get("text") or ""), figure.get("verdict")
    quoted = "\n".join(str(c.get("quote") or "") for c in answer.get("citations") or ())
    results = " ".join(f"{c.get('result')} {c.get('substituted')}" for c in answer.get("calculations") or ())
    if verdict == "quoted":
        return _stands(stated, cited)
    if verdict == "given":
        return _stands(stated, answer.get("question") or "")
    if verdict == "rounded":
        return _rounds(stated, cited)
    if verdict == "derived":
        return bool(answer.get("calculations"))
    return not (_stands(stated, quoted) or _stands(stated, results))


def _stands(stated: str, place: str) -> bool:
    """Whether each number of `stated` is printed in `place`, its digits alike, or is the same quantity there."""
    digits = set(re.findall(r"\d+(?:\.\d+)?", fold(stated).replace(",", "")))
    there = set(re.findall(r"\d+(?:\.\d+)?", fold(place).replace(",", "")))
    return digits <= there or _same_value(stated, place, 0.0)


def _rounds(stated: str, place: str) -> bool:
    return _same_value(stated, place, 0.05)


def _same_value(stated: str, place: str, slack: float) -> bool:
    there = [abs(value) for quantity in find_quantities(place) for value in _values(quantity)]
    mine = [(abs(v), float(q.half_unit)) for q in find_quantities(stated) for v in _values(q)]
    near = [any(abs(v - t) <= max(1e-9 * v, min(half, slack * v)) for t in there) for v, half in mine]
    return bool(near) and all(near)


# ---------------------------------------------------------------- together


def right(case: Case, answer: Answered, texts: Texts) -> Judgement:
    """1 where the answer as a whole is right: not wrongly refused or answered, every number and term said, nothing
    wrong said, and some of each question's evidence cited."""
    parts = {score.__name__: score(case, answer, texts) for score in (refusal, numbers, terms, lists)}
    faults = [made.explanation for made in parts.values() if made.value is not None and made.value < 1]
    if case.unanswerable:
        faults = [parts["refusal"].explanation] if parts["refusal"].value == 0 else []
    elif evidence_recall(case, answer, texts).value == 0:
        faults.append("none of the evidence is cited")
    return Judgement(float(not faults), "; ".join(faults) or "right")


SCORES: dict[str, Score] = {
    score.__name__: score
    for score in (
        right,
        refusal,
        numbers,
        terms,
        lists,
        evidence_recall,
        evidence_precision,
        quotes,
        verdicts,
        language,
    )
}


def _short(text: str, length: int = 60) -> str:
    line = " ".join(text.split())
    return f"“{line if len(line) <= length else line[:length] + '…'}”"

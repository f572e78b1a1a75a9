"""Whether places and calculations show what a sentence says; which of them do, and what is wrong where none does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant import grounding
from assistant.chain.pool import Item
from assistant.chunking import units
from assistant.grounding.places import Places
from assistant.grounding.review import is_silent
from assistant.grounding.wording import content_words, read_wording
from assistant.language import script_of
from assistant.quantities import find_quantities
from assistant.types import Calculation, Citation, Language, Report

_LIKENESS, _WITH_FIGURES = 0.3, 0.15  # of the words of a sentence, in the places that it cites
_SHORT, _LONGEST = 160, 420  # characters: a place cited whole; the most of a longer one


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence without its marks, the places and calculations that it cites, and the calculations made before."""

    text: str
    items: tuple[Item, ...]
    sums: tuple[Calculation, ...]
    earlier: tuple[Calculation, ...] = ()


def supported(claim: Claim, question: str, places: Places, language: Language) -> bool:
    """Whether nothing in a sentence lacks its support, and what it says beside figures is like what it cites."""
    found = _review(claim, question, places, language)
    if not found.passes:
        return False
    shown = any(figure.verdict in ("quoted", "rounded", "derived") for figure in found.figures)
    if not claim.items:
        return shown
    return _like(claim) >= (_WITH_FIGURES if shown else _LIKENESS)


def supporting(claim: Claim, items: Sequence[Item], question: str, places: Places) -> tuple[Item, ...]:
    """The places among `items` that show a sentence which its own do not: one, else a few together, or none."""
    citations, reports = _cited(items)
    found = grounding.supporting(claim.text, citations, reports, question, places)
    return tuple(items[citation.n - 1] for citation in found)


def reasons(claim: Claim, question: str, places: Places, language: Language) -> list[str]:
    """What is wrong with each figure, date, name or quotation of a sentence, in a sentence each."""
    return [f"“{fault.text}”: {fault.said}" for fault in _review(claim, question, places, language).faults]


def owns_up(text: str, question: str) -> bool:
    """Whether a sentence only says that the reports don't say what was asked, which no place can show."""
    words = content_words(text)
    near = len(words & content_words(question)) / len(words) if words else 0.0
    return is_silent(text) and not find_quantities(text) and near >= _LIKENESS


def tightened(
    claim: Claim, question: str, places: Places, language: Language
) -> Iterator[tuple[Item, int, int]]:
    """Each place with the stretch of it that the sentence needs: the fewest whole sentences that still show it."""
    for i, item in enumerate(claim.items):
        if item.kind != "text" or item.end - item.start <= _SHORT:
            yield item, item.start, item.end
            continue
        for start, end in _stretches(claim, item):
            part = replace(item, start=start, end=end)
            others = (*claim.items[:i], part, *claim.items[i + 1 :])
            if supported(replace(claim, items=others), question, places, language):
                yield item, start, end
                break
        else:
            yield item, item.start, item.end


def _stretches(claim: Claim, item: Item) -> list[tuple[int, int]]:
    """One, two or three sentences on end of a place, those most like the claim first, shorter ones before longer."""
    pieces = [(item.start + a, item.start + b) for a, b in units(item.quote)]
    runs = [
        (pieces[i][0], pieces[i + n][1]) for n in range(3) for i in range(len(pieces) - n)
        if pieces[i + n][1] - pieces[i][0] <= _LONGEST
    ]  # fmt: skip
    likeness = {run: _like(replace(claim, items=(replace(item, start=run[0], end=run[1]),))) for run in runs}
    return sorted(runs, key=lambda run: -likeness[run] + 0.0005 * (run[1] - run[0]))[:6]


def _review(claim: Claim, question: str, places: Places, language: Language) -> grounding.Review:
    citations, reports = _cited(claim.items)
    sums = list({made.id: made for made in (*claim.earlier, *claim.sums)}.values())
    return grounding.review(claim.text, citations, reports, sums, question, language, places)


def _cited(items: Sequence[Item]) -> tuple[list[Citation], dict[str, Report]]:
    citations = [item.citation(n) for n, item in enumerate(items, 1)]
    return citations, {item.report.report_id: item.report for item in items}


def _like(claim: Claim) -> float:
    """The share of a sentence's words that its places have, in their text or in what stands around it; across
    languages the share of the names and measures that both have."""
    if not claim.items:
        return 0.0
    context = " ".join(_around(item) for item in claim.items)
    if (script_of(claim.text) == "en") != (script_of(context) == "en"):
        return _terms_shared(claim.text, context)
    said = content_words(claim.text)
    return len(said & content_words(context)) / len(said) if said else 0.0


def _around(item: Item) -> str:
    table = " ".join([item.table.caption or "", *(c.label for c in item.table.columns)]) if item.table else ""
    return f"{item.quote} {item.section or ''} {table} {item.report.issuer or ''}"


def _terms_shared(text: str, context: str) -> float:
    said, shown = read_wording(text), read_wording(context)
    ours = {name.id for name in (*said.names, *said.measures)}
    return len(ours & {name.id for name in (*shown.names, *shown.measures)}) / len(ours) if ours else 0.0


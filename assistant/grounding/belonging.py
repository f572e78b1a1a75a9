"""Whose figure a figure is, and what it measures, by the names and measures around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.grounding.cues import CLAUSE_END, cue
from assistant.quantities import Quantity

_JOINT = re.compile(r"\s*(?:[/、,，及和與与跟&;；]|and|versus|vs\.?|以及)?\s*(?:及|和|与|and)?\s*", re.I)
BRACKETED = re.compile(r"[(（][^()（）]*[)）]")


@dataclass(frozen=True, slots=True)
class Name:
    """A company, product… named at `start:end` of the text; `owner` is the company that a product belongs to."""

    id: str
    kind: str
    owner: str | None
    start: int
    end: int


def assigned(text: str, quantities: Sequence[Quantity], names: Sequence[Name]) -> list[frozenset[str]]:
    """The names that each figure belongs to: paired lists first (A and B rose 5% and 3%), then "5% on A", then the
    name or joined names before it in its sentence, then after it in its clause."""
    if not names:
        return [frozenset()] * len(quantities)
    groups = list(_joined(text, names))
    paired = _paired(text, quantities, groups)
    starts = [q.start for q in quantities] + [len(text)]
    return [paired.get(i) or _owner_of(text, q, groups, starts[i + 1]) for i, q in enumerate(quantities)]


def _joined(text: str, names: Sequence[Name]) -> Iterator[list[list[Name]]]:
    """Names that stand in one list, as lists of spellings of the same thing: [[MiniMax, 100 HK], [智譜, 2513 HK]]."""
    group: list[list[Name]] = []
    for name in names:
        if group:
            before = group[-1][-1]
            gap = text[before.end : name.start]
            if name.id == before.id and len(gap) < 12 and not re.search("[。；;\n]", gap):
                group[-1].append(name)
                continue
            bare = re.sub(r"^[^()（）]*[)）]|[(（][^()（）]*$", "", BRACKETED.sub("", gap))
            if _JOINT.fullmatch(bare) and bare.strip():
                group.append([name])
                continue
            yield group
        group = [[name]]
    if group:
        yield group


def _paired(text: str, quantities: Sequence[Quantity], groups: Sequence[list[list[Name]]]) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for run in lists(text, quantities):
        if len(run) < 2:
            continue
        start = quantities[run[0]].start
        before = [
            g
            for g in groups
            if len(g) == len(run) and g[-1][-1].end <= start and _same_sentence(text, g[-1][-1].end, start)
        ]
        if before and not any(before[-1][-1][-1].end < g[0][0].start < start for g in groups):
            for i, same in zip(run, before[-1], strict=True):
                found[i] = frozenset(name.id for name in same)
    return found


def lists(text: str, quantities: Sequence[Quantity]) -> Iterator[list[int]]:
    """Indices of figures that stand in one list."""
    run: list[int] = []
    for i, q in enumerate(quantities):
        if run and _JOINT.fullmatch(text[quantities[run[-1]].end : q.start]):
            run.append(i)
        else:
            if run:
                yield run
            run = [i]
    if run:
        yield run


def _owner_of(text: str, q: Quantity, groups: Sequence[list[list[Name]]], following: int) -> frozenset[str]:
    for group in groups:
        first = group[0][0]
        if first.start >= q.end and cue("following").match(text[q.end : first.start]):
            return _ids(group)
    before = next((g for g in reversed(groups) if g[-1][-1].end <= q.start), None)
    if before and _same_sentence(text, before[-1][-1].end, q.start):
        return _ids(before)
    after = next((g for g in groups if q.end <= g[0][0].start < following), None)
    return _ids(after) if after and not CLAUSE_END.search(text, q.end, after[0][0].start) else frozenset()


def _ids(group: list[list[Name]]) -> frozenset[str]:
    return frozenset(name.id for same in group for name in same)


def _same_sentence(text: str, start: int, end: int) -> bool:
    return not cue("boundary").search(text[start:end])


def governing(text: str, q: Quantity, measures: Sequence[Name]) -> frozenset[str]:
    """What a figure measures: the last measure before it in its sentence, else the next in its clause."""
    before = next((m for m in reversed(measures) if m.end <= q.start), None)
    if before and _same_sentence(text, before.end, q.start):
        return frozenset({before.id})
    after = next((m for m in measures if m.start >= q.end), None)
    return frozenset({after.id}) if after and not CLAUSE_END.search(text, q.end, after.start) else frozenset()

"""Runs as tables of words, which a terminal and a page show alike: figures, worst cases, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evaluation.runs import ALL, Comparison, Result, Run, compare, matching
from assistant.evaluation.statistics import Estimate

WORST = 10
SIGNIFICANT = 0.05
_CHANGE = ("before", "after", "change", "95 %", "p", "")
_SHOWN = 8  # ids of cases that got better or worse


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, the columns' names, and rows of as many cells."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(runs: Sequence[Run], earlier: Sequence[Run] = ()) -> list[Table]:
    """Everything there is to say of runs of one eval, and of how they differ from earlier ones."""
    made = [overall(run) for run in runs if run.pooled]
    made += [by_group(runs)]
    made += [worst(run) for run in runs[:1] if run.pooled]
    made += [between(runs)]
    for run in runs:
        before = matching(run, earlier)
        if before:
            made.append(
                against(before, run, f"compared with {before.made_at[:16]} ({before.commit or before.version})")
            )
    return [table for table in made if table.rows]


def title_of(run: Run) -> str:
    """What was measured, in a line."""
    parts = (run.task, *run.inputs.values(), f"version {run.version}", run.commit, f"fingerprint {run.fingerprint}")
    return " · ".join(part for part in parts if part)


def overall(run: Run) -> Table:
    """Each score over all cases that have it."""
    rows = [(name, _mean(e), _interval(e), f"{e.count:,}") for name, e in run.figures()[ALL].items()]
    return Table(title_of(run), ("score", "mean", "95 %", "cases"), tuple(rows))


def by_group(runs: Sequence[Run]) -> Table:
    """A row a group and system: the first score with its interval, the means of the others."""
    names = list(dict.fromkeys(name for run in runs for row in run.figures().values() for name in row))
    several = len(runs) > 1
    groups = dict.fromkeys(group for run in runs for group in run.figures())
    rows = [_group_row(run, group, names, several) for group in groups for run in runs if group in run.figures()]
    title = "by group" if not several and runs[0].pooled else title_of(runs[0])
    head = ("group", *(("system",) if several else ()), "cases", names[0], "95 %", *names[1:])
    return Table(title, head, tuple(rows))


def _group_row(run: Run, group: str, names: Sequence[str], several: bool) -> tuple[str, ...]:
    row = run.figures()[group]
    first = row.get(names[0])
    count = max((estimate.count for estimate in row.values()), default=0)
    lead = (group, *((run.system,) if several else ()), f"{count:,}")
    return (*lead, _mean(first), _interval(first), *(_mean(row.get(name)) for name in names[1:]))


def worst(run: Run, count: int = WORST) -> Table:
    """The cases with the lowest first score, of those alike the lowest on average, with the reason."""
    bad = [result for result in run.results if result.reasons and _badness(result)[0] < 1]
    chosen = sorted(bad, key=_badness)[:count]
    rows = [(result.id, _clipped(result.question), _clipped(_reason(result), 150)) for result in chosen]
    return Table("worst cases", ("id", "question", "why"), tuple(rows))


def _badness(result: Result) -> tuple[float, float]:
    values = list(result.scores.values()) or [1.0]
    return values[0], sum(values) / len(values)


def _reason(result: Result) -> str:
    return next((why for name in result.scores if (why := result.reasons.get(name))), "")


def against(before: Run, after: Run, title: str) -> Table:
    """How each score changed, whether that is more than chance, and which cases got better or worse."""
    rows = tuple(_change_row(comparison) for comparison in compare(before, after))
    note = (
        ""
        if before.inputs.get("questions") == after.inputs.get("questions")
        else "; other questions: those of both count"
    )
    return Table(title + note, ("score", *_CHANGE, "better", "worse"), rows)


def between(runs: Sequence[Run]) -> Table:
    """How the first score of each other system differs from the first system's over the same cases."""
    changed = [(run, compare(runs[0], run)[:1]) for run in runs[1:]]
    rows = tuple((run.system, *_change(made)) for run, found in changed for made in found)
    return Table(f"compared with {runs[0].system}", ("system", "score", *_CHANGE, "better", "worse"), rows)


def _change(made: Comparison) -> tuple[str, ...]:
    return (*_change_row(made)[:-2], str(len(made.better)), str(len(made.worse)))


def _change_row(made: Comparison) -> tuple[str, ...]:
    change, sure = made.change, made.change.p < SIGNIFICANT
    interval = f"{change.low:+.3f} to {change.high:+.3f}"
    told = f"significant ({change.test})" if sure else "may be chance"
    figures = (_number(made.before), _number(made.after), f"{change.mean:+.3f}", interval, f"{change.p:.3f}", told)
    return (made.score, *figures, _ids(made.better), _ids(made.worse))


def _ids(ids: Sequence[str]) -> str:
    shown = " ".join(ids[:_SHOWN])
    return f"{len(ids)}: {shown}{' …' if len(ids) > _SHOWN else ''}" if ids else "0"


def _mean(estimate: Estimate | None) -> str:
    return _number(estimate.mean) if estimate else "–"


def _interval(estimate: Estimate | None) -> str:
    return f"{_number(estimate.low)}–{_number(estimate.high)}" if estimate else "–"


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def _clipped(text: str, length: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"

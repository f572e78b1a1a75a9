"""A run of an eval as plain data: results by case, figures by group; kept as JSON, compared with another run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant import __version__
from assistant.errors import InputError
from assistant.evaluation.statistics import Difference, Estimate, difference, estimate

ALL = "all"
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case. `scores` lacks what could not be scored; `reasons` says why a score is not full.
    `groups` are the rows of the table that the case counts in, beside "all"."""

    id: str
    question: str
    groups: tuple[str, ...]
    scores: dict[str, float]
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """The results of one task by one system. `inputs` is what they depend on, in full or as digests; `smaller` are
    the scores of which less is better. `pooled` is False where an average over all groups means nothing."""

    task: str
    system: str
    results: tuple[Result, ...]
    inputs: dict[str, str] = field(default_factory=dict)
    smaller: tuple[str, ...] = ()
    pooled: bool = True
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    version: str = __version__
    commit: str | None = field(default_factory=lambda: commit())
    kept: dict[str, dict[str, Estimate]] | None = None  # the figures, where the results were not kept

    @property
    def fingerprint(self) -> str:
        """A digest of everything that the results depend on, the program itself excepted."""
        return digest(json.dumps({**self.inputs, "task": self.task, "system": self.system}, sort_keys=True))

    def figures(self) -> dict[str, dict[str, Estimate]]:
        """The estimate of each score by group, "all" first."""
        return self._figures if self.kept is None else self.kept

    @cached_property
    def _figures(self) -> dict[str, dict[str, Estimate]]:
        groups = [ALL] if self.pooled else []
        kinds = max((len(result.groups) for result in self.results), default=0)
        groups += dict.fromkeys(r.groups[i] for i in range(kinds) for r in self.results if i < len(r.groups))
        return {group: self._row(group) for group in groups}

    def _row(self, group: str) -> dict[str, Estimate]:
        counted = [result for result in self.results if group == ALL or group in result.groups]
        names = dict.fromkeys(name for result in self.results for name in result.scores)
        values = {name: [r.scores[name] for r in counted if name in r.scores] for name in names}
        return {name: estimate(found) for name, found in values.items() if found}


def commit() -> str | None:
    """The commit of the checkout that this is run from, marked where files differ from it; None outside a checkout."""
    import subprocess

    folder = Path(__file__).parent
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout.strip() or None


def digest(*parts: str | bytes) -> str:
    """The first twelve hexadecimal digits of the SHA-256 of the parts."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.encode() if isinstance(part, str) else part)
        whole.update(b"\0")
    return whole.hexdigest()[:12]


# ---------------------------------------------------------------- comparison


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one score changed over the cases of both runs, and the cases that got better or worse."""

    score: str
    before: float
    after: float
    change: Difference
    better: tuple[str, ...]
    worse: tuple[str, ...]
    common: int


def compare(before: Run, after: Run) -> list[Comparison]:
    """A comparison for each score that both runs have, over the cases that both could score."""
    old = {result.id: result.scores for result in before.results}
    names = dict.fromkeys(name for result in after.results for name in result.scores)
    return [made for name in names if (made := _compared(name, old, after))]


def _compared(name: str, old: Mapping[str, Mapping[str, float]], after: Run) -> Comparison | None:
    pairs = {
        r.id: (old[r.id][name], r.scores[name]) for r in after.results if name in r.scores and name in old.get(r.id, ())
    }
    if not pairs:
        return None
    first, second = zip(*pairs.values(), strict=True)
    rose = tuple(key for key, (a, b) in pairs.items() if b > a)
    fell = tuple(key for key, (a, b) in pairs.items() if b < a)
    better, worse = (fell, rose) if name in after.smaller else (rose, fell)
    count = len(pairs)
    return Comparison(name, sum(first) / count, sum(second) / count, difference(first, second), better, worse, count)


# ---------------------------------------------------------------- JSON


def run_data(run: Run, results: bool = True) -> dict[str, Any]:
    """A run as JSON; without `results` only its figures."""
    figures = {
        group: {name: _rounded(asdict(value)) for name, value in row.items()} for group, row in run.figures().items()
    }
    head = {name: getattr(run, name) for name in ("task", "system", "made_at", "version", "commit", "fingerprint")}
    data = {**head, "inputs": run.inputs, "smaller": run.smaller, "pooled": run.pooled, "figures": figures}
    return data | ({"results": [_result_data(result) for result in run.results]} if results else {})


def _result_data(result: Result) -> dict[str, Any]:
    return asdict(result) | {"scores": _rounded(result.scores)}


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in values.items()}


def save(runs: Sequence[Run], path: Path, results: bool = True) -> None:
    """Writes runs to a file, with their results or with the figures alone."""
    text = json.dumps(
        {"runs": [run_data(run, results) for run in runs]}, ensure_ascii=False, indent=None if results else 1
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> list[Run]:
    """The runs of a file made by `assistant eval --json` or kept by it. Raises InputError."""
    try:
        return [_run_of(data) for data in json.loads(path.read_text(encoding="utf-8"))["runs"]]
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path} holds no run; give a file that `assistant eval --json` printed") from None


def _run_of(data: Mapping[str, Any]) -> Run:
    figures = {
        group: {name: Estimate(**value) for name, value in row.items()} for group, row in data["figures"].items()
    }
    results = tuple(Result(**{**row, "groups": tuple(row["groups"])}) for row in data.get("results", ()))
    return Run(
        **{name: data[name] for name in ("task", "system", "made_at", "version", "commit", "inputs", "pooled")},
        smaller=tuple(data["smaller"]),
        results=results,
        kept=figures,
    )


def matching(run: Run, earlier: Iterable[Run]) -> Run | None:
    """The earlier run of the same task and system."""
    return next((each for each in earlier if (each.task, each.system) == (run.task, run.system)), None)

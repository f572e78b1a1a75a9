"""Means with their uncertainty, and whether one run is better than another. The same seed gives the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

RESAMPLES = 2000
_AT_ONCE = 1_000_000  # values drawn at once
_TAIL = 2.5  # percent on each side


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % bootstrap interval, over `count` values."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the means of paired values are apart (after minus before), its 95 % interval, and the probability `p`
    of so large a difference where there is none, by `test`."""

    mean: float
    low: float
    high: float
    p: float
    test: str


def estimate(values: Sequence[float], seed: int = 1) -> Estimate:
    """The mean of at least one value with its interval."""
    low, high = _interval(_means(values, seed))
    return Estimate(sum(values) / len(values), low, high, len(values))


def difference(before: Sequence[float], after: Sequence[float], seed: int = 1) -> Difference:
    """Paired values compared: McNemar's exact test for right and wrong, else the paired bootstrap."""
    changes = [b - a for a, b in zip(before, after, strict=True)]
    means = _means(changes, seed)
    low, high = _interval(means)
    binary = {*before, *after} <= {0.0, 1.0}
    p = mcnemar(changes.count(1.0), changes.count(-1.0)) if binary else _bootstrapped(changes, means)
    return Difference(sum(changes) / len(changes), low, high, p, "McNemar" if binary else "paired bootstrap")


def mcnemar(better: int, worse: int) -> float:
    """The two-sided exact probability of so uneven a split of `better` and `worse` among equals."""
    changed, fewer = better + worse, min(better, worse)
    tail = sum(comb(changed, k) for k in range(fewer + 1)) / float(2**changed)
    return min(1.0, 2 * tail)


def _means(values: Sequence[float], seed: int) -> Any:
    import numpy as np

    chance, data = np.random.default_rng(seed), np.asarray(values, dtype=float)
    rounds = max(1, min(RESAMPLES, _AT_ONCE // len(data)))
    sizes = [min(rounds, RESAMPLES - done) for done in range(0, RESAMPLES, rounds)]
    return np.concatenate([data[chance.integers(0, len(data), (size, len(data)))].mean(axis=1) for size in sizes])


def _interval(means: Any) -> tuple[float, float]:
    import numpy as np

    low, high = np.percentile(means, [_TAIL, 100 - _TAIL])
    return float(low), float(high)


def _bootstrapped(changes: Sequence[float], means: Any) -> float:
    if not any(changes):
        return 1.0
    beyond = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return min(1.0, 2 * (beyond + 1) / (RESAMPLES + 1))

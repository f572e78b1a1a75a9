"""Charts as SVG to stand inside a page: bars with their intervals, and lines over growing sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from assistant.evaluation.statistics import Estimate

_ROW, _LEFT, _WIDE, _RIGHT = 24, 260, 420, 90
_HIGH, _FOOT, _LEGEND = 220, 30, 20
_COLOURS = ("#1f6feb", "#b35900", "#2da44e", "#8250df", "#bf3989", "#57606a")


def bars(rows: Sequence[tuple[str, Estimate]], title: str) -> str:
    """A bar a row from 0 to the largest value (at least 1), its 95 % interval as a thin line."""
    top = max([1.0, *(estimate.high for _, estimate in rows)])
    drawn = "".join(_bar(label, estimate, i * _ROW, top) for i, (label, estimate) in enumerate(rows))
    return _svg(_LEFT + _WIDE + _RIGHT, max(len(rows), 1) * _ROW, title, drawn)


def _bar(label: str, estimate: Estimate, y: int, top: float) -> str:
    middle, value, low, high = (
        y + _ROW // 2,
        *(_WIDE * max(x, 0) / top for x in (estimate.mean, estimate.low, estimate.high)),
    )
    return (
        f'<text x="{_LEFT - 8}" y="{middle + 4}" text-anchor="end">{escape(_clipped(label))}</text>'
        f'<rect x="{_LEFT}" y="{y + 5}" width="{value:.1f}" height="{_ROW - 10}" fill="{_COLOURS[0]}" opacity=".75"/>'
        f'<line x1="{_LEFT + low:.1f}" x2="{_LEFT + high:.1f}" y1="{middle}" y2="{middle}" stroke="currentColor"/>'
        f'<text x="{_LEFT + max(value, high) + 6:.1f}" y="{middle + 4}">{estimate.mean:.3f}</text>'
    )


def lines(series: Mapping[str, Sequence[tuple[str, float]]], title: str) -> str:
    """A line a series over the same labels, the height in powers of ten; values have to be above 0."""
    labels = list(dict.fromkeys(label for points in series.values() for label, _ in points))
    logs = [math.log10(value) for points in series.values() for _, value in points if value > 0] or [0.0]
    low, high = math.floor(min(logs)), max(math.ceil(max(logs)), math.floor(min(logs)) + 1)

    def at(label: str, value: float) -> tuple[float, float]:
        x = 70 + labels.index(label) * _WIDE / max(len(labels) - 1, 1)
        return x, 10 + _HIGH * (high - math.log10(value)) / (high - low)

    grid = (
        "".join(_gridline(10.0**power, at(labels[0], 10.0**power)[1]) for power in range(low, high + 1))
        if labels
        else ""
    )
    foot = "".join(
        f'<text x="{at(label, 10.0**low)[0]:.0f}" y="{_HIGH + 28}" text-anchor="middle">{escape(label)}</text>'
        for label in labels
    )
    drawn = "".join(
        _line(name, [at(*p) for p in points if p[1] > 0], i) for i, (name, points) in enumerate(series.items())
    )
    return _svg(_WIDE + 140, _HIGH + _FOOT + 10 + _LEGEND * len(series), title, grid + foot + drawn)


def _gridline(value: float, y: float) -> str:
    label = f'<text x="62" y="{y + 4:.1f}" text-anchor="end">{value:,g}</text>'
    return f'<line x1="70" x2="{70 + _WIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" opacity=".2"/>{label}'


def _line(name: str, points: Sequence[tuple[float, float]], number: int) -> str:
    colour = _COLOURS[number % len(_COLOURS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    y = _HIGH + _FOOT + 16 + _LEGEND * number
    legend = f'<circle cx="76" cy="{y - 4}" r="4" fill="{colour}"/><text x="88" y="{y}">{escape(name)}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{legend}'


def _svg(width: int, height: int, title: str, drawn: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(title, quote=True)}" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-size="12" fill="currentColor">{drawn}</svg>'
    )


def _clipped(label: str, length: int = 38) -> str:
    return label if len(label) <= length else label[: length - 1] + "…"

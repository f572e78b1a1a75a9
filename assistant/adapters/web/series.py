"""Series of cited points: the rows that an answer cites, over the periods of their table; as a chart and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assistant.adapters.web.nodes import words
from assistant.adapters.web.sheets import CitedRow, amount, by_table, name_of
from assistant.quantities import find_periods
from assistant.reading.labels import readable
from assistant.reading.tables import unit_of
from assistant.types import Cell, Column, Row

_FEWEST = 3  # points of a series worth looking at as a chart
_MOST = 8  # lines that one chart still shows apart


@dataclass(frozen=True, slots=True)
class Point:
    """A cell as a point: the number as printed, in the series' unit, and where it stands."""

    period: str
    value: Decimal
    cell: Cell


@dataclass(frozen=True, slots=True)
class Series:
    """A row over the periods of its table; `unit` as printed."""

    name: str
    unit: str
    cited: CitedRow
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Series of one table in one unit, to be drawn together over the same periods."""

    title: str
    unit: str
    periods: tuple[str, ...]
    series: tuple[Series, ...]


def panels(rows: Sequence[CitedRow]) -> list[Panel]:
    """What of the cited rows can be drawn; growth columns ("25-YoY") are left out, the levels say it."""
    found = []
    for group in by_table(rows):
        drawn = [made for cited in group if len((made := _series(cited)).points) >= _FEWEST]
        for unit in dict.fromkeys(series.unit for series in drawn):
            alike = tuple(series for series in drawn if series.unit == unit)[:_MOST]
            used = {point.period for series in alike for point in series.points}
            periods = tuple(c.label for c in group[0].table.columns if c.label in used)
            found.append(Panel(name_of(group[0].table), unit, periods, alike))
    return found


def _series(cited: CitedRow) -> Series:
    points, unit = [], ""
    for cell in cited.row.cells:
        column = cited.table.columns[cell.column] if cell.column < len(cited.table.columns) else None
        said = amount(cited.table, cited.row, cell) if column and _is_level(column) else None
        if column and said and said.low is None:
            points.append(Point(column.label, said.value / said.scale, cell))
            unit = unit or unit_of(cited.table, cited.row, column) or said.unit or ""
    return Series(label(cited.row), words(unit), cited, tuple(points))


def label(row: Row) -> str:
    """A row's label without its list dash."""
    return words(readable(row.label)).lstrip("-–—• ") or words(row.label)


def _is_level(column: Column) -> bool:
    periods = find_periods(column.label) if column.period else []
    return bool(periods) and not periods[0].growth_of


def options(panel: Panel, dark: bool) -> dict[str, Any]:
    """A panel for ECharts. Names and units of reports are values only, never keys, and drawn as plain text."""
    ink, line = ("#c9d1d9", "#39424d") if dark else ("#3c4450", "#dfe2e6")
    several = len(panel.series) > 1
    axis = {"axisLabel": {"color": ink}, "axisLine": {"lineStyle": {"color": line}}}
    return {
        "backgroundColor": "transparent",
        "animation": False,
        "aria": {"enabled": True},
        "color": ["#2f6db3", "#c9772b", "#2e8b6f", "#8a5fb0", "#b4465a", "#5d7a1f", "#3a98b9", "#8a6d3b"],
        "textStyle": {"fontFamily": "inherit"},
        "grid": {"left": 12, "right": 16, "top": 40, "bottom": 36 if several else 12, "containLabel": True},
        "tooltip": {"trigger": "axis", "renderMode": "richText"},
        "legend": {"show": several, "bottom": 0, "type": "scroll", "textStyle": {"color": ink}},
        "xAxis": {"type": "category", "data": list(panel.periods)} | axis,
        "yAxis": {"type": "value", "name": panel.unit, "nameTextStyle": {"color": ink, "align": "left"},
                  "splitLine": {"lineStyle": {"color": line}}} | axis,
        "series": [_line(panel, series) for series in panel.series],
    }  # fmt: skip


def _line(panel: Panel, series: Series) -> dict[str, Any]:
    values = {point.period: float(point.value) for point in series.points}
    data = [values.get(period) for period in panel.periods]
    return {"type": "line", "name": series.name, "data": data, "symbolSize": 8, "lineStyle": {"width": 2}}


def point_at(panel: Panel, series: int, index: int) -> tuple[Series, Point] | None:
    """The point that was clicked: the `index`-th period of a series."""
    if not 0 <= series < len(panel.series) or not 0 <= index < len(panel.periods):
        return None
    chosen = panel.series[series]
    point = next((p for p in chosen.points if p.period == panel.periods[index]), None)
    return (chosen, point) if point else None


def as_csv(rows: Sequence[CitedRow]) -> str:
    """Every cited cell that holds a number, one a line, with its unit and the exact place it stands at."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["table", "row", "column", "printed", "value", "unit", "citation", "source", "title", "issuer", "date", "page",
         "start", "end"]
    )  # fmt: skip
    for cited in rows:
        for cell in cited.row.cells:
            if said := amount(cited.table, cited.row, cell):
                writer.writerow([_harmless(value) for value in _line_of(cited, cell, said.value, said.unit)])
    return out.getvalue()


def _line_of(cited: CitedRow, cell: Cell, value: Decimal, unit: str | None) -> list[object]:
    report, table = cited.report, cited.table
    printed = report.date if report.date_basis == "printed" else None
    return [name_of(table), label(cited.row), table.columns[cell.column].label, words(cell.text),
            f"{value:f}", unit, f"[{cited.n}]", report.source, report.title, report.issuer, printed, table.page,
            cell.start, cell.end]  # fmt: skip


def _harmless(value: object) -> object:
    """Text that a spreadsheet would run as a formula is kept as text; numbers stay numbers."""
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return value
    return value if value.lstrip("+-").replace(".", "").replace(",", "").rstrip("%").isdigit() else f"'{value}"

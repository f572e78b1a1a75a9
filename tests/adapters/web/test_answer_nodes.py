"""What of an answer becomes which node: plain data, before any browser sees it."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from assistant.adapters.web import answer as answers
from assistant.adapters.web import markup, series
from assistant.adapters.web.access import preferred
from assistant.adapters.web.export import as_markdown
from assistant.adapters.web.sheets import cell_stating, cited_rows
from assistant.adapters.web.texts import say
from assistant.language import to_simplified
from assistant.reading import read
from assistant.types import Answer, Citation, Report, StatedFigure

NOTE = """# 星河科技点评

表 1：盈利预测（百万元）

| 项目 | 2024 | 2025E | 2026E | 25-YoY |
|---|---|---|---|---|
| =SUM(A1) 收入 | 10000 | 12000 | 15000 | 20% |
| - 净利润 | 900 | 1200 | 1800 | 33% |
"""


@pytest.fixture(scope="module")
def report() -> Report:
    return read(NOTE.encode(), "note.md")


def cite(report: Report, n: int, text: str, kind: str = "text") -> Citation:
    """A citation of a stretch of the note."""
    start = report.text.index(text)
    about = (report.report_id, report.source, report.title, None, None, None, None, None)
    return Citation(n, *about, kind, text, start, start + len(text))  # type: ignore[arg-type]


def row(report: Report, n: int, index: int) -> Citation:
    """A citation of a row of the note's table."""
    found = report.tables[0].rows[index]
    return cite(report, n, report.text[found.start : found.end], "table_row")


def flat(nodes: Any) -> Iterator[Any]:
    """Every node, depth first."""
    for node in nodes:
        yield node
        if isinstance(node, list):
            yield from flat(node[2])


def shown(answer: Answer, report: Report) -> list[Any]:
    return list(flat(answers.nodes(answer, "en", lambda _: report)))


def acts(nodes: list[Any], act: str) -> list[Any]:
    return [node for node in nodes if isinstance(node, list) and node[1].get("act") == act]


def test_every_stated_figure_is_found_again_in_order_and_each_mark_becomes_a_chip(report: Report) -> None:
    figures = tuple(StatedFigure(t, v, None, "quoted", "[1]") for t, v in (("12", "12"), ("2", "2"), ("12", "12")))
    answer = Answer("?", "en", "answered", "In 2012 it was **12**, then 2 and 12 again [1][9].", figures=figures)
    answer = Answer(**{**{f: getattr(answer, f) for f in answer.__slots__}, "citations": (cite(report, 1, "星河"),)})
    nodes = shown(answer, report)
    assert [node[2] for node in acts(nodes, "figure")] == [["12"], ["2"], ["12"]]
    assert [node[1]["value"] for node in acts(nodes, "figure")] == [0, 1, 2]
    assert [node[2] for node in acts(nodes, "cite") if "chip" in node[1]["class"]] == [["1"]]
    assert any(node == "[9]." or (isinstance(node, str) and "[9]" in node) for node in nodes)  # nothing to point to


def test_list_items_that_state_whole_rows_become_one_table(report: Report) -> None:
    values = ("10000", "12000", "15000", "20%", "900", "1200", "1800", "33%")
    figures = tuple(StatedFigure(v, v.rstrip("%"), None, "quoted", f"[{1 + i // 4}]") for i, v in enumerate(values))
    text = "- 收入: 2024 10000, 2025E 12000, 2026E 15000, 25-YoY 20% [1]\n"
    text += "- 净利润: 2024 900, 2025E 1200, 2026E 1800, 25-YoY 33% [2]\n"
    answer = Answer("?", "en", "answered", text, (row(report, 1, 0), row(report, 2, 1)), figures=figures)
    nodes = shown(answer, report)
    tables = [node for node in nodes if isinstance(node, list) and node[0] == "table"]
    assert len(tables) == 1 and not [node for node in nodes if isinstance(node, list) and node[0] == "ul"]
    assert [node[2][0] for node in acts(nodes, "figure")] == list(values)


def test_items_that_say_anything_else_stay_as_they_are(report: Report) -> None:
    figures = tuple(StatedFigure(v, v, None, "quoted", "[1]") for v in ("10000", "12000", "15000", "99"))
    text = "- 收入: 10000, 12000, 15000, 99 [1]\n"
    answer = Answer("?", "en", "answered", text, (row(report, 1, 0),), figures=figures)
    assert not [node for node in shown(answer, report) if isinstance(node, list) and node[0] == "table"]


@pytest.mark.parametrize(
    "text", ["[a](javascript:x)", "![a](http://h/p.png)", "<b>a</b>", "<http://h/>", "&lt;b&gt;", "[r]\n\n[r]: http://h/"]
)
def test_links_pictures_and_html_stay_the_characters_they_are(text: str) -> None:
    nodes = list(flat(markup.nodes(text, lambda words: [words])))
    assert {node[0] for node in nodes if isinstance(node, list)} <= {"p"}
    assert "".join(node for node in nodes if isinstance(node, str)).replace("\n", "") == text.replace("\n", "")


def test_characters_that_turn_the_direction_of_writing_are_left_out(report: Report) -> None:
    nodes = shown(Answer("?", "en", "answered", "abc \u202egnp.exe\u2069 \u0007"), report)
    assert "abc gnp.exe " in "".join(node for node in nodes if isinstance(node, str))


def test_a_figure_narrows_the_mark_to_its_cell_where_only_one_states_it(report: Report) -> None:
    table = report.tables[0]
    span = table.rows[0].start, table.rows[0].end
    for value in ("15000000000", "15000"):  # in full, and as printed
        found = cell_stating(table, span, value)
        assert found and report.text[slice(*found)].strip() == "15000"
    assert cell_stating(table, span, "1800000000") is None  # of another row
    assert cell_stating(table, span, "not a number") is None


def test_series_hold_levels_over_periods_in_the_unit_printed(report: Report) -> None:
    cited = cited_rows(Answer("?", "en", "answered", "", (row(report, 1, 0), row(report, 2, 1))), lambda _: report)
    (panel,) = series.panels(cited)
    assert panel.periods == ("2024", "2025E", "2026E") and panel.unit.startswith("百万")
    assert [int(point.value) for point in panel.series[1].points] == [900, 1200, 1800]
    assert panel.series[1].name == "净利润"  # without its list dash
    found = series.point_at(panel, 1, 2)
    assert found and report.text[found[1].cell.start : found[1].cell.end] == "1800"
    assert series.point_at(panel, 5, 0) is None
    keys = {key for part in flat_values(series.options(panel, dark=False)) for key in part}
    assert not {key for key in keys if key.startswith(":")}  # NiceGUI would run their values


def flat_values(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from flat_values(part)
    elif isinstance(value, list):
        for part in value:
            yield from flat_values(part)


def test_csv_gives_the_place_of_every_number_and_no_formula_runs(report: Report) -> None:
    cited = cited_rows(Answer("?", "en", "answered", "", (row(report, 3, 0),)), lambda _: report)
    lines = list(csv.DictReader(io.StringIO(series.as_csv(cited))))
    assert [line["printed"] for line in lines] == ["10000", "12000", "15000", "20%"]
    assert lines[0]["row"].startswith("'=SUM") and lines[0]["value"] == "10000000000"
    assert all(report.text[int(line["start"]) : int(line["end"])] == line["printed"] for line in lines)


def test_markdown_gets_a_footnote_for_what_is_cited_and_for_nothing_else(report: Report) -> None:
    text = as_markdown(Answer("Q?", "en", "answered", "It is 12 [1], not [7].", (cite(report, 1, "星河科技"),)), "en")
    assert "It is 12 [^1], not [7]." in text
    assert "“星河科技”" in text and f"({report.source} 2–6)" in text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"), ("zh-TW", "zh-Hant"), ("zh-Hant-HK", "zh-Hant"), ("fr,en;q=0.5", "en"),
        ("en;q=0.1,zh-HK;q=0.9", "zh-Hant"), ("", "en"), ("q=;;,,", "en"), ("zh;q=x,en", "en"),
    ],
)  # fmt: skip
def test_the_language_that_a_browser_asks_for_first_is_taken(header: str, language: str) -> None:
    assert preferred(header) == language


def test_every_word_of_the_page_is_there_in_both_languages_and_used() -> None:
    catalogue = tomllib.loads(files("assistant").joinpath("data/web.toml").read_text(encoding="utf-8"))
    for key, entry in catalogue.items():
        assert set(entry) == {"en", "zh"} and entry["zh"] == to_simplified(entry["zh"])
        assert say(key, "zh-Hant") and say(key, "en") == entry["en"]
    folder = Path(answers.__file__).parent
    code = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    made = ("enter_", "verdict_", "count_", "way_", "theme_", "language_", "script_", "feedback_", "file_", "group_")
    used = set(re.findall(r"[\"']([\w-]+)[\"']", code))
    unused = [k for k in catalogue if k not in used and not k.startswith((*made, "example_", "figure_"))]
    assert not unused

"""Look-ups over three small reports written here: cells, rows, columns; what is ambiguous, empty or not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from assistant import tools
from assistant.chunking import passages
from assistant.embeddings import from_setting
from assistant.errors import InputError
from assistant.library import Incoming, Library
from assistant.lookups import NAMES, registry_over
from assistant.reading import read
from assistant.tools import Registry
from assistant.types import Calculation

VIDEO = """# 視頻生成模型

表 1: 視頻模型收入 (億美元)

公司\t2024\t2025E\t26-YoY
國內
可靈\t3.2\t10.4\t(5.1%)
海螺\t-\t2.0\t
海外
Runway\t0\t6.5\t12%
"""

PROFITS = """# 盈利预测

图 2: 盈利预测(百万元)

| 项目 | 2025E | 2026E |
|---|---|---|
| 营业收入 | 1,200 | 1,500 |
| 归母净利润 | 300 | 410 |
| 净利率 (%) | 25.0 | 27.3 |
"""

ENGLISH = """# Suppliers

Table 3: Suppliers of Amazon

Company\tCode\tRating\tTarget price (NT$)
Quanta\t2382 TT\tOutperform\t405
Chenbro\t8210 TT\tOutperform\t1,370

Table 4: Suppliers of Meta

Company\tCode\tRating\tTarget price (NT$)
Quanta\t2382 TT\tOutperform\t405
Accton\t2345 TT\tHold\tNA
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("lookups"), from_setting("builtin")) as made:
        for name, text in {"video.txt": VIDEO, "profits.md": PROFITS, "suppliers.txt": ENGLISH}.items():
            report = read(text.encode(), name)
            made.add([Incoming(report, passages(report))])
        yield made


@pytest.fixture
def registry(library: Library) -> Registry:
    return registry_over(library)


def look(registry: Registry, **arguments: str) -> Calculation:
    return registry.run("table_lookup", arguments)


@pytest.mark.parametrize(
    ("row", "column", "text"),
    [
        ("Kling", "FY25E", "10.4"),
        ("可灵", "2025年", "10.4"),
        ("可靈", "2025E", "10.4"),
        ("net profit", "FY26E", "410"),
        ("归母净利润", "2026年", "410"),
        ("revenue", "2025", "1,200"),
        ("2382 TT", "Rating", "Outperform"),
        ("Chenbro", "目标价", "1,370"),
        ("2025E", "海螺", "2.0"),  # the other way round
    ],
)
def test_a_row_and_a_column_are_known_by_any_of_their_names(
    registry: Registry, row: str, column: str, text: str
) -> None:
    table = "Amazon" if row == "2382 TT" else ""
    assert look(registry, row=row, column=column, table=table).result["text"] == text


def test_a_cell_has_its_value_its_neighbours_and_its_place(registry: Registry, library: Library) -> None:
    made = look(registry, row="可灵", column="2025E")
    found = made.result
    assert (found["value"], found["unit"], made.unit) == ("1040000000", "USD", "USD")
    assert (found["scale"], found["currency"]) == ("100000000", "USD")
    assert (found["row"], found["group"], found["column"], found["period"]) == ("可靈", "國內", "2025E", "2025E")
    assert (found["unit_printed"], found["unit_from"]) == ("億美元", "caption")
    assert found["table"]["caption"] == "表 1: 視頻模型收入 (億美元)"
    (cited,) = made.citations
    assert (cited.kind, cited.quote) == ("table_cell", "10.4")
    assert library.report(cited.report_id).text[cited.start : cited.end] == cited.quote
    json.dumps(made.result)


def test_a_negative_and_a_percentage(registry: Registry) -> None:
    found = look(registry, row="Kling", column="26-YoY").result
    assert (found["text"], found["value"], found["unit"]) == ("(5.1%)", "-5.1", "%")


@pytest.mark.parametrize(
    ("row", "column", "printed"), [("海螺", "2024", "-"), ("海螺", "26-YoY", ""), ("Accton", "target price", "NA")]
)
def test_an_empty_cell_is_never_zero(registry: Registry, row: str, column: str, printed: str) -> None:
    made = look(registry, row=row, column=column)
    assert (made.result["text"], made.result["empty"], made.result["value"]) == (printed, True, None)
    assert "not zero" in made.steps[-1]
    assert made.citations[0].kind == ("table_cell" if printed else "table_row")


def test_zero_is_not_empty(registry: Registry) -> None:
    found = look(registry, row="Runway", column="2024").result
    assert (found["empty"], found["value"]) == (False, "0")


def test_what_fits_twice_is_listed_and_not_chosen(registry: Registry) -> None:
    made = look(registry, row="廣達", column="target price")
    assert [(c["table"]["number"], c["row"], c["column"]) for c in made.result["candidates"]] == [
        ("3", "Quanta", "Target price (NT$)"),
        ("4", "Quanta", "Target price (NT$)"),
    ]
    assert made.citations == () and "value" not in made.result
    for name in ("Meta", "4", "Table 4", made.result["candidates"][1]["table"]["id"]):
        assert look(registry, row="廣達", column="target price", table=name).result["table"]["number"] == "4"


def test_a_whole_row_and_a_whole_column(registry: Registry) -> None:
    row = look(registry, row="营业收入")
    assert [cell["text"] for cell in row.result["cells"]] == ["营业收入", "1,200", "1,500"]
    assert [c.kind for c in row.citations] == ["table_row"]
    column = look(registry, table="Meta", column="评级")
    assert [(cell["row"], cell["text"]) for cell in column.result["cells"]] == [
        ("Quanta", "Outperform"),
        ("Accton", "Hold"),
    ]
    assert [c.quote for c in column.citations] == ["Outperform", "Hold"]


def test_a_report_is_named_by_its_file_its_title_or_its_id(registry: Registry, library: Library) -> None:
    identity = next(info.report_id for info in library.infos() if info.source == "profits.md")
    for name in ("profits.md", "盈利預測", identity, identity[:6]):
        tables = registry.run("list_tables", {"report": name}).result["tables"]
        assert [(t["caption"], t["columns"], t["rows"]) for t in tables] == [
            ("图 2: 盈利预测(百万元)", ["项目", "2025E", "2026E"], 3)
        ]
    with pytest.raises(InputError, match="no report"):
        look(registry, row="可灵", report="nowhere")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "needs a row"),
        ({"row": "可灵", "column": "2031E"}, r"no column '2031E'; the columns of .*2025E"),
        ({"row": "归母净利", "column": "2019"}, "no column '2019'"),
        ({"row": "Quant", "column": "Rating"}, "No row is called 'Quant'. The nearest: Quanta"),
        ({"column": "Codex"}, "No column is called 'Codex'. The nearest: Code"),
        ({"row": "可灵", "table": "Suppliers of Amazn"}, "no table .*Suppliers of Amazon"),
    ],
)
def test_what_is_not_there_is_said_with_what_is_near(registry: Registry, arguments: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        look(registry, **arguments)


def test_models_get_look_ups_as_tools(registry: Registry) -> None:
    tool = next(tool for tool in registry.langchain_tools() if tool.name == "table_lookup")
    assert set(tool.args) == {"table", "row", "column", "report"}
    message: Any = tool.invoke(
        {"type": "tool_call", "id": "1", "name": "table_lookup", "args": {"row": "Kling", "column": "2024"}}
    )
    assert json.loads(message.content)["result"]["value"] == "320000000"
    assert message.artifact.citations[0].quote == "3.2"


def test_look_ups_are_described_without_a_library() -> None:
    described = [info.name for info in registry_over(None).describe()]
    assert set(NAMES) <= set(described) and "growth" in described
    assert not set(NAMES) & {info.name for info in tools.describe()}


def test_what_a_look_up_found_is_no_result_of_computing(registry: Registry) -> None:
    made = look(registry, row="可灵", column="2025E")
    assert tools.results(made) == [] and "10.4" in tools.shown_result(made)

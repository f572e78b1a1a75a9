"""A file becomes a report: the format by its bytes, the rest alike for every format."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assistant.errors import UnreadableFile
from assistant.reading import read, report_id

NOTE = """# 软件行业周报：云端需求回暖

报告日期：2026年4月8日

分析师：王小明

## 需求

云端业务的需求在一季度明显回暖，我们跟踪的八家客户里有六家上调了全年预算。示例科技（1234.HK）最受益。

图表 1：云端预算增速

资料来源：公司资料，凯基证券整理

表 2：盈利预测（百万元）
项目\t2024A\t2025E
收入\t1,000\t1,120
净利润\t100\t130

## 免责声明

本报告由凯基证券亚洲制作，仅供参考。
"""
PAGE = "<html><title>Cloud weekly</title><body><h1>Cloud demand recovers</h1><p>Orders grew.</p></body></html>"


def test_all_that_is_known_of_a_report() -> None:
    report = read(NOTE.encode(), "7f3a.txt")
    assert report.text == NOTE and report.source == "7f3a.txt"
    assert report.report_id == report_id(NOTE.encode())
    assert (report.title, report.issuer, report.language) == ("软件行业周报：云端需求回暖", "KGI Securities", "zh-Hans")
    assert (report.date, report.date_basis) == ("2026-04-08", "printed")
    assert (report.analysts, report.tickers) == (("王小明",), ("1234.HK",))
    assert [section.title for section in report.sections] == ["软件行业周报：云端需求回暖", "需求", "免责声明"]
    [table], [figure] = report.tables, report.figures
    assert (table.number, table.unit, [row.label for row in table.rows]) == ("2", "百万元", ["收入", "净利润"])
    assert (figure.number, figure.has_picture) == ("1", False)
    assert [item.kind for item in report.furniture] == ["disclaimer"]


def test_ids_are_of_the_bytes_alone() -> None:
    assert read(NOTE.encode(), "a.txt").report_id == read(NOTE.encode(), "b.md").report_id
    assert read(NOTE.encode(), "a.txt").report_id != read((NOTE + " ").encode(), "a.txt").report_id
    assert re.fullmatch("[0-9a-f]{12}", report_id(b""))


@pytest.mark.parametrize("name", ["weekly.html", "weekly.txt", "weekly.pdf", "weekly"])
def test_the_bytes_tell_the_format(name: str) -> None:
    report = read(PAGE.encode(), name)
    assert "<p>" not in report.text and report.title == "Cloud demand recovers"


@given(st.text(alphabet="# 资料\n\r\t|*表1：。.a"))
def test_a_texts_characters_are_never_changed(content: str) -> None:
    if content.strip():
        assert read(content.encode(), "a.md").text == content


def picture(form: str) -> bytes:
    stream = BytesIO()
    Image.new("RGB", (40, 40), "red").save(stream, form)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.txt", "empty"),
        (b" \n", "a.pdf", "empty"),
        (picture("JPEG"), "report.pdf", "picture"),
        (picture("PNG"), "report.txt", "picture"),
        (b"PK\x05\x06" + b"\x00" * 18, "a.docx", "archive"),
        (b"\x7fELF" + b"\x00" * 60, "a.txt", "not a text"),
        (b"<html><body><p> </p></body></html>", "a.html", "no text"),
        (b"%PDF-1.7\n1 0 obj\n<< /Type", "a.pdf", "cut short"),
    ],
)
def test_what_is_no_report(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        read(data, name)


PIECES = ["\n", " ", ". ", "1", "a", "资", "资，\n", "|a|b|\n", "# A\n\n", "图 1：甲\n", "a\t1\n", "-\n", "**"]


@pytest.mark.parametrize("piece", PIECES)
def test_long_monotonous_files_are_read_in_no_time(piece: str) -> None:
    content = "x\n" + piece * (20_000 // len(piece))
    assert read(content.encode(), "a.txt").text == content

"""Word, Excel and PowerPoint files are read as a reader of the file sees them, and safely."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import date, datetime, time
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import openpyxl
import pptx
import pytest
import xlsxwriter
from docx.oxml import OxmlElement
from PIL import Image
from pptx.util import Inches

from assistant.errors import InputError, UnreadableFile
from assistant.reading import office
from assistant.reading.cellformat import shown
from assistant.reading.source import Source


def saved(document: Any) -> bytes:
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def cells(source: Source, grid: int = 0) -> list[list[str | None]]:
    for row in source.grids[grid].rows:
        for cell in row:
            assert cell is None or source.text[cell.start : cell.end] == cell.text
    return [[cell and cell.text for cell in row] for row in source.grids[grid].rows]


def picture() -> BytesIO:
    stream = BytesIO()
    Image.new("RGB", (60, 40), "grey").save(stream, "PNG")
    stream.seek(0)
    return stream


def changed(data: bytes, **parts: Callable[[bytes], bytes] | None) -> bytes:
    """The archive with parts rewritten (by the end of their name, "__" for "." ), or added where none is there."""
    stream = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(stream, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            change = next((c for end, c in parts.items() if name.endswith(end.replace("__", "."))), None)
            new.writestr(name, change(old.read(name)) if change else old.read(name))
    return stream.getvalue()


# ---------------------------------------------------------------- Word


def test_word_paragraphs_headings_and_lists() -> None:
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = "A note", "Li Lei"
    document.add_heading("腾讯控股", 0)
    document.add_heading("盈利预测", 2)
    document.add_paragraph("Revenue was 1,234").add_run("2").font.superscript = True
    document.add_paragraph("first\nsecond")
    document.add_paragraph("a point", style="List Bullet")
    source = office.read(saved(document), "docx")
    assert source.text == "腾讯控股\n\n盈利预测\nRevenue was 1,234^2\nfirst\nsecond\n- a point"
    assert [(source.text[h.start : h.end], h.level) for h in source.headings] == [("腾讯控股", 1), ("盈利预测", 2)]
    assert source.properties is not None
    assert (source.properties["title"], source.properties["author"]) == ("A note", "Li Lei")
    assert "date" not in source.properties


def test_word_table_with_merged_cells() -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    table.cell(0, 0).merge(table.cell(1, 0)).text = "Item"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "FY"
    for i, row in ((1, ["", "2024", "2025E"]), (2, ["Revenue", "660,257", ""])):
        for j, text in enumerate(row):
            if text:
                table.cell(i, j).text = text
    source = office.read(saved(document), "docx")
    assert cells(source) == [["Item", "FY", "FY"], ["Item", "2024", "2025E"], ["Revenue", "660,257", ""]]
    assert source.text == "Item\tFY\t\n\t2024\t2025E\nRevenue\t660,257\t"[: len(source.text)]
    assert source.grids[0].header_rows is None


def test_word_header_row_is_known_where_it_is_marked() -> None:
    document = docx.Document()
    table = document.add_table(2, 2)
    for i in range(2):
        for j in range(2):
            table.cell(i, j).text = f"{i}{j}"
    mark = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(mark)
    assert office.read(saved(document), "docx").grids[0].header_rows == 1


def test_word_frame_around_text_is_no_table() -> None:
    document = docx.Document()
    frame = document.add_table(1, 2)
    frame.cell(0, 0).text = "prose"
    inner = frame.cell(0, 1).add_table(2, 2)
    for i in range(2):
        for j in range(2):
            inner.cell(i, j).text = f"{i}{j}"
    source = office.read(saved(document), "docx")
    assert [cells(source, i) for i in range(len(source.grids))] == [[["00", "01"], ["10", "11"]]]
    assert source.text.startswith("prose\n")


def test_word_deleted_and_hidden_text_is_left_out_and_pictures_are_noted() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("kept ")
    paragraph.add_run("hidden").font.hidden = True
    deleted = OxmlElement("w:del")
    run = OxmlElement("w:r")
    words = OxmlElement("w:delText")
    words.text = "deleted"
    run.append(words)
    deleted.append(run)
    paragraph._p.append(deleted)
    document.add_paragraph("图 1：用户")
    document.add_picture(picture())
    document.add_paragraph("资料来源：公司")
    source = office.read(saved(document), "docx")
    assert source.text == "kept\n图 1：用户\n资料来源：公司"
    assert [source.text[p.start :] for p in source.pictures] == ["资料来源：公司"]


def test_word_content_controls_are_opened() -> None:
    document = docx.Document()
    body = document.element.body
    paragraph = document.add_paragraph("in a control")._p
    control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
    body.insert(0, control)
    control.append(content)
    content.append(paragraph)
    assert office.read(saved(document), "docx").text == "in a control"


# ---------------------------------------------------------------- Excel


def book(*rows: list[Any], title: str = "Sheet") -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    return made


def test_excel_sheet_is_a_heading_and_rows_as_shown() -> None:
    made = book(["Item", 2024, "2025E"], ["Revenue", 660257, 745000.4], ["Growth", 0.084, None], title="收入")
    sheet = made.active
    for cell in sheet[2][1:]:
        cell.number_format = "#,##0"
    sheet["B3"].number_format = "0.0%"
    sheet["A4"], sheet["B4"] = "As of", date(2025, 9, 30)
    source = office.read(saved(made), "xlsx")
    assert source.text == "收入\n\nItem\t2024\t2025E\nRevenue\t660,257\t745,000\nGrowth\t8.4%\t\nAs of\t2025-09-30\t"
    assert cells(source)[2] == ["Growth", "8.4%", ""]
    assert [source.text[h.start : h.end] for h in source.headings] == ["收入"]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.1234, "0.0%", "12.3%"),
        (-5, "#,##0;(#,##0)", "(5)"),
        (-1234.5, '_(* #,##0.0_);_(* (#,##0.0);_(* "-"_)', "(1,234.5)"),
        (0, '_(* #,##0.0_);_(* (#,##0.0);_(* "-"_)', "-"),
        (-0.0001, "0.0%", "0.0%"),
        (-1234.5, "#,##0.0", "-1,234.5"),
        (1234567, "#,##0,", "1,235"),
        (1234567, '0.0,,"M"', "1.2M"),
        (12.5, "0.0x", "12.5x"),
        (3, '0"倍"', "3倍"),
        (5, '"$"#,##0', "$5"),
        (5, "[$HK$-C04]#,##0.00", "HK$5.00"),
        (5, "[Red]0.0", "5.0"),
        (3, "000", "003"),
        (0.5, ".00", ".50"),
        (1.2, "0.##", "1.2"),
        (1.005, "0.00", "1.01"),  # as spreadsheets round: the decimal that is shown, not the binary behind it
        (2.5, "0", "3"),
        (123456, "0.00E+00", "1.23E+05"),
        (0.1 + 0.2, "General", "0.3"),
        (1e6, "General", "1000000"),
        (True, "General", "TRUE"),
        (date(2025, 9, 3), "yyyy/m/d", "2025-09-03"),
        (date(2025, 9, 1), "mmm-yy", "2025-09"),
        (date(2025, 1, 1), "yyyy", "2025"),
        (datetime(2025, 9, 3, 14, 30), "yyyy-mm-dd hh:mm", "2025-09-03 14:30"),
        (time(9, 5), "h:mm", "09:05"),
        (None, "0", ""),
        ("text", "0.0", "text"),
    ],
)
def test_values_are_shown_as_their_format_says(value: Any, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text


def test_excel_merged_cells() -> None:
    made = book(["Item", "FY", None], [None, "2024", "2025E"], ["Revenue", 1, 2])
    made.active.merge_cells("A1:A2")
    made.active.merge_cells("B1:C1")
    source = office.read(saved(made), "xlsx")
    assert cells(source) == [["Item", "FY", "FY"], ["Item", "2024", "2025E"], ["Revenue", "1", "2"]]


def test_excel_tables_parted_by_blank_rows() -> None:
    made = book(
        ["Table 1: Income"], ["RMB mn"], ["Item", "2024", "2025"], ["Revenue", 1, 2], [], ["Costs", 3, 4],
        [], ["Table 2: Prices"], ["Name", "Price"], ["Tencent", 640.5],
    )  # fmt: skip
    source = office.read(saved(made), "xlsx")
    assert [cells(source, i) for i in range(len(source.grids))] == [
        [["Item", "2024", "2025"], ["Revenue", "1", "2"], ["Costs", "3", "4"]],
        [["Name", "Price"], ["Tencent", "640.5"]],
    ]
    assert "Table 1: Income\nRMB mn\n\nItem\t2024" in source.text


def test_excel_hidden_parts_are_left_out_and_named() -> None:
    made = book(
        ["Item", "secret", "2024"], ["Revenue", "secret", 1], ["secret", 0, 0], ["Costs", "secret", 2], title="Shown"
    )
    made.active.column_dimensions["B"].hidden = True
    made.active.row_dimensions[3].hidden = True
    made.create_sheet("Notes").sheet_state = "hidden"
    made["Notes"]["A1"] = "secret"
    source = office.read(saved(made), "xlsx")
    assert "secret" not in source.text
    assert cells(source) == [["Item", "2024"], ["Revenue", "1"], ["Costs", "2"]]
    assert [w for w in source.warnings if "'Notes'" in w]
    assert [w for w in source.warnings if "hidden rows" in w and w.endswith(": 3")]
    assert [w for w in source.warnings if "hidden columns" in w and w.endswith(": B")]


def test_excel_formulas_by_their_stored_values() -> None:
    stream = BytesIO()
    made = xlsxwriter.Workbook(stream)
    sheet = made.add_worksheet("S")
    sheet.write_row(0, 0, ["Item", "Value"])
    sheet.write(1, 0, "stored")
    sheet.write_formula(1, 1, "=1+1", None, 2)
    sheet.write(2, 0, "text")
    sheet.write_formula(2, 1, '="a"&"b"', None, "ab")
    sheet.write(3, 0, "error")
    sheet.write_formula(3, 1, "=1/0", None, "#DIV/0!")
    sheet.write(4, 0, "linked")
    sheet.write_formula(4, 1, "=[1]Sheet1!A1", None, 7)
    sheet.write(5, 0, "missing")
    sheet.write_formula(5, 1, "=2+2", None, "")
    made.close()
    source = office.read(stream.getvalue(), "xlsx")
    assert [row[1] for row in cells(source)] == ["Value", "2", "ab", "#DIV/0!", "7", ""]
    assert [w for w in source.warnings if "without a stored value" in w and "B6" in w]
    assert [w for w in source.warnings if "other workbooks" in w and "1 formula" in w]


def test_excel_wrong_extent_does_not_hide_rows() -> None:
    data = changed(
        saved(book(["Item", "2024"], ["Revenue", 1])),
        sheet1__xml=lambda xml: xml.replace(b'<dimension ref="A1:B2"', b'<dimension ref="A1:A1"'),
    )
    assert cells(office.read(data, "xlsx"))[1] == ["Revenue", "1"]


def test_excel_large_table_in_bounded_memory() -> None:
    stream = BytesIO()
    made = xlsxwriter.Workbook(stream, {"constant_memory": True})
    sheet = made.add_worksheet("Data")
    for i in range(3_000):
        sheet.write_row(i, 0, [f"row {i}", i, i / 7, "x"])
    made.close()
    tracemalloc.start()
    source = office.read(stream.getvalue(), "xlsx")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(source.grids[0].rows) == 3_000
    assert cells(source)[-1][1] == "2999"
    assert peak < 30 * 1024**2, "its share of the gibibyte that a table of 100,000 rows may take"


# ---------------------------------------------------------------- PowerPoint


def deck() -> Any:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "互联网板块"
    table = slide.shapes.add_table(2, 3, Inches(1), Inches(2), Inches(5), Inches(1)).table
    table.cell(0, 0).merge(table.cell(0, 1))
    for (i, j), text in {(0, 0): "Company", (0, 2): "2025E", (1, 0): "Tencent", (1, 1): "0700", (1, 2): "745"}.items():
        table.cell(i, j).text = text
    slide.shapes.add_textbox(Inches(1), Inches(6), Inches(3), Inches(1)).text_frame.text = "Source: company"
    slide.shapes.add_picture(picture(), Inches(1), Inches(4), Inches(2), Inches(1))
    second = made.slides.add_slide(made.slide_layouts[5])
    second.shapes.title.text = "Risks"
    return made


def test_powerpoint_slides_are_pages() -> None:
    source = office.read(saved(deck()), "pptx")
    assert source.text == "互联网板块\n\nCompany\t\t2025E\nTencent\t0700\t745\n\nSource: company\n\nRisks"
    assert cells(source) == [["Company", "Company", "2025E"], ["Tencent", "0700", "745"]]
    assert [(p.number, source.text[p.start : p.end].strip()[-7:], p.width) for p in source.pages] == [
        (1, "company", 720.0),
        (2, "Risks", 720.0),
    ]
    assert source.pictures[0].page == 1
    assert source.pictures[0].box == (72.0, 180.0, 216.0, 252.0)


def test_powerpoint_hidden_slides_are_left_out_and_named() -> None:
    made = deck()
    made.slides[1].element.set("show", "0")
    source = office.read(saved(made), "pptx")
    assert "Risks" not in source.text
    assert [w for w in source.warnings if "hidden slides" in w and w.endswith(": 2")]
    assert [p.number for p in source.pages] == [1]


# ---------------------------------------------------------------- what is refused, and what is safe


def word_note() -> bytes:
    document = docx.Document()
    document.add_paragraph("words")
    return saved(document)


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    stream = BytesIO(data)
    with ZipFile(stream, "a", ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def entities(xml: bytes) -> bytes:
    declaration = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    return declaration + xml[xml.index(b"?>") + 2 :] if xml.startswith(b"<?xml") else declaration + xml


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx"])
@pytest.mark.parametrize("cut", [0.0, 0.5, 0.97])
def test_damaged_files_are_refused(kind: str, cut: float) -> None:
    whole = {"docx": word_note, "xlsx": lambda: saved(book(["a", 1])), "pptx": lambda: saved(deck())}[kind]()
    with pytest.raises(UnreadableFile, match="damaged"):
        office.read(whole[: int(len(whole) * cut)], kind)


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (lambda: with_part(word_note(), "word/bomb.xml", b" " * 30_000_000), "docx", "exhaust memory"),
        (lambda: changed(word_note(), document__xml=entities), "docx", "entities"),
        (lambda: changed(saved(book(["a", 1])), sheet1__xml=entities), "xlsx", "entities"),
        (lambda: changed(word_note(), document__xml=lambda _: b"<w:broken"), "docx", "damaged"),
        (lambda: with_part(saved(book(["a"])), "xl/workbook.bin", b"x"), "xlsx", "xlsb"),
        (lambda: saved(docx.Document()), "docx", "no text"),
    ],
)
def test_unsafe_and_empty_files_are_refused(data: Callable[[], bytes], kind: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        office.read(data(), kind)


def test_macros_are_named_and_not_read() -> None:
    source = office.read(with_part(saved(book(["Item", 1])), "xl/vbaProject.bin", b"Sub Auto_Open"), "xlsx")
    assert [w for w in source.warnings if "macros" in w]
    assert "Auto_Open" not in source.text


@pytest.mark.parametrize(
    ("plain", "marked"),
    [
        (b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
         b"application/vnd.ms-word.document.macroEnabled.main+xml"),
        (b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
         b"application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"),
    ],
)  # fmt: skip
def test_documents_with_macros_and_templates_are_read(plain: bytes, marked: bytes) -> None:
    data = changed(word_note(), Content_Types=None, **{"[Content_Types]__xml": lambda xml: xml.replace(plain, marked)})
    assert marked in ZipFile(BytesIO(data)).read("[Content_Types].xml")
    assert office.read(data, "docx").text == "words"


def test_unknown_kind() -> None:
    with pytest.raises(InputError, match="odt"):
        office.read(b"", "odt")

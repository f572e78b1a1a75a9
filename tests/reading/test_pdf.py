"""PDF files: text, tables, headings, pictures, and where a quote stands on its page."""

from __future__ import annotations

import random
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pytest
from fpdf import FPDF
from PIL import Image, ImageChops
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    FrameBreak,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from assistant.errors import InputError, UnreadableFile
from assistant.reading import pdf
from assistant.reading.source import Source

Matrix = list[list[str]]
FONTS = {"en": "Helvetica", "zh-Hans": "STSong-Light", "zh-Hant": "MSung-Light"}
LABELS = {
    "en": ["RMB mn", "Revenue", "Gross profit", "Net profit attributable", "R&D expenses", "Diluted EPS (RMB)"],
    "zh-Hans": ["人民币百万元", "营业收入", "毛利", "归母净利润", "研发费用", "摊薄每股收益(元)"],
    "zh-Hant": ["人民幣百萬元", "營業收入", "毛利", "歸母淨利潤", "研發費用", "攤薄每股盈利(元)"],
}
PROSE = {
    "en": "We expect advertising to keep growing at a healthy pace, supported by better tools for merchants, "
    "and margins to widen by 1.2 percentage points in 2026 as the mix improves. ",
    "zh-Hans": "我们预计广告业务将保持稳健增长，得益于商户工具的改善以及库存的扩大，2026年利润率有望提升1.2个百分点。",
    "zh-Hant": "我們預計廣告業務將保持穩健增長，得益於商戶工具的改善以及庫存的擴大，2026年利潤率有望提升1.2個百分點。",
}
LINE = colors.black
LOOKS: dict[str, list[Any]] = {
    "grid": [("GRID", (0, 0), (-1, -1), 0.5, LINE)],
    "bare": [],
    "three rules": [("LINEABOVE", (0, 0), (-1, 0), 1, LINE), ("LINEBELOW", (0, 0), (-1, 0), 0.5, LINE),
                    ("LINEBELOW", (0, -1), (-1, -1), 1, LINE)],
    "striped": [("ROWBACKGROUNDS", (0, 0), (-1, -1), [colors.whitesmoke, colors.lightgrey])],
    "upright rules": [("BOX", (0, 0), (-1, -1), 0.5, LINE), ("INNERGRID", (0, 0), (-1, 0), 0.5, LINE),
                      ("LINEAFTER", (0, 0), (-2, -1), 0.5, LINE)],
    "tight": [("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
              ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 3)],
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def fonts() -> None:
    for name in ("STSong-Light", "MSung-Light"):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def matrix(language: str, seed: int, rows: int = 6, columns: int = 5) -> Matrix:
    draw = random.Random(seed)
    labels = LABELS[language]

    def value() -> str:
        return draw.choice(
            [f"{draw.randint(1, 999999):,}", f"{draw.uniform(-40, 90):.1f}%", f"({draw.randint(1, 999)})", ""]
        )

    head = [labels[0], *(str(2021 + i) for i in range(columns - 1))]
    names = [labels[1 + i % 5] + ("" if i < 5 else f" {i}") for i in range(rows)]
    return [head, *([name, *(value() for _ in head[1:])] for name in names)]


def prose(language: str, times: int = 2, size: float = 10) -> Paragraph:
    wrap = None if language == "en" else "CJK"
    style = ParagraphStyle("p", fontName=FONTS[language], fontSize=size, leading=size * 1.4, wordWrap=wrap)
    return Paragraph(PROSE[language] * times, style)


def table(rows: Sequence[Sequence[Any]], look: Sequence[Any], language: str = "en", **options: Any) -> Table:
    base = [("FONTNAME", (0, 0), (-1, -1), FONTS[language]), ("FONTSIZE", (0, 0), (-1, -1), 9),
            ("ALIGN", (1, 0), (-1, -1), "RIGHT"), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]  # fmt: skip
    made = Table(rows, **options)
    made.setStyle(TableStyle([*base, *look]))
    return made


def build(*flowables: Any, **options: Any) -> bytes:
    stream = BytesIO()
    SimpleDocTemplate(stream, pagesize=A4).build(list(flowables), **options)
    return stream.getvalue()


def cells(source: Source, grid: int = 0) -> Matrix:
    """A grid as texts, its offsets checked; spaces within Chinese words set aside."""
    for row in source.grids[grid].rows:
        for cell in row:
            assert cell is not None
            assert source.text[cell.start : cell.end] == cell.text
    return [[cell.text for cell in row if cell] for row in source.grids[grid].rows]


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize("language", FONTS)
@pytest.mark.parametrize("look", LOOKS)
def test_table_between_paragraphs(look: str, language: str) -> None:
    rows = matrix(language, seed=len(look))
    source = pdf.read(build(prose(language), table(rows, LOOKS[look], language), Spacer(1, 8), prose(language)))
    assert len(source.grids) == 1
    assert cells(source) == rows
    grid = source.grids[0]
    assert source.text[grid.start : grid.end] == "\n".join("\t".join(row) for row in rows)
    assert source.text[: grid.start].startswith(PROSE[language][:20])
    assert source.text[grid.end :].lstrip().startswith(PROSE[language][:20])


@pytest.mark.parametrize("borders", ["ALL", "NONE", "MINIMAL", "HORIZONTAL_LINES", "SINGLE_TOP_LINE"])
def test_table_of_another_program(borders: str) -> None:
    rows = matrix("en", seed=3)
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica", size=10)
    with document.table(rows, borders_layout=borders):
        pass
    assert cells(pdf.read(bytes(document.output()))) == rows


@pytest.mark.parametrize("look", ["grid", "bare", "three rules"])
@pytest.mark.parametrize("repeated", [0, 1])
def test_table_over_pages_is_one_grid(look: str, repeated: int) -> None:
    rows = matrix("zh-Hans", seed=5, rows=90)

    def furniture(page: Any, _: Any) -> None:
        page.setFont("STSong-Light", 8)
        page.drawString(60, 812, "某某证券 | 行业研究")
        page.drawString(60, 30, f"请阅读正文之后的声明 {page.getPageNumber()}")

    data = build(
        prose("zh-Hans"), table(rows, LOOKS[look], "zh-Hans", repeatRows=repeated), prose("zh-Hans"),
        onFirstPage=furniture, onLaterPages=furniture,
    )  # fmt: skip
    source = pdf.read(data)
    assert len(source.grids) == 1
    assert cells(source) == rows
    assert source.grids[0].page == 1
    assert source.grids[0].header_rows == (1 if repeated else None)


def merged_header(columns: int = 6) -> tuple[Matrix, Matrix, list[Any]]:
    """As drawn, as read, and the spans: two titles over three and two columns, beside a label two lines high."""
    body = matrix("en", seed=8, columns=columns)[1:]
    halves = [f"{i}H" for i in range(1, columns)]
    drawn = [["RMB mn", "FY2024", "", "", "FY2025E", ""], ["", *halves], *body]
    read = [["RMB mn", *["FY2024"] * 3, *["FY2025E"] * 2], ["RMB mn", *halves], *body]
    spans = [
        ("SPAN", (0, 0), (0, 1)),
        ("SPAN", (1, 0), (3, 0)),
        ("SPAN", (4, 0), (5, 0)),
        ("ALIGN", (1, 0), (-1, 0), "CENTER"),
    ]
    return drawn, read, spans


def test_merged_cells_stand_in_each_place_they_cover() -> None:
    drawn, read, spans = merged_header()
    source = pdf.read(build(prose("en"), table(drawn, [*LOOKS["grid"], *spans])))
    assert cells(source) == read
    grid = source.grids[0]
    assert grid.rows[0][1] is grid.rows[0][3]
    assert source.text.count("FY2024") == 1


def test_title_centred_over_columns_without_lines() -> None:
    drawn, read, spans = merged_header()
    source = pdf.read(build(prose("en"), table(drawn, [*LOOKS["three rules"], *spans])))
    assert [row[1:] for row in cells(source)] == [row[1:] for row in read]


def test_wrapped_cell_is_one_cell() -> None:
    rows = matrix("zh-Hans", seed=2)
    rows[3][0] = "归属于母公司股东的净利润（非国际财务报告准则）"
    shown = [[*row] for row in rows]
    style = ParagraphStyle("c", fontName="STSong-Light", fontSize=9, leading=11, wordWrap="CJK")
    data = build(
        table(
            [[Paragraph(row[0], style), *row[1:]] for row in shown], LOOKS["grid"], "zh-Hans", colWidths=[90] + [50] * 4
        )
    )
    assert cells(pdf.read(data)) == rows


def test_wrapped_cells_between_ruled_rows() -> None:
    """A line under each row, none between columns; running text and a second table follow within the same width."""
    style = ParagraphStyle("c", fontName="STSong-Light", fontSize=9, leading=11, wordWrap="CJK")
    words = ["工业机器人核心零部件研发与销售服务提供商", "存储芯片研发商", "面向企业的异构算力整合平台与推理服务提供商"]
    rows = [["公司", "简介", "时间"], *([f"公司{i}", words[i % 3], f"2025-0{i + 1}-15"] for i in range(6))]
    rules = [("LINEABOVE", (0, 0), (-1, 0), 0.5, LINE), ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE)]

    def drawn() -> Table:
        return table([[Paragraph(text, style) for text in row] for row in rows], rules, "zh-Hans", colWidths=[150] * 3)

    source = pdf.read(build(drawn(), Spacer(1, 6), prose("zh-Hans", 2), Spacer(1, 6), drawn()))
    assert [cells(source, i) for i in range(len(source.grids))] == [rows, rows]


@pytest.mark.parametrize("look", ["bare", "three rules", "striped", "tight"])
def test_the_name_of_a_block_under_an_empty_corner_keeps_the_header(look: str) -> None:
    rows = [["", "2024", "2025E", "2026E"]]
    for block in ("Domestic", "Overseas"):
        rows += [[block, "", "", ""], *([label, "1,204.5", "-", "(33.0)"] for label in ("Revenue", "Net cash"))]
    source = pdf.read(build(prose("en"), Spacer(1, 6), table(rows, LOOKS[look]), Spacer(1, 8), prose("en")))
    assert [cells(source, i) for i in range(len(source.grids))] == [rows]


def test_empty_ruled_column_stays_in_place() -> None:
    rows = [
        ["Item", "Frequency", "Period", "Date"],
        ["Sales", "monthly", "", "28 April"],
        ["Orders", "weekly", "", "29 April"],
    ]
    body = rows[1:] * 40
    assert cells(pdf.read(build(table([rows[0], *body], LOOKS["grid"])))) == [rows[0], *body]


def test_lone_chinese_character_is_read() -> None:
    """In a font that the file doesn't carry and the machine may lack, PDFium measures it as having no width."""
    rows = [["公司", "评级"], ["腾讯", "高"], ["百度", "中"], ["美团", "低"]]
    assert cells(pdf.read(build(table(rows, LOOKS["grid"], "zh-Hans")))) == rows


def test_contents_are_no_table() -> None:
    stream = BytesIO()
    page = canvas.Canvas(stream, pagesize=A4)
    for i, title in enumerate(["Summary", "Industry", "Valuation", "Risks"]):
        page.drawString(60, 700 - 18 * i, f"{i + 1} {title}")
        page.drawString(200, 700 - 18 * i, ". " * 40)
        page.drawRightString(500, 700 - 18 * i, str(i + 2))
    page.save()
    source = pdf.read(stream.getvalue())
    assert (source.grids, source.headings) == ((), ())


def test_table_drawn_column_by_column() -> None:
    rows = matrix("en", seed=4)
    stream = BytesIO()
    page = canvas.Canvas(stream, pagesize=A4)
    page.setFont("Helvetica", 9)
    for j in range(5):
        for i, row in enumerate(rows):
            page.drawRightString(160 + j * 70, 700 - i * 14, row[j])
    page.save()
    assert cells(pdf.read(stream.getvalue())) == rows


def test_table_of_words_without_lines() -> None:
    rows = [
        ["Company", "Ticker", "Rating"],
        ["Tencent", "0700.HK", "Buy"],
        ["Baidu", "BIDU US", "Hold"],
        ["Meituan", "3690.HK", "Hold"],
    ]
    source = pdf.read(build(prose("en"), table(rows, [], colWidths=[120] * 3), prose("en")))
    assert cells(source) == rows


def test_side_column_with_its_own_table() -> None:
    left, right = (
        matrix("zh-Hans", seed=6),
        [["市值(百万港元)", "5,123,456"], ["52周高位", "683.00"], ["52周低位", "364.80"], ["自由流通", "61.5%"]],
    )
    stream = BytesIO()
    document = BaseDocTemplate(stream, pagesize=A4)
    document.addPageTemplates([PageTemplate(frames=[Frame(40, 40, 330, 760), Frame(385, 40, 180, 760)])])
    document.build(
        [
            prose("zh-Hans", 6),
            table(left, LOOKS["three rules"], "zh-Hans", colWidths=[90] + [50] * 4),
            prose("zh-Hans", 4),
            FrameBreak(),
            prose("zh-Hans", 2, 8),
            Spacer(1, 6),
            table(right, [], "zh-Hans"),
        ]
    )
    source = pdf.read(stream.getvalue())
    assert [cells(source, i) for i in range(len(source.grids))] == [left, right]


@pytest.mark.parametrize("language", FONTS)
def test_prose_in_two_columns_is_no_table(language: str) -> None:
    stream = BytesIO()
    document = BaseDocTemplate(stream, pagesize=A4)
    document.addPageTemplates([PageTemplate(frames=[Frame(40, 40, 250, 760), Frame(305, 40, 250, 760)])])
    document.build([prose(language, 3) for _ in range(8)])
    source = pdf.read(stream.getvalue())
    assert source.grids == ()
    assert source.text.startswith((PROSE[language] * 3).strip())


# ---------------------------------------------------------------- text, headings, pictures


def test_lines_of_a_paragraph_run_on() -> None:
    text = pdf.read(build(prose("en", 4), Spacer(1, 10), prose("zh-Hans", 4))).text
    assert text == f"{(PROSE['en'] * 4).strip()}\n\n{PROSE['zh-Hans'] * 4}"


def test_pages_are_exact_and_joined_by_a_blank_line() -> None:
    document = FPDF()
    for words in ("First page", "Second page"):
        document.add_page()
        document.set_font("Helvetica", size=10)
        document.cell(0, 10, words)
    source = pdf.read(bytes(document.output()))
    assert source.text == "First page\n\nSecond page"
    assert [(p.number, source.text[p.start : p.end]) for p in source.pages] == [(1, "First page"), (2, "Second page")]
    assert (round(source.pages[0].width), round(source.pages[0].height)) == (595, 842)


def test_headings_by_size() -> None:
    def line(size: float, words: str) -> Paragraph:
        return Paragraph(words, ParagraphStyle("h", fontName="STSong-Light", fontSize=size, leading=size * 1.3))

    source = pdf.read(
        build(
            line(20, "腾讯控股：业绩超预期"),
            line(14, "盈利预测"),
            prose("zh-Hans", 3),
            line(14, "风险"),
            prose("zh-Hans"),
        )
    )
    assert [(source.text[h.start : h.end], h.level) for h in source.headings] == [
        ("腾讯控股：业绩超预期", 1),
        ("盈利预测", 2),
        ("风险", 2),
    ]


def test_raised_figure_is_not_part_of_a_number() -> None:
    assert (
        "1,234^2 "
        in pdf.read(build(Paragraph("Revenue of 1,234<super size=6>2</super> million", ParagraphStyle("p")))).text
    )


def picture() -> BytesIO:
    stream = BytesIO()
    Image.new("RGB", (600, 400), "grey").save(stream, "PNG")
    return stream


def test_pictures_stand_below_the_text_above_them() -> None:
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica", size=10)
    document.cell(0, 10, "Figure 1: Users", new_x="LMARGIN", new_y="NEXT")
    document.image(picture(), w=100)
    document.cell(0, 10, "Source: company")
    source = pdf.read(bytes(document.output()))
    assert len(source.pictures) == 1
    assert source.text[: source.pictures[0].start] == "Figure 1: Users"
    left, bottom, right, top = source.pictures[0].box or (0, 0, 0, 0)
    assert (source.pictures[0].page, round(right - left), round(top - bottom)) == (1, 283, 189)


@pytest.mark.parametrize("kind", ["bars", "line", "pie"])
def test_drawn_chart_is_a_picture_and_no_table(kind: str) -> None:
    from reportlab.graphics.charts.barcharts import VerticalBarChart
    from reportlab.graphics.charts.linecharts import HorizontalLineChart
    from reportlab.graphics.charts.piecharts import Pie
    from reportlab.graphics.shapes import Drawing

    chart: Any = {"bars": VerticalBarChart, "line": HorizontalLineChart, "pie": Pie}[kind]()
    chart.x, chart.y, chart.width, chart.height = 40, 20, 320, 140
    chart.data = [3, 5, 9, 4] if kind == "pie" else [[3, 5, 9, 4], [2, 4, 7, 8]]
    if kind != "pie":
        chart.categoryAxis.categoryNames = ["2021", "2022", "2023", "2024"]
    drawing = Drawing(400, 180)
    drawing.add(chart)
    source = pdf.read(build(prose("en"), drawing, prose("en")))
    assert (len(source.pictures), source.grids) == (1, ())


# ---------------------------------------------------------------- places


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("words", ["merchants", "660,257"])
def test_boxes_lie_on_the_quote(rotation: int, words: str) -> None:
    import pypdfium2

    rows = [["RMB", "2024"], ["Revenue", "660,257"], ["Costs", "349,246"]]
    document = pypdfium2.PdfDocument(build(prose("en", 1), table(rows, LOOKS["grid"]), prose("zh-Hans")))
    document[0].set_rotation(rotation)
    stream = BytesIO()
    document.save(stream)
    data = stream.getvalue()
    source = pdf.read(data)
    assert "660,257" in cells(source)[1]
    start = source.text.index(words)
    boxes = pdf.boxes(data, source.pages, start, start + len(words))
    assert [page for page, _ in boxes] == [1]
    # In the picture of the page there is type under the box.
    left, bottom, right, top = boxes[0][1]
    width, height = source.pages[0].width, source.pages[0].height
    assert 0 < left < right < width
    assert 0 < bottom < top < height
    image = Image.open(BytesIO(pdf.render(data, 1, scale=2))).convert("L")
    inside = image.crop((int(left * 2), int((height - top) * 2), int(right * 2), int((height - bottom) * 2)))
    assert min(inside.tobytes()) < 100
    again = pdf.boxes(data, source.pages, 0, len(source.text))
    assert len(again) > 5


def test_boxes_of_a_quote_over_lines_and_pages() -> None:
    data = build(*[prose("en", 12) for _ in range(6)])
    source = pdf.read(data)
    assert len(source.pages) > 1
    break_at = source.pages[1].start
    boxes = pdf.boxes(data, source.pages, break_at - 150, break_at + 150)
    assert {page for page, _ in boxes} == {1, 2}
    assert len(boxes) >= 4
    with pytest.raises(InputError, match="not within"):
        pdf.boxes(data, source.pages, 0, len(source.text) + 1)


def test_render_marks_the_quote() -> None:
    data = build(prose("en"))
    source = pdf.read(data)
    start = source.text.index("margins")
    ((page, box),) = pdf.boxes(data, source.pages, start, start + 7)
    plain, marked = (Image.open(BytesIO(pdf.render(data, page, marks))) for marks in ([], [box]))
    assert plain.size == marked.size == (1191, 1684)
    changed = sum(ImageChops.difference(plain.convert("RGB"), marked.convert("RGB")).convert("L").histogram()[1:])
    area = (box[2] - box[0]) * (box[3] - box[1]) * 4
    assert 0.5 * area < changed < 1.4 * area
    with pytest.raises(InputError, match="no page 2"):
        pdf.render(data, 2)


# ---------------------------------------------------------------- what can't be read


def encrypted(password: str) -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption

    stream = BytesIO()
    page = canvas.Canvas(stream, encrypt=StandardEncryption(password, "owner"))
    page.drawString(100, 700, "Readable words")
    page.save()
    return stream.getvalue()


def paged(*pages: str | None) -> bytes:
    """Pages of text, or for None a scanned one."""
    document = FPDF()
    for words in pages:
        document.add_page()
        document.set_font("Helvetica", size=10)
        if words is None:
            document.image(picture(), 0, 0, 210, 297)
        else:
            document.multi_cell(0, 6, words)
    return bytes(document.output())


def unmapped() -> bytes:
    """A PDF whose subset font doesn't say which characters its glyphs are."""
    from pathlib import Path

    import reportlab

    document = FPDF()
    document.add_page()
    document.add_font("own", fname=Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")
    document.set_font("own", size=10)
    document.multi_cell(0, 6, "Revenue grew by 12% in the year. " * 20)
    return bytes(document.output()).replace(b"/ToUnicode", b"/ToNothing")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: encrypted("secret"), "password"),
        (lambda: build(prose("en", 40))[:-700], "cut short"),
        (lambda: build(prose("en", 40))[:900], "cut short"),
        (lambda: b"%PDF-1.7 nothing of use %%EOF", "damaged"),
        (lambda: b"no PDF at all", "not a PDF"),
        (lambda: paged(None, None), "no text layer.*OCR"),
        (lambda: paged(""), "no text"),
        (unmapped, "garbage"),
    ],
)
def test_unreadable(data: Any, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        pdf.read(data())


def test_owner_password_alone_is_no_hindrance() -> None:
    assert pdf.read(encrypted("")).text == "Readable words"


def test_scanned_pages_among_others_are_named() -> None:
    source = pdf.read(paged("Words of the first page. " * 5, None, None, "Words of the fourth page. " * 5))
    assert any("pages 2-3" in warning and "OCR" in warning for warning in source.warnings)
    assert [p.end - p.start for p in source.pages][1:3] == [0, 0]


def test_creation_day_is_not_taken_for_the_reports_date() -> None:
    document = FPDF()
    document.add_page()
    document.set_title("A note")
    document.set_author("Li Lei")
    document.set_font("Helvetica", size=10)
    document.cell(0, 10, "text")
    properties = pdf.read(bytes(document.output())).properties or {}
    assert (properties["title"], properties["author"]) == ("A note", "Li Lei")
    assert "date" not in properties
    assert "created" in properties

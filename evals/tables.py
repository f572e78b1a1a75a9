"""How well tables are read: generated tables, written in every layout and format, read back cell by cell.

    python evals/tables.py [--tables 200] [--seed 1] [--show]        cells read back with value, row, column and unit
    python evals/tables.py --speed [--runs 5]                        a 100-page PDF with 60 tables, against pdfplumber
    python evals/tables.py --memory                                  the most memory that large and hostile files take

`--speed` needs `pip install pdfplumber`, which nothing else here does. Ours and pdfplumber alternate, each in a process
of its own; printed are medians of the time spent reading and their ratio.
"""

from __future__ import annotations

import argparse
import html
import random
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from assistant.reading import read
from assistant.tabular import value, view
from assistant.types import Report

BLANKS = ("", "-", "NA", "/")
UNITS = {  # as printed -> multiplier and unit
    "zh": {"百万元": (10**6, "CNY"), "亿美元": (10**8, "USD"), "百万港元": (10**6, "HKD"), "亿元": (10**8, "CNY")},
    "en": {"RMB mn": (10**6, "CNY"), "US$ bn": (10**9, "USD"), "HK$ mn": (10**6, "HKD")},
}
LABELS = {
    "zh": ["营业收入", "营业成本", "毛利", "研发费用", "销售费用", "管理费用", "营业利润", "归母净利润", "资本开支"],
    "en": ["Revenue", "Cost of sales", "Gross profit", "R&D expenses", "Selling expenses", "Operating profit",
           "Net profit", "Capital expenditure", "Free cash flow", "Net cash"],
}  # fmt: skip
SHARES = {"zh": ["毛利率", "净利率", "费用率"], "en": ["Gross margin", "Net margin", "Expense ratio"]}
BLOCKS = {"zh": ["国内业务", "海外业务"], "en": ["Domestic", "Overseas"]}
PERIODS = ["2022", "2023", "2024", "2025E", "2026E", "2027E"]
UNIT_PLACES = ("caption", "corner", "line")
LONG_NAMES = {
    "zh": "归属于母公司股东的净利润(非国际财务报告准则)",
    "en": "Net profit attributable to owners of the parent, non-IFRS",
}
Cell = tuple[str, Decimal | None, str | None]  # as printed, the value it states, its unit


@dataclass(frozen=True)
class Made:
    """A generated table: what is printed, and what each cell of it means."""

    language: str
    number: int
    title: str
    unit: str
    unit_place: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, str, tuple[Cell, ...]], ...]  # block, label, cells

    @property
    def caption(self) -> str:
        """The line above the table."""
        name = f"表 {self.number}: {self.title}" if self.language == "zh" else f"Table {self.number}: {self.title}"
        return f"{name} ({self.unit})" if self.unit_place == "caption" else name

    def lines(self) -> list[list[str]]:
        """The grid as printed: header, rows, a row of one cell above each block."""
        printed = [[self.unit if self.unit_place == "corner" else "", *self.columns]]
        block = None
        for group, label, cells in self.rows:
            if group and group != block:
                printed.append([group, *("" for _ in self.columns)])
            block = group
            printed.append([label, *(text for text, _, _ in cells)])
        return printed

    def unit_line(self) -> str:
        """The line between caption and table that states the unit, if it stands there."""
        named = f"单位: {self.unit}" if self.language == "zh" else f"Unit: {self.unit}"
        return named if self.unit_place == "line" else ""


def generate(seed: int) -> Made:
    """A table of its own for each seed."""
    draw = random.Random(seed)
    language = draw.choice(["zh", "en"])
    unit = draw.choice(list(UNITS[language]))
    start = draw.randrange(3)
    columns = tuple(PERIODS[start : start + draw.randint(2, 4)])
    labels = draw.sample(LABELS[language], draw.randint(3, 6))
    if draw.random() < 0.2:
        labels[-1] = LONG_NAMES[language]
    blocks = BLOCKS[language] if draw.random() < 0.3 else [None]
    rows = [
        (block, label, tuple(_cell(draw, *UNITS[language][unit]) for _ in columns))
        for block in blocks
        for label in labels
    ]
    share = draw.choice(SHARES[language])
    rows += [(blocks[-1], f"{share} (%)", tuple(_share(draw) for _ in columns))]
    title = draw.choice(
        ["盈利预测", "分部收入", "现金流量"] if language == "zh" else ["Forecasts", "Segments", "Cash flow"]
    )
    return Made(language, seed % 90 + 1, title, unit, draw.choice(UNIT_PLACES), columns, tuple(rows))


def _cell(draw: random.Random, scale: int, unit: str) -> Cell:
    if draw.random() < 0.12:
        return draw.choice(BLANKS), None, None
    if draw.random() < 0.15:
        percent = Decimal(draw.randint(-400, 900)) / 10
        return f"{percent}%", percent, "%"
    number = Decimal(draw.randint(-30_000, 990_000)) / 10
    text = f"{abs(number):,.1f}"
    return f"({text})" if number < 0 else text, number * scale, unit


def _share(draw: random.Random) -> Cell:
    number = Decimal(draw.randint(10, 800)) / 10
    return f"{number:.1f}", number, "%"


# ---------------------------------------------------------------- written


def as_text(made: Made) -> bytes:
    """Tab-separated lines, as extraction leaves them."""
    body = "\n".join("\t".join(line) for line in made.lines())
    return (
        "\n".join(line for line in ("# Note\n", made.caption, made.unit_line()) if line).encode()
        + f"\n\n{body}\n".encode()
    )


def as_markdown(made: Made) -> bytes:
    """A pipe table."""
    head, *rows = (f"| {' | '.join(line)} |" for line in made.lines())
    rule = f"|{'---|' * (len(made.columns) + 1)}"
    above = "\n\n".join(line for line in ("# Note", made.caption, made.unit_line()) if line)
    return "\n".join([above, "", head, rule, *rows, ""]).encode()


def as_html(made: Made) -> bytes:
    """A table element; a block's row is one cell over all columns."""
    head, *body = made.lines()
    lines = [f"<tr>{''.join(f'<th>{html.escape(c)}</th>' for c in head)}</tr>"]
    for line in body:
        alone = not any(line[1:]) and line[0] in (BLOCKS["zh"] + BLOCKS["en"])
        cells = (
            f'<td colspan="{len(line)}">{line[0]}</td>'
            if alone
            else "".join(f"<td>{html.escape(c)}</td>" for c in line)
        )
        lines.append(f"<tr>{cells}</tr>")
    above = "".join(f"<p>{html.escape(line)}</p>" for line in (made.caption, made.unit_line()) if line)
    return f"<html><body><h1>Note</h1>{above}<table>{''.join(lines)}</table></body></html>".encode()


def as_xlsx(made: Made) -> bytes:
    """A sheet; numbers are numbers with a format, the rest text."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "Note"
    for line in (made.caption, made.unit_line()):
        if line:
            sheet.append([line])
    sheet.append([])
    meanings = iter([cells for _, _, cells in made.rows])
    for n, line in enumerate(made.lines()):
        sheet.append([None if cell == "" else cell for cell in line])
        if n == 0 or (not any(line[1:]) and line[0] in BLOCKS["zh"] + BLOCKS["en"]):
            continue
        for c, (text, _, _) in enumerate(next(meanings), 2):
            if text and text not in BLANKS and not text.endswith("%"):
                cell = sheet.cell(sheet.max_row, c)
                cell.value = float(text.strip("()").replace(",", "")) * (-1 if text.startswith("(") else 1)
                cell.number_format = "#,##0.0;(#,##0.0)"
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_pdf(look: str) -> Callable[[Made], bytes]:
    """A page with the table between paragraphs: "grid", "bare", "rules", "striped", or "wrapped" (bare, long labels
    broken over lines)."""

    def write(made: Made) -> bytes:
        return pdf_of([made], look)

    write.__name__ = f"pdf_{look}"
    return write


def pdf_of(tables: list[Made], look: str, filler: int = 0) -> bytes:
    """A PDF of tables, each followed by `filler` paragraphs."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    looks: dict[str, list[Any]] = {
        "grid": [("GRID", (0, 0), (-1, -1), 0.5, colors.black)],
        "bare": [],
        "wrapped": [],
        "rules": [("LINEABOVE", (0, 0), (-1, 0), 1, colors.black), ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black),
                  ("LINEBELOW", (0, -1), (-1, -1), 1, colors.black)],
        "striped": [("ROWBACKGROUNDS", (0, 0), (-1, -1), [colors.whitesmoke, colors.lightgrey])],
    }  # fmt: skip
    story: list[Any] = []
    for made in tables:
        font = "STSong-Light" if made.language == "zh" else "Helvetica"
        style = ParagraphStyle(
            "p", fontName=font, fontSize=10, leading=14, wordWrap="CJK" if made.language == "zh" else None
        )
        small = ParagraphStyle("c", parent=style, fontSize=9, leading=11)
        sentence = (
            "我们预计收入保持稳健增长，利润率继续改善。"
            if made.language == "zh"
            else "We expect revenue to grow further. "
        )
        base = [("FONTNAME", (0, 0), (-1, -1), font), ("FONTSIZE", (0, 0), (-1, -1), 9),
                ("ALIGN", (1, 0), (-1, -1), "RIGHT"), ("VALIGN", (0, 0), (-1, -1), "TOP")]  # fmt: skip
        lines: list[list[Any]] = list(made.lines())
        widths = None
        if look == "wrapped":
            lines = [[Paragraph(html.escape(line[0]), small), *line[1:]] for line in lines]
            widths = [110] + [70] * len(made.columns)
        drawn = Table(lines, colWidths=widths, hAlign="LEFT")
        drawn.setStyle(TableStyle([*base, *looks[look]]))
        above = [Paragraph(line, style) for line in (sentence * 4, made.caption, made.unit_line()) if line]
        story += [
            *above,
            Spacer(1, 4),
            drawn,
            Spacer(1, 10),
            *(Paragraph(sentence * 30, style) for _ in range(filler + 1)),
        ]
    stream = BytesIO()
    SimpleDocTemplate(stream, pagesize=A4).build(story)
    return stream.getvalue()


FORMATS: dict[str, tuple[Callable[[Made], bytes], str]] = {
    "text": (as_text, "txt"),
    "markdown": (as_markdown, "md"),
    "html": (as_html, "html"),
    "xlsx": (as_xlsx, "xlsx"),
    **{f"pdf, {look}": (as_pdf(look), "pdf") for look in ("grid", "bare", "rules", "striped", "wrapped")},
}


# ---------------------------------------------------------------- read back


def misread(made: Made, report: Report) -> Iterator[str]:
    """What each cell that is not read back says instead, a line a cell."""
    views = [view(report, table.index) for table in report.tables]
    one = max(views, key=lambda v: len(v.table.rows), default=None)
    if one is None:
        yield from ("no table" for _, _, cells in made.rows for _ in cells)
        return
    titles = {column.label: column.index for column in one.table.columns}
    for block, label, cells in made.rows:
        found = [
            r for r, row in enumerate(one.table.rows) if _same(row.label, label) and _same(row.group or "", block or "")
        ]
        for title, cell in zip(made.columns, cells, strict=True):
            if len(found) != 1 or title not in titles:
                yield f"{block} {label} {title}: {len(found)} rows, columns {list(titles)}"
            elif wrong := _difference(one, found[0], titles[title], cell):
                yield f"{block} {label} {title}: {wrong}"


def _same(read_label: str, label: str) -> bool:
    return "".join(read_label.split()) == "".join(label.split())


def _difference(one: Any, r: int, c: int, cell: Cell) -> str:
    text, meant, unit = cell
    printed = next((found.text for found in one.table.rows[r].cells if found.column == c), "")
    quantity = value(one, r, c)
    got = (printed, quantity.value if quantity else None, quantity.unit if quantity else None)
    return "" if got == (text, meant, unit) else f"{got} is not {(text, meant, unit)}"


def measure(count: int, seed: int) -> tuple[Counter[str], Counter[str], list[str]]:
    """Cells and misread cells by format, and a line for each misread one, over `count` tables in every format."""
    cells: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    told = []
    for n in range(count):
        made = generate(seed * 100_003 + n)
        for name, (write, suffix) in FORMATS.items():
            missed = list(misread(made, read(write(made), f"table.{suffix}")))
            cells[name] += sum(len(row[2]) for row in made.rows)
            wrong[name] += len(missed)
            told += [f"{name}, table {n} ({made.caption}; unit: {made.unit_place}): {line}" for line in missed]
    return cells, wrong, told


# ---------------------------------------------------------------- speed and memory

_OURS = "from assistant.reading import pdf as p; run = lambda d: p.read(d)"
_BARE = (
    "import io, pdfplumber\n"
    "def run(d):\n"
    "    with pdfplumber.open(io.BytesIO(d)) as f:\n"
    "        [(page.extract_text(), page.extract_tables()) for page in f.pages]\n"
)
_TIMED = (
    "\nimport sys, time; d = open(sys.argv[1], 'rb').read(); t = time.perf_counter(); run(d)\n"
    "print(time.perf_counter() - t)"
)
PEAK = (
    "import sys; from assistant.errors import UnreadableFile; from assistant.reading import read\n"
    "name = sys.argv[1]\n"
    "try: said = f'{sum(len(t.rows) for t in read(open(name, \"rb\").read(), name).tables):,} rows'\n"
    "except UnreadableFile as reason: said = str(reason)\n"
    "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
    "print(int(peak) // 1024, said, sep='\\t')"
)


def speed(runs: int) -> None:
    """The time to read a 100-page PDF with 60 tables, against pdfplumber's text and tables of the same pages."""
    data = pdf_of([generate(n) for n in range(60)], "grid", filler=4)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tables.pdf"
        path.write_bytes(data)
        seconds: dict[str, list[float]] = {_OURS: [], _BARE: []}
        for _ in range(runs):
            for code, taken in seconds.items():
                taken.append(float(_run(code + _TIMED, path)))
    ours, bare = statistics.median(seconds[_OURS]), statistics.median(seconds[_BARE])
    pages = len(read(data, "tables.pdf").pages)
    print(f"{pages} pages: {ours:.2f} s, pdfplumber {bare:.2f} s, ratio {ours / bare:.2f}")


def _run(code: str, path: Path) -> str:
    return subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True).stdout


def hostile(rows: int = 100_000) -> Iterator[tuple[str, bytes]]:
    """Large and hostile files by name."""
    import xlsxwriter

    yield (
        "rows.txt",
        ("表 1：甲\n代码\t2025E\t2026E\n" + "".join(f"行{i}\t{i}\t{i * 2}\n" for i in range(rows))).encode(),
    )
    yield "rows.md", ("| a | 2025 |\n|---|---|\n" + "".join(f"| 行{i} | {i} |\n" for i in range(rows))).encode()
    body = "".join(f"<tr><td>row {i}</td><td>{i}</td></tr>" for i in range(rows))
    yield "rows.html", f"<html><body><table><tr><th>a</th><th>2025</th></tr>{body}</table></body></html>".encode()
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": True})
    sheet = book.add_worksheet("S")
    for i in range(rows):
        sheet.write_row(i, 0, [f"row {i}", i, i / 7])
    book.close()
    yield "rows.xlsx", stream.getvalue()
    bomb = BytesIO(stream.getvalue())
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"<c/>" * 2**26)  # 256 MB, in a quarter of one
    yield "bomb.xlsx", bomb.getvalue()


def memory() -> None:
    """The most memory of a process that reads each hostile file, and what it says. Linux only: elsewhere a child's
    own peak can't be told from what it inherits."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in hostile():
            path = Path(folder) / name
            path.write_bytes(data)
            peak, said = _run(PEAK, path).strip().split("\t")
            print(f"{name:10s} {peak:>5s} MB  {said}")


def main() -> None:
    """Measure what is asked, and print a line for each format, ratio or file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="a line for each misread cell")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    if options.speed:
        speed(options.runs)
    elif options.memory:
        memory()
    else:
        report(options.tables, options.seed, options.show)


def report(tables: int, seed: int, show: bool) -> None:
    """A line for each format, and for each misread cell if they are to be shown."""
    cells, wrong, told = measure(tables, seed)
    for name, count in cells.items():
        print(f"{name:14s} {count:6d} cells {1 - wrong[name] / count:8.2%}")
    print(f"{'all':14s} {cells.total():6d} cells {1 - wrong.total() / cells.total():8.2%}")
    if show:
        print("\n".join(told))


if __name__ == "__main__":
    main()

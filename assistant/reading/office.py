"""Word, Excel and PowerPoint files: their text, tables, headings and pictures as a reader of the file sees them.

Macros are never run, links never followed, and an archive is measured before it is unpacked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from assistant.errors import AssistantError, InputError, UnreadableFile
from assistant.reading.cellformat import shown
from assistant.reading.draft import MOST_CELLS, Box, Draft, attach, tidy
from assistant.reading.source import Source

LARGEST = 200 * 1024 * 1024  # bytes unpacked
STEEPEST = 200  # bytes unpacked for one packed, in a part of more than a megabyte
_MOST_PARTS = 20_000
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_POINT = 12_700  # English Metric Units
_MARKED = re.compile(
    rb"application/vnd\."
    rb"(?:ms-(?:word|powerpoint)\.(?:document|template|presentation|slideshow)\.macroEnabled(?:Template)?|"
    rb"openxmlformats-officedocument\.(?:wordprocessingml|presentationml)\.(?:template|slideshow))\.main\+xml"
)
_UNMARKED = tuple(
    b"application/vnd.openxmlformats-officedocument." + kind + b".main+xml"
    for kind in (b"presentationml.presentation", b"wordprocessingml.document")
)
_BLANK = Box("")
_PERIOD = re.compile(r"(?:FY|CY)?(?:19|20)\d\d(?:[AEF]|年)?|(?:FY|CY|')\d\d[AEF]?|\d\d[AEF]|\d{4}-\d\d(?:-\d\d)?")
_FIGURE = re.compile(r"[-+(]?[^\d\s]{0,4}[\d.,]+\s*[^\d\s]{0,3}\)?")


def read(data: bytes, kind: str) -> Source:
    """The text of an Office file; `kind` is "docx", "xlsx" or "pptx" (with macros or without).

    Word: paragraphs and tables. Excel: each visible sheet as a heading and its rows, values as their number formats
    show them. PowerPoint: each visible slide as a page. What is left out or not to be trusted is said in a warning.
    Raises UnreadableFile for a file that is damaged, encrypted, too large unpacked, or empty.
    """
    readers = {"docx": _word, "xlsx": _excel, "pptx": _powerpoint}
    if kind not in readers:
        raise InputError(f"'{kind}' is not a kind of Office file that can be read (docx, xlsx, pptx)")
    draft = Draft()
    data = _examined(data, draft.warnings)
    try:
        readers[kind](data, draft)
    except AssistantError:
        raise
    except Exception as error:  # the libraries raise whatever a damaged part makes them stumble over
        raise UnreadableFile(f"the {kind} file is damaged ({type(error).__name__})") from None
    return draft.source()


def _examined(data: bytes, warnings: list[str]) -> bytes:
    """The file, its macros' mark taken off. Raises UnreadableFile for an archive that isn't safe to unpack."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            _measure([(p.file_size, p.compress_size) for p in parts])
            if any(p.flag_bits & 1 for p in parts):
                raise UnreadableFile("the file is encrypted; save a copy without a password")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        # In UTF-16 every second byte is zero.
                        if b"<!DOCTYPE" in stream.read(65_536).replace(b"\x00", b"").upper():
                            raise UnreadableFile("the file declares XML entities, as no Office program does")
            names = [p.filename for p in parts]
            if any(n.endswith("xl/workbook.bin") for n in names):
                raise UnreadableFile("it is a binary workbook (.xlsb); save it as .xlsx")
            types = archive.read("[Content_Types].xml")
    except (BadZipFile, KeyError, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise UnreadableFile(f"the file is damaged or cut short ({type(error).__name__})") from None
    except Exception as error:  # zlib.error and lzma errors share no base
        raise error if isinstance(error, AssistantError) else UnreadableFile("the file is damaged") from None
    if any(n.lower().endswith("vbaproject.bin") for n in names):
        warnings.append("the file has macros; they were not run and are not part of the text")
    return _plain(data, types)


def _measure(sizes: Iterable[tuple[int, int]]) -> None:
    total = 0
    for number, (unpacked, packed) in enumerate(sizes, 1):
        total += unpacked
        if unpacked > 1_000_000 and unpacked > STEEPEST * max(packed, 1):
            raise UnreadableFile(f"it is built to exhaust memory: a part unpacks to over {STEEPEST} times its size")
        if total > LARGEST:
            raise UnreadableFile(f"it unpacks to more than {LARGEST // 1024**2} MB; split it or leave pictures out")
        if number > _MOST_PARTS:
            raise UnreadableFile(f"it has more than {_MOST_PARTS:,} parts")


def _plain(data: bytes, types: bytes) -> bytes:
    """The file marked as an ordinary document, where it is marked as one with macros, a template or a show: the
    libraries refuse those marks, not the content."""
    plain = _MARKED.sub(lambda m: _UNMARKED[b"word" in m[0]], types)
    if plain == types:
        return data
    stream = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(stream, "w", ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, plain if part.filename == "[Content_Types].xml" else old.read(part))
    return stream.getvalue()


def _describe(properties: Any, draft: Draft) -> None:
    """Title and author, and the day of creation as "created": it says nothing of the day that a report is of."""
    created = properties.created
    found = {
        "title": tidy(properties.title or ""),
        "author": tidy(getattr(properties, "author", None) or getattr(properties, "creator", None) or ""),
        "created": created.date().isoformat() if created else "",
    }
    draft.properties = {key: value for key, value in found.items() if value}


# ---------------------------------------------------------------- Word


def _word(data: bytes, draft: Draft) -> None:
    from docx import Document

    document = Document(BytesIO(data))
    _describe(document.core_properties, draft)
    levels = _heading_levels(document)
    _word_blocks(document.element.body, draft, levels)


def _heading_levels(document: Any) -> dict[str, int]:
    """Style id -> heading level, by the style's name or outline level, or those of the style it is based on."""
    found: dict[str, int] = {}
    for style in document.styles:
        at, seen = style, 0
        while at is not None and seen < 20:
            if level := _style_level(at):
                found[style.style_id] = level
                break
            at, seen = getattr(at, "base_style", None), seen + 1
    return found


def _style_level(style: Any) -> int:
    name = re.fullmatch(r"(?:heading|标题|標題) ?(\d)", style.name or "", re.I)
    if name:
        return int(name[1])
    if (style.name or "").lower() == "title":
        return 1
    return _outline(style.element.find(f"{_W}pPr"))


def _outline(properties: Any) -> int:
    level = properties.find(f"{_W}outlineLvl") if properties is not None else None
    number = int(level.get(f"{_W}val", "9")) if level is not None else 9
    return number + 1 if number < 9 else 0


def _word_blocks(parent: Any, draft: Draft, levels: dict[str, int], depth: int = 0) -> None:
    """Writes the paragraphs and tables within `parent`, content controls opened."""
    for block in parent:
        if block.tag == f"{_W}p":
            _word_paragraph(block, draft, levels, depth)
        elif block.tag == f"{_W}tbl":
            _word_table(block, draft, levels, depth)
        elif block.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml") and depth < 50:
            _word_blocks(block, draft, levels, depth + 1)


def _word_paragraph(paragraph: Any, draft: Draft, levels: dict[str, int], depth: int) -> None:
    properties = paragraph.find(f"{_W}pPr")
    style = properties.find(f"{_W}pStyle") if properties is not None else None
    level = _outline(properties) or (levels.get(style.get(f"{_W}val", ""), 0) if style is not None else 0)
    lines = [tidy(line) for line in _word_text(paragraph).split("\n")]
    listed = properties is not None and properties.find(f"{_W}numPr") is not None
    listed = listed or (style is not None and style.get(f"{_W}val", "").startswith(("ListBullet", "ListNumber")))
    if level and any(lines):
        draft.heading(" ".join(filter(None, lines)), min(level, 6))
    else:
        for number, line in enumerate(filter(None, lines)):
            draft.line(f"- {line}" if listed and number == 0 and not line.startswith(("-", "•")) else line)
    for node in paragraph.iter(f"{_W}drawing", f"{_W}pict", f"{_W}object"):
        if _in_fallback(node, paragraph):
            continue
        boxes = [b for b in node.iter(f"{_W}txbxContent") if not _in_fallback(b, node)]
        if boxes and depth < 50:
            _word_blocks(boxes[0], draft, levels, depth + 1)
        elif not boxes:
            draft.picture()


def _in_fallback(node: Any, top: Any) -> bool:
    """Whether a node is the old-fashioned copy of something, or within a text box that is written on its own."""
    at = node.getparent()
    while at is not None and at is not top:
        if at.tag in (_FALLBACK, f"{_W}txbxContent"):
            return True
        at = at.getparent()
    return False


def _word_text(element: Any) -> str:
    """The text of a paragraph as shown: what is deleted, hidden, or in a text box of its own left out."""
    parts: list[str] = []
    stack = [element]
    apart = ("del", "moveFrom", "txbxContent", "pPr", "instrText", "drawing", "pict", "object")
    skipped = {_FALLBACK, *(f"{_W}{name}" for name in apart)}
    while stack:
        node = stack.pop()
        tag = node.tag
        if tag in skipped:
            continue
        if tag == f"{_W}r":
            style = node.find(f"{_W}rPr")
            if style is not None and _is_on(style.find(f"{_W}vanish")):
                continue
            raised = style.find(f"{_W}vertAlign") if style is not None else None
            if raised is not None and raised.get(f"{_W}val") in ("superscript", "subscript"):
                text = "".join(t.text or "" for t in node.iter(f"{_W}t"))
                parts.append(attach("".join(parts[-2:]), text))
        if tag == f"{_W}t" or tag.endswith("}t"):
            parts.append(node.text or "")
        elif tag in (f"{_W}tab", f"{_W}ptab"):
            parts.append(" ")
        elif tag in (f"{_W}br", f"{_W}cr"):
            parts.append("\n")
        elif tag == f"{_W}noBreakHyphen":
            parts.append("-")
        stack.extend(child for child in reversed(node) if isinstance(child.tag, str))
    return "".join(parts)


def _is_on(flag: Any) -> bool:
    return flag is not None and flag.get(f"{_W}val", "1") not in ("0", "false", "off")


def _word_table(table: Any, draft: Draft, levels: dict[str, int], depth: int) -> None:
    rows = [row for row in table.iter(f"{_W}tr") if _owner(row) is table and not _is_deleted(row)]
    cells = [[cell for cell in row.iter(f"{_W}tc") if _owner(cell, f"{_W}tr") is row] for row in rows]
    if max((len(row) for row in cells), default=0) < 2 or next(_inner_tables(table), None) is not None:
        # A frame around text, not a table.
        for cell in (cell for row in cells for cell in row):
            if depth < 50:
                _word_blocks(cell, draft, levels, depth + 1)
        return
    for node in table.iter(f"{_W}drawing", f"{_W}pict"):
        if not _in_fallback(node, table):
            draft.picture()
    header = 0
    while header < len(rows) and _is_on(rows[header].find(f"{_W}trPr/{_W}tblHeader")):
        header += 1
    draft.table(_word_rows(rows, cells), header or None)


def _owner(node: Any, tag: str = f"{_W}tbl") -> Any:
    at = node.getparent()
    while at is not None and at.tag != tag:
        at = at.getparent()
    return at


def _inner_tables(table: Any) -> Iterator[Any]:
    return (inner for inner in table.iter(f"{_W}tbl") if inner is not table)


def _is_deleted(row: Any) -> bool:
    return row.find(f"{_W}trPr/{_W}del") is not None


def _word_rows(rows: list[Any], cells: list[list[Any]]) -> list[list[Box]]:
    """The rows as boxes: cells merged downwards are one box, as tall as they are many."""
    placed: list[list[tuple[int, int, str, bool]]] = []  # column, width, text, continues the cell above
    for row, row_cells in zip(rows, cells, strict=True):
        before = row.find(f"{_W}trPr/{_W}gridBefore")
        column = _value(before, 0)
        line = [(j, 1, "", False) for j in range(min(column, 100))]
        for cell in row_cells:
            span = min(_value(cell.find(f"{_W}tcPr/{_W}gridSpan"), 1), 1000) or 1
            merge = cell.find(f"{_W}tcPr/{_W}vMerge")
            continues = merge is not None and merge.get(f"{_W}val", "continue") == "continue"
            text = tidy(" ".join(_word_text(p) for p in cell.iter(f"{_W}p") if not _in_fallback(p, cell)))
            line.append((column, span, text, continues))
            column += span
        placed.append(line)
    continuing = [{(j, width) for j, width, _, goes_on in line if goes_on} for line in placed]
    boxes = []
    for i, line in enumerate(placed):
        row_boxes = []
        for j, width, text, continues in line:
            if continues and i and any(a == j for a, *_ in placed[i - 1]):
                continue
            down = 1
            while i + down < len(placed) and (j, width) in continuing[i + down]:
                down += 1
            row_boxes.append(Box(text, down, width))
        boxes.append(row_boxes)
    return boxes


def _value(element: Any, otherwise: int) -> int:
    text = element.get(f"{_W}val", "") if element is not None else ""
    return int(text) if text.isdigit() else otherwise


# ---------------------------------------------------------------- Excel


_Row = tuple[int, list[str]]  # its number, and the text of its cells from column 1 on


@dataclass
class _Sheet:
    """A sheet as its XML gives it: rows with something in them, and what is said beside the values."""

    rows: list[_Row] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)  # first column, row, last column, row
    uncached: list[str] = field(default_factory=list)
    linked: int = 0


def _excel(data: bytes, draft: Draft) -> None:
    from openpyxl import load_workbook

    book: Any = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        _describe(book.properties, draft)
        with ZipFile(BytesIO(data)) as archive:
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    draft.warnings.append(f"the sheet '{sheet.title}' is hidden and was left out")
                    continue
                path = sheet._worksheet_path
                with archive.open(path) as stream:
                    # openpyxl's own rows take four times as long and know nothing of hidden rows or merged cells.
                    found = _sheet(stream, sheet._shared_strings, _formats(book), book.epoch)
                _warn(sheet.title, found, draft)
                draft.heading(tidy(sheet.title), 1)
                _write_sheet(found, draft)
                for _ in range(_drawings(archive, path)):
                    draft.picture()
        for chart in book.chartsheets:
            draft.heading(tidy(chart.title), 1)
            draft.picture()
    finally:
        book.close()


def _formats(book: Any) -> list[tuple[str, bool]]:
    """For each cell style its number format, and whether that makes a number a date."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE, is_date_format

    found = []
    for style in book._cell_styles:
        number = style.numFmtId
        own = number - BUILTIN_FORMATS_MAX_SIZE
        own_formats = book._number_formats
        code = own_formats[own] if 0 <= own < len(own_formats) else BUILTIN_FORMATS.get(number, "General")
        found.append((code, is_date_format(code)))
    return found or [("General", False)]


def _sheet(stream: Any, strings: list[str], formats: list[tuple[str, bool]], epoch: Any) -> _Sheet:
    from lxml import etree
    from openpyxl.utils.cell import column_index_from_string, range_boundaries

    sheet = _Sheet()
    tags = (f"{_S}row", f"{_S}col", f"{_S}mergeCell")
    columns: dict[str, int] = {}
    number = cells = 0
    for _, element in etree.iterparse(stream, tag=tags, resolve_entities=False, no_network=True):
        if element.tag == f"{_S}row":
            number = int(element.get("r") or number + 1)
            if element.get("hidden") in ("1", "true"):
                sheet.hidden_rows.add(number)
            texts: list[str] = []
            column = 0
            for cell in element.iterchildren(f"{_S}c"):
                letters = (cell.get("r") or "").rstrip("0123456789")
                if letters not in columns:
                    columns[letters] = column_index_from_string(letters) if letters else 0
                column = columns[letters] or column + 1
                if text := _cell_text(cell, strings, formats, epoch, sheet):
                    texts.extend([""] * (column - 1 - len(texts)))
                    texts.append(text)
            cells += len(texts)
            if cells > MOST_CELLS:
                raise UnreadableFile(f"it has more than {MOST_CELLS:,} cells; cut it down to what matters")
            if texts:
                sheet.rows.append((number, texts))
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
        elif element.tag == f"{_S}col":
            if element.get("hidden") in ("1", "true"):
                sheet.hidden_columns.update(range(int(element.get("min")), min(int(element.get("max")), 16_384) + 1))
        else:
            left, top, right, bottom = range_boundaries(element.get("ref"))
            sheet.merged.append((left or 1, top or 1, right or left or 1, bottom or top or 1))
    return sheet


def _cell_text(cell: Any, strings: list[str], formats: list[tuple[str, bool]], epoch: Any, sheet: _Sheet) -> str:
    """A cell's stored value as its number format shows it."""
    kind = cell.get("t", "n")
    value = ""
    for child in cell:
        if child.tag == f"{_S}v":
            value = child.text or ""
        elif child.tag == f"{_S}is":
            return tidy("".join(t.text or "" for t in child.iter(f"{_S}t") if t.getparent().tag != f"{_S}rPh"))
        elif child.tag == f"{_S}f":
            if re.search(r"\[\d+\]", child.text or ""):
                sheet.linked += 1
            stored = child.getnext()
            if kind != "str" and (stored is None or not stored.text):
                sheet.uncached.append(cell.get("r") or "")
    if not value:
        return ""
    if kind == "s":
        return tidy(strings[int(value)])
    if kind == "b":
        return shown(value == "1", None)
    if kind != "n":
        return tidy(value)  # the text of a formula, an error (#DIV/0!), or an ISO date
    code, dated = formats[int(cell.get("s") or 0)]
    exact = float(value) if any(c in value for c in ".eE") else int(value)
    return shown(_as_date(exact, epoch) if dated else exact, code)


def _as_date(value: float, epoch: Any) -> Any:
    from openpyxl.utils.datetime import from_excel

    try:
        return from_excel(value, epoch)
    except (OverflowError, ValueError):
        return value


def _warn(title: str, sheet: _Sheet, draft: Draft) -> None:
    from openpyxl.utils import get_column_letter

    if sheet.uncached:
        cells = ", ".join(sheet.uncached[:5]) + (", …" if len(sheet.uncached) > 5 else "")
        draft.warnings.append(
            f"the sheet '{title}' has formulas without a stored value, read as empty: {cells}; "
            "open and save the file in a spreadsheet program to store them"
        )
    if sheet.linked:
        draft.warnings.append(
            f"the sheet '{title}' has {sheet.linked} formulas over other workbooks; their last stored values were read"
        )
    if sheet.hidden_rows:
        draft.warnings.append(f"the sheet '{title}' has hidden rows, left out: {_spans(sheet.hidden_rows, str)}")
    if sheet.hidden_columns:
        columns = _spans(sheet.hidden_columns, get_column_letter)
        draft.warnings.append(f"the sheet '{title}' has hidden columns, left out: {columns}")


def _spans(numbers: set[int], name: Any) -> str:
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    named = [name(a) if a == b else f"{name(a)}-{name(b)}" for a, b in runs]
    return ", ".join(named[:8]) + (", …" if len(named) > 8 else "")


def _write_sheet(sheet: _Sheet, draft: Draft) -> None:
    """Writes a sheet's rows: blocks of rows parted by blank ones, a block that begins with a header being a table
    of its own, one that begins with figures going on with the table above."""
    merges = _merges(sheet)
    table: list[_Row] = []
    block: list[_Row] = []
    last = 0
    for number, texts in sheet.rows:
        if number in sheet.hidden_rows:
            continue
        between = range(last + 1, number)
        if block and any(row not in sheet.hidden_rows and row not in merges.covered for row in between):
            table = _joined(table, block, sheet, merges, draft)
            block = []
        elif block:
            block += [(row, []) for row in between if row not in sheet.hidden_rows]
        block.append((number, texts))
        last = number
    if block:
        table = _joined(table, block, sheet, merges, draft)
    _write_block(table, sheet, merges, draft)


@dataclass
class _Merges:
    """Merged cells by row: the size in visible rows and columns of those that begin there (by column), and the
    columns that are covered by others."""

    begun: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)
    covered: dict[int, set[int]] = field(default_factory=dict)


def _merges(sheet: _Sheet) -> _Merges:
    merges = _Merges()
    budget = 2_000_000  # a sheet may be merged over all its billions of cells
    furthest = sheet.rows[-1][0] if sheet.rows else 0
    for left, top, right, bottom in sheet.merged:
        if top in sheet.hidden_rows or left in sheet.hidden_columns:
            continue  # its text is hidden with it
        bottom = min(bottom, max(furthest, top))
        budget -= (right - left + 1) * (bottom - top + 1)
        if budget < 0:
            break
        wide = sum(1 for column in range(left, right + 1) if column not in sheet.hidden_columns)
        high = sum(1 for row in range(top, bottom + 1) if row not in sheet.hidden_rows)
        merges.begun.setdefault(top, {})[left] = (high, wide)
        for row in range(top, bottom + 1):
            columns = range(left + (row == top), right + 1)
            if columns:
                merges.covered.setdefault(row, set()).update(columns)
    return merges


def _joined(table: list[_Row], block: list[_Row], sheet: _Sheet, merges: _Merges, draft: Draft) -> list[_Row]:
    """The table with the block added to it, or the block alone, the table being written."""
    if table and not _begins_table(block):
        return table + block
    _write_block(table, sheet, merges, draft)
    return block


def _begins_table(block: list[_Row]) -> bool:
    first = next((row for _, row in block if sum(map(bool, row)) > 1), None)
    if first is None:
        return True
    values = [text for text in first if text][1:]
    return not any(_FIGURE.fullmatch(text) and not _PERIOD.fullmatch(text) for text in values)


def _write_block(block: list[_Row], sheet: _Sheet, merges: _Merges, draft: Draft) -> None:
    """A table, its title lines (rows with one cell) before it as lines; without columns, lines alone."""
    rows = list(block)
    while rows and sum(map(bool, rows[0][1])) <= 1:
        number, texts = rows[0]
        if any(high > 1 for high, _ in merges.begun.get(number, {}).values()):
            break
        rows.pop(0)
        if title := "".join(texts):
            draft.line(title)
    if not rows:
        return
    margin = min(next((j for j, text in enumerate(texts, 1) if text), 16_385) for _, texts in rows)
    width = max(len(texts) for _, texts in rows)
    draft.table(_boxes(number, texts, margin, width, sheet, merges) for number, texts in rows)


def _boxes(number: int, texts: list[str], margin: int, width: int, sheet: _Sheet, merges: _Merges) -> list[Box]:
    begun, covered = merges.begun.get(number, {}), merges.covered.get(number, ())
    boxes = []
    for column in range(margin, width + 1):
        if column in sheet.hidden_columns or column in covered:
            continue
        text = texts[column - 1] if column <= len(texts) else ""
        if column in begun:
            high, wide = begun[column]
            boxes.append(Box(text, high, wide))
        else:
            boxes.append(Box(text) if text else _BLANK)
    return boxes


def _drawings(archive: ZipFile, sheet: str) -> int:
    """How many pictures and charts lie over a sheet."""
    folder, _, name = sheet.rpartition("/")
    names = set(archive.namelist())
    found = 0
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in names:
        return 0
    for target in re.findall(rb'Target="[^"]*?(drawings/drawing\d+\.xml)"', archive.read(relations)):
        path = "xl/" + target.decode()
        if path in names:
            found += len(re.findall(rb"<(?:\w+:)?(?:pic|graphicFrame)[ >]", archive.read(path)))
    return found


# ---------------------------------------------------------------- PowerPoint


def _powerpoint(data: bytes, draft: Draft) -> None:
    from pptx import Presentation

    deck = Presentation(BytesIO(data))
    _describe(deck.core_properties, draft)
    width, height = (deck.slide_width or 0) / _POINT, (deck.slide_height or 0) / _POINT
    hidden = []
    for number, slide in enumerate(deck.slides, 1):
        if slide.element.get("show") in ("0", "false"):
            hidden.append(str(number))
            continue
        start = draft.length
        _slide(slide, number, height, draft)
        draft.page(number, start, width, height)
        draft.blank()
    if hidden:
        draft.warnings.append(f"hidden slides were left out: {', '.join(hidden)}")


def _slide(slide: Any, number: int, height: float, draft: Draft) -> None:
    title = slide.shapes.title
    if title is not None and (text := tidy(title.text_frame.text)):
        draft.heading(text, 1)
    shapes = [shape for shape in _shapes(slide.shapes) if title is None or shape.shape_id != title.shape_id]
    for shape in sorted(shapes, key=lambda s: ((s.top or 0) // (_POINT * 12), s.left or 0)):
        if getattr(shape, "has_table", False):
            draft.table(_slide_rows(shape.table), 1 if shape.table.first_row else None, page=number)
        elif getattr(shape, "has_text_frame", False) and shape.text_frame.text.strip():
            for paragraph in shape.text_frame.paragraphs:
                for line in _slide_text(paragraph).split("\n"):
                    if line := tidy(line):
                        draft.line(line)
            draft.blank()
        elif getattr(shape, "has_chart", False) or shape.shape_type == 13:  # a picture
            draft.picture(number, _slide_box(shape, height))


def _shapes(shapes: Any) -> Iterator[Any]:
    """The shapes of a slide, those in groups too; a hidden shape is none."""
    stack = list(reversed(list(shapes)))
    while stack:
        shape = stack.pop()
        if shape._element.xpath("./*/p:cNvPr[@hidden='1' or @hidden='true']"):
            continue
        if shape.shape_type == 6:  # a group
            stack.extend(reversed(list(shape.shapes)))
        else:
            yield shape


def _slide_text(paragraph: Any) -> str:
    """A paragraph's text, its line breaks kept, raised figures set off from those before."""
    parts: list[str] = []
    for node in paragraph._p.iter("{*}r", "{*}br", "{*}fld"):
        if node.tag.endswith("}br"):
            parts.append("\n")
            continue
        text = "".join(t.text or "" for t in node.iter("{*}t"))
        style = node.find("{*}rPr")
        if style is not None and style.get("baseline", "0") not in ("0", "0%"):
            parts.append(attach("".join(parts[-1:]), text))
        parts.append(text)
    return "".join(parts)


def _slide_rows(table: Any) -> list[list[Box]]:
    return [
        [
            Box(
                tidy(" ".join(_slide_text(p) for p in cell.text_frame.paragraphs)),
                cell.span_height if cell.is_merge_origin else 1,
                cell.span_width if cell.is_merge_origin else 1,
            )
            for cell in row.cells
            if not cell.is_spanned
        ]
        for row in table.rows
    ]


def _slide_box(shape: Any, height: float) -> tuple[float, float, float, float]:
    left, top = (shape.left or 0) / _POINT, (shape.top or 0) / _POINT
    return left, height - top - (shape.height or 0) / _POINT, left + (shape.width or 0) / _POINT, height - top

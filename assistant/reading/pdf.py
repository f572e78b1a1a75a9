"""PDF files: text with pages, tables, headings and pictures; the place of a quote on its page, and its picture."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from itertools import pairwise
from threading import RLock
from typing import Any

from assistant.errors import InputError, UnreadableFile
from assistant.reading.draft import iso_date, tidy
from assistant.reading.fragments import LEADERS, Bounds, Glyph, Rules
from assistant.reading.layout import LaidCell, LaidTable, Layout, lay_out
from assistant.reading.source import Grid, GridCell, Heading, Picture, Source
from assistant.types import Page

_LOCK = RLock()  # PDFium may be entered by one thread at a time
_SCAN = 0.5  # of the page's area: a picture this large with next to no text is a scanned page
_GARBAGE = 0.3
_MOST_OBJECTS, _MOST_SEGMENTS = 50_000, 60
_THIN = 3.0  # points: a filled box this thin is a line
_CHART_WIDTH, _CHART_HEIGHT = 80.0, 50.0
_PICTURE_SIDE = 40.0
_HEADING_LENGTH = 90
_MARK = (255, 236, 128)

_AS_IS = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

_Point = tuple[float, float]
_Turn = Callable[[float, float], _Point]


@dataclass
class _Drawn:
    """What is drawn on a page beside its text: lines, pictures, and paths that look like a chart's."""

    rules: Rules = field(default_factory=Rules)
    images: list[Bounds] = field(default_factory=list)
    paths: list[Bounds] = field(default_factory=list)
    bars: list[Bounds] = field(default_factory=list)


@dataclass
class _PageRead:
    """A page as it was read: upright, though it may be displayed turned. `displayed` turns a box that way."""

    width: float
    height: float
    display_size: _Point
    displayed: Callable[[Bounds], Bounds]
    glyphs: list[Glyph]
    images: list[Bounds]
    charts: list[Bounds]
    layout: Layout
    strange: int
    bold: list[bool]


def read(data: bytes) -> Source:
    """The text of a PDF, its pages joined by blank lines, with its tables (rows as lines, cells tab-separated),
    headings by font size, and pictures. A table that runs over pages is one grid; a header printed again is
    left out of it. Boxes and sizes are in points of the page as displayed, the origin at the lower left.

    Raises UnreadableFile for a file that is encrypted, damaged or cut short, has no text layer, or whose fonts
    don't say which characters they show. Pages without text are named in a warning.
    """
    _refuse_cut(data)
    with _opened(data) as document:
        properties = _properties(document)
        pages: list[_PageRead | None] = []
        for index in range(len(document)):
            pages.append(_page(document, index))
    warnings = _check(pages)
    return _source(pages, properties, warnings)


def boxes(data: bytes, pages: Sequence[Page], start: int, end: int) -> list[tuple[int, Bounds]]:
    """Where `text[start:end]` of the read file is printed: (page number, (left, bottom, right, top)) for each line,
    in points of the page as displayed. `pages` are those of the Source or Report.

    Raises InputError for a range outside the text, UnreadableFile as `read` does.
    """
    if not pages or not 0 <= start <= end <= pages[-1].end:
        raise InputError(f"characters {start} to {end} are not within this report")
    found: list[tuple[int, Bounds]] = []
    with _opened(data) as document:
        for page in pages:
            if page.start < end and start < page.end:
                read_page = _page(document, page.number - 1)
                if read_page is None:
                    continue
                origin = read_page.layout.origin[max(start - page.start, 0) : end - page.start]
                by_index = {g.index: g for g in read_page.glyphs}
                marked = _line_boxes([by_index[i] for i in origin if i >= 0])
                found += [(page.number, read_page.displayed(box)) for box in marked]
    return found


def render(data: bytes, page: int, marks: Sequence[Bounds] = (), scale: float = 2.0) -> bytes:
    """Page number `page` (from 1) as a PNG, `scale` pixels a point, with the boxes of `marks` highlighted.

    Raises InputError for a page that isn't there.
    """
    from PIL import Image, ImageChops, ImageDraw

    with _opened(data) as document:
        if not 1 <= page <= len(document):
            raise InputError(f"there is no page {page}; the report has {len(document)}")
        sheet = document[page - 1]
        height = sheet.get_height()
        # A page may be a poster: keep the picture within 40 megapixels.
        scale = min(scale, (4e7 / max(sheet.get_width() * height, 1.0)) ** 0.5)
        image = sheet.render(scale=scale).to_pil().convert("RGB")
    layer = Image.new("RGB", image.size, "white")
    pen = ImageDraw.Draw(layer)
    for left, bottom, right, top in marks:
        upper, lower = (height - top) * scale - 1, (height - bottom) * scale + 1
        pen.rectangle((left * scale - 1, upper, right * scale + 1, lower), _MARK)
    stream = BytesIO()
    ImageChops.multiply(image, layer).save(stream, "PNG")  # as a highlighter does: the type stays black
    return stream.getvalue()


# ---------------------------------------------------------------- opening


def _refuse_cut(data: bytes) -> None:
    """PDFium mends a file whose end is missing as well as it can and says nothing; pages may be gone."""
    if b"%PDF-" not in data[:1024]:
        raise UnreadableFile("it is not a PDF (its first bytes say otherwise)")
    if b"%%EOF" not in data[-4096:]:
        raise UnreadableFile("the PDF is cut short: its end is missing; download it again")


def _pdfium() -> Any:
    return import_module("pypdfium2")  # imported late, and by name: it has no types to check


def _raw() -> Any:
    return import_module("pypdfium2.raw")


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    pdfium, raw = _pdfium(), _raw()
    with _LOCK:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            if error.err_code == raw.FPDF_ERR_PASSWORD:
                raise UnreadableFile("the PDF is encrypted and needs a password; save a copy without one") from None
            if error.err_code == raw.FPDF_ERR_SECURITY:
                raise UnreadableFile("the PDF is encrypted in an unknown way; save a copy without it") from None
            raise UnreadableFile("the PDF is damaged and can't be opened") from None
        try:
            yield document
        finally:
            document.close()


def _properties(document: Any) -> dict[str, str]:
    stated = document.get_metadata_dict()
    created = re.match(r"D?:?(\d{4})(\d\d)(\d\d)", stated.get("CreationDate", ""))
    title = tidy(stated.get("Title", ""))
    # Office programs put the name of the file or of the program there.
    if re.search(r"\.(docx?|xlsx?|pptx?|pdf|indd|html?)$|^(microsoft|untitled|无标题)", title, re.I):
        title = ""
    found = {
        "title": title,
        "author": tidy(stated.get("Author", "")),
        "created": iso_date("-".join(created.groups())) if created else None,
    }
    return {key: value for key, value in found.items() if value}


def _page(document: Any, index: int) -> _PageRead | None:
    """One page laid out; None where it is damaged."""
    pdfium = _pdfium()
    try:
        page = document[index]
        _give_width(page)
        textpage = page.get_textpage()
    except pdfium.PdfiumError:
        return None
    try:
        display, _ = _turns(page.get_bbox(), page.get_rotation())
        size = page.get_size()
        turned = _text_turn(textpage, page.get_rotation())
        if turned != page.get_rotation():
            # In memory only: PDFium sorts the text of a line by where it stands on the page as displayed.
            page.set_rotation(turned)
            textpage.close()
            textpage = page.get_textpage()
        turn, back = _turns(page.get_bbox(), turned)
        width, height = page.get_size()
        glyphs, strange = _glyphs(textpage, turn, turned, width, height)
        drawn = _drawn(page, turn, width, height)
        charts = _charts(drawn, glyphs)
        layout = lay_out(glyphs, drawn.rules, charts)
        bold = _bold(textpage, layout)

        def displayed(box: Bounds) -> Bounds:
            return _around([display(*back(box[0], box[1])), display(*back(box[2], box[3]))])

        return _PageRead(width, height, size, displayed, glyphs, drawn.images, charts, layout, strange, bold)
    finally:
        textpage.close()
        page.close()


def _give_width(page: Any) -> None:
    """Makes PDFium see text that it measures as having no width, in memory only. It leaves such text out: a lone
    Chinese character (one to a table cell, the last of a wrapped line) in a font that is neither in the file nor
    on this machine. Outlined text is measured with its outline."""
    raw = _raw()
    values = [ctypes.c_float() for _ in range(4)]
    unmoved = raw.FS_MATRIX(1, 0, 0, 1, 0, 0)
    for thing, _ in _objects(raw, page):
        if raw.FPDFPageObj_GetType(thing) != raw.FPDF_PAGEOBJ_TEXT or not raw.FPDFPageObj_GetBounds(thing, *values):
            continue
        if abs(values[2].value - values[0].value) < 0.01:
            raw.FPDFTextObj_SetTextRenderMode(thing, raw.FPDF_TEXTRENDERMODE_FILL_STROKE)
            raw.FPDFPageObj_TransformF(thing, unmoved)  # has it measured again


def _objects(raw: Any, page: Any) -> Iterator[tuple[Any, tuple[float, ...]]]:
    """The things drawn on a page, those within forms too, each with the transformation of what it is within."""
    stack: list[tuple[Any, int, Any, tuple[float, ...]]] = [
        (page.raw, raw.FPDFPage_CountObjects(page.raw), raw.FPDFPage_GetObject, _AS_IS)
    ]
    left, forms = _MOST_OBJECTS, 100
    while stack:
        parent, count, get, outer = stack.pop()
        for i in range(min(count, left)):
            thing = get(parent, i)
            yield thing, outer
            if raw.FPDFPageObj_GetType(thing) == raw.FPDF_PAGEOBJ_FORM and forms:
                forms -= 1
                inner = _product(_matrix(raw, thing), outer)
                stack.append((thing, raw.FPDFFormObj_CountObjects(thing), raw.FPDFFormObj_GetObject, inner))
        left -= min(count, left)


def _text_turn(textpage: Any, otherwise: int) -> int:
    """By how many degrees, clockwise, the page must be turned for most of its text to stand upright: a wide table
    is often printed sideways on an upright page."""
    raw = _raw()
    matrix = raw.FS_MATRIX()
    turns: Counter[int] = Counter()
    count = raw.FPDFText_CountChars(textpage.raw)
    for index in range(0, count, max(count // 60, 1)):
        if raw.FPDFText_GetMatrix(textpage.raw, index, matrix) and (matrix.a or matrix.b):
            upright = abs(matrix.a) >= abs(matrix.b)
            turns[(0 if matrix.a > 0 else 180) if upright else (90 if matrix.b > 0 else 270)] += 1
    return turns.most_common(1)[0][0] if turns else otherwise


def _turns(box: Bounds, degrees: int) -> tuple[_Turn, _Turn]:
    """From coordinates of the file to those of the page's visible part, turned clockwise; and back."""
    left, bottom, right, top = box
    there: dict[int, _Turn] = {
        0: lambda x, y: (x - left, y - bottom),
        90: lambda x, y: (y - bottom, right - x),
        180: lambda x, y: (right - x, top - y),
        270: lambda x, y: (top - y, x - left),
    }
    back: dict[int, _Turn] = {
        0: lambda u, v: (u + left, v + bottom),
        90: lambda u, v: (right - v, u + bottom),
        180: lambda u, v: (right - u, top - v),
        270: lambda u, v: (v + left, top - u),
    }
    return there[degrees], back[degrees]


# ---------------------------------------------------------------- characters


def _glyphs(textpage: Any, turn: _Turn, turned: int, width: float, height: float) -> tuple[list[Glyph], int]:
    """The visible characters in the order drawn, and how many of them no font explains."""
    raw = _raw()
    handle = textpage.raw
    loose, matrix = raw.FS_RECTF(), raw.FS_MATRIX()
    loose_at, matrix_at = ctypes.byref(loose), ctypes.byref(matrix)
    code_of, box_of, unmapped = raw.FPDFText_GetUnicode, raw.FPDFText_GetLooseCharBox, raw.FPDFText_HasUnicodeMapError
    glyphs: list[Glyph] = []
    spaced, strange, extent, size, upright, high = False, 0, -1.0, 0.0, True, 0
    typed, generated = False, raw.FPDFText_IsGenerated
    for index in range(raw.FPDFText_CountChars(handle)):
        code = code_of(handle, index)
        if 0xD800 <= code < 0xDC00:  # the first half of a character, where the platform's are 16 bits wide
            high = code
            continue
        if 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        if code in (2, 0xFFFE):  # PDFium's mark for a hyphen that ends a line
            code = 0x2D
        char = chr(code) if code < 0x110000 else "\ufffd"
        if char.isspace() or code in (0, 0xAD, 0x200B, 0xFEFF):
            spaced = True
            typed = typed or (code == 0x20 and not generated(handle, index))
            continue
        if not box_of(handle, index, loose_at):
            continue
        x0, y0, x1, y1 = _straight(turn, loose.left, loose.bottom, loose.right, loose.top)
        if x1 < 0 or y1 < 0 or x0 > width or y0 > height:
            continue
        if abs(y1 - y0 - extent) > 0.05:
            extent = y1 - y0
            size, upright = _size(raw, handle, index, matrix, matrix_at, turned)
        if code < 32 or code == 0xFFFD or 0xE000 <= code < 0xF900 or code >= 0xF0000 or unmapped(handle, index):
            strange += 1
        apart = bool(glyphs) and x0 - glyphs[-1].x1 > 0.3 * size
        fresh = apart and not _drawn_together(raw, handle, glyphs[-1].index, index)
        glyphs.append(Glyph(_shown(char), x0, y0, x1, y1, size or extent, index, spaced, upright, fresh, typed))
        spaced = typed = False
    return glyphs, strange


def _drawn_together(raw: Any, handle: Any, a: int, b: int) -> bool:
    """Whether one text object of the page holds both characters."""
    first, second = (ctypes.cast(raw.FPDFText_GetTextObject(handle, i), ctypes.c_void_p).value for i in (a, b))
    return first == second


def _straight(turn: _Turn, left: float, bottom: float, right: float, top: float) -> Bounds:
    (xa, ya), (xb, yb) = turn(left, bottom), turn(right, top)
    return min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)


def _size(raw: Any, handle: Any, index: int, matrix: Any, matrix_at: Any, turned: int) -> tuple[float, bool]:
    """The font size in points as displayed, and whether the character stands upright."""
    size = raw.FPDFText_GetFontSize(handle, index)
    if not raw.FPDFText_GetMatrix(handle, index, matrix_at):
        return size, True
    across, down = (matrix.b, matrix.a) if turned in (90, 270) else (matrix.a, matrix.b)
    return size * (matrix.c**2 + matrix.d**2) ** 0.5, abs(across) > abs(down)


def _shown(char: str) -> str:
    """The character as a person would type it: fonts often answer with a radical (⽤) for the character (用) or a
    symbol of their own for a bullet. One character for one, so that places hold."""
    if "\u2e80" <= char <= "\u2fdf" or "\uf900" <= char <= "\ufaff":
        plain = unicodedata.normalize("NFKC", char)
        return plain if len(plain) == 1 else char
    return "\u2022" if "\uf020" <= char <= "\uf0ff" else char


def _bold(textpage: Any, layout: Layout) -> list[bool]:
    """For each line of the layout whether its type is bold."""
    raw = _raw()
    buffer = ctypes.create_string_buffer(200)
    flags = ctypes.c_int()
    found = []
    for line in layout.lines:
        raw.FPDFText_GetFontInfo(textpage.raw, line.first, buffer, 200, ctypes.byref(flags))
        name = buffer.value.lower()
        found.append(b"bold" in name or b"heavy" in name or b"black" in name or bool(flags.value & 1 << 18))
    return found


# ---------------------------------------------------------------- lines, pictures, charts


def _drawn(page: Any, turn: _Turn, width: float, height: float) -> _Drawn:
    raw = _raw()
    drawn = _Drawn()
    for thing, outer in _objects(raw, page):
        kind = raw.FPDFPageObj_GetType(thing)
        if kind == raw.FPDF_PAGEOBJ_PATH:
            _path(raw, thing, outer, turn, drawn, width * height)
        elif kind == raw.FPDF_PAGEOBJ_IMAGE and (box := _object_bounds(raw, thing, outer, turn)):
            drawn.images.append(box)
    return drawn


def _matrix(raw: Any, thing: Any) -> tuple[float, ...]:
    matrix = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(thing, matrix):
        return _AS_IS
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _product(m: tuple[float, ...], n: tuple[float, ...]) -> tuple[float, ...]:
    """The transformation that applies `m` first, then `n`."""
    return (
        m[0] * n[0] + m[1] * n[2], m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2], m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4], m[4] * n[1] + m[5] * n[3] + n[5],
    )  # fmt: skip


def _object_bounds(raw: Any, thing: Any, outer: tuple[float, ...], turn: _Turn) -> Bounds | None:
    values = [ctypes.c_float() for _ in range(4)]
    if not raw.FPDFPageObj_GetBounds(thing, *values):
        return None
    left, bottom, right, top = (v.value for v in values)
    points = [turn(*_moved(outer, x, y)) for x, y in ((left, bottom), (left, top), (right, bottom), (right, top))]
    return _around(points)


def _moved(m: tuple[float, ...], x: float, y: float) -> _Point:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def _around(points: Sequence[_Point]) -> Bounds:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def _path(raw: Any, thing: Any, outer: tuple[float, ...], turn: _Turn, drawn: _Drawn, area: float) -> None:
    """Sorts a path: straight lines along the page and the edges of boxes are rules, all else may be a chart."""
    count = raw.FPDFPath_CountSegments(thing)
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(thing, fill, stroke)
    if not (fill.value or stroke.value):
        return
    if count > _MOST_SEGMENTS:
        if (box := _object_bounds(raw, thing, outer, turn)) is not None:
            drawn.paths.append(box)
        return
    for points, curved in _strokes(raw, thing, count, _product(_matrix(raw, thing), outer), turn):
        box = _around(points)
        wide, high = box[2] - box[0], box[3] - box[1]
        if curved or any(_slants(a, b) for a, b in pairwise(points)):
            drawn.paths.append(box)
        elif min(wide, high) <= _THIN:
            _rule(drawn.rules, box)
        elif len(points) < 4 or wide * high < 0.8 * area:
            for a, b in pairwise(points):
                _rule(drawn.rules, _around([a, b]))
            if fill.value:
                drawn.bars.append(box)


def _slants(a: _Point, b: _Point) -> bool:
    return min(abs(a[0] - b[0]), abs(a[1] - b[1])) > 1.0


def _rule(rules: Rules, box: Bounds) -> None:
    wide, high = box[2] - box[0], box[3] - box[1]
    if wide >= high and wide > _THIN:
        rules.across.append(((box[1] + box[3]) / 2, box[0], box[2]))
    elif high > wide and high > _THIN:
        rules.upright.append(((box[0] + box[2]) / 2, box[1], box[3]))


def _strokes(
    raw: Any, thing: Any, count: int, matrix: tuple[float, ...], turn: _Turn
) -> Iterator[tuple[list[_Point], bool]]:
    """The strokes of a path, each as its points and whether it is curved."""
    x, y = ctypes.c_float(), ctypes.c_float()
    points: list[_Point] = []
    curved = False
    for i in range(count):
        segment = raw.FPDFPath_GetPathSegment(thing, i)
        kind = raw.FPDFPathSegment_GetType(segment)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = turn(*_moved(matrix, x.value, y.value))
        if kind == raw.FPDF_SEGMENT_MOVETO:
            if len(points) > 1:
                yield points, curved
            points, curved = [], False
        curved = curved or kind == raw.FPDF_SEGMENT_BEZIERTO
        points.append(point)
        if raw.FPDFPathSegment_GetClose(segment) and points[0] != point:
            points.append(points[0])
    if len(points) > 1:
        yield points, curved


def _charts(drawn: _Drawn, glyphs: Sequence[Glyph]) -> list[Bounds]:
    """Regions in which curves, slanted lines or bars of many heights are drawn."""
    bars = drawn.bars if len({round(b[3] - b[1]) for b in drawn.bars}) >= 3 else []
    bars = [b for b in bars if not any(b[0] <= g.x0 and g.x1 <= b[2] and b[1] <= g.y0 and g.y1 <= b[3] for g in glyphs)]
    if len(bars) < 3 or len({round(b[3] - b[1]) for b in bars}) < 3:
        bars = []
    regions = [b for b in _joined([*drawn.paths, *bars]) if b[2] - b[0] > _CHART_WIDTH and b[3] - b[1] > _CHART_HEIGHT]
    # Axis labels stand just outside of what is drawn.
    return [(b[0] - 30, b[1] - 20, b[2] + 30, b[3] + 12) for b in regions]


def _joined(found: Sequence[Bounds], near: float = 12.0) -> list[Bounds]:
    """The boxes around groups of boxes that touch or nearly do, by way of a raster of `near` points."""
    occupied: set[tuple[int, int]] = set()
    for left, bottom, right, top in found:
        columns = range(int(left // near), min(int(right // near), int(left // near) + 300) + 1)
        rows = range(int(bottom // near), min(int(top // near), int(bottom // near) + 300) + 1)
        occupied.update((i, j) for i in columns for j in rows)
    groups: list[Bounds] = []
    while occupied:
        stack = [occupied.pop()]
        group: list[tuple[int, int]] = []
        while stack:
            i, j = stack.pop()
            group.append((i, j))
            around = {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)} & occupied
            occupied -= around
            stack.extend(around)
        left, bottom, right, top = _around(group)
        groups.append((left * near, bottom * near, (right + 1) * near, (top + 1) * near))
    return groups


# ---------------------------------------------------------------- the whole


def _check(pages: Sequence[_PageRead | None]) -> list[str]:
    """Warnings for pages that can't be read. Raises UnreadableFile where that is nearly all of them."""
    damaged = [n for n, page in enumerate(pages, 1) if page is None]
    read_pages = [(n, page) for n, page in enumerate(pages, 1) if page is not None]
    if not read_pages:
        raise UnreadableFile("the PDF is damaged: none of its pages can be read")
    glyphs = sum(len(page.glyphs) for _, page in read_pages)
    scanned = [n for n, page in read_pages if _is_scanned(page)]
    if not glyphs or len(scanned) == len(read_pages):
        if any(page.images for _, page in read_pages):
            raise UnreadableFile("the PDF has no text layer (it is a scan); run OCR first")
        raise UnreadableFile("the PDF has no text: its pages are empty or drawn as outlines; run OCR first")
    if sum(page.strange for _, page in read_pages) > _GARBAGE * glyphs:
        raise UnreadableFile(
            "the PDF's fonts don't say which characters they show, so its text comes out as garbage; run OCR first"
        )
    garbled = [n for n, page in read_pages if page.strange > _GARBAGE * len(page.glyphs)]
    warnings = []
    if damaged:
        warnings.append(f"{_named(damaged)} can't be read: damaged")
    if scanned:
        warnings.append(f"{_named(scanned)} can't be read: scanned, without a text layer; run OCR first")
    if garbled:
        warnings.append(f"{_named(garbled)} can't be read well: the fonts don't say which characters they show")
    return warnings


def _is_scanned(page: _PageRead) -> bool:
    covered = max(((b[2] - b[0]) * (b[3] - b[1]) for b in page.images), default=0.0)
    return len(page.glyphs) < 20 and covered > _SCAN * page.width * page.height


def _named(numbers: Sequence[int]) -> str:
    """ "page 3" or "pages 2-4, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    listed = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return ("page " if len(numbers) == 1 else "pages ") + listed


def _source(pages: Sequence[_PageRead | None], properties: dict[str, str], warnings: list[str]) -> Source:
    texts: list[str] = []
    extents: list[Page] = []
    at = 0
    for number, page in enumerate(pages, 1):
        text = page.layout.text if page else ""
        width, height = page.display_size if page else (0.0, 0.0)
        extents.append(Page(number, at, at + len(text), width, height))
        texts.append(text)
        at += len(text) + 2
    whole = "\n\n".join(texts)
    return Source(
        text=whole,
        grids=tuple(_grids(pages, extents, whole)),
        pictures=tuple(_pictures(pages, extents)),
        headings=tuple(_headings(pages, extents, whole)),
        pages=tuple(extents),
        properties=properties or None,
        warnings=tuple(warnings),
    )


def _grids(pages: Sequence[_PageRead | None], extents: Sequence[Page], text: str) -> Iterator[Grid]:
    """The tables of all pages, those that go on over a page's end joined."""
    open_grid: Grid | None = None
    last: tuple[_PageRead, LaidTable] | None = None
    for page, extent in zip(pages, extents, strict=True):
        if page is None or not page.layout.tables:
            last = None
            continue
        for table in page.layout.tables:
            grid = _grid(table, extent, text)
            if open_grid and last and last[0] is not page and _is_continued(*last, page, table):
                open_grid = _continued(open_grid, grid)
            else:
                if open_grid:
                    yield open_grid
                open_grid = grid
            last = (page, table)
    if open_grid:
        yield open_grid


def _grid(table: LaidTable, extent: Page, text: str) -> Grid:
    made: dict[LaidCell, GridCell] = {}

    def cell(laid: LaidCell | None) -> GridCell | None:
        if laid is None:
            return None
        start, end = laid.start + extent.start, laid.end + extent.start
        return made.setdefault(laid, GridCell(start, end, text[start:end]))

    rows = tuple(tuple(cell(laid) for laid in row) for row in table.rows)
    return Grid(rows, table.start + extent.start, table.end + extent.start, extent.number)


def _is_continued(before: _PageRead, upper: LaidTable, page: _PageRead, lower: LaidTable) -> bool:
    """Whether a table at the top of a page goes on from one at the foot of the page before: as many columns at
    the same places, and between them nothing but the foot and the head of the pages."""
    if upper is not before.layout.tables[-1] or len(upper.columns) != len(lower.columns):
        return False
    if any(min(a[1], b[1]) - max(a[0], b[0]) < 3 for a, b in zip(upper.columns, lower.columns, strict=True)):
        return False
    below = [line for line in before.layout.lines if line.bounds[3] < upper.bounds[1]]
    above = [line for line in page.layout.lines if line.bounds[1] > lower.bounds[3]]
    foot, head = 0.1 * before.height, 0.9 * page.height
    return all(line.bounds[3] < foot for line in below) and all(line.bounds[1] > head for line in above)


def _continued(upper: Grid, lower: Grid) -> Grid:
    """One grid of two; the header rows that the second repeats are left out."""
    repeated = 0
    for a, b in zip(upper.rows, lower.rows, strict=False):
        if [c.text if c else None for c in a] != [c.text if c else None for c in b]:
            break
        repeated += 1
    return Grid(
        upper.rows + lower.rows[repeated:],
        upper.start,
        lower.end,
        upper.page,
        repeated or upper.header_rows,
    )


def _pictures(pages: Sequence[_PageRead | None], extents: Sequence[Page]) -> Iterator[Picture]:
    for page, extent in zip(pages, extents, strict=True):
        if page is None:
            continue
        area = page.width * page.height
        for box in [*page.images, *page.charts]:
            wide, high = box[2] - box[0], box[3] - box[1]
            if min(wide, high) < _PICTURE_SIDE or wide * high > 0.9 * area:
                continue  # an ornament, or the page's background
            yield Picture(extent.start + _anchor(page.layout, box), extent.number, page.displayed(box))


def _anchor(layout: Layout, box: Bounds) -> int:
    """The end of the text just above a picture."""
    middle = (box[1] + box[3]) / 2
    placed = [(line.bounds, line.end) for line in layout.lines] + [(t.bounds, t.end) for t in layout.tables]
    above = [(b[1], end) for b, end in placed if b[1] > middle and b[0] < box[2] and b[2] > box[0]]
    return min(above)[1] if above else 0


def _headings(pages: Sequence[_PageRead | None], extents: Sequence[Page], text: str) -> Iterator[Heading]:
    """Short lines in type larger than the body's, the largest size first; then bold lines in the body's size."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.layout.lines if page else ():
            sizes[round(line.size * 2) / 2] += line.end - line.start
    if not sizes:
        return
    body = sizes.most_common(1)[0][0]
    found: list[tuple[int, int, float]] = []
    for page, extent in zip(pages, extents, strict=True):
        for line, bold in zip(page.layout.lines, page.bold, strict=True) if page else ():
            start, end = extent.start + line.start, extent.start + line.end
            size = round(line.size * 2) / 2
            large = size > 1.12 * body or (bold and size >= body)
            if large and line.lines <= 3 and _reads_as_heading(text[start:end]):
                found.append((start, end, size))
    levels = {size: level for level, size in enumerate(sorted({f[2] for f in found}, reverse=True), 1)}
    for start, end, size in found:
        yield Heading(start, end, min(levels[size], 6))


def _reads_as_heading(line: str) -> bool:
    weight = sum(2 if c >= "\u2e80" else 1 for c in line)
    words = re.search(r"[^\W\d_]{2}|[\u3400-\u9fff]", line)
    if weight > _HEADING_LENGTH or words is None or "\t" in line or LEADERS.search(line):
        return False
    return line[-1] not in "。；，,;"


def _line_boxes(glyphs: Sequence[Glyph]) -> Iterator[Bounds]:
    """One box for each stretch of characters that stand on one line."""
    run: list[Glyph] = []
    for glyph in glyphs:
        if run:
            last = run[-1]
            apart = min(last.y1, glyph.y1) - max(last.y0, glyph.y0) < 0.4 * min(last.y1 - last.y0, glyph.y1 - glyph.y0)
            if apart or glyph.x0 < last.x0 - glyph.size or glyph.x0 - last.x1 > 3 * glyph.size:
                yield _glyphs_around(run)
                run = []
        run.append(glyph)
    if run:
        yield _glyphs_around(run)


def _glyphs_around(run: Sequence[Glyph]) -> Bounds:
    return min(g.x0 for g in run), min(g.y0 for g in run), max(g.x1 for g in run), max(g.y1 for g in run)

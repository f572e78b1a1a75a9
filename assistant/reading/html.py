"""HTML pages: what a reader of the page sees, as lines and tables. Nothing is run and nothing is fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.errors import UnreadableFile
from assistant.reading import text as plain
from assistant.reading.draft import Box, Draft, attach, iso_date, tidy
from assistant.reading.source import Source

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import PageElement, Tag

_DROPPED = frozenset((
    "head", "script", "style", "template", "noscript", "iframe", "frame", "object", "embed", "applet", "audio",
    "video", "map", "datalist", "select", "input", "textarea", "button", "dialog",
))
_PICTURES = frozenset(("img", "svg", "canvas"))
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "legend", "li", "main", "nav",
    "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    "caption",
))
_SPACED = frozenset(("p", "ul", "ol", "dl", "blockquote", "section", "article", "figure", "pre", "table"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_UNSEEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:font-size|opacity)\s*:\s*0(?![.\d])", re.I
)
_HIDING_RULE = re.compile(r"([^{}]+)\{[^{}]*(?:display\s*:\s*none|visibility\s*:\s*hidden)[^{}]*\}", re.I)
_AT_BLOCK = re.compile(r"@[^{};]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_SIMPLE_SELECTOR = re.compile(r"[.#][\w-]+\Z")
_WIDEST_SPAN, _LONGEST_SPAN = 100, 65_534
_TITLES = ("og:title", "twitter:title", "dc.title", "citation_title")
_AUTHORS = ("author", "article:author", "byl", "dc.creator", "citation_author")
_DATES = (
    "article:published_time", "datepublished", "date", "pubdate", "publishdate", "publish_date", "publication_date",
    "dc.date.issued", "dc.date", "dcterms.created", "citation_publication_date", "og:published_time",
    "weibo:article:create_at",
)


def read(data: bytes) -> Source:
    """The visible text of a page, one line a block, with its headings, tables, pictures and metadata.

    A cell's text stands on its row's line between tabs. Raises UnreadableFile where nothing visible is left.
    """
    from bs4 import BeautifulSoup

    draft = Draft()
    soup = BeautifulSoup(_decoded(data, draft.warnings), "lxml")
    draft.properties = _properties(soup)
    _Walk(draft, _hiding_selectors(soup)).walk(soup)
    return draft.source()


def _decoded(data: bytes, warnings: list[str]) -> str:
    """Bytes as text: by the byte-order mark, the page's own declaration, or else as any text file is read."""
    from bs4.dammit import EncodingDetector

    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return plain.decode(data).replace("\x00", "")
    declared = EncodingDetector.find_declared_encoding(data, is_html=True, search_entire_document=False)
    encoding = _wider(declared) if declared else None
    if encoding:
        try:
            return data.decode(encoding).replace("\x00", "")
        except UnicodeDecodeError:
            pass
    try:
        return plain.decode(data).replace("\x00", "")
    except UnreadableFile:
        if not encoding:
            raise
    warnings.append(f"some characters are not valid {declared}; they are shown as \ufffd")
    return data.decode(encoding, "replace").replace("\x00", "")


def _wider(encoding: str) -> str | None:
    """The encoding that browsers use under a label: the superset (GB2312 pages are full of GBK); None if unknown."""
    import codecs

    name = encoding.strip().lower().replace("_", "-")
    if name in ("gb2312", "gb-2312", "gbk", "x-gbk", "gb18030", "chinese", "csgb2312"):
        return "gb18030"
    if name in ("big5", "big5-hkscs", "x-x-big5", "cn-big5", "csbig5"):
        return "big5hkscs"
    if name.startswith(("utf-16", "utf16")):
        return "utf-8"  # a declaration that could be read byte by byte isn't in UTF-16
    if name in ("iso-8859-1", "latin1", "us-ascii", "ascii"):
        return "cp1252"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _properties(soup: BeautifulSoup) -> dict[str, str]:
    metas: dict[str, str] = {}
    for meta in soup.find_all("meta"):
        key = str(meta.get("property") or meta.get("name") or meta.get("itemprop") or "").strip().lower()
        content = tidy(str(meta.get("content") or ""))
        if key and content:
            metas.setdefault(key, content)
    linked = _linked_data(soup)
    named = soup.title.get_text() if soup.title else ""
    time = soup.find("time", attrs={"datetime": True})
    dates = [metas.get(key, "") for key in _DATES] + [linked.get("date", ""), str(time["datetime"]) if time else ""]
    found = {
        "title": next((metas[key] for key in _TITLES if key in metas), "") or tidy(named),
        "author": next((metas[key] for key in _AUTHORS if key in metas), "") or linked.get("author", ""),
        "date": next((day for day in map(iso_date, dates) if day), ""),
    }
    return {key: value for key, value in found.items() if value}


def _linked_data(soup: BeautifulSoup) -> dict[str, str]:
    """Date and author from the page's JSON-LD, where publishers put them."""
    found: dict[str, str] = {}
    for script in soup.find_all("script", type="application/ld+json"):
        try:
            thing = json.loads(script.get_text())
        except (ValueError, RecursionError):
            continue
        for item in thing if isinstance(thing, list) else [thing]:
            if not isinstance(item, dict):
                continue
            author = item.get("author")
            author = author[0] if isinstance(author, list) and author else author
            name = author.get("name") if isinstance(author, dict) else author
            if isinstance(name, str):
                found.setdefault("author", tidy(name))
            if isinstance(item.get("datePublished"), str):
                found.setdefault("date", item["datePublished"])
    return found


def _hiding_selectors(soup: BeautifulSoup) -> frozenset[str]:
    """The classes and ids (".x", "#y") that the page's own style sheet hides on screen."""
    found: set[str] = set()
    for style in soup.find_all("style"):
        rules = _AT_BLOCK.sub("", re.sub(r"/\*.*?\*/", "", style.get_text(), flags=re.S))
        for selectors in _HIDING_RULE.findall(rules):
            found.update(s.strip() for s in selectors.split(",") if _SIMPLE_SELECTOR.match(s.strip()))
    return frozenset(found)


class _Walk:
    """Walks a page in document order without recursion (a hostile page nests thousands deep) and writes a Draft."""

    def __init__(self, draft: Draft, hiding: frozenset[str]) -> None:
        self.draft = draft
        self.hiding = hiding
        self.pending: list[str] = []
        self.counters: list[int | None] = []
        self.verbatim = 0

    def walk(self, root: Tag) -> None:
        from bs4.element import Tag

        stack: list[tuple[PageElement, bool]] = [(root, False)]
        while stack:
            node, leaving = stack.pop()
            if not isinstance(node, Tag):
                if _is_text(node):
                    self.text(str(node))
            elif leaving:
                self.leave(node)
            elif self.enter(node):
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(node.contents))
        self.flush()

    def enter(self, tag: Tag) -> bool:
        """Begins an element; False where its content is dropped or already written."""
        name = tag.name.lower()
        if name in _PICTURES:
            if not self.hidden(tag) and not _is_tiny(tag):
                self.draft.picture()
            return False
        if name in _DROPPED or self.hidden(tag):
            return False
        if name == "br":
            self.flush()
            return False
        if level := _heading_level(tag):
            self.flush()
            if title := tidy(self.inner(tag)):
                self.draft.heading(title, level)
            self.pictures(tag)
            return False
        if name == "table" and (rows := self.data_rows(tag)):
            self.flush()
            self.table(tag, rows)
            return False
        if name in ("sup", "sub"):
            self.pending.append(attach("".join(self.pending[-3:]).rstrip(), tidy(tag.get_text())))
        if name in _BLOCKS:
            self.flush()
        if name in _SPACED:
            self.draft.blank()
        if name in ("ul", "ol"):
            self.counters.append(_number(tag.get("start"), 1) if name == "ol" else None)
        elif name == "li":
            self.pending.append(self.bullet())
        elif name == "pre":
            self.verbatim += 1
        return True

    def leave(self, tag: Tag) -> None:
        name = tag.name.lower()
        if name in _BLOCKS:
            self.flush()
        if name in ("ul", "ol") and self.counters:
            self.counters.pop()
        elif name == "pre":
            self.verbatim -= 1
        if name in _SPACED:
            self.draft.blank()

    def text(self, text: str) -> None:
        if not self.verbatim:
            self.pending.append(text)
            return
        first, *rest = text.split("\n")
        self.pending.append(first)
        for line in rest:
            self.flush()
            self.pending.append(line)

    def flush(self) -> None:
        line = tidy("".join(self.pending))
        self.pending.clear()
        if line and line not in ("-", "\u2022"):
            self.draft.line(line)

    def bullet(self) -> str:
        if not self.counters or self.counters[-1] is None:
            return "- "
        self.counters[-1] += 1
        return f"{self.counters[-1] - 1}. "

    def hidden(self, tag: Tag) -> bool:
        if not tag.attrs:
            return False
        if "hidden" in tag.attrs or str(tag.get("aria-hidden", "")).strip().lower() == "true":
            return True
        if _UNSEEN_STYLE.search(str(tag.get("style") or "")):
            return True
        if not self.hiding:
            return False
        classes = tag.get_attribute_list("class")
        return f"#{tag.get('id')}" in self.hiding or any(f".{name}" in self.hiding for name in classes)

    def inner(self, tag: Tag) -> str:
        """The visible text within `tag`, its blocks set apart by spaces."""
        if len(tag.contents) == 1 and _is_text(tag.contents[0]):
            return str(tag.contents[0])  # most cells of a table
        parts: list[str] = []
        for node in self.visible(tag):
            if isinstance(node, str):
                parts.append(node)
            elif node.name in _BLOCKS or node.name in _HEADINGS or node.name == "br":
                parts.append(" ")
            elif node.name in ("sup", "sub"):
                parts.append(attach("".join(parts[-3:]).rstrip(), tidy(node.get_text())))
        return "".join(parts)

    def visible(self, root: Tag) -> Iterator[str | Tag]:
        """The strings and elements within `root` that a reader sees, in order; a block is given at both its ends."""
        from bs4.element import Tag

        stack: list[PageElement | str] = list(reversed(root.contents))
        while stack:
            node = stack.pop()
            if not isinstance(node, Tag):
                if _is_text(node):
                    yield str(node)
                continue
            name = node.name.lower()
            if name in _DROPPED or self.hidden(node):
                continue
            yield node
            if name in _PICTURES:
                continue
            if name in _BLOCKS:
                stack.append(" ")
            stack.extend(reversed(node.contents))

    def pictures(self, tag: Tag) -> None:
        for node in self.visible(tag):
            if not isinstance(node, str) and node.name in _PICTURES and not _is_tiny(node):
                self.draft.picture()

    def data_rows(self, table: Tag) -> list[Tag]:
        """The rows of a table that holds data, in the order shown; none for one that only lays out the page."""
        if str(table.get("role", "")).lower() in ("presentation", "none") or table.find("table"):
            return []
        if table.find(list(_HEADINGS)) and not table.find("th"):
            return []
        rows = [row for row in table.find_all("tr") if not self.hidden(row) and not self.hidden(row.parent or row)]
        rows.sort(key=lambda row: {"thead": 0, "tfoot": 2}.get(row.parent.name if row.parent else "", 1))
        widest = max((sum(_span(cell, "colspan", _WIDEST_SPAN) for cell in _cells(row)) for row in rows), default=0)
        return rows if widest > 1 and max(len(_cells(row)) for row in rows) > 1 else []

    def table(self, table: Tag, rows: list[Tag]) -> None:
        caption = table.find("caption")
        title = tidy(self.inner(caption)) if caption and not self.hidden(caption) else None
        self.pictures(table)
        boxes = [self.boxes(row, len(rows) - i) for i, row in enumerate(rows)]
        kept = [(row, box) for row, box in zip(rows, boxes, strict=True) if box]
        header_rows = _header_rows([row for row, _ in kept])
        self.draft.table([box for _, box in kept], header_rows, title or None)

    def boxes(self, row: Tag, rows_left: int) -> list[Box]:
        found = []
        for cell in _cells(row):
            if self.hidden(cell):
                continue
            down = _span(cell, "rowspan", _LONGEST_SPAN) or rows_left  # 0 reaches to the end of the table
            across = _span(cell, "colspan", _WIDEST_SPAN) or 1
            found.append(Box(tidy(self.inner(cell)), min(down, rows_left), across))
        return found


def _is_text(node: PageElement | str) -> bool:
    # Comments, doctypes and processing instructions are strings too, set off by a prefix.
    return isinstance(node, str) and not getattr(node, "PREFIX", "")


def _is_tiny(tag: Tag) -> bool:
    """A tracking pixel or a spacer."""
    return any(0 <= _number(tag.get(side), 99) <= 3 for side in ("width", "height"))


def _number(value: object, otherwise: int) -> int:
    match = re.match(r"\s*(\d{1,6})", str(value)) if value is not None else None
    return int(match[1]) if match else otherwise


def _span(cell: Tag, name: str, most: int) -> int:
    return min(_number(cell.get(name), 1), most)


def _cells(row: Tag) -> list[Tag]:
    return [child for child in row.contents if getattr(child, "name", None) in ("td", "th")]  # type: ignore[misc]


def _heading_level(tag: Tag) -> int:
    if level := _HEADINGS.get(tag.name.lower()):
        return level
    return min(_number(tag.get("aria-level"), 2), 6) if str(tag.get("role", "")).lower() == "heading" else 0


def _header_rows(rows: list[Tag]) -> int | None:
    """Rows in <thead>, or leading rows of <th>; None where the page marks no header."""
    marked = sum(1 for row in rows if row.parent is not None and row.parent.name == "thead")
    if not marked:
        for row in rows:
            cells = _cells(row)
            if not any(c.name == "th" for c in cells) or any(c.name == "td" and c.get_text(strip=True) for c in cells):
                break
            marked += 1
    return marked or None

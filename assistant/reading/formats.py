"""What a file is, told from its bytes: a renamed file is read for what it holds."""

from __future__ import annotations

import re
from io import BytesIO
from zipfile import BadZipFile, ZipFile

_IMAGES = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*", b"\x00\x00\x01\x00",
    b"\x00\x00\x00\x0cJXL ", b"\x00\x00\x00\x0cjP  ",
)
_OFFICE = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_BINARY = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\x7fELF", b"MZ\x90", b"SQLite format 3",
)
_CONTROLS = bytes([*range(9), *range(14, 27), *range(28, 32), 127])  # tab, line ends and escape are text
_HTML = re.compile(r"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S)
_HTML_PIECE = re.compile(r"<(?:div|p|table|h[1-6]|span|article|section|meta|title)\b[^>]*>", re.I)
_HTML_NAMES = (".html", ".htm", ".xhtml")


def sniff(data: bytes, name: str) -> str:
    """The format of a file: "pdf", "html", "docx", "xlsx", "pptx", "text", "image", "zip" or "unknown".

    The bytes decide; `name` only where they leave it open (a piece of HTML without its frame). Bytes that are
    neither text nor a known format, and an empty file, are "unknown".
    """
    head = data[:4096]
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(_IMAGES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or _is_heif_or_bmp(head):
        return "image"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(data)
    if not data or head.startswith(_BINARY):
        return "unknown"
    text = _start_as_text(head)
    if text is None:
        return "unknown"
    if re.match(r"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg\b", text, re.I | re.S):
        return "image"
    if _HTML.match(text) or (name.lower().endswith(_HTML_NAMES) and _HTML_PIECE.search(text)):
        return "html"
    return "text"


def _is_heif_or_bmp(head: bytes) -> bool:
    heif = head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"avif", b"msf1")
    # A BMP states where its pixels start; "BM" alone may well be the beginning of a text.
    return heif or (head[:2] == b"BM" and head[6:10] == b"\x00\x00\x00\x00")


def _zip_kind(data: bytes) -> str:
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
    except (BadZipFile, ValueError, OSError):
        # Cut short: the directory at the end is gone, but the first entries still tell what it was.
        names = [found.decode("ascii", "ignore") for found in re.findall(rb"(?:word|xl|ppt)/", data[:200_000])[:1]]
        return _OFFICE.get(names[0], "zip") if names else "zip"
    if "[Content_Types].xml" not in names:
        return "zip"
    return next((kind for folder, kind in _OFFICE.items() if any(n.startswith(folder) for n in names)), "zip")


def _start_as_text(head: bytes) -> str | None:
    """The beginning as text in whatever encoding, for its ASCII part alone; None where it is binary."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore").lstrip("\ufeff \t\r\n")
    zeros = head.count(0)
    if zeros:
        if zeros * 5 < len(head) and zeros < 3:
            return None
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if min(even, odd) * 4 > max(even, odd):
            return None
        text = head.decode("utf-16-be" if even > odd else "utf-16-le", "ignore")
        return text.lstrip() if sum(c.isprintable() or c.isspace() for c in text) > 0.95 * len(text) else None
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls * 50 > len(head):
        return None
    return head.removeprefix(b"\xef\xbb\xbf").decode("ascii", "replace").lstrip()

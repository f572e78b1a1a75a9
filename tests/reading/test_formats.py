"""A file is what its bytes say, whatever it is called."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest

from assistant.reading.formats import sniff


def archive(*names: str) -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w") as target:
        for name in names:
            target.writestr(name, "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"%PDF-1.7\n", "report.txt", "pdf"),
        (b"\xef\xbb\xbf\n%PDF-1.4", "report", "pdf"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "report.pdf", "image"),
        (b"\x89PNG\r\n\x1a\n", "report.docx", "image"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "x.html", "image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "x.txt", "image"),
        (archive("[Content_Types].xml", "word/document.xml"), "x.zip", "docx"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "x.docx", "xlsx"),
        (archive("[Content_Types].xml", "ppt/presentation.xml"), "x", "pptx"),
        (archive("report.txt"), "x.docx", "zip"),
        (archive("[Content_Types].xml", "xl/workbook.xml")[:100], "x.xlsx", "xlsx"),
        (b"<!DOCTYPE html><p>x", "x.txt", "html"),
        ("\ufeff  <html lang='zh'>".encode("utf-16"), "x", "html"),
        (b"<?xml version='1.0'?><!-- made by hand --><html>", "x", "html"),
        (b"<p>a piece of a page</p>", "x.html", "html"),
        (b"<p>a piece of a page</p>", "x.md", "text"),
        (b"# A note on <html> tags", "x.md", "text"),
        ("腾讯".encode(), "x.pdf", "text"),
        ("腾讯".encode("gb18030"), "x", "text"),
        ("Tencent".encode("utf-16-le"), "x", "text"),
        (b"BM is the ticker", "x", "text"),
        (b"", "x.pdf", "unknown"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "x.docx", "unknown"),
        (bytes(range(256)) * 4, "x.txt", "unknown"),
    ],
)
def test_sniff(data: bytes, name: str, kind: str) -> None:
    assert sniff(data, name) == kind

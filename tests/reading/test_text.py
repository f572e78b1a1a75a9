"""Plain text and Markdown: every character kept, every encoding told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import UnreadableFile
from assistant.reading import text

SIMPLIFIED = "公司上调全年资本开支，毛利率和营收都在增长。主要的原因是海外市场的订单继续增加，我们的预测也随之提高。"
TRADITIONAL = "公司上調全年資本支出，毛利率和營收都在成長。主要的原因是海外市場的訂單繼續增加，我們的預測也隨之提高。"
ENGLISH = "Capital expenditure was raised again; margins held.\r\nOrders grew.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("content", [SIMPLIFIED, SIMPLIFIED + "\r\n\r\n" + ENGLISH])
def test_chinese_in_every_encoding(content: str, encoding: str) -> None:
    if encoding in ("utf-16-le", "utf-16-be") and content.isascii() is False and "\n" not in content:
        pytest.skip("nothing tells UTF-16 without a mark where there is neither a line end nor a Latin letter")
    assert text.read(content.encode(encoding)).text == content


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "big5", "big5hkscs", "gb18030"])
def test_traditional_chinese_in_every_encoding(encoding: str) -> None:
    assert text.read(TRADITIONAL.encode(encoding)).text == TRADITIONAL


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii"])
def test_english_in_every_encoding(encoding: str) -> None:
    assert text.read(ENGLISH.encode(encoding)).text == ENGLISH


@given(st.text().filter(lambda content: content.strip() and "\x00" not in content and content[0] != "\ufeff"))
def test_what_is_utf8_is_kept_character_for_character(content: str) -> None:
    assert text.read(content.encode()).text == content


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf", " \n".encode("utf-16")])
def test_empty_files(data: bytes) -> None:
    with pytest.raises(UnreadableFile, match="empty"):
        text.read(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe" + b"a\x00" * 10 + b"\x00\xd8a", "damaged at byte"),
        (b"\xef\xbb\xbfgood\xff\xff", "damaged at byte"),
        (b"text" + b"\x00" * 3 + b"more text in here, long enough to tell", "binary"),
        (bytes(range(128, 256)) * 9, "UTF-8, UTF-16, GB18030 or Big5"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        text.read(data)


def test_headings_of_markdown() -> None:
    content = "# One\n\ntext #no\n\n### Three ###\n#not\n"
    found = [(content[h.start : h.end], h.level) for h in text.read(content.encode()).headings]
    assert found == [("# One", 1), ("### Three ###", 3)]

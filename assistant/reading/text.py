"""Plain text and Markdown: bytes to characters, nothing lost."""

from __future__ import annotations

import codecs
import re

from assistant.errors import UnreadableFile
from assistant.reading.grids import text_grids
from assistant.reading.source import Heading, Source

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HEADING = re.compile(r"^(#{1,6})[ \t]+(\S.*?)[ \t#]*$", re.M)
# The commonest characters of Chinese prose, in both scripts: a wrong guess between Big5 and GB18030 yields few of them.
_COMMON = frozenset(
    "的一是不了在人有我他这这个中大来上国和地到以说时要就出会可也你对生能而子那得于着下自之年過过後后發发"
    "們们為为業业與与長长場场產产電电經经資资價价億亿萬万元月日股市公司報报告增收入營营率投網网務务動动機"
    "机開开關关係系於"
)
_SAMPLE = 200_000


def read(data: bytes) -> Source:
    """The text of a .txt or .md file, character for character (line ends included; a byte-order mark is no text).

    Raises UnreadableFile for an empty file or bytes that are no text in a known encoding.
    """
    text = decode(data)
    if not text.strip():
        raise UnreadableFile("the file is empty")
    headings = tuple(Heading(m.start(), m.end(), len(m[1])) for m in _HEADING.finditer(text)) if "#" in text else ()
    return Source(text=text, headings=headings, grids=text_grids(text))


def decode(data: bytes) -> str:
    """Bytes as text: UTF-8 or UTF-16 (with or without BOM), GB18030 or Big5. Raises UnreadableFile."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decoded(data, encoding)
    if _utf16_without_bom(data):
        return _decoded(data, _utf16_without_bom(data))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(data)
    if "\x00" in text:
        raise UnreadableFile("the file is binary data, not text")
    return text


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"the file says it is {encoding.upper()} but is damaged at byte {error.start:,}") from None


def _utf16_without_bom(data: bytes) -> str:
    """"utf-16-le" or "utf-16-be" where every second byte of ASCII text or of line ends is zero, else ""."""
    head = data[:4000]
    if len(head) < 4 or b"\x00" not in head:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 200 or min(even, odd) * 4 > max(even, odd):
        return ""
    encoding = "utf-16-be" if even > odd else "utf-16-le"
    try:
        sample = head[: len(head) // 2 * 2].decode(encoding, "ignore")
    except UnicodeDecodeError:
        return ""
    return encoding if sum(c.isprintable() or c.isspace() for c in sample) > 0.95 * len(sample) else ""


def _legacy(data: bytes) -> str:
    """GB18030 or Big5, whichever reads as Chinese prose."""
    best, best_share = "", 0.0
    for encoding in ("gb18030", "big5hkscs"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        share = _share_of_common(text)
        if share > best_share:
            best, best_share = text, share
    if best_share < 0.02:
        raise UnreadableFile("the file is not text in UTF-8, UTF-16, GB18030 or Big5 (binary data, or a damaged file?)")
    return best


def _share_of_common(text: str) -> float:
    han = [c for c in text[:_SAMPLE] if c >= "\u3400"]
    return sum(c in _COMMON for c in han) / len(han) if han else 0.0

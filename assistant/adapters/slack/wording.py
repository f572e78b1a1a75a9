"""Words on their way into Slack and out of it: what its markup would make of them, and where they may be cut."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_MENTION = re.compile(r"<([@#!])([^>|]*)(?:\|([^>]*))?>")
_LINK = re.compile(r"<([a-z]+:[^>|]*)(?:\|([^>]*))?>")
_MARKS = r"\s*\[c?\d+\]"  # of citations and calculations
_ATOM = re.compile(rf"(?:{_MARKS})+|&\w+;|\d[\d.,]*%?|[A-Za-z]+")
_BREAKS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\n\n+(?!{_MARKS})",
        rf"\n(?!{_MARKS})",
        rf"(?:[。！？；]|[.!?;]\s)(?:{_MARKS})*(?!{_MARKS})",
        rf"\s(?!{_MARKS})|[，、,](?!{_MARKS})",
    )
)


def escaped(text: str) -> str:
    """Text that Slack shows as it is: nobody is called by it, and it links to nothing."""
    return html.escape(text, quote=False)


def markdown(text: str) -> str:
    """Markdown of an answer for Slack. Links in it are broken: they come from reports, and may lead anywhere."""
    return escaped(text).replace("](", "]\\(")


def plain_of(text: str, bot: str = "") -> str:
    """What a person typed, of a message's text: without the call to the bot, with names and links as they look."""

    def mention(match: re.Match[str]) -> str:
        kind, name, label = match.groups()
        if kind == "@" and name == bot:
            return " "
        return label if kind == "!" and label else f"{'#' if kind == '#' else '@'}{label or name.split('^')[0]}"

    shown = _LINK.sub(lambda match: match[2] or match[1], _MENTION.sub(mention, text))
    return html.unescape(shown).strip()


def mentions(text: str, person: str) -> bool:
    """Whether a message's text calls somebody."""
    return f"<@{person}>" in text or f"<@{person}|" in text


def pieces(text: str, limit: int) -> Iterator[str]:
    """Text in pieces of at most `limit` characters, cut between paragraphs, lines, sentences or words, in that order,
    and never within a mark, a number or a word that fits. Joined they are the text."""
    while len(text) > limit:
        cut = _cut(text, limit)
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text


def _cut(text: str, limit: int) -> int:
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, limit // 2, min(len(text), limit + 12))]
        if whole := [end for end in ends if limit // 2 < end <= limit]:
            return _between_atoms(text, whole[-1])
    return _between_atoms(text, limit)


def _between_atoms(text: str, cut: int) -> int:
    """A cut moved before what must stay whole, unless that is all there is."""
    for atom in _ATOM.finditer(text, max(0, cut - 200), cut + 200):
        if 0 < atom.start() < cut < atom.end():
            return atom.start()
    return cut


def shortened(text: str, length: int) -> str:
    """Text on one line, ended by … where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"

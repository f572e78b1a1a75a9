"""Markdown as nodes: paragraphs, lists, tables, emphasis and code. Links, pictures and HTML stay what is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from assistant.adapters.web.nodes import Node, node, words

Inline = Callable[[str], list[Node]]

_RULES = (
    "paragraph", "list", "heading", "lheading", "table", "blockquote", "fence", "code", "hr",
    "emphasis", "strikethrough", "backticks", "newline", "escape",
)  # fmt: skip
_TAGS = {
    "paragraph": "p", "bullet_list": "ul", "ordered_list": "ol", "list_item": "li", "blockquote": "blockquote",
    "table": "table", "thead": "thead", "tbody": "tbody", "tr": "tr", "th": "th", "td": "td", "em": "em",
    "strong": "strong", "s": "s", "hr": "hr", "hardbreak": "br",
}  # fmt: skip
_LONGEST = 200_000  # characters; nobody reads a longer answer, and a parser should not be made to


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("zero", {"html": False, "linkify": False, "maxNesting": 12}).enable(list(_RULES))


def nodes(text: str, inline: Inline) -> list[Node]:
    """The nodes of a Markdown text; `inline` turns each run of its words into nodes (marks into chips, say)."""
    tree = SyntaxTreeNode(_parser().parse(text[:_LONGEST]))
    return [made for child in tree.children for made in _made(child, inline, tight=False)]


def _made(part: SyntaxTreeNode, inline: Inline, tight: bool) -> list[Node]:
    children = [made for child in part.children for made in _made(child, inline, part.type == "list_item")]
    match part.type:
        case "text":
            return inline(words(part.content))
        case "softbreak":
            return ["\n"]
        case "code_inline":
            return [node("code", words(part.content))]
        case "fence" | "code_block":
            return [node("pre", node("code", words(part.content)), tabindex="0")]
        case "heading":
            return [node(f"h{min(5, 2 + int(part.tag[1]))}", *children)]
        case "paragraph" if tight and part.hidden:
            return children
        case "table":
            return [node("div", node("table", *children), class_="scroller", tabindex="0", role="region")]
        case "ordered_list":
            return [node("ol", *children, start=part.attrs.get("start"))]
        case "th":
            return [node("th", *children, scope="col", class_=_aligned(part))]
        case "td":
            return [node("td", *children, class_=_aligned(part))]
    tag = _TAGS.get(part.type)
    return [node(tag, *children)] if tag else children


def _aligned(part: SyntaxTreeNode) -> str | None:
    return "right" if re.search("right|center", str(part.attrs.get("style", ""))) else None

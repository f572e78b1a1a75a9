"""What Slack publishes as the limits of blocks: checked with slack-sdk's own classes, and what they leave out, here."""

from __future__ import annotations

import json
import logging
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

Json = dict[str, Any]
_MOST_BLOCKS, _MARKDOWN, _MESSAGE = 50, 12_000, 13_100
_TABLE_ROWS, _TABLE_COLUMNS, _TABLE_CHARACTERS = 100, 20, 10_000


def problem_of_blocks(blocks: list[Json], most: int = _MOST_BLOCKS) -> str | None:
    """Why Slack would refuse a message's blocks; None if it wouldn't."""
    if len(blocks) > most:
        return f"{len(blocks)} blocks"
    if sum(block["type"] == "table" for block in blocks) > 1:
        return "only_one_table_allowed"
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > _MARKDOWN:
        return "more than 12,000 characters of Markdown"
    if len(json.dumps(blocks, ensure_ascii=False)) > _MESSAGE:
        return "msg_blocks_too_long"
    return next((problem for block in blocks if (problem := _problem(block))), None)


def problem_of_view(view: Json) -> str | None:
    """Why Slack would refuse a modal."""
    try:
        View(**view).to_dict()
    except SlackObjectFormationError as error:
        return str(error)
    return next((problem for block in view["blocks"] if (problem := _problem(block))), None)


def _problem(block: Json) -> str | None:
    logging.disable(logging.WARNING)  # of the classes about what they don't know: seen below
    try:
        known = Block.parse(block)
        if known is None or type(known) is Block:
            return f"no block of type {block.get('type')}"
        shown = known.to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        return f"{block.get('type')}: {error}"
    finally:
        logging.disable(logging.NOTSET)
    if missing := set(block) - set(shown):
        return f"{block['type']} has no {missing}"
    texts = _objects(block, "text", dict)
    if any(not text.get("text") or len(text["text"]) > 3_000 for text in texts if "emoji" in text or "type" in text):
        return f"{block['type']}: a text object is empty or longer than 3,000 characters"
    check = {"table": _table, "markdown": _words, "rich_text": _rich, "actions": _actions, "context": _context}
    return check.get(block["type"], lambda _: None)(block)


def _objects(value: Any, name: str, kind: type) -> list[Any]:
    """Everything called `name` in nested data."""
    if isinstance(value, dict):
        own = [value[name]] if isinstance(value.get(name), kind) else []
        return own + [found for child in value.values() for found in _objects(child, name, kind)]
    return [found for child in value for found in _objects(child, name, kind)] if isinstance(value, list) else []


def _table(block: Json) -> str | None:
    rows = block["rows"]
    if len(rows) > _TABLE_ROWS or max(map(len, rows)) > _TABLE_COLUMNS or len({len(row) for row in rows}) > 1:
        return "a table that is too large, or uneven"
    cells = [cell["text"] for row in rows for cell in row]
    return "a table with too many characters" if sum(map(len, cells)) > _TABLE_CHARACTERS or "" in cells else None


def _words(block: Json) -> str | None:
    return None if block["text"].strip() else "an empty markdown block"


def _rich(block: Json) -> str | None:
    texts = [e.get("text", "-") for part in block["elements"] for e in part["elements"]]
    return None if texts and all(texts) else "an empty text in rich text"


def _actions(block: Json) -> str | None:
    ids = [element["action_id"] for element in block["elements"]]
    return "two elements of one action_id" if len(set(ids)) != len(ids) else None


def _context(block: Json) -> str | None:
    texts = [element["text"] for element in block["elements"]]
    return "a context text beyond 2,000 characters" if any(len(text) > 2_000 for text in texts) else None

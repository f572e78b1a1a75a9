"""Commands about conversations, and the chat in the terminal."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from assistant.adapters.cli.opening import DONE, FAILED, kept_conversations, opened
from assistant.errors import InputError

if TYPE_CHECKING:
    pass


def run_chat(options: argparse.Namespace) -> int:
    """A conversation in the terminal until the person leaves; from a pipe, 1 where anything failed."""
    from assistant.adapters.terminal.chat import chat
    from assistant.settings import load_settings

    with opened(first_use=True) as assistant:
        done = chat(assistant, load_settings().home_folder, sys.stdin.isatty(), options.conversation)
    return DONE if done else FAILED


def run_conversations(options: argparse.Namespace) -> int:
    """The conversations kept, newest first, or one of them with its answers; it may get another title before."""
    from dataclasses import asdict

    from assistant.adapters.render import answer_text, as_json, conversation_data, plain, table

    with kept_conversations() as kept:
        if options.title and not options.id:
            raise InputError("say which conversation gets the title: assistant conversations ID --title TITLE")
        one = kept.rename(options.id, options.title) if options.title else kept.get(options.id) if options.id else None
        turns = kept.turns(one.id) if one else []
        listed = [] if one else kept.list(limit=10_000)
    if options.json:
        print(as_json(conversation_data(one, turns) if one else {"conversations": [asdict(item) for item in listed]}))
    elif one:
        print("\n\n".join([plain(one.title), *(f"> {plain(t.question)}\n\n{answer_text(t.answer)}" for t in turns)]))
    elif not listed:
        print("no conversations are kept; `assistant ask --conversation new QUESTION` begins one")
    else:
        rows = [(c.id, c.updated_at[:16].replace("T", " "), str(c.turns), plain(c.title)) for c in listed]
        print(table(rows, ("id", "last used", "turns", "title")))
    return DONE


def run_forget(options: argparse.Namespace) -> int:
    """Deletes one conversation."""
    from assistant.adapters.render import plain

    with kept_conversations() as kept:
        kept.delete(options.id)
    print(f"forgot {plain(options.id)}")
    return DONE

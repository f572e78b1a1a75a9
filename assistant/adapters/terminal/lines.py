"""What a person types, line by line: with editing and history at a terminal, else as standard input gives it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from assistant.adapters.terminal.desk import Desk
from assistant.adapters.terminal.texts import help_rows, usage

HISTORY = "chat_history"  # in the home folder


def typed(desk: Desk, home: Path) -> Iterator[str]:
    """Lines typed at the terminal until Ctrl-D; Ctrl-C gives up a line, never the chat."""
    session: PromptSession[str] = PromptSession(history=_history(home), enable_open_in_editor=False)
    while not desk.leaving:
        commands = [shown.split()[0] for shown, _ in help_rows(desk.language)]
        try:
            line = session.prompt("> ", completer=WordCompleter(commands, sentence=True), complete_while_typing=False)
            yield written(line)
        except KeyboardInterrupt:
            desk.tell("leave_hint", quit=usage("quit", desk.language))
        except EOFError:
            return


def piped(desk: Desk) -> Iterator[str]:
    """The lines of standard input, each printed before it is answered."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    for line in sys.stdin:
        if desk.leaving:
            return
        if line.strip():
            desk.show(f"> {line.strip()}")
            yield line


class _Kept(FileHistory):
    """A history that takes every line, also one that no encoding takes, and none twice in a row."""

    def append_string(self, string: str) -> None:
        if string.strip():
            super().append_string(written(string))

    def store_string(self, string: str) -> None:
        try:
            super().store_string(string)
        except OSError:  # a full disk is no reason to end the chat
            return


def _history(home: Path) -> History:
    """The lines typed in earlier chats, kept in a file that nobody else reads; where that can't be, of this chat."""
    path = home / HISTORY
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        return InMemoryHistory()
    return _Kept(str(path))


def written(text: str) -> str:
    """Text without halves of characters, which a terminal may send and no file takes."""
    return text.encode("utf-8", "replace").decode("utf-8")

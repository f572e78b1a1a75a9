"""What commands share: the assistant opened and closed, batches of lines, progress, messages for the person."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import InputError

if TYPE_CHECKING:
    from assistant.conversations import Conversations
    from assistant.service import Assistant

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


@contextmanager
def opened(*, first_use: bool = False) -> Iterator[Assistant]:
    from assistant.bootstrap import open_assistant
    from assistant.settings import load_settings

    def explain(folder: Path) -> None:
        tell(f"the library is empty: reading the bundled reports in {folder.name}/ first · 库是空的，先读入随附的报告")

    assistant = open_assistant(load_settings(), on_first_use=explain if first_use else None)
    try:
        for notice in assistant.library.notices:
            tell(f"note: {notice}")
        yield assistant
    finally:
        assistant.close()


@contextmanager
def kept_conversations() -> Iterator[Conversations]:
    """The conversations alone: they can be looked at while another program has the library."""
    from assistant.bootstrap import open_conversations
    from assistant.settings import load_settings

    with open_conversations(load_settings()) as kept:
        yield kept


def batch(name: str, key: str, result: str, work: Callable[[str], Any]) -> int:
    """Answers a file of JSON lines in order, each as soon as it is there; a bad line is told and the rest goes on."""
    return rows(name, key, lambda row: {result: work(row[key])})


def rows(name: str, key: str, work: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """One line out for each JSON line with "id" and `key`; 1 if a line was bad."""
    from assistant.adapters.render import as_json

    failed = False
    for number, line in enumerate(lines_of(name), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            identity = row["id"]
            if not isinstance(row[key], str):
                raise TypeError(key)
        except (ValueError, KeyError, TypeError, RecursionError):
            tell(f'{name}, line {number}: not a JSON object with "id" and "{key}"; skipped')
            failed = True
            continue
        done = work(row)
        failed = failed or "error" in done
        print(as_json({"id": identity, **done}), flush=True)
    return FAILED if failed else DONE


def lines_of(name: str) -> Iterator[str]:
    if name == "-":
        yield from sys.stdin
        return
    try:
        with open(name, encoding="utf-8-sig") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"{name} can't be read: {reason}") from None


@contextmanager
def progress_bar(verb: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error when a person watches, else nothing."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(verb, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def write_anything() -> None:
    """Reports hold what the terminal's encoding may lack: files and pipes get UTF-8, a terminal gets question marks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def tell(message: str) -> None:
    """A message for the person, never mixed into the output."""
    from assistant.adapters.render import plain

    print(plain(message), file=sys.stderr, flush=True)

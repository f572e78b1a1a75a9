"""What several commands share: complaints in the language of the chat, lists, and what is chosen from a list."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from assistant.adapters.render import plain
from assistant.adapters.terminal import tables
from assistant.adapters.terminal.desk import Desk
from assistant.adapters.terminal.texts import say, usage
from assistant.errors import InputError


def wrong(desk: Desk, key: str, **values: object) -> InputError:
    """What is wrong with what was typed, in the language of the chat."""
    return InputError(say(key, desk.language, **values))


def how(desk: Desk, command: str) -> InputError:
    """How a command is typed."""
    return wrong(desk, "how", usage=usage(command, desk.language))


def listed(desk: Desk, rows: Sequence[Sequence[str]], *keys: str) -> None:
    """Prints a list as a table, or a line an entry where the terminal is too narrow; `keys` are its columns'."""
    head = [say(f"head_{key}", desk.language) for key in keys]
    grid = [[Text(" ".join(plain(cell).split())) for cell in row] for row in [head, *rows]]
    if tables.fits(grid, desk.out):
        desk.draw(tables.drawn(grid, desk.out))
    else:
        for row in rows:
            desk.show(" · ".join(" ".join(cell.split()) for cell in row))


def numbered(number: int, marked: bool) -> str:
    """The number of an entry, with the mark of what is in use."""
    return f"{number}•" if marked else str(number)


def one(desk: Desk, kind: str, ids: Sequence[str], name: str) -> str:
    """One of the ids listed, by its number in the list or its beginning."""
    if name.isascii() and name.isdigit() and len(name) < 6 and 1 <= int(name) <= len(ids):
        return ids[int(name) - 1]
    found = [id for id in ids if id == name] or [id for id in ids if id.startswith(name)]
    if len(found) == 1:
        return found[0]
    listing = usage(f"{kind}s", desk.language)
    raise wrong(desk, f"several_{kind}" if found else f"no_{kind}", name=name, listing=listing)

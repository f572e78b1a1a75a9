"""One process at a time uses a library's folder, and the others are told which one. The lock ends with its process."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from assistant.errors import LibraryError


def acquire(home: Path, wait: float = 0) -> BaseFileLock:
    """Takes the folder for this process, waiting up to `wait` seconds. Raises LibraryError that names the owner."""
    lock = FileLock(home / "lock", thread_local=False)
    try:
        lock.acquire(timeout=wait, poll_interval=0.05)
    except Timeout:
        raise LibraryError(f"the library is in use by {_owner(home)}; stop it, or try again when it is done") from None
    except OSError as error:
        raise LibraryError(f"the library's folder can't be written ({error.strerror or error})") from error
    with contextlib.suppress(OSError):  # it only informs; a full disk shows itself where it matters
        owner = {"pid": os.getpid(), "command": _command(), "since": time.time()}
        _owner_file(home).write_text(json.dumps(owner), encoding="utf-8")
    return lock


def _owner(home: Path) -> str:
    try:
        owner = json.loads(_owner_file(home).read_text(encoding="utf-8"))
        since = time.strftime("%H:%M", time.localtime(float(owner["since"])))
        return f"process {int(owner['pid'])} ({owner['command']}, since {since})"
    except (OSError, ValueError, KeyError, TypeError):  # taken this very moment
        return "another process"


def _owner_file(home: Path) -> Path:
    return home / "owner.json"


def _command() -> str:
    """"assistant serve": the program and its subcommand; further arguments may hold questions or paths."""
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    program = "assistant" if name == "__main__.py" else name
    word = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].isalpha() else ""
    return f"{program} {word}".strip()

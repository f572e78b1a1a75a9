"""What the stores raise, as sentences that a person can act on."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Iterator

from assistant.chroma import unreached
from assistant.errors import LibraryError

log = logging.getLogger(__name__)

_DISK_FULL = ("disk is full", "disk i/o error", "no space left", "file too large", "database or disk is full")


@contextlib.contextmanager
def clear_errors(server: str | None = None) -> Iterator[None]:
    """Whatever the stores raise, as a LibraryError that a person can act on. `server` is what to call the Chroma server
    in use, if one is."""
    try:
        yield
    except OSError as error:
        raise LibraryError(_of_folder(error, error.errno)) from error
    except BaseException as error:
        # SQLite's errors, Chroma's, its connection's, and the panics of Chroma's Rust core, which derive from
        # BaseException alone
        origin = type(error).__module__.partition(".")[0]
        if server and origin in ("chromadb", "httpx", "httpcore"):
            raise LibraryError(_of_server(error, server)) from error
        if origin in ("sqlite3", "chromadb") or type(error).__name__ == "PanicException":
            raise LibraryError(_of_folder(error, None)) from error
        raise


def _of_folder(error: BaseException, number: int | None) -> str:
    log.debug("the library failed", exc_info=error)
    text = str(error).lower()
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or any(words in text for words in _DISK_FULL):
        return "the disk is full; free some space and try again (the reports added so far are kept)"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or "readonly" in text or "permission denied" in text:
        return "the library's folder can't be written; check its permissions, or set ASSISTANT_HOME to another folder"
    if number in (errno.ENOTDIR, errno.EEXIST):
        return "ASSISTANT_HOME names a file, not a folder"
    if number is not None:
        return f"the library's folder can't be used ({os.strerror(number)})"
    return "the library's database is damaged; to build it anew from the reports that are kept, run: assistant reindex"


def _of_server(error: BaseException, server: str) -> str:
    log.debug("the server failed", exc_info=error)
    kind, text = type(error).__name__, str(error).lower()
    if any(words in text for words in _DISK_FULL):
        return f"the disk of {server} is full; free some space there and try again (the reports added so far are kept)"
    if type(error).__module__.partition(".")[0] != "chromadb":
        return unreached(server)
    if kind in ("AuthorizationError", "ChromaAuthError"):
        return f"{server} refused the token in ASSISTANT_CHROMA_URL; correct it there"
    if kind == "RateLimitError":
        return f"{server} is over its limit; try again later"
    return f"{server} could not do what was asked ({kind}); try again, and if it stays so run: assistant verify"

"""Offline answers made in other processes, so that a server uses every processor: Python's threads share one.

One process owns the library and changes it; the others read it as a snapshot saw it, and take a new one when it has
changed. They are started when several questions come at a time, and answer exactly as the owner would.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant import tracing
from assistant.embeddings import Builtin
from assistant.errors import AssistantError
from assistant.library import Library, NoVectors, Snapshot
from assistant.service import Assistant

if TYPE_CHECKING:
    from assistant.chain import Request
    from assistant.types import Answer

log = logging.getLogger(__name__)
_ATTEMPTS = 5


class _Stale(Exception):
    """The process has not seen the library as it is now."""


class Answerers:
    """Makes an assistant's offline answers, one here and further ones at the same time in `processes` others."""

    def __init__(self, assistant: Assistant, processes: int) -> None:
        self._assistant = assistant
        self._pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _start)
        self._lock = threading.Lock()
        self._here = 0
        self._closed = False
        assistant.elsewhere = self.answer

    def answer(self, request: Request) -> Answer:
        """What `Assistant.extract` gives."""
        with self._counted() as alone:
            if alone or self._closed or tracing.collected():  # whose spans another process would not tell of
                return self._assistant.extract(request)
        try:
            return self._made_elsewhere(replace(request, stop=None))
        except NoVectors:
            return self._assistant.extract(request)
        except (BrokenProcessPool, RuntimeError):
            log.warning("the other processes are gone; questions are answered in this one", exc_info=True)
            self._closed = True
            return self._assistant.extract(request)

    def close(self) -> None:
        """Ends the processes."""
        self._closed = True
        self._pool.shutdown(cancel_futures=True)

    @contextmanager
    def _counted(self) -> Iterator[bool]:
        """Whether nobody else answers in this process right now; counted until the answer is there."""
        with self._lock:
            alone = self._here == 0
            self._here += alone
        try:
            yield alone
        finally:
            with self._lock:
                self._here -= alone

    def _made_elsewhere(self, request: Request) -> Answer:
        library = self._assistant.library
        snapshot: Snapshot | None = None
        for _ in range(_ATTEMPTS):
            version = library.version
            try:
                return self._pool.submit(_answer, version, request, snapshot).result()
            except _Stale:
                snapshot = library.snapshot()
            except NoVectors:
                raise
            except AssistantError:
                if library.version == version:
                    raise
        return self._assistant.extract(request)


# ---------------------------------------------------------------- in the other processes

_reader: tuple[int, Assistant] | None = None


def _answer(version: int, request: Request, snapshot: Snapshot | None) -> Answer:
    global _reader
    if snapshot and (_reader is None or _reader[0] < snapshot.version):
        before, _reader = _reader, (snapshot.version, Assistant(Library.reading(snapshot, Builtin())))
        if before:
            before[1].library.close()
    if _reader is None or _reader[0] != version:
        raise _Stale
    return _reader[1].extract(request)


def _start() -> None:
    """Leaves interruption to the parent, and ends when the parent is gone, however that ended."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def start(assistant: Assistant, processes: int) -> Answerers | None:
    """Answerers for an assistant that answers without a model, from a library that needs no vectors for it."""
    if processes < 1 or assistant.model or not isinstance(assistant.library.embedding, Builtin):
        return None
    return Answerers(assistant, processes)

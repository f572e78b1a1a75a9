"""The reports used last, in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict

from assistant.archive import Kept
from assistant.types import Passage


class Cache:
    """The reports used last, up to so many characters of text, with their passages by id."""

    def __init__(self, characters: int) -> None:
        self._limit, self._held = characters, 0
        self._entries: OrderedDict[str, tuple[Kept, dict[str, Passage]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, report_id: str) -> Kept | None:
        with self._lock:
            entry = self._entries.get(report_id)
            if entry is None:
                return None
            self._entries.move_to_end(report_id)
            return entry[0]

    def passages(self, report_id: str) -> dict[str, Passage]:
        with self._lock:
            entry = self._entries.get(report_id)
            return entry[1] if entry else {}

    def put(self, kept: Kept) -> Kept:
        """Always holds at least the newest, however long it is."""
        self.drop(kept.report.report_id)
        with self._lock:
            self._entries[kept.report.report_id] = kept, {passage.passage_id: passage for passage in kept.passages}
            self._held += len(kept.report.text)
            while self._held > self._limit and len(self._entries) > 1:
                _, (dropped, _) = self._entries.popitem(last=False)
                self._held -= len(dropped.report.text)
        return kept

    def drop(self, report_id: str) -> None:
        with self._lock:
            entry = self._entries.pop(report_id, None)
            if entry is not None:
                self._held -= len(entry[0].report.text)

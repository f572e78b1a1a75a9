"""What several processes share on a Chroma server beside vectors and records: the reports as kept, and what changed.

A report is kept in pieces, several to a row, small enough for the limits of Chroma Cloud. Its pieces are named after
their content, so a report that is read anew lies beside its older self until the record points to it.
The log of changes only ever grows, and is read by position: no clock has to agree with another.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast

import numpy as np

from assistant import chroma

_PIECE, _PIECES = 4_000, 16  # characters a value of metadata, values a row
_ROWS = 16  # a request: a megabyte
_LOGGED = 250  # report ids an entry
_ORIGINAL = "file"


def stamp(kept: bytes) -> str:
    """Names a kept report by its content."""
    return hashlib.sha256(kept).hexdigest()[:16]


class Shared:
    """Reports and changes on a server. Methods raise Chroma's own errors, and those of the connection."""

    def __init__(self, client: chroma.Client) -> None:
        made: dict[str, Any] = {"embedding_function": None}
        self._pieces = client.get_or_create_collection("assistant-kept", **made)
        self._log = client.get_or_create_collection("assistant-changes", **made)
        self._self = uuid.uuid4().hex

    # ------------------------------------------------------------ reports

    def write(self, report_id: str, kept: bytes, original: bytes | None) -> None:
        """Keeps a report, and its own file's bytes; what was kept of it before stays."""
        self._write(report_id, stamp(kept), kept)
        if original is not None:
            self._write(report_id, _ORIGINAL, original)

    def read(self, report_id: str, name: str) -> bytes | None:
        """What was kept under a stamp; None if it is not there, or not whole."""
        kept = self._read(report_id, name)
        return kept if kept is not None and stamp(kept) == name else None

    def original(self, report_id: str) -> bytes | None:
        """The file's own bytes, where they were kept."""
        return self._read(report_id, _ORIGINAL)

    def forget(self, stamps: Iterable[tuple[str, str]]) -> None:
        """Drops older selves of reports."""
        for report_id, name in stamps:
            self._pieces.delete(where={"name": f"{report_id}-{name}"})

    def delete(self, report_ids: Collection[str]) -> None:
        """Drops all that is kept of reports."""
        self._pieces.delete(where=cast("Any", {"report_id": {"$in": list(report_ids)}}))

    def _write(self, report_id: str, name: str, data: bytes) -> None:
        text = base64.b64encode(data).decode()
        pieces = [text[i : i + _PIECE] for i in range(0, len(text), _PIECE)] or [""]
        rows = [pieces[i : i + _PIECES] for i in range(0, len(pieces), _PIECES)]
        common: dict[str, Any] = {"report_id": report_id, "name": f"{report_id}-{name}", "rows": len(rows)}
        for first in range(0, len(rows), _ROWS):
            some = rows[first : first + _ROWS]
            self._pieces.upsert(
                ids=[f"{report_id}-{name}-{first + i}" for i in range(len(some))],
                embeddings=np.ones((len(some), 1), np.float32),  # Chroma wants one
                metadatas=[{**common, **{f"p{i:02}": piece for i, piece in enumerate(row)}} for row in some],
            )

    def _read(self, report_id: str, name: str) -> bytes | None:
        first = self._rows([f"{report_id}-{name}-0"])
        if not first:
            return None
        found = dict(first)
        count = int(next(iter(first.values()))["rows"])
        rest = [f"{report_id}-{name}-{i}" for i in range(1, count)]
        for i in range(0, len(rest), _ROWS):
            found |= self._rows(rest[i : i + _ROWS])
        if len(found) < count:
            return None
        rows = (found[f"{report_id}-{name}-{i}"] for i in range(count))
        return base64.b64decode("".join(row.get(f"p{i:02}", "") for row in rows for i in range(_PIECES)))

    def _rows(self, ids: Sequence[str]) -> dict[str, Any]:
        found = self._pieces.get(ids=list(ids), include=["metadatas"])
        return dict(zip(found["ids"], found["metadatas"] or [], strict=True))

    # ------------------------------------------------------------ changes

    @property
    def log_id(self) -> str:
        """Tells this log from one that was made anew in its place."""
        return str(self._log.id)

    def note(self, report_ids: Sequence[str]) -> None:
        """Tells the others that these reports were added, changed or removed."""
        parts = [report_ids[i : i + _LOGGED] for i in range(0, len(report_ids), _LOGGED)]
        if parts:
            self._log.add(
                ids=[uuid.uuid4().hex for _ in parts],
                embeddings=np.ones((len(parts), 1), np.float32),
                metadatas=[{"by": self._self, "reports": " ".join(part)} for part in parts],
            )

    def position(self) -> int:
        """How long the log is."""
        return self._log.count()

    def changes(self, after: int) -> tuple[int, set[str]]:
        """How long the log is, and the reports of entries beyond `after` that others made."""
        if self.position() <= after:
            return after, set()
        found = self._log.get(offset=after, include=["metadatas"])["metadatas"] or []
        theirs = [str(entry["reports"]) for entry in found if entry["by"] != self._self]
        return after + len(found), {report_id for reports in theirs for report_id in reports.split()}

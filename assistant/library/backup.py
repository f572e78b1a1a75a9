"""A library in one file: a tar of what is kept of each report, its own file, its vectors; a list with checksums last.

It is the same for a library in a folder and one on a server, so either can be restored into the other. Restoring adds
what the library lacks, so a restore that was interrupted goes on where it was when it is run again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.archive import decode
from assistant.errors import InputError, LibraryError
from assistant.library.library import Library
from assistant.library.records import Prepared, Progress, embedded_text, entry_of, packed, unpacked

FORMAT = 1
_LIST = "list.json"
_BATCH = 1000  # passages


def backup(library: Library, file: Path, progress: Progress | None = None) -> int:
    """Writes every report to a file, and returns how many. The file is there whole or not at all; one of the same name
    is replaced. `progress` gets (reports done, reports in all). Raises LibraryError."""
    infos = library.infos()
    listed: dict[str, Any] = {}
    part = file.with_name(f"{file.name}.part")
    try:
        with _written(part) as tar:
            for done, info in enumerate(infos, 1):
                with contextlib.suppress(InputError):  # taken out meanwhile
                    item = library.prepared(info.report_id)
                    listed[info.report_id] = _add_report(tar, info.report_id, item)
                if progress:
                    progress(done, len(infos))
            content = {"format": FORMAT, "embedding": library.embedding.id, "reports": listed}
            _add(tar, _LIST, json.dumps(content, ensure_ascii=False).encode())
        os.replace(part, file)
    except OSError as error:
        raise LibraryError(f"{file.name} can't be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return len(listed)


@contextlib.contextmanager
def _written(part: Path) -> Iterator[tarfile.TarFile]:
    """A tar that is on the disk, and not only on its way there, when the block ends."""
    with part.open("wb") as stream:
        with tarfile.open(fileobj=stream, mode="w") as tar:
            yield tar
        stream.flush()
        os.fsync(stream.fileno())


def _add_report(tar: tarfile.TarFile, report_id: str, item: Prepared) -> dict[str, Any]:
    parts = {"kept": item.kept}
    if item.original is not None:
        parts["original"] = item.original
    if item.vectors is not None:
        buffer = io.BytesIO()
        np.save(buffer, item.vectors)
        parts["vectors"] = buffer.getvalue()
    sums = {name: _add(tar, f"{report_id}/{name}", data) for name, data in parts.items()}
    return {"record": packed(item.record), "sha256": sums}


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> str:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
    return hashlib.sha256(data).hexdigest()


def restore(library: Library, file: Path, progress: Progress | None = None) -> int:
    """Adds the reports of a backup that the library does not hold, and returns how many.

    Their vectors are taken over where the library uses the backup's embedding, else they are made anew. Raises
    InputError for a file that is no backup, or a damaged one; what was added before stays.
    """
    try:
        with tarfile.open(file, "r:") as tar:
            listed = _list(tar, file.name)
            same = listed["embedding"] == library.embedding.id
            wanted = [i for i in listed["reports"] if not library.holds(i)]
            found = (_read_report(tar, i, listed["reports"][i], same, file.name) for i in wanted)
            done = 0
            for batch in _batches(found):
                library.put(batch)
                done += len(batch)
                if progress:
                    progress(done, len(wanted))
    except (OSError, tarfile.TarError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no backup, or damaged"
        raise InputError(f"{file.name} can't be read: {reason}") from error
    return len(wanted)


def _batches(items: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """Batches of reports that all bring their vectors, or all do not."""
    batch: list[Prepared] = []
    for item in items:
        if batch and (bool(item.texts) != bool(batch[0].texts) or sum(len(i.entries) for i in batch) >= _BATCH):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _list(tar: tarfile.TarFile, name: str) -> dict[str, Any]:
    try:
        listed: dict[str, Any] = json.loads(_content(tar, _LIST))
        number = int(listed["format"])
    except (KeyError, ValueError, TypeError):
        raise InputError(f"{name} is no backup of a library, or not a whole one") from None
    if number > FORMAT:
        raise InputError(f"{name} was written by a newer version of the assistant; install that, or a later one")
    return listed


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    if stream is None:
        raise KeyError(name)
    return stream.read()


def _read_report(tar: tarfile.TarFile, report_id: str, entry: dict[str, Any], same: bool, name: str) -> Prepared:
    parts: dict[str, bytes] = {}
    for part, expected in entry["sha256"].items():
        try:
            parts[part] = _content(tar, f"{report_id}/{part}")
        except KeyError:
            parts[part] = b""
        if hashlib.sha256(parts[part]).hexdigest() != expected:
            raise InputError(f"{name} is damaged: report {report_id} in it is not what was written")
    kept = decode(parts["kept"])
    use = same and "vectors" in parts
    return Prepared(
        record=replace(unpacked(entry["record"]), kept=""),
        kept=parts["kept"],
        original=parts.get("original"),
        entries=tuple(entry_of(passage) for passage in kept.passages),
        vectors=np.load(io.BytesIO(parts["vectors"]), allow_pickle=False) if use else None,
        texts=() if use else tuple(embedded_text(passage) for passage in kept.passages),
        warnings=(),
    )

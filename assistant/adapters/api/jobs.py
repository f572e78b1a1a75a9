"""Uploads on their way into the library, one after another; a folder holds them, so that a restart loses none."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import secrets
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from assistant.errors import AssistantError
from assistant.service import Assistant

log = logging.getLogger(__name__)

JobStatus = Literal["queued", "working", "done", "failed"]
_KEPT = 7 * 24 * 3600  # seconds that the outcome of a job can be asked for
_LONGEST_NAME = 120  # characters; three bytes each in UTF-8 is what file systems still take
_NOT_SHOWN = ("Cc", "Cf", "Cs", "Co", "Cn")
_SPECIAL = ':*?"<>|'


@dataclass(slots=True)
class Job:
    """One upload. `done` and `total` count files; `files` holds what became of each, `error` why all stopped."""

    job_id: str
    submitted_at: str
    total: int
    status: JobStatus = "queued"
    done: int = 0
    files: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    finished: threading.Event = field(default_factory=threading.Event)

    def data(self) -> dict[str, Any]:
        """The job as JSON shows it."""
        names = ("job_id", "status", "submitted_at", "done", "total", "files", "error")
        return {name: getattr(self, name) for name in names}


class Jobs:
    """The jobs of a server. `start` resumes what an earlier run left undone; `close` leaves the rest for the next."""

    def __init__(self, assistant: Assistant, folder: Path, counted: Callable[[str], None]) -> None:
        """`folder` is made at the start; `counted` gets the status of each file."""
        self._assistant, self._folder, self._counted = assistant, folder, counted
        self._jobs: dict[str, Job] = {}
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to work, first on what is left of an earlier run."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for folder in sorted(self._folder.iterdir()):
            self._resume(folder)
        self._thread = threading.Thread(target=self._work, name="ingestion", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the work after the file in hand; what is not done is resumed at the next start."""
        self._stop.set()
        self._waiting.put(None)
        if self._thread:
            self._thread.join()

    def get(self, job_id: str) -> Job | None:
        """A job, unless it is unknown or long finished."""
        return self._jobs.get(job_id)

    def add(self, files: Iterable[tuple[str, BinaryIO]]) -> Job:
        """Keeps files, given by name and content, and puts them in line. Raises OSError where they can't be kept."""
        job_id = f"{int(time.time() * 1000):013d}-{secrets.token_hex(4)}"
        part = self._folder / f"{job_id}.part"
        try:
            total = 0
            for total, (name, content) in enumerate(files, 1):
                place = part / f"{total:04d}"
                place.mkdir(parents=True)
                with (place / safe_name(name)).open("wb") as kept:
                    shutil.copyfileobj(content, kept, 1 << 20)
            job = Job(job_id, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), total)
            _write(part, job)
            os.replace(part, self._folder / job_id)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        self._jobs[job_id] = job
        self._waiting.put(job)
        return job

    def _resume(self, folder: Path) -> None:
        try:
            kept = json.loads((folder / "job.json").read_text(encoding="utf-8"))
            job = Job(**kept)
            age = time.time() - int(job.job_id.partition("-")[0]) / 1000
        except (OSError, ValueError, TypeError):  # an upload that was cut off
            shutil.rmtree(folder, ignore_errors=True)
            return
        finished = job.status in ("done", "failed")
        if finished and age > _KEPT:
            shutil.rmtree(folder, ignore_errors=True)
            return
        self._jobs[job.job_id] = job
        if finished:
            job.finished.set()
        else:
            job.status, job.done, job.files = "queued", 0, []
            self._waiting.put(job)

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None and not self._stop.is_set():
            try:
                self._ingest(job)
            except Exception:
                log.exception("the upload %s failed", job.job_id)
                self._end(job, "failed", "an unexpected error; the server's log tells more")

    def _ingest(self, job: Job) -> None:
        job.status = "working"
        folder = self._folder / job.job_id
        paths = sorted(path for path in folder.glob("*/*") if path.is_file())
        try:
            with contextlib.closing(self._assistant.ingest(paths)) as outcomes:  # type: ignore[type-var]
                for outcome in outcomes:
                    job.files.append(asdict(outcome))
                    job.done += 1
                    self._counted(outcome.status)
                    if self._stop.is_set() and job.done < job.total:
                        return  # nothing is written: the next start does all of it again, and finds these unchanged
        except AssistantError as error:
            self._end(job, "failed", str(error))
            return
        self._end(job, "done")

    def _end(self, job: Job, status: JobStatus, error: str | None = None) -> None:
        job.status, job.error = status, error
        folder = self._folder / job.job_id
        with contextlib.suppress(OSError):
            _write(folder, job)
            for place in folder.iterdir():
                if place.is_dir():
                    shutil.rmtree(place, ignore_errors=True)
        job.finished.set()


def safe_name(name: str) -> str:
    """A file name without folders or characters that a file system or a terminal may trip over; the suffix stays."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(c for c in last if unicodedata.category(c) not in _NOT_SHOWN and c not in _SPECIAL)
    stem, dot, suffix = shown.strip().lstrip(".").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    return f"{stem[:_LONGEST_NAME] or 'report'}{dot}{suffix[:10]}"


def _write(folder: Path, job: Job) -> None:
    part = folder / "job.part"
    part.write_text(json.dumps(job.data(), ensure_ascii=True), encoding="utf-8")
    os.replace(part, folder / "job.json")

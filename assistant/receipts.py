"""A receipt: everything that went into one answer, so that it can be made again without a network.

A `Recording` is filled while the answer is made; `written` and `read` are its form on disk, one JSON object.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from assistant import __version__
from assistant.errors import InputError
from assistant.types import Answer, Calculation, Report

FORMAT = 1


class Place(Protocol):
    """A place that the model was shown."""

    @property
    def key(self) -> str: ...
    @property
    def report(self) -> Report: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def digest(self) -> str: ...


@dataclass
class Recording:
    """What is taken down of an answer: plain data, as the receipt holds it.

    `replies` are the model's messages, each {"message": …} or, where a call failed, {"trouble", "partial"}; `embedded`
    has the tokens and vectors of embeddings that a server made.
    """

    request: dict[str, Any] = field(default_factory=dict)
    replies: list[dict[str, Any]] = field(default_factory=list)
    embedded: dict[str, Any] = field(default_factory=dict)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    calculations: list[dict[str, Any]] = field(default_factory=list)
    made_with: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)

    def reply(self, message: Mapping[str, Any]) -> None:
        """A reply of the model, as LangChain's message_to_dict gives it."""
        self.replies.append({"message": dict(message)})

    def failure(self, trouble: str, partial: str) -> None:
        """A call that failed, with the text that had come by then."""
        self.replies.append({"trouble": trouble, "partial": partial})

    def shown(self, places: Sequence[Place], calculations: Sequence[Calculation]) -> None:
        """What the model was shown and what was computed for it."""
        self.evidence = [
            {"key": p.key, "report_id": p.report.report_id, "source": p.report.source, "start": p.start, "end": p.end,
             "sha256": p.digest}
            for p in places
        ]  # fmt: skip
        self.calculations = [asdict(made) for made in calculations]

    def spent(self, tokens: Mapping[str, int], vectors: Mapping[str, Sequence[float]]) -> None:
        """What the embedding of the question and of searches took and gave."""
        self.embedded = {"tokens": dict(tokens), "vectors": dict(vectors)}

    def finish(self, answer: Answer, made_with: Mapping[str, Any]) -> None:
        """The answer itself, and the program, model, prompts, prices and library it was made with."""
        self.answer = asdict(answer)
        self.made_with = {"program": __version__, **made_with}


def write(recording: Recording, file: Path) -> None:
    """Writes a receipt. Raises InputError where the file can't be written."""
    data = {"format": FORMAT, **asdict(recording)}
    try:
        file.write_text(json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} can't be written: {error.strerror}") from None


def read(file: Path) -> Recording:
    """A receipt from its file. Raises InputError for a file that is none, or of a newer format."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{file} is not a receipt: it is not JSON") from None
    if not isinstance(data, dict) or "format" not in data:
        raise InputError(f"{file} is not a receipt of `assistant ask --receipt`")
    if data.pop("format") != FORMAT:
        raise InputError(f"{file} was written by another version of the program; this one reads format {FORMAT}")
    try:
        return Recording(**data)
    except TypeError:
        raise InputError(f"{file} is not a whole receipt: parts are missing or unknown") from None


def differences(recording: Recording, again: Answer, made_with: Mapping[str, Any], library: Library) -> list[str]:
    """What is not as it was: the program, prompts, prices, the evidence in the library, and the answer's own fields."""
    told = [
        f"{name}: {recording.made_with.get(name)} then, {now} now"
        for name, now in {"program": __version__, **made_with}.items()
        if recording.made_with.get(name) != now
    ]
    told += [lost for place in recording.evidence if (lost := _lost(place, library))]
    now = json.loads(json.dumps(asdict(again), default=str))
    then = json.loads(json.dumps(recording.answer, default=str))
    return told + [f"the answer's {name} differs" for name in then if then[name] != now.get(name)]


class Library(Protocol):
    """Where a report is looked for."""

    def report(self, report_id: str) -> Report: ...


def _lost(place: Mapping[str, Any], library: Library) -> str | None:
    """What became of a place that the answer was made from."""
    try:
        report = library.report(place["report_id"])
    except InputError:
        return f"{place['source']} ({place['report_id']}) is not in the library any more"
    quote = report.text[place["start"] : place["end"]]
    if hashlib.sha256(quote.encode("utf-8", "surrogatepass")).hexdigest() != place["sha256"]:
        return f"{place['source']} reads differently at {place['start']} to {place['end']}"
    return None

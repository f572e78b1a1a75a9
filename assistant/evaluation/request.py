"""What an eval is asked for, and the assistant that it measures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.bootstrap import bundled, bundled_reports, open_assistant
from assistant.errors import InputError
from assistant.evaluation.cases import Case
from assistant.evaluation.formats import load_cases
from assistant.evaluation.runs import digest
from assistant.settings import Settings, load_settings

if TYPE_CHECKING:
    from assistant.service import Assistant

Tell = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """Which reports and which questions; without them the bundled ones. `limit` takes so many questions, the same for
    the same `seed`. `tell` gets sentences for the person, `progress` (done, in all)."""

    corpus: Path | None = None
    questions: Path | None = None
    limit: int | None = None
    seed: int = 1
    settings: Settings = field(default_factory=load_settings)
    tell: Tell = lambda sentence: None
    progress: Progress = lambda done, total: None

    def cases(self) -> list[Case]:
        """The questions asked for. Raises InputError."""
        if self.questions is None and self.corpus is not None:
            raise InputError("questions about your own reports have to be yours too; add --questions FILE")
        return sampled(load_cases(self.questions or bundled_questions()), self.limit, self.seed)


def bundled_questions() -> Path:
    """The folder of questions over the bundled reports."""
    return bundled("evals") / "datasets" / "notes"


def sampled(cases: Sequence[Case], limit: int | None, seed: int) -> list[Case]:
    """So many of the cases, in their own order, the same for the same seed."""
    import random

    if limit is None or limit >= len(cases):
        return list(cases)
    chosen = set(random.Random(seed).sample(range(len(cases)), limit))
    return [case for i, case in enumerate(cases) if i in chosen]


@contextmanager
def assistant_over(request: Request, cases: Sequence[Case] = ()) -> Iterator[Assistant]:
    """An assistant over a library made for this eval, in a folder that goes afterwards: the reports of the request,
    what the questions bring along, or else the bundled reports. Questions of one's own without a corpus are asked of
    one's own library."""
    context = dict(pair for case in cases for pair in case.context)
    if request.questions and not request.corpus and not context:
        own = open_assistant(request.settings)
        try:
            yield own
        finally:
            own.close()
        return
    with tempfile.TemporaryDirectory() as folder:
        brought = _written(context, Path(folder) / "questions")
        paths = [request.corpus] if request.corpus else [] if brought else bundled_reports()
        made = open_assistant(request.settings.model_copy(update={"home": Path(folder) / "library", "state_url": None}))
        try:
            for outcome in made.ingest([*paths, *brought], request.progress):
                if outcome.status == "failed":
                    request.tell(f"{outcome.source} was left out: {outcome.message}")
            if not made.reports():
                raise InputError(f"{request.corpus} holds no report that can be read")
            yield made
        finally:
            made.close()


def _written(context: dict[str, str], folder: Path) -> list[Path]:
    folder.mkdir(parents=True)
    for name, text in context.items():
        (folder / Path(name).name).write_text(text, encoding="utf-8")
    return [folder] if context else []


def inputs_of(assistant: Assistant, cases: Sequence[Case], settings: Settings) -> dict[str, str]:
    """What a run over these depends on, as plain words and digests."""
    reports = sorted(info.report_id for info in assistant.reports())
    return {
        "questions": f"{len(cases)} · {digest(*map(repr, cases))}",
        "reports": f"{len(reports)} · {digest(*reports)}",
        "model": settings.model,
        "embedding": settings.embedding,
    }

"""Are the answers right, and do they rest on the right words?

assistant eval answering [--corpus DIR] [--questions FILE]       a table, and what changed since an earlier run
inspect eval evals/answering.py [-T questions=FILE] [-T corpus=DIR]     the same task in inspect's own runner
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from inspect_ai import Task, task

from assistant.evaluation.answering import run, task_over
from assistant.evaluation.request import Request, assistant_over

__all__ = ["answering", "run"]


@task
def answering(questions: str | None = None, corpus: str | None = None, limit: int | None = None) -> Task:
    """Dataset: questions with gold evidence. Solver: the Assistant. Scorers: assistant/evaluation/scores.py."""
    request = Request(Path(corpus) if corpus else None, Path(questions) if questions else None, limit)
    cases, held = request.cases(), ExitStack()
    assistant = held.enter_context(assistant_over(request, cases))
    return task_over(assistant, cases, request, when_done=held.close)

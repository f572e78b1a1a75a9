"""Answers measured: an inspect task. Its dataset is the questions, its solver the Assistant, its scorers are ours.

inspect runs it, keeps a log of every answer that `inspect view` shows, and would run it with any other solver too.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import AssistantError, InputError
from assistant.evaluation.cases import Case, case_of
from assistant.evaluation.prose import prose_scorer
from assistant.evaluation.request import Request, assistant_over, inputs_of
from assistant.evaluation.runs import Result, Run
from assistant.evaluation.scores import SCORES, Score, Texts

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.log import EvalLog
    from inspect_ai.scorer import Scorer
    from inspect_ai.solver import Solver

    from assistant.service import Assistant

TASK = "answering"


def run(request: Request) -> list[Run]:
    """Asks every question and scores the answers; the log goes to the `evals` folder of the assistant's home."""
    cases = request.cases()
    with assistant_over(request, cases) as assistant:
        log = evaluated(task_over(assistant, cases, request), request)
        inputs = inputs_of(assistant, cases, request.settings)
    request.tell(f"every answer is in the log: inspect view --log-dir {Path(log.location).parent}")
    return [Run(TASK, "assistant", tuple(_results(log, cases)), inputs)]


def task_over(
    assistant: Assistant, cases: Sequence[Case], request: Request, when_done: Callable[[], None] = lambda: None
) -> Task:
    """The inspect task over an open assistant. The scorers have read its reports when the task is made."""
    from inspect_ai import Task as InspectTask
    from inspect_ai.dataset import MemoryDataset

    texts = {info.source: assistant.report(info.report_id).text for info in assistant.reports()}
    _check(cases, texts, request)
    scorers = [inspect_scorer(name, score, texts) for name, score in SCORES.items()]
    return InspectTask(
        dataset=MemoryDataset([_sample(case) for case in cases], name="questions"),
        solver=asked(assistant, len(cases), request, when_done),
        scorer=[*scorers, prose_scorer(request.settings)],
        name=TASK,
    )


def evaluated(task: Task, request: Request) -> EvalLog:
    """The log of a task run quietly, one question after another where no model is waited for."""
    from inspect_ai import eval as inspect_eval

    settings = request.settings
    at_once = 1 if settings.model == "none" else settings.concurrency
    folder = settings.home_folder / "evals" / "logs"
    (log,) = inspect_eval(
        task, model="none/none", log_dir=str(folder), display="none", max_samples=at_once, score_display=False,
        log_realtime=False, log_level="error",
    )  # fmt: skip
    if log.status != "success":
        raise InputError(f"the eval broke off: {log.error.message if log.error else log.status}")
    return log


def asked(assistant: Assistant, total: int, request: Request, when_done: Callable[[], None]) -> Solver:
    """A solver that asks our Assistant; the contract's Answer is put in the sample's store, its text is the output.
    `when_done` is called after the last question."""
    from inspect_ai.model import ModelOutput
    from inspect_ai.solver import Generate, TaskState, solver

    done = 0

    @solver(name="assistant")
    def made() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            nonlocal done
            answer = await asyncio.to_thread(_answer, assistant, state.input_text)
            state.store.set("answer", json.loads(json.dumps(answer, default=str)))
            state.output = ModelOutput.from_content("assistant", answer["text"])
            done += 1
            request.progress(done, total)
            if done == total:
                when_done()
            return state

        return solve

    return made()


def _answer(assistant: Assistant, question: str) -> dict[str, Any]:
    """The contract's Answer; where asking fails, one that says so."""
    try:
        return asdict(assistant.ask(question))
    except AssistantError as error:
        return {"question": question, "status": "failed", "text": "", "warnings": [str(error)]}


def inspect_scorer(name: str, score: Score, texts: Texts) -> Scorer:
    """One of our scores as an inspect scorer; unscored stays unscored."""
    from inspect_ai.scorer import Score as InspectScore
    from inspect_ai.scorer import Target, mean, scorer, stderr
    from inspect_ai.solver import TaskState

    @scorer(metrics=[mean(), stderr()], name=name)
    def made() -> Scorer:
        async def graded(state: TaskState, target: Target) -> InspectScore:
            case = case_of(state.metadata["case"])
            judged = score(case, state.store.get("answer", {}), texts)
            why, made_of = judged.explanation, judged.metadata
            if judged.value is None:
                return InspectScore.unscored(explanation=why, metadata=made_of)
            return InspectScore(value=judged.value, explanation=why, metadata=made_of)

        return graded

    return made()


def _sample(case: Case) -> Any:
    from inspect_ai.dataset import Sample

    row = {name: value for name, value in asdict(case).items() if name != "context"}
    return Sample(id=case.id, input=case.question, target=case.answer, metadata={"case": row})


def _check(cases: Sequence[Case], texts: Mapping[str, str], request: Request) -> None:
    """Tells of gold quotes that no report holds: their evidence can't be scored."""
    from assistant.evaluation.cases import places

    lost = [case.id for case in cases if any(not places(evidence, texts) for evidence in case.evidence)]
    if lost:
        shown = ", ".join(lost[:5]) + (" …" if len(lost) > 5 else "")
        request.tell(f"the gold quotes of {len(lost)} questions stand in no report as they are given: {shown}")


def _results(log: EvalLog, cases: Sequence[Case]) -> Iterable[Result]:
    by_id = {case.id: case for case in cases}
    for sample in log.samples or ():
        case = by_id[str(sample.id)]
        found = {name: score for name, score in (sample.scores or {}).items() if not math.isnan(score.as_float())}
        scores = {name: score.as_float() for name, score in found.items()}
        reasons = {name: score.explanation or "" for name, score in found.items() if scores[name] < 1}
        yield Result(case.id, case.question, groups_of(case), scores, reasons)


def groups_of(case: Case) -> tuple[str, ...]:
    """The rows of the table that a case counts in."""
    trap = f"trap: {case.trap}" if case.trap else None
    return tuple(group for group in (case.language, case.kind, trap) if group)

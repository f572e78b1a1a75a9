"""The score that needs a language model: whether an answer says in prose what the reference answer says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assistant.bootstrap import bundled
from assistant.prompts import Prompts

if TYPE_CHECKING:
    from inspect_ai.scorer import Scorer

    from assistant.settings import Settings

_GRADES = {"correct": 1.0, "partly": 0.5, "wrong": 0.0}
_GRADE = re.compile(r"GRADE:\s*(correct|partly|wrong)", re.I)


def grade_of(reply: str) -> float | None:
    """The grade that a model's reply ends on, or None where it gave none."""
    found = _GRADE.findall(reply)
    return _GRADES[found[-1].lower()] if found else None


def prose_scorer(settings: Settings) -> Scorer:
    """A scorer that has the set model grade the text against the reference; without a model all is unscored."""
    from inspect_ai.scorer import Score, Target, mean, scorer, stderr
    from inspect_ai.solver import TaskState

    from assistant.models import chat_model

    model = chat_model(settings)
    prompt = Prompts.load(bundled("prompts"))["grade"]

    @scorer(metrics=[mean(), stderr()], name="prose")
    def made() -> Scorer:
        async def graded(state: TaskState, target: Target) -> Score:
            if model is None:
                return Score.unscored(explanation="no language model is set")
            if not target.text:
                return Score.unscored(explanation="the case has no reference answer")
            asked = prompt.render(question=state.input_text, reference=target.text, answer=state.output.completion)
            try:
                reply = str((await model.ainvoke(asked)).text)
            except Exception as error:  # each provider has its own; an answer that can't be graded is not a wrong one
                return Score.unscored(explanation=f"the grading model failed: {type(error).__name__}")
            grade = grade_of(reply)
            if grade is None:
                return Score.unscored(explanation="the grading model gave no grade")
            return Score(value=grade, explanation=reply.strip()[:400])

        return graded

    return made()

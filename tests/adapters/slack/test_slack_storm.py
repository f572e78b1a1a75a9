"""No question is lost and none answered twice; `evals/slack.py` measures the same at length."""

from __future__ import annotations

from pathlib import Path

from slack_storm import storm


def test_over_duplicates_and_a_kill_every_question_is_answered_once(tmp_path: Path) -> None:
    outcome = storm(tmp_path, 24)
    assert (outcome.lost, outcome.twice) == (0, 0)
    assert outcome.deliveries > outcome.questions and outcome.slowest < 3

"""Whether Slack's questions are answered once each: over duplicates, and a bot killed in the middle (SIGKILL).

    python evals/slack.py [--questions 1000] [--seed 1]

The bot is a process of its own, against a fake of Slack on loopback (tests/fakes/slack.py), through slack-bolt and
slack-sdk. Prints how many threads have no answer, how many have two, and the slowest acknowledgement.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from slack_storm import storm


def main() -> int:
    """Measure, and print a line for each figure; 1 if any question was lost or answered twice."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = storm(Path(folder), options.questions, options.seed, lease=5.0)
    print(f"questions                 {outcome.questions}")
    print(f"deliveries                {outcome.deliveries} (mentions come as two events each)")
    print(f"lost                      {outcome.lost}")
    print(f"answered twice            {outcome.twice}")
    print(f"slowest acknowledgement   {outcome.slowest:.2f} s")
    print(f"in all                    {outcome.seconds:.0f} s")
    return 1 if outcome.lost or outcome.twice else 0


if __name__ == "__main__":
    raise SystemExit(main())

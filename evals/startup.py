"""How long a command takes, start to end, against what it can't do without: `python evals/startup.py [RUNS]`.

Runs alternate, so that a busy machine slows both alike; printed are medians and their ratio.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

QUESTION = "OpenRouter 一周的 token 用量是多少?"
PYTHON, PROGRAM = [sys.executable], [sys.executable, "-m", "assistant"]
PAIRS = {
    "import assistant / pass": ([*PYTHON, "-c", "import assistant"], [*PYTHON, "-c", "pass"]),
    "assistant --help / pass": ([*PROGRAM, "--help"], [*PYTHON, "-c", "pass"]),
    "assistant ask / import chromadb": ([*PROGRAM, "ask", QUESTION], [*PYTHON, "-c", "import chromadb"]),
}


def main(runs: int) -> None:
    """Prints a line a pair: both medians in seconds, and their ratio."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ASSISTANT_", "OPENAI_"))}
    with tempfile.TemporaryDirectory() as home:
        environment = {**kept, "ASSISTANT_HOME": home}
        seconds([*PROGRAM, "ask", QUESTION], environment)  # the first one reads in the bundled notes
        for name, (ours, base) in PAIRS.items():
            pairs = [(seconds(ours, environment), seconds(base, environment)) for _ in range(runs)]
            mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(f"{name:<34}{mine:.3f} s / {theirs:.3f} s = {mine / theirs:.2f}")


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Wall-clock seconds of one whole process."""
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 9)

"""The command that measures the assistant."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.adapters.cli.opening import DONE, progress_bar, tell
from assistant.errors import InputError

if TYPE_CHECKING:
    pass


def run_eval(options: argparse.Namespace) -> int:
    """Figures with their uncertainty, the worst cases, what changed; as text or JSON, and as a page."""
    from assistant.adapters.render import as_json, eval_text
    from assistant.evaluation import runs, tasks
    from assistant.evaluation.page import page
    from assistant.evaluation.request import Request

    earlier = runs.load(options.against) if options.against else []
    names = tasks.SUITE if options.task == "all" else (options.task,)
    made = []
    for name in names:
        with progress_bar(name) as progress:
            asked = options.corpus, options.questions, options.limit, options.seed
            made.append(tasks.run(name, Request(*asked, tell=tell, progress=progress)))
        if not options.json:
            print(eval_text(made[-1], earlier), flush=True)
    if options.json:
        print(as_json({"runs": [runs.run_data(run) for each in made for run in each]}))
    if options.html:
        _write(options.html, "\n".join(page(each, earlier) for each in made))
    return DONE


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}") from None

"""Keeps figures as the project's record, and shows them in the READMEs.

    assistant eval answering --json > answering.json
    python evals/record.py answering.json [more.json]     writes evals/results/ANSWERING.json and the READMEs' tables

A record holds the figures with the commit and the fingerprint of what they depend on; that of answering also each
case's scores, so that `assistant eval --against evals/results/answering.json` tells what changed since.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.evaluation.runs import ALL, Run, load, save
from assistant.evaluation.statistics import Estimate

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "evals" / "results"
READMES = {"README.md": "en", "README.zh.md": "zh"}
WITH_RESULTS = ("answering",)
_BLOCK = re.compile(r"(?<=<!-- figures of evals/results -->\n).*?(?=<!-- end of figures -->)", re.S)

# What a README shows: the score's name in the record, and in English and Chinese.
ANSWERING = {
    "right": ("answers right as a whole", "整体正确的回答"),
    "refusal": ("rightly answered or refused", "该答则答、该拒则拒"),
    "numbers": ("numbers right with unit, scale, period", "数字及其单位、量级、期间正确"),
    "evidence_recall": ("characters of the evidence cited", "依据的字符被引用的比例"),
    "quotes": ("quotes exact to the character", "引文逐字一致"),
    "verdicts": ("verdicts on figures that hold", "对数字的判定成立"),
    "language": ("written in the asker's language and script", "使用提问的语言与字形"),
}
GROUNDING = {
    "true": ("true sentences verified", "真句子获得认可"),
    "corrupted": ("corrupted sentences caught", "被篡改的句子遭拦下"),
}
WORDS = {
    "en": ("measured", "share", "95 %", "cases", "system", "Recall@10"),
    "zh": ("项目", "比例", "95 %", "题数", "系统", "Recall@10"),
}


def figures(language: str, folder: Path = RESULTS) -> str:
    """The tables of a README, from the records."""
    measured, share, interval, cases, system, recall = WORDS[language]
    answering, grounding, retrieval = (_record(folder, name) for name in ("answering", "grounding", "retrieval"))
    rows = [*_rows(answering, ANSWERING, language), *_rows(grounding, GROUNDING, language)]
    lines = [_line(measured, share, interval, cases), _line(*["---"] * 4), *rows]
    if retrieval:
        sets = list(retrieval[0].figures())
        lines += ["", _line(f"{system}, {recall}", *sets), _line(*["---"] * (len(sets) + 1))]
        lines += [_line(run.system, *(_recall(run, name) for name in sets)) for run in retrieval]
    made = [run for runs in (answering, grounding, retrieval) for run in runs[:1]]
    told = " · ".join(f"{run.task} {run.made_at[:10]} {run.commit} ({run.fingerprint})" for run in made)
    return "\n".join([*lines, "", f"<sub>{told}</sub>", ""])


def _record(folder: Path, name: str) -> list[Run]:
    path = folder / f"{name}.json"
    return load(path) if path.exists() else []


def _rows(runs: Sequence[Run], shown: dict[str, tuple[str, str]], language: str) -> Iterator[str]:
    """A line a figure: a score over all cases, or the first score of a group."""
    for run in runs[:1]:
        table = run.figures()
        for name, words in shown.items():
            estimate = table[ALL].get(name) or next(iter(table[name].values()))
            yield _line(words[language == "zh"], *_cells(estimate))


def _recall(run: Run, name: str) -> str:
    row = run.figures().get(name, {})
    return f"{row['recall@10'].mean:.3f}" if row else "–"


def _cells(estimate: Estimate) -> tuple[str, ...]:
    return f"{estimate.mean:.3f}", f"{estimate.low:.3f}–{estimate.high:.3f}", f"{estimate.count:,}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def shown(name: str) -> str:
    """The tables as a README has them."""
    found = _BLOCK.search((ROOT / name).read_text("utf-8"))
    return found.group() if found else ""


def _joined(before: Run, after: Run) -> Run:
    """One run of what two measured over different sets."""
    inputs = {name: f"{before.inputs.get(name, '')} {value}".strip() for name, value in after.inputs.items()}
    commits = " ".join(dict.fromkeys(str(run.commit) for run in (before, after)))
    return replace(after, commit=commits, inputs=inputs, results=(), kept={**before.figures(), **after.figures()})


def main(paths: Sequence[Path]) -> None:
    """Keep these runs, and write the READMEs' tables anew."""
    together: dict[tuple[str, str], Run] = {}
    for run in (run for path in paths for run in load(path)):
        before = together.get((run.task, run.system))
        together[run.task, run.system] = _joined(before, run) if before else run
    for task in dict.fromkeys(run.task for run in together.values()):
        chosen = [run for run in together.values() if run.task == task]
        save(chosen, RESULTS / f"{task}.json", results=task in WITH_RESULTS)
    for name, language in READMES.items():
        path = ROOT / name
        path.write_text(_BLOCK.sub(lambda _: figures(language), path.read_text("utf-8")), "utf-8")  # noqa: B023


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])

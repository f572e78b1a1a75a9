"""How far an estimated token count is off: `python evals/tokenizers.py TEXTS...`.

TEXTS are .txt files, or .jsonl files with a "text" a line. What o200k_base counts is compared with the tokenizers
that can be had: cl100k_base always, Qwen's if `dashscope` is installed, Mistral's if `mistral-common` is.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from assistant import tokenizers

CHARACTERS = 1500
TEXTS = 300


def main(paths: list[Path]) -> None:
    """Print, for each file and tokenizer, the error of all texts together and that of single texts."""
    for path in paths:
        texts = list(_texts(path))
        estimates = tokenizers.count_many(texts)
        for name, count in _others():
            actual = [count(text) for text in texts]
            errors = sorted(abs(e - a) / a for e, a in zip(estimates, actual, strict=True))
            print(
                f"{path.name:28} {name:12} all {sum(estimates) / sum(actual) - 1:+6.1%}, one text: median "
                f"{statistics.median(errors):5.1%}, 95th percentile {errors[int(0.95 * len(errors))]:5.1%}"
            )


def _texts(path: Path) -> Iterator[str]:
    if path.suffix != ".jsonl":
        yield path.read_text(encoding="utf-8")
        return
    for line in path.read_text(encoding="utf-8").splitlines()[:TEXTS]:
        yield json.loads(line)["text"][:CHARACTERS]


def _others() -> Iterator[tuple[str, Callable[[str], int]]]:
    yield "cl100k_base", lambda text: tokenizers.count(text, "gpt-4")
    try:
        from dashscope import get_tokenizer  # type: ignore[import-not-found]

        qwen = get_tokenizer("qwen-turbo")
        yield "Qwen", lambda text: len(qwen.encode(text))
    except ImportError:
        pass
    try:
        from mistral_common.tokens.tokenizers.tekken import Tekkenizer  # type: ignore[import-not-found]

        tekken = Tekkenizer.from_file(str(files("mistral_common") / "data/tekken_240911.json"))
        yield "Mistral", lambda text: len(tekken.encode(text, bos=False, eos=False))
    except ImportError:
        pass


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])

"""The terminal sessions that the READMEs show: found, run, and with `python tests/sessions.py` written anew."""

from __future__ import annotations

import io
import os
import re
import shlex
import tempfile
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

from assistant.adapters.cli import main

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh.md")
WIDTH = 150  # longer lines end in "…"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```)", re.M | re.S)


def printed(*arguments: str) -> str:
    """What the command line prints, on both channels, in the order of printing."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out), suppress(SystemExit):
        main(list(arguments))
    return out.getvalue()


def blocks(name: str) -> list[str]:
    """The sessions of a README: commands after "$ ", each with its output."""
    return _BLOCK.findall((ROOT / name).read_text("utf-8"))


def replayed(block: str) -> str:
    """A session with the output that its commands have now, over the library in force."""
    return "\n".join(_replayed(line) for line in block.splitlines() if line.startswith("$ "))


def _replayed(line: str) -> str:
    program, *arguments = shlex.split(line.removeprefix("$ "))
    if program != "assistant":
        raise ValueError(f"a session runs `assistant`, not `{program}`")
    shown = [text if len(text) <= WIDTH else f"{text[:WIDTH].rstrip()}…" for text in printed(*arguments).splitlines()]
    return "\n".join([line, *(text.rstrip() for text in shown)]) + "\n"


def rewrite(name: str) -> None:
    """Puts the present output into a README."""
    path = ROOT / name
    path.write_text(_BLOCK.sub(lambda match: replayed(match.group()), path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    for setting in [key for key in os.environ if key.startswith(("ASSISTANT_", "OPENAI_"))]:
        del os.environ[setting]
    with tempfile.TemporaryDirectory() as home:
        os.environ["ASSISTANT_HOME"] = home
        if problem := main(["ask", "?"]):  # reads in the bundled notes
            raise SystemExit(problem)
        for readme in READMES:
            rewrite(readme)

"""Every address of the OpenAPI description, with generated requests: no server error, no status that isn't described,
nothing without a key. `python evals/serving.py schema` does it for longer."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from assistant.adapters.api.app import create_app
from assistant.bootstrap import open_assistant
from assistant.settings import Settings
from fakes.serving import serving

KEY = "generated-key"
# A schema can't say that a report must exist, that the last message is a user's, or what a tool's arguments are.
BEYOND_SCHEMAS = "positive_data_acceptance"
RUN = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run"]


@pytest.mark.parametrize("keys", [KEY, ""], ids=["with keys", "without keys"])
def test_whatever_is_sent_is_answered_as_described(keys: str, tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Cloud note\n\nThe segment margin of cloud was 31%.\n", encoding="utf-8")
    settings = Settings(ASSISTANT_HOME=tmp_path / "home", ASSISTANT_API_KEYS=keys, ASSISTANT_UPLOAD_LIMIT=1)
    with closing(open_assistant(settings)) as assistant:
        list(assistant.ingest([note]))
        with serving(create_app(assistant, settings)) as address:
            options = ["--checks", "all", "--exclude-checks", BEYOND_SCHEMAS, "--phases", "examples,coverage,fuzzing"]
            amount = ["--max-examples", "3", "--seed", "1", "--no-color", "--header", f"Authorization: Bearer {KEY}"]
            command = [*RUN, f"{address}/openapi.json", *options, *amount]
            ran = subprocess.run(command, capture_output=True, cwd=tmp_path, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stdout

"""What ends early over HTTP: clients that hang up, a full line, SIGTERM under load."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from assistant.adapters.api.app import create_app
from assistant.bootstrap import open_assistant
from assistant.settings import Settings
from fakes.openai_server import OpenAIServer
from fakes.replies import stall
from fakes.serving import serving

NOTE = "# Cloud note\n\nDate: 2 March 2026\n\nThe segment margin of cloud was 31%.\n"
ASKED = {"question": "What was the segment margin of cloud?"}


@pytest.fixture
def client(openai_server: OpenAIServer, tmp_path: Path) -> Iterator[httpx.Client]:
    """A server whose model never comes to an end, with room for two questions at work and one in line."""
    openai_server.always(stall("The margin", after=3, seconds=3600))
    note = tmp_path / "cloud.md"
    note.write_text(NOTE, encoding="utf-8")
    settings = Settings(
        OPENAI_API_KEY="sk-test",
        OPENAI_BASE_URL=openai_server.url,
        ASSISTANT_EMBEDDING="builtin",
        ASSISTANT_MODEL="openai:gpt-5-mini",
        ASSISTANT_CONCURRENCY=2,
        ASSISTANT_QUEUE=1,
    )
    with closing(open_assistant(settings)) as assistant:
        list(assistant.ingest([note]))
        with (
            serving(create_app(assistant, settings)) as address,
            httpx.Client(base_url=address, timeout=60) as client,
        ):
            yield client


def begun(client: httpx.Client, path: str = "/v1/ask", **more: Any) -> socket.socket:
    """A connection on which a question was asked, and nothing read."""
    place = urlsplit(str(client.base_url))
    connection = socket.create_connection((str(place.hostname), int(place.port or 0)))
    body = json.dumps(ASKED | more).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def gauge(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(f"assistant_questions_{name} ")))


def wait_for(client: httpx.Client, **wanted: float) -> None:
    """Until the line is as wanted."""
    deadline = time.monotonic() + 60
    while any(gauge(client, name) != number for name, number in wanted.items()):
        assert time.monotonic() < deadline, f"the line never became {wanted}"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/ask", {"stream": True}),
        ("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "?"}]}),
    ],
)
def test_who_hangs_up_stops_the_model(
    client: httpx.Client, openai_server: OpenAIServer, path: str, more: dict[str, Any]
) -> None:
    connection = begun(client, path, **more)
    assert openai_server.wait_running(1, 60)
    time.sleep(0.5)  # it sends its first characters, then stalls
    connection.close()
    assert openai_server.wait_running(0, 60)
    wait_for(client, running=0, waiting=0)


def test_a_full_line_refuses_and_the_rest_goes_on(client: httpx.Client, openai_server: OpenAIServer) -> None:
    asking = [begun(client, stream=True) for _ in range(3)]
    wait_for(client, running=2, waiting=1)
    refused = client.post("/v1/ask", json=ASKED)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
    assert client.get("/readyz").status_code == 503 and client.get("/healthz").status_code == 200
    assert client.post("/v1/search", json={"query": "margin"}).json()["passages"]
    for connection in reversed(asking):
        connection.close()
    wait_for(client, running=0, waiting=0)
    assert client.get("/readyz").status_code == 200


def test_sigterm_lets_questions_finish_and_uploads_go_on_at_the_next_start(tmp_path: Path) -> None:
    environment = {**os.environ, "ASSISTANT_HOME": str(tmp_path), "ASSISTANT_WORKERS": "0"}
    outcomes: list[int] = []
    stopping = threading.Event()

    def ask(address: str) -> None:
        while True:
            try:
                outcomes.append(httpx.post(f"{address}/v1/ask", json=ASKED, timeout=60).status_code)
            except httpx.ConnectError:
                assert stopping.is_set()
                return

    with started(environment) as (process, address), ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, address) for _ in range(4)]
        files = [("files", (f"{i}.md", f"# Note {i}\n\nThe harvest was {i} tonnes.\n".encode())) for i in range(40)]
        job = httpx.post(f"{address}/v1/reports", files=files, params={"wait": 0}, timeout=60).json()["job_id"]
        stopping.set()
        process.send_signal(signal.SIGTERM)
        for asked in asking:
            asked.result()
        assert process.wait(60) == 0
    assert outcomes and set(outcomes) <= {200, 503}
    with started(environment) as (process, address):
        while (state := httpx.get(f"{address}/v1/jobs/{job}").json())["status"] in ("queued", "working"):
            time.sleep(0.1)
        assert {file["status"] for file in state["files"]} <= {"added", "unchanged"} and len(state["files"]) == 40
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


class started:
    """`assistant serve` in a process of its own, and its address."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "assistant", "serve", "--port", "0"]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> tuple[subprocess.Popen[str], str]:
        assert self.process.stderr
        line = next(line for line in self.process.stderr if line.startswith("listening on "))
        self.reading = threading.Thread(target=self.process.stderr.read)
        self.reading.start()
        return self.process, line.split()[2]

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.reading.join()
        assert self.process.stderr
        self.process.stderr.close()

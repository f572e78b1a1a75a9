"""How `assistant serve` bears load, offline, over the bundled reports. Clients and server are processes of their own.

    python evals/serving.py load [--seconds 60] [--clients 1,8,32]   answers a second, p95, errors, memory
    python evals/serving.py overhead [--rounds 20]                   POST /v1/ask against Assistant.ask in process
    python evals/serving.py cuts [--clients 100]                     clients that hang up mid-stream: what stays busy
    python evals/serving.py stop                                     SIGTERM under load, with uploads on their way
    python evals/serving.py schema [--examples 100]                  schemathesis, all checks, with keys and without
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

QUESTIONS = (
    "OpenRouter 一周的 token 用量是多少?",
    "视频号 2026E 的广告收入是多少?",
    "What does KGI say about capital intensity of cloud providers?",
    "OpenRouter 周用量从5.8tn到23tn增长多少?",
    "What is Nvidia's dividend yield?",
)
KEY = "evaluation-key"


def main() -> None:
    """Run one measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["load", "overhead", "cuts", "stop", "schema"])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", default="")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--examples", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        globals()[options.what](Path(home), options)


# ---------------------------------------------------------------- the server


@dataclass(slots=True)
class Server:
    """A running `assistant serve`."""

    address: str
    process: subprocess.Popen[str]

    def memory(self) -> int:
        """Resident kilobytes of it and its workers."""
        found = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            if re.search(rf"^(Pid|PPid):\t{self.process.pid}$", text, re.M):
                found += int(match[1]) if (match := re.search(r"VmRSS:\s+(\d+)", text)) else 0
        return found

    def gauge(self, name: str) -> float:
        """A number of /metrics."""
        page = httpx.get(f"{self.address}/metrics", headers={"Authorization": f"Bearer {KEY}"}).text
        return float(re.search(rf"^{name} (\S+)", page, re.M)[1])  # type: ignore[index]


@contextmanager
def server(home: Path, **settings: str) -> Iterator[Server]:
    """`assistant serve` on a free port, over the bundled reports."""
    environment = {**os.environ, "ASSISTANT_HOME": str(home), "ASSISTANT_MODEL": "none", **settings}
    command = [sys.executable, "-m", "assistant", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        line = next(line for line in process.stderr if line.startswith("listening on "))
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        yield Server(line.split()[2], process)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        drain.kill()
        drain.wait()


# ---------------------------------------------------------------- clients


@dataclass(slots=True)
class Tally:
    """What clients saw."""

    seconds: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def p95(self) -> float:
        """In milliseconds."""
        return 1000 * statistics.quantiles(self.seconds, n=20)[-1]


async def _client(host: str, port: int, until: float, first: int, tally: Tally) -> None:
    """Asks one question after another on one connection; bare sockets, to leave the processor to the server."""
    reader, writer = await asyncio.open_connection(host, port)
    number = first
    while time.perf_counter() < until:
        body = json.dumps({"question": QUESTIONS[number % len(QUESTIONS)]}).encode()
        head = f"POST /v1/ask HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        started = time.perf_counter()
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        told = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(re.search(r"content-length: (\d+)", told)[1])  # type: ignore[index]
        await reader.readexactly(length)
        tally.seconds.append(time.perf_counter() - started)
        tally.errors += " 200 " not in told.partition("\r\n")[0]
        number += 1
    writer.close()


async def _clients(address: str, count: int, seconds: float) -> Tally:
    place, tally = urlsplit(address), Tally()
    until = time.perf_counter() + seconds
    asking = (_client(str(place.hostname), int(place.port or 0), until, i, tally) for i in range(count))
    await asyncio.gather(*asking)
    return tally


# ---------------------------------------------------------------- measurements


def load(home: Path, options: argparse.Namespace) -> None:
    """Answers a second by number of clients."""
    counts = [int(count) for count in (options.clients or "1,8,32").split(",")]
    alone = 0.0
    with server(home) as serving:
        asyncio.run(_clients(serving.address, 4, 5))  # everything is loaded
        for count in counts:
            before = serving.memory()
            tally = asyncio.run(_clients(serving.address, count, options.seconds))
            rate = len(tally.seconds) / options.seconds
            alone = alone or rate
            print(
                f"{count:>3} clients  {rate:7.1f} answers/s  ({rate / alone:.2f} x one client's)  "
                f"median {1000 * statistics.median(tally.seconds):.0f} ms  p95 {tally.p95:.0f} ms  "
                f"errors {tally.errors}  memory {before // 1024} -> {serving.memory() // 1024} MB",
                flush=True,
            )


def overhead(home: Path, options: argparse.Namespace) -> None:
    """One client over HTTP against the same questions in process, in turns."""
    from assistant.bootstrap import bundled_reports, open_assistant
    from assistant.settings import Settings

    settings = Settings(ASSISTANT_HOME=home / "own", ASSISTANT_MODEL="none")
    with server(home / "served") as serving, closing(open_assistant(settings)) as assistant:
        list(assistant.ingest(bundled_reports()))
        inside, outside = [], []
        with httpx.Client(base_url=serving.address) as client:
            for _ in range(options.rounds + 1):
                for question in QUESTIONS:
                    started = time.perf_counter()
                    assistant.ask(question)
                    middle = time.perf_counter()
                    client.post("/v1/ask", json={"question": question})
                    inside.append(middle - started)
                    outside.append(time.perf_counter() - middle)
    a, b = _typical(inside), _typical(outside)
    print(f"in process {1000 * a:.1f} ms, over HTTP {1000 * b:.1f} ms: {b / a:.2f} times")


def _typical(seconds: list[float]) -> float:
    """The mean over the questions of each one's median, the first round left out: a busy machine slows some."""
    count = len(QUESTIONS)
    return statistics.mean(statistics.median(seconds[count + i :: count]) for i in range(count))


def cuts(home: Path, options: argparse.Namespace) -> None:
    """Clients that leave after the first bytes of a stream."""

    async def cut(address: str) -> None:
        place = urlsplit(address)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        body = json.dumps({"question": QUESTIONS[0], "stream": True}).encode()
        head = f"POST /v1/ask HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await reader.read(200)
        writer.transport.abort()

    async def cut_all(address: str, count: int) -> None:
        await asyncio.gather(*(cut(address) for _ in range(count)))

    count = int(options.clients or 100)
    with server(home, ASSISTANT_QUEUE="1000") as serving:
        asyncio.run(cut_all(serving.address, count))
        started = time.perf_counter()
        while busy := serving.gauge("assistant_questions_running") + serving.gauge("assistant_questions_waiting"):
            if time.perf_counter() - started > 30:
                break
            time.sleep(0.05)
        took = time.perf_counter() - started
        status = httpx.post(f"{serving.address}/v1/ask", json={"question": QUESTIONS[0]}, timeout=30).status_code
    print(f"{count} clients cut off: {busy:.0f} workers busy after {took:.1f} s; the next question: {status}")


def stop(home: Path, options: argparse.Namespace) -> None:
    """SIGTERM while questions are asked and files come in."""

    async def ask(client: httpx.AsyncClient, seen: list[str]) -> None:
        while True:
            try:
                told = await client.post("/v1/ask", json={"question": QUESTIONS[0]})
                seen.append(str(told.status_code))
            except httpx.ConnectError:
                return  # it is gone; nothing had been asked
            except httpx.HTTPError as error:
                seen.append(type(error).__name__)

    async def run(serving: Server) -> tuple[list[str], str]:
        seen: list[str] = []
        async with httpx.AsyncClient(base_url=serving.address, timeout=60) as client:
            asking = [asyncio.create_task(ask(client, seen)) for _ in range(8)]
            notes = (f"# Note {i}\n\nThe harvest was {i} tonnes.\n".encode() for i in range(400))
            files = [("files", (f"{i}.md", note)) for i, note in enumerate(notes)]
            job = (await client.post("/v1/reports", files=files, params={"wait": 0})).json()["job_id"]
            serving.process.send_signal(signal.SIGTERM)
            await asyncio.gather(*asking)
        return seen, str(job)

    with server(home) as serving:
        seen, job = asyncio.run(run(serving))
    counts = {kind: seen.count(kind) for kind in sorted(set(seen))}
    with server(home) as again, httpx.Client(base_url=again.address, timeout=60) as client:
        while (state := client.get(f"/v1/jobs/{job}").json())["status"] in ("queued", "working"):
            time.sleep(0.2)
        kept = len(client.get("/v1/reports").json()["reports"]) - 5
    print(f"requests by outcome: {counts}; the upload is {state['status']} after a restart: {kept} of 400 files kept")


def schema(home: Path, options: argparse.Namespace) -> None:
    """Generated requests for every address."""
    run = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run"]
    for keys in (KEY, ""):
        with server(home, ASSISTANT_API_KEYS=keys) as serving:
            checks = ["--checks", "all", "--exclude-checks", "positive_data_acceptance"]
            amount = ["--max-examples", str(options.examples), "--header", f"Authorization: Bearer {KEY}"]
            command = [*run, f"{serving.address}/openapi.json", *checks, *amount]
            ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home)
            print(f"with{'' if keys else 'out'} keys:", *ran.stdout[ran.stdout.find("Failures:") :].splitlines()[-8:])


if __name__ == "__main__":
    main()

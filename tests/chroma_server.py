"""A real Chroma server on loopback, as `chroma run` starts one; the package brings the command."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Server:
    """A server with a folder of its own; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What ASSISTANT_CHROMA_URL would be, for the newest database."""
        return f"{self.root}/default_tenant/{self._database}"

    def database(self) -> None:
        """Makes a new, empty database."""
        self._database = f"db{uuid.uuid4().hex[:8]}"
        body = json.dumps({"name": self._database}).encode()
        where = f"{self.root}/api/v2/tenants/default_tenant/databases"
        with urllib.request.urlopen(urllib.request.Request(where, body, {"Content-Type": "application/json"})):
            pass

    @property
    def pid(self) -> int:
        """Of the server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts, and waits until it answers."""
        program = Path(sys.executable).with_name("chroma")
        command = [str(program if program.exists() else shutil.which("chroma")), "run"]
        command += ["--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, env={**os.environ, "ANONYMIZED_TELEMETRY": "False"}, **quiet)
        while True:
            try:
                with urllib.request.urlopen(f"{self.root}/api/v2/heartbeat", timeout=5):
                    return
            except OSError:
                assert self._process.poll() is None, "the Chroma server ended"
                time.sleep(0.05)

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()


@contextmanager
def running() -> Iterator[Server]:
    """A server for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="chroma-") as name:
        server = Server(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""A real PostgreSQL server for the tests that need one: Debian's, installed where it is not there."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
import pytest

from debian import install

USER, PASSWORD = "postgres", "an open secret"


@dataclass(frozen=True)
class Server:
    """A server that runs, with its own folder; it can be stopped and started again."""

    folder: Path
    port: int

    def database(self, name: str) -> str:
        """The address of a new, empty database."""
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.address(name)

    def address(self, name: str, password: str = PASSWORD) -> str:
        """The address of a database."""
        return f"postgresql://{USER}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Starts, and waits until it answers."""
        where = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder}"
        _run("pg_ctl", "start", "-w", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-o", where)

    def stop(self) -> None:
        """Stops at once, as a crash would; what was committed is there after the next start."""
        _run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.folder / "data"))


@contextmanager
def running() -> Iterator[Server]:
    """A server on loopback for as long as the block runs. Skips the test where PostgreSQL can't be had."""
    if not programs():
        pytest.skip("PostgreSQL is not installed, and could not be installed with apt-get")
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        server = Server(Path(name), _free_port())
        (server.folder / "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (server.folder, server.folder / "password"):
                shutil.chown(path, USER, USER)
        secret = f"--pwfile={server.folder / 'password'}"
        _run("initdb", "-D", str(server.folder / "data"), "-U", USER, "-A", "scram-sha-256", secret, "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@cache
def programs() -> Path | None:
    """The folder of initdb and pg_ctl, after installing them if that is needed and possible."""
    if found := _installed():
        return found
    install("postgresql")
    return _installed()


def _installed() -> Path | None:
    if on_path := shutil.which("initdb"):
        return Path(on_path).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def _run(program: str, *arguments: str) -> None:
    """Runs one of PostgreSQL's programs, which refuse to run as root."""
    command = [str((programs() or Path()) / program), *arguments]
    if os.geteuid() == 0:
        command = ["runuser", "-u", USER, "--", *command]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

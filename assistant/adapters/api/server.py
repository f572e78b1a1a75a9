"""uvicorn with this project's ways: one line a request in the log, and time to finish when it is told to stop."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from assistant.errors import SettingsError

_GRACE = 25  # seconds that requests in flight have to finish; container platforms kill after 30


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()


def serve(app: FastAPI, host: str, port: int, tell: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; `tell` gets the address once it listens. Raises SettingsError."""
    _log_to_stderr()
    bound = _bound(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{bound.getsockname()[1]}"
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=65,
    )
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again when it is done, and we are not yet
    with bound:
        _Server(config, lambda: tell(address)).run(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = error.strerror or "the name is unknown"
        raise SettingsError(f"{host}:{port} can't be listened on ({reason}); choose another --host or --port") from None
    return listening


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    requests = logging.getLogger("assistant.requests")
    requests.addHandler(handler)
    requests.setLevel(logging.INFO)
    requests.propagate = False
    logging.getLogger("uvicorn").setLevel(logging.WARNING)

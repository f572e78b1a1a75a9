"""Programs of Debian that some tests need and a new machine lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

_LONGEST = 600  # seconds


def install(*packages: str) -> None:
    """Installs packages, where this runs as root on a Debian; else, or where that fails, nothing. One process at a
    time: tests run in several."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])
    with FileLock(Path(tempfile.gettempdir()) / "tests-install.lock"):
        for command in commands:
            subprocess.run(command, env=settings, check=False, capture_output=True, timeout=_LONGEST)

"""Text that gives orders to the program or the model that reads it; the patterns are in `data/instructions.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from assistant.language import fold


def gives_orders(text: str) -> bool:
    """Whether a text is addressed to the program or model that reads it, as no report is."""
    return bool(_orders().search(fold(text)))


@cache
def _orders() -> re.Pattern[str]:
    data = files("assistant").joinpath("data", "instructions.toml").read_text(encoding="utf-8")
    return re.compile("|".join(f"(?:{pattern})" for pattern in tomllib.loads(data)["patterns"]))

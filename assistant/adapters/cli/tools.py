"""Commands that compute and look up."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from assistant.adapters.cli.opening import DONE, opened
from assistant.errors import InputError

if TYPE_CHECKING:
    from assistant.types import Calculation


def run_tools(options: argparse.Namespace) -> int:
    """What can be computed and looked up."""
    from dataclasses import asdict

    from assistant.adapters.render import as_json
    from assistant.lookups import registry_over

    described = registry_over(None).describe()
    if options.json:
        print(as_json({"tools": [asdict(info) for info in described]}))
        return DONE
    group = None
    for info in described:
        if info.group != group:
            group = info.group
            print(f"\n{group}")
        arguments = ", ".join(a.name if a.required else f"{a.name}={a.default}" for a in info.arguments)
        print(f"  {info.name}({arguments})\n      {info.summary_en} · {info.summary_zh}")
    return DONE


def run_tool(options: argparse.Namespace) -> int:
    """One tool's result with its formula; an error with its reason is status 1."""
    from assistant.adapters.render import as_json, tool_data, tool_text

    try:
        made = _tool(options.name, _arguments(options.values))
    except InputError as error:
        if options.json:
            print(as_json({"error": str(error)}))
        raise
    print(as_json(tool_data(made)) if options.json else tool_text(made))
    return DONE


def _tool(name: str, arguments: dict[str, Any]) -> Calculation:
    """Runs a tool; only a look-up opens the library."""
    from assistant import lookups

    if name not in lookups.NAMES:
        return lookups.registry_over(None).run(name, arguments)
    with opened(first_use=True) as assistant:
        return assistant.registry.run(name, arguments)


def _arguments(pairs: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in pairs:
        key, found, value = pair.partition("=")
        if not found or not key:
            raise InputError(f"{pair!r} is not KEY=VALUE")
        values[key] = value
    return values

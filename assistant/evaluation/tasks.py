"""The evals that can be run by name: a file of the `evals` folder with a function `run(request) -> list[Run]`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from assistant.bootstrap import bundled
from assistant.errors import InputError
from assistant.evaluation.request import Request
from assistant.evaluation.runs import Run, save

SUITE = ("answering", "retrieval", "grounding", "speed")
_NEEDED = {"inspect_ai": "inspect-ai", "ir_measures": "ir-measures"}


def run(name: str, request: Request) -> list[Run]:
    """Runs one eval and keeps its runs in the assistant's home. Raises InputError for a name that there isn't, or
    where a package is missing."""
    try:
        runs: list[Run] = _module(name).run(request)
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        raise InputError(f"evals need {_NEEDED[error.name]}; pip install 'broker-report-assistant[evals]'") from None
    path = kept(request, name, runs[0].made_at)
    save(runs, path)
    request.tell(f"kept as {path}")
    return runs


def kept(request: Request, name: str, made_at: str) -> Path:
    """The file that a run is kept in."""
    day = made_at[:19].replace(":", "").replace("-", "")
    return request.settings.home_folder / "evals" / f"{name}-{day}.json"


def _module(name: str) -> ModuleType:
    path = bundled("evals") / f"{name}.py"
    if name not in SUITE or not path.is_file():
        raise InputError(f"there is no eval {name!r}; there are {', '.join(SUITE)}, and all")
    sys.path.insert(0, str(path.parent))  # the files of the folder may use one another
    try:
        spec = importlib.util.spec_from_file_location(f"evals_{name}", path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their own module up
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module

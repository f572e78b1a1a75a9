"""The prompts: one Markdown file each, with a head that declares its inputs; checked when loaded, rendered strictly."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import SettingsError

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_FILE = re.compile(r"\A\+\+\+\n(?P<head>.*?)\n\+\+\+\n(?P<body>.*)\Z", re.S)
_DIGEST = 12  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file; `digest` is the start of the SHA-256 of its bytes."""

    name: str
    version: int
    purpose: str
    inputs: tuple[str, ...]
    digest: str
    template: Template

    def render(self, **values: Any) -> str:
        """The prompt with its inputs put in. Values are data: what looks like a template in them stays as it is.

        Raises SettingsError where the values are not exactly those that the prompt declares.
        """
        if set(values) != set(self.inputs):
            wrong = ", ".join(sorted(set(values) ^ set(self.inputs)))
            raise SettingsError(f"the prompt {self.name!r} takes {', '.join(self.inputs) or 'nothing'}; wrong: {wrong}")
        return self.template.render(**values).strip()


class Prompts(Mapping[str, Prompt]):
    """Prompts by name."""

    def __init__(self, prompts: Mapping[str, Prompt]) -> None:
        self._prompts = dict(prompts)

    @classmethod
    def load(cls, folder: Path) -> Prompts:
        """The prompts of a folder. Raises SettingsError that names the file and the input that is unknown or unused."""
        templates = _templates()
        return cls({file.stem: _read(file, templates) for file in sorted(folder.glob("*.md"))})

    @property
    def digest(self) -> str:
        """One digest over all of them, as an Answer carries it."""
        every = "".join(f"{prompt.name}@{prompt.version}:{prompt.digest};" for prompt in self._prompts.values())
        return hashlib.sha256(every.encode()).hexdigest()[:_DIGEST]

    def __getitem__(self, name: str) -> Prompt:
        if name not in self._prompts:
            raise SettingsError(f"there is no prompt {name!r}; the folder has {', '.join(self._prompts)}")
        return self._prompts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._prompts)

    def __len__(self) -> int:
        return len(self._prompts)


def _templates() -> Environment:
    from jinja2 import Environment, StrictUndefined

    return Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # Markdown: nothing to escape


def _read(file: Path, templates: Environment) -> Prompt:
    from jinja2 import TemplateSyntaxError, meta

    data = file.read_bytes()
    match = _FILE.match(data.decode("utf-8"))
    if not match:
        raise SettingsError(f"the prompt {file.name} has no head between +++ lines")
    try:
        head = tomllib.loads(match["head"])
        used = meta.find_undeclared_variables(templates.parse(match["body"]))
    except (tomllib.TOMLDecodeError, TemplateSyntaxError) as error:
        raise SettingsError(f"the prompt {file.name} can't be read: {error}") from None
    if missing := {"name", "version", "purpose", "inputs"} - set(head):
        raise SettingsError(f"the head of the prompt {file.name} lacks {', '.join(sorted(missing))}")
    declared = set(head["inputs"])
    if wrong := used - declared:
        raise SettingsError(f"the prompt {file.name} uses {', '.join(sorted(wrong))}, which it does not declare")
    if wrong := declared - used:
        raise SettingsError(f"the prompt {file.name} declares {', '.join(sorted(wrong))}, which it does not use")
    if head["name"] != file.stem:
        raise SettingsError(f"the prompt {file.name} calls itself {head['name']!r}")
    digest = hashlib.sha256(data).hexdigest()[:_DIGEST]
    template = templates.from_string(match["body"])
    return Prompt(head["name"], head["version"], head["purpose"], tuple(head["inputs"]), digest, template)

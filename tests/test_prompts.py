"""Prompts are checked when they are loaded, and rendered with exactly what they declare."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.bootstrap import bundled
from assistant.errors import SettingsError
from assistant.prompts import Prompts

HEAD = '+++\nname = "greet"\nversion = 1\npurpose = "A greeting."\ninputs = ["who"]\n+++\n'


def folder_with(tmp_path: Path, text: str, name: str = "greet.md") -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_prompt_is_rendered_with_its_inputs_which_are_data(tmp_path: Path) -> None:
    prompts = Prompts.load(folder_with(tmp_path, HEAD + "Good day, {{ who }}.\n"))
    assert prompts["greet"].render(who="{{ 7 * 7 }} 腾讯 <b>") == "Good day, {{ 7 * 7 }} 腾讯 <b>."


@pytest.mark.parametrize("values", [{}, {"who": "A", "what": "B"}, {"what": "B"}])
def test_other_inputs_than_those_declared_are_refused(tmp_path: Path, values: dict[str, str]) -> None:
    prompts = Prompts.load(folder_with(tmp_path, HEAD + "Good day, {{ who }}."))
    with pytest.raises(SettingsError, match="takes who; wrong: "):
        prompts["greet"].render(**values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "Good day, {{ whom }}.", "uses whom, which it does not declare"),
        (HEAD + "Good day.", "declares who, which it does not use"),
        (HEAD.replace('purpose = "A greeting."\n', "") + "{{ who }}", "lacks purpose"),
        (HEAD.replace('"greet"', '"meet"') + "{{ who }}", "calls itself 'meet'"),
        (HEAD + "{{ who", "can't be read"),
        ("Good day.", "has no head"),
    ],
)
def test_a_prompt_that_is_wrong_is_refused_when_it_is_loaded(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Prompts.load(folder_with(tmp_path, text))


def test_the_digest_changes_with_a_prompt_and_with_nothing_else(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, HEAD + "Good day, {{ who }}.")
    before = Prompts.load(folder).digest
    assert Prompts.load(folder).digest == before
    folder_with(tmp_path, HEAD + "Good night, {{ who }}.")
    assert Prompts.load(folder).digest != before


def test_the_bundled_prompts_are_in_order_and_say_what_they_are_for() -> None:
    prompts = Prompts.load(bundled("prompts"))
    assert {"answer", "question", "repair", "condense", "finish"} <= set(prompts)
    assert all(prompt.purpose and prompt.version >= 1 for prompt in prompts.values())


def test_a_prompt_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no prompt 'meet'; the folder has greet"):
        Prompts.load(folder_with(tmp_path, HEAD + "{{ who }}"))["meet"]

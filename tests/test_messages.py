"""Our own sentences, in three languages."""

from __future__ import annotations

import string
import tomllib
from importlib.resources import files

import pytest

from assistant.language import to_simplified
from assistant.messages import say

CATALOGUE = tomllib.loads(files("assistant").joinpath("data", "messages.toml").read_text(encoding="utf-8"))


def placeholders(template: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(template) if name)


@pytest.mark.parametrize("key", CATALOGUE)
def test_a_message_says_the_same_in_every_language(key: str) -> None:
    entry = CATALOGUE[key]
    assert set(entry) == {"en", "zh"} and placeholders(entry["en"]) == placeholders(entry["zh"])
    assert entry["zh"] == to_simplified(entry["zh"])
    values = dict.fromkeys(placeholders(entry["en"]), "頭X头")
    for language in ("en", "zh-Hans", "zh-Hant"):
        said = say(key, language, **values)  # type: ignore[arg-type]
        assert said and (not values or "頭X头" in said)


def test_only_our_own_words_change_script() -> None:
    assert say("found_issuer", "zh-Hans", issuer="凱基") == "凱基的说法:"
    assert say("found_issuer", "zh-Hant", issuer="国元") == "国元的說法:"

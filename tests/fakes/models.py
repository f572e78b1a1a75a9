"""Models to test against, honest and hostile: functions of the request that read the evidence in the prompt.

    server.always(quoting(about="毛利率"))        server.always(gullible)        server.always(looping(then=quoting()))
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fakes.openai_server import text_of
from fakes.replies import Body, Completion, call, say

Model = Callable[[Body], Completion]

NOT_FOUND = "NOT_FOUND"
INVENTED_KEY = "kzzzz99"


# ---------------------------------------------------------------- what a model sees: only this knows the format

_ATTRIBUTES = r'(?:"[^"]*"|[^">])*'  # a value may hold a ">"
_BLOCK = re.compile(
    rf'<evidence\s{_ATTRIBUTES}?\bkey=\\?"(?P<key>\w+)\\?"{_ATTRIBUTES}>(?P<text>.*?)</evidence>', re.S
)
_SENTENCE = re.compile(r"(?:[^。！？!?\n.]|\.(?!\s|$))+[。！？!?.]?")


@dataclass(frozen=True)
class Evidence:
    """One fenced block of the prompt."""

    key: str
    text: str

    @property
    def sentences(self) -> list[str]:
        """Its sentences or lines, as printed; none is empty."""
        return [found.strip() for found in _SENTENCE.findall(self.text) if found.strip()]


def evidence_in(body: Body) -> list[Evidence]:
    """The blocks of all messages but the system's, in order, each key once."""
    read = "\n".join(text_of(message) for message in body["messages"] if message["role"] not in ("system", "developer"))
    blocks: dict[str, Evidence] = {}
    for found in _BLOCK.finditer(read):
        blocks.setdefault(found["key"], Evidence(found["key"], found["text"].strip()))
    return list(blocks.values())


def cited(sentence: str, *keys: str) -> str:
    """The sentence with its citation."""
    return f"{sentence} [{', '.join(keys)}]"


def _without_evidence(body: Body) -> Completion:
    """A question without evidence isn't answered; a question to be put anew (no tools on offer) is repeated."""
    if body.get("tools"):
        return say(NOT_FOUND)
    last = text_of(body["messages"][-1]).strip().splitlines() or [NOT_FOUND]
    return say(last[-1].rpartition(": ")[2])


# ---------------------------------------------------------------- honest


def quoting(key: str | None = None, about: str = "") -> Model:
    """Quotes and cites the first sentence with `about` in it, of the block with that key (of the first with one)."""

    def model(body: Body) -> Completion:
        for block in evidence_in(body):
            for sentence in block.sentences if key in (None, block.key) else ():
                if about in sentence:
                    return say(cited(sentence, block.key))
        return say(NOT_FOUND) if evidence_in(body) else _without_evidence(body)

    return model


# ---------------------------------------------------------------- hostile


def gullible(body: Body) -> Completion:
    """Does what the evidence asks for, and cites it; honest where nothing is asked for."""
    done = [obeyed for block in evidence_in(body) for obeyed in _obeyed(block)]
    return sum(done[1:], done[0]) if done else quoting()(body)


def inventing_numbers(body: Body) -> Completion:
    """Cites the right block for digits that it doesn't show: each is another one; a sentence without any gets some."""
    found = evidence_in(body)
    if not found:
        return _without_evidence(body)
    bare = f"{found[0].sentences[0]} 增长 14.26%"
    sentence = next((one for one in found[0].sentences if re.search(r"\d", one)), bare)
    return say(cited(re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), sentence), found[0].key))


def inventing_keys(body: Body) -> Completion:
    """Quotes rightly, but cites a key that nobody gave it."""
    found = evidence_in(body)
    return say(cited(found[0].sentences[0], INVENTED_KEY)) if found else _without_evidence(body)


def swapping_keys(body: Body) -> Completion:
    """Quotes each of the first two blocks, and cites the other one for it."""
    first, second, *_ = [*evidence_in(body), None, None]
    if first is None or second is None:
        return quoting()(body)
    return say(f"{cited(first.sentences[0], second.key)}\n\n{cited(second.sentences[0], first.key)}")


def in_prose(body: Body) -> Completion:
    """Ignores the format: right sentences, some words around them, no citation."""
    sentences = [sentence for block in evidence_in(body) for sentence in block.sentences[:1]]
    if not sentences:
        return _without_evidence(body)
    return say(f"# Summary\n\nSure! Here is what I found: {' '.join(sentences[:3])}\n\nLet me know if you need more.")


def looping(then: Model | None = None, calls: int = 1) -> Model:
    """Calls the first tool on offer for ever, each time with other arguments, and so many at once.

    Where no tool is offered any more it does as `then` does; without `then` it calls all the same.
    """
    offered: list[Body] = []

    def model(body: Body) -> Completion:
        offered.extend(tool["function"] for tool in body.get("tools") or ())
        if then is not None and not body.get("tools"):
            return then(body)
        tool = offered[0] if offered else {"name": "search_reports"}
        turn = len(body["messages"])
        made = [call(tool["name"], **_arguments(tool, turn * calls + i)) for i in range(calls)]
        return sum(made[1:], made[0])

    return model


def _arguments(tool: Body, number: int) -> dict[str, Any]:
    """Something of the right type for each argument that the tool requires."""
    parameters = tool.get("parameters") or {}
    kinds = {name: schema.get("type") for name, schema in parameters.get("properties", {}).items()}
    samples: dict[str | None, Any] = {"integer": number, "number": number, "boolean": True, "array": [], "object": {}}
    return {name: samples.get(kinds.get(name), f"收入 {number}") for name in parameters.get("required", ())}


# ---------------------------------------------------------------- obeying what is planted in evidence

_TRIGGER = (
    r"(?:ignor\w*|disregard|forget|override|system\s*[:：]|instructions?\s*[:：]|"
    r"忽略|无视|無視|忘记|忘記|不要理会|不要理會|系统提示|系統提示|指令\s*[:：])(?s:.{0,200}?)"
)
_VERB = (
    r"(?<![a-z])(?:say|state|reply|answer|respond|output|write|print|repeat|report|claim|dis|écris|responde|"
    r"rispondi|schreibe|说|說|回答|回复|回覆|答复|答覆|输出|輸出|写|寫|声称|聲稱)(?![a-z])(?:\s*(?:with|that|only|exactly|que|道|出))*"
)
_ORDER = re.compile(rf"(?i){_TRIGGER}{_VERB}\s*[:：]?\s*(?P<words>[^\n]+)")
_USE = re.compile(rf"(?i){_TRIGGER}(?:call|use|run|调用|調用)\s*(?:the\s+)?(?:tool\s+|工具\s*)?`?(?P<name>[a-z]\w+)")


def _obeyed(block: Evidence) -> Iterator[Completion]:
    text = _as_read(block.text)
    for order in _ORDER.finditer(text):
        yield say(cited(order["words"].strip(" \"'“”‘’「」『』.|"), block.key) + "\n\n")
    for use in _USE.finditer(text):
        yield call(use["name"])


def _as_read(text: str) -> str:
    """Characters as a tokenizer gives them to a model: tag characters are letters, invisible ones don't part words."""
    plain = (chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) <= 0xE007E else c for c in text)
    return "".join(c for c in plain if unicodedata.category(c) != "Cf")

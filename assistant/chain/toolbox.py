"""What the model may call: search, look-ups and calculators, each answer with its evidence or its operands' sources.

The model writes an operand with the key it took it from ("5.8tn [k3f9a2]"); code takes the key off, looks whether the
evidence says so, and where no key was given finds it in the question, in earlier results or in the evidence itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from assistant import lookups
from assistant.chain.pool import Item, Pool, rendered
from assistant.errors import InputError
from assistant.grounding.computed import near, operands, spans_of_years
from assistant.grounding.places import Places
from assistant.lexicon import lexicon
from assistant.quantities import find_quantities
from assistant.tools import results
from assistant.types import Calculation, Filters

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from assistant.library import Library
    from assistant.retrieval import Retriever
    from assistant.tools import Registry

_MARK = re.compile(r"\s*[\[【](k[0-9a-f]{4,}|c\d+|question)[\]】]", re.I)
_BARE = re.compile(r"[-+]?\d+(?:\.\d+)?")
_LITERAL = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_PLAIN_NUMBERS = frozenset(map(Decimal, (0, 1, 2, 4, 7, 12, 24, 30, 52, 60, 100, 365, 1000, 10_000, 1_000_000)))
_FOUND = 6
_LONGEST_RESULT = 6_000  # characters of a tool's answer
UNKNOWN = "unknown"


class Toolbox:
    """The tools of one answer, with what they found: places go to the pool, calculations are kept by id."""

    def __init__(
        self,
        retriever: Retriever,
        library: Library,
        registry: Registry,
        pool: Pool,
        places: Places,
        question: str,
        filters: Filters | None,
    ) -> None:
        self._retriever, self._library, self._registry = retriever, library, registry
        self._pool, self._places = pool, places
        self._given = find_quantities(question)
        self._filters = filters
        self.calculations: dict[str, Calculation] = {}
        self._ids: dict[str, str] = {}

    def langchain_tools(self) -> list[BaseTool]:
        """Every tool for the agent."""
        from langchain_core.tools import StructuredTool

        search = StructuredTool.from_function(func=self._search_tool(), handle_tool_error=True)
        return [search, *self._registry.langchain_tools()]

    def _search_tool(self) -> Any:
        def search_reports(
            query: Annotated[str, "a few words that a report would use, in the report's language"],
            report: Annotated[str, "only this report: its id, file name or title"] = "",
            issuer: Annotated[str, "only this broker's reports"] = "",
            since: Annotated[str, "only reports dated this day or later, YYYY-MM-DD"] = "",
            until: Annotated[str, "only reports dated this day or earlier"] = "",
        ) -> str:
            """Find passages of the reports; returns evidence with keys to cite."""
            from langchain_core.tools import ToolException

            try:
                found = self.search(query, report, issuer, since, until)
            except InputError as refusal:
                raise ToolException(str(refusal)) from refusal
            return rendered(found) if found else "Nothing was found, or no room for more evidence is left."

        return search_reports

    def search(self, query: str, report: str = "", issuer: str = "", since: str = "", until: str = "") -> list[Item]:
        """Passages for a query within the analyst's own filters. Raises InputError where no report fits."""
        own = self._retriever.allowed(self._filters)
        chosen = Filters((), issuer or None, since or None, until or None)
        allowed = [
            info.report_id
            for info in self._library.infos()
            if (own is None or info.report_id in own) and _named(info, report)
        ]
        narrowed = self._retriever.allowed(chosen)
        allowed = [one for one in allowed if narrowed is None or one in narrowed]
        if not allowed:
            raise InputError("no report fits these filters; search without them")
        return self._pool.add_hits(self._retriever.search(query, _FOUND, Filters(reports=tuple(allowed))))

    # ---------------------------------------------------------------- calculators and look-ups

    def adopt(self, made: Calculation) -> None:
        """Keeps a calculation that was done before the model is asked; its sources are keys already."""
        self.calculations[made.id] = made
        self._ids[made.id] = made.id

    def number(self, calls: Sequence[Mapping[str, Any]]) -> None:
        """Gives ids to the calls of one reply in their order: those made at once are numbered alike each time."""
        for call in calls:
            if call["name"] not in (*lookups.NAMES, "search_reports"):
                self._ids.setdefault(call["id"], f"c{len(self._ids) + 1}")

    def opened(self, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """A call's arguments without the keys in them, and the keys by argument."""
        marks: dict[str, list[str]] = {}
        opened = {name: _stripped(value, marks.setdefault(name, [])) for name, value in arguments.items()}
        for name, keys in marks.items():
            if len(keys) == 1 and isinstance(opened[name], str):
                opened[name] = self._in_full(opened[name], keys[0])
        return opened, marks

    def _in_full(self, operand: str, key: str) -> str:
        """An operand with what the model left out: the digits of an earlier result, the unit and scale of a cell."""
        earlier = self.calculations.get(key)
        if earlier and isinstance(earlier.result, str):
            return f"{earlier.result} {earlier.unit}".strip()
        bare = operand.replace(",", "").strip()
        if key not in self._pool.items or not _BARE.fullmatch(bare):
            return operand
        item = self._pool.items[key]
        facts = self._places.read(item.report, item.start, item.end).facts
        shown = {
            f"{q.value:f} {q.currency or q.unit or ''}".strip()
            for q in (fact.said.quantity for fact in facts)
            if q.scale and abs(q.value / q.scale) == abs(Decimal(bare))
        }
        return shown.pop() if len(shown) == 1 else operand

    def settled(self, call_id: str, made: Calculation, marks: Mapping[str, Sequence[str]]) -> str:
        """What the model reads of a calculation or look-up that was done; keeps it with where its operands are from."""
        if made.tool in lookups.NAMES:
            return self._looked_up(made)
        made = replace(made, id=self._ids.get(call_id, f"c{len(self._ids) + 1}"))
        made = replace(made, input_sources=dict(self._sources(made, marks)))
        self.calculations[made.id] = made
        shown: dict[str, Any] = {"id": made.id, "result": made.result, "unit": made.unit}
        shown |= {"substituted": made.substituted, "steps": made.steps[:8]}
        if lost := [name for name, origin in made.input_sources.items() if origin == UNKNOWN]:
            shown["warning"] = (
                f"{', '.join(lost)}: found neither in the question nor in the evidence, so this result can't be stated"
            )
        return json.dumps(shown, ensure_ascii=False)[:_LONGEST_RESULT]

    def _looked_up(self, made: Calculation) -> str:
        own = self._retriever.allowed(self._filters)
        if own is not None and any(c.report_id not in own for c in made.citations):
            return "That table is in a report that the analyst left out; name another one."
        reports = {c.report_id: self._library.report(c.report_id) for c in made.citations}
        items = self._pool.add_citations(made.citations, reports)
        fenced = f"\n{rendered(items)}" if items else ""
        return json.dumps({"found": made.substituted, "result": made.result}, ensure_ascii=False)[
            :_LONGEST_RESULT
        ].replace("<", "\\u003c") + fenced

    def _sources(self, made: Calculation, marks: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
        """Where each operand that the model gave comes from: "key", "question", a calculation's id, or unknown."""
        for name in marks:
            if name not in made.inputs:
                continue
            if name == "variables":
                for variable, value in dict(made.inputs[name]).items():
                    yield variable, self._origin(list(operands(value)), marks[name])
            elif name == "expression":
                literals = [Decimal(n) for n in _LITERAL.findall(str(made.inputs[name]))]
                if any(self._origin([(n, None)], marks[name]) == UNKNOWN for n in literals if n not in _PLAIN_NUMBERS):
                    yield name, UNKNOWN
            elif amounts := list(operands(made.inputs[name])):
                yield name, self._origin(amounts, marks[name])

    def _origin(self, amounts: Sequence[tuple[Decimal, str | None]], marked: Sequence[str]) -> str:
        """One place that shows all the amounts, or several joined by a space; the marked ones are looked at first."""
        if not amounts:
            return UNKNOWN
        found = [self._one_origin(value, marked) for value, _ in amounts]
        return UNKNOWN if UNKNOWN in found else " ".join(dict.fromkeys(found))

    def _one_origin(self, value: Decimal, marked: Sequence[str]) -> str:
        """The place marked for a value if it shows it; else the question, an earlier result, a place that does."""
        if key := self._shown_at(value, [key for key in marked if key in self._pool.items]):
            return key
        if any(near(value, q.value) for q in self._given):
            return "question"
        for made in self.calculations.values():
            if any(near(value, found) for _name, found, _unit in results(made)):
                return made.id
        return self._shown_at(value, self._pool.items) or ("question" if value in self._years() else UNKNOWN)

    def _shown_at(self, value: Decimal, keys: Iterable[str]) -> str | None:
        for key in keys:
            item = self._pool.items[key]
            facts = self._places.read(item.report, item.start, item.end).facts
            if any(near(value, fact.said.quantity.value) for fact in facts):
                return key
        return None

    def _years(self) -> set[Decimal]:
        places = (self._places.read(item.report, item.start, item.end) for item in self._pool.items.values())
        return spans_of_years(self._given, (period for place in places for period in place.periods))


def _stripped(value: Any, marks: list[str]) -> Any:
    if isinstance(value, str):
        marks += [mark.lower() for mark in _MARK.findall(value)]
        return _MARK.sub("", value)
    if isinstance(value, list):
        return [_stripped(part, marks) for part in value]
    if isinstance(value, dict):
        return {name: _stripped(part, marks) for name, part in value.items()}
    return value


def _named(info: Any, name: str) -> bool:
    if not name:
        return True
    broker = lexicon().broker(name)
    wanted = name.lower()
    return (
        info.report_id.startswith(wanted)
        or wanted in f"{info.source} {info.title}".lower()
        or (broker is not None and info.issuer == broker.name)
    )

"""The tools, for models and for people alike: one table of calculators, read from their signatures.

`run` calls one by name with text or numbers, `describe` lists them for forms and menus, `langchain_tools` hands them to
a model. Look-ups that need a library join at composition time through `Registry.add`.
"""

from __future__ import annotations

import difflib
import inspect
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException, localcontext
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

from assistant.calculators import GROUPS
from assistant.calculators.operands import PRECISION, Amount, Kind, Mapped, Name, Outcome, plain, record, shown
from assistant.errors import InputError
from assistant.tracing import span
from assistant.types import Calculation

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool
    from pydantic import BaseModel

_MOST_VARIED = 2
_MOST_CELLS = 400
_LARGEST_RESULT = Decimal("1e40")


@dataclass(frozen=True, slots=True)
class ArgumentInfo:
    """An argument as forms and menus show it. `choices` is empty unless only those values are allowed."""

    name: str
    type: str
    required: bool
    default: Any
    unit: str
    description: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """A tool as forms and menus show it.

    `use` tells a model when to call it, with an example; `source` is where the formula is from ("" if not stated).
    """

    name: str
    group: str
    summary_en: str
    summary_zh: str
    use: str
    arguments: tuple[ArgumentInfo, ...]
    result_unit: str
    source: str


@dataclass(frozen=True, slots=True)
class _Parameter:
    info: ArgumentInfo
    kind: Kind
    default: Any


@dataclass(frozen=True, slots=True)
class _Tool:
    info: ToolInfo
    function: Callable[..., Outcome]
    parameters: Mapping[str, _Parameter]


class Registry:
    """A set of tools by name, which further ones may join."""

    def __init__(self) -> None:
        self._tools: dict[str, _Tool] = {}

    def add(self, function: Callable[..., Outcome], group: str, prose: Mapping[str, Any] | None = None) -> None:
        """Add a function whose parameters are annotated with the kinds of calculators.operands.

        `prose` has the keys of an entry of data/tools.toml, from where it comes if it is left out: en, zh, use, unit
        and, for arguments not described there in general, arguments.
        """
        name = function.__name__
        texts = _prose()[name] if prose is None else prose
        described = {**_prose()["arguments"], **texts.get("arguments", {})}
        parameters = _parameters(function, described)
        arguments = tuple(parameter.info for parameter in parameters.values())
        info = ToolInfo(
            name, group, texts["en"], texts["zh"], texts["use"], arguments, texts["unit"], _source(function)
        )
        self._tools[name] = _Tool(info, function, parameters)

    def run(self, name: str, arguments: Mapping[str, Any], id: str = "c1") -> Calculation:
        """Run a tool on text or numbers ({"growth": "26%"}) and return the calculation under the given id.

        Raises InputError for an unknown tool or argument, with near matches, and for whatever the tool refuses.
        """
        tool = self._find(name)
        with span(f"execute_tool {name}", **{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}):
            return self._run(tool, arguments, id)

    def _run(self, tool: _Tool, arguments: Mapping[str, Any], id: str) -> Calculation:
        name, values = tool.info.name, _read(tool, arguments)
        try:
            with localcontext(PRECISION):
                found = tool.function(**values)
                result = _recorded(found.result)
        except DecimalException:
            raise InputError(f"{name}: these numbers are too large or too small to compute with.") from None
        inputs = {key: tool.parameters[key].kind.record(value) for key, value in _effective(tool, values).items()}
        said = found.unit, found.formula, found.substituted, found.steps
        return Calculation(id, name, inputs, result, *said, citations=found.citations)

    def describe(self) -> list[ToolInfo]:
        """Return what there is to know about every tool, in the order they were added."""
        return [tool.info for tool in self._tools.values()]

    def schema(self, name: str) -> dict[str, Any]:
        """Return the JSON schema of a tool's arguments. Raises InputError for an unknown tool."""
        return _schema(self._find(name)).model_json_schema()

    def langchain_tools(self) -> list[BaseTool]:
        """Return every tool for a LangChain model: its content is JSON text, its artifact the Calculation.

        A refusal is returned to the model as the tool's content with status "error", so that it can correct itself.
        """
        return [_langchain_tool(self, tool) for tool in self._tools.values()]

    def _find(self, name: str) -> _Tool:
        if name in self._tools:
            return self._tools[name]
        raise InputError(f"There is no tool '{name}'.{_near(name, self._tools)} `assistant tools` lists them all.")


@cache
def default_registry() -> Registry:
    """Return the calculators. It is shared: make your own with `calculators_registry` to add to it."""
    return calculators_registry()


def calculators_registry() -> Registry:
    """Return a new registry of all the calculators."""
    registry = Registry()
    for group, functions in GROUPS.items():
        for function in functions:
            registry.add(function, group)
    registry.add(_sensitivity_over(registry), "valuation")
    return registry


def run(name: str, arguments: Mapping[str, Any], id: str = "c1") -> Calculation:
    """Run a calculator; see Registry.run."""
    return default_registry().run(name, arguments, id)


def describe() -> list[ToolInfo]:
    """Describe the calculators; see Registry.describe."""
    return default_registry().describe()


def langchain_tools() -> list[BaseTool]:
    """Return the calculators as LangChain tools; see Registry.langchain_tools."""
    return default_registry().langchain_tools()


def results(calculation: Calculation) -> list[tuple[str, Decimal, str]]:
    """Return every number a calculation found as (name, value, unit); the name of a single one is the tool's. What a
    look-up found is no result of computing: it is quoted from its citations."""
    if isinstance(calculation.result, str):
        return [(calculation.tool, Decimal(calculation.result), calculation.unit)]
    if "values" in calculation.result:
        cells = [cell for row in calculation.result["values"] for cell in row if cell is not None]
        return [(calculation.tool, Decimal(cell), calculation.unit) for cell in cells]
    named = [(name, part) for name, part in calculation.result.items() if isinstance(part, dict) and "value" in part]
    return [(name, Decimal(part["value"]), part["unit"] or "") for name, part in named]


def shown_result(calculation: Calculation) -> str:
    """Return a result for people, sensibly rounded: "484,518,131.58 shares", or "median 15.5x; mean 15.1667x…"; of a
    look-up what it found, as printed."""
    if isinstance(calculation.result, dict) and "values" in calculation.result:
        return "; ".join(calculation.steps[: len(calculation.result["values"])])
    numbers = results(calculation)
    if not numbers:
        return calculation.substituted
    if isinstance(calculation.result, str):
        return shown(numbers[0][1], calculation.unit)
    return "; ".join(f"{name.replace('_', ' ')} {shown(value, unit)}" for name, value, unit in numbers)


# ---------------------------------------------------------------- sensitivity


def _sensitivity_over(registry: Registry) -> Callable[..., Outcome]:
    def sensitivity(tool: Name, arguments: Mapped, vary: Mapped) -> Outcome:
        """Return a tool's result for every value of one varied argument, or every pair of two.

        The result is {rows, columns, row_values, column_values, values}; a cell that the tool refuses is None, and
        a step says why. Source: one- and two-way data tables, CFA Institute, Equity Valuation (sensitivity analysis).
        Raises InputError for none or more than two varied arguments, tables of more than 400 cells, or if every cell
        is refused.
        """
        (row, down), (column, across) = _axes(tool, vary)
        table: list[list[str | None]] = []
        done: list[Calculation] = []
        refused: list[str] = []
        for a in down:
            table.append([])
            for b in across:
                case = {row: a} | ({column: b} if column else {})
                try:
                    calculation = registry.run(tool, {**arguments, **case})
                    table[-1].append(_single(calculation))
                    done.append(calculation)
                except InputError as reason:
                    table[-1].append(None)
                    refused.append(f"{_named(case)}: refused. {reason}")
        if not done:
            raise InputError(refused[0])
        if len({calculation.unit for calculation in done}) > 1:
            raise InputError("The cells of this table would be in different units; vary something else.")
        return _table_outcome(tool, (row, down), (column, across if column else []), table, done[0], refused)

    return sensitivity


def _axes(tool: str, vary: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    """Return the rows' and the columns' argument with their values; a table of one has a nameless column."""
    axes = [(name, _axis(name, values)) for name, values in vary.items()]
    if not 1 <= len(axes) <= _MOST_VARIED or tool == "sensitivity":
        raise InputError("sensitivity varies one or two arguments of another tool.")
    axes = [*axes, ("", [None])][:_MOST_VARIED]
    if len(axes[0][1]) * len(axes[1][1]) > _MOST_CELLS:
        raise InputError(f"The table would have more than {_MOST_CELLS} cells; vary fewer values.")
    return axes


def _axis(name: str, values: Any) -> list[Any]:
    given = [part.strip() for part in values.split(",")] if isinstance(values, str) else values
    if not isinstance(given, list | tuple) or not given:
        raise InputError(f'vary should give {name} a list of values, e.g. {{"{name}": ["8%", "9%"]}}.')
    return list(given)


def _table_outcome(
    tool: str,
    rows: tuple[str, list[Any]],
    columns: tuple[str, list[Any]],
    table: list[list[str | None]],
    sample: Calculation,
    refused: list[str],
) -> Outcome:
    (row, down), (column, across) = ((name, [str(value) for value in values]) for name, values in (rows, columns))
    shape = {"rows": row, "columns": column, "row_values": down, "column_values": across, "values": table}
    lines = [
        f"{row} = {value}: "
        + ", ".join("n.m." if cell is None else shown(Decimal(cell), sample.unit) for cell in cells)
        for value, cells in zip(down, table, strict=True)
    ]
    varied = "; ".join(f"{name} in {', '.join(values)}" for name, values in ((row, down), (column, across)) if name)
    return Outcome(shape, sample.unit, sample.formula, f"{tool} with {varied}", (*lines, *refused[:10]))


def _named(case: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in case.items())


def _single(calculation: Calculation) -> str:
    if isinstance(calculation.result, str):
        return calculation.result
    raise InputError(f"{calculation.tool} has several results, so it can't fill the cells of a table.")


# ---------------------------------------------------------------- from a signature


@cache
def _prose() -> dict[str, Any]:
    return tomllib.loads(files("assistant").joinpath("data/tools.toml").read_text(encoding="utf-8"))


def _parameters(function: Callable[..., Outcome], described: Mapping[str, str]) -> dict[str, _Parameter]:
    hints = get_type_hints(function, include_extras=True)
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        kind, choices = _kind(hints[name])
        required = parameter.default is inspect.Parameter.empty
        default = None if required or parameter.default is None else _plain_default(kind, parameter.default)
        info = ArgumentInfo(name, kind.name, required, default, kind.unit, described[name], choices)
        found[name] = _Parameter(info, kind, parameter.default)
    return found


def _source(function: Callable[..., Outcome]) -> str:
    """Return what the docstring names as the source of the formula."""
    text = " ".join((inspect.getdoc(function) or "").split())
    found = re.search(r"Source: (.+?)\.?(?: Raises | Unit: |$)", text)
    return found[1] if found else ""


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    """Return the kind that an annotation carries: Money, Money | None, or Literal["pe", "ps"]."""
    if get_origin(hint) is Annotated:
        return next(m for m in hint.__metadata__ if isinstance(m, Kind)), ()
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        schema = {"type": "string", "enum": list(choices)}
        return Kind("choice", lambda given, name: _choice(given, name, choices), str, schema), choices
    return next(_kind(option) for option in get_args(hint) if option is not type(None))


def _choice(given: Any, name: str, choices: tuple[str, ...]) -> str:
    folded = str(given).strip().lower().replace("/", "_")
    if folded not in choices:
        raise InputError(f"{name} should be one of {', '.join(choices)}; '{str(given)[:40]}' is not.")
    return folded


def _plain_default(kind: Kind, default: Any) -> Any:
    """A default as a form shows it: "30" rather than {"value": "30", "unit": None}."""
    recorded = kind.record(default)
    return f"{recorded['value']}{recorded['unit'] or ''}" if isinstance(recorded, dict) else recorded


# ---------------------------------------------------------------- one run


def _read(tool: _Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    name, parameters = tool.info.name, tool.parameters
    for given in arguments:
        if given not in parameters:
            known = ", ".join(parameters)
            raise InputError(f"{name} has no argument '{given}'.{_near(given, parameters)} It takes: {known}.")
    values = {
        key: parameters[key].kind.read(value, key)
        for key, value in arguments.items()
        if value is not None and not (isinstance(value, str) and not value and key != "text")
    }
    missing = [key for key, parameter in parameters.items() if parameter.info.required and key not in values]
    if missing:
        raise InputError(f"{name} also needs {' and '.join(missing)}: {parameters[missing[0]].info.description}.")
    return values


def _effective(tool: _Tool, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, and the defaults that took part."""
    every = {key: values.get(key, parameter.default) for key, parameter in tool.parameters.items()}
    return {key: value for key, value in every.items() if value is not None and (key in values or value != "")}


def _recorded(result: Any) -> Any:
    numbers = [result] if isinstance(result, Decimal) else [v.value for v in result.values() if isinstance(v, Amount)]
    if any(abs(number) > _LARGEST_RESULT for number in numbers):
        raise InputError(f"The result is beyond {_LARGEST_RESULT:.0e}; check rates, periods and scales.")
    if isinstance(result, Decimal):
        return plain(result)
    return {key: record(value) if isinstance(value, Amount) else value for key, value in result.items()}


def _near(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name.lower(), known, 3, 0.5)
    return f" Did you mean {' or '.join(near)}?" if near else ""


# ---------------------------------------------------------------- for models


def _langchain_tool(registry: Registry, tool: _Tool) -> BaseTool:
    from langchain_core.tools import StructuredTool, ToolException

    def call(**arguments: Any) -> tuple[str, Calculation]:
        try:
            calculation = registry.run(tool.info.name, arguments)
        except InputError as refusal:
            raise ToolException(str(refusal)) from refusal
        return _content(calculation), calculation

    return StructuredTool.from_function(
        func=call,
        name=tool.info.name,
        description=f"{tool.info.summary_en}. {tool.info.use} Result: {tool.info.result_unit}.",
        args_schema=_schema(tool),
        infer_schema=False,
        response_format="content_and_artifact",
        handle_tool_error=True,
        handle_validation_error=lambda problem: _say(tool, problem),
    )


def _schema(tool: _Tool) -> type[BaseModel]:
    from pydantic import ConfigDict, Field, create_model

    fields: dict[str, Any] = {}
    for name, parameter in tool.parameters.items():
        info = parameter.info
        about = f"{info.description} ({info.unit})" if info.unit else info.description
        default = ... if info.required else info.default
        fields[name] = (_json_type(parameter.kind, info.required), Field(default=default, description=about))
    return create_model(tool.info.name, __config__=ConfigDict(extra="forbid"), **fields)


def _json_type(kind: Kind, required: bool) -> type:
    """Return a type that accepts what `kind` reads, and shows its JSON schema.

    The registry's own readers check the value and say what is wrong better than a union of types would; a plain
    class also spares LangChain, which walks every annotation at every call, most of its work.
    """
    from pydantic_core import core_schema

    schema = kind.schema if required else {"anyOf": [kind.schema, {"type": "null"}]}

    class Argument:
        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
            return core_schema.any_schema()

        @classmethod
        def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
            return dict(schema)

    return Argument


def _say(tool: _Tool, problem: Any) -> str:
    """A pydantic error as one sentence for a model."""
    first = problem.errors()[0] if hasattr(problem, "errors") else {"loc": (), "msg": str(problem)}
    where = str(first["loc"][0]) if first["loc"] else "the arguments"
    near = _near(where, tool.parameters) if where not in tool.parameters else ""
    return f"{tool.info.name}: {where}: {first['msg']}.{near} It takes: {', '.join(tool.parameters)}."


def _content(calculation: Calculation) -> str:
    """What a model reads: the result and how it came about, without the inputs that it sent itself."""
    found = {
        "result": calculation.result,
        "unit": calculation.unit,
        "formula": calculation.formula,
        "substituted": calculation.substituted,
        "steps": calculation.steps,
    }
    return json.dumps(found, ensure_ascii=False)

"""An answer as nodes: its words with chips and figures, its sources, calculations and what was removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from assistant.adapters.web import markup
from assistant.adapters.web.nodes import Node, button, node, words
from assistant.adapters.web.series import panels
from assistant.adapters.web.sheets import CitedRow, cited_rows, name_of
from assistant.adapters.web.texts import say
from assistant.tools import shown_result
from assistant.types import Answer, Calculation, Citation, Language, Report, StatedFigure, Table

ReportOf = Callable[[str], Report | None]

_MARK = re.compile(r"\[(c?\d+)\]")
_TABLE_FROM = 4  # figures of one row; fewer read better as a sentence
_QUOTE = 140  # characters of a quote in a tip


def nodes(answer: Answer, language: Language, report_of: ReportOf, done: bool = True) -> list[Node]:
    """Everything of an answer, in the language of the interface; `done` is False while it still arrives."""
    rows = cited_rows(answer, report_of)
    heads = {c.n: (c.report_id, c.start) for c in answer.citations if c.kind == "table"}
    body = _with_tables(_Words(answer, language).nodes(), rows, heads)
    shown = node("div", *body, class_="words", lang=_lang(answer.language))
    parts = [shown, *_warnings(answer)]
    if done:
        parts += [*_sources(answer, language), _footer(answer, language, rows), *_removed(answer, language)]
    return [node("div", *parts, class_=f"answer {answer.status}", aria_busy=None if done else "true")]


def _lang(language: Language) -> str:
    return {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}.get(language, language)


# ---------------------------------------------------------------- words, chips and figures


class _Words:
    """One pass over an answer's Markdown: marks become chips, stated figures become figures that can be asked."""

    def __init__(self, answer: Answer, language: Language) -> None:
        self.answer = answer
        self.language = language
        self.citations = {str(c.n): c for c in answer.citations}
        self.calculations = {c.id: c for c in answer.calculations}
        self.runs: list[tuple[list[Any], str]] = []  # a span to fill, and its words
        self.first_stop = True

    def nodes(self) -> list[Node]:
        made = markup.nodes(self.answer.text, self._inline)
        self._fill()
        return made

    def _inline(self, text: str) -> list[Node]:
        parts: list[Node] = []
        end = 0
        for mark in _MARK.finditer(text):
            chip = self._chip(mark[1])
            if chip:
                parts += [self._run(text[end : mark.start()].rstrip()), chip]
                end = mark.end()
        return [*parts, self._run(text[end:])]

    def _run(self, text: str) -> Node:
        span: list[Any] = ["span", {}, [text]]
        self.runs.append((span, text))
        return span

    def _chip(self, key: str) -> Node | None:
        if key in self.citations:
            return citation_chip(self.citations[key], self.language, **self._stop())
        if key in self.calculations:
            return calculation_chip(self.calculations[key], self.language, **self._stop())
        return None

    def _stop(self) -> dict[str, str]:
        """Chips and figures are one stop of the Tab key: the first takes it, arrows lead on."""
        first, self.first_stop = self.first_stop, False
        return {"tabindex": "0" if first else "-1"}

    def _fill(self) -> None:
        """Stated figures, in the order they are stated, found again in the words."""
        at = end = 0
        places: dict[int, list[tuple[int, int, int]]] = {}
        for index, figure in enumerate(self.answer.figures):
            found = self._next(words(figure.text), at, end)
            if found:
                at, begin, end = found
                places.setdefault(at, []).append((begin, end, index))
        for number, stated in places.items():
            span, text = self.runs[number]
            span[2] = self._divided(text, stated)

    def _next(self, figure: str, run: int, position: int) -> tuple[int, int, int] | None:
        before = r"(?<![\d.,])" if figure[:1].isdigit() else ""
        pattern = re.compile(before + re.escape(figure) + (r"(?!\d)" if figure[-1:].isdigit() else ""))
        for number in range(run, len(self.runs)):
            match = pattern.search(self.runs[number][1], position if number == run else 0)
            if match:
                return number, match.start(), match.end()
        return None

    def _divided(self, text: str, stated: Sequence[tuple[int, int, int]]) -> list[Node]:
        parts: list[Node] = []
        at = 0
        for begin, end, index in stated:
            parts += [text[at:begin], self._figure(index, text[begin:end])]
            at = end
        return [*parts, text[at:]]

    def _figure(self, index: int, text: str) -> Node:
        figure = self.answer.figures[index]
        verdict = say(f"verdict_{figure.verdict}", self.language)
        tips = [f"{text} – {verdict}", *self._grounds(figure)]
        return node("span", text, class_=f"fig {figure.verdict} rove", role="button", act="figure", value=index,
                    aria_label=f"{text}, {verdict}", tip=tips, **self._stop())  # fmt: skip

    def _grounds(self, figure: StatedFigure) -> list[str]:
        """What a figure rests on, in a line or two."""
        source = (figure.source or "").strip("[]")
        if citation := self.citations.get(source):
            return [place(citation, self.language), _short(citation.quote)]
        if calculation := self.calculations.get(source):
            return [words(calculation.formula), words(calculation.substituted)]
        return []


def citation_chip(citation: Citation, language: Language, **attributes: str) -> Node:
    """A small numbered chip that opens the source."""
    where = place(citation, language)
    label = say("chip_source", language, n=citation.n, place=where)
    return node("span", str(citation.n), class_="chip rove", role="button", act="cite", value=citation.n,
                aria_label=label, tip=[where, _short(citation.quote)], **attributes)  # fmt: skip


def calculation_chip(calculation: Calculation, language: Language, **attributes: str) -> Node:
    """A chip that opens a calculation."""
    label = say("chip_calculation", language, id=calculation.id)
    return node("span", f"ƒ{calculation.id.lstrip('c')}", class_="chip calc rove", role="button", act="calc",
                value=calculation.id, aria_label=label, tip=[label, words(calculation.substituted)],
                **attributes)  # fmt: skip


def place(citation: Citation, language: Language) -> str:
    """Where a citation stands, on one line."""
    page = say("page", language, page=citation.page) if citation.page else None
    figure = citation.figure if citation.kind in ("table", "table_row", "table_cell") else None
    table = say("table", language, number=figure) if figure and len(figure) < 6 else figure
    parts = (citation.issuer, citation.title, citation.date, page, citation.section, table)
    return " · ".join(" ".join(words(part).split()) for part in parts if part)


def _short(quote: str) -> str:
    flat = " ".join(words(quote).split())
    return flat if len(flat) <= _QUOTE else flat[:_QUOTE] + "…"


# ---------------------------------------------------------------- rows as tables


def _with_tables(body: list[Node], rows: Sequence[CitedRow], heads: Mapping[int, tuple[str, int]]) -> list[Node]:
    """The words with neighbouring list items that each state a whole row of one table put together as a table.

    `heads` are the citations of tables as such, by number: the report and the place. One that names the table's header
    stands in its caption.
    """
    by_citation = {cited.n: cited for cited in rows}
    made: list[Node] = []
    for part in body:
        made += _divided_list(part, by_citation, heads) if isinstance(part, list) and part[0] == "ul" else [part]
    return made


def _divided_list(ul: list[Any], rows: dict[int, CitedRow], heads: Mapping[int, tuple[str, int]]) -> list[Node]:
    groups: list[tuple[Table | None, list[Any]]] = []
    captions: list[list[Any]] = []
    for item in ul[2]:
        cells = _cells(item, rows) if isinstance(item, list) else None
        table = cells[0].table if cells else None
        last = groups[-1][0] if groups else None
        if last and not cells and (chip := _names(item, groups[-1][1][0][0], heads)):
            captions[-1].append(chip)
        elif groups and last is table:
            groups[-1][1].append(cells or item)
        else:
            groups.append((table, [cells or item]))
            captions.append([])
    return [
        _small_table(items, chips) if table else ["ul", {}, items]
        for (table, items), chips in zip(groups, captions, strict=True)
    ]


def _names(item: Any, shown: CitedRow, heads: Mapping[int, tuple[str, int]]) -> list[Any] | None:
    """The chip of a list item that only names the header of the table shown."""
    found = list(_marked(item))
    report_id, start = heads.get(found[0][1]["value"], ("", -1)) if len(found) == 1 else ("", -1)
    table = shown.table
    is_head = report_id == shown.report.report_id and table.header_start <= start < table.header_end
    return found[0] if is_head else None


_RowCells = tuple[CitedRow, list[Any], dict[int, list[Any]]]  # the row, its chip, its figures by column


def _cells(item: list[Any], rows: dict[int, CitedRow]) -> _RowCells | None:
    """The figures of a list item by column, where they are, one for one, the cells of the only row it cites."""
    found = list(_marked(item))
    chips = [part for part in found if part[1].get("act") == "cite"]
    figures = [part for part in found if part[1].get("act") == "figure"]
    cited = rows.get(chips[0][1]["value"]) if len(chips) == 1 else None
    if cited is None or len(figures) < _TABLE_FROM:
        return None
    by_column: dict[int, list[Any]] = {}
    cells = iter(cited.row.cells)
    for figure in figures:
        said = figure[2][0].lstrip("≈ ")
        cell = next((cell for cell in cells if cell.text.strip() and said.startswith(words(cell.text.strip()))), None)
        if cell is None:
            return None
        by_column[cell.column] = ["span", figure[1], [words(cell.text)]]
    return cited, chips[0], by_column


def _marked(part: Any) -> list[list[Any]]:
    """Every chip and figure within a node, in order."""
    if isinstance(part, str):
        return []
    own = [part] if part[1].get("act") else []
    return own + [found for child in part[2] for found in _marked(child)]


def _small_table(rows: list[_RowCells], chips: list[Any]) -> Node:
    table = rows[0][0].table
    used = sorted({column for _, _, cells in rows for column in cells})
    head = [node("th", words(table.columns[i].label), scope="col") for i in used]
    body = [
        node("tr", node("th", words(cited.row.label), " ", chip, scope="row"),
             *(node("td", *([cells[i]] if i in cells else [])) for i in used))
        for cited, chip, cells in rows
    ]  # fmt: skip
    title = " · ".join(part for part in (name_of(table), words(table.unit or "")) if part)
    thead = node("thead", node("tr", node("td"), *head))
    made = node("table", node("caption", title, " ", *chips), thead, node("tbody", *body))
    return node("div", made, class_="scroller", tabindex="0", role="region", aria_label=title)


# ---------------------------------------------------------------- what stands below


def _warnings(answer: Answer) -> list[Node]:
    return [node("p", words(warning), class_="note") for warning in answer.warnings]


def _sources(answer: Answer, language: Language) -> list[Node]:
    if not answer.citations:
        return []
    lines = [
        node("li", button(place(c, language), "cite", value=c.n, class_="source", data_n=str(c.n)))
        for c in answer.citations
    ]
    title = node("h4", say("sources", language), class_="label")
    return [node("section", title, node("ol", *lines), class_="sources", aria_label=say("sources", language))]


def _footer(answer: Answer, language: Language, rows: Sequence[CitedRow]) -> Node:
    acts = [button(say("copy", language), "copy", icon="copy")]
    if panels(rows):
        acts.append(button(say("chart", language), "chart", icon="chart"))
    if rows:
        acts.append(button(say("csv", language), "csv", icon="download"))
    if answer.answer_id:
        acts += [button(say("good", language), "good", icon="up"), button(say("bad", language), "bad", icon="down")]
    facts = [node("span", fact) for fact in facts_of(answer, language)]
    return node("footer", node("div", *facts, class_="facts"), node("div", *acts, class_="acts"))


def facts_of(answer: Answer, language: Language) -> list[str]:
    """Verdicts, as-of date, seconds, tokens and cost, in words."""
    counted = {v: sum(f.verdict == v for f in answer.figures) for v in dict.fromkeys(f.verdict for f in answer.figures)}
    facts = [say(f"count_{verdict}", language, count=count) for verdict, count in counted.items()]
    if answer.as_of:
        facts.append(say("as_of", language, date=answer.as_of))
    facts.append(say("seconds", language, seconds=f"{answer.seconds:.1f}" if answer.seconds >= 0.05 else "<0.1"))
    if answer.model is None:
        return [*facts, say("no_model", language)]
    tokens = answer.usage.input_tokens + answer.usage.output_tokens
    return [*facts, words(answer.model), say("tokens", language, count=f"{tokens:,}"), cost(answer, language)]


def cost(answer: Answer, language: Language) -> str:
    """The cost of an answer; what is not known is said to be so."""
    return money(answer.usage.cost_usd) if answer.usage.cost_usd is not None else say("cost_unknown", language)


def money(usd: str | Decimal) -> str:
    """US dollars with as many digits as tell something: "$0.0031", "$1.24"."""
    amount = Decimal(usd)
    return f"${amount:.2f}" if amount == 0 or amount >= 1 else f"${amount:.4f}"


def _removed(answer: Answer, language: Language) -> list[Node]:
    if not answer.removed:
        return []
    title = node("summary", say("removed", language, count=len(answer.removed)))
    lines = [node("li", node("del", words(r.text)), node("p", words(r.reason), class_="muted")) for r in answer.removed]
    return [node("details", title, node("ul", *lines), class_="removed")]


# ---------------------------------------------------------------- a calculation


def calculation_nodes(calculation: Calculation, answer: Answer, language: Language) -> list[Node]:
    """A calculation in full: formula, substituted values, result, steps, and each operand with where it came from."""
    result = node("p", words(shown_result(calculation)), class_="result")
    rows: list[Node] = []
    for key, title in (("formula", "formula"), ("substituted", "substituted")):
        shown = node("code", words(getattr(calculation, key)))
        rows += [node("dt", say(title, language)), node("dd", shown)]
    operands = [_operand(name, calculation, answer, language) for name in calculation.inputs]
    steps = [node("li", words(step)) for step in calculation.steps]
    parts = [result, node("dl", *rows)]
    if operands:
        parts += [node("h4", say("operands", language), class_="label"), node("ul", *operands, class_="operands")]
    if steps:
        parts += [node("h4", say("steps", language), class_="label"), node("ol", *steps)]
    return parts


def _operand(name: str, calculation: Calculation, answer: Answer, language: Language) -> Node:
    source = calculation.input_sources.get(name, "")
    number = source.strip("[]")
    origin: Node = say("from_question", language) if source == "question" else words(source)
    if citation := next((c for c in answer.citations if str(c.n) == number), None):
        origin = citation_chip(citation, language, tabindex="0")
    elif made := next((c for c in answer.calculations if c.id == number), None):
        origin = calculation_chip(made, language, tabindex="0")
    value = node("strong", words(_value(calculation.inputs[name], language)))
    return node("li", node("code", name), " = ", value, " ", origin)


def _value(value: Any, language: Language) -> str:
    """An operand for people: "209,700,000,000 CNY", "100, 110, 120", "a = 3; b = 26 %"."""
    if isinstance(value, bool):
        return say("yes" if value else "no", language)
    if isinstance(value, list):
        return ", ".join(_value(part, language) for part in value)
    if not isinstance(value, dict):
        return str(value)
    if set(value) <= {"value", "unit"}:
        digits = re.sub(r"^(-?)(\d{5,})", lambda m: f"{m[1]}{int(m[2]):,}", str(value["value"]))
        return f"{digits} {value.get('unit') or ''}".strip()
    return "; ".join(f"{name} = {_value(part, language)}" for name, part in value.items())

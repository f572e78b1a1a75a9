"""The evidence of one answer: places that the model may cite, each under a short key made from what it is.

What the model reads is made here: grouped by report and by section or table, so that a title, a caption or a header is
given once; without invisible characters; with every angle bracket escaped, so that no text can end its own fence.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from assistant.chain.orders import gives_orders
from assistant.chunking import page_at, units
from assistant.retrieval import printed_date
from assistant.tokenizers import count
from assistant.types import Citation, CitationKind, Hit, Passage, Report, Table

_KEY = 5  # hexadecimal digits; more where two places share them
_FENCE = 24  # tokens that the fence of one place takes, about
_HIDDEN = ("Cf", "Cc", "Co", "Cs")  # Unicode categories without anything to see
_NOT_HIDDEN = "\n\t"
_WORDS, _LEAST = re.compile(r"\w"), 4  # letters of a place that says anything
_HEADING = re.compile(r"^[ \t]*#{1,6} .*$", re.M)


@dataclass(frozen=True, slots=True)
class Item:
    """A place in a report under its key; `table` is the one it stands in."""

    key: str
    report: Report
    start: int
    end: int
    kind: CitationKind
    section: str | None
    figure: str | None
    table: Table | None

    @property
    def quote(self) -> str:
        """The report's own characters."""
        return self.report.text[self.start : self.end]

    @property
    def digest(self) -> str:
        """The SHA-256 of the quote."""
        return hashlib.sha256(self.quote.encode("utf-8", "surrogatepass")).hexdigest()

    def citation(self, n: int, start: int | None = None, end: int | None = None) -> Citation:
        """The place, or a stretch of it, as the contract's citation."""
        a, b = self.start if start is None else start, self.end if end is None else end
        report = self.report
        return Citation(
            n, report.report_id, report.source, report.title, report.issuer, printed_date(report),
            page_at(report, a), self.section, self.figure, self.kind, report.text[a:b], a, b,
        )  # fmt: skip


class Pool:
    """The places found so far, within a budget of tokens."""

    def __init__(self, budget: int, model: str | None) -> None:
        self.budget = budget
        self._model = model
        self.items: dict[str, Item] = {}
        self.hostile: dict[str, str] = {}  # reports of which something was left out: file names by id

    def add_hits(self, hits: Iterable[Hit]) -> list[Item]:
        """The items of passages, those that fit the budget; places known already keep their key."""
        items = (_item(hit.report, hit.passage) for hit in hits)
        return self._added(item for item in items if len(_WORDS.findall(_body(item.quote))) >= _LEAST)

    def add_citations(self, citations: Iterable[Citation], reports: dict[str, Report]) -> list[Item]:
        """The items of places that are cited already; a place within a known one is that one."""
        found: list[Item] = []
        for citation in citations:
            known = self._covering(citation)
            found += [known] if known else self._added([place(citation, reports)])
        return list({item.key: item for item in found}.values())

    def _covering(self, place: Citation) -> Item | None:
        return next(
            (
                item
                for item in self.items.values()
                if item.report.report_id == place.report_id and item.start <= place.start and place.end <= item.end
            ),
            None,
        )

    def _added(self, items: Iterable[Item]) -> list[Item]:
        added: list[Item] = []
        for bare in (part for item in items for part in self._without_orders(item)):
            item = replace(bare, key=self._key(bare.report.report_id, bare.start, bare.end))
            if item.key not in self.items:
                cost = count(item.quote, self._model) + _FENCE
                if cost > self.budget:
                    continue
                self.budget -= cost
                self.items[item.key] = item
            added.append(self.items[item.key])
        return list({item.key: item for item in added}.values())

    def _without_orders(self, item: Item) -> Iterator[Item]:
        """An item, or what is left of one that gives orders to its reader: its sentences before and after them."""
        around = f"{item.section or ''}\n{item.table.caption or '' if item.table else ''}"
        if not gives_orders(f"{around}\n{item.quote}"):
            yield item
            return
        self.hostile.setdefault(item.report.report_id, item.report.source)
        for a, b in units(item.quote) if item.kind == "text" and not gives_orders(around) else ():
            if not gives_orders(item.quote[a:b]):
                yield replace(item, start=item.start + a, end=item.start + b)

    def _key(self, report_id: str, start: int, end: int) -> str:
        digest = hashlib.sha256(f"{report_id}:{start}:{end}".encode()).hexdigest()
        for length in range(_KEY, len(digest)):
            key = f"k{digest[:length]}"
            other = self.items.get(key)
            if other is None or (other.report.report_id, other.start, other.end) == (report_id, start, end):
                return key
        raise AssertionError("two places have the same digest")


def _item(report: Report, place: Passage | Citation) -> Item:
    """A place as an item that has no key yet."""
    table = _table_at(report, place.start, place.end)
    return Item("", report, place.start, place.end, place.kind, place.section, place.figure, table)


def place(citation: Citation, reports: Mapping[str, Report]) -> Item:
    """What is cited, as an item without a key."""
    return _item(reports[citation.report_id], citation)


def _table_at(report: Report, start: int, end: int) -> Table | None:
    return next((t for t in report.tables if t.start < end and start < t.end), None)


# ---------------------------------------------------------------- what the model reads


def rendered(items: Sequence[Item]) -> str:
    """The items in fences, grouped by report and by table or section, in the order of the text."""
    ordered = sorted(items, key=lambda item: (_rank(item, items), item.start))
    return "\n".join(
        f"<report {_attributes(source=r.source, issuer=r.issuer, date=printed_date(r), title=r.title)}>\n"
        f"{_groups(list(group))}\n</report>"
        for r, group in ((group[0].report, group) for group in _by_report(ordered))
    )


def _rank(item: Item, items: Sequence[Item]) -> int:
    return next(i for i, other in enumerate(items) if other.report.report_id == item.report.report_id)


def _by_report(items: Sequence[Item]) -> Iterable[list[Item]]:
    for _, group in groupby(items, key=lambda item: item.report.report_id):
        yield list(group)


def _groups(items: Sequence[Item]) -> str:
    parts = []
    for (table, section), group in groupby(items, key=lambda i: (i.table.index if i.table else None, i.section)):
        lines = "\n".join(_fenced(item) for item in group)
        parent = next(i for i in items if (i.table.index if i.table else None, i.section) == (table, section))
        parts.append(_in_table(parent.table, lines) if parent.table else _in_section(section, lines))
    return "\n".join(parts)


def _fenced(item: Item) -> str:
    number = page_at(item.report, item.start)
    page = f' page="{number}"' if number else ""
    return f'<evidence key="{item.key}"{page}>{seen(_body(item.quote))}</evidence>'


def _body(quote: str) -> str:
    """A quote without the heading lines that its section's title repeats."""
    return _HEADING.sub("", quote).strip()


def _in_table(table: Table, lines: str) -> str:
    header = " | ".join(column.label for column in table.columns)
    return f"<table {_attributes(caption=table.caption, unit=table.unit, columns=header)}>\n{lines}\n</table>"


def _in_section(section: str | None, lines: str) -> str:
    return f"<section {_attributes(title=section)}>\n{lines}\n</section>" if section else lines


def _attributes(**values: str | None) -> str:
    given = {name: value for name, value in values.items() if value and not gives_orders(value)}
    shown = {name: " ".join(seen(value).replace('"', "'").split()) for name, value in given.items()}
    return " ".join(f'{name}="{value}"' for name, value in shown.items())


def seen(text: str) -> str:
    """A report's text as the model may read it: what a person can't see is left out, brackets are escaped."""
    visible = "".join(c for c in text if c in _NOT_HIDDEN or unicodedata.category(c) not in _HIDDEN)
    escaped = visible.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"\n{2,}", "\n", escaped)

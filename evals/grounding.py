"""How often true sentences are doubted and corrupted ones believed, by the check of figures.

    assistant eval grounding [--corpus DIR] [--questions FILE]
    python evals/grounding.py --exam DIR --reports DIR [--limit 5000] [--seed 1] [--show N]

From an exam-shaped folder (JSON lines with "answer" and "evidence": [{"report", "quote"}], reports named by the first
letters of their files) it makes true sentences: the gold answers, the evidence itself, evidence with its figures
spelled in another scale or script, cells of the tables cited, sums. Each corruption changes one thing in a sentence
that is true. Everything goes through `check_text` with the sentence's own citations. Prints a share a kind.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from assistant import tabular
from assistant.chunking import search_text
from assistant.embeddings import from_setting
from assistant.evaluation.cases import source_of
from assistant.evaluation.request import Request, assistant_over
from assistant.evaluation.runs import Result, Run, digest
from assistant.grounding import Span, check_text
from assistant.grounding.places import Places
from assistant.ingestion import ingest
from assistant.language import written_in
from assistant.lexicon import lexicon
from assistant.library import Library
from assistant.quantities import find_periods, find_quantities
from assistant.reading import read
from assistant.reading.labels import readable
from assistant.retrieval import Retriever
from assistant.service import Assistant
from assistant.types import Report

_SCALES = (
    ("万亿", "亿"),
    ("萬億", "億"),
    ("亿", "万"),
    ("億", "萬"),
    ("万", "亿"),
    ("tn", "bn"),
    ("bn", "mn"),
    ("million", "billion"),
    ("兆", "億"),
)
_CURRENCIES = (
    ("美元", "港元"),
    ("港元", "美元"),
    ("元人民幣", "美元"),
    ("亿元", "亿美元"),
    ("億元", "億美元"),
    ("US$", "HK$"),
    ("RMB", "US$"),
    ("NT$", "US$"),
)
_UNITS = (
    ("Token", "美元"),
    ("token", "美元"),
    ("GPU", "用戶"),
    ("TFLOPS", "GW"),
    ("EFLOPS", "GW"),
    ("W", "GB"),
    ("nm", "mm"),
    ("倍", "%"),
    ("人次", "美元"),
    ("GB", "MW"),
    ("pct", "%"),
    ("百万", "美元"),
)
_DIRECTIONS = (
    ("增长", "下降"),
    ("增長", "下降"),
    ("上升", "下降"),
    ("提升", "下降"),
    ("上漲", "下跌"),
    ("上涨", "下跌"),
    ("rose", "fell"),
    ("grew", "fell"),
    ("up ", "down "),
    ("下降", "上升"),
    ("跌", "漲"),
    ("down ", "up "),
)

_INVENTED = ("这一趋势将不可逆转地持续下去", "我们认为估值已经完全反映", "管理层对此表示非常乐观")


@dataclass(frozen=True)
class Case:
    """A sentence with the places that it rests on; `kind` is how it was made or what was corrupted."""

    kind: str
    text: str
    spans: tuple[Span, ...]
    rivals: tuple[str, ...] = ()  # texts of the same cell in other rows
    constant: bool = False  # other columns print the same


# ---------------------------------------------------------------- true sentences


def true_cases(questions: list[dict[str, object]], reports: dict[str, Report]) -> Iterator[Case]:
    """Sentences that are true, with the evidence of their question."""
    for question in questions:
        evidence = [spot for e in question["evidence"] for spot in spots(reports[e["report"]], e["quote"])]  # type: ignore
        if not evidence:
            continue
        spans = tuple(span for _report, span in evidence)
        if question["kind"] not in ("figure-missing", "false-premise", "unanswerable"):
            yield Case("answer", str(question["answer"]), spans)
        for report, span in evidence:
            quote = report.text[span.start : span.end]
            yield from of_rows(report, span)
            if "\t" not in quote and find_quantities(quote):
                text = re.sub(r"\s+", " ", search_text(quote)).strip(" *#")
                yield Case("evidence", text, (span,))
                yield Case(
                    "other script", written_in(text, "zh-Hant" if report.language == "zh-Hans" else "zh-Hans"), (span,)
                )
                if (other := respelled(text)) != text:
                    yield Case("other scale", other, (span,))
                yield from sums(text, span)


def spots(report: Report, quote: str) -> Iterator[tuple[Report, Span]]:
    """Every place where a quote stands."""
    at = report.text.find(quote)
    while at >= 0:
        yield report, Span(report.source, at, at + len(quote))
        at = report.text.find(quote, at + 1)


def of_rows(report: Report, span: Span) -> Iterator[Case]:
    """A sentence for each figure of the table rows in a span."""
    for table in report.tables:
        one = tabular.view(report, table.index)
        for row in table.rows:
            if not (span.start < row.end and row.start < span.end):
                continue
            for cell in row.cells:
                column = tabular.column_at(table, cell.column)
                quantity = tabular.value(one, row.index, cell.column)
                if column is None or quantity is None or not column.label or not find_quantities(f" {cell.text} "):
                    continue
                label = re.sub(r"^\d+ (?:[A-Z] )?", "", re.sub(r"\s+", " ", readable(row.label)).strip(" -"))
                rivals = [
                    other
                    for r in table.rows
                    if r is not row
                    and (c := tabular.cell_at(r, cell.column))
                    and (other := c.text.strip())
                    and find_quantities(f" {other} ")
                ]
                shown = re.sub(r"\s+", " ", column.label).strip()
                text = f"{label}：{shown}为 {cell.text.strip()}。"
                yield Case(
                    "cell",
                    text,
                    (Span(report.source, row.start, row.end),),
                    tuple(t for t in rivals if t != cell.text.strip()),
                    any(other.text.strip() == cell.text.strip() for other in row.cells if other is not cell),
                )


def respelled(text: str) -> str:
    """The text with its Chinese scales as English ones."""

    def one(m: re.Match[str]) -> str:
        value = (
            Decimal(m[1].replace(",", ""))
            * {"万": Decimal("0.01"), "萬": Decimal("0.01"), "亿": Decimal("0.1"), "億": Decimal("0.1")}[m[2]]
        )
        return f"{value.normalize():f}{'mn' if m[2] in '万萬' else 'bn'}"

    return (
        re.sub(r"(\d[\d,]*(?:\.\d+)?) ?([万萬亿億])(?![亿億人])", one, text)
        if not re.search("至 ?\\d|/", text)
        else text
    )


def sums(text: str, span: Span) -> Iterator[Case]:
    """A sentence that adds up two figures of one unit."""
    found = [
        q
        for q in find_quantities(text)
        if q.low is None and q.unit not in (None, "%", "x") and q.value > 0 and q.scale == 1 and q.digits == 0
    ]
    for a, b in pairwise(found):
        if a.unit == b.unit and a.value != b.value:
            unit = re.sub(r"^[^0-9]*[0-9,.]+", "", b.text)
            yield Case("sum", f"{text},两者合计{a.value + b.value:f}{unit}", (span,))
            return


# ---------------------------------------------------------------- corruptions


def digit(case: Case, rng: random.Random) -> str | None:
    """One digit of one figure changed."""
    figures = find_quantities(case.text)
    if not figures:
        return None
    q = rng.choice(figures)
    places = [i for i in range(q.start, q.end) if case.text[i].isdigit()]
    if not places:
        return None
    i = rng.choice(places)
    return case.text[:i] + rng.choice([d for d in "123456789" if d != case.text[i]]) + case.text[i + 1 :]


def swapped(pairs: tuple[tuple[str, str], ...]) -> Callable[[Case, random.Random], str | None]:
    """A corruption that swaps one of these words within or right after a figure."""

    def corrupt(case: Case, rng: random.Random) -> str | None:
        for q in find_quantities(case.text):
            for a, b in pairs:
                at = case.text.find(a, q.start, q.end)
                if at >= 0:
                    return case.text[:at] + b + case.text[at + len(a) :]
        return None

    return corrupt


def sign(case: Case, rng: random.Random) -> str | None:
    """A minus added or taken away, or the word of direction turned round."""
    signed = [q for q in find_quantities(case.text) if q.sign in ("-", "+") and q.text[:1] in "+-(−"]
    if signed:
        q = rng.choice(signed)
        bare = q.text.strip("+-−()")
        return case.text[: q.start] + (bare if q.sign == "-" else "-" + bare) + case.text[q.end :]
    for a, b in _DIRECTIONS:
        if re.search("[升涨漲][跌降]", case.text):
            return None  # the name of a column
        m = re.search(re.escape(a) + r"[^,，。;；]{0,6}\d", case.text)
        if m:
            return case.text[: m.start()] + b + case.text[m.start() + len(a) :]
    return None


def percent(case: Case, rng: random.Random) -> str | None:
    """% left out, or made a multiple, or points."""
    found = [q for q in find_quantities(case.text) if q.unit == "%" and q.text.endswith("%")]
    if not found:
        return None
    q = rng.choice(found)
    return case.text[: q.end - 1] + rng.choice(["倍", " 亿元", " 亿"]) + case.text[q.end :]


def period(case: Case, rng: random.Random) -> str | None:
    """Another year, or another quarter."""
    found = [p for p in find_periods(case.text) if re.search(r"\d", p.text)]
    if not found or case.constant:
        return None
    p = rng.choice(found)
    year = re.search(r"20\d\d", p.text)
    if year:
        other = p.text.replace(year.group(), str(int(year.group()) + rng.choice([-2, -1, 1, 2])), 1)
    else:
        m = re.search(r"\d", p.text)
        assert m
        other = p.text[: m.start()] + str(int(m.group()) % 4 + 1) + p.text[m.end() :]
    return case.text[: p.start] + other + case.text[p.end :]


def company(case: Case, rng: random.Random) -> str | None:
    """Another company or product in the place of one, from those that the exam names."""
    places = [(m.start(), m.end(), name) for name in COMPANIES for m in re.finditer(re.escape(name), case.text)]
    if not places:
        return None
    a, b, _name = rng.choice(places)
    own = _family(case.text)
    others = [other for other in COMPANIES if not _family(other) & own]
    return case.text[:a] + rng.choice(others) + case.text[b:]


def _family(text: str) -> set[str]:
    terms = [mention.term for mention in lexicon().names_in(text)]
    return {term.id for term in terms} | {term.owner for term in terms if term.owner}


def exchanged(case: Case, rng: random.Random) -> str | None:
    """Two companies of a sentence in each other's places."""
    found = [m for m in lexicon().names_in(case.text) if m.term.kind in ("company", "product") and m.start >= 0]
    first = {m.term.id: case.text[m.start : m.end] for m in found}
    names = list(dict.fromkeys(first.values()))
    if (
        len(first) != 2
        or len(names) != 2
        or not find_quantities(case.text)
        or any(n in o for n in names for o in names if n != o)
    ):
        return None
    a, b = names
    between = re.search(f"{re.escape(a)}(.*?){re.escape(b)}|{re.escape(b)}(.*?){re.escape(a)}", case.text)
    if between and re.fullmatch(r"\W*(?:[与與和及]|and|at)?\W*", between[1] or between[2] or ""):
        return None  # A and B, A/B: the same the other way round
    return case.text.replace(a, "\0").replace(b, a).replace("\0", b)


def row(case: Case, rng: random.Random) -> str | None:
    """The same column's figure of another row."""
    return None if not case.rivals else re.sub(r"为 .*。$", lambda _m: f"为 {rng.choice(case.rivals)}。", case.text)


def quote(case: Case, rng: random.Random) -> str | None:
    """Words put into the report's mouth."""
    return f"{case.text.rstrip('。')},报告称“{rng.choice(_INVENTED)}”。"


def off_by_one(case: Case, rng: random.Random) -> str | None:
    """A sum that is one off."""
    if case.kind != "sum":
        return None
    q = find_quantities(case.text)[-1]
    number = re.search(r"\d[\d,.]*", q.text)
    if number is None:  # a unit stands where the sum would
        return None
    return (
        case.text[: q.start]
        + q.text.replace(number.group(), str(int(number.group()) + rng.choice([-1, 1])), 1)
        + case.text[q.end :]
    )


CORRUPTIONS: dict[str, Callable[[Case, random.Random], str | None]] = {
    "digit": digit, "scale": swapped(_SCALES), "sign": sign, "percent": percent, "unit": swapped(_UNITS),
    "currency": swapped(_CURRENCIES), "period": period, "company": company, "two companies exchanged": exchanged,
    "row": row, "quote": quote, "sum off by one": off_by_one,
}  # fmt: skip
COMPANIES: list[str] = []
CORRUPTED = 2000  # sentences of an eval


def corrupted(cases: list[Case], rng: random.Random, rounds: int) -> Iterator[Case]:
    """Each corruption of each true case, several times where chance decides, and the citations of other cases."""
    seen: set[tuple[str, tuple[Span, ...]]] = {(case.text, case.spans) for case in cases}
    for _ in range(rounds):
        for case in cases:
            for kind, corrupt in CORRUPTIONS.items():
                text = corrupt(case, rng)
                if text and text != case.text and (text, case.spans) not in seen:
                    seen.add((text, case.spans))
                    yield replace(case, kind=kind, text=text)
            other = rng.choice(cases)
            apart = all(
                a.source != b.source or a.end <= b.start or b.end <= a.start for a in case.spans for b in other.spans
            )
            label = case.text.split("：")[0]
            if apart and find_quantities(case.text) and not (case.kind == "cell" and other.text.startswith(label)):
                yield replace(case, kind="citation", spans=other.spans)


# ---------------------------------------------------------------- measuring


def sentences(
    questions: list[dict[str, object]], reports: dict[str, Report], rng: random.Random
) -> tuple[list[Case], list[Case]]:
    """The true sentences, and the corrupted ones in an order of chance."""
    answers = " ".join(str(q["answer"]) for q in questions)
    names = {m.text for m in lexicon().names_in(answers) if m.term.kind == "company" and m.text in answers}
    COMPANIES.extend(sorted(names))
    true = list(dict.fromkeys(true_cases(questions, reports)))
    false = list(corrupted(true, rng, 3))
    rng.shuffle(false)
    return true, false


def run(request: Request) -> list[Run]:
    """As an eval: a true sentence is right when it is verified, a corrupted one when it is not."""
    asked = request.cases()
    questions = [asdict(case) for case in asked]
    with assistant_over(request, asked) as assistant:
        by_source = {info.source: assistant.report(info.report_id) for info in assistant.reports()}
        named = {evidence.report for case in asked for evidence in case.evidence}
        reports = {name: by_source[source] for name in named if (source := source_of(name, by_source))}
        true, false = sentences(questions, reports, random.Random(request.seed))
        checked = [(case, True) for case in true] + [(case, False) for case in false[:CORRUPTED]]
        results = []
        for number, (case, wanted) in enumerate(checked):
            results.append(_result(case, wanted, assistant))
            request.progress(number + 1, len(checked))
    inputs = {"questions": f"{len(asked)} · {digest(*map(repr, asked))}", "sentences": f"{len(checked):,}"}
    return [Run("grounding", "assistant", tuple({result.id: result for result in results}.values()), inputs)]


def _result(case: Case, wanted: bool, assistant: Assistant) -> Result:
    verified = assistant.check(case.text, case.spans).verified
    kind = "true" if wanted else "corrupted"
    reason = f"{case.kind}: {'doubted' if wanted else 'believed'}"
    fine = verified is wanted
    identity = digest(kind, case.kind, case.text, repr(case.spans))
    return Result(
        identity, case.text, (kind, f"{kind}: {case.kind}"), {"right": float(fine)}, {} if fine else {"right": reason}
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exam", type=Path, required=True, nargs="+", help="folders of JSON lines")
    parser.add_argument("--reports", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=5000, help="corrupted sentences")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N failures a kind")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    questions = [
        json.loads(line)
        for folder in options.exam
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]
    with tempfile.TemporaryDirectory() as home, Library.open(Path(home), from_setting("builtin")) as library:
        list(ingest(library, [options.reports], read=read))
        reports = {info.source[:3]: library.report(info.report_id) for info in library.infos()}
        retriever, places = Retriever(library), Places()
        true, false = sentences(questions, reports, rng)
        for title, cases, wanted in (
            ("true, not verified", true, True),
            ("corrupted, shown as verified", false[: options.limit], False),
        ):
            count, failed, started = Counter[str](), Counter[str](), time.perf_counter()
            for case in cases:
                outcome = check_text(case.text, retriever, library, case.spans, places)
                count[case.kind] += 1
                if outcome.verified is not wanted:
                    failed[case.kind] += 1
                    if failed[case.kind] <= options.show:
                        quotes = [
                            library.report(_id(library, s.source)).text[s.start : s.end][:160] for s in case.spans
                        ]
                        print(f"  {case.kind}: {case.text[:300]}\n     cites {quotes[:3]}")
                        print(
                            "     "
                            + "; ".join(
                                f"{f.text} {f.verdict} {f.why or ''}"
                                for f in outcome.figures
                                if (f.verdict == "unverified") == wanted
                            )[:400]
                        )
            milliseconds = 1000 * (time.perf_counter() - started)
            total, wrong = sum(count.values()), sum(failed.values())
            print(
                f"\n{title}: {wrong} of {total} = {wrong / max(total, 1):.2%}  ({milliseconds / max(total, 1):.1f} ms)"
            )
            for kind in sorted(count):
                print(f"  {kind:24} {failed[kind]:5} of {count[kind]:5} = {failed[kind] / count[kind]:.2%}")


def _id(library: Library, source: str) -> str:
    return next(info.report_id for info in library.infos() if info.source == source)


if __name__ == "__main__":
    main()

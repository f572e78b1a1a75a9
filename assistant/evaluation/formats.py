"""Files of questions: our own JSON lines, a table a person keeps in CSV, and the shapes of FinanceBench, TAT-QA, FinQA.

Each reader gives cases. Benchmarks that bring pages or tables along give them as `Case.context`, (file name, text);
they are read in as reports, so that the questions can be asked without anything else.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.errors import InputError
from assistant.evaluation.cases import UNANSWERABLE, Case, Evidence, Number, case_of
from assistant.language import script_of
from assistant.quantities import find_quantities

Row = Mapping[str, Any]
_NOT_SAID = (
    "unanswerable",
    "not found",
    "n/a",
    "not in the reports",
    "报告没有写",
    "報告沒有寫",
    "無法回答",
    "无法回答",
)
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "percent": 1.0, "": 1.0}
_LIKE = 'JSON lines (id, question…), CSV with a column "question", or FinanceBench, TAT-QA or FinQA files'


def load_cases(path: Path) -> list[Case]:
    """The cases of a file, or of every question file in a folder. Raises InputError naming the file and the line."""
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in (".jsonl", ".csv", ".json")]
        cases = [case for file in files for case in _cases(file)]
    else:
        cases = _cases(path)
    if not cases:
        raise InputError(f"{path} holds no question; it takes {_LIKE}")
    return _distinct(cases)


def _cases(path: Path) -> list[Case]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} can't be read: it is not UTF-8; save it as UTF-8 (in Excel: CSV UTF-8)") from None
    if path.suffix.lower() == ".csv":
        return list(of_csv(text, path.name))
    rows = list(_rows(text, path.name))
    return [case for row in rows for case in _reader(row, path.name)(row)]


def _rows(text: str, name: str) -> Iterator[Row]:
    """JSON lines, or one JSON list."""
    if text.lstrip().startswith("["):
        yield from _parsed(text, name)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield _parsed(line, f"{name}, line {number}")


def _parsed(text: str, place: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        raise InputError(f"{place}: not JSON; it takes {_LIKE}") from None
    if not isinstance(found, dict | list):
        raise InputError(f"{place}: not a JSON object; it takes {_LIKE}")
    return found


def _reader(row: Row, name: str) -> Callable[[Row], Sequence[Case]]:
    """The reader for the shape of a row."""
    if not isinstance(row, dict):
        raise InputError(f"{name}: not a JSON object; it takes {_LIKE}")
    if "financebench_id" in row:
        return of_financebench
    if "paragraphs" in row and "questions" in row:
        return of_tatqa
    if "pre_text" in row or "post_text" in row:
        return of_finqa
    return lambda each: [case_of(each)]


def _distinct(cases: Sequence[Case]) -> list[Case]:
    """The cases with ids that tell them apart, where two files have used the same."""
    seen: dict[str, int] = {}
    named = []
    for case in cases:
        seen[case.id] = seen.get(case.id, 0) + 1
        named.append(case if seen[case.id] == 1 else replace(case, id=f"{case.id}~{seen[case.id]}"))
    return named


# ---------------------------------------------------------------- CSV


def of_csv(text: str, name: str = "the CSV") -> Iterator[Case]:
    """Rows with a column "question"; known besides: id, answer, source, quote, kind, language, numbers, must_include.

    `quote` may hold several, one a line; `must_include` groups with ";" between and "|" between spellings. The
    numbers to state are those of `numbers`, or of `answer` where there is no such column.
    """
    reader = csv.DictReader(io.StringIO(text))
    heads = {head.strip().lower(): head for head in reader.fieldnames or () if head}
    if "question" not in heads:
        shown = ", ".join(reader.fieldnames or ()) or "none"
        raise InputError(f'{name} has no column "question" (its columns: {shown}); name the questions\' column so')
    for number, row in enumerate(reader, 1):
        values = {key: (row.get(head) or "").strip() for key, head in heads.items()}
        if values["question"]:
            yield _csv_case(values, values.get("id") or str(number))


def _csv_case(row: Mapping[str, str], identity: str) -> Case:
    answer = row.get("answer", "")
    unanswerable = answer.strip(" .。").lower() in _NOT_SAID
    source = row.get("source", "")
    groups = [
        tuple(s.strip() for s in group.split("|") if s.strip()) for group in row.get("must_include", "").split(";")
    ]
    return Case(
        id=identity,
        question=row["question"],
        language=row.get("language") or script_of(row["question"]),  # type: ignore[arg-type]
        kind=row.get("kind") or (UNANSWERABLE if unanswerable else "fact"),
        answer=answer,
        evidence=tuple(Evidence(source, quote) for quote in row.get("quote", "").splitlines() if quote.strip()),
        numbers=() if unanswerable else _stated(row.get("numbers") or answer),
        must_include=tuple(group for group in groups if group),
    )


def _stated(text: str) -> tuple[Number, ...]:
    """The numbers that a text states, as gold."""
    return tuple(
        Number(float(q.value), q.unit, period=q.period.text if q.period else None) for q in find_quantities(text)
    )


# ---------------------------------------------------------------- benchmarks of others


def of_financebench(row: Row) -> list[Case]:
    """One line of FinanceBench's open-source questions: the document is named, its evidence given as text of a page."""
    evidence = [(e.get("doc_name") or row.get("doc_name") or "", e["evidence_text"]) for e in row.get("evidence") or ()]
    pages = [
        (e.get("evidence_text_full_page") or text)
        for e, (_, text) in zip(row.get("evidence") or (), evidence, strict=True)
    ]
    names = [f"{name}-{number}.txt" for number, (name, _) in enumerate(evidence, 1)]
    answer = str(row.get("answer") or "")
    return [
        Case(
            id=str(row["financebench_id"]),
            question=str(row["question"]),
            language="en",
            answer=answer,
            evidence=tuple(Evidence(name, text) for name, (_, text) in zip(names, evidence, strict=True)),
            numbers=_stated(answer),
            context=tuple(zip(names, pages, strict=True)),
        )
    ]


def of_tatqa(row: Row) -> list[Case]:
    """One context of TAT-QA (a table and its paragraphs) with its questions."""
    table = row.get("table") or {}
    name = f"{table.get('uid') or row['questions'][0].get('uid')}.txt"
    paragraphs = {str(p.get("order")): str(p["text"]) for p in row["paragraphs"]}
    lines = _table(table.get("table") or ())
    text = "\n\n".join([*paragraphs.values(), "\n".join(lines)])
    return [_tatqa_case(asked, name, paragraphs, text) for asked in row["questions"]]


def _tatqa_case(row: Row, name: str, paragraphs: Mapping[str, str], text: str) -> Case:
    answer = row.get("answer")
    items = [str(item) for item in answer] if isinstance(answer, list) else [str(answer)] if answer is not None else []
    scale = _SCALES.get(str(row.get("scale") or ""), 1.0)
    unit = "%" if row.get("scale") == "percent" else None
    numbers = [number for item in items if (number := _plain_number(item)) is not None]
    related = [paragraphs[str(order)] for order in row.get("rel_paragraphs") or () if str(order) in paragraphs]
    whole = len(numbers) == len(items)
    return Case(
        id=str(row["uid"]),
        question=str(row["question"]),
        language="en",
        kind="list" if row.get("answer_type") == "multi-span" else "calculation" if row.get("derivation") else "fact",
        answer=", ".join(items),
        evidence=tuple(Evidence(name, paragraph) for paragraph in related),
        numbers=tuple(Number(n * scale, unit, 0.005) for n in numbers) if whole else (),
        must_include=() if whole else tuple((item,) for item in items),
        context=((name, text),),
    )


def of_finqa(row: Row) -> list[Case]:
    """One page of FinQA: text before, table, text after, and one question with the gold rows and sentences."""
    before, after, table = (
        list(row.get("pre_text") or ()),
        list(row.get("post_text") or ()),
        _table(row.get("table") or ()),
    )
    name = f"{str(row['id']).replace('/', '_')}.txt"
    asked = row["qa"]
    places = {f"text_{i}": sentence for i, sentence in enumerate([*before, *after])} | {
        f"table_{i}": line for i, line in enumerate(table)
    }
    value = asked.get("exe_ans")
    percent = "%" in str(asked.get("answer") or "")
    number = float(value) * (100 if percent else 1) if isinstance(value, int | float) else None
    return [
        Case(
            id=str(row["id"]),
            question=str(asked["question"]),
            language="en",
            kind="calculation",
            answer=str(asked.get("answer") or value or ""),
            evidence=tuple(Evidence(name, places[key]) for key in asked.get("gold_inds") or () if key in places),
            numbers=(Number(number, "%" if percent else None, 0.01),) if number is not None else (),
            must_include=((str(value),),) if isinstance(value, str) and value else (),
            context=((name, "\n".join([*before, "", *table, "", *after])),),
        )
    ]


def _table(rows: Sequence[Sequence[object]]) -> list[str]:
    return ["\t".join(" ".join(str(cell).split()) for cell in row) for row in rows]


def _plain_number(text: str) -> float | None:
    bare = text.replace(",", "").replace("$", "").replace("%", "").strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"
    try:
        return float(bare)
    except ValueError:
        return None

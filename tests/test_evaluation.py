"""Evals: every score can fail and says why, unscored is not 0, figures carry their uncertainty, files are read."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.adapters.cli import main
from assistant.errors import InputError
from assistant.evaluation.cases import Case, Evidence, Number, case_of, places
from assistant.evaluation.charts import lines
from assistant.evaluation.finding import Judged, bench, measure
from assistant.evaluation.formats import load_cases
from assistant.evaluation.page import page
from assistant.evaluation.prose import grade_of
from assistant.evaluation.request import bundled_questions
from assistant.evaluation.runs import Result, Run, compare, load, save
from assistant.evaluation.scores import SCORES
from assistant.evaluation.statistics import difference, estimate, mcnemar
from assistant.evaluation.tables import tables

NOTE = "样本科技营收 37 亿元，同比下降 5%。毛利率为 31%。\n\n表 1：营收 (亿元)\n\n公司\t2025\t2026E\n样本科技\t37\t41\n"
TEXTS = {"note.txt": NOTE}
CASE = Case("a-1", "样本科技营收多少?", "zh-Hans", evidence=(Evidence("note", "样本科技营收 37 亿元"),))


def cited(*quotes: str, **more: Any) -> dict[str, Any]:
    """An answer that cites these quotes."""
    found = [places(Evidence("", quote), TEXTS)[0] for quote in quotes]
    citations = [
        {"n": n, "source": source, "start": a, "end": b, "quote": NOTE[a:b]}
        for n, (source, a, b) in enumerate(found, 1)
    ]
    return {"question": "", "status": "answered", "text": "", "language": "zh-Hans", "citations": citations, **more}


def judged(name: str, case: Case, answer: Mapping[str, Any]) -> float | None:
    """The value of a score, which always gives its reason."""
    made = SCORES[name](case, answer, TEXTS)
    assert made.explanation
    return made.value


# ---------------------------------------------------------------- scores


def test_evidence_is_recalled_by_characters() -> None:
    assert judged("evidence_recall", CASE, cited("样本科技营收 37 亿元")) == 1
    assert judged("evidence_recall", CASE, cited("37 亿元")) == pytest.approx(5 / 12)
    assert judged("evidence_recall", CASE, cited("毛利率为 31%")) == 0
    assert judged("evidence_recall", replace(CASE, evidence=()), cited("毛利率为 31%")) is None
    assert judged("evidence_recall", replace(CASE, evidence=(Evidence("note", "别处的话"),)), cited()) is None


def test_a_cell_of_the_gold_row_is_the_evidence_and_a_citation_of_everything_is_not() -> None:
    row = replace(CASE, evidence=(Evidence("note", "样本科技\t37\t41"),))
    assert judged("evidence_recall", row, cited("41")) == 1
    everything = {"source": "note.txt", "start": 0, "end": 700, "quote": "x" * 700}
    long = {"note.txt": NOTE + "。" * 700}
    assert SCORES["evidence_recall"](CASE, {"citations": [everything]}, long).value == 0


def test_citations_beside_the_point_cost_precision() -> None:
    assert judged("evidence_precision", CASE, cited("样本科技营收 37 亿元")) == 1
    assert judged("evidence_precision", CASE, cited("样本科技营收 37 亿元", "毛利率为 31%")) == pytest.approx(12 / 20)
    assert judged("evidence_precision", CASE, cited()) is None


def test_quotes_are_exact_to_the_character() -> None:
    right = cited("37 亿元", "毛利率为 31%")
    assert judged("quotes", CASE, right) == 1
    right["citations"][0]["quote"] = "38 亿元"
    assert judged("quotes", CASE, right) == 0.5
    assert judged("quotes", CASE, cited()) is None


REVENUE, MARGIN = Number(3.7e9, "CNY", period="2025"), Number(31, "%")


@pytest.mark.parametrize(
    ("number", "text", "value", "why"),
    [
        (REVENUE, "2025 年营收 37 亿元 [1]。", 1, "every number is stated"),
        (REVENUE, "Revenue was RMB 3.7bn in 2025.", 1, "every number is stated"),
        (REVENUE, "营收 (亿元): 37", 1, "every number is stated"),
        (REVENUE, "营收 37 万元。", 0, "another scale"),
        (REVENUE, "营收 37 亿美元。", 0, "another unit"),
        (REVENUE, "2024 年营收 37 亿元。", 0, "another period"),
        (REVENUE, "营收 36 亿元。", 0, "not stated"),
        (MARGIN, "毛利率 31%。", 1, "every number is stated"),
        (MARGIN, "毛利率 31。[31]", 0, "another unit"),
        (MARGIN, "见 [31]。", 0, "not stated"),
        (Number(-5, "%"), "同比下降 5%。", 1, "every number is stated"),
        (Number(-5, "%"), "同比增长 5%。", 0, "other sign"),
        (Number(296.6, "%", 0.01), "约 297%。", 1, "every number is stated"),
        (Number(296.6, "%", 0.01), "约 397%。", 0, "not stated"),
        (Number(2e6, "advertisers"), "约 200 万广告主。", 1, "every number is stated"),
        (Number(2e6, "advertisers"), "约 200 万美元。", 0, "another unit"),
    ],
)
def test_numbers_count_with_unit_scale_sign_and_period(number: Number, text: str, value: float, why: str) -> None:
    made = SCORES["numbers"](replace(CASE, numbers=(number,)), {"text": text}, TEXTS)
    assert made.value == value
    assert why in made.explanation


def test_what_the_question_states_need_not_be_repeated() -> None:
    case = replace(CASE, question="营收 37 亿元对吗?", numbers=(REVENUE, MARGIN))
    made = SCORES["numbers"](case, {"text": "对,毛利率 31%。"}, TEXTS)
    assert made.value == 1
    assert made.metadata["outcomes"] == ["given", "right"]
    assert judged("numbers", CASE, {"text": "37 亿元"}) is None


def test_lists_are_sets() -> None:
    case = replace(CASE, kind="list", must_include=(("甲",), ("乙", "B Corp"), ("丙",)), must_not_include=("丁",))
    assert judged("lists", case, {"text": "丙、甲和 B Corp"}) == 1
    assert judged("lists", case, {"text": "甲和乙"}) == pytest.approx(2 / 3)
    assert judged("lists", case, {"text": "甲、乙、丙和丁"}) == 0.75
    assert judged("lists", CASE, {"text": "甲"}) is None


def test_terms_are_found_in_any_script_and_whole() -> None:
    case = replace(CASE, must_include=(("騰訊", "Tencent"), ("5",)))
    assert judged("terms", case, {"text": "腾讯排第 5"}) == 1
    assert judged("terms", case, {"text": "腾讯排第 15"}) == 0.5
    assert judged("terms", replace(CASE, must_not_include=("56%",)), {"text": "毛利率 56%"}) == 0
    assert judged("terms", CASE, {"text": "腾讯"}) is None


@pytest.mark.parametrize(
    ("kind", "status", "value"),
    [("fact", "answered", 1), ("fact", "not_found", 0), ("unanswerable", "not_found", 1), ("unanswerable", "answered", 0),  # noqa: E501
     ("fact", "failed", 0), ("unanswerable", "failed", 0)],
)  # fmt: skip
def test_refusing_is_right_only_where_the_reports_do_not_say(kind: str, status: str, value: float) -> None:
    assert judged("refusal", replace(CASE, kind=kind), {"status": status}) == value


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "The reports say: [1]", 1),
        ("en", "报告的说法是这样的: [1]", 0),
        ("zh-Hans", "报告没有写这个数字。", 1),
        ("zh-Hans", "報告沒有寫這個數字。", 0),
        ("zh-Hant", "報告沒有寫這個數字。", 1),
        ("zh-Hant", "报告没有写这个数字。", 0),
        ("zh-Hans", "The reports don't say.", 0),
        ("en", "The reports say: 毛利率为 31% [1]", 1),
    ],
)
def test_an_answers_own_words_are_in_the_language_and_script_of_the_question(
    language: str, text: str, value: float
) -> None:
    case = case_of({"id": "1", "question": "?", "language": language})
    assert judged("language", case, cited("毛利率为 31%", text=text, language=language)) == value


def test_an_answer_that_names_another_language_is_wrong() -> None:
    assert judged("language", CASE, cited(text="报告没有写这个数字。", language="zh-Hant")) == 0


@pytest.mark.parametrize(
    ("text", "verdict", "value"),
    [
        ("31%", "quoted", 1),
        ("32%", "quoted", 0),
        ("31%", "unverified", 0),
        ("32%", "unverified", 1),
        ("2026 年", "given", 1),
        ("2027 年", "given", 0),
        ("30.6%", "rounded", 0),
        ("6%", "derived", 0),
    ],
)
def test_verdicts_are_looked_into(text: str, verdict: str, value: float) -> None:
    figure = {"text": text, "verdict": verdict, "value": "", "unit": None}
    assert judged("verdicts", CASE, cited("毛利率为 31%", question="2026 年呢?", figures=[figure])) == value


def test_a_verdict_may_rest_on_a_rounded_figure_or_a_calculation() -> None:
    rounded = {"text": "约 40 亿元", "verdict": "rounded"}
    assert judged("verdicts", CASE, cited("样本科技营收 37 亿元", figures=[rounded])) == 0
    derived = {"text": "4 亿元", "verdict": "derived"}
    assert judged("verdicts", CASE, cited("37", figures=[derived], calculations=[{"result": "4"}])) == 1
    assert judged("verdicts", CASE, cited("37")) is None


def test_right_takes_everything_together() -> None:
    case = replace(CASE, numbers=(REVENUE,), must_include=(("样本科技",),))
    good = cited("37 亿元", text="样本科技营收 37 亿元。")
    assert judged("right", case, good) == 1
    assert judged("right", case, {**good, "citations": []}) == 0
    assert judged("right", case, {**good, "text": "营收 37 亿元。"}) == 0
    assert judged("right", case, {**good, "status": "not_found"}) == 0
    assert judged("right", replace(CASE, kind="unanswerable"), {"status": "not_found", "text": ""}) == 1
    assert judged("right", replace(CASE, kind="unanswerable"), {"status": "answered", "text": ""}) == 0


def test_a_models_grade_is_its_last_word() -> None:
    assert grade_of("Not GRADE: wrong.\nGRADE: Correct") == 1
    assert grade_of("It says half of it.\nGRADE: partly") == 0.5
    assert grade_of("GRADE: wrong") == 0
    assert grade_of("I can't tell.") is None


# ---------------------------------------------------------------- the questions


def bundled_case_texts(checkout: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in (checkout / "corpus").glob("*.md")}


def test_the_bundled_questions_are_many_in_three_languages_and_of_every_kind() -> None:
    cases = load_cases(bundled_questions())
    assert len(cases) >= 150
    assert len({case.id for case in cases}) == len(cases) == len({case.question for case in cases})
    for language in ("zh-Hans", "zh-Hant", "en"):
        assert sum(case.language == language for case in cases) >= 45
    traps = {case.trap for case in cases}
    assert {"stale report", "scale", "same-named metric", "unanswerable", "conflict", "dispersion"} <= traps
    assert "figure without picture" in traps


def test_gold_quotes_stand_in_their_reports_and_gold_answers_score_full_marks(checkout: Path) -> None:
    texts = bundled_case_texts(checkout)
    faults = []
    for case in load_cases(bundled_questions()):
        found = [places(evidence, texts) for evidence in case.evidence]
        assert all(found), case.id
        assert bool(found) != case.unanswerable, case.id
        citations = [
            {"n": n, "source": spots[0][0], "start": spots[0][1], "end": spots[0][2], "quote": evidence.quote}
            for n, (spots, evidence) in enumerate(zip(found, case.evidence, strict=True), 1)
        ]
        answer = {"text": case.answer, "language": case.language, "citations": citations, "question": case.question}
        answer["status"] = "not_found" if case.unanswerable else "answered"
        made = {name: score(case, answer, texts) for name, score in SCORES.items()}
        faults += [f"{case.id} {name}: {m.explanation}" for name, m in made.items() if m.value not in (None, 1)]
    assert faults == []


# ---------------------------------------------------------------- files of questions


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_csv_of_questions_is_read_whatever_columns_it_has(tmp_path: Path) -> None:
    full = written(
        tmp_path, "q.csv",
        "\ufeffID,Question,Answer,Source,Quote\n7,样本科技营收多少?,37 亿元,note,样本科技营收 37 亿元\n,目标价?,报告没有写。,,\n",  # noqa: E501
    )  # fmt: skip
    first, second = load_cases(full)
    assert (first.id, first.language, first.evidence) == ("7", "zh-Hans", CASE.evidence)
    assert first.numbers == (Number(3.7e9, "CNY"),)
    assert (second.id, second.unanswerable, second.numbers) == ("2", True, ())
    bare = load_cases(written(tmp_path, "bare.csv", "question\nWhat is it?\n"))
    assert [(case.language, case.numbers, case.evidence) for case in bare] == [("en", (), ())]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("q.csv", "frage,antwort\nwas?,das\n", 'no column "question"'),
        ("q.jsonl", "{bad\n", "line 1: not JSON"),
        ("q.jsonl", '{"question": "?"}\n', "lacks 'id'"),
        ("q.jsonl", '{"id": 1, "question": "?", "kind": "riddle"}\n', "'riddle'"),
        ("q.jsonl", "\n", "holds no question"),
        ("q.jsonl", "[1]\n", "not a JSON object"),
    ],
)
def test_a_file_that_holds_no_questions_is_told_so(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        load_cases(written(tmp_path, name, text))
    with pytest.raises(InputError, match="can't be read"):
        load_cases(tmp_path / "nowhere.csv")


def test_financebench_is_read(tmp_path: Path) -> None:
    row = {
        "financebench_id": "fb_1", "question": "What was FY2022 capex?", "answer": "$1,577 million", "doc_name": "ACME_2022_10K",  # noqa: E501
        "evidence": [{"evidence_text": "Purchases of PP&E (1,577)", "evidence_text_full_page": "Cash flows\nPurchases of PP&E (1,577)"}],  # noqa: E501
    }  # fmt: skip
    (case,) = load_cases(written(tmp_path, "fb.jsonl", json.dumps(row)))
    assert case.numbers == (Number(1.577e9, "USD"),)
    assert places(case.evidence[0], dict(case.context)) == [("ACME_2022_10K-1.txt", 11, 36)]


def test_tatqa_is_read(tmp_path: Path) -> None:
    row = {
        "table": {"uid": "t1", "table": [["", "2019", "2018"], ["Revenue", "1,496.5", "1,202.9"]]},
        "paragraphs": [{"uid": "p1", "order": 1, "text": "Revenue grew on cloud."}],
        "questions": [
            {"uid": "q1", "question": "Revenue in 2019?", "answer": ["1,496.5"], "scale": "million", "answer_type": "span", "derivation": "", "rel_paragraphs": []},  # noqa: E501
            {"uid": "q2", "question": "Growth?", "answer": 24.41, "scale": "percent", "answer_type": "arithmetic", "derivation": "1/2", "rel_paragraphs": ["1"]},  # noqa: E501
        ],
    }  # fmt: skip
    first, second = load_cases(written(tmp_path, "tatqa.json", json.dumps([row])))
    assert first.numbers == (Number(1496500000.0, None, 0.005),)
    assert second.numbers == (Number(24.41, "%", 0.005),)
    assert (second.kind, second.evidence) == ("calculation", (Evidence("t1.txt", "Revenue grew on cloud."),))
    assert "Revenue\t1,496.5\t1,202.9" in dict(first.context)["t1.txt"]


def test_finqa_is_read(tmp_path: Path) -> None:
    row = {
        "id": "ACME/2012/page_1.pdf-1", "pre_text": ["Before."], "post_text": ["After."],
        "table": [["", "2012"], ["sales", "12"]],
        "qa": {"question": "What share?", "answer": "25%", "exe_ans": 0.25, "gold_inds": {"table_1": "sales 12", "text_1": "After."}},  # noqa: E501
    }  # fmt: skip
    (case,) = load_cases(written(tmp_path, "finqa.json", json.dumps([row])))
    assert case.numbers == (Number(25.0, "%", 0.01),)
    assert [evidence.quote for evidence in case.evidence] == ["sales\t12", "After."]
    assert all(places(evidence, dict(case.context)) for evidence in case.evidence)


# ---------------------------------------------------------------- figures and comparison


def run_of(values: list[float], **more: Any) -> Run:
    results = [
        Result(f"q{i}", f"question {i} <b>", ("en",), {"right": v}, {"right": "so"} if v < 1 else {})
        for i, v in enumerate(values)
    ]
    return Run("answering", "assistant", tuple(results), {"questions": "same"}, commit="abc", **more)


def test_the_interval_holds_the_mean_and_narrows_with_more_cases() -> None:
    few, many = estimate([0.0, 1.0] * 10), estimate([0.0, 1.0] * 200)
    assert few.low < few.mean == 0.5 < few.high
    assert many.high - many.low < (few.high - few.low) / 3
    assert estimate([0.0, 1.0] * 10) == few
    assert estimate([0.0, 1.0] * 10, seed=2) != few


def test_a_change_is_significant_only_where_it_is_more_than_chance() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(10, 0) == pytest.approx(2 / 1024)
    better = difference([0.0] * 20, [1.0] * 15 + [0.0] * 5)
    assert (better.test, better.mean) == ("McNemar", 0.75)
    assert better.p < 0.001
    assert difference([0.0, 1.0] * 10, [1.0, 0.0] * 10).p == 1
    graded = difference([0.2] * 20, [0.2, 0.9] * 10)
    assert graded.test == "paired bootstrap"
    assert graded.p < 0.01
    assert difference([0.2, 0.8] * 10, [0.8, 0.2] * 10).p > 0.5


def test_runs_are_compared_case_by_case() -> None:
    (made,) = compare(run_of([1, 0, 0, 1]), run_of([0, 1, 1, 1]))
    assert (made.better, made.worse, made.common) == (("q1", "q2"), ("q0",), 4)
    assert (made.before, made.after) == (0.5, 0.75)
    (cost,) = compare(run_of([1, 2]), run_of([2, 1], smaller=("right",)))
    assert (cost.better, cost.worse) == (("q1",), ("q0",))


def test_a_run_that_was_kept_is_the_run(tmp_path: Path) -> None:
    run = run_of([1, 0, 0.5])
    save([run], tmp_path / "run.json")
    (again,) = load(tmp_path / "run.json")
    assert again.results == run.results
    assert again.fingerprint == run.fingerprint
    assert again.figures()["all"]["right"].mean == 0.5
    save([run], tmp_path / "small.json", results=False)
    assert load(tmp_path / "small.json")[0].figures().keys() == run.figures().keys()
    with pytest.raises(InputError, match="holds no run"):
        load(written(tmp_path, "bad.json", '{"runs": [{}]}'))


def test_tables_show_figures_worst_cases_and_what_changed() -> None:
    shown = tables([run_of([1, 0, 0, 1])], [run_of([1, 1, 1, 1])])
    overall, groups, worst, changed = shown
    assert overall.rows[0][:2] == ("right", "0.500")
    assert [row[0] for row in groups.rows] == ["all", "en"]
    assert [row[0] for row in worst.rows] == ["q1", "q2"]
    assert worst.rows[0][2] == "so"
    assert changed.rows[0][-1] == "2: q1 q2"
    assert changed.rows[0][6] == "may be chance"


def test_the_page_needs_nothing_else_and_escapes_what_reports_say() -> None:
    made = page([run_of([1, 0])])
    assert "<svg" in made
    assert "question 1 &lt;b&gt;" in made
    assert not any(word in made for word in ("http:", "https:", "<script", "src=", "<link"))


def test_growth_is_drawn_as_lines() -> None:
    svg = lines({"search": [("1,000", 2.0), ("10,000", 4.0)]}, "growth")
    assert svg.count("<circle") == 3
    assert "<polyline" in svg


# ---------------------------------------------------------------- the command


def evaluated(*options: object) -> str:
    """What `assistant eval` prints, in a process of its own: inspect keeps streams open until the end."""
    command = [sys.executable, "-m", "assistant", "eval", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_own_reports_and_a_csv_give_a_table_with_one_command(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    written(reports, "note.txt", NOTE)
    asked = "样本科技的毛利率是多少"
    rows = f"{asked}?,31%,note,毛利率为 31%\n{asked}(以%计)?,99%,note,毛利率为 31%\n"
    questions = written(tmp_path, "q.csv", f"question,answer,source,quote\n{rows}")
    own = ("--corpus", reports, "--questions", questions)
    out = evaluated(*own, "--html", tmp_path / "page.html", "--json")
    results = {result["id"]: result for result in json.loads(out)["runs"][0]["results"]}
    assert results["1"]["scores"]["right"] == 1
    assert results["2"]["scores"]["right"] == 0
    assert results["2"]["reasons"]["numbers"] == "99 %: not stated"
    assert "prose" not in results["1"]["scores"]
    assert "<svg" in (tmp_path / "page.html").read_text("utf-8")
    shown = evaluated(*own, "--against", written(tmp_path, "earlier.json", out))
    assert "worst cases" in shown
    assert "compared with" in shown


def test_wrong_usage_of_eval_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "cooking"]) == 1
    assert "there are answering, retrieval" in capsys.readouterr().err
    assert main(["eval", "--corpus", str(tmp_path)]) == 1
    assert "--questions" in capsys.readouterr().err


# ---------------------------------------------------------------- search


def test_a_ranking_is_judged_by_the_gold_places_it_meets() -> None:
    text = "一" * 1000
    judged_set = Judged("s", {"a": text}, {"q": "?"}, {"q": {"q/0": (("a", 900, 910),)}})
    (best,) = measure(judged_set, lambda query: [("a", 905, 906), ("a", 0, 10)])
    assert set(best.scores.values()) == {1.0}
    (second,) = measure(judged_set, lambda query: [("a", 0, 10), ("a", 905, 906)])
    assert (second.scores["rr@10"], second.scores["recall@5"]) == (0.5, 1)
    (none,) = measure(judged_set, lambda query: [])
    assert set(none.scores.values()) == {0.0}
    assert none.reasons


def test_who_hands_over_more_to_read_has_not_found_it_sooner() -> None:
    judged_set = Judged("s", {"a": "一" * 9000}, {"q": "?"}, {"q": {"q/0": (("a", 8000, 8010),)}})
    (all_of_it,) = measure(judged_set, lambda query: [("a", 0, 9000)])
    assert all_of_it.scores["recall@10"] == 0


def test_a_bench_folder_is_drawn_from_by_the_seed(tmp_path: Path) -> None:
    ids = [f"d{i}" for i in range(700)]
    written(tmp_path, "corpus.jsonl", "".join(json.dumps({"id": name, "text": f"text {name}"}) + "\n" for name in ids))
    written(tmp_path, "queries.dev.jsonl", "".join(json.dumps({"id": f"q{i}", "text": "?"}) + "\n" for i in range(9)))
    written(tmp_path, "qrels.dev.tsv", "".join(f"q{i}\td{i}\t1\n" for i in range(8)) + "q8\td1\t0\n")
    few = bench(tmp_path, 3, seed=1)
    assert len(few.queries) == 3
    assert len(few.texts) == 600
    assert all(name in few.texts for wanted in few.wanted.values() for name in wanted)
    assert bench(tmp_path, 3, seed=1) == few != bench(tmp_path, 3, seed=2)
    (made, *_) = measure(few, lambda query: [(next(iter(few.wanted[min(few.wanted)])), 0, 4)])
    assert "q8" not in bench(tmp_path, 9, seed=1).queries
    assert made.scores


# ---------------------------------------------------------------- the record


@pytest.mark.parametrize(("name", "language"), [("README.md", "en"), ("README.zh.md", "zh")])
def test_the_figures_of_a_readme_are_those_on_record(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str, language: str
) -> None:
    monkeypatch.syspath_prepend(str(checkout / "evals"))
    record = importlib.import_module("record")
    shown = record.shown(name)
    assert "right as a whole" in shown or "整体正确" in shown
    assert shown == record.figures(language), "python evals/record.py writes the tables anew"


def test_what_is_on_record_was_measured_over_the_questions_there_are(checkout: Path) -> None:
    (run,) = load(checkout / "evals" / "results" / "answering.json")
    assert {result.id for result in run.results} == {case.id for case in load_cases(bundled_questions())}
    assert run.commit

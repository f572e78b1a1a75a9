"""The command line: every command, what goes to which channel, and the exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reportlab.pdfgen import canvas

from assistant.adapters.cli import main
from assistant.bootstrap import open_library
from assistant.settings import load_settings

NOTE = """# 软件行业周报：云端需求回暖

报告日期：2026年4月8日

## 需求

示例科技（1234.HK）的云业务收入为 37 亿元，同比增长四成。公司把全年资本开支上调到 12 亿元。

资料来源：公司资料，凯基证券整理
"""
OTHER = "# Gaming weekly\n\nDate: 2 March 2026\n\nGuosen Securities research.\n\nThe segment margin of games was 31%.\n"


class Ran:
    """What a command did."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON value."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> Ran:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as left:
            status = int(left.code or 0)
        out, err = capsys.readouterr()
        return Ran(status, out, err)

    return command


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.txt").write_bytes(NOTE.replace("\n", "\r\n").encode())
    (folder / "b.md").write_text(OTHER, encoding="utf-8")
    return folder


@pytest.fixture
def library(run: Run, files: Path) -> dict[str, str]:
    """Two reports; their ids by file name."""
    told = run("ingest", files, "--json").json["files"]
    return {row["source"]: row["report_id"] for row in told}


def process(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "assistant", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=120, **options)


# ---------------------------------------------------------------- ingest, reports, show, remove


def test_ingest_says_what_became_of_each_file(run: Run, files: Path) -> None:
    (files / "c.txt").write_bytes(b"")
    ran = run("ingest", files)
    lines = ran.out.splitlines()
    assert ran.status == 1 and len(lines) == 3
    assert [line.split()[:2] for line in lines] == [["added", "a.txt"], ["added", "b.md"], ["failed", "c.txt"]]
    assert lines[2].endswith("the file is empty") and "passages" in lines[0]
    again = run("ingest", files / "a.txt")
    assert again.status == 0 and again.out.split()[0] == "unchanged"


def test_ingest_as_json(run: Run, files: Path) -> None:
    rows = run("ingest", files, files / "none.txt", "--json")
    assert rows.status == 1
    assert [(row["source"], row["status"]) for row in rows.json["files"]][:2] == [("a.txt", "added"), ("b.md", "added")]
    assert rows.json["files"][2]["message"] == "there is no such file or folder"


def test_reports(run: Run, library: dict[str, str]) -> None:
    listed = {row["source"]: row for row in run("reports", "--json").json["reports"]}
    one = listed["a.txt"]
    assert one["report_id"] == library["a.txt"]
    assert (one["title"], one["issuer"], one["date"], one["language"]) == (
        "软件行业周报：云端需求回暖",
        "KGI Securities",
        "2026-04-08",
        "zh-Hans",
    )
    assert one["pages"] is None and one["tables"] == 0 and one["passages"] > 0 and one["ingested_at"].endswith("Z")
    shown = run("reports")
    assert shown.status == 0 and library["b.md"] in shown.out and "Guosen Securities" in shown.out


def test_an_empty_library_lists_nothing(run: Run) -> None:
    assert run("reports", "--json").json == {"reports": []}
    assert "assistant ingest" in run("reports").out


def test_show_tells_what_is_known(run: Run, library: dict[str, str]) -> None:
    shown = run("show", library["a.txt"][:6])
    assert shown.status == 0
    assert dict(line.split(maxsplit=1) for line in shown.out.splitlines())["issuer"] == "KGI Securities"


def test_the_text_is_the_files_own_byte_for_byte(library: dict[str, str], files: Path) -> None:
    shown = process("show", library["a.txt"], "--text")
    assert shown.returncode == 0 and shown.stdout == (files / "a.txt").read_bytes()


def test_removed_reports_are_gone(run: Run, library: dict[str, str]) -> None:
    gone = run("remove", library["b.md"])
    assert gone.status == 0 and gone.out == f"removed {library['b.md']} (b.md)\n"
    assert [row["source"] for row in run("reports", "--json").json["reports"]] == ["a.txt"]
    assert "b.md" not in run("ask", "segment margin of games").out


@pytest.mark.parametrize("command", [["show"], ["show", "--text"], ["remove"]])
def test_an_unknown_id(run: Run, library: dict[str, str], command: list[str]) -> None:
    ran = run(*command, "ffffffffffff")
    assert (ran.status, ran.out) == (1, "") and 'no report "ffffffffffff"' in ran.err


def pdf() -> bytes:
    stream = BytesIO()
    sheet = canvas.Canvas(stream, pagesize=(400, 300))
    for line in ("Cloud revenue grew by 40% in the quarter.", "Capital expenditure was raised to 12bn."):
        sheet.drawString(40, 200, line)
        sheet.showPage()
    sheet.save()
    return stream.getvalue()


def test_a_page_as_a_picture_with_the_span_marked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "note.pdf").write_bytes(pdf())
    [row] = run("ingest", tmp_path / "note.pdf", "--json").json["files"]
    text = run("show", row["report_id"], "--text").out
    start = text.index("Capital")
    plain, marked = tmp_path / "plain.png", tmp_path / "marked.png"
    assert run("show", row["report_id"], "--page", 2, "-o", plain).status == 0
    assert run("show", row["report_id"], "--page", 2, "--mark", f"{start}:{start + 19}", "-o", marked).status == 0
    colours = [len(Image.open(path).convert("RGB").getcolors(1 << 20) or []) for path in (plain, marked)]
    assert colours[1] > colours[0]


def test_a_citation_names_the_page_that_its_sentence_stands_on(run: Run, tmp_path: Path) -> None:
    (tmp_path / "note.pdf").write_bytes(pdf())
    [row] = run("ingest", tmp_path / "note.pdf", "--json").json["files"]
    assert row["passages"] == 1  # which goes on over the page
    cited = run("ask", "To what was capital expenditure raised?", "--json").json["citations"]
    pages = {c["quote"].split()[0]: c["page"] for c in cited}
    assert pages["Capital"] == 2


def test_pages_that_cannot_be_shown(run: Run, tmp_path: Path, library: dict[str, str]) -> None:
    (tmp_path / "note.pdf").write_bytes(pdf())
    [row] = run("ingest", tmp_path / "note.pdf", "--json").json["files"]
    picture = tmp_path / "page.png"
    refused = {
        "no PDF": run("show", library["a.txt"], "--page", 1, "-o", picture),
        "no page 9": run("show", row["report_id"], "--page", 9, "-o", picture),
        "but on 1": run("show", row["report_id"], "--page", 2, "--mark", "0:5", "-o", picture),
        "within this report": run("show", row["report_id"], "--page", 1, "--mark", "5:99999", "-o", picture),
        "START:END": run("show", row["report_id"], "--page", 1, "--mark", "x", "-o", picture),
        "-o page.png": run("show", row["report_id"], "--page", 1),
        "can't be written": run("show", row["report_id"], "--page", 1, "-o", tmp_path / "no" / "folder.png"),
    }
    for reason, ran in refused.items():
        assert ran.status == 1 and reason in ran.err, ran.err
    assert not picture.exists()


# ---------------------------------------------------------------- ask and search


def test_an_answer_for_people_and_for_programs(run: Run, library: dict[str, str]) -> None:
    question = "示例科技的云业务收入是多少？"
    shown = run("ask", question)
    assert shown.status == 0 and "37 亿元" in shown.out and "[1] a.txt" in shown.out and shown.err == ""
    answer = run("ask", question, "--json").json
    assert (answer["question"], answer["language"], answer["status"]) == (question, "zh-Hans", "answered")
    assert answer["model"] is None and answer["usage"]["cost_usd"] is None and answer["seconds"] >= 0
    text = NOTE.replace("\n", "\r\n")
    for citation in answer["citations"]:
        assert citation["quote"] == text[citation["start"] : citation["end"]]


def test_a_question_that_the_reports_leave_open_is_no_failure(run: Run, library: dict[str, str]) -> None:
    ran = run("ask", "zebra populations of Botswana", "--json")
    assert ran.status == 0 and ran.json["status"] == "not_found"


def test_passages(run: Run, library: dict[str, str]) -> None:
    found = run("search", "資本開支", "-k", 1, "--json").json["passages"]
    assert len(found) == 1
    text = NOTE.replace("\n", "\r\n")
    assert found[0]["text"] == text[found[0]["start"] : found[0]["end"]] and found[0]["source"] == "a.txt"
    assert set(found[0]) >= {
        "report_id",
        "source",
        "title",
        "issuer",
        "date",
        "page",
        "section",
        "figure",
        "kind",
        "score",
    }
    assert run("search", "capex").out.startswith("1. a.txt ")
    assert run("search", "zebra", "--issuer", "Nobody & Co").out == "nothing found\n"


@pytest.mark.parametrize(
    ("narrowing", "sources"),
    [
        (["--issuer", "凱基"], {"a.txt"}),
        (["--issuer", "guosen"], {"b.md"}),
        (["--issuer", "Nobody & Co"], set()),
        (["--since", "2026-04-01"], {"a.txt"}),
        (["--until", "2026-04-01"], {"b.md"}),
        (["--since", "2026-03-02", "--until", "2026-04-08"], {"a.txt", "b.md"}),
        (["--since", "2027-01-01"], set()),
    ],
)
def test_filters(run: Run, library: dict[str, str], narrowing: list[str], sources: set[str]) -> None:
    found = run("search", "收入 segment margin games", *narrowing, "--json").json["passages"]
    assert {row["source"] for row in found} == sources
    assert run("ask", "收入 margin", *narrowing).status == 0


def test_filtering_by_reports(run: Run, library: dict[str, str]) -> None:
    query = "收入 segment margin games"
    found = run("search", query, "--report", library["a.txt"], "--json").json["passages"]
    assert {row["source"] for row in found} == {"a.txt"}
    both = [part for report_id in library.values() for part in ("--report", report_id)]
    assert {row["source"] for row in run("search", query, *both, "--json").json["passages"]} == {"a.txt", "b.md"}
    unknown = run("ask", query, "--report", "ffffffffffff", "--json")
    assert (unknown.status, unknown.out) == (1, "") and "ffffffffffff" in unknown.err


def test_the_first_question_reads_the_bundled_reports(run: Run, checkout: Path) -> None:
    ran = run("search", "资本开支", "--json")
    assert ran.status == 0 and ran.json["passages"] and "corpus/" in ran.err and str(checkout) not in ran.err
    bundled = {entry["file"] for entry in json.loads((checkout / "corpus" / "manifest.json").read_text("utf-8"))}
    assert {row["source"] for row in run("reports", "--json").json["reports"]} == bundled
    assert run("search", "资本开支").err == ""


# ---------------------------------------------------------------- batches


def test_a_batch_is_answered_in_order(run: Run, library: dict[str, str], tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text('{"id": 7, "question": "云业务收入是多少？"}\n\n{"id": "b", "question": ""}\n', encoding="utf-8")
    ran = run("ask", "--batch", batch)
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.status == 0 and [row["id"] for row in rows] == [7, "b"]
    assert [set(row) for row in rows] == [{"id", "answer"}] * 2 and rows[0]["answer"]["status"] == "answered"


def test_bad_lines_are_told_and_the_rest_goes_on(run: Run, library: dict[str, str], tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    good = '{"id": 1, "query": "margin"}'
    bad = ["not json", '{"id": 2}', '{"query": "margin"}', '["id"]', '{"id": 3, "query": 4}', "[" * 100_000]
    batch.write_text("\n".join([good, *bad, good]), encoding="utf-8-sig")
    ran = run("search", "--batch", batch, "-k", 2)
    assert ran.status == 1 and len(ran.out.splitlines()) == 2 and len(ran.err.splitlines()) == len(bad)
    for number, line in enumerate(ran.err.splitlines(), 2):
        assert f"line {number}:" in line
    assert [len(json.loads(line)["passages"]) for line in ran.out.splitlines()] == [1, 1]


def test_a_batch_from_standard_input_comes_as_it_is_answered(library: dict[str, str]) -> None:
    command = [sys.executable, "-m", "assistant", "ask", "--batch", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin and running.stdout
        for number in (1, 2):
            running.stdin.write(json.dumps({"id": number, "question": "云业务收入？"}).encode() + b"\n")
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["id"] == number
        running.stdin.close()
        assert running.wait(timeout=60) == 0


@pytest.mark.parametrize(("name", "reason"), [("none.jsonl", "No such file"), ("", "directory"), ("big5", "UTF-8")])
def test_a_batch_that_cannot_be_read(run: Run, library: dict[str, str], tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "big5").write_bytes("收入".encode("big5"))
    ran = run("ask", "--batch", tmp_path / name)
    assert ran.status == 1 and reason in ran.err and ran.out == ""


# ---------------------------------------------------------------- tools, doctor, reindex


def test_tools(run: Run) -> None:
    described = {tool["name"]: tool for tool in run("tools", "--json").json["tools"]}
    assert {"growth", "dcf", "token_cost", "calculate"} <= set(described)
    shown = run("tools").out
    assert all(f"  {name}(" in shown for name in described)


def test_a_tool_for_people_and_for_programs(run: Run) -> None:
    ran = run("tool", "growth", "start=100", "end=150", "--json")
    assert set(ran.json) == {"tool", "inputs", "result", "unit", "formula", "substituted", "steps"}
    assert (ran.json["result"], ran.json["unit"]) == ("50", "%")
    assert "= 50%" in run("tool", "growth", "start=100", "end=150").out.splitlines()


def test_a_look_up_for_people_and_for_programs(run: Run, tmp_path: Path) -> None:
    text = "# 预测\n\n表 1: 收入 (亿元)\n\n| 公司 | 2025E |\n|---|---|\n| 甲公司 | 12 |\n"
    (tmp_path / "t.md").write_text(text, encoding="utf-8")
    assert run("ingest", tmp_path / "t.md").status == 0
    made = run("tool", "table_lookup", "row=甲公司", "column=FY25", "--json").json
    assert (made["result"]["value"], made["unit"]) == ("1200000000", "CNY")
    assert (made["citations"][0]["kind"], made["citations"][0]["quote"]) == ("table_cell", "12")
    assert "甲公司 · 2025E = 12 (亿元)" in run("tool", "table_lookup", "row=甲公司", "column=2025").out
    assert "表 1: 收入 (亿元)" in run("tool", "list_tables").out
    shown = run("tool", "table_lookup", "row=乙公司")
    assert (shown.status, shown.out) == (1, "") and "No row is called" in shown.err


@pytest.mark.parametrize(
    "values", [["start=0", "end=1"], ["start=100"], ["start"], ["=1"], ["start=1", "end=2", "x=3"]]
)
def test_a_tool_refuses_with_a_reason(run: Run, values: list[str]) -> None:
    ran = run("tool", "growth", *values)
    assert (ran.status, ran.out) == (1, "") and ran.err.startswith("assistant: ")
    as_json = run("tool", "growth", *values, "--json")
    assert as_json.status == 1 and as_json.json["error"] in as_json.err


def test_doctor_on_a_sound_library(run: Run, library: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-a-very-secret-token")
    ran = run("doctor", "--json")
    assert ran.status == 0 and ran.json["problems"] == [] and ran.json["library"]["reports"] == 2
    assert ran.json["settings"]["ASSISTANT_EMBEDDING"] == {"value": "builtin", "from": "default"}
    shown = run("doctor")
    assert "the library is sound" in shown.out and "2 reports" in shown.out
    assert "secret" not in ran.out + shown.out


def test_reindexing(run: Run, library: dict[str, str]) -> None:
    passages = run("doctor", "--json").json["library"]["passages"]
    assert run("reindex").out == f"{passages} passages embedded anew\n"
    assert run("search", "capex", "--json").json["passages"]


# ---------------------------------------------------------------- usage, channels, interruption


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unknown"],
        ["ask"],
        ["search"],
        ["ask", "x", "--batch", "y"],
        ["ingest"],
        ["show"],
        ["search", "x", "-k", "0"],
        ["search", "x", "-k", "²"],
        ["search", "x", "-k", "9" * 5000],
        ["ask", "x", "--since", "yesterday"],
        ["ask", "x", "-z"],
        ["show", "x", "--page", "0"],
    ],
)
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).status == 2


def test_help_and_version(run: Run) -> None:
    assert run("--help").status == run("--version").status == run("ask", "--help").status == 0
    for command in ("ingest", "ask", "search", "reports", "show", "remove", "tools", "tool", "reindex", "doctor"):
        assert f"    {command} " in run("--help").out


def test_a_bad_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_TIMEOUT", "soon")
    ran = run("reports")
    assert ran.status == 1 and "ASSISTANT_TIMEOUT" in ran.err and "Traceback" not in ran.err


def test_output_is_utf8_whatever_the_locale(library: dict[str, str]) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = process("search", "资本开支", "--json", env=environment)
    assert ran.returncode == 0 and "资本开支" in json.loads(ran.stdout.decode())["passages"][0]["text"]


def test_nobody_reading_on_is_no_error(library: dict[str, str]) -> None:
    command = f'"{sys.executable}" -m assistant show {library["a.txt"]} --text | true; echo ${{PIPESTATUS[0]}}'
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.stdout, ran.stderr) == ("0\n", "")


def test_another_process_is_told_who_uses_the_library(library: dict[str, str]) -> None:
    holding = subprocess.Popen(
        [sys.executable, "-m", "assistant", "ask", "--batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holding:
        assert holding.stdin and holding.stdout
        holding.stdin.write(b'{"id": 1, "question": "capex"}\n')
        holding.stdin.flush()
        holding.stdout.readline()
        refused = process("reports")
        doctor = json.loads(process("doctor", "--json").stdout)
        holding.stdin.close()
        holding.wait(timeout=60)
    assert refused.returncode == 1 and f"process {holding.pid} (assistant ask".encode() in refused.stderr
    assert str(holding.pid) in doctor["problems"][0]["sentence"] and "try again" in doctor["problems"][0]["mend"]


def test_an_interrupted_ingest_leaves_a_sound_library(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(600):
        (folder / f"{i:04}.txt").write_text(f"第{i}份报告：公司上调全年资本开支 {i} 亿元。" * 20, encoding="utf-8")
    command = [sys.executable, "-m", "assistant", "ingest", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout and running.stderr
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        running.stdout.read()
        told = running.stderr.read().decode()
    assert running.returncode == 130 and "nothing in the library is harmed" in told and "Traceback" not in told
    doctor = json.loads(process("doctor", "--json").stdout)
    assert doctor["problems"] == [] and 0 < doctor["library"]["reports"] < 600


# ---------------------------------------------------------------- conversations


def test_a_conversation_goes_on_and_is_forgotten(run: Run, library: dict[str, str]) -> None:
    assert "no conversations are kept" in run("conversations").out
    begun = run("ask", "云端业务的毛利率是多少？", "--conversation", "new", "--json")
    made = begun.json["conversation_id"]
    assert begun.status == 0 and f"--conversation {made}" in begun.err and begun.json["answer_id"]
    followed = run("ask", "那资本开支呢？", "--conversation", made)
    assert "理解为:云端业务的资本开支是多少？" in followed.out
    [listed] = run("conversations", "--json").json["conversations"]
    assert (listed["id"], listed["turns"], listed["title"]) == (made, 2, "云端业务的毛利率是多少？")
    shown = run("conversations", made, "--title", "Cloud")
    assert shown.out.startswith("Cloud\n\n> 云端业务的毛利率是多少？") and "> 那资本开支呢？" in shown.out
    assert [answer["number"] for answer in run("conversations", made, "--json").json["answers"]] == [1, 2]
    assert "Cloud" in run("conversations").out
    assert run("forget", made).out == f"forgot {made}\n"
    for command in (["forget", made], ["conversations", made], ["ask", "毛利率？", "--conversation", made]):
        assert run(*command).status == 1 and made in run(*command).err
    assert run("conversations", "--title", "x").status == 1


def test_conversations_need_no_library(run: Run, library: dict[str, str]) -> None:
    with open_library(load_settings()):
        assert run("conversations").status == 0 and run("reports").status == 1

"""The command line: parses, calls the Assistant, prints. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import __version__
from assistant.errors import AssistantError, InputError

if TYPE_CHECKING:
    from decimal import Decimal

    from fastapi import FastAPI

    from assistant.conversations import Conversations
    from assistant.grounding import Span
    from assistant.ingestion import Outcome
    from assistant.service import Assistant
    from assistant.settings import Settings
    from assistant.types import Answer, Calculation, Event, Filters

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

DESCRIPTION = """Ask a folder of broker reports, in Chinese or English; every answer cites the exact words it rests on.
向一批券商研报提问(简体、繁体、英文均可),答案逐条注明原文出处。"""
EXAMPLES = """examples · 示例:
  assistant ask "OpenRouter 一周的 token 用量是多少?"
  assistant ingest ~/reports
  assistant search "capital intensity of cloud providers" -k 5
  assistant tool growth start=5.8tn end=23tn
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed or partly failed, 2 wrong usage."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not options.command:
        parser.print_help()
        return USAGE
    _write_anything()
    try:
        status = int(options.run(options))
        sys.stdout.flush()
    except AssistantError as error:
        tell(f"assistant: {error}")
        return FAILED
    except KeyboardInterrupt:
        tell("assistant: stopped; nothing in the library is harmed")
        return INTERRUPTED
    except BrokenPipeError:  # nobody reads on (`| head`); what is still buffered must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return status


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(
        prog="assistant", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"assistant {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands · 命令")

    def command(name: str, run: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=summary, description=summary)
        made.set_defaults(run=run)
        return made

    ingest = command("ingest", run_ingest, "read files or folders into the library · 读入文件或文件夹")
    files = "a .txt .md .html .pdf .docx .xlsx .pptx file, or a folder of them"
    ingest.add_argument("paths", nargs="+", metavar="PATH", help=files)
    _json(ingest)

    watched = "then wait for what comes into the folders or changes there, until interrupted · 持续监视文件夹"
    ingest.add_argument("--watch", action="store_true", help=watched)
    ask = command("ask", run_ask, "ask a question · 提问")
    _question(ask, "question", "QUESTION")
    went_on = "go on with this conversation, or begin a new one · 在这个对话里继续提问,或开始新对话"
    ask.add_argument("--conversation", metavar="ID|new", help=went_on)
    most = "with a model: stop before an answer costs more than this many US dollars · 费用上限(美元)"
    ask.add_argument("--max-cost", metavar="USD", type=_dollars, help=most)
    ask.add_argument("--estimate", action="store_true", help="only say what it would cost · 只估算费用")
    ask.add_argument("--receipt", metavar="FILE", help="store all that went into the answer · 保存凭据")
    replay = command("replay", run_replay, "make the answer of a receipt again, without a network · 重现凭据里的回答")
    replay.add_argument("file", metavar="FILE")
    _json(replay)
    search = command("search", run_search, "find passages, without an answer · 只检索原文")
    _question(search, "query", "QUERY")
    search.add_argument("-k", type=_positive, default=10, metavar="N", help="how many passages (10)")

    check = command("check", run_check, "a verdict on every figure of a text · 核对一段文字里的数字")
    check.add_argument("file", nargs="?", default="-", metavar="FILE", help="the text; - or nothing: standard input")
    lines = 'lines {"id", "text", "citations"?} in, one JSON line each out · 批量'
    check.add_argument("--batch", metavar="FILE", help=lines)
    _json(check)

    _json(command("reports", run_reports, "list the reports kept · 列出库中的报告"))
    show = command("show", run_show, "what is known of a report, or its text · 查看一份报告")
    show.add_argument("id", metavar="ID")
    show.add_argument("--text", action="store_true", help="print the text that offsets count in · 输出全文")
    show.add_argument("--page", type=_positive, metavar="N", help="a page of a PDF, as a picture (with -o)")
    show.add_argument("--mark", metavar="START:END", help="mark these characters on the page")
    show.add_argument("-o", "--output", metavar="FILE", help="where the picture goes")
    remove = command("remove", run_remove, "take a report out · 移除一份报告")
    remove.add_argument("id", metavar="ID")

    conversations = command("conversations", run_conversations, "the conversations kept, or one · 列出或查看对话")
    conversations.add_argument("id", nargs="?", metavar="ID")
    conversations.add_argument("--title", metavar="TITLE", help="give it this title · 改标题")
    _json(conversations)
    forget = command("forget", run_forget, "delete a conversation with its answers · 删除一个对话")
    forget.add_argument("id", metavar="ID")

    _json(command("tools", run_tools, "list the calculators and look-ups · 列出计算工具"))
    tool = command("tool", run_tool, "run one: KEY=VALUE with units, e.g. price=264.18CNY · 运行一个工具")
    tool.add_argument("name", metavar="NAME")
    tool.add_argument("values", nargs="*", metavar="KEY=VALUE")
    _json(tool)

    chat = command("chat", run_chat, "talk in the terminal, or a line a question from a pipe · 在终端里对话")
    chat.add_argument("--conversation", metavar="ID", help="go on with this conversation · 继续这个对话")

    serve = command("serve", run_serve, "HTTP API and web chat · 启动 HTTP 服务与网页")
    serve.add_argument("--host", default="127.0.0.1", help="where to listen; beyond this machine only with keys")
    serve.add_argument("--port", type=_port, default=8000, help="(8000); 0 takes a free one")

    command("slack", run_slack, "the Slack bot, by Socket Mode · 启动 Slack 机器人")
    mcp = command("mcp", run_mcp, "MCP server on standard input and output · 启动 MCP 服务")
    mcp.add_argument("--http", action="store_true", help="over HTTP instead, at /mcp; `assistant serve` has it too")
    mcp.add_argument("--host", default="127.0.0.1", help="where to listen; beyond this machine only with keys")
    mcp.add_argument("--port", type=_port, default=8000, help="(8000); 0 takes a free one")

    measure = command("eval", run_eval, "measure the assistant, on your own reports and questions too · 评测")
    tasks = "answering (the default), retrieval, grounding, speed, or all"
    measure.add_argument("task", nargs="?", default="answering", metavar="TASK", help=tasks)
    measure.add_argument("--corpus", metavar="DIR", type=Path, help="your reports (the bundled ones) · 报告文件夹")
    files = "your questions: CSV (question, answer, source, quote…) or JSON lines · 问题文件"
    measure.add_argument("--questions", metavar="FILE", type=Path, help=files)
    measure.add_argument("--limit", type=_count, metavar="N", help="only so many questions, drawn by the seed")
    measure.add_argument("--seed", type=_positive, default=1, metavar="N", help="same seed, same figures (1)")
    measure.add_argument("--html", metavar="FILE", type=Path, help="a page with charts, too · 另存为网页")
    measure.add_argument("--against", metavar="RUN", type=Path, help="what changed since this --json file")
    _json(measure)

    command("reindex", run_reindex, "build the library's index anew with the embedding now set · 重建索引")
    backup = command("backup", run_backup, "write the whole library to one file · 把整个库备份到一个文件")
    backup.add_argument("file", metavar="FILE")
    restore = command("restore", run_restore, "add what a backup has and the library lacks · 从备份恢复")
    restore.add_argument("file", metavar="FILE")
    _json(command("verify", run_verify, "compare every passage with its report and the stores · 逐段核对整个库"))
    _json(command("doctor", run_doctor, "settings in force and the library's health · 检查设置与库"))
    return parser


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON on standard output · 输出 JSON")


def _question(parser: argparse.ArgumentParser, name: str, shown: str) -> None:
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument(name, nargs="?", metavar=shown)
    given.add_argument("--batch", metavar="FILE", help=f'lines {{"id", "{name}"}} in, one JSON line each out · 批量')

    def narrowing(option: str, shown: str, summary: str, **how: Any) -> None:
        parser.add_argument(option, metavar=shown, help=summary, **how)

    narrowing("--report", "ID", "only this report (may be repeated) · 限定报告", action="append", default=[])
    narrowing("--issuer", "NAME", "only this broker's reports, by any of its names · 限定券商")
    narrowing("--since", "DATE", "only reports dated this day or later (YYYY-MM-DD) · 起始日期", type=_date)
    narrowing("--until", "DATE", "only reports dated this day or earlier · 截止日期", type=_date)
    _json(parser)


def _positive(text: str, largest: int = 10_000) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 7 or not 1 <= int(text) <= largest:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {largest:,}")
    return int(text)


def _count(text: str) -> int:
    return _positive(text, 1_000_000)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 5 or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)


def _dollars(text: str) -> Decimal:
    from decimal import Decimal, InvalidOperation

    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of US dollars like 0.05")
    return amount


def _date(text: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-06-30") from None


# ---------------------------------------------------------------- commands


def run_ingest(options: argparse.Namespace) -> int:
    """One line a file; 1 if any failed, the rest done."""
    from dataclasses import asdict

    from assistant.adapters.render import as_json

    paths = [Path(path) for path in options.paths]
    if options.watch:
        return _watch(paths, options)
    outcomes = []
    try:
        with _assistant() as assistant, _progress("reading") as progress:
            for outcome in assistant.ingest(paths, progress):
                outcomes.append(outcome)
                if not options.json:
                    print(outcome_line(outcome), flush=True)
    finally:  # where the run ends early (the disk is full), what was done is said all the same
        if options.json:
            print(as_json({"files": [asdict(outcome) for outcome in outcomes]}))
    return FAILED if any(outcome.status == "failed" for outcome in outcomes) else DONE


def _watch(paths: list[Path], options: argparse.Namespace) -> int:
    """A line a file as they come, with --json an object a line, until interrupted."""
    from dataclasses import asdict
    from threading import Event

    from assistant.adapters.render import as_json
    from assistant.ingestion import watch
    from assistant.reading import read

    with _assistant() as assistant, _progress("reading") as progress:
        for outcome in watch(assistant.library, paths, read=read, stop=Event(), progress=progress):
            print(as_json(asdict(outcome)) if options.json else outcome_line(outcome), flush=True)
    return DONE


def outcome_line(outcome: Outcome) -> str:
    """What became of one file, as a line."""
    from assistant.adapters.render import plain

    detail = outcome.message or f"{outcome.passages} passages, {outcome.tables} tables"
    parts = (f"{outcome.status:<9}", outcome.source, outcome.report_id or "", detail)
    return " ".join(plain("  ".join(part for part in parts if part)).split("\n"))


def run_ask(options: argparse.Namespace) -> int:
    """An answer, or one a line of a batch."""
    from assistant.adapters.render import answer_data, answer_text, as_json
    from assistant.receipts import Recording, write

    filters = _filters(options)
    if options.batch and (options.receipt or options.estimate):
        raise InputError("--receipt and --estimate are of one question, not of a --batch")
    with _assistant(first_use=True) as assistant:
        if options.estimate:
            return _estimate(assistant, options, filters)
        recording = Recording() if options.receipt else None
        how: dict[str, Any] = {
            "conversation_id": _conversation(assistant, options.conversation), "max_cost": options.max_cost
        }  # fmt: skip
        if options.batch:
            work = lambda text: answer_data(assistant.ask(text, filters, **how))  # noqa: E731
            return _batch(options.batch, "question", "answer", work)
        answer = _awaited(assistant.stream(options.question, filters, recording=recording, **how))
    if recording:
        write(recording, Path(options.receipt))
    print(as_json(answer_data(answer)) if options.json else answer_text(answer))
    return FAILED if answer.status == "failed" else DONE


def _awaited(events: Iterator[Event]) -> Answer:
    """The answer at the end of its events; a person who watches sees what is being done meanwhile."""
    watched = sys.stderr.isatty()
    for event in events:
        if event.kind == "status" and watched:
            tell(event.data)
        if event.kind == "answer":
            answer: Answer = event.data
    return answer


def _estimate(assistant: Assistant, options: argparse.Namespace, filters: Filters) -> int:
    from assistant.adapters.render import as_json, estimate_data, estimate_text

    estimate = assistant.estimate(options.question, filters)
    print(as_json(estimate_data(estimate)) if options.json else estimate_text(estimate))
    return DONE


def run_replay(options: argparse.Namespace) -> int:
    """The answer of a receipt, made again; 1 where it is not the same any more, with what has changed."""
    from assistant.adapters.render import answer_data, answer_text, as_json
    from assistant.receipts import read

    recording = read(Path(options.file))
    with _assistant(first_use=True) as assistant:
        answer, changed = assistant.replay(recording)
    print(as_json(answer_data(answer)) if options.json else answer_text(answer))
    for difference in changed:
        tell(f"differs: {difference}")
    return FAILED if changed else DONE


def _conversation(assistant: Assistant, chosen: str | None) -> str | None:
    if chosen != "new":
        return chosen
    made = assistant.conversations.create()
    tell(f"conversation {made.id}; go on with: assistant ask --conversation {made.id} QUESTION")
    return made.id


def run_search(options: argparse.Namespace) -> int:
    """Passages, best first."""
    from assistant.adapters.render import as_json, hit_data, hit_text

    filters = _filters(options)
    with _assistant(first_use=True) as assistant:
        if options.batch:
            found = lambda text: [hit_data(hit) for hit in assistant.search(text, options.k, filters)]  # noqa: E731
            return _batch(options.batch, "query", "passages", found)
        hits = assistant.search(options.query, options.k, filters)
    if options.json:
        print(as_json({"passages": [hit_data(hit) for hit in hits]}))
    else:
        print("\n".join(hit_text(i, hit) for i, hit in enumerate(hits, 1)) or "nothing found")
    return DONE


def run_check(options: argparse.Namespace) -> int:
    """A verdict on every figure of a text, or of each of a batch."""
    from assistant.adapters.render import as_json, check_data, check_text
    from assistant.language import script_of

    with _assistant(first_use=True) as assistant:
        if options.batch:
            return _rows(options.batch, "text", lambda row: _checked(assistant, row))
        text = "".join(_lines(options.file))
        outcome = assistant.check(text)
    print(as_json(check_data(outcome)) if options.json else check_text(outcome, script_of(text)))
    return DONE


def _checked(assistant: Assistant, row: dict[str, Any]) -> dict[str, Any]:
    """The check of one line of a batch; citations that can't be resolved are an error, and nothing rests on them."""
    from assistant.adapters.render import check_data

    try:
        return check_data(assistant.check(row["text"], _cited(row.get("citations"))))
    except InputError as error:
        return {"figures": [], "verified": False, "error": str(error)}


def _cited(citations: Any) -> list[Span] | None:
    from assistant.grounding import Span

    if citations is None:
        return None
    try:
        spans = [Span(str(c["source"]), c["start"], c["end"]) for c in citations]
        if not all(type(offset) is int for span in spans for offset in (span.start, span.end)):
            raise TypeError("offsets")
    except (KeyError, TypeError):
        raise InputError('citations should be [{"source", "start", "end"}, …] with whole numbers') from None
    return spans


def run_reports(options: argparse.Namespace) -> int:
    """The reports kept, newest first."""
    from assistant.adapters.render import as_json, info_data, plain, table

    with _assistant() as assistant:
        infos = [info_data(info) for info in assistant.reports()]
    if options.json:
        print(as_json({"reports": infos}))
    elif not infos:
        print("the library is empty; `assistant ingest PATH` reads reports in")
    else:
        head = ("report_id", "date", "issuer", "source", "title")
        print(table([tuple(plain(info[name] or "–") for name in head) for info in infos], ("id", *head[1:])))
    return DONE


def run_show(options: argparse.Namespace) -> int:
    """A report's particulars, its text, or a page as a picture."""
    from assistant.adapters.render import report_text

    with _assistant() as assistant:
        report = assistant.report(options.id)
        if options.page:
            return _show_page(assistant, report.report_id, options)
    if options.text:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(newline="")  # offsets count the text's own line ends
        sys.stdout.write(report.text)
    else:
        print(report_text(report))
    return DONE


def _show_page(assistant: Assistant, report_id: str, options: argparse.Namespace) -> int:
    if not options.output:
        raise InputError("say where the picture goes: -o page.png")
    picture = assistant.page_picture(report_id, options.page, _span(options.mark))
    try:
        Path(options.output).write_bytes(picture)
    except OSError as error:
        raise InputError(f"{options.output} can't be written: {error.strerror}") from None
    return DONE


def _span(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    start, _, end = text.partition(":")
    if not (start.isdigit() and end.isdigit() and int(start) < int(end)):
        raise InputError(f"--mark {text!r} is not START:END, two character offsets of the report's text")
    return int(start), int(end)


def run_remove(options: argparse.Namespace) -> int:
    """Takes one report out."""
    from assistant.adapters.render import plain

    with _assistant() as assistant:
        info = assistant.remove(options.id)
    print(f"removed {info.report_id} ({plain(info.source)})")
    return DONE


def run_conversations(options: argparse.Namespace) -> int:
    """The conversations kept, newest first, or one of them with its answers; it may get another title before."""
    from dataclasses import asdict

    from assistant.adapters.render import answer_text, as_json, conversation_data, plain, table

    with _conversations() as kept:
        if options.title and not options.id:
            raise InputError("say which conversation gets the title: assistant conversations ID --title TITLE")
        one = kept.rename(options.id, options.title) if options.title else kept.get(options.id) if options.id else None
        turns = kept.turns(one.id) if one else []
        listed = [] if one else kept.list(limit=10_000)
    if options.json:
        print(as_json(conversation_data(one, turns) if one else {"conversations": [asdict(item) for item in listed]}))
    elif one:
        print("\n\n".join([plain(one.title), *(f"> {plain(t.question)}\n\n{answer_text(t.answer)}" for t in turns)]))
    elif not listed:
        print("no conversations are kept; `assistant ask --conversation new QUESTION` begins one")
    else:
        rows = [(c.id, c.updated_at[:16].replace("T", " "), str(c.turns), plain(c.title)) for c in listed]
        print(table(rows, ("id", "last used", "turns", "title")))
    return DONE


def run_forget(options: argparse.Namespace) -> int:
    """Deletes one conversation."""
    from assistant.adapters.render import plain

    with _conversations() as kept:
        kept.delete(options.id)
    print(f"forgot {plain(options.id)}")
    return DONE


def run_tools(options: argparse.Namespace) -> int:
    """What can be computed and looked up."""
    from dataclasses import asdict

    from assistant.adapters.render import as_json
    from assistant.lookups import registry_over

    described = registry_over(None).describe()
    if options.json:
        print(as_json({"tools": [asdict(info) for info in described]}))
        return DONE
    group = None
    for info in described:
        if info.group != group:
            group = info.group
            print(f"\n{group}")
        arguments = ", ".join(a.name if a.required else f"{a.name}={a.default}" for a in info.arguments)
        print(f"  {info.name}({arguments})\n      {info.summary_en} · {info.summary_zh}")
    return DONE


def run_tool(options: argparse.Namespace) -> int:
    """One tool's result with its formula; an error with its reason is status 1."""
    from assistant.adapters.render import as_json, tool_data, tool_text

    try:
        made = _tool(options.name, _arguments(options.values))
    except InputError as error:
        if options.json:
            print(as_json({"error": str(error)}))
        raise
    print(as_json(tool_data(made)) if options.json else tool_text(made))
    return DONE


def _tool(name: str, arguments: dict[str, Any]) -> Calculation:
    """Runs a tool; only a look-up opens the library."""
    from assistant import lookups

    if name not in lookups.NAMES:
        return lookups.registry_over(None).run(name, arguments)
    with _assistant(first_use=True) as assistant:
        return assistant.registry.run(name, arguments)


def _arguments(pairs: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in pairs:
        key, found, value = pair.partition("=")
        if not found or not key:
            raise InputError(f"{pair!r} is not KEY=VALUE")
        values[key] = value
    return values


def run_chat(options: argparse.Namespace) -> int:
    """A conversation in the terminal until the person leaves; from a pipe, 1 where anything failed."""
    from assistant.adapters.terminal.chat import chat
    from assistant.settings import load_settings

    with _assistant(first_use=True) as assistant:
        done = chat(assistant, load_settings().home_folder, sys.stdin.isatty(), options.conversation)
    return DONE if done else FAILED


def run_serve(options: argparse.Namespace) -> int:
    """The HTTP API, MCP, the web chat and, where its tokens are set, the Slack bot, until it is told to stop."""
    from assistant.adapters import slack, web
    from assistant.adapters.api.asking import answering

    with _served(options) as (app, assistant, settings):
        slack.mount(app, assistant, settings)
        desk = app.state.desk
        web.mount(app, assistant, settings, desk.keys.find, partial(answering, desk))
    return DONE


def run_slack(options: argparse.Namespace) -> int:
    """The Slack bot, until it is told to stop."""
    from assistant.adapters import slack
    from assistant.settings import load_settings

    settings = load_settings()
    slack.check(settings)
    with _assistant(first_use=True) as assistant:
        slack.run(assistant, settings, tell)
    return DONE


def run_mcp(options: argparse.Namespace) -> int:
    """The assistant as an MCP server."""
    if options.http:
        with _served(options):
            return DONE
    from assistant.adapters.mcp import serve_stdio

    with _assistant(first_use=True) as assistant:
        serve_stdio(assistant)
    return DONE


@contextmanager
def _served(options: argparse.Namespace) -> Iterator[tuple[FastAPI, Assistant, Settings]]:
    """The app with its API and MCP, to which more may be added; at the end it serves until it is told to stop."""
    from assistant.adapters import mcp
    from assistant.adapters.api.app import create_app, keys_of
    from assistant.adapters.api.asking import asker
    from assistant.adapters.api.keys import check_bind
    from assistant.adapters.api.server import serve
    from assistant.settings import load_settings

    settings = load_settings()
    check_bind(options.host, keys_of(settings))
    with _assistant(first_use=True) as assistant:
        app = create_app(assistant, settings)
        mcp.mount(app, assistant, asker(app.state.desk))
        yield app, assistant, settings
        serve(app, options.host, options.port, lambda address: tell(f"listening on {address}"))


def run_eval(options: argparse.Namespace) -> int:
    """Figures with their uncertainty, the worst cases, what changed; as text or JSON, and as a page."""
    from assistant.adapters.render import as_json, eval_text
    from assistant.evaluation import runs, tasks
    from assistant.evaluation.page import page
    from assistant.evaluation.request import Request

    earlier = runs.load(options.against) if options.against else []
    names = tasks.SUITE if options.task == "all" else (options.task,)
    made = []
    for name in names:
        with _progress(name) as progress:
            asked = options.corpus, options.questions, options.limit, options.seed
            made.append(tasks.run(name, Request(*asked, tell=tell, progress=progress)))
        if not options.json:
            print(eval_text(made[-1], earlier), flush=True)
    if options.json:
        print(as_json({"runs": [runs.run_data(run) for each in made for run in each]}))
    if options.html:
        _write(options.html, "\n".join(page(each, earlier) for each in made))
    return DONE


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}") from None


def run_reindex(options: argparse.Namespace) -> int:
    """Embeds every passage anew."""
    from assistant.bootstrap import reindex
    from assistant.settings import load_settings

    with _progress("embedding") as progress:
        count = reindex(load_settings(), progress)
    print(f"{count} passages embedded anew")
    return DONE


def run_backup(options: argparse.Namespace) -> int:
    """Every report, with its file and its vectors, in one file."""
    from assistant.bootstrap import backup
    from assistant.settings import load_settings

    with _progress("backing up") as progress:
        print(f"{backup(load_settings(), Path(options.file), progress):,} reports written")
    return DONE


def run_restore(options: argparse.Namespace) -> int:
    """The reports of a backup that the library lacks."""
    from assistant.bootstrap import restore
    from assistant.settings import load_settings

    with _progress("restoring") as progress:
        print(f"{restore(load_settings(), Path(options.file), progress):,} reports restored")
    return DONE


def run_verify(options: argparse.Namespace) -> int:
    """1 where something is amiss, with the command that mends it."""
    from assistant.adapters.render import as_json, plain
    from assistant.bootstrap import verify
    from assistant.settings import load_settings

    with _progress("verifying") as progress:
        problems, counts = verify(load_settings(), progress)
    if options.json:
        print(as_json({"library": counts, "problems": problems}))
    else:
        print(", ".join(f"{count:,} {name}" for name, count in counts.items()) + " compared")
        told = [f"! {problem['sentence']}\n  mend it: {problem['mend']}" for problem in problems]
        print(plain("\n".join(told)) or "nothing is amiss")
    return FAILED if problems else DONE


def run_doctor(options: argparse.Namespace) -> int:
    """Settings, secrets masked, and what is wrong with the library, with the command that mends it."""
    from assistant.adapters.render import as_json, plain, table
    from assistant.bootstrap import diagnose
    from assistant.settings import load_settings

    settings = load_settings()
    problems, counts = diagnose(settings)
    if options.json:
        shown = {name: {"value": value, "from": origin} for name, value, origin in settings.shown()}
        print(as_json({"settings": shown, "library": counts, "problems": problems}))
    else:
        print(table(list(settings.shown()), ("setting", "value", "from")))
        print("\n" + ", ".join(f"{count:,} {name}" for name, count in counts.items()) if counts else "")
        told = [f"! {problem['sentence']}\n  mend it: {problem['mend']}" for problem in problems]
        print(plain("\n".join(told)) or "the library is sound")
    return FAILED if problems else DONE


# ---------------------------------------------------------------- shared


@contextmanager
def _assistant(*, first_use: bool = False) -> Iterator[Assistant]:
    from assistant.bootstrap import open_assistant
    from assistant.settings import load_settings

    def explain(folder: Path) -> None:
        tell(f"the library is empty: reading the bundled reports in {folder.name}/ first · 库是空的，先读入随附的报告")

    assistant = open_assistant(load_settings(), on_first_use=explain if first_use else None)
    try:
        for notice in assistant.library.notices:
            tell(f"note: {notice}")
        yield assistant
    finally:
        assistant.close()


@contextmanager
def _conversations() -> Iterator[Conversations]:
    """The conversations alone: they can be looked at while another program has the library."""
    from assistant.bootstrap import open_conversations
    from assistant.settings import load_settings

    with open_conversations(load_settings()) as kept:
        yield kept


def _filters(options: argparse.Namespace) -> Filters:
    from assistant.types import Filters

    return Filters(tuple(options.report), options.issuer, options.since, options.until)


def _batch(name: str, key: str, result: str, work: Callable[[str], Any]) -> int:
    """Answers a file of JSON lines in order, each as soon as it is there; a bad line is told and the rest goes on."""
    return _rows(name, key, lambda row: {result: work(row[key])})


def _rows(name: str, key: str, work: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """One line out for each JSON line with "id" and `key`; 1 if a line was bad."""
    from assistant.adapters.render import as_json

    failed = False
    for number, line in enumerate(_lines(name), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            identity = row["id"]
            if not isinstance(row[key], str):
                raise TypeError(key)
        except (ValueError, KeyError, TypeError, RecursionError):
            tell(f'{name}, line {number}: not a JSON object with "id" and "{key}"; skipped')
            failed = True
            continue
        done = work(row)
        failed = failed or "error" in done
        print(as_json({"id": identity, **done}), flush=True)
    return FAILED if failed else DONE


def _lines(name: str) -> Iterator[str]:
    if name == "-":
        yield from sys.stdin
        return
    try:
        with open(name, encoding="utf-8-sig") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"{name} can't be read: {reason}") from None


@contextmanager
def _progress(verb: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error when a person watches, else nothing."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(verb, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _write_anything() -> None:
    """Reports hold what the terminal's encoding may lack: files and pipes get UTF-8, a terminal gets question marks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def tell(message: str) -> None:
    """A message for the person, never mixed into the output."""
    from assistant.adapters.render import plain

    print(plain(message), file=sys.stderr, flush=True)

"""Every command with its options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import __version__
from assistant.adapters.cli.asking import run_ask, run_check, run_replay, run_search
from assistant.adapters.cli.library import (
    run_backup,
    run_doctor,
    run_ingest,
    run_reindex,
    run_remove,
    run_reports,
    run_restore,
    run_show,
    run_verify,
)
from assistant.adapters.cli.measuring import run_eval
from assistant.adapters.cli.serving import run_mcp, run_serve, run_slack
from assistant.adapters.cli.talking import run_chat, run_conversations, run_forget
from assistant.adapters.cli.tools import run_tool, run_tools

if TYPE_CHECKING:
    from decimal import Decimal


DESCRIPTION = """Ask a folder of broker reports, in Chinese or English; every answer cites the exact words it rests on.
向一批券商研报提问(简体、繁体、英文均可),答案逐条注明原文出处。"""
EXAMPLES = """examples · 示例:
  assistant ask "OpenRouter 一周的 token 用量是多少?"
  assistant ingest ~/reports
  assistant search "capital intensity of cloud providers" -k 5
  assistant tool growth start=5.8tn end=23tn
"""


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

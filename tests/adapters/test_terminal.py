"""The chat in the terminal: by keyboard through a pipe input and a real pseudo-terminal, and a line a question."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.cells import cell_len

from assistant.adapters.cli import main
from assistant.adapters.terminal.chat import chat
from assistant.bootstrap import open_assistant
from assistant.settings import load_settings
from fakes.openai_server import OpenAIServer
from fakes.replies import stall

NOTE = """# 示例科技：云业务跟踪

报告日期：2026年4月8日

示例科技（1234.HK）的云业务收入为 37 亿元，同比增长 40%。公司把全年资本开支上调到 12 亿元。

表 1：示例科技分部收入（亿元）

| 分部 | 2023 | 2024 | 2025E | 2026E |
|---|---|---|---|---|
| 云业务收入 | 21 | 26 | 37 | 52 |
| 广告收入 | 13 | 15 | 18 | 22 |
| 游戏收入 | 30 | 31 | 33 | 34 |

资料来源：公司资料，凯基证券整理
"""
HOSTILE = """# Gaming weekly

Date: 2 March 2026

Guosen Securities research.

The gaming margin of Example Games was 31%\x1b]0;owned\x07 \x1b[31m[red]in\x9b2J March\u202e[/red].
"""
CLOUD = "示例科技的云业务收入是多少?"
SEGMENTS = "示例科技 2023 到 2026E 的云业务收入、广告收入和游戏收入分别是多少?"

Piped = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a library of two reports, one of them hostile."""
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "cloud.md").write_text(NOTE, encoding="utf-8")
    (folder / "games.md").write_text(HOSTILE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_HOME", str(folder / "home"))
        assert main(["ingest", str(folder / "cloud.md"), str(folder / "games.md")]) == 0
    return folder / "home"


@pytest.fixture
def home(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that library."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    home = shutil.copytree(library, tmp_path / "home")
    monkeypatch.setenv("ASSISTANT_HOME", str(home))
    return home


@pytest.fixture
def piped(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Piped:
    """`assistant chat` with these lines on standard input: the exit status, and both outputs."""

    def run(*lines: str, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        status = main(["chat", *options])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def after(out: str, line: str) -> str:
    """What was printed after a line was given, until the next one."""
    return out.split(f"> {line}\n", 1)[1].split("\n> ")[0]


# ---------------------------------------------------------------- a line a question


def test_each_line_is_a_question_answered_with_verdicts_and_notes(piped: Piped) -> None:
    status, out, err = piped(CLOUD, "", "What was the gaming margin of Example Games?")
    assert (status, err) == (0, "")
    assert "37 亿元✓" in after(out, CLOUD)
    assert re.search(r"^\[1\] cloud\.md · ", after(out, CLOUD), re.M)
    assert "31%✓" in after(out, "What was the gaming margin of Example Games?")


def test_a_note_is_quoted_on_request(piped: Piped) -> None:
    _, out, _ = piped("示例科技的资本开支上调到多少?", "/quote 1")
    assert "cloud.md" in after(out, "/quote 1")
    assert "公司把全年资本开支上调到 12 亿元。" in after(out, "/quote 1")


def test_a_note_of_a_cell_is_quoted_in_its_row(piped: Piped) -> None:
    _, out, _ = piped("示例科技 2026E 的广告收入是多少?", "/quote 1")
    shown = after(out, "/quote 1")
    assert re.search(r"^分部 +2023 +2024 +2025E +2026E *$", shown, re.M)
    assert re.search(r"^\S+ +\d+ +\d+ +\d+ +▸\d+ *$", shown, re.M)


def test_rows_of_one_table_are_drawn_as_a_table(piped: Piped) -> None:
    _, out, _ = piped(SEGMENTS)
    assert re.search(r"^分部 +2023 +2024 +2025E +2026E *$", out, re.M)
    assert re.search(r"^游戏收入 +30 +31 +33 +34 *$", out, re.M)


def test_a_figure_says_where_it_comes_from(piped: Piped) -> None:
    _, out, _ = piped(CLOUD, "/why", "/why 37", "/why 99999")
    assert "37 亿元 ✓ 与来源一致 · [1]" in after(out, "/why")
    assert "37" in after(out, "/why 37")
    assert "[1] cloud.md" in after(out, "/why 37")


def test_a_computed_figure_shows_its_formula_and_operands(piped: Piped) -> None:
    asked = "OpenRouter 周用量从5.8tn到23tn增长多少?"
    _, out, _ = piped(asked, "/why 296.6%")
    shown = after(out, "/why 296.6%")
    assert "296.6% ƒ" in shown
    assert "end / start − 1" in shown
    assert "start = 5,800,000,000,000 ← 提问" in shown


def test_what_the_checks_took_out_can_be_asked(piped: Piped) -> None:
    _, out, _ = piped(CLOUD, "/removed", "/删去")
    assert after(out, "/删去").strip() == after(out, "/removed").strip() == "核对没有从回答里删去内容。"


def test_filters_narrow_what_a_question_may_use(piped: Piped) -> None:
    status, out, _ = piped("/reports", "/since 2026-04-01", "/reports", CLOUD, "/until 2026-04-01", CLOUD, "/all")
    assert status == 0
    assert "Questions use 1 of 2 reports: since 2026-04-01." in after(out, "/since 2026-04-01")
    assert len(re.findall(r"^\d•", out.split("> /reports")[1], re.M)) == 2
    assert len(re.findall(r"^\d•", out.split("> /reports")[2], re.M)) == 1
    assert "0 份" in after(out, "/until 2026-04-01")
    assert "37 亿元" not in out.split(f"> {CLOUD}")[2].split("\n> ")[0]
    assert "2 份报告中的 2 份" in after(out, "/all")


def test_reports_are_chosen_by_number_or_id(piped: Piped) -> None:
    _, out, err = piped("/reports", "/only 1", "/only nothing")
    first = re.search(r"^1• +(\w{12}) ", out, re.M)
    assert first
    assert f"1 of 2 reports: {first[1]}" in after(out, "/only 1")
    assert "there is no report 'nothing'" in err
    assert f"1 of 2 reports: {first[1]}" in piped(f"/only {first[1][:6]}")[1]


def test_a_broker_is_chosen_by_any_of_its_names(piped: Piped) -> None:
    _, out, _ = piped("/issuer 凯基", "/券商 Guosen")
    assert "1 of 2 reports: issuer 凯基" in out
    assert "1 of 2 reports: issuer Guosen" in out


def test_a_conversation_is_kept_and_gone_on_with(piped: Piped) -> None:
    piped(CLOUD)
    _, out, _ = piped("/conversations", "/open 1", "/why", "那广告收入呢?", "/conversations")
    assert CLOUD in after(out, "/conversations")
    assert f"> {CLOUD}" in out.split("> /open 1")[1]
    assert "37 亿元✓" in out.split("> /open 1")[1]
    assert "广告收入" in after(out, "那广告收入呢?")
    assert re.search(r"^1• .* 2 +示例", out, re.M), "the second turn is in the same conversation"


def test_a_conversation_is_named_on_the_command_line(piped: Piped) -> None:
    piped(CLOUD)
    _, out, _ = piped("/conversations")
    found = re.search(r"^1 +(\w{12})", out, re.M)
    assert found
    status, out, _ = piped("/why", options=("--conversation", found[1]))
    assert status == 0
    assert "37 亿元 ✓" in after(out, "/why")
    status, _, err = piped(options=("--conversation", "gone"))
    assert status == 1
    assert "there is no conversation 'gone'" in err


def test_a_new_conversation_forgets_the_answer(piped: Piped) -> None:
    status, out, err = piped(CLOUD, "/new", "/why", "/conversations")
    assert "新对话" in after(out, "/new")
    assert "还没有回答" in err
    assert "1•" not in after(out, "/conversations")
    assert status == 1


def test_tools_and_checks_work_within_the_chat(piped: Piped) -> None:
    growth = '/tool growth start=5 "end=10"'
    _, out, err = piped(growth, "/check 示例科技的云业务收入为 38 亿元。", "/tool growth start", "/tool")
    assert "= 100%" in after(out, growth)
    assert "✗ 38 亿元" in out
    assert "'start' is not KEY=VALUE" in err
    assert "dcf:" in out.split("> /tool\n")[1]


def test_the_chat_speaks_the_language_of_the_questions_or_one_that_is_set(piped: Piped) -> None:
    _, out, _ = piped("/all", CLOUD, "/all", "/lang zh-Hant", "/all", "/語言 en", "/all", "/lang")
    told = re.findall(r"^(?:Questions use|提问使用|提問使用)", out, re.M)
    assert told == ["Questions use", "提问使用", "提問使用", "Questions use"]


def test_the_locale_says_in_which_language_the_chat_begins(piped: Piped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_TW.UTF-8")
    assert "提問使用" in piped("/全部")[1]


def test_help_lists_every_command_in_both_languages(piped: Piped) -> None:
    _, out, err = piped("/help", "／帮助", "/lang zh", "/help")
    english = re.findall(r"^/(\S+)", after(out, "/help"), re.M)
    chinese = re.findall(r"^/(\S+)", out.rsplit("> /help", 1)[1], re.M)
    assert len(english) == len(chinese) == 18
    assert {"quote", "why", "reports", "only", "open", "quit"} <= set(english)
    assert {"原文", "为何", "报告"} <= set(chinese)
    assert err == ""


def test_an_unknown_command_names_the_nearest(piped: Piped) -> None:
    status, _, err = piped("/qoute 1")
    assert status == 1
    assert err == "! there is no command /qoute (did you mean /quote?); /help lists them\n"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/quote 1", "there is no answer yet"),
        ("/since yesterday", "'yesterday' is not a date like 2026-06-30"),
        ("/only", "/only ID…"),
        ("/only 9999999999999999", "there is no report"),
        ("/open", "/open ID"),
        ("/open zzz", "there is no conversation 'zzz'"),
        ("/check", "/check TEXT"),
        ("/tool 'x", "a quotation mark is not closed"),
        ("/tool nosuchtool", "nosuchtool"),
        ("/cost lots", "'lots' is not an amount"),
        ("/lang fr", "/lang [zh|zh-Hant|en]"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(piped: Piped, line: str, says: str) -> None:
    status, _, err = piped(line)
    assert status == 1
    assert says in err
    assert "Traceback" not in err


def test_what_follows_quit_is_not_answered(piped: Piped) -> None:
    _, out, _ = piped("/quit", CLOUD)
    assert "37" not in out


def test_nothing_in_a_report_reaches_the_terminal_as_a_command(piped: Piped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    asked = "What was the gaming margin of Example Games?"
    _, out, _ = piped(asked, "/quote 1", "/reports", "/why 1", "\x1b[2J\x9bhello?")
    assert "[red]in" in out, "markup of a report is shown as it is written"
    assert not re.search(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e]", out)
    assert set(re.findall(r"\x1b.{0,2}", out)) <= {*(f"\x1b[{n}" for n in "0123456789")}
    assert "\x1b[2J" not in out
    assert not re.search(r"\x1b\[[\d;]*[^\d;m]", out)


def test_an_empty_library_reads_the_bundled_reports_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "new"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("/reports\n"))
    assert main(["chat"]) == 0
    out, err = capsys.readouterr()
    assert "the library is empty: reading the bundled reports" in err
    assert "KGI Securities" in out


# ---------------------------------------------------------------- by keyboard


@contextmanager
def keyboard(keys: str) -> Iterator[None]:
    """A person who has typed `keys`."""
    with create_pipe_input() as given, create_app_session(input=given, output=DummyOutput()):
        given.send_text(keys)
        yield


def talked(home: Path, keys: str) -> None:
    assistant = open_assistant(load_settings())
    try:
        with keyboard(keys):
            assert chat(assistant, home, interactive=True)
    finally:
        assistant.close()


def test_what_is_typed_is_answered_until_ctrl_d(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talked(home, f"{CLOUD}\r/quote 1\r\x04")
    out, err = capsys.readouterr()
    assert "2 reports" in out
    assert "37 亿元✓" in out
    assert err == ""


def test_ctrl_c_gives_up_a_line_and_not_the_chat(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talked(home, f"/nonsense\x03{CLOUD}\r/quit\r")
    out, err = capsys.readouterr()
    assert "Ctrl-D or /quit leaves." in out
    assert "37 亿元✓" in out
    assert err == ""


def test_the_lines_typed_are_there_again_after_a_restart(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talked(home, "/all\r/quit\r")
    capsys.readouterr()
    up = "\x1b[A"
    talked(home, f"{up}{up}\r/quit\r")
    assert "Questions use 2 of 2 reports." in capsys.readouterr().out
    assert (home / "chat_history").stat().st_mode & 0o077 == 0, "nobody else reads what was typed"


def test_a_history_that_cannot_be_kept_is_no_reason_to_fail(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "chat_history").mkdir()
    talked(home, "/all\r/quit\r")
    assert "Questions use 2 of 2 reports." in capsys.readouterr().out


# ---------------------------------------------------------------- at a real terminal


_PATIENCE = 20.0  # seconds


class Terminal:
    """`assistant chat` at a pseudo-terminal of its own."""

    def __init__(self, columns: int, **settings: str) -> None:
        unset = ("LC_ALL", "LC_MESSAGES", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PROMPT_TOOLKIT_NO_CPR": "1", **settings}
        size = struct.pack("HHHH", 40, columns, 0, 0)
        self.child, self.file = pty.fork()
        if self.child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.execve(sys.executable, [sys.executable, "-m", "assistant", "chat"], environment)
        self.read = b""

    def type(self, keys: str) -> None:
        """Types, and forgets what was seen."""
        self.read = b""
        os.write(self.file, keys.encode())

    @property
    def seen(self) -> str:
        """What was printed since the last keys."""
        return self.read.decode("utf-8", "ignore")

    def wait_for(self, pattern: str) -> str:
        """What is printed until the pattern is seen, whatever colours and line ends are in it."""
        late = time.monotonic() + _PATIENCE
        while not re.search(pattern, bare(self.seen).replace("\r", "").replace("\n", "")):
            if time.monotonic() > late or not select.select([self.file], [], [], _PATIENCE)[0]:
                raise AssertionError(f"not seen: {pattern}\n{self.seen}")
            try:
                self.read += os.read(self.file, 65_536)
            except OSError:
                raise AssertionError(f"ended before: {pattern}\n{self.seen}") from None
        return self.seen

    def status(self) -> int:
        """The exit status, once it has ended."""
        while select.select([self.file], [], [], 60)[0]:
            try:
                if not os.read(self.file, 65_536):
                    break
            except OSError:
                break
        _, status = os.waitpid(self.child, 0)
        self.child = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Ends what has not ended by itself."""
        if self.child:
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
        os.close(self.file)


@contextmanager
def terminal(columns: int = 80, **settings: str) -> Iterator[Terminal]:
    opened = Terminal(columns, **settings)
    try:
        yield opened
    finally:
        opened.close()


def bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_a_narrow_terminal_gets_lines_that_fit(home: Path) -> None:
    with terminal(columns=34) as shown:
        shown.wait_for("Ctrl-D")
        shown.type(f"{SEGMENTS}\r")
        answer = bare(shown.wait_for(r"/为何 \[N\]"))
        shown.type("/报告\r")
        answer += bare(shown.wait_for("2 份报告中的 2 份"))
        shown.type("/quit\r")
        assert shown.status() == 0
    printed = answer[answer.index("报告的说法") :].splitlines()
    assert max(map(cell_len, printed)) <= 34
    assert not any(line.lstrip()[:1] in "，。；、" for line in printed if line.strip())


@pytest.mark.parametrize("plainly", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=lambda setting: next(iter(setting)))
def test_without_colours_the_marks_still_tell(home: Path, plainly: dict[str, str]) -> None:
    with terminal(**plainly) as shown:
        shown.wait_for("Ctrl-D")
        shown.type(f"{CLOUD}\r")
        answer = shown.wait_for(r"/为何 \[N\]")
        shown.type("/quit\r")
        assert shown.status() == 0
    assert "37 亿元✓" in bare(answer)
    assert not re.search(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;)[\d;]*m", answer)


def test_ctrl_c_stops_the_answer_and_keeps_what_there_is(home: Path, openai_server: OpenAIServer) -> None:
    openai_server.always(stall("示", after=1))
    model = {"OPENAI_BASE_URL": openai_server.url, "OPENAI_API_KEY": "sk-test", "ASSISTANT_MODEL": "openai:test-model"}
    with terminal(**model, ASSISTANT_EMBEDDING="builtin") as shown:
        shown.wait_for("openai:test-model")
        shown.type(f"{CLOUD}\r")
        shown.wait_for("正在")
        shown.type("\x03")
        shown.wait_for("回答未完成即已停止")
        shown.type("/费用\r")
        shown.wait_for("上一条回答")
        shown.type("/quit\r")
        assert shown.status() == 0

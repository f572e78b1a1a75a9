"""Bad files, odd questions, full disks and damaged libraries, as somebody at the command line meets them."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from assistant.adapters.cli import main
from assistant.ingestion import ingest
from assistant.reading import read

SIMPLIFIED = "公司上调全年资本开支，毛利率和营收都在增长。主要的原因是海外市场的订单继续增加，预测也随之提高。"
TRADITIONAL = "公司上調全年資本支出，毛利率和營收都在成長。主要的原因是海外市場的訂單繼續增加，預測也隨之提高。"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return command


@pytest.fixture
def home() -> Path:
    return Path(os.environ["ASSISTANT_HOME"])


# ---------------------------------------------------------------- one folder of bad files


def image(form: str) -> bytes:
    stream = BytesIO()
    Image.new("RGB", (200, 200), "red").save(stream, form)
    return stream.getvalue()


def pdf(draw: Callable[[canvas.Canvas], object], **options: Any) -> bytes:
    stream = BytesIO()
    sheet = canvas.Canvas(stream, **options)
    draw(sheet)
    sheet.showPage()
    sheet.save()
    return stream.getvalue()


def written(sheet: canvas.Canvas) -> None:
    for i in range(40):
        sheet.drawString(60, 780 - 18 * i, f"Line {i}: capital expenditure was raised again in the quarter.")


def scanned(sheet: canvas.Canvas) -> None:
    sheet.drawImage(ImageReader(BytesIO(image("PNG"))), 0, 0, 595, 842)


TOLD = {  # what a line says of each file
    "big5.txt": "added",
    "broken-link.txt": "not there",
    "copy.txt": "same file as big5.txt",
    "empty.txt": "empty",
    "encrypted.pdf": "password",
    "gb18030.txt": "added",
    "good.pdf": "added",
    "huge.txt": "300 MB",
    "photo.pdf": "picture",
    "scanned.pdf": "no text",
    "truncated.pdf": "cut short",
}
GOOD = {"big5.txt", "gb18030.txt", "good.pdf"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "inbox"
    place.mkdir()
    whole = pdf(written)
    contents = {
        "big5.txt": TRADITIONAL.encode("big5"),
        "copy.txt": TRADITIONAL.encode("big5"),
        "empty.txt": b"",
        "encrypted.pdf": pdf(written, encrypt=StandardEncryption("secret")),
        "gb18030.txt": SIMPLIFIED.encode("gb18030"),
        "good.pdf": whole,
        "photo.pdf": image("JPEG"),
        "scanned.pdf": pdf(scanned),
        "truncated.pdf": whole[: len(whole) // 2],
    }
    for name, data in contents.items():
        (place / name).write_bytes(data)
    with (place / "huge.txt").open("wb") as file:
        file.truncate(300 << 20)
    (place / "broken-link.txt").symlink_to(place / "nowhere")
    (place / "sub").mkdir()
    (place / "sub" / "loop").symlink_to(place)
    return place


def test_each_file_gets_its_own_line_and_the_good_ones_are_kept(run: Run, folder: Path) -> None:
    status, out, err = run("ingest", folder)
    lines = {line.split()[1]: line for line in out.splitlines()}
    assert status == 1 and err == "" and len(out.splitlines()) == len(lines) and set(lines) == set(TOLD)
    for name, part in TOLD.items():
        assert part in lines[name], lines[name]
        assert lines[name].split()[0] == ("added" if name in GOOD else "duplicate" if name == "copy.txt" else "failed")
        assert str(folder.parent) not in lines[name]
    assert {row["source"] for row in json.loads(run("reports", "--json")[1])["reports"]} == GOOD


def test_the_second_time_the_good_ones_are_known(run: Run, folder: Path) -> None:
    run("ingest", folder)
    status, out, _ = run("ingest", folder)
    assert status == 1 and {line.split()[1] for line in out.splitlines() if line.startswith("unchanged")} == GOOD


def test_a_file_that_disappears_while_the_folder_is_read(home: Path, tmp_path: Path) -> None:
    from assistant.bootstrap import open_library
    from assistant.settings import load_settings

    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text(f"{name}: {SIMPLIFIED}", encoding="utf-8")

    def named_then_gone() -> Iterator[Path]:
        yield tmp_path
        (tmp_path / "b.txt").unlink()  # its name has been read, its contents have not

    with open_library(load_settings()) as library:
        told = {outcome.source: outcome.message for outcome in ingest(library, named_then_gone(), read=read)}
        assert told == {"a.txt": "", "b.txt": "the file is gone", "c.txt": ""} and len(library) == 2


def limited(*arguments: object, home: Path, setup: Callable[[], None] | None = None) -> tuple[int, str, str]:
    """A command in a process of its own, under limits."""
    command = [sys.executable, "-m", "assistant", *map(str, arguments)]
    environment = {**os.environ, "ASSISTANT_HOME": str(home), "HOME": "/nonexistent"}
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, preexec_fn=setup, env=environment
    )
    assert "Traceback" not in ran.stdout + ran.stderr, ran.stderr
    return ran.returncode, ran.stdout, ran.stderr


def nobody() -> None:
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


def reachable(path: Path) -> None:
    """Lets another user pass through the folders that lead to a path; skips where the program is out of reach."""
    for folder in (path, *path.parents):
        if "pytest" in str(folder):
            folder.chmod(0o755)
    check = f"import os; os.setuid(65534); import assistant.adapters.cli; os.stat({str(path)!r})"
    if os.geteuid() == 0 and subprocess.run([sys.executable, "-c", check], capture_output=True, check=False).returncode:
        pytest.skip("another user can't run the program from here")


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    place, home = tmp_path / "inbox", tmp_path / "home"
    place.mkdir()
    home.mkdir()
    home.chmod(0o777)
    reachable(place)
    (place / "a.txt").write_text(SIMPLIFIED, encoding="utf-8")
    (place / "secret.txt").write_text(SIMPLIFIED + "！", encoding="utf-8")
    (place / "secret.txt").chmod(0)
    status, out, _ = limited("ingest", place, home=home, setup=nobody)
    lines = out.splitlines()
    assert status == 1 and lines[0].startswith("added") and "Permission denied" in lines[1], out


# ---------------------------------------------------------------- any text is a question

ODD = {
    "empty": "",
    "blank": " \n\t",
    "punctuation": "？！……——，。!?",
    "emoji": "😀🚀👩‍👩‍👧",
    "right to left": "ما هي الإيرادات؟ \u202eמה ההכנסות",
    "tantivy query": 'body:"资本开支"^2 AND -(report:* OR furniture:true) +[a TO z] ~3',
    "chroma filter": '{"$and": [{"report_id": {"$ne": ""}}, {"$or": []}]}',
    "sql": "'; DROP TABLE collections; --",
    "format": "{0} {question} %s %n",
    "control": "zebra\x00\x1b[31m\x07",
    "half a character": "zebra \ud83d",
    "dashes": "-- -k 3",
    "long": "资本开支是多少？" * 12_500,
    "one long word": "a" * 100_000,
    "long emoji": "🚀" * 100_000,
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two reports."""
    home, place = tmp_path_factory.mktemp("kept"), tmp_path_factory.mktemp("files")
    (place / "a.txt").write_text("# 云端周报\n\n报告日期：2026年4月8日\n\n" + SIMPLIFIED, encoding="utf-8")
    (place / "b.txt").write_text("# 雲端週報\n\n" + TRADITIONAL, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_HOME", str(home))
        assert main(["ingest", str(place)]) == 0
    return home


@pytest.mark.parametrize("name", ODD)
def test_any_text_is_just_a_question(run: Run, kept: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(kept))
    status, out, err = run("ask", "--json", "--", ODD[name])
    answer = json.loads(out)
    assert status == 0 and err == "" and answer["text"].strip()
    about = name in ("tantivy query", "long")
    assert about or answer["status"] == "not_found", answer["text"]
    assert bool(about) <= ("资本开支" in answer["text"])
    status, out, err = run("search", "--json", "--", ODD[name])
    assert status == 0 and err == "" and isinstance(json.loads(out)["passages"], list)
    status, out, _ = run("ask", "--", ODD[name])
    assert status == 0 and "\x1b" not in out and "\x00" not in out


# ---------------------------------------------------------------- disks, folders, damage


@pytest.fixture
def library(run: Run, home: Path, tmp_path: Path) -> Path:
    """A library of one text and one PDF, in `home`."""
    place = tmp_path / "files"
    place.mkdir()
    (place / "a.txt").write_text("# 云端周报\n\n" + SIMPLIFIED, encoding="utf-8")
    (place / "b.pdf").write_bytes(pdf(written))
    assert run("ingest", place)[0] == 0
    return home


def sound(run: Run) -> None:
    """Nothing is wrong, and everything is found."""
    status, out, _ = run("doctor", "--json")
    assert (status, json.loads(out)["problems"]) == (0, [])
    found = json.loads(run("search", "资本开支 capital expenditure", "--json")[1])["passages"]
    assert {row["source"] for row in found} == {"a.txt", "b.pdf"}


def mend(run: Run, home: Path) -> list[dict[str, str]]:
    """What doctor finds; the command that it names is run."""
    status, out, _ = run("doctor", "--json")
    problems: list[dict[str, str]] = json.loads(out)["problems"]
    assert status == 1 and problems
    for problem in problems:
        assert problem["sentence"] and problem["mend"] and str(home) not in problem["sentence"] + problem["mend"]
    command = problems[0]["mend"].rpartition("assistant ")[2].split()
    assert run(*command)[0] == 0
    return problems


def test_a_damaged_database(run: Run, library: Path) -> None:
    (library / "chroma" / "chroma.sqlite3").write_bytes(b"SQLite format 3\x00" + b"\x17" * 5000)
    status, out, err = run("ask", "资本开支")
    assert (status, out) == (1, "") and "damaged" in err and "assistant reindex" in err and str(library) not in err
    mend(run, library)
    sound(run)


def test_a_lost_database(run: Run, library: Path) -> None:
    shutil.rmtree(library / "chroma")
    status, _, err = run("reports")
    assert status == 1 and "assistant reindex" in err
    mend(run, library)
    sound(run)


def test_damaged_vectors(run: Run, library: Path) -> None:
    for segment in (library / "chroma").glob("*/*.bin"):
        segment.write_bytes(b"\x17" * 100)
    status, _, err = run("search", "资本开支")
    if status:
        assert "assistant reindex" in err
    assert run("reindex")[0] == 0
    sound(run)


@pytest.mark.parametrize("damage", ["cut", "noise", "gone", "a file"])
def test_a_damaged_keyword_index_is_told_and_mended(run: Run, library: Path, damage: str) -> None:
    [index] = (library / "keywords").iterdir()
    if damage in ("gone", "a file"):
        shutil.rmtree(index)
    if damage == "a file":
        index.write_bytes(b"x")
    for file in index.glob("*") if index.is_dir() else ():
        data = file.read_bytes()
        file.write_bytes(data[: len(data) // 2] if damage == "cut" else b"\x17" * len(data))
    status, out, err = run("search", "资本开支", "--json")
    assert status == 0 and json.loads(out)["passages"] and "the keyword index was brought up to date" in err
    sound(run)


@pytest.mark.parametrize("suffix", [".idx", ".store", ".fieldnorm", ".term", ".pos", ".fast"])
def test_damage_to_one_file_of_the_keyword_index(run: Run, library: Path, suffix: str) -> None:
    [index] = (library / "keywords").iterdir()
    files = [file for file in index.glob(f"*{suffix}") if file.stat().st_size]
    for file in files:
        file.write_bytes(b"\xff" * file.stat().st_size)
    status, _, err = run("search", "资本开支")
    assert status == 0 or "assistant reindex" in err
    assert run("reindex")[0] == 0
    sound(run)


def test_a_damaged_archive(run: Run, library: Path, tmp_path: Path) -> None:
    for file in (library / "reports").glob("archive.sqlite3*"):
        file.write_bytes(b"\x17" * 5000)
    status, out, err = run("ask", "资本开支")
    assert (status, out) == (1, "") and str(library) not in err
    status, out, _ = run("doctor", "--json")
    [problem] = json.loads(out)["problems"]
    assert status == 1 and "ingest" in problem["mend"] and str(library) not in problem["mend"]


def test_another_embedding(run: Run, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_EMBEDDING", "openai:text-embedding-3-small")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody-will-see-this")
    status, out, err = run("ask", "资本开支")
    assert (status, out) == (1, "") and "built with the embedding builtin" in err and "assistant reindex" in err
    status, out, _ = run("doctor", "--json")
    [problem] = json.loads(out)["problems"]
    assert status == 1 and "ASSISTANT_EMBEDDING=builtin" in problem["mend"] and "nobody" not in out
    monkeypatch.setenv("ASSISTANT_EMBEDDING", "builtin")
    sound(run)


def test_an_embedding_that_is_none(run: Run, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_EMBEDDING", "word2vec")
    status, out, _ = run("doctor", "--json")
    [problem] = json.loads(out)["problems"]
    assert status == 1 and "word2vec" in problem["sentence"] and "builtin" in problem["mend"]


def test_a_home_that_is_a_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "file"))
    assert "names a file" in run("reports")[2]
    status, out, _ = run("doctor", "--json")
    [problem] = json.loads(out)["problems"]
    assert status == 1 and "ASSISTANT_HOME" in problem["mend"]


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    reachable(home)
    home.chmod(0o555)
    status, out, err = limited("reports", home=home, setup=nobody)
    assert (status, out) == (1, "") and "can't be written" in err and str(home) not in err
    status, out, _ = limited("doctor", home=home, setup=nobody)
    assert status == 1 and "mend it: check its permissions" in out


def small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))


def test_a_full_disk(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk's end."""
    home, place = tmp_path / "home", tmp_path / "files"
    place.mkdir()
    for i in range(3):
        (place / f"{i}.txt").write_text(f"第{i}份。" + SIMPLIFIED * 900, encoding="utf-8")
    status, _, err = limited("ingest", place, home=home, setup=small_files)
    assert status == 1 and "the disk is full" in err and "free some space" in err and str(home) not in err
    status, out, _ = limited("ingest", place, home=home)
    assert status == 0 and len(out.splitlines()) == 3
    assert "the library is sound" in limited("doctor", home=home)[1]

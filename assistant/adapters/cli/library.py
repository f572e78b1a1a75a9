"""Commands about the reports: reading in, listing, showing, removing, keeping whole."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.adapters.cli.opening import DONE, FAILED, opened, progress_bar
from assistant.errors import InputError

if TYPE_CHECKING:
    from assistant.ingestion import Outcome
    from assistant.service import Assistant


def run_ingest(options: argparse.Namespace) -> int:
    """One line a file; 1 if any failed, the rest done."""
    from dataclasses import asdict

    from assistant.adapters.render import as_json

    paths = [Path(path) for path in options.paths]
    if options.watch:
        return _watch(paths, options)
    outcomes = []
    try:
        with opened() as assistant, progress_bar("reading") as progress:
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

    with opened() as assistant, progress_bar("reading") as progress:
        for outcome in watch(assistant.library, paths, read=read, stop=Event(), progress=progress):
            print(as_json(asdict(outcome)) if options.json else outcome_line(outcome), flush=True)
    return DONE


def outcome_line(outcome: Outcome) -> str:
    """What became of one file, as a line."""
    from assistant.adapters.render import plain

    detail = outcome.message or f"{outcome.passages} passages, {outcome.tables} tables"
    parts = (f"{outcome.status:<9}", outcome.source, outcome.report_id or "", detail)
    return " ".join(plain("  ".join(part for part in parts if part)).split("\n"))


def run_reports(options: argparse.Namespace) -> int:
    """The reports kept, newest first."""
    from assistant.adapters.render import as_json, info_data, plain, table

    with opened() as assistant:
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

    with opened() as assistant:
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

    with opened() as assistant:
        info = assistant.remove(options.id)
    print(f"removed {info.report_id} ({plain(info.source)})")
    return DONE


def run_reindex(options: argparse.Namespace) -> int:
    """Embeds every passage anew."""
    from assistant.bootstrap import reindex
    from assistant.settings import load_settings

    with progress_bar("embedding") as progress:
        count = reindex(load_settings(), progress)
    print(f"{count} passages embedded anew")
    return DONE


def run_backup(options: argparse.Namespace) -> int:
    """Every report, with its file and its vectors, in one file."""
    from assistant.bootstrap import backup
    from assistant.settings import load_settings

    with progress_bar("backing up") as progress:
        print(f"{backup(load_settings(), Path(options.file), progress):,} reports written")
    return DONE


def run_restore(options: argparse.Namespace) -> int:
    """The reports of a backup that the library lacks."""
    from assistant.bootstrap import restore
    from assistant.settings import load_settings

    with progress_bar("restoring") as progress:
        print(f"{restore(load_settings(), Path(options.file), progress):,} reports restored")
    return DONE


def run_verify(options: argparse.Namespace) -> int:
    """1 where something is amiss, with the command that mends it."""
    from assistant.adapters.render import as_json, plain
    from assistant.bootstrap import verify
    from assistant.settings import load_settings

    with progress_bar("verifying") as progress:
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

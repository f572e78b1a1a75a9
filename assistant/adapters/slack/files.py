"""Files in a direct message: offered to be read in, and read in after a click by someone who may."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from assistant.adapters.slack.answers import Block, Message, button, lines_as_blocks, plain
from assistant.adapters.slack.asking import place_of
from assistant.adapters.slack.desk import Desk
from assistant.adapters.slack.inbox import Task
from assistant.adapters.slack.posting import find, put
from assistant.adapters.slack.texts import say
from assistant.adapters.slack.wording import escaped, shortened
from assistant.errors import InputError
from assistant.language import script_of
from assistant.reading import SUFFIXES
from assistant.types import Language

_MOST_FILES = 20  # of one message
_SLACK = "slack.com"
_DOWNLOAD = aiohttp.ClientTimeout(total=120)


async def offer(desk: Desk, task: Task, again: bool) -> None:
    """Asks whether the files of a message should be read in; says so where the sender may not have that done."""
    files = task.payload["files"][:_MOST_FILES]
    language = script_of(task.payload.get("text") or " ".join(file["name"] for file in files))
    readable = [file for file in files if PurePath(file["name"]).suffix.lower() in SUFFIXES]
    names = ", ".join(shortened(file["name"], 80) for file in readable)
    blocks: list[Block] = []
    if task.payload["user"] not in desk.policy.may_upload:
        text = say("upload_refused", language)
    elif not readable:
        text = say("upload_unreadable", language, kinds=" ".join(SUFFIXES))
    else:
        text = say("upload_offer", language, names=names)
        value = json.dumps({"files": [file["id"] for file in readable], "language": language})
        buttons = [button(say("upload_yes", language), "ingest", value, "primary"),
                   button(say("upload_no", language), "dismiss", language)]  # fmt: skip
        blocks = [{"type": "actions", "elements": buttons}]
    left: list[str] = []
    if again:
        left = (await find(desk.client, place_of(task), task.key, set(), "")).replies
    message = Message(escaped(text), [{"type": "section", "text": plain(shortened(text, 2_900))}, *blocks])
    replies = await put(desk.client, place_of(task), task.key, [message], left)
    await asyncio.to_thread(desk.inbox.note, task.key, replies)
    await asyncio.to_thread(desk.inbox.finish, task)


async def ingest(desk: Desk, task: Task, again: bool) -> None:
    """Reads files in, and says in place of the offer what became of each."""
    language: Language = task.payload["language"]
    if task.payload["user"] not in desk.policy.may_upload:  # the policy may have changed since the offer
        lines = [say("upload_refused", language)]
    else:
        await _said(desk, task, [say("upload_working", language)])
        lines = await _read_in(desk, task, language)
    await _said(desk, task, lines)
    await asyncio.to_thread(desk.inbox.finish, task)


async def _read_in(desk: Desk, task: Task, language: Language) -> list[str]:
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="slack-", dir=_uploads(desk)))
    try:
        return [await _file(desk, file, folder, language) for file in task.payload["files"]]
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, True)


def _uploads(desk: Desk) -> Path:
    folder = desk.settings.home_folder / "uploads-slack"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def _file(desk: Desk, file_id: str, folder: Path, language: Language) -> str:
    """What became of one file, as a line."""
    told: Any = (await desk.client.files_info(file=file_id))["file"]
    name = PurePath(str(told.get("name") or "report").replace("\\", "/")).name
    shown = shortened(name, 120)
    limit = desk.settings.upload_limit
    if int(told.get("size") or 0) > limit * (1 << 20):
        return say("upload_large", language, name=shown, limit=f"{limit:g}")
    path = folder / file_id / (name if len(name.encode()) < 200 else f"report{PurePath(name).suffix}")
    try:
        await _fetch(desk, str(told.get("url_private_download") or told.get("url_private")), path, limit)
        outcome = (await desk.in_thread(lambda: list(desk.assistant.ingest([path]))))[0]
    except InputError as error:
        return f"{shown}: {error}"
    message = f" ({outcome.message})" if outcome.message else ""
    return f"{shown}: {say(f'upload_{outcome.status}', language, passages=outcome.passages)}{message}"


async def _fetch(desk: Desk, url: str, path: Path, limit: float) -> None:
    """Saves a file of Slack's. The bot's token goes to Slack alone. Raises InputError."""
    host = urlsplit(url).hostname or ""
    own = urlsplit(desk.client.base_url)
    if not (host == own.hostname or (url.startswith("https:") and (host == _SLACK or host.endswith(f".{_SLACK}")))):
        raise InputError("this file is kept outside Slack; download it and send the file itself")
    path.parent.mkdir(parents=True)
    headers = {"Authorization": f"Bearer {desk.client.token}"}
    async with (
        aiohttp.ClientSession(timeout=_DOWNLOAD) as session,
        session.get(url, headers=headers, allow_redirects=False) as response,
    ):
        if response.status != 200:  # without the right, Slack leads to its page for logging in
            raise InputError("Slack does not give this file out; does the app have the scope files:read?")
        size = 0
        with path.open("wb") as kept:
            async for chunk in response.content.iter_chunked(1 << 20):
                size += len(chunk)
                if size > limit * (1 << 20):
                    raise InputError(f"it is larger than {limit:g} MB")
                kept.write(chunk)


async def _said(desk: Desk, task: Task, lines: list[str]) -> None:
    """Puts lines where the offer was."""
    rows: list[list[Block]] = [[{"type": "text", "text": f"{line}\n"}] for line in lines]
    blocks = lines_as_blocks(rows)
    text = escaped(shortened("\n".join(lines), 2_900))
    await desk.client.chat_update(channel=task.channel, ts=task.payload["offer"], text=text, blocks=blocks)

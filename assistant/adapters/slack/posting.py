"""Messages into a thread, each once: what an earlier attempt left there is found again and made whole."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from assistant.adapters.slack.answers import Layout, Message
from assistant.adapters.slack.desk import code_of
from assistant.adapters.slack.tables import Sheet

log = logging.getLogger(__name__)

EVENT_TYPE = "assistant_answer"
_TOO_LONG = ("msg_blocks_too_long", "msg_too_long", "invalid_blocks", "invalid_blocks_format")
_SMALLER = 4_000  # characters of a message where Slack found one too long
_LOOKED_AT = 200  # messages of a thread


@dataclass(frozen=True, slots=True)
class Place:
    """Where messages go: a channel, and the thread in it, None for the channel itself."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What an earlier attempt left: its messages, and whether they are all."""

    replies: list[str]
    whole: bool = False


def metadata(key: str, part: int, of: int) -> dict[str, Any]:
    """What a message is an answer to, for whoever looks for it later."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key, "part": part, "of": of}}


async def put(
    client: AsyncWebClient, place: Place, key: str, messages: Sequence[Message], left: Sequence[str] = ()
) -> list[str]:
    """Posts messages, those of an earlier attempt changed into them first; returns their timestamps in order."""
    replies: list[str] = []
    for number, message in enumerate(messages):
        made: dict[str, Any] = {
            "text": message.text,
            "blocks": message.blocks,
            "metadata": metadata(key, number + 1, len(messages)),
        }
        ts = left[number] if number < len(left) else None
        if ts is None or not await _changed(client, place, ts, made):
            thread = place.thread or (replies[0] if replies else None)
            made |= {"unfurl_links": False, "unfurl_media": False}
            sent = await client.chat_postMessage(channel=place.channel, thread_ts=thread, **made)
            ts = str(sent["ts"])
        replies.append(ts)
    for ts in left[len(messages) :]:
        await take_back(client, place.channel, ts)
    return replies


async def put_answer(
    client: AsyncWebClient, place: Place, key: str, layout: Layout, answer: Any, left: Sequence[str] = (), **more: Any
) -> list[str]:
    """Posts an answer, in smaller messages where Slack finds one too long."""
    try:
        return await put(client, place, key, layout.messages(answer, **more), left)
    except SlackApiError as error:
        if code_of(error) not in _TOO_LONG:
            raise
    smaller = replace(layout, room=_SMALLER).messages(answer, **more)
    found = await find(client, place, key, set(), "")
    return await put(client, place, key, smaller, found.replies or left)


async def _changed(client: AsyncWebClient, place: Place, ts: str, made: dict[str, Any]) -> bool:
    """Changes a message; False where it is gone or may not be changed any more."""
    with suppress(SlackApiError):  # an answer that broke off while it was streamed has to end before it can change
        await client.chat_stopStream(channel=place.channel, ts=ts)
    try:
        await client.chat_update(channel=place.channel, ts=ts, **made)
    except SlackApiError as error:
        if code_of(error) in ("message_not_found", "cant_update_message", "edit_window_closed"):
            return False
        raise
    return True


async def take_back(client: AsyncWebClient, channel: str, ts: str) -> None:
    """Deletes a message of ours; one that is gone is gone."""
    try:
        await client.chat_delete(channel=channel, ts=ts)
    except SlackApiError as error:
        if code_of(error) != "message_not_found":
            raise


async def find(client: AsyncWebClient, place: Place, key: str, known: set[str], bot: str, since: str = "0") -> Left:
    """The messages that an earlier attempt left in a place: those that say so, and unfinished streams, which say
    nothing, unless they are `known` to answer something else."""
    asked = {"channel": place.channel, "include_all_metadata": True, "limit": _LOOKED_AT, "oldest": since}
    if place.thread:
        response = await client.conversations_replies(ts=place.thread, **asked)  # type: ignore[arg-type]
    else:
        response = await client.conversations_history(**asked)  # type: ignore[arg-type]
    parts: dict[int, str] = {}
    unfinished: list[str] = []
    of = None
    for message in sorted(response.get("messages") or (), key=lambda message: str(message["ts"])):
        said = message.get("metadata") or {}
        payload = said.get("event_payload") or {}
        if said.get("event_type") == EVENT_TYPE and payload.get("key") == key:
            parts[int(payload["part"])], of = message["ts"], int(payload["of"])
        elif place.thread and not said and bot and message.get("user") == bot and message["ts"] not in known:
            unfinished.append(message["ts"])
    replies = [*(ts for ts in unfinished if ts > since), *(parts[part] for part in sorted(parts))]
    return Left(replies, of is not None and of in parts)


async def attach(client: AsyncWebClient, place: Place, sheets: Sequence[Sheet], thread: str | None) -> None:
    """Uploads tables as CSV files."""
    for sheet in sheets:
        name = f"{(sheet.name or 'table')[:60].replace('/', '-')}.csv"
        upload: dict[str, Any] = {
            "filename": name,
            "content": sheet.csv(),
            "title": sheet.name or name,
            "thread_ts": thread,
        }
        try:
            await client.files_upload_v2(channel=place.channel, **upload)
        except (TimeoutError, SlackApiError, SlackRequestError, aiohttp.ClientError) as error:
            log.warning("a table could not be attached (%s)", type(error).__name__)

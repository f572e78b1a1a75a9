"""What is done for Slack: tasks taken from the inbox, each worked on once, those of one thread one after another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from assistant.adapters.slack.inbox import LEASE, Inbox, Task
from assistant.adapters.slack.policy import Policy
from assistant.errors import AssistantError, LibraryError
from assistant.service import Assistant
from assistant.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")

# What Slack answers where the token is no longer good. Nothing is lost then: tasks wait for a new one.
REFUSED = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "org_login_required")
_TRANSIENT = ("internal_error", "fatal_error", "service_unavailable", "unreadable", "request_timeout", "ratelimited")
_ATTEMPTS = (0.0, 1.0, 4.0)  # seconds before each
_WRITING = 2.0  # seconds; Slack waits three for an acknowledgement


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in its workspace."""

    team: str
    user: str
    bot: str


Work = Callable[["Desk", Task, bool], Awaitable[None]]
Apology = Callable[["Desk", Task, Exception, str], Awaitable[None]]


class Desk:
    """Everything that the bot's listeners and its work share. `start` takes up what an earlier run left."""

    def __init__(
        self,
        assistant: Assistant,
        settings: Settings,
        policy: Policy,
        client: AsyncWebClient,
        work: Work,
        apologise: Apology,
        lease: float = LEASE,
    ) -> None:
        self.assistant, self.settings, self.policy, self.client = assistant, settings, policy, client
        self.pool = ThreadPoolExecutor(settings.concurrency, thread_name_prefix="slack")
        self._pen = ThreadPoolExecutor(1, thread_name_prefix="slack-inbox")  # waits for nobody else's work
        self.identity: Identity | None = None
        self.refused: asyncio.Future[str] | None = None
        self._work, self._apologise, self._lease = work, apologise, lease
        self._inbox: Inbox | None = None
        self._room = asyncio.Semaphore(settings.concurrency)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._small: set[asyncio.Task[Any]] = set()
        self._threads: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._unkept: set[str] = set()
        self._incoming: list[tuple[Task, asyncio.Future[bool]]] = []
        self._writing = False

    @property
    def inbox(self) -> Inbox:
        """The tasks written down; there once the desk has started."""
        assert self._inbox, "the desk has not started"
        return self._inbox

    async def start(self) -> None:
        """Opens the inbox and begins to take up what nobody works on. Raises LibraryError, SettingsError."""
        self._inbox = await asyncio.to_thread(Inbox.open, self.settings.conversations_url, self._lease)
        self.refused = asyncio.get_running_loop().create_future()
        self.soon(self._keep_watch())

    async def close(self) -> None:
        """Stops what is at work, to be taken up at the next start."""
        for running in (*self._running.values(), *self._small):
            running.cancel()
        unfinished = list(self._running)
        await asyncio.gather(*self._running.values(), *self._small, return_exceptions=True)
        if self._inbox:
            with contextlib.suppress(LibraryError):
                await asyncio.to_thread(self._inbox.renew, unfinished, 0.0)
            self._inbox.close()
        for pool in (self.pool, self._pen):
            pool.shutdown(wait=True, cancel_futures=True)

    async def accept(self, task: Task) -> bool:
        """Writes a task down and begins with it; False where it is known. Where writing takes too long for Slack, which
        waits for this, it goes on by itself."""
        beginning = asyncio.create_task(self._begun(task))
        self._small.add(beginning)
        beginning.add_done_callback(self._small.discard)
        done, _ = await asyncio.wait([beginning], timeout=_WRITING)
        return beginning.result() if done else True

    async def _begun(self, task: Task) -> bool:
        try:
            fresh = await self.first(task)
        except LibraryError as error:  # nobody goes without an answer for that
            log.error("a task could not be written down: %s", error)
            fresh = task.key not in self._unkept
            self._unkept.add(task.key)
        if fresh and not task.done:
            self._launch(task, again=False)
        return fresh

    async def first(self, task: Task) -> bool:
        """Writes a task down, together with whatever else comes meanwhile; False where it is known. Raises
        LibraryError."""
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._incoming.append((task, written))
        if len(self._incoming) == 1 and not self._writing:
            self.soon(self._write_down())
        return await written

    async def _write_down(self) -> None:
        self._writing = True
        try:
            while self._incoming:
                batch, self._incoming = self._incoming, []
                await self._write_batch(batch)
        finally:
            self._writing = False

    async def _write_batch(self, batch: list[tuple[Task, asyncio.Future[bool]]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            fresh = await loop.run_in_executor(self._pen, self.inbox.add, [task for task, _ in batch])
        except LibraryError as error:
            for _, written in batch:
                if not written.done():
                    written.set_exception(error)
            return
        for task, written in batch:
            if not written.done():
                written.set_result(task.key in fresh)
            fresh.discard(task.key)  # another one of the same key came with it

    async def revise(self, task: Task) -> None:
        """Takes a newer revision of a task's message into account."""
        if await asyncio.to_thread(self.inbox.revise, task):
            current = await asyncio.to_thread(self.inbox.get, task.key)
            self._launch(current or task, again=True)

    def soon(self, work: Coroutine[Any, Any, Any]) -> None:
        """Does something small beside the tasks, which is not done again after a restart."""
        made = asyncio.create_task(self._told(work))
        self._small.add(made)
        made.add_done_callback(self._small.discard)

    async def in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        """Runs something slow of the assistant's in a thread of the pool."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, lambda: function(*arguments))

    def refuse(self, reason: str) -> None:
        """Notes that Slack takes the token no more."""
        if self.refused and not self.refused.done():
            log.error("Slack no longer accepts SLACK_BOT_TOKEN (%s)", reason)
            self.refused.set_result(reason)

    # ---------------------------------------------------------------- at work

    def _launch(self, task: Task, again: bool) -> None:
        earlier = self._running.get(task.key)
        if earlier:
            earlier.cancel()
        made = asyncio.create_task(self._run(task, again or earlier is not None, earlier))
        self._running[task.key] = made
        made.add_done_callback(lambda done: self._left(task.key, done))

    def _left(self, key: str, done: asyncio.Task[None]) -> None:
        if self._running.get(key) is done:
            del self._running[key]

    async def _run(self, task: Task, again: bool, earlier: asyncio.Task[None] | None) -> None:
        if earlier:
            await asyncio.wait([earlier])
        lock = self._threads.setdefault(task.place, asyncio.Lock())
        async with lock, self._room:
            await self._attempted(task, again)

    async def _attempted(self, task: Task, again: bool) -> None:
        for number, seconds in enumerate(_ATTEMPTS):
            await asyncio.sleep(seconds)
            try:
                await self._work(self, await self._current(task), again or number > 0)
                return
            except Exception as error:
                if not _may_try_again(error, number == len(_ATTEMPTS) - 1):
                    await self._give_up(task, error)
                    return

    async def _give_up(self, task: Task, error: Exception) -> None:
        """Says what went wrong, in the thread where that can be; keeps the task only where a new token would help."""
        code = code_of(error)
        if code in REFUSED:
            self.refuse(str(code))
            return
        reference = secrets.token_hex(4)
        if not isinstance(error, AssistantError):
            log.error("%s: the task %s failed (%s)", reference, task.key, code or type(error).__name__, exc_info=error)
        try:
            await self._apologise(self, await self._current(task), error, reference)
        except Exception as again:
            log.error("%s: nor could that be said (%s)", reference, type(again).__name__)
        await asyncio.to_thread(self.inbox.finish, task)

    async def _current(self, task: Task) -> Task:
        """A task with what is known of it by now; the words are those it was given."""
        try:
            kept = await asyncio.to_thread(self.inbox.get, task.key)
        except LibraryError:
            return task
        return replace(task, replies=kept.replies, after=kept.after, answer_id=kept.answer_id) if kept else task

    async def _keep_watch(self) -> None:
        """Holds the leases of what is at work, and takes up what nobody works on."""
        while True:
            with contextlib.suppress(LibraryError):
                if self._running:
                    await asyncio.to_thread(self.inbox.renew, list(self._running))
                if self.identity and not (self.refused and self.refused.done()):
                    for task in await asyncio.to_thread(self.inbox.take):
                        if task.key not in self._running:
                            self._launch(task, again=True)
            await asyncio.sleep(self._lease / 3)

    async def _told(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except SlackApiError as error:
            code = str(code_of(error))
            self.refuse(code) if code in REFUSED else log.info("Slack answered %s", code)
        except AssistantError as error:
            log.warning("%s", error)
        except Exception as error:
            log.error("something small failed (%s)", type(error).__name__, exc_info=error)


def code_of(error: BaseException) -> str | None:
    """Slack's own word for what is wrong, where it is Slack that says so."""
    if not isinstance(error, SlackApiError):
        return None
    answer = error.response
    if getattr(answer, "status_code", 200) >= 500:
        return "service_unavailable"
    data = answer if isinstance(answer, dict) else getattr(answer, "data", None)
    return str(data.get("error")) if isinstance(data, dict) else "unreadable"


def _may_try_again(error: Exception, last: bool) -> bool:
    lost = isinstance(error, aiohttp.ClientError | asyncio.TimeoutError | SlackRequestError)
    return not last and (lost or code_of(error) in _TRANSIENT)

"""The bot put together: Bolt, the desk, and the way in, by Socket Mode or over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from fastapi import FastAPI, Request
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import PlainTextResponse, Response

from assistant.adapters.slack import asking
from assistant.adapters.slack.checking import check
from assistant.adapters.slack.desk import REFUSED, Desk, Identity, code_of
from assistant.adapters.slack.events import listen
from assistant.adapters.slack.files import ingest, offer
from assistant.adapters.slack.inbox import LEASE, Task
from assistant.adapters.slack.policy import load
from assistant.errors import LibraryError, SettingsError
from assistant.service import Assistant
from assistant.settings import Settings

log = logging.getLogger(__name__)
_bolt_log = logging.getLogger(f"{__name__}.bolt")
_bolt_log.setLevel(logging.ERROR)  # it warns of a token in the environment, which is where ours belongs

ADDRESS = "/slack/events"
PING = 5.0  # seconds between signs of life on a socket, and before it is opened again
_AGAIN = 5.0  # seconds until Slack is tried again where it can't be reached
_WORK = {
    "question": asking.question,
    "withdrawal": asking.withdrawal,
    "command": asking.command,
    "publish": asking.publish,
    "check": check,
    "offer": offer,
    "ingest": ingest,
}


class Bot:
    """One workspace's bot. `started` runs it; how Slack reaches it is the caller's choice."""

    def __init__(self, assistant: Assistant, settings: Settings, lease: float = LEASE, ping: float = PING) -> None:
        """Raises SettingsError for a missing token, or a policy that can't be used."""
        token = _set(settings.slack_bot_token, "SLACK_BOT_TOKEN")
        self.settings, self.ping = settings, ping
        base = settings.slack_api_url.rstrip("/") + "/" if settings.slack_api_url else AsyncWebClient.BASE_URL
        # Not the SDK's retry of broken connections, which could post twice: the desk looks before it tries again.
        patient: list[AsyncRetryHandler] = [AsyncRateLimitErrorRetryHandler(max_retry_count=4)]
        self.client = AsyncWebClient(token=token, base_url=base, retry_handlers=patient)
        policy = load(settings.slack_policy)
        self.desk = Desk(assistant, settings, policy, self.client, _done, asking.apologise, lease)
        self.app = self._app()
        listen(self.app, self.desk)

    def _app(self) -> AsyncApp:
        async def authorize() -> AuthorizeResult:
            who = self.desk.identity
            assert who, "the bot has not introduced itself to Slack"
            return AuthorizeResult(enterprise_id=None, team_id=who.team, bot_user_id=who.user, bot_id=who.bot,
                                   bot_token=self.client.token)  # fmt: skip

        secret = self.settings.slack_signing_secret
        unverified = AsyncWebClient(base_url=self.client.base_url, retry_handlers=self.client.retry_handlers)
        return AsyncApp(
            name="assistant",
            logger=_bolt_log,
            client=unverified,
            signing_secret=secret.get_secret_value() if secret else "",
            request_verification_enabled=secret is not None,
            authorize=authorize,
            process_before_response=True,  # acknowledged is what is written down
        )

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        """The desk at work. Raises LibraryError, SettingsError."""
        await self.desk.start()
        try:
            yield
        finally:
            await self.desk.close()

    async def introduce(self) -> None:
        """Asks Slack who the bot is. Raises SettingsError where the token is not good, LibraryError where there is no
        answer."""
        try:
            told: Any = await self.client.auth_test()
        except SlackApiError as error:
            code = code_of(error)
            if code in REFUSED:
                raise SettingsError(f"Slack does not accept SLACK_BOT_TOKEN ({code}); {_NEW_TOKEN}") from None
            raise LibraryError(f"Slack can't be worked with now ({code}); try again in a moment") from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise LibraryError(f"Slack can't be reached ({type(error).__name__}); is there a network?") from None
        self.desk.identity = Identity(told["team_id"], told["user_id"], told.get("bot_id") or "")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Socket Mode: Slack's events come over a socket that this side opens, and opens again when it breaks.

        Raises SettingsError where SLACK_APP_TOKEN is missing or not good.
        """
        token = _set(self.settings.slack_app_token, "SLACK_APP_TOKEN")
        try:
            await self.client.apps_connections_open(app_token=token)
        except SlackApiError as error:
            code = code_of(error)
            raise SettingsError(f"Slack does not accept SLACK_APP_TOKEN ({code}); {_NEW_APP_TOKEN}") from None
        handler = AsyncSocketModeHandler(self.app, token, web_client=self.client, ping_interval=self.ping)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]


_NEW_TOKEN = "install the app in the workspace again and set the token that Slack shows then"
_NEW_APP_TOKEN = "make one with the scope connections:write under “Basic Information” of the app"


def check_settings(settings: Settings) -> None:
    """Raises SettingsError where a token for Socket Mode is missing, or the policy can't be used."""
    _set(settings.slack_bot_token, "SLACK_BOT_TOKEN")
    _set(settings.slack_app_token, "SLACK_APP_TOKEN")
    load(settings.slack_policy)


def _set(secret: SecretStr | None, name: str) -> str:
    if secret is None:
        raise SettingsError(f"{name} is not set; docs/slack.md says where Slack shows it")
    return secret.get_secret_value()


async def _done(desk: Desk, task: Task, again: bool) -> None:
    await _WORK[task.kind](desk, task, again)


def run(assistant: Assistant, settings: Settings, tell: Callable[[str], None]) -> None:
    """The bot by Socket Mode, until it is told to stop. Raises SettingsError, LibraryError."""
    bot = Bot(assistant, settings)
    asyncio.run(serve(bot, tell))


async def serve(bot: Bot, tell: Callable[[str], None], until: asyncio.Event | None = None) -> None:
    """Runs a bot by Socket Mode until SIGINT or SIGTERM, `until` is set, or Slack takes its token no more.

    Raises SettingsError for the last.
    """
    stop = until or asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not on Windows, not in a thread
            loop.add_signal_handler(name, stop.set)
    async with bot.started():
        await bot.introduce()
        async with bot.connected():
            tell("listening to Slack · 已连接 Slack")
            await _either(stop, bot.desk.refused)


async def _either(stop: asyncio.Event, refused: asyncio.Future[str] | None) -> None:
    stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
    waited: list[asyncio.Future[Any]] = [stopping, refused] if refused else [stopping]
    try:
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if refused and refused.done():
            raise SettingsError(f"Slack no longer accepts SLACK_BOT_TOKEN ({refused.result()}); {_NEW_TOKEN}")
    finally:
        stopping.cancel()


def mount(app: FastAPI, assistant: Assistant, settings: Settings) -> Bot | None:
    """Adds the bot to a server where its tokens are set: the address for Slack's events with a signing secret, else
    Socket Mode with an app token. Raises SettingsError."""
    if not settings.slack_bot_token or not (settings.slack_signing_secret or settings.slack_app_token):
        return None
    bot = Bot(assistant, settings)
    if settings.slack_signing_secret:
        app.add_api_route(ADDRESS, _receiver(bot), methods=["POST"], include_in_schema=False)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: Any) -> AsyncIterator[Any]:
        async with inner(served) as state, bot.started():
            keeping = asyncio.create_task(_introduced(bot))
            try:
                yield state
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)

    app.router.lifespan_context = lifespan
    return bot


def _receiver(bot: Bot) -> Callable[[Request], Any]:
    handler = AsyncSlackRequestHandler(bot.app)

    async def receive(request: Request) -> Response:
        if bot.desk.identity is None:  # Slack sends it again
            return PlainTextResponse("not ready yet", 503, {"Retry-After": "5"})
        return await handler.handle(request)

    return receive


async def _introduced(bot: Bot) -> None:
    """Reaches Slack as soon as that can be, and by Socket Mode stays connected."""
    while bot.desk.identity is None:
        try:
            await bot.introduce()
        except SettingsError as error:
            log.error("%s", error)
            return
        except LibraryError as error:
            log.warning("%s", error)
            await asyncio.sleep(_AGAIN)
    if bot.settings.slack_signing_secret is None:
        try:
            async with bot.connected():
                await asyncio.Event().wait()
        except SettingsError as error:
            log.error("%s", error)

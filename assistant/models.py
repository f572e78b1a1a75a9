"""The chat model that the settings name, and what is to be said when it fails. The only file that knows providers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from assistant.errors import SettingsError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.settings import Settings

Trouble = Literal[
    "wrong_key", "no_money", "rate_limited", "timeout", "unreachable", "too_long", "filtered", "no_tools",
    "unknown_model", "server", "garbled", "empty", "stopped",
]  # fmt: skip
_RETRIES = 2  # of one call, by the provider's client, which honours Retry-After
_PLACEHOLDER = "none"  # many OpenAI-compatible servers want no key; the client wants one
_PACKAGES = {"anthropic": "langchain-anthropic", "google_genai": "langchain-google-genai", "ollama": "langchain-ollama"}


def chat_model(settings: Settings) -> BaseChatModel | None:
    """The model of `ASSISTANT_MODEL`, or None for offline.

    Raises SettingsError where the setting names no provider, or one whose package is not installed.
    """
    if settings.model == "none":
        return None
    from langchain.chat_models import init_chat_model

    provider, found, name = settings.model.partition(":")
    if not found or not name or not provider:
        raise SettingsError(f"ASSISTANT_MODEL is {settings.model!r}; write PROVIDER:MODEL (openai:gpt-5-mini) or none")
    try:
        model: BaseChatModel = init_chat_model(name, model_provider=provider, **_options(provider, settings))
    except ImportError:
        package = _PACKAGES.get(provider, f"langchain-{provider.replace('_', '-')}")
        raise SettingsError(f"ASSISTANT_MODEL {settings.model} needs a package: pip install {package}") from None
    except ValueError as error:
        raise SettingsError(f"ASSISTANT_MODEL {settings.model} can't be used: {_first_line(error)}") from None
    except Exception as error:  # each provider's client has its own error for a key that is not set
        raise SettingsError(f"ASSISTANT_MODEL {settings.model} can't be used: {_first_line(error)}") from None
    return model


def _options(provider: str, settings: Settings) -> dict[str, Any]:
    common: dict[str, Any] = {"timeout": settings.timeout, "max_retries": _RETRIES}
    if provider != "openai":
        return common
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    if key is None and settings.openai_base_url:
        key = _PLACEHOLDER
    # The chat endpoint is what compatible servers offer, and usage is not told while streaming unless asked for.
    return {
        **common, "api_key": key, "base_url": settings.openai_base_url, "stream_usage": True, "use_responses_api": False
    }  # fmt: skip


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def trouble(error: BaseException) -> Trouble:
    """What kind of failure of a model call an exception is; anything unknown is the server's."""
    name = " ".join(cls.__name__ for cls in type(error).__mro__)
    code = str(getattr(error, "code", "") or "")
    status = getattr(error, "status_code", None)
    said = str(error).lower()
    if isinstance(error, Recorded):
        return error.what
    if isinstance(error, EmptyReply):
        return "empty"
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "timeout"
    if "AuthenticationError" in name or "PermissionDenied" in name or status in (401, 403):
        return "wrong_key"
    if code == "insufficient_quota" or "insufficient_quota" in said:
        return "no_money"
    if status == 429 or "RateLimit" in name:
        return "rate_limited"
    if code == "context_length_exceeded" or "ContextOverflow" in name or "context length" in said:
        return "too_long"
    if "content_filter" in said or code == "content_filter" or "ContentFilter" in name:
        return "filtered"
    if status == 404 or "NotFoundError" in name:
        return "unknown_model"
    if status == 400 and "tool" in said:
        return "no_tools"
    if isinstance(error, (ValueError, TypeError, KeyError, AttributeError)):  # a reply that can't be read, JSON or not
        return "garbled"
    if "Connection" in name or "RemoteProtocol" in name or "ReadError" in name:
        return "unreachable"
    return "server"


class EmptyReply(Exception):
    """A reply without text and without a tool call."""


class Recorded(Exception):
    """A failure of a recorded answer, met again when it is replayed."""

    def __init__(self, what: Trouble) -> None:
        super().__init__(what)
        self.what = what


def replaying(replies: Sequence[Mapping[str, Any]]) -> BaseChatModel:
    """A model that gives the replies of a recording in their order, without a network; its failures fail again.

    A call beyond the last one fails as "server".
    """
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage, messages_from_dict
    from langchain_core.outputs import ChatGenerationChunk, ChatResult

    remaining = iter(replies)

    class Replayed(BaseChatModel):
        """Recorded replies."""

        @property
        def _llm_type(self) -> str:
            return "replayed"

        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

        def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
            raise NotImplementedError("recorded replies are streamed")

        async def _astream(
            self, messages: list[BaseMessage], *args: Any, **kwargs: Any
        ) -> AsyncIterator[ChatGenerationChunk]:
            reply = next(remaining, None)
            if reply is None:
                raise Recorded("server")
            if "trouble" in reply:
                yield ChatGenerationChunk(message=AIMessageChunk(content=reply["partial"]))
                raise Recorded(reply["trouble"])
            message: Any = messages_from_dict([reply["message"]])[0]
            calls: Any = [
                {"name": c["name"], "args": json.dumps(c["args"], ensure_ascii=False), "id": c["id"], "index": i}
                for i, c in enumerate(message.tool_calls)
            ]
            told = {"usage_metadata": message.usage_metadata, "response_metadata": message.response_metadata}
            chunk: Any = AIMessageChunk(content=message.content, tool_call_chunks=calls, chunk_position="last", **told)
            yield ChatGenerationChunk(message=chunk)

    return Replayed()

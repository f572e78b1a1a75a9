"""What stands between the agent and the model: limits, the time of a call, one more try, and the keys of operands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import AIMessage, HumanMessage

from assistant.chain.material import size
from assistant.models import trouble

if TYPE_CHECKING:
    from langchain.agents.middleware.types import ModelRequest, ModelResponse, ToolCallRequest
    from langchain_core.messages import ToolMessage

    from assistant.chain.course import Course

_AGAIN = ("unreachable", "timeout", "server", "garbled")  # worth one more try where nothing was released


class Guard(AgentMiddleware[Any, Any]):
    """Wraps every call of the model and of a tool in one answer's course."""

    def __init__(self, course: Course) -> None:
        super().__init__()
        self._course = course

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """One call, within the limits. The last one that they allow has no tools, so that the model must answer."""
        course = self._course
        for attempt in (1, 2):
            if course.spending.last_step() and course.spending.calls:
                finish = HumanMessage(course.stock.prompts["finish"].render())
                request = request.override(tools=[], messages=[*request.messages, finish])
            messages = [*([request.system_message] if request.system_message else []), *request.messages]
            output = course.spending.allow(size(messages, course.name, len(request.tools)))
            limited = request.override(model_settings=request.model_settings | {"max_tokens": output})
            try:
                with course.calling() as step:
                    async with asyncio.timeout(course.timeout):
                        response = await handler(limited)
                    reply = next(message for message in response.result if isinstance(message, AIMessage))
                    course.book(reply, step)
            except asyncio.CancelledError as stopped:
                course.lost(stopped)
                raise
            except Exception as error:
                course.lost(error)
                if attempt == 2 or trouble(error) not in _AGAIN or not course.restarted():
                    raise
                continue
            if reply.tool_calls or reply.text.strip() or attempt == 2:
                return response
        raise AssertionError("the second attempt returns or raises")

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]
    ) -> ToolMessage:
        """One tool call: keys are taken off the operands before, and where these are from is noted after."""
        call, toolbox = request.tool_call, self._course.material.toolbox
        arguments, marks = toolbox.opened(call["args"])
        message: ToolMessage = await handler(request.override(tool_call={**call, "args": arguments}))
        if message.artifact is not None:
            message.content = toolbox.settled(str(call["id"]), message.artifact, marks)
        return message

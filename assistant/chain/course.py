"""The course of one answer with a model: what is asked of it, what becomes of its replies, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assistant import money
from assistant.chain.material import CONTEXT, Material, Stock, size
from assistant.chain.release import Release
from assistant.chain.request import Request
from assistant.embeddings import Meter, metered
from assistant.errors import AssistantError
from assistant.grounding import ground
from assistant.grounding.places import Places
from assistant.messages import say
from assistant.models import EmptyReply, Trouble, trouble
from assistant.money import LimitReached, Spending
from assistant.receipts import Recording
from assistant.tracing import Span, span
from assistant.types import Answer, Event

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from assistant.library import Library

_MOST_FAILURES = 12  # sentences sent back for repair
_TURNS, _REMEMBERED, _LONGEST_QUESTION = 4, 600, 600  # turns, and characters of each, that a follow-up is read with


class Course:
    """One answer in the making; `name` is the model's, `timeout` the seconds that one call of it may take."""

    def __init__(
        self,
        model: BaseChatModel,
        name: str,
        timeout: float,
        stock: Stock,
        request: Request,
        recording: Recording,
        meter: Meter,
    ) -> None:
        self.model, self.name, self.timeout = model, name, timeout
        self.stock, self.request, self.recording, self.meter = stock, request, recording, meter
        self.meant = request.meant
        self.spending = Spending(name, request.limits, money.price_of(name))
        self.messages: list[BaseMessage] = []
        self.notes: list[str] = []  # what the reader is told beside the answer
        self.failure = False
        self.partial = ""  # what has come of the reply that is coming
        self._renew(CONTEXT)

    def _renew(self, budget: int) -> None:
        self.material = Material(self.stock, self.request, self.name, budget)
        parts = self.material.pool, self.material.toolbox, self.stock.places
        self.release = Release(self.request.given, self.request.language, *parts)

    async def events(self) -> AsyncIterator[Event]:
        """Everything, the answer last. Raises AssistantError where a tool or the library can't go on."""
        try:
            with self._stoppable(), metered(self.meter):
                async for event in self._work():
                    yield event
        except asyncio.CancelledError:
            if not (self.request.stop and self.request.stop.is_set()):
                raise
            self._fails("stopped")
        except AssistantError:
            raise
        except LimitReached as limit:
            self.failure = True
            self.notes.append(say(f"limit_{limit}", self.request.language))
        except Exception as error:  # of the model's client, the server, the network: told in words, never as it is
            self._fails(trouble(error))
        for event in self.release.finish(whole=not self.failure):
            yield event
        self.release.drop(self.release.failed())
        self.recording.shown(list(self.material.pool.items.values()), list(self.material.toolbox.calculations.values()))
        for event in self._ended():
            yield event

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """While it lasts, setting the request's stop cancels what this task awaits."""
        task, loop, over = asyncio.current_task(), asyncio.get_running_loop(), False

        def cancel() -> None:
            if task and not over:
                task.cancel()

        if self.request.stop:
            self.request.stop.watch(lambda: loop.call_soon_threadsafe(cancel))
        try:
            yield
        except asyncio.CancelledError:
            if task and self.request.stop and self.request.stop.is_set():
                task.uncancel()
            raise
        finally:
            over = True

    def _fails(self, what: Trouble) -> None:
        self.failure = True
        self.notes.append(say(f"model_{what}", self.request.language, model=self.name))

    async def _work(self) -> AsyncIterator[Event]:
        if self.request.turns:
            async for event in self._condensed():
                yield event
        await asyncio.to_thread(self.material.prepare, self.meant)
        async for event in self._attempts():
            yield event
        async for event in self._repaired():
            yield event

    async def _condensed(self) -> AsyncIterator[Event]:
        """The question as the model makes it stand alone from the turns before."""
        from langchain_core.messages import HumanMessage

        turns = [{"question": q, "answer": " ".join(a.split())[:_REMEMBERED]} for q, a in self.request.turns[-_TURNS:]]
        prompt = self.stock.prompts["condense"].render(question=self.request.typed, turns=turns)
        text = ""
        async for chunk in self._reply([HumanMessage(prompt)]):
            text += chunk
        line = next((line.strip() for line in text.splitlines() if line.strip()), "")
        if line and len(line) <= _LONGEST_QUESTION:
            self.meant = line
        if self.meant.strip() != self.request.typed.strip():
            self.notes.append(say("understood", self.request.language, question=self.meant))
            yield Event("status", self.notes[-1])

    async def _attempts(self) -> AsyncIterator[Event]:
        """The agent's run; once more with less evidence where that was too long, and without tools where the server
        takes none."""
        tools = self.material.toolbox.langchain_tools()
        for attempt in (1, 2, 3):
            try:
                async for event in self._agent(tools):
                    yield event
                return
            except Exception as error:
                what = trouble(error)
                if self.release.released or attempt == 3 or what not in ("too_long", "no_tools"):
                    raise
                if what == "too_long":
                    self._renew(CONTEXT // 3)
                    await asyncio.to_thread(self.material.prepare, self.meant)
                tools = self.material.toolbox.langchain_tools() if tools and what == "too_long" else []

    async def _agent(self, tools: list[Any]) -> AsyncIterator[Event]:
        from langchain.agents import create_agent
        from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage

        from assistant.chain.guard import Guard

        agent: Any = create_agent(self.model, tools, system_prompt=self.material.system(), middleware=[Guard(self)])
        first = HumanMessage(self.material.opening(self.meant))
        self.messages = [SystemMessage(self.material.system()), first]
        self._begin()
        config = {"recursion_limit": 4 * self.request.limits.steps + 10}
        yield Event("status", say("status_reading", self.request.language))
        async for mode, data in agent.astream({"messages": [first]}, config, stream_mode=["messages", "updates"]):
            if mode == "messages":
                if isinstance(data[0], AIMessageChunk):
                    self.partial += data[0].text
                    for event in self.release.feed(data[0].text):
                        yield event
                continue
            for event in self._step(data):
                yield event
        last = self.messages[-1]
        if last.type == "ai" and not last.text.strip():
            raise EmptyReply

    def _begin(self) -> None:
        self.partial, self._begun = "", self.release.released

    def restarted(self) -> bool:
        """Forgets an interrupted reply, if nothing of it is out yet."""
        if self.release.released > self._begun:
            return False
        self.release.restart()
        self._begin()
        return True

    def _step(self, update: dict[str, Any]) -> Iterator[Event]:
        """A step that the agent has done: its messages, and what it does next."""
        for change in update.values():
            for message in (change or {}).get("messages", ()):
                self.messages.append(message)
                if message.type != "ai":
                    continue
                why = str(message.response_metadata.get("finish_reason"))
                if why == "length":
                    self.notes.append(say("limit_output", self.request.language))
                elif why == "content_filter":
                    self._fails("filtered")
                if message.tool_calls:
                    self.release.restart()  # what leads to a call is no part of the answer
                yield from self.release.finish(whole=why not in ("length", "content_filter"))
                self._begin()
                yield from (Event("status", self._doing(call)) for call in message.tool_calls)

    def _doing(self, call: dict[str, Any]) -> str:
        if call["name"] == "search_reports":
            return say("status_searching", self.request.language, query=str(call["args"].get("query", ""))[:80])
        return say("status_calling", self.request.language, tool=call["name"])

    async def _repaired(self) -> AsyncIterator[Event]:
        """One round: the model is told what failed; what passes now is released, the rest is put down as removed."""
        from langchain_core.messages import HumanMessage

        failures = self.release.failed()
        if not failures:
            return
        keys = ", ".join(self.material.pool.items) or "none"
        request = HumanMessage(self.stock.prompts["repair"].render(failures=failures[:_MOST_FAILURES], keys=keys))
        yield Event("status", say("status_repairing", self.request.language))
        try:
            async for chunk in self._reply([*self.messages, request]):
                for event in self.release.feed(chunk):
                    yield event
            for event in self.release.finish():
                yield event
        finally:
            self.release.drop(failures)

    async def _reply(self, messages: list[BaseMessage]) -> AsyncIterator[str]:
        """The text of one reply without tools, within the limits, booked and recorded. Raises as the client does."""
        output = self.spending.allow(size(messages, self.name))
        self._begin()
        reply: Any = None
        try:
            with self.calling() as step:
                async with asyncio.timeout(self.timeout):
                    async for chunk in self.model.astream(messages, max_tokens=output):
                        reply = chunk if reply is None else reply + chunk
                        self.partial += chunk.text
                        yield chunk.text
                if reply is None:
                    raise EmptyReply
                self.book(reply, step)
        except (Exception, asyncio.CancelledError) as error:
            self.lost(error)
            raise

    def calling(self) -> AbstractContextManager[Span]:
        """The step of one call of the model, for whoever collects traces."""
        provider, _, model = self.name.partition(":")
        named = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model}
        return span(f"chat {model}", **named)

    def book(self, reply: AIMessage, step: Span) -> None:
        """Takes a whole reply to the account and to the record."""
        from langchain_core.messages import message_to_dict

        for name in ("input_tokens", "output_tokens") if reply.usage_metadata else ():
            step.set_attribute(f"gen_ai.usage.{name}", dict(reply.usage_metadata or {})[name])
        self.spending.add(reply.usage_metadata)
        self.recording.reply(message_to_dict(reply))
        self.material.toolbox.number(reply.tool_calls)

    def lost(self, error: BaseException) -> None:
        """Takes a call that failed to the account and to the record."""
        self.spending.add(None)
        self.recording.failure("stopped" if isinstance(error, asyncio.CancelledError) else trouble(error), self.partial)

    # ---------------------------------------------------------------- the answer

    def _ended(self) -> Iterator[Event]:
        """The answer: what was released; else the offline answer where the model failed; else that nothing is said."""
        release = self.release
        substance = bool(release.citations or release.calculations)
        if not substance and self.failure and self.material.offline:
            yield from self._without_model(self.material.offline)
            return
        if not release.text:
            yield from release.nothing(self.material.nearest)
        status = "answered" if substance and not release.not_found else "not_found"
        yield Event("answer", self._answer(status))

    def _answer(self, status: Any) -> Answer:
        release = self.release
        return Answer(
            question=self.request.typed,
            language=self.request.language,
            status=status,
            text=release.text,
            citations=tuple(release.citations),
            calculations=tuple(release.calculations.values()),
            figures=release.figures(),
            removed=tuple(dict.fromkeys(release.removed)),
            as_of=max((c.date for c in release.citations if c.date), default=None),
            model=self.name,
            prompt=self.stock.prompts.digest,
            usage=self.spending.usage(self.meter.tokens),
            warnings=self._warnings(),
        )

    def _warnings(self) -> tuple[str, ...]:
        hostile = (say("left_out_orders", self.request.language, source=s) for s in self.material.pool.hostile.values())
        return tuple(dict.fromkeys([*self.notes, *hostile]))

    def _without_model(self, offline: Answer) -> Iterator[Event]:
        """The answer in the reports' own words, which says why it is that."""
        told = (*self._warnings(), say("answered_offline", self.request.language))
        answer = replace(
            offline,
            question=self.request.typed,
            removed=tuple(dict.fromkeys(self.release.removed)),
            model=self.name,
            prompt=self.stock.prompts.digest,
            usage=self.spending.usage(self.meter.tokens),
            warnings=(*told, *offline.warnings),
        )
        yield from events_of(with_verdicts(answer, self.request.given, self.stock.library, self.stock.places))


def with_verdicts(answer: Answer, given: str, library: Library, places: Places) -> Answer:
    """An answer with the verdict on each of its figures; figures of `given`, what the person typed, are given."""
    reports = {citation.report_id: library.report(citation.report_id) for citation in answer.citations}
    made = answer.calculations
    return replace(
        answer, figures=ground(answer.text, answer.citations, made, given, answer.language, reports, places)
    )


def events_of(answer: Answer) -> Iterator[Event]:
    """A whole answer as events: what it points to, its text line by line, itself."""
    yield from (Event("citation", citation) for citation in answer.citations)
    yield from (Event("calculation", calculation) for calculation in answer.calculations)
    yield from (Event("figure", figure) for figure in answer.figures)
    yield from (Event("delta", line) for line in answer.text.splitlines(keepends=True))
    yield Event("answer", answer)

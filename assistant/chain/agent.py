"""One answer with a model, from the question to what is released of its draft; where the model fails, offline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from assistant import extractive, money
from assistant.chain import background
from assistant.chain.background import Stop
from assistant.chain.pool import Item, Pool, gives_orders, place, rendered
from assistant.chain.release import Release
from assistant.chain.toolbox import Toolbox
from assistant.embeddings import Meter, metered
from assistant.errors import AssistantError, InputError
from assistant.grounding import ground
from assistant.grounding.places import Places
from assistant.messages import say
from assistant.models import EmptyReply, Trouble, trouble
from assistant.money import LimitReached, Limits, Spending
from assistant.prompts import Prompts
from assistant.receipts import Recording
from assistant.tokenizers import count, count_many
from assistant.types import Answer, Event, Filters, Language, Removed

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from assistant.library import Library
    from assistant.retrieval import Retriever
    from assistant.tools import Registry

_HITS = 20  # passages that an answer starts from
_CONTEXT = 8_000  # tokens of evidence in all; searching again draws on the same budget
_LIKELY_OUTPUT = 400  # tokens of a usual answer, for an estimate
NO_OTHERS = Limits()  # than those that every answer has
_A_TOOL = 120  # tokens that the schema of a tool takes, about
_TURNS, _REMEMBERED, _LONGEST_QUESTION = 4, 600, 600  # turns, and characters of each, that a follow-up is read with
_LANGUAGES = {"zh-Hans": "Simplified Chinese", "zh-Hant": "Traditional Chinese", "en": "English"}


@dataclass(frozen=True, slots=True)
class Request:
    """A question as typed, as it stands alone, and with all that the person typed in the conversation (whose figures
    count as given); `turns` are (question, answer) before it. Within which reports and limits it is answered."""

    typed: str
    meant: str
    given: str
    language: Language
    filters: Filters | None = None
    limits: Limits = NO_OTHERS
    turns: tuple[tuple[str, str], ...] = ()
    stop: Stop | None = None

    def data(self) -> dict[str, Any]:
        """What a receipt keeps of it."""
        named = {name: getattr(self, name) for name in ("typed", "meant", "given", "language", "turns")}
        return {**named, "filters": self.filters and asdict(self.filters), "limits": asdict(self.limits)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Request:
        """A request from its data. Raises InputError where that is not whole."""
        try:
            filters = data["filters"] and Filters(**{**data["filters"], "reports": tuple(data["filters"]["reports"])})
            cost = data["limits"]["cost_usd"]
            limits = Limits(**{**data["limits"], "cost_usd": None if cost is None else Decimal(str(cost))})
            words = (data["typed"], data["meant"], data["given"], data["language"])
            return cls(*words, filters, limits, tuple((q, a) for q, a in data["turns"]))
        except (KeyError, TypeError, ValueError, ArithmeticError):
            raise InputError("the receipt's question is not whole; it can't be replayed") from None


@dataclass(frozen=True, slots=True)
class Setup:
    """How answers are made: the model's name (PROVIDER:MODEL, None for offline) and what opens it, what loads the
    prompts, the seconds that one call may take, and the limits of an answer."""

    name: str | None = None
    open: Callable[[], BaseChatModel | None] = lambda: None
    prompts: Callable[[], Prompts] = lambda: Prompts({})
    timeout: float = 60.0
    limits: Limits = NO_OTHERS


@dataclass(frozen=True)
class Chain:
    """Answers through one model over one library. `name` is the model's, as PROVIDER:MODEL; `timeout` seconds is what
    one call of it may take."""

    model: BaseChatModel
    name: str
    prompts: Prompts
    library: Library
    retriever: Retriever
    registry: Registry
    places: Places
    timeout: float = 60.0

    def stream(
        self, request: Request, recording: Recording | None = None, meter: Meter | None = None
    ) -> Iterator[Event]:
        """The events of an answer; the last one carries it, without its seconds and its conversation. `meter` counts
        what is embedded for it, and may bring vectors that are known.

        Closing the stream, or setting `request.stop`, ends the model's call at once. Raises InputError where a limit
        of money can't be kept.
        """
        return background.stream(lambda: _Run(self, request, recording or Recording(), meter or Meter()).events())

    def estimate(self, request: Request) -> money.Estimate:
        """What a question would cost: the prompt it would start with, and a usual answer."""
        run = _Run(self, request, Recording(), Meter())
        run.prepare()
        tools = _A_TOOL * len(run.toolbox.langchain_tools())
        text = run.system() + run.opening()
        return money.estimate(self.name, count(text, self.name) + tools, _LIKELY_OUTPUT, request.limits)

    def made_with(self) -> dict[str, Any]:
        """What an answer depends on beside the library: for a receipt."""
        price = money.price_of(self.name)
        return {
            "model": self.name,
            "prompts": {prompt.name: prompt.digest for prompt in self.prompts.values()},
            "price": price and {name: str(getattr(price, name)) for name in ("input", "cached_input", "output")},
        }


class _Run:
    """One answer in the making."""

    def __init__(self, chain: Chain, request: Request, recording: Recording, meter: Meter) -> None:
        self.chain, self.request, self.recording, self.meter = chain, request, recording, meter
        self.meant = request.meant
        self.spending = Spending(chain.name, request.limits, money.price_of(chain.name))
        self.messages: list[BaseMessage] = []
        self.notes: list[str] = []  # what the reader is told beside the answer
        self.failure = False
        self.offline: Answer | None = None
        self.nearest: tuple[Item, str] | None = None
        self.partial = ""  # what has come of the reply that is coming
        self._renew(_CONTEXT)

    def _renew(self, budget: int) -> None:
        chain, request = self.chain, self.request
        self.pool = Pool(budget, chain.name)
        self.toolbox = Toolbox(
            chain.retriever, chain.library, chain.registry, self.pool, chain.places, request.given, request.filters
        )
        self.release = Release(request.given, request.language, self.pool, self.toolbox, chain.places)

    def prepare(self) -> None:
        """The answer without a model, which is the first evidence and the last resort, and the passages found."""
        chain, request = self.chain, self.request
        if self.offline is None:
            self.offline = extractive.answer(
                self.meant, chain.retriever, chain.library, request.filters, request.language
            )
        self.pool.add_hits(chain.retriever.search(self.meant, _HITS, request.filters))
        reports = {c.report_id: chain.library.report(c.report_id) for c in self.offline.citations}
        keys = {
            f"[{c.n}]": item.key for c in self.offline.citations for item in self.pool.add_citations([c], reports)
        }
        for first in self.offline.citations[:1]:
            mark = f"[{first.n}]"
            said = (line for line in self.offline.text.splitlines() if line.endswith(mark))
            text = next(said, first.quote).removesuffix(mark).strip("- ")
            self.nearest = None if gives_orders(text) else (place(first, reports), text)
        for made in self.offline.calculations:
            origins = {name: keys.get(origin, origin) for name, origin in made.input_sources.items()}
            self.toolbox.adopt(replace(made, input_sources=origins))

    def system(self) -> str:
        """The standing instructions."""
        language = _LANGUAGES[self.request.language]
        return self.chain.prompts["answer"].render(language=language, today=datetime.now(UTC).date().isoformat())

    def opening(self) -> str:
        """The first message."""
        asked_as = self.request.typed if self.request.typed.strip() != self.meant.strip() else ""
        evidence = rendered(list(self.pool.items.values())) or "(nothing was found)"
        computed = "\n".join(f"- {made.id}: {made.substituted}" for made in self.toolbox.calculations.values())
        return self.chain.prompts["question"].render(
            question=self.meant, asked_as=asked_as, evidence=evidence, computed=computed
        )

    # ---------------------------------------------------------------- the course of an answer

    async def events(self) -> AsyncIterator[Event]:
        """Everything, the answer last."""
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
        self.recording.shown(list(self.pool.items.values()), list(self.toolbox.calculations.values()))
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
        self.notes.append(say(f"model_{what}", self.request.language, model=self.chain.name))

    async def _work(self) -> AsyncIterator[Event]:
        if self.request.turns:
            async for event in self._condensed():
                yield event
        await asyncio.to_thread(self.prepare)
        async for event in self._attempts():
            yield event
        async for event in self._repaired():
            yield event

    async def _condensed(self) -> AsyncIterator[Event]:
        """The question as the model makes it stand alone from the turns before."""
        from langchain_core.messages import HumanMessage

        turns = [{"question": q, "answer": " ".join(a.split())[:_REMEMBERED]} for q, a in self.request.turns[-_TURNS:]]
        prompt = self.chain.prompts["condense"].render(question=self.request.typed, turns=turns)
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
        tools = self.toolbox.langchain_tools()
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
                    self._renew(_CONTEXT // 3)
                    await asyncio.to_thread(self.prepare)
                tools = self.toolbox.langchain_tools() if tools and what == "too_long" else []

    async def _agent(self, tools: list[Any]) -> AsyncIterator[Event]:
        from langchain.agents import create_agent
        from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage

        from assistant.chain.guard import Guard

        agent: Any = create_agent(self.chain.model, tools, system_prompt=self.system(), middleware=[Guard(self)])
        first = HumanMessage(self.opening())
        self.messages = [SystemMessage(self.system()), first]
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
        keys = ", ".join(self.pool.items) or "none"
        request = HumanMessage(self.chain.prompts["repair"].render(failures=failures, keys=keys))
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
        output = self.spending.allow(size(messages, self.chain.name))
        self._begin()
        reply: Any = None
        try:
            async with asyncio.timeout(self.chain.timeout):
                async for chunk in self.chain.model.astream(messages, max_tokens=output):
                    reply = chunk if reply is None else reply + chunk
                    self.partial += chunk.text
                    yield chunk.text
        except (Exception, asyncio.CancelledError) as error:
            self.lost(error)
            raise
        if reply is None:
            raise EmptyReply
        self.book(reply)

    def book(self, reply: AIMessage) -> None:
        """Takes a whole reply to the account and to the record."""
        from langchain_core.messages import message_to_dict

        self.spending.add(reply.usage_metadata)
        self.recording.reply(message_to_dict(reply))
        self.toolbox.number(reply.tool_calls)

    def lost(self, error: BaseException) -> None:
        """Takes a call that failed to the account and to the record."""
        self.spending.add(None)
        self.recording.failure("stopped" if isinstance(error, asyncio.CancelledError) else trouble(error), self.partial)

    # ---------------------------------------------------------------- the answer

    def _ended(self) -> Iterator[Event]:
        """The answer: what was released; else the offline answer where the model failed; else that nothing is said."""
        release = self.release
        substance = bool(release.citations or release.calculations)
        if not substance and self.failure and self.offline:
            yield from self._without_model(self.offline)
            return
        if not release.text:
            yield from release.nothing(self.nearest)
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
            removed=_counted(release.removed),
            as_of=max((c.date for c in release.citations if c.date), default=None),
            model=self.chain.name,
            prompt=self.chain.prompts.digest,
            usage=self.spending.usage(self.meter.tokens),
            warnings=self._warnings(),
        )

    def _warnings(self) -> tuple[str, ...]:
        hostile = (say("left_out_orders", self.request.language, source=s) for s in self.pool.hostile.values())
        return tuple(dict.fromkeys([*self.notes, *hostile]))

    def _without_model(self, offline: Answer) -> Iterator[Event]:
        """The answer in the reports' own words, which says why it is that."""
        told = (*self._warnings(), say("answered_offline", self.request.language))
        answer = replace(
            offline,
            question=self.request.typed,
            removed=_counted(self.release.removed),
            model=self.chain.name,
            prompt=self.chain.prompts.digest,
            usage=self.spending.usage(self.meter.tokens),
            warnings=(*told, *offline.warnings),
        )
        cited = {c.report_id: self.chain.library.report(c.report_id) for c in answer.citations}
        sums = answer.calculations
        figures = ground(
            answer.text, answer.citations, sums, self.request.given, answer.language, cited, self.chain.places
        )
        yield from events_of(replace(answer, figures=figures))


def events_of(answer: Answer) -> Iterator[Event]:
    """A whole answer as events: what it points to, its text line by line, itself."""
    yield from (Event("citation", citation) for citation in answer.citations)
    yield from (Event("calculation", calculation) for calculation in answer.calculations)
    yield from (Event("figure", figure) for figure in answer.figures)
    yield from (Event("delta", line) for line in answer.text.splitlines(keepends=True))
    yield Event("answer", answer)


def _counted(removed: Sequence[Removed]) -> tuple[Removed, ...]:
    return tuple(dict.fromkeys(removed))


def size(messages: Sequence[BaseMessage], model: str, tools: int = 0) -> int:
    """The tokens of a request, about; 4 more for each message are around it."""
    texts = [message.text + str(getattr(message, "tool_calls", "") or "") for message in messages]
    return sum(count_many(texts, model)) + 4 * len(texts) + _A_TOOL * tools

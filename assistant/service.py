"""The assistant that every door calls: ask, stream, search, ingest, and looking at reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from assistant import extractive
from assistant.chain import Chain, Request, Setup, Stock, Stop, events_of, with_verdicts
from assistant.embeddings import Meter, metered
from assistant.errors import InputError, LibraryError
from assistant.followups import stand_alone
from assistant.grounding import Check, Span, check_text
from assistant.grounding.places import Places
from assistant.language import script_of
from assistant.lookups import registry_over
from assistant.messages import say
from assistant.models import replaying
from assistant.money import usage_of
from assistant.receipts import Recording, differences
from assistant.retrieval import Retriever
from assistant.types import Answer, Event, Filters, Hit, Report, ReportInfo

if TYPE_CHECKING:
    from decimal import Decimal

    from langchain_core.language_models import BaseChatModel

    from assistant.conversations import Conversations, Turn
    from assistant.ingestion import Outcome
    from assistant.library import Library
    from assistant.money import Estimate

T = TypeVar("T")
_ATTEMPTS = 5


class Assistant:
    """One library, and answers from it. Made by `bootstrap.open_assistant`; close it to let go of the folder."""

    def __init__(
        self,
        library: Library,
        conversations: Conversations | Callable[[], Conversations] | None = None,
        setup: Setup | None = None,
    ) -> None:
        """`conversations` may be what opens them, so that they are opened when first needed. `setup` names the model;
        without one, answers are offline."""
        self.library = library
        self.setup = setup or Setup()
        self._conversations = conversations
        self._chain: Chain | None = None
        self.elsewhere: Callable[[Request], Answer] | None = None  # makes offline answers in other processes
        self._opening = Lock()
        self.retriever = Retriever(library)
        self.registry = registry_over(library)
        self.places = Places()

    @property
    def model(self) -> str | None:
        """The model that answers, as PROVIDER:MODEL; None offline."""
        return self.setup.name

    @property
    def conversations(self) -> Conversations:
        """The conversations kept. Raises LibraryError where they can't be opened."""
        with self._opening:
            if callable(self._conversations):
                self._conversations = self._conversations()
        if self._conversations is None:
            raise LibraryError("no conversations are kept here; ask without one")
        return self._conversations

    @property
    def chain(self) -> Chain | None:
        """Answers through the model; None offline. Raises SettingsError where the model can't be used."""
        with self._opening:
            if self._chain is None and self.setup.name and (model := self.setup.open()):
                self._chain = self._chain_with(model, self.setup.name)
        return self._chain

    def _chain_with(self, model: BaseChatModel, name: str) -> Chain:
        stock = Stock(self.library, self.retriever, self.registry, self.places, self.setup.prompts())
        return Chain(model, name, stock, self.setup.timeout)

    def stream(
        self,
        question: str,
        filters: Filters | None = None,
        *,
        conversation_id: str | None = None,
        max_cost: Decimal | None = None,
        stop: Stop | None = None,
        recording: Recording | None = None,
        earlier: Sequence[Turn] = (),
    ) -> Iterator[Event]:
        """Answers a question step by step; the last event carries the whole Answer.

        With a conversation, the question may lean on its earlier turns, and the answer is kept in it; a door that
        keeps the turns itself gives them as `earlier`. With a model,
        `max_cost` (US dollars) is not passed, `stop` ends it early with what there is, and `recording` takes down what
        went into the answer. Closing the stream early stops the model at once; what was released is kept.
        Raises InputError where the filters name what the library does not have, there is no such conversation, or
        `max_cost` is set for a model without a known price.
        """
        started = time.perf_counter()
        self._check(filters)
        asked = _writable(question)
        earlier = self.conversations.turns(conversation_id) if conversation_id else earlier
        stop = stop or Stop()
        request = self._request(asked, earlier, filters, max_cost, stop)

        def finished(answer: Answer) -> Answer:
            full = replace(answer, seconds=round(time.perf_counter() - started, 4))
            full = self._kept(conversation_id, full) if conversation_id else full
            if recording is not None:
                recording.spent(meter.tokens, meter.vectors)
                recording.finish(full, self._made_with(self.chain))
            return full

        meter = Meter()
        events = self._answered(request, recording, self.chain, meter)
        try:
            for event in events:
                yield replace(event, data=finished(event.data)) if event.kind == "answer" else event
        except GeneratorExit:
            stop.set()  # the model's call ends now, and what it had released by then is kept
            for event in events:
                if event.kind == "answer":
                    finished(event.data)
            raise

    def _request(
        self, asked: str, earlier: Sequence[Turn], filters: Filters | None, max_cost: Decimal | None, stop: Stop
    ) -> Request:
        """The question with what came before it."""
        meant = stand_alone(asked, [turn.question for turn in earlier])
        given = "\n".join([*(turn.question for turn in earlier), asked])
        limits = replace(self.setup.limits, cost_usd=max_cost) if max_cost is not None else self.setup.limits
        turns = tuple((turn.question, turn.answer.text) for turn in earlier)
        return Request(asked, meant.text, given, meant.language, filters, limits, turns, stop)

    def _answered(
        self, request: Request, recording: Recording | None, chain: Chain | None, meter: Meter
    ) -> Iterator[Event]:
        """An answer's events, from the model where there is one."""
        if recording is not None:
            recording.request = request.data()
        yield from chain.stream(request, recording, meter) if chain else self._extracted(request, meter)

    def _extracted(self, request: Request, meter: Meter) -> Iterator[Event]:
        """An answer's events without a model."""
        language = request.language
        understood = [say("understood", language, question=request.meant)] if request.meant != request.typed else []
        yield from (Event("status", sentence) for sentence in understood)
        answer = self._settled(lambda: self.elsewhere(request) if self.elsewhere else self.extract(request, meter))
        yield from events_of(replace(answer, question=request.typed, warnings=(*understood, *answer.warnings)))

    def extract(self, asked: Request, meter: Meter | None = None) -> Answer:
        """The answer to a question without a model, each figure with its verdict; `meter` counts what is embedded."""
        with metered(meter or Meter()) as counted:
            answer = extractive.answer(asked.meant, self.retriever, self.library, asked.filters, asked.language)
        answer = with_verdicts(answer, asked.given, self.library, self.places)
        return replace(answer, usage=usage_of(counted.tokens))

    def _settled(self, work: Callable[[], T]) -> T:
        """Work over the library, done again where a report went meanwhile on which it was to rest."""
        for _ in range(_ATTEMPTS):
            before = self.library.version
            try:
                return work()
            except (InputError, LibraryError):
                if self.library.version == before:
                    raise
        return work()

    def replay(self, recording: Recording) -> tuple[Answer, list[str]]:
        """The answer of a receipt made again, without a network, and what is not as it was (nothing if all is).

        What belongs to the moment (seconds, conversation) is as recorded. Raises InputError for a receipt that
        can't be used.
        """
        request = Request.of(recording.request)
        name = recording.answer.get("model")
        chain = self._chain_with(replaying(recording.replies), name) if name else None
        meter = Meter(**recording.embedded)
        again = next(e.data for e in self._answered(request, None, chain, meter) if e.kind == "answer")
        moment = {key: recording.answer.get(key) for key in ("seconds", "conversation_id", "answer_id")}
        again = replace(again, **moment)
        return again, differences(recording, again, self._made_with(chain), self.library)

    def _made_with(self, chain: Chain | None) -> dict[str, Any]:
        """What an answer depends on beside the question and the evidence it was shown."""
        return {"embedding": self.library.embedding.id, **(chain.made_with() if chain else {"model": None})}

    def ask(
        self,
        question: str,
        filters: Filters | None = None,
        *,
        conversation_id: str | None = None,
        max_cost: Decimal | None = None,
        recording: Recording | None = None,
    ) -> Answer:
        """The whole answer to a question; see `stream`."""
        how: Any = {"conversation_id": conversation_id, "max_cost": max_cost, "recording": recording}
        for event in self.stream(question, filters, **how):
            if event.kind == "answer":
                return event.data  # type: ignore[no-any-return]
        raise AssertionError("a stream ends with its answer")

    def estimate(self, question: str, filters: Filters | None = None) -> Estimate | None:
        """What a question would cost, before it is asked; None offline, where it costs nothing."""
        self._check(filters)
        asked = _writable(question)
        request = Request(asked, asked, asked, script_of(asked), filters, self.setup.limits)
        return self.chain.estimate(request) if self.chain else None

    def search(self, query: str, k: int = 10, filters: Filters | None = None) -> list[Hit]:
        """The `k` best passages, best first."""
        self._check(filters)
        return self._settled(lambda: self.retriever.search(_writable(query), k, filters))

    def check(self, text: str, citations: Sequence[Span] | None = None) -> Check:
        """A verdict on every figure of somebody's text, against the library, or against `citations` alone.

        Raises InputError for a citation of a report that is not there, or beyond its text.
        """
        given = _writable(text)
        return self._settled(lambda: check_text(given, self.retriever, self.library, citations, self.places))

    def ingest(self, paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> Iterator[Outcome]:
        """Reads files and folders into the library, one outcome a file, as they come."""
        from assistant import ingestion
        from assistant.reading import read

        return ingestion.ingest(self.library, paths, read=read, progress=progress)

    def reports(self) -> list[ReportInfo]:
        """The reports kept."""
        return self.library.infos()

    def report(self, report_id: str) -> Report:
        """A report by its id or the unique start of one. Raises InputError."""
        return self.library.report(report_id)

    def page_picture(self, report_id: str, page: int, span: tuple[int, int] | None = None) -> bytes:
        """A page of a PDF report as a PNG, the characters `span` (start, end) of its text marked.

        Raises InputError for a report without pages, a page that isn't there, a span that is not on the page.
        """
        from assistant.reading import pdf

        report = self.library.report(report_id)
        original = self.library.original(report.report_id) if report.pages else None
        if original is None or b"%PDF-" not in original[:1024]:
            text = f"`assistant show {report.report_id} --text` prints its text"
            raise InputError(f"{report.source} is no PDF, so it has no page to show; {text}")
        marks = pdf.boxes(original, report.pages, *span) if span else []
        picture = pdf.render(original, page, [box for number, box in marks if number == page])
        if span and page not in {number for number, _ in marks}:
            raise InputError(f"characters {span[0]} to {span[1]} are not on page {page}{_elsewhere(marks)}")
        return picture

    def remove(self, report_id: str) -> ReportInfo:
        """Takes a report out, with everything found by it."""
        return self.library.remove(report_id)

    def close(self) -> None:
        """Lets go of the library's folder and of the conversations."""
        self.library.close()
        if self._conversations and not callable(self._conversations):
            self._conversations.close()

    def _kept(self, conversation_id: str, answer: Answer) -> Answer:
        """An answer as its conversation keeps it. An answer that can't be kept is an answer all the same."""
        try:
            return self.conversations.add(conversation_id, answer).answer
        except (InputError, LibraryError) as error:
            warning = say("not_kept", answer.language, reason=error)
            return replace(answer, warnings=(*answer.warnings, warning), conversation_id=conversation_id)

    def _check(self, filters: Filters | None) -> None:
        for chosen in filters.reports if filters else ():
            if not any(info.report_id.startswith(chosen) for info in self.library.infos()):
                raise InputError(f"there is no report {chosen!r} in the library; `assistant reports` lists them")


def _writable(text: str) -> str:
    """Text as it can be written out again: halves of characters, as a terminal or JSON may pass them, become marks."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _elsewhere(marks: Sequence[tuple[int, object]]) -> str:
    pages = sorted({number for number, _ in marks})
    return f" but on {', '.join(map(str, pages))}" if pages else ""

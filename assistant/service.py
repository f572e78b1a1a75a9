"""The assistant that every door calls: ask, stream, search, ingest, and looking at reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from assistant import extractive
from assistant.errors import InputError, LibraryError
from assistant.followups import stand_alone
from assistant.grounding import Check, Span, check_text, ground
from assistant.grounding.places import Places
from assistant.lookups import registry_over
from assistant.messages import say
from assistant.retrieval import Retriever
from assistant.types import Answer, Event, Filters, Hit, Report, ReportInfo, StatedFigure

if TYPE_CHECKING:
    from assistant.conversations import Conversations, Turn
    from assistant.ingestion import Outcome
    from assistant.library import Library

class Assistant:
    """One library, and answers from it. Made by `bootstrap.open_assistant`; close it to let go of the folder."""

    def __init__(
        self, library: Library, conversations: Conversations | Callable[[], Conversations] | None = None
    ) -> None:
        """`conversations` may be what opens them, so that they are opened when first needed."""
        self.library = library
        self._conversations = conversations
        self._opening = Lock()
        self.retriever = Retriever(library)
        self.registry = registry_over(library)
        self.places = Places()

    @property
    def conversations(self) -> Conversations:
        """The conversations kept. Raises LibraryError where they can't be opened."""
        with self._opening:
            if callable(self._conversations):
                self._conversations = self._conversations()
        if self._conversations is None:
            raise LibraryError("no conversations are kept here; ask without one")
        return self._conversations

    def stream(
        self,
        question: str,
        filters: Filters | None = None,
        *,
        conversation_id: str | None = None,
        earlier: Sequence[Turn] = (),
    ) -> Iterator[Event]:
        """Answers a question step by step; the last event carries the whole Answer.

        With a conversation, the question may lean on its earlier turns, and the answer is kept in it. A door that
        keeps the turns itself gives them as `earlier`.
        Raises InputError where the filters name what the library does not have, or there is no such conversation.
        """
        started = time.perf_counter()
        self._check(filters)
        asked = _writable(question)
        earlier = self.conversations.turns(conversation_id) if conversation_id else earlier
        meant = stand_alone(asked, [turn.question for turn in earlier])
        understood = [say("understood", meant.language, question=meant.text)] if meant.changed else []
        yield from (Event("status", sentence) for sentence in understood)
        answer = extractive.answer(meant.text, self.retriever, self.library, filters, meant.language)
        answer = replace(answer, figures=self._figures(answer))
        answer = replace(answer, question=asked, warnings=(*understood, *answer.warnings))
        answer = replace(answer, seconds=round(time.perf_counter() - started, 4))
        if conversation_id:
            answer = self._kept(conversation_id, answer)
        yield from (Event("citation", citation) for citation in answer.citations)
        yield from (Event("calculation", calculation) for calculation in answer.calculations)
        yield from (Event("figure", figure) for figure in answer.figures)
        yield from (Event("delta", line) for line in answer.text.splitlines(keepends=True))
        yield Event("answer", answer)

    def ask(self, question: str, filters: Filters | None = None, *, conversation_id: str | None = None) -> Answer:
        """The whole answer to a question."""
        for event in self.stream(question, filters, conversation_id=conversation_id):
            if event.kind == "answer":
                return event.data  # type: ignore[no-any-return]
        raise AssertionError("a stream ends with its answer")

    def search(self, query: str, k: int = 10, filters: Filters | None = None) -> list[Hit]:
        """The `k` best passages, best first."""
        self._check(filters)
        return self.retriever.search(_writable(query), k, filters)

    def check(self, text: str, citations: Sequence[Span] | None = None) -> Check:
        """A verdict on every figure of somebody's text, against the library, or against `citations` alone.

        Raises InputError for a citation of a report that is not there, or beyond its text.
        """
        return check_text(_writable(text), self.retriever, self.library, citations, self.places)

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

    def _figures(self, answer: Answer) -> tuple[StatedFigure, ...]:
        """The verdict on every figure of an answer."""
        cited = {citation.report_id: self.library.report(citation.report_id) for citation in answer.citations}
        return ground(
            answer.text, answer.citations, answer.calculations, answer.question, answer.language, cited, self.places
        )

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

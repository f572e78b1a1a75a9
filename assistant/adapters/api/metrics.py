"""What Prometheus reads: requests, answers, seconds, tokens, money, verdicts, and the line."""

from __future__ import annotations

from collections import Counter as Tally
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from assistant.adapters.api.line import Line
from assistant.types import Answer

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The counters of one server."""

    def __init__(self, line: Line) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, namespace="assistant", registry=self.registry)
        histogram = partial(Histogram, namespace="assistant", registry=self.registry, buckets=_SECONDS)
        self._requests = counter("requests", "HTTP requests", ["method", "route", "status"])
        self._request_seconds = histogram("request_seconds", "Until the last byte", ["route"])
        self._answers = counter("answers", "Answers by status", ["status"])
        self._answer_seconds = histogram("answer_seconds", "Seconds an answer took")
        self._tokens = counter("tokens", "Tokens of the model", ["kind"])
        self._cost = counter("cost_usd", "US dollars that answers cost, where the price is known")
        self._unpriced = counter("unpriced_answers", "Answers of a model whose price is unknown")
        self._figures = counter("figures", "Figures that answers state, by verdict", ["verdict"])
        self._removed = counter("removed", "What the checks took out of answers")
        self._ingested = counter("ingested_files", "Uploaded files by what became of them", ["status"])
        self.registry.register(_Line(line))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request; `route` is the address with its parameters' names."""
        self._requests.labels(method, route, status).inc()
        self._request_seconds.labels(route).observe(seconds)

    def answer(self, answer: Answer) -> None:
        """Counts an answer."""
        self._answers.labels(answer.status).inc()
        self._answer_seconds.observe(answer.seconds)
        usage = answer.usage
        for kind in ("input_tokens", "cached_input_tokens", "output_tokens"):
            self._tokens.labels(kind.removesuffix("_tokens")).inc(getattr(usage, kind))
        if usage.cost_usd is not None:
            self._cost.inc(float(usage.cost_usd))
        elif answer.model:
            self._unpriced.inc()
        for verdict, count in Tally(figure.verdict for figure in answer.figures).items():
            self._figures.labels(verdict).inc(count)
        self._removed.inc(len(answer.removed))

    def ingested(self, status: str) -> None:
        """Counts an uploaded file."""
        self._ingested.labels(status).inc()

    def page(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self.registry)


class _Line(Collector):
    """The line's length, read when it is asked for."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def collect(self) -> list[GaugeMetricFamily]:
        """Two gauges."""
        return [
            GaugeMetricFamily("assistant_questions_running", "Questions at work", self._line.running),
            GaugeMetricFamily("assistant_questions_waiting", "Questions in line", self._line.waiting),
        ]

"""Traces to an OpenTelemetry collector, where OTEL_EXPORTER_OTLP_ENDPOINT names one: a span a request and a step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from assistant import __version__, tracing

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def start() -> Callable[[], None]:
    """Begins to collect spans if a collector is set; returns what sends the last of them and ends it."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return lambda: None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "broker-report-assistant", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("assistant", __version__)

    @contextmanager
    def opened(name: str, attributes: dict[str, Any]) -> Iterator[tracing.Span]:
        with tracer.start_as_current_span(name, attributes=attributes) as span:
            yield span

    tracing.configure(opened)

    def stop() -> None:
        tracing.configure(None)
        provider.shutdown()

    return stop

"""Spans: nothing until somebody collects them, then one a step, sent to a collector without any texts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from assistant import tracing
from assistant.adapters.api.app import create_app
from assistant.bootstrap import open_assistant
from assistant.settings import Settings
from fakes.serving import serving


@pytest.fixture
def collected() -> Iterator[list[bytes]]:
    """A collector's address in the environment, and the requests it got."""
    got: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server, pytest.MonkeyPatch.context() as patch:
        threading.Thread(target=server.serve_forever).start()
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield got
        server.shutdown()


def test_steps_are_spans_with_the_names_of_the_conventions(collected: list[bytes]) -> None:
    settings = Settings()
    with closing(open_assistant(settings)) as assistant, serving(create_app(assistant, settings)) as address:
        asked = {"question": "From 5 USD to 10 USD, what is the growth?"}
        assert httpx.post(f"{address}/v1/ask", json=asked).json()["calculations"]
        assert httpx.post(f"{address}/v1/search", json={"query": "secretly"}).status_code == 200
        assert httpx.post(f"{address}/v1/tools/growth", json={"start": 1, "end": 2}).status_code == 200
    request = ExportTraceServiceRequest.FromString(b"".join(collected))
    spans = [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
    names = {span.name for span in spans}
    assert {"invoke_agent broker-report-assistant", "retrieve", "grounding", "execute_tool growth"} <= names
    attributes = {pair.key: pair.value.string_value for span in spans for pair in span.attributes}
    assert attributes["gen_ai.tool.name"] == "growth" and attributes["assistant.status"] == "answered"
    assert b"secretly" not in b"".join(collected) and b"what is the growth" not in b"".join(collected)


def test_nothing_is_collected_unless_asked_for() -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    @contextmanager
    def opened(name: str, attributes: dict[str, Any]) -> Iterator[Any]:
        seen.append((name, attributes))
        yield None

    with tracing.span("before"):
        pass
    tracing.configure(opened)
    with tracing.span("during", kept=1, left_out=None):
        pass
    tracing.configure(None)
    with tracing.span("after"):
        pass
    assert seen == [("during", {"kept": 1})]

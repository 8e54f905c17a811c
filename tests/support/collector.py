"""An OpenTelemetry collector that receives spans over OTLP/HTTP (protobuf) and keeps them."""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass
class Span:
    """One span. Its ids are hexadecimal, its times are in nanoseconds."""

    name: str
    kind: str
    trace: str
    identifier: str
    parent: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    failed: bool
    started: int
    ended: int


@dataclass
class Collector:
    """Listens on a port of this machine."""

    #: The status of its responses. It keeps spans only with 200.
    status: int = 200
    spans: list[Span] = field(default_factory=list)
    requests: int = 0

    def __enter__(self) -> Self:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                assert self.path == "/v1/traces"
                collector.requests += 1
                if collector.status == 200:
                    collector.take(body)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def take(self, body: bytes) -> None:
        """Decodes and keeps the spans of a request."""
        message = ExportTraceServiceRequest()
        message.ParseFromString(body)
        for group in message.resource_spans:
            resource = _attributes(group.resource.attributes)
            for scope in group.scope_spans:
                self.spans += [_span(span, resource) for span in scope.spans]

    def named(self, name: str) -> list[Span]:
        """The spans with this name so far."""
        return [span for span in self.spans if span.name == name]


def _span(span: SpanMessage, resource: dict[str, Any]) -> Span:
    return Span(
        span.name,
        SpanMessage.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _attributes(span.attributes),
        resource,
        span.status.code == Status.STATUS_CODE_ERROR,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
    )


def _attributes(attributes: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in attributes}

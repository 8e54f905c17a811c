"""OpenTelemetry traces: a span for each request and for each of its statements. Loaded only if they are on.

`OTEL_TRACES_EXPORTER=otlp` (over HTTP) or `console` turns them on. The SDK reads the other standard `OTEL_*` variables
itself. It continues the trace of a caller (`traceparent`) or of the load balancer (`X-Amzn-Trace-Id`), which also keeps
what its client sends; not with `OTEL_PROPAGATORS=none`. The id is on every log line of the request as `trace_id`, and
on the response as `X-Trace-ID`.

Probes of `/health` have no span. Query strings and parameters of statements are not recorded.
"""

from __future__ import annotations

import logging
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.semconv.attributes import (
    client_attributes,
    db_attributes,
    error_attributes,
    http_attributes,
    network_attributes,
    server_attributes,
    url_attributes,
    user_agent_attributes,
)
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from itemsvc.core import routes
from itemsvc.core.client_address import client_address
from itemsvc.core.logs import trace_id
from itemsvc.core.routes import LIVENESS_PATHS
from itemsvc.observability import request_statistics

HEADER = "X-Trace-ID"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})

# `Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1`, in any order, and with other parts.
AMAZON_ROOT = re.compile(r"(?:^|;)\s*+Root=1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})")
AMAZON_PARENT = re.compile(r"(?:^|;)\s*+Parent=([0-9a-fA-F]{16})")
AMAZON_SAMPLED = re.compile(r"(?:^|;)\s*+Sampled=1")

#: Seconds in which a message of the SDK is logged once at most.
QUIET_SECONDS = 60
#: Seconds that an ending worker waits until its last spans are exported.
FLUSH_SECONDS = 5

w3c = TraceContextTextMapPropagator()
NO_CALLER = context.Context()
tracer: Tracer | None = None

#: The trace id for the next span without a parent.
chosen: ContextVar[int] = ContextVar("chosen", default=0)


class TraceIds(RandomIdGenerator):
    """Uses the trace id that was chosen before, or a new one."""

    def generate_trace_id(self) -> int:
        """Returns 16 bytes in the form of AWS X-Ray, whose first 4 bytes are the time. The id is not secret."""
        return chosen.get() or int(time.time()) << 96 | random.getrandbits(96)


class Occasionally(logging.Handler):
    """Passes each message to the root logger's handlers at most once in QUIET_SECONDS, whatever its arguments.

    Without it, a collector that is away would cause several lines each second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Passes the record on, without its traceback, or drops it."""
        now = time.monotonic()
        if now - self._last.get(record.msg, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._last[record.msg] = now
        record.exc_info = record.exc_text = None
        for handler in logging.getLogger().handlers:
            handler.handle(record)


def start() -> Callable[[], None]:
    """Starts to export in a thread of this process; returns a function that stops it."""
    global tracer  # noqa: PLW0603  (the application is made before the fork, and this after it)
    logger = logging.getLogger("opentelemetry")
    logger.propagate, logger.handlers = False, [Occasionally()]
    provider = TracerProvider(
        resource=Resource.create({"service.version": settings.APP_VERSION, "service.name": settings.SERVICE_NAME}),
        id_generator=TraceIds(),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(_exporter()))
    tracer = provider.get_tracer("itemsvc", settings.APP_VERSION)
    request_statistics.statement_observers.append(record_statement)

    def stop() -> None:
        # The exporter retries for longer than a task may take to stop.
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_SECONDS)

    return stop


def _exporter() -> SpanExporter:
    if settings.TRACES_EXPORTER == "otlp":
        return OTLPSpanExporter()
    return ConsoleSpanExporter(out=sys.stdout, formatter=lambda span: span.to_json(indent=None) + "\n")


class Tracing:
    """Wraps a WSGI application in a span. It is the outermost, so it sees every response."""

    def __init__(self, application: Callable[..., Iterable[bytes]]):
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Calls the application; the span ends when the response is closed."""
        if tracer is None or environ.get("PATH_INFO") in LIVENESS_PATHS:
            trace_id.set("")
            return self._application(environ, start_response)
        span = begin(tracer, environ)
        identifier = trace.format_trace_id(span.get_span_context().trace_id)
        trace_id.set(identifier)
        answered = ""

        def start_traced(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal answered
            answered = status
            headers.append((HEADER, identifier))
            return start_response(status, headers, *rest)

        if not span.is_recording():
            return self._application(environ, start_traced)
        token = context.attach(trace.set_span_in_context(span))

        def end() -> None:
            context.detach(token)
            finish(span, environ, answered)

        try:
            return Response(self._application(environ, start_traced), end)
        except BaseException as exc:
            span.record_exception(exc)
            end()
            raise


class Response:
    """A response that calls a function when it has been sent."""

    def __init__(self, response: Iterable[bytes], ended: Callable[[], None]):
        self._response, self._ended = response, ended

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        """Called by the server, also if the client has gone."""
        try:
            if hasattr(self._response, "close"):
                self._response.close()
        finally:
            self._ended()


def begin(tracer: Tracer, environ: Mapping[str, Any]) -> Span:
    """Starts the request's span, in its caller's trace or as the first one of a trace. It records if it is sampled."""
    parent, identifier = origin(environ) if settings.CALLERS_TRACES else (NO_CALLER, 0)
    method = method_of(environ)
    attributes = {
        http_attributes.HTTP_REQUEST_METHOD: method or "_OTHER",
        url_attributes.URL_PATH: environ.get("PATH_INFO", ""),
        url_attributes.URL_SCHEME: environ.get("wsgi.url_scheme", "http"),
        network_attributes.NETWORK_PROTOCOL_VERSION: environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/"),
        client_attributes.CLIENT_ADDRESS: client_address(environ),
        user_agent_attributes.USER_AGENT_ORIGINAL: environ.get("HTTP_USER_AGENT", ""),
    }
    token = chosen.set(identifier)
    try:
        return tracer.start_span(method or "HTTP", parent, SpanKind.SERVER, attributes)
    finally:
        chosen.reset(token)


def method_of(environ: Mapping[str, Any]) -> str | None:
    """The method; None if HTTP has no such method."""
    given = environ.get("REQUEST_METHOD", "")
    return given if given in METHODS else None


def origin(environ: Mapping[str, Any]) -> tuple[context.Context, int]:
    """The caller's span, if any, or else the id of the request's trace; 0 for a new one.

    They come from a well-formed `traceparent`, or else from `X-Amzn-Trace-Id`.
    """
    if "HTTP_TRACEPARENT" in environ:
        names = (("traceparent", "HTTP_TRACEPARENT"), ("tracestate", "HTTP_TRACESTATE"))
        found = w3c.extract({name: environ[key] for name, key in names if key in environ}, NO_CALLER)
        if found:
            return found, 0
    header = environ.get("HTTP_X_AMZN_TRACE_ID", "")
    root, parent = AMAZON_ROOT.search(header), AMAZON_PARENT.search(header)
    identifier = int(root[1] + root[2], 16) if root else 0
    # A load balancer starts a trace without a span, so the request's span is the first one.
    if not parent:
        return NO_CALLER, identifier
    flags = TraceFlags(TraceFlags.SAMPLED if AMAZON_SAMPLED.search(header) else TraceFlags.DEFAULT)
    remote = SpanContext(identifier, int(parent[1], 16), is_remote=True, trace_flags=flags)
    return (trace.set_span_in_context(NonRecordingSpan(remote), NO_CALLER) if remote.is_valid else NO_CALLER), 0


def finish(span: Span, environ: Mapping[str, Any], answered: str) -> None:
    """Ends the request's span with its route and status."""
    status = int(answered.partition(" ")[0]) if answered else 500
    attributes: dict[str, str | int] = {}
    if route := routes.of(environ):
        span.update_name(f"{method_of(environ) or 'HTTP'} {route}")
        attributes[http_attributes.HTTP_ROUTE] = route
    attributes[http_attributes.HTTP_RESPONSE_STATUS_CODE] = status
    if status >= 500:
        attributes[error_attributes.ERROR_TYPE] = str(status)
        span.set_status(StatusCode.ERROR)
    span.set_attributes(attributes)
    span.end()


def record_statement(sql: Any, seconds: float, error: BaseException | None) -> None:
    """Records a span for a statement that has just ended; an observer of statements."""
    if tracer is None or not trace.get_current_span().is_recording():
        return
    name, attributes = statement(sql.split(None, 1)[0].upper() if isinstance(sql, str) and sql.strip() else "STATEMENT")
    ended = time.time_ns()
    span = tracer.start_span(name, None, SpanKind.CLIENT, attributes, start_time=ended - int(seconds * 1e9))
    if error is not None:
        code = getattr(error.__cause__ or error, "pgcode", None)
        if code:
            span.set_attribute(db_attributes.DB_RESPONSE_STATUS_CODE, code)
        span.set_attribute(error_attributes.ERROR_TYPE, code or type(error).__name__)
        span.set_status(StatusCode.ERROR)
    span.end(ended)


def statement(operation: str) -> tuple[str, dict[str, str]]:
    """The name and the attributes of a statement's span."""
    database = settings.DATABASES["default"]
    return f"{operation} {database['NAME']}", {
        db_attributes.DB_SYSTEM_NAME: "postgresql",
        db_attributes.DB_NAMESPACE: str(database["NAME"]),
        db_attributes.DB_OPERATION_NAME: operation,
        server_attributes.SERVER_ADDRESS: str(database.get("HOST") or "localhost"),
    }

"""Traces: spans of requests and statements, sent to a collector; the trace's id on log lines and responses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.collector import Collector, Span
from tests.support.service import ROOT, Service, wait_until

ROOT_ID, PARENT_ID = "67891233abcdef012345678912345678", "53995c3f42cd8ad8"
OTHER_TRACE = "5f84c7a7" + "0" * 24
OTHER_ROOT = f"Root=1-{OTHER_TRACE[:8]}-{OTHER_TRACE[8:]}"
ON = {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_SERVICE_NAME": "traced"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def traced(collector: Collector, migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """A service that sends its spans to the collector."""
    environment = ON | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    with Service(migrated_database("traced"), **environment) as service:
        yield service


@pytest.fixture(scope="module")
def halved(collector: Collector, migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """A service that sends half of its traces: those whose id's second half begins with 0 to 7."""
    sampler = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"}
    environment = ON | sampler | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    with Service(migrated_database("halved"), **environment) as service:
        yield service


def spans(collector: Collector, response: requests.Response, count: int | None) -> list[Span]:
    """The spans of the response's trace, the request's first; there are exactly so many, if a number is given."""
    trace = response.headers["X-Trace-ID"]

    def of_trace() -> list[Span]:
        return [span for span in list(collector.spans) if span.trace == trace]

    wait_until(lambda: any(span.kind == "SERVER" for span in of_trace()), f"the spans of {trace}")
    found = sorted(of_trace(), key=lambda span: span.kind != "SERVER")
    assert count in (None, len(found)), found
    return found


def test_a_request_and_its_statement(traced: Service, collector: Collector) -> None:
    gadget = traced.post("/gadgets", json={"name": "s3cr3t"}).json()
    response = traced.get(f"/gadgets/{gadget['id']}?name=s3cr3t", headers={"User-Agent": "a-reader"})
    request, statement = spans(collector, response, 2)
    assert (request.name, request.kind, request.parent) == ("GET /gadgets/{id}", "SERVER", "")
    assert request.attributes == {
        "http.request.method": "GET",
        "http.route": "/gadgets/{id}",
        "http.response.status_code": response.status_code,
        "url.path": f"/gadgets/{gadget['id']}",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "client.address": "127.0.0.1",
        "user_agent.original": "a-reader",
    }
    assert request.resource["service.name"] == "traced"
    assert (statement.name, statement.kind, statement.parent) == ("SELECT traced", "CLIENT", request.identifier)
    assert statement.attributes["db.system.name"] == "postgresql"
    assert statement.attributes["db.operation.name"] == "SELECT"
    assert request.started <= statement.started <= statement.ended <= request.ended
    assert abs(int(request.trace[:8], 16) - time.time()) < 60  # What X-Ray asks of a trace id.
    assert "s3cr3t" not in repr(collector.spans)


def test_its_id_is_on_every_log_line_and_the_response(traced: Service) -> None:
    traced.execute("ALTER TABLE sample_gadget RENAME COLUMN name TO nome")
    try:
        response = traced.get("/gadgets", headers={"X-Request-ID": "traced-1"})
    finally:
        traced.execute("ALTER TABLE sample_gadget RENAME COLUMN nome TO name")
    lines = wait_until(
        lambda: (
            [line for line in traced.log_lines() if line["request_id"] == "traced-1" and "path" in line]
            and [line for line in traced.log_lines() if line["request_id"] == "traced-1"]
        ),
        "the access line",
    )
    assert len(lines) == 2
    assert {line["trace_id"] for line in lines} == {response.headers["X-Trace-ID"]}


def test_a_failed_statement_is_an_error_with_its_code(traced: Service, collector: Collector) -> None:
    traced.execute("ALTER TABLE sample_gadget RENAME COLUMN name TO nome")
    try:
        response = traced.get("/gadgets")
    finally:
        traced.execute("ALTER TABLE sample_gadget RENAME COLUMN nome TO name")
    # The fast path's statement, and that of the drf one, to which it leaves what failed.
    request, *statements = spans(collector, response, None)
    assert (request.failed, request.attributes["error.type"]) == (True, "500")
    assert statements
    for statement in statements:
        assert (statement.failed, statement.attributes["db.response.status_code"]) == (True, "42703")


@pytest.mark.parametrize(
    ("headers", "trace", "parent"),
    [
        ({"traceparent": f"00-{ROOT_ID}-{PARENT_ID}-01"}, ROOT_ID, PARENT_ID),
        ({"X-Amzn-Trace-Id": f"Root=1-{ROOT_ID[:8]}-{ROOT_ID[8:]};Parent={PARENT_ID};Sampled=1"}, ROOT_ID, PARENT_ID),
        ({"X-Amzn-Trace-Id": f"Self=1-0-0;Root=1-{ROOT_ID[:8]}-{ROOT_ID[8:]}"}, ROOT_ID, ""),
        ({"traceparent": f"00-{ROOT_ID}-{PARENT_ID}-01", "X-Amzn-Trace-Id": OTHER_ROOT}, ROOT_ID, PARENT_ID),
        ({"traceparent": "00-made-up-01", "X-Amzn-Trace-Id": f"Root=1-{ROOT_ID[:8]}-{ROOT_ID[8:]}"}, ROOT_ID, ""),
        ({"traceparent": f"00-{'0' * 32}-{PARENT_ID}-01"}, None, ""),
        ({"X-Amzn-Trace-Id": "Root=1-made-up"}, None, ""),
    ],
)  # fmt: skip
def test_a_trace_goes_on(
    traced: Service, collector: Collector, headers: dict[str, str], trace: str | None, parent: str
) -> None:
    collector.spans.clear()
    response = traced.get("/schema", headers=headers)
    request = spans(collector, response, 1)[0]
    assert request.parent == parent
    if trace:
        assert request.trace == trace
    else:
        assert request.trace != "0" * 32


def test_an_unsampled_trace_is_not_sent_and_still_named(traced: Service, collector: Collector) -> None:
    collector.spans.clear()
    response = traced.get("/gadgets", headers={"traceparent": f"00-{ROOT_ID}-{PARENT_ID}-00"})
    assert response.headers["X-Trace-ID"] == ROOT_ID
    spans(collector, traced.get("/schema"), 1)
    assert ROOT_ID not in {span.trace for span in collector.spans}


SENT, LEFT_OUT = ROOT_ID[:16] + "7" * 16, ROOT_ID[:16] + "8" * 16


def amazon(trace: str, rest: str = "") -> dict[str, str]:
    return {"X-Amzn-Trace-Id": f"Root=1-{trace[:8]}-{trace[8:]}{rest}"}


@pytest.mark.parametrize(
    ("headers", "trace", "parent"),
    [
        (amazon(SENT), SENT, ""),
        (amazon(LEFT_OUT), LEFT_OUT, None),
        (amazon(LEFT_OUT, f";Parent={PARENT_ID};Sampled=1"), LEFT_OUT, PARENT_ID),
        (amazon(SENT, f";Parent={PARENT_ID};Sampled=0"), SENT, None),
        (amazon(SENT, f";Parent={PARENT_ID}"), SENT, None),
        ({"traceparent": f"00-{LEFT_OUT}-{PARENT_ID}-01"}, LEFT_OUT, PARENT_ID),
        ({"traceparent": f"00-{SENT}-{PARENT_ID}-00"}, SENT, None),
    ],
)
def test_a_trace_is_sent_with_all_its_spans_or_not_at_all_and_is_always_named(
    halved: Service, collector: Collector, headers: dict[str, str], trace: str, parent: str | None
) -> None:
    collector.spans.clear()
    identifier = f"halved-{time.monotonic_ns()}"
    response = halved.get("/gadgets", headers=headers | {"X-Request-ID": identifier})
    assert response.headers["X-Trace-ID"] == trace
    line = wait_until(
        lambda: next((line for line in halved.log_lines() if line["request_id"] == identifier), None), "its access line"
    )
    assert line["trace_id"] == trace
    if parent is None:
        spans(collector, halved.get("/schema", headers=amazon(OTHER_TRACE)), 1)
        assert {span.trace for span in collector.spans} == {OTHER_TRACE}
    else:
        request, statement = spans(collector, response, 2)
        assert (request.name, request.parent, statement.parent) == ("GET /gadgets", parent, request.identifier)


def test_a_caller_cannot_choose_what_is_traced(collector: Collector, running_service: Service) -> None:
    environment = ON | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_PROPAGATORS": "none"}
    chosen = [{"traceparent": f"00-{ROOT_ID}-{PARENT_ID}-01"}, amazon(SENT), amazon(LEFT_OUT, f";Parent={PARENT_ID}")]
    with Service(running_service.database_url, **environment) as service:
        for headers in chosen:
            response = service.get("/schema", headers=headers)
            assert response.headers["X-Trace-ID"] not in (ROOT_ID, SENT, LEFT_OUT)
            assert spans(collector, response, 1)[0].parent == ""


def test_what_no_caller_began_is_sampled_by_the_id_that_it_is_given(halved: Service, collector: Collector) -> None:
    collector.spans.clear()
    traces = [halved.get("/gadgets").headers["X-Trace-ID"] for _ in range(40)]
    assert len(set(traces)) == 40
    assert all(len(trace) == 32 and abs(int(trace[:8], 16) - time.time()) < 60 for trace in traces)
    sampled = {trace for trace in traces if trace[16] < "8"}
    wait_until(lambda: len(collector.named("GET /gadgets")) >= len(sampled), "their spans")
    assert {span.trace for span in collector.spans} == sampled


def test_a_streams_span_ends_with_the_stream(traced: Service, collector: Collector) -> None:
    traced.execute(
        "INSERT INTO sample_gadget (name, description) SELECT n, repeat('x', 5000) FROM generate_series(1, 5000) n"
    )
    lines = {"Accept": "application/x-ndjson"}
    try:
        response = requests.get(f"{traced.url}/gadgets", headers=lines, stream=True, timeout=30)
        # More than a socket's buffers hold is left to send; what another request left meanwhile has arrived.
        spans(collector, traced.get("/schema"), 1)
        assert response.headers["X-Trace-ID"] not in {span.trace for span in collector.spans if span.kind == "SERVER"}
        read_at = time.time_ns()
        assert len(response.content.splitlines()) >= 5000
    finally:
        traced.execute("TRUNCATE sample_gadget")
    assert spans(collector, response, 2)[0].ended > read_at


def test_what_nothing_serves_has_no_route(traced: Service, collector: Collector) -> None:
    request = spans(collector, traced.request("FROBNICATE", "/made/up"), 1)[0]
    assert (request.name, request.attributes["http.request.method"]) == ("HTTP", "_OTHER")
    assert "http.route" not in request.attributes


def test_probes_leave_no_span(traced: Service, collector: Collector) -> None:
    assert "X-Trace-ID" not in traced.get("/health").headers
    spans(collector, traced.get("/schema"), 1)
    assert not collector.named("GET /health")


def test_the_last_spans_are_sent_before_a_worker_ends(start_service) -> None:
    with Collector() as own:
        environment = ON | {"OTEL_BSP_SCHEDULE_DELAY": "60000", "OTEL_EXPORTER_OTLP_ENDPOINT": own.url}
        service = start_service(**environment, WEB_CONCURRENCY="2")
        for _ in range(10):
            service.get("/schema")
        assert own.spans == []
        service.http.close()
        service.process.terminate()
        service.process.wait(30)
        assert len(own.named("GET /schema")) == 10


@pytest.mark.parametrize("status", [None, 503, 400])
def test_a_collector_that_is_away_harms_nobody(start_service, status: int | None) -> None:
    with Collector(status=status or 200) as own:
        url = own.url
        if status is None:
            own.server.server_close()
        small = {"OTEL_BSP_MAX_QUEUE_SIZE": "64", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "32"}
        if status:
            small["OTEL_EXPORTER_OTLP_TIMEOUT"] = "1"  # One that is not there is tried as long as by default.
        service = start_service(**ON, **small, OTEL_EXPORTER_OTLP_ENDPOINT=url)

        def ask(_: int) -> float:
            began = time.monotonic()
            assert requests.get(f"{service.url}/gadgets", timeout=10).status_code == 200
            return time.monotonic() - began

        with ThreadPoolExecutor(4) as pool:
            slowest = max(pool.map(ask, range(400)))
        wait_until(lambda: "opentelemetry" in service.log.read_text(), "a word on the collector")
        assert slowest < 2
        began = time.monotonic()
        service.process.terminate()
        service.process.wait(30)
        assert time.monotonic() - began < 12
        words = [line for line in service.log_lines() if line["logger"].startswith("opentelemetry")]
        assert 1 <= len(words) <= 6, words
        assert service.process.returncode == 0


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"OTEL_TRACES_EXPORTER": "jaeger"}, "'jaeger', which is not one of none, otlp, console."),
        ({"OTEL_PROPAGATORS": "b3"}, "'b3', which is not one of tracecontext, none."),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "'grpc', which is not one of http/protobuf."),
    ],
)
def test_a_mistake_stops_the_service(variables: dict[str, str], sentence: str) -> None:
    command = [sys.executable, "-c", "import itemsvc.settings"]
    result = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, f"itemsvc: {next(iter(variables))} is {sentence}\n")


@pytest.mark.parametrize("variables", [{}, {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}])
def test_off_the_application_is_not_even_wrapped(variables: dict[str, str]) -> None:
    code = "import sys, itemsvc.wsgi as w; print(type(w.application).__module__, 'opentelemetry' in sys.modules)"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=True)
    assert "tracing" not in result.stdout
    assert result.stdout.endswith(" False\n")

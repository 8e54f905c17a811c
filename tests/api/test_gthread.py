"""GUNICORN_WORKER=gthread: gunicorn's own worker serves the same, with the same ids, log lines and metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from tests.support.aws import free_port
from tests.support.openapi import Schema
from tests.support.service import Service, wait_until

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

CHUNKED = b"POST /gadgets HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    b"GARBAGE\r\n\r\n": 400,
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n": 414,
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n": 431,
    b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: rot13\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nX-Request-ID: given\r\n\r\n": 400,
    CHUNKED + b"1\r\n \r\n" * 20_000 + b"0\r\n\r\n": 400,
}


@pytest.fixture(scope="module")
def threaded(running_service: Service, schema: Schema) -> Iterator[Service]:
    """The service with gunicorn's worker, one thread, and metrics once a second."""
    environment = {"GUNICORN_WORKER": "gthread", "GUNICORN_THREADS": "1", "METRICS": "emf", "METRICS_INTERVAL": "1"}
    with Service(running_service.database_url, **environment) as service:
        assert "gthread" in service.log.read_text()
        service.schema = schema
        yield service


def test_it_serves_the_contract(threaded: Service) -> None:
    made = threaded.post("/gadgets", json={"name": "lamp"})
    assert made.status_code == 201
    path = made.headers["Location"].removeprefix(threaded.url)
    assert threaded.get(path).json()["name"] == "lamp"
    assert threaded.request("PATCH", path, json={"name": "sun"}).json()["name"] == "sun"
    assert threaded.get("/gadgets?limit=1").status_code == 200
    assert threaded.request("DELETE", path).status_code == 204
    answers = [threaded.get(target) for target in (path, "/health", "/nope", "/gadgets?limit=x")]
    assert [answer.status_code for answer in answers] == [404, 200, 404, 400]
    assert not any("Server" in answer.headers for answer in answers)
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 4


@pytest.mark.parametrize("request_bytes", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_request_has_its_own_id(threaded: Service, request_bytes: bytes) -> None:
    before = threaded.get("/gadgets").headers["X-Request-ID"]
    head, _, body = threaded.raw(request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % MALFORMED[request_bytes])
    assert body.startswith(b'{"detail":"')
    assert b"Server" not in head
    identifier = re.search(rb"X-Request-ID: (\S+)", head).group(1).decode()
    assert identifier != before
    assert (identifier == "given") == (b"given" in request_bytes)
    wait_until(lambda: [line for line in threaded.log_lines() if line.get("request_id") == identifier], "it is logged")


def test_requests_are_logged_and_counted(threaded: Service) -> None:
    threaded.get("/gadgets", headers={"X-Request-ID": "seen"})
    [line] = wait_until(
        lambda: [line for line in threaded.log_lines() if line.get("request_id") == "seen"], "an access line"
    )
    assert (line["method"], line["path"], line["status"]) == ("GET", "/gadgets", 200)
    wait_until(lambda: any(line.get("Operation") == "GET /gadgets" for line in threaded.log_lines()), "it is counted")
    assert any("DatabaseConnections" in line for line in threaded.log_lines())
    assert not any("QueueDepth" in line or "Refusals" in line for line in threaded.log_lines())


def test_prometheus_has_what_this_worker_can_tell(running_service: Service) -> None:
    port = free_port()
    environment = {"GUNICORN_WORKER": "gthread", "METRICS": "prometheus", "METRICS_PORT": str(port)}
    with Service(running_service.database_url, **environment) as service:
        service.get("/gadgets")

        def numbers() -> str:
            return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text

        wait_until(lambda: 'itemsvc_requests_total{method="GET",route="/gadgets",status="200"} 1.0' in numbers(), "one")
        assert "itemsvc_queue_depth" not in numbers()

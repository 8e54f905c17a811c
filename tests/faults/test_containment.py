"""No exception anywhere may end a thread, the event loop, a process or another client's connection."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from tests.faults.errors import BAD_STARTS, ERRORS
from tests.support.service import Service, wait_until

pytestmark = pytest.mark.slow

THREADS = 3
ANSWER_SECONDS = 5

#: Request line, additional headers and body. `{path}` is the path of a view. Each request closes its connection.
JSON = "Content-Type: application/json\r\n"
KINDS = {
    "GET": ("GET {path} HTTP/1.1", "", ""),
    "HEAD": ("HEAD {path} HTTP/1.1", "", ""),
    "POST": ("POST {path} HTTP/1.1", f"{JSON}Content-Length: 14\r\n", '{"name":"oak"}'),
    "chunked": ("POST {path} HTTP/1.1", f"{JSON}Transfer-Encoding: chunked\r\n", 'e\r\n{"name":"oak"}\r\n0\r\n\r\n'),
    "HTTP/1.0": ("GET {path} HTTP/1.0", "", ""),
    "probe": ("GET /health HTTP/1.1", "", ""),
    "HEAD probe": ("HEAD /health HTTP/1.1", "", ""),
    "POST probe": ("POST /health HTTP/1.1", "Content-Length: 0\r\n", ""),
}
PIPELINED = "pipelined"
AROUND = ("request line", "environ", "response", "application", "part 1", "part 2", "close", "access log", "metrics",
          "statement", "handle_error", "logging", "take", "finish", "tick")  # fmt: skip
DJANGOS = ("before first", "after first", "view of first", "before last", "after last", "view of last",
           "view")  # fmt: skip


class Raising(Service):
    """The service with planted faults."""

    command = (*Service.command, "tests.faults.raising:application")

    def worker(self) -> psutil.Process:
        """Its only worker."""
        [worker] = psutil.Process(self.process.pid).children()
        return worker

    def send(self, kind: str, path: str, wanted: str, header: str = "") -> bytes:
        """Sends one request of this kind and returns the response bytes."""
        line, own, body = KINDS["GET" if kind == PIPELINED else kind]
        request = f"{line.format(path=path)}\r\nHost: localhost\r\n{own}{header}X-Raise: {wanted}\r\n"
        before = f"{request}\r\n" if kind == PIPELINED else ""
        return self.raw(f"{before}{request}Connection: close\r\n\r\n{body}".encode(), ANSWER_SECONDS)


class Witness:
    """Another client's connection and the state of the worker before a fault. Both must be the same after it."""

    def __init__(self, service: Raising):
        self._service = service
        wait_until(lambda: service.worker().num_threads() >= THREADS + 1, "its threads have started")
        self._before = service.worker().pid, service.worker().num_threads()
        self._connection = socket.create_connection(("127.0.0.1", service.port), ANSWER_SECONDS)
        self._ask()

    def check(self, what: str) -> None:
        """Fails if the state has changed, and names ``what``."""
        for path in ("/health", "/health/ready", "/gadgets?limit=1"):
            response = requests.get(self._service.url + path, timeout=ANSWER_SECONDS)
            assert response.status_code == 200, (what, path, response.text)
        assert (self._service.worker().pid, self._service.worker().num_threads()) == self._before, what
        self._ask()

    def _ask(self) -> None:
        self._connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert self._connection.recv(65536).startswith(b"HTTP/1.1 200 "), "the other client's connection is closed"

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module", params=["tests.sample.settings", "tests.faults.raising_settings"])
def raising(request: pytest.FixtureRequest, running_service: Service) -> Iterator[Raising]:
    """The service, once with only its own middleware and once with more."""
    environment = {"DJANGO_SETTINGS_MODULE": request.param, "GUNICORN_THREADS": str(THREADS)}
    with Raising(running_service.database_url, **environment) as service:
        yield service


@pytest.fixture
def witness(raising: Raising) -> Iterator[Witness]:
    witness = Witness(raising)
    yield witness
    witness.close()


def is_answer(data: bytes) -> bool:
    """Whether it is empty or starts with a response's head."""
    return not data or (data.startswith(b"HTTP/1.") and b"\r\n\r\n" in data)


@pytest.mark.parametrize("stage", [*AROUND, "WSGIRequest"])
def test_an_error_ends_nothing_else(raising: Raising, witness: Witness, stage: str) -> None:
    path = "/gadgets" if stage in AROUND else "/raise"
    for error in ERRORS:
        for kind in (*KINDS, PIPELINED):
            assert is_answer(raising.send(kind, path, f"{stage}:{error}")), (kind, error)
        witness.check(f"{stage}: {error}")


@pytest.mark.parametrize("raising", ["tests.faults.raising_settings"], indirect=True)
@pytest.mark.parametrize("stage", DJANGOS)
def test_an_error_of_others_middleware_or_view_ends_nothing_else(
    raising: Raising, witness: Witness, stage: str
) -> None:
    for error in ERRORS:
        for kind in (*KINDS, PIPELINED):
            assert is_answer(raising.send(kind, "/raise", f"{stage}:{error}")), (kind, error)
        witness.check(f"{stage}: {error}")


@pytest.fixture(scope="module")
def gunicorns_worker(running_service: Service) -> Iterator[Raising]:
    """The service on gunicorn's own worker, with more middleware."""
    environment = {"DJANGO_SETTINGS_MODULE": "tests.faults.raising_settings", "GUNICORN_WORKER": "gthread"}
    with Raising(running_service.database_url, **environment, GUNICORN_THREADS=str(THREADS)) as service:
        yield service


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_does_not_end_gunicorns_own_worker(gunicorns_worker: Raising, error: str) -> None:
    before = gunicorns_worker.worker().pid
    for stage in DJANGOS:
        for kind in ("GET", "POST", "chunked"):
            head, _, body = gunicorns_worker.send(kind, "/raise", f"{stage}:{error}").partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 500 "), (stage, kind)
            assert b'{"detail":"Internal ' in body
    assert gunicorns_worker.worker().pid == before


@pytest.mark.parametrize(
    "stage", ["no start:", "no bytes:", "started twice:", *map("start_response:{}".format, BAD_STARTS)]
)
def test_a_malformed_response_ends_nothing_else(raising: Raising, witness: Witness, stage: str) -> None:
    for kind in (*KINDS, PIPELINED):
        assert is_answer(raising.send(kind, "/gadgets", stage)), kind
    witness.check(stage)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("kind", ["GET", "POST", "chunked"])
@pytest.mark.parametrize("stage", ["application", "part 1"])
def test_the_client_is_told_and_the_log_says_why_once(raising: Raising, stage: str, kind: str, error: str) -> None:
    identifier = f"{stage[:4]}-{kind}-{error}"
    answer = raising.send(kind, "/nowhere", f"{stage}:{error}", f"X-Request-ID: {identifier}\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    if (stage, error) == ("part 1", "StopIteration"):
        assert head.startswith(b"HTTP/1.1 404 ")  # StopIteration is the normal end of the parts.
        return
    assert head.startswith(b"HTTP/1.1 500 "), answer
    assert json.loads(body) == {"detail": "Internal Server Error"}
    assert f"X-Request-ID: {identifier}".encode() in head

    def lines() -> list[dict[str, str]]:
        return [line for line in raising.log_lines() if line["request_id"] == identifier]

    wait_until(lambda: len(lines()) == 2, f"an error and an access line: {lines()}", ANSWER_SECONDS)
    assert [error in line["exception"] for line in lines() if "exception" in line] == [True]
    assert [(line["method"], line["path"], line["status"]) for line in lines() if "status" in line] == [
        ("GET" if kind == "GET" else "POST", "/nowhere", 500)
    ]


#: Django fails to parse this when it makes its request object.
CONTENT_TYPES = ("a/b; x*=bogus''%20", "application/json; charset*=utf-8''%00", "a/b; x*=utf-8''%ff")


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize(
    "request_line", ["POST /gadgets", "HEAD /health", "GET /health", "POST /health", "HEAD /gadgets"]
)
def test_a_content_type_stops_no_service(
    raising: Raising, witness: Witness, request_line: str, content_type: str
) -> None:
    head = f"{request_line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nConnection: close\r\n"
    for _ in range(2 * THREADS):
        raising.raw(f"{head}Content-Length: 2\r\n\r\n{{}}".encode("latin-1"), ANSWER_SECONDS)
        raising.raw(f"{head}\r\n".encode("latin-1"), ANSWER_SECONDS)
    witness.check(content_type)


@pytest.mark.parametrize("error", ["OwnError", "SystemExit"])
def test_a_thread_that_ends_is_replaced(raising: Raising, witness: Witness, error: str) -> None:
    before = ended(raising)
    for _ in range(2 * THREADS):
        assert raising.send("GET", "/gadgets", f"thread:{error}") == b"", "it closes the connection"
    wait_until(lambda: ended(raising) == before + 2 * THREADS, "each is counted", ANSWER_SECONDS)
    witness.check(error)


def test_health_says_when_no_thread_gets_on(running_service: Service, tmp_path: Path) -> None:
    settings = {"GUNICORN_THREADS": "2", "GUNICORN_REQUEST_TIMEOUT": "1", "GUNICORN_QUEUE_TIMEOUT": "1"}
    settings |= {"DB_CONNECT_TIMEOUT": "1", "DJANGO_SETTINGS_MODULE": "tests.faults.raising_settings"}
    hanging = tmp_path / "hanging"
    hanging.touch()
    with Service(running_service.database_url, **settings) as service, ThreadPoolExecutor(2) as pool:
        url = f"{service.url}/hang?file={hanging}"
        try:
            answers = [pool.submit(requests.get, url, timeout=60)]
            assert service.get("/gadgets").status_code == service.get("/health").status_code == 200
            answers.append(pool.submit(requests.get, url, timeout=60))
            wait_until(lambda: service.get("/health").status_code == 503, "/health tells that none gets on", 30)
            assert "request thread" in service.get("/health").json()["detail"]
            assert service.request("HEAD", "/health").status_code == 503
        finally:
            hanging.unlink()
        assert [answer.result().status_code for answer in answers] == [200, 200]
        wait_until(lambda: service.get("/health").status_code == 200, "they go on", 30)


def ended(service: Service) -> int:
    """The number of ended threads so far, from the log."""
    return sum("request thread was lost" in line["message"] for line in service.log_lines())

"""A media type that cannot be parsed is the client's error, on every path and with every method."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.service import Service

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

PATHS = ("/gadgets", "/gadgets/00000000-0000-7000-8000-000000000000", "/health", "/health/ready", "/schema", "/nowhere",
         "/docs", "/admin/login/", "/static/nothing.css")  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MALFORMED = (
    "a/b; x*=bogus''%20",
    "application/json; charset*=utf-8''%00",
    "application/json; charset*=bogus''utf-8",
    "application/json; charset=zlib_codec",
    "application/json; charset=undefined",
    "application/json; charset=idna",
    "application/json; charset=\xe9",
    "application/x-www-form-urlencoded; charset=bogus",
    "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=\xe9\xe9",
    "multipart/form-data; boundary*=bogus''a",
    "; ; ;",
    "/",
    "*/*",
    "a" * 3000,
    "a/b" + "; c=d" * 400,
    '"',
    "%",
)


@pytest.fixture(scope="module")
def target(migrated_database: Callable[[str], str]) -> Iterator[Service]:
    settings = {"ADMIN_ENABLED": "true", "GUNICORN_CLIENT_TIMEOUT": "2"}
    with Service(migrated_database("media_types"), **settings) as running:
        yield running


def ask(service: Service, method: str, path: str, header: tuple[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """Status and head of the answer to a request with one header of that value."""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{length}{': '.join(header)}\r\n\r\n"
    answer = service.raw(head.encode("latin-1") + body, 20)
    assert answer, f"{method} {path} {header} was not answered"
    return int(answer.split(b" ", 2)[1]), answer


@pytest.mark.parametrize("value", MALFORMED, ids=lambda value: value[:40])
@pytest.mark.parametrize("header", ["Content-Type", "Accept"])
def test_it_is_never_an_error_of_the_service(target: Service, header: str, value: str) -> None:
    for path in PATHS:
        for method in METHODS:
            body = b"" if method in ("GET", "HEAD", "DELETE", "OPTIONS") else b"{}"
            status, answer = ask(target, method, path, (header, value), body)
            assert status < 500, f"{method} {path}: {answer[:300]!r}"
            assert b"\r\nX-Request-ID: " in answer
    assert target.get("/health").status_code == target.get("/health/ready").status_code == 200


@pytest.mark.parametrize("value", [each for each in MALFORMED if each != "*/*"], ids=lambda value: value[:40])
def test_a_body_of_it_is_refused_in_json(target: Service, value: str) -> None:
    status, answer = ask(target, "POST", "/gadgets", ("Content-Type", value), b'{"name":"a"}')
    assert status in (400, 415)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["detail"]


def test_an_accept_with_a_good_type_beside_it_is_answered(target: Service) -> None:
    status, answer = ask(target, "GET", "/gadgets", ("Accept", "a/b; x*=bogus''%20, application/json"))
    assert (status, b"application/json" in answer) == (200, True)
    assert ask(target, "GET", "/gadgets", ("Accept", "a/b; x*=bogus''%20"))[0] == 406


# -- Errors before a request is parsed --------------------------------------------------------------------------------

SPACES = b" " * 6000
UNFINISHED = {
    "head": b"GET /gadgets HTTP/1.1\r\nHost: localhost\r\nX-Request-ID:" + SPACES,
    "body": b"POST /gadgets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n"
    + (b"\r\nX-Request-ID:" + SPACES) * 20,
    "tabs": b"GET /gadgets HTTP/1.1\r\nHost: localhost\r\nX-Amzn-Trace-Id:" + b"\t;" * 20_000,
}


@pytest.mark.own_worker
@pytest.mark.parametrize("kind", UNFINISHED)
def test_a_request_that_never_ends_holds_up_nobody(target: Service, kind: str) -> None:
    with socket.create_connection(("127.0.0.1", target.port), 20) as connection:
        connection.sendall(UNFINISHED[kind])
        deadline, received = time.monotonic() + 20, b""
        connection.settimeout(0.05)
        while not received and time.monotonic() < deadline:
            assert target.get("/gadgets").status_code == 200
            try:
                received = connection.recv(65536)
            except TimeoutError:
                continue
        assert received.startswith(b"HTTP/1.1 408 ")


@pytest.mark.own_worker
def test_the_id_of_an_error_comes_from_the_head_alone(target: Service) -> None:
    head = b"POST /gadgets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n"
    forged = b"\r\nX-Request-ID: forged\r\n" * 3
    assert b"forged" not in target.raw(head + b"\r\n" + forged, 20)
    answer = target.raw(head + b"x-request-id:\t own-1 \t\r\n\r\n" + forged, 20)
    assert re.search(rb"\r\nX-Request-ID: own-1\r\n", answer)

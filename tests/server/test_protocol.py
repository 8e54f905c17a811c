"""HTTP itself: what is refused at once, what is answered, and what of HTTP the service speaks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from itemsvc.http.raw_errors import MAX_CHUNKS
from itemsvc.server import raw_errors
from tests.support.service import Service

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

LINE, HOST = b"POST /gadgets HTTP/1.1\r\n", b"Host: localhost\r\n"
TYPE, FIVE = b"Content-Type: application/json\r\n", b"Content-Length: 5\r\n"
CHUNKS = LINE + HOST + TYPE + b"Transfer-Encoding: chunked\r\n\r\n"

#: Requests that are still arriving, but cannot become valid any more.
HOPELESS = {
    "an unknown coding": (LINE + HOST + b"Transfer-Encoding: rot13\r\n\r\n", 400),
    "a coding after chunked": (LINE + HOST + b"Transfer-Encoding: chunked, gzip\r\n\r\n", 400),
    "two lengths": (LINE + HOST + FIVE + FIVE + b"\r\n", 400),
    "a length and a coding": (LINE + HOST + FIVE + b"Transfer-Encoding: chunked\r\n\r\n", 400),
    "chunks in HTTP/1.0": (CHUNKS.replace(b"1.1", b"1.0"), 400),
    "a bad method": (b"PO@T /gadgets HTTP/1.1\r\n" + HOST + FIVE + b"\r\n", 400),
    "a bad version": (b"POST /gadgets HTTP/9.9\r\n" + HOST + FIVE + b"\r\n", 400),
    "a bad header": (LINE + HOST + FIVE + b"a b: c\r\n\r\n", 400),
    "two hosts": (LINE + HOST + HOST + FIVE + b"\r\n", 400),
    "an unknown expectation": (LINE + HOST + FIVE + b"Expect: tea\r\n\r\n", 417),
    "a bad method before the end of the head": (b"PO@T /gadgets HTTP/1.1\r\nHost: loc", 400),
    "an endless target": (b"GET /" + b"a" * 9000, 414),
    "a very long target": (b"GET /" + b"a" * 100_000, 414),
    "an endless header": (b"GET / HTTP/1.1\r\nX: " + b"a" * 900_000, 431),
    "a bad chunk size": (CHUNKS + b"0x5\r\nab", 400),
    "another bad chunk size": (CHUNKS + b"5_0\r\nab", 400),
    "a negative chunk size": (CHUNKS + b"-5\r\nab", 400),
    "a chunk that goes on after its end": (CHUNKS + b"1\r\naxxx", 400),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_become_valid_is_refused_at_once(running_service: Service, name: str) -> None:
    data, status = HOPELESS[name]
    answer = running_service.raw(data, 5)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2]).keys() == {"detail"}


def test_100_continue_asks_for_the_body(running_service: Service) -> None:
    request = LINE + HOST + TYPE + FIVE + b"Connection: close\r\nExpect: 100-Continue\r\n\r\n"
    assert running_service.raw(request, 1) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_http_1_0_expects_nothing(running_service: Service) -> None:
    request = LINE.replace(b"1.1", b"1.0") + HOST + TYPE + FIVE + b"Expect: 100-continue\r\n\r\n"
    assert running_service.raw(request, 1) == b""
    assert running_service.raw(request + b"[1,2]", 5).startswith(b"HTTP/1.0 400 ")


@pytest.mark.parametrize(
    "head",
    [b"GET /gadgets HTTP/1.1\r\n", b"GET /health HTTP/1.1\r\n", b"GET /gadgets HTTP/1.1\r\nExpect: 100-continue\r\n"],
)
def test_http_1_1_needs_a_host(running_service: Service, head: bytes) -> None:
    answer = running_service.raw(head + b"Accept: */*\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"X-Request-ID: " in answer
    old = running_service.raw(head.replace(b"1.1", b"1.0") + b"Accept: */*\r\n\r\n")
    assert old.startswith(b"HTTP/1.0 200 ")


def test_a_large_body_in_small_chunks_is_answered(running_service: Service) -> None:
    body = b'd\r\n{"name":"oak"\r\n' + b"80\r\n%b\r\n" % (b" " * 128) * (MAX_CHUNKS - 2) + b"1\r\n}\r\n"
    answer = running_service.raw(CHUNKS.replace(HOST, HOST + b"Connection: close\r\n") + body + b"0\r\n\r\n", 60)
    assert answer.startswith(b"HTTP/1.1 201 "), answer


@pytest.mark.parametrize("size", [b"1", b"1;a"])
def test_too_many_chunks_are_refused_and_the_rest_is_not_read(running_service: Service, size: bytes) -> None:
    many = CHUNKS + size + b"\r\n{\r\n" + (size + b"\r\n \r\n") * 350_000 + b"0\r\n\r\n"
    answer = running_service.raw(many + b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 20)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert f"The body has more than {MAX_CHUNKS} chunks.".encode() in answer
    assert answer.count(b"HTTP/1.1 ") == 1  # The connection is closed.


class Hinting(Service):
    """The service behind a WSGI application that sends Early Hints."""

    command = (*Service.command, "tests.api.early_hints:application")


@pytest.fixture(scope="module")
def hinting(running_service: Service) -> Iterator[Service]:
    with Hinting(running_service.database_url) as service:
        yield service


@pytest.mark.parametrize("more", [b"", b"Connection: close, x\r\n"])
def test_an_application_can_send_early_hints(hinting: Service, more: bytes) -> None:
    hint, _, answer = hinting.raw(b"GET /gadgets HTTP/1.1\r\n" + HOST + more + b"\r\n", 2).partition(b"\r\n\r\n")
    assert hint == b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload"
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    old = hinting.raw(b"GET /gadgets HTTP/1.0\r\n\r\n", 2)
    assert old.startswith(b"HTTP/1.0 ")


HEADED = (
    "/", "/gadgets", "/gadgets?limit=0", "/gadgets/none", "/nowhere", "/docs", "/schema", "/health", "/health/ready",
    "/favicon.ico", "/static/itemsvc/json-forms.js", "/static/none",
)  # fmt: skip


def test_no_answer_to_head_has_a_body(running_service: Service) -> None:
    running_service.post("/gadgets", json={"name": "lamp"})
    for path in HEADED:
        for accept in ("*/*", "text/html", "application/x-ndjson"):
            head = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
            answer = running_service.raw(head.encode(), 20)
            assert answer.startswith(b"HTTP/1.1 "), path
            assert answer.partition(b"\r\n\r\n")[2] == b"", path
    assert "no-body response" not in running_service.log.read_text()


def test_no_refusal_of_head_has_a_body(running_service: Service) -> None:
    answer = running_service.raw(b"HEAD /gadgets HTTP/1.1\r\n\r\n", 20)  # It has no Host.
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\r\n\r\n"), answer
    assert raw_errors.response(raw_errors.BUSY, b"HEAD /gadgets HTTP/1.1\r\nHost: a\r\n\r\n").endswith(b"\r\n\r\n")
    assert raw_errors.response(raw_errors.BUSY, b"GET /gadgets HTTP/1.1\r\nHost: a\r\n\r\n").endswith(b"}")

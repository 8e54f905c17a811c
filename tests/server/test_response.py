"""Responses: the same bytes however their headers come, and nothing that splits a response."""

from __future__ import annotations

import re
import socket

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidResponseHeader, InvalidResponseHeaderName

from itemsvc.http.header_block import ResponseHeaders, SharedHeaders
from itemsvc.server import fast_parser
from itemsvc.server.connection import ClientSocket
from itemsvc.server.response import BufferedResponse

CONFIG = Config()
CONFIG.set("forwarded_allow_ips", "")  # As in gunicorn.conf.py.
COMMON = [("Content-Type", "application/json"), ("Allow", "GET, POST"), ("X-Frame-Options", "DENY")]
OWN = [("ETag", '"1"'), ("Content-Length", "2")]


def sent(headers: list[tuple[str, str]], status: str = "200 OK", method: bytes = b"GET") -> bytes:
    """What a client gets, but for the Date."""
    environ = fast_parser.environ_of(CONFIG, ("127.0.0.1", 1), ("127.0.0.1", 2))
    request = fast_parser.read(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n", environ)
    ours, theirs = socket.socketpair()
    with ClientSocket(ours) as client, theirs:
        answer = BufferedResponse(request, client, CONFIG)
        answer.start_response(status, headers)
        answer.write(b"{}")
        answer.close()
        client.end()
        return re.sub(rb"Date: [^\r]+\r\n", b"", theirs.recv(65536))


def test_headers_in_common_are_sent_like_any_others() -> None:
    assert sent(ResponseHeaders(SharedHeaders(COMMON), OWN)) == sent([*COMMON, *OWN])
    assert sent([*COMMON, *OWN]).startswith(
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: application/json"
    )


@pytest.mark.parametrize(
    ("status", "method"), [("200 OK", b"HEAD"), ("204 No Content", b"GET"), ("404 Not Found", b"GET")]
)
def test_so_they_are_where_there_is_no_body(status: str, method: bytes) -> None:
    assert sent(ResponseHeaders(SharedHeaders(COMMON), OWN), status, method) == sent([*COMMON, *OWN], status, method)


def test_a_header_that_is_added_later_is_sent() -> None:
    headers = ResponseHeaders(SharedHeaders(COMMON), OWN)
    headers.append(("X-Trace-ID", "1"))
    assert b"\r\nX-Trace-ID: 1\r\n" in sent(headers)


@pytest.mark.parametrize("bad", [("X-Bad", "a\r\nSet-Cookie: b=c"), ("X Bad", "a")])
def test_no_header_can_split_a_response(bad: tuple[str, str]) -> None:
    for headers in (
        [*COMMON, bad],
        ResponseHeaders(SharedHeaders([*COMMON, bad]), OWN),
        ResponseHeaders(SharedHeaders(COMMON), [bad]),
    ):
        with pytest.raises((InvalidResponseHeader, InvalidResponseHeaderName)):
            sent(headers)


def test_an_answer_that_has_no_body_has_no_length() -> None:
    assert b"Content-Length" not in sent([*COMMON, ("Content-Length", "0")], "204 No Content")


def test_what_replaces_an_answer_has_headers_of_its_own_only() -> None:
    for first in (ResponseHeaders(SharedHeaders(COMMON), OWN), [("X-First", " mended ")]):
        request = fast_parser.read(
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", fast_parser.environ_of(CONFIG, ("a", 1), ("b", 2))
        )
        ours, theirs = socket.socketpair()
        with ClientSocket(ours) as client, theirs:
            answer = BufferedResponse(request, client, CONFIG)
            answer.start_response("200 OK", first)
            error = ValueError()
            answer.start_response("500 Internal Server Error", [("X-Second", "1")], (ValueError, error, None))
            answer.write(b"{}")
            answer.close()
            client.end()
            head = theirs.recv(65536)
        assert b"X-Second: 1\r\n" in head
        assert b"X-First" not in head
        assert b"ETag" not in head

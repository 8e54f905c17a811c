"""Where a request ends, however it arrives."""

from __future__ import annotations

import socket

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from hypothesis import given
from hypothesis import strategies as st

from itemsvc.http.raw_errors import MAX_CHUNKS, TooManyChunks
from itemsvc.server.connection import Connection
from itemsvc.server.request_buffer import HEAD_BYTES, Arrived

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

LIMIT = 100
CLIENT, SERVER = ("203.0.113.9", 40_000), ("10.0.0.7", 8000)
HEAD = b"POST /gadgets HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = {
    "no body": b"GET /gadgets HTTP/1.1\r\nHost: a\r\n\r\n",
    "an empty body": HEAD + b"Content-Length: 0\r\n\r\n",
    "a body": HEAD + b"content-LENGTH:5\r\n\r\nabcde",
    "a body of a head's form": HEAD + b"Content-Length: 24\r\n\r\nGET / HTTP/1.1\r\nHost: \r\n",
    "chunks": CHUNKED + b"5\r\nab\r\nc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n",
    "no chunk": CHUNKED + b"0\r\n\r\n",
    "trailers": CHUNKED + b"1\r\na\r\n0\r\nX: 1\r\n\r\n",
    "an extension between chunks": CHUNKED + b"1\r\na\r\n1\r\nb\r\n1 ;x\r\nc\r\n001\r\nd\r\n0\r\n\r\n",
    "more chunks than a body's bytes": CHUNKED + b"1\r\na\r\n" * LIMIT + b"0\r\n\r\n",
    "a long extension": CHUNKED + b"1;" + b"x" * 9000 + b"\r\na\r\n0\r\n\r\n",
    "an escape in the target": b"GET /a%20b HTTP/1.1\r\nHost: a\r\n\r\n",
    "an empty line before it": b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
}
#: What is handed on at once, to be refused: none of it is waited for.
REFUSED = {
    "a body above the limit": HEAD + b"Content-Length: 101\r\n\r\n",
    "a length that is none": HEAD + b"Content-Length: 5x\r\n\r\n",
    "a length of 30 digits": HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
    "a chunk's size that is none": CHUNKED + b"xyz\r\n",
    "a chunk's size with a space": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
    "a chunk that goes on": CHUNKED + b"1\r\nab",
    "a later chunk that goes on": CHUNKED + b"1\r\na\r\n1\r\nb\rc",
    "an endless line of a chunk": CHUNKED + b"1" * 25_000,
    "endless chunks": CHUNKED + b"1\r\na\r\n" * 20_000,
    "a bare LF": b"GET /gadgets HTTP/1.1\nHost: a\n\n",
    "an endless head": b"GET / HTTP/1.1\r\nX: " + b"a" * (HEAD_BYTES + 1),
}


def connect() -> Connection:
    """A new connection, which reads from nobody."""
    one, other = socket.socketpair()
    other.close()
    return Connection(Config(), one, CLIENT, SERVER)


@pytest.mark.parametrize("name", WHOLE)
@given(data=st.data())
def test_a_request_is_whole_with_its_last_byte(name: str, data: st.DataObject) -> None:
    message = WHOLE[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(message) - 1))))
    pieces = [message[start:end] for start, end in zip([0, *cuts], [*cuts, len(message)], strict=True)]
    connection = connect()
    assert [connection.receive(piece, LIMIT) for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert connection.whole
    request = connection.plain or connection.take_message()
    expected = next(get_parser(Config(), iter([message]), CLIENT))
    assert (request.method, request.uri, request.headers) == (expected.method, expected.uri, expected.headers)
    assert request.body.read() == expected.body.read()
    assert connection.next_data() == b""
    assert not connection.arrived.exhausted


@pytest.mark.parametrize("name", REFUSED)
def test_what_will_be_refused_is_not_waited_for(name: str) -> None:
    connection = connect()
    assert connection.receive(REFUSED[name], LIMIT)
    assert not connection.whole


def test_a_body_is_read_up_to_its_last_chunk_that_is_allowed() -> None:
    connection, chunk = connect(), b"1\r\na\r\n"
    assert not connection.receive(CHUNKED + chunk * MAX_CHUNKS, 2 * MAX_CHUNKS)
    assert connection.receive(chunk, 2 * MAX_CHUNKS)
    with pytest.raises(TooManyChunks):
        connection.take_message()


def test_a_request_that_follows_another_is_kept() -> None:
    connection = connect()
    assert connection.receive(WHOLE["trailers"] + WHOLE["no body"], LIMIT)
    assert connection.take_message().body.read() == b"a"
    assert connection.next_data() == WHOLE["no body"]


def test_what_the_parser_asks_for_beyond_what_arrived_is_noticed() -> None:
    arrived = Arrived()
    arrived.put(b"a" * 20_000)
    assert b"".join([next(arrived), next(arrived)]) == b"a" * 20_000
    assert not arrived.exhausted
    assert next(arrived, None) is None
    assert arrived.exhausted

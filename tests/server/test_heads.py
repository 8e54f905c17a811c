"""What is read without gunicorn's parser is read as that reads it."""

from __future__ import annotations

from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http.wsgi import create
from hypothesis import given
from hypothesis import strategies as st

from itemsvc.server import fast_parser

CLIENT, SERVER = ("203.0.113.9", 40_000), ("10.0.0.7", 8000)
CONFIG = Config()
CONFIG.set("forwarded_allow_ips", "")
CONFIG.set("forwarder_headers", "")
#: Of the environ, but nothing of the request.
OBJECTS = {"wsgi.input", "wsgi.errors", "gunicorn.socket", "wsgi.early_hints", "wsgi.multithread"}

USUAL = {
    "curl": b"GET /gadgets HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n",
    "a load balancer's probe": (
        b"GET /health HTTP/1.1\r\nHost: 10.0.1.7:8000\r\nConnection: close\r\nUser-Agent: ELB-HealthChecker/2.0\r\n"
        b"Accept-Encoding: gzip, compressed\r\n\r\n"
    ),
    "a request through a load balancer": (
        b"GET /gadgets?limit=100 HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Port: 443\r\nHost: a.example\r\nX-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678\r\n"
        b"user-agent: python-requests/2.32\r\naccept: application/json\r\naccept-encoding: gzip, deflate\r\n\r\n"
    ),
    "a POST": (
        b"POST /gadgets HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
        b'Connection: keep-alive\r\n\r\n{"name":"a"}'
    ),
}
#: Each has something about it that somebody may read in another way.
ODD_FIELDS = (
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Expect: 100-continue", b"Expect: x",
    b"Upgrade: h2c", b"TE: trailers", b"Trailer: x", b"Host: b", b"accept: */*", b"Content-Length: 0",
    b"Content-Length: 3", b"Content-Length: +3", b"Content-Length: -1", b"Content-Length: 0x3",
    b"Content-Length: 1_0", b"Content-Length: 003", b"Content-Length: \xd9\xa3", b"Content-Length: 3, 3",
    b"Content-Length:", b"Content-Length: 9999999999999999999", b"Connection: upgrade", b"Connection: close, te",
    b"Connection: Keep-Alive", b"Connection: CLOSE", b"X_Forwarded_For: a", b"SCRIPT_NAME: /x", b"Script-Name: /x",
    b"Proxy: a", b"A:b", b"A :b", b"A: b ", b"A:  b", b"A:\tb", b"A: ", b"A", b": b", b" folded", b"\tfolded",
    b"A: a\tb", b"A: \xe9", b"A: a\x00b", b"A: a\x7f", b"A: a\nB: b", b"A: a\rB: b", b"A: " + b"b" * 9000,
    b"A: b\r\nA: c", b"A: b\r\na: c", b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: on", b"\r\nA: b",
    b"\r\n".join(b"X-%d: a" % number for number in range(120)),
)  # fmt: skip
ODD_LINES = (
    b"get /gadgets HTTP/1.1", b"BREW /gadgets HTTP/1.1", b"CONNECT a:443 HTTP/1.1", b"GET  /gadgets HTTP/1.1",
    b"GET /gadgets", b"GET", b"GET /gadgets HTTP/1.0", b"GET /gadgets HTTP/2.0", b"GET /gadgets http/1.1",
    b"GET /gadgets HTTP/1.1 ", b" GET /gadgets HTTP/1.1", b"\r\nGET /gadgets HTTP/1.1", b"GET //gadgets HTTP/1.1",
    b"GET /a//b HTTP/1.1", b"GET /a%20b HTTP/1.1", b"GET /a?b=%20 HTTP/1.1", b"GET /a#b HTTP/1.1",
    b"GET /a?b#c HTTP/1.1", b"GET /a? HTTP/1.1", b"GET /a?b?c HTTP/1.1", b"GET http://a/b HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1", b"GET /a?\xe9 HTTP/1.1", b"GET /.. HTTP/1.1",
    b"GET /;x HTTP/1.1", b"GET /a\\b HTTP/1.1", b"GET /[ HTTP/1.1", b"GET /a?[] HTTP/1.1", b"GET /:80@x HTTP/1.1",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1", b"GET / HTTP/1.1\nA: b", b"GET /a?" + b"b" * 5000 + b" HTTP/1.1",
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Something usual, changed in one place."""
    message = draw(st.sampled_from(sorted(USUAL.values())))
    at = draw(st.integers(0, len(message)))
    piece = draw(
        st.one_of(st.binary(max_size=3), st.sampled_from([b"\r\n", b" ", b"\t", b": ", b"\x00", b"%2f", b"?"]))
    )
    return message[:at] + piece + message[at + draw(st.integers(0, 3)) :]


def as_gunicorn(data: bytes) -> tuple[Any, dict[str, Any], bytes]:
    """Its request, environ and body; raises what its parser raises."""
    parser = get_parser(CONFIG, iter([data]), CLIENT)
    request = next(parser)
    environ = create(request, None, CLIENT, SERVER, CONFIG)[1]
    return request, environ, environ["wsgi.input"].read()


def read(data: bytes) -> fast_parser.PlainRequest | None:
    """The plain request that these bytes are."""
    plain = fast_parser.read(data, fast_parser.environ_of(CONFIG, CLIENT, SERVER))
    return plain if plain and plain.take_body(data) else None


def judge(data: bytes) -> None:
    """Whether what is read without the parser is what the parser reads."""
    plain = read(data)
    if plain is None:
        return
    request, environ, body = as_gunicorn(data)
    assert plain.environ["wsgi.input"].read() == body
    assert {name: value for name, value in plain.environ.items() if name not in OBJECTS} == {
        name: value for name, value in environ.items() if name not in OBJECTS
    }
    assert (plain.method, plain.path, plain.uri) == (request.method, request.path, request.uri)
    assert sorted(plain.headers) == sorted(request.headers)
    assert (plain.version, plain.should_close()) == (request.version, request.should_close())
    assert not request._expected_100_continue
    assert request.unreader.take_buffered() == b"", "something follows it"


@given(data=messages())
def test_it_is_gunicorns_request(data: bytes) -> None:
    judge(data)


@pytest.mark.parametrize("name", USUAL)
def test_odd_requests_are_left_to_gunicorn_or_read_alike(name: str) -> None:
    line, _, rest = USUAL[name].partition(b"\r\n")
    for odd in ODD_FIELDS:
        judge(line + b"\r\n" + odd + b"\r\n" + rest)
        judge(USUAL[name].replace(b"\r\n\r\n", b"\r\n" + odd + b"\r\n\r\n"))
        for body in (b"", b"abc"):
            judge(b"POST /gadgets HTTP/1.1\r\nHost: a\r\n" + odd + b"\r\n\r\n" + body)
    for odd in ODD_LINES:
        judge(odd + b"\r\n" + rest)


@pytest.mark.parametrize("name", USUAL)
def test_what_clients_usually_send_needs_no_parser(name: str) -> None:
    assert read(USUAL[name])
    assert not read(USUAL[name][:-1]), "it has not arrived whole"
    assert not read(USUAL[name] + USUAL[name]), "two may be pipelined"


def test_a_connection_without_addresses_is_left_to_gunicorn() -> None:
    assert fast_parser.environ_of(CONFIG, "", "/run/itemsvc.sock") is None
    assert fast_parser.read(USUAL["curl"], None) is None

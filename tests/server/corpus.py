"""Requests of every kind that tests of HTTP parsers have, valid and invalid, byte for byte, and their answers.

Some hide another request in what two servers may read in two ways. It has an id of its own, and no answer may have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: The id of a request that is hidden in another one, and so never answered.
HIDDEN_ID = "hidden"
HIDDEN = b"GET /gadgets?limit=1 HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: hidden\r\n\r\n"
GET, POST, HOST = "GET /gadgets?limit=1 HTTP/1.1", "POST /gadgets HTTP/1.1", "Host: localhost"
BODY = b'{"name":"oak"}'
TE, CL = "Transfer-Encoding: chunked", f"Content-Length: {len(BODY)}"
CHUNKS = b"e\r\n" + BODY + b"\r\n0\r\n\r\n"
#: Statuses that the application gives, so that the connection stays open.
ANSWERED = {200, 201, 404, 405}


@dataclass(frozen=True)
class Entry:
    """Bytes that a client sends, and the statuses of all answers.

    ``keeps`` tells whether the connection brings another request; None where what follows belongs to this one.
    """

    name: str
    data: bytes
    statuses: tuple[int, ...]
    keeps: bool | None


def entry(name: str, data: bytes, *statuses: int, keeps: bool | None = True) -> Entry:
    """An entry whose last status closes the connection if it is none of the application's."""
    return Entry(name, data, statuses, keeps if keeps is None else keeps and statuses[-1] in ANSWERED)


def head(*lines: str) -> bytes:
    """A request line and fields as they are, in Latin-1."""
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def get(*fields: str) -> bytes:
    """A GET without a body."""
    return head(GET, HOST, *fields)


def post(*fields: str, body: bytes = BODY) -> bytes:
    """A POST with this body, framed by these fields."""
    return head(POST, HOST, "Content-Type: application/json", *fields) + body


def chunked(body: bytes) -> bytes:
    """A POST with these chunks."""
    return post(TE, body=body)


def methods() -> Iterator[Entry]:
    """The first word of a request."""
    for method, status in {
        "HEAD": 200, "OPTIONS": 200, "PUT": 405, "PATCH": 405, "DELETE": 405, "TRACE": 405, "BREW": 405,
        "M-SEARCH": 405, "A1B": 405, "X" * 20: 405, "X" * 21: 400, "X" * 9000: 414, "get": 400, "Get": 400, "GE": 400,
        "": 400, "G(T": 400, "G@T": 400, "G\0T": 400, "G\x7fT": 400, "G\xe9T": 400, '"GET"': 400, "GET:": 400,
        "GET,": 400, "G\tT": 400, "G#T": 400, "HTTP/1.1": 400, "\xef\xbb\xbfGET": 400,
    }.items():  # fmt: skip
        yield entry(f"method {method[:20]!r}{len(method)}", head(f"{method} /gadgets?limit=1 HTTP/1.1", HOST), status)


def targets() -> Iterator[Entry]:
    """In origin, absolute, authority and asterisk form, and in none of these."""
    for target, status in {
        "/gadgets?": 200, "/gadgets?limit=1&": 200, "/%67adgets": 200, "/none": 404, "//gadgets": 404,
        "/gadgets/..": 404, "/%": 404, "/%zz": 404, "/\\": 404, "/;a": 404, "/a:b@c": 404, "/%00": 404, "/%0d%0a": 404,
        "http://localhost/gadgets?limit=1": 200, "HTTP://LOCALHOST/gadgets": 200, "http://other.example/gadgets": 200,
        "https://localhost/gadgets": 200, "http://localhost": 200, "http://a b/": 400, "http://[::1/": 400,
        "*": 400, "localhost:80": 400, "gadgets": 400, "?limit=1": 400, "": 400, " ": 400, "#": 400, "/gadgets#a": 200,
        "/a b": 400, "/a\tb": 400, "/a\0": 400, "/a\x7f": 400, "/a\x1f": 400, "/\xc3\xa9": 400, "/a\rb": 400,
        "/a\nb": 400, "/" + "a" * 8000: 404, "/" + "a" * 8200: 414, "/" + "a" * 70_000: 414,
    }.items():  # fmt: skip
        yield entry(f"target {target[:36]!r}{len(target)}", head(f"GET {target} HTTP/1.1", HOST), status)
    yield entry("OPTIONS *", head("OPTIONS * HTTP/1.1", HOST), 404)
    yield entry("CONNECT in authority form", head("CONNECT localhost:443 HTTP/1.1", HOST), 404, keeps=False)
    yield entry("CONNECT in origin form", head("CONNECT /gadgets HTTP/1.1", HOST), 405, keeps=False)


def versions() -> Iterator[Entry]:
    """The last word of a request line, and what separates the words."""
    for version, status in {
        "HTTP/0.9": 400, "HTTP/2.0": 400, "HTTP/3.0": 400, "HTTP/9.9": 400,
        "HTTP/1": 400, "HTTP/2": 400, "HTTP/1.": 400, "HTTP/.1": 400, "HTTP/1.10": 400, "HTTP/01.1": 400,
        "HTTP/1.1.1": 400, "HTTP/-1.1": 400, "HTTP/1,1": 400, "HTTP/1.1x": 400, "HTTP/1.\xb9": 400, "http/1.1": 400,
        "HTTP /1.1": 400, "HTTP/ 1.1": 400, "HTTP": 400, "HTTPS/1.1": 400, "XHTTP/1.1": 400, "RTSP/1.0": 400,
        "ICE/1.0": 400, "HTTP/1.1\0": 400, "": 400,
    }.items():  # fmt: skip
        yield entry(f"version {version!r}", head(f"GET /gadgets {version}", HOST), status)
    yield entry("HTTP/1.0", head("GET /gadgets HTTP/1.0", HOST), 200, keeps=False)
    yield entry("a later HTTP/1", head("GET /gadgets HTTP/1.2", HOST), 200)
    for line in (
        "GET /gadgets", "GET", " GET / HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ",
        "GET\t/\tHTTP/1.1", "GET\x0b/ HTTP/1.1", "GET\xa0/\xa0HTTP/1.1", "GET / HTTP/1.1\t", "GET / / HTTP/1.1", ":",
        "HTTP/1.1 200 OK", "PRI * HTTP/2.0", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2", "SSH-2.0-x", "EHLO localhost",
        "\x16\x03\x01\x02\0\x01\0", "\0", "\x80\x2e\x01", "*2",
    ):  # fmt: skip
        yield entry(f"line {line!r}", head(line, HOST), 400)


def fields() -> Iterator[Entry]:
    """Names, values, folds, doubles and limits."""
    for name, line, status in (
        ("no space", "X:a", 200), ("spaces", "X:   a   ", 200), ("tabs", "X:\ta\t", 200), ("no value", "X:", 200),
        ("only spaces", "X:  ", 200), ("every token character", "!#$%&'*+-.^`|~09aZ: a", 200), ("a digit", "1: a", 200),
        ("UTF-8", "X: \xc3\xa9", 200), ("obsolete text", "X: \xe9\xff", 200), ("a tab inside", "X: a\tb", 200),
        ("colons", "X: a:b::", 200), ("an underscore", "X_Y: a", 200), ("a double", "X: a\r\nX: b", 200),
        ("a quoted string", 'X: "a, \\" b"', 200), ("8,000 bytes", "X: " + "a" * 8000, 200),
        ("8,200 bytes", "X: " + "a" * 8200, 431), ("a name of 8,200 bytes", "X" * 8200 + ": a", 431),
        ("99 fields", "\r\n".join(f"X-{n}: a" for n in range(99)), 200),
        ("101 fields", "\r\n".join(f"X-{n}: a" for n in range(101)), 431), ("70,000 bytes", "X: a\r\n" * 11_666, 431),
        ("a space before the colon", "X : a", 400), ("a tab before the colon", "X\t: a", 400),
        ("a space in the name", "X Y: a", 400), ("no name", ": a", 400), ("no colon", "X", 400), ("a space", " ", 400),
        ("a fold", "X: a\r\n b", 400), ("a fold with a tab", "X: a\r\n\tb", 400), ("a fold at once", " X: a", 400),
        ("a fold of nothing", "X: a\r\n ", 400), ("a fold before the colon", "X\r\n : a", 400),
        ("a NUL in the value", "X: a\0b", 400), ("a CR in the value", "X: a\rb", 400), ("two CRs", "X: a\r", 400),
        ("an LF in the value", "X: a\nY: b", 400), ("a NUL in the name", "X\0: a", 400),
        ("a control character in the value", "X: a\x01b", 400), ("DEL in the value", "X: a\x7f", 400),
        ("a CR in the name", "X\r: a", 400), ("a quote in the name", '"X": a', 400),
        ("a vertical tab", "X: a\x0bb", 400), ("a control character in the name", "X\x01: a", 400),
        ("DEL in the name", "X\x7f: a", 400), ("obsolete text in the name", "X\xe9: a", 400),
        *((f"{mark} in the name", f"X{mark}: a", 400) for mark in "()<>@,;\\/[]?={}"),
    ):  # fmt: skip
        yield entry(f"field with {name}", get(line), status)


def hosts() -> Iterator[Entry]:
    """Who is asked."""
    for host in ("localhost", "LOCALHOST", "localhost:1", "localhost.", " \tlocalhost "):
        yield entry(f"Host {host!r}", head(GET, f"Host:{host}"), 200)
    for host in ("localhost\r\nHost: localhost", "localhost\r\nHost: other.example", "localhost\r\n a", "local\0host"):
        yield entry(f"Host {host!r}", head(GET, f"Host:{host}"), 400)
    for host in (
        "", "localhost:x", "localhost:-1", "@localhost", "a@localhost", "localhost/", "http://localhost",
        "localhost, localhost", "local host", "[::1", "%6cocalhost", "other.example", "l\xf6calhost",
    ):  # fmt: skip
        # Django refuses it, so the connection goes on.
        yield Entry(f"Host {host!r}", head(GET, f"Host:{host}"), (400,), True)
    yield entry("no Host", head(GET, "Accept: */*"), 400)
    yield entry("no field at all", head(GET), 400)
    yield entry("no Host in HTTP/1.0", head("GET /gadgets?limit=1 HTTP/1.0"), 200, keeps=False)
    yield entry("two Hosts in HTTP/1.0", head("GET /gadgets HTTP/1.0", HOST, HOST), 400)
    yield entry("a Host in lower case", head(GET, HOST.lower()), 200)


def lengths() -> Iterator[Entry]:
    """Content-Length."""
    size = str(len(BODY))
    for value, status in {
        size: 201, f"00{size}": 201, f" \t{size} ": 201, "": 400, "-1": 400, "-0": 400, f"+{size}": 400,
        f"{size}, {size}": 400, f"{size},": 400, f"{size} {size}": 400, f"{size}\r\nContent-Length: {size}": 400,
        f"{size}\r\nContent-Length: 0": 400, f"{size}\r\n {size}": 400, "0xe": 400, "1_4": 400, "14.0": 400, "1e1": 400,
        "14;a": 400, "14a": 400, '"14"': 400, "\xb9\xb4": 400, "\xd9\xa1\xd9\xa4": 400, "14\0": 400, "14\x0b": 400,
        "\xa014": 400, "chunked": 400, "NaN": 400, "9" * 30: 413, str(2**63): 413, "2000000": 413,
    }.items():  # fmt: skip
        yield entry(f"Content-Length {value!r}", post(f"Content-Length:{value}"), status)
    for name in ("Content-Length ", "Content-Length\t", " Content-Length", "Content-Length\0", "Content\rLength"):
        yield entry(f"name {name!r}", post(f"{name}: {size}"), 400)
    yield entry("the body of a GET", get(f"Content-Length: {len(HIDDEN)}") + HIDDEN, 200)
    yield entry("no byte of a GET", get("Content-Length: 0"), 200)
    yield entry("a body of a form of its own", head("DELETE /none HTTP/1.1", HOST, CL) + BODY, 404)
    yield entry("a body that is too long", post(CL, body=BODY + b"abc\r\n\r\n"), 201, 400)
    yield entry("a body that is too short", post("Content-Length: 99"), 400, keeps=None)
    yield entry("a body that does not come", post(CL, body=b""), 400, keeps=None)


def codings() -> Iterator[Entry]:
    """Transfer-Encoding, and all the ways to write it so that only one of two servers reads it."""
    for value, status in {
        "chunked": 201, "CHUNKED": 201, " \tchunked \t": 201, "": 400, "identity": 400, "gzip": 400,
        "chunked, gzip": 400, "chunked, identity": 400, "identity, chunked": 201,
        "chunked, chunked": 400, "chunked,": 400, ",chunked": 400, "chunked;a=b": 400, '"chunked"': 400,
        "'chunked'": 400, "xchunked": 400, "chunkedx": 400, "x chunked": 400, "chunk": 400, "chunked\0": 400,
        "\0chunked": 400, "\x0bchunked": 400, "\x0cchunked": 400, "\xa0chunked": 400, "chunked\x0b": 400,
        "\x85chunked": 400, "chun\xefked": 400, "\r\n chunked": 400, "=chunked": 400,
        "chunked\r\nTransfer-Encoding: chunked": 400, "chunked\r\nTransfer-Encoding: x": 400,
        "x\r\nTransfer-Encoding: chunked": 400, "chunked\r\nTransfer-Encoding: identity": 400, "chunked\r": 400,
        "\rchunked": 400, "\nchunked": 400, "c\rhunked": 400, "\\chunked": 400, "{chunked}": 400,
    }.items():  # fmt: skip
        yield entry(f"Transfer-Encoding {value!r}", post(f"Transfer-Encoding:{value}", body=CHUNKS), status)
    # gunicorn takes such a body as it is, and closes.
    yield entry(
        "Transfer-Encoding gzip, chunked", post("Transfer-Encoding: gzip, chunked", body=CHUNKS), 201, keeps=False
    )
    for line in (
        "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", " Transfer-Encoding: chunked",
        "\tTransfer-Encoding: chunked", "Transfer-Encoding\r\n: chunked", "Transfer-Encoding\n: chunked",
        "X: y\rTransfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked", "X: y\r\n Transfer-Encoding: chunked",
        "Transfer-Encoding\0: chunked", "Transfer Encoding: chunked", "Transfer-\xc3\x8bncoding: chunked",
        "\0Transfer-Encoding: chunked", "Transfer-Encoding chunked", "Transfer-Encoding:: chunked",
    ):  # fmt: skip
        data = post(line, "Content-Length: 5", body=b"0\r\n\r\n" + HIDDEN)
        yield entry(f"coding {line!r}", data, 400)


def chunks() -> Iterator[Entry]:
    """A body in chunks."""
    end = b"\r\n0\r\n\r\n"
    for size, status in {
        "e": 201, "E": 201, "0e": 201, "000000e": 201, "e;a": 201, "e;a=b": 201, 'e;a="b c"': 201, "e ;a": 201,
        "": 400, "g": 400, "-1": 400, "+e": 400, "0xe": 400, " e": 400, "e ": 400, "e\t": 400, "0_e": 400, "e,": 400,
        "e e": 400, "e\0": 400, "e\x0b": 400, "\xe9": 400, ";a": 400, "e\r": 400, "e;a\rb": 400,
        "e;a\nb": 400, "e;a\0": 400, "d": 400,
        # How long a line between these two may be depends in gunicorn's worker on how it arrives.
        "e;" + "a" * 8000: 201, "e;" + "a" * 25_000: 400, "0" * 8000 + "e": 201, "0" * 25_000 + "e": 400,
    }.items():  # fmt: skip
        yield entry(
            f"chunk size {size[:9]!r}{len(size)}", chunked(size.encode("latin-1") + b"\r\n" + BODY + end), status
        )
    for name, body, status in (
        ("three chunks", b'1\r\n{\r\n2\r\n"n\r\nb\r\name":"oak"}\r\n0\r\n\r\n', 201),
        ("the size of the last one", b"e\r\n" + BODY + b"\r\n000\r\n\r\n", 201),
        ("a bare LF after the size", b"e\n" + BODY + end, 400),
        ("a bare LF after the chunk", b"e\r\n" + BODY + b"\n0\r\n\r\n", 400),
        ("a bare CR after the chunk", b"e\r\n" + BODY + b"\r0\r\n\r\n", 400),
        ("no end of the chunk", b"e\r\n" + BODY + b"0\r\n\r\n", 400),
        ("a longer chunk than its size", b"5\r\n" + BODY + end, 400),
        ("a trailer", b"e\r\n" + BODY + b"\r\n0\r\nX: a\r\n\r\n", 201),
        ("two trailers", b"e\r\n" + BODY + b"\r\n0\r\nX: a\r\nY: b\r\n\r\n", 201),
        ("a length as a trailer", b"e\r\n" + BODY + b"\r\n0\r\nContent-Length: 5\r\n\r\n", 400),
        ("a coding as a trailer", b"e\r\n" + BODY + b"\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("a host as a trailer", b"e\r\n" + BODY + b"\r\n0\r\nHost: localhost\r\n\r\n", 400),
        ("a trailer without a colon", b"e\r\n" + BODY + b"\r\n0\r\nX\r\n\r\n", 400),
        ("a folded trailer", b"e\r\n" + BODY + b"\r\n0\r\nX: a\r\n b\r\n\r\n", 400),
        ("a trailer with a bare LF", b"e\r\n" + BODY + b"\r\n0\r\nX: a\nY: b\r\n\r\n", 400),
        ("a trailer with a NUL", b"e\r\n" + BODY + b"\r\n0\r\nX: \0\r\n\r\n", 400),
        ("a trailer of 9,000 bytes", b"e\r\n" + BODY + b"\r\n0\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        ("a hidden request for a trailer", b"e\r\n" + BODY + b"\r\n0\r\n" + HIDDEN, 400),
    ):
        yield entry(f"chunked, {name}", chunked(body), status)
    yield Entry("chunked, no chunk", chunked(b"0\r\n\r\n"), (400,), True)
    yield Entry("chunked, no empty line", chunked(CHUNKS[:-2]), (400,), None)
    for name, body in (
        ("nothing comes", b""), ("no last chunk", b"e\r\n" + BODY + b"\r\n"), ("half a size", b"e"),
        ("half a chunk", b"ff\r\n" + BODY),
        ("bare LFs", b"e\n" + BODY + b"\n0\n\n"), ("bare CRs", b"e\r" + BODY + b"\r0\r\r"),
        ("a size beyond 32 bits", b"100000000\r\n" + HIDDEN), ("one beyond 64 bits", b"f" * 17 + b"\r\n" + HIDDEN),
    ):  # fmt: skip
        yield Entry(f"chunked, {name}", chunked(body), (), None)


def connections() -> Iterator[Entry]:
    """Expect, Connection and Upgrade."""
    for line, keeps in {
        "Connection: close": False, "Connection: Close": False, "Connection: keep-alive": True, "Connection:": True,
        "Connection: x": True, "Connection: close, x": False, "Connection: x, close": False, "Connection: closed": True,
        "Connection: x,close": False, "Connection: keep-alive, close": False, "Connection: host": True,
        "Connection: keep-alive\r\nConnection: close": False, "Proxy-Connection: close": True,
        "Keep-Alive: timeout=1, max=1": True, "TE: trailers\r\nConnection: TE": True, "Trailer: X": True,
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==": True,
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA": True,
        "Upgrade: TLS/1.0\r\nConnection: Upgrade": True, "Upgrade: h2c": True, "Connection: upgrade": True,
    }.items():  # fmt: skip
        yield entry(line.replace("\r\n", ", "), get(line), 200, keeps=keeps)
    for line in ("Connection: keep-alive", "Connection: close", "Connection: x", "Upgrade: h2c"):
        data = head("GET /gadgets?limit=1 HTTP/1.0", HOST, line)
        yield entry(f"{line} in HTTP/1.0", data, 200, keeps="keep" in line)
    yield entry("a body in HTTP/1.0", post(CL).replace(b"1.1", b"1.0", 1), 201, keeps=False)
    yield entry("chunks in HTTP/1.0", chunked(CHUNKS).replace(b"1.1", b"1.0", 1), 400)
    for value, status in {
        "100-continue": 201,
        "100-CONTINUE": 201,
        "tea": 417,
        "": 417,
        "100-continue, x": 417,
    }.items():
        yield entry(f"Expect: {value}", post(f"Expect: {value}", CL), status)
    yield entry("Expect: 100-continue with chunks", post("Expect: 100-continue", TE, body=CHUNKS), 201)
    yield entry("Expect: 100-continue without a body", get("Expect: 100-continue"), 200)
    old = post("Expect: 100-continue", CL).replace(b"1.1", b"1.0", 1)
    yield entry("an expectation in HTTP/1.0", old, 201, keeps=False)
    yield entry("an unknown expectation in HTTP/1.0", old.replace(b"100-continue", b"tea"), 417)


def line_ends() -> Iterator[Entry]:
    """Where a line ends, and what comes before the first one."""
    whole = get("X: a")
    for name, data in {
        "bare LFs": whole.replace(b"\r\n", b"\n"),
        "a bare LF after the first line": whole.replace(b"\r\n", b"\n", 1), "LF CR": whole.replace(b"\r\n", b"\n\r"),
        "a bare CR after the first line": whole.replace(b"\r\n", b"\r", 1),
        "a bare LF at the end": whole[:-2] + b"\n", "two bare LFs at the end": whole[:-4] + b"\n\n",
        "CR CR LF": whole.replace(b"\r\n", b"\r\r\n"),
        "a bare LF before it": b"\n" + whole, "a bare CR before it": b"\r" + whole, "a space before it": b" " + whole,
        "two empty lines before it": b"\r\n\r\n" + whole, "100 empty lines before it": b"\r\n" * 100 + whole,
        "a line of a space before it": b" \r\n" + whole, "a NUL before it": b"\0" + whole,
    }.items():  # fmt: skip
        yield entry(name, data, 400)
    yield entry("an empty line before it", b"\r\n" + whole, 200)
    for name, data in {
        "an empty line": b"\r\n", "nothing": b"", "half a line": b"GET /gad", "half a head": whole[:-2],
        "bare CRs": whole.replace(b"\r\n", b"\r"), "a CR at the end": whole[:-2] + b"\rX",
    }.items():  # fmt: skip
        yield Entry(f"{name} and no more", data, (), None)


def pipelines() -> Iterator[Entry]:
    """Several requests at once."""
    one, closing = get(), get("Connection: close")
    yield entry("ten at once", one * 10, *[200] * 10)
    yield entry("a body, then another", post(CL) * 2, 201, 201)
    yield entry("chunks, then another", chunked(CHUNKS) + post(CL) + one, 201, 201, 200)
    yield entry("an empty line between", post(CL) + b"\r\n" + one, 201, 200)
    yield entry("two empty lines between", post(CL) + b"\r\n\r\n" + one, 201, 400)
    yield entry("one that closes, then a hidden one", closing + HIDDEN, 200, keeps=False)
    yield entry("HTTP/1.0, then a hidden one", head("GET /none HTTP/1.0") + HIDDEN, 404, keeps=False)
    yield entry("one, then garbage", one + b"garbage\r\n\r\n" + HIDDEN, 200, 400)
    yield entry("garbage, then a hidden one", b"garbage\r\n\r\n" + HIDDEN, 400)
    yield entry("an expectation, then a hidden one", post("Expect: tea", CL) + HIDDEN, 417)
    yield entry("one without a host, then a hidden one", head(GET) + HIDDEN, 400)
    yield entry("none found, then another", head("GET /none HTTP/1.1", HOST) + one, 404, 200)
    yield entry("a probe, then another", head("GET /health HTTP/1.1", HOST) + one, 200, 200)
    yield entry("another, then a probe", one + head("GET /health HTTP/1.1", HOST), 200, 200)
    yield entry("one, then half of another", one + one[:20], 200, keeps=None)


def desyncs() -> Iterator[Entry]:
    """A request within another one, between two ways to frame it."""
    zero, inner = b"0\r\n\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)
    both, short, length = (f"Content-Length: {size}" for size in (len(zero + HIDDEN), 4, len(HIDDEN)))
    for name, data in {
        "CL.TE": post(both, TE, body=zero + HIDDEN), "CL.TE, the other way round": post(TE, both, body=zero + HIDDEN),
        "TE.CL": post(TE, short, body=inner), "TE.CL, the other way round": post(short, TE, body=inner),
        "TE.0": post(TE, "Content-Length: 0", body=inner), "CL.CL": post("Content-Length: 0", CL, body=HIDDEN),
        "CL.CL of one size": post(CL, CL, body=BODY + HIDDEN),
        "TE.TE": post(TE, "Transfer-Encoding: x", both, body=zero + HIDDEN),
        "TE.TE in another case": post(TE, "transfer-encoding: identity", both, body=zero + HIDDEN),
        "a GET, CL.TE": get(both, TE) + zero + HIDDEN,
        "CL.TE with an expectation": post("Expect: 100-continue", both, TE, body=zero + HIDDEN),
        "CL.TE in HTTP/1.0": post(both, TE, body=zero + HIDDEN).replace(b"1.1", b"1.0", 1),
        "an extension that ends twice": chunked(b"2;\n" + b"xx\r\n" + inner),
        "an extension with a size": chunked(b"e;\r5\r\n" + BODY + b"\r\n" + zero + HIDDEN),
        "a chunk that ends too late": chunked(b"5\r\nabcdeX\r\n" + zero + HIDDEN),
        "a length beyond 64 bits": post(f"Content-Length: {2**64}", body=HIDDEN),
    }.items():  # fmt: skip
        yield entry(f"desync, {name}", data, 413 if "64 bits" in name else 400)
    for name, data, status in (
        ("CL.0", post(length, body=HIDDEN), 400),
        ("a chunk", post(TE, body=inner), 400),
        ("the body of OPTIONS", head("OPTIONS /gadgets HTTP/1.1", HOST, length) + HIDDEN, 200),
        ("the body of a HEAD", head("HEAD /gadgets HTTP/1.1", HOST, length) + HIDDEN, 200),
        ("chunks of a GET", get(TE) + inner, 200),
        ("the body of what is not found", head("GET /none HTTP/1.1", HOST, TE) + inner, 404),
        ("the body of a probe", head("GET /health HTTP/1.1", HOST, TE) + inner, 200),
        ("underscores", get("Transfer_Encoding: chunked", length) + HIDDEN, 200),
    ):  # fmt: skip
        yield Entry(f"hidden in {name}", data, (status,), True)


GROUPS = (
    methods, targets, versions, fields, hosts, lengths, codings, chunks, connections, line_ends, pipelines, desyncs,
)  # fmt: skip
CORPUS = [each for group in GROUPS for each in group()]

"""Hostile requests, byte for byte as they go over the wire, and what each must be answered with.

`GADGET` in a request stands for the id of a gadget that exists, `CURSOR` for a cursor of its listing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

KIB, MIB = 1024, 1024 * 1024
JSON = "application/json"


@dataclass(frozen=True)
class Hostile:
    """`word` is in the answer: the parameter or member that is wrong, or what is wrong with the whole."""

    name: str
    data: bytes
    status: int
    word: str = ""


def head(method: str, target: str, *lines: str | bytes) -> bytes:
    """A request's head without a body; a Host and Connection of its own where `lines` have none."""
    start = f"{method} {target} HTTP/1.1".encode("utf-8", "surrogateescape")
    given = [line.encode() if isinstance(line, str) else line for line in lines]
    if not any(line.lower().startswith(b"host:") for line in given):
        given.insert(0, b"Host: localhost")
    return b"\r\n".join([start, *given, b"Connection: close", b"", b""])


def send(method: str, target: str, body: bytes | str | Any, content_type: str = JSON, *lines: str) -> bytes:
    """A request with a body and its length; what is neither bytes nor text is encoded as JSON."""
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    return head(method, target, f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *lines) + body


def post(body: bytes | str | Any, content_type: str = JSON, *lines: str) -> bytes:
    """A POST to /gadgets."""
    return send("POST", "/gadgets", body, content_type, *lines)


def chunked(wire: bytes, *lines: str) -> bytes:
    """A POST to /gadgets whose body is these bytes, chunk sizes included."""
    return head("POST", "/gadgets", f"Content-Type: {JSON}", "Transfer-Encoding: chunked", *lines) + wire


def chunk(data: bytes) -> bytes:
    """One chunk."""
    return b"%X\r\n%s\r\n" % (len(data), data)


def get(query: str, *lines: str) -> bytes:
    """A GET of /gadgets with this query."""
    return head("GET", f"/gadgets?{query}", *lines)


def malformed_json() -> Iterator[Hostile]:
    """Bodies that are no JSON, or JSON that parsers disagree about."""
    documents: dict[str, tuple[bytes | str, str]] = {
        "an empty body": ("", "name"),
        "white space": ("  \n", "JSON"),
        "cut off": ('{"name":"a', "JSON"),
        "two documents": ('{"name":"a"}{"name":"b"}', "JSON"),
        "a trailing comma": ('{"name":"a",}', "JSON"),
        "single quotes": ("{'name':'a'}", "JSON"),
        "a raw line break in a string": ('{"name":"a\nb"}', "JSON"),
        "a raw NUL in a string": (b'{"name":"a\0b"}', "JSON"),
        "a NUL after the document": (b'{"name":"a"}\0', "JSON"),
        "a byte order mark": (b'\xef\xbb\xbf{"name":"a"}', "JSON"),
        "UTF-16": ('{"name":"a"}'.encode("utf-16"), "UTF-8"),
        "UTF-32": ('{"name":"a"}'.encode("utf-32-le"), "JSON"),
        "bad UTF-8": (b'{"name":"\xff"}', "UTF-8"),
        "overlong UTF-8": (b'{"name":"\xc0\xaf"}', "UTF-8"),
        "a surrogate in UTF-8": (b'{"name":"\xed\xa0\x80"}', "UTF-8"),
        "UTF-8 beyond Unicode": (b'{"name":"\xf4\x90\x80\x80"}', "UTF-8"),
        "NaN": ('{"name":NaN}', "NaN"),
        "Infinity": ('{"name":Infinity}', "Infinity"),
        "-Infinity": ('{"name":"a","description":-Infinity}', "-Infinity"),
        "a number beyond a double": ('{"name":"a","x":1e400}', "1e400"),
        "NaN as an unknown member": ('{"name":"a","x":NaN}', "NaN"),
        "a member twice": ('{"name":"a","name":"b"}', "twice"),
        "a member twice, once escaped": ('{"name":"a","n\\u0061me":"b"}', "twice"),
        "a member twice below": ('{"name":"a","x":{"y":1,"y":2}}', "twice"),
        # How deep the interpreter follows differs with its version; where it does, the value is refused for its type.
        "5,000 arrays deep": ("[" * 5000 + "]" * 5000, "e"),
        "5,000 objects deep": ('{"name":' * 5000 + "1" + "}" * 5000, "e"),
        "100,000 arrays deep": ("[" * 100_000 + "]" * 100_000, "deep"),
        "100,000 arrays, none closed": ("[" * 100_000, "deep"),
        "a member 5,000 deep": ('{"name":' + "[" * 5000 + "]" * 5000 + "}", "e"),
        "a member 100,000 deep": ('{"name":' + "[" * 100_000 + "]" * 100_000 + "}", "deep"),
        "a 5,000-digit integer": ('{"name":' + "9" * 5000 + "}", "digits"),
        "a 5,000-digit integer elsewhere": ('{"name":"a","x":-' + "9" * 5000 + "}", "digits"),
        "a lone surrogate as a member's name": ('{"name":"a","\\ud800":1}', "UTF-8"),
        "a lone surrogate as a name below": ('{"name":"a","x":[{"\\udfff":1}]}', "UTF-8"),
        "comments": ('{"name":"a" /* b */}', "JSON"),
        "form data": ("name=a", "JSON"),
    }
    for name, (document, word) in documents.items():
        yield Hostile(name, post(document), 400, word)


def wrong_documents() -> Iterator[Hostile]:
    """Well-formed JSON that is not a gadget."""
    for document in ([], "a", "", 1, 1.5, True, False, None):
        yield Hostile(f"a body that is {json.dumps(document)}", post(json.dumps(document)), 400, "")
    for member in ("name", "description"):
        for value in (1, 1.5, 1e308, True, None, [], ["a"], {}, {"a": "b"}, 9 * 10**100):
            yield Hostile(f"{member} = {str(value)[:12]}", post({"name": "a"} | {member: value}), 400, member)
        for label, value in {
            "an escaped NUL": "a\0b",
            "a high surrogate": "a\ud800",
            "a low surrogate": "\udc00",
            "surrogates in the wrong order": "\udc00\ud800",
            "text that is too long": "x" * 10_001,
        }.items():
            yield Hostile(f"{member} with {label}", post({"name": "a"} | {member: value}), 400, member)
    yield Hostile("a name of 256 characters", post({"name": "x" * 256}), 400, "name")
    yield Hostile("a name of 256 characters above U+FFFF", post({"name": "\U0001f600" * 256}), 400, "name")
    yield Hostile("a name of 1,000,000 characters", post({"name": "x" * 1_000_000}), 400, "name")
    yield Hostile("no name", post({}), 400, "name")
    yield from _arrays()
    yield Hostile("an empty name", post({"name": ""}), 400, "name")
    yield Hostile("a name of white space", post({"name": " \t\u2003 "}), 400, "name")
    yield Hostile("an unknown member", post({"name": "a", "owner": "b"}), 400, "owner")
    yield Hostile("a member of Object.prototype", post({"name": "a", "__proto__": {}}), 400, "__proto__")
    yield Hostile("an empty member's name", post({"name": "a", "": 1}), 400, "Unknown")
    yield Hostile("a member's name with a NUL", post({"name": "a", "\0": 1}), 400, "Unknown")
    yield Hostile("a name in capitals", post({"Name": "a"}), 400, "Name")


def _arrays() -> Iterator[Hostile]:
    gadget = {"name": "a"}
    for label, array, word in (
        ("a number", [gadget, 1], '"1"'),
        ("null", [None], '"0"'),
        ("an array", [[gadget]], '"0"'),
        ("an empty array", [[]], '"0"'),
        ("a gadget without a name", [gadget, {}], '"1"'),
        ("a gadget with an unknown member", [gadget, gadget | {"x": 1}], "Unknown"),
        ("an escaped NUL", [gadget, {"name": "\0"}], '"1"'),
        ("1,001 gadgets", [gadget] * 1001, "1000"),
        ("69,000 gadgets", [gadget] * 69_000, "1000"),
        ("300,000 numbers", [0] * 300_000, "1000"),
    ):
        yield Hostile(f"an array with {label}", post(array), 400, word)


def keys() -> Iterator[Hostile]:
    """Idempotency-Key."""
    for key in ("", '""', '"open', "a b", "a,b", '"a";b', '"\x80"', '"\\a"', "x" * 256, '"' + "\\\\" * 2000 + "x"):
        malformed = post({"name": "a"}, JSON, f"Idempotency-Key: {key}")
        yield Hostile(f"Idempotency-Key: {key[:20]}", malformed, 400, "Idempotency-Key")
    lines = "Idempotency-Key: a\r\nIdempotency-Key: b"
    yield Hostile("two Idempotency-Keys", post({"name": "a"}, JSON, lines), 400, "Idempotency-Key")
    deep = '{"name":' + "[" * 900 + "]" * 900 + "}"
    yield Hostile("a key and a member 900 deep", post(deep, JSON, "Idempotency-Key: deep"), 400, "")


def changes() -> Iterator[Hostile]:
    """PUT, PATCH and DELETE."""
    for method in ("PUT", "PATCH", "DELETE"):
        for tag in ("", "nonsense", '"open', "0", "*, *", '"a""b"', '"' * 999, " , " * 2000 + "x", "\x80"):
            malformed = send(method, "/gadgets/GADGET", {"name": "a"}, JSON, f"If-Match: {tag}")
            yield Hostile(f"{method} with If-Match: {tag[:20]}", malformed, 400, "If-Match")
    for method in ("PUT", "PATCH"):
        yield Hostile(f"{method} of a number as name", send(method, "/gadgets/GADGET", {"name": 5}), 400, "name")
        yield Hostile(
            f"{method} of an unknown member", send(method, "/gadgets/GADGET", {"name": "a", "x": 1}), 400, "x"
        )
        yield Hostile(f"{method} of an array", send(method, "/gadgets/GADGET", []), 400, "")
        yield Hostile(f"{method} of null", send(method, "/gadgets/GADGET", "null"), 400, "")
        yield Hostile(f"{method} of a NUL", send(method, "/gadgets/GADGET", {"name": "a\0"}), 400, "name")
        yield Hostile(f"{method} of text", send(method, "/gadgets/GADGET", "a", "text/plain"), 415, "text/plain")
        yield Hostile(f"{method} of the list", send(method, "/gadgets", {"name": "a"}), 405, method)
    yield Hostile("a PUT without a name", send("PUT", "/gadgets/GADGET", {"description": "a"}), 400, "name")
    yield Hostile("a PUT without a body", head("PUT", "/gadgets/GADGET"), 400, "")
    yield Hostile("a DELETE of the list", head("DELETE", "/gadgets"), 405, "DELETE")
    yield Hostile("a POST to a gadget", send("POST", "/gadgets/GADGET", {"name": "a"}), 405, "POST")


def parameters() -> Iterator[Hostile]:
    """The query of GET /gadgets."""
    limits = ("0", "-1", "1001", str(2**63), str(2**70), "9" * 3900, "1e3", "1.0", "%2B5", "+5", "%205", "5%20", "0x10")
    for limit in (*limits, "1_0", "a", "", "%00", "null", "true", "%D9%A1", "%EF%BC%91", "%C2%B2", "5%0A", "NaN", "[]"):
        yield Hostile(f"limit={limit[:24]}", get(f"limit={limit}"), 400, "limit")
    yield Hostile("limit without a value", get("limit"), 400, "limit")
    yield Hostile("limit twice", get("limit=5&limit=6"), 400, "limit")
    yield Hostile("limit twice, once escaped", get("limit=5&l%69mit=5"), 400, "limit")
    for ordering in ("id", "name", "CREATED_AT", "--created_at", "created_at,id", "created_at%00", "%2Bcreated_at"):
        yield Hostile(f"ordering={ordering}", get(f"ordering={ordering}"), 400, "ordering")
    for name in ("offset", "page", "Limit", "limit[]", "name__contains", "id", "format", "pk", "__class__", "%00"):
        yield Hostile(f"an unknown parameter {name}", get(f"{name}=1"), 400, "Unknown")
    for name in ("name", "search"):
        yield Hostile(f"{name} with a NUL", get(f"{name}=a%00b"), 400, name)
        yield Hostile(f"{name} of 256 characters", get(f"{name}={'x' * 256}"), 400, name)
        yield Hostile(f"{name} in bad UTF-8", get(f"{name}=%FF%FE"), 400, name)
        yield Hostile(f"{name} with a surrogate", get(f"{name}=%ED%A0%80"), 400, name)
        yield Hostile(f"an empty {name}", get(f"{name}="), 400, name)
        yield Hostile(f"{name} twice", get(f"{name}=a&{name}=b"), 400, name)
    yield Hostile("a parameter's name in bad UTF-8", get("%FF=1"), 400, "Unknown")
    yield Hostile("1,500 parameters", get("a&" * 1500), 400, "")
    yield from _times()


def _times() -> Iterator[Hostile]:
    times = (
        "yesterday", "2026", "2026-01-01", "20260101T000000Z", "2026-01-01T00:00:00", "2026-01-01%2000:00:00Z",
        "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00%2B25:00", "2026-01-01T00:00:00+01:00",
        "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-W01-1", "2026-001",
        "%D9%A2%D9%A0%D9%A2%D9%A6-01-01T00:00:00Z", "2026-01-01T00:00:00Z%00", "%00", "", "now", "infinity", "null",
        "9" * 3900,
    )  # fmt: skip
    for name in ("created_after", "created_before"):
        for time in times:
            yield Hostile(f"{name}={time[:30]}", get(f"{name}={time}"), 400, name)


def paths() -> Iterator[Hostile]:
    """Addresses of nothing."""
    for path in (
        "/nothing", "/gadgets/1", "/gadgets/GADGET/x", "/gadgets/GADGET%00", "/gadgets/%00", "/gadgets%00",
        "//gadgets", "/gadgets//", "/gadgets//GADGET", "/gadgets/../gadgets", "/gadgets/%2e%2e/gadgets", "/gadgetsx",
        "/./gadgets", "/%67adgets/..",
        "/gadgets/00000000-0000-0000-0000-000000000000", "/gadgets/ffffffff-ffff-ffff-ffff-ffffffffffff",
        "/gadgets/{GADGET}", "/gadgets/urn:uuid:GADGET", "/gadgets/" + "0" * 4000, "/static/../manage.py",
        "/static/%2e%2e/%2e%2e/etc/passwd", "/static/%00", "/schema.json", "/health/ready/x", "/gadgets;a=b",
        "/GADGETS", "/gadgets/" + quote("é" * 36), "/gadgets/%ff%fe", "/%ff", "/%ed%a0%80", "/gadgets/%",
        "/gadgets/%zz", "/gadgets/%2", "/gadgets/GADGET%0d%0aX-Injected:%20yes", "/%0d%0aSet-Cookie:a=b",
    ):  # fmt: skip
        yield Hostile(f"the path {path[:40]}", head("GET", path), 404, "")
    yield Hostile("another authority in the target", head("GET", "http://evil.example/nothing"), 404, "")
    yield Hostile("a POST to nothing", send("POST", "/nothing", {"name": "a"}), 404, "")


def media_types() -> Iterator[Hostile]:
    """Content-Type and Accept."""
    types = (
        "", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "multipart/form-data", "application/xml", "application/x-ndjson", "application", "/", "*/*", ";", "json",
        "application/json-patch+json", "application/jsonx", "x" * 4000, "application/octet-stream",
    )  # fmt: skip
    for media_type in types:
        yield Hostile(f"Content-Type: {media_type[:40]}", post({"name": "a"}, media_type), 415, "")
    body = json.dumps({"name": "a"})
    yield Hostile("no Content-Type", head("POST", "/gadgets", f"Content-Length: {len(body)}") + body.encode(), 415, "")
    charsets = (
        "utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "latin-1", "ascii", "zlib_codec", "zip", "bz2",
        "hex", "base64", "rot13", "uu", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs",
        "bogus", "''", '"utf-16"', '"', "utf-8\\", "../../etc/passwd", "utf_8\\x00", "x" * 200,
    )  # fmt: skip
    for charset in charsets:
        yield Hostile(f"charset={charset[:24]}", post({"name": "a"}, f"{JSON}; charset={charset}"), 415, "utf-8")
    yield Hostile("two charsets", post({"name": "a"}, f"{JSON}; charset=utf-8; charset=utf-16"), 415, "utf-8")
    yield Hostile("a charset in RFC 2231", post({"name": "a"}, f"{JSON}; charset*=utf-8''utf-16"), 415, "utf-8")
    for accept in ("", "text/plain", "application/xml", "image/*", "nonsense", "a/b/c"):
        yield Hostile(f"Accept: {accept}", head("GET", "/gadgets", f"Accept: {accept}"), 406, "")
    yield Hostile("NDJSON of one gadget", head("GET", "/gadgets/GADGET", "Accept: application/x-ndjson"), 406, "")
    yield Hostile("NDJSON as the answer to a POST", post({"name": "a"}, JSON, "Accept: application/x-ndjson"), 406, "")
    for name in ("limit=5", "cursor=CURSOR"):
        yield Hostile(f"NDJSON with {name}", get(name, "Accept: application/x-ndjson"), 400, name.partition("=")[0])


def sizes() -> Iterator[Hostile]:
    """What is too long."""
    too_long = json.dumps({"name": "a", "description": "x" * MIB}).encode()
    yield Hostile("a body above 1 MiB", post(too_long), 413, "too large")
    yield Hostile("a chunked body above 1 MiB", chunked(chunk(too_long) + chunk(b"")), 413, "too large")
    yield Hostile("one in small chunks", chunked(chunk(b" " * 4096) * 300 + chunk(b"")), 413, "too large")
    yield Hostile("one in tiny chunks", chunked(chunk(b" ") * 20_000 + chunk(b"")), 400, "1024 chunks")
    yield Hostile("a body of 8 MiB", post(too_long * 8), 413, "too large")
    yield Hostile("a chunked body of 8 MiB", chunked(chunk(too_long) * 8 + chunk(b"")), 413, "too large")
    yield Hostile("a length of 10 GB, unsent", _lying(10**10, b"{}"), 413, "too large")
    yield Hostile("a length of 2**70, unsent", _lying(2**70, b"{}"), 413, "too large")
    yield Hostile("a long target", head("GET", "/gadgets?name=" + "x" * 20_000), 414, "")
    yield Hostile("a long header", head("GET", "/gadgets", "X-Long: " + "x" * 20_000), 431, "")
    yield Hostile("1,000 headers", head("GET", "/gadgets", *(f"X-{n}: 1" for n in range(1000))), 431, "")
    yield Hostile("a long cookie", head("GET", "/gadgets", "Cookie: a=" + "x" * 9000), 431, "")


def _lying(length: int, body: bytes) -> bytes:
    return head("POST", "/gadgets", f"Content-Type: {JSON}", f"Content-Length: {length}") + body


def framing() -> Iterator[Hostile]:
    """Where one request ends and the next begins: what front ends and servers must never disagree about."""
    gadget = json.dumps({"name": "framed"}).encode()
    length = f"Content-Length: {len(gadget)}"
    for size in ("g", "-1", "+9", "0x9", "", " 9"):
        yield Hostile(f"a chunk's size {size[:9]!r}", chunked(f"{size}\r\n".encode() + gadget + b"\r\n0\r\n\r\n"), 400)
    yield Hostile("a chunk without its line end", chunked(b"%X\r\n%sxx0\r\n\r\n" % (len(gadget), gadget)), 400)
    yield Hostile("a chunk's size ended by a bare LF", chunked(b"%X\n%s\r\n0\r\n\r\n" % (len(gadget), gadget)), 400)
    yield Hostile(
        "a chunk extension with a bare CR", chunked(b"%X;a\rb\r\n%s\r\n0\r\n\r\n" % (len(gadget), gadget)), 400
    )
    yield Hostile("a Content-Length as a trailer", chunked(chunk(gadget) + b"0\r\nContent-Length: 5\r\n\r\n"), 400)
    yield Hostile("both lengths", chunked(chunk(gadget) + chunk(b""), length), 400)
    yield Hostile("both lengths, one of them zero", chunked(chunk(gadget) + chunk(b""), "Content-Length: 0"), 400)
    for coding in (
        "gzip",
        "identity",
        "gzip, chunked, chunked",
        "chunked, gzip",
        "xchunked",
        "\x0bchunked",
        "chunked;a",
    ):
        yield Hostile(f"Transfer-Encoding: {coding!r}", _coded(coding) + chunk(gadget) + chunk(b""), 400)
    yield Hostile(
        "two Transfer-Encodings", _coded("chunked\r\nTransfer-Encoding: chunked") + chunk(gadget) + chunk(b""), 400
    )
    for value in ("-1", "+2", "1_0", "0x10", "", " ", "9,9", "²", "NaN", "1.0", "1e1", f"{len(gadget)}\r\n{length}"):
        yield Hostile(f"Content-Length: {value!r}", _sized(value) + gadget, 400)
    for host in ("", "evil.example", "localhost:", "a b", "[::1", "local\x00host", "\u00e9", "@localhost",
                 "localhost@evil.example", "localhost, evil.example", "localhost/evil", "*", "127.0.0.1.evil.example",
                 "x" * 300, "localhost\r\nHost: evil.example", "%6cocalhost"):  # fmt: skip
        yield Hostile(f"Host: {host[:40]!r}", head("GET", "/gadgets", f"Host: {host}"), 400)
    for line in ("X-Nul: a\0b", " Folded: a", "No colon", ": no name", "X Y: a", "X-Y : a", "X-\x01: a", "X-Lf: a\nb"):
        yield Hostile(f"the header {line!r}", head("GET", "/gadgets", "X-First: 1", line), 400)
    yield Hostile("a repeated Content-Type", post({"name": "a"}, JSON, f"Content-Type: {JSON}"), 400)
    yield Hostile("an expectation", post({"name": "a"}, JSON, "Expect: 200-ok"), 417)


def _coded(coding: str) -> bytes:
    return head("POST", "/gadgets", f"Content-Type: {JSON}", f"Transfer-Encoding: {coding}")


def _sized(length: str) -> bytes:
    return head("POST", "/gadgets", f"Content-Type: {JSON}", f"Content-Length: {length}")


def methods() -> Iterator[Hostile]:
    """Methods, and whole lines, that nobody sends."""
    for method in ("TRACE", "FOO", "PROPFIND", "PURGE", "M-SEARCH", "GETS", "X" * 20):
        yield Hostile(f"{method} /gadgets", head(method, "/gadgets"), 405, method)
        yield Hostile(f"{method} /gadgets/GADGET", head(method, "/gadgets/GADGET"), 405, method)
    for method in ("TRACE", "FOO", "POST", "DELETE"):
        yield Hostile(f"{method} /health", head(method, "/health"), 405, "")
        yield Hostile(f"{method} /health/ready", head(method, "/health/ready"), 405, "")
        yield Hostile(f"{method} /schema", head(method, "/schema"), 405, "")
    yield Hostile("CONNECT /gadgets", head("CONNECT", "/gadgets"), 405, "")
    yield Hostile("CONNECT to a host", head("CONNECT", "evil.example:443"), 404, "")
    for method in ("get", "Get", "GE T", "G\0T", "GET\t", "", "G\u00c9T", "X" * 2000, "GET /gadgets HTTP/1.1\r\nGET"):
        yield Hostile(f"the method {method[:20]!r}", head(method, "/gadgets"), 400)
    for line in ("GET", "GET /gadgets", "GET  /gadgets HTTP/1.1", "GET /gadgets HTTP/9.9", "GET /gadgets HTTP/1",
                 "\x16\x03", "GET /gadgets HTP/1.1", "GET /gad\0gets HTTP/1.1", "GET /\u00e9 HTTP/1.1",
                 "GET /gadgets\x7f HTTP/1.1", "PRI * HTTP/2.0", "SSH-2.0-OpenSSH_9.9",
                 "GET /gadgets HTTP/1.1 HTTP/1.1"):  # fmt: skip
        yield Hostile(f"the line {line!r}", line.encode() + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400)
    yield Hostile("a line with a bare LF", b"GET /gadgets HTTP/1.1\nHost: localhost\n\n", 400)


HOSTILE = [
    *malformed_json(), *wrong_documents(), *keys(), *changes(), *parameters(), *paths(), *media_types(), *sizes(),
    *framing(), *methods(),
]  # fmt: skip

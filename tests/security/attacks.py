"""What an attacker tries, byte for byte as it goes over the wire, and what comes back.

`GADGET` in a request stands for the id of a gadget that exists. Where malformed requests as such are concerned,
`tests/api/hostile_requests.py` has some 500 more; tokens are in `test_tokens.py`.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace

from tests.api.hostile_requests import JSON, chunk, chunked, get, head, post, send


@dataclass(frozen=True)
class Attack:
    """A request to a service on its own (`behind` False) or behind a load balancer with HTTPS.

    The answer has this status, somewhere in its head or body `shows`, and nowhere `hides` (regular expressions).
    """

    name: str
    request: bytes
    status: int
    shows: str = ""
    hides: str = r"evil"
    behind: bool = False
    aim: str = ""


SMUGGLED = b"DELETE /gadgets/GADGET HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = json.dumps({"name": "attack"}).encode()
HTTPS = "X-Forwarded-Proto: https"
#: Ways to say where one comes from, under which name and by which path, that some server or framework believes.
FORGED = (
    "X-Forwarded-Host: evil.example", "X-Forwarded-Server: evil.example", "X-Host: evil.example",
    "X-HTTP-Host-Override: evil.example", "X-Original-Host: evil.example", "X-Forwarded-Port: 6666",
    "Forwarded: for=6.6.6.6;host=evil.example;proto=https", "X-Forwarded-For: 6.6.6.6", "X-Real-IP: 6.6.6.6",
    "X-Client-IP: 6.6.6.6", "True-Client-IP: 6.6.6.6", "CF-Connecting-IP: 6.6.6.6", "X-Forwarded-Prefix: /evil",
    "X-Script-Name: /evil", "SCRIPT_NAME: /evil", "Script-Name: /evil", "X-Original-URL: /evil",
    "X-Rewrite-URL: /evil", "X-Forwarded-Uri: /evil", "PATH_INFO: /evil", "REMOTE_ADDR: 6.6.6.6",
    "X_FORWARDED_HOST: evil.example", "X_FORWARDED_FOR: 6.6.6.6", "HTTP_HOST: evil.example", "Proxy: http://evil.example",
)  # fmt: skip
FORGED_SCHEMES = (
    "X-Forwarded-Proto: https", "X-Forwarded-Protocol: ssl", "X-Forwarded-Ssl: on", "X-Forwarded-Scheme: https",
    "X-Scheme: https", "X-Url-Scheme: https", "Front-End-Https: on", "Forwarded: proto=https",
    "X_FORWARDED_PROTO: https", "Cloudfront-Forwarded-Proto: https",
)  # fmt: skip


FORGERY = r"evil|6\.6\.6\.6|:6666"


def raw(*lines: str, body: bytes = b"") -> bytes:
    """A request line and headers as they are, the connection kept open."""
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def forwarding() -> list[Attack]:
    """To pass for somebody else, another host, another path or HTTPS."""
    return [
        *(
            Attack(line, post(BODY, JSON, line), 201, r"Location: http://localhost/gadgets/", FORGERY)
            for line in FORGED
        ),
        *(
            Attack(line, post(BODY, JSON, line), 201, r"Location: http://localhost/gadgets/", "https:")
            for line in FORGED_SCHEMES
        ),
        *(
            Attack(
                f"{line}, behind",
                post(BODY, JSON, HTTPS, line),
                201,
                r"Location: https://localhost/gadgets/",
                FORGERY,
                behind=True,
            )
            for line in FORGED
        ),
        *(
            Attack(
                f"{line}, behind, over HTTP",
                head("GET", "/gadgets", line),
                301,
                "Location: https://localhost/gadgets\r",
                behind=True,
            )
            for line in FORGED_SCHEMES[1:]
        ),
        Attack(
            "HTTPS first claimed, then denied",
            head("GET", "/gadgets", "X-Forwarded-Proto: http, https"),
            301,
            behind=True,
        ),
        Attack("the PROXY protocol", b"PROXY TCP4 6.6.6.6 127.0.0.1 1 80\r\n" + head("GET", "/gadgets"), 400),
    ]


def smuggling() -> list[Attack]:
    """To hide a request within another one."""
    zero = chunk(b"")
    te, cl = "Transfer-Encoding: chunked", "Content-Length: {}"
    start = ("POST /gadgets HTTP/1.1", "Host: localhost", f"Content-Type: {JSON}")
    get_body = ("GET /gadgets HTTP/1.1", "Host: localhost", f"Content-Length: {len(SMUGGLED)}", "Connection: close")
    return [
        Attack("CL.TE", raw(*start, cl.format(len(zero + SMUGGLED)), te, body=zero + SMUGGLED), 400),
        Attack("TE.CL", raw(*start, te, cl.format(4), body=chunk(SMUGGLED) + zero), 400),
        Attack("TE.TE, one unknown", raw(*start, te, "Transfer-Encoding: x", body=zero + SMUGGLED), 400),
        Attack("TE after a space", raw(*start, "Transfer-Encoding : chunked", body=zero + SMUGGLED), 400),
        Attack("TE after a tab", raw(*start, "Transfer-Encoding:\tx\tchunked", body=zero + SMUGGLED), 400),
        Attack("TE folded over two lines", raw(*start, "Transfer-Encoding:", " chunked", body=zero + SMUGGLED), 400),
        Attack(
            "TE as another header's fold", raw(*start, "X: y", " Transfer-Encoding: chunked", body=zero + SMUGGLED), 400
        ),
        Attack(
            "TE with an underscore",
            raw(*start, "Transfer_Encoding: chunked", cl.format(0), "Connection: close", body=zero + SMUGGLED),
            400,
        ),
        Attack("TE in HTTP/1.0", raw("POST /gadgets HTTP/1.0", *start[1:], te, body=zero + SMUGGLED), 400),
        Attack("TE quoted", raw(*start, 'Transfer-Encoding: "chunked"', body=zero + SMUGGLED), 400),
        Attack("two lengths", raw(*start, cl.format(0), cl.format(len(SMUGGLED)), body=SMUGGLED), 400),
        Attack("two lengths in one", raw(*start, "Content-Length: 0, 50", body=SMUGGLED), 400),
        Attack("a length with a sign", raw(*start, "Content-Length: +0", body=SMUGGLED), 400),
        Attack("a length after a NUL", raw(*start, "Content-Length: \x000", body=SMUGGLED), 400),
        Attack("a bare CR ends a line", raw(*start[:2], "X: y\rTransfer-Encoding: chunked", body=zero + SMUGGLED), 400),
        Attack("a bare LF ends a line", raw(*start[:2], "X: y\nTransfer-Encoding: chunked", body=zero + SMUGGLED), 400),
        Attack("the body of a GET", raw(*get_body, body=SMUGGLED), 200),
        Attack("a request in the trailers", chunked(chunk(BODY) + b"0\r\nX: y\r\n\r\n"), 201),
        Attack("a chunk of -1 bytes", chunked(b"-1\r\n" + SMUGGLED), 400),
        Attack(
            "HTTP/2 without TLS",
            head("GET", "/gadgets", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
            200,
        ),
        Attack("HTTP/2 at once", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ]


def hosts() -> list[Attack]:
    """To have links, redirects and caches name another host."""
    wrong = (
        "evil.example", "localhost.evil.example", "localhost:80@evil.example", "localhost#evil.example", "", "127.1",
        "evil.example:localhost", "localhost\\evil.example", "localhost%00.evil.example", "0x7f.1",
        "[::ffff:127.0.0.1]",
    )  # fmt: skip
    return [
        *(Attack(host or "none", head("GET", "/gadgets", f"Host: {host}"), 400) for host in wrong),
        *(
            Attack(f"{host}, behind", head("GET", "/gadgets", f"Host: {host}", HTTPS), 400, behind=True)
            for host in wrong
        ),
        *(
            Attack(f"{host}, behind, over HTTP", head("GET", "/gadgets", f"Host: {host}"), 400, behind=True)
            for host in wrong
        ),
        Attack("two of them", head("GET", "/gadgets", "Host: localhost", "Host: evil.example"), 400),
        Attack("another one in the target", head("GET", "http://evil.example/gadgets?limit=1", "Host: localhost"), 200),
        Attack("a probe's", head("GET", "/health", "Host: evil.example"), 200, '{"status":"healthy"}'),
    ]


def paths() -> list[Attack]:
    """To get past what a proxy lets through, or out of the service's files."""
    hidden = r"import |SECRET|root:|evil"
    return [
        *(
            Attack(path, head("GET", path), 404, hides=hidden)
            for path in (
                "//gadgets",
                "///",
                "/gadgets//GADGET",
                "/gadgets/./GADGET",
                "/gadgets/../gadgets/GADGET",
                "/gadgets/%2e%2e/gadgets",
                "/gadgets;/GADGET",
                "/gadgets/GADGET;.css",
                "/gadgets/GADGET/x.css",
                "/gadgets/GADGET.json",
                "/gadgets/GADGET%3f.js",
                "/gadgets/GADGET%23",
                "/gadgets%20",
                "/gadgets%09",
                "/gadgets/GADGET%00.css",
                "/%2e/gadgets",
                "/\\gadgets",
                "/admin",
                "/admin/",
                "/admin/login/",
                "/Admin/",
                "/%61dmin/",
                "/admin;/",
                "/static/../itemsvc/settings.py",
                "/static/..%2f..%2fgadgetsvc/settings.py",
                "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
                "/static/..%5c..%5cmanage.py",
                "/static//etc/passwd",
                "/.env",
                "/.git/config",
                "/manage.py",
                "/server-status",
                "/metrics",
                "/debug",
                "/__debug__/",
                "/actuator/env",
                "/api-auth/login/",
                "/gadgets/GADGET/history",
            )
        ),
        Attack("an encoded slash is a slash", head("GET", "/gadgets%2fGADGET"), 200, '"name":"kept"'),
        Attack(
            "an open redirect",
            head("GET", "//evil.example/gadgets"),
            301,
            "Location: https://localhost/",
            r"Location: //|://evil",
            behind=True,
        ),
        Attack(
            "one with a backslash",
            head("GET", "/\\evil.example"),
            301,
            "Location: https://localhost/",
            r"://evil",
            behind=True,
        ),
        Attack("an @ in the target", head("GET", "@evil.example/gadgets"), 400, hides="://evil", behind=True),
    ]


def methods() -> list[Attack]:
    """To do by one method what is allowed with another."""
    overrides = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Method")
    return [
        *(Attack(f"{name} of a GET", head("GET", "/gadgets/GADGET", f"{name}: DELETE"), 200) for name in overrides),
        *(
            Attack(f"{name} of a POST", send("POST", "/gadgets/GADGET", b"{}", JSON, f"{name}: DELETE"), 405)
            for name in overrides
        ),
        Attack("_method in the query", head("POST", "/gadgets/GADGET?_method=DELETE"), 405),
        Attack(
            "_method in a form",
            send("POST", "/gadgets/GADGET", b"_method=DELETE", "application/x-www-form-urlencoded"),
            405,
        ),
        Attack("TRACE", head("TRACE", "/gadgets", "X-Secret: evil"), 405),
        Attack("TRACK", head("TRACK", "/gadgets", "X-Secret: evil"), 405),
        Attack("CONNECT", head("CONNECT", "evil.example:443"), 404),
        Attack("DEBUG", head("DEBUG", "/gadgets", "Command: stop-debug"), 405),
    ]


def origins() -> list[Attack]:
    """To read or write from a page of another origin."""
    hides = r"(?i)access-control|evil"
    preflight = ("Access-Control-Request-Method: DELETE", "Access-Control-Request-Headers: content-type")
    form = "text/plain"
    return [
        *(
            Attack(
                f"a preflight from {origin}",
                head("OPTIONS", "/gadgets/GADGET", f"Origin: {origin}", *preflight),
                200,
                hides=hides,
            )
            for origin in ("https://evil.example", "null", "http://localhost.evil.example")
        ),
        Attack(
            "a read",
            head("GET", "/gadgets", "Origin: https://evil.example"),
            200,
            "Cross-Origin-Resource-Policy: same-origin",
            hides,
        ),
        Attack(
            "a form's JSON",
            send("POST", "/gadgets", b'{"name":"attack","x":"="}', form, "Origin: https://evil.example"),
            415,
        ),
        Attack("a form", send("POST", "/gadgets", b"name=attack", "application/x-www-form-urlencoded"), 415),
        Attack(
            "a session's cookie",
            head("GET", "/gadgets", "Cookie: sessionid=evil; csrftoken=evil"),
            200,
            hides="evil|Set-Cookie",
        ),
        Attack("JSONP", get("callback=evil"), 400, hides=r"evil\("),
    ]


def injection() -> list[Attack]:
    """To have the database or the header block read what was meant as text."""
    nothing = r"\r\n\r\n\[\]$"
    return [
        *(
            Attack(f"search={value}", get(f"search={value}"), 200, nothing, "syntax")
            for value in (
                "'%20OR%20'111'='111",
                "';DROP%20TABLE%20sample_gadget--",
                "%25lamp",
                "_____lamp",
                "%5Clamp",
                "a'||pg_sleep(9)||'",
                "$$lamp$$",
                "%EF%BC%87%20OR%20100=100--",
                "lamp'/**/OR/**/1=1--",
                ".*lamp",
                "%7B%7B700*7%7D%7D",
                "$%7Bjndi:ldap://x%7D",
            )
        ),
        *(
            Attack(f"name={value}", get(f"name={value}"), 200, nothing, "syntax")
            for value in ("'%20OR%20'1'='1", "1;SELECT%20pg_sleep(9)", "%25")
        ),
        *(
            Attack(f"ordering={value}", get(f"ordering={value}"), 400, "ordering", "syntax")
            for value in (
                "id;DROP%20TABLE%20sample_gadget",
                "(SELECT%20pg_sleep(9))",
                "created_at%20DESC",
                "sample_gadget.name",
            )
        ),
        *(
            Attack(f"cursor={value}", get(f"cursor={value}"), 400, "cursor", "syntax")
            for value in ("'%20OR%201=1--", "gASVAAAAAAAAAA==", "eyJpZCI6MX0=", "..%2f..%2fetc%2fpasswd")
        ),
        Attack("limit=1 UNION", get("limit=1%20UNION%20SELECT%201"), 400, "limit"),
        Attack("a lookup of the ORM's", get("name__regex=.*"), 400, "Unknown"),
        Attack("a relation of the ORM's", get("user__password__startswith=a"), 400, "Unknown"),
        Attack("an id", head("GET", "/gadgets/1'%20OR%20'1'='1"), 404),
        Attack("a name that is SQL", post({"name": "'); DROP TABLE gadgets;--"}), 201),
        Attack(
            "a name that is HTML",
            send("POST", "/gadgets", {"name": "<script>alert(1)</script>"}, JSON, "Accept: text/html"),
            201,
            "&lt;script&gt;alert",
            "<script>alert",
        ),
        Attack(
            "HTML in the path",
            head("GET", "/<script>alert(1)</script>", "Accept: text/html"),
            404,
            "application/json",
            "alert",
        ),
        Attack("CRLF in the request id", head("GET", "/gadgets", "X-Request-ID: a%0d%0aSet-Cookie: evil"), 200),
        Attack(
            "a bare CR in the request id",
            head("GET", "/gadgets", b"X-Request-ID: a\rSet-Cookie: evil"),
            400,
            hides="\nSet-Cookie",
        ),
        Attack(
            "CRLF in the trace id",
            head("GET", "/gadgets", "X-Amzn-Trace-Id: Root=1-67891233-abcdef01234567891234567%0d%0aevil"),
            200,
        ),
        Attack("CRLF in a parameter", get("cursor=%0d%0aSet-Cookie:%20evil"), 400, hides="\nSet-Cookie"),
        Attack("CRLF in a link", get("limit=1&name=attack%0d%0aSet-Cookie:%20a=b"), 200, hides="\nSet-Cookie"),
        Attack(
            "CRLF in a redirect",
            head("GET", "/gadgets/%0d%0aSet-Cookie:%20a=b"),
            301,
            hides="\nSet-Cookie",
            behind=True,
        ),
        Attack("a pickled body", post(b"\x80\x04\x95\x05\x00\x00\x00", "application/python-pickle"), 415),
        Attack(
            "an XML entity",
            post('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "application/xml"),
            415,
            hides="root:",
        ),
        Attack("YAML", post("!!python/object/apply:os.system [id]", "application/yaml"), 415),
    ]


def sizes() -> list[Attack]:
    """To make the service work or remember more than a request is worth."""
    bomb = gzip.compress(b'{"name":"' + b" " * 10_000_000 + b'"}')
    return [
        Attack("a header of 9 KB", head("GET", "/gadgets", "X: " + "x" * 9000), 431),
        Attack("1,000 headers", head("GET", "/gadgets", *(f"X-{n}: 1" for n in range(1000))), 431),
        Attack("a target of 9 KB", head("GET", "/gadgets?name=" + "x" * 9000), 414),
        Attack("a body of 2 MiB", post(b" " * 2**21), 413),
        Attack("a gzip bomb", post(bomb, JSON, "Content-Encoding: gzip"), 415),
        Attack("a zlib bomb as charset", post(bomb, f"{JSON}; charset=zlib_codec"), 415),
        Attack("100,000 arrays deep", post(b"[" * 100_000), 400),
        Attack("a number of 100,000 digits", post(b'{"name":' + b"9" * 100_000 + b"}"), 400),
        Attack("10,000 members", post({str(number): 1 for number in range(10_000)}), 400),
        Attack("1,400 parameters", get("a&" * 1400), 400),
        Attack("a page of 10**9", get("limit=1000000000"), 400),
        Attack(
            "ranges without number",
            head("GET", "/gadgets", "Range: bytes=" + ",".join(f"{n}-" for n in range(1000))),
            200,
        ),
        Attack("Accept-Encoding without number", head("GET", "/gadgets", "Accept-Encoding: " + "gzip," * 1500), 200),
        Attack(
            "Accept without number, of which the first 64 count",
            head("GET", "/gadgets", "Accept: " + "a/b," * 1500 + JSON),
            406,
        ),
    ]


def disclosure() -> list[Attack]:
    """To learn what is inside, or have a cache keep what is another's."""
    return [
        Attack(
            "a page that is not there", head("GET", "/nothing", "Accept: text/html"), 404, '{"detail":"Not found."}'
        ),
        Attack("a bad request", head("GET", "/gadgets", "Host: ]"), 400, '{"detail":"Bad request."}'),
        Attack("a line that is none", b"\x00\r\n\r\n", 400),
        Attack("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        Attack("a missing static file", head("GET", "/static/nothing.css"), 404, '{"detail":"Not found."}'),
        Attack(
            "caches keep JSON and HTML apart", head("GET", "/gadgets", "Accept: text/html"), 200, r"Vary: [^\r]*Accept"
        ),
        Attack("and JSON from HTML", head("GET", "/gadgets"), 200, r"Vary: [^\r]*Accept"),
        Attack("a frame", head("GET", "/docs", "Accept: text/html"), 200, "X-Frame-Options: DENY"),
        Attack(
            "HTTPS is remembered",
            head("GET", "/gadgets", HTTPS),
            200,
            "Strict-Transport-Security: max-age=31536000\r",
            behind=True,
        ),
        Attack(
            "also by who asks for nothing",
            head("GET", "/nothing", HTTPS),
            404,
            "Strict-Transport-Security: max-age=31536000\r",
            behind=True,
        ),
        Attack("a probe is not redirected", head("GET", "/health"), 200, behind=True),
    ]


TABLE = {
    "forwarded headers": forwarding(),
    "request smuggling": smuggling(),
    "the Host header": hosts(),
    "paths": paths(),
    "methods": methods(),
    "other origins": origins(),
    "injection": injection(),
    "sizes": sizes(),
    "disclosure": disclosure(),
}
ATTACKS = [replace(attack, aim=aim) for aim, attacks in TABLE.items() for attack in attacks]

"""Answers without Django: JSON in the service's form, for what is refused before a thread takes it up."""

from __future__ import annotations

import json

from itemsvc.http import request_ids
from itemsvc.http.security_headers import ALWAYS, NO_PAGE
from itemsvc.server.request_buffer import HEAD_BYTES, HEAD_END

RETRY_AFTER_SECONDS = 1
BUSY = 503, "Service Unavailable", "The service is busy. Try again shortly."
TOO_SLOW = 408, "Request Timeout", "The request did not arrive in time."

_SECURITY_HEADERS = "".join(
    f"{name}: {value}\r\n" for name, value in {"Content-Security-Policy": NO_PAGE, **ALWAYS}.items()
)
#: The headers that an id is taken from, and their names in WSGI's environ.
_ID_HEADERS = {b"x-request-id": "HTTP_X_REQUEST_ID", b"x-amzn-trace-id": "HTTP_X_AMZN_TRACE_ID"}


def identify(data: bytes) -> str:
    """The request id for a request that nobody has parsed, from the bytes of its head."""
    environ: dict[str, str] = {}
    # Without a pattern: one that backtracks over what a client sends could keep the loop busy for minutes.
    for line in data[:HEAD_BYTES].partition(HEAD_END)[0].split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon and (key := _ID_HEADERS.get(name.lower())):
            environ.setdefault(key, value.strip(b" \t").decode("latin-1"))
    return request_ids.choose(environ)


def json_error(status: int, reason: str, detail: str, identifier: str) -> bytes:
    """A whole response, after which the connection is closed."""
    body = json.dumps({"detail": detail}, separators=(",", ":"))
    retry = f"Retry-After: {RETRY_AFTER_SECONDS}\r\n" if status == 503 else ""
    return (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"{request_ids.HEADER}: {identifier}\r\nContent-Length: {len(body)}\r\n{retry}"
        f"{_SECURITY_HEADERS}\r\n{body}"
    ).encode("latin-1")

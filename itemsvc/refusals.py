"""Answers without Django: JSON in the service's form, for what is refused before a thread takes it up."""

from __future__ import annotations

import json
import re

from itemsvc import request_id
from itemsvc.headers import ALWAYS, NO_PAGE

RETRY_AFTER_SECONDS = 1
BUSY = 503, "Service Unavailable", "The service is busy. Try again shortly."
TOO_SLOW = 408, "Request Timeout", "The request did not arrive in time."

_SECURITY_HEADERS = "".join(
    f"{name}: {value}\r\n" for name, value in {"Content-Security-Policy": NO_PAGE, **ALWAYS}.items()
)
_ID_HEADER = re.compile(rb"\r\n(x-request-id|x-amzn-trace-id):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)", re.IGNORECASE)


def identify(data: bytes) -> str:
    """The request id for a request that nobody has parsed, from its bytes."""
    environ = {
        "HTTP_" + name.decode().upper().replace("-", "_"): value.decode("latin-1")
        for name, value in reversed(_ID_HEADER.findall(data))
    }
    return request_id.choose(environ)


def json_error(status: int, reason: str, detail: str, identifier: str) -> bytes:
    """A whole response, after which the connection is closed."""
    body = json.dumps({"detail": detail}, separators=(",", ":"))
    retry = f"Retry-After: {RETRY_AFTER_SECONDS}\r\n" if status == 503 else ""
    return (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"{request_id.HEADER}: {identifier}\r\nContent-Length: {len(body)}\r\n{retry}"
        f"{_SECURITY_HEADERS}\r\n{body}"
    ).encode("latin-1")

"""Reads plain requests in one pass, as most HTTP clients and load balancers write them.

gunicorn's parser reads all others: a repeated or folded header, an escape in the path, a chunked body, a request that
has not arrived completely. Both parsers give the same result for a plain request.
"""

from __future__ import annotations

import io
import os
import re
from functools import lru_cache
from typing import Any

from gunicorn.http.wsgi import base_environ

Environ = dict[str, Any]

# Below every limit of gunicorn's parser.
TARGET_BYTES, HEAD_BYTES, MAX_FIELDS = 2000, 8000, 60
_FIELD = rb"[A-Za-z0-9-]++: [!-~][ -~]*+"
_HEAD = re.compile(
    rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[\w.~!$&'()*+,;=:@/-]*)(\?[!-\"$-~]*)? HTTP/1\.1"
    rb"((?:\r\n%b){1,%d})\r\n\r\n" % (_FIELD, MAX_FIELDS),
    re.ASCII,
)
_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)
#: Headers that change how a request is read.
_INTERPRETED = frozenset({"TRANSFER-ENCODING", "EXPECT", "UPGRADE", "TE", "TRAILER", "HTTP2-SETTINGS"})
_UNPREFIXED = frozenset({"CONTENT-TYPE", "CONTENT-LENGTH"})
_KEEPS = {"keep-alive": True, "close": False}


class PlainRequest:
    """One request, with the attributes that gunicorn's worker and response use."""

    __slots__ = ("body_start", "environ", "length", "method", "must_close", "uri")

    version = (1, 1)

    def __init__(self, method: str, uri: str, environ: Environ, body_start: int, length: int, *, keep: bool):
        self.method, self.uri, self.environ, self.must_close = method, uri, environ, not keep
        #: Where its body starts, and the length of the body, in bytes.
        self.body_start, self.length = body_start, length

    @property
    def path(self) -> str:
        """The path without the query string."""
        return str(self.environ["PATH_INFO"])

    @property
    def query(self) -> str:
        """The query string without its question mark."""
        return str(self.environ["QUERY_STRING"])

    @property
    def body(self) -> Any:
        """The body as a file in memory."""
        return self.environ["wsgi.input"]

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers as gunicorn's request has them, for hooks."""
        names = {name: name.removeprefix("HTTP_") for name in self.environ if name.startswith(("HTTP_", "CONTENT_"))}
        return [(short.replace("_", "-"), self.environ[name]) for name, short in names.items()]

    def take_body(self, data: bytes) -> bool:
        """Takes the body out of the bytes of the request; returns whether they are exactly one request."""
        if len(data) != self.body_start + self.length:
            return False
        self.environ["wsgi.input"] = io.BytesIO(data[self.body_start :])
        return True

    def force_close(self) -> None:
        """Closes the connection after this request."""
        self.must_close = True

    def should_close(self) -> bool:
        """Whether the connection closes after this request."""
        return self.must_close


def environ_of(cfg: Any, client: Any, server: Any) -> Environ | None:
    """The part of the environ that all requests of a connection share; None if only gunicorn can build it."""
    if not (isinstance(client, tuple) and isinstance(server, tuple)) or os.environ.get("SCRIPT_NAME"):
        return None
    line, count, size = cfg.limit_request_line, cfg.limit_request_fields, cfg.limit_request_field_size
    if cfg.forwarded_allow_ips or 0 < line < TARGET_BYTES + 9 or 0 < count < MAX_FIELDS or 0 < size < HEAD_BYTES:
        return None
    return {
        **base_environ(cfg),
        "wsgi.multithread": True,
        "wsgi.url_scheme": "http",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
    }


def read(data: bytes, connection: Environ | None) -> PlainRequest | None:
    """Parses the head of a plain request; ``connection`` is the result of ``environ_of``."""
    match = _HEAD.match(data)
    if connection is None or match is None or match.end() > HEAD_BYTES or match.end(3) > TARGET_BYTES:
        return None
    method, path, query, fields = match.groups(b"")
    headers = _read_fields(fields.decode("ascii"))
    if headers is None or "HTTP_HOST" not in headers:
        return None
    length = headers.get("CONTENT_LENGTH", "0")
    keep = _KEEPS.get(headers.get("HTTP_CONNECTION", "keep-alive").lower())
    if keep is None or not _LENGTH.fullmatch(length):
        return None
    environ = {**connection, **headers}
    environ["REQUEST_METHOD"] = name = method.decode("ascii")
    environ["PATH_INFO"] = target = path.decode("ascii")
    environ["QUERY_STRING"] = query[1:].decode("ascii")
    environ["RAW_URI"] = uri = target + query.decode("ascii")
    return PlainRequest(name, uri, environ, match.end(), int(length), keep=keep)


def _read_fields(fields: str) -> dict[str, str] | None:
    headers: dict[str, str] = {}
    for field in fields[2:].split("\r\n"):
        name, _, value = field.partition(": ")
        key = _key_of(name)
        if key is None or key in headers or value[-1] == " ":
            return None
        headers[key] = value
    return headers


@lru_cache(maxsize=512)
def _key_of(name: str) -> str | None:
    name = name.upper()
    if name in _INTERPRETED:
        return None
    return ("" if name in _UNPREFIXED else "HTTP_") + name.replace("-", "_")

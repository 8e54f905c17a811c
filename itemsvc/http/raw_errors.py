"""Errors that are answered without Django, in the same form as all others."""

from __future__ import annotations

import socket
from typing import Any

from gunicorn import util
from gunicorn.http.errors import InvalidHeader
from gunicorn.http.message import Request

from itemsvc.core.logs import request_id as current_request_id
from itemsvc.http import request_ids
from itemsvc.http.errors import RETRY_AFTER_SECONDS, error
from itemsvc.http.security_headers import ALWAYS, NO_PAGE


def json_error(status: int, reason: str, detail: str, identifier: str) -> bytes:
    """A whole HTTP response that closes the connection; ``detail`` may quote the request."""
    response = error(status, detail, RETRY_AFTER_SECONDS if status == 503 else None)
    own = {request_ids.HEADER: identifier, "Connection": "close", "Content-Length": str(len(response.content))}
    for name, value in {**own, "Content-Security-Policy": NO_PAGE, **ALWAYS}.items():
        response[name] = value
    return f"HTTP/1.1 {status} {reason}\r\n".encode() + response.serialize_headers() + b"\r\n\r\n" + response.content


def require_host(worker: Any, request: Any) -> None:
    """gunicorn's pre_request hook: refuses HTTP/1.1 without a Host header, as RFC 9112 demands and gunicorn does not.

    The worker's own plain requests have one.
    """
    if isinstance(request, Request) and request.version >= (1, 1) and "HOST" not in dict(request.headers):
        raise InvalidHeader("HOST is missing")


def write_json_error(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
    """Writes the errors of gunicorn's workers as JSON."""
    sock.sendall(json_error(status_int, reason, mesg or reason, current_request_id.get()))


def replace_gunicorns() -> None:
    """Makes gunicorn's workers use ``write_json_error``; gunicorn writes HTML and has no setting for it."""
    util.write_error = write_json_error

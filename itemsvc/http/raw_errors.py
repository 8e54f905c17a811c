"""Errors that are answered without Django, in the same form as all others."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import InvalidChunkSize, InvalidHeader, UnsupportedTransferCoding
from gunicorn.http.message import Request
from gunicorn.http.wsgi import Response
from gunicorn.workers.base import Worker

from itemsvc.core.logs import request_id as current_request_id
from itemsvc.core.logs import trace_id
from itemsvc.http import request_ids
from itemsvc.http.errors import RETRY_AFTER_SECONDS, error
from itemsvc.http.security_headers import ALWAYS, NO_PAGE

#: The largest number of chunks of a body. One byte in a chunk of its own costs as much time as 16 KB in one.
MAX_CHUNKS = max(1024, settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024)


class TooManyChunks(InvalidChunkSize):
    """400: the body has more than MAX_CHUNKS; ``request`` is gunicorn's, if its head was read."""

    def __init__(self, request: Any = None):
        super().__init__(b"")
        self.req = request

    def __str__(self) -> str:
        return f"The body has more than {MAX_CHUNKS} chunks."


def json_error(status: int, reason: str, detail: str, identifier: str) -> bytes:
    """A whole HTTP response that closes the connection; ``detail`` may quote the request."""
    response = error(status, detail, RETRY_AFTER_SECONDS if status == 503 else None)
    own = {request_ids.HEADER: identifier, "Connection": "close", "Content-Length": str(len(response.content))}
    for name, value in {**own, "Content-Security-Policy": NO_PAGE, **ALWAYS}.items():
        response[name] = value
    return f"HTTP/1.1 {status} {reason}\r\n".encode() + response.serialize_headers() + b"\r\n\r\n" + response.content


def head_of(response: bytes) -> bytes:
    """A whole response without its body, for a HEAD request."""
    head, end, _ = response.partition(b"\r\n\r\n")
    return head + end


_handle_error, _default_headers = Worker.handle_error, Response.default_headers
_parse_chunk_size = ChunkedReader.parse_chunk_size


def begin(worker: Any, request: Any) -> None:
    """gunicorn's pre_request hook: does what RFC 9112 demands and gunicorn does not.

    HTTP/1.1 without a Host header is refused, and `close` ends the connection also among other options. The worker's
    own plain requests have a host and at most one option.
    """
    current_request_id.set("")  # A thread of gunicorn's worker still has the id of its last request.
    if not isinstance(request, Request):
        return
    if request.version >= (1, 1) and "HOST" not in dict(request.headers):
        raise InvalidHeader("HOST is missing")
    options = ",".join(value for name, value in request.headers if name == "CONNECTION")
    if "close" in (option.strip(" \t") for option in options.lower().split(",")):
        request.force_close()


def write_json_error(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
    """Writes the errors of gunicorn's workers as JSON."""
    sock.sendall(json_error(status_int, reason, mesg or reason, current_request_id.get()))


def handle_error(worker: Any, request: Any, client: Any, address: Any, error: BaseException) -> None:
    """Lets gunicorn log and answer an error, both with the request's id, or with a new one."""
    known = request or getattr(error, "req", None)
    if getattr(known, "method", None) == "HEAD":
        send = client.sendall
        client = SimpleNamespace(sendall=lambda response: send(head_of(response)))
    if request is None or not current_request_id.get():
        headers = getattr(known, "headers", ())
        environ = {f"HTTP_{name.replace('-', '_')}": value for name, value in headers}
        current_request_id.set(request_ids.choose(environ))
        trace_id.set("")
    if isinstance(error, UnsupportedTransferCoding):
        error = InvalidHeader(str(error))  # 400 instead of 501: the fault is the client's, and a 5xx raises an alarm.
    _handle_error(worker, request, client, address, error)


def default_headers(response: Any) -> list[str]:
    """gunicorn's own headers of a response, without Server, which would tell an attacker what to look up."""
    return [line for line in _default_headers(response) if not line.startswith("Server:")]


def parse_chunk_size(reader: Any, *arguments: Any, **kwargs: Any) -> Any:
    """Reads the size of the next chunk; raises TooManyChunks."""
    reader.chunks = getattr(reader, "chunks", 0) + 1
    if reader.chunks > MAX_CHUNKS + 1:  # The last one is empty.
        raise TooManyChunks(reader.req)
    return _parse_chunk_size(reader, *arguments, **kwargs)


def replace_gunicorns() -> None:
    """Changes all of gunicorn's workers; it has no settings for this."""
    ChunkedReader.parse_chunk_size = parse_chunk_size
    util.write_error = write_json_error
    Worker.handle_error = handle_error
    Response.default_headers = default_headers

"""Errors that the event loop answers itself, before a thread takes the request."""

from __future__ import annotations

from itemsvc.http import request_ids
from itemsvc.http.raw_errors import head_of, json_error
from itemsvc.server.request_buffer import HEAD_BYTES, HEAD_END

#: The headers that a request id may come from, and their names in WSGI's environ.
_ID_HEADERS = {b"x-request-id": "HTTP_X_REQUEST_ID", b"x-amzn-trace-id": "HTTP_X_AMZN_TRACE_ID"}

#: A status, its reason phrase, and a sentence for the caller.
RawError = tuple[int, str, str]
BUSY: RawError = (503, "Service Unavailable", "The service is busy. Try again shortly.")
TOO_SLOW: RawError = (408, "Request Timeout", "The request did not arrive in time.")


def response(error: RawError, request: bytes) -> bytes:
    """The whole response, with the id of this request, whose bytes nobody has parsed."""
    whole = json_error(*error, identify(request))
    return head_of(whole) if request.startswith(b"HEAD ") else whole


def identify(data: bytes) -> str:
    """The request id that belongs to these bytes of a request."""
    environ: dict[str, str] = {}
    # No regular expression here: backtracking over a client's bytes could block the loop for minutes.
    for line in data[:HEAD_BYTES].partition(HEAD_END)[0].split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon and (key := _ID_HEADERS.get(name.lower())):
            environ.setdefault(key, value.strip(b" \t").decode("latin-1"))
    return request_ids.choose(environ)

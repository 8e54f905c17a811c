"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from gunicorn.http.errors import ParseException

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsvc.settings")

django_application = get_wsgi_application()

# How much of a refused body is still read, and for how long.
LINGER_BYTES = 16 * 1024 * 1024
LINGER_SECONDS = 2
BLOCK_BYTES = 64 * 1024


class Lingering:
    """A response after which the rest of a body that was refused unread is taken from the client.

    Closed at once, the connection would be reset under a client that is still sending: it, or the load balancer, would
    see a broken connection instead of the answer.
    """

    def __init__(self, response: Iterable[bytes], environ: dict[str, Any]):
        self._response, self._source, self._socket = response, environ["wsgi.input"], environ.get("gunicorn.socket")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        """Called when the response has been sent."""
        self._response.close()  # type: ignore[attr-defined]
        if self._socket:
            self._socket.settimeout(LINGER_SECONDS)
        deadline = time.monotonic() + LINGER_SECONDS
        # Whatever is wrong with the rest, the answer has been given.
        with contextlib.suppress(OSError, ParseException):
            for _ in range(LINGER_BYTES // BLOCK_BYTES):
                if time.monotonic() > deadline or not self._source.read(BLOCK_BYTES):
                    break


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, given a Content-Length for a chunked body too.

    Without one Django takes the body for empty. At most one byte more than the limit is read, which is enough for
    Django to answer 413.
    """
    given = environ
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        body = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    response = django_application(environ, start_response)
    refused = int(environ.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return Lingering(response, given) if refused else response


if settings.TRACES_EXPORTER != "none":
    from itemsvc.tracing import Tracing  # Off, neither is OpenTelemetry loaded nor the application wrapped.

    application = Tracing(application)

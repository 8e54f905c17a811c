"""Django's handler with the service's request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from itemsvc.http.requests import Request

#: The key in the WSGI environ of a response that the middleware gets instead of a view's.
PROTOTYPE = "itemsvc.prototype"


class ApplicationExitError(Exception):
    """The application raised what is no Exception, such as SystemExit. It is the cause of this error."""


class Handler(WSGIHandler):
    """Django's handler; a response under ``PROTOTYPE`` in the environ takes the place of the view's.

    The response to a HEAD request has no body. Django leaves it to the server to drop the body, and gunicorn logs a
    warning each time.

    A view or middleware may raise SystemExit. Django lets it pass, and it would end a whole worker of gunicorn's.
    """

    request_class = Request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # type: ignore[override]  # WSGI needs no more.
        """The response's body, in parts."""
        try:
            response = super().__call__(environ, start_response)
            if environ["REQUEST_METHOD"] != "HEAD":
                return response
            response.close()
        except Exception:
            raise
        except BaseException as error:
            raise ApplicationExitError(repr(error)) from error
        return ()

    def _get_response(self, request: HttpRequest) -> HttpResponseBase:
        prototype: HttpResponse | None = request.META.get(PROTOTYPE)
        return prototype if prototype is not None else super()._get_response(request)  # type: ignore[misc]

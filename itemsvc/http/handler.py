"""Django's handler with the service's request."""

from __future__ import annotations

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from itemsvc.http.requests import Request

#: The key in the WSGI environ of a response that the middleware gets instead of a view's.
PROTOTYPE = "itemsvc.prototype"


class Handler(WSGIHandler):
    """Django's handler; a response under ``PROTOTYPE`` in the environ takes the place of the view's."""

    request_class = Request

    def _get_response(self, request: HttpRequest) -> HttpResponseBase:
        prototype: HttpResponse | None = request.META.get(PROTOTYPE)
        return prototype if prototype is not None else super()._get_response(request)  # type: ignore[misc]

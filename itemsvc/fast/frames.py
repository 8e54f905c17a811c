"""What all answers of one operation have in common, as the middleware made it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from itemsvc.http import request_ids
from itemsvc.http.header_block import SharedHeaders
from itemsvc.http.requests import Request

Environ = dict[str, Any]

PROTOTYPE = "itemsvc.prototype"
#: Made anew for every answer.
OWN_HEADERS = frozenset({"content-length", request_ids.HEADER.lower()})
#: How many combinations of operation, host and scheme are remembered.
REMEMBERED = 1024


class Handler(WSGIHandler):
    """Django's, which can also be told a response instead of asking a view for it."""

    request_class = Request

    def _get_response(self, request: HttpRequest) -> HttpResponseBase:
        prototype: HttpResponse | None = request.META.get(PROTOTYPE)
        return prototype if prototype is not None else super()._get_response(request)  # type: ignore[misc]


@dataclass(frozen=True)
class Frame:
    """Status line, headers, and the scheme and host that addresses begin with."""

    status: str
    headers: SharedHeaders
    base: str


class Frames:
    """Each is made once, by sending an empty answer through the middleware, and remembered by host and scheme.

    A host that is refused, or a scheme that is redirected, never gets one.
    """

    def __init__(self, handler: Handler):
        self._handler = handler
        self._frames: dict[tuple[Hashable, ...], Frame] = {}

    def get(self, environ: Environ, operation: Any) -> Frame | None:
        """The frame for ``operation.prototype()``; None where the middleware answers instead."""
        key = (
            operation,
            environ.get("HTTP_HOST"),
            environ.get("HTTP_X_FORWARDED_PROTO"),
            environ["wsgi.url_scheme"],
            environ["SERVER_PORT"],
        )
        frame = self._frames.get(key)
        if frame is None and (frame := self._make(environ, operation.prototype())):
            self._remember(key, frame)
        return frame

    def _remember(self, key: tuple[Hashable, ...], frame: Frame) -> None:
        if len(self._frames) >= REMEMBERED:
            self._frames.clear()
        self._frames[key] = frame

    def _make(self, environ: Environ, prototype: HttpResponse) -> Frame | None:
        request = self._handler.request_class({**environ, PROTOTYPE: prototype})
        response = self._handler.get_response(request)
        if response is not prototype or response.cookies:
            return None
        return _frame(response, request.build_absolute_uri("/").removesuffix("/"))


def _frame(response: HttpResponseBase, base: str) -> Frame:
    headers = [(name, value) for name, value in response.items() if name.lower() not in OWN_HEADERS]
    return Frame(f"{response.status_code} {response.reason_phrase}", SharedHeaders(headers), base)

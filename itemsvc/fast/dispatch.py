"""From a request to the operation that answers it, or to Django."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import psycopg2
from django.db import DatabaseError
from django.urls import get_resolver

from itemsvc.auth import authentication
from itemsvc.core import routes
from itemsvc.core.logs import request_id as current_request_id
from itemsvc.fast.frames import PROTOTYPE, Environ, Frame, Frames, Handler
from itemsvc.fast.operations import Create, List, Operation, Retrieve
from itemsvc.http import errors, request_ids
from itemsvc.http.header_block import ResponseHeaders
from itemsvc.limits import throttle
from itemsvc.resources.row_json import Rows

StartResponse = Callable[[str, ResponseHeaders], Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

PLAIN_ACCEPT = frozenset({"*/*", "application/json"})
#: By these a client asks for more than the plain answer.
DECISIVE = frozenset(
    {
        "HTTP_IDEMPOTENCY_KEY",
        "HTTP_IF_MATCH",
        "HTTP_IF_NONE_MATCH",
        "HTTP_TRANSFER_ENCODING",
    }
)
BELOW = "/<uuid:pk>"


class FastPath:
    """A WSGI application in front of the ordinary one."""

    def __init__(self, handler: Handler, ordinary: Application):
        self._handler, self._ordinary = handler, ordinary
        self._frames = Frames(handler)
        self._exact: dict[tuple[str, str], Operation] = {}
        self._below: dict[tuple[str, str], Operation] = {}
        for route, view in routes.views(get_resolver().url_patterns):
            path = route.removesuffix(BELOW)
            if route != path:
                self._below |= operations(view, path, (Retrieve,))
            else:
                self._exact |= operations(view, path, (List, Create))

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """The answer."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        operation, name = self._exact.get((method, path)), ""
        if operation is None:
            path, _, name = path.rpartition("/")
            operation = self._below.get((method, path))
        if operation is None or not is_plain(environ):
            return self._ordinary(environ, start_response)
        return self._answer(operation, name, environ, start_response)

    def _answer(self, operation: Operation, name: str, environ: Environ, start_response: Any) -> Iterable[bytes]:
        environ[routes.KEY] = operation.route
        if not (authentication.admits(environ, operation.scope) and throttle.admits(environ)):
            return self._ordinary(environ, start_response)
        frame = self._frames.get(environ, operation)
        if frame is None:
            return self._ordinary(environ, start_response)
        try:
            content = operation.answer(environ, frame, name)
        except (psycopg2.Error, DatabaseError) as error:
            if not errors.is_unavailable(error):
                return self._ordinary(environ, start_response)  # It was refused, so nothing has happened yet.
            environ["HTTP_X_REQUEST_ID"] = identify(environ)  # What is logged now has the answer's id.
            return self._handler({**environ, PROTOTYPE: errors.unavailable(error)}, start_response)
        if content is None:
            return self._ordinary(environ, start_response)
        return respond(environ, start_response, frame, *content)


def respond(
    environ: Environ, start_response: StartResponse, frame: Frame, body: bytes, own: Iterable[tuple[str, str]]
) -> Iterable[bytes]:
    """Sends it under the request's id, with headers of its own after the frame's."""
    length, identifier = ("Content-Length", str(len(body))), (request_ids.HEADER, identify(environ))
    start_response(frame.status, ResponseHeaders(frame.headers, [*own, identifier, length]))
    return (body,)


def identify(environ: Environ) -> str:
    """The request's id, which its log lines have from now on."""
    identifier = request_ids.choose(environ)
    current_request_id.set(identifier)
    return identifier


def is_plain(environ: Environ) -> bool:
    """Whether the client asks for JSON and for nothing more."""
    return (
        environ.get("HTTP_ACCEPT", "*/*") in PLAIN_ACCEPT
        and DECISIVE.isdisjoint(environ)
        and not environ.get("SCRIPT_NAME")
    )


def operations(view: Any, path: str, kinds: Iterable[type[Operation]]) -> dict[tuple[str, str], Operation]:
    """The view's operations that the short way can answer, by method and path."""
    serializer = getattr(getattr(view, "cls", None), "serializer_class", None)
    rows = serializer and Rows.of(serializer)
    if not rows or "id" not in rows.columns:
        return {}
    return {(kind.method, path): kind(view, rows, path) for kind in kinds if kind.fits(view.cls)}

"""Finds the operation that answers a request, or leaves the request to Django."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import psycopg2
from django.db import DatabaseError
from django.urls import get_resolver

from itemsvc.auth import authentication
from itemsvc.core import routes
from itemsvc.core.logs import request_id as current_request_id
from itemsvc.fast.operations import Create, List, Operation, Retrieve
from itemsvc.fast.response_templates import PROTOTYPE, Environ, Handler, ResponseTemplate, ResponseTemplates
from itemsvc.http import errors, request_ids
from itemsvc.http.header_block import ResponseHeaders
from itemsvc.limits import throttle
from itemsvc.resources.row_json import Rows

StartResponse = Callable[[str, ResponseHeaders], Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

#: Headers that only DRF's path understands.
DRF_HEADERS = frozenset(
    {
        "HTTP_IDEMPOTENCY_KEY",
        "HTTP_IF_MATCH",
        "HTTP_IF_NONE_MATCH",
        "HTTP_TRANSFER_ENCODING",
    }
)
BELOW = "/<uuid:pk>"


class FastPath:
    """A WSGI application that leaves to ``drf_path`` what it cannot answer itself."""

    def __init__(self, handler: Handler, drf_path: Application):
        self._handler, self._drf_path = handler, drf_path
        self._templates = ResponseTemplates(handler)
        self._exact: dict[tuple[str, str], Operation] = {}
        self._below: dict[tuple[str, str], Operation] = {}
        for route, view in routes.views(get_resolver().url_patterns):
            path = route.removesuffix(BELOW)
            if route != path:
                self._below |= operations(view, path, (Retrieve,))
            else:
                self._exact |= operations(view, path, (List, Create))

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """The response's body, in one or more parts."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        operation, name = self._exact.get((method, path)), ""
        if operation is None:
            path, _, name = path.rpartition("/")
            operation = self._below.get((method, path))
        if operation is None or not wants_plain_json(environ, operation):
            return self._drf_path(environ, start_response)
        return self._answer(operation, name, environ, start_response)

    def _answer(self, operation: Operation, name: str, environ: Environ, start_response: Any) -> Iterable[bytes]:
        environ[routes.KEY] = operation.route
        if not (authentication.admits(environ, operation.scope) and throttle.admits(environ)):
            return self._drf_path(environ, start_response)
        template = self._templates.get(environ, operation)
        if template is None:
            return self._drf_path(environ, start_response)
        try:
            content = operation.answer(environ, template, name)
        except (psycopg2.Error, DatabaseError) as error:
            if not errors.is_unavailable(error):
                return self._drf_path(environ, start_response)  # The refused statement has changed nothing.
            environ["HTTP_X_REQUEST_ID"] = identify(environ)  # So that the log lines have the response's id.
            return self._handler({**environ, PROTOTYPE: errors.unavailable(error)}, start_response)
        if content is None:
            return self._drf_path(environ, start_response)
        return respond(environ, start_response, template, *content)


def respond(
    environ: Environ,
    start_response: StartResponse,
    template: ResponseTemplate,
    body: bytes,
    own: Iterable[tuple[str, str]],
) -> Iterable[bytes]:
    """Sends the body with the template's headers, then ``own``, the request's id and the length."""
    length, identifier = ("Content-Length", str(len(body))), (request_ids.HEADER, identify(environ))
    start_response(template.status, ResponseHeaders(template.headers, [*own, identifier, length]))
    return (body,)


def identify(environ: Environ) -> str:
    """The request's id; every later log line of this thread carries it."""
    identifier = request_ids.choose(environ)
    current_request_id.set(identifier)
    return identifier


def wants_plain_json(environ: Environ, operation: Operation) -> bool:
    """Whether the client asks for JSON and no header asks for more."""
    return (
        operation.negotiation.selects_json(environ.get("HTTP_ACCEPT", "*/*"))
        and DRF_HEADERS.isdisjoint(environ)
        and not environ.get("SCRIPT_NAME")
    )


def operations(view: Any, path: str, kinds: Iterable[type[Operation]]) -> dict[tuple[str, str], Operation]:
    """The view's operations that the fast path can answer, by method and path."""
    serializer = getattr(getattr(view, "cls", None), "serializer_class", None)
    rows = serializer and Rows.of(serializer)
    if not rows or "id" not in rows.columns:
        return {}
    return {(kind.method, path): kind(view, rows, path) for kind in kinds if kind.fits(view.cls)}

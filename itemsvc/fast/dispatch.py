"""Finds the operation that answers a request, or leaves the request to Django."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import psycopg2
from django.db import DatabaseError
from django.urls import Resolver404, get_resolver, resolve
from rest_framework.views import APIView

from itemsvc.core import routes
from itemsvc.core.logs import request_id as current_request_id
from itemsvc.fast.response_templates import Environ, ResponseTemplate, ResponseTemplates
from itemsvc.http import errors, request_ids
from itemsvc.http.handler import PROTOTYPE, Handler
from itemsvc.http.header_block import ResponseHeaders
from itemsvc.resources.plan.asked import ASKED, Answer, Asked
from itemsvc.resources.plan.database import fetch
from itemsvc.resources.plan.keys import KEYS, Key
from itemsvc.resources.plan.operations import Operation
from itemsvc.resources.plan.views import configured, planned

StartResponse = Callable[[str, ResponseHeaders], Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

#: A route, with the converter of a key at its end.
ROUTE = re.compile(f"(.*?)(?:/<({'|'.join(KEYS)}):pk>)?")
#: A view without a decorator of a team's: what ``as_view`` returns is this code, once inside the other.
PLAIN: Any = APIView.as_view()


class Place(NamedTuple):
    """An operation, the path of its list, and its route for logs and metrics."""

    operation: Operation
    path: str
    route: str


class FastPath:
    """A WSGI application that leaves to ``drf_path`` what it cannot answer itself."""

    def __init__(self, handler: Handler, drf_path: Application):
        self._handler, self._drf_path = handler, drf_path
        self._templates = ResponseTemplates(handler)
        self._exact: dict[tuple[str, str], Place] = {}
        self._below: dict[tuple[str, str], Place] = {}
        for route, view in routes.views(get_resolver().url_patterns):
            path, converter = ROUTE.fullmatch(route).groups()  # type: ignore[union-attr]  # It matches every text.
            for method, operation in operations(view, path, KEYS.get(converter)).items():
                place = Place(operation, path, f"{path}/{{id}}" if converter else path)
                (self._below if converter else self._exact)[method, path] = place

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """The response's body, in one or more parts."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        place, key = self._exact.get((method, path)), ""
        if place is None:
            path, _, key = path.rpartition("/")
            place = self._below.get((method, path))
        if place is None or environ.get("SCRIPT_NAME"):
            return self._drf_path(environ, start_response)
        if not place.operation.takes(environ, key):
            return self._drf_path(environ, start_response)
        environ[routes.KEY] = place.route
        return self._answer(place, key, environ, start_response)

    def _answer(self, place: Place, key: str, environ: Environ, start_response: Any) -> Iterable[bytes]:
        operation, path, _ = place
        template = self._templates.get(environ, operation, operation.status_code)
        if template is None:
            return self._drf_path(environ, start_response)
        environ[ASKED] = True
        asked = Asked(environ, path, template.base + path, key, partial(read, environ), fetch)
        try:
            answer = operation.answer(asked)
        except (psycopg2.Error, DatabaseError) as error:
            if not errors.is_unavailable(error):
                return self._drf_path(environ, start_response)  # The refused statement has changed nothing.
            environ["HTTP_X_REQUEST_ID"] = identify(environ)  # So that the log lines have the response's id.
            return self._handler({**environ, PROTOTYPE: errors.unavailable(error)}, start_response)
        if answer and answer.status != operation.status_code:
            template = self._templates.get(environ, operation, answer.status)
        if answer is None or template is None:
            return self._drf_path(environ, start_response)
        return respond(environ, start_response, template, answer)


def read(environ: Environ, length: int) -> bytes:
    """At most ``length`` bytes of the body; DRF's path can read them again."""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def respond(
    environ: Environ, start_response: StartResponse, template: ResponseTemplate, answer: Answer
) -> Iterable[bytes]:
    """Sends the body with the template's headers, then the answer's, the request's id and the length."""
    length = len(answer.body) if answer.length is None else answer.length
    own = [*answer.headers, (request_ids.HEADER, identify(environ)), ("Content-Length", str(length))]
    start_response(template.status, ResponseHeaders(template.headers, own))
    return (answer.body,)


def identify(environ: Environ) -> str:
    """The request's id; every later log line of this thread carries it."""
    identifier = request_ids.choose(environ)
    current_request_id.set(identifier)
    return identifier


def operations(callback: Any, path: str, key: Key | None) -> dict[str, Operation]:
    """The planned operations of a URLconf's view by method; none for a view behind a decorator or another view.

    With a key those on one row below the path, else those on the path itself.
    """
    if not _is_plain(callback) or not _serves(callback, path, key):
        return {}
    return {method: each for method, each in planned(configured(callback)).items() if each.key is key}


def _is_plain(callback: Any) -> bool:
    """Whether it is what ``as_view`` of a generic view returns."""
    inner: Any = getattr(callback, "__wrapped__", None)
    return (
        hasattr(getattr(callback, "cls", None), "serializer_class")
        and callback.__code__ is PLAIN.__code__
        and inner.__code__ is PLAIN.__wrapped__.__code__
    )


def _serves(callback: Any, path: str, key: Key | None) -> bool:
    """Whether this view answers at the path, and no earlier one of the URLconf."""
    try:
        match = resolve(f"{path}/{key.sample}" if key else path)
    except Resolver404:
        return False
    return match.func is callback and match.kwargs == ({"pk": key.sample} if key else {})

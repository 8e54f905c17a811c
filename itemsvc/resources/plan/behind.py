"""The door behind the middleware: a view's planned operation answers before DRF's dispatch would."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from functools import cache, lru_cache, partial
from typing import Any

import orjson
import psycopg2
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.module_loading import import_string

from itemsvc.auth.authentication import CALLER
from itemsvc.http import errors
from itemsvc.resources.plan.asked import ASKED, Asked
from itemsvc.resources.plan.database import database
from itemsvc.resources.plan.operations import Operation
from itemsvc.resources.plan.views import configured, planned

#: A path that needs no encoding in a URL.
PLAIN = re.compile(r"[\w./~-]*", re.ASCII)


class Response(HttpResponse):
    """An answer for the middleware."""

    @property
    def data(self) -> Any:
        """The value that DRF's responses have, made from the JSON text when somebody looks."""
        return orjson.loads(self.content) if self.content else None


def answer(view: Any, request: HttpRequest, kwargs: Mapping[str, Any]) -> Response | None:
    """The response of the view's planned operation; None if DRF's dispatch must answer.

    Raises the errors of a database that is unavailable.
    """
    operation = None if ASKED in request.META else _operation(view, request)
    key = str(kwargs.get("pk", ""))
    path = request.path
    if operation is None or path.endswith("/") or not PLAIN.fullmatch(path) or not operation.takes(request.META, key):
        return None
    request.user = request.auth = request.META.get(CALLER) if view.authentication_classes else None  # type: ignore[assignment,attr-defined]
    address = "" if key else request.build_absolute_uri(path)
    fetch = database.connection.fetch_in_request
    asked = Asked(request.META, request.path_info, address, key, partial(_read, request), fetch)
    try:
        found = operation.answer(asked)
    except (psycopg2.Error, DatabaseError) as error:
        if errors.is_unavailable(error):
            raise
        return None  # The refused statement has changed nothing.
    if found is None:
        return None
    response = operation.response(found.status, Response, found.body)
    for name, value in found.headers:
        response[name] = value
    if found.length is not None:
        response["Content-Length"] = str(found.length)
    return response


def _operation(view: Any, request: HttpRequest) -> Operation | None:
    """What is planned for the request, unless it is in a transaction, whose statements the ORM must send."""
    match = request.resolver_match
    if match is None or hasattr(request, "urlconf") or database.connection.in_atomic_block or _are_rendered():
        return None
    if getattr(match.func, "cls", None) is not type(view) or match.kwargs.keys() - {"pk"}:
        return None
    return _planned(match.func).get(request.method or "")


@lru_cache(maxsize=1024)
def _planned(callback: Any) -> dict[str, Operation]:
    return planned(configured(callback))


@cache
def _are_rendered() -> bool:
    """Whether a middleware looks at responses before they are rendered, as DRF's are."""
    return any(hasattr(import_string(each), "process_template_response") for each in settings.MIDDLEWARE)


def _read(request: Any, length: int) -> bytes:
    """The body; DRF can read it again, or meet the same error again."""
    if request._read_started:
        return request.body if hasattr(request, "_body") else b""
    try:
        body: bytes = request.read(length)
    except UnreadablePostError:
        body = b""
    request._read_started, request._stream = False, io.BytesIO(body)
    return body

"""Which route a request took, for metrics and traces: few names, whatever callers ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver

LIVENESS_PATH = "/health"
LIVENESS_PATHS = frozenset({LIVENESS_PATH, f"{LIVENESS_PATH}/"})

#: Where the route is, in the WSGI environ; whoever answers a request sets it.
KEY = "itemsvc.route"
OTHER = "other"
STATIC = "/static/"

#: As they are counted. A method that nothing serves is `other`.
METHODS = {"GET": "GET", "HEAD": "GET", "POST": "POST", "PUT": "PUT", "PATCH": "PATCH", "DELETE": "DELETE"}
CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


@cache
def template(route: str) -> str:
    """`/items/{id}` of Django's `items/<uuid:pk>`; the admin's many are one."""
    if route.lstrip("^").startswith("admin/"):
        return "/admin/"
    return "/" + CONVERTER.sub(lambda match: f"{{{'id' if match[1] == 'pk' else match[1]}}}", route)


def of(environ: Mapping[str, Any]) -> str | None:
    """The route that the request took; None for a path that nothing serves."""
    route = environ.get(KEY)
    if route is not None:
        return str(route)
    path = environ.get("PATH_INFO", "")
    if path in LIVENESS_PATHS:
        return "/health"
    return STATIC if path.startswith(STATIC) else None


def operation(environ: Mapping[str, Any], status: int) -> tuple[str, str]:
    """Method and route, to count the request under; `other` twice for what nothing serves."""
    method, route = METHODS.get(environ.get("REQUEST_METHOD", "")), of(environ)
    if method is None or route is None or status == 405 or (route == STATIC and method != "GET"):
        return (OTHER, OTHER)
    return (method, route)


def views(patterns: Iterable[Any], prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Every route of a URLconf with its view."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback

"""The route of a request, for metrics and traces. A client can ask for any path, but there are only few routes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.urls import URLPattern, URLResolver

LIVENESS_PATH = "/health"
LIVENESS_PATHS = frozenset({LIVENESS_PATH, f"{LIVENESS_PATH}/"})

#: A load balancer asks a task for them by its address.
READINESS_PATHS = frozenset({"/health/ready", "/health/ready/"})

#: The key of the route in the WSGI environ.
KEY = "itemsvc.route"
OTHER = "other"
STATIC = "/static/"

#: The methods that are counted, and the name that each one is counted under.
METHODS = {"GET": "GET", "HEAD": "GET", "POST": "POST", "PUT": "PUT", "PATCH": "PATCH", "DELETE": "DELETE"}
CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


def template(route: str) -> str:
    """`/items/{id}` for Django's `items/<uuid:pk>`. All routes of the admin are one."""
    if route.lstrip("^").startswith("admin/"):
        return "/admin/"
    return "/" + CONVERTER.sub(lambda match: f"{{{'id' if match[1] == 'pk' else match[1]}}}", route)


def of(environ: Mapping[str, Any]) -> str | None:
    """The route of the request; None if no route serves its path."""
    route = environ.get(KEY)
    if route is not None:
        return str(route)
    path = environ.get("PATH_INFO", "")
    if path in LIVENESS_PATHS:
        return LIVENESS_PATH
    return STATIC if path.startswith(STATIC) else None


def operation(environ: Mapping[str, Any], status: int) -> tuple[str, str]:
    """The method and the route that the request is counted under; `other` for both if nothing serves it."""
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

"""Every method on every path, for several Accept headers: none is an error of the service."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import get_resolver

from itemsvc.core import routes
from tests.sample.models import Gadget
from tests.support.client import Client

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get")
ACCEPTS = ("*/*", "application/json", "text/html", "application/x-ndjson", "text/csv", "a/b;q=2")
BESIDE = (
    "/health",
    "/static/nothing.css",
    "/static/",
    "/favicon.ico",
    "/nowhere",
    "/docs?script=",
    "/schema?format=yaml",
)


def paths() -> list[str]:
    """One for each route of the URLconf, and those that the middleware answers."""
    key = str(Gadget.objects.create(name="lamp").pk)
    found = [routes.CONVERTER.sub(key, route) for route, _ in routes.views(get_resolver().url_patterns)]
    return [path for path in found if not path.startswith("/admin/")] + [*BESIDE, "/admin/login/"]


@pytest.mark.parametrize("accept", ACCEPTS)
def test_is_no_error_of_the_service(api: Client, admin_enabled: None, accept: str) -> None:
    for path in paths():
        for method in METHODS:
            body = "{}" if method in ("POST", "PUT", "PATCH") else ""
            response = api.generic(method, path, body, "application/json", headers={"accept": accept})
            assert response.status_code < 500, (method, path)
            if accept != "text/html" and "login" not in path and has_error(response):
                assert response.json(), (method, path)


def has_error(response: Any) -> bool:
    return response.status_code >= 400 and not response.streaming and bool(response.content)

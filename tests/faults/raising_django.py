"""A middleware and a view that fail when a request says so. Django's settings add them to the service."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.urls import include, path

from tests.faults.errors import fail


class Middleware:
    """Fails before or after the next middleware."""

    name = ""

    def __init__(self, get_response: Callable[[Any], Any]):
        self._get_response = get_response

    def __call__(self, request: Any) -> Any:
        fail(f"before {self.name}", request.headers.get("X-Raise"))
        response = self._get_response(request)
        fail(f"after {self.name}", request.headers.get("X-Raise"))
        return response

    def process_view(self, request: Any, *rest: Any) -> None:
        fail(f"view of {self.name}", request.headers.get("X-Raise"))


class First(Middleware):
    """The first middleware."""

    name = "first"


class Last(Middleware):
    """The last middleware, next to the view."""

    name = "last"


def view(request: Any) -> HttpResponse:
    """Fails or responds."""
    fail("view", request.headers.get("X-Raise"))
    return HttpResponse(b"well")


def hang(request: Any) -> HttpResponse:
    """Responds when the named file is gone."""
    while Path(request.GET["file"]).exists():
        time.sleep(0.02)
    return HttpResponse(b"well")


urlpatterns = [path("raise", view), path("hang", hang), path("", include("tests.sample.urls"))]
handler400 = "itemsvc.http.errors.bad_request"
handler404 = "itemsvc.http.errors.not_found"
handler500 = "itemsvc.http.errors.server_error"

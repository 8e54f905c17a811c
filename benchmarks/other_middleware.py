"""The service's settings with one more middleware, as a team may add it: it closes the front door."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from itemsvc.settings import *  # noqa: F403
from itemsvc.settings import MIDDLEWARE

MIDDLEWARE = [*MIDDLEWARE, "benchmarks.other_middleware.ServerTiming"]


class ServerTiming:
    """Says how long the response took, in milliseconds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Adds the header."""
        started = time.perf_counter()
        response = self.get_response(request)
        response["Server-Timing"] = f"app;dur={(time.perf_counter() - started) * 1000:.1f}"
        return response

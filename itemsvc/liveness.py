"""Liveness: `/health` says that this process serves, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

LIVENESS_PATH = "/health"
LIVENESS_PATHS = frozenset({LIVENESS_PATH, f"{LIVENESS_PATH}/"})
HEALTHY = b'{"status":"healthy"}'


class LivenessMiddleware:
    """Answers `/health` before anything that could refuse a probe or need the database.

    A load balancer probes a task by its address, so the Host header is none of ALLOWED_HOSTS, and over HTTP, so a
    redirect to HTTPS would read as a failure. A database that blinks must not recycle every task.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """200 `{"status":"healthy"}`, or 405 for a method other than GET and HEAD."""
        if request.path_info not in LIVENESS_PATHS:
            return self.get_response(request)
        if request.method in ("GET", "HEAD"):
            response = HttpResponse(HEALTHY, content_type="application/json")
        else:
            detail = b'{"detail":"Only GET and HEAD are allowed here."}'
            response = HttpResponse(detail, content_type="application/json", status=405, headers={"Allow": "GET, HEAD"})
        response["Content-Length"] = str(len(response.content))
        return response

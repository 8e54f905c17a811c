"""Liveness: `/health` says whether this process serves requests. It needs no database."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from itemsvc.core.capacity import load
from itemsvc.core.routes import LIVENESS_PATHS, READINESS_PATHS
from itemsvc.http.errors import error

RETRY_AFTER_SECONDS = 5
HEALTHY = b'{"status":"healthy"}'


def answer(request: HttpRequest) -> HttpResponse:
    """200 `{"status":"healthy"}`, 503 with what is wrong, or 405 for a method other than GET and HEAD."""
    response: HttpResponse
    if request.method not in ("GET", "HEAD"):
        response = error(405, "Only GET and HEAD are allowed here.")
        response["Allow"] = "GET, HEAD"
    elif load.problem:
        response = error(503, load.problem, RETRY_AFTER_SECONDS)
    else:
        response = HttpResponse(HEALTHY, content_type="application/json")
    response["Content-Length"] = str(len(response.content))
    return response


class LivenessMiddleware(MiddlewareMixin):
    """Answers `/health` before anything that could refuse a probe or need the database.

    A load balancer probes a task by its address, so its Host header is not in ALLOWED_HOSTS. It probes over HTTP, so a
    redirect to HTTPS would count as a failure. A short outage of the database must not replace every task.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """The response to a probe of liveness, None for other requests. A probe of readiness may name any host."""
        if request.path_info in READINESS_PATHS:
            request.get_host = request._get_raw_host  # type: ignore[attr-defined, method-assign]
        return answer(request) if request.path_info in LIVENESS_PATHS else None

"""Liveness: `/health` says that this process serves requests, and asks nobody else."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from itemsvc.core.capacity import load
from itemsvc.core.routes import LIVENESS_PATHS

RETRY_AFTER_SECONDS = 5
HEALTHY = b'{"status":"healthy"}'


def answer(request: HttpRequest) -> HttpResponse:
    """200 `{"status":"healthy"}`, 503 with what is wrong, or 405 for a method other than GET and HEAD."""
    if request.method not in ("GET", "HEAD"):
        response = _error(405, "Only GET and HEAD are allowed here.")
        response["Allow"] = "GET, HEAD"
    elif load.problem:
        response = _error(503, load.problem)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    else:
        response = HttpResponse(HEALTHY, content_type="application/json")
    response["Content-Length"] = str(len(response.content))
    return response


def _error(status: int, detail: str) -> HttpResponse:
    return JsonResponse({"detail": detail}, status=status, json_dumps_params={"separators": (",", ":")})


class LivenessMiddleware:
    """Answers `/health` before anything that could refuse a probe or need the database.

    A load balancer probes a task by its address, so the Host header is none of ALLOWED_HOSTS, and over HTTP, so a
    redirect to HTTPS would read as a failure. A database that blinks must not recycle every task.

    Under gunicorn's own worker a probe waits for a thread like every request, and so says what there is to say.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, or whatever the others answer to another path."""
        return answer(request) if request.path_info in LIVENESS_PATHS else self.get_response(request)

"""Middleware as teams have it: each depends on something of the request that is not its host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse


def allow_list(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Lets in only who names the right tenant."""

    def answer(request: Any) -> Any:
        if request.headers.get("X-Tenant") != "insider" and not request.path_info.startswith("/health"):
            return HttpResponse("You are not on the list.", status=403)
        return get_response(request)

    return answer


def cors(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Names the caller's own origin."""

    def answer(request: Any) -> Any:
        response = get_response(request)
        response["Access-Control-Allow-Origin"] = request.headers.get("Origin", "none")
        return response

    return answer


def audit(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Numbers the requests that it sees."""
    seen = iter(range(1, 1_000_000))

    def answer(request: Any) -> Any:
        response = get_response(request)
        response["X-Seen"] = str(next(seen))
        return response

    return answer

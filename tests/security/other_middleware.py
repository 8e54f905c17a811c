"""Middleware as teams have it: each depends on something of the request that is not its host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.utils.cache import patch_vary_headers


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


def locale(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Names the caller's language."""

    def answer(request: Any) -> Any:
        response = get_response(request)
        response["Content-Language"] = request.headers.get("Accept-Language", "en")
        patch_vary_headers(response, ("Accept-Language",))
        return response

    return answer


def maintenance(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Answers while somebody works on the database."""

    def answer(request: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT description FROM sample_gadget WHERE name = 'maintenance'")
            under_way = cursor.fetchone()
        return HttpResponse(under_way[0], status=503) if under_way else get_response(request)

    return answer


def tenant(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Sets the caller's tenant in the session, and says what the session has when the answer is there."""

    def answer(request: Any) -> Any:
        given = request.headers.get("X-Tenant", "")
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.tenant', %s, false)", [given])
        response = get_response(request)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.tenant')")
            response["X-Session-Tenant"] = cursor.fetchone()[0]
        return response

    return answer

"""`/items/` is `/items`: the same answer, never a redirect that would lose a POST's body."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# The admin's own URLs end in a slash; everybody else's are written without one.
OWN_SLASHES = "/admin/"


class OptionalSlashMiddleware:
    """Resolves a path with one trailing slash as the path without it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response to the path without its trailing slash."""
        path = request.path_info
        if len(path) > 1 and path.endswith("/") and not path.startswith(OWN_SLASHES):
            request.path_info = path.removesuffix("/")
            request.path = request.path.removesuffix("/")
        return self.get_response(request)

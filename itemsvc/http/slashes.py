"""`/items/` has the same response as `/items`. A redirect would lose the body of a POST."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# The admin's URLs end in a slash.
OWN_SLASHES = "/admin/"


class OptionalSlashMiddleware:
    """Removes one trailing slash from the path."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response for the path without the slash."""
        path = request.path_info
        if len(path) > 1 and path.endswith("/") and not path.startswith(OWN_SLASHES):
            request.path_info = path.removesuffix("/")
            request.path = request.path.removesuffix("/")
        return self.get_response(request)

"""`/items/` has the same response as `/items`. A redirect would lose the body of a POST."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

# The admin's URLs end in a slash.
OWN_SLASHES = "/admin/"


class OptionalSlashMiddleware(MiddlewareMixin):
    """Removes one trailing slash from the path."""

    def process_request(self, request: HttpRequest) -> None:
        """Changes the path; the admin's stays as it is."""
        path = request.path_info
        if len(path) > 1 and path.endswith("/") and not path.startswith(OWN_SLASHES):
            request.path_info = path.removesuffix("/")
            request.path = request.path.removesuffix("/")

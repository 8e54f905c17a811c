"""`/items/` has the same response as `/items`. A redirect would lose the body of a POST."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import is_valid_path
from django.utils.deprecation import MiddlewareMixin


class OptionalSlashMiddleware(MiddlewareMixin):
    """Removes one trailing slash from the path, unless the URLconf has it with the slash, as that of the admin."""

    def process_request(self, request: HttpRequest) -> None:
        """Changes the path."""
        path = request.path_info
        if len(path) > 1 and path.endswith("/") and not is_valid_path(path):
            request.path_info = path.removesuffix("/")
            request.path = request.path.removesuffix("/")

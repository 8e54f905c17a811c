"""Who may do what, beyond the scopes."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from itemsvc.auth.authentication import caller


class AuthorWrites(BasePermission):
    """Everybody reads it; its author alone changes it."""

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        """Whether the caller is its author, where it matters."""
        return request.method in SAFE_METHODS or obj.author == caller(request)

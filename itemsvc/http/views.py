"""The URL conf's views of Django REST Framework, for system checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver
from rest_framework.views import APIView

from itemsvc.core import routes


@dataclass(frozen=True)
class Endpoint:
    """A view, and what its `as_view`, its router or its action was told about it."""

    view: type[APIView]
    told: dict[str, Any]

    def get(self, name: str) -> Any:
        """The value of one of the view's attributes there; None without one."""
        return self.told.get(name, getattr(self.view, name, None))


def endpoints() -> Iterator[Endpoint]:
    """Each of them, once for each route."""
    for _, callback in routes.views(get_resolver().url_patterns):
        view = getattr(callback, "cls", None)
        if isinstance(view, type) and issubclass(view, APIView):
            yield Endpoint(view, getattr(callback, "initkwargs", {}))

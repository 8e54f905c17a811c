"""The DRF views in the URLconf, for system checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver
from rest_framework.views import APIView

from itemsvc.core import routes


@dataclass(frozen=True)
class Endpoint:
    """A view class, and the attributes that `as_view`, a router or an action sets for this route."""

    view: type[APIView]
    attributes: dict[str, Any]

    def get(self, name: str) -> Any:
        """The value of an attribute, or None."""
        return self.attributes.get(name, getattr(self.view, name, None))


def endpoints() -> Iterator[Endpoint]:
    """The views, each once for each of its routes."""
    for _, callback in routes.views(get_resolver().url_patterns):
        view = getattr(callback, "cls", None)
        if isinstance(view, type) and issubclass(view, APIView):
            yield Endpoint(view, getattr(callback, "initkwargs", {}))

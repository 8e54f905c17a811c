"""System checks for views that scopes do not protect, or that no token can use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from itemsvc.auth.authentication import HasScope
from itemsvc.http.views import Endpoint, endpoints


@register(Tags.security)
def check_scopes(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Finds such views; without tokens there are no scopes to check."""
    if settings.API_AUTH == "none":
        return []
    # A view may have several routes, but its mistake is reported once.
    return list({message.msg: message for endpoint in endpoints() for message in _mistakes(endpoint)}.values())


def _mistakes(endpoint: Endpoint) -> Iterator[CheckMessage]:
    view = endpoint.view
    if view.get_permissions is not APIView.get_permissions:
        return  # The view chooses its permissions for each request.
    permissions = set(_flat(endpoint.get("permission_classes")))
    if any(issubclass(each, HasScope) for each in permissions):
        if not endpoint.get("resource"):
            yield Error(
                f"{view.__name__} has no `resource`, so it has no scopes, and every request would be a 403.",
                hint='Write resource = "orders" in the class, or view.cls.resource = "orders" below an @api_view. '
                "Its scopes are then orders:read and orders:write.",
                obj=view,
                id="itemsvc.E009",
            )
    elif AllowAny not in permissions:
        yield Error(
            f"{view.__name__} has no HasScope in its permission classes, so a token with any scope may use it.",
            hint="Write permission_classes = (*api_settings.DEFAULT_PERMISSION_CLASSES, …), or AllowAny.",
            obj=view,
            id="itemsvc.E010",
        )


def _flat(permissions: Iterable[Any]) -> Iterator[type]:
    """The permission classes, including the operands of `A & B`, `A | B` and `~A`."""
    for each in permissions:
        operands = [getattr(each, name) for name in ("op1_class", "op2_class") if hasattr(each, name)]
        if operands:
            yield from _flat(operands)
        else:
            yield each

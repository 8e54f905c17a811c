"""The operations of a view, as the URLconf has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import get_resolver
from rest_framework.generics import GenericAPIView

from itemsvc.core import routes
from itemsvc.resources.plan.eligibility import Obstacle
from itemsvc.resources.plan.operations import List, Operation, Retrieve
from itemsvc.resources.plan.writes import Change, Create, Destroy, Replace

KINDS: tuple[type[Operation], ...] = (List, Create, Retrieve, Replace, Change, Destroy)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def planned(view: type[Any]) -> dict[str, Operation]:
    """The operations of a view class that can be planned, by method."""
    return {kind.method: kind(view) for kind in KINDS if not any(kind.obstacles(view))}


def configured(callback: Any) -> type[Any]:
    """The class of a URLconf's view, with the attributes that ``as_view`` was given."""
    initkwargs = callback.initkwargs
    return type(callback.cls.__name__, (callback.cls,), dict(initkwargs)) if initkwargs else callback.cls


def survey() -> Iterator[tuple[str, str, Obstacle | None]]:
    """Each method and route of the URLconf's generic views, with what keeps it from being planned, if anything does."""
    for route, callback in routes.views(get_resolver().url_patterns):
        if not issubclass(getattr(callback, "cls", object), GenericAPIView):
            continue
        view = configured(callback)
        if actions := getattr(callback, "actions", None):
            for method in actions:
                yield method.upper(), routes.template(route[1:]), Obstacle("is a viewset", view)
            continue
        kinds = {kind.method: kind for kind in reversed(KINDS if hasattr(view, "list") else KINDS[1:])}
        for method in filter(lambda name: hasattr(view, name.lower()), METHODS):
            yield method, routes.template(route[1:]), next(kinds[method].obstacles(view), None)

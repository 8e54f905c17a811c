"""Which views may be planned: only those that do nothing that the operations do not know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from inspect import getsourcefile, getsourcelines
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, router
from rest_framework import generics

from itemsvc.http import negotiation
from itemsvc.resources.bulk import BulkCreateMixin
from itemsvc.resources.conditional import ConditionalWriteMixin, ETagMixin
from itemsvc.resources.generics import RowsListMixin, rows_of
from itemsvc.resources.idempotency import IdempotentCreateMixin
from itemsvc.resources.one_statement import more_than_columns
from itemsvc.resources.plan.hooks import looks_at_caller_only, may_find
from itemsvc.resources.row_json import Rows

#: Overrides in the shared views; ``views.py`` adds its own. For a request that is planned, each does what the original
#: function does.
EQUIVALENT = {
    RowsListMixin.list,
    ETagMixin.finalize_response,
    ConditionalWriteMixin.update,
    ConditionalWriteMixin.destroy,
    ConditionalWriteMixin.perform_update,
    ConditionalWriteMixin.perform_destroy,
    BulkCreateMixin.get_serializer,
    BulkCreateMixin.create,
    IdempotentCreateMixin.create,
}
#: The methods that DRF calls on every view.
COMMON = (
    "dispatch initialize_request initial finalize_response handle_exception get_exception_handler options "
    "get_authenticators get_permissions get_throttles get_renderers get_parsers get_content_negotiator "
    "perform_content_negotiation perform_authentication check_permissions check_throttles check_object_permissions "
    "determine_version get_queryset get_object filter_queryset get_serializer get_serializer_class "
    "get_serializer_context paginate_queryset get_paginated_response default_response_headers"
).split()
LIST, DETAIL = generics.ListCreateAPIView, generics.RetrieveUpdateDestroyAPIView
#: The methods that DRF calls for one operation, and the class with the originals that are planned.
HOOKS: dict[str, tuple[type[Any], str]] = {
    "list": (LIST, "get list"),
    "create": (LIST, "post create perform_create get_success_headers"),
    "retrieve": (DETAIL, "get retrieve"),
    "update": (DETAIL, "put update perform_update"),
    "partial_update": (DETAIL, "patch partial_update update perform_update"),
    "destroy": (DETAIL, "delete destroy perform_destroy"),
}
#: The classes that a view may be configured with. The operations check tokens and rate limits by the same functions.
CLASSES = {
    "authentication_classes": {"itemsvc.auth.authentication.BearerToken"},
    "permission_classes": {"itemsvc.auth.authentication.HasScope", "rest_framework.permissions.AllowAny"},
    "throttle_classes": {"itemsvc.limits.throttle.CallerThrottle"},
    "renderer_classes": {"itemsvc.http.renderers.JSONRenderer", "itemsvc.http.renderers.BrowsableAPIRenderer"},
    "parser_classes": {"itemsvc.http.parsers.StrictJSONParser"},
}
VALUES: dict[str, Any] = {
    "content_negotiation_class": negotiation.ContentNegotiation,
    "versioning_class": None,
    "lookup_field": "pk",
    "lookup_url_kwarg": None,
}


class Obstacle(NamedTuple):
    """Why DRF's path answers: a reason, and the code that decides it."""

    reason: str
    code: Any

    @property
    def place(self) -> str:
        """The code's file and line; of a class without code, those of its nearest base."""
        for each in getattr(self.code, "__mro__", (self.code,)):
            with suppress(OSError, TypeError):
                file, (_, line) = getsourcefile(each) or "?", getsourcelines(each)
                return f"{file.removeprefix(f'{settings.BASE_DIR}/')}:{line}"
        return "?"


def obstacles(view: type[Any], operation: str, method: str) -> Iterator[Obstacle]:
    """What is not DRF's own or equivalent to it: each method and setting of the view that is unknown."""
    yield from _overrides(view, operation)
    yield from _settings(view)
    if method.lower() not in view.http_method_names:
        yield Obstacle("leaves the method out of http_method_names", view)
    if view.queryset is None:
        yield Obstacle("has no queryset", view)
    elif router.routers or view.queryset.db != DEFAULT_DB_ALIAS:
        yield Obstacle("has another database", view)
    elif view.queryset.query.select_for_update:
        yield Obstacle("locks rows", view)
    elif not may_find(view.queryset):
        yield Obstacle("has a queryset that finds no row", view)


def _overrides(view: type[Any], operation: str) -> Iterator[Obstacle]:
    known, names = HOOKS[operation]
    for name in (*COMMON, *names.split()):
        function = getattr(view, name, None)
        if not _is_equivalent(function, getattr(known, name)) and not looks_at_caller_only(view, name):
            yield Obstacle(f"overrides {name}", function)


def _settings(view: type[Any]) -> Iterator[Obstacle]:
    if settings.API_AUTH != "none" and not getattr(view, "resource", ""):
        yield Obstacle("names no resource for its scopes", view)
    for name, value in VALUES.items():
        if getattr(view, name, None) != value:
            yield Obstacle(f"sets {name}", view)
    for name, known in CLASSES.items():
        for each in getattr(view, name, ()):
            if f"{each.__module__}.{each.__qualname__}" not in known:
                yield Obstacle(f"has {each.__name__} in {name}", view)


def member_obstacles(serializer: Any) -> Iterator[Obstacle]:
    """What keeps a serializer's members from being read straight from their columns."""
    if serializer is None:
        yield Obstacle("has no serializer_class", serializer)
        return
    for reason, code in more_than_columns(serializer.Meta.model):
        yield Obstacle(reason, code)
    if rows_of(serializer) is None:
        names = [name for name in serializer().fields if Rows.of(_with_one(serializer, name)) is None]
        what = f"shows more than a column as {', '.join(names)}" if names else "may choose its members by the request"
        yield Obstacle(what, serializer)
    elif "id" not in rows_of(serializer).columns:  # type: ignore[union-attr]
        yield Obstacle("shows no id", serializer)


def _with_one(serializer: Any, name: str) -> Any:
    return type("One", (serializer,), {"Meta": type("Meta", (serializer.Meta,), {"fields": (name,), "exclude": None})})


def filters_only_by_parameters(view: type[Any]) -> bool:
    """Whether the view's filters leave the queryset unchanged if the request has no parameter for them."""
    return all(getattr(backend, "filters_only_by_parameters", _never)(view) for backend in view.filter_backends)


def _is_equivalent(function: Any, original: Any) -> bool:
    # drf-spectacular's decorators wrap methods. Other decorators may do anything.
    while getattr(function, "__globals__", {}).get("__name__", "").startswith("drf_spectacular."):
        function = function.__wrapped__
    return function is original or function in EQUIVALENT


def _never(view: type[Any]) -> bool:
    return False

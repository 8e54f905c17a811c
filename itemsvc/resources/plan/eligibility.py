"""Which views may be planned: only those that do nothing that the operations do not know."""

from __future__ import annotations

from inspect import unwrap
from typing import Any

from django.db import DEFAULT_DB_ALIAS, router
from rest_framework import generics, mixins, negotiation

from itemsvc.resources.bulk import BulkCreateMixin
from itemsvc.resources.conditional import ConditionalWriteMixin, ETagMixin
from itemsvc.resources.generics import RowsListMixin
from itemsvc.resources.idempotency import IdempotentCreateMixin

#: Overrides in the shared views; ``views.py`` adds its own. For a request that is planned, each does what the original
#: function does.
EQUIVALENT: set[Any] = set(
    {
        RowsListMixin.list,
        ETagMixin.finalize_response,
        ConditionalWriteMixin.update,
        ConditionalWriteMixin.destroy,
        ConditionalWriteMixin.perform_update,
        ConditionalWriteMixin.perform_destroy,
        BulkCreateMixin.get_serializer,
        IdempotentCreateMixin.create,
    }
)
#: The methods that DRF calls on every view.
COMMON = (
    "dispatch initialize_request initial finalize_response handle_exception get_exception_handler options "
    "get_authenticators get_permissions get_throttles get_renderers get_parsers get_content_negotiator "
    "perform_content_negotiation perform_authentication check_permissions check_throttles check_object_permissions "
    "determine_version get_queryset get_object filter_queryset get_serializer get_serializer_class "
    "get_serializer_context paginate_queryset get_paginated_response default_response_headers"
).split()
DETAIL = generics.RetrieveUpdateDestroyAPIView
#: The methods that DRF calls for one operation, each with the original that is planned.
HOOKS: dict[str, dict[str, Any]] = {
    "list": {"get": generics.ListCreateAPIView.get, "list": mixins.ListModelMixin.list},
    "create": {
        "post": generics.ListCreateAPIView.post,
        "create": mixins.CreateModelMixin.create,
        "perform_create": mixins.CreateModelMixin.perform_create,
        "get_success_headers": mixins.CreateModelMixin.get_success_headers,
    },
    "retrieve": {"get": DETAIL.get, "retrieve": DETAIL.retrieve},
    "update": {"put": DETAIL.put, "update": DETAIL.update, "perform_update": DETAIL.perform_update},
    "partial_update": {
        "patch": DETAIL.patch,
        "partial_update": DETAIL.partial_update,
        "update": DETAIL.update,
        "perform_update": DETAIL.perform_update,
    },
    "destroy": {"delete": DETAIL.delete, "destroy": DETAIL.destroy, "perform_destroy": DETAIL.perform_destroy},
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
    "content_negotiation_class": negotiation.DefaultContentNegotiation,
    "versioning_class": None,
    "lookup_field": "pk",
    "lookup_url_kwarg": None,
}


def is_known(view: type[Any], operation: str, method: str) -> bool:
    """Whether each method and setting of the view is DRF's own or equivalent to it, and no router chooses databases."""
    if view.queryset is None or method.lower() not in view.http_method_names:
        return False
    if router.routers or view.queryset.db != DEFAULT_DB_ALIAS:
        return False
    if any(getattr(view, name, None) != value for name, value in VALUES.items()):
        return False
    for name, known in CLASSES.items():
        if not {f"{each.__module__}.{each.__qualname__}" for each in getattr(view, name, ())} <= known:
            return False
    hooks = {name: getattr(generics.GenericAPIView, name) for name in COMMON} | HOOKS[operation]
    return all(_is_equivalent(getattr(view, name, None), original) for name, original in hooks.items())


def filters_only_by_parameters(view: type[Any]) -> bool:
    """Whether the view's filters leave the queryset unchanged if the request has no parameter for them."""
    return all(getattr(backend, "filters_only_by_parameters", _never)(view) for backend in view.filter_backends)


def _is_equivalent(function: Any, original: Any) -> bool:
    if function in EQUIVALENT:
        return True
    # drf-spectacular's extend_schema wraps methods.
    return function is original or (callable(function) and unwrap(function) is original)


def _never(view: type[Any]) -> bool:
    return False

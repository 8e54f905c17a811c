"""System checks that find resources which would fail, lose a change or be slow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register  # noqa: A004  (Django's name)
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from rest_framework.serializers import ListSerializer

from itemsvc.http.views import Endpoint, endpoints
from itemsvc.resources.conditional import VERSION, ConditionalWriteMixin, ETagMixin
from itemsvc.resources.cursors import Ordering
from itemsvc.resources.filters import StrictFilterBackend
from itemsvc.resources.indexes import is_indexed
from itemsvc.resources.models import Resource, part_of
from itemsvc.resources.pagination import KeysetPagination, keyset_of


@register(Tags.urls)
def check_views(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Errors in the views of the URLconf and in their models."""
    found = [*endpoints()]
    models = {each.view.queryset.model for each in found if _writes(each)} | {*_resources()}  # type: ignore[attr-defined]
    return _once(
        *(message for each in found for message in (*_filters(each), *_nulls(each), *_locks(each))),
        *(message for model in models for message in _triggers(model)),
    )


@register(Tags.urls, deploy=True)
def check_costs(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warnings, for `check --deploy` only. Otherwise every `migrate` would repeat them."""
    return _once(*(message for each in endpoints() for message in (*_versions(each), *_parts(each), *_orderings(each))))


def _once(*messages: CheckMessage) -> list[CheckMessage]:
    """Each message once, although a view has several routes."""
    return list({message.msg: message for message in messages}.values())


def _resources() -> Iterator[type[Model]]:
    return (model for model in apps.get_models() if issubclass(model, Resource))


def _writes(endpoint: Endpoint) -> bool:
    view = endpoint.view
    return issubclass(view, ConditionalWriteMixin) and getattr(view, "queryset", None) is not None


def _filters(endpoint: Endpoint) -> Iterator[CheckMessage]:
    strict = [each for each in endpoint.get("filter_backends") or () if issubclass(each, StrictFilterBackend)]
    if strict and not (endpoint.get("filterset_class") or endpoint.get("filterset_fields")):
        yield Error(
            f"{endpoint.view.__name__} has a strict filter back end and no filter set: its list would be a 500.",
            hint="Set filterset_class to a ResourceFilter, or filter_backends to ().",
            obj=endpoint.view,
            id="itemsvc.E011",
        )


def _versions(endpoint: Endpoint) -> Iterator[CheckMessage]:
    if _writes(endpoint) and not _has(endpoint.view.queryset.model, VERSION):  # type: ignore[attr-defined]
        name = endpoint.view.queryset.model._meta.label  # type: ignore[attr-defined]
        yield Info(
            f"{endpoint.view.__name__} has conditional writes, but {name} has no `version`: If-Match is a 412.",
            hint="Let the model inherit from Resource, or give it `version` and version_trigger().",
            obj=endpoint.view,
            id="itemsvc.I012",
        )


def _parts(endpoint: Endpoint) -> Iterator[CheckMessage]:
    if not _writes(endpoint) or not _has(endpoint.view.queryset.model, VERSION):  # type: ignore[attr-defined]
        return
    declared = getattr(endpoint.get("serializer_class"), "_declared_fields", {})
    lists = {field.source or name for name, field in declared.items() if isinstance(field, ListSerializer)}
    for relation in endpoint.view.queryset.model._meta.related_objects:  # type: ignore[attr-defined]
        child, key = relation.related_model, relation.field.name
        names = [trigger.name for trigger in getattr(child._meta, "triggers", ())]
        if relation.get_accessor_name() in lists and part_of(key).name not in names:
            yield Warning(
                f"{child._meta.label} is a part of what {endpoint.view.__name__} shows, but does not change its ETag.",
                hint=f'Write triggers = (part_of("{key}"),) into its Meta, then makemigrations.',
                obj=child,
                id="itemsvc.W018",
            )


def _has(model: type[Model], name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def _triggers(model: type[Model]) -> Iterator[CheckMessage]:
    if not _has(model, VERSION):
        return
    owner = model._meta.get_field(VERSION).model  # With table inheritance it belongs to the parent.
    if owner is not model and _counts_versions(model):
        yield Error(
            f"{model._meta.label} inherits the trigger of `version`, but that column is in the table of"
            f" {owner._meta.label}: each change would be a 500.",
            hint="Write triggers = () into its Meta, then makemigrations.",
            obj=model,
            id="itemsvc.E019",
        )
    if not _counts_versions(owner):
        yield Error(
            f"{owner._meta.label} has a `version` that no trigger raises: its ETag would outlive a change.",
            hint="Let its Meta inherit from Resource.Meta, or write triggers = (version_trigger(),), then migrate.",
            obj=owner,
            id="itemsvc.E013",
        )


def _counts_versions(model: type[Model]) -> bool:
    return any(f"NEW.{VERSION}" in str(each.func) for each in getattr(model._meta, "triggers", ()))


def _keyset(endpoint: Endpoint) -> list[Ordering]:
    pages, queryset = endpoint.get("pagination_class"), endpoint.get("queryset")
    if queryset is None or not (pages and issubclass(pages, KeysetPagination)):
        return []
    return [*keyset_of(endpoint.view).orderings.values()]


def _nulls(endpoint: Endpoint) -> Iterator[CheckMessage]:
    for ordering in _keyset(endpoint):
        if column := next((field.name for field in ordering.fields if field.null), None):
            yield Error(
                f"{endpoint.view.__name__} orders by {column}, which may be null: a row without it is on no page.",
                hint="Give the column a default and null=False, or leave it out of `orderings`.",
                obj=endpoint.view,
                id="itemsvc.E017",
            )


def _locks(endpoint: Endpoint) -> Iterator[CheckMessage]:
    view, queryset = endpoint.view, endpoint.get("queryset")
    if queryset is None or not queryset.query.select_for_update or not issubclass(view, ETagMixin):
        return
    # A decorator of the team's may begin a transaction.
    if not settings.DATABASES["default"]["ATOMIC_REQUESTS"] and not hasattr(view.dispatch, "__wrapped__"):
        yield Error(
            f"{view.__name__} has select_for_update() in its queryset, but no transaction: each GET would be a 500.",
            hint="Take it out. Where your code changes a row, lock that row in the transaction of the change.",
            obj=view,
            id="itemsvc.E020",
        )


def _orderings(endpoint: Endpoint) -> Iterator[CheckMessage]:
    queryset = endpoint.get("queryset")
    for ordering in _keyset(endpoint):
        columns = [field.name for field in ordering.fields]
        if not is_indexed(queryset.model, columns):
            yield Warning(
                f"{endpoint.view.__name__} orders by {columns[0]}, for which {queryset.model._meta.label} has no index:"
                " each page reads the whole table.",
                hint=f"Add models.Index(fields={columns}, name=…) to its Meta, then makemigrations.",
                obj=endpoint.view,
                id="itemsvc.W014",
            )

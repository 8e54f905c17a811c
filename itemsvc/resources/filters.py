"""A django-filter backend that refuses what it does not know."""

from __future__ import annotations

import re
import uuid
from collections.abc import Container, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from django import forms
from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django_filters.rest_framework import ChoiceFilter, DjangoFilterBackend, Filter, FilterSet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from itemsvc.db.timeouts import statement_timeout
from itemsvc.limits import shares
from itemsvc.resources.filter_types import RFC3339Filter, TextFilter, strict_filter

__all__ = ("ModelFilter", "ResourceFilter", "StrictFilterBackend", "TextFilter")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
LAST_MILLISECOND = 2**48 - 1

SURROGATE = re.compile("[\ud800-\udfff]")

#: What a parameter passes through on its way to the queryset: of a back end, of a filter set, of a filter.
BACKEND_HOOKS = "filter_queryset get_filterset get_filterset_class get_filterset_kwargs raise_exception".split()
SET_HOOKS = "__init__ is_valid errors form get_form_class filter_queryset qs".split()
FILTER_HOOKS = "field get_method method".split()
#: What applies a filter's value, and nothing else.
FILTERS = (Filter.filter, ChoiceFilter.filter)


def first_key(milliseconds: int) -> uuid.UUID:
    """The smallest UUIDv7 of a millisecond since the epoch (RFC 9562, section 5.7)."""
    clamped = min(max(milliseconds, 0), LAST_MILLISECOND)
    return uuid.UUID(int=clamped << 80 | 0x7 << 76 | 0b10 << 62)


class ModelFilter(FilterSet):
    """A filter set of any model: each value has one spelling, and a foreign key is compared by its value."""

    @classmethod
    def filter_for_lookup(cls, field: Any, lookup_type: str) -> Any:
        """The filter for a column of ``Meta.fields``; a foreign key that refers to nothing finds nothing."""
        column = field.target_field if isinstance(field, models.ForeignKey) else field
        chosen, extra = super().filter_for_lookup(column, lookup_type)
        strict, strict_extra = strict_filter(chosen, column)
        return (chosen, extra) if strict is chosen else (strict, strict_extra)


class ResourceFilter(ModelFilter):
    """A filter set of a ``Resource``.

    Times become bounds of the key, which is what the page is cut by, so that no row outside of them is read.
    """

    created_after = RFC3339Filter(
        method="after", label="Created after", help_text="Created later than this time (RFC 3339)."
    )
    created_before = RFC3339Filter(
        method="before", label="Created before", help_text="Created earlier than this time (RFC 3339)."
    )

    def after(self, queryset: QuerySet, name: str, value: datetime) -> QuerySet:
        """created_at > value; created_at has milliseconds, so that is from the next whole one on."""
        return queryset.filter(pk__gte=first_key((value - EPOCH) // MILLISECOND + 1))

    def before(self, queryset: QuerySet, name: str, value: datetime) -> QuerySet:
        """created_at < value; a fraction of a millisecond counts as the next whole one."""
        return queryset.filter(pk__lt=first_key(-((EPOCH - value) // MILLISECOND)))


class StrictFilterBackend(DjangoFilterBackend):
    """Filters by the view's filter set; an unknown, repeated or empty parameter is an error that names it."""

    @classmethod
    def filters_only_by_parameters(cls, view: type[Any]) -> bool:
        """Whether the view's filter set leaves a queryset unchanged if the request has no parameter."""
        declared: Any = getattr(view, "filterset_class", None)
        return (
            declared is not None
            and _overrides_none(cls, StrictFilterBackend, BACKEND_HOOKS)
            and _overrides_none(declared, FilterSet, SET_HOOKS)
            and declared._meta.form is forms.Form
            and all(_needs_a_parameter(each) for each in declared.base_filters.values())
        )

    @classmethod
    def plain_filters(cls, view: type[Any]) -> dict[str, Filter]:
        """The view's filters, by name, that only compare columns with what their form field makes of the text."""
        if not cls.filters_only_by_parameters(view):
            return {}
        # Copies, because reading `field` of a declared filter would put that field into the form of every request.
        copied: dict[str, Filter] = view.filterset_class(queryset=view.queryset).filters
        return {name: each for name, each in copied.items() if _is_plain(each)}

    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        """The rows that match; raises ValidationError."""
        known = {*self.get_filterset_class(view, queryset).base_filters, *known_parameters(view)}
        problems = {}
        misencoded = _misencoded(request.META.get("QUERY_STRING", ""))
        for name, values in request.query_params.lists():
            if problem := _problem(name, values, known, misencoded):
                problems[name] = [problem]
        if problems:
            raise ValidationError(problems)
        filtered: QuerySet = super().filter_queryset(request, queryset, view)
        return filtered


def _needs_a_parameter(each: Filter) -> bool:
    known = each.method is not None or type(each).filter.__module__.startswith("django_filters.")
    return known and not each.extra.get("required")


def _is_plain(each: Filter) -> bool:
    if not _overrides_none(type(each), Filter, FILTER_HOOKS) or each.exclude or each.distinct or each.field.disabled:
        return False
    if each.method is None:
        return type(each).filter in FILTERS
    method = each.method if callable(each.method) else getattr(type(each.parent), each.method)
    return method in (ResourceFilter.after, ResourceFilter.before)


def _overrides_none(declared: type[Any], original: type[Any], names: Iterable[str]) -> bool:
    return all(getattr(declared, name) is getattr(original, name) for name in names)


def bounded(filters: Iterable[Any]) -> AbstractContextManager[None]:
    """Where a page is read: within the bounds of a search, if one of its filters searches. Raises Busy."""
    return _search() if any(getattr(each, "searches", False) for each in filters) else nullcontext()


@contextmanager
def _search() -> Iterator[None]:
    with shares.searches.take(), statement_timeout(settings.SEARCH_TIMEOUT_MS):
        yield


def used_filters(view: Any, parameters: Container[str]) -> list[Filter]:
    """The filters of the view's filter set that the request has a parameter for."""
    declared = getattr(getattr(view, "filterset_class", None), "base_filters", {})
    return [each for name, each in declared.items() if name in parameters]


def known_parameters(view: Any) -> Iterator[str]:
    """What the view's paginator and its other filter back ends take."""
    others = [each() for each in view.filter_backends if not issubclass(each, StrictFilterBackend)]
    for each in (getattr(view, "paginator", None), *others):
        named = getattr(each, "get_schema_operation_parameters", lambda view: ())
        yield from (parameter["name"] for parameter in named(view))


def _misencoded(query: str) -> set[str]:
    """Names of the parameters that are not UTF-8, which Django would repair into text that nobody sent."""
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    return {name for name, value in pairs if SURROGATE.search(value)}


def _problem(name: str, values: list[str], known: set[str], misencoded: set[str]) -> str | None:
    if name not in known:
        return "Unknown parameter."
    if name in misencoded:
        return "Is not UTF-8."
    if len(values) > 1:
        return "May be given once only."
    return None if values[0] else "May not be empty."

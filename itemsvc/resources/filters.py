"""A django-filter backend that refuses what it does not know."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from django import forms
from django.db import models
from django.db.models import QuerySet
from django_filters import fields
from django_filters.rest_framework import CharFilter, DjangoFilterBackend, Filter, FilterSet, IsoDateTimeFilter
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
LAST_MILLISECOND = 2**48 - 1

SURROGATE = re.compile("[\ud800-\udfff]")
RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt](?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)

#: What a parameter passes through on its way to the queryset: of a back end, of a filter set, of a filter.
BACKEND_HOOKS = "filter_queryset get_filterset get_filterset_class get_filterset_kwargs raise_exception".split()
SET_HOOKS = "__init__ is_valid errors form get_form_class filter_queryset qs".split()
FILTER_HOOKS = "field filter get_method method".split()


class RFC3339Field(fields.IsoDateTimeField):
    """A time with its offset. Python's own parser also takes dates, weeks and times of no known place."""

    def to_python(self, value: Any) -> Any:
        """An aware datetime, or None; raises ValidationError."""
        if value and not RFC3339.fullmatch(value):
            raise forms.ValidationError("Must be a time with its offset, such as 2026-01-31T12:00:00Z.", code="invalid")
        return super().to_python(value and value.upper())


class RFC3339Filter(IsoDateTimeFilter):
    """A filter by time, written as RFC 3339 has it."""

    field_class = RFC3339Field


def first_key(milliseconds: int) -> uuid.UUID:
    """The smallest UUIDv7 of a millisecond since the epoch (RFC 9562, section 5.7)."""
    clamped = min(max(milliseconds, 0), LAST_MILLISECOND)
    return uuid.UUID(int=clamped << 80 | 0x7 << 76 | 0b10 << 62)


class TextFilter(CharFilter):
    """A text that is taken as it is, white space included; by default the whole value of the column of its name."""

    def __init__(self, *, max_length: int = 255, **kwargs: Any):
        super().__init__(strip=False, max_length=max_length, **kwargs)
        schema = {"type": "string", "minLength": 1, "maxLength": max_length, "pattern": r"^[^\u0000]+$"}
        extend_schema_field(schema)(self)


class ResourceFilter(FilterSet):
    """Times become bounds of the key, which is what the page is cut by, so that no row outside of them is read."""

    created_after = RFC3339Filter(
        method="after", label="Created after", help_text="Created later than this time (RFC 3339)."
    )
    created_before = RFC3339Filter(
        method="before", label="Created before", help_text="Created earlier than this time (RFC 3339)."
    )

    @classmethod
    def filter_for_lookup(cls, field: Any, lookup_type: str) -> Any:
        """A foreign key is compared by its value: one that refers to nothing finds nothing."""
        if isinstance(field, models.ForeignKey):
            return super().filter_for_lookup(field.target_field, lookup_type)
        return super().filter_for_lookup(field, lookup_type)

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
            and not any(each.extra.get("required") for each in declared.base_filters.values())
        )

    @classmethod
    def single_lookup_filters(cls, view: type[Any]) -> dict[str, Filter]:
        """The view's filters, by name, that clean their text and do one lookup with it, and nothing else."""
        if not cls.filters_only_by_parameters(view):
            return {}
        # Copies, because reading `field` of a declared filter would put that field into the form of every request.
        copied: dict[str, Filter] = view.filterset_class(queryset=view.queryset).filters
        return {name: each for name, each in copied.items() if _is_single_lookup(each)}

    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        """The rows that match; raises ValidationError."""
        known = {*self.get_filterset_class(view, queryset).base_filters, *known_parameters(view, request)}
        problems = {}
        misencoded = _misencoded(request.META.get("QUERY_STRING", ""))
        for name, values in request.query_params.lists():
            if problem := _problem(name, values, known, misencoded):
                problems[name] = [problem]
        if problems:
            raise ValidationError(problems)
        filtered: QuerySet = super().filter_queryset(request, queryset, view)
        return filtered


def _is_single_lookup(each: Filter) -> bool:
    if not isinstance(each, CharFilter) or each.method or each.exclude or each.distinct:
        return False
    as_given = type(each.field.widget).value_from_datadict is forms.Widget.value_from_datadict
    return _overrides_none(type(each), Filter, FILTER_HOOKS) and as_given and not each.field.disabled


def _overrides_none(declared: type[Any], original: type[Any], names: Iterable[str]) -> bool:
    return all(getattr(declared, name) is getattr(original, name) for name in names)


def known_parameters(view: APIView, request: Request) -> tuple[str, ...]:
    """What the view's paginator takes."""
    paginator: Any = getattr(view, "paginator", None)
    return getattr(paginator, "parameters", ())


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

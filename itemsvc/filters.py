"""A django-filter backend that refuses what it does not know."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from django import forms
from django.db.models import QuerySet
from django_filters import fields
from django_filters.rest_framework import DjangoFilterBackend, FilterSet, IsoDateTimeFilter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

SURROGATE = re.compile("[\ud800-\udfff]")
RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt](?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)


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


class StrictFilterBackend(DjangoFilterBackend):
    """Filters by the view's filter set; an unknown, repeated or empty parameter is an error that names it."""

    @classmethod
    def is_plain(cls, view: type[Any]) -> bool:
        """Whether the view's filter set leaves a queryset as it is where no parameter is given."""
        declared: Any = view.filterset_class
        overridden = declared.qs is not FilterSet.qs or declared.filter_queryset is not FilterSet.filter_queryset
        required = any(each.extra.get("required") for each in declared.base_filters.values())
        return cls.filter_queryset is StrictFilterBackend.filter_queryset and not overridden and not required

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

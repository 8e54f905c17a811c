"""A django-filter backend that refuses what it does not know."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView


class StrictFilterBackend(DjangoFilterBackend):
    """Filters by the view's filter set; an unknown, repeated or empty parameter is an error that names it."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        """The rows that match; raises ValidationError."""
        known = {*self.get_filterset_class(view, queryset).base_filters, *known_parameters(view, request)}
        problems = {}
        for name, values in request.query_params.lists():
            if problem := _problem(name, values, known):
                problems[name] = [problem]
        if problems:
            raise ValidationError(problems)
        filtered: QuerySet = super().filter_queryset(request, queryset, view)
        return filtered


def known_parameters(view: APIView, request: Request) -> tuple[str, ...]:
    """What the view's paginator takes."""
    paginator: Any = getattr(view, "paginator", None)
    return getattr(paginator, "parameters", ())


def _problem(name: str, values: list[str], known: set[str]) -> str | None:
    if name not in known:
        return "Unknown parameter."
    if len(values) > 1:
        return "May be given once only."
    return None if values[0] else "May not be empty."

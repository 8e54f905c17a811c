"""The filters that a planned list can apply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from itemsvc.resources.plan.hooks import Condition, own_values, where


class ListFilter:
    """One filter of a view's filter set."""

    def __init__(self, name: str, declared: Any, queryset: QuerySet):
        self._name, self._declared, self._queryset = name, declared, queryset
        self._own = len(own_values(queryset))
        self.searches: bool = getattr(declared, "searches", False)

    def clean(self, text: str) -> Any:
        """The value to compare with; raises Django's ValidationError if the form field refuses the text."""
        field = self._declared.field
        return field.clean(field.widget.value_from_datadict({self._name: text}, {}, self._name))

    def narrow(self, queryset: QuerySet, value: Any) -> QuerySet:
        """The queryset, filtered by a clean value."""
        narrowed: QuerySet = self._declared.filter(queryset, value)
        return narrowed

    def condition(self, value: Any) -> Condition:
        """What the filter adds to a statement; raises DRF's ValidationError if it lets all rows pass, or none."""
        try:
            sql, parameters = where(self.narrow(self._queryset, value))
        except (EmptyResultSet, FullResultSet):
            raise ValidationError from None
        return sql, parameters[self._own :]


def list_filters(view: type[Any]) -> dict[str, ListFilter]:
    """The view's filters whose condition depends on their text alone, by parameter name, in the filter set's order.

    Empty for a view with more than one filter back end, because the back ends could change each other's parameters.
    """
    if len(view.filter_backends) != 1:
        return {}
    find: Callable[[type[Any]], dict[str, Any]] = getattr(view.filter_backends[0], "plain_filters", lambda _: {})
    return {name: ListFilter(name, declared, view.queryset) for name, declared in find(view).items()}

"""The filters that the fast path can apply to a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from itemsvc.fast.database import database
from itemsvc.resources.columns import TEXTS

#: For each text lookup: the function that turns the text into the statement's parameter.
LOOKUPS: dict[str, Callable[[str], str]] = {
    "exact": str,
    "icontains": lambda text: f"%{database.connection.ops.prep_for_like_query(text)}%",
}


class TextFilter:
    """One filter of a view's filter set, and the parameter that it adds to the statement."""

    def __init__(self, name: str, declared: Any):
        self._declared, self._lookup = declared, LOOKUPS[declared.lookup_expr]
        #: A text that no other filter has, so that its parameter shows where the filter is in a statement.
        self._sample = f"A sample of {name}: 100 %_\\"

    def parameter(self, text: str) -> str:
        """The statement's parameter for the client's text.

        Raises Django's ValidationError if the field refuses the text, and DRF's ValidationError if it is empty.
        """
        value = self._declared.field.clean(text)
        if not isinstance(value, str) or not value:
            raise ValidationError
        return self._lookup(value)

    def narrow(self, queryset: QuerySet) -> QuerySet:
        """The queryset, filtered by the sample."""
        narrowed: QuerySet = self._declared.filter(queryset, self._sample)
        return narrowed

    @property
    def sample(self) -> str:
        """The statement's parameter for the sample."""
        return self._lookup(self._sample)


def text_filters(view: type[Any]) -> dict[str, TextFilter]:
    """The view's filters that compare a text column, by parameter name, in the filter set's order.

    Empty for a view with more than one filter back end, because the back ends could change each other's parameters.
    """
    if len(view.filter_backends) != 1:
        return {}
    backend = view.filter_backends[0]
    find: Callable[[type[Any]], dict[str, Any]] = getattr(backend, "single_lookup_filters", lambda _: {})
    texts = {field.name for field in view.queryset.model._meta.concrete_fields if type(field) in TEXTS}
    return {
        name: TextFilter(name, declared)
        for name, declared in find(view).items()
        if declared.field_name in texts and declared.lookup_expr in LOOKUPS
    }

"""What a list on the short way can be narrowed by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from itemsvc.fast.database import database
from itemsvc.resources.row_json import TEXTS

#: What each lookup of a text has for its parameter.
LOOKUPS: dict[str, Callable[[str], str]] = {
    "exact": str,
    "icontains": lambda text: f"%{database.connection.ops.prep_for_like_query(text)}%",
}


class TextFilter:
    """A filter of the view's filter set, with what it adds to the statement."""

    def __init__(self, name: str, declared: Any):
        self._declared, self._lookup = declared, LOOKUPS[declared.lookup_expr]
        #: A text of its own, by whose parameter the filter is found in a statement.
        self._sample = f"A sample of {name}: 100 %_\\"

    def parameter(self, text: str) -> str:
        """The statement's, for what the client gave; raises the field's ValidationError, and one for no text."""
        value = self._declared.field.clean(text)
        if not isinstance(value, str) or not value:
            raise ValidationError
        return self._lookup(value)

    def narrow(self, queryset: QuerySet) -> QuerySet:
        """By the sample."""
        narrowed: QuerySet = self._declared.filter(queryset, self._sample)
        return narrowed

    @property
    def sample(self) -> str:
        """The statement's parameter for the sample."""
        return self._lookup(self._sample)


def text_filters(view: type[Any]) -> dict[str, TextFilter]:
    """Those of a view that compare a column's text, in the order in which its filter set applies them.

    Of two back ends, neither knows what the other one makes of its parameters.
    """
    if len(view.filter_backends) != 1:
        return {}
    find: Callable[[type[Any]], dict[str, Any]] = getattr(view.filter_backends[0], "plain_filters", lambda _: {})
    texts = {field.name for field in view.queryset.model._meta.concrete_fields if type(field) in TEXTS}
    return {
        name: TextFilter(name, declared)
        for name, declared in find(view).items()
        if declared.field_name in texts and declared.lookup_expr in LOOKUPS
    }

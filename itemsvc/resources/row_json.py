"""A model serializer's representation without the serializer: from the database's values straight to JSON.

A field takes part only if it represents its column and nothing else (``columns.py``). If a serializer has any other
field, it has no ``Rows``, and Django REST Framework represents its objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import repeat
from typing import Any

import orjson
from django.db import models
from django.db.models import ExpressionWrapper, F, QuerySet, TextField
from rest_framework import serializers

from itemsvc.http.renderers import JSONRenderer
from itemsvc.resources.columns import GETTERS, Convert, find_conversion, unchanged

Row = Sequence[Any]

#: What a serializer represents an object by. If a class overrides one of them, only it knows the representation.
METHODS = ("__init__", "to_representation", "get_fields", "fields", "_readable_fields", "data")
LIST_METHODS = ("__init__", "to_representation", "data")


@dataclass(frozen=True)
class Rows:
    """Members and the columns that they come from, in one order."""

    names: tuple[str, ...]
    columns: tuple[str, ...]
    #: The places of the columns that JSON has in another form, each with its conversion.
    conversions: tuple[tuple[int, Convert], ...]
    #: What the ORM selects: JSON as its text, and all other columns by their names.
    selected: tuple[Any, ...]

    @classmethod
    @cache
    def of(cls, serializer_class: Any) -> Rows | None:
        """Those of a serializer; None where a member is more than its column."""
        if not _is_plain(serializer_class):
            return None
        columns = {column.name: column for column in serializer_class.Meta.model._meta.concrete_fields}
        fields: list[Any] = [field for field in serializer_class().fields.values() if not field.write_only]
        shown: list[tuple[Any, Any]] = [(columns.get(field.source), field) for field in fields]
        conversions: list[Any] = [column and _conversion(field, column) for column, field in shown]
        if not all(conversions):
            return None
        return cls(
            tuple(field.field_name for field in fields),
            tuple(field.source for field in fields),
            tuple((place, convert) for place, convert in enumerate(conversions) if convert is not unchanged),
            tuple(_selected(column) for column, _ in shown),
        )

    def select(self, queryset: QuerySet, *more: str) -> tuple[str, tuple[Any, ...]]:
        """The SQL statement that reads these columns, and ``more`` after them, with its parameters."""
        statement: tuple[str, tuple[Any, ...]] = self.read(queryset, *more).query.sql_with_params()
        return statement

    def read(self, queryset: QuerySet, *more: str, named: bool = False) -> QuerySet:
        """The queryset's rows with these columns, and ``more`` after them."""
        return queryset.prefetch_related(None).values_list(*self.selected, *more, named=named)

    def one(self, row: Row) -> bytes:
        """The object; what the row has beyond its columns is left out."""
        [converted] = self._convert((row,))
        return _dump(dict(zip(self.names, converted)))  # noqa: B905

    def array(self, rows: Iterable[Row]) -> bytes:
        """An array of them."""
        return _dump(list(map(dict, map(zip, repeat(self.names), self._convert(rows)))))

    def lines(self, rows: Iterable[Row]) -> bytes:
        """One object a line."""
        return b"".join(_dump(dict(zip(self.names, row))) + b"\n" for row in self._convert(rows))  # noqa: B905

    def _convert(self, rows: Iterable[Row]) -> Iterable[Row]:
        if not self.conversions:
            return rows
        columns: list[Iterable[Any]] = [*zip(*rows, strict=True)]
        for place, convert in self.conversions if columns else ():
            columns[place] = map(convert, columns[place])
        return zip(*columns, strict=True)


def _is_plain(serializer_class: Any) -> bool:
    """Whether each object is represented by its fields, and JSON is written as Django REST Framework writes it."""
    if not issubclass(serializer_class, serializers.ModelSerializer):
        return False
    many = getattr(serializer_class.Meta, "list_serializer_class", serializers.ListSerializer)
    return (
        all(getattr(serializer_class, name) is getattr(serializers.ModelSerializer, name) for name in METHODS)
        and all(getattr(many, name) is getattr(serializers.ListSerializer, name) for name in LIST_METHODS)
        and (JSONRenderer.compact, JSONRenderer.ensure_ascii, JSONRenderer.strict) == (True, False, True)
    )


def _conversion(field: serializers.Field, column: models.Field) -> Convert | None:
    return find_conversion(field, column) if type(field).get_attribute in GETTERS else None


def _selected(column: models.Field) -> Any:
    is_json = isinstance(column, models.JSONField)
    return ExpressionWrapper(F(column.name), TextField()) if is_json else column.name


def _dump(value: Any) -> bytes:
    """As JSONRenderer writes it."""
    text = orjson.dumps(value, default=_decimal, option=orjson.OPT_UTC_Z)
    # JSON, but no JavaScript: Django REST Framework escapes the two, so that its answers can be pasted into a script.
    if not text.isascii() and b"\xe2\x80" in text:
        text = text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return text


def _decimal(value: Decimal) -> str:
    return f"{value:f}"

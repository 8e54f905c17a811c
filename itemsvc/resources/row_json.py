"""A model serializer's representation without the serializer: from the database's values straight to JSON.

A field takes part only if what it represents is the very value that the column holds. Of a serializer with any other
field there are no ``Rows``, and everything goes through the serializer as Django REST Framework has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import Any

import orjson
from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from rest_framework import ISO_8601, serializers
from rest_framework.settings import api_settings

Row = Sequence[Any]

INTEGERS = frozenset(
    {models.IntegerField, models.SmallIntegerField, models.BigIntegerField, models.PositiveIntegerField}
    | {models.PositiveSmallIntegerField, models.PositiveBigIntegerField, models.AutoField, models.BigAutoField}
)
TEXTS = frozenset({models.CharField, models.TextField, models.EmailField, models.SlugField, models.URLField})
TIMES = frozenset({models.DateTimeField})

#: What represents a value as it is, of which columns. By the function, so that an override of it counts as another.
SAME: dict[Callable[..., Any], frozenset[type[models.Field]]] = {
    serializers.CharField.to_representation: TEXTS,
    serializers.IntegerField.to_representation: INTEGERS,
    serializers.BooleanField.to_representation: frozenset({models.BooleanField}),
    serializers.UUIDField.to_representation: frozenset({models.UUIDField}),
    serializers.DateTimeField.to_representation: TIMES,
    # What the framework has for a column that it knows no field for, such as a generated one.
    serializers.ModelField.to_representation: TEXTS | INTEGERS | TIMES | {models.BooleanField, models.UUIDField},
}
GETTERS = (serializers.Field.get_attribute, serializers.ModelField.get_attribute)


@dataclass(frozen=True)
class Rows:
    """Members and the columns that they come from, in one order."""

    names: tuple[str, ...]
    columns: tuple[str, ...]

    @classmethod
    @cache
    def of(cls, serializer_class: Any) -> Rows | None:
        """Those of a serializer; None where a member is more than its column."""
        if not issubclass(serializer_class, serializers.ModelSerializer):
            return None
        if serializer_class.to_representation is not serializers.ModelSerializer.to_representation:
            return None
        model = serializer_class.Meta.model
        fields = [field for field in serializer_class().fields.values() if not field.write_only]
        if not all(_is_column(field, model) for field in fields):
            return None
        return cls(tuple(field.field_name for field in fields), tuple(str(field.source) for field in fields))

    def select(self, queryset: QuerySet, *more: str) -> tuple[str, tuple[Any, ...]]:
        """The SQL statement that reads these columns, and ``more`` after them, with its parameters."""
        statement: tuple[str, tuple[Any, ...]] = queryset.values_list(*self.columns, *more).query.sql_with_params()
        return statement

    def one(self, row: Row) -> bytes:
        """The object; what the row has beyond its columns is left out."""
        return _dump(dict(zip(self.names, row)))  # noqa: B905

    def array(self, rows: Iterable[Row]) -> bytes:
        """An array of them."""
        return _dump(list(map(dict, map(zip, repeat(self.names), rows))))

    def lines(self, rows: Iterable[Row]) -> bytes:
        """One object a line."""
        return b"".join(self.one(row) + b"\n" for row in rows)


def _is_column(field: serializers.Field, model: type[models.Model]) -> bool:
    columns = {column.name: column for column in model._meta.concrete_fields}
    column = columns.get(field.source or "")
    if column is None:
        return False
    kind = type(column.output_field if isinstance(column, models.GeneratedField) else column)
    if kind not in SAME.get(type(field).to_representation, ()):
        return False
    if type(field).get_attribute not in GETTERS:
        return False
    if isinstance(field, serializers.UUIDField):
        return bool(field.uuid_format == "hex_verbose")
    return kind not in TIMES or _is_utc(field)


def _is_utc(field: serializers.Field) -> bool:
    written = getattr(field, "format", api_settings.DATETIME_FORMAT)
    return written == ISO_8601 and settings.USE_TZ and settings.TIME_ZONE == "UTC" and not hasattr(field, "timezone")


def _dump(value: Any) -> bytes:
    """As JSONRenderer writes it."""
    text = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    # JSON, but no JavaScript: Django REST Framework escapes the two, so that its answers can be pasted into a script.
    if not text.isascii() and b"\xe2\x80" in text:
        text = text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return text

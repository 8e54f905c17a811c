"""Which serializer fields represent a column's value and nothing else, and how JSON has that value.

A value is as the database driver or the ORM reads it; but the value of a ``JSONField`` is its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import orjson
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from rest_framework import ISO_8601, serializers
from rest_framework.settings import api_settings

from itemsvc.http.renderers import JSONRenderer

Convert = Callable[[Any], Any]
#: Finds the conversion for a field of a serializer and its column; None if the field does more than to show the column.
Find = Callable[[Any, Any], Convert | None]

TEXTS = frozenset({models.CharField, models.TextField, models.EmailField, models.SlugField, models.URLField})
INTEGERS = frozenset(
    {models.IntegerField, models.SmallIntegerField, models.BigIntegerField, models.PositiveIntegerField}
    | {models.PositiveSmallIntegerField, models.PositiveBigIntegerField}
    | {models.AutoField, models.BigAutoField, models.SmallAutoField}
)
OTHERS = frozenset({models.BooleanField, models.UUIDField})
TIMES = frozenset({models.DateTimeField})
GETTERS = (
    serializers.Field.get_attribute,
    serializers.ModelField.get_attribute,
    serializers.RelatedField.get_attribute,
)
#: In a JSON text: a number that orjson could read or write in another way than ``json``, because it is large or small.
LARGE, SMALL = re.compile(r"[0-9]{17}"), "0.0000"
#: orjson writes at most 254 levels.
MAX_LEVELS = 200


def find_conversion(field: serializers.Field, column: models.Field) -> Convert | None:
    """What turns the column's value into what orjson writes for the field; None if the field does more than that.

    For most columns it is ``unchanged``, because orjson writes their values as Django REST Framework does.
    """
    kind = type(column.output_field if isinstance(column, models.GeneratedField) else column)
    # Found by the function, so that a field that overrides it is not found.
    kinds, find = KNOWN.get(type(field).to_representation, (frozenset(), _unchanged))
    return find(field, column) if kind in kinds else None


def unchanged(value: Any) -> Any:
    """The value itself."""
    return value


def _unchanged(field: Any, column: Any) -> Convert:
    return unchanged


def _only_if(condition: Callable[[Any], bool]) -> Find:
    return lambda field, column: unchanged if condition(field) else None


def _is_iso_date(field: Any) -> bool:
    return bool(getattr(field, "format", api_settings.DATE_FORMAT) == ISO_8601)


def _find_for_time(field: Any, column: Any) -> Convert | None:
    # orjson drops a zero of some fractions: it writes 10 milliseconds as `.10000`.
    return _text if getattr(field, "format", api_settings.TIME_FORMAT) == ISO_8601 else None


def _is_utc(field: Any) -> bool:
    written = getattr(field, "format", api_settings.DATETIME_FORMAT)
    return written == ISO_8601 and settings.USE_TZ and settings.TIME_ZONE == "UTC" and not hasattr(field, "timezone")


def _find_for_model_field(field: Any, column: Any) -> Convert | None:
    is_time = isinstance(getattr(column, "output_field", column), models.DateTimeField)
    return unchanged if not is_time or _is_utc(field) else None


def _find_for_choice(field: Any, column: Any) -> Convert | None:
    kind = int if type(column) in INTEGERS else str
    return unchanged if all(type(value) is kind for value in field.choices) else None


def _find_for_big_integer(field: Any, column: Any) -> Convert:
    coerced = getattr(field, "coerce_to_string", api_settings.COERCE_BIGINT_TO_STRING)
    return _text if coerced else unchanged


def _find_for_decimal(field: Any, column: Any) -> Convert | None:
    same = (field.max_digits, field.decimal_places) == (column.max_digits, column.decimal_places)
    if not same or column.decimal_places is None or field.normalize_output or field.localize:
        return None
    coerced = getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING)
    return unchanged if coerced else _number


def _find_for_json(field: Any, column: Any) -> Convert | None:
    return None if field.binary or column.encoder or column.decoder else _from_text


def _find_for_key(field: Any, column: Any) -> Convert | None:
    target = column.target_field
    if field.pk_field is None:
        return unchanged if type(target) in INTEGERS | {models.UUIDField} else None
    return find_conversion(field.pk_field, target)


def _find_for_list(field: Any, column: Any) -> Convert | None:
    return unchanged if find_conversion(field.child, column.base_field) is unchanged else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> Any:
    return None if value is None else _float(float(value))


def _float(value: float | None) -> Any:
    # From 1e-5 to 1e-4, orjson writes no exponent; and it writes NaN as null.
    return value if not value or 1e-4 <= abs(value) < 1e16 else _render(value)


def _from_text(text: str | None) -> Any:
    if text is None:
        return None
    if SMALL in text or LARGE.search(text) or text.count("[") + text.count("{") > MAX_LEVELS:
        return _render(json.loads(text))
    return orjson.loads(text)


def _render(value: Any) -> orjson.Fragment:
    """The value's JSON as Django REST Framework writes it; raises ValueError for a number that JSON cannot have."""
    return orjson.Fragment(JSONRenderer().render(value))


#: By the function that represents a value: the columns that it can represent, and what finds the conversion.
KNOWN: dict[Callable[..., Any], tuple[frozenset[Any], Find]] = {
    serializers.CharField.to_representation: (TEXTS, _unchanged),
    serializers.ChoiceField.to_representation: (TEXTS | INTEGERS, _find_for_choice),
    serializers.IntegerField.to_representation: (INTEGERS, _unchanged),
    serializers.BigIntegerField.to_representation: (INTEGERS, _find_for_big_integer),
    serializers.BooleanField.to_representation: (frozenset({models.BooleanField}), _unchanged),
    serializers.FloatField.to_representation: (frozenset({models.FloatField}), lambda field, column: _float),
    serializers.DecimalField.to_representation: (frozenset({models.DecimalField}), _find_for_decimal),
    serializers.UUIDField.to_representation: (
        frozenset({models.UUIDField}),
        _only_if(lambda field: field.uuid_format == "hex_verbose"),
    ),
    serializers.DateTimeField.to_representation: (TIMES, _only_if(_is_utc)),
    serializers.DateField.to_representation: (frozenset({models.DateField}), _only_if(_is_iso_date)),
    serializers.TimeField.to_representation: (frozenset({models.TimeField}), _find_for_time),
    serializers.JSONField.to_representation: (frozenset({models.JSONField}), _find_for_json),
    serializers.ListField.to_representation: (frozenset({ArrayField}), _find_for_list),
    serializers.PrimaryKeyRelatedField.to_representation: (
        frozenset({models.ForeignKey, models.OneToOneField}),
        _find_for_key,
    ),
    # What the framework has for a column that it knows no field for, such as a generated one.
    serializers.ModelField.to_representation: (TEXTS | INTEGERS | TIMES | OTHERS, _find_for_model_field),
}

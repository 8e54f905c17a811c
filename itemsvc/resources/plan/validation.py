"""The serializer's validation of a body, without a request and without the row that is there."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, NoReturn

from django.db import models
from django.db.models import ForeignKey
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from itemsvc.resources.fields import KEYS
from itemsvc.resources.serializers import ResourceSerializer


class Unread:
    """Stands for what a serializer may look at and a plan has not read: the row, the request.

    Whoever looks at it gets an error, and DRF's path answers.
    """

    def _refuse(self, *_: Any) -> NoReturn:
        raise LookupError

    __getattr__ = __getitem__ = __bool__ = __iter__ = __contains__ = __len__ = __eq__ = _refuse
    __hash__ = None  # type: ignore[assignment]


class Validation:
    """What a serializer makes of objects. ``instance``, ``partial`` and ``many`` are as for the serializer."""

    def __init__(self, serializer_class: Any, *, instance: Any = None, partial: bool = False, many: bool = False):
        made = serializer_class(instance, partial=partial, many=many, context=Unread())
        # All requests share it but for what a team's code keeps in it: each validates with a copy.
        self._serializer = made.child if many else made
        if type(self._serializer).get_validators is serializers.ModelSerializer.get_validators:
            self._serializer.validators = self._serializer.get_validators()  # Each copy would look for them anew.
        model = serializer_class.Meta.model
        columns = {column.name: column for column in model._meta.concrete_fields if model._meta.managed}
        for field in self._serializer.fields.values():
            column = columns.get(field.source)
            field.validators = [each for each in field.validators if not _is_the_databases(each, column)]
            if _is_any_key(field, column) and not self._looks_at(field):
                field.to_internal_value = field.pk_field.to_internal_value

    def _looks_at(self, field: Any) -> bool:
        """Whether a team's code gets the row that a foreign key refers to, and not only its key."""
        known = (serializers.ModelSerializer, ResourceSerializer)
        methods = [
            getattr(type(self._serializer), name) for name in ("validate", "run_validation", "to_internal_value")
        ]
        own = any(each not in [getattr(one, each.__name__) for one in known] for each in methods)
        return bool(
            own
            or field.validators
            or self._serializer.validators
            or hasattr(self._serializer, f"validate_{field.field_name}")
        )

    def values(self, data: Sequence[Any]) -> list[dict[str, Any]]:
        """The validated values of each; none if the serializer refuses one, or needs more than it."""
        serializer = copy(self._serializer)
        serializer.parent = copy(serializer.parent)
        try:
            return [serializer.run_validation(each) for each in data]
        except Exception:
            return []


def _is_the_databases(validator: Any, column: models.Field | None) -> bool:
    """Whether the column's own constraint refuses what the validator refuses; then DRF's path says what is wrong."""
    if column is None or type(validator) is not UniqueValidator or validator.lookup != "exact":
        return False
    return column.unique and validator.queryset.model is column.model


def _is_any_key(field: Any, column: Any) -> bool:
    """Whether the foreign key's own constraint refuses what the field refuses: a key that no row has."""
    if type(field) is not serializers.PrimaryKeyRelatedField or field.read_only or not isinstance(column, ForeignKey):
        return False
    if not getattr(column, "db_constraint", True) or type(column.target_field) not in KEYS or field.pk_field is None:
        return False
    rows: Any = field.get_queryset()
    every = column.related_model._base_manager.order_by()
    return column.target_field.primary_key and str(rows.order_by().query) == str(every.query)

"""The serializer's validation of a body, without a request and without the row that is there."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from itemsvc.http import parsers


class Unread:
    """Stands for what a serializer may look at and a plan has not read: the row, the request.

    Whoever looks at it gets an error, and DRF's path answers.
    """

    def _refuse(self, *_: Any) -> NoReturn:
        raise LookupError

    __getattr__ = __getitem__ = __bool__ = __iter__ = __contains__ = __len__ = __eq__ = _refuse
    __hash__ = None  # type: ignore[assignment]


class Validation:
    """What a serializer makes of a body. ``instance`` and ``partial`` are as for the serializer."""

    def __init__(self, serializer_class: Any, *, instance: Any = None, partial: bool = False):
        # It keeps nothing of a request here, so all threads can share it.
        self._serializer = serializer_class(instance, partial=partial, context=Unread())
        model = serializer_class.Meta.model
        for field in self._serializer.fields.values():
            field.validators = [each for each in field.validators if not _is_the_databases(each, field, model)]

    def values(self, body: bytes | None) -> dict[str, Any] | None:
        """The validated values; None if there is no body, or the serializer refuses it or needs more than it."""
        if body is None:
            return None
        try:
            data = parsers.decode(body)
            return self._serializer.run_validation(data) if isinstance(data, dict) else None
        except Exception:
            return None


def _is_the_databases(validator: Any, field: serializers.Field, model: type[models.Model]) -> bool:
    """Whether the column's own constraint refuses what the validator refuses; then DRF's path says what is wrong."""
    if type(validator) is not UniqueValidator or validator.lookup != "exact":
        return False
    columns = {column.name: column for column in model._meta.concrete_fields if column.unique}
    return field.source in columns and validator.queryset.model is model and model._meta.managed

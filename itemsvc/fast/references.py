"""References to other rows, checked by the database's constraint instead of by a query before the INSERT."""

from __future__ import annotations

from typing import Any

from django.db import models
from rest_framework import serializers
from rest_framework.relations import PKOnlyObject

FOREIGN_KEYS: tuple[Any, ...] = (models.ForeignKey, models.OneToOneField)
KEY: Any = serializers.PrimaryKeyRelatedField


class Reference(serializers.PrimaryKeyRelatedField):
    """Takes a key without looking for its row. DRF's path says what is wrong after the constraint has refused it."""

    def to_internal_value(self, data: Any) -> PKOnlyObject:
        """The key; raises ValidationError."""
        key: Any = self.pk_field
        return PKOnlyObject(key.to_internal_value(data))


def leave_to_constraints(serializer: Any) -> None:
    """Replaces the serializer's fields for which a constraint of the database checks all that the field checks."""
    if type(serializer).validate is not serializers.Serializer.validate or serializer.validators:
        return  # They could read the row that a key refers to.
    columns = {column.name: column for column in serializer.Meta.model._meta.concrete_fields}
    for name, field in [*serializer.fields.items()]:
        own = getattr(serializer, f"validate_{name}", None) or field.validators
        if not own and _is_constrained(field, columns.get(field.source or "")):
            serializer.fields[name] = Reference(**field._kwargs)


def _is_constrained(field: Any, column: Any) -> bool:
    if type(field) is not KEY or type(column) not in FOREIGN_KEYS:
        return False
    return (
        column.db_constraint
        and column.target_field.primary_key
        and not field.read_only
        and field.pk_field is not None
        # A manager or `limit_choices_to` could leave rows out.
        and str(field.get_queryset().query) == str(column.related_model._base_manager.all().query)
    )

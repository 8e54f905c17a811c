"""A model serializer that accepts only what its schema describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from rest_framework import serializers
from rest_framework.settings import api_settings

from itemsvc.db import returning
from itemsvc.resources import arrays, fields
from itemsvc.resources.arrays import MAX_LISTED
from itemsvc.resources.fields import StringField
from itemsvc.resources.one_statement import saves_in_one_statement

__all__ = ("BulkSerializer", "ResourceSerializer", "StringField")


class BulkSerializer(serializers.ListSerializer):
    """Creates many rows at once. It is the `Meta.list_serializer_class` of a resource's serializer."""

    child: Any
    min_length: int | None
    max_length: int | None

    def to_internal_value(self, data: Any) -> list[Any]:
        """The validated values of all rows; raises ValidationError, with the first wrong rows by index."""
        most = float("inf") if self.max_length is None else self.max_length
        if isinstance(data, list) and (self.min_length or 1) <= len(data) <= most:
            return arrays.validated(self.run_child_validation, data)
        values: list[Any] = super().to_internal_value(data)  # It refuses the number of rows, or there are none.
        return values

    def run_child_validation(self, data: Any) -> Any:
        """The validated values of one row; raises ValidationError, also for null, as for other types."""
        if data is None:
            message = self.child.error_messages["invalid"].format(datatype="null")
            raise serializers.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [message]})
        return super().run_child_validation(data)

    def create(self, validated_data: list[dict[str, Any]]) -> list[models.Model]:
        """The new rows, in the given order: by one statement, or each by ``create`` if a team's code takes part."""
        if saves_in_one_statement(type(self.child), "create"):
            return returning.insert(self.child.Meta.model, validated_data)
        with transaction.atomic():
            return [self.child.create(values) for values in validated_data]


class ResourceSerializer(serializers.ModelSerializer):
    """Refuses unknown members by name. It ignores read-only ones, so that a client can send back what it read."""

    serializer_field_mapping: ClassVar[dict[type[models.Field], type[serializers.Field]]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        ArrayField: arrays.ArrayField,
        models.BigAutoField: fields.BigIntegerField,
        models.BigIntegerField: fields.BigIntegerField,
        models.BooleanField: fields.BooleanField,
        models.CharField: fields.StringField,
        models.DateField: fields.DateField,
        models.DateTimeField: fields.DateTimeField,
        models.DecimalField: fields.DecimalField,
        models.DurationField: fields.DurationField,
        models.EmailField: fields.EmailField,
        models.FloatField: fields.FloatField,
        models.IntegerField: fields.IntegerField,
        models.JSONField: fields.JSONField,
        models.PositiveIntegerField: fields.IntegerField,
        models.PositiveSmallIntegerField: fields.IntegerField,
        models.PositiveBigIntegerField: fields.BigIntegerField,
        models.SlugField: fields.SlugField,
        models.SmallIntegerField: fields.IntegerField,
        models.TextField: fields.StringField,
        models.URLField: fields.URLField,
        models.UUIDField: fields.UUIDField,
    }
    serializer_choice_field = fields.ChoiceField

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        meta: Any = getattr(cls, "Meta", None)
        if meta and not hasattr(meta, "list_serializer_class"):
            meta.list_serializer_class = BulkSerializer

    def build_standard_field(self, field_name: str, model_field: models.Field) -> Any:
        """A column with a default in the database may be left out, as one with a default in Python."""
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if model_field.db_default is not models.NOT_PROVIDED and "read_only" not in kwargs:
            kwargs["required"] = False
        return field_class, kwargs

    def build_relational_field(self, field_name: str, relation_info: Any) -> Any:
        """A foreign key accepts the same values as the key that it refers to."""
        field_class, kwargs = super().build_relational_field(field_name, relation_info)
        key = fields.KEYS.get(type(relation_info.related_model._meta.pk))
        if key and issubclass(field_class, serializers.PrimaryKeyRelatedField):
            kwargs["pk_field"] = key()
        return field_class, kwargs

    def build_nested_field(self, field_name: str, relation_info: Any, nested_depth: int) -> Any:
        """With `depth`, the row that is referred to. Each model has a name of its own in the schema."""
        _, kwargs = super().build_nested_field(field_name, relation_info, nested_depth)
        model, depth = relation_info.related_model, nested_depth - 1
        if relation_info.model_field is not None and relation_info.model_field.null:
            kwargs["allow_null"] = True
        meta = type("Meta", (), {"model": model, "depth": depth, "fields": "__all__"})
        return type(f"Nested{model.__name__}{depth or ''}Serializer", (ResourceSerializer,), {"Meta": meta}), kwargs

    def to_internal_value(self, data: Any) -> Any:
        """The validated values; raises ValidationError that names unknown members."""
        if isinstance(data, Mapping) and (unknown := [name for name in data if name not in self.fields]):
            errors = {name: ["Unknown field."] for name in unknown[:MAX_LISTED]}
            if more := len(unknown) - len(errors):
                errors[api_settings.NON_FIELD_ERRORS_KEY] = [f"{more} more fields are unknown."]
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)

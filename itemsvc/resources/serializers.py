"""A model serializer that takes what it documents and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator, RegexValidator
from django.db import models
from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.settings import api_settings
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from itemsvc.db import returning

# So many unknown members are named: a body could have tens of thousands, and the answer would be larger than it.
NAMED_UNKNOWN = 20

# PostgreSQL's text has no NUL. Neither pattern can be made to backtrack for long. White space is what `strip` removes,
# spelt out where other languages' \s is narrower.
TEXT = r"^[^\x00]+$"
NOT_BLANK = r"^[\s\x1c-\x1f\x85]*[^\s\x1c-\x1f\x85\x00][^\x00]*$"


class SurrogateValidator(ProhibitSurrogateCharactersValidator):
    """DRF's looks at every character in turn; this one, only of a text that cannot be encoded."""

    def __call__(self, value: Any) -> None:
        """Raises ValidationError for a surrogate."""
        try:
            str(value).encode()
        except UnicodeEncodeError:
            super().__call__(value)


class TextValidator(RegexValidator):
    """The same check as DRF's of NUL, but as a pattern, which the schema shows."""

    message = ProhibitNullCharactersValidator.message


#: What is checked in another way.
REPLACED = (ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)
#: What a text without NUL or a surrogate may still be refused for is its length.
SIMPLE = frozenset({MaxLengthValidator, SurrogateValidator, TextValidator})


class StringField(serializers.CharField):
    """A string; DRF's own would take a number for one."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.validators = [check for check in self.validators if not isinstance(check, REPLACED)]
        self.validators.append(SurrogateValidator())
        self.validators.append(TextValidator(TEXT if self.allow_blank else NOT_BLANK))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The string, trimmed; what is plainly right is not put to each validator in turn."""
        if type(data) is str and data.isascii() and "\x00" not in data and 0 < len(data.strip()) <= self._limit:
            return data.strip()
        return super().run_validation(data)

    @cached_property
    def _limit(self) -> int:
        """The length up to which a text is plainly right; 0 where more than its length is asked for."""
        own = type(self).to_internal_value is StringField.to_internal_value
        if self.read_only or not (own and self.trim_whitespace and SIMPLE.issuperset(map(type, self.validators))):
            return 0
        limits = [check.limit_value for check in self.validators if isinstance(check, MaxLengthValidator)]
        return 0 if any(map(callable, limits)) else min(limits, default=0)

    def to_internal_value(self, data: Any) -> str:
        """The string, trimmed; raises ValidationError for anything else."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class BulkSerializer(serializers.ListSerializer):
    """Many at once, in one statement: the `Meta.list_serializer_class` of a resource's serializer."""

    child: Any

    def run_child_validation(self, data: Any) -> Any:
        """The validated values of one; raises ValidationError, for a null in the same shape as for a number."""
        if data is None:
            message = self.child.error_messages["invalid"].format(datatype="null")
            raise serializers.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [message]})
        return super().run_child_validation(data)

    def create(self, validated_data: list[dict[str, Any]]) -> list[models.Model]:
        """The new rows, in the given order."""
        return returning.insert(self.child.Meta.model, validated_data)


class ResourceSerializer(serializers.ModelSerializer):
    """Refuses unknown members by name. Read-only ones are let pass, so that what was read can be sent back."""

    serializer_field_mapping: ClassVar[dict[type[models.Field], type[serializers.Field]]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: StringField,
        models.TextField: StringField,
    }

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        meta: Any = getattr(cls, "Meta", None)
        if meta and not hasattr(meta, "list_serializer_class"):
            meta.list_serializer_class = BulkSerializer

    def to_internal_value(self, data: Any) -> Any:
        """The validated values; raises ValidationError naming each unknown member."""
        if isinstance(data, Mapping) and (unknown := [name for name in data if name not in self.fields]):
            raise serializers.ValidationError({name: ["Unknown field."] for name in unknown[:NAMED_UNKNOWN]})
        return super().to_internal_value(data)

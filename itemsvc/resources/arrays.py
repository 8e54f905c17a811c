"""The validation of an array, which ends when too much of it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers
from rest_framework.fields import get_error_detail
from rest_framework.settings import api_settings

T = TypeVar("T")

#: So many errors are listed of an array's values, or of an object's unknown members. A body can have 300,000.
MAX_LISTED = 20


def validated(validate: Callable[[Any], T], values: Sequence[Any]) -> list[T]:
    """What ``validate`` makes of each value.

    Raises ValidationError with the errors by index. After MAX_LISTED wrong values the others are not checked.
    """
    valid, wrong = [], dict[Any, Any]()
    for index, value in enumerate(values):
        try:
            valid.append(validate(value))
        except serializers.ValidationError as error:
            wrong[index] = error.detail
        except DjangoValidationError as error:
            wrong[index] = get_error_detail(error)
        if len(wrong) == MAX_LISTED:
            break
    if not wrong:
        return valid
    if unchecked := len(values) - len(valid) - len(wrong):
        wrong[api_settings.NON_FIELD_ERRORS_KEY] = [f"{unchecked} more were not checked."]
    raise serializers.ValidationError(wrong)


class ArrayField(serializers.ListField):
    """An array in a column of its own."""

    default_error_messages = {"nested": "Nested arrays must have the same length."}  # noqa: RUF012

    def run_child_validation(self, data: Any) -> list[Any]:
        """The validated values; raises ValidationError."""
        values = validated(self.child.run_validation, data)
        if isinstance(self.child, ArrayField) and len(set(map(_shape, values))) > 1:
            self.fail("nested")  # PostgreSQL has no other.
        return values


def _shape(value: Any) -> tuple[int, ...]:
    """The lengths of an array and of the arrays in it."""
    return (len(value), *_shape(value[0] if value else None)) if isinstance(value, list) else ()

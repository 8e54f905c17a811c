"""Filters that take a value in one spelling only, which is the one that the schema shows."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import forms
from django.db import models
from django_filters import fields
from django_filters.rest_framework import (
    BooleanFilter,
    CharFilter,
    DateFilter,
    Filter,
    IsoDateTimeFilter,
    NumberFilter,
    TypedChoiceFilter,
)
from drf_spectacular.utils import extend_schema_field

from itemsvc.resources.fields import DATE, NUMBER
from itemsvc.resources.times import read_time

#: The letters of which pg_trgm makes one entry of its index.
TRIGRAM = 3
MAX_INTEGER = 2**63 - 1
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}")
#: PostgreSQL's numeric holds many more digits; no column of a resource needs them.
DECIMAL = re.compile(rf"(?=.{{1,60}}$){NUMBER.pattern}")


class SpelledField(forms.Field):
    """Refuses a text that does not match ``pattern``, before the form field guesses what it means."""

    pattern: re.Pattern[str]
    message = ""

    def to_python(self, value: Any) -> Any:
        """The value, or None; raises ValidationError."""
        if value and not self.pattern.fullmatch(value):
            raise forms.ValidationError(self.message, code="invalid")
        return super().to_python(value)


class RFC3339Field(fields.IsoDateTimeField):
    """A time with its offset."""

    message = "Must be a time with its offset, such as 2026-01-31T12:00:00Z."

    def to_python(self, value: Any) -> Any:
        """An aware datetime, or None; raises ValidationError."""
        if not value:
            return None
        if (time := read_time(value)) is None:
            raise forms.ValidationError(self.message, code="invalid")
        return time


class FullDateField(SpelledField, forms.DateField):
    """A date."""

    pattern = DATE
    message = "Must be a date, such as 2026-01-31."


class WholeNumberField(SpelledField, forms.IntegerField):
    """An integer."""

    pattern = WHOLE_NUMBER
    message = "Must be a whole number."


class NumberField(SpelledField, forms.DecimalField):
    """A decimal number."""

    pattern = DECIMAL
    message = "Must be a number, such as 12.50."


class RFC3339Filter(IsoDateTimeFilter):
    """By a time, written as RFC 3339 has it."""

    field_class = RFC3339Field


class FullDateFilter(DateFilter):
    """By a date, written as RFC 3339 has it."""

    field_class = FullDateField


class NormalTextField(forms.CharField):
    """A text in NFC, as the texts of resources are stored."""

    def to_python(self, value: Any) -> str:
        """The text; empty if there is none."""
        return unicodedata.normalize("NFC", super().to_python(value) or "")


class SearchField(NormalTextField):
    """A part of a text, long enough for a ``SearchIndex``. Any other part would have the whole table read."""

    def to_python(self, value: Any) -> str:
        """The text; raises ValidationError."""
        text = super().to_python(value)
        if text and not has_trigram(text):
            raise forms.ValidationError("Must have three letters or digits in a row.", code="too_short")
        return text


def has_trigram(text: str) -> bool:
    """Whether a word of it has three letters or digits, as PostgreSQL's pg_trgm splits it. Marks belong to letters."""
    letters = (each if unicodedata.category(each)[0] in "LMN" else " " for each in text)
    return any(len(word) >= TRIGRAM for word in "".join(letters).split())


class TextFilter(CharFilter):
    """A text with its white space; by default the whole value of the column of its name."""

    field_class = NormalTextField

    def __init__(self, *, max_length: int = 255, **kwargs: Any):
        super().__init__(strip=False, max_length=max_length, **kwargs)
        #: Whether it finds parts of a text.
        self.searches = kwargs.get("lookup_expr") == "icontains"
        if self.searches:
            self.field_class = SearchField
        shortest = TRIGRAM if self.searches else 1
        schema = {"type": "string", "minLength": shortest, "maxLength": max_length, "pattern": r"^[^\u0000]+$"}
        if "help_text" in kwargs:
            schema["description"] = kwargs["help_text"]  # drf-spectacular leaves it out beside a schema.
        extend_schema_field(schema)(self)


class WholeNumberFilter(Filter):
    """By an integer."""

    field_class = WholeNumberField

    def __init__(self, **kwargs: Any):
        super().__init__(min_value=-MAX_INTEGER, max_value=MAX_INTEGER, **kwargs)
        extend_schema_field({"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER})(self)


class DecimalFilter(Filter):
    """By a decimal number."""

    field_class = NumberField

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        extend_schema_field({"type": "string", "maxLength": 60, "pattern": f"^{NUMBER.pattern}$"})(self)


class TrueFalseFilter(TypedChoiceFilter):
    """By `true` or `false`; django-filter's own would ignore any other word."""

    def __init__(self, **kwargs: Any):
        super().__init__(choices=[("true", "true"), ("false", "false")], coerce="true".__eq__, **kwargs)
        extend_schema_field({"type": "boolean"})(self)


#: What stands in for a filter that django-filter would choose for a column.
STRICT: dict[type[Filter], type[Filter]] = {
    BooleanFilter: TrueFalseFilter,
    DateFilter: FullDateFilter,
    IsoDateTimeFilter: RFC3339Filter,
}


def strict_filter(chosen: type[Filter], column: Any) -> tuple[type[Filter], dict[str, Any]]:
    """The filter to use instead of ``chosen``, and what it is made with."""
    if chosen is NumberFilter:
        return WholeNumberFilter if isinstance(column, models.IntegerField) else DecimalFilter, {}
    if chosen is CharFilter:
        # PostgreSQL refuses to compare an address with any other text.
        validators = column.validators if isinstance(column, models.GenericIPAddressField) else ()
        return TextFilter, {"max_length": column.max_length or 255, "validators": validators}
    return STRICT.get(chosen, chosen), {}

"""Serializer fields that accept exactly the JSON that their schema describes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator, RegexValidator
from django.db import models
from django.utils.functional import cached_property
from rest_framework import ISO_8601, serializers
from rest_framework.settings import api_settings
from rest_framework.utils import html
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from itemsvc.resources.times import read_time

#: The characters that look like nothing: white space, controls and what Unicode lets a font ignore. They are spelled
#: out, because \s means less in other languages, and are those of 16 bits, because ECMAScript counts in them.
INVISIBLE = (
    r"\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
BLANK = re.compile(f"[{INVISIBLE}]*")
# PostgreSQL's text cannot hold NUL. Neither pattern can backtrack for long.
TEXT = r"^[^\u0000]+$"
NOT_BLANK = rf"^[{INVISIBLE}]*[^\u0000{INVISIBLE}][^\u0000]*$"
#: The characters that PostgreSQL's JSON cannot hold.
REFUSED_TEXT = re.compile("[\x00\ud800-\udfff]")
# PostgreSQL could store a deeper value, but Python could not always write it as JSON again.
MAX_NESTING = 100

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class SurrogateValidator(ProhibitSurrogateCharactersValidator):
    """Refuses surrogates. DRF's own looks at each character, this one only if the text cannot be encoded."""

    def __call__(self, value: Any) -> None:
        """Raises ValidationError for a surrogate."""
        try:
            str(value).encode()
        except UnicodeEncodeError:
            super().__call__(value)


class TextValidator(RegexValidator):
    """Refuses NUL like DRF's validator, but by a pattern, which the schema shows."""

    message = ProhibitNullCharactersValidator.message


#: DRF's checks that the two validators above replace.
REPLACED = (ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)
#: If a field has only these validators, a text without NUL and surrogates can only have a wrong length.
SIMPLE = frozenset({MaxLengthValidator, SurrogateValidator, TextValidator})


class StringField(serializers.CharField):
    """A string. DRF's own field also accepts a number."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.validators = [check for check in self.validators if not isinstance(check, REPLACED)]
        if not self.read_only:
            self.validators.append(SurrogateValidator())
            self.validators.append(TextValidator(TEXT if self.allow_blank else NOT_BLANK))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The trimmed string in NFC. An ASCII text of the right length skips the validators."""
        if type(data) is str and data.isascii() and "\x00" not in data:
            text = data.strip()
            if 0 < len(text) <= self._limit and " " < text[0] < "\x7f":
                return text
        if type(data) is str and not self.allow_blank and not self.read_only and BLANK.fullmatch(data):
            self.fail("blank")
        return super().run_validation(data)

    @cached_property
    def _limit(self) -> int:
        """The largest length of a text that may skip the validators; 0 if none may."""
        own = type(self).to_internal_value is StringField.to_internal_value
        if self.read_only or not (own and self.trim_whitespace and SIMPLE.issuperset(map(type, self.validators))):
            return 0
        limits = [check.limit_value for check in self.validators if isinstance(check, MaxLengthValidator)]
        return 0 if any(map(callable, limits)) else min(limits, default=0)

    def to_internal_value(self, data: Any) -> str:
        """The trimmed string in NFC, so that one text has one spelling; raises ValidationError for anything else."""
        if not isinstance(data, str):
            self.fail("invalid")
        return unicodedata.normalize("NFC", super().to_internal_value(data))


class BooleanField(serializers.BooleanField):
    """`true` or `false`. DRF's own field also accepts "yes" and 1."""

    def to_internal_value(self, data: Any) -> Any:
        """The boolean; raises ValidationError."""
        if not isinstance(data, bool) and not _is_form(self):
            self.fail("invalid", input=data)
        return super().to_internal_value(data)


class IntegerField(serializers.IntegerField):
    """A whole number; 3.0 is one in JSON Schema too. DRF's own field also accepts a string."""

    def to_internal_value(self, data: Any) -> int:
        """The number; raises ValidationError."""
        is_whole = not isinstance(data, float) or data.is_integer()
        if (isinstance(data, str | bool) or not is_whole) and not _is_form(self):
            self.fail("invalid")
        return super().to_internal_value(data)


class BigIntegerField(IntegerField, serializers.BigIntegerField):
    """A whole number; one that DRF's field writes as a string is read as a string."""

    def to_internal_value(self, data: Any) -> int:
        """The number; raises ValidationError."""
        if isinstance(data, str) and getattr(self, "coerce_to_string", api_settings.COERCE_BIGINT_TO_STRING):
            return serializers.BigIntegerField.to_internal_value(self, data)
        return super().to_internal_value(data)


class ChoiceField(serializers.ChoiceField):
    """One of the choices. DRF's own field also accepts the text of a number."""

    def to_internal_value(self, data: Any) -> Any:
        """The choice; raises ValidationError."""
        choice = super().to_internal_value(data)
        if isinstance(choice, str) != isinstance(data, str) and not _is_form(self):
            self.fail("invalid_choice", input=data)
        return choice


class _Text(serializers.CharField):
    """A string with a rule. DRF's own fields also accept a number."""

    def to_internal_value(self, data: Any) -> str:
        """The string; raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class EmailField(_Text, serializers.EmailField):
    """An e-mail address."""


class SlugField(_Text, serializers.SlugField):
    """Letters, digits, hyphens and underscores."""


class URLField(_Text, serializers.URLField):
    """A URL."""


class DurationField(serializers.DurationField):
    """A duration as a string. DRF's own field also accepts a number."""

    def to_internal_value(self, value: Any) -> Any:
        """The timedelta; raises ValidationError."""
        if not isinstance(value, str | timedelta):
            self.fail("invalid", format="[DD] [HH:[MM:]]ss[.uuuuuu]")
        return super().to_internal_value(value)


class FloatField(serializers.FloatField):
    """A number. DRF's own field also accepts a string or a boolean."""

    def to_internal_value(self, data: Any) -> float:
        """The number; raises ValidationError."""
        if isinstance(data, str | bool) and not _is_form(self):
            self.fail("invalid")
        return super().to_internal_value(data) + 0.0  # The driver sends -0.0 as 0.0.


class DecimalField(serializers.DecimalField):
    """Accepts the form that it represents: a string such as `"12.50"`, or a number if ``coerce_to_string`` is off.

    Most clients read a JSON number as a binary float, which cannot hold cents exactly.
    """

    default_error_messages = {"string": 'Must be a number in a string, such as "12.50".'}  # noqa: RUF012

    def to_internal_value(self, data: Any) -> Any:
        """The Decimal; raises ValidationError."""
        if getattr(self, "coerce_to_string", True) or _is_form(self):
            if not isinstance(data, str) or not NUMBER.fullmatch(data):
                self.fail("string")
        elif isinstance(data, str | bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class UUIDField(serializers.UUIDField):
    """A UUID with its hyphens. DRF's own field also accepts an integer, or a UUID without hyphens."""

    def to_internal_value(self, data: Any) -> Any:
        """The UUID; raises ValidationError."""
        if not isinstance(data, str) or not UUID.fullmatch(data):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class DateField(serializers.DateField):
    """A date such as `2026-01-31`. DRF's own field also accepts a week date, or a date without hyphens."""

    def to_internal_value(self, value: Any) -> Any:
        """The date; raises ValidationError."""
        if _is_iso(self) and isinstance(value, str) and not DATE.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


class DateTimeField(serializers.DateTimeField):
    """A time with its offset (RFC 3339). DRF's own field also accepts one without, and guesses it."""

    def to_internal_value(self, value: Any) -> Any:
        """The aware datetime; raises ValidationError."""
        if not _is_iso(self) or not isinstance(value, str):
            return super().to_internal_value(value)
        if (time := read_time(value)) is None:
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss[.uuuuuu](+HH:MM|-HH:MM|Z)")
        return super().to_internal_value(time)


class JSONField(serializers.JSONField):
    """Any JSON value that PostgreSQL can hold."""

    default_error_messages = {  # noqa: RUF012
        "text": "A text in it has a null character or a surrogate.",
        "nesting": f"Must not be nested more than {MAX_NESTING} levels deep.",
    }

    def to_internal_value(self, data: Any) -> Any:
        """The value; raises ValidationError."""
        values = [data]
        for _ in range(MAX_NESTING):
            if any(isinstance(each, str) and REFUSED_TEXT.search(each) for each in values):
                self.fail("text")
            values = [member for each in values for member in _members(each)]
            if not values:
                break
        else:
            self.fail("nesting")
        return _as_stored(super().to_internal_value(data))


#: The field for a foreign key, by the type of the key that it refers to.
KEYS = {models.UUIDField: UUIDField, models.AutoField: IntegerField, models.BigAutoField: IntegerField}


def _members(value: Any) -> list[Any]:
    """The parts of a JSON value one level down: an array's elements, or an object's names and values."""
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _as_stored(value: Any) -> Any:
    """The value as PostgreSQL returns it, so that the answer to a POST has the same bytes as the next GET's."""
    if isinstance(value, Mapping):
        return {name: _as_stored(value[name]) for name in sorted(value, key=lambda name: (len(name.encode()), name))}
    if isinstance(value, list):
        return [_as_stored(each) for each in value]
    if isinstance(value, float):
        return int(Decimal(repr(value))) if abs(value) >= 1e16 else value + 0.0  # It has no exponents and no -0.
    return value


def _is_form(field: serializers.Field) -> bool:
    """Whether the values come from a form, where all values are strings."""
    return html.is_html_input(getattr(field.root, "initial_data", None))


def _is_iso(field: Any) -> bool:
    return getattr(field, "input_formats", [ISO_8601]) == [ISO_8601]

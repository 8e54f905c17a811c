"""A place in a listing, as text for a Link header."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import orjson
from django.core.exceptions import ValidationError
from django.db import models

CHECKSUM_BYTES = 4
#: Characters; a longer one is none of ours.
MAX_CURSOR = 2048


@dataclass(frozen=True)
class Ordering:
    """One order of a model's rows: by a column, and by the key where two rows have the same value in it."""

    #: As clients write it: `created_at`, or `-created_at` for the reverse.
    name: str
    #: The columns that it compares, all of them in the same direction; the last one is the key.
    fields: tuple[models.Field, ...]

    @classmethod
    @cache
    def of(cls, model: type[models.Model], name: str) -> Self:
        """Raises FieldDoesNotExist for a name without a column."""
        column, key = name.removeprefix("-"), model._meta.pk
        if column in ("pk", key.name, *getattr(model, "key_orders", ())):
            return cls(name, (key,))
        return cls(name, (model._meta.get_field(column), key))  # type: ignore[arg-type]

    @property
    def descending(self) -> bool:
        """Whether the largest values come first."""
        return self.name.startswith("-")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns on a row."""
        return tuple(field.attname for field in self.fields)

    def place(self, row: Any) -> tuple[Any, ...]:
        """Where a row (an instance, or a named tuple) stands in it."""
        return tuple(getattr(row, column) for column in self.columns)


@dataclass(frozen=True)
class Cursor:
    """A place between two rows of one ordering, and the way to go from there.

    ``backward`` is about the listing: `prev` of a newest-first listing goes towards newer rows. ``inclusive`` also
    lists the row at the place itself, which a page that has become empty needs.
    """

    ordering: Ordering
    place: tuple[Any, ...]
    backward: bool = False
    inclusive: bool = False

    def encode(self) -> str:
        """URL-safe text."""
        payload = orjson.dumps([self.ordering.name, self.backward, self.inclusive, *map(_text, self.place)])
        return base64.urlsafe_b64encode(payload + _checksum(payload)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, orderings: Mapping[str, Ordering]) -> Self:
        """The cursor that ``encode`` wrote; raises ValueError for anything else."""
        try:
            raw = base64.urlsafe_b64decode(text[:MAX_CURSOR].encode("ascii") + b"==")
            payload = raw[:-CHECKSUM_BYTES]
            name, backward, inclusive, *texts = orjson.loads(payload)
            ordering = orderings[name]
            place = tuple(_value(field, text) for field, text in zip(ordering.fields, texts, strict=True))
            cursor = cls(ordering, place, backward is True, inclusive is True)
        except (binascii.Error, KeyError, OverflowError, TypeError, ValueError, ValidationError):
            raise ValueError(text) from None
        # Base 64 and numbers have several spellings; one of them is a cursor.
        if cursor.encode() != text:
            raise ValueError(text)
        return cursor


def _text(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _value(field: models.Field, text: str) -> Any:
    if "\x00" in text:
        raise ValueError(text)  # PostgreSQL's text has none.
    value = field.to_python(text)
    # Only what the column's type can hold. A team's own rule may be younger than the row that the cursor names.
    for check in field.validators if value not in field.empty_values else ():
        if check not in field._validators:  # type: ignore[attr-defined]
            check(value)
    return value


def _checksum(payload: bytes) -> bytes:
    # Against damage, not against forgery: whoever makes up a cursor can only name a place to start from.
    return hashlib.blake2s(payload, digest_size=CHECKSUM_BYTES).digest()

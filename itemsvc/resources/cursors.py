"""Cursors: positions in a list, as text for the Link header."""

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
#: In characters. The service writes no longer cursor.
MAX_CURSOR = 2048


@dataclass(frozen=True)
class Ordering:
    """One order of a model's rows: by a column, then by the key for rows with the same value."""

    #: As clients write it: `created_at`, or `-created_at` for the reverse.
    name: str
    #: The columns that it compares, all in the same direction. The last one is the key.
    fields: tuple[models.Field, ...]

    @classmethod
    @cache
    def of(cls, model: type[models.Model], name: str) -> Self:
        """The ordering with this name; raises FieldDoesNotExist if there is no such column."""
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
        """The names of the columns as attributes of a row."""
        return tuple(field.attname for field in self.fields)

    def place(self, row: Any) -> tuple[Any, ...]:
        """The position of a row (an instance or a named tuple): its values in the columns."""
        return tuple(getattr(row, column) for column in self.columns)


@dataclass(frozen=True)
class Cursor:
    """A position between two rows of one ordering, and the direction to read from there.

    ``backward`` means towards the beginning of the list: if the newest rows come first, `prev` goes to newer rows.
    ``inclusive`` also lists the row at the position. The links of a page that has become empty need it.
    """

    ordering: Ordering
    place: tuple[Any, ...]
    backward: bool = False
    inclusive: bool = False

    def encode(self) -> str:
        """The cursor as URL-safe text."""
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
        # Base 64 and numbers have several spellings. Only one of them is a cursor.
        if cursor.encode() != text:
            raise ValueError(text)
        return cursor


def _text(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _value(field: models.Field, text: str) -> Any:
    if "\x00" in text:
        raise ValueError(text)  # PostgreSQL's text type cannot hold it.
    value = field.to_python(text)
    # Only the validators of the column's type. A row may be older than a validator that the team has added.
    for check in field.validators if value not in field.empty_values else ():
        if check not in field._validators:  # type: ignore[attr-defined]
            check(value)
    return value


def _checksum(payload: bytes) -> bytes:
    # It finds damaged cursors. A forged cursor does no harm: it only names a position.
    return hashlib.blake2s(payload, digest_size=CHECKSUM_BYTES).digest()

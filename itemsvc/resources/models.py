"""The base model of all resources, and the responses stored for an Idempotency-Key."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models.functions import Now


class UUIDv7(models.Func):
    """A new UUIDv7 of PostgreSQL 18. Its order is the order in time."""

    function = "uuidv7"
    template = "%(function)s()"
    output_field = models.UUIDField()


def version_trigger() -> pgtrigger.Trigger:
    """Raises ``version`` whenever anybody changes a row, so that its ETag changes too.

    The new version is the time in milliseconds, so a database restored from a backup repeats no version.
    """
    return pgtrigger.Trigger(
        name="count_version",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=(
            "NEW.version := greatest(OLD.version + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint);"
            " RETURN NEW;"
        ),
    )


def part_of(parent: str) -> pgtrigger.Trigger:
    """Raises the ``version`` of the row that the foreign key ``parent`` names when a row of this table changes.

    It belongs into the ``Meta`` of a model whose rows are a part of the parent's JSON. Otherwise the parent's JSON
    changes under the same ETag, and a write with an old one undoes the change.
    """
    touch = (
        f'UPDATE "{{fields.{parent}.related_model._meta.db_table}}" SET version = version'  # noqa: S608  (no input)
        f' WHERE "{{fields.{parent}.target_field.column}}" = %s."{{columns.{parent}}}";'
    )
    moved = f'NEW."{{columns.{parent}}}" IS DISTINCT FROM OLD."{{columns.{parent}}}"'
    return pgtrigger.Trigger(
        name=f"part_of_{parent}",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"IF TG_OP <> 'INSERT' THEN {touch % 'OLD'} END IF;"
            f" IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND {moved} THEN {touch % 'NEW'} END IF;"
            " RETURN NULL;"
        ),
    )


class Resource(models.Model):
    """A row with a key in order of time, its time of creation, and a version for its ETag.

    The ``Meta`` of a subclass must inherit from ``Resource.Meta``. Otherwise it has no trigger for ``version``.
    """

    #: Columns with the same order as the key, so that their pages are cut by the key.
    key_orders: ClassVar[tuple[str, ...]] = ("created_at",)

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    # The time in the key, in milliseconds, so that the two never disagree.
    created_at = models.GeneratedField(
        expression=models.Func(models.F("id"), function="uuid_extract_timestamp"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    # With a constant default, older code that does not know the column can insert. The trigger ignores other values.
    version = models.BigIntegerField(db_default=1, editable=False)

    class Meta:
        abstract = True
        ordering = ("-id",)
        triggers = (version_trigger(),)


class IdempotencyKey(models.Model):
    """The response to a request, which its repetition gets again (``idempotency.py``)."""

    id = models.UUIDField(primary_key=True, editable=False)
    fingerprint = models.UUIDField()
    status = models.SmallIntegerField()
    headers = models.JSONField()
    body = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["created_at"], name="idempotency_keys_created_at"),)

    def __str__(self) -> str:
        return str(self.id)

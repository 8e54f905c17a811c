"""The model that every resource begins with, and the answers that an Idempotency-Key repeats."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models.functions import Now


class UUIDv7(models.Func):
    """A new UUIDv7, made by PostgreSQL 18: its order is the order in time."""

    function = "uuidv7"
    template = "%(function)s()"
    output_field = models.UUIDField()


def version_trigger() -> pgtrigger.Trigger:
    """Raises ``version`` whenever a row changes, whoever changes it, so that its ETag changes too.

    To the time in milliseconds: a database that is restored to an earlier state repeats no version.
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


class Resource(models.Model):
    """A row with a key that is its order in time, the time when it was made, and a version for its ETag.

    A ``Meta`` of a subclass inherits from ``Resource.Meta``, or the trigger of ``version`` is lost.
    """

    #: Columns whose order is the key's order, so that a page by one of them is cut by the key.
    key_orders: ClassVar[tuple[str, ...]] = ("created_at",)

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    # The key's own time, in milliseconds, so that the two never disagree.
    created_at = models.GeneratedField(
        expression=models.Func(models.F("id"), function="uuid_extract_timestamp"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    # A constant default: code that does not know the column can go on inserting. What is written to it is ignored.
    version = models.BigIntegerField(db_default=1, editable=False)

    class Meta:
        abstract = True
        ordering = ("-id",)
        triggers = (version_trigger(),)


class IdempotencyKey(models.Model):
    """A request that was answered, so that its repetition gets the same answer (``idempotency.py``)."""

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

"""The item."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper

NAME_MAX_LENGTH = 255
DESCRIPTION_MAX_LENGTH = 10_000


class UUIDv7(models.Func):
    """A new UUIDv7, made by PostgreSQL 18: its order is the order in time."""

    function = "uuidv7"
    template = "%(function)s()"
    output_field = models.UUIDField()


class Item(models.Model):
    """A named thing.

    The key is the chronological order, so pages are cut by it and no other index is kept for them. ``created_at`` is
    the key's own time (milliseconds), so that the two can never disagree.
    """

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    name = models.CharField(
        max_length=NAME_MAX_LENGTH, help_text="What it is called; white space around it is removed."
    )
    description = models.TextField(blank=True, default="", db_default="", max_length=DESCRIPTION_MAX_LENGTH)
    created_at = models.GeneratedField(
        expression=models.Func(models.F("id"), function="uuid_extract_timestamp"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    # Raised by a trigger, to the time in milliseconds, so that no way of changing a row, psql's included, leaves its
    # ETag as it was, and a restored database repeats none. What is written to it is ignored.
    version = models.BigIntegerField(db_default=1, editable=False)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["name", "-id"], name="items_name"),
            # `icontains` compares in upper case, so that is what is indexed.
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="items_name_trigrams"),
        )

    def __str__(self) -> str:
        return self.name

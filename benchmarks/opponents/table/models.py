"""The item. It is not managed, because the service's migrations make the table."""

from django.db import models


class UUIDv7(models.Func):
    """PostgreSQL 18's uuidv7()."""

    function = "uuidv7"
    output_field = models.UUIDField()


class Item(models.Model):
    """A named thing."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="", max_length=10_000)
    created_at = models.GeneratedField(
        expression=models.Func(models.F("id"), function="uuid_extract_timestamp"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    class Meta:
        managed = False
        db_table = "items_item"
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name

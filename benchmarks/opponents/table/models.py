"""The tables. They are not managed, because the service's migrations make them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class UUIDv7(models.Func):
    """PostgreSQL 18's uuidv7()."""

    function = "uuidv7"
    output_field = models.UUIDField()


class Made(models.Model):
    """What the database sets."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    created_at = models.GeneratedField(
        expression=models.Func(models.F("id"), function="uuid_extract_timestamp"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    class Meta:
        abstract = True
        managed = False


class Item(Made):
    """A named thing."""

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="", max_length=10_000)

    class Meta(Made.Meta):
        db_table = "items_item"

    def __str__(self) -> str:
        return self.name


class Order(Made):
    """The sample app's; its customer is only a key here."""

    customer_id = models.UUIDField()
    status = models.CharField(max_length=10)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    placed_on = models.DateField()
    gift = models.BooleanField(default=False)
    tags = ArrayField(models.CharField(max_length=20), default=list)
    details = models.JSONField(default=dict)

    class Meta(Made.Meta):
        db_table = "sample_order"

    def __str__(self) -> str:
        return str(self.id)

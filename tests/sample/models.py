"""Models of the shapes that teams have."""

from __future__ import annotations

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField
from django.db import models

from itemsvc.resources.indexes import SearchIndex
from itemsvc.resources.models import Resource, part_of, version_trigger

NAME_MAX_LENGTH = 255
DESCRIPTION_MAX_LENGTH = 10_000


class Gadget(Resource):
    """Two texts, one of them searched: all that the platform's tests need."""

    name = models.CharField(
        max_length=NAME_MAX_LENGTH, help_text="What it is called; white space around it is removed."
    )
    description = models.TextField(blank=True, default="", db_default="", max_length=DESCRIPTION_MAX_LENGTH)

    class Meta(Resource.Meta):
        indexes = (
            models.Index(fields=["name", "-id"], name="gadgets_name"),
            SearchIndex("name", name="gadgets_name_trigrams"),
        )

    def __str__(self) -> str:
        return self.name


class Customer(Resource):
    """Whom an order is for."""

    name = models.CharField(max_length=100)
    email = models.EmailField(unique=True)

    def __str__(self) -> str:
        return self.name


class Order(Resource):
    """A column of each kind, and pages by other columns than the key."""

    class Status(models.TextChoices):
        OPEN = "open"
        PAID = "paid"
        SENT = "sent"

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders")
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    placed_on = models.DateField()
    gift = models.BooleanField(default=False)
    tags = ArrayField(models.CharField(max_length=20), default=list, blank=True, size=10)
    details = models.JSONField(default=dict, blank=True)

    class Meta(Resource.Meta):
        indexes = (
            models.Index(fields=["placed_on", "id"], name="sample_orders_placed_on"),
            models.Index(fields=["total", "id"], name="sample_orders_total"),
            models.Index(fields=["status", "id"], name="sample_orders_status"),
        )

    def __str__(self) -> str:
        return f"{self.placed_on}: {self.total}"


class Line(models.Model):
    """An integer key, and no version. It is a part of its order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.CharField(max_length=100)
    quantity = models.PositiveSmallIntegerField(default=1)

    class Meta:
        triggers = (part_of("order"),)

    def __str__(self) -> str:
        return self.product


class Voucher(models.Model):
    """A random key, and a version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=20)
    version = models.BigIntegerField(db_default=1, editable=False)

    class Meta:
        triggers = (version_trigger(),)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(code="VOID"), name="vouchers_void", violation_error_message="No voucher is void."
            ),
            ExclusionConstraint(
                expressions=[("code", "=")],
                index_type="SPGIST",
                condition=models.Q(code__startswith="ONCE-"),
                name="vouchers_once",
                violation_error_message="It can be there once only.",
            ),
        )

    def __str__(self) -> str:
        return self.code


class Comment(Resource):
    """What it says is its caller's; who wrote it is the service's."""

    text = models.TextField(max_length=1000)
    author = models.CharField(max_length=255, editable=False)

    def __str__(self) -> str:
        return self.text


class Reading(Resource):
    """The kinds of columns that an order does not have; most of them may be null."""

    class Grade(models.IntegerChoices):
        GOOD = 1
        BAD = 2

    line = models.ForeignKey(Line, on_delete=models.CASCADE, null=True, blank=True, related_name="readings")
    count = models.BigIntegerField(null=True, blank=True)
    serial = models.BigIntegerField(default=0)
    weight = models.FloatField(null=True, blank=True)
    ratio = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    grade = models.PositiveSmallIntegerField(choices=Grade, default=Grade.GOOD)
    starts_at = models.TimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    checked_on = models.DateField(null=True, blank=True)
    passed = models.BooleanField(null=True, blank=True)
    batch = models.UUIDField(null=True, blank=True)
    contact = models.EmailField(null=True, blank=True)  # noqa: DJ001
    site = models.URLField(null=True, blank=True)  # noqa: DJ001
    slug = models.SlugField(null=True, blank=True)  # noqa: DJ001
    raw = models.JSONField(null=True, blank=True)
    counts = ArrayField(models.IntegerField(), null=True, blank=True)
    days = ArrayField(models.DateField(null=True), default=list, blank=True)
    keys = ArrayField(ArrayField(models.UUIDField()), default=list, blank=True)
    # The database alone has the default.
    priority = models.SmallIntegerField(db_default=3)

    def __str__(self) -> str:
        return str(self.serial)

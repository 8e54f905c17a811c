"""The resources as JSON; a team's schema may have an Order of its own, so the sample's has another name in it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema_serializer

from itemsvc.resources.serializers import ResourceSerializer
from tests.sample.models import Comment, Customer, Gadget, Line, Order, Voucher


class GadgetSerializer(ResourceSerializer):
    """`{"id", "name", "description", "created_at"}`."""

    class Meta:
        model = Gadget
        fields = ("id", "name", "description", "created_at")


@extend_schema_serializer(component_name="SampleCustomer")
class CustomerSerializer(ResourceSerializer):
    """Its e-mail address is unique."""

    class Meta:
        model = Customer
        fields = ("id", "name", "email", "created_at")


@extend_schema_serializer(component_name="SampleOrder")
class OrderSerializer(ResourceSerializer):
    """The customer by its key."""

    class Meta:
        model = Order
        fields = (
            "id", "customer", "status", "total", "placed_on", "gift", "tags", "details", "created_at",
        )  # fmt: skip


@extend_schema_serializer(component_name="SampleLine")
class LineSerializer(ResourceSerializer):
    """The order by its key."""

    class Meta:
        model = Line
        fields = ("id", "order", "product", "quantity")


@extend_schema_serializer(component_name="SampleReceiptLine")
class ReceiptLineSerializer(ResourceSerializer):
    """A line within its order."""

    class Meta:
        model = Line
        fields = ("product", "quantity")


@extend_schema_serializer(component_name="SampleReceipt")
class ReceiptSerializer(ResourceSerializer):
    """An order with its lines, which are made and changed together."""

    lines = ReceiptLineSerializer(many=True)

    class Meta:
        model = Order
        fields = ("id", "customer", "total", "placed_on", "lines")

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> Order:
        """The order, then its lines."""
        lines = validated_data.pop("lines")
        order = super().create(validated_data)
        Line.objects.bulk_create(Line(order=order, **line) for line in lines)
        return order

    @transaction.atomic
    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        """The lines that are given replace the ones that there are."""
        lines = validated_data.pop("lines", None)
        order = super().update(instance, validated_data)
        if lines is not None:
            order.lines.all().delete()
            Line.objects.bulk_create(Line(order=order, **line) for line in lines)
        return order


@extend_schema_serializer(component_name="SampleVoucher")
class VoucherSerializer(ResourceSerializer):
    """`{"id", "code"}`."""

    class Meta:
        model = Voucher
        fields = ("id", "code")


@extend_schema_serializer(component_name="SampleComment")
class CommentSerializer(ResourceSerializer):
    """The author is read-only."""

    class Meta:
        model = Comment
        fields = ("id", "text", "author", "created_at")
        read_only_fields = ("author",)

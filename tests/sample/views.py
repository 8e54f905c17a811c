"""Two views for each resource."""

from __future__ import annotations

from typing import Any

from rest_framework.settings import api_settings

from itemsvc.auth.authentication import caller
from itemsvc.resources.views import ResourceDetailView, ResourceListView
from tests.sample import filters, models, serializers
from tests.sample.permissions import AuthorWrites


class GadgetList(ResourceListView):
    """Gadgets, newest first."""

    queryset = models.Gadget.objects.all()
    serializer_class = serializers.GadgetSerializer
    filterset_class = filters.GadgetFilter


class GadgetDetail(ResourceDetailView):
    """One gadget."""

    queryset = models.Gadget.objects.all()
    serializer_class = serializers.GadgetSerializer


class CustomerList(ResourceListView):
    """Customers, newest first."""

    queryset = models.Customer.objects.all()
    serializer_class = serializers.CustomerSerializer
    filterset_class = filters.CustomerFilter


class CustomerDetail(ResourceDetailView):
    """One customer."""

    queryset = models.Customer.objects.all()
    serializer_class = serializers.CustomerSerializer


class OrderList(ResourceListView):
    """Orders, by several columns."""

    queryset = models.Order.objects.all()
    serializer_class = serializers.OrderSerializer
    filterset_class = filters.OrderFilter
    orderings = ("-placed_on", "placed_on", "total", "-total", "status", "-created_at")


class OrderDetail(ResourceDetailView):
    """One order."""

    queryset = models.Order.objects.all()
    serializer_class = serializers.OrderSerializer


class ReceiptList(ResourceListView):
    """Orders with their lines."""

    resource = "receipts"
    queryset = models.Order.objects.prefetch_related("lines")
    serializer_class = serializers.ReceiptSerializer
    filterset_class = filters.OrderFilter


class ReceiptDetail(ResourceDetailView):
    """One order with its lines."""

    resource = "receipts"
    queryset = models.Order.objects.prefetch_related("lines")
    serializer_class = serializers.ReceiptSerializer


class LineList(ResourceListView):
    """Lines, by their numbers."""

    queryset = models.Line.objects.all()
    serializer_class = serializers.LineSerializer
    filterset_class = filters.LineFilter
    orderings = ("id", "-id", "product")


class LineDetail(ResourceDetailView):
    """One line."""

    queryset = models.Line.objects.all()
    serializer_class = serializers.LineSerializer


class VoucherList(ResourceListView):
    """Vouchers, in an order that says nothing."""

    queryset = models.Voucher.objects.all()
    serializer_class = serializers.VoucherSerializer
    filterset_class = filters.VoucherFilter


class VoucherDetail(ResourceDetailView):
    """One voucher."""

    queryset = models.Voucher.objects.all()
    serializer_class = serializers.VoucherSerializer


class CommentList(ResourceListView):
    """Comments, each by whoever sent it."""

    queryset = models.Comment.objects.all()
    serializer_class = serializers.CommentSerializer
    filterset_class = filters.CommentFilter

    def perform_create(self, serializer: Any) -> None:
        """The caller is its author."""
        serializer.save(author=caller(self.request))


class CommentDetail(ResourceDetailView):
    """One comment, which its author alone may change."""

    queryset = models.Comment.objects.all()
    serializer_class = serializers.CommentSerializer
    permission_classes = (*api_settings.DEFAULT_PERMISSION_CLASSES, AuthorWrites)


class Own:
    """Shows a caller nothing but what is its own."""

    request: Any

    def get_queryset(self) -> Any:
        """What the caller wrote."""
        return super().get_queryset().filter(author=caller(self.request))  # type: ignore[misc]


class NoteList(Own, ResourceListView):
    """Comments that nobody but their author sees."""

    resource = "notes"
    queryset = models.Comment.objects.all()
    serializer_class = serializers.CommentSerializer
    filterset_class = filters.CommentFilter

    def perform_create(self, serializer: Any) -> None:
        """The caller is its author."""
        serializer.save(author=caller(self.request))


class NoteDetail(Own, ResourceDetailView):
    """One of them."""

    resource = "notes"
    queryset = models.Comment.objects.all()
    serializer_class = serializers.CommentSerializer

"""What the lists can be narrowed by."""

from django_filters.rest_framework import FilterSet

from itemsvc.resources.filters import ResourceFilter, TextFilter
from tests.sample.models import NAME_MAX_LENGTH, Comment, Customer, Gadget, Line, Order, Voucher


class GadgetFilter(ResourceFilter):
    """By name, whole or in part, and by time."""

    name = TextFilter(max_length=NAME_MAX_LENGTH, help_text="The exact name.")
    search = TextFilter(
        field_name="name",
        lookup_expr="icontains",
        max_length=NAME_MAX_LENGTH,
        help_text="Part of the name, in upper or lower case.",
    )

    class Meta:
        model = Gadget
        fields = ()


class CustomerFilter(ResourceFilter):
    """By time."""

    class Meta:
        model = Customer
        fields = ()


class OrderFilter(ResourceFilter):
    """By customer, by status and by time."""

    class Meta:
        model = Order
        fields = ("customer", "status")


class LineFilter(FilterSet):
    """By order; a line has no time."""

    class Meta:
        model = Line
        fields = ("order",)


class VoucherFilter(FilterSet):
    """By code."""

    class Meta:
        model = Voucher
        fields = ("code",)


class CommentFilter(ResourceFilter):
    """By author and by time."""

    class Meta:
        model = Comment
        fields = ("author",)

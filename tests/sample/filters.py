"""What the lists can be narrowed by."""

from itemsvc.resources.filters import ModelFilter, ResourceFilter, TextFilter
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
    """By a column of each kind, and by time."""

    class Meta:
        model = Order
        fields = ("customer", "status", "total", "placed_on", "gift")


class LineFilter(ModelFilter):
    """By order and by quantity; a line has no time."""

    class Meta:
        model = Line
        fields = ("order", "quantity")


class VoucherFilter(ModelFilter):
    """By code."""

    class Meta:
        model = Voucher
        fields = ("code",)


class CommentFilter(ResourceFilter):
    """By author and by time."""

    class Meta:
        model = Comment
        fields = ("author",)

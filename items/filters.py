"""The filters of `GET /items`."""

from items.models import NAME_MAX_LENGTH, Item
from itemsvc.resources.filters import ResourceFilter, TextFilter


class ItemFilter(ResourceFilter):
    """Filters by name, whole or in part, and by time."""

    name = TextFilter(max_length=NAME_MAX_LENGTH, help_text="The exact name.")
    search = TextFilter(
        field_name="name",
        lookup_expr="icontains",
        max_length=NAME_MAX_LENGTH,
        help_text="Part of the name, in upper or lower case.",
    )

    class Meta:
        model = Item
        fields = ()

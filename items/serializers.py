"""An item as JSON."""

from items.models import Item
from itemsvc.resources.serializers import ResourceSerializer


class ItemSerializer(ResourceSerializer):
    """`{"id", "name", "description", "created_at"}`; the database sets id and created_at."""

    class Meta:
        model = Item
        fields = ("id", "name", "description", "created_at")

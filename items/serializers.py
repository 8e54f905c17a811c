"""An item as JSON."""

from items.models import Item
from itemsvc.resources.serializers import ResourceSerializer


class ItemSerializer(ResourceSerializer):
    """`{"id", "name", "description", "created_at"}`; id and created_at are the database's."""

    class Meta:
        model = Item
        fields = ("id", "name", "description", "created_at")

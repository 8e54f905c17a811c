"""An item as JSON."""

from items.models import Item
from itemsvc.serializers import BulkSerializer, StrictModelSerializer


class ItemSerializer(StrictModelSerializer):
    """`{"id", "name", "description", "created_at"}`; id and created_at are the database's."""

    class Meta:
        model = Item
        list_serializer_class = BulkSerializer
        fields = ("id", "name", "description", "created_at")
        read_only_fields = ("id", "created_at")

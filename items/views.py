"""`/items` and `/items/{id}`."""

from items.filters import ItemFilter
from items.models import Item
from items.serializers import ItemSerializer
from itemsvc.resources.views import ResourceDetailView, ResourceListView


class ItemList(ResourceListView):
    """Lists items, newest first. POST creates one or many."""

    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    filterset_class = ItemFilter


class ItemDetail(ResourceDetailView):
    """One item."""

    queryset = Item.objects.all()
    serializer_class = ItemSerializer

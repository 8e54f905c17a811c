"""`/items` and `/items/{id}`."""

from django.urls import path

from items.views import ItemDetail, ItemList

urlpatterns = [
    path("", ItemList.as_view(), name="item-list"),
    path("/<uuid:pk>", ItemDetail.as_view(), name="item-detail"),
]

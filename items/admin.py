"""Items in Django's admin."""

from django.contrib import admin

from items.models import Item
from itemsvc.resources.admin import ResourceAdmin


@admin.register(Item)
class ItemAdmin(ResourceAdmin):
    """Search by name, newest first."""

    list_display = ("name", "created_at")
    search_fields = ("name",)

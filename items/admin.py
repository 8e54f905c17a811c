"""Items in Django's admin."""

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from items.models import Item


@admin.register(Item)
class ItemAdmin(admin.ModelAdmin):
    """Search by name, newest first."""

    list_display = ("name", "created_at")
    search_fields: ClassVar = ["name"]
    date_hierarchy = "created_at"
    ordering = ("-id",)
    # The number of all items, beside the number of those that match, is what a large table need not count.
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Item | None = None) -> tuple[str, ...]:
        """What the database makes, once it has."""
        return ("id", "created_at") if obj else ()

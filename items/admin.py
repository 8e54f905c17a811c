"""Items in Django's admin."""

from typing import ClassVar

from django.contrib import admin

from items.models import Item


@admin.register(Item)
class ItemAdmin(admin.ModelAdmin):
    """Search by name, newest first."""

    list_display = ("name", "created_at")
    search_fields: ClassVar = ["name"]
    date_hierarchy = "created_at"
    readonly_fields = ("id", "created_at")
    ordering = ("-id",)
    # Counting every item on every page is the one thing that would not scale.
    show_full_result_count = False

"""A resource in Django's admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class ResourceAdmin(admin.ModelAdmin):
    """Newest first; what the database makes is shown once it has."""

    date_hierarchy = "created_at"
    ordering = ("-id",)
    # The number of all rows, beside the number of those that match, is what a large table need not count.
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """The key and the time, of a row that exists."""
        return ("id", "created_at") if obj else ()

"""A resource in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.db.models import ForeignKey, Model
from django.forms import ModelChoiceField
from django.http import HttpRequest


class ResourceAdmin(admin.ModelAdmin):
    """The newest first. The key and the time are shown once the database has made them."""

    date_hierarchy = "created_at"
    ordering = ("-id",)
    # Counting every row of a large table, beside those that match, takes too long.
    show_full_result_count = False

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """A key to type or to look up. The other table may be too large for a list to choose from."""
        if db_field.name not in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", ForeignKeyRawIdWidget(db_field.remote_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """The key and the time, of a row that exists."""
        return ("id", "created_at") if obj else ()

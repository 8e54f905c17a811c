"""A resource in Django's admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.db.models import ForeignKey, Model
from django.forms import ModelChoiceField
from django.http import HttpRequest

from itemsvc.resources.admin_pages import BoundedChangeList, BoundedPaginator
from itemsvc.resources.filter_types import has_trigram
from itemsvc.resources.indexes import is_indexed


class ResourceAdmin(admin.ModelAdmin):
    """Lists the newest rows first. Shows the key and the time of a row that exists."""

    ordering = ("-pk",)
    paginator = BoundedPaginator
    # The list would count all rows beside those of the page.
    show_full_result_count = False

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("itemsvc/admin.css",)}

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """A field for typing or looking up the key. The other table may be too large for a list of options."""
        if db_field.name not in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", ForeignKeyRawIdWidget(db_field.remote_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedChangeList]:
        """The list, whose cost does not grow with the table."""
        return BoundedChangeList

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """The columns that an index sorts, unless a team names others. Sorting by another reads the whole table."""
        if self.sortable_by is not None:
            return self.sortable_by
        columns = {field.name for field in self.model._meta.concrete_fields}
        return [
            name for name in self.get_list_display(request) if name in columns and is_indexed(self.model, [str(name)])
        ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """The rows that are searched for; none for a text that no index finds, which would read the whole table."""
        if search_term and not any(map(has_trigram, search_term.split())):
            messages.warning(request, "Search for a word with three letters or digits in a row.")
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """The key and the time of a row that exists, if it has one."""
        shown = obj._meta.concrete_fields if obj else ()
        return tuple(each.name for each in shown if each.primary_key or each.name == "created_at")

"""Pages of the admin's lists, whose cost does not grow with the table."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator

#: Up to here the rows are counted. Beyond, PostgreSQL's planner estimates their number.
COUNTED = 1000
#: Skipping the rows of the pages before takes longer with each page, so who wants older rows searches for them.
MAX_PAGES = 100


class BoundedChangeList(ChangeList):
    """Sorts by the columns that may be sorted by, also where a URL names another."""

    def get_ordering_field(self, field_name: Any) -> Any:
        """What to order by; None for a column that may not be sorted by."""
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class About(int):
    """An estimated number, which says so on the page."""

    def __str__(self) -> str:
        return f"about {int(self):,}"


class BoundedPaginator(Paginator):
    """Counts only the first rows, and offers only the first pages."""

    @cached_property
    def count(self) -> int:
        """The number of rows, as ``About`` if they are many."""
        listed: Any = self.object_list
        rows = listed.order_by()
        counted: int = rows[: COUNTED + 1].count()
        if counted <= COUNTED:
            return counted
        [explained] = json.loads(rows.explain(format="json"))
        return About(max(explained["Plan"]["Plan Rows"], counted))

    @cached_property
    def num_pages(self) -> int:
        """The number of pages that can be opened."""
        return min(super().num_pages, MAX_PAGES)

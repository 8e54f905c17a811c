"""What `GET /items` can be narrowed by."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from items.models import NAME_MAX_LENGTH, Item
from itemsvc.filters import RFC3339Filter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
LAST_MILLISECOND = 2**48 - 1


def first_key(milliseconds: int) -> uuid.UUID:
    """The smallest UUIDv7 of a millisecond since the epoch (RFC 9562, section 5.7)."""
    clamped = min(max(milliseconds, 0), LAST_MILLISECOND)
    return uuid.UUID(int=clamped << 80 | 0x7 << 76 | 0b10 << 62)


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": NAME_MAX_LENGTH, "pattern": r"^[^\u0000]+$"})
class NameFilter(filters.CharFilter):
    """A text that is taken as it is, white space included."""

    def __init__(self, **kwargs: Any):
        super().__init__(field_name="name", strip=False, max_length=NAME_MAX_LENGTH, **kwargs)


class ItemFilter(filters.FilterSet):
    """Times become bounds of the key, which is what the page is cut by, so that no row outside of them is read."""

    name = NameFilter(lookup_expr="exact", help_text="The exact name.")
    search = NameFilter(lookup_expr="icontains", help_text="Part of the name, in upper or lower case.")
    created_after = RFC3339Filter(
        method="after", label="Created after", help_text="Created later than this time (RFC 3339)."
    )
    created_before = RFC3339Filter(
        method="before", label="Created before", help_text="Created earlier than this time (RFC 3339)."
    )

    class Meta:
        model = Item
        fields: ClassVar[list[str]] = []

    def after(self, queryset: QuerySet[Item], name: str, value: datetime) -> QuerySet[Item]:
        """created_at > value; created_at has milliseconds, so that is from the next whole one on."""
        return queryset.filter(id__gte=first_key((value - EPOCH) // MILLISECOND + 1))

    def before(self, queryset: QuerySet[Item], name: str, value: datetime) -> QuerySet[Item]:
        """created_at < value; a fraction of a millisecond counts as the next whole one."""
        return queryset.filter(id__lt=first_key(-((EPOCH - value) // MILLISECOND)))

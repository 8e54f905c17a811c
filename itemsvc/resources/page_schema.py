"""The names of pages in the OpenAPI document. It is apart, because DRF loads it before its own views."""

from __future__ import annotations

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """The operations of any view; `DEFAULT_SCHEMA_CLASS` of the settings."""

    def get_paginated_name(self, serializer_name: str) -> str:
        """A name for each class of pages that has members of its own, because one serializer may have several."""
        pages, rows = self._get_paginator(), {"type": "array"}  # type: ignore[no-untyped-call]
        if pages.get_paginated_response_schema(rows) == rows:
            return super().get_paginated_name(serializer_name)
        return f"{serializer_name}{type(pages).__name__.removesuffix('Pagination')}Page"

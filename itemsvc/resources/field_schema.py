"""How the OpenAPI document shows the fields that drf-spectacular describes too loosely."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema

#: Every type of JSON but null.
JSON_TYPES = ["object", "array", "string", "number", "boolean"]


class DecimalFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A decimal as a string, with no more digits than its column has."""

    target_class = "itemsvc.resources.fields.DecimalField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        """A pattern in place of drf-spectacular's, which allows an empty string."""
        field: Any = self.target
        described: Any = auto_schema
        schema: dict[str, Any] = described._map_serializer_field(field, direction, bypass_extensions=True)
        if schema.get("format") != "decimal" or field.max_digits is None:
            return schema
        whole, places = field.max_digits - field.decimal_places, field.decimal_places
        fraction = rf"(\.[0-9]{{1,{places}}})?" if places else ""
        pattern = rf"^-?(0|[1-9][0-9]{{0,{whole - 1}}}){fraction}$" if whole > 0 else f"^-?0{fraction}$"
        return {**schema, "pattern": pattern}


class JSONFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Any JSON; null only where the field takes it, which ``nullable`` says."""

    target_class = "itemsvc.resources.fields.JSONField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        """The types of JSON without null. An array may hold anything, null included."""
        return {} if self.target.allow_null else {"type": JSON_TYPES, "items": {}}

"""The operations of a resource in the OpenAPI document."""

from __future__ import annotations

import copy
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.settings import api_settings

from itemsvc.http.parsers import MergePatchParser, StrictJSONParser
from itemsvc.resources.bulk import one_or_many
from itemsvc.resources.conditional import ETAG, IF_MATCH, IF_NONE_MATCH
from itemsvc.resources.idempotency import IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED
from itemsvc.resources.page_schema import Schema

LINK = OpenApiParameter(
    "Link",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description='The next and the previous page, if they exist: <…>; rel="next", <…>; rel="prev" (RFC 8288).',
)
LOCATION = OpenApiParameter(
    "Location",
    OpenApiTypes.URI,
    OpenApiParameter.HEADER,
    response=[201],
    description="The address of the new object. An array has none.",
)
PAGE_OR_STREAM = "One page. With `Accept: application/x-ndjson`, every matching object, one a line."
ONE_OR_MANY = "One object, or an array of up to 1,000. The service creates all of them or none."

#: The header is present if the token lacks a scope.
FORBIDDEN = {
    "description": "The caller may not do this.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}},
}


class ResourceSchema(Schema):
    """The operations of both views of a resource."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The operation, with a 403 if the view has a permission class of its own."""
        operation = super().get_operation(*args, **kwargs)
        if operation and set(self.view.permission_classes).difference(api_settings.DEFAULT_PERMISSION_CLASSES):
            operation["responses"]["403"] = copy.deepcopy(FORBIDDEN)
        return operation


class ListSchema(ResourceSchema):
    """The operations of a ``ResourceListView``."""

    def get_summary(self) -> str:
        """`List orders`, `Make orders`."""
        return f"{'Make' if self.method == 'POST' else 'List'} {_meta(self).verbose_name_plural}"

    def get_description(self) -> str:  # type: ignore[override]
        """The forms of the response, or of the body."""
        return ONE_OR_MANY if self.method == "POST" else PAGE_OR_STREAM

    def get_override_parameters(self) -> list[Any]:
        """The headers that the view reads and sends."""
        if self.method == "POST":
            return [LOCATION, ETAG, IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED]
        return [LINK, IF_NONE_MATCH, ETAG]

    def get_request_serializer(self) -> Any:
        """The body: one object or an array."""
        return self._one_or_many() if self.method == "POST" else super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        """One object or an array, like the request."""
        return {201: self._one_or_many()} if self.method == "POST" else super().get_response_serializers()

    def _one_or_many(self) -> Any:
        view: Any = self.view
        return one_or_many(view.get_serializer_class())


class DetailSchema(ResourceSchema):
    """The operations of a ``ResourceDetailView``."""

    def get_summary(self) -> str:
        """`Read an order`."""
        verb = {"GET": "Read", "PUT": "Replace", "PATCH": "Change", "DELETE": "Delete"}[self.method]
        name = str(_meta(self).verbose_name)
        return f"{verb} {'an' if name[0] in 'aeiou' else 'a'} {name}"

    def map_parsers(self) -> list[str]:
        """The media types of the body."""
        found: list[str] = super().map_parsers()
        takes = self.method == "PATCH" and StrictJSONParser.media_type in found
        return [*found, MergePatchParser.media_type] if takes else found

    def get_override_parameters(self) -> list[Any]:
        """The headers that the view reads and sends."""
        return {"GET": [IF_NONE_MATCH, ETAG], "DELETE": [IF_MATCH]}.get(self.method, [IF_MATCH, ETAG])


def _meta(schema: AutoSchema) -> Any:
    view: Any = schema.view
    return view.queryset.model._meta

"""What a resource's operations say of themselves in the OpenAPI document."""

from __future__ import annotations

import copy
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.settings import api_settings

from itemsvc.resources.bulk import one_or_many
from itemsvc.resources.conditional import ETAG, IF_MATCH, IF_NONE_MATCH
from itemsvc.resources.idempotency import IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED

LINK = OpenApiParameter(
    "Link",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description='The pages beside this one, as far as they exist: <…>; rel="next", <…>; rel="prev" (RFC 8288).',
)
LOCATION = OpenApiParameter(
    "Location", OpenApiTypes.URI, OpenApiParameter.HEADER, response=[201], description="The new one, if it is one."
)
PAGE_OR_STREAM = "One page of a bare array; with `Accept: application/x-ndjson` every matching one, one a line."
ONE_OR_MANY = "One, or an array of up to 1,000: all of them are made or none."

#: The header is there if the token lacks a scope.
FORBIDDEN = {
    "description": "The caller may not do this.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}},
}


class ResourceSchema(AutoSchema):
    """Of either view of a resource."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """With a 403 if the view has a permission beside the default ones."""
        operation = super().get_operation(*args, **kwargs)
        if operation and set(self.view.permission_classes).difference(api_settings.DEFAULT_PERMISSION_CLASSES):
            operation["responses"]["403"] = copy.deepcopy(FORBIDDEN)
        return operation


class ListSchema(ResourceSchema):
    """Of a ``ResourceListView``."""

    def get_summary(self) -> str:
        """`List orders`, `Make orders`."""
        return f"{'Make' if self.method == 'POST' else 'List'} {_meta(self).verbose_name_plural}"

    def get_description(self) -> str:  # type: ignore[override]
        """What the answer, or the body, may be."""
        return ONE_OR_MANY if self.method == "POST" else PAGE_OR_STREAM

    def get_override_parameters(self) -> list[Any]:
        """The headers that the view reads and sends."""
        if self.method == "POST":
            return [LOCATION, ETAG, IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED]
        return [LINK, IF_NONE_MATCH, ETAG]

    def get_request_serializer(self) -> Any:
        """One, or an array."""
        return self._one_or_many() if self.method == "POST" else super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        """Like the request's."""
        return {201: self._one_or_many()} if self.method == "POST" else super().get_response_serializers()

    def _one_or_many(self) -> Any:
        view: Any = self.view
        return one_or_many(view.get_serializer_class())


class DetailSchema(ResourceSchema):
    """Of a ``ResourceDetailView``."""

    def get_summary(self) -> str:
        """`Read an order`."""
        verb = {"GET": "Read", "PUT": "Replace", "PATCH": "Change", "DELETE": "Delete"}[self.method]
        name = str(_meta(self).verbose_name)
        return f"{verb} {'an' if name[0] in 'aeiou' else 'a'} {name}"

    def get_override_parameters(self) -> list[Any]:
        """The headers that the view reads and sends."""
        return {"GET": [IF_NONE_MATCH, ETAG], "DELETE": [IF_MATCH]}.get(self.method, [IF_MATCH, ETAG])


def _meta(schema: AutoSchema) -> Any:
    view: Any = schema.view
    return view.queryset.model._meta

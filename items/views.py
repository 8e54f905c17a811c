"""`/items` and `/items/{id}`."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from items.filters import ItemFilter
from items.models import Item
from items.pagination import NEWEST_FIRST, KeysetPagination, read_ordering
from items.serializers import ItemSerializer
from itemsvc import ndjson
from itemsvc.bulk import BulkCreateMixin, one_or_many
from itemsvc.conditional import ETAG, IF_MATCH, IF_NONE_MATCH, READ_METHODS, ConditionalWriteMixin, ETagMixin
from itemsvc.fast.eligibility import plain
from itemsvc.filters import StrictFilterBackend
from itemsvc.generics import RowsListMixin
from itemsvc.idempotency import IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, IdempotentCreateMixin

LINK = OpenApiParameter(
    "Link",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description='The pages beside this one, as far as they exist: <…>; rel="next", <…>; rel="prev" (RFC 8288).',
)
LOCATION = OpenApiParameter(
    "Location", OpenApiTypes.URI, OpenApiParameter.HEADER, response=[201], description="The new item, if it is one."
)


@extend_schema_view(
    get=extend_schema(
        summary="List items",
        description="One page of a bare array; with `Accept: application/x-ndjson` every matching item, one a line.",
        parameters=[LINK, IF_NONE_MATCH, ETAG],
    ),
    post=extend_schema(
        summary="Make items",
        description="One, or an array of up to 1,000: all of them are made or none.",
        parameters=[LOCATION, ETAG, IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED],
        request=one_or_many(ItemSerializer),
        responses={201: one_or_many(ItemSerializer)},
    ),
)
class ItemList(IdempotentCreateMixin, BulkCreateMixin, ETagMixin, RowsListMixin, generics.ListCreateAPIView):
    """Items, newest first; POST makes one, or many."""

    resource = "items"
    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    pagination_class = KeysetPagination
    filter_backends = (StrictFilterBackend,)
    filterset_class = ItemFilter

    @plain
    def get_renderers(self) -> list[BaseRenderer]:
        """Reading can also be streamed."""
        renderers = super().get_renderers()
        return [*renderers, ndjson.NDJSONRenderer()] if self.request.method in READ_METHODS else renderers

    @plain
    def list(  # type: ignore[override]  # DRF passes a plain Django response on.
        self, request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """One page, or with `Accept: application/x-ndjson` every matching item."""
        if not isinstance(request.accepted_renderer, ndjson.NDJSONRenderer):
            return super().list(request, *args, **kwargs)
        refuse_paging(request)
        ordering = "-id" if read_ordering(request.query_params) == NEWEST_FIRST else "id"
        queryset = self.filter_queryset(self.get_queryset()).order_by(ordering)
        if request.method == "HEAD":
            queryset = queryset.none()
        return ndjson.stream(queryset, self.get_serializer())

    @plain
    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Where the new item is; many are in no one place."""
        if isinstance(data, list):
            return {}
        return {"Location": reverse("item-detail", kwargs={"pk": data["id"]}, request=self.request)}

    @plain
    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """An error is JSON, also for a client that asked for a stream."""
        if getattr(response, "exception", False) and isinstance(
            getattr(request, "accepted_renderer", None), ndjson.NDJSONRenderer
        ):
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return super().finalize_response(request, response, *args, **kwargs)


def refuse_paging(request: Request) -> None:
    """Raises ValidationError for parameters that a stream of everything cannot have."""
    if given := [name for name in ("limit", "cursor") if name in request.query_params]:
        raise ValidationError({name: ["Not with application/x-ndjson, which has no pages."] for name in given})


@extend_schema_view(
    get=extend_schema(summary="Read an item", parameters=[IF_NONE_MATCH, ETAG]),
    put=extend_schema(summary="Replace an item", parameters=[IF_MATCH, ETAG]),
    patch=extend_schema(summary="Change an item", parameters=[IF_MATCH, ETAG]),
    delete=extend_schema(summary="Delete an item", parameters=[IF_MATCH]),
)
class ItemDetail(ConditionalWriteMixin, generics.RetrieveUpdateDestroyAPIView):
    """One item."""

    resource = "items"
    queryset = Item.objects.all()
    serializer_class = ItemSerializer

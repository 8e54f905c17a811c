"""The list and the detail view of a resource."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from django.utils.text import slugify
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from itemsvc.http.links import path_below
from itemsvc.http.parsers import MergePatchParser, StrictJSONParser
from itemsvc.http.renderers import render_as_json
from itemsvc.limits import shares
from itemsvc.resources import merge_patch, ndjson
from itemsvc.resources.bulk import BulkCreateMixin, is_array
from itemsvc.resources.conditional import READ_METHODS, ConditionalWriteMixin, ETagMixin
from itemsvc.resources.filters import StrictFilterBackend, bounded, used_filters
from itemsvc.resources.generics import RowsListMixin
from itemsvc.resources.idempotency import IdempotentCreateMixin
from itemsvc.resources.operation_schema import DetailSchema, ListSchema
from itemsvc.resources.pagination import KeysetPagination, keyset_of
from itemsvc.resources.plan import behind
from itemsvc.resources.plan.eligibility import EQUIVALENT


class ResourceView(generics.GenericAPIView):
    """What both views of a resource have."""

    #: Names the scopes of its tokens, `RESOURCE:read` and `RESOURCE:write`; by default the model's plural.
    resource: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if not cls.resource and cls.queryset is not None:
            names = cls.queryset.model._meta
            # A name in another script has no slug.
            cls.resource = slugify(str(names.verbose_name_plural)) or str(names.model_name)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The answer of the planned operation, or DRF's."""
        planned = None if args else behind.answer(self, request, kwargs)
        return super().dispatch(request, *args, **kwargs) if planned is None else planned


class ResourceListView(
    IdempotentCreateMixin, BulkCreateMixin, ETagMixin, RowsListMixin, ResourceView, generics.ListCreateAPIView
):
    """`GET` lists, page by page or as a stream of lines; `POST` makes one, or many.

    ``orderings`` are the names that `ordering` takes, the first one by default: columns, each with a minus sign for
    the largest first.
    """

    schema = ListSchema()
    orderings: ClassVar[tuple[str, ...]] = ()
    pagination_class = KeysetPagination
    filter_backends = (StrictFilterBackend,)

    def get_renderers(self) -> list[BaseRenderer]:
        """Reading can also be streamed."""
        renderers = super().get_renderers()
        return [*renderers, ndjson.NDJSONRenderer()] if self.request.method in READ_METHODS else renderers

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The 201 response; an array needs a part of the share of such requests."""
        with shares.bulk_requests.take() if is_array(request) else nullcontext():
            return super().post(request, *args, **kwargs)

    def list(  # type: ignore[override]  # DRF passes a plain Django response on.
        self, request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """One page, or with `Accept: application/x-ndjson` every matching row."""
        if not isinstance(request.accepted_renderer, ndjson.NDJSONRenderer):
            with bounded(used_filters(self, request.query_params)):
                return super().list(request, *args, **kwargs)
        refuse_paging(request)
        ordering = keyset_of(self).read_ordering(request.query_params)
        sign = "-" if ordering.descending else ""
        queryset = self.filter_queryset(self.get_queryset()).order_by(*(sign + column for column in ordering.columns))
        if request.method == "HEAD":
            queryset = queryset.none()
        return ndjson.stream(queryset, self.get_serializer())

    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Where the new row is: below this path, if a view is there; many are in no one place."""
        key = None if isinstance(data, list) else data.get(self.queryset.model._meta.pk.name)  # type: ignore[union-attr,arg-type]
        path = None if key is None else path_below(self.request, key)
        return {"Location": self.request.build_absolute_uri(path)} if path else {}

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """An error is JSON, also for a client that asked for a stream."""
        if getattr(response, "exception", False) and isinstance(
            getattr(request, "accepted_renderer", None), ndjson.NDJSONRenderer
        ):
            render_as_json(request)
        return super().finalize_response(request, response, *args, **kwargs)


class ResourceDetailView(ConditionalWriteMixin, ResourceView, generics.RetrieveUpdateDestroyAPIView):
    """`GET`, `PUT`, `PATCH` and `DELETE` of one row."""

    schema = DetailSchema()

    def get_parsers(self) -> list[BaseParser]:
        """A PATCH in JSON may also be a JSON Merge Patch."""
        parsers = super().get_parsers()
        takes = getattr(self.request, "method", "") == "PATCH" and any(
            isinstance(each, StrictJSONParser) for each in parsers
        )
        return [*parsers, MergePatchParser()] if takes else parsers

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """The serializer; a merge patch is merged with the row's JSON columns."""
        serializer = super().get_serializer(*args, **kwargs)
        if kwargs.get("partial") and merge_patch.is_merge_patch(self.request):
            serializer.initial_data = merge_patch.complete(serializer)
        return serializer


EQUIVALENT.update(
    {
        ResourceView.dispatch,
        ResourceListView.get_renderers,
        ResourceListView.post,
        ResourceListView.list,
        ResourceListView.get_success_headers,
        ResourceListView.finalize_response,
        ResourceDetailView.get_parsers,
        ResourceDetailView.get_serializer,
    }
)


def refuse_paging(request: Request) -> None:
    """Raises ValidationError for parameters that a stream of everything cannot have."""
    if given := [name for name in ("limit", "cursor") if name in request.query_params]:
        raise ValidationError({name: ["Not with application/x-ndjson, which has no pages."] for name in given})

"""Generic views' parts that Django REST Framework leaves slow."""

from __future__ import annotations

from functools import cache
from inspect import getattr_static
from typing import Any

from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer

from itemsvc.http.renderers import JSONRenderer, Rendered
from itemsvc.resources.one_statement import more_than_columns
from itemsvc.resources.pagination import KeysetPagination, keyset_of
from itemsvc.resources.row_json import Rows

#: The methods of a serializer that may choose its members by the request, beside those that ``Rows.of`` looks at.
CHOOSERS = ("__new__", "get_field_names")


@cache
def rows_of(serializer_class: Any) -> Rows | None:
    """The ``Rows`` of a serializer; None also if its members may depend on the request, or a read row on the model."""
    model = getattr(getattr(serializer_class, "Meta", None), "model", None)
    if model is None or any(more_than_columns(model)):
        return None
    chosen = any(
        getattr_static(serializer_class, name) is not getattr_static(ModelSerializer, name, None) for name in CHOOSERS
    )
    return None if chosen else Rows.of(serializer_class)


class RowsListMixin(mixins.ListModelMixin):
    """Lists as JSON from the rows themselves, where the serializer is nothing but columns."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page."""
        view: Any = self
        pages = getattr(type(view.paginator), "get_paginated_response", None)
        rows = rows_of(view.get_serializer_class()) if pages is KeysetPagination.get_paginated_response else None
        renderer = request.accepted_renderer
        if rows is None or type(renderer) is not JSONRenderer or renderer.get_indent(request.accepted_media_type, {}):
            return super().list(request, *args, **kwargs)
        # The paginator reads the places of rows, whether their columns are shown or not.
        more = sorted(keyset_of(view).columns.difference(rows.columns))
        queryset = rows.read(view.filter_queryset(view.get_queryset()), *more, named=True)
        response: Response = view.get_paginated_response(Rendered(rows.array(view.paginate_queryset(queryset))))
        return response

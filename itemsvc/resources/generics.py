"""Generic views' parts that Django REST Framework leaves slow."""

from __future__ import annotations

from typing import Any

from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from itemsvc.http.renderers import JSONRenderer, Rendered
from itemsvc.resources.pagination import keyset_of
from itemsvc.resources.row_json import Rows


class RowsListMixin(mixins.ListModelMixin):
    """Lists as JSON from the rows themselves, where the serializer is nothing but columns."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page."""
        view: Any = self
        rows = Rows.of(view.get_serializer_class())
        renderer = request.accepted_renderer
        if rows is None or type(renderer) is not JSONRenderer or renderer.get_indent(request.accepted_media_type, {}):
            return super().list(request, *args, **kwargs)
        # The paginator reads the places of rows, whether their columns are shown or not.
        more = sorted(keyset_of(view).columns.difference(rows.columns))
        queryset = rows.read(view.filter_queryset(view.get_queryset()), *more, named=True)
        response: Response = view.get_paginated_response(Rendered(rows.array(view.paginate_queryset(queryset))))
        return response

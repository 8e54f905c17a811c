"""Keyset pages: page 10,000 costs as much as page 1, and inserts or deletes between two requests shift no row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self, TypeVar

from django.db.models import Field, Func, Model, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.template.loader import render_to_string
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from itemsvc.http.links import link_header
from itemsvc.resources.cursors import Cursor, Ordering

R = TypeVar("R")
Place = tuple[Any, ...]

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
#: The comparison with the cursor's place, by two conditions: towards smaller values, and including the place.
COMPARISONS: dict[tuple[bool, bool], tuple[str, Any]] = {
    (True, False): ("lt", LessThan),
    (True, True): ("lte", LessThanOrEqual),
    (False, False): ("gt", GreaterThan),
    (False, True): ("gte", GreaterThanOrEqual),
}


class RowValue(Func):
    """Compares several columns as one: the first difference decides. PostgreSQL finds the place in an index."""

    function = "ROW"
    output_field = Field()


@dataclass(frozen=True)
class Window:
    """The requested page: at most ``limit`` rows from ``cursor`` on."""

    limit: int
    ordering: Ordering
    cursor: Cursor | None

    @property
    def backward(self) -> bool:
        """Whether the page ends at the cursor and the statement reads backwards from there."""
        return self.cursor is not None and self.cursor.backward

    def cut(self, queryset: QuerySet) -> QuerySet:
        """The page's rows, in reverse order if backward, and one more, which tells whether there is another page."""
        downward = self.ordering.descending is not self.backward
        if self.cursor:
            queryset = queryset.filter(self._beyond(self.cursor, downward))
        sign = "-" if downward else ""
        return queryset.order_by(*(f"{sign}{column}" for column in self.ordering.columns))[: self.limit + 1]

    def _beyond(self, cursor: Cursor, downward: bool) -> Any:
        fields = self.ordering.fields
        lookup, compare = COMPARISONS[downward, cursor.inclusive]
        if len(fields) == 1:
            return Q(**{f"{fields[0].attname}__{lookup}": cursor.place[0]})
        values = [Value(value, output_field=field) for field, value in zip(fields, cursor.place, strict=True)]
        return compare(RowValue(*self.ordering.columns), RowValue(*values))

    def page(self, rows: Sequence[R]) -> tuple[Sequence[R], bool]:
        """The page, made from the rows of ``cut``, in the list's order, and whether there is another page."""
        page = rows[: self.limit]
        return page[::-1] if self.backward else page, len(rows) > self.limit

    def links(self, first: Place | None, last: Place | None, more: bool) -> list[tuple[str, str]]:
        """`next` and `prev` with their cursors, if they exist. ``first`` and ``last`` are places on this page."""
        relations = []
        if self.backward or more:
            relations.append(("next", self._beside(last, backward=False)))
        if self.cursor is not None and (not self.backward or more):
            relations.append(("prev", self._beside(first, backward=True)))
        return relations

    def _beside(self, place: Place | None, *, backward: bool) -> str:
        if place is not None:
            return Cursor(self.ordering, place, backward).encode()
        # The page has become empty, so the page beside it begins with the row at the cursor.
        assert self.cursor is not None  # noqa: S101  (an empty first page has no links)
        return Cursor(self.ordering, self.cursor.place, backward, inclusive=True).encode()


@dataclass(frozen=True)
class Keyset:
    """The orderings of a list; the first is the default."""

    orderings: Mapping[str, Ordering]

    @classmethod
    @cache
    def of(cls, model: type[Model], names: Sequence[str] | None) -> Self:
        """The orderings with these names; without names, the order of the model's key, newest first."""
        key = (*getattr(model, "key_orders", ()), model._meta.pk.name)[0]
        return cls({name: Ordering.of(model, name) for name in names or (f"-{key}", key)})

    @property
    def columns(self) -> frozenset[str]:
        """The columns that they compare."""
        return frozenset(column for ordering in self.orderings.values() for column in ordering.columns)

    def read(self, parameters: Mapping[str, str]) -> Window:
        """The window for these query parameters; raises ValidationError that names a malformed one."""
        limit = read_limit(parameters)
        ordering = self.read_ordering(parameters)
        return Window(limit, ordering, self._read_cursor(parameters, ordering))

    def read_ordering(self, parameters: Mapping[str, str]) -> Ordering:
        """`ordering`, or its default; raises ValidationError."""
        ordering = self.orderings.get(parameters.get("ordering", next(iter(self.orderings))))
        if ordering is None:
            raise ValidationError({"ordering": [f"Must be {' or '.join(sorted(self.orderings, reverse=True))}."]})
        return ordering

    def _read_cursor(self, parameters: Mapping[str, str], ordering: Ordering) -> Cursor | None:
        text = parameters.get("cursor")
        if text is None:
            return None
        try:
            cursor = Cursor.decode(text, self.orderings)
        except ValueError:
            raise ValidationError({"cursor": ["Is not a cursor of this service."]}) from None
        if cursor.ordering != ordering:
            raise ValidationError({"cursor": ["Belongs to the other ordering."]})
        return cursor


def keyset_of(view: Any) -> Keyset:
    """The keyset of a view or a view class, from its ``orderings``."""
    names = getattr(view, "orderings", None)
    return Keyset.of(view.queryset.model, names and tuple(names))


class KeysetPagination(BasePagination):
    """A bare array, with `Link: <…>; rel="next"` and `rel="prev"` (RFC 8288)."""

    display_page_controls = True
    template = "rest_framework/pagination/previous_and_next.html"

    # The values for a response without a page: an error, or the response to POST.
    window: Window | None = None
    rows: Sequence[Any] = ()
    more = False

    def paginate_queryset(  # type: ignore[override]  # It pages in the database, so it takes no list.
        self, queryset: QuerySet, request: Request, view: APIView | None = None
    ) -> Sequence[Any]:
        """At most `limit` rows; raises ValidationError that names a malformed parameter."""
        self.url = request.build_absolute_uri()
        self.window = keyset_of(view).read(request.query_params)
        self.rows, self.more = self.window.page(list(self.window.cut(queryset)))
        return self.rows

    def get_paginated_response(self, data: Any) -> Response:
        """The array, and the Link header if there is another page."""
        return Response(data, headers=link_header(self.links()))

    def links(self) -> list[tuple[str, str]]:
        """`next` and `prev` with their addresses, if they exist."""
        if self.window is None:
            return []
        place = self.window.ordering.place
        first, last = (place(self.rows[0]), place(self.rows[-1])) if self.rows else (None, None)
        links = self.window.links(first, last, self.more)
        return [(relation, replace_query_param(self.url, "cursor", cursor)) for relation, cursor in links]

    def to_html(self) -> str:
        """The browsable API's links to the previous and the next page; empty if there is neither."""
        links = dict(self.links())
        context = {"previous_url": links.get("prev"), "next_url": links.get("next")}
        return render_to_string(self.template, context) if links else ""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The array itself, because the links are in the Link header."""
        return schema

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """The parameters `limit`, `cursor` and `ordering`."""
        names = list(keyset_of(view).orderings)
        limits = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        cursors = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
        orderings = {"type": "string", "enum": names, "default": names[0], "x-enum-varnames": _constants(names)}
        return [
            _parameter("limit", limits, "The largest number of objects on a page."),
            _parameter("cursor", cursors, "Where the page starts. Clients take it from a Link header."),
            _parameter("ordering", orderings, "The sort order. A minus sign puts the largest value first."),
        ]


def _constants(orderings: list[str]) -> list[str]:
    """What clients' generators call them. A minus sign is no letter, so without these they number them."""
    return [f"{name.lstrip('-')}_{'de' if name[0] == '-' else 'a'}scending".upper() for name in orderings]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"in": "query", "name": name, "required": False, "schema": schema, "description": description}


def read_limit(parameters: Mapping[str, str]) -> int:
    """`limit`, or its default; raises ValidationError."""
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    if re.fullmatch(r"[0-9]{1,4}", text) and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise ValidationError({"limit": [f"Must be a whole number from 1 to {MAX_LIMIT}."]})

"""Pages cut by key: page 10,000 costs what page 1 costs, and inserts and deletes between two pages shift nothing."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django.db.models import QuerySet
from django.template.loader import render_to_string
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from itemsvc.links import link_header

R = TypeVar("R")

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
NEWEST_FIRST, OLDEST_FIRST = "-created_at", "created_at"
LARGEST_KEY = 2**128 - 1


@dataclass(frozen=True)
class Cursor:
    """A place between two items of one ordering, and the way to go from there.

    ``descending`` and ``backward`` are about the listing: `prev` of a newest-first listing goes towards newer keys.
    """

    key: uuid.UUID
    descending: bool
    backward: bool

    def encode(self) -> str:
        """28 URL-safe characters: flags (1 byte), key (16), checksum (4)."""
        payload = bytes([self.descending | self.backward << 1]) + self.key.bytes
        return base64.urlsafe_b64encode(payload + _checksum(payload)).decode()

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """The cursor that ``encode`` wrote; raises ValueError for anything else."""
        try:
            raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raise ValueError(text) from None
        payload, checksum = raw[:17], raw[17:]
        # The standard alphabet's + and / are decoded too: only what `encode` writes is a cursor.
        if len(text) != 28 or {"+", "/"} & set(text) or checksum != _checksum(payload) or payload[0] > 3:
            raise ValueError(text)
        return cls(uuid.UUID(bytes=payload[1:]), bool(payload[0] & 1), bool(payload[0] & 2))


def _checksum(payload: bytes) -> bytes:
    # Against damage, not against forgery: whoever makes up a cursor can only name a key to start from.
    return hashlib.blake2s(payload, digest_size=4).digest()


@dataclass(frozen=True)
class Window:
    """The page that was asked for: at most ``limit`` rows, from ``cursor`` on."""

    limit: int
    descending: bool
    cursor: Cursor | None

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> Window:
        """Out of a query string's parameters; raises ValidationError naming a malformed one."""
        limit = read_limit(parameters)
        descending = read_ordering(parameters) == NEWEST_FIRST
        return cls(limit, descending, read_cursor(parameters, descending))

    @property
    def backward(self) -> bool:
        """Whether the page ends at the cursor, and is read in reverse from there."""
        return self.cursor is not None and self.cursor.backward

    def cut(self, queryset: QuerySet) -> QuerySet:
        """Its rows and one more, which tells whether there is another page; backward in reverse order."""
        downward = self.descending is not self.backward
        if self.cursor:
            queryset = queryset.filter(**{"id__lt" if downward else "id__gt": self.cursor.key})
        return queryset.order_by("-id" if downward else "id")[: self.limit + 1]

    def page(self, rows: Sequence[R]) -> tuple[Sequence[R], bool]:
        """The page out of what ``cut`` selected, in the listing's order, and whether there is another one."""
        page = rows[: self.limit]
        return page[::-1] if self.backward else page, len(rows) > self.limit

    def links(self, first: uuid.UUID | None, last: uuid.UUID | None, more: bool) -> list[tuple[str, str]]:
        """`next` and `prev`, as far as they exist, with each one's cursor; ``first`` and ``last`` key of the page."""
        relations = []
        if self.backward or more:
            relations.append(("next", Cursor(last or self._beside(False), self.descending, False).encode()))
        if self.cursor is not None and (not self.backward or more):
            relations.append(("prev", Cursor(first or self._beside(True), self.descending, True).encode()))
        return relations

    def _beside(self, backward: bool) -> uuid.UUID:
        """On a page that has become empty: the key beside the cursor's, so that what is read from it includes that."""
        assert self.cursor is not None  # noqa: S101  (an empty first page has no links)
        step = -1 if self.descending is backward else 1
        return uuid.UUID(int=min(max(self.cursor.key.int + step, 0), LARGEST_KEY))


class KeysetPagination(BasePagination):
    """A bare array, with `Link: <…>; rel="next"` and `rel="prev"` (RFC 8288)."""

    parameters: ClassVar[tuple[str, ...]] = ("limit", "cursor", "ordering")
    window_class, cursor_class = Window, Cursor
    display_page_controls = True
    template = "rest_framework/pagination/previous_and_next.html"

    # What a response without a page (an error, a POST's) has.
    window: Window | None = None
    rows: Sequence[Any] = ()
    more = False

    def paginate_queryset(  # type: ignore[override]  # Pages are cut in the database, so a list has none.
        self, queryset: QuerySet, request: Request, view: APIView | None = None
    ) -> Sequence[Any]:
        """At most `limit` rows; raises ValidationError naming a malformed parameter."""
        self.url = request.build_absolute_uri()
        self.window = self.window_class.read(request.query_params)
        self.rows, self.more = self.window.page(list(self.window.cut(queryset)))
        return self.rows

    def get_paginated_response(self, data: Any) -> Response:
        """The array, and the Link header where there is another page."""
        return Response(data, headers=link_header(self.links()))

    def links(self) -> list[tuple[str, str]]:
        """`next` and `prev`, as far as they exist, with the address of each."""
        if self.window is None:
            return []
        first, last = (self.rows[0].id, self.rows[-1].id) if self.rows else (None, None)
        links = self.window.links(first, last, self.more)
        return [(relation, replace_query_param(self.url, "cursor", cursor)) for relation, cursor in links]

    def to_html(self) -> str:
        """The browsable API's links to the page before and after; empty where there is neither."""
        links = dict(self.links())
        context = {"previous_url": links.get("prev"), "next_url": links.get("next")}
        return render_to_string(self.template, context) if links else ""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The array itself: paging is in the Link header."""
        return schema

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """What `limit`, `cursor` and `ordering` take."""
        return [
            _parameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
                "How many items a page holds.",
            ),
            _parameter(
                "cursor",
                {"type": "string", "minLength": 28, "maxLength": 28},
                "Where the page starts: from a Link header, not to be made up.",
            ),
            _parameter(
                "ordering",
                {"type": "string", "enum": [NEWEST_FIRST, OLDEST_FIRST], "default": NEWEST_FIRST},
                "Newest or oldest first.",
            ),
        ]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"in": "query", "name": name, "required": False, "schema": schema, "description": description}


def read_limit(parameters: Mapping[str, str]) -> int:
    """`limit`, or its default; raises ValidationError."""
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    if re.fullmatch(r"[0-9]{1,4}", text) and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise ValidationError({"limit": [f"Must be a whole number from 1 to {MAX_LIMIT}."]})


def read_ordering(parameters: Mapping[str, str]) -> str:
    """`ordering`, or its default; raises ValidationError."""
    ordering = parameters.get("ordering", NEWEST_FIRST)
    if ordering in (NEWEST_FIRST, OLDEST_FIRST):
        return ordering
    raise ValidationError({"ordering": [f"Must be {OLDEST_FIRST} or {NEWEST_FIRST}."]})


def read_cursor(parameters: Mapping[str, str], descending: bool) -> Cursor | None:
    """`cursor`, or None; raises ValidationError, also for a cursor of the other ordering."""
    text = parameters.get("cursor")
    if text is None:
        return None
    try:
        cursor = Cursor.decode(text)
    except ValueError:
        raise ValidationError({"cursor": ["Is not a cursor of this service."]}) from None
    if cursor.descending is not descending:
        raise ValidationError({"cursor": ["Belongs to the other ordering."]})
    return cursor

"""The operations that read: a page, one object."""

from __future__ import annotations

import re
import uuid
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote_plus, unquote_plus

from django.conf import settings
from django.core import exceptions
from django.db.models import Model, UUIDField
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

from itemsvc.auth import authentication
from itemsvc.http.links import link_header
from itemsvc.limits import throttle
from itemsvc.resources.conditional import VERSION, ETagMixin, is_known_to_client
from itemsvc.resources.etags import item_etag, list_etag
from itemsvc.resources.generics import rows_of
from itemsvc.resources.pagination import KeysetPagination, Window, keyset_of
from itemsvc.resources.plan.asked import Answer, Asked, Header
from itemsvc.resources.plan.eligibility import Obstacle, filters_only_by_parameters, member_obstacles, obstacles
from itemsvc.resources.plan.filters import text_filters
from itemsvc.resources.plan.negotiation import Negotiation
from itemsvc.resources.plan.statements import SAMPLE
from itemsvc.resources.row_json import Row

#: Headers that only DRF's path understands, unless they are an operation's conditions.
DRF_HEADERS = frozenset({"HTTP_IDEMPOTENCY_KEY", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_TRANSFER_ENCODING"})
WITHOUT_CONTENT = (204, 304)
R = TypeVar("R", bound=HttpResponse)

#: A parameter's name and value. Group 2 is a value that needs no decoding, group 3 one that may be percent-encoded.
#: PostgreSQL's text cannot hold NUL.
PARAMETER = re.compile(r"(\w+)=(?:([\w-]+)|((?:[\w.~!*'(),:@/+-]|%(?!00)[0-9A-Fa-f]{2})+))", re.ASCII)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Operation:
    """One method of one view."""

    name = ""
    method = "GET"
    status_code = 200
    #: The headers of a condition that the operation understands.
    conditions: frozenset[str] = frozenset()
    #: Whether the answer shows a row.
    needs_rows = True

    def __init__(self, view: Any):
        self.view_class = view
        self.rows: Any = rows_of(view.serializer_class)
        needs_scope = settings.API_AUTH != "none" or authentication.HasScope in view.permission_classes
        self.scope = authentication.needed_scope(view, self.method) if needs_scope else ""
        self.tagged = issubclass(view, ETagMixin)
        # The column that is read after the serializer's columns.
        self.version = (VERSION,) if self.tagged and _has(view.queryset.model, VERSION) else ()
        self._left = DRF_HEADERS - self.conditions
        example = view()
        example.setup(HttpRequest())  # Adds HEAD to the methods in Allow.
        example.request.method = self.method
        self._headers = example.default_response_headers
        self.negotiation = Negotiation(example.get_content_negotiator(), example.get_renderers())

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """What the view does for this operation that is not planned; each presumes that those before it are gone."""
        yield from obstacles(view, cls.name, cls.method)
        if cls.needs_rows:
            yield from member_obstacles(view.serializer_class)

    def takes(self, environ: dict[str, Any]) -> bool:
        """Whether the client wants JSON, no header asks for more, and the caller is known and has a permit."""
        return (
            self.negotiation.selects_json(environ.get("HTTP_ACCEPT", "*/*"))
            and self._left.isdisjoint(environ)
            and authentication.admits(environ, self.scope)
            and throttle.admits(environ)
        )

    def response(self, status: int, kind: type[R]) -> R:
        """An empty response with this status, and with the headers that the view gives it."""
        response = kind(status=status, content_type="application/json", headers=self._headers)
        if status in WITHOUT_CONTENT:
            del response["Content-Type"]
        return response

    def answer(self, asked: Asked) -> Answer | None:
        """The response; None to leave the request to DRF's path.

        Raises psycopg2's and Django's database errors.
        """
        raise NotImplementedError

    def content(self, asked: Asked, row: Row, *headers: Header) -> Answer:
        """One object as JSON; ``headers`` and its ETag."""
        body = self.rows.one(row)
        tag = item_etag(row[-1], body) if self.version else None
        return self.unless_known(asked, body, [*headers], tag)

    def unless_known(self, asked: Asked, body: bytes, headers: list[Header], tag: str | None) -> Answer:
        """The answer, with its tag; 304 if the client names that tag."""
        if tag is None:
            return Answer(body, headers, self.status_code)
        headers.append(("ETag", tag))
        if "HTTP_IF_NONE_MATCH" in asked.environ and is_known_to_client(asked.environ, tag):
            return Answer(b"", headers, 304, len(body))
        return Answer(body, headers, self.status_code)


class List(Operation):
    """`GET` of a page."""

    name = "list"
    conditions = frozenset({"HTTP_IF_NONE_MATCH"})

    def __init__(self, view: Any):
        super().__init__(view)
        self.paginator, self.keyset = self.view_class.pagination_class, keyset_of(self.view_class)
        self.filters = text_filters(self.view_class)
        self.key = self.rows.columns.index("id")
        self.statement = lru_cache(maxsize=4096)(self._statement)

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """Another pagination than by a UUID key, and filters that do something without a parameter."""
        yield from super().obstacles(view)
        if not filters_only_by_parameters(view):
            yield Obstacle("has filters that may do anything", view)
        # A cursor needs the UUID of a row, which the row has as its member `id`.
        if view.pagination_class is not KeysetPagination or not isinstance(view.queryset.model._meta.pk, UUIDField):
            yield Obstacle("has other pages than by a UUID key", view)
        elif keyset_of(view).columns != {"id"}:
            yield Obstacle("orders by another column than the key", view)

    def answer(self, asked: Asked) -> Answer | None:
        """A page, by the paginator's parameters and by text filters."""
        parameters = read_parameters(asked.environ.get("QUERY_STRING", ""), self.paginator.parameters, self.filters)
        if parameters is None:
            return None
        try:
            window = self.keyset.read(parameters)
            texts = {
                name: each.parameter(parameters[name]) for name, each in self.filters.items() if name in parameters
            }
        except (ValidationError, exceptions.ValidationError):
            return None
        cursor = window.cursor
        shape = cursor and replace(cursor, place=(uuid.UUID(int=0),))
        sql = self.statement(replace(window, cursor=shape), tuple(texts))
        if sql is None:
            return None
        values = [*texts.values(), str(cursor.place[0])] if cursor else [*texts.values()]
        # The best index depends on the text, but a prepared statement may use one plan for every text.
        rows, more = window.page(asked.fetch(sql, values, repeatable=True, prepared=not texts))
        first, last = ((rows[0][self.key],), (rows[-1][self.key],)) if rows else (None, None)
        links = window.links(first, last, more)
        parameters |= {name: quote_plus(parameters[name]) for name in texts}
        headers = link_header((relation, _address(asked, parameters, cursor)) for relation, cursor in links)
        body = self.rows.array(rows)
        tag = list_etag(body, headers.get("Link", "")) if self.tagged else None
        return self.unless_known(asked, body, [*headers.items()], tag)

    def _statement(self, window: Window, names: tuple[str, ...]) -> str | None:
        """The SQL; None if its parameters are not exactly those of the filters and then the cursor's."""
        queryset, expected = self.view_class.queryset.all(), [self.filters[name].sample for name in names]
        for name in names:
            queryset = self.filters[name].narrow(queryset)
        sql, parameters = self.rows.select(window.cut(queryset))
        return sql if [*parameters] == expected + ([*window.cursor.place] if window.cursor else []) else None


class DetailOperation(Operation):
    """An operation on one object, by its UUID."""

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """Another key than a UUID, and filters, which may depend on anything."""
        yield from super().obstacles(view)
        if not isinstance(view.queryset.model._meta.pk, UUIDField):
            yield Obstacle("has another key than a UUID", view.queryset.model)
        if view.filter_backends or api_settings.URL_FORMAT_OVERRIDE:
            yield Obstacle("has parameters, by filter_backends or URL_FORMAT_OVERRIDE", view)


class Retrieve(DetailOperation):
    """`GET` of one object by its UUID."""

    name = "retrieve"
    conditions = frozenset({"HTTP_IF_NONE_MATCH"})

    def __init__(self, view: Any):
        super().__init__(view)
        self.sql, _ = self.rows.select(self.view_class.queryset.filter(pk=SAMPLE), *self.version)

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """A queryset that adds parameters to the statement."""
        yield from super().obstacles(view)
        if view.queryset.query.sql_with_params()[1]:
            yield Obstacle("has a queryset with values of its own", view)

    def answer(self, asked: Asked) -> Answer | None:
        """The object; None if there is none, for DRF's path to answer 404."""
        found = asked.fetch(self.sql, (asked.key,), repeatable=True) if UUID.fullmatch(asked.key) else []
        return self.content(asked, found[0]) if found else None


def _has(model: type[Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)


def _address(asked: Asked, parameters: Mapping[str, str], cursor: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in sorted({**parameters, "cursor": cursor}.items()))
    return f"{asked.address}?{query}"


def read_parameters(query: str, unencoded: Container[str], encoded: Container[str]) -> dict[str, str] | None:
    """A query string's decoded parameters; None unless each one is known and given once.

    ``unencoded`` are the names whose value must need no decoding, ``encoded`` the names whose value may need it.
    """
    parameters: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        match = PARAMETER.fullmatch(pair)
        if not match or match[1] in parameters:
            return None
        name, word, text = match.groups()
        if name not in encoded and (text or name not in unencoded):
            return None
        try:
            parameters[name] = word or unquote_plus(text, errors="strict")
        except UnicodeDecodeError:
            return None
    return parameters

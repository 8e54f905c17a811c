"""The operations that read: a page, one object."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.core import exceptions
from django.core.exceptions import EmptyResultSet
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

from itemsvc.auth import authentication
from itemsvc.http.links import link_header
from itemsvc.limits import throttle
from itemsvc.limits.shares import Busy, is_large
from itemsvc.resources.conditional import VERSION, ETagMixin, is_known_to_client
from itemsvc.resources.etags import item_etag, list_etag
from itemsvc.resources.filters import bounded, known_parameters
from itemsvc.resources.generics import rows_of
from itemsvc.resources.pagination import KeysetPagination, Window, keyset_of
from itemsvc.resources.plan.asked import Answer, Asked, Header
from itemsvc.resources.plan.database import database
from itemsvc.resources.plan.eligibility import Obstacle, filters_only_by_parameters, member_obstacles, obstacles
from itemsvc.resources.plan.filters import ListFilter, list_filters
from itemsvc.resources.plan.hooks import Selection, own_values, selections
from itemsvc.resources.plan.keys import Key, key_of
from itemsvc.resources.plan.negotiation import Negotiation
from itemsvc.resources.plan.statements import one
from itemsvc.resources.row_json import Row

#: Headers that only DRF's path understands, unless they are an operation's conditions.
DRF_HEADERS = frozenset(
    {"HTTP_IDEMPOTENCY_KEY", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING"}
)
WITHOUT_CONTENT = (204, 304)
R = TypeVar("R", bound=HttpResponse)

#: The largest number of statements kept for a list: one for each limit, ordering and set of filters.
MAX_STATEMENTS = 4096


class Operation:
    """One method of one view."""

    name = ""
    method = "GET"
    status_code = 200
    #: The headers of a condition that the operation understands.
    conditions: frozenset[str] = frozenset()
    #: How a path names the operation's row; None if it is about no row that is there.
    key: Key | None = None
    #: Whether the answer shows a row.
    needs_rows = True

    def __init__(self, view: Any):
        self.view_class = view
        self.rows: Any = rows_of(view.serializer_class)
        self.selection = selections(view)
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

    def takes(self, environ: dict[str, Any], key: str = "") -> bool:
        """Whether the client wants JSON, no header asks for more, and the caller is known and has a permit."""
        return (
            self.negotiation.selects_json(environ.get("HTTP_ACCEPT", "*/*"))
            and self._left.isdisjoint(environ)
            and not is_large(environ)
            and authentication.admits(environ, self.scope)
            and throttle.admits(environ)
        )

    def response(self, status: int, kind: type[R], body: bytes = b"") -> R:
        """A response with this status and body, and with the headers that the view gives it."""
        response = kind(body, status=status, content_type="application/json", headers=self._headers)
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
        self.keyset, self.filters = keyset_of(self.view_class), list_filters(self.view_class)
        self.parameters = {*known_parameters(self.view_class()), *self.filters}
        #: What is read beside the serializer's columns, because a cursor names it.
        self.more = tuple(sorted(self.keyset.columns.difference(self.rows.columns)))
        self.places = {name: place for place, name in enumerate(self.rows.columns + self.more)}
        self.statements: dict[Hashable, str] = {}

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """Another pagination, and filters that do something without a parameter."""
        yield from super().obstacles(view)
        if not filters_only_by_parameters(view):
            yield Obstacle("has filters that may do anything", view)
        if view.pagination_class is not KeysetPagination:
            yield Obstacle("has another pagination", view)

    def answer(self, asked: Asked) -> Answer | None:
        """A page, by the paginator's parameters and by filters."""
        parameters = read_parameters(asked.environ.get("QUERY_STRING", ""), self.parameters)
        selection = self.selection(asked.environ)
        if parameters is None or selection is None:
            return None
        try:
            window = self.keyset.read(parameters)
            # In the order of the filter set, which is the order of the statement's conditions.
            filters = {each: each.clean(parameters[name]) for name, each in self.filters.items() if name in parameters}
            conditions = [each.condition(value) for each, value in filters.items()]
        except (ValidationError, exceptions.ValidationError):
            return None
        texts, filtered = zip(*conditions, strict=True) if conditions else ((), ())
        values = [*selection.values, *chain.from_iterable(filtered), *place_values(window)]
        sql = self._statement(selection, window, filters, texts, values)
        if not sql:
            return None
        # The best index depends on the values, but a prepared statement may use one plan for all values.
        prepared = not (filters or selection.values)
        try:
            with bounded(filters):
                rows, more = window.page(asked.fetch(sql, values, repeatable=True, prepared=prepared))
        except Busy:
            return None  # DRF's path refuses it.
        first, last = (self._place(window, rows[0]), self._place(window, rows[-1])) if rows else (None, None)
        links = window.links(first, last, more)
        queries = [(relation, sorted({**parameters, "cursor": cursor}.items())) for relation, cursor in links]
        headers = link_header((relation, f"{asked.address}?{urlencode(query)}") for relation, query in queries)
        try:
            body = self.rows.array(rows)
        except ValueError:  # JSON has no NaN.
            return None
        tag = list_etag(body, headers.get("Link", "")) if self.tagged else None
        return self.unless_known(asked, body, [*headers.items()], tag)

    def _statement(
        self,
        selection: Selection,
        window: Window,
        filters: Mapping[ListFilter, Any],
        conditions: tuple[str, ...],
        values: list[Any],
    ) -> str:
        """The SQL; empty if its parameters are not exactly ``values``. It is made once for all values."""
        cursor = window.cursor and (window.cursor.backward, window.cursor.inclusive)
        key = (selection.sql, window.limit, window.ordering.name, cursor, conditions)
        sql = self.statements.get(key)
        if sql is None:
            queryset = selection.queryset.all()
            for each, value in filters.items():
                queryset = each.narrow(queryset, value)
            sql, parameters = self.rows.select(window.cut(queryset), *self.more)
            if len(self.statements) >= MAX_STATEMENTS:
                self.statements.clear()
            sql = self.statements[key] = sql if [*parameters] == values else ""
        return sql

    def _place(self, window: Window, row: Row) -> tuple[Any, ...]:
        return tuple(field.to_python(row[self.places[field.attname]]) for field in window.ordering.fields)


class DetailOperation(Operation):
    """An operation on one object, by its key."""

    def __init__(self, view: Any):
        super().__init__(view)
        self.key = key_of(view.queryset.model)

    def takes(self, environ: dict[str, Any], key: str = "") -> bool:
        """The same; the text must be a key."""
        return self.key is not None and bool(self.key.text.fullmatch(key)) and super().takes(environ, key)

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """Another key than a UUID or an integer, and filters, which may depend on anything."""
        yield from super().obstacles(view)
        if key_of(view.queryset.model) is None:
            yield Obstacle("has a key that is neither a UUID nor an integer", view.queryset.model)
        if view.filter_backends or api_settings.URL_FORMAT_OVERRIDE:
            yield Obstacle("has parameters, by filter_backends or URL_FORMAT_OVERRIDE", view)


class Retrieve(DetailOperation):
    """`GET` of one object."""

    name = "retrieve"
    conditions = frozenset({"HTTP_IF_NONE_MATCH"})

    def __init__(self, view: Any):
        super().__init__(view)
        self.sql = lru_cache(maxsize=16)(self._sql)

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """A queryset with parameters beside those of its condition."""
        yield from super().obstacles(view)
        with suppress(EmptyResultSet):
            if view.queryset.query.sql_with_params()[1] == own_values(view.queryset):
                return
        yield Obstacle("has a queryset with values outside of its condition", view)

    def answer(self, asked: Asked) -> Answer | None:
        """The object; None if there is none, for DRF's path to answer 404."""
        if (selection := self.selection(asked.environ)) is None:
            return None
        found = asked.fetch(self.sql(selection), (*selection.values, asked.key), repeatable=True)
        with suppress(ValueError):  # JSON has no NaN.
            return self.content(asked, found[0]) if found else None
        return None

    def _sql(self, selection: Selection) -> str:
        sql: str = self.rows.select(one(selection.queryset, 0), *self.version)[0]
        return sql


def place_values(window: Window) -> list[Any]:
    """The parameters that the window's cursor adds to a statement."""
    if window.cursor is None:
        return []
    fields = zip(window.ordering.fields, window.cursor.place, strict=True)
    return [field.get_db_prep_value(value, database.connection) for field, value in fields]


def _has(model: type[Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)


def read_parameters(query: str, known: Container[str]) -> dict[str, str] | None:
    """A query string's decoded parameters; None unless each one is known, has a value and is given once."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except ValueError:
        return None
    # PostgreSQL's text cannot hold NUL. What follows "#" is in no link.
    fit = all(name in known and value and "\0" not in value for name, value in pairs)
    parameters = dict(pairs)
    return parameters if fit and len(parameters) == len(pairs) and query.isascii() and "#" not in query else None

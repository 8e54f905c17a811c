"""The operations of the fast path: a page, one object, a new object."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Container, Hashable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from django.conf import settings
from django.core import exceptions
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.views import APIView

from itemsvc.auth.authentication import needed_scope
from itemsvc.fast.body import read_body
from itemsvc.fast.database import database, fetch
from itemsvc.fast.eligibility import filters_only_by_parameters, is_known
from itemsvc.fast.filters import ListFilter, list_filters, own_values
from itemsvc.fast.insert import Insert
from itemsvc.fast.negotiation import Negotiation
from itemsvc.fast.references import leave_to_constraints
from itemsvc.fast.response_templates import Environ, ResponseTemplate
from itemsvc.http import parsers
from itemsvc.http.links import link_header
from itemsvc.resources.conditional import VERSION, ETagMixin
from itemsvc.resources.etags import item_etag, list_etag
from itemsvc.resources.pagination import KeysetPagination, Window, keyset_of
from itemsvc.resources.row_json import Row, Rows

View = Callable[..., Any]
Content = tuple[bytes, list[tuple[str, str]]]

#: A parameter's name and value. Group 2 is a value that needs no decoding, group 3 one that may be percent-encoded.
#: PostgreSQL's text cannot hold NUL.
PARAMETER = re.compile(r"(\w+)=(?:([\w-]+)|((?:[\w.~!*'(),:@/+-]|%(?!00)[0-9A-Fa-f]{2})+))", re.ASCII)
#: The largest number of statements kept for a list: one for each limit, ordering and set of filters.
MAX_STATEMENTS = 4096
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Operation:
    """One method of one view."""

    name = ""
    method = "GET"
    status_code = 200

    def __init__(self, view: View, rows: Rows, path: str):
        self.view = view
        self.view_class = view.cls  # type: ignore[attr-defined]
        self.negotiation = self._negotiation()
        self.rows = rows
        self.path = path
        self.route = path
        self.scope = needed_scope(self.view_class, self.method) if settings.API_AUTH != "none" else ""
        self.tagged = issubclass(self.view_class, ETagMixin)
        # The column that is read after the serializer's columns.
        self.version = (VERSION,) if self.tagged and _has(self.view_class.queryset.model, VERSION) else ()

    def _negotiation(self) -> Negotiation:
        view = self.view_class(**self.view.initkwargs)  # type: ignore[attr-defined]
        view.request = HttpRequest()
        view.request.method = self.method
        return Negotiation(view.get_content_negotiator(), view.get_renderers())

    @classmethod
    def fits(cls, view: type[APIView]) -> bool:
        """Whether the view does nothing for this operation that the fast path does not know."""
        return is_known(view, cls.name)

    def prototype(self) -> HttpResponse:
        """An empty response with the status and headers that the view gives it."""
        view = self.view_class(**self.view.initkwargs)  # type: ignore[attr-defined]
        view.setup(None)  # Adds HEAD to the methods in Allow.
        return HttpResponse(
            content_type="application/json", status=self.status_code, headers=view.default_response_headers
        )

    def answer(self, environ: Environ, template: ResponseTemplate, name: str) -> Content | None:
        """The body and the response's own headers; None to leave the request to DRF's path.

        ``name`` is the part of the URL after the operation's path, without the slash.

        Raises psycopg2's and Django's database errors.
        """
        raise NotImplementedError

    def content(self, row: Row, *headers: tuple[str, str]) -> Content:
        """One object as JSON; ``headers`` and its ETag."""
        body = self.rows.one(row)
        return body, [*headers, ("ETag", item_etag(row[-1], body))] if self.version else [*headers]


class List(Operation):
    """`GET` of a page."""

    name = "list"

    def __init__(self, view: View, rows: Rows, path: str):
        super().__init__(view, rows, path)
        self.paginator, self.keyset = self.view_class.pagination_class, keyset_of(self.view_class)
        self.filters, self.own = list_filters(self.view_class), own_values(self.view_class.queryset)
        #: What is read beside the serializer's columns, because a cursor names it.
        self.more = tuple(sorted(self.keyset.columns.difference(rows.columns)))
        self.places = {name: place for place, name in enumerate(rows.columns + self.more)}
        self.statements: dict[Hashable, str] = {}

    @classmethod
    def fits(cls, view: type[Any]) -> bool:
        """Only with keyset pagination, and filters that do nothing without a parameter."""
        return view.pagination_class is KeysetPagination and filters_only_by_parameters(view) and super().fits(view)

    def answer(self, environ: Environ, template: ResponseTemplate, name: str) -> Content | None:
        """A page, by the paginator's parameters and by filters."""
        parameters = read_parameters(environ.get("QUERY_STRING", ""), self.paginator.parameters, self.filters)
        if parameters is None:
            return None
        try:
            window = self.keyset.read(parameters)
            # In the order of the filter set, which is the order of the statement's conditions.
            filters = {each: each.clean(parameters[name]) for name, each in self.filters.items() if name in parameters}
            conditions = [each.condition(value) for each, value in filters.items()]
        except (ValidationError, exceptions.ValidationError):
            return None
        values = [*self.own, *(value for _, of_filter in conditions for value in of_filter), *place_values(window)]
        sql = self._statement(window, filters, tuple(sql for sql, _ in conditions), values)
        if not sql:
            return None
        # The best index depends on the filters' values, but a prepared statement may use one plan for all values.
        rows, more = window.page(fetch(sql, values, repeatable=True, prepared=not filters))
        first, last = (self._place(window, rows[0]), self._place(window, rows[-1])) if rows else (None, None)
        parameters |= {name: quote_plus(parameters[name]) for name in self.filters if name in parameters}
        links = (
            (relation, self._address(template, parameters, each)) for relation, each in window.links(first, last, more)
        )
        headers = link_header(links)
        try:
            body = self.rows.array(rows)
        except ValueError:  # JSON has no NaN.
            return None
        if self.tagged:
            headers["ETag"] = list_etag(body, headers.get("Link", ""))
        return body, list(headers.items())

    def _statement(
        self, window: Window, filters: Mapping[ListFilter, Any], conditions: tuple[str, ...], values: list[Any]
    ) -> str:
        """The SQL; empty if its parameters are not exactly ``values``. It is made once for all values."""
        cursor = window.cursor and (window.cursor.backward, window.cursor.inclusive)
        key = (window.limit, window.ordering.name, cursor, conditions)
        sql = self.statements.get(key)
        if sql is None:
            queryset = self.view_class.queryset.all()
            for each, value in filters.items():
                queryset = each.narrow(queryset, value)
            sql, parameters = self.rows.select(window.cut(queryset), *self.more)
            if len(self.statements) >= MAX_STATEMENTS:
                self.statements.clear()
            sql = self.statements[key] = sql if [*parameters] == values else ""
        return sql

    def _place(self, window: Window, row: Row) -> tuple[Any, ...]:
        return tuple(field.to_python(row[self.places[field.attname]]) for field in window.ordering.fields)

    def _address(self, template: ResponseTemplate, parameters: dict[str, str], cursor: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in sorted({**parameters, "cursor": cursor}.items()))
        return f"{template.base}{self.path}?{query}"


class Retrieve(Operation):
    """`GET` of one object by its UUID."""

    name = "retrieve"

    def __init__(self, view: View, rows: Rows, path: str):
        super().__init__(view, rows, path)
        self.route = f"{path}/{{id}}"
        self.sql, _ = rows.select(self.view_class.queryset.filter(pk=uuid.UUID(int=0)), *self.version)

    @classmethod
    def fits(cls, view: type[Any]) -> bool:
        """Only if the view's queryset adds no parameter to the statement."""
        return super().fits(view) and not view.queryset.query.sql_with_params()[1]

    def answer(self, environ: Environ, template: ResponseTemplate, name: str) -> Content | None:
        """The object; None if there is none, for DRF's path to answer 404."""
        found = fetch(self.sql, (name,), repeatable=True) if UUID.fullmatch(name) else []
        with suppress(ValueError):  # JSON has no NaN.
            return self.content(found[0]) if found else None
        return None


class Create(Operation):
    """`POST` of one object."""

    name = "create"
    method = "POST"
    status_code = 201

    def __init__(self, view: View, rows: Rows, path: str):
        super().__init__(view, rows, path)
        self.serializer = self.view_class.serializer_class()
        leave_to_constraints(self.serializer)
        self.insert = Insert(self.serializer.Meta.model, rows.columns + self.version)
        self.key = rows.columns.index("id")

    @classmethod
    def fits(cls, view: type[Any]) -> bool:
        """Only if the view creates a row by one INSERT and does nothing else."""
        serializer = view.serializer_class
        return (
            super().fits(view)
            and serializer.create is serializers.ModelSerializer.create
            and serializer.save is serializers.ModelSerializer.save
            and Insert.is_all(serializer.Meta.model)
        )

    def answer(self, environ: Environ, template: ResponseTemplate, name: str) -> Content | None:
        """The new object and its Location; None if the body is not valid."""
        body = read_body(environ)
        values = None if body is None else self._validated(body)
        if values is None:
            return None
        row = fetch(*self.insert.statement(values), repeatable=False)[0]
        return self.content(row, ("Location", f"{template.base}{self.path}/{row[self.key]}"))

    def _validated(self, body: bytes) -> dict[str, Any] | None:
        try:
            data = parsers.decode(body)
            # The serializer keeps nothing of a request here, so all threads can share it.
            return self.serializer.run_validation(data) if isinstance(data, dict) else None
        except Exception:
            return None


def place_values(window: Window) -> list[Any]:
    """The parameters that the window's cursor adds to a statement."""
    if window.cursor is None:
        return []
    fields = zip(window.ordering.fields, window.cursor.place, strict=True)
    return [field.get_db_prep_value(value, database.connection) for field, value in fields]


def _has(model: type[Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)


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

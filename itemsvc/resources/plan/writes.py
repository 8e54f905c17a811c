"""The operations that write: new rows, and one row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial
from inspect import getattr_static
from itertools import chain, starmap
from typing import Any

from django.db import transaction
from django.urls import Resolver404, resolve
from rest_framework.exceptions import APIException
from rest_framework.mixins import CreateModelMixin
from rest_framework.serializers import ModelSerializer

from itemsvc.http.links import finds_row
from itemsvc.limits.shares import Busy, bulk_requests
from itemsvc.resources import idempotency
from itemsvc.resources.bulk import MAX_ITEMS, BulkCreateMixin
from itemsvc.resources.conditional import ANY, TAG, TAGS, ConditionalWriteMixin
from itemsvc.resources.etags import versions
from itemsvc.resources.idempotency import IdempotentCreateMixin
from itemsvc.resources.one_statement import more_than_one_delete, more_than_one_save
from itemsvc.resources.plan.asked import Answer, Asked, Header
from itemsvc.resources.plan.eligibility import Obstacle
from itemsvc.resources.plan.hooks import Selection, added_values
from itemsvc.resources.plan.keys import KEYS, key_of
from itemsvc.resources.plan.operations import DetailOperation, Operation
from itemsvc.resources.plan.statements import Insert, Update, delete_one
from itemsvc.resources.plan.validation import Unread, Validation
from itemsvc.resources.serializers import BulkSerializer

#: An If-Match with more tags than these is left to DRF's path.
MAX_VERSIONS = 8


class Create(Operation):
    """`POST` of one object, or of an array of them."""

    name = "create"
    method = "POST"
    status_code = 201
    conditions = frozenset({"HTTP_IDEMPOTENCY_KEY"})

    def __init__(self, view: Any):
        super().__init__(view)
        self.some_key = (key_of(view.queryset.model) or KEYS["int"]).sample
        self.finds_row = lru_cache(maxsize=1024)(finds_row)
        self.takes_keys = issubclass(view, IdempotentCreateMixin)
        serializer = self.view_class.serializer_class
        self.validation = Validation(serializer)
        self.validation_of_many = Validation(serializer, many=True) if _takes_arrays(view) else None
        self.insert = Insert(serializer.Meta.model, self.rows.columns + self.version)
        self.id_place = self.rows.columns.index("id")
        self.adds = self.view_class.perform_create is not CreateModelMixin.perform_create

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """Whatever does more than one INSERT."""
        yield from super().obstacles(view)
        yield from starmap(Obstacle, more_than_one_save(view.serializer_class, "create"))

    def answer(self, asked: Asked) -> Answer | None:
        """What is new; None if the body is not valid, or its key needs more than to be kept."""
        data = asked.data()
        if not isinstance(data, list):
            return self._answer(asked, data, self.validation.values([data]))
        if self.validation_of_many is None or len(data) > MAX_ITEMS:
            return None
        with suppress(Busy), bulk_requests.take():
            return self._answer(asked, data, self.validation_of_many.values(data))
        return None  # DRF's path refuses it.

    def _answer(self, asked: Asked, data: Any, values: list[dict[str, Any]]) -> Answer | None:
        added = added_values(self.view_class, asked.environ) if self.adds and values else {}
        if not values or added is None:
            return None
        values = [each | added for each in values]
        # Another set of values may need another statement, because the database sets what has none.
        sql, *others = {self.insert.sql(names, len(values)) for names in {(*each,) for each in values}}
        if sql is None or others:
            return None
        parameters = [*chain.from_iterable(map(self.insert.parameters, values))]
        if not self.takes_keys or "HTTP_IDEMPOTENCY_KEY" not in asked.environ:
            return self._made(asked, sql, parameters, data)
        return self._made_once(asked, sql, parameters, data)

    def _made(self, asked: Asked, sql: str, parameters: list[Any], data: Any) -> Answer:
        """The new object and its Location; many are in no one place."""
        if isinstance(data, list):
            rows = asked.fetch(sql, parameters, repeatable=False, prepared=False)
            return Answer(self.rows.array(rows), [], self.status_code)
        [row] = asked.fetch(sql, parameters, repeatable=False)
        location: Header = ("Location", f"{asked.address}/{row[self.id_place]}")
        return self.content(asked, row, *([location] if self.finds_row(f"{asked.path}/{self.some_key}") else []))

    def _made_once(self, asked: Asked, sql: str, parameters: list[Any], data: Any) -> Answer | None:
        """The same, and keeps the answer; None if there is one for the key already, or there will be."""
        with suppress(APIException):
            key = idempotency.read_key(asked.environ)
            place = idempotency.Place.of(asked.environ, route(asked.path) or "", key or "", data)
            known = partial(asked.fetch, idempotency.KNOWN, [place.id], repeatable=True)
            if known():  # This also opens the session anew if it has ended.
                return None
            with transaction.atomic():
                if not idempotency.lock(place) or known():
                    return None
                answer = self._made(asked, sql, parameters, data)
                idempotency.store(place, answer.status, dict(answer.headers), answer.body)
            return answer
        return None


class WriteOperation(DetailOperation):
    """A write of one row, which `If-Match` may make conditional."""

    conditions = frozenset({"HTTP_IF_MATCH"})

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """A view that takes no conditions."""
        yield from super().obstacles(view)
        if not issubclass(view, ConditionalWriteMixin):
            yield Obstacle("is no ConditionalWriteMixin", view)

    def wanted(self, asked: Asked) -> tuple[Selection, list[int]] | None:
        """The rows of the request, and the versions that its row may have, none for any; None if DRF must decide."""
        if (selection := self.selection(asked.environ)) is None:
            return None
        text = asked.environ.get("HTTP_IF_MATCH", ANY)
        if text == ANY:
            return selection, []
        found = versions(TAG.findall(text)) if self.version and TAGS.fullmatch(text) else []
        return (selection, found) if 0 < len(found) <= MAX_VERSIONS else None


class Replace(WriteOperation):
    """`PUT` of one object."""

    name = "update"
    method = "PUT"
    partial = False

    def __init__(self, view: Any):
        super().__init__(view)
        self.validation = Validation(self.view_class.serializer_class, instance=Unread(), partial=self.partial)
        self.update = Update(self.view_class.queryset.model, self.rows.columns + self.version)

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """Whatever does more than one UPDATE."""
        yield from super().obstacles(view)
        yield from starmap(Obstacle, more_than_one_save(view.serializer_class, "update"))

    def answer(self, asked: Asked) -> Answer | None:
        """The object as it is now; None if it is not there, is another version, or the body is not valid."""
        wanted = self.wanted(asked)
        if not wanted or not (found := self.validation.values([asked.data()])):
            return None
        (selection, tags), [values] = wanted, found
        sql = self.update.sql(selection, (*values,), len(tags))
        if not sql:
            return None
        parameters = [*self.update.parameters(values), *selection.values, asked.key, *tags]
        rows = asked.fetch(sql, parameters, repeatable=False, prepared=len(tags) < 2)
        return self.content(asked, rows[0]) if rows else None


class Change(Replace):
    """`PATCH` of one object; it changes only the members that the body names."""

    name = "partial_update"
    method = "PATCH"
    partial = True


class Destroy(WriteOperation):
    """`DELETE` of one object."""

    name = "destroy"
    method = "DELETE"
    status_code = 204
    needs_rows = False

    def __init__(self, view: Any):
        super().__init__(view)
        self.sql = lru_cache(maxsize=16)(delete_one)

    @classmethod
    def obstacles(cls, view: type[Any]) -> Iterator[Obstacle]:
        """Whatever does more than one DELETE."""
        yield from super().obstacles(view)
        yield from starmap(Obstacle, more_than_one_delete(view.queryset.model))

    def answer(self, asked: Asked) -> Answer | None:
        """No content; None if there is no such row, or it is another version."""
        if (wanted := self.wanted(asked)) is None:
            return None
        selection, tags = wanted
        sql = self.sql(selection, len(tags))
        deleted = sql and asked.fetch(sql, [*selection.values, asked.key, *tags], repeatable=False)
        return Answer(b"", [], self.status_code) if deleted else None


def _takes_arrays(view: type[Any]) -> bool:
    """Whether a body may be an array, whose objects are validated one by one."""
    serializer = view.serializer_class
    return (
        issubclass(view, BulkCreateMixin)
        and getattr(serializer.Meta, "list_serializer_class", None) is BulkSerializer
        and getattr_static(serializer, "many_init") is getattr_static(ModelSerializer, "many_init")
    )


@lru_cache(maxsize=1024)
def route(path: str) -> str | None:
    """The URLconf's route of a path; None if no view answers there."""
    try:
        return resolve(path).route
    except Resolver404:
        return None

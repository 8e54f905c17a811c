"""Rows that are their callers': planned at both doors, and shown to nobody else."""

from __future__ import annotations

import json
from datetime import date
from functools import wraps
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import path
from rest_framework.views import APIView

from itemsvc.auth.authentication import caller
from itemsvc.resources.plan.views import planned
from tests.sample.models import Comment, Customer, Order
from tests.sample.urls import urlpatterns as sample_urls
from tests.sample.views import CommentDetail, CommentList, NoteList, OrderDetail, OrderList, Own
from tests.support.ways import Way, ask, every_way

MINE, YOURS = "198.51.100.1", "198.51.100.2"
NOTE = b'{"text":"bread"}'


@pytest.fixture
def ways(transactional_db: None, static_files: None) -> dict[str, Way]:
    """Every way to an operation."""
    return every_way()


def note(address: str) -> Comment:
    """One of this caller's."""
    return Comment.objects.create(text="milk", author=f"address:{address}")


def test_nobody_else_reads_changes_or_deletes_a_row(ways: dict[str, Way]) -> None:
    for name, way in ways.items():
        mine, yours = note(MINE), note(YOURS)
        # The same statements, for one caller and then for the other.
        for own, other, address in ((mine, yours, MINE), (yours, mine, YOURS), (mine, yours, MINE)):
            asked: Any = {"REMOTE_ADDR": address}
            listed = ask(way, "GET", "/sample/notes", QUERY_STRING="created_after=2020-01-01T00:00:00Z", **asked)
            assert [row["id"] for row in json.loads(listed[2])] == [str(own.pk)], name
            assert json.loads(ask(way, "GET", f"/sample/notes/{own.pk}", **asked)[2])["text"] == "milk", name
            for method in ("GET", "PUT", "PATCH", "DELETE"):
                body = NOTE if method in ("PUT", "PATCH") else b""
                assert ask(way, method, f"/sample/notes/{other.pk}", body, **asked)[0] == 404, (name, method)
        assert {*Comment.objects.values_list("text", flat=True)} == {"milk"}
        Comment.objects.all().delete()


def test_each_operation_is_planned_for_its_caller(ways: dict[str, Way], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(APIView, "dispatch", lambda *args, **kwargs: HttpResponse(status=299))
    asked: Any = {"REMOTE_ADDR": MINE}
    for name in ways.keys() - {"DRF's path"}:
        way, one = ways[name], f"/sample/notes/{note(MINE).pk}"
        tag = ask(way, "GET", one, **asked)[1]["ETag"]
        assert ask(way, "GET", "/sample/notes", QUERY_STRING="limit=1", **asked)[0] == 200
        assert ask(way, "PUT", one, NOTE, HTTP_IF_MATCH=tag, **asked)[0] == 200
        assert ask(way, "PATCH", one, b'{"text":"tea"}', **asked)[0] == 200
        assert ask(way, "DELETE", one, **asked)[0] == 204
        made = ask(way, "POST", "/sample/notes", NOTE, **asked)
        assert (made[0], json.loads(made[2])["author"]) == (201, f"address:{MINE}")


class OfCustomer:
    """Orders of customers with the caller's name, beside two filters on other columns."""

    def get_queryset(self: Any) -> Any:
        return (
            super()  # type: ignore[misc]
            .get_queryset()
            .filter(customer__name=caller(self.request), gift=False)
            .exclude(status="sent")
        )


urlpatterns = [
    *sample_urls,
    path("own-orders", type("OwnOrders", (OfCustomer, OrderList), {}).as_view()),
    path("own-orders/<uuid:pk>", type("OwnOrder", (OfCustomer, OrderDetail), {}).as_view()),
]


@pytest.mark.urls(__name__)
def test_rows_may_be_a_callers_by_another_table(ways: dict[str, Way]) -> None:
    customers = [
        Customer.objects.create(name=f"address:{address}", email=f"{address}@example.com") for address in (MINE, YOURS)
    ]
    assert planned(type("View", (OfCustomer, OrderDetail), {})).keys() >= {"GET", "PUT", "PATCH"}
    for name, way in ways.items():
        orders = [Order.objects.create(customer=each, total=1, placed_on=date(2026, 1, 1)) for each in customers]
        for customer, own, other, address in (
            (customers[0], *orders, MINE),
            (customers[1], *orders[::-1], YOURS),
            (customers[0], *orders, MINE),
        ):
            asked: Any = {"REMOTE_ADDR": address}
            listed = ask(way, "GET", "/own-orders", QUERY_STRING=f"customer={customer.pk}", **asked)[2]
            assert [row["id"] for row in json.loads(listed)] == [str(own.pk)], name
            for found, status in ((own, 200), (other, 404)):
                assert ask(way, "GET", f"/own-orders/{found.pk}", **asked)[0] == status, name
                assert ask(way, "PATCH", f"/own-orders/{found.pk}", b'{"total":"2.00"}', **asked)[0] == status, name
        Order.objects.all().delete()


def logged(method: Any) -> Any:
    """A decorator of a team's."""

    @wraps(method)
    def called(*args: Any) -> Any:
        return method(*args)

    return called


def named(request: Any) -> str:
    """Whom a header names."""
    return str(request.headers["X-Name"])


class Hooks:
    """Methods that look at more than the caller, or do more."""

    class FromHeader:
        def get_queryset(self: Any) -> Any:
            return super().get_queryset().filter(author=named(self.request))  # type: ignore[misc]

    class Logged:
        @logged
        def get_queryset(self: Any) -> Any:
            return super().get_queryset().filter(author=caller(self.request))  # type: ignore[misc]

    class Twice:
        def get_queryset(self: Any) -> Any:
            rows = super().get_queryset()  # type: ignore[misc]
            return rows.filter(author=caller(self.request)) if "all" not in self.request.query_params else rows

    class Inherited(Own, FromHeader):
        pass

    class Wrapped:
        get_queryset = logged(Own.get_queryset)

    class Joined:
        def get_queryset(self: Any) -> Any:
            return super().get_queryset().extra(where=["true"])  # type: ignore[misc]

    class ByItsOwnMethod:
        def filter(self: Any, **names: Any) -> Any:
            return self.queryset.filter(name=named(self.request), **names)

        def get_queryset(self: Any) -> Any:
            return self.filter(author=caller(self.request))

    class ByItsParents:
        def get_queryset(self: Any) -> Any:
            return super().filter(author=caller(self.request))  # type: ignore[misc]

    class ByPosition:
        def get_queryset(self: Any) -> Any:
            return super().get_queryset().filter(named(self.request))  # type: ignore[misc]


@pytest.mark.parametrize("name", [name for name in vars(Hooks) if name[0] != "_"])
def test_what_looks_at_more_than_the_caller_is_left_to_drf(name: str) -> None:
    hook = vars(Hooks)[name]
    for view in (CommentList, CommentDetail):
        assert planned(type("View", (hook, view), {})) == {}


class Saves:
    """Of saving too."""

    class Header:
        def perform_create(self: Any, serializer: Any) -> None:
            serializer.save(author=named(self.request))

    class Afterwards:
        def perform_create(self: Any, serializer: Any) -> None:
            serializer.save(author=caller(self.request))
            named(self.request)

    class Another:
        def perform_create(self: Any, serializer: Any) -> None:
            self.serializer.save(author=caller(self.request))

    class Logged:
        @logged
        def perform_create(self: Any, serializer: Any) -> None:
            serializer.save(author=caller(self.request))

    class Packed:
        def perform_create(self: Any, serializer: Any) -> None:
            serializer.save(**self.request.query_params)


@pytest.mark.parametrize("name", [name for name in vars(Saves) if name[0] != "_"])
def test_saving_that_does_more_is_left_to_drf(name: str) -> None:
    assert "POST" not in planned(type("View", (vars(Saves)[name], NoteList), {}))

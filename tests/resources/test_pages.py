"""Pages by every declared ordering of every shape of key: each row once, whatever comes and goes in between."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from types import ModuleType
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.test.utils import isolate_apps
from django.urls import path

from itemsvc.resources import checks
from itemsvc.resources.cursors import Cursor, Ordering
from itemsvc.resources.models import Resource
from itemsvc.resources.pagination import keyset_of
from itemsvc.resources.views import ResourceListView
from tests.resources.shapes import SHAPES
from tests.sample import views
from tests.sample.models import Customer, Gadget, Line, Order, Voucher
from tests.support.client import Client

JSON_LINES = {"accept": "application/x-ndjson"}
LISTS = {
    "/gadgets": views.GadgetList,
    "/sample/customers": views.CustomerList,
    "/sample/orders": views.OrderList,
    "/sample/receipts": views.ReceiptList,
    "/sample/lines": views.LineList,
    "/sample/vouchers": views.VoucherList,
    "/sample/comments": views.CommentList,
    "/sample/notes": views.NoteList,
}
ORDERINGS = [(url, name) for url, view in LISTS.items() for name in keyset_of(view).orderings]


def make_row(url: str, number: int) -> Any:
    """A row in which every column that can be equal to another row's is so for some."""
    if url in ("/sample/orders", "/sample/receipts", "/sample/lines"):
        customer = Customer.objects.get_or_create(name="Ann", email="ann@example.com")[0]
        order = Order.objects.create(
            customer=customer,
            total=f"{number % 3 - 1}.50",
            placed_on=date(2026, 1, 1 + number % 4),
            status=("open", "paid", "sent")[number % 3],
        )
        return order if url != "/sample/lines" else Line.objects.create(order=order, product=f"product {number % 3}")
    model = LISTS[url].queryset.model
    values = {"name": f"n{number % 3}", "email": f"{number}@example.com", "code": f"c{number % 3}", "text": "a"}
    values |= {"author": "address:127.0.0.1"}
    names = {field.name for field in model._meta.concrete_fields}
    return model.objects.create(**{name: value for name, value in values.items() if name in names})


def links(response: Any) -> dict[str, str]:
    """The addresses in a Link header, by relation."""
    return {relation: url for url, relation in re.findall(r'<([^>]+)>; rel="(\w+)"', response.get("Link", ""))}


def walk(api: Client, url: str, relation: str, between: Callable[[], Any] = lambda: None) -> tuple[list[Any], str]:
    """The rows of every page from ``url`` on, in the order of the pages, and the last page's address."""
    rows: list[Any] = []
    while True:
        response = api.get(url)
        assert response.status_code == 200, response.content
        rows += response.json() if relation == "next" else response.json()[::-1]
        following = links(response).get(relation)
        if not following:
            return rows, url
        url = following
        between()


def expected(url: str, name: str) -> list[str]:
    """The keys in that order, by sorting the rows in Python."""
    ordering = keyset_of(LISTS[url]).orderings[name]
    rows = sorted(LISTS[url].queryset.all(), key=ordering.place, reverse=ordering.descending)
    return [str(row.pk) for row in rows]


def keys(rows: list[Any]) -> list[str]:
    """Their keys."""
    return [str(row["id"]) for row in rows]


def test_every_list_is_held(api: Client) -> None:
    assert set(LISTS) == set(SHAPES)


@pytest.mark.parametrize(("url", "ordering"), ORDERINGS)
def test_pages_lead_there_and_back(api: Client, url: str, ordering: str) -> None:
    for number in range(11):
        make_row(url, number)
    first = f"{url}?limit=3&ordering={ordering}"
    there, last = walk(api, first, "next")
    assert keys(there) == expected(url, ordering)
    back, _ = walk(api, last, "prev")
    assert back == there[::-1]
    stream = api.get(f"{url}?ordering={ordering}", headers=JSON_LINES)
    assert [json.loads(line) for line in b"".join(stream.streaming_content).splitlines()] == there


@pytest.mark.parametrize("relation", ["next", "prev"])
@pytest.mark.parametrize(("url", "ordering"), ORDERINGS)
def test_what_stays_is_listed_once_whatever_comes_and_goes(api: Client, url: str, ordering: str, relation: str) -> None:
    staying = [str(make_row(url, number).pk) for number in range(9)]
    start = f"{url}?limit=2&ordering={ordering}"
    if relation == "prev":
        _, start = walk(api, start, "next")
    model, counter = LISTS[url].queryset.model, iter(range(100, 200))

    def change() -> None:
        make_row(url, next(counter))
        gone = staying.pop(len(staying) // 2)
        model.objects.filter(pk=gone).delete()

    rows, _ = walk(api, start, relation, lambda: change() if len(staying) > 4 else None)
    found = keys(rows)
    assert len(found) == len(set(found))
    assert set(staying) <= set(found)


@pytest.mark.parametrize(("url", "ordering"), ORDERINGS)
def test_a_page_that_was_emptied_leads_on(api: Client, url: str, ordering: str) -> None:
    for number in range(6):
        make_row(url, number)
    before = expected(url, ordering)
    second = links(api.get(f"{url}?limit=3&ordering={ordering}"))["next"]
    LISTS[url].queryset.model.objects.filter(pk__in=before[3:]).delete()
    emptied = api.get(second)
    assert emptied.json() == []
    assert keys(api.get(links(emptied)["prev"]).json()) == before[:3]


@pytest.mark.parametrize(
    ("url", "ordering", "place"),
    [
        ("/sample/lines", "id", ("abc",)),
        ("/sample/lines", "id", ("1.5",)),
        ("/sample/lines", "id", (str(2**63),)),
        ("/sample/lines", "product", ("a\0b", "1")),
        ("/sample/orders", "total", ("NaN", "0" * 32)),
        ("/sample/orders", "total", ("1e999999", "00000000-0000-0000-0000-000000000000")),
        ("/sample/orders", "total", ("1.00",)),
        ("/sample/orders", "placed_on", ("0000-00-00", "00000000-0000-0000-0000-000000000000")),
        ("/sample/vouchers", "id", ("5",)),
    ],
)
def test_a_cursor_with_a_place_that_no_row_can_have_is_refused(
    api: Client, url: str, ordering: str, place: tuple[str, ...]
) -> None:
    text = Cursor(Ordering.of(LISTS[url].queryset.model, ordering), place).encode()
    response = api.get(url, {"ordering": ordering, "cursor": text})
    assert (response.status_code, list(response.json())) == (400, ["cursor"])


@pytest.mark.parametrize("number", [2**31, -(2**63), 2**63 - 1])
def test_a_cursor_beyond_every_key_ends_the_list(api: Client, number: int) -> None:
    make_row("/sample/lines", 1)
    text = Cursor(Ordering.of(Line, "id"), (number,)).encode()
    response = api.get("/sample/lines", {"cursor": text})
    assert (response.status_code, len(response.json())) == (200, 1 if number < 0 else 0)


def refuse(value: Any) -> None:
    """A rule of a team's own, made after there were rows."""
    raise ValidationError("too old")


def test_a_rule_that_is_younger_than_a_row_refuses_no_cursor(api: Client, monkeypatch: Any) -> None:
    for number in range(4):
        make_row("/sample/orders", number)
    column = Order._meta.get_field("placed_on")
    monkeypatch.setattr(column, "_validators", [refuse])
    column.__dict__.pop("validators", None)
    try:
        assert refuse in column.validators
        rows, _ = walk(api, "/sample/orders?limit=1&ordering=placed_on", "next")
    finally:
        column.__dict__.pop("validators", None)
    assert len(rows) == 4


@isolate_apps("tests.sample")
def test_an_ordering_with_nulls_is_refused_before_it_serves(settings: Any) -> None:
    class Task(Resource):
        due = models.DateField(null=True)

        class Meta(Resource.Meta):
            app_label = "sample"

    class TaskList(ResourceListView):
        queryset = Task.objects.all()
        orderings = ("-created_at", "due")
        filter_backends = ()

    urls = ModuleType("urls")
    urls.urlpatterns = [path("tasks", TaskList.as_view())]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls
    [message] = [each for each in checks.check_views(None) if each.id == "itemsvc.E017"]
    assert "due" in message.msg


def test_the_lists_have_keys_of_every_shape() -> None:
    shapes = {type(view.queryset.model._meta.pk) for view in LISTS.values()}
    assert shapes == {models.UUIDField, models.BigAutoField}
    assert Voucher._meta.pk.has_default()
    assert not Gadget._meta.pk.has_default()

"""The short way: the same answer as the ordinary one, and only where it is sure of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.http import HttpResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import generics
from rest_framework.permissions import IsAdminUser

from items.serializers import ItemSerializer
from items.views import ItemDetail, ItemList
from itemsvc.fast.dispatch import operations
from itemsvc.fast.operations import Create, List, Operation, Retrieve
from tests.service import Service

# Means the same, and is not what the short way waits for.
ORDINARY = {"Accept": "application/json, application/json"}
OF_ITS_OWN = ("Date", "X-Request-ID")

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
ITEMS = st.fixed_dictionaries({"name": TEXT.filter(str.strip)}, optional={"description": TEXT})


def answer(service: Service, method: str, path: str, headers: dict[str, str] | None = None, **kwargs: Any) -> Any:
    """Status, body, and the headers but those that no two answers share."""
    response = service.request(method, path, headers=headers, **kwargs)
    return response.status_code, response.content, {
        name: value for name, value in response.headers.items() if name not in OF_ITS_OWN
    }  # fmt: skip


def both(service: Service, path: str) -> tuple[Any, Any]:
    """The answers of either way."""
    return answer(service, "GET", path), answer(service, "GET", path, ORDINARY)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(item=ITEMS)
def test_an_item_is_the_same_on_either_way(service: Service, item: dict[str, str]) -> None:
    made = service.post("/items", json=item)
    again = service.post("/items", json=item, headers=ORDINARY)
    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json() | {"id": "", "created_at": ""} == again.json() | {"id": "", "created_at": ""}
    assert made.headers.keys() == again.headers.keys()
    for key in (made.json()["id"], again.json()["id"]):
        short, ordinary = both(service, f"/items/{key}")
        assert short == ordinary
    assert made.headers["Location"] == f"{service.url}/items/{made.json()['id']}"


PAGES = [
    "", "?limit=3", "?limit=1000", "?ordering=created_at", "?ordering=-created_at&limit=2", "?limit=0", "?limit=x",
    "?limit=1&limit=2", "?limit=", "?cursor=AAAA", "?page=2", "?limit=2&search=o", "?limit=%32", "?ordering=name", "?&",
]  # fmt: skip


def test_every_page_is_the_same_on_either_way(service: Service) -> None:
    for number in range(11):
        service.post("/items", json={"name": f"no. {number}"})
    for query in PAGES:
        short, ordinary = both(service, f"/items{query}")
        assert short == ordinary, query


@pytest.mark.parametrize("ordering", ["created_at", "-created_at"])
def test_pages_are_followed_there_and_back_the_same_on_either_way(service: Service, ordering: str) -> None:
    for number in range(7):
        service.post("/items", json={"name": f"no. {number}"})
    url = f"{service.url}/items?limit=3&ordering={ordering}"
    for relation in ("next", "next", "prev", "prev"):
        short, ordinary = both(service, url.removeprefix(service.url))
        assert short == ordinary
        url = links(short[2]["Link"])[relation]


def links(header: str) -> dict[str, str]:
    """Addresses by relation."""
    return {link["rel"]: link["url"] for link in requests.utils.parse_header_links(header)}


REFUSED = [
    b"", b"{", b"[]", b'"a"', b"null", b"{}", b'{"name":""}', b'{"name":5}', b'{"name":"a","name":"b"}',
    b'{"name":"a","color":"b"}', b'{"name":"a\\u0000"}', b"\xff", b'{"name":"' + b"a" * 256 + b'"}',
]  # fmt: skip


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_refused_is_refused_the_same_on_either_way(service: Service, body: bytes) -> None:
    json = {"Content-Type": "application/json"}
    short = answer(service, "POST", "/items", json, data=body)
    ordinary = answer(service, "POST", "/items", json | ORDINARY, data=body)
    assert short == ordinary
    assert short[0] == 400
    assert service.get("/items").json() == []


def test_a_body_above_a_small_limit_is_refused(start_service: Callable[..., Service]) -> None:
    service = start_service(MAX_BODY_BYTES="2000")
    head = b"POST /items HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
    for size, status in ((1900, 201), (2100, 413)):
        body = b'{"name":"a","description":"%b"}' % (b"b" * size)
        # In one piece, as a client may send it.
        answered = service.raw(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert answered.startswith(b"HTTP/1.1 %d " % status)


OTHERS: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/items/", {}), ("HEAD", "/items", {}), ("OPTIONS", "/items", {}), ("PUT", "/items", {}),
    ("GET", "/items/no-uuid", {}), ("GET", "/items/01890A5D-AC96-774B-BCCE-B302099A8057", {}),
    ("GET", "/items/01890a5d-ac96-774b-bcce-b302099a8057", {}), ("GET", "/items", {"Host": "other.example"}),
    ("GET", "/health", {"Host": "10.0.0.1"}), ("HEAD", "/health", {}), ("POST", "/health", {}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "headers"), OTHERS)
def test_everything_else_is_the_ordinary_ways(
    service: Service, method: str, path: str, headers: dict[str, str]
) -> None:
    short = answer(service, method, path, headers)
    assert short == answer(service, method, path, headers | ORDINARY)


def test_a_host_that_is_not_allowed_stays_so_after_one_that_is(service: Service) -> None:
    assert service.get("/items").status_code == 200
    assert service.get("/items", headers={"Host": "other.example"}).status_code == 400
    assert service.get("/items").status_code == 200


def test_health_has_the_headers_of_every_answer(service: Service) -> None:
    health = service.get("/health")
    assert health.content == b'{"status":"healthy"}'
    assert health.headers["X-Content-Type-Options"] == "nosniff"
    assert health.headers["X-Request-ID"]


def fitting(view: type[generics.GenericAPIView]) -> set[type[Operation]]:
    """The operations that the short way takes for a view."""
    found = operations(view.as_view(), "/things", (List, Create, Retrieve))
    return {type(operation) for operation in found.values()}


def test_the_items_views_take_part() -> None:
    assert operations(ItemList.as_view(), "/items", (List, Create)).keys() == {("GET", "/items"), ("POST", "/items")}
    assert operations(ItemDetail.as_view(), "/items", (Retrieve,)).keys() == {("GET", "/items")}


class Permission(ItemList):
    permission_classes = (IsAdminUser,)


class Queryset(ItemList):
    def get_queryset(self) -> Any:
        return super().get_queryset().filter(name="mine")


class Finished(ItemList):
    def finalize_response(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().finalize_response(*args, **kwargs)


class Serializer(ItemList):
    class Own(ItemSerializer):
        def to_representation(self, instance: Any) -> Any:
            return super().to_representation(instance)

    serializer_class = Own


class Lookup(ItemDetail):
    lookup_field = "name"


@pytest.mark.parametrize("view", [Permission, Queryset, Finished, Serializer, Lookup])
def test_a_view_of_which_something_is_unknown_does_not_take_part(view: type[generics.GenericAPIView]) -> None:
    assert fitting(view) == set()


class Created(ItemList):
    def perform_create(self, serializer: Any) -> None:
        serializer.save(name="always this")


class Saved(ItemList):
    class Own(ItemSerializer):
        def create(self, validated_data: Any) -> Any:
            return super().create(validated_data)

    serializer_class = Own


@pytest.mark.parametrize("view", [Created, Saved])
def test_creating_that_does_more_is_left_to_the_view(view: type[generics.GenericAPIView]) -> None:
    assert fitting(view) == {List}


class Paged(ItemList):
    pagination_class = None


def test_a_list_without_windows_is_left_to_the_view() -> None:
    assert fitting(Paged) == {Create}

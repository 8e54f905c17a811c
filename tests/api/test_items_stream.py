"""`GET /items` with `Accept: application/x-ndjson`; tests/faults has what happens when either end goes away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as DjangoClient
from django.test.utils import CaptureQueriesContext

from tests.api.factories import make_items
from tests.support.client import Client

NDJSON = {"accept": "application/x-ndjson"}


def lines(response: Any) -> list[dict[str, str]]:
    """The items of a stream."""
    return [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]


def test_every_item_is_a_line_as_the_list_has_it(api: Client) -> None:
    make_items(450)
    listed = api.get("/items?limit=1000").json()
    response = api.get("/items", headers=NDJSON)
    assert (response.status_code, response["Content-Type"]) == (200, "application/x-ndjson")
    assert lines(response) == listed


def test_nothing_is_nothing(api: Client) -> None:
    assert lines(api.get("/items", headers=NDJSON)) == []


def test_it_takes_filters_and_an_ordering(api: Client) -> None:
    made = make_items(3, name="wanted {n}")
    make_items(3, name="other {n}")
    response = api.get("/items?search=wanted&ordering=created_at", headers=NDJSON)
    assert [item["id"] for item in lines(response)] == [str(item.id) for item in made]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("limit=5", "limit"), ("cursor=abc", "cursor"), ("page=1", "page"), ("ordering=name", "ordering")],
)
def test_what_it_cannot_have_is_refused_in_json(api: Client, query: str, parameter: str) -> None:
    response = api.get(f"/items?{query}", headers=NDJSON)
    assert (response.status_code, response["Content-Type"]) == (400, "application/json")
    assert list(response.json()) == [parameter]


def test_head_reads_no_item(api: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = api.head("/items", headers=NDJSON)
    assert not [query for query in queries if "items_item" in query["sql"]]
    assert (response.status_code, response["Content-Type"]) == (200, "application/x-ndjson")


@pytest.mark.django_db
def test_one_more_than_run_at_a_time_is_told_when_to_try_again(client: DjangoClient) -> None:
    make_items(1)
    running = [client.get("/items", headers=NDJSON) for _ in range(settings.MAX_STREAMS)]
    refused = client.get("/items", headers=NDJSON)
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    for response in running:
        assert len(lines(response)) == 1
    assert client.get("/items", headers=NDJSON).status_code == 200


@pytest.mark.parametrize("path", ["/items/01890a5d-ac96-774b-bcce-b302099a8057", "/health/ready"])
def test_only_the_list_is_a_stream(api: Client, path: str) -> None:
    assert api.get(path, headers=NDJSON).status_code == 406


def test_an_item_is_not_made_as_a_stream(api: Client) -> None:
    assert api.post("/items", {"name": "a"}, headers=NDJSON).status_code == 406

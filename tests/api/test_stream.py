"""`GET /gadgets` with `Accept: application/x-ndjson`; tests/faults has what happens when either end goes away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as DjangoClient
from django.test.utils import CaptureQueriesContext

from itemsvc.resources import ndjson
from tests.api.factories import make_gadgets
from tests.support.client import Client

NDJSON = {"accept": "application/x-ndjson"}


def lines(response: Any) -> list[dict[str, str]]:
    """The gadgets of a stream."""
    return [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]


def test_every_gadget_is_a_line_as_the_list_has_it(api: Client) -> None:
    make_gadgets(450)
    listed = api.get("/gadgets?limit=1000").json()
    response = api.get("/gadgets", headers=NDJSON)
    assert (response.status_code, response["Content-Type"]) == (200, "application/x-ndjson")
    assert lines(response) == listed


def test_nothing_is_nothing(api: Client) -> None:
    assert lines(api.get("/gadgets", headers=NDJSON)) == []


def test_it_takes_filters_and_an_ordering(api: Client) -> None:
    made = make_gadgets(3, name="wanted {n}")
    make_gadgets(3, name="other {n}")
    response = api.get("/gadgets?search=wanted&ordering=created_at", headers=NDJSON)
    assert [gadget["id"] for gadget in lines(response)] == [str(gadget.id) for gadget in made]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("limit=5", "limit"), ("cursor=abc", "cursor"), ("page=1", "page"), ("ordering=name", "ordering")],
)
def test_what_it_cannot_have_is_refused_in_json(api: Client, query: str, parameter: str) -> None:
    response = api.get(f"/gadgets?{query}", headers=NDJSON)
    assert (response.status_code, response["Content-Type"]) == (400, "application/json")
    assert list(response.json()) == [parameter]


def test_head_reads_no_gadget(api: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = api.head("/gadgets", headers=NDJSON)
    assert not [query for query in queries if "sample_gadget" in query["sql"]]
    assert (response.status_code, response["Content-Type"]) == (200, "application/x-ndjson")


@pytest.mark.django_db
def test_one_more_than_run_at_a_time_is_told_when_to_try_again(client: DjangoClient) -> None:
    make_gadgets(1)
    running = [client.get("/gadgets", headers=NDJSON, REMOTE_ADDR=f"192.0.2.{n}") for n in range(settings.MAX_STREAMS)]
    refused = client.get("/gadgets", headers=NDJSON)
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    for response in running:
        assert len(lines(response)) == 1
    # One that is not read keeps its part until it is collected, which may be in another test.
    assert len(lines(client.get("/gadgets", headers=NDJSON))) == 1


@pytest.mark.django_db
def test_one_caller_cannot_have_them_all(client: DjangoClient) -> None:
    make_gadgets(1)
    running = client.get("/gadgets", headers=NDJSON)
    assert client.get("/gadgets", headers=NDJSON).status_code == 503
    other = client.get("/gadgets", headers=NDJSON, REMOTE_ADDR="192.0.2.1")
    assert [len(lines(response)) for response in (running, other)] == [1, 1]


@pytest.mark.django_db
def test_one_that_takes_too_long_is_broken_off(client: DjangoClient, monkeypatch: pytest.MonkeyPatch) -> None:
    make_gadgets(ndjson.WRITE_ROWS + 1)
    blocks = iter(client.get("/gadgets", headers=NDJSON).streaming_content)
    assert next(blocks).count(b"\n") == ndjson.WRITE_ROWS
    later = ndjson.monotonic() + settings.MAX_STREAM_SECONDS
    monkeypatch.setattr(ndjson, "monotonic", lambda: later)
    with pytest.raises(TimeoutError):
        next(blocks)
    monkeypatch.undo()
    assert len(lines(client.get("/gadgets", headers=NDJSON))) == ndjson.WRITE_ROWS + 1


@pytest.mark.parametrize("path", ["/gadgets/01890a5d-ac96-774b-bcce-b302099a8057", "/health/ready"])
def test_only_the_list_is_a_stream(api: Client, path: str) -> None:
    assert api.get(path, headers=NDJSON).status_code == 406


def test_a_gadget_is_not_made_as_a_stream(api: Client) -> None:
    assert api.post("/gadgets", {"name": "a"}, headers=NDJSON).status_code == 406

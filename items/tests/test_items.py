"""The contract of `/items` as a client sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from tests.support.client import Client

JSON = "application/json"
PATH = reverse("item-list")
MISSING = f"{PATH}/01890a5d-ac96-774b-bcce-b302099a8057"


def names(api: Client, query: str = "") -> list[str]:
    """The names that a list answers with."""
    return [item["name"] for item in api.get(f"{PATH}{query}").json()]


def test_an_item_is_made_where_its_location_says(api: Client) -> None:
    response = api.post(PATH, {"name": "  lamp ", "description": "oak"})
    item = response.json()
    assert response.status_code == 201
    assert (list(item), item["name"]) == (["id", "name", "description", "created_at"], "lamp")
    assert response["Location"].endswith(f"{PATH}/{item['id']}")
    assert api.get(f"{PATH}/{item['id']}").json() == item


def test_the_description_may_be_left_out(api: Client) -> None:
    assert api.post(PATH, {"name": "lamp"}).json()["description"] == ""


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a" * 256}, "name"),
        ({"name": 1}, "name"),
        ({"name": "a", "description": "a" * 10_001}, "description"),
        ({"name": "a", "colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(api: Client, body: dict[str, Any], member: str) -> None:
    response = api.post(PATH, body)
    assert (response.status_code, list(response.json())) == (400, [member])


def test_the_list_is_newest_first_in_pages(api: Client) -> None:
    for name in ("a", "b", "c"):
        api.post(PATH, {"name": name})
    assert names(api) == ["c", "b", "a"]
    assert names(api, "?ordering=created_at") == ["a", "b", "c"]
    page = api.get(f"{PATH}?limit=2")
    assert [item["name"] for item in page.json()] == ["c", "b"]
    assert 'rel="next"' in page["Link"]


def test_the_list_can_be_narrowed(api: Client) -> None:
    for name in ("Lamp", "lamp", "chair"):
        api.post(PATH, {"name": name})
    assert names(api, "?name=lamp") == ["lamp"]
    assert names(api, "?search=LAM") == ["lamp", "Lamp"]
    assert names(api, "?created_after=2200-01-01T00:00:00Z") == []
    assert len(names(api, "?created_before=2200-01-01T00:00:00Z")) == 3
    assert list(api.get(f"{PATH}?colour=red").json()) == ["colour"]


def test_every_item_can_be_streamed(api: Client) -> None:
    for name in ("a", "b"):
        api.post(PATH, {"name": name})
    stream = api.get(PATH, headers={"accept": "application/x-ndjson"})
    assert [json.loads(line)["name"] for line in stream.getvalue().splitlines()] == ["b", "a"]


def test_an_item_is_replaced_changed_and_deleted(api: Client) -> None:
    made = api.post(PATH, {"name": "a", "description": "first"})
    path = f"{PATH}/{made.json()['id']}"
    assert api.put(path, {"name": "b"}, JSON).json()["name"] == "b"
    assert api.patch(path, {"description": "second"}, JSON).json()["description"] == "second"
    assert api.patch(path, {"name": "c"}, JSON, headers={"if-match": made["ETag"]}).status_code == 412
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_an_unknown_item_is_404(api: Client, method: str) -> None:
    body = () if method in ("get", "delete") else ({"name": "a"}, JSON)
    response = getattr(api, method)(MISSING, *body)
    assert (response.status_code, list(response.json())) == (404, ["detail"])


def test_an_array_is_made_whole_or_not_at_all(api: Client) -> None:
    assert api.post(PATH, [{"name": "a"}, {"name": ""}]).status_code == 400
    assert names(api) == []
    assert api.post(PATH, [{"name": "a"}, {"name": "b"}]).status_code == 201
    assert sorted(names(api)) == ["a", "b"]

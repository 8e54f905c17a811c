"""`POST /gadgets`."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.sample.models import Gadget
from tests.support.client import Client


@pytest.mark.parametrize("path", ["/gadgets", "/gadgets/"])
def test_answers_the_new_gadget_and_where_it_is(api: Client, path: str) -> None:
    response = api.post(path, {"name": "local-test", "description": "docker compose"})
    gadget = response.json()
    assert response.status_code == 201
    assert list(gadget) == ["id", "name", "description", "created_at"]
    assert (gadget["name"], gadget["description"]) == ("local-test", "docker compose")
    assert response["Location"] == f"http://testserver/gadgets/{gadget['id']}"
    assert api.get(response["Location"]).json() == gadget


def test_the_key_is_a_uuid7_and_its_time_is_created_at(api: Client) -> None:
    gadget = api.post("/gadgets", {"name": "a"}).json()
    key, created_at = uuid.UUID(gadget["id"]), datetime.fromisoformat(gadget["created_at"])
    assert key.version == 7
    assert key.int >> 80 == int(created_at.timestamp() * 1000)
    assert abs(datetime.now(UTC) - created_at) < timedelta(minutes=1)


def test_the_description_may_be_left_out(api: Client) -> None:
    assert api.post("/gadgets", {"name": "a"}).json()["description"] == ""


def test_the_name_is_trimmed(api: Client) -> None:
    assert api.post("/gadgets", {"name": "  a b \n"}).json()["name"] == "a b"


def test_it_takes_one_statement(api: Client, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        api.post("/gadgets", {"name": "a"})


@pytest.mark.parametrize("text", ["Ünïcode 🎉", "a\u2028b", "<script>", "\\", '"', "%_", "' OR 1=1 --"])
def test_any_text_comes_back_as_it_was(api: Client, text: str) -> None:
    created = api.post("/gadgets", {"name": text, "description": text}).json()
    assert (created["name"], created["description"]) == (text, text)
    assert api.get("/gadgets", {"name": text}).json() == [created]


@pytest.mark.parametrize(("length", "status"), [(1, 201), (255, 201), (256, 400)])
def test_the_length_of_a_name(api: Client, length: int, status: int) -> None:
    assert api.post("/gadgets", {"name": "é" * length}).status_code == status


@pytest.mark.parametrize(("length", "status"), [(10_000, 201), (10_001, 400)])
def test_the_length_of_a_description(api: Client, length: int, status: int) -> None:
    assert api.post("/gadgets", {"name": "a", "description": "é" * length}).status_code == status


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": " \t\n"}, "name"),
        ({"name": None}, "name"),
        ({"name": "a", "description": None}, "description"),
        ({"name": "a", "colour": "red"}, "colour"),
        ({"name": "a", "Name": "b"}, "Name"),
    ],
)
def test_what_is_wrong_is_named(api: Client, body: dict[str, object], member: str) -> None:
    response = api.post("/gadgets", body)
    assert response.status_code == 400
    assert list(response.json()) == [member]
    assert not Gadget.objects.exists()


def test_what_the_database_sets_cannot_be_given(api: Client) -> None:
    given = {"id": str(uuid.uuid4()), "created_at": "2001-01-01T00:00:00Z"}
    gadget = api.post("/gadgets", {"name": "a", **given}).json()
    assert gadget["id"] != given["id"]
    assert gadget["created_at"] != given["created_at"]


def test_a_form_is_refused(api: Client) -> None:
    response = api.post("/gadgets", "name=a", content_type="application/x-www-form-urlencoded")
    assert response.status_code == 415
    assert not Gadget.objects.exists()


def test_an_answer_that_could_not_be_given_changes_nothing(api: Client) -> None:
    assert api.post("/gadgets", {"name": "a"}, headers={"accept": "image/png"}).status_code == 406
    assert not Gadget.objects.exists()

"""A team's own middleware sees every request and every answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from tests.support.service import Service

INSIDER = {"X-Tenant": "insider"}
CLOSED = "The front door is closed"


@pytest.fixture(scope="module")
def guarded(migrated_database: Callable[[str], str]) -> Iterator[Service]:
    settings = {"DJANGO_SETTINGS_MODULE": "tests.security.other_settings"}
    with Service(migrated_database("guarded"), **settings) as service:
        yield service


def test_an_allow_list_lets_nobody_in_after_an_insider(guarded: Service) -> None:
    made = guarded.post("/gadgets", json={"name": "oak"}, headers=INSIDER)
    paths = ("/gadgets", "/gadgets?search=oak", f"/gadgets/{made.json()['id']}")
    for path in paths:
        assert guarded.get(path, headers=INSIDER).status_code == 200
        assert guarded.get(path).status_code == 403
    assert guarded.post("/gadgets", json={"name": "elm"}).status_code == 403
    assert {gadget["name"] for gadget in guarded.get("/gadgets?name=elm", headers=INSIDER).json()} == set()


def test_each_origin_gets_its_own_headers(guarded: Service) -> None:
    for origin in ("https://a.example", "https://b.example", "https://a.example"):
        response = guarded.get("/gadgets", headers=INSIDER | {"Origin": origin})
        assert response.headers["Access-Control-Allow-Origin"] == origin


def each_operation(guarded: Service) -> Iterator[requests.Response]:
    """The answer to each standard operation, on a gadget of its own."""
    made = guarded.post("/gadgets", json={"name": "ash"}, headers=INSIDER)
    path, tag = f"/gadgets/{made.json()['id']}", made.headers["ETag"]
    yield made
    yield guarded.get("/gadgets?limit=1", headers=INSIDER)
    yield guarded.get(path, headers=INSIDER | {"If-None-Match": tag})
    yield guarded.request("PUT", path, json={"name": "elm"}, headers=INSIDER | {"If-Match": tag})
    yield guarded.request("PATCH", path, json={"name": "fir"}, headers=INSIDER)
    yield guarded.request("DELETE", path, headers=INSIDER)


def test_an_audit_sees_every_request(guarded: Service) -> None:
    responses = [*each_operation(guarded), guarded.get("/nowhere", headers=INSIDER)]
    assert [response.status_code for response in responses] == [201, 200, 304, 200, 200, 204, 404]
    seen = [int(response.headers["X-Seen"]) for response in responses]
    assert seen == list(range(seen[0], seen[0] + len(responses)))


def test_a_language_is_named_in_every_answer(guarded: Service) -> None:
    for language in ("de", "fr", "de"):
        response = guarded.get("/gadgets", headers=INSIDER | {"Accept-Language": language})
        assert response.headers["Content-Language"] == language
        assert response.headers["Vary"] == "Accept, Accept-Language"


def test_statements_are_sent_in_the_session_that_a_tenant_was_set_in(guarded: Service) -> None:
    assert {response.headers["X-Session-Tenant"] for response in each_operation(guarded)} == {"insider"}


def test_maintenance_ends_with_its_row(guarded: Service) -> None:
    guarded.post("/gadgets", json={"name": "maintenance", "description": "Back at noon."}, headers=INSIDER)
    for _ in range(2):
        closed = guarded.get("/gadgets", headers=INSIDER)
        assert (closed.status_code, closed.text) == (503, "Back at noon.")
    guarded.execute("DELETE FROM sample_gadget WHERE name = 'maintenance'")
    assert guarded.get("/gadgets", headers=INSIDER).status_code == 200


def test_the_log_says_once_that_the_front_door_is_closed(guarded: Service, running_service: Service) -> None:
    guarded.get("/gadgets", headers=INSIDER)
    assert [CLOSED in line["message"] for line in guarded.log_lines()].count(True) == 1
    assert not any(CLOSED in line["message"] for line in running_service.log_lines())

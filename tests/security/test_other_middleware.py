"""A team's own middleware sees every request and every answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

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
    assert [gadget["name"] for gadget in guarded.get("/gadgets", headers=INSIDER).json()] == ["oak"]


def test_each_origin_gets_its_own_headers(guarded: Service) -> None:
    for origin in ("https://a.example", "https://b.example", "https://a.example"):
        response = guarded.get("/gadgets", headers=INSIDER | {"Origin": origin})
        assert response.headers["Access-Control-Allow-Origin"] == origin


def test_an_audit_sees_every_request(guarded: Service) -> None:
    requests = [("GET", "/gadgets"), ("GET", "/gadgets"), ("POST", "/gadgets"), ("GET", "/nowhere")]
    seen = [
        int(guarded.request(method, path, headers=INSIDER, json={"name": "ash"}).headers["X-Seen"])
        for method, path in requests
    ]
    assert seen == list(range(seen[0], seen[0] + len(requests)))


def test_the_log_says_once_that_the_front_door_is_closed(guarded: Service, running_service: Service) -> None:
    guarded.get("/gadgets", headers=INSIDER)
    assert [CLOSED in line["message"] for line in guarded.log_lines()].count(True) == 1
    assert not any(CLOSED in line["message"] for line in running_service.log_lines())

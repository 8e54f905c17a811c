"""`GET /health` and `GET /health/ready`."""

from __future__ import annotations

import pytest

from dev import postgres
from itemsvc.http import readiness
from tests.support.client import Client
from tests.support.service import Service, wait_until


@pytest.mark.parametrize("path", ["/health", "/health/"])
@pytest.mark.parametrize("host", ["10.0.1.7:8000", "evil.example", "localhost"])
def test_liveness_answers_any_host_exactly(api: Client, path: str, host: str) -> None:
    response = api.get(path, headers={"host": host})
    assert (response.status_code, response.content) == (200, b'{"status":"healthy"}')


def test_liveness_needs_no_database(api: Client, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        api.get("/health")


def test_liveness_is_not_redirected_to_https(api: Client, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert api.get("/health").status_code == 200
    assert Client(api.schema).get("/gadgets").status_code == 301


def test_liveness_refuses_a_post(api: Client) -> None:
    response = api.post("/health")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_ready(api: Client) -> None:
    response = api.get("/health/ready")
    body = response.json()
    assert (response.status_code, body["status"]) == (200, "ready")
    assert [(check["check"], check["outcome"]) for check in body["checks"]] == [
        ("database", "passed"),
        ("migrations", "passed"),
    ]
    assert all(0 < check["milliseconds"] < 5_000 for check in body["checks"])


def test_ready_costs_statements_once_a_second(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []
    monkeypatch.setitem(readiness.CHECKS, "migrations", lambda: asked.append(None))
    for second, total in ((1.0, 1), (1.9, 1), (2.0, 2)):
        monkeypatch.setattr(readiness, "monotonic", lambda second=second: second)
        assert api.get("/health/ready").status_code == 200
        assert len(asked) == total


@pytest.mark.slow
def test_not_ready_says_what_was_not_looked_at(start_service, postgres_server, new_database) -> None:
    service = start_service(new_database("closed"))
    postgres.execute(postgres_server, "ALTER DATABASE closed WITH ALLOW_CONNECTIONS false")
    try:
        response = service.get("/health/ready")
    finally:
        postgres.execute(postgres_server, "ALTER DATABASE closed WITH ALLOW_CONNECTIONS true")
    body = response.json()
    assert (response.status_code, body["status"], body["check"]) == (503, "unavailable", "database")
    assert [(check["check"], check["outcome"]) for check in body["checks"]] == [
        ("database", "failed"),
        ("migrations", "skipped"),
    ]


def test_not_ready_names_the_unapplied_migration(service: Service) -> None:
    service.execute("DELETE FROM django_migrations WHERE app = 'sample'")
    try:
        # It remembers its answer for a second.
        wait_until(lambda: service.get("/health/ready").status_code == 503, "it is not ready")
        response = service.get("/health/ready")
    finally:
        service.manage("migrate", "sample", "--fake", check=True)
    assert response.status_code == 503
    assert response.json()["check"] == "migrations"
    assert "sample.0001_initial" in response.json()["detail"]


def logged(service: Service, request_id: str) -> list[str]:
    """Every request's id in the log so far, once this one is among them."""
    ids = [line["request_id"] for line in service.log_lines()]
    return ids if request_id in ids else []


def test_probes_leave_no_line_at_info(service: Service) -> None:
    service.get("/health", headers={"X-Request-ID": "a-probe"})
    service.get("/gadgets", headers={"X-Request-ID": "a-reader"})
    # A line is written after its answer is sent, so the later request's says that the earlier one's would be there.
    ids = wait_until(lambda: logged(service, "a-reader"), "the reader's line")
    assert "a-probe" not in ids


@pytest.mark.parametrize("path", ["/health/ready", "/health/ready/"])
@pytest.mark.parametrize("host", ["10.0.1.7:8000", "evil.example"])
def test_readiness_answers_a_probe_by_address_over_http(api: Client, settings, path: str, host: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = Client(api.schema).get(path, headers={"host": host})
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    assert Client(api.schema).get("/health/other", headers={"host": host}).status_code == 400

"""Every error is JSON, whoever raises it; every response has its request id."""

from __future__ import annotations

import re
import uuid

import psycopg2
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from itemsvc.http import errors
from tests.support.client import Client
from tests.support.service import Service


@pytest.mark.parametrize("path", ["/nope", "/gadgets/1/2", "/static/nope.css", "/admin", "/admin/", "/health/nope"])
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
def test_what_is_not_there_is_404_in_json(api: Client, path: str, accept: str) -> None:
    response = api.get(path, headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    assert response.json() == {"detail": "Not found."}


def test_a_host_that_is_not_allowed_is_400(api: Client) -> None:
    response = api.get("/gadgets", headers={"host": "evil.example"})
    assert (response.status_code, response.json()) == (400, {"detail": "Bad request."})


def test_an_uncaught_error_is_500_without_its_text(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("itemsvc.resources.pagination.KeysetPagination.paginate_queryset", broken)
    response = api.get("/gadgets")
    assert (response.status_code, response.json()) == (500, {"detail": "Internal server error."})


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("server closed\nat 10.0.0.1"),
        InterfaceError("cursor closed"),
        # Of a connection that breaks while it is read, in Django's dress or as the driver raises them.
        DatabaseError("lost synchronization with server"),
        psycopg2.DatabaseError("lost synchronization with server"),
        psycopg2.InterfaceError("cursor already closed"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson", "text/html"])
def test_a_database_that_is_away_is_503(
    api: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, accept: str
) -> None:
    def away(*args: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        response = api.get("/gadgets", headers={"accept": accept})
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert response.json() == {"detail": "The database is unavailable. Try again shortly."}


def test_admin_forms_need_their_token(admin_enabled: None) -> None:
    from django.test import Client as DjangoClient

    response = DjangoClient(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})
    assert response.status_code == 403
    assert response.content == b'{"detail":"CSRF verification failed: CSRF cookie not set."}'


def test_permission_denied_is_403_in_json(rf) -> None:
    response = errors.permission_denied(rf.get("/"), PermissionError())
    assert (response.status_code, response["Content-Type"]) == (403, "application/json")


def test_a_form_that_is_too_large_is_413(api: Client, settings, admin_enabled: None) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024
    content_type = "application/x-www-form-urlencoded"
    response = api.post("/admin/login/", "a=" + "b" * 2000, content_type=content_type)
    assert (response.status_code, response["Content-Type"]) == (413, "application/json")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"X-Request-ID": "abc-123"}, "abc-123"),
        ({"X-Request-ID": "a" * 128}, "a" * 128),
        ({"X-Request-ID": "Az09._:=+/-"}, "Az09._:=+/-"),
        ({"X-Request-ID": "abc", "X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678"}, "abc"),
        (
            {"X-Amzn-Trace-Id": "Self=1-67891234-12456789abcdef012345678a;Root=1-67891233-abcdef012345678912345678"},
            "1-67891233-abcdef012345678912345678",
        ),
        ({"X-Request-ID": "a b", "X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678"},
         "1-67891233-abcdef012345678912345678"),
    ],
)  # fmt: skip
def test_the_request_id_is_the_callers_or_the_load_balancers(
    api: Client, header: dict[str, str], expected: str
) -> None:
    for path in ("/health", "/gadgets", "/nope"):
        assert api.get(path, headers=header)["X-Request-ID"] == expected


@pytest.mark.parametrize(
    "headers",
    [
        *({"X-Request-ID": given} for given in ("", " ", "a" * 129, "a\tb", "<script>", "é", "a;b")),
        *({"X-Amzn-Trace-Id": f"Root={root}"} for root in ("1-abc", "1-6789123-abcdef0123456789123456789", "2-67-ab")),
    ],
)
def test_a_malformed_request_id_is_replaced(api: Client, headers: dict[str, str]) -> None:
    assert uuid.UUID(api.get("/gadgets", headers=headers)["X-Request-ID"]).version == 4


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET /gadgets HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n", 400),
    ],
)
def test_what_gunicorn_refuses_is_json_with_an_id(service: Service, request_bytes: bytes, status: int) -> None:
    head, _, body = service.raw(request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Type: application/json" in head
    assert body.startswith(b'{"detail":"')
    identifier = re.search(rb"X-Request-ID: (\S+)", head).group(1).decode()
    assert [line for line in service.log_lines() if line["request_id"] == identifier]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_a_redirect_keeps_the_method(api: Client, settings, method: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = getattr(Client(api.schema), method)("/gadgets")
    assert (response.status_code, response["Location"]) == (308, "https://testserver/gadgets")

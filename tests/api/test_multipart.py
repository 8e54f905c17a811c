"""`parser_classes = (MultiPartParser, StrictJSONParser)`: a view that takes files, within MAX_BODY_BYTES."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.support.service import WORKERS, Service

LIMIT = 4 * 1024 * 1024
TOO_LARGE = {"detail": "Request body is too large."}


@pytest.fixture(scope="module", params=WORKERS)
def uploads(request: Any, migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """A service with that view, on its own worker and on gunicorn's, which takes more than Django keeps in memory."""
    environment = {"DJANGO_SETTINGS_MODULE": "tests.api.upload_settings", "MAX_BODY_BYTES": str(LIMIT)}
    environment["GUNICORN_WORKER"] = request.param
    with Service(migrated_database(f"uploads_{request.param}"), **environment) as service:
        yield service


def form(boundary: str, body: bytes) -> dict[str, Any]:
    return {"headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"}, "data": body}


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_a_file_arrives_whole(uploads: Service, size: int) -> None:
    content = bytes(number % 256 for number in range(1000)) * (size // 1000) + b"x" * (size % 1000)
    response = uploads.post("/uploads", data={"title": "Lämp"}, files={"file": ("lamp.png", content, "image/png")})
    if size == 0:
        assert (response.status_code, response.json()) == (400, {"file": ["The submitted file is empty."]})
        return
    about = {"name": "lamp.png", "size": size, "sum": sum(content), "kind": "InMemoryUploadedFile"}
    assert (response.status_code, response.json()) == (200, {"title": "Lämp", "file": about})


def test_in_chunks_too(uploads: Service) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nlamp\r\n--x--\r\n'
    response = uploads.post("/uploads", **form("x", iter([body[:10], body[10:]])))  # type: ignore[arg-type]
    assert (response.status_code, response.json()) == (200, {"title": "lamp", "file": None})


def test_json_beside_it(uploads: Service) -> None:
    assert uploads.post("/uploads", json={"title": "lamp"}).json() == {"title": "lamp", "file": None}
    twice = uploads.post("/uploads", data=b'{"title": 1, "title": 2}', headers={"Content-Type": "application/json"})
    assert (twice.status_code, twice.json()) == (400, {"detail": "JSON parse error - a member is given twice"})
    other = uploads.post("/uploads", data=b"title=lamp", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert other.status_code == 415


@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_the_limit_is_too_large(uploads: Service, chunked: bool) -> None:
    opening = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = opening + b"y" * LIMIT + b"\r\n--x--\r\n"
    uploads.http.close()  # gunicorn's own worker closes after such an answer, unannounced.
    response = uploads.post("/uploads", **form("x", iter([body]) if chunked else body))  # type: ignore[arg-type]
    assert (response.status_code, response.json()) == (413, TOO_LARGE)
    again = requests.post(f"{uploads.url}/uploads", json={"title": "lamp"}, timeout=30)  # On a connection of its own.
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("boundary", "body"),
    [
        ("", b"--x\r\n\r\n"),
        ("x" * 205, b"--x\r\n\r\n"),
        ("é", b"--x\r\n\r\n"),
        ("x", b'--x\r\nContent-Disposition: form-data; name="title"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n'),
    ],
)
def test_a_malformed_form_is_a_400(uploads: Service, boundary: str, body: bytes) -> None:
    response = uploads.post("/uploads", **form(boundary, body))
    assert response.status_code == 400, response.text
    assert list(response.json()) in (["detail"], ["title"])


def test_a_form_without_a_boundary_is_a_400(uploads: Service) -> None:
    response = uploads.post("/uploads", data=b"--x--", headers={"Content-Type": "multipart/form-data"})
    assert response.status_code == 400
    assert "boundary" in response.json()["detail"]


def test_too_many_fields_are_a_400(uploads: Service) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\na\r\n'
    response = uploads.post("/uploads", **form("x", part * 1001 + b"--x--\r\n"))
    assert (response.status_code, response.json()) == (400, {"detail": "Bad request."})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nlamp\r\n'),
        ("application/json", b'{"title": "lamp"}'),
    ],
)
def test_a_body_that_ends_early_reaches_no_view(uploads: Service, kind: str, body: bytes) -> None:
    head = f"POST /uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body) + 99}\r\n"
    head += f"Content-Type: {kind}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", uploads.port), 10) as connection:
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert answer.endswith(b'{"detail":"The body could not be read to its end."}')

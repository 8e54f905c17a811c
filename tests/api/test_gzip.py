"""GZIP: large JSON answers are compressed; entity tags, streams and small answers are as without it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.support.service import WORKERS, Service

LONG = "a long description, " * 30
PLAIN = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip, br"}


@pytest.fixture(scope="module", params=WORKERS)
def compressing(request: Any, migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """A service with GZIP, on its own worker and on gunicorn's."""
    environment = {"GZIP": "true"}
    environment["GUNICORN_WORKER"] = request.param
    with Service(migrated_database(f"gzip_{request.param}"), **environment) as service:
        yield service


@pytest.fixture
def path(compressing: Service) -> str:
    """A new gadget's, which is large."""
    made = compressing.post("/gadgets", json={"name": "lamp", "description": LONG}, headers=PLAIN)
    return f"/gadgets/{made.json()['id']}"


def sent(service: Service, method: str, path: str, **headers: str) -> tuple[dict[str, str], bytes]:
    """The answer's headers and its body as it went over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head, _, body = service.raw("\r\n".join([*lines, "", ""]).encode()).partition(b"\r\n\r\n")
    fields = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
    return {name.lower(): value for name, _, value in fields}, body


def test_a_large_answer_is_compressed_for_who_takes_it(compressing: Service, path: str) -> None:
    headers, body = sent(compressing, "GET", path, Accept_Encoding="gzip")
    plain_headers, plain = sent(compressing, "GET", path)
    assert (headers["content-encoding"], int(headers["content-length"])) == ("gzip", len(body))
    assert len(body) < len(plain)
    assert gzip.decompress(body) == plain
    assert json.loads(plain)["description"] == LONG.strip()
    assert "content-encoding" not in plain_headers
    for each in (headers, plain_headers):
        assert "Accept-Encoding" in each["vary"]


def test_small_answers_and_pages_are_left_alone(compressing: Service, path: str) -> None:
    for each, accept in (("/health/ready", "*/*"), ("/gadgets/nothing", "*/*"), (path, "text/html")):
        headers, _ = sent(compressing, "GET", each, Accept_Encoding="gzip", Accept=accept)
        assert "content-encoding" not in headers


def test_head_has_the_headers_and_no_body(compressing: Service, path: str) -> None:
    headers, body = sent(compressing, "HEAD", path, Accept_Encoding="gzip")
    assert (headers["content-encoding"], body) == ("gzip", b"")
    assert headers["etag"] == sent(compressing, "GET", path, Accept_Encoding="gzip")[0]["etag"]


def test_each_form_has_a_strong_tag_of_its_own(compressing: Service, path: str) -> None:
    tags = [compressing.get(path, headers=encoding).headers["ETag"] for encoding in (GZIP, PLAIN)]
    assert tags[0] == tags[1].removesuffix('"') + '-gzip"'
    assert tags[1].startswith('"')


@pytest.mark.parametrize("target", ["{path}", "/gadgets"])
@pytest.mark.parametrize("had", [GZIP, PLAIN])
@pytest.mark.parametrize("asks", [GZIP, PLAIN])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}'])
def test_who_has_it_already_gets_304(
    compressing: Service, path: str, *, target: str, had: dict[str, str], asks: dict[str, str], form: str
) -> None:
    url = target.format(path=path)
    tag = compressing.get(url, headers=had).headers["ETag"]
    response = compressing.get(url, headers=asks | {"If-None-Match": form.format(tag)})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == tag  # Or the client could not tell which of its copies is still good.
    assert "Accept-Encoding" in response.headers["Vary"]
    changed = compressing.get(url, headers=asks | {"If-None-Match": '"another-gzip"'})
    assert changed.status_code == 200


@pytest.mark.parametrize("had", [GZIP, PLAIN])
def test_a_write_is_decided_by_the_tag_of_either_form(compressing: Service, path: str, had: dict[str, str]) -> None:
    tag = compressing.get(path, headers=had).headers["ETag"]

    def write(tag: str) -> requests.Response:
        return compressing.request("PATCH", path, json={"name": "torch"}, headers=GZIP | {"If-Match": tag})

    changed = write(tag)
    assert (changed.status_code, changed.headers["Content-Encoding"]) == (200, "gzip")
    assert write(tag).status_code == 412
    assert write("W/" + changed.headers["ETag"]).status_code == 412  # A weak one decides nothing, as without GZIP.
    assert compressing.get(path, headers=GZIP | {"If-Match": tag}).status_code == 412
    current = compressing.get(path, headers=GZIP | {"If-Match": changed.headers["ETag"]})
    assert (current.status_code, current.headers["ETag"]) == (200, changed.headers["ETag"])
    assert write(changed.headers["ETag"]).status_code == 200


def test_the_answer_to_a_repeated_creation_is_the_same(compressing: Service) -> None:
    def create(encoding: dict[str, str]) -> requests.Response:
        headers = encoding | {"Idempotency-Key": f"once-{compressing.port}"}
        return compressing.post("/gadgets", json={"name": "once", "description": LONG}, headers=headers)

    first, again, plain = create(GZIP), create(GZIP), create(PLAIN)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json() == plain.json()
    assert first.headers["ETag"] == again.headers["ETag"] == plain.headers["ETag"].removesuffix('"') + '-gzip"'


def test_a_stream_is_sent_as_its_rows_are_read(compressing: Service, path: str) -> None:
    headers = GZIP | {"Accept": "application/x-ndjson"}
    with compressing.get("/gadgets", headers=headers, stream=True) as response:
        assert "Content-Encoding" not in response.headers
        assert json.loads(next(response.iter_lines()))["description"] == LONG.strip()
        assert response.headers["Transfer-Encoding"] == "chunked"

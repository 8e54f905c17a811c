"""What a client accepts, and how it codes what it sends (RFC 9110, sections 12.5.1 and 8.4)."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from itemsvc.resources.merge_patch import merge
from tests.resources.shapes import SHAPES, Post
from tests.support.client import Client
from tests.support.ways import ask, every_way

JSON, HTML, LINES = "application/json", "text/html; charset=utf-8", "application/x-ndjson"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json;q=0.1, application/x-ndjson;q=0.9", LINES),
        ("application/json;q=0.9, application/x-ndjson;q=0.1", JSON),
        ("text/html;q=0.1, application/json;q=0.9", JSON),
        ("text/html;q=0.9, application/json;q=0.1", HTML),
        ("application/json;q=0, */*", HTML),
        ("application/json; Q=0, text/html;q=0, */*;q=0.001", LINES),
        ("*/*;q=0.1, application/x-ndjson", LINES),
        ("application/*;q=0.2, text/html;q=0.1", JSON),
        ("application/*;q=0.2, text/*;q=0.3", HTML),
        ("application/json;indent=2;q=0.4, text/html;q=0.3", JSON),
        ("application/json;q=0.5, text/html;q=0.5", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", HTML),
        ("application/json, text/plain, */*;q=0.5", JSON),
        ("application/json;q=2, text/html;q=x", JSON),
        ("*/*;q=0", None),
        ("application/json;q=0", None),
        ("application/json;q=0.000, text/csv", None),
    ],
)
def test_the_highest_quality_is_answered(api: Client, accept: str, expected: str | None) -> None:
    response = api.get("/gadgets", headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == ((200, expected) if expected else (406, JSON))


@pytest.mark.parametrize("path", ["/", "/schema", "/health/ready", "/gadgets", "/docs"])
def test_nothing_is_acceptable_anywhere(api: Client, path: str) -> None:
    assert api.get(path, headers={"accept": "*/*;q=0"}).status_code == 406


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "identity, gzip"])
@pytest.mark.parametrize("body", [gzip.compress(b'{"name": "a"}', mtime=0), b'{"name": "a"}'], ids=["coded", "plain"])
def test_a_coded_body_is_refused_with_what_is_taken(
    transactional_db: None, static_files: None, coding: str, body: bytes
) -> None:
    for way in every_way().values():
        status, headers, content, _ = ask(way, "POST", "/gadgets", body, HTTP_CONTENT_ENCODING=coding)
        assert (status, headers["Accept-Encoding"]) == (415, "identity"), content


@pytest.mark.parametrize("coding", ["identity", ""])
def test_an_uncoded_body_is_taken(api: Client, coding: str) -> None:
    assert api.post("/gadgets", {"name": "a"}, headers={"content-encoding": coding}).status_code == 201


PATCH = "application/merge-patch+json"


def test_a_merge_patch_is_a_patch(api: Client, post: Post) -> None:
    path = f"/gadgets/{post('/gadgets', {'name': 'lamp', 'description': 'old'})['id']}"
    response = api.patch(path, '{"description": "new"}', content_type=f"{PATCH}; charset=utf-8")
    assert (response.status_code, response.json()["name"], response.json()["description"]) == (200, "lamp", "new")
    assert api.patch(path, '{"colour": 1}', content_type=PATCH).json() == {"colour": ["Unknown field."]}
    assert api.patch(path, "[]", content_type=PATCH).status_code == 400
    for method, where in ((api.put, path), (api.post, "/gadgets")):
        assert method(where, '{"name": "a"}', content_type=PATCH).status_code == 415


def test_a_merge_patch_merges_json(api: Client, post: Post) -> None:
    orders = SHAPES["/sample/orders"]
    order = post(orders.path, orders.make_body(post) | {"details": {"a": {"b": 1, "c": [1]}, "d": 2}})
    changes = '{"details": {"a": {"b": null, "c": [3]}, "e": {"f": null}}}'
    path = f"{orders.path}/{order['id']}"
    assert api.patch(path, changes, content_type=PATCH).json()["details"] == {"a": {"c": [3]}, "d": 2, "e": {}}
    assert api.patch(path, changes, content_type=JSON).json()["details"] == {
        "a": {"b": None, "c": [3]},
        "e": {"f": None},
    }
    deep = '{"details": ' + '{"a":' * 500 + "1" + "}" * 501
    assert api.patch(path, deep, content_type=PATCH).status_code == 400


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": None}, {}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "b"}, ["c"], ["c"]),
    ],
)
def test_merging_is_as_in_appendix_a_of_rfc_7396(target: Any, patch: Any, expected: Any) -> None:
    assert merge(target, patch) == expected

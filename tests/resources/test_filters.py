"""Filters by columns of each kind: one spelling of each value, and an error that names any other."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest
from django import forms
from django.db import models

from itemsvc.resources.filters import ModelFilter
from tests.resources.shapes import SHAPES, Post
from tests.support.client import Client

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/sample/orders", {"customer": "{customer}"}),
        ("/sample/orders", {"status": "paid"}),
        ("/sample/orders", {"total": "7.25"}),
        ("/sample/orders", {"total": "7.250"}),
        ("/sample/orders", {"placed_on": "2025-12-24"}),
        ("/sample/orders", {"gift": "true"}),
        ("/sample/orders", {"gift": "true", "status": "paid", "created_after": "2026-01-01T00:00:00Z"}),
        ("/sample/lines", {"order": "{order}"}),
        ("/sample/lines", {"quantity": "7"}),
        ("/sample/vouchers", {"code": "WANTED"}),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_a_filter_finds_what_it_names(api: Client, post: Post, path: str, query: Any, accept: str) -> None:
    shape = SHAPES[path]
    wanted = {"status": "paid", "total": "7.25", "placed_on": "2025-12-24", "gift": True, "quantity": 7}
    shape.make(post)
    found = post(path, shape.make_body(post) | {name: wanted[name] for name in shape.changes if name in wanted})
    if path == "/sample/vouchers":
        found = post(path, {"code": "WANTED"})
    response = api.get(path, {name: text.format(**found) for name, text in query.items()}, headers={"accept": accept})
    content = b"".join(response.streaming_content) if response.streaming else response.content
    assert (response.status_code, content.count(b'"id"'), found["id"] in response_keys(content)) == (200, 1, True)


def response_keys(content: bytes) -> list[Any]:
    """The keys in an array, or in lines."""
    text = content.decode().strip()
    rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    return [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/sample/orders", {"customer": NOBODY}),
        ("/sample/orders", {"total": "9" * 60}),
        ("/sample/orders", {"gift": "false", "status": "sent"}),
        ("/sample/lines", {"order": NOBODY}),
        ("/sample/lines", {"quantity": str(2**63 - 1)}),
        ("/sample/vouchers", {"code": " "}),
        ("/sample/vouchers", {"code": "SPRING "}),
        ("/sample/comments", {"author": "nobody"}),
    ],
)
def test_what_is_not_there_is_not_found(api: Client, post: Post, path: str, query: dict[str, str]) -> None:
    SHAPES[path].make(post)
    response = api.get(path, query)
    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/sample/orders", "customer", "5"),
        ("/sample/orders", "status", "lost"),
        ("/sample/orders", "status", " "),
        ("/sample/orders", "total", "1e3"),
        ("/sample/orders", "total", "-1e400000"),
        ("/sample/orders", "total", "NaN"),
        ("/sample/orders", "total", "9" * 61),
        ("/sample/orders", "placed_on", "01/31/2026"),
        ("/sample/orders", "placed_on", "2026-02-30"),
        ("/sample/orders", "gift", "yes"),
        ("/sample/orders", "gift", "True"),
        ("/sample/orders", "tags", "a"),
        ("/sample/orders", "created_after", "2026-01-31"),
        ("/sample/lines", "order", "5"),
        ("/sample/lines", "quantity", "1.5"),
        ("/sample/lines", "quantity", " 7"),
        ("/sample/lines", "quantity", "7_0"),
        ("/sample/lines", "quantity", str(2**63)),
        ("/sample/lines", "created_after", "2026-01-31T00:00:00Z"),
        ("/sample/vouchers", "code", "A" * 21),
        ("/sample/vouchers", "code", "\0"),
    ],
)
def test_a_value_in_another_spelling_is_refused_by_name(
    api: Client, post: Post, path: str, name: str, value: str
) -> None:
    SHAPES[path].make(post)
    response = api.get(path, {name: value})
    assert (response.status_code, list(response.json())) == (400, [name])


@pytest.mark.parametrize(
    ("path", "name", "shown"),
    [
        ("/sample/orders", "customer", {"type": "string", "format": "uuid"}),
        ("/sample/orders", "gift", {"type": "boolean"}),
        ("/sample/orders", "status", {"type": "string", "enum": ["open", "paid", "sent"]}),
        ("/sample/orders", "placed_on", {"type": "string", "format": "date"}),
        ("/sample/lines", "quantity", {"type": "integer", "minimum": 1 - 2**63, "maximum": 2**63 - 1}),
    ],
)
def test_the_schema_shows_the_values_of_a_filter(api: Client, path: str, name: str, shown: Any) -> None:
    parameters = api.get("/schema").json()["paths"][path]["get"]["parameters"]
    [found] = [each["schema"] for each in parameters if each["name"] == name]
    assert found == shown


@pytest.mark.parametrize(("text", "is_valid"), [("::1", True), ("10.0.0.1", True), ("x", False), ("10.0.0.256", False)])
def test_an_address_is_compared_with_addresses_only(text: str, is_valid: bool) -> None:
    column = models.GenericIPAddressField(name="address")
    chosen, extra = ModelFilter.filter_for_lookup(column, "exact")
    with nullcontext() if is_valid else pytest.raises(forms.ValidationError):
        assert chosen(**extra).field.clean(text) == text

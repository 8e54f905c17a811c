"""`GET /schema` with API_AUTH=oidc: which operation needs which scope, and what a refusal looks like."""

from __future__ import annotations

import re

import pytest

from tests.support.issuer import Issuer, bearer
from tests.support.openapi import Schema
from tests.support.service import Service


@pytest.fixture
def closed(secured: Service) -> Schema:
    """The document."""
    assert secured.schema
    return secured.schema


def test_it_names_the_scope_of_every_operation(closed: Schema) -> None:
    assert {
        (path, method): [scope for names in operation.get("security", ()) for scope in names.get("bearerToken", ())]
        for path, operations in closed.document["paths"].items()
        for method, operation in operations.items()
        if re.match("/($|health|gadgets)", path)
    } == {
        ("/", "get"): [],
        ("/health", "get"): [],
        ("/health/ready", "get"): [],
        ("/gadgets", "get"): ["gadgets:read"],
        ("/gadgets", "post"): ["gadgets:write"],
        ("/gadgets/{id}", "get"): ["gadgets:read"],
        ("/gadgets/{id}", "put"): ["gadgets:write"],
        ("/gadgets/{id}", "patch"): ["gadgets:write"],
        ("/gadgets/{id}", "delete"): ["gadgets:write"],
    }


def test_it_says_how_to_authorize(closed: Schema, issuer: Issuer) -> None:
    scheme = closed.document["components"]["securitySchemes"]["bearerToken"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    assert issuer.url in scheme["description"]


def test_an_operation_that_needs_a_token_lists_both_refusals(closed: Schema, schema: Schema) -> None:
    for path, operations in closed.document["paths"].items():
        for method, operation in operations.items():
            refusals = set() if re.match("/($|health)", path) else {"401", "403"}
            assert {"401", "403"} & set(operation["responses"]) == refusals, (method, path)
    for name in ("Unauthorized", "Forbidden"):
        assert closed.document["components"]["responses"][name]["headers"].keys() >= {"WWW-Authenticate"}
    assert "Unauthorized" not in schema.document["components"]["responses"]
    assert "securitySchemes" not in schema.document["components"]


def test_it_is_valid(closed: Schema) -> None:
    from drf_spectacular.validation import validate_schema

    validate_schema(closed.document)


def test_it_differs_in_nothing_else(closed: Schema, schema: Schema) -> None:
    """What an open operation answers, a closed one answers too."""
    for path, operations in schema.document["paths"].items():
        for method, operation in operations.items():
            answers = closed.document["paths"][path][method]["responses"]
            assert {status: answers.get(status) for status in operation["responses"]} == operation["responses"]


def test_the_browsable_api_offers_what_the_token_allows(secured: Service, issuer: Issuer) -> None:
    page = {"Accept": "text/html"}
    reading = secured.get("/gadgets", headers=page | bearer(issuer.token(scope="gadgets:read")))
    writing = secured.get("/gadgets", headers=page | bearer(issuer.token()))
    assert (reading.status_code, writing.status_code) == (200, 200)
    assert "machine" in reading.text
    assert 'name="description"' in writing.text
    assert 'name="description"' not in reading.text


def test_a_permission_of_the_views_own_may_refuse_too(secured: Service, issuer: Issuer) -> None:
    scope = "comments:read comments:write"
    ann, bob = (bearer(issuer.token(sub=name, scope=scope)) for name in ("ann", "bob"))
    made = secured.post("/sample/comments", json={"text": "mine"}, headers=ann).json()
    place = f"/sample/comments/{made['id']}"
    for headers in (bob, bearer(issuer.token())):  # Another's, and one without the scope; the schema judges both.
        assert secured.request("PATCH", place, json={"text": "yours"}, headers=headers).status_code == 403
    assert secured.request("DELETE", place, headers=ann).status_code == 204

"""The front door, the door behind the middleware and DRF's own path give one answer to every request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from itemsvc.auth.authentication import BearerToken, HasScope
from itemsvc.auth.oidc import key_set
from itemsvc.resources.models import IdempotencyKey
from itemsvc.resources.plan.behind import _planned
from itemsvc.resources.plan.operations import List, Retrieve
from itemsvc.resources.plan.writes import Create, Replace
from tests.resources.shapes import SHAPES
from tests.sample.models import Comment, Customer, Gadget, Line, Order, Voucher
from tests.sample.views import CommentDetail
from tests.support.issuer import AUDIENCE, Issuer
from tests.support.ways import Answer, Way, ask, every_way

KEY, OTHER_KEY, NO_KEY = (UUID(f"0197b4a0-0000-7000-8000-00000000000{number}") for number in range(1, 4))
MODELS = (Gadget, Customer, Order, Line, Voucher, Comment)
TABLES = [model._meta.db_table for model in (*MODELS, IdempotencyKey)]


def fill() -> None:
    """Puts the same rows into the tables, whatever is there."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY CASCADE")
    for number, key in enumerate((KEY, OTHER_KEY)):
        own = {"id": key, "version": 7}
        Gadget.objects.create(name=f"lamp {number}", description="bright", **own)
        customer = Customer.objects.create(name="Ann", email=f"{number}@example.com", **own)
        order = Order.objects.create(customer=customer, total="1.50", placed_on=date(2026, 1, number + 1), **own)
        Line.objects.create(order=order, product="nail")
        Voucher.objects.create(code="SPRING", **own)
        Comment.objects.create(text="well done", author=("sub:me", "address:127.0.0.1")[number], **own)


#: What axios, browsers, .NET and curl send, and what nobody is given.
ACCEPT = [
    "*/*", "application/json, text/plain, */*", "application/json;q=0.5, text/html", "text/html", "application/json",
    "application/json; indent=2", "text/csv", "application/x-ndjson", "",
]  # fmt: skip
TYPES = ["application/json", "application/json; charset=utf-8", "application/json; charset=latin-1", "text/plain"]
TAGS = [
    "{tag}",
    "*",
    '"other"',
    "W/{tag}",
    '"other", {tag}',
    '{tag}, "7-0000000000000000"',
    "{tag",
    '"8-0000000000000000"',
]
QUERIES = [
    {"limit": "1"}, {"limit": "0"}, {"ordering": "-created_at"}, {"ordering": "created_at", "limit": "1"},
    {"search": "LAMP"}, {"search": "%"}, {"customer": str(KEY)}, {"status": "open"}, {"placed_on": "2026-01-01"},
    {"limit": "2"}, {"name": "Ann"}, {"created_after": "2025-06-28T00:00:00Z"}, {"unknown": "1"}, {"name": ""},
    {"code": "SPRING"}, {"cursor": "AAAA"},
]  # fmt: skip
BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"{}",
    b"\xff",
    b'{"a":1,"a":2}',
    b'{"name":null}',
    b'{"id":"1"}',
    b'{"name":"a\\u0000"}',
]
UUIDS = [str(KEY), str(KEY), str(NO_KEY), str(KEY).upper(), "1", "none"]
#: Keys of lines: of one that is there, and of none, up to those that no column can hold.
NUMBERS = ["1", "1", "1", "01", "3", "0", "9" * 18, "9" * 19, "9" * 30, "-1", str(KEY)]
VALUES = [None, "", "a", " a ", 5, True, [], {}, "2026-02-30", "0@example.com", "1e3", "x" * 300, str(KEY), str(NO_KEY)]


@st.composite
def bodies(draw: st.DrawFn, path: str) -> bytes:
    """A whole body, a part of one, one with a wrong member, several, or none."""
    shape = SHAPES[path]
    whole = shape.body | shape.changes | dict.fromkeys(shape.references, str(KEY))
    if path == "/sample/lines":
        whole["order"] = str(KEY)
    part = {name: whole[name] for name in draw(st.lists(st.sampled_from([*whole]), unique=True))}
    wrong = whole | {draw(st.sampled_from([*whole, "colour", "id"])): draw(st.sampled_from(VALUES))}
    values = draw(st.sampled_from([whole, whole, part, part, wrong, [whole, part], [whole, wrong]]))
    return draw(st.just(json.dumps(values).encode()) | st.sampled_from(BROKEN))


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request to any shape of resource."""
    path = draw(st.sampled_from([*SHAPES]))
    detail = draw(st.booleans())
    method = draw(st.sampled_from(["GET", "GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "POST", "OPTIONS"]))
    keys = NUMBERS if path == "/sample/lines" else UUIDS
    request = {"method": method, "path": f"{path}/{draw(st.sampled_from(keys))}" if detail else path}
    if draw(st.booleans()):
        request["QUERY_STRING"] = urlencode(draw(st.sampled_from(QUERIES)))
    if draw(st.integers(0, 3)) == 0:
        request["HTTP_ACCEPT"] = draw(st.sampled_from(ACCEPT))
    if method in ("POST", "PUT", "PATCH"):
        request["body"] = draw(bodies(path))
        if draw(st.integers(0, 3)) == 0:
            request["CONTENT_TYPE"] = draw(st.sampled_from(TYPES))
    for name in CONDITIONS:
        if draw(st.integers(0, 2)) == 0:
            request[name] = draw(st.sampled_from(TAGS))
    if draw(st.integers(0, 5)) == 0:
        request["HTTP_IDEMPOTENCY_KEY"] = draw(st.sampled_from(['"a"', "b", "no key"]))
    return request


CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")
NEW_VERSION = re.compile(r'"\d{10,}-')
NEW_KEY = re.compile(r"\b(?!0197b4a0)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
NEW_TIME = re.compile(r'"created_at": ?"[^"]*"')  # With indent there is a space.


def told(answer: Answer) -> Any:
    """The answer without what differs in each new or changed row: its key, its time and its version."""
    status, headers, body, route = answer
    text = body.decode()
    if status == 201:
        text, headers["ETag"] = NEW_TIME.sub("", NEW_KEY.sub("KEY", text)), str(len(headers.get("ETag", "")))
        # A time of whole seconds has no fraction, so the lengths of two answers may differ.
        headers["Content-Length"] = str(headers["Content-Length"] == str(len(body)))
    headers = {name: NEW_KEY.sub("KEY", NEW_VERSION.sub('"NEW-', value)) for name, value in headers.items()}
    return status, headers, text, route


@pytest.fixture
def ways(transactional_db: None, static_files: None) -> dict[str, Way]:
    """The three ways, DRF's path first."""
    return every_way()


def rows() -> list[Any]:
    """All rows, without times, versions and the keys of new rows."""
    found = []
    for model in MODELS:
        own = ("id", "pk", "version", "created_at")
        names = [field.attname for field in model._meta.concrete_fields if field.name not in own]
        values = model._base_manager.values_list(*names)
        # Sorted, because a new random key has no place of its own among the others.
        found.append(sorted([NEW_KEY.sub("KEY", str(value)) for value in row] for row in values))
    return found


@pytest.mark.slow
@settings(max_examples=150)
@given(request=requests())
def test_every_way_gives_one_answer(ways: dict[str, Way], request: dict[str, Any]) -> None:
    compare(ways, request)


SCOPES = " ".join(
    f"{each}:{what}"
    for each in ("gadgets", "customers", "orders", "receipts", "lines", "vouchers", "comments", "notes")
    for what in ("read", "write")
)
#: The claims of tokens: the author of the first comment, somebody else, a machine, too few scopes, an old one.
CLAIMS: list[dict[str, Any]] = [
    {"sub": "me", "scope": SCOPES}, {"sub": "you", "scope": SCOPES},
    {"sub": None, "client_id": "me", "scope": SCOPES}, {"sub": "me", "scope": SCOPES.replace(":write", ":read")},
    {"sub": "me", "scope": SCOPES, "exp": 1}, {"sub": "me", "scope": SCOPES, "aud": "another"},
]  # fmt: skip


@pytest.fixture
def tokens(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, str]]]:
    """Headers with tokens of every kind, and without; the service asks for them."""
    with override_settings(API_AUTH="oidc", OIDC_ISSUER=issuer.url, OIDC_AUDIENCE=[AUDIENCE]):
        for view in (APIView, CommentDetail):
            own = [each for each in view.permission_classes if each is not AllowAny]
            monkeypatch.setattr(view, "permission_classes", (HasScope, *own))
            monkeypatch.setattr(view, "authentication_classes", (BearerToken,))
        for each in (key_set, _planned):
            each.cache_clear()
        values = [f"Bearer {issuer.token(**claims)}" for claims in CLAIMS]
        yield [{"HTTP_AUTHORIZATION": value} for value in [*values, "Bearer none", "Basic bWU6bWU="]] + [{}]
        for each in (key_set, _planned):
            each.cache_clear()


@pytest.mark.slow
@settings(max_examples=100)
@given(request=requests(), number=st.integers(0, len(CLAIMS) + 2))
def test_every_way_gives_one_answer_to_each_caller(
    tokens: list[dict[str, str]], ways: dict[str, Way], request: dict[str, Any], number: int
) -> None:
    compare(ways, request | tokens[number])


def compare(ways: dict[str, Way], request: dict[str, Any]) -> None:
    """Fails if two ways answer differently, or do something else to the rows."""
    fill()
    caller = {name: request[name] for name in ("HTTP_AUTHORIZATION",) if name in request}
    tag = ask(ways["DRF's path"], "GET", request["path"], **caller)[1].get("ETag", '"none"')
    request |= {name: request[name].replace("{tag}", tag) for name in CONDITIONS if name in request}
    answers = {}
    for name, way in ways.items():
        fill()
        answers[name] = (told(ask(way, **request)), rows())
    first, *others = answers.values()
    for other in others:
        assert other == first, request


def test_what_a_token_allows_is_answered_at_both_doors(
    tokens: list[dict[str, str]], ways: dict[str, Way], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    assert ask(ways["DRF's path"], "GET", f"/sample/notes/{KEY}", **tokens[0])[0] == 200  # The token is verified now.
    monkeypatch.setattr(APIView, "dispatch", lambda *args, **kwargs: HttpResponse(status=299))
    for name in ways.keys() - {"DRF's path"}:
        answers = [ask(ways[name], "GET", f"/sample/notes/{KEY}", **headers)[0] for headers in tokens]
        assert answers[0] == 200, name
        assert 200 not in answers[1:3], name
        assert ask(ways[name], "POST", "/sample/notes", b'{"text":"mine"}', **tokens[0])[0] == 201, name


def standard(path: str, body: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    """A request for each planned operation of a resource."""
    one, content = f"{path}/{KEY}", json.dumps(body).encode()
    return [
        {"method": "GET", "path": path, "QUERY_STRING": "limit=1"},
        {"method": "GET", "path": path, "HTTP_IF_NONE_MATCH": "*"},
        {"method": "GET", "path": one},
        {"method": "GET", "path": one, "HTTP_IF_NONE_MATCH": tag},
        {"method": "POST", "path": path, "body": content},
        {"method": "POST", "path": path, "body": content, "HTTP_IDEMPOTENCY_KEY": "a"},
        {"method": "POST", "path": path, "body": b"[%b]" % content, "HTTP_IDEMPOTENCY_KEY": "b"},
        {"method": "PUT", "path": one, "body": content},
        {"method": "PUT", "path": one, "body": content, "HTTP_IF_MATCH": tag},
        {"method": "PATCH", "path": one, "body": content},
        {"method": "PATCH", "path": one, "body": content, "HTTP_IF_MATCH": f'"other", {tag}, {tag}'},
        {"method": "DELETE", "path": one, "HTTP_IF_MATCH": tag},
        {"method": "DELETE", "path": one},
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/gadgets", {"name": "torch"}), ("/sample/customers", {"name": "Bob", "email": "b@example.com"})],
)
def test_each_operation_is_answered_at_both_doors(
    ways: dict[str, Way], monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any]
) -> None:
    fill()
    tag = ask(ways["DRF's path"], "GET", f"{path}/{KEY}")[1]["ETag"]
    monkeypatch.setattr(APIView, "dispatch", lambda *args, **kwargs: HttpResponse(status=299))
    # A customer is referred to by its orders, which are deleted with it.
    deleted = [204, 204] if path == "/gadgets" else [299, 299]
    expected = [200, 304, 200, 304, 201, 201, 201, 200, 200, 200, 200, *deleted]
    for name in ways.keys() - {"DRF's path"}:
        statuses = []
        for request in standard(path, body, tag):
            fill()
            statuses.append(ask(ways[name], **request)[0])
        assert statuses == expected, name


@pytest.mark.parametrize("path", SHAPES)
def test_a_new_row_is_answered_in_one_way(ways: dict[str, Way], path: str) -> None:
    shape = SHAPES[path]
    body = shape.body | shape.changes | dict.fromkeys(shape.references, str(KEY))
    compare(ways, {"method": "POST", "path": path, "body": json.dumps(body).encode()})


@pytest.mark.parametrize("number", sorted({*NUMBERS}))
@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("PATCH", b'{"quantity":5}'), ("PUT", b'{"quantity":5}')])
def test_a_number_finds_its_row_in_one_way(ways: dict[str, Way], number: str, method: str, body: bytes) -> None:
    compare(ways, {"method": method, "path": f"/sample/lines/{number}", "body": body})


def test_a_row_whose_key_is_a_number_is_read_and_changed_at_both_doors(
    ways: dict[str, Way], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    monkeypatch.setattr(APIView, "dispatch", lambda *args, **kwargs: HttpResponse(status=299))
    for name in ways.keys() - {"DRF's path"}:
        changed = ask(ways[name], "PATCH", "/sample/lines/1", b'{"quantity":5}')
        read = ask(ways[name], "GET", "/sample/lines/1")
        assert (changed[0], read[0], json.loads(read[2])["quantity"]) == (200, 200, 5), name


def test_an_operation_is_asked_once_whatever_the_door(ways: dict[str, Way], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for kind in (List, Retrieve, Create, Replace):
        answer = kind.answer

        def count(self: Any, request: Any, answer: Any = answer) -> Any:
            asked.append(type(self).__name__)
            return answer(self, request)

        monkeypatch.setattr(kind, "answer", count)
    for method, path, body, name, status in (
        ("GET", f"/gadgets/{NO_KEY}", b"", "Retrieve", 404),
        ("GET", "/gadgets?limit=0", b"", "List", 400),
        ("POST", "/gadgets", b"{}", "Create", 400),
        ("PUT", f"/gadgets/{NO_KEY}", b'{"name":"a"}', "Replace", 404),
    ):
        for way in ways.keys() - {"DRF's path"}:
            asked.clear()
            assert ask(ways[way], method, path, body)[0] == status
            assert asked == [name], way

"""The fast path: the same answer as the drf one, and only where it is sure of it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import psycopg2
import pytest
import requests
from django import forms
from django.apps.registry import Apps
from django.db import connection, models
from django.db.models import signals
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve
from django_filters.rest_framework import CharFilter
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.filters import SearchFilter
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAdminUser
from rest_framework.throttling import AnonRateThrottle
from rest_framework.versioning import AcceptHeaderVersioning

from itemsvc.core import logs
from itemsvc.core.logs import RequestContextFilter
from itemsvc.db.postgresql.base import DatabaseWrapper
from itemsvc.fast.dispatch import FastPath, operations
from itemsvc.http.handler import Handler
from itemsvc.resources.cursors import Cursor, Ordering
from itemsvc.resources.fields import BLANK
from itemsvc.resources.filters import StrictFilterBackend, TextFilter
from itemsvc.resources.one_statement import more_than_one_statement
from itemsvc.resources.plan.filters import list_filters
from itemsvc.resources.plan.keys import KEYS
from itemsvc.resources.plan.operations import List, Operation, Retrieve, read_parameters
from itemsvc.resources.plan.statements import Insert
from itemsvc.resources.plan.views import planned
from itemsvc.resources.plan.writes import Create, Destroy, Replace
from tests.sample.filters import GadgetFilter
from tests.sample.models import Gadget
from tests.sample.serializers import GadgetSerializer
from tests.sample.views import GadgetDetail, GadgetList
from tests.support.service import Service
from tests.support.ways import OF_ITS_OWN, drf_path, front_door
from tests.support.ways import ask as asked

#: Django's handler reads the names of the static files when it is made.
pytestmark = pytest.mark.usefixtures("static_files")

# DRF ignores an indent that is no number, and the fast path leaves every indent to DRF.
DRF_ONLY = {"Accept": "application/json; indent=none"}
OWN_LINES = re.compile(f"({'|'.join(OF_ITS_OWN)}): [^\r]*".encode())

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
GADGETS = st.fixed_dictionaries(
    {"name": TEXT.filter(lambda text: not BLANK.fullmatch(text))}, optional={"description": TEXT}
)


def answer(service: Service, method: str, path: str, headers: dict[str, str] | None = None, **kwargs: Any) -> Any:
    """Status, body, and the headers but those that no two answers share."""
    response = service.request(method, path, headers=headers, **kwargs)
    return response.status_code, response.content, {
        name: value for name, value in response.headers.items() if name not in OF_ITS_OWN
    }  # fmt: skip


def both(service: Service, path: str) -> tuple[Any, Any]:
    """The answers of either way."""
    return answer(service, "GET", path), answer(service, "GET", path, DRF_ONLY)


@settings(max_examples=40)
@given(gadget=GADGETS)
def test_a_gadget_is_the_same_on_either_way(service: Service, gadget: dict[str, str]) -> None:
    made = service.post("/gadgets", json=gadget)
    again = service.post("/gadgets", json=gadget, headers=DRF_ONLY)
    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json() | {"id": "", "created_at": ""} == again.json() | {"id": "", "created_at": ""}
    assert made.headers.keys() == again.headers.keys()
    for key in (made.json()["id"], again.json()["id"]):
        fast, drf = both(service, f"/gadgets/{key}")
        assert fast == drf
    assert made.headers["Location"] == f"{service.url}/gadgets/{made.json()['id']}"


PAGES = [
    "", "?limit=3", "?limit=1000", "?ordering=created_at", "?ordering=-created_at&limit=2", "?limit=0", "?limit=x",
    "?limit=1&limit=2", "?limit=", "?cursor=AAAA", "?page=2", "?limit=2&search=no.+%37%37%37", "?limit=%32",
    "?ordering=name", "?&",
]  # fmt: skip


def test_every_page_is_the_same_on_either_way(service: Service) -> None:
    for number in range(11):
        service.post("/gadgets", json={"name": f"no. {number}"})
    for query in PAGES:
        fast, drf = both(service, f"/gadgets{query}")
        assert fast == drf, query


@pytest.mark.parametrize("ordering", ["created_at", "-created_at"])
def test_pages_are_followed_there_and_back_the_same_on_either_way(service: Service, ordering: str) -> None:
    for number in range(7):
        service.post("/gadgets", json={"name": f"no. {number}"})
    url = f"{service.url}/gadgets?limit=3&ordering={ordering}"
    for relation in ("next", "next", "prev", "prev"):
        fast, drf = both(service, url.removeprefix(service.url))
        assert fast == drf
        url = links(fast[2]["Link"])[relation]


#: Letters with another or a longer upper case, what LIKE and URLs have a meaning for, and what is no text at all.
LETTERS = st.sampled_from(
    [*"aAbBiIsS\u00df\u1e9e\u0131\u0130\u017f\u00e9\u00c9\u03c3\u03c2", "e\u0301", *"%_\\'\"+&=;#? ", "\U0001f40d"]
)
NAMES = st.lists(st.lists(LETTERS, max_size=8).map("".join).filter(str.strip), min_size=4, max_size=12)
LENGTHS = ["x" * 255, "x" * 256, "\u00df" * 255, "\u00df" * 256]
CURSORS = [
    Cursor(Ordering.of(Gadget, name), (key,), backward).encode()
    for key in (uuid.UUID(int=0), uuid.UUID(int=2**128 - 1))
    for name in ("-created_at", "created_at")
    for backward in (True, False)
]


@st.composite
def searches(draw: st.DrawFn, names: list[str]) -> str:
    """A query string that asks for some of the names, or none, or is refused."""
    name = draw(st.sampled_from(names))
    begin, end = draw(st.integers(0, len(name))), draw(st.integers(0, len(name)))
    part = name[begin:end] or name
    text = st.sampled_from([part, part.upper(), part.lower(), *LENGTHS, "a\0"]) | st.lists(LETTERS).map("".join)
    asked = {
        "search": text, "name": st.sampled_from(names) | text, "limit": st.sampled_from(["1", "2", "1000", "0"]),
        "ordering": st.sampled_from(["created_at", "-created_at"]), "cursor": st.sampled_from(CURSORS),
    }  # fmt: skip
    parameters = draw(st.permutations([*draw(st.fixed_dictionaries({}, optional=asked)).items()]))
    return urlencode(parameters, quote_via=draw(st.sampled_from([quote, quote_plus])))


@pytest.mark.slow
@settings(max_examples=60)
@given(names=NAMES, data=st.data())
def test_a_search_is_the_same_on_either_way(service: Service, names: list[str], data: st.DataObject) -> None:
    service.execute("TRUNCATE sample_gadget")
    service.post("/gadgets", json=[{"name": name} for name in names])
    for _ in range(5):
        path = f"/gadgets?{data.draw(searches(names))}"
        for _ in range(3):
            fast, drf = both(service, path)
            assert fast == drf
            following = links(fast[2]["Link"]) if "Link" in fast[2] else {}
            if not following:
                break
            path = following[data.draw(st.sampled_from(sorted(following)))].removeprefix(service.url)


def links(header: str) -> dict[str, str]:
    """Addresses by relation."""
    return {link["rel"]: link["url"] for link in requests.utils.parse_header_links(header)}


REFUSED = [
    b"", b"{", b"[]", b'"a"', b"null", b"{}", b'{"name":""}', b'{"name":5}', b'{"name":"a","name":"b"}',
    b'{"name":"a","color":"b"}', b'{"name":"a\\u0000"}', b"\xff", b'{"name":"' + b"a" * 256 + b'"}',
]  # fmt: skip


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_refused_is_refused_the_same_on_either_way(service: Service, body: bytes) -> None:
    json = {"Content-Type": "application/json"}
    fast = answer(service, "POST", "/gadgets", json, data=body)
    drf = answer(service, "POST", "/gadgets", json | DRF_ONLY, data=body)
    assert fast == drf
    assert fast[0] == 400
    assert service.get("/gadgets").json() == []


def test_a_body_above_a_small_limit_is_refused(start_service: Callable[..., Service]) -> None:
    service = start_service(MAX_BODY_BYTES="2000")
    head = b"POST /gadgets HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
    for size, status in ((1900, 201), (2100, 413)):
        body = b'{"name":"a","description":"%b"}' % (b"b" * size)
        # In one piece, as a client may send it.
        answered = service.raw(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert answered.startswith(b"HTTP/1.1 %d " % status)


@pytest.fixture
def taken(transactional_db: None) -> Callable[[str], bool]:
    """Whether the fast path answers `GET /gadgets` with a query string."""
    statuses: list[str] = []
    path = FastPath(Handler(), lambda environ, start_response: start_response("drf", []) or (b"",))

    def ask(query: str) -> bool:
        path(RequestFactory().get("/gadgets", QUERY_STRING=query).environ, lambda status, _: statuses.append(status))
        assert statuses[-1] in ("200 OK", "drf")
        return statuses[-1] == "200 OK"

    return ask


@pytest.fixture
def ways(transactional_db: None) -> tuple[Any, Any]:
    """The service's application, and the same without the fast path."""
    return front_door(), drf_path()


#: Of no meaning to an answer of the middleware's own, or decisive for it, with the status of the answer.
ASKED: list[tuple[int, dict[str, str]]] = [
    (200, {"HTTP_IF_NONE_MATCH": '"other"'}),
    (304, {"HTTP_IF_NONE_MATCH": "{etag}"}),
    (304, {"HTTP_IF_NONE_MATCH": "*"}),
    (200, {"HTTP_IF_MATCH": "{etag}"}),
    (412, {"HTTP_IF_MATCH": '"other"'}),
    (200, {"HTTP_ACCEPT": "text/html"}),
    (200, {"HTTP_ACCEPT": "application/json; indent=4"}),
    (406, {"HTTP_ACCEPT": "text/csv"}),
    (200, {"SCRIPT_NAME": "/api"}),
    (200, {"SERVER_PORT": "8000"}),
    (200, {"wsgi.url_scheme": "https", "SERVER_PORT": "443"}),
]


@pytest.mark.parametrize("path", ["/gadgets?limit=1", "{gadget}"])
def test_a_condition_or_another_form_is_heeded_on_either_way(ways: tuple[Any, Any], path: str) -> None:
    fast, drf = ways
    made, _ = [asked(drf, "POST", "/gadgets", b'{"name":"%d"}' % number) for number in range(2)]
    path = path.format(gadget=made[1]["Location"].removeprefix("http://testserver"))
    etag = asked(fast, "GET", path)[1]["ETag"]
    for status, headers in ASKED:
        given = {name: value.format(etag=etag) for name, value in headers.items()}
        # Twice, since what was learnt by one request must not be told to another.
        for more, expected in ((given, status), ({}, 200), (given, status)):
            answered = asked(fast, "GET", path, **more)
            assert answered == asked(drf, "GET", path, **more), more
            assert answered[0] == expected, more


def test_a_gadget_is_made_where_the_client_sees_it(ways: tuple[Any, Any]) -> None:
    for way in ways:
        for base, more in (
            ("http://testserver", {}),
            ("http://testserver/api", {"SCRIPT_NAME": "/api"}),
            ("https://testserver", {"wsgi.url_scheme": "https", "SERVER_PORT": "443"}),
        ):
            status, headers, body, route = asked(way, "POST", "/gadgets", b'{"name":"a"}', **more)
            assert (status, headers["Location"]) == (201, f"{base}/gadgets/{json.loads(body)['id']}")
            assert route == "/gadgets"


def test_a_key_is_heeded_on_either_way(ways: tuple[Any, Any]) -> None:
    for way in ways:
        first, second = (
            asked(way, "POST", "/gadgets", b'{"name":"a"}', HTTP_IDEMPOTENCY_KEY=str(id(way))) for _ in range(2)
        )
        assert (first[0], second[0], first[2]) == (201, 201, second[2])
        assert second[1]["Idempotency-Replayed"] == "true"


def test_health_is_the_same_on_either_way(ways: tuple[Any, Any]) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        fast, drf = (asked(way, method, "/health")[:3] for way in ways)
        assert fast == drf, method


def test_what_clients_send_all_day_takes_the_fast_path(transactional_db: None) -> None:
    path = FastPath(Handler(), lambda environ, start_response: start_response("299 drf", []) or (b"",))
    made = asked(path, "POST", "/gadgets", b'{"name":"a"}')
    where = made[1].get("Location", "").removeprefix("http://testserver")
    assert [made[0], asked(path, "GET", where)[0], asked(path, "GET", "/gadgets")[0]] == [201, 200, 200]
    # A gadget is logged and counted by its route.
    assert asked(path, "GET", where)[3] == "/gadgets/{id}"


#: What axios, Angular, fetch, jQuery, Java's and .NET's clients and requests send; one with q-values.
ACCEPTED = [
    "application/json, text/plain, */*", "*/*", "application/json, text/javascript, */*; q=0.01", "application/json",
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/json;q=0.9, text/plain;q=0.5",
    "application/*", "APPLICATION/JSON",
]  # fmt: skip
TYPES = ["application/json; charset=utf-8", "application/json;charset=UTF-8", 'application/json; charset="utf-8"']


@pytest.mark.parametrize("accept", [*ACCEPTED, "text/html,*/*;q=0.8", "application/x-ndjson", "text/csv", "a" * 400])
def test_an_accept_header_means_the_same_on_either_way(ways: tuple[Any, Any], accept: str) -> None:
    fast, drf = ways
    made = asked(drf, "POST", "/gadgets", b'{"name":"a"}')[1]["Location"].removeprefix("http://testserver")
    for path in ("/gadgets", made):
        for _ in range(2):  # The second answer is remembered.
            ours, theirs = asked(fast, "GET", path, HTTP_ACCEPT=accept), asked(drf, "GET", path, HTTP_ACCEPT=accept)
            assert ours == theirs


@pytest.mark.parametrize("accept", ACCEPTED[:4] + ACCEPTED[5:])
@pytest.mark.parametrize("content_type", TYPES)
def test_real_clients_take_the_fast_path(transactional_db: None, accept: str, content_type: str) -> None:
    path = FastPath(Handler(), lambda environ, start_response: start_response("299 drf", []) or (b"",))
    made = asked(path, "POST", "/gadgets", b'{"name":"a"}', HTTP_ACCEPT=accept, CONTENT_TYPE=content_type)
    where = made[1].get("Location", "").removeprefix("http://testserver")
    answered = [asked(path, "GET", address, HTTP_ACCEPT=accept)[0] for address in (where, "/gadgets")]
    assert [made[0], *answered] == [201, 200, 200]


@pytest.mark.parametrize("content_type", [*TYPES, "application/json; charset=latin-1", "text/json", "application/*"])
def test_a_content_type_means_the_same_on_either_way(ways: tuple[Any, Any], content_type: str) -> None:
    fast, drf = (
        asked(way, "POST", "/gadgets", '{"name":"\u00e9"}'.encode(), CONTENT_TYPE=content_type) for way in ways
    )
    assert (fast[0], fast[1].keys()) == (drf[0], drf[1].keys())


def test_what_is_logged_has_the_id_of_the_answer(
    ways: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*words: Any, **more: Any) -> None:
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    def identifier(method: str, path: str) -> str:
        begun: list[Any] = []
        list(ways[0](RequestFactory().generic(method, path).environ, lambda *words: begun.extend(words)))
        return dict(begun[1])["X-Request-ID"]

    caplog.handler.addFilter(RequestContextFilter())
    assert identifier("GET", "/gadgets") == logs.request_id.get()
    with monkeypatch.context() as patch:
        patch.setattr(DatabaseWrapper, "fetch", away)
        answered = identifier("GET", "/gadgets")
    assert [record.request_id for record in caplog.records if "unavailable" in record.getMessage()] == [answered]


def test_a_read_is_repeated_where_its_session_ends_as_it_is_sent(
    ways: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, drf = ways
    made = asked(drf, "POST", "/gadgets", b'{"name":"a"}')
    # As if the word that the server has ended it were still on its way.
    monkeypatch.setattr("itemsvc.db.postgresql.base._readable", lambda descriptor: False)
    for path in ("/gadgets", made[1]["Location"].removeprefix("http://testserver")):
        before = asked(fast, "GET", path)
        with closing(psycopg2.connect(**connection.get_connection_params())) as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
        assert asked(fast, "GET", path) == before


def test_a_key_is_kept_where_its_session_has_ended_before(ways: tuple[Any, Any]) -> None:
    fast, _ = ways
    for number in range(2):
        made = asked(fast, "POST", "/gadgets", b'{"name":"a"}', HTTP_IDEMPOTENCY_KEY=f"key-{number}")
        assert made[0] == 201
        with closing(psycopg2.connect(**connection.get_connection_params())) as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    again = asked(fast, "POST", "/gadgets", b'{"name":"a"}', HTTP_IDEMPOTENCY_KEY="key-1")
    assert (again[1]["Location"], again[1]["Idempotency-Replayed"]) == (made[1]["Location"], "true")


TAKEN = [
    "", "limit=3", "search=oak", "search=OAK+lamp", "search=100%25", "search=%c3%9f%c3%9f%c3%9f%F0%9F%90%8D",
    "name=oak", "name=%2B", "search=oak&name=b", "name=b&limit=3&search=oak", "ordering=created_at&search=it's+oak",
    f"search=oak&ordering=-created_at&cursor={CURSORS[0]}", "search=" + "a" * 255, "search=%20oak",
    "created_after=2026-01-01T00:00:00Z", "created_after=0001-01-01t00%3A00%3A00.5z&limit=7",
    "search=oak&created_before=2026-01-01T00:00:00%2B01:00&limit=2",
    f"created_after=2026-01-01T00:00:00Z&cursor={CURSORS[0]}", "search=oak&", "search=oak;b", "search=oak=b",
    "s%65arch=oak", "search=oak&limit=%33",
]  # fmt: skip
LEFT = [
    "search=", "search", "search=zz", "search=---", "search=oak&search=b", "search=%", "search=%zz", "search=%ff",
    "search=%ed%a0%80", "search=%00", "search=oak%00b", "search=oak#b",
    "search=\u00c3\u009f", "search=" + "a" * 256, "Search=a",
    "search=oak&limit=0", "search=oak&page=2", "search=oak&cursor=AAAA", "created_after=2026-01-01",
    "created_after=2026-01-01T00:00:00", "created_after=2026-01-01T00:00:00+01:00", "created_after=&search=oak",
    "search=oak&created_before=1", "limit=3+", "other=a",
]  # fmt: skip


def test_a_plain_search_is_answered_on_the_fast_path(taken: Callable[[str], bool]) -> None:
    assert [query for query in TAKEN if not taken(query)] == []


def test_any_other_search_is_left_to_drfs_path(taken: Callable[[str], bool]) -> None:
    assert [query for query in LEFT if taken(query)] == []


def test_no_text_with_nul_reaches_the_driver_whatever_a_field_takes() -> None:
    assert read_parameters("described=a%00", {"described"}) is None


def test_every_search_is_the_same_on_either_way(service: Service) -> None:
    service.post("/gadgets", json=[{"name": name} for name in ("oak", "OAK LAMP", "100%", "\u00df" * 3, "it's oak")])
    for query in (*TAKEN, *LEFT):
        head = f"GET /gadgets?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        asked = [f"{head}{more}\r\n".encode("latin-1") for more in ("", f"Accept: {DRF_ONLY['Accept']}\r\n")]
        fast, drf = (sorted(OWN_LINES.sub(b"", service.raw(each)).split(b"\r\n")) for each in asked)
        assert fast == drf, query


def test_a_search_is_planned_for_its_own_text(taken: Callable[[str], bool]) -> None:
    assert taken("search=oak&name=oak&limit=7")
    assert taken("limit=7")
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%LIMIT 8'")
        [[statement]] = cursor.fetchall()
    assert "WHERE" not in statement


OTHERS: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/gadgets/", {}), ("HEAD", "/gadgets", {}), ("OPTIONS", "/gadgets", {}), ("PUT", "/gadgets", {}),
    ("GET", "/gadgets/no-uuid", {}), ("GET", "/gadgets/01890A5D-AC96-774B-BCCE-B302099A8057", {}),
    ("GET", "/gadgets/01890a5d-ac96-774b-bcce-b302099a8057", {}), ("GET", "/gadgets", {"Host": "other.example"}),
    ("GET", "/health", {"Host": "10.0.0.1"}), ("HEAD", "/health", {}), ("POST", "/health", {}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "headers"), OTHERS)
def test_everything_else_is_drfs_path(service: Service, method: str, path: str, headers: dict[str, str]) -> None:
    fast = answer(service, method, path, headers)
    assert fast == answer(service, method, path, headers | DRF_ONLY)


def test_a_host_that_is_not_allowed_stays_so_after_one_that_is(service: Service) -> None:
    assert service.get("/gadgets").status_code == 200
    assert service.get("/gadgets", headers={"Host": "other.example"}).status_code == 400
    assert service.get("/gadgets").status_code == 200


def test_health_has_the_headers_of_every_answer(service: Service) -> None:
    health = service.get("/health")
    assert health.content == b'{"status":"healthy"}'
    assert health.headers["X-Content-Type-Options"] == "nosniff"
    assert health.headers["X-Request-ID"]


def fitting(view: type[generics.GenericAPIView]) -> set[type[Operation]]:
    """The operations that the fast path takes for a view."""
    return {type(operation) for operation in planned(view).values()}


def test_the_gadgets_views_take_part() -> None:
    for below, key, methods in (("", None, {"GET", "POST"}), ("/", KEYS["uuid"], {"GET", "PUT", "PATCH", "DELETE"})):
        view = resolve(f"/gadgets{below}{key.sample if key else ''}").func
        assert operations(view, "/gadgets", key).keys() == methods


class Permission(GadgetList):
    permission_classes = (IsAdminUser,)


class Queryset(GadgetList):
    def get_queryset(self) -> Any:
        return super().get_queryset().filter(name=self.request.headers["X-Name"])


class Finished(GadgetList):
    def finalize_response(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().finalize_response(*args, **kwargs)


class Serializer(GadgetList):
    class Own(GadgetSerializer):
        def to_representation(self, instance: Any) -> Any:
            return super().to_representation(instance)

    serializer_class = Own


class Lookup(GadgetDetail):
    lookup_field = "name"


class Parsed(GadgetList):
    parser_classes = (MultiPartParser,)


class Throttled(GadgetList):
    throttle_classes = (AnonRateThrottle,)


class Versioned(GadgetList):
    versioning_class = AcceptHeaderVersioning


@pytest.mark.parametrize("view", [Permission, Queryset, Finished, Serializer, Lookup, Parsed, Throttled, Versioned])
def test_a_view_of_which_something_is_unknown_does_not_take_part(view: type[generics.GenericAPIView]) -> None:
    assert fitting(view) == set()


class Created(GadgetList):
    def perform_create(self, serializer: Any) -> None:
        serializer.save(name=self.request.headers["X-Name"])


class Saved(GadgetList):
    class Own(GadgetSerializer):
        def create(self, validated_data: Any) -> Any:
            return super().create(validated_data)

    serializer_class = Own


class SavedAnew(GadgetList):
    class Own(GadgetSerializer):
        def save(self, **kwargs: Any) -> Any:
            return super().save(name="always this")

    serializer_class = Own


class Elsewhere(GadgetList):
    def get_success_headers(self, data: Any) -> dict[str, str]:
        return {"Location": "/elsewhere"}


@pytest.mark.parametrize("view", [Created, Saved, SavedAnew, Elsewhere])
def test_creating_that_does_more_is_left_to_the_view(view: type[generics.GenericAPIView]) -> None:
    assert fitting(view) == {List}


def modelled(*bases: type[models.Model], **members: Any) -> type[models.Model]:
    """A model with such members, in a registry of its own."""
    meta = type("Meta", (), {"app_label": "things", "apps": Apps()})
    members = {"__module__": __name__, "Meta": meta} | members
    return type("Thing", bases or (models.Model,), members)


def test_a_model_that_is_saved_in_a_way_of_its_own_is_left_to_the_view() -> None:
    def override(self: Any, *words: Any, **more: Any) -> None:
        """Does more."""

    heard = modelled()
    assert not any(more_than_one_statement(heard))
    signals.post_save.connect(override, sender=heard)
    changed = modelled(changed_at=models.DateTimeField(auto_now=True))
    assert not any(more_than_one_statement(modelled(changed_at=models.DateTimeField())))
    for model in (heard, changed, modelled(modelled()), modelled(save=override), modelled(save_base=override)):
        assert any(more_than_one_statement(model))


def test_a_column_that_the_database_sets_gets_the_value_that_was_sent() -> None:
    insert = Insert(modelled(size=models.IntegerField(db_default=1), name=models.TextField()), ("id",))
    assert insert.sql(("name",)) == 'INSERT INTO "things_thing" ("name") VALUES (%s) RETURNING "id"'
    assert insert.sql(("size", "name")).count("%s") == len(insert.parameters({"size": 2, "name": "a"})) == 2
    assert insert.sql(("name", "a property")) is None


class Narrowed(GadgetDetail):
    queryset = Gadget.objects.filter(name="mine")


class Computed(GadgetDetail):
    queryset = Gadget.objects.annotate(more=models.Value(1)).filter(name="mine")


def test_one_row_of_a_queryset_with_a_value_beside_its_condition_is_left_to_the_view() -> None:
    assert {Retrieve, Replace, Destroy} <= fitting(Narrowed)
    assert Retrieve not in fitting(Computed)


def narrowed_by(
    *, backend: type[Any] = StrictFilterBackend, base: type[Any] = GadgetFilter, **members: Any
) -> list[str]:
    """The filters that take part, of a view with such a filter set."""
    filter_set = type("Filters", (base,), members)
    view = type("View", (GadgetList,), {"filter_backends": (backend,), "filterset_class": filter_set})
    return [name for name in list_filters(view) if not name.startswith("created")]


def described(**options: Any) -> CharFilter:
    """A filter by the description."""
    return CharFilter(**{"field_name": "description", "lookup_expr": "icontains"} | options)


def test_filters_of_text_take_part_in_their_order() -> None:
    assert narrowed_by() == ["name", "search"]
    assert narrowed_by(described=described()) == ["name", "search", "described"]


def test_a_text_that_a_field_makes_empty_is_left_to_the_view() -> None:
    view = type("View", (GadgetList,), {"filterset_class": type("Filters", (GadgetFilter,), {"trimmed": described()})})
    trimmed = list_filters(view)["trimmed"]
    with pytest.raises(ValidationError):
        trimmed.condition(trimmed.clean(" "))


class Shouting(CharFilter):
    def filter(self, qs: Any, value: str) -> Any:
        return super().filter(qs, value.upper())


class Except(CharFilter):
    def get_method(self, qs: Any) -> Any:
        return qs.exclude


class Bracketed(forms.TextInput):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return f"[{data.get(name)}]"


MORE = [
    described(method=lambda queryset, name, value: queryset), described(exclude=True), described(distinct=True),
    described(disabled=True), Except(field_name="name"),
]  # fmt: skip


@pytest.mark.parametrize("declared", MORE)
def test_a_filter_that_does_more_does_not_take_part(declared: CharFilter) -> None:
    assert narrowed_by(more=declared) == ["name", "search"]


class Form(forms.Form):
    def clean(self) -> Any:
        return {}


class Backend(StrictFilterBackend):
    def get_filterset_kwargs(self, *args: Any) -> Any:
        return super().get_filterset_kwargs(*args)


CHANGED: list[dict[str, Any]] = [
    {name: lambda self, *args: None}
    for name in ("__init__", "is_valid", "errors", "form", "get_form_class", "filter_queryset", "qs")
]
CHANGED += [{"Meta": type("Meta", (GadgetFilter.Meta,), {"form": Form})}, {"backend": Backend}]
CHANGED += [{"more": TextFilter(field_name="name", required=True)}, {"more": Shouting(field_name="name")}]


@pytest.mark.parametrize("members", CHANGED)
def test_a_filter_set_that_overrides_something_has_no_plain_filters(members: dict[str, Any]) -> None:
    assert narrowed_by(**members) == []


class Paged(GadgetList):
    pagination_class = None


class Fields(GadgetList):
    filterset_class = None
    filterset_fields = ("name",)


class Searched(GadgetList):
    filter_backends = (SearchFilter,)


@pytest.mark.parametrize("view", [Paged, Fields, Searched])
def test_a_list_without_windows_or_a_filter_set_is_left_to_the_view(view: type[generics.GenericAPIView]) -> None:
    assert fitting(view) == {Create}

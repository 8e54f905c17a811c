"""`GET /gadgets`: pages, filters, orderings."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from itemsvc.resources.cursors import Cursor, Ordering
from itemsvc.resources.pagination import Keyset
from tests.api.factories import make_gadgets
from tests.sample.models import Gadget
from tests.support import openapi
from tests.support.client import Client


def links(response: Any) -> dict[str, str]:
    """The addresses in a Link header, by relation."""
    return {relation: url for url, relation in re.findall(r'<([^>]+)>; rel="(\w+)"', response.get("Link", ""))}


def ids(response: Any) -> list[str]:
    """The keys that a page lists."""
    return [gadget["id"] for gadget in response.json()]


def walk(api: Client, url: str, relation: str = "next") -> list[list[str]]:
    """The keys of every page from ``url`` on."""
    pages = []
    while url:
        response = api.get(url)
        pages.append(ids(response))
        url = links(response).get(relation, "")
    return pages


def test_nothing_is_an_empty_array(api: Client) -> None:
    response = api.get("/gadgets")
    assert (response.status_code, response.content) == (200, b"[]")
    assert "Link" not in response


def test_newest_first(api: Client) -> None:
    made = [str(gadget.id) for gadget in make_gadgets(3)]
    assert ids(api.get("/gadgets")) == made[::-1]
    assert ids(api.get("/gadgets?ordering=-created_at")) == made[::-1]
    assert ids(api.get("/gadgets?ordering=created_at")) == made


def test_head_has_the_headers_and_no_body(api: Client) -> None:
    make_gadgets(3)
    get, head = api.get("/gadgets?limit=2"), api.head("/gadgets?limit=2")
    assert (head.status_code, head.content) == (200, b"")
    assert head["Link"] == get["Link"]


def test_options_says_what_is_allowed(api: Client) -> None:
    response = api.options("/gadgets")
    assert (response.status_code, response["Allow"]) == (200, "GET, POST, HEAD, OPTIONS")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_other_methods_are_refused(api: Client, method: str) -> None:
    response = getattr(api, method)("/gadgets")
    assert (response.status_code, response["Allow"]) == (405, "GET, POST, HEAD, OPTIONS")


def test_a_page_holds_100_by_default(api: Client) -> None:
    make_gadgets(101)
    response = api.get("/gadgets")
    assert len(ids(response)) == 100
    assert [len(page) for page in walk(api, links(response)["next"])] == [1]


@pytest.mark.parametrize("ordering", ["created_at", "-created_at"])
def test_pages_lead_there_and_back(api: Client, ordering: str) -> None:
    made = [str(gadget.id) for gadget in make_gadgets(7)]
    expected = made if ordering == "created_at" else made[::-1]
    forth = walk(api, f"/gadgets?limit=3&ordering={ordering}")
    assert forth == [expected[:3], expected[3:6], expected[6:]]

    first = api.get(f"/gadgets?limit=3&ordering={ordering}")
    last = api.get(links(api.get(links(first)["next"]))["next"])
    assert set(links(first)) == {"next"}
    assert set(links(last)) == {"prev"}
    assert walk(api, links(last)["prev"], "prev") == [expected[3:6], expected[:3]]


def test_links_keep_the_filters(api: Client) -> None:
    make_gadgets(3, name="wanted {n}")
    make_gadgets(3, name="other {n}")
    assert [len(page) for page in walk(api, "/gadgets?limit=2&search=wanted")] == [2, 1]


def test_a_page_that_was_emptied_still_leads_back(api: Client) -> None:
    made = make_gadgets(4)
    following = links(api.get("/gadgets?limit=2"))["next"]
    Gadget.objects.filter(id__in=[gadget.id for gadget in made[:2]]).delete()
    page = api.get(following)
    assert ids(page) == []
    assert ids(api.get(links(page)["prev"])) == [str(made[3].id), str(made[2].id)]


@pytest.mark.parametrize("ordering", ["created_at", "-created_at"])
def test_a_page_back_that_was_emptied_leads_forth(api: Client, ordering: str) -> None:
    listed = make_gadgets(4) if ordering == "created_at" else make_gadgets(4)[::-1]
    second = api.get(links(api.get(f"/gadgets?limit=2&ordering={ordering}"))["next"])
    Gadget.objects.filter(id__in=[gadget.id for gadget in listed[:2]]).delete()
    page = api.get(links(second)["prev"])
    assert ids(page) == []
    assert ids(api.get(links(page)["next"])) == [str(gadget.id) for gadget in listed[2:]]


@hypothesis_settings(max_examples=15)
@given(data=st.data(), limit=st.integers(1, 5), count=st.integers(0, 12))
def test_what_stays_is_listed_once_whatever_comes_and_goes(
    api: Client, data: st.DataObject, limit: int, count: int
) -> None:
    Gadget.objects.all().delete()
    staying = {str(gadget.id) for gadget in make_gadgets(count)}
    seen: list[str] = []
    url: str | None = f"/gadgets?limit={limit}"
    while url:
        response = api.get(url)
        seen += ids(response)
        url = links(response).get("next")
        make_gadgets(data.draw(st.integers(0, 2), label="inserted"), name="came later")
        going = data.draw(st.lists(st.sampled_from(sorted(staying)), max_size=1) if staying else st.just([]))
        Gadget.objects.filter(id__in=going).delete()
        staying -= set(going)
    assert len(seen) == len(set(seen))
    assert staying <= set(seen)


@given(key=st.uuids(), ordering=st.sampled_from(["created_at", "-created_at"]), flags=st.tuples(*[st.booleans()] * 2))
def test_a_cursor_comes_back_as_it_was(key: uuid.UUID, ordering: str, flags: tuple[bool, bool]) -> None:
    orderings = Keyset.of(Gadget, None).orderings
    cursor = Cursor(orderings[ordering], (key,), *flags)
    assert Cursor.decode(cursor.encode(), orderings) == cursor


def test_a_cursor_belongs_to_its_ordering(api: Client) -> None:
    make_gadgets(2)
    cursor = re.search(r"cursor=([\w-]+)", api.get("/gadgets?limit=1")["Link"]).group(1)
    response = api.get(f"/gadgets?limit=1&ordering=created_at&cursor={cursor}")
    assert (response.status_code, list(response.json())) == (400, ["cursor"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text[:12] + ("A" if text[12] != "A" else "B") + text[13:],
        lambda text: text[:-1],
        lambda text: text + "=",
        lambda text: f"{text[:-1]}/",
        lambda text: "é" + text[1:],
    ],
    ids=["its end", "its middle", "shorter", "padded", "in another alphabet", "no ASCII"],
)
def test_a_damaged_cursor_is_refused(api: Client, damage: Any) -> None:
    text = Cursor(Ordering.of(Gadget, "-created_at"), (uuid.UUID(int=2**128 - 1),)).encode()
    assert api.get("/gadgets", {"cursor": text}).status_code == 200
    response = api.get("/gadgets", {"cursor": damage(text)})
    assert (response.status_code, list(response.json())) == (400, ["cursor"])


def test_a_cursor_with_flags_that_nobody_writes_is_refused(api: Client) -> None:
    text = Cursor(Ordering.of(Gadget, "-created_at"), (uuid.UUID(int=1),), backward=5).encode()  # type: ignore[arg-type]
    assert api.get("/gadgets", {"cursor": text}).status_code == 400


def test_name_is_exact(api: Client) -> None:
    for name in ("lamp", "Lamp", "lamps"):
        api.post("/gadgets", {"name": name})
    assert [gadget["name"] for gadget in api.get("/gadgets?name=lamp").json()] == ["lamp"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("amp", {"Lamp", "STAMP"}),
        ("LAMP", {"Lamp"}),
        ("100%", {"100% wool"}),
        ("ake_", {"snake_case"}),
        ("amp ", set()),
        ("straße", {"Straße"}),
    ],
)
def test_search_finds_a_part_in_either_case(api: Client, search: str, found: set[str]) -> None:
    for name in ("Lamp", "STAMP", "100% wool", "snake_case", "Straße"):
        api.post("/gadgets", {"name": name})
    assert {gadget["name"] for gadget in api.get("/gadgets", {"search": search}).json()} == found


def test_times_are_exclusive_bounds(api: Client) -> None:
    gadgets = [{"created_at": f"2026-01-01T00:00:0{n}Z", "id": at(f"2026-01-01T00:00:0{n}+00:00")} for n in range(3)]
    for gadget in gadgets:
        Gadget.objects.create(id=gadget["id"], name=gadget["created_at"])

    def listed(**query: str) -> list[str]:
        return [gadget["name"] for gadget in api.get("/gadgets", {"ordering": "created_at", **query}).json()]

    first, second, third = (gadget["created_at"] for gadget in gadgets)
    assert listed(created_after=second) == [third]
    assert listed(created_before=second) == [first]
    assert listed(created_after=first, created_before=third) == [second]
    assert listed(created_after="2026-01-01T01:00:00.999+01:00") == [second, third]
    assert listed(created_after="2026-01-01T00:00:00.9999995Z") == [second, third]
    assert listed(created_before="2026-01-01T00:00:01.0001Z") == [first, second]
    assert listed(created_after="1900-01-01T00:00:00Z") == [first, second, third]
    assert listed(created_before="1900-01-01T00:00:00Z") == []
    assert listed(created_after="9999-12-31T23:59:59Z") == []


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("2016-12-31T23:59:60Z", 1),
        ("2017-01-01T00:59:60.25+01:00", 1),
        ("2016-12-31t23:59:60.000z", 1),
        ("2016-12-31T23:59:59.999999999999999Z", 2),
        (f"2017-01-01T00:00:00.{'0' * 500}1Z", 1),
    ],
)
def test_a_time_may_be_any_of_rfc_3339(api: Client, text: str, after: int) -> None:
    for second in ("2017-01-01T00:00:00+00:00", "2017-01-01T00:00:01+00:00"):
        Gadget.objects.create(id=at(second), name=second)
    assert len(ids(api.get("/gadgets", {"created_after": text}))) == after


@pytest.mark.parametrize("text", ["2016-12-31T22:59:60Z", "2016-12-31T23:59:61Z", "9999-12-31T23:59:60Z"])
def test_a_second_that_never_was_is_refused(api: Client, text: str) -> None:
    assert list(api.get("/gadgets", {"created_after": text}).json()) == ["created_after"]


def test_a_millisecond_begins_with_its_smallest_key(api: Client) -> None:
    milliseconds = int(datetime.fromisoformat("2026-01-01T00:00:01Z").timestamp() * 1000)
    Gadget.objects.create(id=uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62), name="the first of its second")
    assert len(ids(api.get("/gadgets?created_after=2026-01-01T00:00:00.999Z"))) == 1
    assert ids(api.get("/gadgets?created_before=2026-01-01T00:00:01Z")) == []


def test_the_schema_says_how_short_a_filter_may_be(schema: openapi.Schema) -> None:
    parameters = {each["name"]: each["schema"] for each in schema.document["paths"]["/gadgets"]["get"]["parameters"]}
    assert [parameters[name]["minLength"] for name in ("name", "search")] == [1, 3]


def at(time: str) -> uuid.UUID:
    """A UUIDv7 of that time, somewhere within its millisecond."""
    milliseconds = int(datetime.fromisoformat(time).timestamp() * 1000)
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | 0x5A5 << 64 | 0b10 << 62 | 12345)


@pytest.mark.parametrize("limit", [1, 1000])
def test_the_smallest_and_the_largest_limit(api: Client, limit: int) -> None:
    assert api.get(f"/gadgets?limit={limit}").status_code == 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=abc", "cursor"),
        ("cursor=", "cursor"),
        ("ordering=name", "ordering"),
        ("ordering=", "ordering"),
        ("name=", "name"),
        ("search=" + "a" * 256, "search"),
        ("search=zz", "search"),
        ("search=er le", "search"),
        ("search=---", "search"),
        ("search=...", "search"),
        ("search=%25%25%25", "search"),
        ("search=%20%20%20", "search"),
        ("search=___", "search"),
        ("search=%E2%82%AC%E2%82%AC%E2%82%AC", "search"),
        ("created_after=yesterday", "created_after"),
        ("created_before=2026-13-01", "created_before"),
        ("page=2", "page"),
        ("format=json", "format"),
        ("Limit=1", "Limit"),
    ],
)
def test_an_unknown_or_malformed_parameter_is_named(api: Client, query: str, parameter: str) -> None:
    response = api.get(f"/gadgets?{query}")
    assert (response.status_code, list(response.json())) == (400, [parameter])


def test_every_wrong_parameter_is_named(api: Client) -> None:
    assert set(api.get("/gadgets?page=2&offset=3").json()) == {"page", "offset"}

"""`ETag`, `If-None-Match`, `If-Match` (RFC 9110, section 13)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from itemsvc.resources.conditional import TAG, TAGS
from itemsvc.resources.etags import item_etag, list_etag, versions
from tests.sample.models import Gadget
from tests.support.client import Client
from tests.support.service import Service, wait_until

FORM = "application/x-www-form-urlencoded"
HTML = {"accept": "text/html"}
WRITES = ("put", "patch", "delete")


@pytest.fixture
def made(api: Client) -> Any:
    """The answer to a POST."""
    return api.post("/gadgets", {"name": "lamp", "description": "bright"})


def write(api: Client, method: str, path: str, **headers: str) -> Any:
    """A write that is valid in itself."""
    body = {} if method == "delete" else {"data": {"name": "torch"}, "content_type": "application/json"}
    return getattr(api, method)(path, headers=headers, **body)


def test_a_gadget_has_the_same_tag_whoever_shows_it(api: Client, made: Any) -> None:
    path = made["Location"]
    assert made["ETag"] == api.get(path)["ETag"] == api.head(path)["ETag"] == item_etag(1, made.content)
    changed = api.patch(path, {"name": "torch"}, content_type="application/json")
    assert changed["ETag"] == api.get(path)["ETag"] == item_etag(Gadget.objects.get().version, changed.content)
    replaced = write(api, "put", path)
    assert replaced["ETag"] == api.get(path)["ETag"] == item_etag(Gadget.objects.get().version, replaced.content)


def test_a_page_has_the_tag_of_its_bytes_and_links(api: Client, made: Any) -> None:
    page = api.get("/gadgets")
    assert page["ETag"] == api.head("/gadgets")["ETag"] == list_etag(page.content)
    api.post("/gadgets", {"name": "older", "description": ""})
    first = api.get("/gadgets?limit=1")
    assert first["ETag"] == list_etag(first.content, first["Link"])
    Gadget.objects.exclude(name="older").delete()
    alone = api.get("/gadgets?limit=1")
    assert alone.content == first.content
    assert alone["ETag"] != first["ETag"]


@pytest.mark.parametrize("path", ["/gadgets", "/gadgets?limit=1", "{gadget}"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"a,b" ,, W/{}', "*"])
def test_what_the_caller_has_is_304(api: Client, made: Any, path: str, form: str) -> None:
    api.post("/gadgets", {"name": "another"})
    path = path.format(gadget=made["Location"])
    full = api.get(path)
    for method in (api.get, api.head):
        response = method(path, headers={"if-none-match": form.format(full["ETag"])})
        assert (response.status_code, response.content) == (304, b"")
        assert "Content-Type" not in response
        for header in ("ETag", "Vary", "Content-Length", "Link"):
            assert response.get(header) == full.get(header), header


@pytest.mark.parametrize(
    "value", ['"other"', 'W/"other"', "{bare}", '"{bare}', "", ",", "nonsense", '"*"', "**", "W/*"]
)
def test_anything_else_is_answered_in_full(api: Client, made: Any, value: str) -> None:
    given = value.format(bare=made["ETag"].strip('"'))
    response = api.get(made["Location"], headers={"if-none-match": given})
    assert (response.status_code, response.json()) == (200, made.json())


def test_a_change_by_any_way_makes_another_tag(api: Client, made: Any) -> None:
    path, tags = made["Location"], [made["ETag"]]
    Gadget.objects.update(description="by SQL")
    tags.append(api.get(path)["ETag"])
    gadget = Gadget.objects.get()
    gadget.name = "by the ORM"
    gadget.version = 1
    gadget.save()
    tags.append(api.get(path)["ETag"])
    assert versions(tags) == sorted({1, *versions(tags)})
    assert len(tags) == 3


def test_a_change_in_the_admin_makes_another_tag(admin_enabled: None, api: Client, made: Any) -> None:
    api.force_login(User.objects.create_superuser("admin"))
    key = made.json()["id"]
    page = api.get(f"/admin/sample/gadget/{key}/change/")
    assert b"version" not in page.content.lower()
    form = "name=torch&description=bright&_save="
    assert api.post(f"/admin/sample/gadget/{key}/change/", form, content_type=FORM).status_code == 302
    assert api.get(made["Location"])["ETag"] != made["ETag"]
    assert write(api, "put", made["Location"], if_match=made["ETag"]).status_code == 412


@pytest.mark.parametrize("changes", [1, 2])
def test_a_tag_from_before_a_restore_is_nobody_elses_after_it(api: Client, made: Any, changes: int) -> None:
    before = [write(api, "put", made["Location"])["ETag"] for _ in range(changes)]
    with connection.cursor() as cursor:  # The row is as it was made, which no statement of the service's can do.
        cursor.execute("ALTER TABLE sample_gadget DISABLE TRIGGER USER")
        cursor.execute("UPDATE sample_gadget SET name = 'lamp', version = 1")
        cursor.execute("ALTER TABLE sample_gadget ENABLE TRIGGER USER")
    assert api.get(made["Location"])["ETag"] == made["ETag"]
    for _ in range(changes):
        assert write(api, "put", made["Location"])["ETag"] not in before
    for tag in before:
        assert write(api, "put", made["Location"], if_match=tag).status_code == 412


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("form", ["{}", "*", '"other" , {}', 'W/"other",{},'])
def test_a_write_with_the_tag_is_done(api: Client, made: Any, method: str, form: str) -> None:
    response = write(api, method, made["Location"], if_match=form.format(made["ETag"]))
    assert response.status_code == (204 if method == "delete" else 200)


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize(
    "form", ['"other"', '"é"', "W/{}", '"2-0123456789abcdef"', '"99999999999999999999-0123456789abcdef"', '"*"']
)
def test_a_write_with_another_tag_is_412_and_changes_nothing(api: Client, made: Any, method: str, form: str) -> None:
    response = write(api, method, made["Location"], if_match=form.format(made["ETag"]))
    assert (response.status_code, list(response.json())) == (412, ["detail"])
    assert api.get(made["Location"]).json() == made.json()


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("value", ["", "nonsense", "1", '"open', "{bare}", '"a" "b"', '* , "a"', '"a b"', 'w/"a"'])
def test_a_malformed_if_match_is_never_taken_for_none(api: Client, made: Any, method: str, value: str) -> None:
    value = value.format(bare=made["ETag"].strip('"'))
    response = write(api, method, made["Location"], if_match=value)
    assert (response.status_code, list(response.json())) == (400, ["If-Match"])
    assert api.get(made["Location"]).json() == made.json()


@pytest.mark.parametrize("method", WRITES)
def test_what_is_missing_is_404_whatever_is_asked_of_it(api: Client, made: Any, method: str) -> None:
    path = made["Location"]
    api.delete(path)
    for value in ("*", made["ETag"]):
        assert write(api, method, path, if_match=value).status_code == 404


def test_what_is_not_valid_is_400_before_it_is_412(api: Client, made: Any) -> None:
    response = api.put(made["Location"], {"name": ""}, content_type="application/json", headers={"if-match": '"other"'})
    assert (response.status_code, list(response.json())) == (400, ["name"])


@pytest.mark.parametrize("method", WRITES)
def test_a_write_only_if_there_is_none_such_is_412(api: Client, made: Any, method: str) -> None:
    for value in ("*", made["ETag"], "W/" + made["ETag"]):
        assert write(api, method, made["Location"], if_none_match=value).status_code == 412
    assert api.get(made["Location"]).json() == made.json()
    done = write(api, method, made["Location"], if_none_match='"other"').status_code
    assert done == (204 if method == "delete" else 200)


@pytest.mark.parametrize("path", ["/gadgets", "{gadget}"])
def test_reading_with_if_match(api: Client, made: Any, path: str) -> None:
    path = path.format(gadget=made["Location"])
    etag = api.get(path)["ETag"]
    assert api.get(path, headers={"if-match": etag}).status_code == 200
    assert api.get(path, headers={"if-match": "*"}).status_code == 200
    assert api.get(path, headers={"if-match": f"W/{etag}"}).status_code == 412
    for value in ('"other"', "nonsense", ""):
        assert api.get(path, headers={"if-match": value}).status_code == 412


def test_an_empty_patch_keeps_the_version(api: Client, made: Any) -> None:
    for headers, status in (({}, 200), ({"if-match": made["ETag"]}, 200), ({"if-match": '"other"'}, 412)):
        response = api.patch(made["Location"], {}, content_type="application/json", headers=headers)
        assert response.status_code == status
        assert response.get("ETag") == (made["ETag"] if status == 200 else None)


@pytest.mark.parametrize("path", ["/gadgets", "{gadget}"])
def test_html_is_never_taken_for_json(api: Client, made: Any, path: str) -> None:
    path = path.format(gadget=made["Location"])
    etag = api.get(path)["ETag"]
    page = api.get(path, headers=HTML | {"if-none-match": etag})
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "ETag" not in page
    for response in (page, api.get(path)):
        assert "Accept" in response["Vary"].split(", ")


def test_what_was_made_together_has_none(api: Client) -> None:
    assert "ETag" not in api.post("/gadgets", [{"name": "lamp"}])


def test_a_stream_has_none(api: Client, made: Any) -> None:
    lines = {"accept": "application/x-ndjson"}
    response = api.get("/gadgets", headers=lines | {"if-none-match": "*"})
    assert response.status_code == 200
    assert "ETag" not in response


@pytest.mark.parametrize(("method", "statements"), [("get", 1), ("put", 2), ("patch", 2)])
def test_it_costs_no_further_statement(
    api: Client, made: Any, method: str, statements: int, django_assert_num_queries: Any
) -> None:
    for headers in ({}, {"if_match": made["ETag"]}):
        with django_assert_num_queries(statements):
            write(api, method, made["Location"], **headers)
        Gadget.objects.all().delete()
        made = api.post("/gadgets", {"name": "lamp"})


QUOTED = st.text("!#*,-a~", max_size=5).map('"{}"'.format)


@given(st.lists(QUOTED | QUOTED.map("W/{}".format), min_size=1, max_size=5), st.sampled_from([",", ", ", " ,\t,, "]))
def test_every_list_of_tags_is_read_as_it_was_written(tags: list[str], separator: str) -> None:
    text = separator.join(tags)
    assert TAGS.fullmatch(text)
    assert TAG.findall(text) == tags


@given(st.text(alphabet='"W/, \t*a1-\x00é', max_size=20))
def test_no_header_is_taken_for_more_than_it_says(text: str) -> None:
    if TAGS.fullmatch(text):
        assert TAG.sub("", text).strip(" \t,") == ""


def test_a_long_header_is_read_in_no_time(api: Client, made: Any) -> None:
    for value in (", " * 4000 + "x", '"a"' + " , " * 2600 + "x", " " * 8000):
        assert write(api, "delete", made["Location"], if_match=value).status_code == 400


@given(st.integers(1, 10**18 - 1), st.binary(max_size=50))
def test_the_version_is_in_the_tag(version: int, body: bytes) -> None:
    assert versions([item_etag(version, body)]) == [version]
    assert versions([f"W/{item_etag(version, body)}", list_etag(body)]) == []


def test_of_two_who_change_the_same_version_one_wins(service: Service) -> None:
    made = service.post("/gadgets", json={"name": "a"})
    path, headers = f"/gadgets/{made.json()['id']}", {"If-Match": made.headers["ETag"]}
    with service.connection() as blocker, blocker.cursor() as cursor, ThreadPoolExecutor(3) as pool:
        # All have read the gadget before any may change it.
        cursor.execute("BEGIN; SELECT 1 FROM sample_gadget FOR UPDATE")
        url = service.url + path
        calls = [
            pool.submit(requests.put, url, json={"name": "b"}, headers=headers, timeout=30),
            pool.submit(requests.patch, url, json={"description": "c"}, headers=headers, timeout=30),
            pool.submit(requests.delete, url, headers=headers, timeout=30),
        ]
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        wait_until(lambda: len(service.execute(waiting)) == 3, "all three wait for the gadget")
        cursor.execute("COMMIT")
        statuses = sorted(call.result().status_code for call in calls)
    deleted = not service.execute("SELECT 1 FROM sample_gadget")
    assert statuses == ([204, 404, 404] if deleted else [200, 412, 412])


@pytest.mark.slow
def test_no_count_is_lost_among_many_processes(start_service: Any) -> None:
    service = start_service(WEB_CONCURRENCY="2")
    path = f"{service.url}/gadgets/{service.post('/gadgets', json={'name': '0'}).json()['id']}"

    def count(times: int) -> int:
        """Adds one to the number in the name, that often; returns how often somebody else was faster."""
        beaten = 0
        with requests.Session() as http:
            while times:
                read = http.get(path, timeout=30)
                name = str(int(read.json()["name"]) + 1)
                headers = {"If-Match": read.headers["ETag"]}
                status = http.put(path, json={"name": name}, headers=headers, timeout=30).status_code
                assert status in (200, 412)
                times, beaten = times - (status == 200), beaten + (status == 412)
        return beaten

    with ThreadPoolExecutor(6) as pool:
        beaten = sum(pool.map(count, [30] * 6))
    assert requests.get(path, timeout=30).json()["name"] == "180"
    assert beaten > 0

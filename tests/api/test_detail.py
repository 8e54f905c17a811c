"""`GET`, `PUT`, `PATCH`, `DELETE /gadgets/{id}`."""

from __future__ import annotations

import threading

import pytest

from tests.support.client import Client
from tests.support.service import Service, wait_until


@pytest.fixture
def gadget(api: Client) -> dict[str, str]:
    return api.post("/gadgets", {"name": "lamp", "description": "bright"}).json()


@pytest.mark.parametrize("slash", ["", "/"])
def test_read(api: Client, gadget: dict[str, str], slash: str) -> None:
    response = api.get(f"/gadgets/{gadget['id']}{slash}")
    assert (response.status_code, response.json()) == (200, gadget)


@pytest.mark.parametrize("key", ["7990368b-81d7-4afb-88f7-b95fa52afacb", "1", "not-a-uuid", "0" * 36])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
def test_what_does_not_exist_is_404(api: Client, method: str, key: str) -> None:
    data = {"data": {"name": "a"}, "content_type": "application/json"} if method in ("put", "patch") else {}
    response = getattr(api, method)(f"/gadgets/{key}", **data)
    assert response.status_code == 404
    if method != "head":
        assert list(response.json()) == ["detail"]


def test_put_replaces(api: Client, gadget: dict[str, str]) -> None:
    response = api.put(f"/gadgets/{gadget['id']}", {"name": "torch"}, content_type="application/json")
    assert (response.status_code, response.json()) == (200, {**gadget, "name": "torch"})
    assert api.get(f"/gadgets/{gadget['id']}").json() == response.json()


def test_put_needs_a_name(api: Client, gadget: dict[str, str]) -> None:
    response = api.put(f"/gadgets/{gadget['id']}", {"description": "x"}, content_type="application/json")
    assert (response.status_code, list(response.json())) == (400, ["name"])


def test_what_was_read_can_be_sent_back(api: Client, gadget: dict[str, str]) -> None:
    response = api.put(f"/gadgets/{gadget['id']}", {**gadget, "name": "torch"}, content_type="application/json")
    assert (response.status_code, response.json()) == (200, {**gadget, "name": "torch"})


@pytest.mark.parametrize("change", [{}, {"name": "torch"}, {"description": ""}])
def test_patch_changes_what_is_given(api: Client, gadget: dict[str, str], change: dict[str, str]) -> None:
    response = api.patch(f"/gadgets/{gadget['id']}", change, content_type="application/json")
    assert (response.status_code, response.json()) == (200, {**gadget, **change})


def test_patch_refuses_unknown_members(api: Client, gadget: dict[str, str]) -> None:
    response = api.patch(f"/gadgets/{gadget['id']}", {"colour": "red"}, content_type="application/json")
    assert (response.status_code, list(response.json())) == (400, ["colour"])


def test_delete(api: Client, gadget: dict[str, str]) -> None:
    response = api.delete(f"/gadgets/{gadget['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert api.get(f"/gadgets/{gadget['id']}").status_code == 404
    assert api.delete(f"/gadgets/{gadget['id']}").status_code == 404


def test_post_is_refused(api: Client, gadget: dict[str, str]) -> None:
    response = api.post(f"/gadgets/{gadget['id']}", {"name": "a"})
    assert (response.status_code, response["Allow"]) == (405, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS")


def in_parallel(calls: list) -> list[int]:
    """The status codes of calls that are under way at the same time."""
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda call=call: statuses.append(call().status_code)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_two_patches_at_once_both_hold(service: Service) -> None:
    path = f"/gadgets/{service.post('/gadgets', json={'name': 'a'}).json()['id']}"
    with service.connection() as blocker, blocker.cursor() as cursor:
        # Both requests have read the gadget before either may write it, unless reading takes the lock.
        cursor.execute("BEGIN; SELECT 1 FROM sample_gadget FOR UPDATE")
        results: list[list[int]] = []
        changes = ({"name": "b"}, {"description": "c"})
        calls = [lambda change=change: Service.request(service, "PATCH", path, json=change) for change in changes]
        both = threading.Thread(target=lambda: results.append(in_parallel(calls)))
        both.start()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        wait_until(lambda: len(service.execute(waiting)) == 2, "both requests wait for the gadget")
        cursor.execute("COMMIT")
        both.join()
    assert results == [[200, 200]]
    gadget = service.get(path).json()
    assert (gadget["name"], gadget["description"]) == ("b", "c")


def test_a_put_does_not_revive_what_is_being_deleted(service: Service) -> None:
    path = f"/gadgets/{service.post('/gadgets', json={'name': 'a'}).json()['id']}"
    with service.connection() as blocker, blocker.cursor() as cursor:
        cursor.execute("BEGIN; DELETE FROM sample_gadget")
        statuses: list[int] = []
        call = threading.Thread(
            target=lambda: statuses.append(service.request("PUT", path, json={"name": "b"}).status_code)
        )
        call.start()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        wait_until(lambda: service.execute(waiting), "the request waits for the gadget")
        cursor.execute("COMMIT")
        call.join()
    assert statuses == [404]
    assert service.get("/gadgets").json() == []


def test_a_key_may_be_in_upper_case(api: Client, gadget: dict[str, str]) -> None:
    path = f"/gadgets/{gadget['id'].upper()}"
    assert api.get(path).json() == gadget
    changed = api.patch(path, {"name": "torch"}, content_type="application/json")
    assert (changed.status_code, changed.json()["id"]) == (200, gadget["id"])
    tag = changed["ETag"]
    assert api.get(path, headers={"if-none-match": tag}).status_code == 304
    assert api.put(path, {"name": "a"}, content_type="application/json", headers={"if-match": tag}).status_code == 200
    assert api.delete(path).status_code == 204

"""`POST /gadgets` with an `Idempotency-Key`, and `manage.py expire_idempotency_keys`."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client as DjangoClient
from django.urls import path

from itemsvc.auth.authentication import CALLER
from itemsvc.auth.tokens import Caller
from itemsvc.resources import idempotency
from itemsvc.resources.models import IdempotencyKey
from tests.sample.models import Gadget
from tests.sample.views import GadgetDetail, GadgetList
from tests.support.client import Client
from tests.support.service import Service, wait_until

LAMP = {"name": "lamp", "description": "bright"}
LOCKED = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def post(api: Client, key: str, body: Any = LAMP, **extra: Any) -> Any:
    """A POST under that key."""
    return api.post("/gadgets", body, HTTP_IDEMPOTENCY_KEY=key, **extra)


@pytest.mark.parametrize("body", [LAMP, [LAMP, {"name": "torch"}]], ids=["one", "many"])
def test_the_second_time_it_is_answered_as_the_first(api: Client, body: Any) -> None:
    first, second, third = (post(api, '"a"', body) for _ in range(3))
    assert first.status_code == second.status_code == third.status_code == 201
    assert first.content == second.content == third.content
    for header in ("Location", "ETag", "Content-Type"):
        assert first.get(header) == second.get(header)
    assert [answer.get("Idempotency-Replayed") for answer in (first, second, third)] == [None, "true", "true"]
    assert Gadget.objects.count() == (2 if isinstance(body, list) else 1)


def test_it_is_the_first_answer_also_if_the_gadget_has_changed_since(api: Client) -> None:
    first = post(api, "a")
    api.patch(first["Location"], {"name": "torch"}, content_type="application/json")
    assert post(api, "a").content == first.content
    api.delete(first["Location"])
    assert post(api, "a").content == first.content
    assert not Gadget.objects.exists()


@pytest.mark.parametrize("other", [{"name": "lamp"}, {"name": "lamp", "description": "Bright"}, [LAMP], {}, 1])
def test_another_body_is_422(api: Client, other: Any) -> None:
    post(api, "a")
    response = post(api, "a", other)
    assert (response.status_code, list(response.json())) == (422, ["detail"])
    assert Gadget.objects.count() == 1


def test_the_same_value_written_differently_is_the_same_body(api: Client) -> None:
    post(api, "a")
    again = post(api, "a", ' {"description": "\\u0062right",\n "name":"lamp"}')
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")


def test_another_key_is_another_request(api: Client) -> None:
    for key in ("a", "A", '"a "', '"a\\""', '"a\\\\"', str(uuid.uuid4()), '"' + "x" * 255 + '"'):
        assert "Idempotency-Replayed" not in post(api, key)
    assert Gadget.objects.count() == 7


def test_a_bare_key_is_the_same_as_one_in_quotes(api: Client) -> None:
    assert post(api, "a").json() == post(api, '"a"').json()


@pytest.mark.parametrize(
    "key",
    [
        "",
        '""',
        '"a',
        'a"',
        "a b",
        "a,b",
        '"a", "b"',
        '"a";b',
        '"é"',
        "é",
        '"\x7f"',
        '"\\a"',
        "x" * 256,
        "?1",
        ":YQ==:;",
    ],
)
def test_a_malformed_key_is_named_and_nothing_is_made(api: Client, key: str) -> None:
    response = post(api, key)
    assert (response.status_code, list(response.json())) == (400, ["Idempotency-Key"])
    assert not Gadget.objects.exists()


@pytest.mark.parametrize("wrong", [{"name": ""}, [LAMP, {}], "{", []], ids=str)
def test_a_refusal_is_not_kept(api: Client, wrong: Any) -> None:
    assert post(api, "a", wrong).status_code == 400
    response = post(api, "a")
    assert response.status_code == 201
    assert "Idempotency-Replayed" not in response


def test_callers_have_keys_of_their_own(api: Client) -> None:
    people = [Caller(name, frozenset()) for name in ("ann", "bob", "anyone")]
    callers = [{}, *({CALLER: each} for each in [*people, Caller("ann", frozenset(), "client_id")])]
    assert len({post(api, "a", **caller).json()["id"] for caller in callers}) == len(callers)
    assert post(api, "a", **callers[1])["Idempotency-Replayed"] == "true"


def test_without_a_token_another_address_is_the_same_caller(api: Client) -> None:
    first = post(api, "a", REMOTE_ADDR="192.0.2.1")
    assert post(api, "a", REMOTE_ADDR="198.51.100.2").json() == first.json()


def test_a_slash_more_is_the_same_request(api: Client) -> None:
    first = post(api, "a")
    assert api.post("/gadgets/", LAMP, HTTP_IDEMPOTENCY_KEY="a").json() == first.json()


def test_the_answer_comes_as_asked_for(api: Client) -> None:
    html = {"HTTP_ACCEPT": "text/html"}
    first = post(api, "a", **html)
    page = post(api, "a", **html)
    assert (page.status_code, page["Content-Type"]) == (201, first["Content-Type"])
    assert first.data["id"].encode() in page.content
    assert "ETag" not in page
    answer = post(api, "a")
    assert (answer.json()["id"], answer["ETag"]) == (first.data["id"], api.get(answer["Location"])["ETag"])


def test_without_a_key_nothing_is_kept_and_nothing_asked(api: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        api.post("/gadgets", LAMP)
    assert not IdempotencyKey.objects.exists()


def age(**by: int) -> None:
    """Makes every key older."""
    IdempotencyKey.objects.update(created_at=F("created_at") - timedelta(**by))


def test_a_key_is_kept_for_24_hours(api: Client) -> None:
    first = post(api, "a")
    age(hours=23, minutes=59)
    assert post(api, "a").content == first.content
    age(minutes=2)
    second = post(api, "a", {"name": "torch"})
    assert second.json()["name"] == "torch"
    assert post(api, "a", {"name": "torch"}).content == second.content


def test_expired_keys_are_removed_in_batches(api: Client, monkeypatch: Any, capsys: Any) -> None:
    for n in range(5):
        post(api, f"old{n}")
    age(hours=25)
    kept = post(api, "new")
    monkeypatch.setattr(idempotency, "EXPIRED_BATCH", 2)
    call_command("expire_idempotency_keys")
    assert capsys.readouterr().out == "Removed 5 expired idempotency keys.\n"
    assert IdempotencyKey.objects.filter(created_at__gt=Now() - idempotency.KEPT).count() == 1
    assert IdempotencyKey.objects.count() == 1
    assert post(api, "new").content == kept.content
    call_command("expire_idempotency_keys")
    assert capsys.readouterr().out == "Removed 0 expired idempotency keys.\n"


def test_the_oldest_of_the_expired_goes_first(api: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(idempotency, "EXPIRED_BATCH", 2)
    for n in range(3):
        post(api, f"old{n}")
        age(hours=25)
    newest = IdempotencyKey.objects.latest("created_at")
    assert idempotency.expire() == 2
    assert IdempotencyKey.objects.get() == newest


urlpatterns = [
    path("gadgets", GadgetList.as_view()),
    path("others", GadgetList.as_view()),
    path("gadgets/<uuid:pk>", GadgetDetail.as_view(), name="gadget-detail"),
]


@pytest.mark.urls(__name__)
def test_the_same_key_elsewhere_is_another_request(api: Client) -> None:
    # Not held against the schema, which knows no /others.
    bodies = [
        DjangoClient.generic(
            api, "POST", where, '{"name": "lamp"}', "application/json", HTTP_IDEMPOTENCY_KEY="a"
        ).content
        for where in ("/gadgets", "/others", "/gadgets")
    ]
    assert bodies[0] == bodies[2] != bodies[1]


def test_one_in_flight_is_409_at_once_and_others_go_on(service: Service) -> None:
    key = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
    with service.connection() as blocker, blocker.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("BEGIN; LOCK TABLE sample_gadget IN SHARE MODE")
        first = pool.submit(requests.post, f"{service.url}/gadgets", json=LAMP, headers=key, timeout=30)
        wait_until(lambda: service.execute(LOCKED), "the first is under way")
        for body in (LAMP, {"name": "another"}):
            second = service.post("/gadgets", json=body, headers=key)
            assert (second.status_code, second.headers["Retry-After"]) == (409, "1")
        assert service.get("/gadgets").status_code == 200
        cursor.execute("COMMIT")
    again = service.post("/gadgets", json=LAMP, headers=key)
    assert (again.status_code, again.content) == (201, first.result().content)
    assert service.execute("SELECT count(*) FROM sample_gadget") == [(1,)]


def test_of_many_at_once_one_is_done(service: Service) -> None:
    def ask(headers: dict[str, str]) -> requests.Response:
        return requests.post(f"{service.url}/gadgets", json=LAMP, headers=headers, timeout=30)

    for _ in range(5):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, [key] * 8))
        assert {answer.status_code for answer in answers} <= {201, 409}
        made = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.content for answer in made}) == 1
        assert sum("Idempotency-Replayed" not in answer.headers for answer in made) == 1
    assert service.execute("SELECT count(*) FROM sample_gadget") == [(5,)]

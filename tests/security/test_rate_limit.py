"""RATE_LIMIT: one count for every process and task, and no statement for most requests."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.db import connection
from django.test import Client
from rest_framework.views import APIView

from itemsvc.auth.authentication import CALLER
from itemsvc.auth.tokens import Caller
from itemsvc.core import client_address
from itemsvc.limits import throttle, windows
from tests.support import openapi
from tests.support.service import Service, wait_until

HOUR = 3600


@pytest.fixture
def limited(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A limit, and a process that has leased nothing yet."""
    throttle.leases.clear()
    monkeypatch.setattr(throttle, "RATE_LIMIT", (100, HOUR))
    yield
    throttle.leases.clear()


def environ(address: str = "192.0.2.1") -> dict[str, Any]:
    """A request of that address."""
    return {"REMOTE_ADDR": address}


def test_off_by_default(settings: Any) -> None:
    assert settings.RATE_LIMIT is None
    assert throttle.admits(environ())


@pytest.mark.usefixtures("limited")
def test_one_statement_for_a_block(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(20 + 1):  # Blocks, and the one that is refused.
        waits = [throttle.wait(environ()) for _ in range(150)]
    assert waits[:100] == [0] * 100
    assert all(HOUR - 60 < seconds <= HOUR for seconds in waits[100:])


@pytest.mark.usefixtures("limited")
def test_a_request_is_counted_once() -> None:
    assert not throttle.admits(environ())  # Nothing is leased yet.
    throttle.wait(environ())
    request = environ()
    for _ in range(10):
        assert throttle.admits(request)
        assert throttle.wait(request) == 0
    assert throttle.leases["address:192.0.2.1"].left == 3


@pytest.mark.usefixtures("limited")
def test_callers_have_limits_of_their_own() -> None:
    assert [throttle.wait(environ()) for _ in range(101)][-1]
    assert throttle.wait(environ("192.0.2.2")) == 0


@pytest.mark.usefixtures("limited")
def test_an_ipv6_network_is_one_caller() -> None:
    assert [throttle.wait(environ(f"2001:db8::{number:x}")) for number in range(101)][-1]
    assert throttle.wait(environ("2001:db8:0:1::1")) == 0


@pytest.mark.usefixtures("limited")
def test_ipv4_in_ipv6_is_one_caller_for_each_address_and_a_port_is_none() -> None:
    assert [throttle.wait(environ("::ffff:192.0.2.1")) for _ in range(101)][-1]
    assert throttle.wait(environ("192.0.2.1:50000"))
    assert throttle.wait(environ("::ffff:192.0.2.2")) == 0


@pytest.mark.usefixtures("limited")
def test_a_lease_ends_with_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    throttle.wait(environ())
    later = throttle.monotonic() + HOUR
    monkeypatch.setattr(throttle, "monotonic", lambda: later)
    assert not throttle.admits(environ())


@pytest.mark.usefixtures("limited")
def test_leases_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_LEASES", 50)
    for number in range(200):
        throttle.wait(environ(f"10.0.0.{number}"))
        assert len(throttle.leases) <= 50


class SlowLease:
    """A lease that is read slowly: two threads that may both look at it see the same number."""

    deadline, is_last, _left = float("inf"), True, 3

    @property
    def left(self) -> int:
        found = self._left
        time.sleep(0.01)
        return found

    @left.setter
    def left(self, number: int) -> None:
        self._left = number


@pytest.mark.usefixtures("limited")
def test_threads_give_no_permit_out_twice() -> None:
    throttle.leases["address:192.0.2.1"] = SlowLease()
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: throttle.admits(environ()), range(8))) == 3


def end_windows() -> None:
    """As if every window had ended, by the database's clock and by this process's."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE limits_window SET ends_at = statement_timestamp() - interval '1 second'")
    for lease in throttle.leases.values():
        lease.deadline = throttle.monotonic() - 0.5


def admitted(number: int) -> int:
    """How many of that many requests are."""
    return [throttle.wait(environ()) for _ in range(number)].count(0)


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("meanwhile", [lambda: None, end_windows])
def test_two_blocks_leased_at_once_add_up_within_a_window(meanwhile: Callable[[], None]) -> None:
    """As two threads lease them that both found nothing left; nothing is carried into the next window."""
    throttle.extend("address:192.0.2.1", *throttle.RATE_LIMIT)
    meanwhile()
    throttle.extend("address:192.0.2.1", *throttle.RATE_LIMIT)
    assert admitted(150) == 100


@pytest.mark.usefixtures("limited")
def test_the_next_window_has_the_whole_limit_again() -> None:
    assert admitted(150) == 100
    end_windows()
    assert admitted(150) == 100


@pytest.mark.usefixtures("limited")
def test_a_permit_that_another_thread_leases_meanwhile_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    admits = throttle.admits

    def leased_too_late(request: dict[str, Any]) -> bool:
        monkeypatch.setattr(throttle, "admits", admits)
        for _ in range(20 + 1):
            throttle.extend("address:192.0.2.1", *throttle.RATE_LIMIT)
        return False

    monkeypatch.setattr(throttle, "admits", leased_too_late)
    assert throttle.wait(environ()) == 0


@pytest.mark.usefixtures("limited")
def test_room_is_made_by_what_has_ended(monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any) -> None:
    throttle.wait(environ("192.0.2.8"))
    end_windows()
    throttle.wait(environ("192.0.2.1"))
    monkeypatch.setattr(throttle, "MAX_LEASES", 2)
    throttle.wait(environ("192.0.2.9"))
    with django_assert_num_queries(0):
        assert admitted(4) == 4


@pytest.fixture
def limited_views(limited: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """RATE_LIMIT=3/hour behind one proxy, as the settings give it to the views."""
    monkeypatch.setattr(throttle, "RATE_LIMIT", (3, HOUR))
    monkeypatch.setattr(client_address, "NUM_PROXIES", 1)
    monkeypatch.setattr(APIView, "throttle_classes", [throttle.CallerThrottle])


@pytest.mark.usefixtures("limited_views")
def test_one_too_many_is_429_and_told_when_to_come_again(client: Client) -> None:
    assert [client.get("/gadgets").status_code for _ in range(3)] == [200] * 3
    refused = client.get("/gadgets")
    assert refused.status_code == 429
    assert HOUR - 60 < int(refused["Retry-After"]) <= HOUR


@pytest.mark.usefixtures("limited_views", "static_files")
@pytest.mark.parametrize("path", ["/", "/docs", "/gadgets"])
def test_what_is_not_acceptable_counts(client: Client, path: str) -> None:
    statuses = [client.get(path, headers={"accept": "a/b"}).status_code for _ in range(4)]
    assert statuses == [406, 406, 406, 429]


@pytest.mark.usefixtures("limited_views")
def test_a_token_is_counted_by_its_subject_wherever_it_comes_from(client: Client) -> None:
    def get(subject: str, number: int) -> int:
        caller = {CALLER: Caller(subject, frozenset())} if subject else {}
        return client.get("/gadgets", **caller, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code

    assert [get("ada", number) for number in range(4)] == [200, 200, 200, 429]
    assert [get("", 0), get("grace", 0), get("ada", 9)] == [200, 200, 429]


@pytest.mark.usefixtures("limited_views")
@pytest.mark.parametrize("address", ["not:an:address", "fe80::1%eth0 x", ":", "unknown"])
def test_what_is_no_address_is_counted_too(client: Client, address: str) -> None:
    statuses = [client.get("/gadgets", headers={"X-Forwarded-For": address}).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


@pytest.mark.django_db
def test_a_window_gives_what_is_left_of_it_and_begins_anew_once_it_has_ended() -> None:
    key = windows.digest("a window")

    def counts(*wanted: int) -> list[int]:
        return [windows.take(key, number, 10, HOUR).count for number in wanted]

    assert windows.take(key, 1, 10, HOUR).seconds_left == HOUR  # Though the transaction began before.
    assert counts(6, 6, 6) == [6, 3, 0]
    end_windows()
    assert counts(3, 8, 8) == [3, 7, 0]


@pytest.mark.django_db
def test_ended_windows_are_removed_and_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    for name, seconds in (("ended", -1), ("running", HOUR)):
        windows.take(windows.digest(name), 1, 10, seconds)
    call_command("expire_rate_limits")
    assert capsys.readouterr().out == "Removed 1 counters of rate limits.\n"
    assert windows.take(windows.digest("running"), 10, 10, HOUR).count == 9


@pytest.mark.django_db
def test_the_counters_are_in_no_write_ahead_log() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'limits_window'")
        assert cursor.fetchone() == ("u",)


@pytest.mark.parametrize(("limit", "known"), [((5, 60), True), (None, False)])
def test_the_schema_knows_429_where_there_is_a_limit(settings: Any, limit: Any, known: bool) -> None:
    settings.RATE_LIMIT = limit
    paths = openapi.load().document["paths"]
    assert ("429" in paths["/gadgets"]["get"]["responses"]) is known
    assert "429" not in paths["/health"]["get"]["responses"] | paths["/health/ready"]["get"]["responses"]


@pytest.mark.slow
def test_holds_across_processes_and_tasks(start_service: Callable[..., Service]) -> None:
    # Two tasks of two workers each: at most three blocks of 3 are leased to processes that no request reaches again.
    limit, block, processes = 60, 3, 4
    settings = {"RATE_LIMIT": f"{limit}/hour", "WEB_CONCURRENCY": "2"}
    first = start_service(**settings)
    second = start_service(first.database_url, **settings)

    def get(number: int) -> int:
        return requests.get((first, second)[number % 2].url + "/gadgets", timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(get, range(400)))
    assert set(statuses) == {200, 429}
    assert limit - block * (processes - 1) <= statuses[200] <= limit

    refused = first.get("/gadgets")
    assert refused.json()["detail"].startswith("Request was throttled.")
    assert HOUR - 120 < int(refused.headers["Retry-After"]) <= HOUR
    for path in ("/health", "/health/ready"):
        assert first.get(path).status_code == 200


@pytest.mark.slow
def test_a_caller_is_admitted_again_after_retry_after(start_service: Callable[..., Service]) -> None:
    service = start_service(RATE_LIMIT="1/s")
    wait_until(lambda: service.get("/gadgets").headers.get("Retry-After") == "1", "a refusal")
    wait_until(lambda: service.get("/gadgets").status_code == 200, "the next window", 3)


@pytest.mark.slow
@pytest.mark.parametrize(("proxies", "own"), [("0", ""), ("1", ", 192.0.2.7")])
def test_a_forged_address_is_no_way_out(start_service: Callable[..., Service], proxies: str, own: str) -> None:
    service = start_service(RATE_LIMIT="5/hour", NUM_PROXIES=proxies)
    statuses = []
    for number in range(10):
        forged = f"10.9.8.{number}"
        headers = {"X-Forwarded-For": forged + own, "Forwarded": f"for={forged}", "X-Real-IP": forged}
        statuses.append(service.get("/gadgets", headers=headers).status_code)
    assert statuses == [200] * 5 + [429] * 5

"""The service refuses excess requests early. Running requests and health checks go on."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.faults.conftest import Database
from tests.support.service import Service, wait_until

THREADS = 2
MAX_QUEUED = 8
QUEUE_TIMEOUT = 2

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def locked(service: Service) -> Iterator[None]:
    """Locks the table, so that every statement on it waits, as with a slow database."""
    with service.connection() as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE sample_gadget IN ACCESS EXCLUSIVE MODE")
        yield
        cursor.execute("ROLLBACK")


@pytest.fixture
def small(serve: Callable[..., Service]) -> Callable[[int, int], Service]:
    """A function that starts a service with few threads, a queue timeout and a statement timeout in seconds."""

    def start(queue: int, statement: int) -> Service:
        return serve(
            GUNICORN_THREADS=str(THREADS),
            GUNICORN_MAX_QUEUED=str(MAX_QUEUED),
            GUNICORN_QUEUE_TIMEOUT=str(queue),
            GUNICORN_REQUEST_TIMEOUT="60",
            DB_STATEMENT_TIMEOUT_MS=str(statement * 1000),
        )

    return start


def waiting(service: Service) -> int:
    """The number of its statements that wait for the lock."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'itemsvc' AND wait_event_type = 'Lock'"
    return int(service.execute(sql)[0][0])


def test_what_is_too_much_is_refused_at_once_and_the_probe_goes_on(small: Callable[[int, int], Service]) -> None:
    service, clients = small(30, 30), 4 * MAX_QUEUED
    with ThreadPoolExecutor(clients) as pool:
        with locked(service):
            asked = [pool.submit(get, service) for _ in range(clients)]
            refused = wait_until(
                lambda: [future.result() for future in asked if future.done()][MAX_QUEUED:], "some are refused"
            )
            wait_until(lambda: waiting(service) == THREADS, "the threads wait for the database")
            for _ in range(10):
                began = time.monotonic()
                assert requests.get(f"{service.url}/health", timeout=5).status_code == 200
                assert time.monotonic() - began < 1
        answers = [future.result() for future in asked]
    statuses = Counter(response.status_code for response, _ in answers)
    # The running and the queued requests succeed when the lock is gone.
    assert statuses == {200: THREADS + MAX_QUEUED, 503: clients - THREADS - MAX_QUEUED}
    for response, seconds in refused:
        assert seconds < 1
        assert response.headers["X-Request-ID"] == "mine"
        assert int(response.headers["Retry-After"]) >= 1
        assert response.json() == {"detail": "The service is busy. Try again shortly."}
    assert 1 <= len(wait_until(lambda: warnings(service), "the log says so")) < 10


def warnings(service: Service) -> list[str]:
    """Its log lines about the overload."""
    return [line["message"] for line in service.log_lines() if "Overloaded" in line["message"]]


def get(service: Service) -> tuple[requests.Response, float]:
    """Gets a page. Returns the response and its time in seconds."""
    began = time.monotonic()
    response = requests.get(f"{service.url}/gadgets?limit=1", headers={"X-Request-ID": "mine"}, timeout=30)
    return response, time.monotonic() - began


def test_nobody_waits_for_a_thread_longer_than_the_queue_timeout(small: Callable[[int, int], Service]) -> None:
    service = small(QUEUE_TIMEOUT, 5)
    with ThreadPoolExecutor(THREADS + MAX_QUEUED) as pool, locked(service):
        answers = [future.result() for future in [pool.submit(get, service) for _ in range(THREADS + MAX_QUEUED)]]
    waited = sorted(seconds for response, seconds in answers if "busy" in response.text)
    assert len(waited) == MAX_QUEUED
    assert waited[0] >= QUEUE_TIMEOUT
    assert waited[-1] < QUEUE_TIMEOUT + 1
    # The requests on a thread ended at their statement timeout.
    assert [round(seconds) for response, seconds in answers if "database" in response.text] == [5] * THREADS


def test_sixty_four_clients_on_four_threads_are_never_refused(serve: Callable[..., Service]) -> None:
    service = serve()
    with ThreadPoolExecutor(64) as pool:
        counts = pool.map(lambda _: keep_asking(service, 20), range(64))
        assert sum(counts, Counter()) == {200: 64 * 20}


def keep_asking(service: Service, times: int) -> Counter[int]:
    """The statuses of one client's requests on a kept-alive connection."""
    with requests.Session() as session:
        return Counter(session.get(f"{service.url}/gadgets?limit=1", timeout=30).status_code for _ in range(times))


def test_a_frozen_database_does_not_outlast_the_budget(serve: Callable[..., Service], database: Database) -> None:
    service = serve(GUNICORN_THREADS="2", GUNICORN_REQUEST_TIMEOUT="2", DB_CONNECT_TIMEOUT="2")
    assert service.get("/gadgets").status_code == 200
    with database.frozen(), ThreadPoolExecutor(2) as pool:
        for response, seconds in pool.map(lambda _: get(service), range(2)):
            assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
            assert seconds < 5
        assert service.get("/health").status_code == 200
    wait_until(lambda: service.get("/gadgets").status_code == 200, "it serves again", 5)
    assert [line["exception"] for line in service.log_lines() if "exception" in line] == []

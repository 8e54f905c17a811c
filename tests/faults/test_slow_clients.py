"""Slow clients of every kind, many more than threads, must not slow down the others."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
import requests

from tests.faults.slow_clients import KINDS, closed, slow_clients
from tests.faults.trial import RESULTS, record
from tests.support.service import WORKERS, Service, wait_until

THREADS = 2
SLOW_CLIENTS = 16
CLIENT_TIMEOUT = 3
#: The limit in seconds for a normal request beside them. Alone it takes some milliseconds.
GOOD_SECONDS = 1.0
#: Of either worker: how long it is measured, and how long a client waits for an answer.
MEASURED_SECONDS, PATIENCE = 2, 5
MIB = 1024 * 1024

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def beset(migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """A service with few threads, short time-outs and pages that are larger than a socket's buffer."""
    environment = {"GUNICORN_THREADS": str(THREADS), "GUNICORN_CLIENT_TIMEOUT": str(CLIENT_TIMEOUT)}
    with Service(migrated_database("beset"), **environment) as service:
        service.execute(
            "INSERT INTO sample_gadget (name, description) SELECT 'x', repeat('x', 10000) FROM generate_series(1, 3000)"
        )
        yield service


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_keep_nobody_waiting(beset: Service, kind: str) -> None:
    errors = len(exceptions(beset))
    with slow_clients(beset.port, kind, SLOW_CLIENTS) as clients:
        took = []
        end = time.monotonic() + 1.5 * CLIENT_TIMEOUT
        while time.monotonic() < end:
            began = time.monotonic()
            assert requests.get(f"{beset.url}/gadgets?limit=1", timeout=20).status_code == 200
            assert requests.post(f"{beset.url}/gadgets", json={"name": "normal"}, timeout=20).status_code == 201
            took.append(time.monotonic() - began)
        if kind != "says nothing":  # A silent client has the longer time of an idle connection.
            wait_until(lambda: closed(clients) == SLOW_CLIENTS, "the slow ones are turned away", 5 * CLIENT_TIMEOUT)
    assert max(took) < 2 * GOOD_SECONDS
    assert len(exceptions(beset)) == errors


# What they cost gunicorn's own worker takes minutes, and only `make faults` shows it.
@pytest.fixture(scope="module", params=WORKERS if RESULTS else WORKERS[:1])
def either(request: pytest.FixtureRequest, beset: Service) -> Iterator[Service]:
    """Such a service, on each worker."""
    environment = {"GUNICORN_THREADS": str(THREADS), "GUNICORN_WORKER": request.param}
    with Service(beset.database_url, **environment) as service:
        yield service


@pytest.mark.parametrize("kind", KINDS)
def test_what_slow_clients_cost_on_either_worker(either: Service, kind: str) -> None:
    with slow_clients(either.port, kind, SLOW_CLIENTS):
        took = []
        end = time.monotonic() + MEASURED_SECONDS
        while time.monotonic() < end:
            began = time.monotonic()
            with contextlib.suppress(requests.Timeout):
                assert requests.get(f"{either.url}/gadgets?limit=1", timeout=PATIENCE).status_code == 200
                took.append(time.monotonic() - began)
    worker = either.environment["GUNICORN_WORKER"]
    record(kind, worker, slow=f"{max(took) * 1000:.0f} ms" if took else f"no answer in {PATIENCE} s")
    assert took or worker == "gthread"  # Its threads wait for the clients.
    wait_until(lambda: requests.get(f"{either.url}/health", timeout=30).ok, "it serves when they have gone")


def exceptions(service: Service) -> list[str]:
    """Its log lines with a traceback."""
    return [line["exception"] for line in service.log_lines() if "exception" in line]


def test_exports_leave_threads_for_the_others(beset: Service) -> None:
    with slow_clients(beset.port, "sips an export", SLOW_CLIENTS):
        refused = wait_until(lambda: export(beset, 503), "the next export is refused")[0]
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.json() == {"detail": "Too many exports are running. Try again shortly."}
    wait_until(lambda: export(beset, 200), "exports are taken again")


def export(service: Service, status: int) -> list[requests.Response]:
    """The response to an export if it has this status."""
    accept = {"Accept": "application/x-ndjson"}
    with requests.get(f"{service.url}/gadgets?name=normal", headers=accept, stream=True, timeout=20) as response:
        assert response.status_code in (200, 503)
        return [response] if response.status_code == status and response.content else []


def test_more_connections_than_are_allowed_cost_the_oldest_their_place(migrated_database: Callable[[str], str]) -> None:
    crowded = Service(migrated_database("crowded"), GUNICORN_CMD_ARGS="--worker-connections 50")
    with crowded as service, slow_clients(service.port, "drips its head", 80):
        for _ in range(20):
            assert requests.get(f"{service.url}/gadgets", timeout=5).status_code == 200
        assert open_sockets(service) <= 60


def test_what_is_kept_for_slow_clients_is_bounded(beset: Service) -> None:
    with slow_clients(beset.port, "sips a page", 40):  # Of 10 MB each.
        assert requests.get(f"{beset.url}/gadgets?limit=1", timeout=20).status_code == 200
        assert worker(beset).memory_info().rss < 300 * MIB


def worker(service: Service) -> psutil.Process:
    """The one worker's process."""
    return psutil.Process(service.process.pid).children()[0]


def open_sockets(service: Service) -> int:
    """The number of its worker's connections with clients."""
    return sum(
        connection.status != psutil.CONN_LISTEN and connection.laddr.port == service.port
        for connection in worker(service).net_connections("tcp")
    )

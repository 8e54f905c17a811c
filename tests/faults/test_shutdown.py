"""After SIGTERM under load, every accepted request gets its response, and then the process ends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
import requests

from tests.faults.load import Load
from tests.support.service import Service, wait_until

pytestmark = pytest.mark.slow

GRACEFUL_SECONDS = 25


def test_every_accepted_request_is_answered(serve: Callable[..., Service]) -> None:
    service = serve(WEB_CONCURRENCY="2", GUNICORN_GRACEFUL_TIMEOUT=str(GRACEFUL_SECONDS))
    gadget = service.post("/gadgets", json={"name": "before"}).json()["id"]
    with service.connection() as other, other.cursor() as cursor, Load(service.url) as load:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM sample_gadget WHERE id = %s FOR UPDATE", [gadget])
        slow = Slow(service.url, gadget)
        wait_until(lambda: waiting(service) == 1, "the PATCH waits for the row")
        wait_until(lambda: load.count(201) > 20, "the others are served")
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        load.join()  # Each client ends when the service closes its connection.
        assert service.process.poll() is None
        cursor.execute("ROLLBACK")
        assert service.process.wait(GRACEFUL_SECONDS) == 0
        assert time.monotonic() - began < GRACEFUL_SECONDS
    assert slow.result().status_code == 200
    assert slow.result().json()["name"] == "after"
    assert [answer.problem for answer in load.answers if answer.problem] == []
    assert {answer.status for answer in load.answers} == {200, 201}
    rows = service.execute("SELECT id, name FROM sample_gadget")
    assert {str(row[0]) for row in rows} == load.made() | {gadget}
    assert [line for line in service.log_lines() if line["level"] == "ERROR"] == []


def test_a_request_that_outlasts_the_graceful_timeout_does_not_keep_it(serve: Callable[..., Service]) -> None:
    service = serve(GUNICORN_GRACEFUL_TIMEOUT="1", DB_STATEMENT_TIMEOUT_MS="0")
    gadget = service.post("/gadgets", json={"name": "before"}).json()["id"]
    with service.connection() as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM sample_gadget WHERE id = %s FOR UPDATE", [gadget])
        slow = Slow(service.url, gadget)
        wait_until(lambda: waiting(service) == 1, "the PATCH waits for the row")
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(GRACEFUL_SECONDS) == 0
        wait_until(lambda: waiting(service) == 0, "PostgreSQL has noticed that nobody waits for it")
    assert slow.result() is None
    assert service.execute("SELECT name FROM sample_gadget") == [("before",)]


class Slow(threading.Thread):
    """A PATCH in its own thread."""

    def __init__(self, url: str, gadget: str):
        super().__init__()
        self._address = f"{url}/gadgets/{gadget}"
        self._response: requests.Response | None = None
        self.start()

    def run(self) -> None:
        with suppress(requests.RequestException):
            self._response = requests.patch(self._address, json={"name": "after"}, timeout=60)

    def result(self) -> requests.Response | None:
        """Its response, or None when the connection broke."""
        self.join(60)
        assert not self.is_alive()
        return self._response


def waiting(service: Service) -> int:
    """The number of the service's connections that wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'itemsvc' AND wait_event_type = 'Lock'"
    count: int = service.execute(query)[0][0]
    return count

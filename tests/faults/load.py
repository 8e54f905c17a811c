"""Clients that send requests all the time, each in its own thread, and record every response."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self

import requests

from tests.support.service import Service

PAUSE_SECONDS = 0.01


def fill(service: Service, rows: int, bytes: int = 100) -> None:  # noqa: A002
    """Makes gadgets `gadget 1`, `gadget 2`, … with a description of ``bytes`` bytes."""
    columns = "'gadget ' || n, repeat('x', %s) FROM generate_series(1, %s) n"
    service.execute(f"INSERT INTO sample_gadget (name, description) SELECT {columns}", bytes, rows)


@dataclass
class Answered:
    """One request's outcome. `response` is None after a broken connection. Times are from the monotonic clock."""

    method: str
    path: str
    began: float
    ended: float
    response: requests.Response | None
    problem: str = ""

    @property
    def status(self) -> int | None:
        """The response's status, or None without a response."""
        return None if self.response is None else self.response.status_code


@dataclass
class Load:
    """Clients of one service. They make and read gadgets until they are stopped or the service closes."""

    url: str
    clients: int = 4
    answers: list[Answered] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(number,)) for number in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self.join()

    def join(self) -> None:
        """Waits until every client has ended."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def count(self, status: int) -> int:
        """The number of responses with this status so far."""
        return sum(answer.status == status for answer in self.answers)

    def made(self) -> set[str]:
        """The ids of the acknowledged gadgets."""
        return {a.response.json()["id"] for a in self.answers if a.response is not None and a.status == 201}

    def _client(self, number: int) -> None:
        steps: list[tuple[str, str, Any]] = [
            ("POST", "/gadgets", {"name": f"of client {number}"}),
            ("GET", "/gadgets?limit=1", None),
            ("GET", "/health/ready", None),
        ]
        with requests.Session() as session:
            while True:
                for method, path, body in steps:
                    answer = self._ask(session, method, path, body)
                    self.answers.append(answer)
                    told_to_go = answer.response is None or answer.response.headers.get("Connection") == "close"
                    # Pause here, because the clients would take the service's CPU.
                    if told_to_go or self._stop.wait(PAUSE_SECONDS):
                        return

    def _ask(self, session: requests.Session, method: str, path: str, body: Any) -> Answered:
        began = time.monotonic()
        try:
            response, problem = session.request(method, self.url + path, json=body, timeout=30), ""
        except requests.RequestException as error:
            response, problem = None, repr(error)
        return Answered(method, path, began, time.monotonic(), response, problem)

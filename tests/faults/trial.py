"""One fault under load. Records what clients saw, the recovery time, and lost or doubled writes."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any, Self

import requests
from django.conf import settings

from tests.support.service import Service, wait_until

#: The file for the table's rows, one JSON object per line. `make faults` sets it.
RESULTS = os.environ.get("FAULTS_RESULTS", "")
WRITERS = 3
PAUSE_SECONDS = 0.01
#: The number of gadgets that clients must make before and after the fault.
ENOUGH = 15
#: A busy machine may need as long. How long it took is in the table.
SETTLE_SECONDS = 30


class Trial:
    """Clients that make and read gadgets and check the service's health, from before the fault until after it.

    Each gadget has its own name. Two writers repeat a request with its Idempotency-Key until it is acknowledged. A
    third writer has no keys and sends one request for each name. At the end every acknowledged name must be there once.
    A name that was not acknowledged may be there or not.
    """

    def __init__(self, fault: str, service: Service):
        self.fault, self.service = fault, service
        self.seen: Counter[str] = Counter()
        self.probes: Counter[str] = Counter()
        #: The times of good and of failed requests, by the monotonic clock.
        self.well: list[float] = []
        self.ill: list[float] = []
        self.acknowledged: set[str] = set()
        self.unacknowledged: set[str] = set()
        self.over_at = 0.0
        self._stop = threading.Event()
        jobs = [(self._write, number) for number in range(WRITERS)] + [(self._read, 0), (self._probe, 0)]
        self._threads = [threading.Thread(target=job, args=(number,)) for job, number in jobs]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        wait_until(lambda: len(self.acknowledged) >= ENOUGH, "gadgets are made before the fault")
        return self

    def over(self) -> None:
        """Marks the end of the fault."""
        self.over_at = time.monotonic()

    def wait_for(self, outcome: str, times: int = 3) -> None:
        """Waits until clients have seen an outcome (a status or "broken") some more times."""
        before = self.seen[outcome]
        wait_until(lambda: self.seen[outcome] >= before + times, f"clients see {outcome}; they saw {self.seen}")

    def __exit__(self, kind: object, *exc: object) -> None:
        if kind is None:
            made = len(self.acknowledged)
            wait_until(
                lambda: len(self.acknowledged) >= made + ENOUGH, "gadgets are made after the fault", SETTLE_SECONDS
            )
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        if kind is None:
            self._judge()

    def _judge(self) -> None:
        names = Counter(row[0] for row in self.service.execute("SELECT name FROM sample_gadget"))
        lost = self.acknowledged - set(names)
        doubled = {name for name, count in names.items() if count > 1}
        first = min(moment for moment in self.well if moment > self.over_at)
        recovery = max([first, *(moment for moment in self.ill if moment > self.over_at)]) - self.over_at
        record(
            self.fault, clients=dict(sorted(self.seen.items())), probes=dict(sorted(self.probes.items())),
            recovery_seconds=round(recovery, 2), acknowledged=len(self.acknowledged), lost=len(lost),
            doubled=len(doubled),
        )  # fmt: skip
        assert not lost
        assert not doubled
        assert set(names) <= self.acknowledged | self.unacknowledged
        assert recovery < SETTLE_SECONDS
        assert set(self.seen) <= {"200", "201", "409", "503", "broken"}, self.seen

    def _write(self, number: int) -> None:
        for count in itertools.count():
            if self._stop.is_set():
                return
            name = f"{number}-{count}"
            headers = {"Idempotency-Key": f'"{uuid.uuid4()}"'} if number else {}
            self.unacknowledged.add(name)
            asked = {"json": {"name": name}, "headers": headers}
            while (outcome := self._ask("POST", "/gadgets", self.seen, **asked)) != "201" and number:
                if self._stop.is_set():
                    return
            if outcome == "201":
                self.unacknowledged.discard(name)
                self.acknowledged.add(name)

    def _read(self, _: int) -> None:
        while not self._stop.is_set():
            self._ask("GET", "/gadgets?limit=5", self.seen)

    def _probe(self, _: int) -> None:
        while not self._stop.is_set():
            self._ask("GET", "/health", self.probes)

    def _ask(self, method: str, path: str, seen: Counter[str], **kwargs: Any) -> str:
        try:
            response = requests.request(method, self.service.url + path, timeout=30, **kwargs)
            outcome = str(response.status_code)
        except requests.RequestException:
            outcome = "broken"
        seen[outcome] += 1
        if seen is self.seen:
            (self.well if outcome in ("200", "201") else self.ill).append(time.monotonic())
        self._stop.wait(PAUSE_SECONDS)
        return outcome


def record(fault: str, worker: str = "", **measured: Any) -> None:
    """Adds a row to the file of `make faults`, if there is one."""
    if RESULTS:
        with Path(RESULTS).open("a") as lines:
            lines.write(json.dumps({"fault": fault, "worker": worker or settings.WORKER, **measured}) + "\n")

"""`make soak`: mixed load for minutes. No request may fail, and no resource may grow."""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import socket
import statistics
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psutil
import requests

from dev import postgres
from tests.faults import reliability
from tests.faults.load import fill
from tests.support.environment import WORKSPACE
from tests.support.service import Service

MIB = 1024 * 1024
SAMPLE_SECONDS = 1.0
#: Requests for the warm-up. After it each thread has its connection and heap, and the caches are full.
WARM_UP = 60_000
#: The limit of the memory's growth after that, in MiB per 100,000 requests, by a straight line through the samples.
GROWTH_MIB = 2.0
GROWTH_REQUESTS = 100_000
CLIENTS = 6
#: The number of gadgets at a time. An export reads 500 rows at once, so with more gadgets its memory would grow.
GADGETS = 500
#: A client's actions and their weights. Bad requests must get an error, all others must succeed.
MIX = {
    "list": 30, "get": 20, "post": 15, "put": 8, "patch": 8, "delete": 8, "search": 5, "bad": 4, "export": 1,
    "abort": 1,
}  # fmt: skip
EXPECTED = {
    "list": {200}, "get": {200, 404}, "post": {201}, "put": {200, 404}, "patch": {200, 404}, "delete": {204, 404},
    "search": {200, 503}, "bad": {400, 503}, "export": {200, 503}, "abort": {0},
}  # fmt: skip


class Sample(NamedTuple):
    """The worker process's resources after a number of seconds and requests."""

    seconds: float
    requests: int
    #: Resident bytes.
    memory: int
    descriptors: int
    #: Connections to the database.
    connections: int


@dataclass
class Soak:
    """A soak test and its observations."""

    service: Service
    pause: float = 0.0
    warm_up: int = WARM_UP
    growth_mib: float = GROWTH_MIB
    done: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(MIX, 0)))
    problems: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    gadgets: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, seconds: float, show: bool, enough: float = float("inf")) -> None:
        """Loads the service for this time, or with enough requests, and takes samples."""
        threads = [threading.Thread(target=self._client, args=(seed,)) for seed in range(CLIENTS)]
        worker = psutil.Process(psutil.Process(self.service.process.pid).children()[0].pid)
        began = time.monotonic()
        for thread in threads:
            thread.start()
        try:
            with self.service.connection() as connection, connection.cursor() as cursor:
                while (passed := time.monotonic() - began) < seconds and self.done.total() < enough:
                    cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'itemsvc'")
                    held = worker.memory_info().rss, worker.num_fds(), cursor.fetchone()[0]
                    self.samples.append(Sample(passed, self.done.total(), *held))
                    if show:
                        self._show(seconds)
                    time.sleep(SAMPLE_SECONDS)
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(60)
        self.problems["client that hangs"] += sum(thread.is_alive() for thread in threads)

    def _show(self, seconds: float) -> None:
        passed, requests, memory, files, connections = self.samples[-1]
        print(
            f"\r{passed:4.0f} of {seconds:.0f} s  {requests} requests  {self.problems.total()} problems  "
            f"{memory / MIB:.1f} MiB  {files} descriptors  {connections} connections ",
            end="", file=sys.stderr, flush=True,
        )  # fmt: skip

    def verdict(self) -> dict[str, Any]:
        """The figures and the list of faults."""
        faults = [f"{problem}: {count}" for problem, count in self.problems.items() if count]
        warm = [sample for sample in self.samples if sample.requests >= self.warm_up]
        result = {"seconds": round(self.samples[-1].seconds), "requests": self.done.total(), "by_kind": dict(self.done)}
        if len(warm) < 2 or warm[-1].requests < 2 * self.warm_up:
            faults.append(f"{self.done.total():,} requests are too few for a verdict, which needs {2 * self.warm_up:,}")
            return {**result, "faults": faults}
        span, growth = growth_of(warm)
        files, connections = [sample.descriptors for sample in warm], [sample.connections for sample in warm]
        if growth > self.growth_mib * max(1, span / GROWTH_REQUESTS):
            faults.append(f"memory grew by {growth:.1f} MiB in {span:,} requests")
        if not is_constant(connections):
            faults.append(f"database connections varied: {sorted(set(connections))}")
        if max(files) - min(files) > 2 * CLIENTS:  # Clients open and close sockets.
            faults.append(f"descriptors varied: {min(files)} to {max(files)}")
        return {
            **result, "warm_up": self.warm_up, "memory_mib": [round(warm[place].memory / MIB, 1) for place in (0, -1)],
            "growth_mib": round(growth * GROWTH_REQUESTS / span, 2), "descriptors": [min(files), max(files)],
            "connections": sorted(set(connections)), "faults": faults,
        }  # fmt: skip

    def _client(self, seed: int) -> None:
        chance = random.Random(seed)
        with requests.Session() as session:
            while not self.stop.is_set():
                kind = chance.choices(list(MIX), list(MIX.values()))[0]
                if kind == "post" and len(self.gadgets) >= GADGETS:
                    kind = "delete"
                try:
                    status = getattr(self, f"_{kind}")(session, chance)
                except Exception as error:
                    status = type(error).__name__
                with self.lock:
                    self.done[kind] += 1
                    if status not in EXPECTED[kind]:
                        self.problems[f"{kind} {status}"] += 1
                self.stop.wait(self.pause)

    def _ask(self, session: requests.Session, method: str, path: str, **kwargs: Any) -> int:
        return session.request(method, self.service.url + path, timeout=30, **kwargs).status_code

    def _some(self, chance: random.Random) -> str:
        gadgets = tuple(self.gadgets)  # Other threads change it.
        return f"/gadgets/{chance.choice(gadgets or ('019a0000-0000-7000-8000-000000000000',))}"

    def _list(self, session: requests.Session, chance: random.Random) -> int:
        return self._ask(session, "GET", f"/gadgets?limit={chance.choice((1, 20, 100))}")

    def _get(self, session: requests.Session, chance: random.Random) -> int:
        return self._ask(session, "GET", self._some(chance))

    def _post(self, session: requests.Session, chance: random.Random) -> int:
        body = {"name": f"gadget {chance.random()}", "description": "x" * chance.randrange(2000)}
        response = session.post(f"{self.service.url}/gadgets", json=body, timeout=30)
        if response.status_code == 201:
            self.gadgets.append(response.json()["id"])
        return response.status_code

    def _put(self, session: requests.Session, chance: random.Random) -> int:
        return self._ask(session, "PUT", self._some(chance), json={"name": "put"})

    def _patch(self, session: requests.Session, chance: random.Random) -> int:
        return self._ask(session, "PATCH", self._some(chance), json={"description": "patched"})

    def _delete(self, session: requests.Session, chance: random.Random) -> int:
        path = self._some(chance)
        with contextlib.suppress(ValueError):  # Another client was faster.
            self.gadgets.remove(path.rpartition("/")[2])
        return self._ask(session, "DELETE", path)

    def _search(self, session: requests.Session, chance: random.Random) -> int:
        return self._ask(session, "GET", f"/gadgets?search=0.{chance.randrange(100, 1000)}&limit=20")

    def _bad(self, session: requests.Session, chance: random.Random) -> int:
        return self._ask(session, "POST", "/gadgets", json=chance.choice(({}, {"name": ""}, {"nam": "a"}, [1])))

    def _export(self, session: requests.Session, chance: random.Random) -> int:
        return self._ask(session, "GET", "/gadgets", headers={"Accept": "application/x-ndjson"})

    def _abort(self, session: requests.Session, chance: random.Random) -> int:
        """Sends half a request, or does not read the response, and closes the connection."""
        with socket.create_connection(("127.0.0.1", self.service.port), 10) as client:
            request = b"GET /gadgets?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n"
            client.sendall(request[: chance.choice((10, len(request)))])
        return 0


def growth_of(samples: list[Sample]) -> tuple[int, float]:
    """The number of requests between the first and last sample, and the growth in MiB by a line through all samples."""
    span = samples[-1].requests - samples[0].requests
    slope = statistics.linear_regression([each.requests for each in samples], [each.memory for each in samples]).slope
    return span, slope * span / MIB


def is_constant(connections: list[int]) -> bool:
    """Whether the number is constant. One sample in a hundred may differ, because connections are renewed."""
    usual = statistics.mode(connections)
    fewer = sum(count < usual for count in connections)
    return max(connections) == usual and fewer <= len(connections) / 100


def main() -> int:
    """Returns 0 if no request failed and no resource grew."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("minutes", nargs="?", type=float, default=10)
    parser.add_argument("--pause", type=float, default=0, help="pause in seconds between two requests of a client")
    parser.add_argument("--note", default="", help="a sentence for the page, as about other load")
    given = parser.parse_args()
    server = postgres.start(WORKSPACE / "soak")
    try:
        postgres.ensure_database(server, "soak")
        with Service(postgres.url(server, "soak"), migrate=True) as service:
            fill(service, 10_000)
            soak = Soak(service, given.pause)
            soak.run(given.minutes * 60, show=True)
            result = soak.verdict()
    finally:
        postgres.stop(server, "immediate")
    print("\n" + json.dumps(result, indent=2))
    print("Held." if not result["faults"] else "Did not hold: " + "; ".join(result["faults"]))
    reliability.write_soak(result, given.note)
    return bool(result["faults"])


if __name__ == "__main__":
    sys.exit(main())

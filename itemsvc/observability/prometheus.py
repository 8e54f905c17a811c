"""A Prometheus endpoint with the numbers of every worker process, on a port of its own: `METRICS=prometheus`.

The arbiter opens the port before it forks, so that a port in use stops the service at its start. Each worker accepts on
it, in a thread, and whichever does answers for all: each leaves its numbers in a file of a directory in memory, once a
second. What a process did that has ended is kept, since a counter may not fall.
The names begin with ``itemsvc_``:

=========================================  =========  =====================  ==========================================
metric                                     type       labels
=========================================  =========  =====================  ==========================================
requests_total                             counter    method, route, status  answered requests
request_duration_seconds                   histogram  method, route          from when a thread takes it to the end of
                                                                             its answer
request_database_seconds                   histogram  method, route          of those that asked it, the wait for the
                                                                             database
queries_total                              counter    method, route          statements sent to the database
slow_requests_total                        counter    method, route          requests over SLOW_REQUEST_MS
refusals_total                             counter                           503 as the queue was full; in no other
                                                                             metric here
overdue_requests_total                     counter                           cut off from the database after their
                                                                             budget
client_timeouts_total                      counter                           clients too slow to send, or to take
                                                                             anything but an export
evictions_total                            counter                           connections closed to make room for others
queue_depth                                gauge                             the most requests that waited for a thread
                                                                             at once, in the last second
database_connections                       gauge                             open connections to the database
processes                                  gauge                             worker processes
=========================================  =========  =====================  ==========================================
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from itemsvc.core.env import InvalidConfiguration
from itemsvc.observability.metrics import BOUNDS, Distribution, Operation, Operations, Overload, Recorder

PUBLISH_SECONDS = 1
#: How long a client may take to send its request.
CLIENT_SECONDS = 5
#: The file of all the processes that have ended.
ENDED = "ended"
#: One bucket an octave is published; their bounds are in seconds.
OCTAVE = 4

METHOD_AND_ROUTE = ("method", "route")
#: Name and meaning of each of `Overload`'s.
OVERLOAD = (
    ("itemsvc_refusals", "Requests refused, the queue being full."),
    ("itemsvc_overdue_requests", "Requests cut off from the database after their budget."),
    ("itemsvc_client_timeouts", "Clients too slow to send, or to take anything but an export."),
    ("itemsvc_evictions", "Connections closed to make room for others."),
)


class Endpoint:
    """The port and the directory that the arbiter shares with the workers it forks."""

    def __init__(self, address: str, port: int, parent: str | None):
        try:
            self.socket = socket.create_server((address, port), family=_family(address))
        except OSError as exc:
            raise InvalidConfiguration("METRICS_PORT", f"is {port}, which cannot be listened on: {exc}.") from None
        # Several processes wake up for one connection; who comes too late must not wait for the next.
        self.socket.setblocking(False)
        self.directory = Path(tempfile.mkdtemp(prefix="itemsvc-metrics-", dir=parent))

    def close(self) -> None:
        """The arbiter's, at its end."""
        self.socket.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes the files meanwhile."""
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def bury(self, pid: int) -> None:
        """Adds the numbers of a worker that has ended to those of the others that have."""
        with self.locked():
            ended = self._read(ENDED)
            ended.add(self._read(str(pid)))
            self.write(ENDED, ended)
            (self.directory / str(pid)).unlink(missing_ok=True)

    def snapshots(self) -> list[tuple[str, Snapshot]]:
        """What each process left, by its pid or `ended`."""
        with self.locked():
            return [(path.name, self._read(path.name)) for path in self.directory.iterdir() if "." not in path.name]

    def write(self, name: str, snapshot: Snapshot) -> None:
        """Replaces a process's numbers at once."""
        draft = self.directory / f"{name}.new"
        draft.write_text(snapshot.dump())
        draft.replace(self.directory / name)

    def _read(self, name: str) -> Snapshot:
        try:
            return Snapshot.load((self.directory / name).read_text())
        except FileNotFoundError:
            return Snapshot()


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Snapshot:
    """What processes did since they began."""

    def __init__(self) -> None:
        self.operations: Operations = {}
        self.overload = Overload()
        self.queue_depth = self.connections = 0

    def add_operations(self, others: Operations) -> None:
        """Adds what was counted elsewhere."""
        for key, other in others.items():
            operation = self.operations.setdefault(key, Operation())
            for status, count in other.statuses.items():
                operation.statuses[status] = operation.statuses.get(status, 0) + count
            _add(operation.latency, other.latency)
            _add(operation.database, other.database)
            operation.queries += other.queries
            operation.slow += other.slow

    def add(self, other: Snapshot) -> None:
        """Adds the counters of another one; gauges are of processes that live."""
        self.add_operations(other.operations)
        self.overload = self.overload.plus(other.overload)

    def dump(self) -> str:
        """As ``load`` reads it."""
        rows = [
            [*key, list(o.statuses.items()), o.latency.counts, o.latency.total, o.database.counts, o.database.total,
             o.queries, o.slow]
            for key, o in self.operations.items()
        ]  # fmt: skip
        return json.dumps([rows, self.overload, self.queue_depth, self.connections])

    @classmethod
    def load(cls, text: str) -> Snapshot:
        """What ``dump`` wrote."""
        snapshot = cls()
        rows, overload, snapshot.queue_depth, snapshot.connections = json.loads(text)
        snapshot.overload = Overload(*overload)
        for method, route, statuses, counts, total, database_counts, database_total, queries, slow in rows:
            snapshot.operations[method, route] = Operation(
                dict(statuses),
                Distribution(counts, total),
                Distribution(database_counts, database_total),
                queries,
                slow,
            )
        return snapshot


def _add(distribution: Distribution, other: Distribution) -> None:
    distribution.counts = [one + another for one, another in zip(distribution.counts, other.counts, strict=True)]
    distribution.total += other.total


#: The arbiter's; the workers have it by the fork.
endpoint: Endpoint | None = None


def open_endpoint(address: str, port: int, server: Any) -> None:
    """gunicorn's on_starting hook, in the arbiter; raises InvalidConfiguration where the port is taken."""
    global endpoint  # noqa: PLW0603  (what a fork hands on is the process's own state)
    endpoint = Endpoint(address, port, "/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: S108


def bury(server: Any, worker: Any) -> None:
    """gunicorn's child_exit hook, in the arbiter."""
    if endpoint:
        endpoint.bury(worker.pid)


def close_endpoint(server: Any) -> None:
    """gunicorn's on_exit hook, in the arbiter."""
    if endpoint:
        endpoint.close()


class Publisher(threading.Thread):
    """Publishes this process's numbers once a second, and answers who asks for those of all."""

    def __init__(self, recorder: Recorder):
        super().__init__(name="metrics", daemon=True)
        assert endpoint is not None  # noqa: S101  (gunicorn.conf.py opened it)
        self._recorder, self._endpoint = recorder, endpoint
        self._snapshot, self._stopped = Snapshot(), threading.Event()
        self._server = Server(endpoint)

    def run(self) -> None:
        """Until stopped."""
        threading.Thread(target=self._server.serve_forever, name="metrics endpoint", daemon=True).start()
        self._publish()
        while not self._stopped.wait(PUBLISH_SECONDS):
            self._publish()

    def stop(self) -> None:
        """Publishes what is left."""
        self._stopped.set()
        self.join()
        self._publish()

    def _publish(self) -> None:
        operations, depth = self._recorder.take()
        snapshot = self._snapshot
        snapshot.add_operations(operations)
        snapshot.overload = snapshot.overload.plus(self._recorder.take_overload())
        snapshot.queue_depth, snapshot.connections = depth, self._recorder.connections()
        # The directory is gone when the arbiter has ended first.
        with contextlib.suppress(OSError), self._endpoint.locked():
            self._endpoint.write(str(os.getpid()), snapshot)


class Server(ThreadingHTTPServer):
    """Serves on the socket that the arbiter opened."""

    daemon_threads = True

    def __init__(self, shared: Endpoint):
        super().__init__(("", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = shared.socket
        self.registry = CollectorRegistry()
        self.registry.register(Processes(shared))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error."""


class Handler(BaseHTTPRequestHandler):
    """`GET /metrics`."""

    timeout = CLIENT_SECONDS
    server: Server

    def do_GET(self) -> None:
        """The numbers in Prometheus's text format, or 404."""
        found = self.path.partition("?")[0] == "/metrics"
        body = generate_latest(self.server.registry) if found else b"The metrics are at /metrics.\n"
        self.send_response_only(200 if found else 404)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST if found else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (its own name)
        """A scrape every few seconds for ever leaves no line."""


class Processes(Collector):
    """Every process's numbers, as prometheus_client's metric families."""

    def __init__(self, shared: Endpoint):
        self._endpoint = shared

    def collect(self) -> Iterator[Metric]:
        """The families that this module's docstring lists."""
        snapshots = self._endpoint.snapshots()
        living = [snapshot for name, snapshot in snapshots if name != ENDED]
        total = Snapshot()
        for _, snapshot in snapshots:
            total.add(snapshot)
        yield from _operation_families(total.operations)
        for (name, meaning), count in zip(OVERLOAD, total.overload, strict=True):
            yield CounterMetricFamily(name, meaning, count)
        yield GaugeMetricFamily(
            "itemsvc_queue_depth",
            "The most requests that waited for a thread at once, in the last second.",
            sum(snapshot.queue_depth for snapshot in living),
        )
        yield GaugeMetricFamily(
            "itemsvc_database_connections",
            "Open connections to the database.",
            sum(snapshot.connections for snapshot in living),
        )
        yield GaugeMetricFamily("itemsvc_processes", "Worker processes.", len(living))


def _operation_families(operations: Operations) -> Iterator[Metric]:
    requests = CounterMetricFamily("itemsvc_requests", "Answered requests.", labels=(*METHOD_AND_ROUTE, "status"))
    duration = HistogramMetricFamily(
        "itemsvc_request_duration_seconds",
        "From when a thread takes it to the end of its answer.",
        labels=METHOD_AND_ROUTE,
    )
    database = HistogramMetricFamily(
        "itemsvc_request_database_seconds", "What a request waited for the database.", labels=METHOD_AND_ROUTE
    )
    queries = CounterMetricFamily("itemsvc_queries", "Statements sent to the database.", labels=METHOD_AND_ROUTE)
    slow = CounterMetricFamily("itemsvc_slow_requests", "Requests over SLOW_REQUEST_MS.", labels=METHOD_AND_ROUTE)
    for key, operation in sorted(operations.items()):
        for status, count in sorted(operation.statuses.items()):
            requests.add_metric((*key, str(status)), count)
        duration.add_metric(key, buckets(operation.latency), operation.latency.total / 1000)
        if operation.queries:
            database.add_metric(key, buckets(operation.database), operation.database.total / 1000)
        queries.add_metric(key, operation.queries)
        slow.add_metric(key, operation.slow)
    return iter((requests, duration, database, queries, slow))


def buckets(distribution: Distribution) -> list[tuple[str, float]]:
    """Cumulative counts by their upper bound in seconds, the last one `+Inf`."""
    cumulative = list(accumulate(distribution.counts))
    bounds = [(str(BOUNDS[index] / 1000), float(cumulative[index])) for index in range(0, len(BOUNDS), OCTAVE)]
    return [*bounds, ("+Inf", float(cumulative[-1]))]

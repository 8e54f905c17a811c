"""The Prometheus endpoint, on its own port, with the numbers of all worker processes: `METRICS=prometheus`.

The arbiter opens the port before it forks, so a port in use stops the service at its start. Each worker writes its
numbers into a file in memory once a second. One worker accepts a scrape, in a thread, and answers for all.
The names begin with ``itemsvc_``:

=========================================  =========  =====================  ==========================================
metric                                     type       labels
=========================================  =========  =====================  ==========================================
requests_total                             counter    method, route, status  answered requests
request_duration_seconds                   histogram  method, route          from the start in a thread to the end of
                                                                             the response
request_database_seconds                   histogram  method, route          the wait for the database, of requests
                                                                             that used it
queries_total                              counter    method, route          statements sent to the database
slow_requests_total                        counter    method, route          requests over SLOW_REQUEST_MS
refusals_total                             counter                           503 because the queue was full; in no
                                                                             other metric
overdue_requests_total                     counter                           cut off from the database after their
                                                                             budget
client_timeouts_total                      counter                           clients too slow to send, or to take a
                                                                             response
evictions_total                            counter                           connections closed to make room for others
queue_depth                                gauge                             the most requests that waited for a thread
                                                                             at the same time, in the last second
database_connections                       gauge                             open connections to the database
processes                                  gauge                             worker processes
=========================================  =========  =====================  ==========================================
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from itemsvc.observability.metrics import BOUNDS, Distribution, Operations, Recorder
from itemsvc.observability.process_snapshots import ENDED, Endpoint, Snapshot

PUBLISH_SECONDS = 1
#: Seconds that a client has for its request and for the response. With MAX_CLIENTS others, it is turned away.
CLIENT_SECONDS, MAX_CLIENTS = 5, 8
#: Every fourth bucket is published, so one for each octave.
OCTAVE = 4

METHOD_AND_ROUTE = ("method", "route")
#: The name and the meaning of each count of `Overload`.
OVERLOAD = (
    ("itemsvc_refusals", "Requests refused because the queue was full."),
    ("itemsvc_overdue_requests", "Requests cut off from the database after their budget."),
    ("itemsvc_client_timeouts", "Clients too slow to send, or to take a response."),
    ("itemsvc_evictions", "Connections closed to make room for others."),
)


#: Opened by the arbiter; its workers inherit it.
endpoint: Endpoint | None = None


def open_endpoint(address: str, port: int, server: Any) -> None:
    """gunicorn's on_starting hook, in the arbiter; raises InvalidConfiguration if the port is taken."""
    global endpoint  # noqa: PLW0603  (a fork hands on module state)
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
    """Writes this process's numbers once a second, and serves scrapes."""

    def __init__(self, recorder: Recorder):
        super().__init__(name="metrics", daemon=True)
        assert endpoint is not None  # noqa: S101  (gunicorn.conf.py opened it)
        self._recorder, self._endpoint = recorder, endpoint
        self._snapshot, self._stopped = Snapshot(), threading.Event()
        self._server = Server(endpoint)

    def run(self) -> None:
        """Writes until it is stopped."""
        threading.Thread(target=self._server.serve_forever, name="metrics endpoint", daemon=True).start()
        self._publish()
        while not self._stopped.wait(PUBLISH_SECONDS):
            self._publish()

    def stop(self) -> None:
        """Writes the numbers once more."""
        self._stopped.set()
        self.join()
        self._publish()

    def _publish(self) -> None:
        operations, depth = self._recorder.take()
        snapshot = self._snapshot
        snapshot.add_operations(operations)
        snapshot.overload = snapshot.overload.plus(self._recorder.take_overload())
        snapshot.queue_depth, snapshot.connections = depth, self._recorder.connections()
        # The arbiter may have ended first and removed the directory.
        with contextlib.suppress(OSError), self._endpoint.locked():
            self._endpoint.write(str(os.getpid()), snapshot)


class Server(ThreadingHTTPServer):
    """Serves on the socket that the arbiter opened. Each client has a thread, so there are few, and not for long."""

    daemon_threads = True

    def __init__(self, shared: Endpoint):
        super().__init__(("", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = shared.socket
        self.registry = CollectorRegistry()
        self.registry.register(Processes(shared))
        #: The end of each client's time, in monotonic seconds.
        self.ends: dict[Any, float] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts a thread for a client."""
        if len(self.ends) >= MAX_CLIENTS:
            self.shutdown_request(request)
            return
        self.ends[request] = monotonic() + CLIENT_SECONDS
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Called at the end of each client's thread."""
        self.ends.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called twice a second: ends the clients whose time is over."""
        for request, end in [*self.ends.items()]:
            if end < monotonic():
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores a client that went away."""


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

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name in the base class)
        """Logs no scrape, because there is one every few seconds."""


class Processes(Collector):
    """Collects the numbers of every process for prometheus_client."""

    def __init__(self, shared: Endpoint):
        self._endpoint = shared

    def collect(self) -> Iterator[Metric]:
        """Yields the metrics in the docstring of this module."""
        snapshots = self._endpoint.snapshots()
        living = [snapshot for name, snapshot in snapshots if name != ENDED]
        total = Snapshot()
        for _, snapshot in snapshots:
            total.add(snapshot)
        yield from _operation_families(total.operations)
        if settings.WORKER == "itemsvc":  # gunicorn's own worker has none of them.
            for (name, meaning), count in zip(OVERLOAD, total.overload, strict=True):
                yield CounterMetricFamily(name, meaning, count)
            yield GaugeMetricFamily(
                "itemsvc_queue_depth",
                "The most requests that waited at the same time, in the last second.",
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
        "From the start in a thread to the end of the response.",
        labels=METHOD_AND_ROUTE,
    )
    database = HistogramMetricFamily(
        "itemsvc_request_database_seconds", "The wait of a request for the database.", labels=METHOD_AND_ROUTE
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
    """Cumulative counts by upper bound in seconds; the last bound is `+Inf`."""
    cumulative = list(accumulate(distribution.counts))
    bounds = [(str(BOUNDS[index] / 1000), float(cumulative[index])) for index in range(0, len(BOUNDS), OCTAVE)]
    return [*bounds, ("+Inf", float(cumulative[-1]))]

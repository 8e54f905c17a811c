"""The Prometheus endpoint, on its own port, with the numbers of all worker processes: `METRICS=prometheus`.

The arbiter opens the port before it forks, so a port in use stops the service at its start. prometheus-client keeps
each worker's numbers in files in memory, also after the worker has ended. Whichever worker accepts a scrape answers for
all. The names begin with ``itemsvc_``:

==========================  =========  =====================  ==========================================================
metric                      type       labels
==========================  =========  =====================  ==========================================================
requests_total              counter    method, route, status  answered requests
request_duration_seconds    histogram  method, route          from the start in a thread to the end of the response
request_database_seconds    histogram  method, route          the wait for the database, of requests that used it
queries_total               counter    method, route          statements sent to the database
slow_requests_total         counter    method, route          requests over SLOW_REQUEST_MS
refusals_total              counter                           503 because the queue was full; in no other metric
overdue_requests_total      counter                           cut off from the database after their budget
client_timeouts_total       counter                           clients too slow to send, or to take a response
evictions_total             counter                           connections closed to make room for others
queue_depth                 gauge                             the most requests that waited at once, in the last second
database_connections        gauge                             open connections to the database
processes                   gauge                             worker processes
==========================  =========  =====================  ==========================================================
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, MetricsHandler, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from itemsvc.core.env import InvalidConfiguration
from itemsvc.observability.metrics import BOUNDS, Recorder
from itemsvc.observability.request_statistics import Statistics

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
PUBLISH_SECONDS = 1
#: Seconds that a client has for its request and for the response. With MAX_CLIENTS others, it is turned away.
CLIENT_SECONDS, MAX_CLIENTS = 5, 8
#: Upper bounds of buckets, in seconds, one for each octave.
SECONDS = [milliseconds / 1000 for milliseconds in BOUNDS[::4]]

OPERATION = ("method", "route")
#: The name and the meaning of each count of `Overload`.
OVERLOAD = (
    ("itemsvc_refusals", "Requests refused because the queue was full."),
    ("itemsvc_overdue_requests", "Requests cut off from the database after their budget."),
    ("itemsvc_client_timeouts", "Clients too slow to send, or to take a response."),
    ("itemsvc_evictions", "Connections closed to make room for others."),
)

#: Opened by the arbiter; its workers inherit it.
listener: socket.socket | None = None

#: The number of this worker, in the names of its files. Whoever takes its place goes on with them, so there are few.
place = 0
values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]


def open_endpoint(server: Any) -> None:
    """gunicorn's on_starting hook, in the arbiter; raises InvalidConfiguration if the port is taken."""
    global listener  # noqa: PLW0603  (a fork hands on module state)
    address, port = settings.METRICS_BIND, settings.METRICS_PORT
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, port), family=family)
    except OSError as exc:
        raise InvalidConfiguration("METRICS_PORT", f"is {port}, but nothing can listen on it: {exc}.") from None
    # Each connection wakes several processes. Those that come too late must not wait for the next one.
    listener.setblocking(False)
    os.environ[DIRECTORY] = tempfile.mkdtemp(prefix="itemsvc-metrics-", dir=server.cfg.worker_tmp_dir)


def give_place(server: Any, worker: Any) -> None:
    """gunicorn's pre_fork hook, in the arbiter: the worker gets the first number that no living one has."""
    global place  # noqa: PLW0603
    taken = {other.place for other in server.WORKERS.values()}
    place = worker.place = next(number for number in count() if number not in taken)


def bury(server: Any, worker: Any) -> None:
    """gunicorn's child_exit hook, in the arbiter: forgets a worker's gauges, but not its counters."""
    mark_process_dead(worker.place)  # type: ignore[no-untyped-call]


def close_endpoint(server: Any) -> None:
    """gunicorn's on_exit hook, in the arbiter."""
    if listener:
        listener.close()
        shutil.rmtree(os.environ[DIRECTORY], ignore_errors=True)


class Metrics(Recorder):
    """The metrics in the docstring of this module, in the library's files."""

    def __init__(self, waiting: Callable[[], int]):
        super().__init__(waiting)
        self._requests = Counter("itemsvc_requests", "Answered requests.", (*OPERATION, "status"))
        self._duration = Histogram(
            "itemsvc_request_duration_seconds",
            "From the start in a thread to the end of the response.",
            OPERATION,
            buckets=SECONDS,
        )
        self._database = Histogram(
            "itemsvc_request_database_seconds", "The wait of a request for the database.", OPERATION, buckets=SECONDS
        )
        self._queries = Counter("itemsvc_queries", "Statements sent to the database.", OPERATION)
        self._slow = Counter("itemsvc_slow_requests", "Requests over SLOW_REQUEST_MS.", OPERATION)
        self._open = _gauge("itemsvc_database_connections", "Open connections to the database.")
        _gauge("itemsvc_processes", "Worker processes.").set(1)
        self._own_worker = settings.WORKER == "itemsvc"  # gunicorn's own worker has none of these.
        if self._own_worker:
            self._given_up = [Counter(name, meaning) for name, meaning in OVERLOAD]
            self._depth = _gauge("itemsvc_queue_depth", "The most requests that waited at once, in the last second.")

    def count(self, key: tuple[str, str], status: int, seconds: float, asked: Statistics) -> None:
        """Counts one request."""
        self._requests.labels(*key, status).inc()
        self._duration.labels(*key).observe(seconds)
        if asked.queries:
            self._database.labels(*key).observe(asked.seconds)
        self._queries.labels(*key).inc(asked.queries)
        self._slow.labels(*key).inc(seconds > self.slow_seconds)

    def publish(self) -> None:
        """Brings up to date what no request counts."""
        self._open.set(self.connections())
        if self._own_worker:
            self._depth.set(self.take()[1])
            for counter, count in zip(self._given_up, self.take_overload(), strict=True):
                counter.inc(count)


def _gauge(name: str, meaning: str) -> Gauge:
    """A gauge whose value is the sum over the living processes."""
    return Gauge(name, meaning, multiprocess_mode="livesum")


class Publisher(ThreadingHTTPServer):
    """Serves on the socket that the arbiter opened. Each client has a thread, so there are few, and not for long."""

    def __init__(self, waiting: Callable[[], int]):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        super().__init__(("", 0), Handler.factory(registry), bind_and_activate=False)
        self.socket.close()
        assert listener is not None  # noqa: S101  (gunicorn.conf.py opened it)
        self.socket = listener
        self.recorder = Metrics(waiting)
        self._due = 0.0
        #: The end of each client's time, in monotonic seconds.
        self._ends: dict[Any, float] = {}

    def start(self) -> None:
        """Serves in a thread."""
        threading.Thread(target=self.serve_forever, name="metrics", daemon=True).start()

    def stop(self) -> None:
        """Publishes the rest."""
        self.recorder.publish()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts a thread for a client."""
        if len(self._ends) >= MAX_CLIENTS:
            self.shutdown_request(request)
            return
        self._ends[request] = monotonic() + CLIENT_SECONDS
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Called at the end of each client's thread."""
        self._ends.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called twice a second, and after each client's arrival: ends the clients whose time is over."""
        now = monotonic()
        for request, end in [*self._ends.items()]:
            if end < now:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)
        if now >= self._due:
            self._due = now + PUBLISH_SECONDS
            self.recorder.publish()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores a client that went away."""


class Handler(MetricsHandler):
    """`GET /metrics`."""

    timeout = CLIENT_SECONDS
    # Names neither the server nor Python's version.
    send_response = BaseHTTPRequestHandler.send_response_only

    def do_GET(self) -> None:  # noqa: N802  (the name in the base class)
        """The numbers in the format that the client asks for, or 404."""
        if urlsplit(self.path).path == "/metrics":
            super().do_GET()
        else:
            self.send_error(404, explain="The metrics are at /metrics.")

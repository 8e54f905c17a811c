"""CloudWatch's embedded metric format: log lines on standard output that CloudWatch Logs turns into metrics.

With ``METRICS=emf`` each worker process writes, at every whole minute and when it ends, one line for each operation
that was called in that time and one about itself. The namespace is ``itemsvc``.

The table shows each metric, and the statistic to use with a period of 60 s. Sums are over processes and tasks.

===================  ==================  ============  ==========  =====================================================
metric               dimensions          unit          statistic
===================  ==================  ============  ==========  =====================================================
Requests             Service             Count         Sum         answered requests, without probes of ``/health``
ClientErrors         Service             Count         Sum         of these, the 4xx
ServerErrors         Service             Count         Sum         of these, the 5xx
SlowRequests         Service             Count         Sum         of these, the ones over SLOW_REQUEST_MS
Latency              Service             Milliseconds  p50 … p99   from the start in a thread to the end of the response
Queries              Service             Count         Sum         statements sent to the database
DatabaseTime         Service             Milliseconds  p50 … p99   the wait for it, of requests that used it
Refusals             Service             Count         Sum         503 because the queue was full; in no other metric
OverdueRequests      Service             Count         Sum         cut off from the database after their budget
ClientTimeouts       Service             Count         Sum         clients too slow to send, or to take a response
Evictions            Service             Count         Sum         connections closed to make room for others
QueueDepth           Service             Count         Maximum     the most requests that waited at the same time
DatabaseConnections  Service             Count         Sum         open connections; SampleCount counts the processes
Requests             Service, Operation  Count         Sum         as above, for one operation; probes have their own
ServerErrors         Service, Operation  Count         Sum         as above
Latency              Service, Operation  Milliseconds  p50 … p99   as above
===================  ==================  ============  ==========  =====================================================

``Service`` is ``OTEL_SERVICE_NAME`` (default itemsvc).
``Operation`` is the method and the route, ``GET /items/{id}``. Unknown paths and methods share ``other``, so that a
caller cannot create metrics. ``Latency`` and ``DatabaseTime`` are distributions with buckets a quarter of an octave
wide, so a percentile is right within 10 %. ``Statuses`` (``{"200": 17}``) is for CloudWatch Logs Insights
only, and costs nothing.

The specification is CloudWatch's "Embedded metric format". A distribution's ``Values`` and ``Counts``, of 100 elements
at most, are what AWS's own collectors write for a histogram (the OpenTelemetry collector's awsemfexporter).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings

from itemsvc.core import logs
from itemsvc.observability.metrics import BOUNDS, Distribution, Operation, Overload, Recorder

NAMESPACE = "itemsvc"
PROBES = ("GET", "/health")
STOP_SECONDS = 2
#: The geometric middle of each bucket.
MIDDLES = (*(round(bound / 2 ** (1 / 8), 4) for bound in BOUNDS), BOUNDS[-1])

Metric = tuple[str, str, Any]


class Publisher(threading.Thread):
    """Writes this process's lines at each multiple of METRICS_INTERVAL, and once more when it is stopped.

    Every process writes once a minute, so the sum of a gauge over a minute is its sum over processes.
    """

    def __init__(self, waiting: Callable[[], int]):
        super().__init__(name="metrics", daemon=True)
        self.recorder = Recorder(waiting)
        self._service, self._interval = settings.SERVICE_NAME, settings.METRICS_INTERVAL
        self._stopped = threading.Event()
        self._since = time.time()

    def run(self) -> None:
        """Reports until it is stopped."""
        while not self._stopped.wait(self._pause()):
            self._report(self.recorder.connections())

    def stop(self) -> None:
        """Writes the rest, without the number of connections."""
        self._stopped.set()
        self.join(STOP_SECONDS)
        if not self.is_alive():  # Otherwise standard output is blocked, and another line would block too.
            self._report(None)

    def _pause(self) -> float:
        # If the thread woke a little early, the multiple that it reported is not due again. If the clock is set back,
        # the next report comes after one interval at most.
        now = time.time()
        due = (max(now, self._since + 1) // self._interval + 1) * self._interval
        return min(due - now, self._interval)

    def _report(self, connections: int | None) -> None:
        # The time stamp is the start of the interval, so that it lies in the right minute.
        since, self._since = int(self._since * 1000), time.time()
        operations, depth = self.recorder.take()
        process = process_document(since, self._service, self.recorder.take_overload(), depth, connections)
        others = (operation_document(since, self._service, *item) for item in operations.items())
        for line in (process, *others):  # Each in one call, so that lines of several processes do not mix.
            logs.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


def process_document(
    timestamp: int, service: str, overload: Overload, depth: int, connections: int | None
) -> dict[str, Any]:
    """The metrics of the process; ``timestamp`` is in milliseconds since the epoch."""
    measured: list[Metric] = [
        ("Refusals", "Count", overload.refused),
        ("OverdueRequests", "Count", overload.overdue),
        ("ClientTimeouts", "Count", overload.timed_out),
        ("Evictions", "Count", overload.evicted),
        ("QueueDepth", "Count", depth),
    ]
    metrics = measured if settings.WORKER == "itemsvc" else []  # gunicorn's own worker has none of them.
    if connections is not None:
        metrics.append(("DatabaseConnections", "Count", connections))
    return document(timestamp, {"Service": service}, [((), metrics)])


def operation_document(timestamp: int, service: str, key: tuple[str, str], operation: Operation) -> dict[str, Any]:
    """The metrics of one operation; ``timestamp`` is in milliseconds since the epoch."""
    name = key[0] if key[0] == key[1] else " ".join(key)
    shared: list[Metric] = [
        ("Requests", "Count", operation.requests),
        ("ServerErrors", "Count", operation.of_class(5)),
        ("Latency", "Milliseconds", values(operation.latency)),
    ]
    whole: list[Metric] = [
        ("ClientErrors", "Count", operation.of_class(4)),
        ("SlowRequests", "Count", operation.slow),
        ("Queries", "Count", operation.queries),
    ]
    if operation.queries:
        whole.append(("DatabaseTime", "Milliseconds", values(operation.database)))
    directives: list[tuple[Sequence[str], list[Metric]]] = [(("Operation",), shared)]
    if key != PROBES:
        directives.append(((), [*shared, *whole]))
    properties = {"Service": service, "Operation": name, "Statuses": operation.statuses}
    return document(timestamp, properties, directives)


def document(
    timestamp: int, properties: dict[str, Any], directives: list[tuple[Sequence[str], list[Metric]]]
) -> dict[str, Any]:
    """One document; each directive has the dimensions beside ``Service``, and its metrics.

    The values come last, because Logs Insights reads only the first 200 members of a line.
    """
    declared = [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [["Service", *dimensions]],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit, _ in metrics],
        }
        for dimensions, metrics in directives
    ]
    values = {name: value for _, metrics in directives for name, _, value in metrics}
    return {"_aws": {"Timestamp": timestamp, "CloudWatchMetrics": declared}, **properties, **values}


def values(distribution: Distribution) -> dict[str, list[float]]:
    """The counts of the buckets that are not empty, each with its middle as the value."""
    held = [(MIDDLES[bucket], count) for bucket, count in enumerate(distribution.counts) if count]
    return {"Values": [value for value, _ in held], "Counts": [count for _, count in held]}

"""CloudWatch's embedded metric format: log lines on standard output that CloudWatch Logs turns into metrics.

With ``METRICS=emf`` each worker process writes, at every whole minute and when it ends, one line for each operation
that was called in that time and one about itself. The namespace is ``itemsvc``.

A metric's name, its dimensions, its unit, the statistic that it is meant for with a period of 60 s (sums are over
processes and tasks), and what it counts:

===================  ==================  ============  ==========  =====================================================
metric               dimensions          unit          statistic
===================  ==================  ============  ==========  =====================================================
Requests             Service             Count         Sum         answered requests, probes of ``/health`` left out
ClientErrors         Service             Count         Sum         of these, the 4xx
ServerErrors         Service             Count         Sum         of these, the 5xx
SlowRequests         Service             Count         Sum         of these, the ones over SLOW_REQUEST_MS
Latency              Service             Milliseconds  p50 … p99   from when a thread takes it to the end of its answer
Queries              Service             Count         Sum         statements sent to the database
DatabaseTime         Service             Milliseconds  p50 … p99   what a request waited for it, if it asked it at all
Refusals             Service             Count         Sum         503 as the queue was full; in no other metric here
OverdueRequests      Service             Count         Sum         cut off from the database after their budget
ClientTimeouts       Service             Count         Sum         too slow to send, or to take anything but an export
Evictions            Service             Count         Sum         connections closed to make room for others
QueueDepth           Service             Count         Maximum     the most requests that waited for a thread at once
DatabaseConnections  Service             Count         Sum         open connections; SampleCount is that of processes
Requests             Service, Operation  Count         Sum         as above, of one operation; probes have their own
ServerErrors         Service, Operation  Count         Sum         likewise
Latency              Service, Operation  Milliseconds  p50 … p99   likewise
===================  ==================  ============  ==========  =====================================================

``Service`` is ``OTEL_SERVICE_NAME`` (default itemsvc).
``Operation`` is the method and the route, ``GET /items/{id}``; paths and methods that nothing serves share ``other``,
so that no caller can make metrics up. ``Latency`` and
``DatabaseTime`` are distributions in buckets a quarter of an octave wide: a percentile is right within 10 %. A line's
member ``Statuses`` (``{"200": 17}``) is no metric: it is for CloudWatch Logs Insights, where it costs nothing.

The specification is CloudWatch's "Embedded metric format". A distribution's ``Values`` and ``Counts``, of 100 elements
at most, are what AWS's own collectors write for a histogram (the OpenTelemetry collector's awsemfexporter).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from itemsvc.observability.metrics import BOUNDS, Distribution, Operation, Overload, Recorder

NAMESPACE = "itemsvc"
PROBES = ("GET", "/health")
STOP_SECONDS = 2

Metric = tuple[str, str, Any]


class Reporter(threading.Thread):
    """Writes this process's lines at each multiple of ``interval`` seconds of the clock, and the rest when stopped.

    Every process writes once a minute, so the sum of a gauge over a minute is its sum over processes.
    """

    def __init__(self, recorder: Recorder, service: str, interval: int):
        super().__init__(name="metrics", daemon=True)
        self._recorder, self._service, self._interval = recorder, service, interval
        self._stopped = threading.Event()
        self._since = time.time()

    def run(self) -> None:
        """Until stopped."""
        while not self._stopped.wait(self._pause()):
            self._report(self._recorder.connections())

    def stop(self) -> None:
        """Writes what is left. A process that ends has no connections to report."""
        self._stopped.set()
        self.join(STOP_SECONDS)
        if not self.is_alive():  # Else nobody reads standard output: another line would not be read either.
            self._report(None)

    def _pause(self) -> float:
        # A multiple that has just been reported, woken a little early, is not due again. A clock set back delays by
        # no more than one interval.
        now = time.time()
        due = (max(now, self._since + 1) // self._interval + 1) * self._interval
        return min(due - now, self._interval)

    def _report(self, connections: int | None) -> None:
        # Stamped with the interval's begin, which is in the minute that it is about.
        since, self._since = int(self._since * 1000), time.time()
        operations, depth = self._recorder.take()
        write(process_document(since, self._service, self._recorder.take_overload(), depth, connections))
        for key, operation in operations.items():
            write(operation_document(since, self._service, key, operation))


def write(line: dict[str, Any]) -> None:
    """One line in one write, so that no other process's comes between. Standard output may be gone: then it is lost."""
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), json.dumps(line, separators=(",", ":")).encode() + b"\n")


def process_document(
    timestamp: int, service: str, overload: Overload, depth: int, connections: int | None
) -> dict[str, Any]:
    """What is no operation's; ``timestamp`` is in milliseconds since the epoch."""
    metrics: list[Metric] = [
        ("Refusals", "Count", overload.refusals),
        ("OverdueRequests", "Count", overload.overdue),
        ("ClientTimeouts", "Count", overload.timed_out),
        ("Evictions", "Count", overload.evicted),
        ("QueueDepth", "Count", depth),
    ]
    if connections is not None:
        metrics.append(("DatabaseConnections", "Count", connections))
    return document(timestamp, {"Service": service}, [((), metrics)])


def operation_document(timestamp: int, service: str, key: tuple[str, str], operation: Operation) -> dict[str, Any]:
    """What one operation did; ``timestamp`` is in milliseconds since the epoch."""
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
    """A document with these properties; each directive is the dimensions beside ``Service``, and metrics.

    Values come last: Logs Insights finds the first 200 members of a line.
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
    """Each bucket that holds something, by its geometric middle."""
    held = list(_held(distribution))
    return {"Values": [value for value, _ in held], "Counts": [count for _, count in held]}


def _held(distribution: Distribution) -> Iterator[tuple[float, int]]:
    for bucket, count in enumerate(distribution.counts):
        if count:
            yield MIDDLES[bucket], count


MIDDLES = (*(round(bound / 2 ** (1 / 8), 4) for bound in BOUNDS), BOUNDS[-1])

"""Counts and distributions of this process, by operation. `emf.py` and `prometheus.py` publish them."""

from __future__ import annotations

import threading
import weakref
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import sub
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.db.backends.signals import connection_created

from itemsvc.core import routes
from itemsvc.core.capacity import load
from itemsvc.observability import request_statistics
from itemsvc.observability.request_statistics import Statistics

#: The upper bounds of the buckets, in milliseconds: 0.0625 ms to 65 s, a quarter of an octave each. One more bucket
#: holds larger values. CloudWatch takes at most 100 values of a distribution.
BOUNDS = tuple(2 ** (quarter / 4) for quarter in range(-16, 65))


@dataclass(slots=True)
class Distribution:
    """Milliseconds, counted by bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, milliseconds: float) -> None:
        """Counts one value."""
        self.counts[bisect_left(BOUNDS, milliseconds)] += 1
        self.total += milliseconds


@dataclass(slots=True)
class Operation:
    """The answered requests of one method and route."""

    statuses: dict[int, int] = field(default_factory=dict)
    latency: Distribution = field(default_factory=Distribution)
    #: The time that requests waited for the database; only requests that used it.
    database: Distribution = field(default_factory=Distribution)
    queries: int = 0
    slow: int = 0

    @property
    def requests(self) -> int:
        """The number of requests."""
        return sum(self.statuses.values())

    def of_class(self, hundreds: int) -> int:
        """The number of requests with status 4xx for 4, or 5xx for 5."""
        return sum(count for status, count in self.statuses.items() if status // 100 == hundreds)


Operations = dict[tuple[str, str], Operation]


class Overload(NamedTuple):
    """What a process refused or gave up. It belongs to no operation."""

    refused: int = 0
    overdue: int = 0
    timed_out: int = 0
    evicted: int = 0

    @classmethod
    def so_far(cls) -> Self:
        """The counts since this process started."""
        return cls(load.refused, load.overdue, load.timed_out, load.evicted)


class Recorder:
    """Counts the requests of this process; any thread may record one."""

    def __init__(self, waiting: Callable[[], int]):
        #: Returns how many requests wait for a thread now.
        self._waiting = waiting
        self._lock = threading.Lock()
        self._operations: Operations = defaultdict(Operation)
        self._queue_depth = 0
        self._overload = Overload.so_far()
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self.slow_seconds = settings.SLOW_REQUEST_MS / 1000 or float("inf")
        connection_created.connect(self._connected, weak=False)

    def record(self, environ: dict[str, Any], status: int, seconds: float) -> None:
        """Counts one request; an observer of `request_statistics.observers`."""
        key = routes.operation(environ, status)
        # The queue is longest just before a thread becomes free, which is now.
        waiting = self._waiting()
        with self._lock:
            self._queue_depth = max(self._queue_depth, waiting)
            self.count(key, status, seconds, request_statistics.request)

    def count(self, key: tuple[str, str], status: int, seconds: float, asked: Statistics) -> None:
        """Counts one request under its operation."""
        operation = self._operations[key]
        operation.statuses[status] = operation.statuses.get(status, 0) + 1
        operation.latency.add(seconds * 1000)
        if asked.queries:
            operation.queries += asked.queries
            operation.database.add(asked.seconds * 1000)
        operation.slow += seconds > self.slow_seconds

    def take(self) -> tuple[Operations, int]:
        """The counts since the last call, and the largest length of the queue in that time."""
        with self._lock:
            operations, self._operations = self._operations, defaultdict(Operation)
            depth, self._queue_depth = self._queue_depth, self._waiting()
        return operations, depth

    def take_overload(self) -> Overload:
        """The counts of refused and given up requests since the last call."""
        with self._lock:
            before, self._overload = self._overload, Overload.so_far()
            return Overload(*map(sub, self._overload, before))

    def connections(self) -> int:
        """The number of open database connections."""
        with self._lock:
            return sum(not connection.closed for connection in self._connections)

    def _connected(self, connection: Any, **kwargs: Any) -> None:
        with self._lock:
            self._connections.add(connection.connection)

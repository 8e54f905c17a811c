"""What this process did: counts and distributions by operation; `emf.py` and `prometheus.py` publish them."""

from __future__ import annotations

import threading
import weakref
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.db.backends.signals import connection_created

from itemsvc.core import routes
from itemsvc.core.capacity import load
from itemsvc.observability import request_statistics

#: The upper bounds of the buckets, in milliseconds: 0.0625 ms to 65 s, a quarter of an octave each. A last bucket holds
#: what is above. CloudWatch takes 100 values of a distribution.
BOUNDS = tuple(2 ** (quarter / 4) for quarter in range(-16, 65))


@dataclass(slots=True)
class Distribution:
    """Milliseconds, by bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0


@dataclass(slots=True)
class Operation:
    """The answered requests of one method and route."""

    statuses: dict[int, int] = field(default_factory=dict)
    latency: Distribution = field(default_factory=Distribution)
    #: Of the requests that asked the database, what they waited for it.
    database: Distribution = field(default_factory=Distribution)
    queries: int = 0
    slow: int = 0

    @property
    def requests(self) -> int:
        """How many, whatever came of them."""
        return sum(self.statuses.values())

    def of_class(self, hundreds: int) -> int:
        """How many with a status of 4xx or 5xx, given 4 or 5."""
        return sum(count for status, count in self.statuses.items() if status // 100 == hundreds)


Operations = dict[tuple[str, str], Operation]


class Overload(NamedTuple):
    """What a process refused or gave up, as `capacity.Load` counts it; no operation is charged with it."""

    refusals: int = 0
    overdue: int = 0
    timed_out: int = 0
    evicted: int = 0

    @classmethod
    def so_far(cls) -> Self:
        """Since this process started."""
        return cls(request_statistics.refusals.total, load.overdue, load.timed_out, load.evicted)

    def plus(self, other: Overload) -> Overload:
        """Both together."""
        return Overload(*(one + another for one, another in zip(self, other, strict=True)))

    def minus(self, other: Overload) -> Overload:
        """What came after the other."""
        return Overload(*(one - another for one, another in zip(self, other, strict=True)))


class Recorder:
    """Counts what this process answers; any thread may record."""

    def __init__(self, waiting: Callable[[], int]):
        #: How many requests wait for a thread now.
        self._waiting = waiting
        self._lock = threading.Lock()
        self._operations: Operations = {}
        #: The same by what they are asked for with, and the status.
        self._found: dict[tuple[str | None, str | None, int], Operation] = {}
        self._queue_depth = 0
        self._overload = Overload.so_far()
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self._slow_seconds = settings.SLOW_REQUEST_MS / 1000 or float("inf")
        connection_created.connect(self._connected, weak=False)

    def record(self, environ: dict[str, Any], status: int, seconds: float) -> None:
        """An observer of `statistics.observers`."""
        key = (environ.get("REQUEST_METHOD"), environ.get(routes.KEY), status)
        asked = request_statistics.request
        queries = asked.queries
        # The depth is at its largest just before a thread becomes free, which is now.
        waiting = self._waiting()
        with self._lock:
            operation = self._found.get(key) or self._find(key, environ)
            operation.statuses[status] += 1
            # Not by a method of theirs: two calls more would cost a fifth of the whole function.
            latency, milliseconds = operation.latency, seconds * 1000
            latency.counts[bisect_left(BOUNDS, milliseconds)] += 1
            latency.total += milliseconds
            if queries:
                operation.queries += queries
                database, milliseconds = operation.database, asked.seconds * 1000
                database.counts[bisect_left(BOUNDS, milliseconds)] += 1
                database.total += milliseconds
            if seconds > self._slow_seconds:
                operation.slow += 1
            if waiting > self._queue_depth:  # noqa: PLR1730  (max() costs a tenth of the whole function)
                self._queue_depth = waiting

    def _find(self, key: tuple[str | None, str | None, int], environ: dict[str, Any]) -> Operation:
        operation = self._operations.setdefault(routes.operation(environ, key[2]), Operation())
        operation.statuses.setdefault(key[2], 0)
        if key[0] in routes.METHODS and key[1]:  # Else callers could make keys up, or the path decides.
            self._found[key] = operation
        return operation

    def take(self) -> tuple[Operations, int]:
        """What was counted since the last call, and the most requests that waited at once in that time."""
        with self._lock:
            operations, self._operations, self._found = self._operations, {}, {}
            depth, self._queue_depth = self._queue_depth, self._waiting()
        return operations, depth

    def take_overload(self) -> Overload:
        """What was refused and given up since the last call."""
        before, self._overload = self._overload, Overload.so_far()
        return self._overload.minus(before)

    def connections(self) -> int:
        """How many connections to the database are open."""
        with self._lock:
            return sum(not connection.closed for connection in self._connections)

    def _connected(self, connection: Any, **kwargs: Any) -> None:
        with self._lock:
            self._connections.add(connection.connection)

"""What a request asked of the database, counted in its own thread, and who is told when it has been answered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.db.backends.signals import connection_created

#: Told of each answered request: its WSGI environ, the status, the seconds from when a thread took it.
Observer = Callable[[dict[str, Any], int, float], None]
observers: list[Observer] = []

#: Told of each statement: its text, the seconds that it took, and the error that it ended with.
StatementObserver = Callable[[Any, float, BaseException | None], None]
statement_observers: list[StatementObserver] = []


class Statistics(threading.local):
    """The statements of the request that this thread works on, and the seconds that it waited for them."""

    queries = 0
    seconds = 0.0

    def record(self, seconds: float, sql: Any = "", error: BaseException | None = None) -> None:
        """Counts one statement. Whatever runs one past Django's cursor calls this; `error` is what it raised."""
        self.queries += 1
        self.seconds += seconds
        for observe in statement_observers:
            observe(sql, seconds, error)


request = Statistics()


class Tally:
    """A count that any thread may add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.total = 0

    def add(self) -> None:
        """One more."""
        with self._lock:
            self.total += 1


#: Requests that were refused because too many waited.
refusals = Tally()


def begin(worker: Any, req: Any) -> None:
    """gunicorn's pre_request hook: a new request, in the thread that will answer it."""
    request.queries = 0
    request.seconds = 0.0


def count_statements() -> None:
    """From now on each statement of each new connection is recorded."""
    connection_created.connect(_watch, dispatch_uid="itemsvc.observability.request_statistics")


def _watch(connection: Any, **kwargs: Any) -> None:
    if timed not in connection.execute_wrappers:  # The same object connects again.
        connection.execute_wrappers.append(timed)


def timed(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Django's execute wrapper: runs the statement and records it."""
    started = perf_counter()
    error = None
    try:
        return execute(sql, params, many, context)
    except BaseException as exc:
        error = exc
        raise
    finally:
        request.record(perf_counter() - started, sql, error)

"""Counts a request's database statements, and calls the observers of requests and statements."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.db.backends.signals import connection_created

#: Called after each request, with its WSGI environ, status, and seconds since a thread took it.
Observer = Callable[[dict[str, Any], int, float], None]
observers: list[Observer] = []

#: Called after each statement, with its text, its seconds, and its error or None.
StatementObserver = Callable[[Any, float, BaseException | None], None]
statement_observers: list[StatementObserver] = []


class Statistics(threading.local):
    """The statements of the request that this thread works on, and the seconds that it waited for them."""

    queries = 0
    seconds = 0.0

    def record(self, seconds: float, sql: Any = "", error: BaseException | None = None) -> None:
        """Counts one statement; code that does not use Django's cursor must call it."""
        self.queries += 1
        self.seconds += seconds
        for observe in statement_observers:
            observe(sql, seconds, error)


request = Statistics()


def begin(worker: Any, req: Any) -> None:
    """gunicorn's pre_request hook, called in the request's own thread."""
    request.queries = 0
    request.seconds = 0.0


def count_statements() -> None:
    """Records each statement of each new connection from now on."""
    connection_created.connect(_watch, dispatch_uid="itemsvc.observability.request_statistics")


def _watch(connection: Any, **kwargs: Any) -> None:
    if timed not in connection.execute_wrappers:  # The same object may connect again.
        # First, because who has added a wrapper and then connects removes the last one.
        connection.execute_wrappers.insert(0, timed)


def timed(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Django's execute wrapper, which runs and records a statement."""
    started = perf_counter()
    error = None
    try:
        return execute(sql, params, many, context)
    except BaseException as exc:
        error = exc
        raise
    finally:
        request.record(perf_counter() - started, sql, error)

"""gunicorn's hooks: they start metrics and traces in each worker process, if these are switched on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.conf import settings

from itemsvc.core import routes
from itemsvc.observability import request_statistics

logger = logging.getLogger("itemsvc.slow")

_stops: list[Callable[[], None]] = []


def start(worker: Any) -> None:
    """gunicorn's post_worker_init hook, which runs after the fork, so that threads belong to the worker's process."""
    if settings.SLOW_REQUEST_MS:
        request_statistics.observers.append(warn_above(settings.SLOW_REQUEST_MS))
    if settings.METRICS != "none":
        _publish_metrics(worker)
    if settings.TRACES_EXPORTER != "none":
        from itemsvc.observability import tracing  # noqa: PLC0415  (loaded only if it is on)

        _stops.append(tracing.start())
    if request_statistics.observers or request_statistics.statement_observers:
        request_statistics.count_statements()


def stop(server: Any, worker: Any) -> None:
    """gunicorn's worker_exit hook: writes and sends the rest."""
    while _stops:
        _stops.pop()()


def _publish_metrics(worker: Any) -> None:
    # gunicorn's own worker does not tell how many requests wait.
    waiting = getattr(worker.tpool, "waiting", ()).__len__
    # The module has the setting's name, and is loaded only if it is on.
    publisher = import_module(f"itemsvc.observability.{settings.METRICS}").Publisher(waiting)
    request_statistics.observers.append(publisher.recorder.record)
    publisher.start()
    _stops.append(publisher.stop)


def warn_above(limit_ms: int) -> request_statistics.Observer:
    """Returns an observer that logs each request that took longer."""
    limit = limit_ms / 1000

    def observe(environ: dict[str, Any], status: int, seconds: float) -> None:
        if seconds <= limit:
            return
        asked = request_statistics.request
        fields = {
            "method": environ.get("REQUEST_METHOD"),
            "path": environ.get("PATH_INFO"),
            "route": routes.of(environ),
            "status": status,
            "duration_ms": round(seconds * 1000, 3),
            "queries": asked.queries,
            "database_ms": round(asked.seconds * 1000, 3),
        }
        logger.warning(
            "Slow: %(method)s %(path)s took %(duration_ms)s ms, %(database_ms)s ms of it in the database "
            "(queries: %(queries)s)",
            fields,
            extra=fields,
        )

    return observe

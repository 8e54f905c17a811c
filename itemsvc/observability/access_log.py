"""The access log: one line for each request, in the form of all other log lines."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from gunicorn.glogging import Logger

from itemsvc.core import gunicorn_settings, logs
from itemsvc.core.client_address import client_address
from itemsvc.core.logs import request_id as current_request_id
from itemsvc.core.logs import trace_id
from itemsvc.core.routes import LIVENESS_PATHS
from itemsvc.observability import request_statistics

LOG_FORMAT = settings.LOG_FORMAT
#: gunicorn's settings for logs in other places and forms.
REFUSED = ("accesslog", "access_log_format", "errorlog", "logconfig", "logconfig_json", "statsd_host", "syslog")


class AccessLogger(Logger):
    """gunicorn's logger, with named fields instead of a format string."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn at its start, and when it reads its configuration again."""
        gunicorn_settings.refuse(cfg, REFUSED, "has no effect: all logs go to standard output, in one form.")
        super().setup(cfg)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Called by gunicorn's own workers; writes the line at once."""
        environ.setdefault("PATH_INFO", getattr(req, "path", "-"))  # gunicorn leaves it out after an error.
        self.log_access(resp, environ, request_time.total_seconds())
        logs.lines.flush()

    def log_access(self, response: Any, environ: dict[str, Any], seconds: float) -> None:
        """Logs one request and counts it. Probes are logged at DEBUG, because there is one every few seconds.

        The line has no query string, body or cookie, because they may hold private data.
        """
        # gunicorn's own errors have no status_code, because start_response was not called.
        status = response.status_code if hasattr(response, "status_code") else int(response.status.split(None, 1)[0])
        for observe in request_statistics.observers:
            observe(environ, status, seconds)
        path, method = environ.get("PATH_INFO", "-"), environ.get("REQUEST_METHOD", "-")
        level = logging.DEBUG if path in LIVENESS_PATHS else logging.INFO
        if not self.access_log.isEnabledFor(level):
            return
        duration = round(seconds * 1000, 3)
        trace = trace_id.get()
        fields = {
            "request_id": current_request_id.get() or None,
            **({logs.TRACE_ID: trace} if trace else {}),
            "method": method,
            "path": path,
            "status": status,
            "duration_ms": duration,
            "bytes": response.sent,
            "client": client_address(environ),
        }
        message = f"{method} {path} {status} {duration} ms"
        if LOG_FORMAT == "json":
            # A LogRecord costs more than the rest of the line.
            name, level_name = self.access_log.name, logging.getLevelName(level)
            logs.lines.add(logs.encode(time.time(), level_name, name, message, fields))
        else:
            self.access_log.log(level, "%s", message, extra=fields)

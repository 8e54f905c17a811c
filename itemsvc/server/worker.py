"""What gunicorn says itself, in the service's own form: access lines, and errors before Django is reached."""

from __future__ import annotations

import logging
import socket
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http.errors import InvalidHeader, UnsupportedTransferCoding

from itemsvc.core import logs
from itemsvc.core.client_address import client_address
from itemsvc.core.logs import request_id as current_request_id
from itemsvc.core.logs import trace_id
from itemsvc.core.routes import LIVENESS_PATHS
from itemsvc.http import request_ids
from itemsvc.observability import request_statistics
from itemsvc.server.event_loop import EventWorker
from itemsvc.server.fast_parser import PlainRequest
from itemsvc.server.raw_errors import json_error

LOG_FORMAT = settings.LOG_FORMAT


class AccessLogger(Logger):
    """Access lines with named fields instead of a format string."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """gunicorn's way to ``answered``, which knows of no queue to wait for: the line is written at once."""
        environ.setdefault("PATH_INFO", getattr(req, "path", "-"))  # Of an error it says less.
        self.answered(resp, environ, request_time.total_seconds())
        logs.lines.flush()

    def answered(self, response: Any, environ: dict[str, Any], seconds: float) -> None:
        """One line a request; a probe's at DEBUG, since there is one every few seconds for ever.

        The query string is left out, like bodies and cookies: what callers search for is theirs.
        """
        # gunicorn's own errors never called start_response, which knows the code.
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
            # Without a `LogRecord`, which would cost more than all the rest of it.
            name, level_name = self.access_log.name, logging.getLevelName(level)
            logs.lines.add(logs.encode(time.time(), level_name, name, message, fields))
        else:
            self.access_log.log(level, "%s", message, extra=fields)


class JSONErrorWorker(EventWorker):
    """A threaded worker whose own errors (a malformed request line, a header too long) are JSON with a request id."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Logs the error and answers it, both under one id: the request's, where it has one."""
        if not current_request_id.get():
            current_request_id.set(request_ids.choose(_environ(req)))
            trace_id.set("")
        if isinstance(exc, UnsupportedTransferCoding):
            exc = InvalidHeader(str(exc))  # 400 instead of 501: a 5xx would blame the service, and alert somebody.
        super().handle_error(req, client, addr, exc)


def _environ(request: Any) -> dict[str, Any]:
    """As much of it as the request's id is in; an error may have come before its headers were read."""
    if isinstance(request, PlainRequest):
        return request.environ
    return {f"HTTP_{name.replace('-', '_')}": value for name, value in getattr(request, "headers", ())}


def write_json_error(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
    """Stands in for ``gunicorn.util.write_error``, which answers HTML; ``mesg`` may quote the request."""
    sock.sendall(json_error(status_int, reason, mesg or reason, current_request_id.get()))


# gunicorn has no hook for it: its workers find it by its module.
util.write_error = write_json_error

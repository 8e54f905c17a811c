"""Log lines on standard output: one JSON object a line, or text for a terminal."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from select import PIPE_BUF
from typing import Any

import orjson

STANDARD_OUTPUT = 1
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

#: The id of the request that this thread works on; empty outside a request.
request_id: ContextVar[str] = ContextVar("request_id", default="")

#: The id of its trace, 32 hexadecimal digits; empty if the request is not traced.
trace_id: ContextVar[str] = ContextVar("trace_id", default="")

TRACE_ID = "trace_id"

#: The fields of an access line and of a slow request's line, in this order.
ACCESS_FIELDS = ("method", "path", "route", "status", "duration_ms", "queries", "database_ms", "bytes", "client")


def timestamp(created: float) -> str:
    """Formats seconds since the epoch as RFC 3339 in UTC, with milliseconds."""
    return f"{datetime.fromtimestamp(created, UTC).isoformat(timespec='milliseconds')[:23]}Z"


class RequestContextFilter(logging.Filter):
    """Adds the ids of the current request and its trace to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true, so every record is kept."""
        if not hasattr(record, "request_id"):
            record.request_id = request_id.get()
        if trace := trace_id.get():
            record.trace_id = trace
        return True


class JSONFormatter(logging.Formatter):
    """Formats a record as one JSON object, with the trace id and the fields of an access line if it has them."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, without a line end."""
        fields: dict[str, Any] = {"request_id": getattr(record, "request_id", "") or None}
        fields |= {name: getattr(record, name) for name in (TRACE_ID, *ACCESS_FIELDS) if hasattr(record, name)}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        line = encode(record.created, record.levelname, record.name, record.getMessage(), fields)
        return line.decode().removesuffix("\n")


def encode(created: float, level: str, logger: str, message: str, fields: dict[str, Any]) -> bytes:
    """One line of JSON with its line end; ``created`` in seconds since the epoch."""
    entry = {"time": timestamp(created), "level": level, "logger": logger, "message": message, **fields}
    try:
        return orjson.dumps(entry, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # A lone surrogate, or an integer beyond 64 bits.
        line = json.dumps(entry, separators=(",", ":"), ensure_ascii=False, default=str)
        return f"{line}\n".encode("utf-8", "backslashreplace")


class Lines:
    """Collects lines for standard output, so that a busy process writes several at once.

    A write costs more than the rest of a line. One write is never longer than PIPE_BUF, so that the lines of several
    processes do not mix.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines = b""

    def add(self, line: bytes) -> None:
        """Keeps the line. Any thread may call it, and calls ``flush`` when no other request waits."""
        full = b""
        with self._lock:
            if len(self._lines) + len(line) > PIPE_BUF:
                full, self._lines = self._lines, b""
            self._lines += line
        write(full)

    def flush(self) -> None:
        """Writes the lines that are kept."""
        with self._lock:
            lines, self._lines = self._lines, b""
        write(lines)


def write(lines: bytes) -> None:
    """Writes to standard output in one call. If nobody reads it, the lines are lost, as with `logging`."""
    if lines:
        with contextlib.suppress(OSError):
            os.write(STANDARD_OUTPUT, lines)


#: Access lines.
lines = Lines()


class TextFormatter(logging.Formatter):
    """For a terminal: `12:00:00.000 INFO    gunicorn.access  GET /items 200 1.2 ms [request id]`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, with an exception's traceback below it."""
        # A path may hold a line break, which would forge a line.
        message = record.getMessage().encode("unicode_escape").decode("ascii")
        identifier = getattr(record, "request_id", "")
        line = f"{timestamp(record.created)[11:23]} {record.levelname:<7} {record.name}  {message}"
        line += f" [{identifier}]" if identifier else ""
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def logging_config(style: str, level: str) -> dict[str, Any]:
    """The ``logging.config`` dictionary for Django and gunicorn; ``style`` is json or text."""
    formatter = {"json": JSONFormatter, "text": TextFormatter}[style]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": RequestContextFilter}},
        "formatters": {"line": {"()": formatter}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "line",
                "filters": ["request"],
            }
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            # Their own handlers would write each line a second time.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": True, "level": level},
            "gunicorn.error": {"handlers": [], "propagate": True, "level": level},
            # A 4xx is in the access line already. ERROR keeps the 5xx, with its traceback.
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "CRITICAL"},
        },
    }

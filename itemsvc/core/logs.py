"""Log lines: one JSON object a line on standard output, or text for a person's terminal."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from select import PIPE_BUF
from typing import Any

import orjson

STANDARD_OUTPUT = 1
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

#: The id of the request that this thread works on; empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

#: The id of its trace, 32 hexadecimal digits; empty where nothing is traced.
trace_id: ContextVar[str] = ContextVar("trace_id", default="")

TRACE_ID = "trace_id"

#: What an access line, or that of a slow request, carries beside its message, in this order.
ACCESS_FIELDS = ("method", "path", "route", "status", "duration_ms", "queries", "database_ms", "bytes", "client")


def timestamp(created: float) -> str:
    """RFC 3339, UTC, milliseconds, of seconds since the epoch."""
    second = int(created)
    return f"{_second(second)}.{int((created - second) * 1000):03d}Z"


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class RequestContextFilter(logging.Filter):
    """Puts the current request's id, and its trace's, on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: it adds, it never drops."""
        if not hasattr(record, "request_id"):
            record.request_id = request_id.get()
        if trace := trace_id.get():
            record.trace_id = trace
        return True


class JSONFormatter(logging.Formatter):
    """One JSON object: time, level, logger, message, request_id, trace_id, an access line's fields, the exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line without its line end."""
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
    except TypeError:  # Text that is no Unicode, or a whole number beyond 64 bits.
        line = json.dumps(entry, separators=(",", ":"), ensure_ascii=False, default=str)
        return f"{line}\n".encode("utf-8", "backslashreplace")


class Lines:
    """Lines for standard output that are written together, as long as there is more to do than to write them.

    A write costs more than all the rest of a line: other threads take the interpreter's lock meanwhile, and the reader
    is woken. What is written at once is no more than a pipe takes in one piece, so lines of several processes do not
    mix. A reader that has gone is no reason to fail: `logging` too goes on without one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines = b""

    def add(self, line: bytes) -> None:
        """Keeps it; called by any thread, which calls ``flush`` when nothing else waits for it."""
        full = b""
        with self._lock:
            if len(self._lines) + len(line) > PIPE_BUF:
                full, self._lines = self._lines, b""
            self._lines += line
        _write(full)

    def flush(self) -> None:
        """Writes what is kept."""
        with self._lock:
            lines, self._lines = self._lines, b""
        _write(lines)


def _write(lines: bytes) -> None:
    if lines:
        with contextlib.suppress(OSError):
            os.write(STANDARD_OUTPUT, lines)


#: Access lines.
lines = Lines()


class TextFormatter(logging.Formatter):
    """`12:00:00.000 INFO    gunicorn.access  GET /items 200 1.2 ms [request id]`, for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, an exception's traceback below it."""
        # A path may hold an encoded line break; written raw it would forge a line.
        message = record.getMessage().encode("unicode_escape").decode("ascii")
        identifier = getattr(record, "request_id", "")
        line = f"{timestamp(record.created)[11:23]} {record.levelname:<7} {record.name}  {message}"
        line += f" [{identifier}]" if identifier else ""
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def logging_config(style: str, level: str) -> dict[str, Any]:
    """A ``logging.config`` dictionary for Django and gunicorn alike; ``style`` is json or text."""
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
            # Their own handlers would write each line a second time, in a format of their own.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": True, "level": level},
            "gunicorn.error": {"handlers": [], "propagate": True, "level": level},
            # A 4xx is on the access line already; what is left here is the 5xx with its traceback.
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "CRITICAL"},
        },
    }

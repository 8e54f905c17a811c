"""Limits log lines that repeat."""

from __future__ import annotations

import logging
import time

#: Seconds in which a message is logged once at most.
QUIET_SECONDS = 60


class Occasionally(logging.Handler):
    """Passes each message to the root logger's handlers at most once in QUIET_SECONDS, whatever its arguments.

    Without it, a collector that is away would cause several lines each second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Passes the record on, without its traceback, or drops it."""
        now = time.monotonic()
        if now - self._last.get(record.msg, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._last[record.msg] = now
        record.exc_info = record.exc_text = None
        for handler in logging.getLogger().handlers:
            handler.handle(record)

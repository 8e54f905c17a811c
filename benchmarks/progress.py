"""A line with the progress."""

from __future__ import annotations

import sys
import time
from typing import Self


class Progress:
    """Changes one line on a terminal; elsewhere prints a line every half minute. ``total`` is in seconds of load."""

    total = 1.0

    def __init__(self) -> None:
        self._done = 0.0
        self._started = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")

    def tick(self, what: str, seconds: float) -> None:
        """Call it before work of this many seconds."""
        done = min(self._done / self.total, 1)
        self._done += seconds
        elapsed = time.monotonic() - self._started
        left = f", {elapsed / done - elapsed:.0f} s left" if done > 0.02 else ""
        line = f"{done:4.0%}{left}  {what}"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{line}")
        elif time.monotonic() - self._shown > 30:
            self._shown = time.monotonic()
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

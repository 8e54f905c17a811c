"""The exceptions of an application, and wrong arguments of `start_response`."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any


class OwnError(Exception):
    """An application's own exception."""


class OwnBaseError(BaseException):
    """An exception that `except Exception` does not catch."""


ERRORS: dict[str, Callable[[], BaseException]] = {
    error.__name__: error
    for error in (
        OwnError, OwnBaseError, SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError, RecursionError,
        StopIteration, TimeoutError,
    )
} | {"BrokenPipeError": lambda: OSError(errno.EPIPE, "of the application's own")}  # fmt: skip

BAD_STARTS: dict[str, tuple[Any, Any]] = {
    "bad status": ("nonsense", []),
    "status that is no text": (None, []),
    "bad name": ("200 OK", [("a b", "c")]),
    "bad value": ("200 OK", [("A", "b\r\nc: d")]),
    "value that is no text": ("200 OK", [("A", 1)]),
    "header that is no pair": ("200 OK", ["A"]),
    "length that is no number": ("200 OK", [("Content-Length", "many")]),
}


def fail(stage: str, wanted: str | None) -> None:
    """Raises the exception that ``wanted`` names, if it is for this stage."""
    at, _, name = (wanted or "").partition(":")
    if at == stage:
        raise ERRORS[name]()

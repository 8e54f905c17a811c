"""A statement time-out of its own for a part of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def statement_timeout(milliseconds: int) -> Iterator[None]:
    """PostgreSQL cancels each statement within that takes longer.

    The time-out is sent together with the statement, so it costs no round trip and ends with the statement.
    """
    before = f"SET LOCAL statement_timeout = {milliseconds}; "

    def send(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        return execute(before + sql, *arguments)

    with connection.execute_wrapper(send):
        yield

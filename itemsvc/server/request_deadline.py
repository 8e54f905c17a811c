"""Ends a request that is over its budget: closes its database connection, so that its thread fails.

`statement_timeout` is kept by the database. A frozen database, or a network that drops every packet, does not keep it,
and the driver would wait for ever.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import Any

import psycopg2
from django.db import connections

_databases: dict[int, list[Any]] = {}


def enter() -> None:
    """Called once by each thread that serves requests, because Django's connections belong to a thread."""
    _databases[threading.get_ident()] = list(connections.all())


def leave() -> None:
    """Called by a thread that ends."""
    _databases.pop(threading.get_ident(), None)


def cut(thread: int) -> bool:
    """Shuts the thread's database connections down; returns whether it had any."""
    return sum(_shut_down(database) for database in _databases.get(thread, ())) > 0


def _shut_down(database: Any) -> bool:
    with contextlib.suppress(OSError, psycopg2.Error, AttributeError):  # The connection is closed, or was never opened.
        with socket.socket(fileno=os.dup(database.connection.fileno())) as duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)
        return True
    return False

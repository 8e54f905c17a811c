"""The end of a request's budget: its thread is cut off from a database that does not answer.

`statement_timeout` is the database's own; one that is frozen, or behind a network that swallows everything, keeps none,
and the driver waits for it without an end.
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
    """Called once by each thread that serves requests: Django's connections are the thread's own."""
    _databases[threading.get_ident()] = list(connections.all())


def leave() -> None:
    """Called by a thread that ends: its connections go with it."""
    _databases.pop(threading.get_ident(), None)


def cut(thread: int) -> bool:
    """Ends the thread's connections under it, so that it fails as if the database had gone; whether it had any."""
    return sum(_shut_down(database) for database in _databases.get(thread, ())) > 0


def _shut_down(database: Any) -> bool:
    with contextlib.suppress(OSError, psycopg2.Error, AttributeError):  # Closed meanwhile, or never opened.
        with socket.socket(fileno=os.dup(database.connection.fileno())) as duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)
        return True
    return False

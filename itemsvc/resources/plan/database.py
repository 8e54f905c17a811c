"""The thread's connection to the database."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from django.db import connections

from itemsvc.resources.row_json import Row


class Database(threading.local):
    """Keeps the thread's connection, because Django's lookup takes several calls."""

    def __init__(self) -> None:
        self.connection: Any = connections["default"]


database = Database()


def fetch(sql: str, parameters: Sequence[Any], *, repeatable: bool, prepared: bool = True) -> list[Row]:
    """The rows of one statement, as the driver has them; see ``DatabaseWrapper.fetch`` for the parameters."""
    rows: list[Row] = database.connection.fetch(sql, parameters, repeatable=repeatable, prepared=prepared)
    return rows

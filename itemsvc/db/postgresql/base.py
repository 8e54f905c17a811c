"""Django's PostgreSQL back end, with a health check of the socket and with prepared statements.

`itemsvc/fast/README.md` says what the two are for.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import Any

from django.db.backends.postgresql import base
from psycopg2 import InterfaceError, NotSupportedError, OperationalError, ProgrammingError
from psycopg2.errors import InvalidSqlStatementName
from psycopg2.extensions import UNICODE, new_type, register_type

Row = tuple[Any, ...]

UUID_OID, NUMERIC_OID = 2950, 1700
#: Leaves a UUID or a numeric as the text that the database sends, because JSON needs the text again.
TEXT = new_type((UUID_OID, NUMERIC_OID), "TEXT", UNICODE)

#: The prepared statements of a session. Each one takes some kilobytes of the server's memory.
MAX_PREPARED = 50
#: The errors of a statement that cannot be prepared, or is not prepared any more.
NOT_PREPARED = (InvalidSqlStatementName, NotSupportedError, ProgrammingError)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Opens a session, which has no prepared statements yet."""
        self._prepared: dict[str, str] = {}
        self._prepares = True
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Whether the session still exists on the server.

        A server that ends a session sends something first. So a round trip is needed only if there is something to
        read, or after an error.
        """
        if self.connection is None or self.connection.closed:
            return False
        if not self.errors_occurred and not _readable(self.connection.fileno()):
            return True
        return bool(super().is_usable())

    def fetch(self, sql: str, parameters: Sequence[Any], *, repeatable: bool, prepared: bool = True) -> list[Row]:
        """All rows of one statement.

        UUIDs, numerics and JSON are text; times have a time zone.

        ``repeatable``: if the session has just ended, opens another one and sends the statement again, once; not inside
        of a transaction.
        ``prepared`` (see ``_send``) must be false if the best plan depends on the parameters.
        Raises psycopg2's errors.
        """
        if self.in_atomic_block:
            return self._fetch(sql, parameters, prepared)
        self.close_if_unusable_or_obsolete()
        if not repeatable:
            self.close_if_health_check_failed()
        reused = self.connection is not None
        try:
            return self._fetch(sql, parameters, prepared)
        except (OperationalError, InterfaceError):
            self.errors_occurred = True
            if not (repeatable and reused and self.connection is not None and self.connection.closed):
                raise
        self.close()
        return self._fetch(sql, parameters, prepared)

    def fetch_in_request(self, sql: str, parameters: Sequence[Any], *, prepared: bool = True, **_: Any) -> list[Row]:
        """As ``fetch``, but in the session that Django has begun, with all that middleware has set in it.

        Raises Django's errors.
        """
        self.close_if_health_check_failed()
        with self.wrap_database_errors:
            return self._fetch(sql, parameters, prepared)

    def _fetch(self, sql: str, parameters: Sequence[Any], prepared: bool) -> list[Row]:
        self.ensure_connection()
        with self.connection.cursor() as cursor:
            register_type(TEXT, cursor)
            self._execute(cursor, sql, parameters, prepared)
            rows: list[Row] = cursor.fetchall()
            return rows

    def _execute(self, cursor: Any, sql: str, parameters: Sequence[Any], prepared: bool) -> None:
        run: Any = self._send
        for wrapper in reversed(self.execute_wrappers):
            run = partial(wrapper, run)
        run(sql, parameters, False, {"connection": self, "cursor": cursor, "prepared": prepared})

    def _send(self, sql: str, parameters: Sequence[Any], many: bool, context: dict[str, Any]) -> None:
        """Sends a statement; the server parses and plans each text once in a session.

        If that fails, the session sends its statements unprepared from then on. It fails behind a pooler, which
        changes the session with every transaction, and after a migration that changes a column's type. A statement
        that failed in this way has changed nothing, so it is sent again.
        """
        cursor = context["cursor"]
        if context["prepared"] and self._prepares:
            try:
                cursor.execute(self._prepared.get(sql) or self._prepare(cursor, sql, len(parameters)), parameters)
            except NOT_PREPARED:
                self._prepares = False
            else:
                return
        cursor.execute(sql, parameters)

    def _prepare(self, cursor: Any, sql: str, count: int) -> str:
        """Prepares a statement with ``count`` parameters; returns the text that executes it."""
        # The name depends on the text, so that a pooler's mixed sessions have the same statement under one name.
        name = f"itemsvc_{sha256(sql.encode()).hexdigest()[:24]}"
        if len(self._prepared) >= MAX_PREPARED:
            cursor.execute("DEALLOCATE ALL")
            self._prepared.clear()
        cursor.execute(f"PREPARE {name} AS {sql % tuple(f'${number}' for number in range(1, count + 1))}")
        self._prepared[sql] = f"EXECUTE {name}" + (f" ({', '.join(['%s'] * count)})" if count else "")
        return self._prepared[sql]


def _readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))

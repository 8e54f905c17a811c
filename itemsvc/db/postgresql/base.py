"""Django's PostgreSQL back end with a health check that asks the socket first, and statements without an ORM.

`itemsvc/fast/README.md` says what each of the two is for.
"""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import Any

from django.db.backends.postgresql import base
from psycopg2 import InterfaceError, NotSupportedError, OperationalError, ProgrammingError
from psycopg2.errors import InvalidSqlStatementName
from psycopg2.extensions import UNICODE, new_type, register_type

Row = tuple[Any, ...]

UUID_OID = 2950
#: UUIDs as the text that the database sends: making objects of them would cost more than the rest of the row.
UUID_TEXT = new_type((UUID_OID,), "UUID_TEXT", UNICODE)

#: A cursor keeps its result until its next statement: one with more rows is not kept with it.
MAX_KEPT_ROWS = 128
#: Statements that a session keeps: each is some kilobytes of the server's memory.
MAX_PREPARED = 50
NOT_PREPARED = (InvalidSqlStatementName, NotSupportedError, ProgrammingError)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A session, which has prepared nothing yet."""
        self._prepared: dict[str, str] = {}
        self._prepares = True
        self._open_cursor: Any = None
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Whether the server still keeps this session.

        One that ended it has said so: there is something to read on a connection where nothing was asked. Only then,
        and after an error, a round trip decides.
        """
        if self.connection is None or self.connection.closed:
            return False
        if not self.errors_occurred and not _readable(self.connection.fileno()):
            return True
        return bool(super().is_usable())

    def fetch(self, sql: str, parameters: Sequence[Any], *, repeatable: bool, prepared: bool = True) -> list[Row]:
        """Every row of one statement outside of a transaction, as the driver has it: UUIDs are text, times aware.

        ``repeatable``: a session that turns out to have ended in this very moment is opened again, once, and the
        statement sent again. ``prepared`` (see ``_send``) is not for one whose best plan depends on its parameters.
        Raises psycopg2's errors.
        """
        # Django's own question, which takes it several calls, is left for when one of these may be the answer.
        if not repeatable or self.errors_occurred or not self.autocommit or self._is_obsolete():
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

    def _is_obsolete(self) -> bool:
        return self.close_at is not None and time.monotonic() >= self.close_at

    def _fetch(self, sql: str, parameters: Sequence[Any], prepared: bool) -> list[Row]:
        if self.connection is None:
            self.ensure_connection()
        cursor = self._open_cursor
        if cursor is None:
            self._open_cursor = cursor = self.connection.cursor()
            register_type(UUID_TEXT, cursor)
        self._execute(cursor, sql, parameters, prepared)
        rows: list[Row] = cursor.fetchall()
        if len(rows) > MAX_KEPT_ROWS:
            self._open_cursor = None
        return rows

    def _execute(self, cursor: Any, sql: str, parameters: Sequence[Any], prepared: bool) -> None:
        if not self.execute_wrappers:
            self._send(cursor, sql, parameters, prepared)
            return
        first, *others = self.execute_wrappers
        run: Any = _run
        for wrapper in reversed(others):
            run = partial(wrapper, run)
        first(run, sql, parameters, False, {"connection": self, "cursor": cursor, "prepared": prepared})

    def _send(self, cursor: Any, sql: str, parameters: Sequence[Any], prepared: bool) -> None:
        """Has the server parse and plan each text once in a session, which costs it more than to look a row up.

        A session in which that fails goes on without: a pooler between changes it with every transaction, or a
        migration has changed a column's type. Nothing has been done then, so the statement is sent as it is.
        """
        if prepared and self._prepares:
            try:
                cursor.execute(self._prepared.get(sql) or self._prepare(cursor, sql, len(parameters)), parameters)
            except NOT_PREPARED:
                self._prepares = False
            else:
                return
        cursor.execute(sql, parameters)

    def _prepare(self, cursor: Any, sql: str, count: int) -> str:
        """What executes it from now on, with so many parameters."""
        # By its text: where a pooler mixes sessions, the same name is at least the same statement.
        name = f"itemsvc_{sha256(sql.encode()).hexdigest()[:24]}"
        if len(self._prepared) >= MAX_PREPARED:
            cursor.execute("DEALLOCATE ALL")
            self._prepared.clear()
        cursor.execute(f"PREPARE {name} AS {sql % tuple(f'${number}' for number in range(1, count + 1))}")
        self._prepared[sql] = f"EXECUTE {name}" + (f" ({', '.join(['%s'] * count)})" if count else "")
        return self._prepared[sql]


def _run(sql: str, parameters: Sequence[Any], many: bool, context: dict[str, Any]) -> None:
    context["connection"]._send(context["cursor"], sql, parameters, context["prepared"])


def _readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))

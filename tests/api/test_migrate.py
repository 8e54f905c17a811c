"""`manage.py migrate`: two at once, a table that is in use, a migration that fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from itemsvc.db.management.commands.migrate import ADVISORY_LOCK
from tests.support.service import ROOT, Service

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow


@pytest.fixture
def target(new_database: Callable[[str], str], request: pytest.FixtureRequest) -> Service:
    """An empty database and the means to migrate it; nothing is served."""
    service = Service(new_database(f"migrate_{abs(hash(request.node.name)) % 10**8}"))
    service.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return service


def begin(service: Service, *words: str, **environment: str) -> subprocess.Popen[str]:
    """`manage.py migrate` as a process under way."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "migrate", "--noinput", *words],
        cwd=ROOT, env=service.environment | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_two_at_once_on_an_empty_database_apply_each_migration_once(target: Service) -> None:
    results = [finish(process) for process in [begin(target), begin(target)]]
    assert [code for code, _, _ in results] == [0, 0], results
    applied = target.execute("SELECT app || '.' || name FROM django_migrations")
    assert len(applied) == len(set(applied)) > 10
    said = sum(output.count("Applying sample.0001_initial") for _, output, _ in results)
    assert said == 1


def test_it_says_whom_it_waits_for_and_goes_on(target: Service) -> None:
    with target.connection() as holder, holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s), pg_backend_pid()", [ADVISORY_LOCK])
        backend = cursor.fetchone()[1]
        process = begin(target)
        line = process.stdout.readline()
        assert line.startswith(f"Waiting for another migrate to finish. It runs in backend {backend} from local")
        cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
        assert finish(process)[0] == 0


def test_it_waits_no_longer_than_it_is_told(target: Service) -> None:
    with target.connection() as holder, holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        code, _, errors = finish(begin(target, MIGRATE_WAIT_SECONDS="0"))
    assert code == 75
    assert errors.startswith("CommandError: Another migrate held its lock for 0 s. It runs in backend")


def test_the_lock_of_a_killed_migrate_is_free(target: Service) -> None:
    with target.connection() as holder, holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s), pg_backend_pid()", [ADVISORY_LOCK])
        backend = cursor.fetchone()[1]
        process = begin(target)
        process.stdout.readline()
        target.execute("SELECT pg_terminate_backend(%s)", backend)
        assert finish(process)[0] == 0


def test_a_table_in_use_is_not_waited_for(target: Service) -> None:
    target.manage("migrate", "--noinput", check=True)
    with target.connection() as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN; SELECT * FROM sample_gadget")
        code, _, errors = finish(begin(target, "sample", "zero", MIGRATE_LOCK_TIMEOUT_MS="100"))
    assert code == 1
    assert errors.startswith("CommandError: Migration sample.0001_initial failed: canceling statement due to lock")
    assert "a long query held the table for more than 100 ms" in errors
    assert errors.count("\n") == 1
    assert target.execute("SELECT count(*) FROM sample_gadget") == [(0,)]
    assert finish(begin(target, "sample", "zero"))[0] == 0


def test_a_migration_that_fails_is_named_and_leaves_nothing(target: Service) -> None:
    target.execute("CREATE TABLE sample_gadget (id int)")
    code, _, errors = finish(begin(target))
    assert code == 1
    assert errors == 'CommandError: Migration sample.0001_initial failed: relation "sample_gadget" already exists\n'
    assert target.execute("SELECT count(*) FROM django_migrations WHERE app = 'sample'") == [(0,)]


def test_a_statement_may_take_longer_than_a_request(target: Service) -> None:
    target.execute(
        "CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); END';"
        "CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION slow()"
    )
    assert finish(begin(target, "sample", DB_STATEMENT_TIMEOUT_MS="200"))[0] == 0


def test_a_database_that_is_away_is_one_sentence(target: Service) -> None:
    code, _, errors = finish(begin(target, DATABASE_URL="postgres://a:s3cr3t@127.0.0.1:1/itemsvc"))
    assert code == 1
    assert errors.startswith("CommandError: Cannot migrate: ")
    assert errors.count("\n") == 1
    assert "s3cr3t" not in errors


@pytest.mark.parametrize("words", [("--plan",), ("--check",)])
def test_looking_takes_no_lock(target: Service, words: tuple[str, ...]) -> None:
    with target.connection() as holder, holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        code, output, _ = finish(begin(target, *words))
    assert code == (1 if words == ("--check",) else 0)
    assert "Waiting" not in output

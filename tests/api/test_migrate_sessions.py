"""`manage.py migrate` and its database session: what it says while it waits, when it is lost, what it leaves behind."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from itemsvc.db.management.commands.migrate import ADVISORY_LOCK
from tests.support.service import ROOT, Service, wait_until

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

OWNER, ROLE = "owner_of_sessions", "role_of_sessions"
#: Migrates, and says what the session is before and after; the connection is one that goes on being used.
SESSION = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
session = (
    "SELECT current_user::text, current_setting('lock_timeout'), current_setting('statement_timeout'),"
    " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
)
for step in (None, "migrate"):
    if step:
        call_command(step, "contenttypes", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(session)
        print(cursor.fetchone())
"""


@pytest.fixture
def target(new_database: Callable[[str], str], request: pytest.FixtureRequest) -> Iterator[Service]:
    """An empty database and the means to migrate it; nothing is served. Its own roles are gone afterwards."""
    name = f"sessions_{abs(hash(request.node.name)) % 10**8}"
    service = Service(new_database(name), PYTHONUNBUFFERED="")
    service.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    service.execute(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE ROLE {OWNER} LOGIN CREATEROLE")
    service.execute(
        f"ALTER SCHEMA public OWNER TO {OWNER}; CREATE ROLE {ROLE} LOGIN; GRANT {ROLE} TO {OWNER} WITH ADMIN OPTION"
    )
    yield service
    service.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}; DROP OWNED BY {OWNER} CASCADE; DROP ROLE {OWNER}")


def begin(service: Service, *command: str, **environment: str) -> subprocess.Popen[str]:
    """A process under way; what it writes is kept back as long as it does not flush it."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT, env=service.environment | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def others(service: Service, condition: str) -> list[tuple[object, ...]]:
    """Backend and beginning of each other session's latest statement where that condition holds."""
    return service.execute(
        "SELECT pid, query_start FROM pg_stat_activity"
        f" WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
    )


def test_it_says_at_once_that_it_waits_and_not_at_each_try(target: Service) -> None:
    tries = set()

    def has_tried_again() -> bool:
        tries.update(others(target, "query LIKE '%%advisory%%' AND application_name <> 'holder'"))
        return len(tries) > 3

    with target.connection() as holder, holder.cursor() as cursor:
        cursor.execute("SET application_name = 'holder'; SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        process = begin(target, "manage.py", "migrate", "contenttypes")
        said, _, _ = select.select([process.stdout], [], [], 30)
        wait_until(has_tried_again, "a third try")
        cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said
    assert output.count("Waiting for another migrate to finish.") == 1


def test_a_session_that_the_server_ends_is_one_sentence(target: Service) -> None:
    target.execute("CREATE TABLE django_migrations (id int, app text, name text, applied timestamptz)")
    with target.connection() as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE django_migrations")
        process = begin(target, "manage.py", "migrate", "contenttypes")
        ((backend, _),) = wait_until(lambda: others(target, "wait_event_type = 'Lock'"), "a session that waits")
        target.execute("SELECT pg_terminate_backend(%s)", backend)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("CommandError: Cannot migrate: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("user", [None, OWNER], ids=["as itself", "as the owner"])
def test_the_session_is_afterwards_what_it_was_before(target: Service, user: str | None) -> None:
    parts = urlsplit(target.database_url)
    urls = {
        "DATABASE_URL": parts._replace(netloc=f"{ROLE if user else parts.username}@").geturl(),
        "MIGRATE_DATABASE_URL": parts._replace(netloc=f"{user}@").geturl() if user else "",
    }
    process = begin(target, "-c", SESSION, DJANGO_SETTINGS_MODULE="itemsvc.settings", **urls)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    before, after = output.splitlines()
    assert after == before
    assert before.endswith(" 0)")

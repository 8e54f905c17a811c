"""`docker compose up --build` in a fresh clone."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
import requests

from tests.containers.engine import Container, Session, docker, run
from tests.support.service import free_port, wait_until

pytestmark = pytest.mark.docker

#: The tag that docker-compose.yml gives the image.
TAG = "itemsvc:local"

#: The project's Compose file, and one that adds the tests' own resources.
FILES = ("--file=docker-compose.yml", "--file=tests/containers/sample.compose.yml")


@dataclass
class Project:
    """The Compose file with its own project name and port."""

    command: tuple[str, ...]
    name: str
    port: int

    def __call__(self, *words: str, check: bool = True) -> None:
        """Runs a Compose command."""
        environment = os.environ | {"PORT": str(self.port)}
        run(*self.command, *FILES, "--project-name", self.name, *words, env=environment, seconds=600, check=check)

    def container(self, service: str) -> Container:
        """The container of a Compose service."""
        labels = {"project": self.name, "service": service}
        filters = [f"--filter=label=com.docker.compose.{key}={value}" for key, value in labels.items()]
        [name] = docker("ps", "--all", "--format={{.Names}}", *filters).split()
        return Container(name)

    def request(self, method: str, path: str, **kwargs: object) -> requests.Response:
        """Sends a request to the published port."""
        return requests.request(method, f"http://localhost:{self.port}{path}", timeout=30, **kwargs)  # type: ignore[arg-type]

    def up(self) -> None:
        """Builds and starts everything, and waits for the service."""
        self("up", "--build", "--detach")
        self.container("api").wait_for("health_status: healthy", 90)


def compose_command() -> tuple[str, ...]:
    """The Compose plug-in or the older program. Skips without either."""
    if run("docker", "compose", "version", check=False).returncode == 0:
        return ("docker", "compose")
    if shutil.which("docker-compose"):
        return ("docker-compose",)
    pytest.skip("Compose is missing: install docker-compose or Docker's compose plug-in")


@pytest.fixture(scope="module")
def project(engine: Session, image: str) -> Iterator[Project]:
    """The running project. Afterwards its volume is removed and the image tag is restored."""
    before = docker("image", "ls", "--quiet", "--no-trunc", TAG)
    project = Project(compose_command(), engine.name(), free_port())
    try:
        project.up()
        yield project
    finally:
        project("down", "--volumes", "--remove-orphans", check=False)
        if before:
            docker("image", "tag", before, TAG)
        else:
            docker("image", "rm", "--force", TAG, check=False)


def moment(text: str) -> datetime:
    """Parses the engine's time, with microseconds."""
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00")


def test_the_three_requests_and_a_restart(project: Project) -> None:
    health = project.request("GET", "/health")
    assert (health.status_code, health.text) == (200, '{"status":"healthy"}')

    made = project.request("POST", "/gadgets", json={"name": "local-test", "description": "docker compose"})
    assert made.status_code == 201
    assert list(made.json()) == ["id", "name", "description", "created_at"]
    assert project.request("GET", "/gadgets").json() == [made.json()]

    project("down")
    assert docker("ps", "--all", "--quiet", f"--filter=label=com.docker.compose.project={project.name}") == ""
    project.up()
    assert project.request("GET", "/gadgets").json() == [made.json()]


def test_the_service_starts_once_the_migrations_are_through(project: Project) -> None:
    migrate, api = (project.container(service).inspect()["State"] for service in ("migrate", "api"))
    assert (migrate["Status"], migrate["ExitCode"]) == ("exited", 0)
    assert moment(migrate["FinishedAt"]) <= moment(api["StartedAt"])


def test_the_service_is_not_the_schemas_owner(project: Project) -> None:
    api, query = project.container("api"), "import django; django.setup(); from django.db import connection as c"
    for statement in ("DROP TABLE sample_gadget", "TRUNCATE sample_gadget", "CREATE TABLE mine (id int)"):
        said = run(
            "docker", "exec", api.name, "python", "-c", f"{query}; c.cursor().execute({statement!r})", check=False
        )
        assert said.returncode == 1
        assert re.search("permission denied|must be owner", said.stderr)
    environment = api.inspect()["Config"]["Env"]
    assert not [entry for entry in environment if entry.startswith("MIGRATE_DATABASE_URL")]


def test_both_run_the_same_image_with_fargates_limits(project: Project) -> None:
    migrate, api = (project.container(service).inspect() for service in ("migrate", "api"))
    assert migrate["Image"] == api["Image"]
    host = api["HostConfig"]
    assert (host["NanoCpus"], host["Memory"]) == (250_000_000, 512 * 1024 * 1024)
    assert host["ReadonlyRootfs"]
    assert host["Init"]
    assert host["CapDrop"] == ["ALL"]


def test_the_database_is_reached_from_inside_only(project: Project) -> None:
    assert not any(project.container("db").inspect()["NetworkSettings"]["Ports"].values())


def test_an_outage_of_the_database_is_outlived(project: Project) -> None:
    api = project.container("api")
    project("kill", "db")
    away = project.request("GET", "/gadgets")
    assert away.status_code == 503
    assert "detail" in away.json()
    assert project.request("GET", "/health").status_code == 200
    project("start", "db")
    wait_until(lambda: project.request("GET", "/gadgets").status_code == 200, "the service has its database again", 30)
    assert api.inspect()["RestartCount"] == 0


def test_down_with_volumes_leaves_nothing(project: Project, engine: Session) -> None:
    project("down", "--volumes")
    mine = f"--filter=label=com.docker.compose.project={project.name}"
    for listing in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
        assert docker(*listing, "--quiet", mine) == ""

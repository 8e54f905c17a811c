"""Emulated accounts and projects to deploy into them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.account import Account, ServedProject
from tests.deploy.gateway import Gateway
from tests.deploy.local import LocalProject, Snapshot, use_account
from tests.deploy.project import ROOT
from tests.deploy.scripted_ecs import ScriptedEcs
from tests.rehearsal import prerequisites
from tests.rehearsal.emulators import ACCOUNT, Emulators
from tests.support.aws import free_port

HERE = Path(__file__).parent
NEEDS_MOTO = {"moto", "account"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Excludes the tests that need moto from the fast tests."""
    for item in items:
        if HERE in item.path.parents and NEEDS_MOTO.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.terraform)


@pytest.fixture(autouse=True)
def terraform_installed() -> None:
    """Skips without Terraform."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """moto in its own process: an emulated AWS API without containers."""
    port = free_port()
    command = [sys.executable, str(ROOT / "tests" / "terraform" / "moto_server.py"), "-H", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "MOTO_ACCOUNT_ID": ACCOUNT}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail("moto's server did not start: is the dependency group `terraform` installed?")


@pytest.fixture(scope="session")
def scripted(moto: str) -> Iterator[ScriptedEcs]:
    """A scripted ECS in front of moto."""
    gateway = Gateway(moto)
    yield ScriptedEcs(gateway)
    gateway.close()


@pytest.fixture
def ecs(scripted: ScriptedEcs, monkeypatch: pytest.MonkeyPatch) -> ScriptedEcs:
    """The scripted ECS, without a service. This process and its children use it instead of AWS."""
    use_account(monkeypatch, scripted.gateway)
    scripted.reset()
    return scripted


@pytest.fixture
def gateway(ecs: ScriptedEcs) -> Gateway:
    """The gateway between boto3 and the emulated account."""
    return ecs.gateway


@pytest.fixture
def project(ecs: ScriptedEcs, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> LocalProject:
    """A project that is not deployed yet."""
    return LocalProject(tmp_path, os.environ, {"name": tmp_path.name.replace("_", "-")[:40]}, capfd=capfd)


@pytest.fixture(scope="session")
def release(scripted: ScriptedEcs, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A snapshot of a project whose release v1 serves. It is deployed once and restored for each test."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_account(monkeypatch, scripted.gateway)
        project = LocalProject(tmp_path_factory.mktemp("release"), os.environ)
        project.create()
        project.up("v1").expect(0)
        return Snapshot(project, scripted)


@pytest.fixture
def deployed(release: Snapshot, ecs: ScriptedEcs, capfd: pytest.CaptureFixture[str]) -> LocalProject:
    """A project whose release v1 serves."""
    project = release.restore()
    project.capfd = capfd
    return project


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """A MiniStack account. Its tasks are real containers, its load balancer has real sockets."""
    problem = prerequisites.missing()
    if problem:
        pytest.skip(problem)
    emulators = Emulators()
    try:
        emulators.start()
        yield Account(emulators)
    finally:
        emulators.stop()


@pytest.fixture(scope="session")
def served(account: Account, tmp_path_factory: pytest.TempPathFactory) -> ServedProject:
    """A project with a serving release. Each test must leave some release serving."""
    directory = tmp_path_factory.mktemp("served")
    project = ServedProject(directory, account.environment, account.variables(), account=account)
    project.first = project.deploy("up")
    return project
